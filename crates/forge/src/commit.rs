//! Committing what an attempt did.

use serde::{Deserialize, Serialize};
use swarm_domain::{CommitId, IdempotencyKey, RequirementId, TicketId, scope::Scope};

use crate::{
    error::ForgeError,
    message::{Trailers, message},
    mirror::Mirror,
    object::hex,
    refs,
    signature::{Attribution, Signature},
    snapshot::Rules,
    worktree::Worktree,
};

/// What a commit says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitMessage {
    /// The subject; made a Conventional Commits subject where it is none (see [`crate::subject`]).
    pub subject: String,
    /// The body, possibly empty.
    pub body: String,
    /// The ticket that the work is for.
    pub ticket: TicketId,
    /// The agent that did the work.
    pub agent: String,
    /// The requirements that the work serves.
    pub requirements: Vec<RequirementId>,
    /// Whose name the work carries.
    pub attribution: Attribution,
}

impl Mirror {
    /// Commits what differs from the attempt's last commit; none where nothing does.
    ///
    /// Of what differs, `scope` takes what it allows; the rest stays in the folder, uncommitted. Files that are ignored
    /// stay too. The same files under the same key again are the same commit, so a step that a crash cut short can be
    /// run again.
    pub async fn commit(
        &self,
        worktree: &Worktree,
        key: &IdempotencyKey,
        text: &CommitMessage,
        scope: Option<&Scope>,
    ) -> Result<Option<CommitId>, ForgeError> {
        let (run, attempt) = (&worktree.run, &worktree.attempt);
        let (head_ref, key_ref) = (refs::attempt_head(run, attempt)?, refs::keyed(run, attempt, key)?);
        let _lock = self.lock_attempt(run, attempt).await?;
        let head = self.resolve(&head_ref).await?;
        let head =
            head.ok_or_else(|| ForgeError::NotFound { what: format!("attempt `{attempt}` in this mirror") })?;
        let snapshot = self.snapshot(worktree, Rules::Work(scope)).await?;
        if snapshot.tree == self.tree_of(&head).await? {
            return self.resolve(&key_ref).await;
        }
        self.refuse_escaping_links(&snapshot.tree).await?;
        let (author, co_author) = text.attribution.of(&text.agent);
        let trailers = Trailers {
            ticket: Some(text.ticket.clone()),
            run: Some(run.clone()),
            agent: Some(text.agent.clone()),
            requirements: text.requirements.clone(),
            co_author,
        };
        let said = message(&text.subject, &text.body, &trailers);
        let (author, committer) = (self.stamp(&author), self.stamp(&Signature::swarm()));
        let parent = hex(&head)?;
        let made = self.write_commit(&snapshot.tree, &[parent], &author, &committer, said.as_bytes()).await?;
        let refs =
            format!("start\nupdate {head_ref} {made} {parent}\nupdate {key_ref} {made}\nprepare\ncommit\n");
        self.update_refs(&refs).await?;
        // Only saves reading the files again: a lost or old index is made up for.
        let _ = snapshot.index.persist(self.index(worktree));
        Ok(Some(made))
    }
}
