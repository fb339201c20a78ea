//! What a worktree holds, written to the mirror as a tree.
//!
//! The files are named to git one by one (`update-index`), never found by `git add`: a repository that somebody made
//! inside the worktree would be added as a submodule, and its files lost.

use std::{collections::BTreeSet, ffi::OsStr, os::unix::ffi::OsStrExt as _, path::Path};

use swarm_domain::scope::{RelativePath, Scope};

use crate::{
    durable,
    error::ForgeError,
    git::{Call, Reply},
    mirror::Mirror,
    worktree::Worktree,
};

/// What is taken into a tree.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rules<'a> {
    /// What may be published: inside the scope, under the size limit, with plain names.
    Work(Option<&'a Scope>),
    /// All that git can store.
    Archive,
}

/// What stands at a path, not looking through symbolic links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnDisk {
    Absent,
    /// A file of so many bytes.
    File(u64),
    Link,
    Folder,
    /// A pipe, socket or device.
    Other,
}

/// A worktree as a tree.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub tree: String,
    /// The index that it was written from.
    pub index: tempfile::TempPath,
    /// Whether git stored everything that it was given.
    pub whole: bool,
}

/// Folders that a walk does not enter: git's own, and what programs drop.
const SKIPPED: &[&str] =
    &[".git", "__pycache__", "node_modules", ".pytest_cache", ".mypy_cache", ".ruff_cache"];

impl Mirror {
    /// The paths of the worktree that differ from the attempt's last commit, without what is ignored.
    pub async fn uncommitted(&self, worktree: &Worktree) -> Result<Vec<String>, ForgeError> {
        let _lock = self.lock_attempt(&worktree.run, &worktree.attempt).await?;
        let index = self.index_copy(worktree).await?;
        let (tracked, untracked) = self.differing(worktree, &index).await?;
        Ok(tracked.union(&untracked).map(|path| String::from_utf8_lossy(path).into_owned()).collect())
    }

    /// Writes what the worktree holds as a tree. The attempt's lock is held by the caller.
    pub(crate) async fn snapshot(
        &self,
        worktree: &Worktree,
        rules: Rules<'_>,
    ) -> Result<Snapshot, ForgeError> {
        let index = self.index_copy(worktree).await?;
        let (tracked, untracked) = self.differing(worktree, &index).await?;
        let staged = Staged::sort(&worktree.path, &tracked, &untracked, rules, self.limits().file_bytes)?;
        let whole = self.stage(worktree, &index, staged, rules).await?;
        let tree = self.git("write-tree").work_tree(&worktree.path, &index).text().await?;
        Ok(Snapshot { tree, index, whole })
    }

    /// A copy of the worktree's index: what a kill leaves half changed is never read again.
    async fn index_copy(&self, worktree: &Worktree) -> Result<tempfile::TempPath, ForgeError> {
        let doing = || format!("read the index of {}", worktree.attempt);
        if !worktree.path.is_dir() {
            return Err(ForgeError::NotFound { what: format!("worktree of attempt `{}`", worktree.attempt) });
        }
        let folder = self.attempt_dir(&worktree.run, &worktree.attempt);
        std::fs::create_dir_all(&folder).map_err(ForgeError::io(doing()))?;
        remove_old_copies(&folder);
        let copy = tempfile::Builder::new()
            .prefix(COPY)
            .tempfile_in(&folder)
            .map_err(ForgeError::io(doing()))?
            .into_temp_path();
        let copied = durable::copy_index(&self.index(worktree), &copy);
        let call = || self.git("ls-files").work_tree(&worktree.path, &copy).args(["-m", "-z"]).cut_at(1);
        if copied.is_ok_and(|bytes| bytes > 0) && call().run().await.is_ok() {
            return Ok(copy);
        }
        // Lost or broken: the last commit says as much, only slower.
        let head = self
            .attempt_head(&worktree.run, &worktree.attempt)
            .await?
            .unwrap_or_else(|| worktree.base.clone());
        std::fs::remove_file(&copy).map_err(ForgeError::io(doing()))?;
        let call = self.git("read-tree").work_tree(&worktree.path, &copy);
        call.arg(self.require_commit(&head).await?).run().await?;
        Ok(copy)
    }

    /// Paths that the index knows and that differ on disk, and paths that it does not know.
    async fn differing(
        &self,
        worktree: &Worktree,
        index: &Path,
    ) -> Result<(BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>), ForgeError> {
        let list = |args: [&str; 3]| self.git("ls-files").work_tree(&worktree.path, index).args(args).run();
        let tracked = list(["-z", "-m", "-d"]).await?.fields().map(<[u8]>::to_vec).collect();
        let mut untracked = BTreeSet::new();
        for path in list(["-z", "-o", "--exclude-standard"]).await?.fields() {
            match path.strip_suffix(b"/") {
                Some(nested) => walk(&worktree.path, nested, &mut untracked)?,
                None => {
                    untracked.insert(path.to_vec());
                }
            }
        }
        Ok((tracked, untracked))
    }

    /// Brings the index up to what was sorted out. Gives whether git took all of it.
    async fn stage(
        &self,
        worktree: &Worktree,
        index: &Path,
        mut staged: Staged,
        rules: Rules<'_>,
    ) -> Result<bool, ForgeError> {
        let git = || self.git("update-index").work_tree(&worktree.path, index);
        if !staged.folders.is_empty() {
            let submodules = self.submodules(worktree, index).await?;
            staged.gone.extend(staged.folders.into_iter().filter(|path| !submodules.contains(path)));
        }
        if !staged.gone.is_empty() {
            let none = "0".repeat(worktree.base.as_str().len());
            let head = format!("0 {none}\t");
            let lines: Vec<u8> =
                staged.gone.iter().flat_map(|path| [head.as_bytes(), path, b"\0"].concat()).collect();
            git().args(["-z", "--index-info"]).stdin(lines).run().await?;
        }
        if staged.present.is_empty() {
            return Ok(staged.whole);
        }
        let paths: Vec<u8> =
            staged.present.iter().flat_map(|path| [path.as_slice(), b"\0"].concat()).collect();
        let add = |call: Call| call.args(["--add", "--replace", "-z", "--stdin"]).stdin(paths.clone()).run();
        let reply = match add(git()).await {
            Err(ForgeError::Git { .. }) => {
                // A command of the agent may have taken away the right to read its files.
                durable::make_accessible(&worktree.path);
                add(git()).await?
            }
            other => other?,
        };
        match (refused(&reply), rules) {
            (None, _) => Ok(staged.whole),
            (Some(_), Rules::Archive) => Ok(false),
            (Some(detail), Rules::Work(_)) => Err(ForgeError::Unstorable { detail }),
        }
    }

    async fn submodules(&self, worktree: &Worktree, index: &Path) -> Result<BTreeSet<Vec<u8>>, ForgeError> {
        let listed = self.git("ls-files").work_tree(&worktree.path, index).args(["-s", "-z"]).run().await?;
        let lines = listed.fields().filter(|line| line.starts_with(b"160000 "));
        Ok(lines.filter_map(|line| line.splitn(2, |b| *b == b'\t').nth(1)).map(<[u8]>::to_vec).collect())
    }
}

const COPY: &str = "index-";

/// What a killed process left of its copies. The attempt's lock says that none is in use.
fn remove_old_copies(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().as_bytes().starts_with(COPY.as_bytes()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Git passes over a name that it refuses to store and says so.
fn refused(reply: &Reply) -> Option<String> {
    let said = |line: &&str| line.contains("Ignoring path") || line.contains("Invalid path");
    reply.stderr.lines().find(said).map(str::to_owned)
}

/// Paths, by what the index must learn of them.
#[derive(Debug, Default)]
struct Staged {
    present: Vec<Vec<u8>>,
    gone: Vec<Vec<u8>>,
    /// Tracked paths where a folder stands: gone, unless they are submodules.
    folders: Vec<Vec<u8>>,
    whole: bool,
}

impl Staged {
    fn sort(
        root: &Path,
        tracked: &BTreeSet<Vec<u8>>,
        untracked: &BTreeSet<Vec<u8>>,
        rules: Rules<'_>,
        file_bytes: u64,
    ) -> Result<Self, ForgeError> {
        let mut staged = Self { whole: true, ..Self::default() };
        let mut large = Vec::new();
        for path in tracked.union(untracked) {
            let is_new = !tracked.contains(path);
            let text = String::from_utf8_lossy(path);
            if let Rules::Work(Some(scope)) = rules
                && !scope.allows(&text)
            {
                continue;
            }
            match on_disk(root, path) {
                OnDisk::File(_) | OnDisk::Link
                    if is_new && matches!(rules, Rules::Work(_)) && !is_plain(path) =>
                {
                    let detail =
                        format!("`{}`", text.chars().filter(|c| !c.is_control()).collect::<String>());
                    return Err(ForgeError::Unstorable { detail });
                }
                OnDisk::File(size) if size > file_bytes && matches!(rules, Rules::Work(_)) => {
                    large.push(text.into_owned());
                }
                OnDisk::File(_) | OnDisk::Link => staged.present.push(path.clone()),
                OnDisk::Folder | OnDisk::Absent | OnDisk::Other if is_new => {}
                OnDisk::Folder => staged.folders.push(path.clone()),
                OnDisk::Absent | OnDisk::Other => staged.gone.push(path.clone()),
            }
        }
        if large.is_empty() {
            Ok(staged)
        } else {
            Err(ForgeError::TooLarge { paths: large, limit: file_bytes })
        }
    }
}

fn is_plain(path: &[u8]) -> bool {
    std::str::from_utf8(path)
        .is_ok_and(|text| RelativePath::parse(text).is_ok_and(|path| path.as_str() == text))
}

/// What stands at `path` below `root`. Whatever lies behind a link does not stand there.
pub(crate) fn on_disk(root: &Path, path: &[u8]) -> OnDisk {
    let mut at = root.to_owned();
    let mut parts = path.split(|b| *b == b'/').peekable();
    while let Some(part) = parts.next() {
        at.push(OsStr::from_bytes(part));
        let Ok(found) = std::fs::symlink_metadata(&at) else {
            return OnDisk::Absent;
        };
        let kind = found.file_type();
        if parts.peek().is_some() {
            if kind.is_dir() {
                continue;
            }
            return OnDisk::Absent;
        }
        return match kind {
            kind if kind.is_symlink() => OnDisk::Link,
            kind if kind.is_file() => OnDisk::File(found.len()),
            kind if kind.is_dir() => OnDisk::Folder,
            _ => OnDisk::Other,
        };
    }
    OnDisk::Absent
}

/// Adds the files below a repository inside the worktree: git itself does not look into one.
fn walk(root: &Path, below: &[u8], found: &mut BTreeSet<Vec<u8>>) -> Result<(), ForgeError> {
    let mut folders = vec![below.to_vec()];
    while let Some(folder) = folders.pop() {
        let path = root.join(OsStr::from_bytes(&folder));
        let entries = std::fs::read_dir(&path).map_err(ForgeError::io("read a folder of the worktree"))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| SKIPPED.iter().any(|s| s.eq_ignore_ascii_case(name))) {
                continue;
            }
            let path = [folder.as_slice(), b"/", name.as_bytes()].concat();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                _ => {
                    found.insert(path);
                }
            }
        }
    }
    Ok(())
}
