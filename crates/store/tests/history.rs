//! Past work, as estimates, choices and the page of failures read it.

use swarm_domain::{
    EventBody, MicroUsd, NewEvent, TenantId,
    agent::Capability,
    attempt::AttemptOutcome,
    failure::{FailureClass, clusters},
    history::Size,
    ticket::TicketState,
};
use swarm_store::{Recordings, Store, testing::TestDatabase};

use crate::story;

async fn told(name: &str, story: &[NewEvent]) -> (TestDatabase, Store) {
    let database = TestDatabase::new(name).await.unwrap();
    let store = database.store().await.unwrap();
    store.append_all(story).await.unwrap();
    (database, store)
}

/// The story, its replies not from a recording.
fn live() -> Vec<NewEvent> {
    let mut story = story::whole();
    for event in &mut story {
        if let EventBody::ModelCalled { recorded, .. } = &mut event.body {
            *recorded = false;
        }
    }
    story
}

#[tokio::test]
async fn without_work_there_is_no_history_and_no_failure() {
    let (_database, store) = told("no_history", &story::beginning()).await;
    for recordings in [Recordings::Counted, Recordings::LeftOut] {
        let history = store.history(&story::tenant(), recordings).await.unwrap();
        assert_eq!((history.tickets.len(), history.attempts.len()), (0, 0));
    }
    assert_eq!(store.failures(&story::tenant(), None, None).await.unwrap(), []);
    assert_eq!(store.command_times(&story::tenant()).await.unwrap(), []);
    let unknown = swarm_domain::RunId::parse("run_9").unwrap();
    let error = store.failures(&story::tenant(), Some(&unknown), None).await.unwrap_err();
    assert_eq!(error.problem().code, "store.not_found");
}

#[tokio::test]
async fn a_merged_ticket_is_a_fact_with_all_that_its_attempts_took() {
    let (_database, store) = told("history", &live()).await;
    let history = store.history(&story::tenant(), Recordings::LeftOut).await.unwrap();
    let [ticket] = &history.tickets[..] else { panic!("{history:?}") };
    assert_eq!((ticket.ticket.clone(), ticket.merged, ticket.attempts), (story::ticket_id(1), true, 2));
    assert_eq!((ticket.spend.usd, ticket.spend.tokens()), (MicroUsd(200), 240));
    assert_eq!((ticket.kind.capability, ticket.kind.size), (Capability::Code, Size::Small));
    assert!(ticket.began_at <= ticket.ended_at);
    let [rejected, accepted] = &history.attempts[..] else { panic!("{history:?}") };
    assert_eq!((rejected.failure, rejected.number), (Some(FailureClass::Verification), 1));
    assert_eq!((accepted.failure, accepted.spend.usd), (None, MicroUsd(50)));
}

#[tokio::test]
async fn what_a_recording_played_back_is_told_but_teaches_nothing() {
    let (_database, store) = told("recorded_history", &story::whole()).await;
    let counted = store.history(&story::tenant(), Recordings::Counted).await.unwrap();
    assert_eq!((counted.tickets.len(), counted.attempts.len()), (1, 2));
    let left_out = store.history(&story::tenant(), Recordings::LeftOut).await.unwrap();
    assert_eq!((left_out.tickets.len(), left_out.attempts.len()), (0, 0));
}

#[tokio::test]
async fn another_tenants_past_is_not_ours() {
    let (_database, store) = told("tenant_history", &live()).await;
    let other = TenantId::parse("other").unwrap();
    assert_eq!(store.history(&other, Recordings::Counted).await.unwrap(), swarm_store::History::default());
    assert_eq!(store.failures(&other, None, None).await.unwrap(), []);
}

#[tokio::test]
async fn a_failed_attempt_has_a_class_and_a_signature_and_is_clustered() {
    let (_database, store) = told("failures", &live()).await;
    let failures = store.failures(&story::tenant(), Some(&story::run_id()), None).await.unwrap();
    let found = clusters(&failures);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].class, found[0].code.as_str()), (FailureClass::Verification, "acceptance_failed"));
    assert_eq!((found[0].signature.as_str(), found[0].usd), ("it counts wrong", MicroUsd(150)));
    let later = failures[0].at + chrono::TimeDelta::seconds(1);
    assert_eq!(store.failures(&story::tenant(), None, Some(later)).await.unwrap(), []);
}

#[tokio::test]
async fn what_the_merge_train_says_later_takes_the_place_of_what_was_said_before() {
    let (_database, store) = told("late_judgement", &live()).await;
    let outcome = AttemptOutcome::Rejected { findings: Vec::new() };
    let late =
        story::event("late", story::of_attempt(1, 2), EventBody::AttemptFinished { outcome, disk_bytes: 0 });
    let before = store.history(&story::tenant(), Recordings::LeftOut).await.unwrap().attempts;
    store.append(late).await.unwrap();
    let after = store.history(&story::tenant(), Recordings::LeftOut).await.unwrap().attempts;
    assert_eq!((before[1].failure, after[1].failure), (None, Some(FailureClass::Verification)));
    assert_eq!(before[1].millis, after[1].millis, "waiting for the train is not work");
    assert_eq!(store.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
}

#[tokio::test]
async fn how_long_commands_and_calls_took_is_known_by_their_kind() {
    let mut story = live();
    let run = |key: &str, about: &str, millis, overdue| {
        let body = EventBody::ToolCalled {
            tool: "run".to_owned(),
            arguments: swarm_domain::BlobHash::of(b"{}"),
            result: swarm_domain::BlobHash::of(b"ok"),
            ok: true,
            about: about.to_owned(),
            millis,
            overdue,
            network: Vec::new(),
        };
        story::event(key, story::of_attempt(1, 2), body)
    };
    story.extend([
        run("a", "python3 -m pytest -q", 40, false),
        run("b", "cd x && python3 -m pytest tests", 60, true),
        run("c", "make", 7, false),
        run("old", "make", 0, false),
        story::ticket_becomes("end", 2, TicketState::Working),
    ]);
    let (_database, store) = told("step_times", &story).await;
    let tenant = story::tenant();
    assert_eq!(store.tool_times(&tenant, "run", "python3 -m pytest other").await.unwrap(), [60, 40]);
    assert_eq!(
        store.command_times(&tenant).await.unwrap(),
        [("python3 -m pytest".to_owned(), vec![60, 40]), ("make".to_owned(), vec![7])]
    );
    let attempt = swarm_domain::AttemptId::of(&story::ticket_id(1), 2);
    let overdue =
        async |about| store.was_overdue(&tenant, &story::run_id(), &attempt, "run", about).await.unwrap();
    assert!(overdue("python3 -m pytest").await && !overdue("make").await);
    assert_eq!(store.model_times(&tenant, "scripted/one", "coder").await.unwrap(), [12, 12]);
    assert!(store.model_times(&tenant, "scripted/two", "coder").await.unwrap().is_empty());
    assert_eq!(store.arms_with(&tenant, 2, 1).await.unwrap().len(), 1);
    assert!(store.arms_with(&tenant, 2, 3).await.unwrap().is_empty());
    assert_eq!(store.call_times(&tenant).await.unwrap().len(), 1);
}

#[tokio::test]
async fn measured_work_has_its_score_with_who_made_it_and_what_was_sent_back_before() {
    let (_database, store) = told("quality", &story::whole()).await;
    let (tenant, run) = (story::tenant(), story::run_id());
    let all = store.quality(&tenant, None, None).await.unwrap();
    let [one] = &all[..] else { panic!("{all:?}") };
    assert_eq!(
        (one.agent.as_str(), one.model.as_str(), one.capability),
        ("coder", "scripted/one", Capability::Code)
    );
    assert_eq!((&one.ticket, &one.commit), (&story::ticket_id(1), &story::commit('c')));
    assert_eq!(
        (&one.measures, one.sent_back),
        (&story::measures(), 1),
        "the attempt before it had a finding"
    );
    assert_eq!(one.quality, swarm_domain::quality::Quality::of(&story::measures(), 1));
    assert_eq!(store.quality(&tenant, Some(&run), Some(&story::ticket_id(1))).await.unwrap(), all);
    assert_eq!(store.quality(&tenant, Some(&run), Some(&story::ticket_id(2))).await.unwrap(), []);
    let other = TenantId::parse("other").unwrap();
    assert_eq!(store.quality(&other, None, None).await.unwrap(), []);
    let unknown = swarm_domain::RunId::parse("run_9").unwrap();
    let error = store.quality(&tenant, Some(&unknown), None).await.unwrap_err();
    assert_eq!(error.problem().code, "store.not_found");
}

#[tokio::test]
async fn work_that_was_measured_and_then_refused_by_a_reviewer_has_no_score() {
    let mut story = story::whole();
    for event in &mut story {
        if let EventBody::AttemptFinished { outcome, .. } = &mut event.body {
            *outcome = AttemptOutcome::Rejected { findings: Vec::new() };
        }
    }
    let (_database, store) = told("refused_quality", &story).await;
    assert_eq!(store.quality(&story::tenant(), None, None).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_measured_must_be_an_attempt_that_began() {
    let (_database, store) = told("measured_nothing", &story::beginning()).await;
    let measured = story::whole().into_iter().find(|event| event.body.name() == "code_measured").unwrap();
    let error = store.append(measured).await.unwrap_err();
    assert_eq!(error.problem().code, "store.not_found");
}
