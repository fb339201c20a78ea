//! What a build must not leave behind: worktrees, checkouts, sandboxes, processes, locks.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    Outcome,
    slot::{Slot, said},
    trap::Trap,
};

/// Folders of the data folder in which nothing is left when swarm has stopped.
const EMPTY: [&str; 3] = ["flows/checkouts", "flows/effects", "worktrees"];

pub async fn check(slot: &Slot, trap: &mut Trap) -> Outcome<()> {
    let mut found = Vec::new();
    for name in EMPTY {
        found.extend(files(&slot.data().join(name)));
    }
    found.extend(files(&slot.tmp()));
    found.extend(sandboxes(&slot.data().join("sandboxes")));
    found.extend(locks_of_git(&slot.data()));
    found.extend(processes(slot.path()));
    let locks = trap.locks().await.map_err(said)?;
    if locks > 0 {
        found.push(format!("{locks} locks in the database"));
    }
    if found.is_empty() { Ok(()) } else { Err(format!("left behind: {}", found.join(", "))) }
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            } else {
                found.push(entry.path().display().to_string());
            }
        }
    }
    found
}

fn locks_of_git(data: &Path) -> Vec<String> {
    let all = files(data).into_iter().collect::<BTreeSet<_>>();
    let of_git = |file: &String| {
        // Files that our own locks stand on are there for good.
        let own = file.ends_with(".git/swarm/refs.lock") || !file.contains(".git/");
        file.contains("/mirrors/")
            && Path::new(file).extension().is_some_and(|ending| ending == "lock")
            && !own
    };
    all.into_iter().filter(of_git).collect()
}

/// What belongs to a sandbox. The last worker's own folder stays until the next one starts; it holds no sandbox.
fn sandboxes(folder: &Path) -> Vec<String> {
    let entries = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let of_workers: Vec<_> = entries(folder).into_iter().filter(|path| path.is_dir()).collect();
    let named = |path: &Path, name: &str| path.file_name().is_some_and(|own| own == name);
    let cells = of_workers.iter().flat_map(|path| entries(path));
    let cells = cells.filter(|path| path.is_dir() && !named(path, "view"));
    let more = of_workers.iter().skip(1).cloned();
    cells.chain(more).map(|path| path.display().to_string()).collect()
}

/// Processes that have to do with this folder, but for PostgreSQL.
fn processes(folder: &Path) -> Vec<String> {
    let folder = folder.display().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        if command.contains(&folder) && !command.contains(&format!("{folder}/server")) {
            found.push(format!("process {} {command}", entry.file_name().display()));
        }
    }
    found
}
