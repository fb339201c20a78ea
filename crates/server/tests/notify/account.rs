//! Mail about accounts: to verify an address, to choose another password.

use reqwest::{Method, Response, StatusCode};
use serde_json::json;
use swarm_domain::identity::Registration;
use swarm_notify::testing::MailServer;
use swarm_server::Tries;
use swarm_store::testing::TestDatabase;

use crate::{
    notify::stage::{by, mail, settings, telling_parts},
    world::{
        World, eventually,
        team::{ADA, PASSWORD, code},
    },
};

const FRED: &str = "fred@example.org";
const NEW: &str = "another horse battery";

async fn open(server: &MailServer) -> World {
    let database = TestDatabase::new("notify_account").await.unwrap();
    let parts = telling_parts(&database, settings(vec![mail(server)])).await;
    let world = World::of(database, parts, |config| {
        config.sign_in.registration = Registration::Open;
        config.sign_in.by_address = Tries { burst: 10_000, every: std::time::Duration::from_millis(1) };
    })
    .await;
    world.owner().await;
    world
}

/// Purpose and link of the mail that comes in.
async fn link(server: &mut MailServer, to: &str) -> (String, String) {
    let mail = server.next().await;
    assert_eq!(mail.to, [to]);
    let begin = "https://swarm.example.org/api/auth/link?purpose=";
    let at = mail.text.find(begin).unwrap_or_else(|| panic!("no link in {}", mail.text)) + begin.len();
    let (purpose, link) = mail.text[at..].split_whitespace().next().unwrap().split_once("&link=").unwrap();
    (purpose.to_owned(), link.to_owned())
}

async fn page(world: &World, fields: &[(&str, &str)]) -> Response {
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace(' ', "+").replace('@', "%40")))
        .collect();
    world
        .nobody(Method::POST, "/api/auth/link")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.join("&"))
        .send()
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_registers_gets_a_link_by_mail_which_verifies_once_and_with_the_password() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let world = open(&server).await;
    assert_eq!(world.register(FRED, None).await.status(), StatusCode::NO_CONTENT);
    let (purpose, link) = link(&mut server, FRED).await;
    assert_eq!(purpose, "verify");
    assert_eq!(code(world.login(FRED, PASSWORD).await).await.1, "auth.unverified");
    let shown = world
        .nobody(Method::GET, &format!("/api/auth/link?purpose=verify&link={link}"))
        .send()
        .await
        .unwrap();
    assert_eq!(shown.status(), StatusCode::OK);
    assert!(shown.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let verify = async |password: &str| {
        page(&world, &[("purpose", "verify"), ("link", &link), ("email", FRED), ("password", password)])
            .await
            .status()
    };
    assert_eq!(verify("wrong horse battery").await, StatusCode::UNAUTHORIZED);
    assert_eq!(verify(PASSWORD).await, StatusCode::OK);
    assert_eq!(verify(PASSWORD).await, StatusCode::UNPROCESSABLE_ENTITY);
    world.signed_in(FRED).await;
    // Who registers an address that has an account gets the same answer, and its owner no mail.
    assert_eq!(world.register(FRED, None).await.status(), StatusCode::NO_CONTENT);
    let rows = eventually(|| async {
        let rows = by(&world, "mail").await;
        (rows.len() == 2 && rows.iter().all(|row| row.state.as_str() != "pending")).then_some(rows)
    })
    .await;
    assert_eq!(rows[0].fault.as_deref(), Some("the address is verified"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_chosen_anew_once_and_nobody_learns_who_has_an_account() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let world = open(&server).await;
    let forgot = async |email: &str| world.send("/api/auth/forgot", &json!({ "email": email })).await;
    let mut answers = Vec::new();
    for email in ["nobody@example.org", ADA] {
        let answer = forgot(email).await;
        let status = answer.status();
        let mut headers: Vec<String> = answer.headers().keys().map(ToString::to_string).collect();
        headers.sort();
        answers.push((status, headers, answer.text().await.unwrap()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, StatusCode::ACCEPTED);
    let (purpose, first) = link(&mut server, ADA).await;
    assert_eq!(purpose, "reset");
    // A newer link takes the place of the one before.
    forgot(ADA).await;
    let (_, second) = link(&mut server, ADA).await;
    let reset = async |link: &str, password: &str| {
        page(&world, &[("purpose", "reset"), ("link", link), ("password", password)]).await.status()
    };
    let session = world.signed_in(ADA).await;
    assert_eq!(reset(&first, NEW).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reset(&second, "short").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reset(&second, NEW).await, StatusCode::OK);
    assert_eq!(reset(&second, "a third horse battery").await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(world.login(ADA, NEW).await.status(), StatusCode::OK);
    assert_eq!(
        world.status(session["access_token"].as_str().unwrap(), "/api/runs").await,
        StatusCode::UNAUTHORIZED
    );
    // However it is asked, one address gets a few mails and not more, whether it has an account or not.
    for email in ["nobody@example.org", ADA] {
        let mut last = forgot(email).await;
        for _ in 0..3 {
            last = forgot(email).await;
        }
        assert_eq!(code(last).await, (429, "auth.throttled".to_owned()));
    }
    let rows = by(&world, "mail").await;
    assert_eq!(rows.iter().filter(|row| row.person == "nobody@example.org").count(), 3);
    assert_eq!(rows.iter().filter(|row| row.person == ADA).count(), 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_mail_it_is_said_to_everybody_alike() {
    let world = World::in_team(Registration::Open).await;
    world.owner().await;
    for email in [ADA, "nobody@example.org"] {
        let refused = world.send("/api/auth/forgot", &json!({ "email": email })).await;
        assert_eq!(code(refused).await, (404, "auth.no_mail".to_owned()));
    }
    world.end().await;
}
