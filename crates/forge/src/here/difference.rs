//! What a change holds: its files before and after, and the diff that people would read.

use std::collections::HashMap;

use swarm_domain::CommitId;

use super::Here;
use crate::{
    changes::{Change, Diff, Listed, listed},
    error::ForgeError,
    git::Call,
    object::hex,
    tree::{BATCH, FileMode, objects, sizes},
};

/// How much of a change is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Files whose content is read.
    pub files: usize,
    /// Bytes of one file; the content of a larger one is not read.
    pub file_bytes: u64,
    /// Bytes of the diff.
    pub diff_bytes: usize,
}

/// The bytes of a file before and after a change; none for what is absent, too large or no ordinary file.
pub type Sides = (Option<Vec<u8>>, Option<Vec<u8>>);

/// A change, read.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The files that differ.
    pub changes: Vec<Change>,
    /// For each of them, as far as they are read, the bytes before and after.
    pub contents: Vec<Sides>,
    /// What differs, line by line.
    pub diff: Diff,
}

impl Here {
    /// What is staged: the difference between the last commit and the index.
    pub async fn staged(&self, bounds: Bounds) -> Result<Difference, ForgeError> {
        let base = match self.resolve("HEAD^{commit}").await? {
            Some(head) => head,
            // Before the first commit everything is new.
            None => self.git("hash-object").args(["-t", "tree", "/dev/null"]).text().await?,
        };
        let call =
            || self.git("diff-index").args(["--cached", "--no-renames", "--no-ext-diff", "--no-textconv"]);
        self.difference(call, &[&base], bounds).await
    }

    /// What lies between two commits.
    pub async fn between(
        &self,
        from: &CommitId,
        to: &CommitId,
        bounds: Bounds,
    ) -> Result<Difference, ForgeError> {
        let call = || self.git("diff-tree").args(["-r", "--no-renames", "--no-ext-diff", "--no-textconv"]);
        self.difference(call, &[hex(from)?, hex(to)?], bounds).await
    }

    async fn difference(
        &self,
        call: impl Fn() -> Call,
        ends: &[&str],
        bounds: Bounds,
    ) -> Result<Difference, ForgeError> {
        let reply = call().args(["--raw", "-z", "--no-abbrev"]).args(ends).arg("--").run().await?;
        let mut listed = listed(&reply);
        let text = call().args(["-p", "--text", "--no-color", "-U3"]).args(ends).arg("--");
        let text = text.cut_at(bounds.diff_bytes).run().await?;
        let after: Vec<&str> = listed.iter().map(|one| one.new.as_str()).collect();
        let new_sizes = sizes(self.git("cat-file"), &after).await?;
        for (one, size) in listed.iter_mut().zip(new_sizes) {
            one.change.size = size;
        }
        let contents = self.contents(&listed, bounds).await?;
        Ok(Difference {
            changes: listed.into_iter().map(|one| one.change).collect(),
            contents,
            diff: Diff {
                text: String::from_utf8_lossy(&text.stdout).into_owned(),
                truncated: text.truncated,
            },
        })
    }

    async fn contents(&self, listed: &[Listed], bounds: Bounds) -> Result<Vec<Sides>, ForgeError> {
        let read = &listed[..listed.len().min(bounds.files)];
        let is_file = |one: &&Listed| matches!(one.change.mode, FileMode::File | FileMode::Executable);
        let ids = read.iter().filter(is_file).flat_map(|one| [one.old.as_str(), one.new.as_str()]);
        let mut ids: Vec<&str> = ids.filter(|id| id.bytes().any(|b| b != b'0')).collect();
        ids.sort_unstable();
        ids.dedup();
        let known = sizes(self.git("cat-file"), &ids).await?;
        let small: Vec<&str> =
            ids.iter().zip(known).filter(|(_, size)| *size <= bounds.file_bytes).map(|(id, _)| *id).collect();
        let mut bytes: HashMap<&str, Vec<u8>> = HashMap::new();
        for some in small.chunks(BATCH) {
            let found = objects(self.git("cat-file"), some.iter().copied()).await?;
            bytes.extend(some.iter().copied().zip(found));
        }
        let of = |one: &Listed, id: &str| {
            let wanted = matches!(one.change.mode, FileMode::File | FileMode::Executable);
            wanted.then(|| bytes.get(id).cloned()).flatten()
        };
        Ok(read.iter().map(|one| (of(one, &one.old), of(one, &one.new))).collect())
    }
}
