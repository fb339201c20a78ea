//! What lies between two commits.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};
use swarm_domain::CommitId;

use crate::{
    error::ForgeError,
    git::{Call, Reply},
    mirror::Mirror,
    tree::FileMode,
};

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content, its mode or its type is another.
    Modified,
    /// It is gone.
    Deleted,
}

/// A file that differs between two commits. A file that was moved is one deleted and one added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where it is. Bytes that are no text are replaced, which puts such a path outside every scope.
    pub path: String,
    /// What became of it.
    pub kind: ChangeKind,
    /// What it is, or was if it is gone.
    pub mode: FileMode,
    /// Its bytes after the change; 0 if it is gone.
    pub size: u64,
}

/// A unified diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The text, as `git diff` prints it.
    pub text: String,
    /// Whether there was more than what was asked for.
    pub truncated: bool,
}

/// How much differs between two commits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffStat {
    /// Files.
    pub files: u32,
    /// Lines added.
    pub added: u32,
    /// Lines removed.
    pub removed: u32,
}

impl fmt::Display for DiffStat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.files == 1 { "" } else { "s" };
        write!(f, "{} file{s}, +{} -{}", self.files, self.added, self.removed)
    }
}

/// A change with the names of what it is about.
pub(crate) struct Listed {
    pub change: Change,
    /// The object before; zeros where there is none.
    pub old: String,
    /// The object after; zeros where there is none.
    pub new: String,
}

/// Reads what `--raw -z --no-abbrev` prints. The sizes are not in it.
pub(crate) fn listed(reply: &Reply) -> Vec<Listed> {
    let mut found = Vec::new();
    let mut fields = reply.fields();
    while let (Some(head), Some(path)) = (fields.next(), fields.next()) {
        let head = String::from_utf8_lossy(head);
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, status] = words.as_slice() else {
            continue;
        };
        let kind = match status.chars().next() {
            Some('A') => ChangeKind::Added,
            Some('D') => ChangeKind::Deleted,
            _ => ChangeKind::Modified,
        };
        let mode = if kind == ChangeKind::Deleted { old_mode } else { new_mode };
        let path = String::from_utf8_lossy(path).into_owned();
        let change = Change { path, kind, mode: FileMode::of_git(mode), size: 0 };
        found.push(Listed { change, old: (*old).to_owned(), new: (*new).to_owned() });
    }
    found
}

impl Mirror {
    /// The files that differ between two commits.
    pub async fn changes(&self, from: &CommitId, to: &CommitId) -> Result<Vec<Change>, ForgeError> {
        let reply = self
            .between(from, to)
            .await?
            .args(["--raw", "-z", "--no-abbrev"])
            .end_of_range(from, to)
            .run()
            .await?;
        let mut listed = listed(&reply);
        let ids: Vec<&str> = listed.iter().map(|one| one.new.as_str()).collect();
        let sizes = self.sizes(&ids).await?;
        for (one, size) in listed.iter_mut().zip(sizes) {
            one.change.size = size;
        }
        Ok(listed.into_iter().map(|one| one.change).collect())
    }

    /// What the files that differ between two commits are afterwards: each path with the name of its content. Where two
    /// changes leave the same, nobody needs to read both.
    pub async fn left(
        &self,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<BTreeSet<(String, String)>, ForgeError> {
        let call = self.between(from, to).await?.args(["--raw", "-z", "--no-abbrev"]);
        let reply = call.end_of_range(from, to).run().await?;
        Ok(listed(&reply).into_iter().map(|one| (one.change.path, one.new)).collect())
    }

    /// What differs between two commits, line by line, as far as `max_bytes` go. A file is shown as text whatever it
    /// and its attributes say: nothing can be hidden from a reader by calling it binary.
    pub async fn diff(&self, from: &CommitId, to: &CommitId, max_bytes: usize) -> Result<Diff, ForgeError> {
        let call = self.between(from, to).await?.args(["-p", "--text", "--no-color", "-U3"]);
        let reply = call.end_of_range(from, to).cut_at(max_bytes).run().await?;
        Ok(Diff { text: String::from_utf8_lossy(&reply.stdout).into_owned(), truncated: reply.truncated })
    }

    /// How much differs between two commits.
    pub async fn diffstat(&self, from: &CommitId, to: &CommitId) -> Result<DiffStat, ForgeError> {
        let call = self.between(from, to).await?.args(["--numstat", "-z"]);
        let reply = call.end_of_range(from, to).run().await?;
        let mut stat = DiffStat::default();
        for line in reply.fields() {
            let line = String::from_utf8_lossy(line);
            // A binary file has a dash for its lines.
            let mut numbers = line.splitn(3, '\t').map(|n| n.parse::<u32>().unwrap_or(0));
            stat.files = stat.files.saturating_add(1);
            stat.added = stat.added.saturating_add(numbers.next().unwrap_or(0));
            stat.removed = stat.removed.saturating_add(numbers.next().unwrap_or(0));
        }
        Ok(stat)
    }

    async fn between(&self, from: &CommitId, to: &CommitId) -> Result<Call, ForgeError> {
        self.require_commit(from).await?;
        self.require_commit(to).await?;
        Ok(self.git("diff-tree").args(["-r", "--no-renames", "--no-ext-diff", "--no-textconv"]))
    }
}

impl Call {
    fn end_of_range(self, from: &CommitId, to: &CommitId) -> Self {
        self.args([from.as_str(), to.as_str(), "--"])
    }
}
