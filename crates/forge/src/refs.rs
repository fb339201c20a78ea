//! The names of refs, and the lock files that a killed git leaves beside them.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use swarm_domain::{AttemptId, IdempotencyKey, RunId};

use crate::error::ForgeError;

pub(crate) const UPSTREAM_HEADS: &str = "refs/upstream/heads/";
pub(crate) const UPSTREAM_HEAD: &str = "refs/upstream/HEAD";
pub(crate) const ROOT: &str = "refs/swarm/root";
pub(crate) const BASES: &str = "refs/swarm/bases/";

/// Git holds a ref's lock for milliseconds; one this old has no holder.
pub(crate) const STALE: Duration = Duration::from_secs(10);

/// Git's own rule, which minds the case.
fn is_lock(part: &str) -> bool {
    part.rsplit_once('.').is_some_and(|(_, end)| end == "lock")
}

/// Ids are plain already; git has one more rule for the parts of a ref.
fn part(id: &str) -> Result<&str, ForgeError> {
    if is_lock(id) {
        Err(ForgeError::Invalid { what: "id for a branch", detail: format!("`{id}` ends in .lock") })
    } else {
        Ok(id)
    }
}

pub(crate) fn integration(run: &RunId) -> Result<String, ForgeError> {
    Ok(format!("refs/heads/swarm/{}", part(run.as_str())?))
}

pub(crate) fn run_base(run: &RunId) -> Result<String, ForgeError> {
    Ok(format!("refs/swarm/runs/{}", part(run.as_str())?))
}

fn of_attempt(folder: &str, run: &RunId, attempt: &AttemptId) -> Result<String, ForgeError> {
    Ok(format!("{folder}{}/{}", part(run.as_str())?, part(attempt.as_str())?))
}

/// Not below `refs/heads/swarm/<run>`: a ref cannot be a folder too.
pub(crate) fn attempt_head(run: &RunId, attempt: &AttemptId) -> Result<String, ForgeError> {
    of_attempt("refs/swarm/attempts/", run, attempt)
}

pub(crate) fn attempt_base(run: &RunId, attempt: &AttemptId) -> Result<String, ForgeError> {
    of_attempt(BASES, run, attempt)
}

/// The commit that an attempt made under a key.
pub(crate) fn keyed(run: &RunId, attempt: &AttemptId, key: &IdempotencyKey) -> Result<String, ForgeError> {
    let hash = blake3::hash(key.as_str().as_bytes()).to_hex();
    Ok(format!("{}/{}", of_attempt("refs/swarm/keys/", run, attempt)?, &hash[..32]))
}

pub(crate) fn archive(run: &RunId, attempt: &AttemptId) -> Result<String, ForgeError> {
    of_attempt("refs/archive/", run, attempt)
}

/// A branch's name as people say it.
pub(crate) fn short(name: &str) -> &str {
    name.strip_prefix("refs/heads/").unwrap_or(name)
}

/// The rules of `git check-ref-format --branch`.
pub(crate) fn check_branch(name: &str) -> Result<(), ForgeError> {
    let bad = name.is_empty()
        || name.len() > 200
        || name.starts_with('-')
        || name == "@"
        || name.contains("..")
        || name.contains("@{")
        || name.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c))
        || name
            .split('/')
            .any(|part| part.is_empty() || part.starts_with('.') || part.ends_with('.') || is_lock(part));
    if bad {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
        Err(ForgeError::Invalid { what: "branch name", detail: format!("`{shown}`") })
    } else {
        Ok(())
    }
}

/// Removes ref locks in the repository at `dir` whose holder must be dead. Gives how many.
pub(crate) fn remove_stale_locks(dir: &Path) -> Result<usize, ForgeError> {
    let doing = "remove stale locks of git";
    // The file system's own clock: the one that the locks' times were taken from.
    let now = tempfile::tempfile_in(dir)
        .and_then(|file| file.metadata())
        .and_then(|found| found.modified())
        .map_err(ForgeError::io(doing))?;
    let is_stale = |path: &Path| {
        let modified = std::fs::symlink_metadata(path).and_then(|found| found.modified());
        path.extension().is_some_and(|e| e == "lock") && modified.is_ok_and(|at| older(at, now))
    };
    let mut folders: Vec<PathBuf> = vec![dir.join("refs")];
    let mut locks: Vec<PathBuf> =
        ["HEAD.lock", "packed-refs.lock", "config.lock", "shallow.lock"].map(|name| dir.join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => locks.push(entry.path()),
            }
        }
    }
    let mut removed = 0;
    for lock in locks.iter().filter(|path| is_stale(path)) {
        tracing::warn!(lock = %lock.display(), "removing a lock that a dead process left");
        removed += usize::from(std::fs::remove_file(lock).is_ok());
    }
    Ok(removed)
}

fn older(at: SystemTime, now: SystemTime) -> bool {
    now.duration_since(at).is_ok_and(|age| age > STALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_name_that_git_would_refuse_or_misread_is_refused() {
        for bad in [
            "", "-x", "a..b", "a b", "a:b", "x^", "a//b", "/a", "a/", ".a", "a/.b", "a.lock", "@", "a@{1}",
            "a\n",
        ] {
            assert!(check_branch(bad).is_err(), "{bad:?}");
        }
        for good in ["main", "feature/x-1", "ümlaut", "v1.2"] {
            assert!(check_branch(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn an_id_that_no_ref_can_carry_is_refused() {
        assert!(integration(&RunId::parse("run.lock").unwrap()).is_err());
    }
}
