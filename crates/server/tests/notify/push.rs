//! Web push: who takes part here is a browser with keys of its own, and a push service over HTTP.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use reqwest::{Method, StatusCode};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use swarm_domain::ticket::Risk;
use swarm_flows::NotificationsConfig;
use swarm_notify::{
    PushConfig,
    testing::{Answer, Received, Receiver},
};
use web_push_native::{
    Auth, decrypt,
    p256::{
        SecretKey,
        elliptic_curve::{rand_core::OsRng, sec1::ToEncodedPoint},
    },
};

use crate::{
    notify::stage::{BEN, CLEO, ask, by, once, question, settings, world},
    world::{
        World, eventually,
        team::{code, read, text},
    },
};

/// A browser.
struct Browser {
    key: SecretKey,
    auth: [u8; 16],
    endpoint: String,
}

impl Browser {
    fn at(service: &Receiver, path: &str) -> Self {
        let endpoint = format!("{}/{path}", service.url);
        Self { key: SecretKey::random(&mut OsRng), auth: [7; 16], endpoint }
    }

    /// What it tells of itself.
    fn json(&self) -> Value {
        let point = self.key.public_key().to_encoded_point(false);
        json!({
            "endpoint": self.endpoint,
            "keys": { "p256dh": BASE64.encode(point.as_bytes()), "auth": BASE64.encode(self.auth) },
        })
    }

    /// What only it can read.
    fn open(&self, received: &Received) -> Value {
        let plain = decrypt(received.body.clone(), &self.key, &Auth::from(self.auth)).unwrap();
        serde_json::from_slice(&plain).unwrap()
    }
}

/// Browsers are told by a service on this machine.
fn told() -> NotificationsConfig {
    let push = PushConfig {
        services: vec!["127.0.0.1".to_owned()],
        contact: "ops@example.org".to_owned(),
        private: true,
        http: true,
        ..PushConfig::default()
    };
    NotificationsConfig { push, ..settings(Vec::new()) }
}

async fn subscribe(world: &World, token: &str, browser: &Browser) -> Value {
    let made =
        world.by(token, Method::POST, "/api/notifications/push").json(&browser.json()).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);
    read(made).await
}

async fn browsers(world: &World, token: &str) -> Value {
    read(world.by(token, Method::GET, "/api/notifications/push").send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_is_told_once_in_words_that_it_alone_can_read_signed_by_the_key_that_it_was_given() {
    let mut service = Receiver::start().await;
    let world = world(told()).await;
    let cleo = world.signed_in(CLEO).await;
    let token = text(&cleo, "access_token");
    let browser = Browser::at(&service, "cleo");
    let key = browsers(&world, token).await["key"].as_str().unwrap().to_owned();
    let made = subscribe(&world, token, &browser).await;
    assert!(made.get("endpoint").is_none() && made.get("auth").is_none(), "{made}");
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::Low)).await;
    world.flows.tell_people().await.unwrap();
    let received = service.next().await;
    assert_eq!(received.line, "POST /cleo HTTP/1.1");
    let header = |name: &str| received.headers[name].as_str();
    assert_eq!((header("content-encoding"), header("urgency")), ("aes128gcm", "high"));
    assert!(header("ttl").parse::<u32>().unwrap() > 0 && header("topic").len() <= 32);
    let signed = header("authorization").strip_prefix("vapid t=").unwrap();
    let (token_text, by_key) = signed.split_once(", k=").unwrap();
    assert_eq!(by_key, key);
    let (claims, signature) = token_text.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, BASE64.decode(&key).unwrap())
        .verify(claims.as_bytes(), &BASE64.decode(signature).unwrap())
        .unwrap();
    let claims: Value =
        serde_json::from_slice(&BASE64.decode(claims.split_once('.').unwrap().1).unwrap()).unwrap();
    assert_eq!((&claims["aud"], &claims["sub"]), (&json!(service.url), &json!("mailto:ops@example.org")));
    let said = browser.open(&received);
    assert_eq!((text(&said, "interrupt"), &said["quick"]), ("int_1", &json!(true)));
    assert_eq!(text(&said, "title"), "A plan waits for an answer: greeter run_1");
    let row = once(&world, "web_push", "sent").await;
    assert_eq!((row.tries, row.person.as_str(), row.id.as_str()), (1, CLEO, text(&said, "id")));
    assert!(service.came().is_none(), "nobody else is told");
    // Nothing of it in the log but that it was asked for.
    let events = serde_json::to_string(&world.client().all_events(None).await.unwrap()).unwrap();
    assert!(!events.contains(&browser.endpoint) && events.contains("let a browser be told"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_out_or_whose_browser_is_gone_is_told_no_more_and_a_service_that_is_away_is_tried_again()
 {
    let mut service = Receiver::start().await;
    let world = world(told()).await;
    let run = world.idle_run().await;
    let (first, second) = (world.signed_in(CLEO).await, world.signed_in(CLEO).await);
    let (phone, desk) = (Browser::at(&service, "phone"), Browser::at(&service, "desk"));
    subscribe(&world, text(&first, "access_token"), &phone).await;
    let second = text(&second, "access_token");
    subscribe(&world, second, &desk).await;
    let items = browsers(&world, second).await["items"].as_array().unwrap().len();
    assert_eq!(items, 2);
    // Signed out at the phone.
    let out = world.by(text(&first, "access_token"), Method::POST, "/api/auth/logout").send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    ask(&world, &run, question("int_1", Risk::High)).await;
    world.flows.tell_people().await.unwrap();
    let received = service.next().await;
    assert_eq!(received.line, "POST /desk HTTP/1.1");
    assert_eq!(desk.open(&received)["quick"], false, "what much hangs on is looked at first");
    assert!(service.came().is_none());
    // Away, and then gone for good.
    service.plan([Answer::Status(503, Vec::new()), Answer::Status(410, Vec::new())]);
    let mut next = question("int_2", Risk::High);
    next.terms.people = vec![CLEO.to_owned()];
    ask(&world, &run, next).await;
    world.flows.tell_people().await.unwrap();
    service.next().await;
    let waiting = eventually(|| async {
        by(&world, "web_push")
            .await
            .into_iter()
            .find(|row| row.about == "int_2" && row.tries == 1 && row.fault.is_some())
    })
    .await;
    assert_eq!(waiting.fault.as_deref(), Some("it answered with 503"));
    let tried = world.by(second, Method::POST, "/api/notifications/push/test").send().await.unwrap();
    assert_eq!(code(tried).await, (404, "push.none".to_owned()));
    assert_eq!(browsers(&world, second).await["items"], json!([]), "what is gone is forgotten");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_is_signed_in_adds_a_browser_of_a_push_service_and_nobody_sees_or_removes_anothers() {
    let service = Receiver::start().await;
    let world = world(told()).await;
    let (ben, cleo) = (world.signed_in(BEN).await, world.signed_in(CLEO).await);
    let (ben, cleo) = (text(&ben, "access_token"), text(&cleo, "access_token"));
    let browser = Browser::at(&service, "cleo");
    let add = async |token: Option<&str>, body: &Value| {
        let path = "/api/notifications/push";
        let request = match token {
            Some(token) => world.by(token, Method::POST, path),
            None => world.post(path),
        };
        code(request.json(body).send().await.unwrap()).await
    };
    assert_eq!(add(None, &browser.json()).await, (403, "push.no_session".to_owned()), "not the operator");
    let elsewhere = |endpoint: &str| json!({ "endpoint": endpoint, "keys": browser.json()["keys"] });
    for bad in [
        elsewhere("https://169.254.169.254/latest"),
        elsewhere("http://localhost/x"),
        elsewhere("file:///etc/passwd"),
        json!({ "endpoint": browser.endpoint, "keys": { "p256dh": "AAAA", "auth": "AAAA" } }),
        json!({ "endpoint": browser.endpoint, "keys": { "p256dh": "?", "auth": "?" } }),
    ] {
        assert_eq!(add(Some(cleo), &bad).await, (422, "push.browser".to_owned()), "{bad}");
    }
    let made = subscribe(&world, cleo, &browser).await;
    assert_eq!(browsers(&world, ben).await["items"], json!([]));
    let path = format!("/api/notifications/push/{}", text(&made, "id"));
    let remove = async |token: &str| world.by(token, Method::DELETE, &path).send().await.unwrap().status();
    assert_eq!(remove(ben).await, StatusCode::NOT_FOUND);
    // Somebody else signs in in the same browser: it is theirs now.
    subscribe(&world, ben, &browser).await;
    assert_eq!(browsers(&world, cleo).await["items"], json!([]));
    assert_eq!(remove(cleo).await, StatusCode::NOT_FOUND);
    for number in 0..12 {
        subscribe(&world, cleo, &Browser::at(&service, &number.to_string())).await;
    }
    assert_eq!(browsers(&world, cleo).await["items"].as_array().unwrap().len(), 10);
    world.end().await;
}
