//! A spec's text with a delta applied to it. Every line that the delta does not speak of stays as it is.

use std::collections::HashMap;

use super::{
    DeltaError, DeltaFile, SpecDelta,
    file::{Piece, is_named},
    place::{Places, Span},
    render,
    same::folded,
};
use crate::{
    id::RequirementId,
    spec::{Requirement, Spec, parse},
};

/// The text of the spec after the change.
///
/// What comes out is read again and compared with what the delta says. Where something else would have changed too,
/// nothing is changed.
pub fn apply(text: &str, delta: &DeltaFile) -> Result<String, DeltaError> {
    let spec = parse(text)?;
    let plan = Change::of(&spec, delta)?;
    let places = Places::of(text);
    let mut edits: Vec<(Span, Vec<String>)> = Vec::new();
    for (at, edit) in &plan.edits {
        let requirement = &spec.requirements[*at];
        let span = places.span(requirement);
        let lines = match edit {
            Edit::Remove => Vec::new(),
            Edit::Replace(piece) => replaced(&places, span, requirement, piece)?,
            Edit::Rename(to) => renamed(&places, span, requirement, to)?,
        };
        edits.push((span, lines));
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut result = edited(&places, &edits);
    let level = spec.requirements.iter().rev().find_map(|r| places.heading(r.line as usize)).unwrap_or(2);
    for piece in &delta.added {
        let whole = Places::of(&piece.text);
        let lines = whole.raised(Span { start: 1, end: whole.lines.len() + 1 }, level);
        result.push('\n');
        result.push_str(lines.as_deref().unwrap_or(&piece.text));
    }
    plan.check(&spec, delta, &parse(&result)?)?;
    Ok(result)
}

enum Edit<'a> {
    Replace(&'a Piece),
    Rename(String),
    Remove,
}

/// What is to be done with which requirement of the spec, by its place.
struct Change<'a> {
    edits: HashMap<usize, Edit<'a>>,
}

impl<'a> Change<'a> {
    fn of(spec: &Spec, delta: &'a DeltaFile) -> Result<Self, DeltaError> {
        let find = |name: &str| spec.requirements.iter().position(|r| is_named(r, name));
        let mut edits: HashMap<usize, Edit<'a>> = HashMap::new();
        let mut new_names: HashMap<String, usize> = HashMap::new();
        for name in &delta.removed {
            let at = find(name).ok_or_else(|| missing("remove", name))?;
            edits.insert(at, Edit::Remove);
        }
        for (from, to) in &delta.renamed {
            let at = find(from).ok_or_else(|| missing("rename", from))?;
            if find(to).is_some_and(|other| other != at) {
                return Err(DeltaError::Exists { name: to.clone() });
            }
            new_names.insert(to.to_lowercase(), at);
            if let Some(Edit::Remove) = edits.insert(at, Edit::Rename(to.clone())) {
                return Err(contradicts(from, "remove", "rename"));
            }
        }
        for piece in &delta.modified {
            let name = piece.requirement.id.as_str();
            let at = find(name).or_else(|| new_names.get(&name.to_lowercase()).copied());
            // Without a label the id comes from the text, which is what changed.
            let at = at.or_else(|| find(&piece.requirement.title)).ok_or_else(|| missing("change", name))?;
            match edits.insert(at, Edit::Replace(piece)) {
                Some(Edit::Remove) => return Err(contradicts(name, "remove", "change")),
                Some(Edit::Replace(_)) => return Err(contradicts(name, "change", "change")),
                Some(Edit::Rename(_)) | None => {}
            }
        }
        for (at, piece) in delta.added.iter().enumerate() {
            let id = &piece.requirement.id;
            if let Some(there) = spec.requirements.iter().position(|r| r.id == *id) {
                return Err(match edits.get(&there) {
                    Some(Edit::Remove) => contradicts(id.as_str(), "remove", "add"),
                    Some(Edit::Replace(_)) => contradicts(id.as_str(), "change", "add"),
                    _ => DeltaError::Exists { name: id.to_string() },
                });
            }
            if delta.added[..at].iter().any(|other| other.requirement.id == *id) {
                return Err(contradicts(id.as_str(), "add", "add"));
            }
        }
        Ok(Self { edits })
    }

    /// Whether the new text says what was asked for, and nothing else changed.
    fn check(&self, before: &Spec, delta: &DeltaFile, after: &Spec) -> Result<(), DeltaError> {
        let mut wanted: Vec<Requirement> = Vec::new();
        for (at, requirement) in before.requirements.iter().enumerate() {
            match self.edits.get(&at) {
                None => wanted.push(requirement.clone()),
                Some(Edit::Replace(piece)) => wanted.push(piece.requirement.clone()),
                Some(Edit::Rename(to)) => wanted.push(Requirement {
                    id: RequirementId::parse(to.as_str()).unwrap_or_else(|_| requirement.id.clone()),
                    ..requirement.clone()
                }),
                Some(Edit::Remove) => {}
            }
        }
        wanted.extend(delta.added.iter().map(|piece| piece.requirement.clone()));
        for one in &mut wanted {
            // What it needs is told by all the ids that there are: the piece alone did not know them.
            if let Some(found) = after.requirement(&one.id) {
                one.depends_on.clone_from(&found.depends_on);
                // An item of a list has no heading: its title is its first sentence.
                if folded(&one.text).starts_with(&folded(&found.title)) {
                    one.title.clone_from(&found.title);
                }
            }
        }
        let wanted = Spec { requirements: wanted, ..after.clone() };
        let off = SpecDelta::between(&wanted, after);
        let strange = off.requirements.iter().find_map(|r| match r {
            super::RequirementDelta::Added { after } => Some((&after.id, "it would come up")),
            super::RequirementDelta::Modified { after, .. } => {
                Some((&after.id, "its text would be mixed up"))
            }
            super::RequirementDelta::Removed { before } => Some((&before.id, "it would be lost")),
            super::RequirementDelta::Unchanged { id, was } => {
                (id != was).then_some((id, "its id would differ"))
            }
        });
        match strange {
            Some((id, detail)) => {
                Err(DeltaError::Entangled { name: id.to_string(), detail: detail.to_owned() })
            }
            None => Ok(()),
        }
    }
}

fn missing(what: &'static str, name: &str) -> DeltaError {
    DeltaError::Missing { what, name: name.to_owned() }
}

fn contradicts(name: &str, first: &'static str, second: &'static str) -> DeltaError {
    DeltaError::Contradicts { name: name.to_owned(), first, second }
}

/// The lines of a requirement in its new form, at the level of the old one.
fn replaced(
    places: &Places,
    span: Span,
    old: &Requirement,
    piece: &Piece,
) -> Result<Vec<String>, DeltaError> {
    if let Some(level) = places.heading(span.start) {
        let whole = Places::of(&piece.text);
        let text = whole.raised(Span { start: 1, end: whole.lines.len() + 1 }, level);
        let text = text.unwrap_or_else(|| render::written(&piece.requirement, level));
        return Ok(text.lines().map(str::to_owned).collect());
    }
    item(places, span, old, &piece.requirement)
}

/// A requirement that is an item of a list stays one, where a line can hold it.
fn item(
    places: &Places,
    span: Span,
    old: &Requirement,
    new: &Requirement,
) -> Result<Vec<String>, DeltaError> {
    let first = places.lines.get(span.start - 1).map_or("", String::as_str);
    let tangled =
        |detail: &str| DeltaError::Entangled { name: old.id.to_string(), detail: detail.to_owned() };
    let is_plain = new.acceptance.is_empty() && !new.text.trim().contains("\n\n");
    let is_item = first.trim_start().starts_with(['-', '*', '+']);
    let (Some(at), true, true) = (first.find(old.id.as_str()), is_plain, is_item) else {
        return Err(tangled("it is no section with a heading of its own"));
    };
    let bold = first[..at].ends_with("**");
    let label = if bold { format!("{}**:", new.id) } else { format!("{}:", new.id) };
    let words = new.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = if words.is_empty() { new.title.clone() } else { words };
    Ok(vec![format!("{}{label} {words}", &first[..at])])
}

fn renamed(places: &Places, span: Span, old: &Requirement, to: &str) -> Result<Vec<String>, DeltaError> {
    let mut lines: Vec<String> = places.lines[span.start - 1..span.end - 1].to_vec();
    let Some(first) = lines.first_mut().filter(|line| line.contains(old.id.as_str())) else {
        let detail = "it has no label that could be changed".to_owned();
        return Err(DeltaError::Entangled { name: old.id.to_string(), detail });
    };
    *first = first.replacen(old.id.as_str(), to, 1);
    Ok(lines)
}

fn edited(places: &Places, edits: &[(Span, Vec<String>)]) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut next = 1;
    for (span, new) in edits {
        lines.extend(places.lines[next - 1..span.start.max(next) - 1].iter().map(String::as_str));
        lines.extend(new.iter().map(String::as_str));
        next = span.end.max(next);
        // One empty line is enough where a requirement went.
        if new.is_empty() {
            while lines.last().is_some_and(|line| line.trim().is_empty())
                && places.lines.get(next - 1).is_some_and(|line| line.trim().is_empty())
            {
                next += 1;
            }
        }
    }
    lines.extend(places.lines[(next - 1).min(places.lines.len())..].iter().map(String::as_str));
    let mut text = lines.join("\n");
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
