//! The reviewer: a second pair of eyes on a diff that passed its acceptance commands. Off unless the configuration
//! asks for it; a review that cannot be read is logged and counts for nothing.

use swarm_agents::{read_review, review_request};
use swarm_domain::{AttemptId, CommitId, Subject, agent::Capability, finding::Finding};

use crate::{
    attempt::agent_for,
    calls::{self, Caller},
    engine::{self, Flow},
    error::FlowError,
    parts::{Parts, of_ticket},
    ticket::Frame,
};

/// Has another agent than the author read the diff.
pub(crate) async fn review(
    parts: &Parts,
    frame: &Frame,
    number: u32,
    base: &CommitId,
    commit: &CommitId,
) -> Flow<Vec<Finding>> {
    let agent = agent_for(parts, Capability::Review)?;
    let models = parts.models(&frame.options.models, &agent);
    let diff = engine::step(parts, "diff", || diff(parts, frame, base, commit)).await?;
    let capabilities = parts.gateway.capabilities(models).map_err(FlowError::from)?;
    let requirements: Vec<_> =
        frame.ticket.requirements.iter().filter_map(|id| frame.spec.requirement(id)).cloned().collect();
    let request = review_request(&agent, &frame.ticket, &requirements, &diff, capabilities);
    let attempt = AttemptId::of(&frame.ticket.id, number);
    let caller = Caller {
        agent: &agent.name,
        subject: Subject {
            attempt: Some(attempt.clone()),
            ..of_ticket(&frame.project, &frame.run, &frame.ticket.id)
        },
        key: ["run", frame.run.as_str(), attempt.as_str(), "review"].map(str::to_owned).to_vec(),
        models,
    };
    match calls::call(parts, &caller, &request).await? {
        Ok(reply) => Ok(read_review(&reply, &frame.ticket).unwrap_or_else(|misread| {
            tracing::warn!(%misread, "the review cannot be read and is left out");
            Vec::new()
        })),
        Err(FlowError::Cancelled) => Err(FlowError::Cancelled.into()),
        Err(error) => {
            tracing::warn!(%error, "there is no review");
            Ok(Vec::new())
        }
    }
}

async fn diff(parts: &Parts, frame: &Frame, base: &CommitId, commit: &CommitId) -> Result<String, FlowError> {
    let mirror = parts.mirror(&frame.project).await?;
    Ok(mirror.diff(base, commit, parts.config.max_diff_bytes).await?.text)
}
