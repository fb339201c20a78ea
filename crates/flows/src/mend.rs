//! The neutral fixer: where work clashes with what was merged before it, somebody who made neither side is asked to
//! write the files that clash so that both hold. It decides nothing: its answer is read with bounds, must stay within
//! what the tickets of both sides may touch, and is proven like any other candidate.

use serde::{Deserialize, Serialize};
use swarm_agents::{Conflict, ConflictSide, conflict_request, read_conflict};
use swarm_domain::{
    BlobHash, CommitId,
    agent::Capability,
    finding::Finding,
    scope::{RelativePath, Scope},
    ticket::Ticket,
};

use crate::{
    attempt::agent_for,
    calls::{self, Caller},
    engine::{self, Flow},
    error::FlowError,
    merge::{Candidate, Frame},
    parts::Parts,
};

/// The largest file that is put before the fixer, in bytes.
const MAX_FILE_BYTES: usize = 64 << 10;
/// The most files that may clash.
const MAX_FILES: usize = 8;
/// The most of each side's diff that is shown, in bytes.
const MAX_DIFF_BYTES: usize = 32 << 10;

/// A clash as it is put before the fixer.
#[derive(Serialize, Deserialize)]
struct Brief {
    files: Vec<(String, String)>,
    merged: Side,
    candidate: Side,
}

#[derive(Serialize, Deserialize)]
struct Side {
    purposes: Vec<String>,
    diff: String,
}

impl Side {
    fn shown(&self) -> ConflictSide<'_> {
        ConflictSide { purposes: &self.purposes, diff: &self.diff }
    }
}

/// Has a clash mended. The commit that is to be proven; none where there is no usable answer.
pub(crate) async fn mend(
    parts: &Parts,
    frame: &Frame,
    head: &CommitId,
    at: usize,
    number: u32,
    faults: &[Finding],
) -> Flow<Option<CommitId>> {
    let candidate = &frame.candidates[at];
    let Ok(agent) = agent_for(parts, Capability::Resolve) else {
        return Ok(None);
    };
    let Some(brief) = engine::step(parts, "clash", || brief(parts, frame, head, candidate)).await? else {
        return Ok(None);
    };
    let brief: Brief = engine::recall(parts, &brief).await?;
    let models = parts.models(&frame.options.models, &agent);
    let capabilities = parts.gateway.capabilities(models).map_err(FlowError::from)?;

    let conflict = Conflict {
        files: &brief.files,
        merged: brief.merged.shown(),
        candidate: brief.candidate.shown(),
        faults,
    };
    let request = conflict_request(&agent, &conflict, capabilities);
    let number = number.to_string();
    let key =
        frame.key(candidate, &["mend", head.as_str(), &number]).into_iter().map(str::to_owned).collect();
    let caller = Caller { agent: &agent.name, subject: frame.subject(candidate), key, models };
    let reply = match calls::call(parts, &caller, &request).await? {
        Ok(reply) => reply,
        Err(FlowError::Cancelled) => return Err(FlowError::Cancelled.into()),
        Err(error) => {
            tracing::warn!(%error, run = %frame.run, ticket = %candidate.ticket, "nobody mends the clash");
            return Ok(None);
        }
    };
    let paths: Vec<String> = brief.files.iter().map(|(path, _)| path.clone()).collect();
    let files = match read_conflict(&reply, &paths) {
        Ok(files) => files,
        Err(misread) => {
            tracing::warn!(%misread, run = %frame.run, ticket = %candidate.ticket, "the merged files cannot be read");
            return Ok(None);
        }
    };
    engine::step(parts, "mend", || write(parts, frame, head, candidate, &files)).await.map(Some)
}

/// What the fixer is shown; none where it could not help: too much, no text, or outside of what the ticket may touch.
async fn brief(
    parts: &Parts,
    frame: &Frame,
    head: &CommitId,
    candidate: &Candidate,
) -> Result<Option<BlobHash>, FlowError> {
    let mirror = parts.mirror(&frame.project).await?;
    let clash = mirror.clash(head, &candidate.commit, &candidate.base, MAX_FILE_BYTES).await?;
    let Some(own) = frame.plan.ticket(&candidate.ticket) else { return Ok(None) };
    let scope = scope(own)?;
    let found = clash.map(|clash| clash.files).unwrap_or_default();
    let files: Vec<(String, String)> =
        found.iter().filter_map(|(path, text)| Some((path.clone(), text.clone()?))).collect();
    let is_whole = files.len() == found.len() && !files.is_empty() && files.len() <= MAX_FILES;
    if !is_whole || !files.iter().all(|(path, _)| scope.allows(path)) {
        return Ok(None);
    }
    let done = parts.store.tickets(&parts.config.tenant, &frame.run).await?;
    let mut merged_for = Vec::new();
    for row in done.iter().filter(|row| row.merged.is_some() && row.id != candidate.ticket) {
        let theirs = self::scope(&row.ticket)?;
        if files.iter().any(|(path, _)| theirs.allows(path)) {
            merged_for.push(row.ticket.title.clone());
        }
    }
    let ours = mirror.diff(&candidate.base, head, MAX_DIFF_BYTES).await?;
    let theirs = mirror.diff(&candidate.base, &candidate.commit, MAX_DIFF_BYTES).await?;
    let brief = Brief {
        files,
        merged: Side { purposes: merged_for, diff: ours.text },
        candidate: Side { purposes: vec![own.title.clone()], diff: theirs.text },
    };
    parts.keep(&brief).await.map(Some)
}

fn scope(ticket: &Ticket) -> Result<Scope, FlowError> {
    Scope::new(&ticket.touches).map_err(|error| FlowError::Final(error.problem()))
}

async fn write(
    parts: &Parts,
    frame: &Frame,
    head: &CommitId,
    candidate: &Candidate,
    files: &[(String, String)],
) -> Result<CommitId, FlowError> {
    let mirror = parts.mirror(&frame.project).await?;
    let mut checked = Vec::with_capacity(files.len());
    for (path, text) in files {
        let path = RelativePath::parse(path).map_err(|error| FlowError::internal("a merged file", error))?;
        checked.push((path, text.clone()));
    }
    Ok(mirror.mend(head, &candidate.commit, &candidate.base, &checked).await?)
}
