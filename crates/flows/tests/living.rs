//! A spec that lives: a later version is built on what an earlier one left, and only what changed is worked on.

use swarm_domain::{
    EventBody,
    run::{RunOptions, RunState},
};
use swarm_flows::Flows;
use swarm_store::RunRow;

use crate::world::{
    GREET, GREETER, SHOUT, World, ada, built, count, events, git, planned, run_settled, script,
};

/// The planner is asked about what is open only; each answer names what it was asked about.
const OFFICE: &str = r##"
[[rules]]
contains = "exactly one ticket: REQ-1, REQ-2"
text = '{"tickets": [{"title": "Greet by name", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}, {"title": "Shout", "requirements": ["REQ-2"], "files": ["shout.sh"], "kind": "code"}]}'

[[rules]]
contains = "exactly one ticket: REQ-1"
text = '{"tickets": [{"title": "Greet otherwise", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}]}'

[[rules]]
contains = "exactly one ticket: REQ-2"
text = '{"tickets": [{"title": "Shout otherwise", "requirements": ["REQ-2"], "files": ["shout.sh"], "kind": "code"}]}'

[[rules]]
contains = "# Draft:"
text = '{"title": "", "notes": "Keep it to one line.", "risk": "low"}'

[[rules]]
contains = "merged"
text = '{"title": "feat: greet and shout", "text": "Two scripts that greet."}'
"##;

fn author(file: &str, nth: Option<u32>, content: &str) -> String {
    let nth = nth.map(|nth| format!("nth = {nth}\n")).unwrap_or_default();
    format!(
        "[[rules]]\ncontains = \"You may write only: {file}\"\n{nth}text = '''\n{file}\n```sh\n{content}```\n'''\n"
    )
}

async fn world(authors: &[String]) -> (World, Flows) {
    let world = World::new().await;
    let flows = world.flows(script(&format!("json_schema = true\n{}\n{OFFICE}", authors.join("\n")))).await;
    (world, flows)
}

async fn attempts(flows: &Flows, run: &RunRow) -> Vec<String> {
    let started = events(flows).await.into_iter().filter(|event| {
        event.subject.run.as_ref() == Some(&run.id) && matches!(event.body, EventBody::AttemptStarted { .. })
    });
    let tenant = &flows.parts().config.tenant;
    let tickets = flows.store().tickets(tenant, &run.id).await.unwrap();
    let served = |event: swarm_domain::Event| {
        let row = tickets.iter().find(|row| Some(&row.id) == event.subject.ticket.as_ref()).unwrap();
        row.ticket.requirements[0].to_string()
    };
    started.map(served).collect()
}

/// REQ-2 shouts louder; REQ-1 is as it was.
fn louder() -> String {
    GREETER.replace("HELLO, ADA!", "HELLO, ADA!!")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_changed_spec_only_the_changed_requirement_is_worked_on() {
    let louder_script = "sh greet.sh \"$1\" | tr a-z A-Z | sed 's/$/!/'\n";
    let authors = [
        author("greet.sh", None, GREET),
        author("shout.sh", Some(1), SHOUT),
        author("shout.sh", None, louder_script),
    ];
    let (world, flows) = world(&authors).await;
    let first = built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    assert_eq!(first.state, RunState::Done);
    let second = built(&flows, &world.repo(), &louder(), RunOptions::default()).await;
    assert_eq!(second.state, RunState::Done, "{second:?}");
    assert_eq!(second.options.continues.as_ref(), Some(&first.id));
    assert_eq!(attempts(&flows, &second).await, ["REQ-2"]);
    let tenant = &flows.parts().config.tenant;
    let tickets = flows.store().tickets(tenant, &second.id).await.unwrap();
    let carried: Vec<_> = tickets.iter().map(|row| row.carried.clone()).collect();
    assert_eq!(carried, [Some(first.id.clone()), None]);
    // The branch has both, though nobody merged the first one.
    let branch = format!("swarm/{}", second.id);
    assert_eq!(git(&world.repo(), &["show", &format!("{branch}:shout.sh")]), louder_script.trim());
    assert_eq!(git(&world.repo(), &["show", &format!("{branch}:greet.sh")]), GREET.trim());
    let versions = flows.store().specs(tenant).await.unwrap();
    assert_eq!(versions.iter().map(|row| row.version).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(versions[0].previous.as_ref(), Some(&versions[1].id));
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_carried_ticket_that_a_change_breaks_is_opened_again_and_mended() {
    let polite = GREETER.replace("Hello, Ada!", "Good day, Ada!");
    let authors = [
        author("greet.sh", Some(1), GREET),
        author("greet.sh", None, "echo \"Good day, $1!\"\n"),
        author("shout.sh", Some(1), SHOUT),
        author("shout.sh", None, "echo \"HELLO, $1!\" | tr a-z A-Z\n"),
    ];
    let (world, flows) = world(&authors).await;
    let first = built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    assert_eq!(first.state, RunState::Done);
    let second = built(&flows, &world.repo(), &polite, RunOptions::default()).await;
    assert_eq!(second.state, RunState::Done, "{second:?}");
    assert_eq!(attempts(&flows, &second).await, ["REQ-1", "REQ-2"]);
    let events = events(&flows).await;
    assert_eq!((count(&events, "ticket_carried"), count(&events, "ticket_reopened")), (1, 1));
    // Who takes it up again is told what broke it.
    let told = events.iter().any(|event| {
        event.subject.run.as_ref() == Some(&second.id)
            && matches!(&event.body, EventBody::AttemptStarted { hints, .. } if hints.iter().any(|h| h.contains("shout.sh")))
    });
    assert!(told, "{events:?}");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_run_and_the_same_spec_again_build_everything() {
    let authors = [
        author("greet.sh", None, GREET),
        author("shout.sh", Some(1), SHOUT),
        // A rule counts what the ones before it let through.
        author("shout.sh", Some(1), SHOUT),
        author("shout.sh", None, "sh greet.sh \"$1\" | tr a-z A-Z | sed 's/$/!/'\n"),
    ];
    let (world, flows) = world(&authors).await;
    built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    let again = built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    assert_eq!((again.state.clone(), attempts(&flows, &again).await.len()), (RunState::Done, 2));
    let options = RunOptions { fresh: true, ..RunOptions::default() };
    let fresh = built(&flows, &world.repo(), &louder(), options).await;
    assert_eq!((fresh.state.clone(), attempts(&flows, &fresh).await.len()), (RunState::Done, 2), "{fresh:?}");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_else_broke_meanwhile_is_not_carried() {
    let authors = [
        author("greet.sh", None, GREET),
        author("shout.sh", Some(1), SHOUT),
        author("shout.sh", None, "sh greet.sh \"$1\" | tr a-z A-Z | sed 's/$/!/'\n"),
    ];
    let (world, flows) = world(&authors).await;
    let repo = world.repo();
    let first = built(&flows, &repo, GREETER, RunOptions::default()).await;
    git(&repo, &["checkout", "-q", "-B", "main", &format!("swarm/{}", first.id)]);
    std::fs::write(repo.join("greet.sh"), "echo broken\n").unwrap();
    git(&repo, &["commit", "-qam", "break it"]);
    let second = built(&flows, &repo, &louder(), RunOptions::default()).await;
    assert_eq!(second.state, RunState::Done, "{second:?}");
    assert_eq!(attempts(&flows, &second).await, ["REQ-1", "REQ-2"]);
    assert_eq!(count(&events(&flows).await, "ticket_carried"), 0);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_no_more_is_told_and_left_to_people() {
    let authors = [author("greet.sh", None, GREET), author("shout.sh", None, SHOUT)];
    let (world, flows) = world(&authors).await;
    built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    let less = &GREETER[..GREETER.find("## REQ-2").unwrap()];
    let plan = planned(&flows, &world.repo(), less).await;
    let found = flows.continuation(&plan).await.unwrap().unwrap();
    assert_eq!((found.counts.removed, found.carried.len()), (1, 1));
    assert_eq!(found.leftovers[0].files, ["shout.sh"]);
    let run = flows.start_run(&ada(), &plan.id, RunOptions::default()).await.unwrap();
    let run = run_settled(&flows, &run).await;
    assert_eq!(run.state, RunState::Done);
    assert!(attempts(&flows, &run).await.is_empty());
    flows.shutdown().await;
}
