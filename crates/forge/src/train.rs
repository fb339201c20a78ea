//! The merge train: work is put on top of what was merged before it, and the run's branch moves on only from where the
//! work was proved.
//!
//! No work tree takes part: `git merge-tree` merges trees in memory, so nothing is left behind by a kill.

use std::borrow::Cow;

use chrono::DateTime;
use serde::{Deserialize, Serialize};
use swarm_domain::{CommitId, RunId};

use crate::{
    error::ForgeError,
    mirror::Mirror,
    object::{Stamp, commit_id, hex},
    refs,
    signature::Signature,
};

/// The longest evidence of a conflict, in bytes.
const EVIDENCE_BYTES: usize = 16 << 10;

/// The most files that a conflict names.
const FILES_NAMED: usize = 100;

/// Work on top of other work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stacked", rename_all = "snake_case")]
pub enum Stacked {
    /// It fits.
    Commit(CommitId),
    /// It does not fit.
    Conflict {
        /// The files that both sides changed.
        files: Vec<String>,
        /// What git said, and both sides of each clash, cut to a bound.
        evidence: String,
    },
}

/// The merge of two trees.
pub(crate) enum Merged {
    Tree(String),
    Conflict { tree: String, files: Vec<String>, said: String, sides: Vec<String> },
}

impl Mirror {
    /// Puts the commits of `base..commit` on top of `onto`, one by one, with their authors and messages. The same call
    /// makes the same commits. What `onto` has already is left out; if that is everything, the answer is `onto`.
    pub async fn stack(
        &self,
        run: &RunId,
        onto: &CommitId,
        commit: &CommitId,
        base: &CommitId,
    ) -> Result<Stacked, ForgeError> {
        self.require_commit(onto).await?;
        if !self.is_ancestor(base, commit).await? {
            let detail = format!("{commit} does not come after {base}");
            return Err(ForgeError::Invalid { what: "base of the work", detail });
        }
        if onto == base {
            return Ok(Stacked::Commit(commit.clone()));
        }
        let range = format!("{}..{}", hex(base)?, hex(commit)?);
        let listed = self.git("rev-list").args(["--reverse", "--first-parent", &range]).text().await?;
        let work = listed.lines().map(commit_id).collect::<Result<Vec<_>, _>>()?;
        let mut before = self.tree_of(base).await?;
        let mut top = onto.clone();
        let mut tree = self.tree_of(onto).await?;
        for raw in self.commits(&work).await? {
            let merged = match self.merge_trees(&before, &tree, &raw.tree).await? {
                Merged::Tree(merged) => merged,
                Merged::Conflict { tree: merged, files, said, sides } => {
                    tracing::info!(%run, %commit, files = files.len(), "work does not fit");
                    let evidence = self.evidence(&tree, &merged, &files, &said).await?;
                    // Git names the sides by commits that nobody else knows.
                    let named = sides.iter().zip(["what was merged before", "this change"]);
                    let evidence = named.fold(evidence, |text, (id, name)| text.replace(id, name));
                    return Ok(Stacked::Conflict { files, evidence });
                }
            };
            before = raw.tree;
            if merged == tree {
                continue;
            }
            let swarm = Signature::swarm();
            let committer =
                Stamp { name: swarm.name().to_owned(), email: swarm.email().to_owned(), ..raw.committer };
            top = self.write_commit(&merged, &[hex(&top)?], &raw.author, &committer, &raw.message).await?;
            tree = merged;
        }
        self.refuse_escaping_links(&tree).await?;
        Ok(Stacked::Commit(top))
    }

    /// Moves the run's branch from `from` on to `to`, if it is still there. False means that somebody else moved it;
    /// true is also the answer where `to` is part of it already.
    pub async fn advance(&self, run: &RunId, from: &CommitId, to: &CommitId) -> Result<bool, ForgeError> {
        if !self.is_ancestor(from, to).await? {
            let detail = format!("{to} does not come after {from}");
            return Err(ForgeError::Invalid { what: "step of the branch", detail });
        }
        let branch = refs::integration(run)?;
        let _lock = self.lock().await?;
        let at = self.head(run).await?;
        if at == *from && from != to {
            let step = self.update_refs(&format!("update {branch} {} {}\n", hex(to)?, hex(from)?)).await;
            return match step {
                // Somebody who knows nothing of our lock was faster.
                Err(ForgeError::Git { .. }) if self.head(run).await? != *from => Ok(false),
                other => other.map(|()| true),
            };
        }
        self.is_ancestor(to, &at).await
    }

    /// Whether a commit is part of the run's branch.
    pub async fn contains(&self, run: &RunId, commit: &CommitId) -> Result<bool, ForgeError> {
        let head = self.head(run).await?;
        self.is_ancestor(commit, &head).await
    }

    /// Merges trees as `git merge` would, given what both came from.
    pub(crate) async fn merge_trees(
        &self,
        base: &str,
        ours: &str,
        theirs: &str,
    ) -> Result<Merged, ForgeError> {
        // `--merge-base` is younger than our oldest git, so the three trees are dressed up as a little history.
        let swarm = Stamp::new(&Signature::swarm(), DateTime::UNIX_EPOCH);
        let base = self.write_commit(base, &[], &swarm, &swarm, b"base\n").await?;
        let mut sides = Vec::with_capacity(2);
        for (tree, name) in [(ours, b"ours\n".as_slice()), (theirs, b"theirs\n")] {
            sides.push(self.write_commit(tree, &[hex(&base)?], &swarm, &swarm, name).await?);
        }
        let call = self.git("merge-tree").args(["--write-tree", "-z", "--name-only", "--messages"]);
        let reply = call.args([hex(&sides[0])?, hex(&sides[1])?]).accept(&[0, 1]).run().await?;
        let mut fields = reply.stdout.split(|b| *b == 0).map(String::from_utf8_lossy);
        let tree = fields.next().unwrap_or_default().trim().to_owned();
        if reply.code == 0 {
            return Ok(Merged::Tree(tree));
        }
        let named: Vec<String> =
            fields.by_ref().take_while(|name| !name.is_empty()).map(Cow::into_owned).collect();
        // Where a file and a folder clash, git names the file after the side that it is from.
        let real = |name: String| sides.iter().fold(name, |name, side| name.replace(&format!("~{side}"), ""));
        let mut files: Vec<String> = named.into_iter().map(real).collect();
        files.dedup();
        files.truncate(FILES_NAMED);
        // Each message: how many paths, the paths, its type, its text.
        let mut said = String::new();
        while let Some(paths) = fields.next().and_then(|count| count.parse::<usize>().ok()) {
            let text = fields.nth(paths + 1).unwrap_or_default();
            if text.starts_with("CONFLICT") {
                said.push_str(&text);
            }
        }
        let sides = sides.into_iter().map(String::from).collect();
        Ok(Merged::Conflict { tree, files, said, sides })
    }

    /// What git said, then the files with both sides between markers, as a diff to what was there.
    async fn evidence(
        &self,
        ours: &str,
        merged: &str,
        files: &[String],
        said: &str,
    ) -> Result<String, ForgeError> {
        let call = self.git("diff-tree").args(["-p", "-r", "--no-renames", "--no-ext-diff", "--no-textconv"]);
        let shown = call.args([ours, merged, "--"]).args(files).cut_at(EVIDENCE_BYTES).run().await?;
        let labelled = String::from_utf8_lossy(&shown.stdout).into_owned();
        Ok(format!("{}\n{labelled}", said.trim_end()))
    }
}
