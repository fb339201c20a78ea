//! A spec that is written in a conversation: people say what they want, a model proposes requirements, and what of that
//! holds is put into the text.
//!
//! The model never writes the text itself. It proposes requirements; each is applied on its own, as a delta would be,
//! and what would change anything else, or would not be read as this one requirement, is left out with the reason.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{
    derived::visible,
    id::RequirementId,
    problem::Problem,
    spec::{
        Acceptance, MAX_SPEC_BYTES, Passage, Requirement, Spec, SpecError,
        delta::{DeltaFile, apply},
        parse,
    },
};

/// The most that may be said in one conversation, in turns and in characters of each.
pub const MAX_TURNS: usize = 60;
/// The most characters of what is said at once.
pub const MAX_SAID: usize = 8_000;
/// Requirements that one answer may add, change or take out.
pub const MAX_CHANGES: usize = 40;

/// Characters of what an example prints. Nobody reads through more, and a model that does not find an end is stopped there.
pub const MAX_OUTPUT: usize = 1_000;

/// Characters of a title and of a text.
const MAX_TITLE: usize = 80;
const MAX_TEXT: usize = 4_000;
/// What a spec is called that nobody gave a title.
const UNTITLED: &str = "Untitled";

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// Somebody who wants something.
    Person,
    /// The model that writes it down.
    Writer,
}

/// Something that was said about a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// By whom.
    pub by: Speaker,
    /// The words, at most 8,000 characters.
    pub text: String,
}

/// What a model is asked to write down: the text as it stands, and what was said of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// The spec as it stands, in Markdown; empty where there is none yet.
    pub text: String,
    /// What was said, in its order. A person spoke last.
    pub talk: Vec<Said>,
}

/// What a model proposes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// What it says to the person.
    pub reply: String,
    /// A title, for a spec that has none.
    pub title: String,
    /// A few sentences about the whole, for a spec that has none.
    pub overview: String,
    /// Requirements that are new, or take the place of one that is there.
    pub requirements: Vec<ProposedRequirement>,
    /// Ids of those that are to be taken out.
    pub removed: Vec<String>,
    /// What it would have to know.
    pub questions: Vec<String>,
}

/// A requirement as a model proposes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProposedRequirement {
    /// Of the one that it takes the place of; empty for a new one.
    pub id: String,
    /// A few words.
    pub title: String,
    /// What must hold.
    pub text: String,
    /// What can be run to prove it.
    pub examples: Vec<ProposedExample>,
}

/// A command that a model proposes as proof.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProposedExample {
    /// One line for `sh -c`.
    pub command: String,
    /// What it prints; anything where empty.
    pub output: String,
}

/// What became of a requirement of the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum EditKind {
    /// It came.
    Added,
    /// It asks for something else.
    Changed,
    /// It went.
    Removed,
}

/// One change of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DraftEdit {
    /// What was done.
    pub edit: EditKind,
    /// With which requirement.
    pub id: RequirementId,
    /// Its title.
    pub title: String,
    /// Whether an example proves it.
    pub proven: bool,
}

/// Something of a proposal that is not in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeftOut {
    /// What it was about.
    pub what: String,
    /// Why it was left out.
    pub why: String,
}

/// A spec after an answer. Nothing of it is saved: a person reads it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Drafted {
    /// The whole text, in Markdown. Lines that nothing was said of are as they were.
    pub text: String,
    /// What the model says.
    pub reply: String,
    /// What it would have to know.
    pub questions: Vec<String>,
    /// What was changed, in the order in which it was done.
    pub edits: Vec<DraftEdit>,
    /// What was not, and why.
    pub left_out: Vec<LeftOut>,
    /// The model that answered.
    pub model: String,
}

impl Conversation {
    /// Refuses what cannot be answered.
    pub fn check(&self) -> Result<(), Problem> {
        let too_long = |detail: String, next: &str| Err(Problem::new("spec.talk_too_long", detail, next));
        if self.text.len() > MAX_SPEC_BYTES {
            return Err(SpecError::TooLarge { bytes: self.text.len() }.problem());
        }
        if self.talk.len() > MAX_TURNS {
            let detail = format!("{} things were said, and at most {MAX_TURNS} are read", self.talk.len());
            return too_long(detail, "save the spec, and begin a new conversation about it");
        }
        if let Some(said) = self.talk.iter().find(|said| said.text.chars().count() > MAX_SAID) {
            let detail = format!(
                "{} characters were said at once, and at most {MAX_SAID} are read",
                said.text.chars().count()
            );
            return too_long(detail, "say less at once, or put a long text into the spec itself");
        }
        match self.talk.last() {
            Some(Said { by: Speaker::Person, text }) if !text.trim().is_empty() => Ok(()),
            _ => Err(Problem::new(
                "spec.nothing_said",
                "nothing was said that could be answered",
                "say what you want built or changed; a person speaks last",
            )),
        }
    }
}

/// Puts what a model proposes into the text. `is_known` says which requirements the model was shown as a whole: what it
/// was not shown it cannot change.
#[must_use]
pub fn written(
    source: &str,
    proposal: &Proposal,
    model: String,
    is_known: impl Fn(&Requirement) -> bool,
) -> Drafted {
    let mut desk = Desk { text: source.to_owned(), edits: Vec::new(), left_out: Vec::new() };
    for proposed in proposal.requirements.iter().take(MAX_CHANGES) {
        desk.take(proposed, proposal, &is_known);
    }
    for id in proposal.removed.iter().take(MAX_CHANGES) {
        desk.remove(&visible(id, MAX_TITLE));
    }
    let Desk { text, edits, left_out } = desk;
    let (reply, questions) = (proposal.reply.clone(), proposal.questions.clone());
    Drafted { text, reply, questions, edits, left_out, model }
}

struct Desk {
    text: String,
    edits: Vec<DraftEdit>,
    left_out: Vec<LeftOut>,
}

impl Desk {
    fn take(
        &mut self,
        proposed: &ProposedRequirement,
        proposal: &Proposal,
        is_known: &impl Fn(&Requirement) -> bool,
    ) {
        let title = visible(&proposed.title, MAX_TITLE);
        let name = if title.is_empty() { visible(&proposed.id, MAX_TITLE) } else { title.clone() };
        if title.is_empty() || proposed.text.trim().is_empty() {
            return self.leave(name, "it has no title or no text");
        }
        let spec = match parse(&self.text) {
            Ok(spec) => Some(spec),
            Err(SpecError::Empty | SpecError::NoRequirements { .. }) => None,
            Err(error) => return self.leave(name, error.to_string()),
        };
        let old = spec.as_ref().and_then(|spec| meant(spec, &proposed.id));
        // What was just added in this answer was not shown either, and may be put better by the same answer.
        if let Some(old) = old
            && !is_known(old)
            && !self.edits.iter().any(|edit| edit.id == old.id)
        {
            return self.leave(name, "its text was too long to be shown to the model: change it by hand");
        }
        let (label, part) = match old {
            Some(old) => (old.id.to_string(), "MODIFIED"),
            None => (self.free(spec.as_ref()), "ADDED"),
        };
        let kept = old.map(|old| old.acceptance.as_slice()).unwrap_or_default();
        let Some((section, proven)) = section(spec.as_ref(), &label, &title, proposed, kept) else {
            return self.leave(name, "it would not be read as one requirement of this spec");
        };
        let changed = match &spec {
            Some(_) => DeltaFile::parse(&format!("# Changes\n\n## {part} Requirements\n\n#{section}"))
                .and_then(|delta| apply(&self.text, &delta))
                .map_err(|error| error.to_string()),
            None => begun(&self.text, proposal, &section),
        };
        match changed
            .and_then(|text| Ok((RequirementId::parse(label).map_err(|error| error.to_string())?, text)))
        {
            Ok((id, text)) => {
                self.text = text;
                let edit = if old.is_some() { EditKind::Changed } else { EditKind::Added };
                if proposed.examples.iter().any(|example| !is_short(example)) {
                    self.leave(
                        format!("an example of {id}"),
                        format!(
                            "it prints more than {MAX_OUTPUT} characters: show what matters in a few lines"
                        ),
                    );
                }
                self.edits.push(DraftEdit { edit, id, title, proven });
            }
            Err(why) => self.leave(name, why),
        }
    }

    fn remove(&mut self, id: &str) {
        let Some(old) = parse(&self.text).ok().and_then(|spec| meant(&spec, id).cloned()) else {
            return self.leave(id.to_owned(), "the spec has no such requirement");
        };
        let delta = format!("# Changes\n\n## REMOVED Requirements\n\n### {}: {}\n", old.id, old.title);
        match DeltaFile::parse(&delta).and_then(|delta| apply(&self.text, &delta)) {
            Ok(text) => {
                self.text = text;
                let proven = !old.acceptance.is_empty();
                self.edits.push(DraftEdit { edit: EditKind::Removed, id: old.id, title: old.title, proven });
            }
            Err(error) => self.leave(id.to_owned(), error.to_string()),
        }
    }

    fn leave(&mut self, what: String, why: impl Into<String>) {
        self.left_out.push(LeftOut { what, why: why.into() });
    }

    /// A label that nothing in the text has, not even a mention: what it would be taken for is somebody else's.
    fn free(&self, spec: Option<&Spec>) -> String {
        let mut number = spec.map_or(0, |spec| spec.requirements.len());
        loop {
            number += 1;
            let label = format!("REQ-{number}");
            if !self.text.contains(&label) {
                return label;
            }
        }
    }
}

/// The requirement that a model means by an id.
fn meant<'a>(spec: &'a Spec, id: &str) -> Option<&'a Requirement> {
    let id = id.trim();
    spec.requirements.iter().find(|one| !id.is_empty() && one.id.as_str().eq_ignore_ascii_case(id))
}

/// A text with its first requirement.
fn begun(text: &str, proposal: &Proposal, section: &str) -> Result<String, String> {
    let title = visible(&proposal.title, MAX_TITLE);
    let overview = visible(unmarked(&proposal.overview), MAX_TEXT);
    let head = match text.trim_end() {
        "" => {
            let title = if title.is_empty() { UNTITLED } else { &title };
            format!(
                "# {title}\n{}",
                if overview.is_empty() { String::new() } else { format!("\n{overview}\n") }
            )
        }
        there => format!("{there}\n"),
    };
    let whole = format!("{head}\n{section}");
    match parse(&whole) {
        Ok(spec) if spec.requirements.len() == 1 => Ok(whole),
        // An overview that is read as a requirement of its own is one too many.
        _ if text.trim().is_empty() && !overview.is_empty() => {
            begun(text, &Proposal { overview: String::new(), ..proposal.clone() }, section)
        }
        Ok(_) => Err("the text before it would be read as something else".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A requirement as Markdown below a heading of level two, and whether an example proves it. Where no example is
/// proposed that would be read as it is meant, those of before stay.
fn section(
    whole: Option<&Spec>,
    label: &str,
    title: &str,
    proposed: &ProposedRequirement,
    before: &[Acceptance],
) -> Option<(String, bool)> {
    // A text that has lists is better as it is, where that is read as one requirement.
    let texts = [paragraphs(&proposed.text), visible(unmarked(&proposed.text), MAX_TEXT)];
    let heads = texts.map(|text| format!("## {label}: {title}\n\n{text}\n"));
    let head =
        heads.iter().find(|head| read_as_one(whole, label, head).is_some_and(|found| found.is_empty()))?;
    let mut commands = Vec::new();
    let mut session = String::new();
    for example in &proposed.examples {
        let Some((command, lines)) = shown(example) else { continue };
        let longer = format!("{session}{lines}");
        commands.push(command);
        let read = read_as_one(whole, label, &fenced(head, &longer)).unwrap_or_default();
        if read.iter().map(|one| one.command.as_str()).eq(commands.iter().map(String::as_str)) {
            session = longer;
        } else {
            commands.pop();
        }
    }
    if !session.is_empty() {
        return Some((fenced(head, &session), true));
    }
    let kept = fenced(head, &before.iter().map(shown_again).collect::<String>());
    let same =
        |(one, other): (&Acceptance, &Acceptance)| Acceptance { line: other.line, ..one.clone() } == *other;
    let read = read_as_one(whole, label, &kept)?;
    (read.len() == before.len() && read.iter().zip(before).all(same)).then_some((kept, !before.is_empty()))
}

fn fenced(head: &str, session: &str) -> String {
    if session.is_empty() { head.to_owned() } else { format!("{head}\n```console\n{session}```\n") }
}

/// Lines of text, none of which is a heading or opens a block.
fn paragraphs(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let indent: String = line.chars().take_while(|c| *c == ' ').take(8).collect();
        let words = visible(line, MAX_TEXT);
        let words = words.trim_start_matches(['#', '`', '~', '=', '|', '<']).trim_start();
        if words.is_empty() { String::new() } else { format!("{indent}{words}") }
    });
    let text: String = lines.collect::<Vec<_>>().join("\n").chars().take(MAX_TEXT).collect();
    text.trim().to_owned()
}

/// Without what makes a heading, a list or a quotation of a line.
fn unmarked(text: &str) -> &str {
    text.trim_start_matches(['#', '>', '-', '*', '|', ' '])
}

/// A proposed example: its command, and the lines of a console session.
fn shown(example: &ProposedExample) -> Option<(String, String)> {
    let command = example.command.trim().trim_start_matches("$ ").trim();
    let lines: Vec<&str> = example.output.trim_end().lines().collect();
    let is_plain = |text: &str| !text.chars().any(char::is_control);
    let fits = !command.is_empty()
        && command.len() <= MAX_OUTPUT
        && is_short(example)
        && is_plain(command)
        && lines.iter().all(|line| is_plain(line) && !line.trim_start().starts_with("```"));
    fits.then(|| {
        let session =
            std::iter::once(format!("$ {command}\n")).chain(lines.iter().map(|line| format!("{line}\n")));
        (command.to_owned(), session.collect())
    })
}

fn is_short(example: &ProposedExample) -> bool {
    example.output.chars().nth(MAX_OUTPUT).is_none()
}

fn shown_again(acceptance: &Acceptance) -> String {
    let mut text = format!("$ {}\n", acceptance.command.replace('\n', "\n> "));
    match acceptance.stdout.as_deref() {
        Some("") => text.push_str("(no output)\n"),
        Some(output) => text.extend([output.trim_end(), "\n"]),
        None => {}
    }
    if let Some(error) = &acceptance.stderr_contains {
        let _ = writeln!(text, "stderr: {error}");
    }
    if acceptance.exit != 0 {
        let _ = writeln!(text, "[exit {}]", acceptance.exit);
    }
    text
}

/// The examples of a section that is read as one requirement of the whole, with nothing beside it.
fn read_as_one(whole: Option<&Spec>, label: &str, section: &str) -> Option<Vec<Acceptance>> {
    let mut spec = parse(&format!("# Draft\n\n{section}")).ok()?;
    // What it builds on stands elsewhere in the spec.
    let is_known = |passage: &Passage| whole.is_some_and(|whole| meant(whole, &passage.text).is_some());
    let is_one =
        spec.requirements.len() == 1 && spec.fixtures.is_empty() && spec.not_understood.iter().all(is_known);
    let one = spec.requirements.pop().filter(|one| is_one && one.id.as_str() == label)?;
    Some(one.acceptance)
}

#[cfg(test)]
#[path = "drafting_tests.rs"]
mod tests;
