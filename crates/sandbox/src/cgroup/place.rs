//! Where cgroups can be made on this machine.
//!
//! Always below what already limits swarm itself, so that a container's or a service's own limits go on to hold.
//! - Version 1: below swarm's own group in each controller's tree, when that may be written.
//! - Version 2: no group may hold both processes and limited groups, and swarm's own holds swarm. So it is the nearest
//!   group above that hands controllers on to its children and that we may write: under systemd the slice that a
//!   service or a user's scope lives in.
//!
//! What a folder's permissions promise is then tried, with a real process.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use super::{Cgroup, Controller, Group, Version};
use crate::{
    limits_report::{Hold, LimitsReport},
    sandbox::Limits,
};

/// A folder below which groups can be made for some controllers.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    folder: PathBuf,
    version: Version,
    controllers: Vec<Controller>,
}

/// Every place that is used on this machine.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    places: Vec<Place>,
    trouble: Option<String>,
}

impl Places {
    /// Finds and tries them. Takes some milliseconds.
    pub(crate) fn find() -> Self {
        let read = || -> io::Result<_> {
            Ok((fs::read_to_string("/proc/self/mountinfo")?, fs::read_to_string("/proc/self/cgroup")?))
        };
        let (mounts, own) = match read() {
            Ok(both) => both,
            Err(error) => return Self::none(error.to_string()),
        };
        let mut found = Self::none("no cgroup here may be written".to_owned());
        let candidates = first_version(&mounts, &own).into_iter().chain(second_version(&mounts, &own));
        for mut place in candidates {
            place.controllers.retain(|controller| !found.has(*controller));
            // A process is in one group of the second version: to join another is to leave it.
            let is_second = |place: &Place| place.version == Version::Two;
            if place.controllers.is_empty() || is_second(&place) && found.places.iter().any(is_second) {
                continue;
            }
            match place.attempt() {
                Ok(()) => found.places.push(place),
                Err(error) => found.trouble = Some(error.to_string()),
            }
        }
        found
    }

    /// No place, and why.
    pub(crate) fn none(reason: String) -> Self {
        Self { places: Vec::new(), trouble: Some(reason) }
    }

    /// The cgroup of the sandbox with this id; nothing is made yet. What bounds nothing but operations of a disk is only in
    /// it when these are bounded.
    pub(crate) fn cgroup(&self, id: &str, bounds_operations: bool) -> Cgroup {
        let places = self.places.iter();
        let wanted = places.filter(|place| bounds_operations || place.controllers != [Controller::Io]);
        Cgroup { groups: wanted.map(|place| place.group(id)).collect() }
    }

    pub(crate) fn has(&self, controller: Controller) -> bool {
        self.places.iter().any(|place| place.controllers.contains(&controller))
    }

    /// How firmly limits are held when resource limits do what cgroups cannot.
    pub(crate) fn report(&self) -> LimitsReport {
        let hold = |controller, otherwise| {
            if self.has(controller) { Hold::Together } else { otherwise }
        };
        // The kernel exempts root from the limit on a user's processes, within user namespaces too.
        let pids = if nix::unistd::geteuid().is_root() { Hold::Not } else { Hold::Each };
        let mut report = LimitsReport {
            memory: hold(Controller::Memory, Hold::Each),
            cpu: hold(Controller::Cpu, Hold::Not),
            pids: hold(Controller::Pids, pids),
            reason: None,
        };
        if !report.is_full() {
            report.reason.clone_from(&self.trouble);
        }
        report
    }
}

impl Place {
    fn group(&self, id: &str) -> Group {
        Group {
            folder: self.folder.join(format!("swarm-{id}")),
            version: self.version,
            controllers: self.controllers.clone(),
        }
    }

    /// Makes a group with limits, has a process join it, removes it.
    fn attempt(&self) -> io::Result<()> {
        static TRIALS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let trial = TRIALS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let group = self.group(&format!("trial-{}-{trial}", std::process::id()));
        let gate = group.folder.join("cgroup.procs");
        let cgroup = Cgroup { groups: vec![group] };
        let joined = cgroup.make(&Limits::default()).and_then(|()| {
            let status = Command::new("/bin/sh")
                .args(["-c", "echo 0 > \"$1\"", "sh"])
                .arg(&gate)
                .env_clear()
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            let refused = || io::Error::other(format!("no process may join {}", self.folder.display()));
            if status.success() { Ok(()) } else { Err(refused()) }
        });
        cgroup.remove(Duration::from_secs(1)).and(joined)
    }
}

/// Where a version 1 tree, or the version 2 one, is mounted, and which part of it.
struct Mount<'a> {
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

fn cgroup_mounts(mounts: &str) -> impl Iterator<Item = Mount<'_>> {
    mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let (root, point) = (before.next()?, before.next()?);
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        kind.starts_with("cgroup").then_some(Mount { root, point, kind, options })
    })
}

/// The folder of the group at `own` of a tree, as far as the mount shows it.
fn within(mount: &Mount<'_>, own: &str) -> PathBuf {
    let seen = Path::new(own).strip_prefix(mount.root).unwrap_or(Path::new(""));
    Path::new(mount.point).join(seen.strip_prefix("/").unwrap_or(seen))
}

fn named(name: &str) -> Option<Controller> {
    match name {
        "memory" => Some(Controller::Memory),
        "cpu" => Some(Controller::Cpu),
        "pids" => Some(Controller::Pids),
        "blkio" | "io" => Some(Controller::Io),
        _ => None,
    }
}

fn first_version(mounts: &str, own: &str) -> Vec<Place> {
    let mut places = Vec::new();
    for mount in cgroup_mounts(mounts).filter(|mount| mount.kind == "cgroup") {
        let controllers: Vec<_> = mount.options.split(',').filter_map(named).collect();
        let path = own.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (names, path) = rest.split_once(':')?;
            names
                .split(',')
                .any(|name| named(name).is_some_and(|one| controllers.contains(&one)))
                .then_some(path)
        });
        if let Some(path) = path {
            places.push(Place { folder: within(&mount, path), version: Version::One, controllers });
        }
    }
    places
}

fn second_version(mounts: &str, own: &str) -> Vec<Place> {
    let Some(mount) = cgroup_mounts(mounts).find(|mount| mount.kind == "cgroup2") else {
        return Vec::new();
    };
    let Some(path) = own.lines().find_map(|line| line.strip_prefix("0::")) else {
        return Vec::new();
    };
    let folder = within(&mount, path);
    let groups = folder.ancestors().take_while(|folder| folder.starts_with(mount.point));
    groups
        .filter_map(|folder| {
            let handed_on = fs::read_to_string(folder.join("cgroup.subtree_control")).ok()?;
            let controllers: Vec<_> = handed_on.split_ascii_whitespace().filter_map(named).collect();
            let place = Place { folder: folder.to_owned(), version: Version::Two, controllers };
            (!place.controllers.is_empty()).then_some(place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_version_one_each_controller_has_its_tree_and_a_container_sees_only_its_part() {
        let mounts = "\
32 31 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
        let own = "8:pids:/\n4:memory:/box/7\n1:cpu,cpuacct:/docker/abc/inner\n0::/";
        let place = |folder: &str, controllers| Place {
            folder: PathBuf::from(folder),
            version: Version::One,
            controllers,
        };
        assert_eq!(
            first_version(mounts, own),
            [
                place("/sys/fs/cgroup/cpu,cpuacct/inner", vec![Controller::Cpu]),
                place("/sys/fs/cgroup/memory/box/7", vec![Controller::Memory]),
                place("/sys/fs/cgroup/freezer", vec![]),
            ]
            .into_iter()
            .take(2)
            .collect::<Vec<_>>()
        );
    }

    #[test]
    fn in_version_two_the_nearest_group_that_hands_controllers_on_comes_first() {
        let tree = tempfile::tempdir().unwrap();
        let slice = tree.path().join("user.slice/app.slice");
        let own = slice.join("swarm.scope");
        fs::create_dir_all(&own).unwrap();
        fs::write(tree.path().join("cgroup.subtree_control"), "cpuset cpu io memory pids\n").unwrap();
        fs::write(tree.path().join("user.slice/cgroup.subtree_control"), "\n").unwrap();
        fs::write(slice.join("cgroup.subtree_control"), "memory pids\n").unwrap();
        fs::write(own.join("cgroup.subtree_control"), "").unwrap();
        let mounts = format!("41 31 0:38 / {} rw - cgroup2 cgroup2 rw", tree.path().display());
        let found = second_version(&mounts, "0::/user.slice/app.slice/swarm.scope");
        assert_eq!(
            found.iter().map(|place| place.folder.as_path()).collect::<Vec<_>>(),
            [&slice, tree.path()]
        );
        assert_eq!(found[0].controllers, [Controller::Memory, Controller::Pids]);
    }

    #[test]
    fn without_any_cgroup_the_report_says_what_is_weaker() {
        let report = Places::none("not mounted".to_owned()).report();
        assert!(!report.is_full());
        let text = report.to_string();
        assert!(text.contains("memory limited per process, not per sandbox"), "{text}");
        assert!(text.contains("not mounted"), "{text}");
    }
}
