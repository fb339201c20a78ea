//! The proxy with real servers behind it, and clients that mean ill in front of it.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use swarm_domain::network::NetworkDecision as Decision;
use swarm_sandbox::egress::{
    Allowed, Bounds, Credential, Credentials, Egress, NoCredential, Proxy, Report, Terms, WithoutCredentials,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::ground::server::{House, Server, says, with};

const CANARY: &str = "canary-5f0c9d2e";

/// One credential for one host.
struct OnlyFor(&'static str);

#[async_trait]
impl Credentials for OnlyFor {
    fn cover(&self, host: &str, _port: u16) -> bool {
        host == self.0
    }

    async fn credentials(&self, _host: &str, _port: u16) -> Result<Vec<Credential>, NoCredential> {
        Ok(vec![Credential::bearer(CANARY).ok_or(NoCredential)?])
    }
}

/// The way out of a sandbox that is not there.
struct Way {
    proxy: Proxy,
    reports: UnboundedReceiver<Report>,
}

fn way(allow: &[&str], terms: Terms) -> Way {
    limited(allow, terms, u64::MAX)
}

fn limited(allow: &[&str], terms: Terms, bytes: u64) -> Way {
    with_credentials(allow, terms, bytes, Arc::new(WithoutCredentials))
}

fn with_credentials(allow: &[&str], terms: Terms, bytes: u64, credentials: Arc<dyn Credentials>) -> Way {
    let (to, reports) = unbounded_channel();
    let allowed = Allowed::of([], allow.iter().copied()).unwrap();
    let egress = Egress { allowed, terms: Arc::new(terms), credentials, reports: Some(to) };
    Way { proxy: Proxy::new(egress, bytes).unwrap(), reports }
}

/// To `api.test` alone, with a credential.
fn to_the_api(terms: Terms) -> Way {
    with_credentials(&["api.test"], terms, u64::MAX, Arc::new(OnlyFor("api.test")))
}

fn at(places: &[(&str, SocketAddr)]) -> Terms {
    let places: BTreeMap<_, _> = places.iter().map(|(host, at)| (host.parse().unwrap(), *at)).collect();
    Terms { places, ..Terms::default() }
}

impl Way {
    fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(64 << 10);
        let proxy = self.proxy.clone();
        tokio::spawn(async move { proxy.serve(far).await });
        near
    }

    /// Says this, and hears all that is answered.
    async fn ask(&self, words: &str) -> String {
        let mut stream = self.connect();
        let _ = stream.write_all(words.as_bytes()).await;
        rest(&mut stream).await
    }

    async fn get(&self, host: &str) -> String {
        self.ask(&format!("GET http://{host}/x?y HTTP/1.1\r\nHost: {host}\r\n\r\n")).await
    }

    /// A tunnel, or what was answered instead.
    async fn tunnel(&self, authority: &str) -> Result<DuplexStream, String> {
        let mut stream = self.connect();
        let ask = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        if head.starts_with("HTTP/1.1 200 ") { Ok(stream) } else { Err(head + &rest(&mut stream).await) }
    }

    async fn reported(&mut self) -> Report {
        self.reports.recv().await.unwrap()
    }
}

async fn rest<S: tokio::io::AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut answer = Vec::new();
    // A connection that is cut is an answer too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// TLS from inside the sandbox, which trusts these.
async fn tls(
    stream: DuplexStream,
    name: &'static str,
    trusted: &[CertificateDer<'static>],
) -> io::Result<TlsStream<DuplexStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(certificate.clone()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(name.try_into().unwrap(), stream).await
}

fn own_certificate(proxy: &Proxy) -> CertificateDer<'static> {
    use rustls::pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(proxy.certificate().as_bytes()).unwrap()
}

#[tokio::test]
async fn a_request_to_a_host_on_the_list_is_passed_on_and_told() {
    let server = Server::plain(says("hello")).await;
    let mut way = way(&["web.test"], at(&[("web.test", server.at)]));
    let answer = way
        .ask(
            "POST http://web.test/a/b?c=d HTTP/1.1\r\nHost: web.test\r\nContent-Length: 4\r\nX-Mine: 1\r\nConnection: \
             keep-alive, X-Hop\r\nX-Hop: 1\r\nProxy-Authorization: Basic x\r\nExpect: 100-continue\r\n\r\nbody",
        )
        .await;
    assert!(answer.contains("HTTP/1.1 200 OK\r\n") && answer.ends_with("hello"), "{answer}");
    let heard = server.heard();
    let heard = heard[0].to_lowercase();
    assert!(heard.starts_with("post /a/b?c=d http/1.1\r\n") && heard.ends_with("\r\n\r\nbody"), "{heard}");
    assert!(
        heard.contains("host: web.test\r\n")
            && heard.contains("x-mine: 1")
            && heard.contains("content-length: 4")
    );
    for hop in ["x-hop", "proxy-authorization", "expect", "keep-alive"] {
        assert!(!heard.contains(hop), "{heard}");
    }
    let report = way.reported().await;
    assert_eq!((report.host.as_str(), report.port, report.method.as_str()), ("web.test", 80, "POST"));
    assert_eq!((report.decision, report.status, report.credential), (Decision::Allowed, Some(200), false));
    assert!(report.bytes_up > 100 && report.bytes_down > 40, "{report:?}");
    assert_eq!(report.bytes_up + report.bytes_down, way.proxy.used());
}

#[tokio::test]
async fn a_body_in_chunks_is_passed_on_whole() {
    let server = Server::plain(says("ok")).await;
    let way = way(&["web.test"], at(&[("web.test", server.at)]));
    let head = "PUT http://web.test/ HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = way.ask(&format!("{head}3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")).await;
    assert!(answer.ends_with("ok"), "{answer}");
    let heard: String = server.heard()[0].split("\r\n\r\n").nth(1).unwrap().replace("\r\n", " ");
    assert_eq!(heard.split(' ').filter(|part| part.len() != 1).collect::<String>(), "abcde", "{heard}");
}

#[tokio::test]
async fn what_is_not_on_the_list_is_refused_with_what_the_operator_may_do() {
    let server = Server::plain(says("never")).await;
    let mut way = way(&["web.test"], at(&[("evil.test", server.at), ("web.test", server.at)]));
    for ask in [
        "GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        "CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n",
    ] {
        let answer = way.ask(ask).await;
        assert!(
            answer.starts_with("HTTP/1.1 403 ") && answer.contains("application/problem+json"),
            "{answer}"
        );
        assert!(answer.contains("\"network.refused\"") && answer.contains("`evil.test`"), "{answer}");
        let report = way.reported().await;
        assert_eq!((report.host.as_str(), report.decision), ("evil.test", Decision::Refused));
        assert!(report.why.unwrap().contains("not on the list"));
    }
    let answer = way.ask("CONNECT web.test:22 HTTP/1.1\r\nHost: web.test:22\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("`web.test:22`"), "{answer}");
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn names_that_lead_inside_are_refused_whatever_the_list_says() {
    let server = Server::plain(says("never")).await;
    let port = server.at.port();
    let metadata = "169.254.169.254:80".parse().unwrap();
    let mut way = way(&["metadata.test", &format!("localhost:{port}")], at(&[("metadata.test", metadata)]));
    for host in ["metadata.test".to_owned(), format!("localhost:{port}")] {
        let answer = way.get(&host).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("leads to"), "{answer}");
        assert_eq!(way.reported().await.decision, Decision::Refused);
    }
    for address in ["127.0.0.1", "[::1]", "169.254.169.254", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let answer = way.get(&format!("{address}:{port}")).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("is an address"), "{answer}");
    }
    assert_eq!(server.heard(), Vec::<String>::new());
    let private = Allowed::of([], [format!("localhost:{port}").as_str()]).unwrap();
    let way = self::way(&[&format!("localhost:{port}")], Terms { private, ..Terms::default() });
    assert!(way.get(&format!("localhost:{port}")).await.ends_with("never"), "the operator's word counts");
}

#[tokio::test]
async fn a_doubtful_request_and_a_second_one_behind_the_first_are_not_passed_on() {
    let server = Server::plain(says("one")).await;
    let mut way = way(&["web.test"], at(&[("web.test", server.at)]));
    let doubtful = "POST http://web.test/ HTTP/1.1\r\nHost: web.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                    0\r\n\r\nGET http://web.test/smuggled HTTP/1.1\r\nHost: web.test\r\n\r\n";
    let answer = way.ask(doubtful).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("network.malformed"), "{answer}");
    assert_eq!((way.reported().await.decision, server.heard().len()), (Decision::Refused, 0));

    let one = "GET http://web.test/first HTTP/1.1\r\nHost: web.test\r\n\r\n";
    let answer = way.ask(&format!("{one}{}", one.replace("first", "second"))).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 1, "{answer}");
    assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_redirect_is_passed_back_and_not_followed() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n";
    let server = Server::plain(Arc::new(move |_| redirect.into())).await;
    let way = way(&["web.test"], at(&[("web.test", server.at)]));
    let answer = way.get("web.test").await;
    assert!(answer.starts_with("HTTP/1.1 302 ") && answer.contains("169.254.169.254"), "{answer}");
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_tunnel_carries_tls_for_the_host_that_was_allowed() {
    let house = House::new();
    let server = Server::tls(&house, "web.test", says("sealed")).await;
    let mut way = way(&["web.test"], at(&[("web.test", server.at)]));
    let tunnel = way.tunnel("web.test:443").await.unwrap();
    let mut stream = tls(tunnel, "web.test", std::slice::from_ref(&house.certificate)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: web.test\r\n\r\n").await.unwrap();
    let mut answer = vec![0; 1_000];
    let read = stream.read(&mut answer).await.unwrap();
    assert!(String::from_utf8_lossy(&answer[..read]).ends_with("sealed"));
    drop(stream);
    let report = way.reported().await;
    assert_eq!(
        (report.method.as_str(), report.decision, report.status),
        ("CONNECT", Decision::Allowed, None)
    );
}

#[tokio::test]
async fn a_tunnel_for_another_name_or_for_no_tls_is_closed_before_a_byte_has_passed() {
    let house = House::new();
    let server = Server::plain(says("never")).await;
    let mut way = way(&["web.test"], at(&[("web.test", server.at)]));
    let tunnel = way.tunnel("web.test:443").await.unwrap();
    let error = tls(tunnel, "evil.test", std::slice::from_ref(&house.certificate)).await.unwrap_err();
    assert!(error.to_string().contains("UnrecognisedName"), "{error}");
    let report = way.reported().await;
    assert_eq!(report.decision, Decision::Refused);
    assert!(report.why.unwrap().contains("evil.test"));
    for beginning in [
        "GET / HTTP/1.1\r\nHost: web.test\r\n\r\n",
        "SSH-2.0-OpenSSH_9\r\n",
        "\u{16}\u{3}\u{1}garbage and more of it",
    ] {
        let mut tunnel = way.tunnel("web.test:443").await.unwrap();
        tunnel.write_all(beginning.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tunnel.read_to_end(&mut answer).await;
        assert_eq!(answer.first(), Some(&21), "an alert");
        assert_eq!(way.reported().await.decision, Decision::Refused);
    }
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn a_credential_is_added_outside_and_takes_the_place_of_what_the_client_sends() {
    let house = House::new();
    let server = Server::tls(&house, "api.test", says("secret things")).await;
    let terms = Terms { authorities: vec![house.certificate.clone()], ..at(&[("api.test", server.at)]) };
    let mut way = to_the_api(terms);
    let tunnel = way.tunnel("api.test:443").await.unwrap();
    let mut stream = tls(tunnel, "api.test", &[own_certificate(&way.proxy)]).await.unwrap();
    let ask = "GET /v1?k HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer mine\r\n\r\n";
    stream.write_all(ask.as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.ends_with("secret things") && !answer.contains(CANARY), "{answer}");
    let heard = server.heard();
    assert!(heard[0].starts_with("GET /v1?k HTTP/1.1\r\n"), "{heard:?}");
    assert!(
        heard[0].contains(&format!("authorization: Bearer {CANARY}")) && !heard[0].contains("mine"),
        "{heard:?}"
    );
    let report = way.reported().await;
    assert_eq!((report.method.as_str(), report.status, report.credential), ("GET", Some(200), true));
    assert!(!serde_json::to_string(&report).unwrap().contains(CANARY));

    // The house's certificate is not what is shown: the sandbox must trust its own authority for this.
    let tunnel = way.tunnel("api.test:443").await.unwrap();
    assert!(tls(tunnel, "api.test", std::slice::from_ref(&house.certificate)).await.is_err());
    let answer = way.get("api.test").await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("https://"), "{answer}");
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn inside_a_connection_with_a_credential_no_other_host_and_no_echo_is_asked() {
    let house = House::new();
    let server = Server::tls(&house, "api.test", says("never")).await;
    let terms = Terms { authorities: vec![house.certificate.clone()], ..at(&[("api.test", server.at)]) };
    let way = to_the_api(terms);
    for ask in [
        "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        "GET https://evil.test/ HTTP/1.1\r\nHost: api.test\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: api.test\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let tunnel = way.tunnel("api.test:443").await.unwrap();
        let mut stream = tls(tunnel, "api.test", &[own_certificate(&way.proxy)]).await.unwrap();
        stream.write_all(ask.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 40") && answer.contains("problem+json"), "{ask} {answer}");
    }
    assert_eq!(server.heard(), Vec::<String>::new());
}

#[tokio::test]
async fn a_credential_is_not_sent_to_a_server_that_cannot_prove_its_name() {
    let (house, another) = (House::new(), House::new());
    let server = Server::tls(&another, "api.test", says("never")).await;
    let terms = Terms { authorities: vec![house.certificate.clone()], ..at(&[("api.test", server.at)]) };
    let mut way = to_the_api(terms);
    let tunnel = way.tunnel("api.test:443").await.unwrap();
    let mut stream = tls(tunnel, "api.test", &[own_certificate(&way.proxy)]).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: api.test\r\n\r\n").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("network.unreachable"), "{answer}");
    assert_eq!((way.reported().await.decision, server.heard().len()), (Decision::Failed, 0));
}

#[tokio::test]
async fn bytes_stop_at_the_limit_and_then_nothing_goes_out_any_more() {
    let server = Server::plain(Arc::new(|_| with(&vec![b'x'; 1 << 20]))).await;
    let mut way = limited(&["web.test"], at(&[("web.test", server.at)]), 100_000);
    let answer = way.get("web.test").await;
    assert!((90_000..200_000).contains(&answer.len()), "{}", answer.len());
    assert!(way.proxy.is_spent());
    assert!(way.reported().await.bytes_down >= 90_000);
    let answer = way.get("web.test").await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("network.limit"), "{answer}");
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn clients_that_mean_ill_are_cut_off() {
    let server = Server::plain(says("ok")).await;
    let bounds = Bounds {
        head_bytes: 4_000,
        body_bytes: 100,
        head_within: Duration::from_millis(300),
        idle: Duration::from_millis(700),
        at_once: 2,
        ..Bounds::default()
    };
    let mut way = way(&["web.test"], Terms { bounds, ..at(&[("web.test", server.at)]) });
    // Two that dribble take every place; the third waits for its turn and gets it.
    let began = Instant::now();
    let mut slow = [way.connect(), way.connect()];
    for stream in &mut slow {
        stream.write_all(b"GET http://web.test/ HTTP/1.1\r\nX: ").await.unwrap();
    }
    tokio::task::yield_now().await;
    assert!(way.get("web.test").await.ends_with("ok"));
    assert!(began.elapsed() >= bounds.head_within);
    for stream in &mut slow {
        assert!(rest(stream).await.starts_with("HTTP/1.1 408 "));
    }
    let answer = way
        .ask(&format!("GET http://web.test/ HTTP/1.1\r\nHost: web.test\r\nX: {}", "a".repeat(9_000)))
        .await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let lines = "X: y\r\n".repeat(200);
    let answer = way.ask(&format!("GET http://web.test/ HTTP/1.1\r\nHost: web.test\r\n{lines}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let head = "PUT http://web.test/ HTTP/1.1\r\nHost: web.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = way.ask(&format!("{head}ff\r\n{}\r\n0\r\n\r\n", "b".repeat(255))).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let answer = way.ask(&format!("{head}zz\r\nabc\r\n0\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    // A tunnel in which nothing passes is closed.
    let mut idle = way.tunnel("web.test:443").await.unwrap();
    assert!(!rest(&mut idle).await.contains("ok"));
    way.reports.close();
    let mut told = Vec::new();
    while let Some(report) = way.reports.recv().await {
        told.push(report);
    }
    assert!(told.iter().filter(|report| report.decision != Decision::Allowed).count() >= 6, "{told:?}");
}

#[tokio::test]
async fn requests_are_counted_and_end_at_their_bound() {
    let server = Server::plain(says("ok")).await;
    let bounds = Bounds { requests: 3, ..Bounds::default() };
    let way = way(&["web.test"], Terms { bounds, ..at(&[("web.test", server.at)]) });
    for _ in 0..3 {
        assert!(way.get("web.test").await.ends_with("ok"));
    }
    let answer = way.get("web.test").await;
    assert!(answer.starts_with("HTTP/1.1 429 ") && answer.contains("network.limit"), "{answer}");
    assert_eq!(server.heard().len(), 3);
}

#[tokio::test]
async fn a_server_that_answers_nonsense_or_nothing_is_a_failure_that_is_told() {
    for nonsense in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "garbage\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut way = way(&["web.test"], at(&[("web.test", listener.local_addr().unwrap())]));
        let serving = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1_000]).await;
            let _ = stream.write_all(nonsense.as_bytes()).await;
        };
        let (answer, ()) = tokio::join!(way.get("web.test"), serving);
        assert!(
            answer.starts_with("HTTP/1.1 502 ") && answer.contains("network.unreachable"),
            "{nonsense} {answer}"
        );
        assert_eq!(way.reported().await.decision, Decision::Failed);
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let way = way(&["web.test"], at(&[("web.test", listener.local_addr().unwrap())]));
    drop(listener);
    assert!(way.get("web.test").await.starts_with("HTTP/1.1 502 "));
}
