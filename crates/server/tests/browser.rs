//! What browsers are told, which pages may ask, and how slowly anybody may send.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::world::{World, problem};

fn field<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_the_browser_what_it_must_not_do() {
    let world = World::new().await;
    for path in ["/api/runs", "/api/runs/nothing", "/health", "/nothing", "/api/openapi.json", "/metrics"] {
        let answer = world.get(path).send().await.unwrap();
        assert_eq!(
            field(&answer, "content-security-policy"),
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            "{path}"
        );
    }
    let strangers = world.http.get(format!("{}/api/runs", world.server.url())).send().await.unwrap();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(field(&strangers, name), value);
    }
    assert!(field(&strangers, "permissions-policy").contains("camera=()"));
    // What is not sealed must not be told to be sealed from now on.
    assert_eq!(field(&strangers, "strict-transport-security"), "");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_the_document_holds_nothing_inline_and_loads_nothing_from_elsewhere() {
    let world = World::new().await;
    let page = world.get("/api/docs/").send().await.unwrap();
    let policy = field(&page, "content-security-policy").to_owned();
    assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let html = page.text().await.unwrap();
    for inline in ["<style", "onload=", "onclick=", "javascript:", "style="] {
        assert!(!html.contains(inline), "{inline} in {html}");
    }
    let scripts: Vec<_> = html.match_indices("<script").map(|(at, _)| &html[at..]).collect();
    assert!(scripts.len() >= 2);
    for script in scripts {
        let tag = &script[..script.find('>').unwrap()];
        assert!(tag.contains("src=\"./"), "{tag}");
        let body = &script[tag.len() + 1..script.find("</script").unwrap()];
        assert!(body.trim().is_empty(), "{body}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_others_read_nothing_unless_where_they_are_from_is_named() {
    const BOARD: &str = "https://board.example.org";
    let preflight = async |world: &World, origin: &str| {
        let request = world.http.request(Method::OPTIONS, format!("{}/api/runs", world.server.url()));
        request.header("origin", origin).header("access-control-request-method", "POST").send().await.unwrap()
    };
    let world = World::new().await;
    let answer = preflight(&world, BOARD).await;
    assert!(!answer.status().is_success());
    assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
    world.end().await;

    let world = World::with(|config| config.cors_origins = vec![BOARD.parse().unwrap()]).await;
    let answer = preflight(&world, BOARD).await;
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
    assert_eq!(field(&answer, "access-control-allow-origin"), BOARD);
    assert!(field(&answer, "access-control-allow-headers").contains("authorization"));
    assert!(field(&answer, "access-control-allow-methods").contains("DELETE"));
    let read = world.get("/api/runs").header("origin", BOARD).send().await.unwrap();
    assert_eq!((read.status(), field(&read, "access-control-allow-origin")), (StatusCode::OK, BOARD));
    assert_eq!(field(&read, "vary"), "origin");
    // It reads why it was refused, too.
    let refused = world.http.get(format!("{}/api/runs", world.server.url())).header("origin", BOARD);
    let refused = refused.send().await.unwrap();
    assert_eq!(field(&refused, "access-control-allow-origin"), BOARD);
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    for stranger in [
        "https://evil.example",
        "http://board.example.org",
        "https://board.example.org.evil.example",
        "null",
        "*",
    ] {
        let answer = preflight(&world, stranger).await;
        assert!(!answer.status().is_success());
        for answer in [answer, world.get("/api/runs").header("origin", stranger).send().await.unwrap()] {
            assert_eq!(field(&answer, "access-control-allow-origin"), "", "{stranger}");
            assert_eq!(field(&answer, "vary"), "origin", "what is kept for one must not be given to another");
        }
    }
    // Never with our cookies.
    assert_eq!(field(&read, "access-control-allow-credentials"), "");
    let by_cookie = world
        .http
        .post(format!("{}/api/projects", world.server.url()))
        .header("origin", BOARD)
        .header("cookie", "swarm_access=x")
        .json(&json!({}));
    assert_eq!(
        problem(by_cookie.send().await.unwrap(), StatusCode::FORBIDDEN).await["code"],
        "auth.cross_site"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_given_up_and_its_sender_told() {
    let world = World::with(|config| config.body_timeout = Duration::from_millis(50)).await;
    let place = world.server.url().trim_start_matches("http://").to_owned();
    let token = world.server.token().reveal();
    // Also on a route that may take as long as it likes.
    for path in ["/api/projects", "/api/vms/x/exec"] {
        let mut stream = TcpStream::connect(&place).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {place}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: 1000\r\nconnection: close\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(answer.contains("\"request.slow_body\""), "{path}: {answer}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_body_is_what_was_set() {
    let world = World::with(|config| config.max_body_bytes = 1000).await;
    let send = async |bytes: usize| {
        let text = "x".repeat(bytes);
        world.post("/api/projects").json(&json!({ "project": text, "repo": "r" })).send().await.unwrap()
    };
    problem(send(900).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(problem(send(1001).await, StatusCode::PAYLOAD_TOO_LARGE).await["code"], "request.too_large");
    world.end().await;
}

/// The status line of the next answer, which is read whole.
async fn next_answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if length.is_none_or(|length| body.len() == length.parse::<usize>().unwrap()) {
                return head.lines().next().unwrap_or_default().to_owned();
            }
        }
        let mut more = [0; 4096];
        let came = stream.read(&mut more).await.unwrap();
        assert_ne!(came, 0, "{text}");
        answer.extend_from_slice(&more[..came]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_before_the_body_has_come_hears_why_and_may_ask_again() {
    let world = World::with(|config| config.max_body_bytes = 1000).await;
    let place = world.server.url().trim_start_matches("http://").to_owned();
    let token = world.server.token().reveal();
    let mebibyte = 1 << 20;
    for (path, token, status) in [
        ("/api/projects", token, "http/1.1 413"),
        ("/api/projects", "nobody's", "http/1.1 401"),
        ("/api/nothing", token, "http/1.1 404"),
    ] {
        let mut stream = TcpStream::connect(&place).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {place}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            4 * mebibyte
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; mebibyte]).await.unwrap();
        // The server has answered by now, and the client, who reads only when all is sent, does not know.
        stream.readable().await.unwrap();
        for _ in 0..3 {
            stream.write_all(&vec![b' '; mebibyte]).await.unwrap();
        }
        let answer = next_answer(&mut stream).await;
        assert!(answer.starts_with(status), "{path}: {answer}");
        stream.write_all(format!("GET /livez HTTP/1.1\r\nhost: {place}\r\n\r\n").as_bytes()).await.unwrap();
        assert!(next_answer(&mut stream).await.starts_with("http/1.1 200"), "{path}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_without_end_is_hung_up_on() {
    let world = World::with(|config| config.max_body_bytes = 1000).await;
    let place = world.server.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&place).await.unwrap();
    let head = format!("POST /api/projects HTTP/1.1\r\nhost: {place}\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let mut sent = 0;
    while stream.write_all(piece.as_bytes()).await.is_ok() {
        sent += 0x10000;
        assert!(sent < 64 << 20, "{sent} bytes were taken of somebody who is nobody");
    }
    world.end().await;
}
