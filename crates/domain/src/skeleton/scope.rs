//! What a ticket may touch.

use regex::Regex;

use super::proposal::Group;
use crate::{
    pattern::{Pattern, compiled},
    scope::{RelativePath, is_pattern},
    spec::{Requirement, Spec, files::run_by},
};

/// The globs of a group, in the order of the text.
pub(super) fn of(spec: &Spec, group: &Group, notes: &mut Vec<String>) -> Vec<String> {
    let members = || group.members.iter().map(|&at| &spec.requirements[at]);
    let named = distinct(members().flat_map(|r| own_files(spec, r)));
    if !named.is_empty() {
        return named;
    }
    let is_fixture = |path: &String| spec.fixtures.iter().any(|f| &f.path == path);
    let commands = members().flat_map(|r| &r.acceptance).flat_map(|a| run_by(&a.command));
    let run = distinct(commands.filter(|path| !is_fixture(path)));
    let served = || members().map(|r| r.id.as_str()).collect::<Vec<_>>().join(", ");
    if !run.is_empty() {
        notes.push(format!("{} names no file: its examples run {}", served(), run.join(", ")));
        return run;
    }
    let mut proposed = Vec::new();
    for file in &group.files {
        match RelativePath::parse(file.trim()) {
            Ok(path) if !is_pattern(path.as_str()) => proposed.push(String::from(path)),
            Ok(path) => {
                notes.push(format!("`{path}` was proposed as a file of {}: a pattern is none", served()));
            }
            Err(error) => notes.push(format!("{error}: left out of the files of {}", served())),
        }
    }
    if !proposed.is_empty() {
        return distinct(proposed.into_iter());
    }
    notes.push(format!("{} names no file, so its ticket may touch every one and runs alone", served()));
    vec!["**".to_owned()]
}

/// The files that a requirement is to write: those that it names, but for those that belong to another requirement
/// and are only said to be used ("with `words` from `textstat/words.py`").
fn own_files(spec: &Spec, requirement: &Requirement) -> Vec<String> {
    let words = format!("{}\n\n{}", requirement.title, requirement.text);
    let of_another =
        |file: &String| spec.requirements.iter().any(|r| r.id != requirement.id && r.files.contains(file));
    let own: Vec<String> = requirement
        .files
        .iter()
        .filter(|file| !(is_only_used(&words, file) && of_another(file)))
        .cloned()
        .collect();
    if own.is_empty() { requirement.files.clone() } else { own }
}

fn is_only_used(words: &str, file: &str) -> bool {
    static CUE: Pattern = Pattern::new(|| {
        compiled(
            r"(?i)\b(?:from|uses?|using|imports?|importing|calls?|calling|see|of|by|reads?|like|as in|with|builds? on|defined in)\b[^`.;:]{0,30}$",
        )
    });
    let cue: &Regex = &CUE;
    let quoted = format!("`{file}`");
    let mut seen = false;
    for (at, _) in words.match_indices(&quoted) {
        seen = true;
        let from = words[..at].char_indices().rev().nth(60).map_or(0, |(from, _)| from);
        if !cue.is_match(&words[from..at]) {
            return false;
        }
    }
    seen
}

fn distinct(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}
