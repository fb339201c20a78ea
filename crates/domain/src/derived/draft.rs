//! The whole draft: each thing is one requirement, once.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    Citation, Confidence, DerivedRequirement, Draft, MAX_THINGS, Thing, Unread, Words,
    section::{Saying, Section, is_stopped, section},
};
use crate::{
    id::{CommitId, RequirementId},
    problem::Problem,
    spec::{MAX_SPEC_BYTES, parse},
};

/// Files that are named one by one as unread; of more, the number is told.
const MAX_UNREAD_SHOWN: usize = 20;

/// What a draft is about.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// Its title.
    pub title: &'a str,
    /// The commit whose code was read.
    pub commit: &'a CommitId,
    /// The model that put it into words, if one did.
    pub model: Option<&'a str>,
    /// What was not read, and why.
    pub unread: Vec<Unread>,
}

/// Writes a draft. `words` are a model's, by the place of the thing that they are about; `length` gives the lines of a
/// file, none where there is no such file. What of the words does not hold is dropped and counted.
pub fn draft(
    mut frame: Frame<'_>,
    things: &[Thing],
    words: &BTreeMap<usize, Words>,
    length: impl Fn(&str) -> Option<u32>,
) -> Result<Draft, Problem> {
    let mut found = Draft {
        text: String::new(),
        requirements: Vec::new(),
        dropped_citations: 0,
        dropped_words: 0,
        unread: Vec::new(),
    };
    let mut sections = String::new();
    for (place, thing) in things.iter().enumerate() {
        let label = format!("REQ-{}", found.requirements.len() + 1);
        let unread = |why: &str| Unread { path: thing.at.to_string(), why: why.to_owned() };
        if found.requirements.len() == MAX_THINGS {
            frame.unread.push(unread("a draft has no more requirements than this; narrow it with --path"));
            continue;
        }
        let held =
            words.get(&place).map(|words| holding(words, thing, &length, &mut found.dropped_citations));
        let worded = held.as_ref().and_then(|words| {
            let words = words.as_ref().filter(|words| names_what_is_there(words, thing))?;
            Some((words.evidence.clone(), section(&label, thing, Saying::Worded(words))?))
        });
        if words.contains_key(&place) && worded.is_none() {
            found.dropped_words += 1;
        }
        let is_worded = worded.is_some();
        let plain = || {
            [Saying::Documented, Saying::Bare].into_iter().find_map(|saying| section(&label, thing, saying))
        };
        let Some((cited, Section { title, markdown, question })) =
            worded.or_else(|| Some((Vec::new(), plain()?)))
        else {
            frame.unread.push(unread("its name cannot be written down as a requirement"));
            continue;
        };
        if sections.len() + markdown.len() > MAX_SPEC_BYTES / 2 {
            frame.unread.push(unread("the draft is full; narrow it with --path"));
            continue;
        }
        let Ok(id) = RequirementId::parse(label) else { continue };
        sections = format!("{sections}\n{markdown}");
        found.requirements.push(DerivedRequirement {
            id,
            title,
            kind: thing.kind,
            evidence: evidence(thing, cited),
            confidence: Confidence::of(thing),
            worded: is_worded,
            question,
        });
    }
    if found.requirements.is_empty() {
        return Err(Problem::new(
            "derive.nothing",
            format!("nothing was found in {} that others are meant to use", frame.commit),
            "Python, Rust, TypeScript, JavaScript, Go and Java are read; name another branch, or write the spec by hand",
        ));
    }
    found.text = format!("{}{sections}", head(&frame, &found));
    found.unread = frame.unread;
    whole(found)
}

/// The words with the citations that hold; none where none does.
fn holding(
    words: &Words,
    thing: &Thing,
    length: &impl Fn(&str) -> Option<u32>,
    dropped: &mut u32,
) -> Option<Words> {
    let (held, false_ones): (Vec<_>, Vec<_>) =
        words.evidence.iter().cloned().partition(|place| place.holds(thing, length));
    *dropped = dropped.saturating_add(u32::try_from(false_ones.len()).unwrap_or(u32::MAX));
    (!held.is_empty()).then(|| Words { evidence: held, ..words.clone() })
}

/// Whether each name in code quotes stands in the code that was shown.
fn names_what_is_there(words: &Words, thing: &Thing) -> bool {
    let shown = |name: &str| {
        thing.excerpt.contains(name)
            || thing.shown.contains(name)
            || thing.name.contains(name)
            || thing.at.path == name
            || thing.tests.iter().any(|test| test.excerpt.contains(name))
    };
    let said = format!("{} {}", words.title, words.text);
    said.split('`').skip(1).step_by(2).all(shown) && said.matches('`').count() % 2 == 0
}

fn evidence(thing: &Thing, cited: Vec<Citation>) -> Vec<Citation> {
    let tests = thing.tests.iter().take(3).map(|test| test.at.clone());
    let mut all: Vec<Citation> = vec![thing.at.clone()];
    for place in cited.into_iter().chain(tests) {
        if !all.contains(&place) {
            all.push(place);
        }
    }
    all
}

fn head(frame: &Frame<'_>, found: &Draft) -> String {
    let title: String =
        frame.title.chars().filter(|c| c.is_alphanumeric() || " -_.".contains(*c)).take(80).collect();
    let mut head = format!("# {}\n\n", if title.trim().is_empty() { "Draft" } else { title.trim() });
    let open = found.requirements.iter().filter(|one| one.question.is_some()).count();
    let by = match frame.model {
        Some(model) => {
            let model: String =
                model.chars().filter(|c| c.is_alphanumeric() || "-_./:".contains(*c)).take(80).collect();
            format!("put into words by {model}")
        }
        None => "in computed words".to_owned(),
    };
    let _ = writeln!(
        head,
        "DRAFT, derived from the code of commit {}, {by}. It says what the code is seen to offer, which need not be what \
         was meant. Read each entry, settle its open question, and take out what is nobody's wish; then delete this \
         paragraph.\n",
        frame.commit
    );
    let _ = writeln!(head, "Entries: {}. Open questions: {open}.\n", found.requirements.len());
    if !frame.unread.is_empty() {
        let _ = writeln!(head, "Not covered: {} places, which the command named.\n", frame.unread.len());
    }
    head
}

/// The draft, once it is seen to be read as what it is.
fn whole(found: Draft) -> Result<Draft, Problem> {
    let amiss = |detail: String| {
        let next = "report it with the repository; `--path` leaves files out until it is mended";
        Problem::new("derive.unreadable", format!("the draft cannot be read back: {detail}"), next)
    };
    let spec = parse(&found.text).map_err(|error| amiss(error.to_string()))?;
    let read: Vec<_> = spec.requirements.iter().map(|one| &one.id).collect();
    let written: Vec<_> = found.requirements.iter().map(|one| &one.id).collect();
    if read != written {
        return Err(amiss(format!("{} requirements were written, {} are read", written.len(), read.len())));
    }
    if is_stopped(&spec) {
        return Err(amiss("the lint stops it".to_owned()));
    }
    Ok(Draft { unread: bounded(found.unread), ..found })
}

fn bounded(mut unread: Vec<Unread>) -> Vec<Unread> {
    let more = unread.len().saturating_sub(MAX_UNREAD_SHOWN);
    if more > 0 {
        unread.truncate(MAX_UNREAD_SHOWN);
        unread.push(Unread { path: format!("{more} more"), why: "only the first are named".to_owned() });
    }
    unread
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
