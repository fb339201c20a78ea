//! One file of policies, and what stands in it.

use std::{path::Path, str::FromStr};

use cedar_policy::{Policy as CedarPolicy, PolicySet};
use miette::Diagnostic;

use crate::{decide::PolicyId, fault::PolicyError};

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It lets something be done that nothing forbids.
    Permit,
    /// It lets something not be done, whatever permits it.
    Forbid,
}

impl Effect {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
        }
    }
}

/// A policy in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its name: what `@id` says, or else the file's with a number.
    pub id: PolicyId,
    /// Where it begins, from 1.
    pub line: usize,
    /// What it does.
    pub effect: Effect,
    /// Its text.
    pub text: String,
}

/// A file of policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    /// Its name.
    pub name: String,
    /// Whether it is built in; an operator's where it is not.
    pub built_in: bool,
    /// Its policies, in their order.
    pub policies: Vec<Line>,
}

/// Reads a file.
pub(crate) fn read(
    name: &str,
    text: &str,
    built_in: bool,
) -> Result<(PolicyFile, Vec<CedarPolicy>), PolicyError> {
    let wrong = |line: usize, detail: String| PolicyError::Wrong { place: name.to_owned(), line, detail };
    let set = PolicySet::from_str(text).map_err(|errors| wrong(line_of(&errors, text), in_words(&errors)))?;
    if let Some(template) = set.templates().next() {
        let line = text.find("?principal").or_else(|| text.find("?resource")).unwrap_or_default();
        let detail = format!("`{}` has a slot, and nothing here fills it", template.id());
        return Err(wrong(line_at(text, line), detail));
    }
    let mut found: Vec<_> = set.policies().collect();
    // Cedar numbers them in their order: policy0, policy1.
    found.sort_by_key(|policy| {
        policy.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX)
    });
    let (mut lines, mut policies, mut from) = (Vec::new(), Vec::new(), 0);
    for (number, policy) in (1..).zip(found) {
        let source = policy.to_cedar().unwrap_or_default();
        let at = text.get(from..).and_then(|rest| rest.find(&source)).map_or(from, |at| from + at);
        from = at + source.len().min(text.len() - at);
        let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
        let id = match policy.annotation("id").map(str::trim).filter(|id| !id.is_empty()) {
            Some(id) => id.to_owned(),
            None => format!("{stem}#{number}"),
        };
        let effect = match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        };
        policies.push(policy.new_id(cedar_policy::PolicyId::new(&id)));
        lines.push(Line { id: PolicyId(id), line: line_at(text, at), effect, text: source });
    }
    Ok((PolicyFile { name: name.to_owned(), built_in, policies: lines }, policies))
}

/// On which line of the text a complaint is.
pub(crate) fn line_of(complaint: &dyn Diagnostic, text: &str) -> usize {
    let label = complaint.labels().and_then(|mut labels| labels.next());
    line_at(text, label.map_or(0, |label| label.offset()))
}

/// The complaint, with what helps against it.
pub(crate) fn in_words(complaint: &dyn Diagnostic) -> String {
    let help = complaint.help().map(|help| format!(" ({help})")).unwrap_or_default();
    // Names of policies are ours, and stand beside it.
    format!("{complaint}{help}").replace('\n', " ")
}

fn line_at(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    1 + text.bytes().take(end).filter(|byte| *byte == b'\n').count()
}
