//! Files that are no source: what nobody can read, and what somebody else wrote.

use swarm_domain::{
    finding::{Finding, FindingCode},
    ticket::Ticket,
};
use swarm_forge::ChangeKind;

use super::change::{ChangedFile, fault, is_named};

/// Folders that hold what was built, downloaded or cached.
const FOLDERS: &[&str] = &[
    "node_modules",
    "vendor",
    "third_party",
    "site-packages",
    "__pycache__",
    ".venv",
    "venv",
    "dist",
    "target",
    ".tox",
    ".pytest_cache",
    ".mypy_cache",
    ".next",
    "bower_components",
    "coverage",
];
const ENDS: &[&str] = &[
    ".pyc", ".pyo", ".so", ".dll", ".dylib", ".a", ".o", ".class", ".jar", ".whl", ".exe", ".min.js",
    ".min.css", ".map", ".wasm",
];

/// The longest word without a space that is taken for source.
const LONGEST_WORD: usize = 1_500;

/// The files of a change that cannot be read or are not the author's, unless the ticket asks for that very file.
pub(super) fn artefacts(files: &[ChangedFile], ticket: &Ticket) -> Vec<Finding> {
    let kept = files.iter().filter(|file| file.kind != ChangeKind::Deleted && !is_named(ticket, &file.path));
    kept.filter_map(|file| {
        let what = is_no_source(file)?;
        let hint = format!("Leave {} out: only source that can be read belongs into the change.", file.path);
        Some(fault(FindingCode::Artefact, &file.path, 1, what, "", &hint))
    })
    .collect()
}

fn is_no_source(file: &ChangedFile) -> Option<&'static str> {
    let mut folders: Vec<_> = file.path.split('/').collect();
    folders.pop();
    if folders.iter().any(|folder| FOLDERS.contains(folder))
        || ENDS.iter().any(|end| file.name().ends_with(end))
    {
        return Some("is built, downloaded or somebody else's");
    }
    let Some(text) = file.text().filter(|text| !text.contains('\0')) else {
        return Some("is binary: nobody can read it");
    };
    let packed = file
        .added()
        .any(|(_, line)| line.split_whitespace().any(|word| word.len() > LONGEST_WORD && is_packed(word)));
    (packed && !text.is_empty()).then_some("holds packed data that nobody can read")
}

/// Letters, digits and the few signs of base64 and hexadecimal numbers.
fn is_packed(word: &str) -> bool {
    let plain =
        word.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\\')).count();
    plain * 20 >= word.chars().count() * 19
}
