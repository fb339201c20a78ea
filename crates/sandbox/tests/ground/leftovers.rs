//! What sandboxes must not leave behind: processes, mounts, cgroups, files.

use std::{
    collections::BTreeSet,
    fmt, fs,
    path::{Path, PathBuf},
};

/// What was found.
#[derive(Debug, Default)]
pub struct Leftovers {
    pub processes: Vec<i32>,
    pub mounts: Vec<String>,
    pub cgroups: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

impl Leftovers {
    /// Of the instances with these tags, which had their records in `state`.
    pub fn of(state: &Path, tags: &BTreeSet<String>) -> Self {
        Self {
            processes: processes(tags),
            mounts: mounts(state),
            cgroups: cgroups(tags),
            files: files(state),
        }
    }

    pub fn is_nothing(&self) -> bool {
        self.processes.is_empty()
            && self.mounts.is_empty()
            && self.cgroups.is_empty()
            && self.files.is_empty()
    }
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} processes, {} mounts, {} cgroups, {} files",
            self.processes.len(),
            self.mounts.len(),
            self.cgroups.len(),
            self.files.len()
        )
    }
}

/// The names of the instances that have records now.
pub fn tags(state: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(state).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.starts_with("run-")).collect()
}

/// The processes of their sandboxes.
pub fn processes(tags: &BTreeSet<String>) -> Vec<i32> {
    let is_theirs = |pid: &i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| {
            let id = std::str::from_utf8(variable).ok().and_then(|text| text.strip_prefix("SWARM_SANDBOX="));
            id.and_then(|id| id.split_once('.')).is_some_and(|(tag, _)| tags.contains(tag))
        })
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_theirs).collect()
}

fn mounts(state: &Path) -> Vec<String> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let state = state.display().to_string();
    table.lines().filter(|line| line.contains(&state)).map(str::to_owned).collect()
}

fn cgroups(tags: &BTreeSet<String>) -> Vec<PathBuf> {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let points = table.lines().filter(|line| line.contains(" - cgroup"));
    let mut folders: Vec<_> = points.filter_map(|line| line.split(' ').nth(4).map(PathBuf::from)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let name = entry.file_name().into_string().unwrap_or_default();
            let id = name.strip_prefix("swarm-").and_then(|id| id.split_once('.'));
            if id.is_some_and(|(tag, _)| tags.contains(tag)) {
                found.push(entry.path());
            } else {
                folders.push(entry.path());
            }
        }
    }
    found
}

/// Everything but the lock that instances are made under, which is there for good.
fn files(state: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(state).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name() != "gate").map(|entry| entry.path()).collect()
}
