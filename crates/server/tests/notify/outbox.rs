//! The outbox: who is told, once, and what becomes of what cannot be sent.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use swarm_domain::{
    Clock, EventBody, InterruptId, interrupt::HumanResponse, notification::Person, secret::Secret,
    ticket::Risk,
};
use swarm_flows::{Asker, Flows};
use swarm_notify::{
    WebhookSignature,
    testing::{Answer, MailServer, Receiver},
};
use swarm_store::SystemClock;

use crate::{
    notify::stage::{
        BEN, CLEO, KEY, ask, by, mail, once, question, rows, settings, shown, telling_parts, webhook, world,
    },
    world::{
        World, eventually, problem,
        team::{code, read, text},
    },
};

fn now() -> DateTime<Utc> {
    SystemClock.now()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_goes_to_who_knows_about_it_with_the_reason_and_one_mail_comes_however_many_nodes_look() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let settings = settings(vec![mail(&server)]);
    let world = world(settings.clone()).await;
    let other = Flows::launch(telling_parts(&world.database, settings).await, "other").await.unwrap();
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::High)).await;
    for _ in 0..5 {
        let (one, two) = tokio::join!(world.flows.tell_people(), other.tell_people());
        one.and(two).unwrap();
    }
    let got = server.next().await;
    assert_eq!(got.to, [CLEO]);
    assert_eq!(got.headers["subject"], "A plan waits for an answer: greeter run_1");
    assert!(
        got.text.contains("knows about plan") && got.text.contains("swarm approvals int_1"),
        "{}",
        got.text
    );
    assert!(!got.html.contains("<script>"), "{}", got.html);
    let row = once(&world, "mail", "sent").await;
    assert_eq!((row.tries, row.person.as_str()), (1, CLEO));
    assert_eq!(got.headers["message-id"], format!("<{}@example.org>", row.id));

    let routed = &shown(&world, "int_1").await["summary"]["routed"];
    assert_eq!(routed.as_array().unwrap().len(), 1);
    assert_eq!(routed[0]["person"], CLEO);
    assert!(routed[0]["why"].as_array().unwrap().contains(&json!("knows about plan")), "{routed}");
    // The load counts: the next one is the same, and what there is to choose by is who has less to do.
    let mut next = question("int_2", Risk::High);
    next.about = Vec::new();
    ask(&world, &run, next).await;
    let second = server.next().await;
    assert_ne!(second.to, [CLEO], "who has something to answer is not told of the next one too");
    other.shutdown().await;
    assert_eq!(world.flows.store().rebuild(world.tenant()).await.unwrap().differing().count(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_see_what_they_were_told_and_nobody_sees_or_marks_anothers() {
    let world = world(settings(Vec::new())).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::Low)).await;
    let row = once(&world, "in_app", "sent").await;
    let (ben, cleo) = (world.signed_in(BEN).await, world.signed_in(CLEO).await);
    let (ben, cleo) = (text(&ben, "access_token"), text(&cleo, "access_token"));
    let list = async |token: &str, query: &str| {
        let path = format!("/api/notifications{query}");
        read(world.by(token, Method::GET, &path).send().await.unwrap()).await
    };
    let mark = async |token: &str, id: Option<&str>| {
        let request = world.by(token, Method::POST, "/api/notifications/read");
        request.json(&json!({ "id": id })).send().await.unwrap()
    };
    let mine = list(cleo, "").await;
    assert_eq!((mine["unread"].as_u64(), mine["items"][0]["interrupt"].as_str()), (Some(1), Some("int_1")));
    assert_eq!(mine["items"][0]["title"], "A plan waits for an answer: greeter run_1");
    assert_eq!(list(ben, "").await["items"], json!([]));
    assert_eq!(code(mark(ben, Some(row.id.as_str())).await).await, (404, "store.not_found".to_owned()));
    assert_eq!(mark(ben, None).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(list(cleo, "?unread=true").await["unread"], 1);
    for id in [Some(row.id.as_str()), Some(row.id.as_str()), None] {
        assert_eq!(mark(cleo, id).await.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(list(cleo, "?unread=true").await["items"], json!([]));
    // Who may see the work may not see what went to whom, or send it again.
    for (method, path) in [(Method::GET, "dead".to_owned()), (Method::POST, format!("{}/replay", row.id))] {
        let path = format!("/api/notifications/{path}");
        assert_eq!(code(world.by(ben, method, &path).send().await.unwrap()).await.0, 403);
    }
    // Who decided knows; who was asked is told.
    let by = Asker { person: BEN.to_owned(), correlation: None, key: None };
    let id = InterruptId::parse("int_1").unwrap();
    world.flows.answer(&by, &id, &HumanResponse::accept()).await.unwrap();
    let told = eventually(|| async {
        Some(list(cleo, "?unread=true").await).filter(|list| !list["items"][0].is_null())
    })
    .await;
    assert_eq!(told["items"][0]["title"], "A plan is accepted: greeter run_1");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_is_a_dead_letter_with_the_reason_and_is_sent_again_under_the_same_id() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let world = world(settings(vec![mail(&server)])).await;
    server.plan(&["refuse"]);
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::Low)).await;
    let row = once(&world, "mail", "dead").await;
    let dead = read(world.get("/api/notifications/dead").send().await.unwrap()).await;
    assert_eq!(dead["items"][0]["id"], row.id.as_str());
    assert_eq!(dead["items"][0]["fault"], "the mail server answered with 550");
    let replay = async || {
        world.post(&format!("/api/notifications/{}/replay", row.id)).json(&json!({})).send().await.unwrap()
    };
    assert_eq!(read(replay().await).await["state"], "pending");
    let got = server.next().await;
    assert_eq!(got.headers["message-id"], format!("<{}@example.org>", row.id));
    once(&world, "mail", "sent").await;
    assert_eq!(code(replay().await).await, (409, "store.not_allowed".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_try_is_tried_again_later_and_given_up_after_the_last() {
    let mut receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    let hook = webhook(&format!("{}/hook", receiver.url), &folder.path().join("key"));
    let world = world(settings(vec![hook])).await;
    receiver.plan((0..3).map(|_| Answer::Status(503, Vec::new())));
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::Low)).await;
    let mut ids = Vec::new();
    for tries in 1..=3 {
        ids.push(receiver.next().await.headers["webhook-id"].clone());
        let row = eventually(|| async {
            let row = by(&world, "ops").await.pop()?;
            let over = row.state.as_str() == "dead" || row.due_at > now();
            (row.tries == tries && over).then_some(row)
        })
        .await;
        assert_eq!(row.state.as_str(), if tries < 3 { "pending" } else { "dead" });
        assert_eq!(row.fault.as_deref(), Some("it answered with 503"));
        assert!(tries == 3 || row.due_at > now() + TimeDelta::minutes(50));
        assert_eq!(receiver.came(), None, "it is not tried before its time");
        world.database.let_notifications_be_due().await.unwrap();
        world.flows.tell_people().await.unwrap();
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(receiver.came(), None, "what was given up is not tried");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_killed_between_sending_and_saying_so_sends_again_under_the_same_id_and_nobody_else_before() {
    let mut receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    let settings = settings(vec![webhook(&format!("{}/hook", receiver.url), &folder.path().join("key"))]);
    let world = world(settings.clone()).await;
    // Before the question is asked: a node that starts withdraws what no run waits for.
    let other = Flows::launch(telling_parts(&world.database, settings.clone()).await, "other").await.unwrap();
    receiver.plan([Answer::Hang]);
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::Low)).await;
    let first = receiver.next().await;
    // It has it, and nobody has said so. Whoever looks meanwhile sees that it is held.
    other.tell_people().await.unwrap();
    assert_eq!(receiver.came(), None, "two nodes sent the same");
    // Nobody awaits it, as after a kill: what it holds is its lease.
    let World { database, flows, server, .. } = world;
    drop(server);
    drop(flows);
    database.let_notifications_run_out().await.unwrap();
    // On a slow machine the first gave up waiting in the meantime, and put it off.
    database.let_notifications_be_due().await.unwrap();
    other.tell_people().await.unwrap();
    let second = receiver.next().await;
    assert_eq!((&first.headers["webhook-id"], &first.body), (&second.headers["webhook-id"], &second.body));
    let seconds: i64 = second.headers["webhook-timestamp"].parse().unwrap();
    let signature = &second.headers["webhook-signature"];
    let id = &second.headers["webhook-id"];
    assert!(WebhookSignature::holds(signature, &Secret::new(KEY), id, seconds, &second.body));
    let body: Value = serde_json::from_slice(&second.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["interrupt"]), (&json!("approval.asked"), &json!("int_1")));
    other.shutdown().await;
    other.store().close().await;
}

/// Hours around now, in UTC.
fn around_now() -> String {
    let now = now();
    let at = |hours| (now + TimeDelta::hours(hours)).format("%H:%M").to_string();
    format!("{}-{}", at(-2), at(2))
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_delay_what_is_sent_but_not_what_is_shown_and_a_high_risk_breaks_through_where_it_may() {
    let Some(mut server) = MailServer::start(None, None).await else { return };
    let mut settings = settings(vec![mail(&server)]);
    let quiet = serde_json::from_value(json!(around_now())).unwrap();
    settings.people =
        vec![Person { skills: vec!["plan".to_owned()], quiet: Some(quiet), ..Person::named(CLEO) }];
    settings.breaks_quiet = Some(Risk::High);
    let world = world(settings).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::Medium)).await;
    once(&world, "in_app", "sent").await;
    let row = once(&world, "mail", "pending").await;
    assert!(row.due_at > now() + TimeDelta::minutes(90), "{}", row.due_at);
    // Made due by force, it still waits: the hours are asked when it is sent, too.
    world.database.let_notifications_be_due().await.unwrap();
    world.flows.tell_people().await.unwrap();
    let row = once(&world, "mail", "pending").await;
    assert!(row.due_at > now() && row.tries == 0, "{row:?}");
    ask(&world, &run, question("int_2", Risk::High)).await;
    let got = server.next().await;
    assert!(got.text.contains("int_2"), "{}", got.text);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_before_it_was_sent_is_not_sent() {
    let Some(server) = MailServer::start(None, None).await else { return };
    let mut settings = settings(vec![mail(&server)]);
    let quiet = serde_json::from_value(json!(around_now())).unwrap();
    settings.people =
        vec![Person { skills: vec!["plan".to_owned()], quiet: Some(quiet), ..Person::named(CLEO) }];
    let world = world(settings).await;
    let run = world.idle_run().await;
    ask(&world, &run, question("int_1", Risk::Medium)).await;
    once(&world, "mail", "pending").await;
    let by = Asker { person: BEN.to_owned(), correlation: None, key: None };
    world.flows.answer(&by, &InterruptId::parse("int_1").unwrap(), &HumanResponse::accept()).await.unwrap();
    world.database.let_notifications_be_due().await.unwrap();
    world.flows.tell_people().await.unwrap();
    let row = once(&world, "mail", "withdrawn").await;
    assert!(row.fault.unwrap().contains("accepted by ben@example.org"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_reaches_all_who_may_answer_and_a_hand_over_reaches_one() {
    let world = world(settings(Vec::new())).await;
    let run = world.idle_run().await;
    let mut asked = question("int_1", Risk::Low);
    asked.terms.remind_seconds = vec![0];
    ask(&world, &run, asked).await;
    once(&world, "in_app", "sent").await;
    let interrupt = InterruptId::parse("int_1").unwrap();
    world
        .append(
            "remind",
            Some(&run),
            EventBody::InterruptReminded { interrupt: interrupt.clone(), number: 1 },
        )
        .await;
    let reminded = eventually(|| async {
        let mut told: Vec<String> = rows(&world)
            .await
            .into_iter()
            .filter(|row| row.stage.to_string() == "reminded.1")
            .map(|row| row.person)
            .collect();
        told.sort();
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(reminded, ["ada@example.org", BEN, CLEO]);
    let by = Asker { person: BEN.to_owned(), correlation: None, key: None };
    world.flows.delegate(&by, &interrupt, BEN).await.unwrap();
    world.flows.tell_people().await.unwrap();
    let handed = eventually(|| async {
        rows(&world).await.into_iter().find(|row| row.stage.to_string() == "handed").map(|row| row.person)
    })
    .await;
    assert_eq!(handed, BEN);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_tried_at_once_and_says_what_is_wrong_with_it() {
    let mut receiver = Receiver::start().await;
    let folder = tempfile::tempdir().unwrap();
    let hook = webhook(&format!("{}/hook", receiver.url), &folder.path().join("key"));
    let world = world(settings(vec![hook])).await;
    let test = async |channel: &str| {
        world.post("/api/notifications/test").json(&json!({ "channel": channel })).send().await.unwrap()
    };
    assert_eq!(code(test("pigeon").await).await, (404, "notify.no_channel".to_owned()));
    let refused = test("ops").await;
    let status = refused.status();
    assert_eq!(problem(refused, status).await["code"], "secret.unresolved");
    std::fs::write(folder.path().join("key"), KEY).unwrap();
    receiver.plan([Answer::Status(410, Vec::new())]);
    assert_eq!(code(test("ops").await).await, (502, "notify.failed".to_owned()));
    assert_eq!(test("ops").await.status(), StatusCode::NO_CONTENT);
    receiver.next().await;
    let body: Value = serde_json::from_slice(&receiver.next().await.body).unwrap();
    assert_eq!(body["type"], "channel.tried");
    world.end().await;
}
