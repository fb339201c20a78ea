//! Signing in with a second factor, over HTTP.

use std::{cell::Cell, time::Duration};

use data_encoding::BASE32_NOPAD;
use reqwest::{Method, StatusCode};
use ring::hmac;
use serde_json::{Value, json};
use swarm_domain::identity::{Registration, Role, SecondFactorPolicy};
use swarm_server::Tries;

use crate::world::{
    World, problem,
    team::{ADA, PASSWORD, code, read, text},
};

/// An app that shows codes. Each is shown once: the next one may come up to a step before its time.
struct App {
    key: hmac::Key,
    last: Cell<i64>,
}

impl App {
    fn new(secret: &str) -> Self {
        let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
        Self { key: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), last: Cell::new(0) }
    }

    fn next(&self, world: &World) -> String {
        let step = world.flows.parts().clock.now().timestamp() / 30;
        self.last.set((self.last.get() + 1).max(step - 1));
        assert!(self.last.get() <= step + 1, "a test shows three codes at the most");
        self.of(self.last.get())
    }

    fn of(&self, step: i64) -> String {
        let hash = hmac::sign(&self.key, &step.to_be_bytes());
        let at = usize::from(hash.as_ref()[19] & 15);
        let word = u32::from_be_bytes(hash.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", word % 1_000_000)
    }
}

async fn world(policy: SecondFactorPolicy) -> World {
    let world = World::with(|config| {
        config.sign_in.registration = Registration::Invite;
        config.sign_in.second_factor = policy;
        config.sign_in.by_address = Tries { burst: 10_000, every: Duration::from_millis(1) };
        config.sign_in.by_account = Tries { burst: 1000, every: Duration::from_millis(1) };
    })
    .await;
    world.owner().await;
    world
}

/// Sets a second factor up in this session.
async fn set_up(world: &World, token: &str) -> (App, Vec<String>) {
    let asked = world.by(token, Method::POST, "/api/auth/second-factor").send().await.unwrap();
    let new = read(asked).await;
    assert!(text(&new, "uri").starts_with("otpauth://totp/swarm:") && text(&new, "qr").contains("<svg"));
    assert!(text(&new, "uri").contains(text(&new, "secret")) && !text(&new, "qr").contains("script"));
    let app = App::new(text(&new, "secret"));
    let confirm = world.by(token, Method::POST, "/api/auth/second-factor/confirm");
    let done = confirm.json(&json!({ "code": app.next(world) })).send().await.unwrap();
    assert_eq!(done.status(), StatusCode::OK);
    let codes = read(done).await["codes"].as_array().unwrap().clone();
    (app, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn second(world: &World, pending: &Value, code: &str) -> reqwest::Response {
    world.send("/api/auth/login/second", &json!({ "pending": pending, "code": code })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_alone_opens_nothing_where_there_is_a_second_factor() {
    let world = world(SecondFactorPolicy::Optional).await;
    let session = world.signed_in(ADA).await;
    let token = text(&session, "access_token");
    let (app, codes) = set_up(&world, token).await;
    let me = read(world.by(token, Method::GET, "/api/auth/me").send().await.unwrap()).await;
    assert!(me["user"]["second_factor_at"].is_string());

    let first = world.login(ADA, PASSWORD).await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let first = read(first).await;
    assert!(first.get("access_token").is_none() && first["expires_in"].is_number(), "{first}");
    // What the first step gave is no token of any kind.
    let pending = text(&first, "pending").to_owned();
    assert_eq!(world.status(&pending, "/api/auth/me").await, StatusCode::UNAUTHORIZED);
    assert_eq!(world.refresh(&pending).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(code(second(&world, &first["pending"], "000000").await).await.1, "auth.second_factor_code");
    // On the page after a provider's, a wrong code leads back to the same page.
    let url = world.server.url();
    let form = format!("pending={}&code=000000", text(&first, "pending"));
    let asked = world.http.post(format!("{url}/api/auth/oidc/second")).header("origin", url).body(form);
    let page = asked.header("accept", "text/html").send().await.unwrap();
    assert_eq!(page.status(), StatusCode::UNAUTHORIZED);
    let page = page.text().await.unwrap();
    assert!(page.contains(text(&first, "pending")) && page.contains("name=\"code\""), "{page}");
    let done = second(&world, &first["pending"], &app.next(&world)).await;
    assert_eq!(done.status(), StatusCode::OK);
    assert_eq!(world.status(text(&read(done).await, "access_token"), "/api/runs").await, StatusCode::OK);
    // Used up; and the code as well.
    let used = app.of(app.last.get());
    assert_eq!(
        code(second(&world, &first["pending"], &used).await).await,
        (401, "auth.second_step".to_owned())
    );
    let again = read(world.login(ADA, PASSWORD).await).await;
    assert_eq!(
        code(second(&world, &again["pending"], &used).await).await,
        (401, "auth.second_factor_code".to_owned())
    );
    assert_eq!(second(&world, &again["pending"], &codes[0]).await.status(), StatusCode::OK);
    // A wrong password is told apart from nothing.
    assert_eq!(
        code(world.login(ADA, "wrong horse battery").await).await,
        (401, "auth.credentials".to_owned())
    );
    for garbage in [json!(""), json!("sws_x"), json!(text(&session, "refresh_token"))] {
        assert_eq!(
            code(second(&world, &garbage, &codes[1]).await).await,
            (401, "auth.second_step".to_owned())
        );
    }
    let long = second(&world, &again["pending"], &"1".repeat(10_000)).await;
    assert_eq!(code(long).await, (401, "auth.second_factor_code".to_owned()));
    // A password by a link does not take it away.
    let link = world.link(ADA, "reset").await;
    let reset = world.send("/api/auth/reset", &json!({ "link": link, "password": PASSWORD })).await;
    assert_eq!(reset.status(), StatusCode::NO_CONTENT);
    assert_eq!(world.login(ADA, PASSWORD).await.status(), StatusCode::ACCEPTED);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_removes_the_second_factor_of_somebody_who_lost_it_but_not_of_an_owner() {
    let world = world(SecondFactorPolicy::Optional).await;
    world.member("bob@example.org", Role::Admin).await;
    world.member("ann@example.org", Role::Viewer).await;
    let (ada, ann) = (world.signed_in(ADA).await, world.signed_in("ann@example.org").await);
    set_up(&world, text(&ada, "access_token")).await;
    let (_, codes) = set_up(&world, text(&ann, "access_token")).await;
    let bob = world.signed_in("bob@example.org").await;
    let bob = text(&bob, "access_token");
    let path = async |email: &str| format!("/api/users/{}/second-factor/remove", world.user_id(email).await);
    let refused = world.by(bob, Method::POST, &path(ADA).await).send().await.unwrap();
    assert_eq!(code(refused).await, (403, "auth.grant".to_owned()));
    let ann_asks = world.by(text(&ann, "access_token"), Method::POST, &path(ADA).await);
    assert_eq!(code(ann_asks.send().await.unwrap()).await, (403, "auth.denied".to_owned()));
    let done = world.by(bob, Method::POST, &path("ann@example.org").await).send().await.unwrap();
    assert!(read(done).await["second_factor_at"].is_null());
    assert_eq!(world.login("ann@example.org", PASSWORD).await.status(), StatusCode::OK);
    // Nothing of it counts any more.
    let remove = world.by(text(&ann, "access_token"), Method::POST, "/api/auth/second-factor/remove");
    let refused = remove.json(&json!({ "code": codes[0] })).send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    let twice = world.by(bob, Method::POST, &path("ann@example.org").await).send().await.unwrap();
    assert_eq!(code(twice).await, (409, "auth.second_factor_none".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_required_an_admin_without_one_sets_one_up_and_does_nothing_else() {
    let world = world(SecondFactorPolicy::RequiredForAdmins).await;
    world.member("ann@example.org", Role::Viewer).await;
    let ann = world.signed_in("ann@example.org").await;
    assert_eq!(world.status(text(&ann, "access_token"), "/api/runs").await, StatusCode::OK);
    let ada = world.signed_in(ADA).await;
    let token = text(&ada, "access_token");
    for path in ["/api/runs", "/api/users"] {
        let refused = world.by(token, Method::GET, path).send().await.unwrap();
        let said = problem(refused, StatusCode::FORBIDDEN).await;
        assert_eq!(said["code"], "auth.second_factor_needed", "{path}");
    }
    // Not by a key either that is made meanwhile.
    let wide = world.key(Some(token), &["work:read"]).await;
    assert_eq!(code(wide).await.1, "auth.key_scope");
    set_up(&world, token).await;
    assert_eq!(world.status(token, "/api/runs").await, StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_cannot_be_tried_without_an_end() {
    let world = World::with(|config| {
        config.sign_in.by_address = Tries { burst: 10_000, every: Duration::from_millis(1) };
        config.sign_in.by_account = Tries { burst: 12, every: Duration::from_hours(1) };
    })
    .await;
    world.owner().await;
    let session = world.signed_in(ADA).await;
    set_up(&world, text(&session, "access_token")).await;
    // Each sign-in takes five codes; beginning another one does not begin the count anew.
    let mut last = String::new();
    for _ in 0..4 {
        let first = world.login(ADA, PASSWORD).await;
        if first.status() != StatusCode::ACCEPTED {
            last = code(first).await.1;
            break;
        }
        let pending = read(first).await["pending"].clone();
        for _ in 0..5 {
            last = code(second(&world, &pending, "000000").await).await.1;
        }
    }
    assert_eq!(last, "auth.throttled");
    world.end().await;
}
