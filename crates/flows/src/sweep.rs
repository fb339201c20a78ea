//! What a dead process left behind: orphaned sandboxes, checkouts, worktrees. Swept when swarm starts, before any
//! attempt goes on. A worktree that an unfinished attempt still needs stays; any other is archived first.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use swarm_domain::{AttemptId, RunId, run::RunState};

use crate::{error::FlowError, parts::Parts};

/// Sweeps. What cannot be swept is logged and left: it must not keep swarm from starting. What nodes work on that live
/// is not touched.
pub(crate) async fn sweep(parts: &Parts) -> Result<(), FlowError> {
    let nodes = parts.store.nodes().await?;
    let us = parts.store.node().map(|(node, _)| node);
    let others = nodes.iter().filter(|node| node.state.holds_work() && Some(&node.name) != us.as_ref());
    let others: HashSet<&str> = others.map(|node| node.name.as_str()).collect();
    if let Err(error) = sweep_checkouts(&checkouts(parts), &others).await {
        tracing::warn!(%error, "could not sweep the checkouts");
    }
    if !others.is_empty() {
        // A worktree that comes about just now is in no list that was read before.
        tracing::debug!(?others, "others are at work: the worktrees are swept when nobody is");
        return Ok(());
    }
    let unfinished = unfinished(parts).await?;
    sweep_effects(parts, &unfinished).await;
    let report = parts.forge.sweep_worktrees(&unfinished).await;
    match report {
        Ok(report) => tracing::debug!(?report, "swept the worktrees"),
        Err(error) => tracing::warn!(%error, "could not sweep the worktrees"),
    }
    Ok(())
}

/// Where checkouts are made, in a folder for each node.
fn checkouts(parts: &Parts) -> PathBuf {
    parts.config.state_dir.join("checkouts")
}

/// Where this node makes its checkouts.
pub(crate) fn own_checkouts(parts: &Parts) -> PathBuf {
    let node = parts.store.node().map_or_else(|| "nobody".to_owned(), |(node, _)| node.to_string());
    checkouts(parts).join(node)
}

async fn sweep_checkouts(folder: &Path, others: &HashSet<&str>) -> std::io::Result<()> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    while let Some(entry) = entries.next_entry().await? {
        if entry.file_name().to_str().is_none_or(|name| !others.contains(name)) {
            tokio::fs::remove_dir_all(entry.path()).await?;
        }
    }
    Ok(())
}

/// Removes what was noted of the writes of attempts that have ended.
async fn sweep_effects(parts: &Parts, unfinished: &HashSet<(RunId, AttemptId)>) {
    let kept: HashSet<_> =
        unfinished.iter().map(|(run, attempt)| parts.config.effects(run, attempt)).collect();
    let Ok(mut folders) = tokio::fs::read_dir(parts.config.state_dir.join("effects")).await else {
        return;
    };
    while let Ok(Some(folder)) = folders.next_entry().await {
        if !kept.contains(&folder.path()) {
            forget_effects(&folder.path()).await;
        }
    }
}

/// Removes one folder of noted writes. One that stays is swept at the next start.
pub(crate) async fn forget_effects(folder: &Path) {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(%error, folder = %folder.display(), "could not remove what was noted of an attempt");
        }
        _ => {}
    }
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
