//! Control groups: limits that hold for all processes of a sandbox together, and a list of these processes that no
//! process can leave.
//!
//! Version 1 has a tree for each controller, version 2 one for all; a machine may have both. So a sandbox's cgroup is a
//! folder in each tree that is needed.

mod place;
#[cfg(test)]
mod second_version_tests;
mod usage;

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub(crate) use place::Places;
use serde::{Deserialize, Serialize};

use crate::{census, sandbox::Limits};

/// The two generations of cgroups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Version {
    One,
    Two,
}

/// What can be limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Controller {
    Memory,
    Cpu,
    Pids,
    Io,
}

/// One folder in one tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) folder: PathBuf,
    pub(crate) version: Version,
    pub(crate) controllers: Vec<Controller>,
}

/// A sandbox's cgroup. Empty where the machine has none that can be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cgroup {
    pub(crate) groups: Vec<Group>,
}

/// bwrap itself and the init process of the sandbox count as processes, but are not the command's.
const OWN_PROCESSES: u32 = 2;

impl Cgroup {
    pub(crate) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Makes the folders and sets the limits.
    pub(crate) fn make(&self, limits: &Limits) -> io::Result<()> {
        for group in &self.groups {
            fs::create_dir(&group.folder).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", group.folder.display()))
            })?;
        }
        self.arm(limits)
    }

    /// Sets the limits, again if a kill lowered one.
    pub(crate) fn arm(&self, limits: &Limits) -> io::Result<()> {
        self.groups.iter().try_for_each(|group| group.arm(limits))
    }

    /// Bounds reads, and writes, of a disk a second. False where no group can: there is none, or another version of it.
    pub(crate) fn bound_operations(&self, disk: &str, most: u32) -> io::Result<bool> {
        let Some(group) = self.groups.iter().find(|group| group.controllers.contains(&Controller::Io)) else {
            return Ok(false);
        };
        match group.version {
            Version::One => {
                for way in ["read", "write"] {
                    let file = format!("blkio.throttle.{way}_iops_device");
                    write(&group.folder, &file, &format!("{disk} {most}"))?;
                }
            }
            Version::Two => write(&group.folder, "io.max", &format!("{disk} riops={most} wiops={most}"))?,
        }
        Ok(true)
    }

    /// The files to write a process id into for it to join.
    pub(crate) fn gates(&self) -> impl Iterator<Item = PathBuf> + '_ {
        self.groups.iter().map(|group| group.folder.join("cgroup.procs"))
    }

    /// How often the kernel killed a process of it for want of memory.
    pub(crate) fn memory_kills(&self) -> u64 {
        let counts = self.groups.iter().filter(|group| group.controllers.contains(&Controller::Memory));
        counts.map(Group::memory_kills).sum()
    }

    /// The processes in it.
    pub(crate) fn processes(&self) -> HashSet<i32> {
        let lists = self.gates().map(|gate| fs::read_to_string(gate).unwrap_or_default());
        lists.flat_map(|list| list.lines().filter_map(|line| line.parse().ok()).collect::<Vec<_>>()).collect()
    }

    /// Kills every process in it, and lets none be born meanwhile.
    pub(crate) fn kill(&self) {
        for group in &self.groups {
            if group.controllers.contains(&Controller::Pids) {
                let _ = write(&group.folder, "pids.max", "0");
            }
            // Linux 5.14 and newer, in both generations of which only the second has the file.
            if group.version == Version::Two {
                let _ = write(&group.folder, "cgroup.kill", "1");
            }
        }
        self.processes().into_iter().for_each(census::end);
    }

    /// Removes the folders once no process is in them; the kernel may need a moment.
    pub(crate) fn remove(&self, patience: Duration) -> io::Result<()> {
        let until = Instant::now() + patience;
        for group in &self.groups {
            loop {
                match fs::remove_dir(&group.folder) {
                    Ok(()) => break,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => break,
                    Err(error) if Instant::now() >= until => return Err(error),
                    Err(_) => std::thread::sleep(Duration::from_millis(2)),
                }
            }
        }
        Ok(())
    }
}

impl Group {
    fn arm(&self, limits: &Limits) -> io::Result<()> {
        for controller in &self.controllers {
            for setting in settings(self.version, *controller, limits) {
                let written = write(&self.folder, setting.file, &setting.value);
                if setting.needed || self.folder.join(setting.file).exists() {
                    written?;
                }
            }
        }
        Ok(())
    }

    fn memory_kills(&self) -> u64 {
        let file = match self.version {
            Version::One => "memory.oom_control",
            Version::Two => "memory.events",
        };
        let text = fs::read_to_string(self.folder.join(file)).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok()).unwrap_or(0)
    }
}

struct Setting {
    file: &'static str,
    value: String,
    /// Kernels without swap accounting lack some files; then there is nothing to set.
    needed: bool,
}

fn settings(version: Version, controller: Controller, limits: &Limits) -> Vec<Setting> {
    let needed = |file, value: String| Setting { file, value, needed: true };
    let wanted = |file, value: String| Setting { file, value, needed: false };
    let memory = limits.memory_bytes.to_string();
    let quota = (u64::from(limits.cpu_milli) * 100).max(1_000);
    match (version, controller) {
        (Version::One, Controller::Memory) => vec![
            needed("memory.limit_in_bytes", memory.clone()),
            wanted("memory.memsw.limit_in_bytes", memory),
        ],
        (Version::Two, Controller::Memory) => vec![
            needed("memory.max", memory),
            wanted("memory.swap.max", "0".to_owned()),
            wanted("memory.oom.group", "1".to_owned()),
        ],
        (Version::One, Controller::Cpu) => vec![
            needed("cpu.cfs_period_us", "100000".to_owned()),
            needed("cpu.cfs_quota_us", quota.to_string()),
        ],
        (Version::Two, Controller::Cpu) => vec![needed("cpu.max", format!("{quota} 100000"))],
        (_, Controller::Pids) => vec![needed("pids.max", (limits.pids + OWN_PROCESSES).to_string())],
        // Of one disk: see `bound_operations`.
        (_, Controller::Io) => Vec::new(),
    }
}

fn write(folder: &Path, file: &str, value: &str) -> io::Result<()> {
    fs::OpenOptions::new()
        .write(true)
        .open(folder.join(file))
        .and_then(|mut open| io::Write::write_all(&mut open, value.as_bytes()))
        .map_err(|error| io::Error::new(error.kind(), format!("{}/{file}: {error}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_thousandths_are_one_processor_and_the_kernels_least_quota_is_kept() {
        let limits = |cpu_milli| Limits { cpu_milli, ..Limits::default() };
        let value = |cpu_milli| settings(Version::Two, Controller::Cpu, &limits(cpu_milli))[0].value.clone();
        assert_eq!(value(1_000), "100000 100000");
        assert_eq!(value(250), "25000 100000");
        assert_eq!(value(1), "1000 100000");
    }

    #[test]
    fn kills_for_memory_are_read_from_either_version() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("memory.oom_control"), "under_oom 0\noom_kill 3\n").unwrap();
        fs::write(folder.path().join("memory.events"), "oom 9\noom_kill 4\noom_group_kill 1\n").unwrap();
        let kills = |version| {
            Group { folder: folder.path().to_owned(), version, controllers: vec![Controller::Memory] }
                .memory_kills()
        };
        assert_eq!((kills(Version::One), kills(Version::Two)), (3, 4));
    }

    #[test]
    fn a_group_that_wants_more_than_its_share_of_the_processor_is_throttled() {
        let places = Places::find();
        if !places.has(Controller::Cpu) {
            println!("skipped: no cgroup limits the processor here ({})", places.report());
            return;
        }
        let cgroup = places.cgroup(&format!("cpu-test-{}", std::process::id()), false);
        cgroup.make(&Limits { cpu_milli: 50, ..Limits::default() }).unwrap();
        let gate = cgroup.groups.iter().find(|group| group.controllers.contains(&Controller::Cpu)).unwrap();
        let line = "echo 0 > \"$1\" && while :; do :; done";
        let mut child = std::process::Command::new("/bin/sh")
            .args(["-c", line, "sh"])
            .arg(gate.folder.join("cgroup.procs"))
            .spawn()
            .unwrap();
        let throttled = || {
            let text = fs::read_to_string(gate.folder.join("cpu.stat")).unwrap();
            text.lines().find_map(|line| line.strip_prefix("nr_throttled ")?.parse::<u64>().ok()).unwrap()
        };
        let until = Instant::now() + Duration::from_secs(30);
        while throttled() == 0 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(10));
        }
        let times = throttled();
        cgroup.kill();
        child.wait().unwrap();
        cgroup.remove(Duration::from_secs(5)).unwrap();
        assert!(times > 0);
    }
}
