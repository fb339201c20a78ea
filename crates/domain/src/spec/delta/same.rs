//! Whether two texts ask for the same.

use std::collections::{HashMap, HashSet};

use super::Field;
use crate::{
    id::RequirementId,
    spec::{Acceptance, Requirement},
};

/// What of a requirement differs. `renamed` leads from old ids to new ones; `touched` are files of the examples that
/// differ.
pub(super) fn differing(
    was: &Requirement,
    now: &Requirement,
    renamed: &HashMap<&RequirementId, &RequirementId>,
    touched: &HashSet<&str>,
) -> Vec<Field> {
    let needs = |ids: &[RequirementId], rename: bool| -> HashSet<RequirementId> {
        ids.iter()
            .map(|id| if rename { renamed.get(id).copied().unwrap_or(id) } else { id }.clone())
            .collect()
    };
    let files = |list: &[String]| list.iter().cloned().collect::<HashSet<_>>();
    let reads = |check: &Acceptance| touched.iter().any(|path| check.command.contains(path));
    let differs = [
        (Field::Title, !words(&was.title, &now.title)),
        (Field::Text, !texts(&was.text, &now.text, renamed)),
        (Field::Acceptance, !checks(&was.acceptance, &now.acceptance)),
        (Field::Fixtures, now.acceptance.iter().chain(&was.acceptance).any(reads)),
        (Field::DependsOn, needs(&was.depends_on, true) != needs(&now.depends_on, false)),
        (Field::Files, files(&was.files) != files(&now.files)),
    ];
    differs.into_iter().filter_map(|(field, differs)| differs.then_some(field)).collect()
}

/// Whether two lines are the same but for white space.
pub(super) fn words(a: &str, b: &str) -> bool {
    folded(a) == folded(b)
}

/// A text without the white space that does not matter: in a code block it does.
pub(super) fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut fence: Option<String> = None;
    for line in text.lines() {
        let mark: String = line.trim_start().chars().take_while(|&c| c == '`' || c == '~').collect();
        match &fence {
            Some(open) => {
                folded.push_str(line.trim_end());
                folded.push('\n');
                if mark.starts_with(open.as_str()) && line.trim() == mark {
                    fence = None;
                }
            }
            None if mark.len() >= 3 => {
                folded.extend(["\n", line.trim(), "\n"]);
                fence = Some(mark);
            }
            None => {
                // A heading of another level says the same.
                let line = line.trim_start();
                let bare = line.trim_start_matches('#');
                let line = if bare.starts_with(' ') { bare } else { line };
                for word in line.split_whitespace() {
                    if !folded.is_empty() && !folded.ends_with('\n') {
                        folded.push(' ');
                    }
                    folded.push_str(word);
                }
            }
        }
    }
    folded.trim().to_owned()
}

/// Whether two texts are the same, where names that were only changed count as the same.
fn texts(was: &str, now: &str, renamed: &HashMap<&RequirementId, &RequirementId>) -> bool {
    let (was, now) = (folded(was), folded(now));
    if was == now {
        return true;
    }
    let name = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let new = RequirementId::parse(bare).ok().and_then(|id| renamed.get(&id).copied());
        new.filter(|new| new.as_str() != bare).map(|new| word.replacen(bare, new.as_str(), 1))
    };
    let mut any = false;
    let words: Vec<String> = was
        .split(' ')
        .map(|word| name(word).inspect(|_| any = true).unwrap_or_else(|| word.to_owned()))
        .collect();
    any && words.join(" ") == now
}

/// Whether the same commands must do the same, in any order.
fn checks(was: &[Acceptance], now: &[Acceptance]) -> bool {
    let plain = |list: &[Acceptance]| list.iter().map(plain).collect::<HashSet<_>>();
    was.len() == now.len() && plain(was) == plain(now)
}

/// A check without its line, and without the white space that is not compared when it is run.
fn plain(check: &Acceptance) -> Acceptance {
    let trimmed = |text: &String| text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    Acceptance {
        command: check.command.trim().to_owned(),
        exit: check.exit,
        stdout: check.stdout.as_ref().map(trimmed),
        stderr_contains: check.stderr_contains.as_ref().map(|text| text.trim().to_owned()),
        line: 0,
    }
}
