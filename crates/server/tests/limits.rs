//! Who asks too often is told when to come again, and nobody else notices.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use swarm_client::types::Policy;
use swarm_domain::{identity::Role, rate::RateLimit};
use swarm_server::Tries;

use crate::world::{
    World, problem,
    team::{ADA, read, text},
};

fn limit(text: &str) -> RateLimit {
    text.parse().unwrap()
}

fn field<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The answer to one request too many: its problem, and after how many seconds to come again.
async fn refused(response: Response) -> (Value, u64) {
    let wait = field(&response, "retry-after").parse().unwrap();
    let left = field(&response, "ratelimit").to_owned();
    assert!(left.contains(&format!(";r=0;t={wait}")), "{left}");
    assert!(field(&response, "ratelimit-policy").contains(";q="));
    (problem(response, StatusCode::TOO_MANY_REQUESTS).await, wait)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_told_what_is_left_and_then_when_to_come_again() {
    let world = World::with(|config| config.rates.key = limit("3/h")).await;
    let made = read(world.key(None, &["work:read", "account:write"]).await).await;
    let key = text(&made, "text");
    let ask = || world.by(key, Method::GET, "/api/runs").send();
    let first = ask().await.unwrap();
    assert_eq!(first.status(), StatusCode::OK);
    assert_eq!(field(&first, "ratelimit-policy"), "\"key\";q=3;w=3600");
    assert_eq!(field(&first, "ratelimit"), "\"key\";r=2;t=1200");
    // Also what is refused for another reason counts, and says what is left.
    let missing = world.by(key, Method::GET, "/api/runs/nothing").send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(field(&missing, "ratelimit"), "\"key\";r=1;t=2400");
    let denied = world.by(key, Method::POST, "/api/projects").json(&json!({})).send().await.unwrap();
    assert_eq!(denied.status(), StatusCode::FORBIDDEN);
    let (told, wait) = refused(ask().await.unwrap()).await;
    assert_eq!(told["code"], "limits.exceeded");
    assert!((1..=1200).contains(&wait), "{wait}");
    // Probes, the operator and other keys go on.
    assert_eq!(world.nobody(Method::GET, "/livez").send().await.unwrap().status(), StatusCode::OK);
    let operator = world.get("/api/runs").send().await.unwrap();
    assert_eq!((operator.status(), field(&operator, "ratelimit")), (StatusCode::OK, ""));
    let other = read(world.key(None, &["work:read"]).await).await;
    assert_eq!(world.status(text(&other, "text"), "/api/runs").await, StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_have_a_rate_of_its_own_but_not_more_than_its_maker_can_give() {
    let world = World::with(|config| config.rates.key = limit("100/min")).await;
    world.owner().await;
    world.member("bob@example.org", Role::Maintainer).await;
    let bob = world.signed_in("bob@example.org").await;
    let token = text(&bob, "access_token");
    let make = async |token: &str, rate: &str| {
        let body = json!({ "name": "ci", "scopes": ["work:read"], "rate": rate });
        world.by(token, Method::POST, "/api/keys").json(&body).send().await.unwrap()
    };
    for more in ["101/min", "2/s", "100/min burst 101"] {
        let told = problem(make(token, more).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(told["code"], "auth.key_rate", "{more}");
    }
    for wrong in ["", "fast", "0/min", "none"] {
        let told = problem(make(token, wrong).await, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(told["code"], "request.invalid", "{wrong}");
    }
    let made = read(make(token, "2/h").await).await;
    assert_eq!(made["key"]["rate"], "2/h");
    let key = text(&made, "text");
    for left in ["\"key\";r=1;t=1800", "\"key\";r=0;t=3600"] {
        let answer = world.by(key, Method::GET, "/api/runs").send().await.unwrap();
        assert_eq!(field(&answer, "ratelimit"), left);
    }
    refused(world.by(key, Method::GET, "/api/runs").send().await.unwrap()).await;
    let listed = read(world.by(token, Method::GET, "/api/keys").send().await.unwrap()).await;
    assert_eq!(listed["items"][0]["rate"], "2/h");

    let admin = world.signed_in(ADA).await;
    let faster = read(make(text(&admin, "access_token"), "500/min").await).await;
    assert_eq!(world.status(text(&faster, "text"), "/api/runs").await, StatusCode::OK);
    // The same key with another text has the same rate, and what it used is used.
    let rotate = format!("/api/keys/{}/rotate", text(&made["key"], "id"));
    let rotated = read(world.by(token, Method::POST, &rotate).json(&json!({})).send().await.unwrap()).await;
    refused(world.by(text(&rotated, "text"), Method::GET, "/api/runs").send().await.unwrap()).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_nobody_is_counted_by_their_address_and_who_is_known_is_not() {
    let world = World::with(|config| {
        config.rates.address = limit("4/h");
        config.sign_in.by_address = Tries { burst: 1000, every: Duration::from_millis(1) };
    })
    .await;
    world.owner().await;
    // Making the account was one, signing in is another.
    let session = world.signed_in(ADA).await;
    let token = text(&session, "access_token");
    for _ in 0..10 {
        assert_eq!(world.status(token, "/api/runs").await, StatusCode::OK);
    }
    let wrong = world.by("swk_nonsense", Method::GET, "/api/runs").send().await.unwrap();
    assert_eq!(field(&wrong, "ratelimit-policy"), "\"address\";q=4;w=3600");
    problem(wrong, StatusCode::UNAUTHORIZED).await;
    problem(world.nobody(Method::GET, "/api/runs").send().await.unwrap(), StatusCode::UNAUTHORIZED).await;
    for path in ["/api/runs", "/health", "/.well-known/jwks.json", "/api/nothing"] {
        refused(world.nobody(Method::GET, path).send().await.unwrap()).await;
    }
    refused(world.login(ADA, "wrong").await).await;
    // What a proxy would say counts for nothing where none is trusted.
    let forged = world.nobody(Method::GET, "/health").header("x-forwarded-for", "203.0.113.9");
    refused(forged.send().await.unwrap()).await;
    for path in ["/livez", "/readyz", "/api/openapi.json", "/api/docs/"] {
        assert_eq!(world.nobody(Method::GET, path).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
    assert_eq!(world.status(token, "/api/runs").await, StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_trusted_proxy_everybody_is_counted_for_themselves() {
    let world = World::with(|config| {
        config.rates.address = limit("1/h");
        config.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let from = async |address: &str| {
        let request = world.nobody(Method::GET, "/health").header("x-forwarded-for", address);
        request.send().await.unwrap()
    };
    for one in ["203.0.113.1", "203.0.113.2", "2001:db8:0:1::1", "2001:db8:0:2::1"] {
        assert_eq!(from(one).await.status(), StatusCode::OK, "{one}");
    }
    for again in ["203.0.113.1", "198.51.100.1, 203.0.113.2", "2001:db8:0:1:ffff::2"] {
        refused(from(again).await).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_and_a_tenant_have_limits_whoever_asks() {
    let world = World::with(|config| {
        config.rates.project = limit("2/h");
        config.rates.tenant = limit("6/h");
    })
    .await;
    let run = world.idle_run().await;
    let keys = [world.key(None, &["work:read"]).await, world.key(None, &["work:read"]).await];
    let mut texts = Vec::new();
    for key in keys {
        texts.push(text(&read(key).await, "text").to_owned());
    }
    let ask = async |key: &str, path: &str| world.by(key, Method::GET, path).send().await.unwrap();
    // By its name, by a run of it.
    let first = ask(&texts[0], "/api/projects/greeter").await;
    assert_eq!(field(&first, "ratelimit"), "\"project\";r=1;t=1800, \"tenant\";r=5;t=600");
    assert_eq!(ask(&texts[1], &format!("/api/runs/{run}")).await.status(), StatusCode::OK);
    let (told, _) = refused(ask(&texts[1], &format!("/api/runs/{run}/tickets")).await).await;
    assert!(told["detail"].as_str().unwrap().contains("this project"), "{told}");
    // Who is stopped by the project takes nothing of the tenant; another project is another.
    assert_eq!(
        field(&ask(&texts[0], "/api/projects/other").await, "ratelimit"),
        "\"project\";r=1;t=1800, \"tenant\";r=3;t=1800"
    );
    for _ in 0..3 {
        assert_eq!(ask(&texts[0], "/api/specs").await.status(), StatusCode::OK);
    }
    let (told, _) = refused(ask(&texts[1], "/api/specs").await).await;
    assert!(told["detail"].as_str().unwrap().contains("this tenant"), "{told}");
    // The operator is not counted, unless it is said.
    assert_eq!(world.get("/api/specs").send().await.unwrap().status(), StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_can_ask_what_holds_and_what_is_left_to_them() {
    let world = World::with(|config| {
        config.rates.user = limit("50/min");
        config.rates.tenant = limit("1000/min");
    })
    .await;
    world.owner().await;
    let session = world.signed_in(ADA).await;
    let own = swarm_client::Client::new(world.server.url(), text(&session, "access_token")).unwrap();
    let limits = own.limits().await.unwrap();
    assert_eq!(limits.counted_as, Policy::User);
    let yours: Vec<_> =
        limits.yours.iter().map(|left| (left.policy, left.rate.as_str(), left.left)).collect();
    assert_eq!(yours, [(Policy::User, "50/min", 49), (Policy::Tenant, "1000/min", 999)]);
    assert_eq!(limits.house.iter().find(|one| one.policy == Policy::Key).unwrap().rate, "none");
    assert_eq!(limits.max_body_bytes, 2 << 20);
    let operator = world.client().limits().await.unwrap();
    assert_eq!((operator.counted_as, operator.yours.len()), (Policy::Operator, 0));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_asks_too_often_waits_and_never_notices() {
    let world = World::with(|config| config.rates.operator = limit("2/s burst 2")).await;
    let client = world.client();
    // Two at once, then one each half second: the wait is the client's.
    for _ in 0..4 {
        client.runs().await.unwrap();
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_get_exactly_what_the_limit_lets_through() {
    let world = World::with(|config| config.rates.key = limit("10/h")).await;
    let made = read(world.key(None, &["work:read"]).await).await;
    let key = text(&made, "text");
    let all = (0..40).map(|_| world.by(key, Method::GET, "/api/projects").send());
    let answers = futures::future::join_all(all).await;
    let through = answers.iter().filter(|answer| answer.as_ref().unwrap().status() == StatusCode::OK).count();
    assert_eq!(through, 10);
    world.end().await;
}
