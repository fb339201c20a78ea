//! What a commit changed, file by file, with the text before and after: what every check of code reads.

use swarm_domain::{
    CommitId,
    finding::{Finding, FindingCode},
    scope::RelativePath,
    ticket::Ticket,
};
use swarm_forge::{Change, ChangeKind, FileMode, Mirror};

use super::added::Added;
use crate::{code::Lines, error::FlowError};

/// Files of one change that are looked into; a change of more is refused before.
pub(super) const MAX_FILES: usize = 300;

/// A file that a commit changed.
pub(super) struct ChangedFile {
    pub(super) path: String,
    pub(super) kind: ChangeKind,
    /// The bytes before; absent if it is new, or too large.
    pub(super) old: Option<Vec<u8>>,
    /// The bytes after; absent if it is gone, or too large.
    pub(super) new: Option<Vec<u8>>,
    pub(super) lines: Lines,
}

impl ChangedFile {
    /// The text after the change.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.new.as_deref()?).ok()
    }

    /// The text before the change.
    pub(super) fn before(&self) -> Option<&str> {
        std::str::from_utf8(self.old.as_deref()?).ok()
    }

    /// The lines that were added, with their numbers.
    pub(super) fn added(&self) -> impl Iterator<Item = (u32, &str)> {
        let text = self.text().unwrap_or_default();
        (1..).zip(text.lines()).filter(|(number, _)| self.lines.added.contains(number))
    }

    /// The last part of its path.
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is text for people, which may speak of anything.
    pub(super) fn is_prose(&self) -> bool {
        let extension = self.name().rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        matches!(extension.as_deref(), Some("md" | "rst" | "txt" | "adoc"))
    }
}

/// Reads the ordinary files of a change.
pub(super) async fn changed_files(
    mirror: &Mirror,
    base: &CommitId,
    commit: &CommitId,
    changes: &[Change],
    added: &Added<'_>,
    max_bytes: u64,
) -> Result<Vec<ChangedFile>, FlowError> {
    let bound = usize::try_from(max_bytes).unwrap_or(usize::MAX);
    let mut files = Vec::new();
    for change in changes.iter().take(MAX_FILES) {
        let Ok(path) = RelativePath::parse(&change.path) else {
            continue;
        };
        if matches!(change.mode, FileMode::Symlink | FileMode::Submodule) || change.size > max_bytes {
            continue;
        }
        let old = match change.kind {
            ChangeKind::Added => None,
            _ => mirror.file_at(base, &path, bound).await?,
        };
        let new = match change.kind {
            ChangeKind::Deleted => None,
            _ => mirror.file_at(commit, &path, bound).await?,
        };
        let mut lines = added.of(&change.path);
        if lines == Lines::default() || change.kind == ChangeKind::Added {
            // All of a new file is new; what the diff does not show is judged as a whole.
            lines = Lines::whole(new.as_deref().unwrap_or_default());
        }
        files.push(ChangedFile { path: change.path.clone(), kind: change.kind, old, new, lines });
    }
    Ok(files)
}

/// Whether a ticket names this very file, not only a folder or a pattern that it is in.
pub(super) fn is_named(ticket: &Ticket, path: &str) -> bool {
    ticket.touches.iter().any(|touched| touched == path)
}

/// A fault at a line of a file.
pub(super) fn fault(
    code: FindingCode,
    path: &str,
    line: u32,
    what: &str,
    evidence: &str,
    hint: &str,
) -> Finding {
    Finding {
        code,
        detail: format!("{path}:{line} {what}"),
        evidence: evidence.trim().chars().take(200).collect(),
        hint: hint.to_owned(),
        requirement: None,
        path: Some(path.to_owned()),
    }
}
