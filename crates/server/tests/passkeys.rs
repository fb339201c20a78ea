//! Signing in by a passkey, over HTTP, with an authenticator that is played by the steps of the recommendation. Browsers and
//! their own one stand in the journeys of the web app.

use std::{cell::Cell, time::Duration};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{Method, Response, StatusCode};
use ring::{
    digest::{SHA256, digest},
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::{Value, json};
use swarm_domain::identity::{Registration, Role};
use swarm_server::Tries;
use swarm_store::EventFilter;

use crate::world::{
    World,
    team::{ADA, PASSWORD, code, read, text},
};

/// Somebody was there, and showed who they are.
const VERIFIED: u8 = 0b101;

/// An authenticator with one passkey.
struct Authenticator {
    pair: Ed25519KeyPair,
    credential: Vec<u8>,
    counter: Cell<u32>,
    flags: u8,
    /// The page that it believes to be on.
    origin: String,
    host: String,
}

impl Authenticator {
    fn new(world: &World, seed: u8) -> Self {
        Self {
            pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap(),
            credential: vec![seed; 16],
            counter: Cell::new(0),
            flags: VERIFIED,
            origin: page(world),
            host: "localhost".to_owned(),
        }
    }

    fn data(&self, flags: u8) -> Vec<u8> {
        let host = digest(&SHA256, self.host.as_bytes());
        [host.as_ref(), &[flags], &self.counter.get().to_be_bytes()].concat()
    }

    fn client(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let said =
            json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        said.to_string().into_bytes()
    }

    /// `navigator.credentials.create`.
    fn make(&self, options: &Value) -> Value {
        let public = self.pair.public_key().as_ref();
        // {1: 1 (OKP), 3: -8 (EdDSA), -1: 6 (Ed25519), -2: x}
        let key = [&[0xa4, 1, 1, 3, 0x27, 0x20, 6, 0x21, 0x58, 32], public].concat();
        let length = u16::try_from(self.credential.len()).unwrap().to_be_bytes();
        let data = [&self.data(self.flags | 1 << 6), &[0; 16][..], &length, &self.credential, &key].concat();
        // {"fmt": "none", "attStmt": {}, "authData": …}
        let size = u8::try_from(data.len()).unwrap();
        let object =
            [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData".as_slice(), &[0x58, size], &data].concat();
        json!({
            "id": encode(&self.credential), "rawId": encode(&self.credential), "type": "public-key",
            "clientExtensionResults": {}, "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": encode(self.client("webauthn.create", text(options, "challenge"))),
                "attestationObject": encode(&object), "transports": ["internal", "<script>"],
            },
        })
    }

    /// `navigator.credentials.get`.
    fn show(&self, options: &Value, user: Option<&str>) -> Value {
        let data = self.data(self.flags);
        let client = self.client("webauthn.get", text(options, "challenge"));
        let signature = self.pair.sign(&[&data, digest(&SHA256, &client).as_ref()].concat());
        json!({
            "id": encode(&self.credential), "rawId": encode(&self.credential), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": encode(&client), "authenticatorData": encode(&data),
                "signature": encode(signature.as_ref()), "userHandle": user.map(encode),
            },
        })
    }
}

/// What is wrong with an authenticator.
type Change = fn(&mut Authenticator);

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The server's page by its name: none belongs to an address.
fn page(world: &World) -> String {
    world.server.url().replace("127.0.0.1", "localhost")
}

async fn world() -> World {
    let world = World::with(|config| {
        config.sign_in.registration = Registration::Invite;
        config.sign_in.by_address = Tries { burst: 10_000, every: Duration::from_millis(1) };
        config.sign_in.by_account = Tries { burst: 1000, every: Duration::from_millis(1) };
    })
    .await;
    world.owner().await;
    world
}

async fn began(world: &World, token: &str) -> Response {
    let asked = world.by(token, Method::POST, "/api/auth/passkeys/begin").header("origin", page(world));
    asked.send().await.unwrap()
}

async fn added(world: &World, token: &str, name: &str, credential: &Value) -> Response {
    let asked = world.by(token, Method::POST, "/api/auth/passkeys").header("origin", page(world));
    asked.json(&json!({ "name": name, "credential": credential })).send().await.unwrap()
}

async fn add(world: &World, token: &str, authenticator: &Authenticator) -> Value {
    let options = read(began(world, token).await).await;
    let done = added(world, token, "phone", &authenticator.make(&options)).await;
    assert_eq!(done.status(), StatusCode::CREATED);
    read(done).await
}

async fn options(world: &World) -> Value {
    let asked = world.nobody(Method::POST, "/api/auth/login/passkey/begin").header("origin", page(world));
    let options = read(asked.send().await.unwrap()).await;
    assert_eq!(text(&options, "rpId"), "localhost");
    options
}

async fn shown(world: &World, credential: &Value) -> Response {
    world.send("/api/auth/login/passkey", &json!({ "credential": credential })).await
}

async fn sign_in(world: &World, authenticator: &Authenticator) -> Response {
    shown(world, &authenticator.show(&options(world).await, None)).await
}

async fn listed(world: &World, token: &str) -> Vec<Value> {
    let asked = world.by(token, Method::GET, "/api/auth/passkeys").send().await.unwrap();
    read(asked).await["items"].as_array().unwrap().clone()
}

fn out() -> (u16, String) {
    (401, "auth.passkey".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_signs_in_without_a_password_or_a_code_until_it_is_removed() {
    let world = world().await;
    let session = world.signed_in(ADA).await;
    let token = text(&session, "access_token");
    let phone = Authenticator::new(&world, 1);
    let options = read(began(&world, token).await).await;
    assert_eq!((text(&options["rp"], "id"), text(&options["user"], "name")), ("localhost", ADA));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    let user = BASE64_URL_SAFE_NO_PAD.decode(text(&options["user"], "id")).unwrap();
    assert_eq!(user, text(&session["user"], "id").as_bytes());
    let row = add(&world, token, &phone).await;
    assert!(row["used_at"].is_null() && row["name"] == "phone" && row.get("credential").is_none(), "{row}");
    // It is known from now on, and what a browser says of it is not handed on as it is.
    let again = read(began(&world, token).await).await;
    assert_eq!(again["excludeCredentials"][0]["transports"], json!(["internal"]));
    let twice = added(&world, token, "phone", &phone.make(&again)).await;
    assert_eq!(code(twice).await, (409, "auth.passkey_taken".to_owned()));

    let done = sign_in(&world, &phone).await;
    assert_eq!(done.status(), StatusCode::OK);
    let done = read(done).await;
    assert_eq!(done["user"]["email"], ADA);
    let by_passkey = text(&done, "access_token");
    assert_eq!(world.status(by_passkey, "/api/runs").await, StatusCode::OK);
    assert!(listed(&world, token).await[0]["used_at"].is_string());
    // The account's own id may be said, another's not.
    let right = phone.show(&self::options(&world).await, Some(text(&session["user"], "id")));
    assert_eq!(shown(&world, &right).await.status(), StatusCode::OK);
    let wrong = phone.show(&self::options(&world).await, Some("user_other"));
    assert_eq!(code(shown(&world, &wrong).await).await, out());

    // A session of a browser gets cookies, from pages of the server alone.
    let credential = phone.show(&self::options(&world).await, None);
    let body = json!({ "credential": credential, "cookies": true });
    let strange =
        world.nobody(Method::POST, "/api/auth/login/passkey").header("origin", "https://evil.example");
    assert_eq!(code(strange.json(&body).send().await.unwrap()).await.1, "auth.cross_site");
    let ours = world.nobody(Method::POST, "/api/auth/login/passkey").header("origin", page(&world));
    let ours = ours.json(&body).send().await.unwrap();
    assert_eq!(ours.headers().get_all("set-cookie").iter().count(), 2);

    let path = format!("/api/auth/passkeys/{}", text(&row, "id"));
    let gone = world.by(token, Method::DELETE, &path).send().await.unwrap();
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.by(token, Method::DELETE, &path).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(code(sign_in(&world, &phone).await).await, out());
    assert!(listed(&world, token).await.is_empty());
    // Both are in the record, with who did it.
    let log = world.flows.store().events(world.tenant(), &EventFilter::default()).await.unwrap();
    let names = log.iter().map(|event| event.body.name());
    let said: Vec<_> = names.filter(|name| name.starts_with("passkey")).collect();
    assert_eq!(said, ["passkey_added", "passkey_removed"]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_counts_once_for_its_page_its_server_and_its_question() {
    let world = world().await;
    let session = world.signed_in(ADA).await;
    let token = text(&session, "access_token");
    let phone = Authenticator::new(&world, 1);
    add(&world, token, &phone).await;

    // The same one twice.
    let credential = phone.show(&options(&world).await, None);
    assert_eq!(shown(&world, &credential).await.status(), StatusCode::OK);
    assert_eq!(code(shown(&world, &credential).await).await, out());
    // A challenge that was begun to add a passkey, and one that nobody gave.
    let adding = read(began(&world, token).await).await;
    assert_eq!(code(shown(&world, &phone.show(&adding, None)).await).await, out());
    let made_up = json!({ "challenge": encode("0".repeat(64)) });
    assert_eq!(code(shown(&world, &phone.show(&made_up, None)).await).await, out());
    // One whose time is over.
    let late = options(&world).await;
    world.database.let_ceremonies_run_out().await.unwrap();
    assert_eq!(code(shown(&world, &phone.show(&late, None)).await).await, out());
    // Another page, another server, nobody who showed who they are, another's key.
    let bad: [(&str, Change); 4] = [
        ("page", |it| it.origin = "https://evil.example".to_owned()),
        ("server", |it| it.host = "evil.example".to_owned()),
        ("unverified", |it| it.flags = 1),
        ("key", |it| it.pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap()),
    ];
    for (what, change) in bad {
        let mut other = Authenticator::new(&world, 1);
        change(&mut other);
        assert_eq!(code(sign_in(&world, &other).await).await, out(), "{what}");
        if what == "key" {
            continue;
        }
        let mut other = Authenticator::new(&world, 2);
        change(&mut other);
        let begun = read(began(&world, token).await).await;
        let made = added(&world, token, "other", &other.make(&begun)).await;
        assert_eq!(code(made).await, (422, "auth.passkey_new".to_owned()), "{what}");
    }
    // What is no answer at all.
    for (name, value) in [("clientDataJSON", "!"), ("signature", ""), ("authenticatorData", "AAAA")] {
        let mut credential = phone.show(&options(&world).await, None);
        credential["response"][name] = json!(value);
        assert_eq!(code(shown(&world, &credential).await).await, out(), "{name}");
    }
    let mut credential = phone.show(&options(&world).await, None);
    credential["response"]["signature"] = json!("A".repeat(100_000));
    assert_eq!(code(shown(&world, &credential).await).await, out());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_is_found_by_its_counter_and_a_disabled_account_is_not_opened() {
    let world = world().await;
    world.member("bob@example.org", Role::Viewer).await;
    let session = world.signed_in("bob@example.org").await;
    let key = Authenticator::new(&world, 3);
    key.counter.set(7);
    add(&world, text(&session, "access_token"), &key).await;
    // It must go on counting.
    for (counter, expected) in [(7, 401), (8, 200), (8, 401), (3, 401), (0, 401), (100, 200)] {
        key.counter.set(counter);
        assert_eq!(sign_in(&world, &key).await.status().as_u16(), expected, "{counter}");
    }
    let bob = world.user_id("bob@example.org").await;
    let disabled = world.post(&format!("/api/users/{bob}/disable")).send().await.unwrap();
    assert_eq!(disabled.status(), StatusCode::OK);
    key.counter.set(101);
    assert_eq!(code(sign_in(&world, &key).await).await, out());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_passkey_is_added_by_who_signed_in_a_moment_ago_and_by_nobody_else() {
    let world = world().await;
    world.member("bob@example.org", Role::Viewer).await;
    let (ada, bob) = (world.signed_in(ADA).await, world.signed_in("bob@example.org").await);
    let (ada, bob) = (text(&ada, "access_token"), text(&bob, "access_token"));
    // A challenge is for the account that it was begun for.
    let begun = read(began(&world, ada).await).await;
    let phone = Authenticator::new(&world, 4);
    let stolen = added(&world, bob, "phone", &phone.make(&begun)).await;
    assert_eq!(code(stolen).await, (422, "auth.passkey_new".to_owned()));
    assert_eq!(added(&world, ada, "phone", &phone.make(&begun)).await.status(), StatusCode::CREATED);
    // Another's passkey is not there.
    let id = text(&listed(&world, ada).await[0], "id").to_owned();
    let other = world.by(bob, Method::DELETE, &format!("/api/auth/passkeys/{id}")).send().await.unwrap();
    assert_eq!(other.status(), StatusCode::NOT_FOUND);
    for name in ["", "  ", &"x".repeat(81), "a\nb"] {
        let begun = read(began(&world, bob).await).await;
        let made = added(&world, bob, name, &Authenticator::new(&world, 5).make(&begun)).await;
        assert_eq!(code(made).await, (422, "auth.passkey_new".to_owned()), "{name:?}");
    }
    // A key of theirs, and the operator, have no passkeys.
    let key = read(world.key(Some(ada), &["account:write"]).await).await;
    assert_eq!(code(began(&world, text(&key, "text")).await).await, (403, "auth.not_signed_in".to_owned()));
    let operator =
        world.post("/api/auth/passkeys/begin").header("origin", page(&world)).send().await.unwrap();
    assert_eq!(code(operator).await, (403, "auth.not_signed_in".to_owned()));
    // A page that was opened by an address has none, and is told where to go.
    let asked = world.by(ada, Method::POST, "/api/auth/passkeys/begin").header("origin", world.server.url());
    let said = asked.send().await.unwrap();
    assert_eq!(said.status(), StatusCode::CONFLICT);
    let said = read(said).await;
    assert_eq!(said["code"], "auth.passkey_place");
    assert!(text(&said, "next").contains(&page(&world)), "{said}");
    // Who signed in long ago shows anew who they are.
    world.database.let_sessions_be_old().await.unwrap();
    assert_eq!(code(began(&world, ada).await).await, (403, "auth.session_old".to_owned()));
    let late = added(&world, ada, "late", &Authenticator::new(&world, 6).make(&begun)).await;
    assert_eq!(code(late).await, (403, "auth.session_old".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_way_in_stays_and_an_account_has_so_many() {
    let world = world().await;
    let session = world.signed_in(ADA).await;
    let token = text(&session, "access_token");
    for seed in 0..20 {
        add(&world, token, &Authenticator::new(&world, seed)).await;
    }
    let begun = read(began(&world, token).await).await;
    let more = added(&world, token, "more", &Authenticator::new(&world, 20).make(&begun)).await;
    assert_eq!(code(more).await, (422, "auth.passkey_new".to_owned()));
    assert_eq!(listed(&world, token).await.len(), 20);
    // As one who came by a provider and unlinked it: without a password.
    world.database.take_passwords_away().await.unwrap();
    assert_ne!(world.login(ADA, PASSWORD).await.status(), StatusCode::OK);
    let rows = listed(&world, token).await;
    for (at, row) in rows.iter().enumerate() {
        let gone = world.by(token, Method::DELETE, &format!("/api/auth/passkeys/{}", text(row, "id")));
        let gone = gone.send().await.unwrap();
        if at + 1 < rows.len() {
            assert_eq!(gone.status(), StatusCode::NO_CONTENT);
        } else {
            assert_eq!(code(gone).await, (409, "auth.last_way_in".to_owned()));
        }
    }
    world.end().await;
}
