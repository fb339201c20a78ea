//! The commits between two points, as people read them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::CommitId;

use crate::{
    error::ForgeError,
    message::Trailers,
    mirror::Mirror,
    object::{RawCommit, commit_id},
    signature::Signature,
};

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Its name.
    pub commit: CommitId,
    /// Who it is by.
    pub author: Signature,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The first line of its message.
    pub subject: String,
    /// The rest of its message, trailers included.
    pub body: String,
    /// What it says about where it came from.
    pub trailers: Trailers,
}

impl LogEntry {
    fn new(commit: CommitId, raw: &RawCommit) -> Self {
        let text = raw.text();
        let (subject, body) = text.split_once('\n').unwrap_or((&text, ""));
        Self {
            commit,
            author: raw.author.signature(),
            at: raw.committer.at(),
            subject: subject.to_owned(),
            body: body.trim().to_owned(),
            trailers: Trailers::of_message(&text),
        }
    }
}

impl Mirror {
    /// The commits up to `to`, the newest first: those that are not part of `after`, and at most `limit` of them.
    pub async fn log(
        &self,
        after: Option<&CommitId>,
        to: &CommitId,
        limit: usize,
    ) -> Result<Vec<LogEntry>, ForgeError> {
        let mut call = self.git("rev-list").args(["--topo-order", "-n"]).arg(limit.to_string());
        call = call.arg(self.require_commit(to).await?);
        if let Some(after) = after {
            call = call.arg(format!("^{}", self.require_commit(after).await?));
        }
        let listed = call.arg("--").text().await?;
        let ids = listed.lines().map(commit_id).collect::<Result<Vec<_>, _>>()?;
        let raw = self.commits(&ids).await?;
        Ok(ids.into_iter().zip(&raw).map(|(id, raw)| LogEntry::new(id, raw)).collect())
    }
}
