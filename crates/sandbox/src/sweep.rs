//! Clears away what a killed swarm left behind: processes, cgroups, mounts, folders. What belongs to a swarm that lives
//! is not touched.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::mount::{MntFlags, umount2};

use crate::{
    census,
    error::SandboxError,
    instance::{self, Gate, Instance},
};

/// How long killed processes may take to be gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was cleared away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// Processes of swarm that had died without clearing up.
    pub owners: u32,
    /// Processes of their sandboxes that were killed.
    pub processes: u32,
    /// Sandboxes' cgroups that were removed.
    pub cgroups: u32,
    /// Mounts that were taken off.
    pub mounts: u32,
}

impl Swept {
    /// Whether there was nothing to do.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Clears away what dead processes left below `state`, the folder that the rungs were opened with.
pub async fn sweep(state: &Path) -> Result<Swept, SandboxError> {
    let state = state.to_owned();
    let swept = tokio::task::spawn_blocking(move || sweep_now(&state));
    let swept = swept.await.map_err(|error| SandboxError::io("sweep", std::io::Error::other(error)))??;
    if !swept.is_nothing() {
        let Swept { owners, processes, cgroups, mounts } = swept;
        tracing::info!(owners, processes, cgroups, mounts, "swept what killed processes left behind");
    }
    Ok(swept)
}

fn sweep_now(state: &Path) -> Result<Swept, SandboxError> {
    let failed = |source| SandboxError::io(format!("sweep {}", state.display()), source);
    let gate = Gate::take(state).map_err(failed)?;
    let mut swept = Swept::default();
    for (folder, tag, _lock) in instance::dead(state, &gate).map_err(failed)? {
        swept.owners += 1;
        if let Err(source) = clear(&folder, &tag, &mut swept) {
            // The records stay, and the next start tries again.
            tracing::warn!(folder = %folder.display(), %source, "something of a killed process could not be removed");
        }
    }
    Ok(swept)
}

fn clear(folder: &Path, tag: &str, swept: &mut Swept) -> std::io::Result<()> {
    let records: Vec<_> = instance::records(folder)
        // Only what a sandbox of this instance can have made, whatever the record says.
        .map(|(id, mut record)| {
            record
                .cgroup
                .groups
                .retain(|group| Instance::gave(tag, &id) && group.folder.ends_with(format!("swarm-{id}")));
            record
        })
        .collect();
    let until = Instant::now() + PATIENCE;
    let (mut seen, mut empty) = (HashSet::new(), 0);
    loop {
        let mut living = census::marked(|id| Instance::gave(tag, id));
        for record in &records {
            living.extend(record.cgroup.processes());
            record.cgroup.kill();
        }
        empty = if living.is_empty() { empty + 1 } else { 0 };
        // A process that is just becoming another program has no marker to be seen.
        if empty == 2 {
            break;
        }
        living.iter().copied().for_each(census::end);
        seen.extend(living);
        if Instant::now() >= until {
            return Err(std::io::Error::other("a process does not die"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    swept.processes += u32::try_from(seen.len()).unwrap_or(u32::MAX);
    for record in &records {
        tracing::info!(sandbox = %record.name, "swept a sandbox of a killed process");
        let there = record.cgroup.groups.iter().filter(|group| group.folder.exists()).count();
        record.cgroup.remove(PATIENCE)?;
        swept.cgroups += u32::try_from(there).unwrap_or(u32::MAX);
    }
    // Before anything is deleted: what is mounted there belongs to someone else.
    for point in mounts_below(&fs::canonicalize(folder)?)? {
        umount2(&point, MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW)?;
        swept.mounts += 1;
    }
    fs::remove_dir_all(folder)
}

/// The mounts below a folder, the last one first.
fn mounts_below(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let table = fs::read_to_string("/proc/self/mountinfo")?;
    Ok(points(&table)
        .filter(|point| point.starts_with(folder))
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect())
}

fn points(table: &str) -> impl Iterator<Item = PathBuf> {
    let unescaped = |text: &str| {
        text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
    };
    table.lines().filter_map(move |line| Some(PathBuf::from(unescaped(line.split(' ').nth(4)?))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_with_a_space_in_its_name_is_read_right() {
        let table = "36 35 98:0 / /mnt/a\\040b rw - ext4 /dev/root rw\n37 35 98:0 / /x rw - tmpfs t rw";
        assert_eq!(points(table).collect::<Vec<_>>(), [PathBuf::from("/mnt/a b"), PathBuf::from("/x")]);
    }

    #[test]
    fn a_record_that_names_a_foreign_folder_removes_nothing_there() {
        let state = tempfile::tempdir().unwrap();
        let (foreign, left) = (state.path().join("foreign"), state.path().join("run-left"));
        fs::create_dir(&foreign).unwrap();
        fs::create_dir(&left).unwrap();
        let group = serde_json::json!({"folder": foreign, "version": "Two", "controllers": []});
        let record = serde_json::json!({"name": "a", "cgroup": {"groups": [group]}});
        fs::write(left.join("run-left.1.json"), record.to_string()).unwrap();
        let swept = sweep_now(state.path()).unwrap();
        assert_eq!(swept, Swept { owners: 1, ..Swept::default() });
        assert!(foreign.exists() && !left.exists());
    }

    #[test]
    fn a_mount_left_below_a_dead_folder_is_taken_off_and_its_content_stays() {
        if !nix::unistd::geteuid().is_root() {
            println!("skipped: only root may mount");
            return;
        }
        let state = tempfile::tempdir().unwrap();
        let (kept, point) = (state.path().join("kept"), state.path().join("run-left/mnt"));
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "x").unwrap();
        fs::create_dir_all(&point).unwrap();
        let none = None::<&str>;
        nix::mount::mount(Some(&kept), &point, none, nix::mount::MsFlags::MS_BIND, none).unwrap();
        assert_eq!(sweep_now(state.path()).unwrap().mounts, 1);
        assert!(kept.join("file").exists() && !point.exists());
    }
}
