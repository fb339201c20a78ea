//! How commands end, and that nothing of them lives on.

use swarm_domain::attempt::Rung;
use swarm_sandbox::{Backend, Bubblewrap, Exec, How, Limits, SandboxError, SandboxSpec};
use tokio_util::sync::CancellationToken;

use crate::ground::{self, FINE, Ground, text};

#[tokio::test]
async fn exit_codes_are_those_of_a_shell() {
    let ground = Ground::new();
    ground::write(&ground.work.join("plain"), "");
    for rung in ground.everywhere().await {
        let sandbox = rung.make(&ground, Limits::default()).await;
        for (argv, code) in [
            (&["/bin/sh", "-c", "exit 42"][..], 42),
            (&["no-such-program"], 127),
            (&["./plain"], 126),
            (&["true"], 0),
        ] {
            let argv: Vec<_> = argv.iter().map(|&word| word.to_owned()).collect();
            let command = Exec { argv: argv.clone(), ..Exec::default() };
            let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
            assert_eq!(ended.how, How::Exited { code }, "{argv:?} {}", text(&ended.stderr));
        }
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_signal_that_the_command_sends_itself_is_told_as_far_as_the_rung_can() {
    let ground = Ground::new();
    for rung in ground.rungs().await {
        let ended = rung.run(&ground, Limits::default(), "kill -SEGV $$").await;
        let wanted = match rung.backend.rung() {
            Rung::Process => How::Signalled { signal: 11 },
            _ => How::Exited { code: 128 + 11 },
        };
        assert_eq!(ended.how, wanted);
    }
}

#[tokio::test]
async fn children_left_in_the_background_are_killed_and_hold_nothing_up() {
    let ground = Ground::new();
    for rung in ground.rungs().await {
        let argument = ground::unlike_any_other();
        let line = format!(
            "sleep {argument} & (setsid sleep {argument} &) ; nohup setsid sh -c 'sleep {argument} & wait' >/dev/null 2>&1 & echo done"
        );
        let ended = rung.run(&ground, Limits::default(), &line).await;
        assert_eq!((ended.how, text(&ended.stdout)), (FINE, "done\n".to_owned()));
        assert!(!ground::is_there(&argument));
    }
}

#[tokio::test]
async fn cancelling_ends_a_command_at_once_with_all_its_processes() {
    let ground = Ground::new();
    for rung in ground.rungs().await {
        let argument = ground::unlike_any_other();
        let sandbox = rung
            .make(&ground, Limits { wall: std::time::Duration::from_hours(1), ..Limits::default() })
            .await;
        let cancel = CancellationToken::new();
        let line = format!("trap '' TERM; (setsid sleep {argument} &); echo half; sleep {argument}");
        let running = sandbox.exec(Exec::shell(&line), cancel.clone());
        let cancelling = async {
            ground::until("the command", || ground::is_there(&argument)).await;
            cancel.cancel();
        };
        let (ended, ()) = tokio::join!(running, cancelling);
        assert_eq!(ended.unwrap().how, How::Cancelled);
        assert!(!ground::is_there(&argument));
        let ended = sandbox.exec(Exec::shell("true"), cancel).await.unwrap();
        assert_eq!(ended.how, How::Cancelled, "cancelled before it began");
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_any_more_is_killed() {
    let ground = Ground::new();
    for rung in ground.rungs().await {
        let argument = ground::unlike_any_other();
        let sandbox = rung.make(&ground, Limits::default()).await;
        let line = format!("(setsid sleep {argument} &); sleep {argument}");
        tokio::select! {
            ended = sandbox.exec(Exec::shell(&line), CancellationToken::new()) => panic!("ended by itself: {ended:?}"),
            () = ground::until("the command", || ground::is_there(&argument)) => {}
        }
        ground::until("its end", || !ground::is_there(&argument)).await;
        let ended = sandbox.exec(Exec::shell("echo fine"), CancellationToken::new()).await.unwrap();
        assert_eq!(text(&ended.stdout), "fine\n");
        drop(sandbox);
    }
}

#[tokio::test]
async fn standard_input_that_is_not_read_blocks_nothing() {
    let ground = Ground::new();
    for rung in ground.everywhere().await {
        let sandbox = rung.make(&ground, Limits::default()).await;
        let command = Exec { stdin: vec![b'x'; 1 << 20], ..Exec::shell("exit 5") };
        let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
        assert_eq!(ended.how, How::Exited { code: 5 });
        let command = Exec { stdin: vec![b'x'; 1 << 20], ..Exec::shell("wc -c") };
        let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
        assert_eq!(text(&ended.stdout).trim(), (1 << 20).to_string());
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_working_folder_that_is_not_there_is_an_error_and_no_exit_code() {
    let ground = Ground::new();
    std::fs::create_dir_all(ground.work.join("a/b")).unwrap();
    for rung in ground.everywhere().await {
        let sandbox = rung.make(&ground, Limits::default()).await;
        for cwd in ["nowhere", "..", "/etc"] {
            let command = Exec { cwd: cwd.into(), ..Exec::shell("true") };
            let error = sandbox.exec(command, CancellationToken::new()).await.unwrap_err();
            assert!(matches!(error, SandboxError::Invalid { .. }), "{error}");
        }
        let command = Exec { cwd: "a/b".into(), ..Exec::shell("pwd") };
        let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
        assert!(text(&ended.stdout).ends_with("a/b\n"));
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_sandbox_that_cannot_be_made_leaves_nothing_behind() {
    let ground = Ground::new();
    let rung = Bubblewrap::open(&ground.state()).await.unwrap();
    let spec = SandboxSpec {
        name: "test".to_owned(),
        workdir: ground.root.path().join("missing"),
        ..SandboxSpec::default()
    };
    assert!(rung.create(spec).await.is_err());
    drop(rung);
    let left: Vec<_> =
        std::fs::read_dir(ground.state()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["gate"]);
}
