//! What an agent gets to see of the repository: the files that it may change, and those that its work builds on.
//! A function of commits alone, so that the same work asks the same question.

use std::collections::BTreeSet;

use swarm_domain::{
    CommitId, TicketId, graph,
    scope::{RelativePath, Scope},
    ticket::Ticket,
};
use swarm_forge::Mirror;
use swarm_model::Capabilities;

use crate::{error::FlowError, ticket::Frame};

/// Bytes that make a token, about, in code.
const BYTES_PER_TOKEN: usize = 3;
/// The part of a model's context that files may fill: the rest is for instructions, hints and the answer.
const SHARE: usize = 3;
/// The most files that are shown.
pub(crate) const MAX_FILES: usize = 40;
/// The most of one file that is shown, in bytes.
pub(crate) const MAX_FILE_BYTES: usize = 48 << 10;

/// What is shown.
pub(crate) struct Context {
    /// Path and content; those that may be changed first.
    pub(crate) files: Vec<(String, String)>,
    /// The target repository's own word to agents.
    pub(crate) agents_md: Option<String>,
}

/// The bytes of files that a model is shown.
pub(crate) fn room(capabilities: Capabilities) -> usize {
    capabilities.context_tokens as usize * BYTES_PER_TOKEN / SHARE
}

/// The context of a ticket on `base`, with its own files as `from` left them, where it goes on from that.
pub(crate) async fn of_ticket(
    mirror: &Mirror,
    frame: &Frame,
    base: &CommitId,
    from: Option<&CommitId>,
    mut room: usize,
) -> Result<Context, FlowError> {
    let own = scope(&frame.ticket.touches)?;
    let source = from.unwrap_or(base);
    let mut files = Vec::new();
    for path in own_files(mirror, &frame.ticket, source).await? {
        show(mirror, source, path.as_str(), &mut room, &mut files).await?;
    }
    let needed: BTreeSet<TicketId> =
        graph::of_tickets(&frame.plan.tickets).depends_on(&frame.ticket.id).into_iter().collect();
    let tracked = mirror.files(base).await?;
    // The nearest work last in the plan's order is what the ticket most likely calls.
    for ticket in frame.plan.tickets.iter().rev().filter(|ticket| needed.contains(&ticket.id)) {
        let theirs = scope(&ticket.touches)?;
        for path in tracked.iter().filter(|path| theirs.allows(path) && !own.allows(path)) {
            show(mirror, base, path, &mut room, &mut files).await?;
        }
    }
    let agents_md = text(mirror, base, "AGENTS.md").await?.filter(|text| text.len() <= room);
    Ok(Context { files, agents_md })
}

/// The files of a commit that a ticket may change.
pub(crate) async fn own_files(
    mirror: &Mirror,
    ticket: &Ticket,
    commit: &CommitId,
) -> Result<Vec<RelativePath>, FlowError> {
    let own = scope(&ticket.touches)?;
    let tracked = mirror.files(commit).await?.into_iter().filter(|path| own.allows(path));
    Ok(tracked.filter_map(|path| RelativePath::parse(path).ok()).collect())
}

fn scope(globs: &[String]) -> Result<Scope, FlowError> {
    Scope::new(globs).map_err(|error| FlowError::Final(error.problem()))
}

async fn show(
    mirror: &Mirror,
    commit: &CommitId,
    path: &str,
    room: &mut usize,
    files: &mut Vec<(String, String)>,
) -> Result<(), FlowError> {
    if files.len() >= MAX_FILES || files.iter().any(|(shown, _)| shown == path) {
        return Ok(());
    }
    if let Some(text) = text(mirror, commit, path).await?
        && text.len() <= (*room).min(MAX_FILE_BYTES)
    {
        *room -= text.len();
        files.push((path.to_owned(), text));
    }
    Ok(())
}

pub(crate) async fn text(
    mirror: &Mirror,
    commit: &CommitId,
    path: &str,
) -> Result<Option<String>, FlowError> {
    let Ok(path) = RelativePath::parse(path) else {
        return Ok(None);
    };
    let bytes = mirror.file_at(commit, &path, MAX_FILE_BYTES).await?;
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}
