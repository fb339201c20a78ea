//! Where the files of a change are read from.

use swarm_domain::{CommitId, scope::RelativePath};
use swarm_forge::{Content, Here, Mirror};

use crate::error::FlowError;

/// The files of a commit, or of what is staged.
#[derive(Debug, Clone, Copy)]
pub(super) enum Files<'a> {
    /// Of a commit of a mirror.
    Mirror(&'a Mirror, &'a CommitId),
    /// Of the repository that somebody stands in.
    Here(&'a Here, &'a Content),
}

impl Files<'_> {
    /// A file's bytes; none where there is no such file. One of more than `max_bytes` is an error.
    pub(super) async fn file(
        &self,
        path: &RelativePath,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>, FlowError> {
        Ok(match self {
            Self::Mirror(mirror, commit) => mirror.file_at(commit, path, max_bytes).await?,
            Self::Here(here, content) => here.file(content, path, max_bytes).await?,
        })
    }
}
