//! Sandboxes are made and killed at random under load, and then nothing of them is left.
//!
//! `SOAK_MINUTES` says for how long; some seconds when it says nothing. `SOAK_SEED` makes the same choices again.

use std::{
    collections::BTreeSet,
    fmt,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use swarm_domain::attempt::Rung as Kind;
use swarm_sandbox::{Backend, Bubblewrap, Exec, Limits, SandboxError, SandboxSpec};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::ground::{self, Ground, leftovers::Leftovers};

const ROOT: &str = "SOAK_ROOT";

/// So long where nobody says.
const SHORT: Duration = Duration::from_secs(6);

/// Sandboxes at work at a time.
const WORKERS: u64 = 4;

/// What is run in them: nothing much, what writes, what leaves children, what wants too much of everything.
const LINES: [&str; 7] = [
    "echo fine",
    "for i in 1 2 3 4 5 6 7 8; do head -c 100k /dev/zero > $i; done; mkdir -p a/b; ln -sf ../x a/link",
    "rm -rf ./* 2>/dev/null; echo gone",
    "while :; do :; done",
    "(setsid sleep 600 &); sleep 600 & sleep 600 & echo left",
    "head -c 400m /dev/zero | tail -n 1",
    "yes",
];

/// Choices that look like chance, and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn among<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(all.len().max(1) as u64);
        all.get(usize::try_from(at).unwrap())
    }
}

/// What was done.
#[derive(Debug, Default)]
struct Counts {
    bubblewrap: u64,
    qemu: u64,
    commands: u64,
    cancelled: u64,
    given_up: u64,
    dropped: u64,
    stopped: u64,
    killed: u64,
    swarms: u64,
    failed: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sandboxes ({} bubblewrap, {} qemu), {} commands, {} cancelled, {} given up, {} stopped, {} dropped, {} \
             processes and {} swarms killed, {} ended by that",
            self.bubblewrap + self.qemu,
            self.bubblewrap,
            self.qemu,
            self.commands,
            self.cancelled,
            self.given_up,
            self.stopped,
            self.dropped,
            self.killed,
            self.swarms,
            self.failed
        )
    }
}

fn limits(dice: &mut Dice) -> Limits {
    Limits {
        memory_bytes: 64 << 20,
        disk_bytes: 32 << 20,
        wall: Duration::from_millis(100 + dice.below(900)),
        ..Limits::default()
    }
}

/// Not a test by itself: a swarm that is killed.
#[tokio::test]
#[ignore = "is started by the test below"]
async fn the_one_that_is_killed() {
    let Some(root) = std::env::var_os(ROOT).map(PathBuf::from) else {
        return;
    };
    let rung = Bubblewrap::open(&root.join("state")).await.unwrap();
    let limits = Limits { wall: Duration::from_mins(10), ..Limits::default() };
    let spec = SandboxSpec {
        name: "soaked".to_owned(),
        workdir: root.join("work"),
        limits,
        ..SandboxSpec::default()
    };
    let sandbox = rung.create(spec).await.unwrap();
    println!("made");
    let _ = sandbox.exec(Exec::shell("(setsid sleep 600 &); sleep 600"), CancellationToken::new()).await;
}

fn start(root: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "soak::the_one_that_is_killed", "--ignored", "--nocapture"])
        .env(ROOT, root)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("made")), "it could not make a sandbox");
    child
}

/// All that the workers share.
struct Soak {
    root: PathBuf,
    rungs: Vec<Arc<dyn Backend>>,
    until: Instant,
    counts: Mutex<Counts>,
    /// The names of all instances that there ever were.
    tags: Mutex<BTreeSet<String>>,
}

impl Soak {
    fn count(&self, add: impl FnOnce(&mut Counts)) {
        add(&mut self.counts.lock().unwrap());
    }

    fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    fn note_tags(&self) {
        self.tags.lock().unwrap().extend(ground::leftovers::tags(&self.state()));
    }

    async fn work(self: Arc<Self>, mut dice: Dice) {
        let work = self.root.join(format!("work-{}", dice.0));
        std::fs::create_dir(&work).unwrap();
        while Instant::now() < self.until {
            match self.one(&mut dice, &work).await {
                Ok(()) => {}
                // Somebody killed it: that is what this is about.
                Err(SandboxError::Gone { .. } | SandboxError::Io { .. } | SandboxError::Full { .. }) => {
                    self.count(|counts| counts.failed += 1);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// One sandbox, from its making to one of its ends.
    async fn one(&self, dice: &mut Dice, work: &Path) -> Result<(), SandboxError> {
        let rung = dice.among(&self.rungs).unwrap();
        let spec = SandboxSpec {
            name: "soaked".to_owned(),
            workdir: work.to_owned(),
            limits: limits(dice),
            ..SandboxSpec::default()
        };
        let sandbox = rung.create(spec).await?;
        self.count(|counts| match rung.rung() {
            Kind::Qemu => counts.qemu += 1,
            _ => counts.bubblewrap += 1,
        });
        for _ in 0..dice.below(4) {
            let line = dice.among(&LINES).copied().unwrap_or_default();
            let (cancel, soon) = (CancellationToken::new(), Duration::from_millis(dice.below(300)));
            let running = sandbox.exec(Exec::shell(line), cancel.clone());
            match dice.below(6) {
                0 => {
                    let (ended, ()) = tokio::join!(running, async {
                        tokio::time::sleep(soon).await;
                        cancel.cancel();
                    });
                    ended?;
                    self.count(|counts| counts.cancelled += 1);
                }
                1 => {
                    let _ = timeout(soon, running).await;
                    self.count(|counts| counts.given_up += 1);
                }
                2 => {
                    let (ended, ()) = tokio::join!(running, async {
                        tokio::time::sleep(soon).await;
                        self.kill_one(dice);
                    });
                    ended?;
                }
                _ => drop(running.await?),
            }
            self.count(|counts| counts.commands += 1);
        }
        if dice.below(2) == 0 {
            self.count(|counts| counts.dropped += 1);
            drop(sandbox);
            return Ok(());
        }
        self.count(|counts| counts.stopped += 1);
        sandbox.stop().await
    }

    /// Kills a process that belongs to some sandbox: a monitor, what walls it in, a command.
    fn kill_one(&self, dice: &mut Dice) {
        let processes = ground::leftovers::processes(&ground::leftovers::tags(&self.state()));
        if let Some(process) = dice.among(&processes) {
            ground::microvm::kill(*process);
            self.count(|counts| counts.killed += 1);
        }
    }

    /// A swarm beside this one is killed again and again, and swept by this one.
    async fn kill_swarms(self: Arc<Self>) {
        while Instant::now() < self.until {
            let root = self.root.clone();
            let mut child = tokio::task::spawn_blocking(move || start(&root)).await.unwrap();
            self.note_tags();
            child.kill().unwrap();
            child.wait().unwrap();
            self.count(|counts| counts.swarms += 1);
            swarm_sandbox::sweep(&self.state()).await.unwrap();
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
    }
}

fn seconds() -> Duration {
    let minutes = std::env::var("SOAK_MINUTES").ok().and_then(|text| text.parse::<f64>().ok());
    minutes.map_or(SHORT, |minutes| Duration::from_secs_f64(minutes * 60.0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_made_and_killed_at_random_under_load_leaves_nothing_behind() {
    let ground = Ground::new();
    let rungs: Vec<_> = ground.walled().await.into_iter().map(|rung| rung.backend).collect();
    if rungs.is_empty() {
        return;
    }
    let seed = std::env::var("SOAK_SEED").ok().and_then(|text| text.parse::<u64>().ok());
    let seed = seed.unwrap_or_else(|| std::process::id().into());
    let soak = Arc::new(Soak {
        root: ground.root.path().to_owned(),
        rungs,
        until: Instant::now() + seconds(),
        counts: Mutex::default(),
        tags: Mutex::default(),
    });
    soak.note_tags();
    println!("soak: for {} s with SOAK_SEED={seed}", seconds().as_secs());
    let mut workers = JoinSet::new();
    for number in 0..WORKERS {
        workers.spawn(Arc::clone(&soak).work(Dice(seed.wrapping_mul(WORKERS).wrapping_add(number))));
    }
    if soak.rungs.iter().any(|rung| rung.rung() == Kind::Bubblewrap) {
        workers.spawn(Arc::clone(&soak).kill_swarms());
    }
    while let Some(ended) = workers.join_next().await {
        ended.unwrap();
    }
    for rung in &soak.rungs {
        rung.close().await;
    }
    swarm_sandbox::sweep(&soak.state()).await.unwrap();
    let tags = soak.tags.lock().unwrap().clone();
    let left = || Leftovers::of(&soak.state(), &tags);
    let patience = Instant::now() + Duration::from_secs(30);
    while !left().is_nothing() && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (left, counts) = (left(), soak.counts.lock().unwrap());
    println!("soak: {counts}; left behind: {left}");
    assert!(left.is_nothing(), "{left:?}");
    assert!(counts.commands > 0 && counts.stopped + counts.dropped > 0, "{counts}");
}
