//! What a dead process left behind: orphaned sandboxes, checkouts, worktrees. Swept when swarm starts, before any
//! attempt goes on. A worktree that an unfinished attempt still needs stays; any other is archived first.

use std::collections::HashSet;

use swarm_domain::{AttemptId, RunId, run::RunState};

use crate::{error::FlowError, parts::Parts};

/// Sweeps. What cannot be swept is logged and left: it must not keep swarm from starting.
pub(crate) async fn sweep(parts: &Parts) -> Result<(), FlowError> {
    let checkouts = parts.config.state_dir.join("checkouts");
    match tokio::fs::remove_dir_all(&checkouts).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, folder = %checkouts.display(), "could not sweep the checkouts");
        }
        _ => {}
    }
    let report = parts.forge.sweep_worktrees(&unfinished(parts).await?).await;
    match report {
        Ok(report) => tracing::debug!(?report, "swept the worktrees"),
        Err(error) => tracing::warn!(%error, "could not sweep the worktrees"),
    }
    Ok(())
}

/// The attempts that will go on.
async fn unfinished(parts: &Parts) -> Result<HashSet<(RunId, AttemptId)>, FlowError> {
    let tenant = &parts.config.tenant;
    let mut live = HashSet::new();
    for run in parts.store.runs(tenant).await? {
        if run.state == RunState::Running {
            let attempts = parts.store.attempts(tenant, &run.id, None).await?;
            let open = attempts.into_iter().filter(|attempt| attempt.outcome.is_none());
            live.extend(open.map(|attempt| (run.id.clone(), attempt.id)));
        }
    }
    Ok(live)
}
