//! What a killed swarm leaves behind is swept; what a living one holds is not.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use swarm_sandbox::{Backend, Exec, How, Limits, MicroVms, Swept};
use tokio_util::sync::CancellationToken;

use crate::ground::{self, Ground, microvm, text};

const STATE: &str = "ORPHANS_ROOT";

/// Not a test by itself: the process that is killed.
#[tokio::test]
#[ignore = "is started by the tests below"]
async fn the_one_that_is_killed() {
    let Some(root) = std::env::var_os(STATE).map(PathBuf::from) else {
        return;
    };
    let argument = std::env::var("ORPHANS_ARGUMENT").unwrap();
    let rung = std::env::var("ORPHANS_RUNG").unwrap();
    let state = root.join("state");
    let choice = rung.parse::<swarm_sandbox::Choice>().unwrap();
    let backend: std::sync::Arc<dyn Backend> = if rung == "qemu" {
        // With the kernel that the tests share, which the ladder does not know of.
        std::sync::Arc::new(MicroVms::qemu_in(&state, microvm::home().unwrap(), true).await.unwrap())
    } else {
        swarm_sandbox::Ladder::climb(choice, &state).await.unwrap().backend
    };
    let spec = swarm_sandbox::SandboxSpec {
        name: "orphan".to_owned(),
        workdir: root.join("work"),
        limits: Limits { wall: std::time::Duration::from_mins(10), ..Limits::default() },
        ..swarm_sandbox::SandboxSpec::default()
    };
    let sandbox = backend.create(spec).await.unwrap();
    println!("made");
    let line = format!("(setsid sleep {argument} &); sleep {argument}");
    let _ = sandbox.exec(Exec::shell(&line), CancellationToken::new()).await;
}

fn start(root: &Path, rung: &str, argument: &str) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "orphans::the_one_that_is_killed", "--ignored", "--nocapture"])
        .env(STATE, root)
        .env("ORPHANS_RUNG", rung)
        .env("ORPHANS_ARGUMENT", argument)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("made")), "it could not make a sandbox");
    child
}

#[tokio::test]
async fn the_sandboxes_of_a_killed_process_are_swept_and_those_of_a_living_one_go_on() {
    let ground = Ground::new();
    for rung in ground.rungs().await {
        let name = rung.backend.rung().to_string();
        let (orphan, own) = (ground::unlike_any_other(), ground::unlike_any_other());
        let sandbox = rung.make(&ground, Limits::default()).await;
        let cancel = CancellationToken::new();
        let line = format!("sleep {own}");
        let running = sandbox.exec(Exec::shell(&line), cancel.clone());
        let sweeping = async {
            let mut child = start(ground.root.path(), &name, &orphan);
            ground::until("both commands", || ground::is_there(&orphan) && ground::is_there(&own)).await;
            assert_eq!(
                swarm_sandbox::sweep(&ground.state()).await.unwrap(),
                Swept::default(),
                "all owners live"
            );
            assert!(ground::is_there(&orphan));

            child.kill().unwrap();
            child.wait().unwrap();
            let swept = swarm_sandbox::sweep(&ground.state()).await.unwrap();
            assert_eq!(swept.owners, 1, "{name}: {swept:?}");
            if rung.limits.is_full() {
                assert!(swept.cgroups > 0, "{name}: {swept:?}");
            }
            assert!(!ground::is_there(&orphan));
            assert!(ground::is_there(&own));
            assert_eq!(swarm_sandbox::sweep(&ground.state()).await.unwrap(), Swept::default());
            cancel.cancel();
        };
        let (ended, ()) = tokio::join!(running, sweeping);
        assert_eq!(ended.unwrap().how, How::Cancelled);
        let ended = sandbox.exec(Exec::shell("echo fine"), CancellationToken::new()).await.unwrap();
        assert_eq!(text(&ended.stdout), "fine\n");
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn when_its_swarm_is_killed_a_bubblewrap_sandbox_dies_without_any_sweep() {
    let ground = Ground::new();
    if ground.bubblewrap().await.is_none() {
        return;
    }
    let argument = ground::unlike_any_other();
    let mut child = start(ground.root.path(), "bubblewrap", &argument);
    ground::until("the command", || ground::is_there(&argument)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    ground::until("its end", || !ground::is_there(&argument)).await;
    swarm_sandbox::sweep(&ground.state()).await.unwrap();
}

#[tokio::test]
async fn what_is_dropped_and_not_stopped_is_freed_all_the_same() {
    let ground = Ground::new();
    for rung in ground.rungs().await {
        let sandbox = rung.make(&ground, Limits::default()).await;
        sandbox.exec(Exec::shell("true"), CancellationToken::new()).await.unwrap();
        drop(sandbox);
        drop(rung);
    }
    let left =
        || std::fs::read_dir(ground.state()).unwrap().flatten().filter(|entry| entry.path().is_dir()).count();
    ground::until("empty", || left() == 0).await;
}

#[tokio::test]
async fn when_its_swarm_is_killed_a_microvm_dies_too_and_the_sweep_leaves_nothing() {
    let ground = Ground::new();
    if ground.microvms().await.is_none() {
        return;
    }
    let limits = ground.process().await.limits;
    let mut child = start(ground.root.path(), "qemu", "600");
    ground::until("the monitor", || !microvm::monitors(&ground.state()).is_empty()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let swept = swarm_sandbox::sweep(&ground.state()).await.unwrap();
    assert_eq!(swept.owners, 1, "{swept:?}");
    assert!(swept.cgroups > 0 || !limits.is_full(), "{swept:?}");
    assert!(microvm::monitors(&ground.state()).is_empty());
    let left: Vec<_> =
        std::fs::read_dir(ground.state()).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.iter().all(|path| !path.is_dir()), "sockets, records, folders: {left:?}");
}
