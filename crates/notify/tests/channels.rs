//! Each channel against a real server: a mail server with STARTTLS and passwords, and HTTP servers that fail in all ways.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what cannot go on must stop the test")]

use std::time::Duration;

use serde_json::Value;
use swarm_domain::{identity::EmailAddress, secret::Secret};
use swarm_notify::{
    Action, ChannelConfig, Message, SendError, WebhookSignature,
    testing::{Answer, MailServer, Receiver},
};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

fn channel(settings: Value) -> ChannelConfig {
    let channel: ChannelConfig = serde_json::from_value(settings).unwrap();
    assert_eq!(channel.faults(), [""; 0]);
    channel
}

fn message() -> Message {
    Message {
        id: "ntf_01".to_owned(),
        kind: "approval.asked".to_owned(),
        title: "A change waits: shop T-1\r\nBcc: eve@example.org".to_owned(),
        text: vec!["The rule `schema` asks.\nÜber <b>alles</b>.".to_owned()],
        facts: vec![("Risk".to_owned(), "high".to_owned())],
        actions: vec![Action { label: "Answer".to_owned(), url: "https://swarm.test/a?token=x".to_owned() }],
        command: Some("swarm approvals int_1".to_owned()),
        data: serde_json::json!({ "interrupt": "int_1" }),
        ..Message::default()
    }
}

fn ada() -> EmailAddress {
    EmailAddress::parse("ada@example.org").unwrap()
}

/// A certificate authority of one certificate, for `localhost`.
fn identity() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn mail(port: u16, more: Value) -> ChannelConfig {
    let mut settings = serde_json::json!({
        "kind": "email", "name": "mail", "host": "localhost", "port": port, "tls": "none", "from": "swarm@example.org",
    });
    let Value::Object(more) = more else { panic!("settings are an object") };
    for (key, value) in more {
        settings[key] = value;
    }
    channel(settings)
}

#[tokio::test]
async fn mail_goes_over_starttls_with_a_password_and_says_what_it_should_in_both_forms() {
    let (certificate, key) = identity();
    let Some(mut server) =
        MailServer::start(Some((&certificate, &key)), Some(("swarm", "correct horse"))).await
    else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, &certificate).unwrap();
    let more =
        serde_json::json!({ "tls": "starttls", "user": "swarm", "secrets": ["env:P"], "ca_file": file });
    let channel = mail(server.port, more);
    channel.send(&message(), Some(&ada()), &[Secret::new("correct horse")]).await.unwrap();
    let got = server.next().await;
    assert!(got.tls && got.user.as_deref() == Some("swarm"));
    assert_eq!(got.to, ["ada@example.org"], "nobody was added by the title");
    assert_eq!(got.headers["message-id"], "<ntf_01@example.org>");
    assert_eq!(got.headers["auto-submitted"], "auto-generated");
    assert_eq!(got.headers["subject"], "A change waits: shop T-1 Bcc: eve@example.org");
    assert!(
        got.text.contains("https://swarm.test/a?token=x") && got.text.contains("Über <b>alles</b>"),
        "{}",
        got.text
    );
    assert!(
        got.html.contains("&lt;b&gt;alles&lt;/b&gt;") && got.html.contains("width=device-width"),
        "{}",
        got.html
    );

    let wrong = channel.send(&message(), Some(&ada()), &[Secret::new("wrong horse")]).await;
    assert!(
        matches!(&wrong, Err(SendError::Never(why)) if why.contains("535") && !why.contains("horse")),
        "{wrong:?}"
    );
    // The same server with a certificate that nobody vouches for gets neither mail nor password.
    let untrusted = serde_json::json!({ "tls": "starttls", "user": "swarm", "secrets": ["env:P"] });
    let refused =
        mail(server.port, untrusted).send(&message(), Some(&ada()), &[Secret::new("correct horse")]).await;
    assert!(matches!(&refused, Err(SendError::Never(why)) if why.contains("certificate")), "{refused:?}");
}

#[tokio::test]
async fn a_mail_server_without_tls_gets_nothing_where_tls_is_asked_for() {
    let Some(server) = MailServer::start(None, None).await else { return };
    let refused =
        mail(server.port, serde_json::json!({ "tls": "starttls" })).send(&message(), Some(&ada()), &[]).await;
    assert!(matches!(&refused, Err(SendError::Never(_))), "{refused:?}");
}

#[tokio::test]
async fn what_a_mail_server_answers_says_whether_trying_again_can_help() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let channel = mail(server.port, serde_json::json!({}));
    server.plan(&["refuse", "later", "drop", "take"]);
    let send = async || channel.send(&message(), Some(&ada()), &[]).await;
    assert!(matches!(send().await, Err(SendError::Never(why)) if why.contains("550")));
    assert!(matches!(send().await, Err(SendError::Later { why, .. }) if why.contains("451")));
    assert!(
        matches!(send().await, Err(SendError::Later { .. })),
        "it took it, and the line broke before it said so"
    );
    send().await.unwrap();
    let (first, second) = (server.next().await, server.next().await);
    assert_eq!(
        first.headers["message-id"], second.headers["message-id"],
        "so that the second can be dropped"
    );
    assert!(matches!(channel.send(&message(), None, &[]).await, Err(SendError::Never(_))));
    drop(server);
    assert!(matches!(channel.send(&message(), Some(&ada()), &[]).await, Err(SendError::Later { .. })));
}

fn webhook(url: &str) -> ChannelConfig {
    channel(serde_json::json!({
        "kind": "webhook", "name": "ops", "url": format!("{url}/hook"), "secrets": ["env:K"], "private": true, "http": true,
    }))
}

fn status(status: u16) -> Answer {
    Answer::Status(status, Vec::new())
}

#[tokio::test]
async fn a_webhook_is_signed_with_every_key_that_counts_and_says_the_same_each_time() {
    let mut receiver = Receiver::start().await;
    let channel = webhook(&receiver.url);
    receiver.plan([status(500), status(200)]);
    let keys = [Secret::new(OTHER), Secret::new(KEY)];
    assert!(matches!(channel.send(&message(), None, &keys).await, Err(SendError::Later { .. })));
    channel.send(&message(), None, &keys).await.unwrap();
    let (first, second) = (receiver.next().await, receiver.next().await);
    assert_eq!(first.body, second.body);
    for got in [&first, &second] {
        assert_eq!(got.line, "POST /hook HTTP/1.1");
        assert_eq!(got.headers["webhook-id"], "ntf_01");
        let seconds: i64 = got.headers["webhook-timestamp"].parse().unwrap();
        for key in [KEY, OTHER] {
            let signature = &got.headers["webhook-signature"];
            assert!(WebhookSignature::holds(signature, &Secret::new(key), "ntf_01", seconds, &got.body));
            assert!(!WebhookSignature::holds(signature, &Secret::new(key), "ntf_02", seconds, &got.body));
        }
        let body: Value = serde_json::from_slice(&got.body).unwrap();
        assert_eq!((&body["type"], &body["data"]["interrupt"]), (&"approval.asked".into(), &"int_1".into()));
    }
}

#[tokio::test]
async fn what_a_program_answers_says_whether_trying_again_can_help() {
    let mut receiver = Receiver::start().await;
    let channel = webhook(&receiver.url);
    let elsewhere = Receiver::start().await;
    let send = async || channel.send(&message(), None, &[Secret::new(KEY)]).await;
    for code in [400, 401, 404, 410] {
        receiver.plan([status(code)]);
        assert!(matches!(send().await, Err(SendError::Never(why)) if why.contains(&code.to_string())));
    }
    for code in [408, 429, 500, 502, 503] {
        receiver.plan([status(code)]);
        assert!(matches!(send().await, Err(SendError::Later { after: None, .. })), "{code}");
    }
    receiver.plan([Answer::Status(429, vec![("retry-after", "7".to_owned())])]);
    assert!(
        matches!(send().await, Err(SendError::Later { after: Some(after), .. }) if after == Duration::from_secs(7))
    );
    receiver.plan([Answer::Status(307, vec![("location", format!("{}/stolen", elsewhere.url))])]);
    assert!(matches!(send().await, Err(SendError::Never(why)) if why.contains("redirects")));
    receiver.plan([Answer::Drop]);
    assert!(matches!(send().await, Err(SendError::Later { .. })));
    let mut elsewhere = elsewhere;
    assert_eq!(elsewhere.came(), None, "a redirect was followed");
    let mut asked = 0;
    while receiver.came().is_some() {
        asked += 1;
    }
    assert_eq!(asked, 12, "each was asked once");
}

#[tokio::test]
async fn who_never_answers_is_left_after_a_while() {
    let receiver = Receiver::start().await;
    receiver.plan([Answer::Hang]);
    let hook = channel(serde_json::json!({
        "kind": "webhook", "name": "ops", "url": receiver.url, "secrets": ["env:K"], "private": true, "http": true,
        "timeout_seconds": 1,
    }));
    let sent = hook.send(&message(), None, &[Secret::new(KEY)]).await;
    assert!(matches!(&sent, Err(SendError::Later { why, .. }) if why.contains("in time")), "{sent:?}");
    let Some(server) = MailServer::start(None, None).await else { return };
    server.plan(&["hang"]);
    let slow = mail(server.port, serde_json::json!({ "timeout_seconds": 1 }));
    let sent = slow.send(&message(), Some(&ada()), &[]).await;
    assert!(matches!(&sent, Err(SendError::Later { why, .. }) if why.contains("in time")), "{sent:?}");
}

#[tokio::test]
async fn an_address_on_this_machine_is_not_asked_unless_that_is_allowed() {
    let mut receiver = Receiver::start().await;
    for host in [receiver.url.clone(), receiver.url.replace("127.0.0.1", "localhost")] {
        let channel = channel(serde_json::json!({
            "kind": "webhook", "name": "ops", "url": host, "secrets": ["env:K"], "http": true,
        }));
        let sent = channel.send(&message(), None, &[Secret::new(KEY)]).await;
        assert!(matches!(&sent, Err(SendError::Never(why)) if why.contains("not public")), "{sent:?}");
    }
    assert_eq!(receiver.came(), None);
}

#[tokio::test]
async fn rooms_get_the_shapes_that_their_services_document() {
    let mut receiver = Receiver::start().await;
    let hook = |kind: &str| {
        channel(serde_json::json!({
            "kind": kind, "name": kind, "secrets": ["env:HOOK"], "private": true, "http": true,
        }))
    };
    let address = Secret::new(format!("{}/services/T0/B0/secret", receiver.url));
    hook("slack").send(&message(), None, std::slice::from_ref(&address)).await.unwrap();
    let got = receiver.next().await;
    assert_eq!(got.line, "POST /services/T0/B0/secret HTTP/1.1");
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    let kinds: Vec<&str> =
        body["blocks"].as_array().unwrap().iter().map(|b| b["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["header", "section", "section", "actions", "context"]);
    hook("discord").send(&message(), None, std::slice::from_ref(&address)).await.unwrap();
    let got = receiver.next().await;
    assert_eq!(got.line, "POST /services/T0/B0/secret?wait=true HTTP/1.1");
    let body: Value = serde_json::from_slice(&got.body).unwrap();
    assert_eq!(body["embeds"][0]["fields"][0]["value"], "high");
    receiver.plan([status(404)]);
    let gone = hook("slack").send(&message(), None, &[address]).await.unwrap_err().to_string();
    assert!(gone.contains("404") && !gone.contains("secret"), "{gone}");
    assert!(matches!(hook("slack").send(&message(), None, &[]).await, Err(SendError::Never(_))));
}
