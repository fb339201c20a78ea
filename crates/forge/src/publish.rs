//! Offering a run's branch to the user's repository.

use serde::{Deserialize, Serialize};
use swarm_domain::{CommitId, RunId};

use crate::{error::ForgeError, mirror::Mirror, refs, remote};

/// A branch that the user's repository took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The repository, without credentials.
    pub repo: String,
    /// The branch.
    pub branch: String,
    /// The commit at its head.
    pub commit: CommitId,
}

impl Mirror {
    /// Pushes the run's branch to the user's repository under the name `branch`. Only that branch is changed there, and
    /// only forward: no work tree, no index, no branch that is checked out. Publishing again changes nothing.
    pub async fn publish(&self, run: &RunId, branch: &str) -> Result<Published, ForgeError> {
        refs::check_branch(branch)?;
        let commit = self.head(run).await?;
        let Some(source) = &self.shelf().source else {
            return Err(ForgeError::NotARepo { path: self.upstream().repo.clone().into(), exists: false });
        };
        remote::push(self.git("push"), self.limits(), source, &refs::integration(run)?, branch).await?;
        tracing::info!(%run, repo = %source, branch, %commit, "published");
        Ok(Published { repo: source.to_string(), branch: branch.to_owned(), commit })
    }
}
