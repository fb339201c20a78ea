//! `swarm vm`: people look into the sandboxes of a build that works, take one over, and the build goes on.

use std::{
    fs,
    io::Write,
    process::{Child, ChildStdin, Command, Stdio},
};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::{
    model::{Answer, WRITES_GREET, WRITES_SHOUT, staff},
    program::Running,
    workers::worker,
    world::{World, count, eventually},
};

/// What the agent's first command says, and so the question after it.
const FIRST: &str = "the first command ran";

fn act(name: &str, arguments: &Value) -> Value {
    json!({"name": name, "arguments": arguments})
}

fn finish(file: &str, content: &str) -> Answer {
    Answer::Act(vec![
        act("write", &json!({"path": file, "content": content})),
        act("finish", &json!({"done": true, "summary": "It is written."})),
    ])
}

/// A world whose coder runs a command, thinks while the test holds it, runs another, and writes its file.
fn world() -> Option<World> {
    let world = World::new()?;
    let provider = format!(
        "[[models.providers]]\nname = \"here\"\nkind = \"compatible\"\nbase_url = \"{}\"\n\
         models = [{{ name = \"one\", tools = true }}]\n[flows.retry]\nwaits_ms = [10, 10]\n[flows.vms]\nlease_seconds = 6\n\
         kept_seconds = 600\n",
        world.model.url()
    );
    world.write("swarm.toml", provider);
    world.model.play(|asked| {
        if asked.contains(WRITES_GREET) {
            if asked.contains("and the second") {
                return finish("greet.sh", "echo \"Hello, $1!\"\n");
            }
            let command = if asked.contains(FIRST) {
                "cat by-hand; rm -f by-hand; echo and the second"
            } else {
                "echo the first command ran"
            };
            return Answer::Act(vec![act("run", &json!({ "command": command }))]);
        }
        if asked.contains(WRITES_SHOUT) {
            return finish("shout.sh", "sh greet.sh \"$1\" | tr a-z A-Z\n");
        }
        staff(asked)
    });
    world.model.hold(&[FIRST]);
    Some(world)
}

/// The one sandbox that an agent has.
fn vm(world: &World) -> Value {
    eventually("the sandbox of the attempt", || {
        let found = world.json(&["vm", "list"]);
        let items = found["items"].as_array().unwrap().clone();
        items.into_iter().find(|vm| vm["agent"] == "coder" && vm["state"] == "idle")
    })
}

/// A shell at which lines are typed.
struct Shell {
    child: Child,
    stdin: Option<ChildStdin>,
    out: std::path::PathBuf,
    err: std::path::PathBuf,
}

impl Shell {
    fn open(world: &World, mut command: Command, name: &str) -> Self {
        let (out, err) = (world.path().join(format!("{name}.out")), world.path().join(format!("{name}.err")));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(fs::File::create(&out).unwrap())
            .stderr(fs::File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        Self { child, stdin, out, err }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.out).unwrap()
    }

    fn leaves(mut self) -> (i32, String, String) {
        drop(self.stdin.take());
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), self.said(), fs::read_to_string(&self.err).unwrap())
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn up_and_building(world: &World) -> (Running, Running) {
    let up = world.up();
    let build = world.start(world.build(&["--json"]));
    (up, build)
}

fn position(events: &[Value], is: impl Fn(&Value) -> bool) -> usize {
    events.iter().position(is).unwrap()
}

#[test]
fn a_person_takes_a_sandbox_over_and_the_agents_next_command_sees_what_they_did() {
    let Some(world) = world() else { return };
    assert!(world.swarm(&["vm", "list"]).out.contains("no sandbox is there"));
    world.swarm(&["vm", "show", "vm_nobody"]).failed(1, "vm.unknown");
    let (up, build) = up_and_building(&world);
    let one = vm(&world);
    let (id, attempt) = (one["id"].as_str().unwrap(), one["attempt"].as_str().unwrap());

    for arguments in [&["vm", "list"][..], &["vm", "show", id], &["vm", "console", attempt]] {
        let said = world.swarm(arguments);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains(if arguments[1] == "console" { FIRST } else { attempt }), "{said:?}");
    }
    let said = world.swarm(&["vm", "exec", attempt, "echo seen; echo bad >&2; exit 4"]);
    assert_eq!((said.code, said.out.as_str()), (1, "seen\n"), "{said:?}");
    assert!(said.err.contains("bad") && said.err.contains("[exit 4]"), "{said:?}");
    let said = world.swarm(&["--json", "vm", "exec", id, "--", "printf", "%s", "it's"]).documents().remove(0);
    assert_eq!((&said["stdout"], &said["exit_code"]), (&json!("it's"), &json!(0)));
    world.swarm(&["vm", "exec", id, &"x".repeat(9_000)]).failed(1, "vm.line");

    let mut shell = Shell::open(&world, world.command(&["vm", "shell", attempt]), "shell");
    shell.types("mkdir -p inner");
    shell.types("cd inner");
    shell.types("pwd; echo by hand > ../by-hand");
    eventually("the last line", || shell.said().contains("/inner\n").then_some(()));
    let second = world.swarm(&["vm", "shell", id]);
    second.failed(1, "vm.taken_over");
    assert!(second.err.contains(&format!("has {id} since")), "{second:?}");
    // The agent goes on and wants its next command.
    world.model.hold(&[]);
    eventually("the agent's next command", || (world.model.answers(FIRST) > 0).then_some(()));
    let shown = world.json(&["vm", "show", id]);
    assert_eq!(shown["state"], "taken_over", "{shown}");
    shell.types("cd ../..");
    shell.types("rmdir ../inner; false");
    let (code, out, err) = shell.leaves();
    assert_eq!(code, 1, "the last line failed: {out} {err}");
    assert!(err.contains("handed back") && err.contains("outside of /work"), "{err}");

    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    let events = world.events();
    let handed_back = position(&events, |event| event["body"]["type"] == "sandbox_handed_back");
    let agents_next = position(&events, |event| {
        event["body"]["type"] == "tool_called"
            && event["body"]["about"].as_str().is_some_and(|about| about.starts_with("cat by-hand"))
    });
    assert!(handed_back < agents_next, "the agent waited");
    assert_eq!(events[agents_next]["body"]["ok"], true);
    assert_eq!(count(&events, "sandbox_taken_over"), 1);
    assert_eq!(events[handed_back]["body"]["why"], "given");
    let typed: Vec<_> = events
        .iter()
        .filter(|event| event["body"]["type"] == "sandbox_command_run")
        .map(|event| event["body"]["command"].as_str().unwrap())
        .collect();
    assert!(typed.contains(&"pwd; echo by hand > ../by-hand"), "{typed:?}");
    let logs = world.swarm(&["run", "logs"]);
    assert!(logs.out.contains("a person took over") && logs.out.contains("a person ran in"), "{logs:?}");
    assert!(world.json(&["vm", "list"])["items"].as_array().unwrap().is_empty());
    up.signal(Signal::SIGINT);
    assert_eq!(up.ended().code, 0);
}

#[test]
fn a_terminal_that_goes_away_hands_back_by_itself_and_a_killed_server_leaves_nothing() {
    let Some(world) = world() else { return };
    let (up, build) = up_and_building(&world);
    let id = vm(&world)["id"].as_str().unwrap().to_owned();
    let mut shell = Shell::open(&world, world.command(&["vm", "shell", &id]), "gone");
    shell.types("echo there");
    eventually("the shell", || shell.said().contains("there").then_some(()));
    // It cannot say goodbye.
    shell.child.kill().unwrap();
    eventually("the end of the lease", || {
        (world.json(&["vm", "show", &id])["state"] == "idle").then_some(())
    });
    world.until("what is written down", |events| {
        events.iter().any(|event| {
            event["body"]["type"] == "sandbox_handed_back" && event["body"]["why"] == "lease_ended"
        })
    });

    // Taken over again, and the server is killed.
    let mut shell = Shell::open(&world, world.command(&["vm", "shell", &id]), "again");
    shell.types("echo here");
    eventually("the shell", || shell.said().contains("here").then_some(()));
    up.signal(Signal::SIGKILL);
    up.ended();
    drop(shell);
    world.model.hold(&[]);
    let up = world.up();
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    up.signal(Signal::SIGINT);
    assert_eq!(up.ended().code, 0);
    // Neither a record of a sandbox nor files of a fork.
    for folder in ["sandboxes", "flows/vms"] {
        let owners = fs::read_dir(world.data().join(folder)).unwrap().flatten().map(|entry| entry.path());
        let within = owners.flat_map(|owner| fs::read_dir(owner).into_iter().flatten().flatten());
        let left = within.map(|entry| entry.path());
        let left: Vec<_> = left
            .filter(|path| path.extension().is_some_and(|end| end == "json") || path.ends_with("forks"))
            .collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

#[test]
fn a_snapshot_of_a_sandbox_is_forked_and_the_fork_is_looked_into() {
    let Some(world) = world() else { return };
    let (up, build) = up_and_building(&world);
    let attempt = vm(&world)["attempt"].as_str().unwrap().to_owned();
    assert!(world.swarm(&["vm", "snapshots"]).out.contains("nothing was written down"));
    assert_eq!(world.swarm(&["vm", "exec", &attempt, "echo kept > by-hand"]).code, 0);
    let taken = world.json(&["vm", "snapshot", &attempt]);
    let snapshot = taken["id"].as_str().unwrap();
    assert!(taken["position"].as_u64().unwrap() > 0 && taken["memory"] == false, "{taken}");
    let fork = world.json(&["vm", "fork", snapshot]);
    let id = fork["id"].as_str().unwrap();
    assert_eq!(world.swarm(&["vm", "exec", id, "cat by-hand; echo changed > by-hand"]).out, "kept\n");
    assert_eq!(world.swarm(&["vm", "exec", &attempt, "cat by-hand"]).out, "kept\n");
    assert!(world.swarm(&["vm", "list"]).out.contains("fork of"));
    assert!(world.swarm(&["vm", "snapshots"]).out.contains("files alone"));
    assert_eq!(world.swarm(&["vm", "stop", id]).code, 0);
    world.swarm(&["vm", "show", id]).failed(1, "vm.unknown");
    world.swarm(&["vm", "fork", "snapshot_nobody"]).failed(1, "vm.unknown");
    // The work is not disturbed by any of it, nor by being stopped.
    assert_eq!(world.swarm(&["vm", "stop", &attempt]).code, 0);
    world.model.hold(&[]);
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    up.signal(Signal::SIGINT);
    assert_eq!(up.ended().code, 0);
}

#[test]
fn a_sandbox_that_another_node_has_is_named_with_that_node() {
    let Some(world) = World::shared() else { return };
    let _up = world.up();
    let _one = worker(&world, "one", &["--labels", "gpu"]);
    world.model.hold(&[WRITES_GREET]);
    let build = world.start(world.build(&["--json", "--label", "gpu"]));
    world.model.asked(WRITES_GREET, 0);
    let found = world.json(&["vm", "list"]);
    let other = found["elsewhere"][0].clone();
    assert_eq!((&other["node"], &other["rung"]), (&json!("one"), &json!("bubblewrap")), "{found}");
    let attempt = other["attempt"].as_str().unwrap();
    let refused = world.swarm(&["vm", "shell", attempt]);
    refused.failed(1, "vm.elsewhere");
    assert!(refused.err.contains("is with one"), "{refused:?}");
    assert!(world.swarm(&["vm", "list"]).out.contains("elsewhere:"));
    world.model.hold(&[]);
    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
}
