//! The cgroup of the command, where the machine has cgroups (version 2) and this program may use them.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use swarm_guest::message::ExecLimits;

const ROOT: &str = "/sys/fs/cgroup";
const CONTROLLERS: &str = "+memory +pids +cpu";

/// How long a dead process may take to leave its cgroup.
const PATIENCE: u32 = 200;

/// Makes cgroups usable, in a machine of its own. Nothing where the kernel has none.
pub fn prepare() -> bool {
    let root = Path::new(ROOT);
    root.join("cgroup.controllers").exists()
        && fs::write(root.join("cgroup.subtree_control"), CONTROLLERS).is_ok()
}

/// One command's.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes it. The keeper counts too, so one process more may live.
    pub fn make(limits: &ExecLimits) -> io::Result<Self> {
        let path = Path::new(ROOT).join("command");
        fs::create_dir_all(&path)?;
        let cgroup = Self { path };
        cgroup.set("pids.max", &(u64::from(limits.pids) + 1).to_string())?;
        if let Some(bytes) = limits.memory_bytes {
            // The files that it writes are in memory as well, and have a limit of their own.
            let most = bytes.saturating_add(limits.disk_bytes.unwrap_or(0));
            cgroup.set("memory.max", &most.to_string())?;
            cgroup.set("memory.oom.group", "1")?;
            // Not every kernel has swap.
            let _ = cgroup.set("memory.swap.max", "0");
        }
        Ok(cgroup)
    }

    fn set(&self, name: &str, value: &str) -> io::Result<()> {
        fs::write(self.path.join(name), value)
    }

    fn figure(&self, file: &str, name: &str) -> u64 {
        let all = fs::read_to_string(self.path.join(file)).unwrap_or_default();
        all.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok()).unwrap_or(0)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How often the kernel killed in it for want of memory.
    pub fn memory_kills(&self) -> u64 {
        self.figure("memory.events", "oom_kill ")
    }

    /// Bytes that it holds, without those of files on a file system in memory that has so many bytes in use.
    pub fn memory_beside(&self, files: u64) -> u64 {
        let (own, shared) = (self.figure("memory.stat", "anon "), self.figure("memory.stat", "shmem "));
        own.saturating_add(shared.saturating_sub(files))
    }

    /// Milliseconds of CPU that were used.
    pub fn cpu_ms(&self) -> u64 {
        self.figure("cpu.stat", "usage_usec ") / 1000
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for _ in 0..PATIENCE {
            match fs::remove_dir(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                    let _ = self.set("cgroup.kill", "1");
                    std::thread::sleep(Duration::from_millis(5));
                }
                _ => return,
            }
        }
    }
}
