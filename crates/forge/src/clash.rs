//! Both sides of a clash, and the commit that makes them fit.

use swarm_domain::{CommitId, scope::RelativePath};

use crate::{
    error::ForgeError,
    mirror::Mirror,
    object::{Stamp, hex},
    signature::Signature,
    train::Merged,
};

/// Two changes that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Clash {
    /// The files that clash, each with both sides between marks; absent where one has no such file or it is no text.
    pub files: Vec<(String, Option<String>)>,
}

impl Mirror {
    /// How the work `base..commit` clashes with `onto`; none where it fits. A file of more than `max_bytes` is left out
    /// as if it were no text.
    pub async fn clash(
        &self,
        onto: &CommitId,
        commit: &CommitId,
        base: &CommitId,
        max_bytes: usize,
    ) -> Result<Option<Clash>, ForgeError> {
        let Merged::Conflict { tree, files, .. } = self.squashed(onto, commit, base).await? else {
            return Ok(None);
        };
        let swarm = Stamp::new(&Signature::swarm(), chrono::DateTime::UNIX_EPOCH);
        let marked = self.write_commit(&tree, &[hex(onto)?], &swarm, &swarm, b"clash\n").await?;
        let mut shown = Vec::with_capacity(files.len());
        for file in files {
            let text = match RelativePath::parse(&file) {
                Ok(path) => match self.file_at(&marked, &path, max_bytes).await {
                    Ok(bytes) => bytes.and_then(|bytes| String::from_utf8(bytes).ok()),
                    Err(ForgeError::TooMuchOutput { .. }) => None,
                    Err(error) => return Err(error),
                },
                Err(_) => None,
            };
            shown.push((file, text));
        }
        Ok(Some(Clash { files: shown }))
    }

    /// The work `base..commit` on top of `onto` as one commit with its author and message, with these files in place of
    /// those that clash. The same call makes the same commit. Every file that clashes must be among them.
    pub async fn mend(
        &self,
        onto: &CommitId,
        commit: &CommitId,
        base: &CommitId,
        files: &[(RelativePath, String)],
    ) -> Result<CommitId, ForgeError> {
        let (tree, clashing) = match self.squashed(onto, commit, base).await? {
            Merged::Tree(tree) => (tree, Vec::new()),
            Merged::Conflict { tree, files, .. } => (tree, files),
        };
        let given = |path: &String| files.iter().any(|(mended, _)| mended.as_str() == path);
        if let Some(open) = clashing.iter().find(|path| !given(path)) {
            let detail = format!("`{open}` still clashes");
            return Err(ForgeError::Invalid { what: "mended clash", detail });
        }
        if let Some((other, _)) = files.iter().find(|(path, _)| !clashing.iter().any(|c| c == path.as_str()))
        {
            let detail = format!("`{other}` does not clash");
            return Err(ForgeError::Invalid { what: "mended clash", detail });
        }
        let scratch = self.scratch().await?;
        let side = scratch.fresh()?;
        let index = side.path().join("index");
        self.git("read-tree").work_tree(side.path(), &index).arg(&tree).run().await?;
        let modes = self.modes(&tree).await?;
        for (path, text) in files {
            let blob = self.git("hash-object").args(["-w", "--stdin"]).stdin(text.as_bytes()).text().await?;
            let mode = modes.get(path.as_str()).copied().unwrap_or("100644");
            let line = format!("{mode} {}\t{}\0", blob.trim(), path.as_str());
            let call = self.git("update-index").work_tree(side.path(), &index);
            call.args(["-z", "--index-info"]).stdin(line).run().await?;
        }
        let tree = self.git("write-tree").work_tree(side.path(), &index).text().await?;
        let tree = tree.trim();
        self.refuse_escaping_links(tree).await?;
        let raw = self.read_commit(commit).await?;
        let swarm = Signature::swarm();
        let committer =
            Stamp { name: swarm.name().to_owned(), email: swarm.email().to_owned(), ..raw.committer.clone() };
        self.write_commit(tree, &[hex(onto)?], &raw.author, &committer, &raw.message).await
    }

    async fn squashed(
        &self,
        onto: &CommitId,
        commit: &CommitId,
        base: &CommitId,
    ) -> Result<Merged, ForgeError> {
        self.require_commit(onto).await?;
        let (before, ours, theirs) =
            (self.tree_of(base).await?, self.tree_of(onto).await?, self.tree_of(commit).await?);
        self.merge_trees(&before, &ours, &theirs).await
    }
}
