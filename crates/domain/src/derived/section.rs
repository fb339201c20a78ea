//! One requirement of a draft, as Markdown. What comes from a repository or a model is untrusted: a text that would be
//! read as anything but this one requirement is not used.

use std::fmt::Write as _;

use super::{Confidence, Thing, ThingKind, Words};
use crate::{
    estimate::Estimate,
    id::{PlanId, SpecId},
    lint,
    plan::Plan,
    skeleton,
    spec::{Requirement, Spec, parse},
};

/// Tests that a requirement is proven by.
const MAX_TESTS: usize = 3;
/// Characters of a title, of a signature, of a sentence of documentation, of what a model says.
const MAX_TITLE: usize = 80;
const MAX_SHOWN: usize = 160;
const MAX_DOC: usize = 180;
const MAX_TEXT: usize = 600;

/// What is said of a thing: a model's words, or those that are computed, with less and less of what strangers wrote.
#[derive(Debug, Clone, Copy)]
pub(super) enum Saying<'a> {
    /// A model's words.
    Worded(&'a Words),
    /// The signature, and what the code says about it.
    Documented,
    /// The name alone.
    Bare,
}

/// The section's title, its text in Markdown, and the question that it leaves open.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) markdown: String,
    pub(super) question: Option<String>,
}

/// The commands that prove a thing: its tests, else that it is there.
pub(super) fn commands(thing: &Thing) -> Vec<&str> {
    let mut tests: Vec<&str> = thing.tests.iter().filter_map(|test| test.command.as_deref()).collect();
    tests.dedup();
    tests.truncate(MAX_TESTS);
    if tests.is_empty() { vec![&thing.presence] } else { tests }
}

/// Writes a section. None where it would not be read as this one requirement with these commands, or the lint would
/// stop it.
pub(super) fn section(label: &str, thing: &Thing, saying: Saying<'_>) -> Option<Section> {
    let (title, text, question) = match saying {
        Saying::Worded(words) => {
            (clean(&words.title, MAX_TITLE), opening(&words.text), words.question.as_deref())
        }
        Saying::Documented => (title(thing), sentence(thing, true), None),
        Saying::Bare => (title(thing), sentence(thing, false), None),
    };
    if title.is_empty() || !text.to_lowercase().contains("shall") {
        return None;
    }
    let question = question.map(|asked| clean(asked, MAX_DOC)).filter(|asked| !asked.is_empty());
    let question = question.or_else(|| untested(thing));
    let mut places: Vec<String> = vec![thing.at.to_string()];
    let cited: Vec<String> = match saying {
        Saying::Worded(words) => words.evidence.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let tests = thing.tests.iter().take(MAX_TESTS).map(|test| test.at.to_string());
    for place in cited.into_iter().chain(tests) {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let mut markdown = format!("## {label}: {title}\n\n{text}\n\n");
    let _ = writeln!(markdown, "In `{}`.\n", thing.at.path);
    let _ = writeln!(
        markdown,
        "Evidence: {}. Confidence: {}.\n",
        places.join(", "),
        Confidence::of(thing).name()
    );
    if let Some(question) = &question {
        let _ = writeln!(markdown, "Open question: {question}\n");
    }
    let commands = commands(thing);
    markdown.push_str("```console\n");
    for command in &commands {
        let _ = writeln!(markdown, "$ {command}");
    }
    markdown.push_str("```\n");
    is_read_as_one(label, &markdown, &commands).then_some(Section { title, markdown, question })
}

fn is_read_as_one(label: &str, markdown: &str, commands: &[&str]) -> bool {
    let Ok(spec) = parse(&format!("# Draft\n\n{markdown}")) else { return false };
    let [Requirement { id, depends_on, acceptance, .. }] = spec.requirements.as_slice() else { return false };
    let read: Vec<&str> = acceptance.iter().map(|one| one.command.as_str()).collect();
    id.as_str() == label
        && depends_on.is_empty()
        && spec.fixtures.is_empty()
        && spec.not_understood.is_empty()
        && read == commands
        && !is_stopped(&spec)
}

/// Whether the lint stops a plan for it.
pub(super) fn is_stopped(spec: &Spec) -> bool {
    let (Ok(id), Ok(of)) = (PlanId::parse("draft"), SpecId::parse("draft")) else { return true };
    let tickets = skeleton::draft(spec, None).tickets;
    let plan = Plan { id, spec: of, tickets, estimate: Estimate::default(), model: String::new() };
    lint::is_blocked(&lint::lint(&plan, spec))
}

fn title(thing: &Thing) -> String {
    let name = clean(&thing.name, MAX_TITLE - 20);
    match thing.kind {
        ThingKind::Option => format!("Takes {name}"),
        ThingKind::Route => format!("Answers {name}"),
        _ => format!("Provides {name}"),
    }
}

fn sentence(thing: &Thing, with_doc: bool) -> String {
    let shown = clean(if with_doc { &thing.shown } else { &thing.name }, MAX_SHOWN);
    let said = match thing.kind {
        ThingKind::Option => format!("WHEN the option `{shown}` is given, THE SYSTEM SHALL act on it."),
        ThingKind::Route => format!("WHEN `{shown}` is requested, THE SYSTEM SHALL answer."),
        kind => format!("The system shall provide the {} `{shown}`.", kind.name()),
    };
    let doc = thing.doc.as_deref().filter(|_| with_doc).map(first_sentence).filter(|doc| !doc.is_empty());
    match doc {
        Some(doc) => format!("{said} The code says: \"{doc}\""),
        None => said,
    }
}

fn untested(thing: &Thing) -> Option<String> {
    let known = thing.tests.iter().any(|test| test.command.is_some());
    let name = clean(&thing.name, MAX_TITLE);
    (!known).then(|| {
        format!("no test runs `{name}`, and the command below shows only that it is there. What must it do, by example?")
    })
}

fn first_sentence(doc: &str) -> String {
    let paragraph = doc.trim().split("\n\n").next().unwrap_or_default();
    let line = clean(paragraph, usize::MAX);
    let end = line.find(". ").map_or(line.len(), |end| end + 1);
    clean(&line[..end], MAX_DOC)
}

/// A sentence that begins a paragraph, and neither a heading, a list nor a quotation.
fn opening(text: &str) -> String {
    clean(text, MAX_TEXT).trim_start_matches(['#', '>', '-', '*', '|', ' ']).to_owned()
}

/// One line, without what would open or close something in Markdown, or hide something from a reader.
fn clean(text: &str, limit: usize) -> String {
    visible(&text.replace('"', ""), limit)
}

/// One line of at the most `limit` characters, without what hides something from a reader.
pub(crate) fn visible(text: &str, limit: usize) -> String {
    let is_hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let visible: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_hidden(*c)).collect();
    let line = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(limit).collect::<String>().trim().to_owned()
}
