//! Whether a change does anything: comments, documentation strings and layout do not.

use swarm_domain::{finding::Finding, ticket::Ticket};
use swarm_forge::ChangeKind;

use super::{change::ChangedFile, nothing_done};
use crate::code::{Source, essence};

/// The finding for a change after which every file does what it did before.
pub(super) fn without_effect(files: &[ChangedFile], ticket: &Ticket) -> Option<Finding> {
    let idle = !files.is_empty() && files.iter().all(is_idle);
    idle.then(|| Finding {
        detail: "only comments, documentation or white space were changed".to_owned(),
        ..nothing_done(ticket)
    })
}

fn is_idle(file: &ChangedFile) -> bool {
    if file.kind == ChangeKind::Deleted {
        return false;
    }
    let (Some(new), Some(text)) = (file.new.as_deref(), file.text()) else {
        return false;
    };
    let before = file.old.as_deref().unwrap_or_default();
    match (Source::read(&file.path, before), Source::read(&file.path, new)) {
        (Ok(old), Ok(new)) => essence(&old) == essence(&new),
        // No grammar: a file of shell or settings, where `#` begins a comment; prose is what a ticket may ask for.
        _ if file.is_prose() => false,
        _ => {
            let work = |text: &str| -> Vec<String> {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                lines
                    .filter(|line| !line.starts_with('#') && !line.starts_with("//"))
                    .map(str::to_owned)
                    .collect()
            };
            work(file.before().unwrap_or_default()) == work(text)
        }
    }
}
