//! Options that say which repository a command is about.

use clap::Args;
use swarm_domain::ProjectId;

/// Which repository, and what it is called here.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// The repository, as a path or URL; the current folder's when absent
    #[arg(long, value_name = "REPO")]
    pub(crate) repo: Option<String>,

    /// The branch whose head is read or built on; the repository's own choice when absent
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,

    /// The name of the project; made from the repository's when absent
    #[arg(long, value_name = "NAME")]
    pub(crate) project: Option<ProjectId>,
}
