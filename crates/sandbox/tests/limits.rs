//! Each limit is crossed.

use std::time::{Duration, Instant};

use swarm_domain::attempt::Rung as Kind;
use swarm_sandbox::{Exec, How, Limit, Limits};
use tokio_util::sync::CancellationToken;

use crate::ground::{self, FINE, Ground, microvm, passed, text};

const MEBI: u64 = 1 << 20;

/// Little memory and so much disk: microVMs with such limits are small, and share a template.
fn small(disk_bytes: u64) -> Limits {
    Limits { memory_bytes: 64 * MEBI, disk_bytes, wall: Duration::from_mins(2), ..Limits::default() }
}

#[tokio::test]
async fn a_command_that_hangs_and_ignores_signals_is_ended_by_the_wall_clock() {
    let ground = Ground::new();
    for rung in ground.everywhere().await {
        // An emulated machine takes longer to come to the command.
        let wall = if rung.backend.rung() == Kind::Qemu { 3_000 } else { 300 };
        let limits = Limits { wall: Duration::from_millis(wall), ..Limits::default() };
        let line = "trap '' TERM INT HUP; echo began; while :; do sleep 1; done";
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Wall));
        assert_eq!(text(&ended.stdout), "began\n");
        assert!(ended.took >= limits.wall);
    }
}

#[tokio::test]
async fn a_command_may_have_a_tighter_wall_clock_than_its_sandbox_but_no_wider_one() {
    let ground = Ground::new();
    let (long, short) = (Duration::from_mins(10), Duration::from_millis(200));
    for rung in ground.everywhere().await {
        for (of_sandbox, of_command) in [(long, short), (short, long)] {
            let sandbox = rung.make(&ground, Limits { wall: of_sandbox, ..Limits::default() }).await;
            let command = Exec { wall: Some(of_command), ..Exec::shell("sleep 900") };
            let ended = sandbox.exec(command, CancellationToken::new()).await.unwrap();
            assert_eq!(ended.how, passed(Limit::Wall));
            sandbox.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_command_that_takes_too_much_memory_is_ended() {
    let ground = Ground::new();
    let limits = small(32 * MEBI);
    for rung in ground.everywhere().await.into_iter().filter(|rung| rung.holds(rung.limits.memory, "memory"))
    {
        // One line without an end is kept in memory by `tail`. The shell around it is not what is killed.
        let line = "head -c 512m /dev/zero | tail -n 1 | wc -c; echo survived; sleep 600";
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Memory), "{}", text(&ended.stderr));
    }
}

#[tokio::test]
async fn memory_is_limited_for_all_processes_together() {
    let ground = Ground::new();
    let limits = small(32 * MEBI);
    for rung in ground.everywhere().await.into_iter().filter(|rung| rung.holds(rung.limits.memory, "memory"))
    {
        let line = "for i in 1 2 3 4 5 6; do (head -c 24m /dev/zero; sleep 600) | tail -n 1 & done; wait";
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Memory), "{}", text(&ended.stderr));
    }
}

#[tokio::test]
async fn files_in_shared_memory_count_as_memory_and_are_bounded() {
    let ground = Ground::new();
    for rung in ground.walled().await {
        let ended = rung.run(&ground, small(32 * MEBI), "head -c 512m /dev/zero > /dev/shm/big").await;
        assert_ne!(ended.how, FINE);
    }
}

#[tokio::test]
async fn what_is_written_to_files_is_no_memory_of_the_commands() {
    let ground = Ground::new();
    for rung in ground.walled().await {
        let line = "head -c 90m /dev/zero > big && wc -c < big && rm big && head -c 90m /dev/zero > /work/again && rm again";
        let ended = rung.run(&ground, small(110 * MEBI), line).await;
        assert_eq!(ended.how, FINE, "{}: {}", rung.backend.rung(), text(&ended.stderr));
    }
}

#[tokio::test]
async fn a_command_gets_no_more_of_the_processors_than_its_share() {
    let ground = Ground::new();
    let limits = Limits { cpu_milli: 200, ..small(32 * MEBI) };
    for rung in ground.everywhere().await.into_iter().filter(|rung| rung.holds(rung.limits.cpu, "CPU")) {
        let sandbox = rung.make(&ground, limits.clone()).await;
        let (argument, cancel) = (ground::unlike_any_other(), CancellationToken::new());
        let argv = ["/bin/sh", "-c", "echo began > begun; while :; do :; done", argument.as_str()];
        let busy = Exec { argv: argv.map(str::to_owned).to_vec(), ..Exec::default() };
        let measuring = async {
            // A microVM is one process to the host; what runs in it is not seen.
            let of_machine = rung.backend.rung() == Kind::Qemu;
            let processes = || {
                if of_machine { microvm::monitors(&ground.state()) } else { ground::with_argument(&argument) }
            };
            ground::until("the command", || !processes().is_empty()).await;
            let (before, began) = (ground::cpu_times(&processes()), Instant::now());
            tokio::time::sleep(Duration::from_secs(3)).await;
            let after = ground::cpu_times(&processes());
            let used = after.iter().filter_map(|(process, time)| time.checked_sub(*before.get(process)?));
            let (used, passed) = (used.sum::<Duration>(), began.elapsed());
            cancel.cancel();
            (used, passed)
        };
        let (ended, (used, passed)) = tokio::join!(sandbox.exec(busy, cancel.clone()), measuring);
        assert_eq!(ended.unwrap().how, How::Cancelled);
        // A fifth is allowed. A host that is busy gives it less, never more.
        assert!(used < passed / 2, "{}: {used:?} of {passed:?}", rung.backend.rung());
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_microvm_has_as_many_processors_as_its_share_needs() {
    let ground = Ground::new();
    let Some(rung) = ground.qemu().await else {
        return;
    };
    for (cpu_milli, processors) in [(200, "1\n"), (1_500, "2\n")] {
        let limits = Limits { cpu_milli, ..small(32 * MEBI) };
        let ended = rung.run(&ground, limits, "nproc").await;
        assert_eq!((ended.how, text(&ended.stdout).as_str()), (FINE, processors));
    }
}

#[tokio::test]
async fn more_processes_than_allowed_cannot_be_started() {
    let ground = Ground::new();
    let limits = Limits { pids: 16, ..Limits::default() };
    for rung in ground.everywhere().await.into_iter().filter(|rung| rung.holds(rung.limits.pids, "processes"))
    {
        let ended =
            rung.run(&ground, limits.clone(), "for i in $(seq 40); do sleep 600 & done; echo all").await;
        assert!(!text(&ended.stdout).contains("all"), "{:?} {}", ended.how, text(&ended.stderr));
        let ended =
            rung.run(&ground, limits.clone(), "for i in $(seq 8); do sleep 600 & done; echo all").await;
        assert_eq!((ended.how, text(&ended.stdout)), (FINE, "all\n".to_owned()));
    }
}

#[tokio::test]
async fn after_a_fork_bomb_nothing_of_it_lives_and_the_sandbox_goes_on() {
    let ground = Ground::new();
    let argument = ground::unlike_any_other();
    let limits = Limits { pids: 48, wall: Duration::from_secs(2), ..Limits::default() };
    for rung in ground.rungs().await.into_iter().filter(|rung| rung.holds(rung.limits.pids, "processes")) {
        let sandbox = rung.make(&ground, limits.clone()).await;
        let bomb = format!("bomb() {{ sleep {argument} & bomb | bomb & }}; bomb; sleep 600");
        let ended = sandbox.exec(Exec::shell(&bomb), CancellationToken::new()).await.unwrap();
        assert_ne!(ended.how, FINE);
        assert!(!ground::is_there(&argument));
        let ended =
            sandbox.exec(Exec::shell("sleep 0 & wait; echo fine"), CancellationToken::new()).await.unwrap();
        assert_eq!((ended.how, text(&ended.stdout)), (FINE, "fine\n".to_owned()));
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn a_flood_of_output_is_cut_and_ends_the_command() {
    let ground = Ground::new();
    let limits = Limits { output_bytes: 4096, ..Limits::default() };
    for rung in ground.everywhere().await {
        for line in ["yes", "yes >&2", "yes & yes >&2", "while :; do printf 0123456789; done"] {
            let ended = rung.run(&ground, limits.clone(), line).await;
            assert_eq!(ended.how, passed(Limit::Output), "{line}");
            assert!(ended.stdout.len() <= 4096 && ended.stderr.len() <= 4096);
            assert!(ended.dropped_bytes > 4096);
        }
    }
}

#[tokio::test]
async fn somewhat_too_much_output_is_cut_and_does_not_end_the_command() {
    let ground = Ground::new();
    let limits = Limits { output_bytes: 4096, ..Limits::default() };
    for rung in ground.everywhere().await {
        let ended = rung.run(&ground, limits.clone(), "yes | head -c 10000; echo end; exit 3").await;
        assert_eq!(ended.how, How::Exited { code: 3 });
        assert!(text(&ended.stdout).ends_with("end\n"));
        assert!(ended.dropped_bytes > 5000);
    }
}

#[tokio::test]
async fn a_command_that_would_do_more_with_the_disk_a_second_than_it_may_waits() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    if !ground::bounds_operations(&ground.work) {
        return println!("skipped: no cgroup bounds operations of the disk here");
    }
    let limits = Limits { disk_iops: Some(20), ..small(32 * MEBI) };
    // What goes through the kernel's memory is written when it likes; this is not.
    let line = "dd if=/dev/zero of=file bs=4k count=60 oflag=direct";
    let ended = rung.run(&ground, limits, line).await;
    assert_eq!(ended.how, FINE, "{}", text(&ended.stderr));
    // Three seconds are due. A slow disk makes it longer, nothing makes it shorter.
    assert!(ended.took >= Duration::from_secs(2), "{:?}", ended.took);
}

#[tokio::test]
async fn one_large_file_passes_the_disk_limit() {
    let ground = Ground::new();
    let limits = small(4 * MEBI);
    for rung in ground.everywhere().await {
        let ended = rung.run(&ground, limits.clone(), "head -c 64m /dev/zero > big; echo survived").await;
        assert_eq!(ended.how, passed(Limit::Disk), "{}", text(&ended.stderr));
        // Of a microVM's files none is taken then.
        let kept = std::fs::metadata(ground.work.join("big")).map_or(0, |big| big.len());
        assert!(kept <= 4 * MEBI);
        let _ = std::fs::remove_file(ground.work.join("big"));
    }
}

#[tokio::test]
async fn many_small_files_pass_the_disk_limit_while_the_command_still_runs() {
    let ground = Ground::new();
    let limits = small(4 * MEBI);
    for rung in ground.everywhere().await {
        let line = "mkdir many; for i in $(seq 128); do head -c 64k /dev/zero > many/$i; done; sleep 600";
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Disk), "{}", text(&ended.stderr));
        let _ = std::fs::remove_dir_all(ground.work.join("many"));
    }
}

#[tokio::test]
async fn what_was_there_before_does_not_count_and_what_an_earlier_command_left_does() {
    let ground = Ground::new();
    std::fs::write(ground.work.join("before"), vec![1; 8 << 20]).unwrap();
    let limits = small(4 * MEBI);
    for rung in ground.everywhere().await {
        let sandbox = rung.make(&ground, limits.clone()).await;
        let mut ends = Vec::new();
        // Who makes room is given the time that it takes.
        for line in
            ["head -c 3m /dev/zero > one", "head -c 3m /dev/zero > two", "sleep 0.5; rm -f one two", "echo"]
        {
            ends.push(sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap().how);
        }
        assert_eq!(ends, [FINE, passed(Limit::Disk), FINE, FINE]);
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn the_temporary_folder_counts_towards_the_disk_limit() {
    let ground = Ground::new();
    let limits = small(8 * MEBI);
    let line = "cd \"${TMPDIR:-/tmp}\"; for i in 1 2 3 4 5 6; do head -c 1m /dev/zero > $i || exit; done; sleep 0; \
                for i in 7 8 9; do head -c 1m /dev/zero > $i; done; sleep 600";
    for rung in ground.everywhere().await {
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Disk), "{}", text(&ended.stderr));
    }
}
