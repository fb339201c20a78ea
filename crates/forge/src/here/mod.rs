//! The repository that somebody stands in, only read: what is staged in it, what lies between two of its commits, and
//! its files as plain files. No mirror is made of it, nothing is fetched, and no program that it names is run.

mod difference;
mod export;
mod hooks;

use std::path::{Path, PathBuf};

use swarm_domain::{CommitId, scope::RelativePath};

use crate::{
    error::ForgeError,
    git::{Call, Limits},
    object::{commit_id, hex},
};

pub use difference::{Bounds, Difference, Sides};
pub use hooks::Hooked;

/// A repository with a work tree.
#[derive(Debug, Clone)]
pub struct Here {
    top: PathBuf,
    git_dir: PathBuf,
    /// The index that git has a commit made from: another one than the usual in `git commit --all`.
    index: Option<PathBuf>,
    limits: Limits,
}

/// What of a repository is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// What would be committed now.
    Staged,
    /// A commit.
    Commit(CommitId),
}

impl Here {
    /// The repository around a folder. `index` is what git names in `GIT_INDEX_FILE` when it runs a hook.
    pub fn around(folder: &Path, index: Option<&Path>) -> Result<Self, ForgeError> {
        let missing = || ForgeError::NotARepo { path: folder.to_owned(), exists: folder.exists() };
        let folder = folder.canonicalize().map_err(|_| missing())?;
        let top = folder.ancestors().find(|above| above.join(".git").exists()).ok_or_else(missing)?;
        let git_dir = git_dir(top).ok_or_else(missing)?;
        let index = index.map(|index| top.join(index));
        Ok(Self { top: top.to_owned(), git_dir, index, limits: Limits::default() })
    }

    /// The folder of its work tree.
    #[must_use]
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// The commit that a name stands for: a branch, a tag, `HEAD~2`, an id.
    pub async fn commit(&self, name: &str) -> Result<CommitId, ForgeError> {
        let found = self.resolve(&format!("{name}^{{commit}}")).await?;
        let plain = || name.chars().filter(|c| !c.is_control()).take(100).collect::<String>();
        let found = found.ok_or_else(|| ForgeError::NotFound { what: format!("commit `{}`", plain()) })?;
        commit_id(&found)
    }

    /// Where the histories of two commits part; none where they share nothing.
    pub async fn fork_point(&self, a: &CommitId, b: &CommitId) -> Result<Option<CommitId>, ForgeError> {
        let reply = self.git("merge-base").args([hex(a)?, hex(b)?]).accept(&[0, 1]).run().await?;
        if reply.code == 0 { commit_id(&reply.text()).map(Some) } else { Ok(None) }
    }

    /// A file's bytes; none where there is no such file. One of more than `max_bytes` is an error.
    pub async fn file(
        &self,
        content: &Content,
        path: &RelativePath,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>, ForgeError> {
        let name = match content {
            Content::Staged => format!(":0:{path}"),
            Content::Commit(commit) => format!("{}:{path}", hex(commit)?),
        };
        let Some(id) = self.resolve(&name).await? else {
            return Ok(None);
        };
        let found = self.git("cat-file").args(["blob", &id]).cut_at(max_bytes).run().await?;
        if found.truncated {
            return Err(ForgeError::TooMuchOutput { command: "cat-file", limit: max_bytes });
        }
        Ok(Some(found.stdout))
    }

    async fn resolve(&self, name: &str) -> Result<Option<String>, ForgeError> {
        let call = self.git("rev-parse").args(["--verify", "-q", "--end-of-options", name]);
        let reply = call.accept(&[0, 1, 128]).run().await?;
        Ok((reply.code == 0).then(|| reply.text()).filter(|id| !id.is_empty()))
    }

    fn git(&self, name: &'static str) -> Call {
        let call = Call::new(&self.limits, &self.top, name).git_dir(&self.git_dir);
        match &self.index {
            Some(index) => call.env("GIT_INDEX_FILE", index),
            None => call,
        }
    }
}

/// The folder that `.git` is, or names: a linked work tree has a file there.
fn git_dir(top: &Path) -> Option<PathBuf> {
    let dot = top.join(".git");
    if dot.is_dir() {
        return Some(dot);
    }
    let text = std::fs::read_to_string(&dot).ok()?;
    let named = text.trim_end().strip_prefix("gitdir: ")?;
    let folder = top.join(named);
    folder.is_dir().then_some(folder)
}
