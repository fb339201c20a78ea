//! A process that stops in the middle: the next one goes on, and does nothing twice.

mod world;

use swarm_domain::{EventBody, run::RunOptions, run::RunState};
use world::{GREETER, World, count, events, eventually, planned, run_settled, script};

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
