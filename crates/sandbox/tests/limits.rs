//! Each limit is crossed.

mod ground;

use std::time::Duration;

use ground::{FINE, Ground, passed, text};
use swarm_domain::attempt::Rung as Kind;
use swarm_sandbox::{Exec, How, Limit, Limits};
use tokio_util::sync::CancellationToken;

const MEBI: u64 = 1 << 20;

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
    let limits = Limits { memory_bytes: 64 * MEBI, ..Limits::default() };
    for rung in ground.rungs().await.into_iter().filter(|rung| rung.holds(rung.limits.memory, "memory")) {
        // One line without an end is kept in memory by `tail`. The shell around it is not what is killed.
        let line = "head -c 512m /dev/zero | tail -n 1 | wc -c; echo survived; sleep 600";
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Memory), "{}", text(&ended.stderr));
    }
}

#[tokio::test]
async fn memory_is_limited_for_all_processes_together() {
    let ground = Ground::new();
    let limits = Limits { memory_bytes: 64 * MEBI, ..Limits::default() };
    for rung in ground.rungs().await.into_iter().filter(|rung| rung.holds(rung.limits.memory, "memory")) {
        let line = "for i in 1 2 3 4 5 6; do (head -c 24m /dev/zero; sleep 600) | tail -n 1 & done; wait";
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Memory), "{}", text(&ended.stderr));
    }
}

#[tokio::test]
async fn files_in_shared_memory_count_as_memory_and_are_bounded() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let ended = rung.run(&ground, Limits::default(), "head -c 512m /dev/zero > /dev/shm/big").await;
    assert_ne!(ended.how, FINE);
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
async fn one_large_file_passes_the_disk_limit() {
    let ground = Ground::new();
    let limits = Limits { disk_bytes: 4 * MEBI, ..Limits::default() };
    for rung in ground.rungs().await {
        let ended = rung.run(&ground, limits.clone(), "head -c 64m /dev/zero > big; echo survived").await;
        assert_eq!(ended.how, passed(Limit::Disk), "{}", text(&ended.stderr));
        assert!(std::fs::metadata(ground.work.join("big")).unwrap().len() <= 4 * MEBI);
        std::fs::remove_file(ground.work.join("big")).unwrap();
    }
}

#[tokio::test]
async fn many_small_files_pass_the_disk_limit_while_the_command_still_runs() {
    let ground = Ground::new();
    let limits = Limits { disk_bytes: 4 * MEBI, ..Limits::default() };
    for rung in ground.rungs().await {
        let line = "mkdir many; for i in $(seq 128); do head -c 64k /dev/zero > many/$i; done; sleep 600";
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Disk), "{}", text(&ended.stderr));
        std::fs::remove_dir_all(ground.work.join("many")).unwrap();
    }
}

#[tokio::test]
async fn what_was_there_before_does_not_count_and_what_an_earlier_command_left_does() {
    let ground = Ground::new();
    std::fs::write(ground.work.join("before"), vec![1; 8 << 20]).unwrap();
    let limits = Limits { disk_bytes: 4 * MEBI, ..Limits::default() };
    for rung in ground.rungs().await {
        let sandbox = rung.make(&ground, limits.clone()).await;
        let mut ends = Vec::new();
        for line in ["head -c 3m /dev/zero > one", "head -c 3m /dev/zero > two", "rm one two"] {
            ends.push(sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap().how);
        }
        assert_eq!(ends, [FINE, passed(Limit::Disk), FINE]);
        sandbox.stop().await.unwrap();
    }
}

#[tokio::test]
async fn the_temporary_folder_counts_towards_the_disk_limit() {
    let ground = Ground::new();
    let limits = Limits { disk_bytes: 8 * MEBI, ..Limits::default() };
    let line = "cd \"${TMPDIR:-/tmp}\"; for i in 1 2 3 4 5 6; do head -c 1m /dev/zero > $i || exit; done; sleep 0; \
                for i in 7 8 9; do head -c 1m /dev/zero > $i; done; sleep 600";
    for rung in ground.rungs().await {
        let ended = rung.run(&ground, limits.clone(), line).await;
        assert_eq!(ended.how, passed(Limit::Disk), "{}", text(&ended.stderr));
    }
}
