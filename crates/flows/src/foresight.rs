//! Foresight: while a stack of the merge train is proven, what will likely be begun on top of it is made ready. The files
//! of its commit are written out, and what the agents will be told of it is read.
//!
//! A guess that takes nobody's time. Nothing of it is journalled and nothing depends on it: who begins looks at the
//! branch as it is, and takes what was prepared only where that is of the very commit that it begins on.

use std::sync::Arc;

use swarm_domain::{CommitId, RunId, TicketId, graph, ticket::TicketState};
use tokio::task::JoinHandle;

use crate::{context, error::FlowError, ground::Ground, parts::Parts, ticket::Frame};

/// Tickets that are prepared for at once, at the most.
const MOST: usize = 4;

/// What is being prepared. Dropped, it stays as far as it came.
pub(crate) struct Foresight(JoinHandle<()>);

impl Drop for Foresight {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to prepare for what follows once these tickets are merged, with the branch of the run at `top`.
pub(crate) fn begin(
    parts: &Parts,
    ground: &Arc<Ground>,
    run: &RunId,
    merged: Vec<TicketId>,
    top: &CommitId,
) -> Foresight {
    let (parts, ground, run, top) = (parts.clone(), Arc::clone(ground), run.clone(), top.clone());
    Foresight(tokio::spawn(async move {
        if let Err(error) = prepare(&parts, &ground, &run, &merged, &top).await {
            tracing::debug!(%run, %error, "what comes next is not prepared");
        }
    }))
}

async fn prepare(
    parts: &Parts,
    ground: &Ground,
    run: &RunId,
    merged: &[TicketId],
    top: &CommitId,
) -> Result<(), FlowError> {
    let mirror = parts.mirror(&ground.project).await?;
    let rows = parts.store.tickets(&parts.config.tenant, run).await?;
    let state = |id: &TicketId| {
        let row = rows.iter().find(|row| row.id == *id).map(|row| &row.state);
        if merged.contains(id) { Some(&TicketState::Merged) } else { row }
    };
    let parallel = ground.options.max_parallel.max(1) as usize;
    let next: Vec<TicketId> =
        graph::ready(&ground.plan, state).into_iter().take(MOST.min(parallel)).collect();
    mirror.prepare(run, top, next.len()).await?;
    for id in &next {
        let frame = Frame::new(ground, run, id)?;
        context::of_ticket(&mirror, &frame, top, None, usize::MAX).await?;
        // Whether the branch holds what it builds on is asked when it begins.
        let needed = |on: &TicketId| frame.ticket.depends_on.iter().any(|dependency| dependency.on == *on);
        for work in rows.iter().filter(|row| needed(&row.id)).filter_map(|row| row.merged.as_ref()) {
            mirror.is_ancestor(work, top).await?;
        }
    }
    Ok(())
}
