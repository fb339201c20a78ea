//! MicroVMs: each test starts real ones, emulated where the host has no hardware virtualisation.

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    sync::Arc,
};

use swarm_sandbox::{Backend, Exec, How, Limits, MicroVms, Sandbox, SandboxError};
use tokio_util::sync::CancellationToken;

use crate::ground::{self, FINE, Ground, microvm, text};

/// Small machines: all these tests share one template.
fn small() -> Limits {
    Limits {
        memory_bytes: 64 << 20,
        disk_bytes: 32 << 20,
        wall: std::time::Duration::from_mins(2),
        ..Limits::default()
    }
}

async fn make(rung: &Arc<MicroVms>, ground: &Ground) -> Box<dyn Sandbox> {
    rung.create(ground.spec(small())).await.unwrap()
}

async fn run(sandbox: &dyn Sandbox, line: &str) -> (How, String) {
    let ended = sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap();
    (ended.how, text(&ended.stdout))
}

#[tokio::test]
async fn a_command_sees_the_work_folder_and_what_it_changes_comes_back() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let work = &ground.work;
    fs::create_dir(work.join("inner")).unwrap();
    ground::write(&work.join("inner/file"), "from the host");
    ground::write(&work.join("gone"), "");
    ground::write(&work.join(".git"), "gitdir: /elsewhere");
    ground::write(&work.join("tool"), "#!/bin/sh\necho ran\n");
    fs::set_permissions(work.join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    let sandbox = make(&rung, &ground).await;
    let line = "cat inner/file; ./tool; rm gone; mkdir new; echo out > new/file; chmod 700 new/file; ln -s ../nowhere new/link; \
                ls -A /work; id -u; echo \"$HOME\"; exit 4";
    let (how, said) = run(&*sandbox, line).await;
    assert_eq!(how, How::Exited { code: 4 }, "{said}");
    assert_eq!(said, "from the hostran\ninner\nnew\ntool\n1000\n/tmp\n");
    assert_eq!(fs::read_to_string(work.join("new/file")).unwrap(), "out\n");
    assert_eq!(fs::metadata(work.join("new/file")).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_link(work.join("new/link")).unwrap(), Path::new("../nowhere"));
    assert!(!work.join("gone").exists());
    assert_eq!(fs::read_to_string(work.join(".git")).unwrap(), "gitdir: /elsewhere");

    // What the host changes between two commands the second one sees.
    ground::write(&work.join("inner/file"), "another");
    fs::remove_dir_all(work.join("new")).unwrap();
    let (how, said) = run(&*sandbox, "cat inner/file; ls").await;
    assert_eq!((how, said.as_str()), (FINE, "anotherinner\ntool\n"));

    let command = Exec {
        argv: vec!["sh".to_owned(), "-c".to_owned(), "pwd; echo $OWN; cat; echo err >&2".to_owned()],
        env: [("OWN".to_owned(), "a 'value'".to_owned())].into(),
        cwd: "inner".into(),
        stdin: vec![b'x'; 300_000],
        wall: None,
    };
    let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
    assert_eq!(ended.how, FINE);
    assert!(text(&ended.stdout).starts_with("/work/inner\na 'value'\nxxx"), "{}", text(&ended.stdout));
    assert_eq!(ended.stdout.len() as u64 + ended.dropped_bytes, 300_000 + 22 + marker(&ended.stdout));
    assert_eq!(text(&ended.stderr), "err\n");
    sandbox.stop().await.unwrap();
}

/// The line that says how much was dropped is none of the output.
fn marker(kept: &[u8]) -> u64 {
    let all = text(kept);
    let line = all.lines().find(|line| line.starts_with("[... ")).unwrap();
    line.len() as u64 + 2
}

#[tokio::test]
async fn what_a_hostile_command_leaves_in_the_work_folder_harms_nobody() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let outside = ground.root.path().join("outside");
    fs::create_dir(&outside).unwrap();
    ground::write(&outside.join("file"), "unchanged");
    fs::create_dir(ground.work.join("folder")).unwrap();
    symlink(&outside, ground.work.join("out")).unwrap();
    let sandbox = make(&rung, &ground).await;
    let attack = format!(
        "echo x > out/file; rm -rf folder; ln -s {0} folder; mkdir .git; echo hook > .git/hook; mkfifo pipe; \
         cp /bin/busybox s; chmod 6755 s; echo fine > fine; ln -sf {0}/file plain",
        outside.display()
    );
    let (how, _) = run(&*sandbox, &attack).await;
    assert!(matches!(how, How::Exited { .. }), "{how:?}");
    // Through the link that is a folder on the host, and the one that now stands where a folder stood.
    run(&*sandbox, "rm out folder; mkdir out folder; echo y > out/file; echo y > folder/file").await;
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "unchanged");
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert!(!ground.work.join(".git").exists() && !ground.work.join("pipe").exists());
    let mode = fs::metadata(ground.work.join("s")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7000, 0, "{mode:o}");
    assert_eq!(fs::read_to_string(ground.work.join("fine")).unwrap(), "fine\n");
    assert_eq!(fs::read_to_string(ground.work.join("folder/file")).unwrap(), "y\n");
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn clones_of_one_template_share_neither_randomness_nor_name_and_have_the_time() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let line = "head -c 16 /dev/urandom | xxd -p; cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id; \
                cat /etc/machine-id; hostname; date +%s.%N";
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for _ in 0..3 {
        let sandbox = make(&rung, &ground).await;
        let before = now();
        let (how, said) = run(&*sandbox, line).await;
        let after = now();
        assert_eq!(how, FINE, "{said}");
        let mut lines: Vec<_> = said.lines().map(str::to_owned).collect();
        let time: f64 = lines.pop().unwrap().split('.').next().unwrap().parse().unwrap();
        assert!((before - 2.0..after + 2.0).contains(&time), "{before} {time} {after}");
        count += lines.len();
        seen.extend(lines);
        sandbox.stop().await.unwrap();
    }
    assert!(count >= 12, "{seen:?}");
    assert_eq!(seen.len(), count, "{seen:?}");
}

fn now() -> f64 {
    use nix::sys::time::TimeValLike;
    #[expect(clippy::cast_precision_loss, reason = "seconds fit")]
    let seconds = nix::time::clock_gettime(nix::time::ClockId::CLOCK_REALTIME).unwrap().num_seconds() as f64;
    seconds
}

#[tokio::test]
async fn a_machine_that_dies_in_the_middle_changes_nothing_and_is_replaced() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    ground::write(&ground.work.join("file"), "before");
    let sandbox = make(&rung, &ground).await;
    let line = "echo half > file; while :; do sleep 1; done";
    let running = sandbox.exec(Exec::shell(line), CancellationToken::new());
    let killing = async {
        // Every machine of this rung; the pool's own too.
        ground::until("a machine", || !microvm::monitors(&ground.state()).is_empty()).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        microvm::monitors(&ground.state()).into_iter().for_each(microvm::kill);
    };
    let (ended, ()) = tokio::join!(running, killing);
    let error = ended.unwrap_err();
    assert!(matches!(error, SandboxError::Gone { .. }), "{error}");
    assert_eq!(error.problem().code, "sandbox.vm_gone");
    assert_eq!(fs::read_to_string(ground.work.join("file")).unwrap(), "before");
    let (how, said) = run(&*sandbox, "cat file; echo after > file").await;
    assert_eq!((how, said.as_str()), (FINE, "before"));
    assert_eq!(fs::read_to_string(ground.work.join("file")).unwrap(), "after\n");
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn cancelling_and_waiting_no_more_end_the_machine_and_the_sandbox_goes_on() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let sandbox = make(&rung, &ground).await;
    let cancel = CancellationToken::new();
    let running = sandbox.exec(Exec::shell("trap '' TERM; while :; do sleep 1; done"), cancel.clone());
    let (ended, ()) = tokio::join!(running, async { cancel.cancel() });
    assert_eq!(ended.unwrap().how, How::Cancelled);
    let given_up = sandbox.exec(Exec::shell("sleep 600"), CancellationToken::new());
    assert!(tokio::time::timeout(std::time::Duration::from_millis(500), given_up).await.is_err());
    assert_eq!(run(&*sandbox, "echo fine").await, (FINE, "fine\n".to_owned()));
    sandbox.stop().await.unwrap();
    rung.drain().await;
    ground::until("no machine is left", || microvm::monitors(&ground.state()).is_empty()).await;
}

#[tokio::test]
async fn there_is_no_network_and_nothing_of_the_host() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let sandbox = make(&rung, &ground).await;
    let line = format!(
        "tail -n +3 /proc/net/dev | cut -d: -f1; nc -w 2 127.0.0.1 {port} </dev/null && echo reached; \
         timeout 10 wget -q -O - http://10.0.2.2/ && echo gateway; ls /dev/sd* /dev/vd* /home 2>/dev/null; \
         grep -q '^CapEff:.*[1-9a-f]' /proc/self/status && echo a capability; \
         mount -t tmpfs none /tmp 2>/dev/null && echo a mount; mknod disk b 8 0 2>/dev/null && echo a device; true"
    );
    let (how, said) = run(&*sandbox, &line).await;
    assert_eq!(how, FINE);
    assert_eq!(said.split_whitespace().collect::<Vec<_>>(), ["lo"], "{said}");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn four_machines_work_at_once_and_none_sees_another() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let grounds: Vec<_> = (0..4).map(|_| Ground::new()).collect();
    let runs = grounds.iter().enumerate().map(|(index, own)| {
        let rung = &rung;
        async move {
            let sandbox = make(rung, own).await;
            let said =
                run(&*sandbox, &format!("echo {index} > /tmp/mine; echo {index} > out; cat /tmp/* out"))
                    .await;
            assert_eq!(said, (FINE, format!("{index}\n{index}\n")));
            sandbox.stop().await.unwrap();
        }
    });
    futures::future::join_all(runs).await;
}

#[tokio::test]
async fn the_stages_of_a_start_are_measured_apart() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let stages = rung.measure(&small()).await.unwrap();
    assert!(stages.resumed < stages.first_exec && stages.resumed < stages.cold_boot, "{stages:?}");
    println!("{stages:?}");
}
