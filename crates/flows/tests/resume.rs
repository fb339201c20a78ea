//! A process that stops in the middle: the next one goes on, and does nothing twice.

use swarm_domain::{AttemptId, EventBody, ProjectId, run::RunOptions, run::RunState};

use crate::world::{self, GREETER, World, count, events, eventually, planned, run_settled, script};

const STAFF: &str = r##"
json_schema = true
[[rules]]
contains = "You may write only: greet.sh"
text = '''
greet.sh
```sh
echo "Hello, $1!"
```
'''

[[rules]]
contains = "You may write only: shout.sh"
text = '''
shout.sh
```sh
sh greet.sh "$1" | tr a-z A-Z
```
'''

[[rules]]
contains = "Each of these ids must be in exactly one ticket"
text = '{"tickets": [{"title": "Greet", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}]}'

[[rules]]
contains = "# Draft:"
text = '{"title": "", "notes": "", "risk": "low"}'

[[rules]]
text = '{"title": "feat: greet", "text": "Greets."}'
"##;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_goes_on_in_the_next_process_from_any_event_on() {
    // Stopped after each of these for the first time: while planning, working, judging, merging, offering.
    for stop_after in ["plan_requested", "attempt_started", "tool_called", "committed", "check_run", "merged"]
    {
        let world = World::new().await;
        let flows = world.flows(script(STAFF)).await;
        let repo = world.repo();
        let plan = planned(&flows, &repo, GREETER).await;
        let run = flows.start_run(&world::ada(), &plan.id, RunOptions::default()).await.unwrap();
        eventually(|| async { (count(&events(&flows).await, stop_after) > 0).then_some(()) }).await;
        flows.shutdown().await;
        drop(flows);

        let flows = world.flows(script(STAFF)).await;
        let row = run_settled(&flows, &run).await;
        assert_eq!(row.state, RunState::Done, "stopped after {stop_after}");
        let events = events(&flows).await;
        assert_eq!(count(&events, "merged"), 2, "stopped after {stop_after}");
        assert_eq!(count(&events, "attempt_started"), 2, "stopped after {stop_after}");
        assert_eq!(count(&events, "committed"), 2, "stopped after {stop_after}");
        assert_eq!(count(&events, "pull_request_opened"), 1, "stopped after {stop_after}");
        // One plan, a text for each ticket, an author for each, one summary: nothing was asked twice.
        assert_eq!(count(&events, "model_called"), 6, "stopped after {stop_after}");
        let replies = events.iter().filter(|e| matches!(e.body, EventBody::ModelCalled { .. })).count();
        assert_eq!(
            row.spend.calls + 3,
            u64::try_from(replies).unwrap(),
            "the plan's three calls are not the run's"
        );
        flows.store().verify(&flows.parts().config.tenant).await.unwrap();
        flows.shutdown().await;
    }
}

/// Two scripts that know nothing of each other.
const TWO: &str = "# Two\n\nTwo scripts.\n\n\
    ## REQ-1: One\n\n`one.sh` says one.\n\n```console\n$ sh one.sh\none\n```\n\n\
    ## REQ-2: Two\n\n`two.sh` says two.\n\n```console\n$ sh two.sh\ntwo\n```\n";

/// Its authors, of whom the first takes his time.
fn authors(delay_ms: u64) -> String {
    let author = |name: &str, delay: u64| {
        format!(
            "[[rules]]\ncontains = \"You may write only: {name}.sh\"\ndelay_ms = {delay}\n\
             text = \"{name}.sh\\n```sh\\necho {name}\\n```\\n\"\n\n"
        )
    };
    let plan = r#"{"tickets": [
        {"title": "One", "requirements": ["REQ-1"], "files": ["one.sh"], "kind": "code"},
        {"title": "Two", "requirements": ["REQ-2"], "files": ["two.sh"], "kind": "code"}]}"#;
    format!(
        "json_schema = true\n\n{}{}[[rules]]\ncontains = \"exactly one ticket\"\ntext = '''{plan}'''\n\n\
         [[rules]]\ncontains = \"# Draft:\"\ntext = '{{\"title\": \"\", \"notes\": \"\", \"risk\": \"low\"}}'\n\n\
         [[rules]]\ntext = '{{\"title\": \"feat: two\", \"text\": \"Two.\"}}'\n",
        author("one", delay_ms),
        author("two", 0)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_whose_worktree_was_made_before_a_kill_goes_on_though_the_branch_moved_meanwhile() {
    let world = World::new().await;
    let flows = world.flows(script(&authors(600_000))).await;
    let plan = planned(&flows, &world.repo(), TWO).await;
    let options = RunOptions { max_parallel: 1, ..RunOptions::default() };
    let run = flows.start_run(&world::ada(), &plan.id, options).await.unwrap();
    eventually(|| async { (count(&events(&flows).await, "attempt_started") == 1).then_some(()) }).await;
    // The last thing that the process did for the second ticket: its worktree is there, and no event says so.
    let tenant = flows.parts().config.tenant.clone();
    let base = flows.store().run(&tenant, &run).await.unwrap().base.unwrap();
    let mirror = flows.parts().forge.known(&ProjectId::parse("greeter").unwrap()).await.unwrap().unwrap();
    let tickets = flows.store().tickets(&tenant, &run).await.unwrap();
    let second = tickets.iter().find(|row| row.ticket.title.contains("Two")).unwrap();
    let second = AttemptId::of(&second.ticket.id, 1);
    mirror.worktree(&run, &second, &base).await.unwrap();
    flows.shutdown().await;
    drop(flows);

    let flows = world.flows(script(&authors(0))).await;
    let row = run_settled(&flows, &run).await;
    assert_eq!(row.state, RunState::Done);
    let events = events(&flows).await;
    assert_eq!(count(&events, "merged"), 2);
    let began = events.iter().find_map(|event| match &event.body {
        EventBody::AttemptStarted { base, .. } if event.subject.attempt.as_ref() == Some(&second) => {
            Some(base)
        }
        _ => None,
    });
    assert_eq!(began, Some(&base), "it goes on from where its worktree was made");
    flows.store().verify(&tenant).await.unwrap();
    flows.shutdown().await;
}
