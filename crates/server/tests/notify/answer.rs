//! Answering by the link in a mail.

use reqwest::{Response, StatusCode};
use serde_json::json;
use swarm_domain::{identity::SecondFactorPolicy, ticket::Risk};
use swarm_notify::testing::MailServer;

use crate::{
    notify::stage::{BEN, CLEO, ask, mail, question, settings, shown, world, world_with},
    world::World,
};

/// The token in the mail that comes in.
async fn token(server: &mut MailServer) -> String {
    let mail = server.next().await;
    let begin = "https://swarm.example.org/api/hitl/answer?token=";
    let at = mail.text.find(begin).unwrap_or_else(|| panic!("no link in {}", mail.text)) + begin.len();
    assert!(mail.html.contains(begin), "{}", mail.html);
    mail.text[at..].split_whitespace().next().unwrap().to_owned()
}

async fn look(world: &World, token: &str) -> Response {
    world.nobody(reqwest::Method::GET, &format!("/api/hitl/answer?token={token}")).send().await.unwrap()
}

async fn answer(world: &World, token: &str, decision: &str, words: &str) -> Response {
    let form = [("token", token), ("decision", decision), ("words", words)];
    let body: Vec<String> =
        form.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    world
        .nobody(reqwest::Method::POST, "/api/hitl/answer")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.join("&"))
        .send()
        .await
        .unwrap()
}

async fn state(world: &World, id: &str) -> String {
    shown(world, id).await["summary"]["state"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn to_look_decides_nothing_and_the_form_decides_once() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let world = world(settings(vec![mail(&server)])).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::High)).await;
    let token = token(&mut server).await;
    // What scans mail looks as often as it likes.
    for _ in 0..3 {
        let page = look(&world, &token).await;
        assert_eq!(page.status(), StatusCode::OK);
        let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'nonce-") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(page.headers()["referrer-policy"], "no-referrer");
        assert_eq!(page.headers()["cache-control"], "no-store");
        let page = page.text().await.unwrap();
        assert!(page.contains("You answer as") && page.contains(CLEO), "{page}");
        assert!(page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"), "{page}");
    }
    assert_eq!(state(&world, "int_1").await, "waiting");
    // Of two at once one counts.
    let (one, two) = tokio::join!(answer(&world, &token, "accept", ""), answer(&world, &token, "ignore", ""));
    let mut both = [one.status(), two.status()];
    both.sort();
    assert_eq!(both, [StatusCode::OK, StatusCode::GONE]);
    assert!(["accepted", "ignored"].contains(&&*state(&world, "int_1").await));
    let late = look(&world, &token).await;
    assert_eq!(late.status(), StatusCode::GONE);
    assert!(late.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(late.text().await.unwrap().contains("counts no more"));
    let decided = shown(&world, "int_1").await["summary"]["decided"].to_string();
    assert!(decided.contains(CLEO), "{decided}");
    world.flows.store().verify(world.tenant()).await.unwrap();
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_not_the_one_that_was_sent_opens_nothing() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let world = world(settings(vec![mail(&server)])).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::High)).await;
    let token = token(&mut server).await;
    let mut turned = token.clone().into_bytes();
    let last = turned.len() - 1;
    turned[last] = if turned[last] == b'0' { b'1' } else { b'0' };
    let (proof, signature) = token.strip_prefix("swa_").unwrap().split_once('_').unwrap();
    for bad in [
        String::new(),
        "swa_".to_owned(),
        String::from_utf8(turned).unwrap(),
        format!("swa_{signature}_{proof}"),
        format!("swl_{proof}"),
        format!("{token}0"),
        format!("swa_{}_{signature}", "0".repeat(64)),
    ] {
        assert_eq!(look(&world, &bad).await.status(), StatusCode::GONE, "{bad}");
        assert_eq!(answer(&world, &bad, "accept", "").await.status(), StatusCode::GONE, "{bad}");
    }
    for (decision, words) in [("approve", ""), ("edit", ""), ("response", "")] {
        let refused = answer(&world, &token, decision, words).await;
        assert!(refused.status().is_client_error(), "{decision}: {}", refused.status());
    }
    assert_eq!(look(&world, &token).await.status(), StatusCode::OK, "what was refused used nothing up");
    // Somebody who can write there makes it another's: the signature is over who it is for.
    world.database.alter_answer_links().await.unwrap();
    assert_eq!(answer(&world, &token, "accept", "").await.status(), StatusCode::GONE);
    assert_eq!(state(&world, "int_1").await, "waiting");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_they_may_is_asked_when_they_answer_and_not_when_the_mail_was_sent() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let world = world(settings(vec![mail(&server)])).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::High)).await;
    let token = token(&mut server).await;
    let user = world.user_id(CLEO).await;
    let role = async |role: &str| {
        let path = format!("/api/users/{user}/role");
        world.post(&path).json(&json!({ "role": role })).send().await.unwrap().status()
    };
    assert!(role("viewer").await.is_success());
    let refused = answer(&world, &token, "accept", "").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(role("reviewer").await.is_success());
    let off = async |how: &str| {
        world.post(&format!("/api/users/{user}/{how}")).json(&json!({})).send().await.unwrap()
    };
    assert!(off("disable").await.status().is_success());
    assert_eq!(answer(&world, &token, "accept", "").await.status(), StatusCode::GONE);
    assert!(off("enable").await.status().is_success());
    let said = answer(&world, &token, "response", "Too dear.").await;
    assert_eq!(said.status(), StatusCode::OK);
    let found = shown(&world, "int_1").await;
    assert_eq!(
        (&found["summary"]["state"], &found["standing"]["words"]),
        (&json!("answered"), &json!("Too dear."))
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_does_not_stand_for_a_second_factor_that_somebody_must_have() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let required = SecondFactorPolicy::RequiredForAdmins;
    let world =
        world_with(settings(vec![mail(&server)]), |config| config.sign_in.second_factor = required).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::High)).await;
    let token = token(&mut server).await;
    let path = format!("/api/users/{}/role", world.user_id(CLEO).await);
    let role =
        async |role: &str| world.post(&path).json(&json!({ "role": role })).send().await.unwrap().status();
    assert!(role("admin").await.is_success());
    let refused = answer(&world, &token, "accept", "").await;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().await.unwrap().contains("second factor"));
    assert_eq!(state(&world, "int_1").await, "waiting");
    assert!(role("maintainer").await.is_success());
    assert_eq!(answer(&world, &token, "accept", "").await.status(), StatusCode::OK);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_over_with_its_time_and_with_the_question() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let world = world(settings(vec![mail(&server)])).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::High)).await;
    let first = token(&mut server).await;
    let accept =
        world.post("/api/hitl/int_1/respond").json(&json!({ "type": "accept" })).send().await.unwrap();
    assert_eq!(accept.status(), StatusCode::OK);
    let page = look(&world, &first).await;
    assert!(page.text().await.unwrap().contains("Nothing is left to answer"));
    assert_eq!(answer(&world, &first, "ignore", "").await.status(), StatusCode::CONFLICT);
    assert_eq!(state(&world, "int_1").await, "accepted");
    let mut other = question("int_2", Risk::High);
    other.terms.people = vec![BEN.to_owned()];
    ask(&world, &run, other).await;
    let second = token(&mut server).await;
    world.database.let_answer_links_run_out().await.unwrap();
    assert_eq!(look(&world, &second).await.status(), StatusCode::GONE);
    assert_eq!(answer(&world, &second, "accept", "").await.status(), StatusCode::GONE);
    assert_eq!(state(&world, "int_2").await, "waiting");
    world.end().await;
}
