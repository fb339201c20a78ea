//! A delta file, in the form of `OpenSpec`: requirements below `## ADDED Requirements` and so on.

use super::{DeltaError, place::heading_id, render::LEVEL};
use crate::{
    pattern::{Pattern, compiled},
    spec::{
        Requirement, SpecError,
        markdown::{self, Kind},
        parse,
    },
};

/// A delta as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeltaFile {
    pub(super) added: Vec<Piece>,
    pub(super) modified: Vec<Piece>,
    pub(super) removed: Vec<String>,
    /// Old and new name.
    pub(super) renamed: Vec<(String, String)>,
}

/// A requirement of a delta: its text with a heading of level three, and what was understood of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    pub requirement: Requirement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Added,
    Modified,
    Removed,
    Renamed,
}

static PART: Pattern =
    Pattern::new(|| compiled(r"(?i)^\s*(added|modified|changed|removed|renamed)\s+requirements?\s*$"));
static NAMED: Pattern = Pattern::new(|| compiled(r"(?i)^requirement\s*:\s*"));
static RENAME: Pattern = Pattern::new(|| compiled(r"(?i)^[\s\-*]*(from|to)\s*:\s*`?(?:#+\s*)?(.+?)`?\s*$"));

impl DeltaFile {
    /// Reads a delta file.
    pub fn parse(text: &str) -> Result<Self, DeltaError> {
        if text.len() > crate::spec::MAX_SPEC_BYTES {
            return Err(SpecError::TooLarge { bytes: text.len() }.into());
        }
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        let lines: Vec<&str> = text.lines().collect();
        let headings: Vec<(u32, usize, String)> = markdown::blocks(&text)
            .into_iter()
            .filter(|block| block.depth == 0)
            .filter_map(|block| match block.kind {
                Kind::Heading { level, text } if level <= LEVEL => Some((block.line, level, text.text)),
                _ => None,
            })
            .collect();
        let mut file = Self::default();
        let mut part = None;
        for (at, (line, level, heading)) in headings.iter().enumerate() {
            let end = headings.get(at + 1).map_or(lines.len(), |next| next.0 as usize - 1);
            let body = lines.get(*line as usize..end).unwrap_or_default();
            if *level < LEVEL {
                part = part_of(heading);
                match part {
                    Some(Part::Removed) => file.removed.extend(listed(body)),
                    Some(Part::Renamed) => file.rename(body, *line)?,
                    _ => {}
                }
                continue;
            }
            let name = NAMED.replace(heading.trim(), "").into_owned();
            match part {
                Some(Part::Added) => file.added.push(piece(&name, body, *line)?),
                Some(Part::Modified) => file.modified.push(piece(&name, body, *line)?),
                Some(Part::Removed) => file.removed.push(name),
                Some(Part::Renamed) | None => {}
            }
        }
        if file == Self::default() { Err(DeltaError::Empty) } else { Ok(file) }
    }

    fn rename(&mut self, body: &[&str], line: u32) -> Result<(), DeltaError> {
        let mut from: Option<String> = None;
        for found in body.iter().filter_map(|line| RENAME.captures(line)) {
            let name = NAMED.replace(found[2].trim(), "").into_owned();
            match (found[1].eq_ignore_ascii_case("from"), from.take()) {
                (true, None) => from = Some(name),
                (false, Some(old)) => self.renamed.push((old, name)),
                _ => return Err(half_renamed(line)),
            }
        }
        if from.is_some() { Err(half_renamed(line)) } else { Ok(()) }
    }
}

fn half_renamed(line: u32) -> DeltaError {
    DeltaError::Unreadable { line, detail: "each `FROM:` needs a `TO:` below it".to_owned() }
}

fn part_of(heading: &str) -> Option<Part> {
    let word = PART.captures(heading)?[1].to_lowercase();
    Some(match word.as_str() {
        "added" => Part::Added,
        "removed" => Part::Removed,
        "renamed" => Part::Renamed,
        _ => Part::Modified,
    })
}

/// The names of a list.
fn listed(body: &[&str]) -> Vec<String> {
    let items = body.iter().filter_map(|line| line.trim().strip_prefix(['-', '*']));
    let names =
        items.map(|item| item.trim().trim_matches('`').trim_start_matches('#').trim().trim_matches('`'));
    names.map(|name| NAMED.replace(name, "").into_owned()).filter(|name| !name.is_empty()).collect()
}

fn piece(name: &str, body: &[&str], line: u32) -> Result<Piece, DeltaError> {
    // What is said of the next requirement stands before its heading.
    let mut body: Vec<&str> = body.to_vec();
    while body.last().is_some_and(|line| line.trim().is_empty() || is_note(line)) {
        body.pop();
    }
    let body = body.join("\n");
    let text = format!("{} {name}\n{body}", "#".repeat(LEVEL));
    let unreadable = |detail: String| DeltaError::Unreadable { line, detail };
    let spec = parse(&format!("# Changes\n\n{text}\n")).map_err(|error| match error {
        SpecError::NoRequirements { .. } => unreadable(format!("`{name}` asks for nothing")),
        other => unreadable(other.to_string()),
    })?;
    let mut requirements = spec.requirements.into_iter();
    match (requirements.next(), requirements.next()) {
        (Some(requirement), None) => Ok(Piece { text, requirement }),
        _ => Err(unreadable(format!("`{name}` holds more than one requirement: give each a heading"))),
    }
}

fn is_note(line: &str) -> bool {
    line.trim().starts_with("<!--") && line.trim().ends_with("-->")
}

/// Whether a requirement is meant by a name: its id, its title, or both.
pub(super) fn is_named(requirement: &Requirement, name: &str) -> bool {
    let folded = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    match heading_id(name) {
        Some(id) => id == requirement.id,
        None => {
            requirement.id.as_str().eq_ignore_ascii_case(name.trim())
                || folded(&requirement.title) == folded(name)
        }
    }
}
