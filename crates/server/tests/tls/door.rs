//! What goes over the public door and what does not.

use reqwest::{Method, StatusCode};
use serde_json::json;
use swarm_server::{Seal, Server, ServerError};
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{NAME, ask, authority::Authority, connect, files, get, public, sealed};
use crate::world::{self, World, team::ADA, team::PASSWORD, team::read, team::text};

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_people_and_keys_come_in_and_the_operators_token_does_not() {
    let authority = Authority::new();
    let world = sealed(&authority, |_| {}).await;
    let place = world.server.public().unwrap();
    let mut stream = connect(&authority, place, NAME).await.unwrap();
    let health = ask(&mut stream, &get("/health", "")).await;
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    assert!(health.contains("strict-transport-security: max-age=31536000\r\n"), "{health}");

    let made = read(world.key(None, &["work:read"]).await).await;
    let by = |token: &str| get("/api/runs", &format!("authorization: Bearer {token}\r\n"));
    let by_key = ask(&mut stream, &by(text(&made, "text"))).await;
    assert!(by_key.starts_with("HTTP/1.1 200"), "{by_key}");
    let token = world.server.token().reveal();
    let by_operator = ask(&mut stream, &by(token)).await;
    assert!(by_operator.starts_with("HTTP/1.1 401"), "{by_operator}");
    assert_eq!(world.get("/api/runs").send().await.unwrap().status(), StatusCode::OK);

    let other = "GET /health HTTP/1.1\r\nhost: evil.example\r\n\r\n";
    let refused = ask(&mut stream, other).await;
    assert!(refused.starts_with("HTTP/1.1 421") && refused.contains("request.host"), "{refused}");
    // Whoever wants another name sees that the certificate is not for it.
    assert!(connect(&authority, place, "evil.example").await.is_err());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_that_come_over_tls_never_go_back_without_it() {
    let authority = Authority::new();
    let world = sealed(&authority, |_| {}).await;
    world.owner().await;
    let mut stream = connect(&authority, world.server.public().unwrap(), NAME).await.unwrap();
    let body = json!({ "email": ADA, "password": PASSWORD, "cookies": true }).to_string();
    let head = |origin: &str| {
        format!(
            "POST /api/auth/login HTTP/1.1\r\nhost: {NAME}\r\norigin: {origin}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let answer = ask(&mut stream, &head(&format!("https://{NAME}"))).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let cookies: Vec<_> = answer.lines().filter(|line| line.starts_with("set-cookie:")).collect();
    assert_eq!(cookies.len(), 2);
    assert!(
        cookies.iter().all(|cookie| cookie.contains("; HttpOnly; SameSite=Strict; Secure")),
        "{cookies:?}"
    );
    // The same page without TLS is another page.
    let plain = ask(&mut stream, &head(&format!("http://{NAME}"))).await;
    assert!(plain.contains("auth.cross_site"), "{plain}");
    let login = json!({ "email": ADA, "password": PASSWORD, "cookies": true });
    let local = world.nobody(Method::POST, "/api/auth/login").header("sec-fetch-site", "same-origin");
    let local = local.json(&login).send().await.unwrap();
    let cookies: Vec<_> =
        local.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(cookies.iter().all(|cookie| !cookie.contains("Secure")), "{cookies:?}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_shown_without_a_start_and_open_connections_go_on() {
    let authority = Authority::new();
    let world = sealed(&authority, |_| {}).await;
    let place = world.server.public().unwrap();
    let shown = async || {
        let stream = connect(&authority, place, NAME).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let mut open = connect(&authority, place, NAME).await.unwrap();
    assert!(ask(&mut open, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
    let before = shown().await;
    // Halfway through a change the last one goes on.
    let files = authority.files(NAME);
    let key = std::fs::read(&files.key).unwrap();
    std::fs::write(&files.key, "half of a key").unwrap();
    assert!(ask(&mut open, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
    assert_eq!(shown().await, before);
    std::fs::write(&files.key, key).unwrap();
    while shown().await == before {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(ask(&mut open, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_only_a_trusted_proxy_is_spoken_to() {
    let proxied = async |trusted: &str| {
        World::with(|config| {
            config.urls = vec![format!("https://{NAME}").parse().unwrap()];
            config.trusted_proxies = vec![trusted.parse().unwrap()];
            config.public = Some(public(Seal::Proxy));
        })
        .await
    };
    let world = proxied("127.0.0.1").await;
    let mut stream = TcpStream::connect(world.server.public().unwrap()).await.unwrap();
    let answer = ask(&mut stream, &get("/health", "x-forwarded-for: 203.0.113.7\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security"), "the page that it is for is sealed: {answer}");
    let token = world.server.token().reveal();
    for more in ["", "x-forwarded-for: 127.0.0.1\r\n"] {
        let asked = get("/api/runs", &format!("{more}authorization: Bearer {token}\r\n"));
        assert!(ask(&mut stream, &asked).await.starts_with("HTTP/1.1 401"), "{more}");
    }
    world.end().await;

    let world = proxied("10.0.0.0/8").await;
    let mut stream = TcpStream::connect(world.server.public().unwrap()).await.unwrap();
    assert_eq!(ask(&mut stream, &get("/health", "")).await, "");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_before_the_loopback_door_does_not_make_its_callers_the_operator() {
    let world = World::with(|config| config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let by_proxy = world.get("/api/runs").header("x-forwarded-for", "203.0.113.7").send().await.unwrap();
    world::problem(by_proxy, StatusCode::UNAUTHORIZED).await;
    assert_eq!(world.get("/api/runs").send().await.unwrap().status(), StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_led_to_the_name_of_the_server_and_to_no_other() {
    let authority = Authority::new();
    let world = sealed(&authority, |config| {
        config.public.as_mut().unwrap().redirect_from = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    let mut stream = TcpStream::connect(world.server.redirect().unwrap()).await.unwrap();
    let led = ask(&mut stream, "GET /runs?x=1 HTTP/1.1\r\nhost: evil.example\r\n\r\n").await;
    assert!(led.starts_with("HTTP/1.1 308"), "{led}");
    assert!(led.contains(&format!("location: https://{NAME}/runs?x=1\r\n")), "{led}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_could_not_be_kept_shut_is_not_opened() {
    let world = World::new().await;
    let (authority, another) = (Authority::new(), Authority::new());
    let (ours, theirs) = (authority.files(NAME), another.files(NAME));
    let nothing = std::path::Path::new("/nowhere/x.pem");
    for (seal, code) in [
        (Seal::Files(files(nothing, &ours.key)), "server.certificate"),
        (Seal::Files(files(&ours.certificate, nothing)), "server.certificate"),
        (Seal::Files(files(&ours.key, &ours.certificate)), "server.certificate"),
        (Seal::Files(files(&ours.certificate, &theirs.key)), "server.certificate"),
        (Seal::Proxy, "server.unsealed"),
    ] {
        let mut config = world::config(&world.database);
        config.data_dir = world.database.data_dir().join("second");
        config.public = Some(public(seal));
        let refused = Server::start(config, world.flows.clone()).await.unwrap_err();
        assert!(!matches!(refused, ServerError::Taken { .. }));
        assert_eq!(refused.problem().code, code);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_speaks_no_tls_learns_nothing() {
    let authority = Authority::new();
    let world = sealed(&authority, |_| {}).await;
    let mut stream = TcpStream::connect(world.server.public().unwrap()).await.unwrap();
    let answer = {
        use tokio::io::AsyncWriteExt;
        stream.write_all(get("/health", "").as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    // An alert of TLS at the most.
    assert!(answer.len() <= 7 && !answer.starts_with(b"HTTP"), "{answer:?}");
    world.end().await;
}
