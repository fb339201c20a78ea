//! What a commit changed, file by file, with the text before and after: what every check of code reads.

use swarm_domain::{
    CommitId,
    finding::{Finding, FindingCode},
    scope::RelativePath,
    ticket::Ticket,
};
use swarm_forge::{Bounds, Change, ChangeKind, Diff, Difference, FileMode, Mirror};

use super::added::{self, Added};
use crate::{code::Lines, error::FlowError, parts::FlowsConfig};

/// Files of one change that are looked into; a change of more is refused before.
pub(super) const MAX_FILES: usize = 300;

/// A change, read as far as its bounds go.
pub(crate) struct ReadChange {
    pub(crate) changes: Vec<Change>,
    pub(crate) diff: Diff,
    pub(crate) files: Vec<ChangedFile>,
}

/// How much of a change is read.
pub(crate) fn bounds(config: &FlowsConfig) -> Bounds {
    Bounds { files: MAX_FILES, file_bytes: config.max_file_bytes, diff_bytes: config.max_diff_bytes }
}

impl ReadChange {
    /// What lies between two commits of a mirror.
    pub(crate) async fn of_commits(
        mirror: &Mirror,
        base: &CommitId,
        commit: &CommitId,
        config: &FlowsConfig,
    ) -> Result<Self, FlowError> {
        let changes = mirror.changes(base, commit).await?;
        let diff = mirror.diff(base, commit, config.max_diff_bytes).await?;
        let added = added::added(&diff.text);
        let files = changed_files(mirror, base, commit, &changes, &added, config.max_file_bytes).await?;
        Ok(Self { changes, diff, files })
    }

    /// What was read of somebody's own repository.
    pub(crate) fn of(difference: Difference) -> Self {
        let Difference { changes, contents, diff } = difference;
        let added = added::added(&diff.text);
        let pairs = changes.iter().zip(contents);
        let ordinary = pairs.filter(|(change, _)| {
            RelativePath::parse(&change.path).is_ok()
                && matches!(change.mode, FileMode::File | FileMode::Executable)
        });
        let files = ordinary.map(|(change, (old, new))| changed_file(change, old, new, &added)).collect();
        Self { changes, diff, files }
    }

    /// The paths of the files that are there after the change.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        let left = self.changes.iter().filter(|change| change.kind != ChangeKind::Deleted);
        left.map(|change| change.path.as_str())
    }
}

/// A file that a commit changed.
pub(crate) struct ChangedFile {
    pub(crate) path: String,
    pub(crate) kind: ChangeKind,
    /// The bytes before; absent if it is new, or too large.
    pub(crate) old: Option<Vec<u8>>,
    /// The bytes after; absent if it is gone, or too large.
    pub(crate) new: Option<Vec<u8>>,
    pub(crate) lines: Lines,
}

fn changed_file(
    change: &Change,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    added: &Added<'_>,
) -> ChangedFile {
    let mut lines = added.of(&change.path);
    if lines == Lines::default() || change.kind == ChangeKind::Added {
        // All of a new file is new; what the diff does not show is judged as a whole.
        lines = Lines::whole(new.as_deref().unwrap_or_default());
    }
    ChangedFile { path: change.path.clone(), kind: change.kind, old, new, lines }
}

impl ChangedFile {
    /// The text after the change.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.new.as_deref()?).ok()
    }

    /// The text before the change.
    pub(crate) fn before(&self) -> Option<&str> {
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
async fn changed_files(
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
        files.push(changed_file(change, old, new, added));
    }
    Ok(files)
}

/// Whether a ticket names this very file, not only a folder or a pattern that it is in.
pub(super) fn is_named(ticket: &Ticket, path: &str) -> bool {
    ticket.touches.iter().any(|touched| touched == path)
}

/// A fault at a line of a file.
pub(crate) fn fault(
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
