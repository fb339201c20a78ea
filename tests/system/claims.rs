//! Claims when things go wrong: a worker that sleeps through its lease, a server that dies with returned work in its
//! hands, many that claim at once, a wire that breaks.

use std::{fs, thread};

use nix::sys::signal::Signal;
use serde_json::Value;
use swarm_client::{Client, ClientError, types};
use tokio::runtime::Runtime;

use crate::{
    model::{Answer, PLANS, WRITES_GREET, WRITES_SHOUT, file, staff},
    remote::{holds, settle, worker, worker_command, worker_with},
    wire::Wire,
    workers,
    world::{World, count, eventually, git},
};

const GREET: &str = "echo \"Hello, $1!\"\n";
const SHOUT: &str = "sh greet.sh \"$1\" | tr a-z A-Z\n";

/// Two scripts that need nothing of each other.
const PAIR: &str = "\
# Pair

Shell scripts that greet.

## REQ-1: Greet by name

`greet.sh` greets the name that it is given.

```console
$ sh greet.sh Ada
Hello, Ada!
```

## REQ-2: Part by name

`part.sh` takes leave of the name that it is given.

```console
$ sh part.sh Ada
Bye, Ada!
```
";
const PAIR_PLAN: &str = r#"{"tickets": [{"title": "Greet by name", "requirements": ["REQ-1"], "files": ["greet.sh"], "kind": "code"}, {"title": "Part by name", "requirements": ["REQ-2"], "files": ["part.sh"], "kind": "code"}]}"#;

/// A worker by hand: what it sends is the test's affair.
struct Hand {
    runtime: Runtime,
    client: Client,
}

impl Hand {
    fn new(world: &World, url: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let token = world.data().join("server.json");
        let client = runtime.block_on(async { Client::with_token_file(url, &token) }).unwrap();
        Self { runtime, client }
    }

    fn claim(&self, name: &str) -> Option<types::ClaimedWork> {
        let asked =
            types::ClaimRequest { worker: name.to_owned(), labels: Vec::new(), wait_seconds: Some(2) };
        self.runtime.block_on(self.client.claim(&asked)).unwrap()
    }

    fn claimed(&self, name: &str) -> types::ClaimedWork {
        eventually("a claim", || self.claim(name))
    }

    fn complete(&self, work: &types::ClaimedWork, path: &str, text: &str) -> Result<(), ClientError> {
        let file = types::OutcomeFile { path: path.to_owned(), text: Some(text.to_owned()), deleted: None };
        let outcome =
            types::WorkOutcome { files: Some(vec![file]), summary: Some("done".to_owned()), failed: None };
        let (claim, token) = (work.claim.clone(), work.token);
        let completion = types::Completion { claim, token, outcome, spend: None, models: Vec::new() };
        self.runtime.block_on(self.client.complete(&completion)).map(drop)
    }
}

/// How often this worker's work was taken.
fn returned_by(events: &[Value], name: &str) -> usize {
    let body = |event: &&Value| event["body"]["type"] == "work_returned" && event["body"]["worker"] == name;
    events.iter().filter(body).count()
}

#[test]
fn a_worker_that_slept_past_its_lease_is_refused_and_nothing_of_its_work_is_merged() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    world.model.hold(&[WRITES_GREET]);
    let _up = world.up();
    let build = world.start(world.build(&["--json", "--claimed"]));
    let mut command = worker_command(&world, &url, "asleep", &world.data().join("server.json"));
    command.arg("--once");
    let asleep = world.start(command);
    world.model.asked(WRITES_GREET, 0);
    holds(&world, "asleep");
    asleep.signal(Signal::SIGSTOP);
    // Takes it as soon as the lease has run out.
    let _awake = worker(&world, &url, "awake");
    holds(&world, "awake");
    world.model.hold(&[]);
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    let refs = git(&world.repo(), &["for-each-ref"]);
    // The model's answer waited for it; its lease did not.
    asleep.signal(Signal::SIGCONT);
    let ended = asleep.ended();
    ended.failed(1, "claim.stale");
    assert!(ended.out.contains("was lost"), "{ended:?}");
    let events = world.events();
    assert_eq!((returned_by(&events, "asleep"), returned_by(&events, "awake")), (0, 2));
    assert_eq!(git(&world.repo(), &["for-each-ref"]), refs);
    world.is_whole();
}

#[test]
fn a_server_that_is_killed_with_work_in_its_hands_neither_loses_it_nor_merges_it_twice() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    let up = world.up();
    let build = world.start(world.build(&["--json", "--claimed"]));
    let hand = Hand::new(&world, &url);
    let work = hand.claimed("hand");
    hand.complete(&work, "greet.sh", GREET).unwrap();
    up.signal(Signal::SIGKILL);
    up.ended();
    assert_eq!(count(&world.events(), "work_returned"), 1, "what was accepted is kept");
    let _up = world.up();
    hand.complete(&work, "greet.sh", GREET).unwrap();
    let other = hand.complete(&work, "greet.sh", SHOUT).unwrap_err();
    assert_eq!(other.code(), "claim.settled");
    let work = hand.claimed("hand");
    assert_eq!(work.brief.number, 1);
    hand.complete(&work, "shout.sh", SHOUT).unwrap();
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    assert_eq!(count(&world.events(), "attempt_started"), 2, "no attempt was made again");
}

#[test]
fn two_workers_that_claim_at_once_get_a_ticket_each_and_never_the_same() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    world.write("spec.md", PAIR);
    world.model.play(|asked| {
        if asked.contains(PLANS) {
            Answer::Say(PAIR_PLAN.to_owned())
        } else if asked.contains("You may write only: part.sh") {
            file("part.sh", "echo \"Bye, $1!\"\n")
        } else {
            staff(asked)
        }
    });
    world.model.hold(&["You may write only"]);
    let _up = world.up();
    let workers = ["one", "two", "three"].map(|name| worker(&world, &url, name));
    let build = world.start(world.build(&["--json", "--claimed"]));
    world.until("two claims", |events| count(events, "work_claimed") >= 2);
    world.model.hold(&[]);
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    let events = world.events();
    let claims: Vec<_> = events.iter().filter(|event| event["body"]["type"] == "work_claimed").collect();
    assert_eq!(claims.len(), 2, "{claims:?}");
    assert_ne!(claims[0]["body"]["claim"], claims[1]["body"]["claim"]);
    assert_ne!(claims[0]["body"]["worker"], claims[1]["body"]["worker"]);
    assert_eq!((count(&events, "merged"), count(&events, "work_returned")), (2, 2));
    drop(workers);
}

#[test]
fn of_many_that_wait_for_one_ticket_one_gets_it() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    let _up = world.up();
    let build = world.start(world.build(&["--json", "--claimed"]));
    for (path, text) in [("greet.sh", GREET), ("shout.sh", SHOUT)] {
        let work = eventually("a claim", || {
            let mut taken: Vec<_> = thread::scope(|scope| {
                let ask = |n: u32| {
                    let (world, url) = (&world, &url);
                    scope.spawn(move || Hand::new(world, url).claim(&format!("hand-{n}")))
                };
                let hands: Vec<_> = (0..6).map(ask).collect();
                hands.into_iter().filter_map(|hand| hand.join().unwrap()).collect()
            });
            assert!(taken.len() <= 1, "{} have it", taken.len());
            taken.pop()
        });
        Hand::new(&world, &url).complete(&work, path, text).unwrap();
    }
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
}

#[test]
fn a_wire_that_breaks_before_the_answer_to_returned_work_does_no_harm() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    let _up = world.up();
    let wire = Wire::to(&url);
    wire.cut_answers_to("POST /complete", 3);
    let build = world.start(world.build(&["--json", "--claimed"]));
    let far = worker_with(&world, &wire.url(), "far", &world.data().join("server.json"));
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    assert_eq!(wire.left(), 0, "every cut was made");
    assert_eq!(returned_by(&world.events(), "far"), 2, "what was sent again is the same work");
    assert!(!far.has_ended());
}

#[test]
fn a_run_that_is_cancelled_while_its_work_is_elsewhere_ends_and_the_worker_is_told() {
    let Some(world) = World::new() else { return };
    let url = settle(&world);
    world.model.hold(&[WRITES_GREET, WRITES_SHOUT]);
    let _up = world.up();
    let build = world.start(world.build(&["--json", "--claimed"]));
    let far = worker(&world, &url, "far");
    holds(&world, "far");
    let run = world.json(&["run", "show"]);
    let cancelled = world.swarm(&["run", "cancel", run["id"].as_str().unwrap(), "--reason", "enough"]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    // The model still holds its answer back: nobody waits for the worker.
    assert_ne!(build.ended().code, 0);
    assert_eq!(world.state(), "cancelled");
    eventually("the worker's word", || {
        fs::read_to_string(&far.out).unwrap().contains("claim.withdrawn").then_some(())
    });
    assert_eq!(count(&world.events(), "work_returned"), 0);
    assert!(!far.has_ended());
}

#[test]
fn a_node_that_is_told_to_stop_does_not_wait_for_work_that_is_elsewhere() {
    let Some(world) = World::shared() else { return };
    let url = settle(&world);
    world.model.hold(&[WRITES_GREET]);
    let up = world.up();
    let build = world.start(world.build(&["--json", "--claimed"]));
    let _far = worker(&world, &url, "far");
    holds(&world, "far");
    // The ticket comes to a node that drains when it is told to stop.
    let node = workers::worker(&world, "node", &[]);
    up.signal(Signal::SIGKILL);
    up.ended();
    eventually("the ticket at the node", || workers::works_on(&world, "node", "ticket/").then_some(()));
    let _up = world.up();
    node.signal(Signal::SIGTERM);
    let ended = node.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.err.contains("take longer than is waited"), "{ended:?}");
    world.model.hold(&[]);
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
}
