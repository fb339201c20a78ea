//! A commit's files, written out as plain files: no `.git`, so nothing in them is a repository.

use std::path::Path;

use swarm_domain::CommitId;

use crate::{error::ForgeError, mirror::Mirror};

impl Mirror {
    /// Writes the files of `commit` into `folder`, which is made if need be and must otherwise be empty.
    pub async fn checkout(&self, commit: &CommitId, folder: &Path) -> Result<(), ForgeError> {
        let doing = || format!("check out into {}", folder.display());
        std::fs::create_dir_all(folder).map_err(ForgeError::io(doing()))?;
        if std::fs::read_dir(folder).map_err(ForgeError::io(doing()))?.next().is_some() {
            let detail = format!("{} is not empty", folder.display());
            return Err(ForgeError::Invalid { what: "folder for a checkout", detail });
        }
        if let Some(pristine) = self.pristine(commit).await? {
            return pristine.copy(folder).await.map_err(ForgeError::io(doing()));
        }
        let scratch = self.scratch().await?;
        let side = scratch.fresh()?;
        self.export(commit, folder, &side.path().join("index")).await
    }

    /// The same, leaving an index of what was written.
    pub(crate) async fn export(
        &self,
        commit: &CommitId,
        folder: &Path,
        index: &Path,
    ) -> Result<(), ForgeError> {
        let name = self.require_commit(commit).await?;
        self.refuse_escaping_links(name).await?;
        self.git("read-tree").work_tree(folder, index).arg(name).run().await?;
        self.git("checkout-index").work_tree(folder, index).args(["-a", "-q", "-u"]).run().await?;
        Ok(())
    }
}
