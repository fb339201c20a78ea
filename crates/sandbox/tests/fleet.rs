//! The fleet: which sandboxes there are, and what people do with them, on every rung.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use swarm_domain::{
    AttemptId, Clock, Entropy, RunId, SandboxId, Subject, attempt::Rung as RungName, sandbox::HandedBack,
};
use swarm_sandbox::{
    Backend, Exec, Fleet, FleetBounds, FleetError, Holder, How, Limits, Sandbox, SandboxError, SandboxSpec,
    fleet::{Snapshot, Standing},
};
use tokio_util::sync::CancellationToken;

use crate::ground::{FINE, Ground, microvm, text};

struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + self.0.fetch_add(1, Ordering::Relaxed), 0).unwrap()
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0x5a; 10];
        bytes[2..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

fn small() -> Limits {
    Limits { memory_bytes: 64 << 20, disk_bytes: 32 << 20, wall: Duration::from_mins(2), ..Limits::default() }
}

async fn fleet(ground: &Ground, backend: Arc<dyn Backend>, bounds: FleetBounds) -> Fleet {
    let (clock, entropy) = (Arc::new(Ticking(AtomicI64::new(0))), Arc::new(Counting(AtomicU64::new(0))));
    Fleet::open(backend, clock, entropy, bounds, &ground.root.path().join("fleet")).await.unwrap()
}

/// A sandbox for the first attempt at a ticket.
fn spec(ground: &Ground) -> SandboxSpec {
    let subject = Subject {
        run: Some(RunId::parse("run_1").unwrap()),
        attempt: Some(AttemptId::parse("T-1.1").unwrap()),
        ..Subject::default()
    };
    let holder = Holder { subject, agent: Some("coder".to_owned()), keep: true };
    SandboxSpec { holder, ..ground.spec(small()) }
}

async fn ran(sandbox: &dyn Sandbox, line: &str) -> String {
    let ended = sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap();
    assert_eq!(ended.how, FINE, "{line}: {}", text(&ended.stderr));
    text(&ended.stdout)
}

async fn typed(fleet: &Fleet, id: &SandboxId, line: &str, token: Option<&str>) -> Result<String, FleetError> {
    let ended = fleet.exec(id, Exec::shell(line), token, CancellationToken::new()).await?;
    assert_eq!(ended.how, FINE, "{line}: {}", text(&ended.stderr));
    Ok(text(&ended.stdout))
}

async fn only(fleet: &Fleet) -> swarm_sandbox::fleet::Shown {
    let mut all = fleet.list().await;
    all.retain(|one| one.standing != Standing::Waiting);
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

async fn snapshot(fleet: &Fleet, id: &SandboxId) -> Snapshot {
    fleet.still(id, None).await.unwrap().write(7).await.unwrap()
}

fn usual() -> FleetBounds {
    FleetBounds::default()
}

#[tokio::test]
async fn an_attempts_sandbox_is_there_between_its_commands_and_gone_when_it_is_released() {
    let ground = Ground::new();
    for rung in ground.everywhere().await {
        let name = rung.backend.rung();
        let fleet = fleet(&ground, Arc::clone(&rung.backend), usual()).await;
        let sandbox = fleet.create(spec(&ground)).await.unwrap();
        let shown = only(&fleet).await;
        assert_eq!((shown.rung, shown.standing), (name, Standing::Idle));
        assert_eq!(shown.holder, spec(&ground).holder);
        assert_eq!(fleet.of_attempt("T-1.1"), std::slice::from_ref(&shown.id));
        ran(&*sandbox, "echo hello; echo out > made").await;
        sandbox.stop().await.unwrap();
        // The next command finds it.
        assert_eq!(only(&fleet).await.id, shown.id);
        let again = fleet.create(spec(&ground)).await.unwrap();
        assert_eq!(
            (only(&fleet).await.id, ran(&*again, "cat made").await),
            (shown.id.clone(), "out\n".to_owned())
        );
        let seen = fleet.show(&shown.id).await.unwrap();
        assert!(seen.figures.disk_bytes.is_some(), "{name}: {seen:?}");
        if name == RungName::Qemu {
            assert!(seen.figures.memory_bytes.is_some_and(|bytes| bytes > 1 << 20) || !rung.limits.is_full());
            assert_eq!(seen.image.as_deref(), Some("plain"));
        }
        let said = fleet.tail(&shown.id, 100).unwrap();
        assert_eq!(said.commands[..3], ["$ echo hello; echo out > made", "hello", "[exit 0]"], "{name}");
        again.stop().await.unwrap();
        // Another attempt gets another one.
        let mut other = spec(&ground);
        other.holder.subject.attempt = Some(AttemptId::parse("T-1.2").unwrap());
        let other = fleet.create(other).await.unwrap();
        assert_eq!(fleet.list().await.iter().filter(|one| one.standing != Standing::Waiting).count(), 2);
        other.stop().await.unwrap();
        for attempt in ["T-1.1", "T-1.2"] {
            let subject =
                Subject { attempt: Some(AttemptId::parse(attempt).unwrap()), ..spec(&ground).holder.subject };
            fleet.release(&subject, CancellationToken::new()).await.unwrap();
        }
        assert!(fleet.list().await.iter().all(|one| one.standing == Standing::Waiting), "{name}");
        assert!(matches!(fleet.show(&shown.id).await, Err(FleetError::Unknown { .. })));
    }
}

#[tokio::test]
async fn while_a_person_has_it_the_work_waits_and_a_second_taker_is_told_who_has_it() {
    let ground = Ground::new();
    for rung in ground.everywhere().await {
        let fleet = fleet(&ground, Arc::clone(&rung.backend), usual()).await;
        let sandbox = fleet.create(spec(&ground)).await.unwrap();
        let id = only(&fleet).await.id;
        let taken = fleet.take_over(&id, "ada").await.unwrap();
        let (one, two) = (fleet.take_over(&id, "eve").await, fleet.take_over(&id, "ada").await);
        for error in [one.unwrap_err(), two.unwrap_err()] {
            assert!(matches!(&error, FleetError::TakenOver { by, .. } if by == "ada"), "{error}");
            assert_eq!(error.problem().code, "vm.taken_over");
        }
        let refused = typed(&fleet, &id, "echo no", None).await.unwrap_err();
        assert!(matches!(refused, FleetError::TakenOver { .. }), "{refused}");
        let refused = typed(&fleet, &id, "echo no", Some("guessed")).await.unwrap_err();
        assert!(matches!(refused, FleetError::TakenOver { .. }), "{refused}");
        assert!(matches!(fleet.stop(&id, None).await, Err(FleetError::TakenOver { .. })));

        let mut work = Box::pin(ran(&*sandbox, "cat typed"));
        assert!(futures::poll!(work.as_mut()).is_pending());
        let typing = async {
            assert_eq!(
                typed(&fleet, &id, "echo by hand > typed; cat typed", Some(&taken.token)).await.unwrap(),
                "by hand\n"
            );
            assert_eq!(only(&fleet).await.standing, Standing::TakenOver);
            fleet.hand_back(&id, &taken.token).unwrap()
        };
        let (said, back) = tokio::join!(work, typing);
        assert_eq!((said.as_str(), back.commands, back.why), ("by hand\n", 1, HandedBack::Given));
        // What was handed back is theirs no more.
        for error in [
            typed(&fleet, &id, "echo no", Some(&taken.token)).await.unwrap_err(),
            fleet.renew(&id, &taken.token).unwrap_err(),
            fleet.hand_back(&id, &taken.token).unwrap_err(),
        ] {
            assert!(matches!(error, FleetError::HandedBack { .. }), "{error}");
        }
        sandbox.stop().await.unwrap();
        fleet.end_all().await;
    }
}

#[tokio::test]
async fn without_a_sign_of_life_it_is_handed_back_by_itself_and_the_work_goes_on() {
    let ground = Ground::new();
    let bounds = FleetBounds { lease_seconds: 1, ..usual() };
    let fleet = fleet(&ground, ground.process().await.backend, bounds).await;
    let sandbox = fleet.create(spec(&ground)).await.unwrap();
    let id = only(&fleet).await.id;
    let taken = fleet.take_over(&id, "ada").await.unwrap();
    assert_eq!(ran(&*sandbox, "echo on").await, "on\n");
    let lapsed = fleet.tend().await;
    assert_eq!(lapsed.len(), 1, "{lapsed:?}");
    assert_eq!((&lapsed[0].id, lapsed[0].by.as_str(), lapsed[0].why), (&id, "ada", HandedBack::LeaseEnded));
    assert!(fleet.tend().await.is_empty(), "it is told once");
    assert!(matches!(fleet.renew(&id, &taken.token), Err(FleetError::HandedBack { .. })));

    // One who gives up waiting is not held up by it, and a sandbox that ends tells who had it.
    fleet.take_over(&id, "ada").await.unwrap();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let ended = sandbox.exec(Exec::shell("echo never"), cancel).await.unwrap();
    assert_eq!(ended.how, How::Cancelled);
    drop(sandbox);
    let lapsed = fleet.tend().await;
    assert_eq!(lapsed.iter().map(|one| one.why).collect::<Vec<_>>(), [HandedBack::SandboxEnded]);
}

#[tokio::test]
async fn a_takeover_that_ended_with_its_process_is_told_of_until_that_is_written_down() {
    let ground = Ground::new();
    let backend = ground.process().await.backend;
    let first = fleet(&ground, Arc::clone(&backend), usual()).await;
    let sandbox = first.create(spec(&ground)).await.unwrap();
    let id = only(&first).await.id;
    let taken = first.take_over(&id, "eve").await.unwrap();
    first.told(&first.hand_back(&id, &taken.token).unwrap());
    first.take_over(&id, "ada").await.unwrap();
    drop((sandbox, first));
    // Nobody was told, twice over.
    for _ in 0..2 {
        let next = fleet(&ground, Arc::clone(&backend), usual()).await;
        let lapsed = next.tend().await;
        let [one] = lapsed.as_slice() else { panic!("{lapsed:?}") };
        assert_eq!((&one.id, one.by.as_str(), one.why), (&id, "ada", HandedBack::SandboxEnded));
        assert_eq!(one.subject, spec(&ground).holder.subject);
    }
    let next = fleet(&ground, Arc::clone(&backend), usual()).await;
    // What somebody else put there is of nobody.
    fs::write(ground.root.path().join("fleet/takeover-garbage"), "{").unwrap();
    next.told(&next.tend().await[0]);
    drop(next);
    assert!(fleet(&ground, backend, usual()).await.tend().await.is_empty());
}

#[tokio::test]
async fn a_person_stops_one_in_the_middle_of_a_command_and_the_work_is_told_to_do_it_again() {
    let ground = Ground::new();
    for rung in ground.everywhere().await {
        let fleet =
            fleet(&ground, Arc::clone(&rung.backend), FleetBounds { turn_seconds: 1, ..usual() }).await;
        let sandbox = fleet.create(spec(&ground)).await.unwrap();
        let id = only(&fleet).await.id;
        let working = sandbox.exec(Exec::shell("while :; do sleep 1; done"), CancellationToken::new());
        let stopping = async {
            loop {
                let one = only(&fleet).await;
                if one.standing == Standing::Running {
                    assert_eq!(one.command.as_deref(), Some("while :; do sleep 1; done"));
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let busy = typed(&fleet, &id, "echo me too", None).await.unwrap_err();
            assert!(matches!(&busy, FleetError::Busy { doing, .. } if doing.contains("sleep 1")), "{busy}");
            fleet.stop(&id, None).await.unwrap();
        };
        let (worked, ()) = tokio::join!(working, stopping);
        assert!(matches!(worked, Err(SandboxError::Stopped { .. })), "{worked:?}");
        sandbox.stop().await.unwrap();
        assert!(matches!(typed(&fleet, &id, "echo", None).await, Err(FleetError::Unknown { .. })));
        // What the work does next it does in another one.
        let again = fleet.create(spec(&ground)).await.unwrap();
        assert_ne!(only(&fleet).await.id, id);
        assert_eq!(ran(&*again, "echo again").await, "again\n");
        again.stop().await.unwrap();
        fleet.end_all().await;
    }
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_a_code_and_nothing_is_kept_that_nobody_needs() {
    let ground = Ground::new();
    let bounds = FleetBounds { kept_seconds: 1, ..usual() };
    let fleet = fleet(&ground, ground.process().await.backend, bounds).await;
    let nobody = SandboxId::parse("vm_nobody").unwrap();
    assert_eq!(typed(&fleet, &nobody, "echo", None).await.unwrap_err().problem().code, "vm.unknown");
    assert_eq!(fleet.take_over(&nobody, "ada").await.unwrap_err().problem().code, "vm.unknown");
    let sandbox = fleet.create(spec(&ground)).await.unwrap();
    let id = only(&fleet).await.id;
    let huge = Exec::shell(&"x".repeat(200_000));
    let refused = fleet.exec(&id, huge, None, CancellationToken::new()).await.unwrap_err();
    assert_eq!(refused.problem().code, "sandbox.invalid");
    let outside = Exec { cwd: "../elsewhere".into(), ..Exec::shell("true") };
    assert!(fleet.exec(&id, outside, None, CancellationToken::new()).await.is_err());
    sandbox.stop().await.unwrap();
    let began = std::time::Instant::now();
    while !fleet.list().await.is_empty() {
        fleet.tend().await;
        assert!(began.elapsed() < Duration::from_mins(1), "it is still kept");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // One that is for no attempt goes with whoever made it.
    let once = fleet.create(ground.spec(small())).await.unwrap();
    assert_eq!(fleet.list().await.len(), 1);
    once.stop().await.unwrap();
    assert!(fleet.list().await.is_empty());
}

#[tokio::test]
async fn a_fork_has_the_files_of_the_moment_and_changes_nothing_of_what_it_came_from() {
    let ground = Ground::new();
    for rung in ground.everywhere().await {
        let name = rung.backend.rung();
        let fleet =
            fleet(&ground, Arc::clone(&rung.backend), FleetBounds { forks: 1, snapshots: 2, ..usual() })
                .await;
        fs::write(ground.work.join(".git"), "gitdir: /elsewhere").unwrap();
        let sandbox = fleet.create(spec(&ground)).await.unwrap();
        let id = only(&fleet).await.id;
        ran(&*sandbox, "echo before > file; ln -sfn /etc/passwd link").await;
        let taken = snapshot(&fleet, &id).await;
        assert_eq!((taken.position, taken.memory, &taken.of), (7, name == RungName::Qemu, &id));
        ran(&*sandbox, "echo after > file").await;
        let fork = fleet.fork(&taken.id).await.unwrap();
        assert_eq!((fork.standing, &fork.fork_of), (Standing::Idle, &Some(taken.id.clone())));
        assert_eq!(
            typed(&fleet, &fork.id, "cat file; echo forked > file; ls -A", None).await.unwrap(),
            "before\nfile\nlink\n"
        );
        assert_eq!(ran(&*sandbox, "cat file").await, "after\n", "{name}");
        assert_eq!(fs::read_to_string(ground.work.join("file")).unwrap(), "after\n");
        assert!(matches!(fleet.fork(&taken.id).await, Err(FleetError::TooManyForks { there: 1 })));
        let fork_files = fs::read_dir(ground.root.path().join("fleet")).unwrap().flatten();
        assert!(fork_files.map(|entry| entry.path().join("forks")).any(|forks| forks.exists()));
        // A fork can be taken over, and stopped, and leaves nothing.
        let hand = fleet.take_over(&fork.id, "ada").await.unwrap();
        fleet.stop(&fork.id, Some(&hand.token)).await.unwrap();
        assert!(matches!(fleet.show(&fork.id).await, Err(FleetError::Unknown { .. })));
        // The oldest snapshots go.
        for _ in 0..2 {
            snapshot(&fleet, &id).await;
        }
        let kept = fleet.snapshots().await;
        assert_eq!(kept.len(), 2, "{kept:?}");
        assert!(kept.iter().all(|one| one.id != taken.id) && !taken.place.exists());
        assert!(matches!(fleet.fork(&taken.id).await, Err(FleetError::Unknown { .. })));
        fs::remove_file(ground.work.join(".git")).unwrap();
        sandbox.stop().await.unwrap();
        fleet.end_all().await;
        fleet.tend().await.iter().for_each(|lapsed| fleet.told(lapsed));
        drop(fleet);
        let left = fs::read_dir(ground.root.path().join("fleet")).unwrap().flatten();
        let left: Vec<_> = left
            .map(|entry| entry.file_name())
            .filter(|name| *name != "gate" && *name != "snapshots")
            .collect();
        assert!(left.is_empty(), "{name}: {left:?}");
        fs::remove_dir_all(ground.root.path().join("fleet")).unwrap();
    }
}

#[tokio::test]
async fn a_forked_machine_goes_on_with_the_memory_of_the_moment_and_shares_no_randomness() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let fleet = fleet(&ground, rung.clone(), usual()).await;
    let sandbox = fleet.create(spec(&ground)).await.unwrap();
    let id = only(&fleet).await.id;
    // A file outside of the work folder is in the machine's memory alone.
    ran(&*sandbox, "echo in memory > /tmp/mark").await;
    let taken = snapshot(&fleet, &id).await;
    assert!(taken.memory && taken.bytes > 1 << 20, "{taken:?}");
    let (one, two) = (fleet.fork(&taken.id).await.unwrap(), fleet.fork(&taken.id).await.unwrap());
    let line = "cat /tmp/mark; head -c 16 /dev/urandom | xxd -p; cat /proc/sys/kernel/random/uuid \
                /proc/sys/kernel/random/boot_id /etc/machine-id; hostname";
    let mut seen = BTreeSet::new();
    let mut count = 0;
    // The one that it was written from goes on with its name, and with randomness of its own.
    for said in [
        typed(&fleet, &one.id, line, None).await.unwrap(),
        typed(&fleet, &two.id, line, None).await.unwrap(),
        ran(&*sandbox, line).await,
    ] {
        let mut lines = said.lines().map(str::to_owned);
        assert_eq!(lines.next().as_deref(), Some("in memory"), "{said}");
        let lines: Vec<_> = lines.collect();
        count += lines.len();
        seen.extend(lines);
    }
    assert!(count >= 12, "{seen:?}");
    assert_eq!(seen.len(), count, "{seen:?}");
    // A mistake costs nothing.
    let nowhere = Exec { cwd: "nowhere".into(), ..Exec::shell("true") };
    let refused = fleet.exec(&one.id, nowhere, None, CancellationToken::new()).await.unwrap_err();
    assert_eq!(refused.problem().code, "sandbox.invalid");
    assert_eq!(typed(&fleet, &one.id, "cat /tmp/mark", None).await.unwrap(), "in memory\n");
    // A dying machine: the command fails with a code, and the next one runs in another machine.
    let dying = fleet.exec(&one.id, Exec::shell("sleep 600"), None, CancellationToken::new());
    let killing = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        microvm::monitors(&ground.state()).into_iter().for_each(microvm::kill);
    };
    let (died, ()) = tokio::join!(dying, killing);
    assert_eq!(died.unwrap_err().problem().code, "sandbox.vm_gone");
    assert_eq!(typed(&fleet, &one.id, "echo alive", None).await.unwrap(), "alive\n");
    sandbox.stop().await.unwrap();
    fleet.end_all().await;
}

#[tokio::test]
async fn a_snapshot_on_a_full_disk_is_refused_and_the_machine_goes_on() {
    if !nix::unistd::geteuid().is_root() {
        return println!("skipped: only root may mount a small disk");
    }
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let small_disk = ground.root.path().join("fleet");
    fs::create_dir(&small_disk).unwrap();
    // Room enough to begin, and too little for a machine's memory.
    let mounted = Mounted::tmpfs(&small_disk, "size=80m");
    {
        let fleet = fleet(&ground, rung.clone(), usual()).await;
        let sandbox = fleet.create(spec(&ground)).await.unwrap();
        let id = only(&fleet).await.id;
        // Bytes that do not fit, whatever they are packed with.
        ran(&*sandbox, "head -c 20000000 /dev/urandom > /tmp/noise; echo kept > /tmp/mark").await;
        fs::write(small_disk.join("ballast"), vec![1; 14 << 20]).unwrap();
        let refused = fleet.still(&id, None).await.unwrap().write(1).await.unwrap_err();
        assert_eq!(refused.problem().code, "sandbox.no_space", "{refused}");
        assert!(fleet.snapshots().await.is_empty());
        assert_eq!(ran(&*sandbox, "cat /tmp/mark").await, "kept\n");
        fs::write(small_disk.join("ballast"), vec![1; 40 << 20]).unwrap();
        let refused = fleet.still(&id, None).await.unwrap().write(1).await.unwrap_err();
        assert_eq!(refused.problem().code, "sandbox.no_space", "{refused}");
        sandbox.stop().await.unwrap();
        fleet.end_all().await;
    }
    drop(mounted);
}

/// Taken off when dropped.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn tmpfs(at: &'a Path, options: &str) -> Self {
        let flags = nix::mount::MsFlags::empty();
        nix::mount::mount(Some("none"), at, Some("tmpfs"), flags, Some(options)).unwrap();
        Self(at)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = nix::mount::umount2(self.0, nix::mount::MntFlags::MNT_DETACH);
    }
}
