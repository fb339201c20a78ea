//! What is refused about a head, and what is not.

use proptest::prelude::*;

use super::*;

fn ask(head: &str) -> Result<Target, Refusal> {
    Head::parse(head.as_bytes(), &Bounds::default())?.target()
}

fn malformed(head: &str) -> bool {
    matches!(ask(head), Err(Refusal::Malformed(_)))
}

#[test]
fn a_request_names_its_host_by_connect_or_in_whole() {
    let asks = |head: &str, wanted: &str| assert_eq!(ask(head).unwrap().to_string(), wanted, "{head}");
    asks("CONNECT pypi.org:443 HTTP/1.1\r\nHost: pypi.org:443\r\n\r\n", "pypi.org:443");
    asks("CONNECT PyPI.org.:443 HTTP/1.1\r\nHost: pypi.org\r\n\r\n", "pypi.org:443");
    asks("CONNECT pypi.org:443 HTTP/1.0\r\n\r\n", "pypi.org:443");
    asks("GET http://deb.debian.org/debian HTTP/1.1\r\nHost: deb.debian.org\r\n\r\n", "deb.debian.org:80");
    asks(
        "GET HTTP://deb.debian.org:8080?x HTTP/1.1\r\nHost: deb.debian.org:8080\r\n\r\n",
        "deb.debian.org:8080",
    );
}

#[test]
fn addresses_are_refused_in_every_place() {
    for authority in ["127.0.0.1:80", "[::1]:80", "2130706433:80", "0x7f.1:80", "169.254.169.254:80"] {
        let connect = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        assert!(matches!(ask(&connect), Err(Refusal::Address(_))), "{connect}");
        let get = format!("GET http://{authority}/ HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        assert!(matches!(ask(&get), Err(Refusal::Address(_))), "{get}");
    }
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    let with = |lines: &str| format!("POST http://a.org/ HTTP/1.1\r\nHost: a.org\r\n{lines}\r\n");
    assert!(
        ask(&with("Content-Length: 3\r\n")).is_ok() && ask(&with("Transfer-Encoding: chunked\r\n")).is_ok()
    );
    for lines in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: 3, 3\r\n",
        "Content-Length: +3\r\n",
        "Content-Length: 0x3\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: \x0bchunked\r\n",
        "Transfer_Encoding: chunked\r\n",
        "Content_Length: 3\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: a\r\n Transfer-Encoding: chunked\r\n",
        "X: a\nTransfer-Encoding: chunked\r\n",
        "X: a\rTransfer-Encoding: chunked\r\n",
        "X: a\0b\r\n",
        "Host: b.org\r\n",
        "no colon\r\n",
    ] {
        assert!(malformed(&with(lines)), "{lines:?}");
    }
    for head in [
        "GET http://a.org/ HTTP/1.1\r\nHost: b.org\r\n\r\n",
        "GET http://a.org/ HTTP/1.1\r\nHost: a.org:81\r\n\r\n",
        "GET http://a.org/ HTTP/1.1\r\n\r\n",
        "GET http://user:secret@a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "GET http://a.org\\@b.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "GET https://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "GET ftp://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "GET http://a.org/ HTTP/1.1 \r\nHost: a.org\r\n\r\n",
        "GET http://a.org/ HTTP/2.0\r\nHost: a.org\r\n\r\n",
        "GET http://a.org/\r\n\r\n",
        "\r\nGET http://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "\nGET http://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "POST http://a.org/ HTTP/1.0\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n",
        "CONNECT a.org HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "CONNECT http://a.org:443 HTTP/1.1\r\nHost: a.org\r\n\r\n",
        "CONNECT a.org:443 HTTP/1.1\r\nHost: b.org:443\r\n\r\n",
        "CONNECT a.org:443 HTTP/1.1\r\nHost: a.org:443\r\nContent-Length: 3\r\n\r\n",
        "CONNECT a.org:443 HTTP/1.1\r\nHost: a.org:443\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\r\n\r\n",
    ] {
        assert!(malformed(head), "{head:?}");
    }
}

#[test]
fn a_method_that_echoes_the_request_is_refused() {
    for method in ["TRACE", "trace", "TRACK"] {
        let head = format!("{method} http://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n");
        assert!(matches!(ask(&head), Err(Refusal::Method(_))));
    }
}

#[test]
fn inside_a_connection_for_one_host_no_other_is_asked() {
    let target = Target::parse("api.example.org:443", None).unwrap();
    let ask = |head: &str| Head::parse(head.as_bytes(), &Bounds::default()).unwrap().is_for(&target);
    ask("GET /v1 HTTP/1.1\r\nHost: api.example.org\r\n\r\n").unwrap();
    ask("GET /v1 HTTP/1.1\r\nHost: API.example.org:443\r\n\r\n").unwrap();
    for head in [
        "GET /v1 HTTP/1.1\r\nHost: other.example.org\r\n\r\n",
        "GET /v1 HTTP/1.1\r\nHost: api.example.org:8443\r\n\r\n",
        "GET /v1 HTTP/1.0\r\n\r\n",
        "GET http://other.example.org/ HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
        "GET https://api.example.org/ HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
        "CONNECT api.example.org:443 HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
    ] {
        assert!(ask(head).is_err(), "{head}");
    }
}

#[test]
fn bounds_are_held() {
    let bounds = Bounds { headers: 3, body_bytes: 10, ..Bounds::default() };
    let ask = |lines: &str| {
        let head = format!("POST http://a.org/ HTTP/1.1\r\nHost: a.org\r\n{lines}\r\n");
        Head::parse(head.as_bytes(), &bounds).map(drop)
    };
    ask("A: b\r\nContent-Length: 10\r\n").unwrap();
    assert!(matches!(ask("A: b\r\nB: c\r\nC: d\r\n"), Err(Refusal::TooLarge(_))));
    assert!(matches!(ask("Content-Length: 11\r\n"), Err(Refusal::TooLarge(_))));
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off_and_one_that_never_comes_is_not_waited_for() {
    let bounds =
        Bounds { head_bytes: 1_000, head_within: std::time::Duration::from_millis(50), ..Bounds::default() };
    let endless = vec![b'a'; 2_000];
    assert!(matches!(read(&mut endless.as_slice(), &bounds).await, Err(Refusal::TooLarge(_))));
    assert!(matches!(read(&mut b"GET http://a".as_slice(), &bounds).await, Err(Refusal::Malformed(_))));
    assert!(read(&mut b"".as_slice(), &bounds).await.unwrap().is_none());
    let (_far, mut near) = tokio::io::duplex(64);
    assert!(matches!(read(&mut near, &bounds).await, Err(Refusal::TooSlow(_))));
    let whole = b"GET / HTTP/1.1\r\n\r\nand what follows".as_slice();
    assert_eq!(read(&mut &*whole, &bounds).await.unwrap().unwrap(), whole);
}

#[test]
fn headers_of_one_connection_are_not_passed_on() {
    let mut headers = HeaderMap::new();
    let lines = [
        ("connection", "close, X-Mine, content-length"),
        ("x-mine", "1"),
        ("te", "trailers"),
        ("proxy-authorization", "Basic x"),
        ("upgrade", "websocket"),
        ("accept", "*/*"),
        ("content-length", "3"),
    ];
    for (name, value) in lines {
        headers.append(name, value.parse().unwrap());
    }
    strip(&mut headers);
    let left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    assert_eq!(left, ["accept", "content-length"]);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_what_it_takes_is_one_request(raw in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut whole = b"POST http://a.org/ HTTP/1.1\r\nHost: a.org\r\n".to_vec();
        whole.extend(&raw);
        whole.extend(b"\r\n\r\n");
        for bytes in [&raw, &whole] {
            if let Ok(head) = Head::parse(bytes, &Bounds::default()) {
                prop_assert_eq!(bytes.windows(4).position(|four| four == b"\r\n\r\n"), Some(head.length - 4));
            }
        }
    }
}
