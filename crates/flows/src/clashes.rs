//! What clashed with what: written down for those who look, and for the forecast of later runs.

use std::collections::BTreeSet;

use swarm_domain::{CommitId, EventBody, ProjectId, TicketId, clash::Seen};
use swarm_forge::Mirror;

use crate::{
    error::FlowError,
    merge::Frame,
    parts::{Parts, part},
};

/// The most paths that one event names.
const MOST_PATHS: usize = 50;

/// The most commits that are looked at for whom a candidate clashed with.
const MOST_COMMITS: usize = 64;

/// The most that a forecast looks back on.
const MOST_SEEN: i64 = 200;

/// What earlier runs on this project's repository saw, the newest first.
pub(crate) async fn seen(parts: &Parts, project: &ProjectId) -> Result<Vec<Seen>, FlowError> {
    Ok(parts.store.clashes_seen(&parts.config.tenant, project, MOST_SEEN).await?)
}

/// The paths that differ between two commits.
pub(crate) async fn paths(mirror: &Mirror, from: &CommitId, to: &CommitId) -> Result<Vec<String>, FlowError> {
    let changes = mirror.changes(from, to).await?;
    Ok(changes.into_iter().map(|change| change.path).take(MOST_PATHS).collect())
}

/// Writes down that a candidate did not fit with what was merged while it was worked on.
pub(crate) async fn record(
    parts: &Parts,
    frame: &Frame,
    onto: &CommitId,
    at: usize,
    mended: bool,
) -> Result<(), FlowError> {
    let candidate = &frame.candidates[at];
    let mirror = parts.mirror(&frame.project).await?;
    let since = if mirror.contains(&frame.run, &candidate.base).await? {
        mirror.log(Some(&candidate.base), onto, MOST_COMMITS).await?
    } else {
        Vec::new()
    };
    let with: BTreeSet<TicketId> = since
        .into_iter()
        .filter_map(|entry| entry.trailers.ticket)
        .filter(|ticket| *ticket != candidate.ticket)
        .collect();
    // Red all by itself, by a check that does not give the same answer twice: nobody to clash with.
    if with.is_empty() {
        return Ok(());
    }
    let body = EventBody::Clashed {
        files: paths(&mirror, &candidate.base, &candidate.commit).await?,
        others: paths(&mirror, &candidate.base, onto).await?,
        with: with.into_iter().collect(),
        mended,
    };
    let key = frame.key(candidate, &["clashed"]);
    parts.record(&key, part("merge-train"), frame.subject(candidate), body).await.map(drop)
}
