//! A folder for swarm's records, a work folder, and the rungs to try on them.

pub mod leftovers;
pub mod memory;
pub mod microvm;
pub mod python;
pub mod relay;
pub mod server;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use swarm_sandbox::{
    Backend, Bubblewrap, Ended, Exec, Hold, How, Limit, Limits, LimitsReport, MicroVms, Process, Sandbox,
    SandboxSpec,
};
use tokio_util::sync::CancellationToken;

/// Where a test's files are. Removed when dropped.
pub struct Ground {
    pub root: tempfile::TempDir,
    pub work: PathBuf,
}

impl Ground {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let work = root.path().join("work");
        fs::create_dir(&work).unwrap();
        Self { root, work }
    }

    pub fn state(&self) -> PathBuf {
        self.root.path().join("state")
    }

    pub fn spec(&self, limits: Limits) -> SandboxSpec {
        SandboxSpec { name: "test".to_owned(), workdir: self.work.clone(), limits, ..SandboxSpec::default() }
    }

    /// The bubblewrap rung; nothing, with the reason on screen, where the machine lacks what it takes.
    pub async fn bubblewrap(&self) -> Option<Rung> {
        let rung = Bubblewrap::open(&self.state()).await.unwrap();
        if let Err(error) = rung.probe().await {
            println!("skipped: {error}");
            return None;
        }
        Some(Rung { limits: rung.limits(), backend: Arc::new(rung) })
    }

    /// What leads to the network from inside.
    pub fn relay(&self) -> PathBuf {
        relay::program(self.root.path())
    }

    pub async fn process(&self) -> Rung {
        let rung = Process::open(&self.state()).await.unwrap();
        Rung { limits: rung.limits(), backend: Arc::new(rung) }
    }

    /// The QEMU rung, emulated where it must be; nothing, with the reason on screen, where the machine lacks what it
    /// takes.
    pub async fn qemu(&self) -> Option<Rung> {
        let rung = self.microvms().await?;
        Some(Rung { limits: rung.limits(), backend: rung })
    }

    pub async fn microvms(&self) -> Option<Arc<MicroVms>> {
        let home = match microvm::home() {
            Ok(home) => home,
            Err(why) => {
                println!("skipped: {why}");
                return None;
            }
        };
        Some(Arc::new(MicroVms::qemu_in(&self.state(), home, true).await.unwrap()))
    }

    /// Every rung that works here.
    pub async fn everywhere(&self) -> Vec<Rung> {
        let mut rungs = self.rungs().await;
        rungs.extend(self.qemu().await);
        rungs
    }

    /// The rungs that isolate, as far as they work here.
    pub async fn walled(&self) -> Vec<Rung> {
        self.bubblewrap().await.into_iter().chain(self.qemu().await).collect()
    }

    /// Every rung that works here, but microVMs: for what looks at processes from the host.
    pub async fn rungs(&self) -> Vec<Rung> {
        let mut rungs = vec![self.process().await];
        rungs.extend(self.bubblewrap().await);
        rungs
    }
}

pub struct Rung {
    pub backend: Arc<dyn Backend>,
    pub limits: LimitsReport,
}

impl Rung {
    pub async fn make(&self, ground: &Ground, limits: Limits) -> Box<dyn Sandbox> {
        self.backend.create(ground.spec(limits)).await.unwrap()
    }

    /// One command in a sandbox of its own.
    pub async fn run(&self, ground: &Ground, limits: Limits, line: &str) -> Ended {
        let sandbox = self.make(ground, limits).await;
        let ended = sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap();
        sandbox.stop().await.unwrap();
        ended
    }

    /// Whether a limit is held for a sandbox as a whole; says so where it is not.
    pub fn holds(&self, hold: Hold, what: &str) -> bool {
        if hold != Hold::Together {
            println!("skipped: no cgroup limits {what} here ({})", self.limits);
        }
        hold == Hold::Together
    }
}

pub fn passed(limit: Limit) -> How {
    How::LimitPassed { limit }
}

pub const FINE: How = How::Exited { code: 0 };

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A number of seconds to sleep that no other process sleeps, to know a process by.
pub fn unlike_any_other() -> String {
    let folder = tempfile::tempdir().unwrap();
    let digits = folder
        .path()
        .to_string_lossy()
        .bytes()
        .fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    format!("{}.{}", 3_000 + digits % 6_000, digits % 1_000_000_007)
}

/// Whether a process lives that was started with this argument.
pub fn is_there(argument: &str) -> bool {
    !with_argument(argument).is_empty()
}

/// The processes that were started with this argument.
pub fn with_argument(argument: &str) -> Vec<i32> {
    let has_it = |pid: &i32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(has_it).collect()
}

/// Whether this process may make a cgroup of the first version that bounds operations of the disk with this folder.
pub fn bounds_operations(folder: &Path) -> bool {
    let device = nix::sys::stat::stat(folder).unwrap().st_dev;
    let (major, minor) = (nix::sys::stat::major(device), nix::sys::stat::minor(device));
    let trees = ["/sys/fs/cgroup/blkio/blkio.throttle.write_iops_device", "/sys/fs/cgroup/io.max"];
    Path::new(&format!("/sys/dev/block/{major}:{minor}")).exists()
        && nix::unistd::geteuid().is_root()
        && trees.iter().any(|file| Path::new(file).exists())
}

/// The processors' time that each of these has used.
pub fn cpu_times(processes: &[i32]) -> HashMap<i32, Duration> {
    let used = |pid: &i32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in parentheses, may hold anything; the times are the 14th and 15th field, in hundredths.
        let fields: Vec<_> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let hundredths: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some((*pid, Duration::from_millis(hundredths * 10)))
    };
    processes.iter().filter_map(used).collect()
}

/// Waits until something is so. Only a test that fails waits long.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub fn write(path: &Path, content: &str) {
    fs::write(path, content).unwrap();
}
