//! People in the loop: the work waits for them, and goes on once with what they said, whatever happens meanwhile.

use std::{path::Path, sync::Arc};

use swarm_domain::{
    EventBody, MicroUsd, RequirementId, RunId,
    hunk::HunkEvidence,
    interrupt::{ActionRequest, HumanResponse, InterruptKind, InterruptState, PlanEdit, ResponseKind},
    run::{RunOptions, RunState},
    ticket::TicketState,
};
use swarm_flows::{Asker, Flows, Question, QuestionFilter};

use crate::world::{
    self, GREETER, OFFICE, World, ada, count, events, eventually, planned, run_settled, script,
};

const DAY: u64 = 86_400;

/// Authors who always write the same.
fn staff() -> String {
    let author = |name: &str, text: &str| {
        format!(
            "[[rules]]\ncontains = \"You may write only: {name}\"\ntext = '''\n{name}\n```sh\n{text}```\n'''\n"
        )
    };
    format!(
        "json_schema = true\n{}{}{OFFICE}",
        author("greet.sh", world::GREET),
        author("shout.sh", world::SHOUT)
    )
}

fn ben() -> Asker {
    Asker { person: "ben".to_owned(), correlation: None, key: None }
}

async fn world(rules: &str) -> World {
    let mut world = World::new().await;
    world.config.approvals = toml::from_str(rules).unwrap();
    assert_eq!(world.config.approvals.faults(), []);
    world
}

async fn begun(world: &World, flows: &Flows) -> RunId {
    let plan = planned(flows, &world.repo(), GREETER).await;
    flows.start_run(&ada(), &plan.id, RunOptions::default()).await.unwrap()
}

async fn all(flows: &Flows) -> Vec<Question> {
    flows.questions(&QuestionFilter::default()).await.unwrap()
}

/// The question that waits, once one does.
async fn waiting(flows: &Flows) -> Question {
    eventually(|| async {
        let which = QuestionFilter { state: Some(InterruptState::Waiting), ..QuestionFilter::default() };
        flows.questions(&which).await.unwrap().pop()
    })
    .await
}

async fn say(flows: &Flows, question: &Question, response: HumanResponse) {
    flows.answer(&ben(), &question.row.interrupt.id, &response).await.unwrap();
}

async fn end(flows: Flows) {
    let tenant = flows.parts().config.tenant.clone();
    flows.store().verify(&tenant).await.unwrap();
    assert_eq!(flows.store().rebuild(&tenant).await.unwrap().differing().count(), 0);
    flows.shutdown().await;
}

/// Everything was done, and nothing of it twice.
async fn is_whole(flows: &Flows, run: &RunId) {
    assert_eq!(run_settled(flows, run).await.state, RunState::Done);
    let events = events(flows).await;
    for (name, times) in [("merged", 2), ("pull_request_opened", 1), ("run_state_changed", 1)] {
        assert_eq!(count(&events, name), times, "{name}");
    }
}

const PLANS: &str = "[[rules]]\nname = \"every plan\"\non = \"plan\"\n";
const GREET_ONLY: &str = "[[rules]]\nname = \"greeting\"\non = \"diff\"\npaths = [\"greet.sh\"]\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_waits_for_a_person_who_may_change_what_it_uses() {
    let world = world(PLANS).await;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    let row = &question.row;
    assert_eq!((row.interrupt.kind, &row.run, &row.ticket), (InterruptKind::PlanReview, &run, &None));
    assert_eq!(row.interrupt.asked_by, ["ada"]);
    assert_eq!(question.blocked.len(), 2, "all of the run waits behind it");
    assert_eq!(count(&events(&flows).await, "attempt_started"), 0);

    let id = &row.interrupt.id;
    let own = flows.answer(&ada(), id, &HumanResponse::accept()).await.unwrap_err();
    assert_eq!(own.code, "interrupt.own_request");
    let edit = PlanEdit {
        budget_micro_usd: Some(MicroUsd(3_000_000)),
        max_parallel: Some(1),
        ..PlanEdit::default()
    };
    let args = serde_json::to_value(edit.request()).unwrap();
    say(&flows, &question, HumanResponse { r#type: ResponseKind::Edit, args: args.clone() }).await;
    // Sent again, because the answer to the first got lost: it is the same answer.
    say(&flows, &question, HumanResponse { r#type: ResponseKind::Edit, args }).await;
    let late = flows.answer(&ben(), id, &HumanResponse::ignore()).await.unwrap_err();
    assert_eq!(late.code, "interrupt.decided");
    assert!(late.detail.contains("accepted by ben"), "{late}");

    is_whole(&flows, &run).await;
    let row = flows.store().run(&flows.parts().config.tenant, &run).await.unwrap();
    assert_eq!(row.options.budget.usd, Some(MicroUsd(3_000_000)));
    assert_eq!(count(&events(&flows).await, "interrupt_answered"), 1);
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_turned_down_is_not_begun_and_is_asked_about_again_when_it_is_taken_up() {
    let world = world(PLANS).await;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    say(&flows, &question, HumanResponse::words("Too dear for two scripts.")).await;
    let row = run_settled(&flows, &run).await;
    let RunState::NeedsPerson { problem } = row.state else { panic!("{:?}", row.state) };
    assert_eq!(problem.code, "interrupt.turned_down");
    assert!(problem.detail.contains("ben") && problem.detail.contains("Too dear"), "{problem}");
    assert_eq!(count(&events(&flows).await, "attempt_started"), 0);

    let tenant = &flows.parts().config.tenant;
    let ticket = flows.store().tickets(tenant, &run).await.unwrap().remove(0).id;
    flows.retry_ticket(&ada(), &run, &ticket, None).await.unwrap();
    let again = waiting(&flows).await;
    assert_ne!(again.row.interrupt.id, question.row.interrupt.id);
    say(&flows, &again, HumanResponse::accept()).await;
    assert_eq!(run_settled(&flows, &run).await.state, RunState::Done);
    end(flows).await;
}

/// What proves the change that a question is about, once it was found out.
async fn proven(flows: &Flows, question: &Question) -> HunkEvidence {
    eventually(|| async { flows.question_evidence(question).await.unwrap() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_each_hunk_it_is_found_out_which_requirement_misses_it() {
    let world = world(GREET_ONLY).await;
    let about =
        (1..=20).map(|number| format!("# What this is about, {number}.\n")).collect::<Vec<_>>().concat();
    let repo = world.repo();
    std::fs::write(repo.join("greet.sh"), format!("{about}echo \"Hello\"\n")).unwrap();
    world::git(&repo, &["add", "greet.sh"]);
    world::git(&repo, &["commit", "-q", "-m", "begin"]);
    let written = about.replace("about, 2.", "about: the second.") + world::GREET;
    let flows = world.flows(script(&staff().replace(world::GREET, &written))).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;

    let evidence = proven(&flows, &question).await;
    assert_eq!((evidence.commands, evidence.left), (1, 0), "{evidence:?}");
    assert_eq!(Some(&evidence.commit), question.row.interrupt.commit.as_ref());
    let [comment, echo] = evidence.hunks.as_slice() else { panic!("{evidence:?}") };
    assert_eq!(
        (comment.path.as_str(), comment.new_start, &*comment.missed_by),
        ("greet.sh", 1, [].as_slice())
    );
    assert_eq!(echo.new_start, 18, "with three lines before it");
    let [missed] = echo.missed_by.as_slice() else { panic!("{echo:?}") };
    assert_eq!(missed.requirement.as_ref().map(RequirementId::as_str), Some("REQ-1"));
    assert!(missed.command.starts_with("sh greet.sh"), "{}", missed.command);

    say(&flows, &question, HumanResponse::accept()).await;
    is_whole(&flows, &run).await;
    let events = events(&flows).await;
    assert_eq!(count(&events, "hunks_tried"), 1, "of shout.sh nobody was asked");
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_decided_does_not_wait_for_what_would_still_be_found_out() {
    let mut world = world(GREET_ONLY).await;
    world.config.check_limits.wall = std::time::Duration::from_mins(30);
    let repo = world.repo();
    // Without the change, its command has no end.
    std::fs::write(repo.join("greet.sh"), "sleep 1800\n").unwrap();
    world::git(&repo, &["add", "greet.sh"]);
    world::git(&repo, &["commit", "-q", "-m", "begin"]);
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    eventually(|| async { is_left_out(&world.config.state_dir).then_some(()) }).await;
    say(&flows, &question, HumanResponse::accept()).await;
    is_whole(&flows, &run).await;
    assert_eq!(flows.question_evidence(&question).await.unwrap(), None);
    assert!(!is_left_out(&world.config.state_dir), "the checkout is gone");
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_while_hunks_are_left_out_leaves_that_to_the_next_one() {
    let world = world(GREET_ONLY).await;
    let repo = world.repo();
    std::fs::write(repo.join("greet.sh"), "sleep 5\n").unwrap();
    world::git(&repo, &["add", "greet.sh"]);
    world::git(&repo, &["commit", "-q", "-m", "begin"]);
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    eventually(|| async { is_left_out(&world.config.state_dir).then_some(()) }).await;
    flows.shutdown().await;
    drop(flows);

    let flows = world.flows(script(&staff())).await;
    let question = waiting(&flows).await;
    let evidence = proven(&flows, &question).await;
    assert_eq!((evidence.missed(), evidence.hunks.len(), evidence.left), (1, 1, 0), "{evidence:?}");
    say(&flows, &question, HumanResponse::accept()).await;
    is_whole(&flows, &run).await;
    let events = events(&flows).await;
    assert_eq!((count(&events, "hunks_tried"), count(&events, "interrupt_raised")), (1, 1));
    end(flows).await;
}

/// Whether there is a checkout without a hunk.
fn is_left_out(folder: &Path) -> bool {
    let inside = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    inside.into_iter().any(|path| {
        path.to_str().is_some_and(|path| path.ends_with("-hunk")) || (path.is_dir() && is_left_out(&path))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_out_of_a_change_where_that_is_turned_off() {
    let mut world = world(GREET_ONLY).await;
    world.config.hunks = 0;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    say(&flows, &question, HumanResponse::accept()).await;
    is_whole(&flows, &run).await;
    assert_eq!(flows.question_evidence(&question).await.unwrap(), None);
    assert_eq!(count(&events(&flows).await, "hunks_tried"), 0);
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_not_merged_before_a_person_said_so_and_goes_back_with_their_words() {
    let world = world(GREET_ONLY).await;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    let row = &question.row;
    assert_eq!(row.interrupt.kind, InterruptKind::DiffReview);
    assert!(row.interrupt.why[0].contains("greeting: it changes greet.sh"), "{:?}", row.interrupt.why);
    assert_eq!(question.blocked.len(), 2, "its own ticket, and the one that is built on it");
    let text = flows.question_text(&question).await.unwrap().unwrap();
    assert!(text.contains("+echo \"Hello, $1!\""), "{text}");
    let evidence = proven(&flows, &question).await;
    let [whole] = evidence.hunks.as_slice() else { panic!("{evidence:?}") };
    assert_eq!((whole.old_start, whole.missed_by.len()), (0, 1), "without the new file: {whole:?}");
    assert_eq!(count(&events(&flows).await, "merged"), 0);
    let edit = ActionRequest { action: "merge_change".to_owned(), args: serde_json::json!({}) };
    let edit = HumanResponse { r#type: ResponseKind::Edit, args: serde_json::to_value(edit).unwrap() };
    let refused = flows.answer(&ben(), &row.interrupt.id, &edit).await.unwrap_err();
    assert_eq!(refused.code, "interrupt.not_allowed");

    say(&flows, &question, HumanResponse::words("Say it louder.")).await;
    let again = waiting(&flows).await;
    assert_ne!(again.row.attempt, question.row.attempt, "another attempt, and asked about it anew");
    let hints: Vec<String> = events(&flows)
        .await
        .into_iter()
        .filter_map(|event| match event.body {
            EventBody::AttemptStarted { hints, .. } => Some(hints.concat()),
            _ => None,
        })
        .collect();
    assert_eq!(hints, ["", "Say it louder."]);
    assert_eq!(count(&events(&flows).await, "merged"), 0);
    say(&flows, &again, HumanResponse::accept()).await;
    is_whole(&flows, &run).await;
    assert_eq!(all(&flows).await.len(), 2, "shout.sh was asked about by no rule");
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_while_it_waits_finds_the_answer_that_came_meanwhile_and_goes_on_once() {
    let world = world(&format!("{PLANS}{GREET_ONLY}")).await;
    let mut flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    for asked in 1..=2 {
        let question = waiting(&flows).await;
        flows.shutdown().await;
        drop(flows);
        let parts = world.parts(vec![Arc::new(script(&staff()))]).await;
        let reader = Flows::idle(parts, "reader").await.unwrap();
        say(&reader, &question, HumanResponse::accept()).await;
        drop(reader);
        flows = world.flows(script(&staff())).await;
        // Stopped once more in the moment in which it goes on.
        flows.shutdown().await;
        flows = world.flows(script(&staff())).await;
        assert!(all(&flows).await.len() >= asked);
    }
    is_whole(&flows, &run).await;
    let events = events(&flows).await;
    assert_eq!(count(&events, "interrupt_raised"), 2);
    assert_eq!(count(&events, "attempt_started"), 2);
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_thirty_days_a_question_is_what_it_was_with_its_reminders_and_goes_on_once() {
    let rule = format!(
        "{GREET_ONLY}people = [\"cleo\"]\nremind_seconds = [{DAY}, {}]\nexpire_seconds = {}\n\
         escalate = [{{ after_seconds = {}, to = [\"ben\"] }}]\n",
        7 * DAY,
        60 * DAY,
        14 * DAY,
    );
    let world = world(&rule).await;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    let id = &question.row.interrupt.id;
    let not_yet = flows.answer(&ben(), id, &HumanResponse::accept()).await.unwrap_err();
    assert_eq!(not_yet.code, "interrupt.not_asked");
    flows.shutdown().await;
    drop(flows);

    world.clock.jump(30 * DAY);
    let flows = world.flows(script(&staff())).await;
    eventually(|| async { (count(&events(&flows).await, "interrupt_reminded") > 0).then_some(()) }).await;
    assert!(waiting(&flows).await.age_seconds >= 30 * DAY);
    say(&flows, &question, HumanResponse::accept()).await;
    is_whole(&flows, &run).await;
    let events = events(&flows).await;
    assert_eq!(count(&events, "interrupt_reminded"), 1, "what was missed is one reminder");
    assert_eq!(count(&events, "interrupt_escalated"), 1);
    assert_eq!(count(&events, "attempt_started"), 2, "nothing before it was done again");
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_who_answers_in_time_turns_a_change_down_and_a_late_word_does_not_count() {
    let world = world(&format!("{GREET_ONLY}expire_seconds = {DAY}\n")).await;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    world.clock.jump(DAY);
    let row = run_settled(&flows, &run).await;
    let RunState::NeedsPerson { problem } = row.state else { panic!("{:?}", row.state) };
    assert_eq!(problem.code, "interrupt.expired");
    let late = flows.answer(&ben(), &question.row.interrupt.id, &HumanResponse::accept()).await.unwrap_err();
    assert_eq!(late.code, "interrupt.decided");
    assert_eq!(count(&events(&flows).await, "merged"), 0);
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_low_risk_goes_on_by_itself_where_the_policy_says_so() {
    let world =
        world(&format!("{GREET_ONLY}expire_seconds = {DAY}\non_expiry = \"accept_low_risk\"\n")).await;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    waiting(&flows).await;
    world.clock.jump(DAY);
    is_whole(&flows, &run).await;
    assert_eq!(all(&flows).await[0].row.standing.settled_by, None);
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_while_it_waits_ends_and_takes_its_question_back() {
    for rules in [PLANS, GREET_ONLY] {
        let world = world(rules).await;
        let flows = world.flows(script(&staff())).await;
        let run = begun(&world, &flows).await;
        let question = waiting(&flows).await;
        flows.cancel_run(&ada(), &run, "not any more").await.unwrap();
        assert_eq!(run_settled(&flows, &run).await.state, RunState::Cancelled, "{rules}");
        let late =
            flows.answer(&ben(), &question.row.interrupt.id, &HumanResponse::accept()).await.unwrap_err();
        assert_eq!(late.code, "interrupt.decided");
        assert!(late.detail.contains("withdrawn"), "{late}");
        let tickets = flows.store().tickets(&flows.parts().config.tenant, &run).await.unwrap();
        assert!(tickets.iter().all(|ticket| ticket.state == TicketState::Cancelled));
        end(flows).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_left_undone_needs_a_person_and_others_go_on() {
    let world = world("[[rules]]\nname = \"shouting\"\non = \"diff\"\npaths = [\"shout.sh\"]\n").await;
    let flows = world.flows(script(&staff())).await;
    let run = begun(&world, &flows).await;
    let question = waiting(&flows).await;
    say(&flows, &question, HumanResponse::ignore()).await;
    let row = run_settled(&flows, &run).await;
    let RunState::NeedsPerson { problem } = row.state else { panic!("{:?}", row.state) };
    assert_eq!(problem.code, "interrupt.turned_down");
    assert_eq!(count(&events(&flows).await, "merged"), 1);
    end(flows).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_spec_means_is_asked_and_the_answer_is_told_to_every_author() {
    let spec = GREETER.replace("\n## REQ-2", "\n```console\n$ true\n```\n\n## REQ-2");
    assert_ne!(spec, GREETER, "a check that passes whatever was done");
    let world = world("[[rules]]\nname = \"unclear\"\non = \"spec\"\n").await;
    let flows = world.flows(script(&staff())).await;
    let plan = planned(&flows, &world.repo(), &spec).await;
    let run = flows.start_run(&ada(), &plan.id, RunOptions::default()).await.unwrap();
    let question = waiting(&flows).await;
    assert_eq!(question.row.interrupt.kind, InterruptKind::Clarification);
    say(&flows, &question, HumanResponse::words("Greet in English.")).await;
    assert_eq!(run_settled(&flows, &run).await.state, RunState::Done);
    let told = events(&flows).await.into_iter().filter(|event| {
        matches!(&event.body, EventBody::AttemptStarted { hints, .. } if hints == &["Greet in English."])
    });
    assert_eq!(told.count(), 2);
    end(flows).await;
}
