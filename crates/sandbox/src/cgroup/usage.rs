//! What the processes of a cgroup use together.

use std::fs;

use super::{Cgroup, Controller, Group, Version};
use crate::window::Figures;

impl Cgroup {
    /// As far as there is a controller that counts it.
    pub(crate) fn figures(&self) -> Figures {
        let of = |controller: Controller, read: fn(&Group) -> Option<u64>| {
            self.groups.iter().filter(|group| group.controllers.contains(&controller)).find_map(read)
        };
        Figures {
            memory_bytes: of(Controller::Memory, memory),
            cpu_millis: of(Controller::Cpu, cpu_millis),
            processes: of(Controller::Pids, |group| number(group, "pids.current")),
            ..Figures::default()
        }
    }
}

fn memory(group: &Group) -> Option<u64> {
    number(
        group,
        match group.version {
            Version::One => "memory.usage_in_bytes",
            Version::Two => "memory.current",
        },
    )
}

fn cpu_millis(group: &Group) -> Option<u64> {
    match group.version {
        // Counted by another controller, which mostly shares the folder.
        Version::One => number(group, "cpuacct.usage").map(|nanos| nanos / 1_000_000),
        Version::Two => {
            let text = text(group, "cpu.stat")?;
            let micros = text.lines().find_map(|line| line.strip_prefix("usage_usec "))?;
            micros.trim().parse::<u64>().ok().map(|micros| micros / 1_000)
        }
    }
}

fn number(group: &Group, file: &str) -> Option<u64> {
    text(group, file)?.trim().parse().ok()
}

fn text(group: &Group, file: &str) -> Option<String> {
    fs::read_to_string(group.folder.join(file)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cgroup(folder: &std::path::Path, version: Version) -> Cgroup {
        let controllers = vec![Controller::Memory, Controller::Cpu, Controller::Pids];
        Cgroup { groups: vec![Group { folder: folder.to_owned(), version, controllers }] }
    }

    #[test]
    fn what_is_used_is_read_from_either_version_and_what_is_not_counted_is_left_open() {
        let folder = tempfile::tempdir().unwrap();
        for (file, content) in [
            ("memory.usage_in_bytes", "4096\n"),
            ("memory.current", "8192\n"),
            ("cpuacct.usage", "5000000\n"),
            ("cpu.stat", "nr_periods 3\nusage_usec 7000\n"),
            ("pids.current", "2\n"),
        ] {
            fs::write(folder.path().join(file), content).unwrap();
        }
        let read = |version| {
            let found = cgroup(folder.path(), version).figures();
            (found.memory_bytes, found.cpu_millis, found.processes)
        };
        assert_eq!(read(Version::One), (Some(4096), Some(5), Some(2)));
        assert_eq!(read(Version::Two), (Some(8192), Some(7), Some(2)));
        fs::write(folder.path().join("cpu.stat"), "usage_usec many\n").unwrap();
        fs::remove_file(folder.path().join("memory.current")).unwrap();
        assert_eq!(read(Version::Two), (None, None, Some(2)));
        assert_eq!(Cgroup::default().figures(), Figures::default());
    }
}
