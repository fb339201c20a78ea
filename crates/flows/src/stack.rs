//! Stacking: the candidates of a round, one on top of the other, on the head of the run's branch.

use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId,
    finding::{Finding, FindingCode},
    ticket::TicketState,
    train::Placed,
};
use swarm_forge::Stacked;

use crate::{error::FlowError, merge::Frame, parts::Parts, validate::evidence};

/// What came of stacking.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Stack {
    /// Where the branch stood.
    pub(crate) head: CommitId,
    /// What became of each candidate, in their order.
    pub(crate) placed: Vec<Placed>,
    /// The commits of those that stand, from the bottom up.
    pub(crate) commits: Vec<CommitId>,
    /// Those that do not fit onto the branch, and why.
    pub(crate) clashes: Vec<(usize, Finding)>,
    /// Whether the commits come from the neutral fixer.
    #[serde(default)]
    pub(crate) mended: bool,
}

/// Stacks the candidates of a round. The same candidates on the same head make the same commits.
pub(crate) async fn stack(parts: &Parts, frame: &Frame) -> Result<Stack, FlowError> {
    let mirror = parts.mirror(&frame.project).await?;
    let head = mirror.head(&frame.run).await?;
    let mut stack = Stack {
        head: head.clone(),
        placed: Vec::new(),
        commits: Vec::new(),
        clashes: Vec::new(),
        mended: false,
    };
    let mut top = head.clone();
    for (at, candidate) in frame.candidates.iter().enumerate() {
        let ticket = parts.store.ticket(&parts.config.tenant, &frame.run, &candidate.ticket).await?;
        if ticket.state == TicketState::Cancelled {
            stack.placed.push(Placed::GivenUp);
            continue;
        }
        let placed = match mirror.stack(&frame.run, &top, &candidate.commit, &candidate.base).await? {
            Stacked::Commit(commit) => {
                top = commit.clone();
                stack.commits.push(commit);
                Placed::On
            }
            Stacked::Conflict { files, evidence } if stack.commits.is_empty() => {
                stack.clashes.push((at, clash(&files, &evidence)));
                Placed::Clash
            }
            Stacked::Conflict { .. } => Placed::Later,
        };
        stack.placed.push(placed);
    }
    Ok(stack)
}

fn clash(files: &[String], said: &str) -> Finding {
    Finding {
        code: FindingCode::Conflict,
        detail: format!("the change clashes with what was merged before in {}", files.join(", ")),
        evidence: evidence::bounded(said),
        hint: format!(
            "Other work changed {} meanwhile. Make your change again on the files as they are now.",
            files.join(", ")
        ),
        requirement: None,
        path: files.first().cloned(),
    }
}
