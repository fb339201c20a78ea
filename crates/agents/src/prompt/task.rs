//! The task: what must hold, how it will be checked, what is there already, what was wrong the last time.

use std::fmt::Write as _;

use swarm_domain::{
    finding::{Finding, FindingCode},
    scope::Scope,
    spec::{Acceptance, Requirement},
};

use super::{Room, TurnSetup, fenced, outline};
use crate::{
    agent::Protocol,
    path::WorkPath,
    protocol::{form, language},
    tool::output,
};

/// Bytes of expected output that an example shows.
const MAX_EXAMPLE: usize = 1_200;
/// Bytes of the list of what may be written.
const MAX_GLOBS: usize = 4_000;
/// Findings that one attempt is told of.
const MAX_HINTS: usize = 6;
/// Imports that the closing words name.
const MAX_IMPORTS: usize = 8;
/// Bytes of evidence of one finding.
const MAX_EVIDENCE: usize = 1_200;

/// The text of the task. Pieces ask for room in order of weight, and stand in order of reading.
pub(super) fn text(setup: &TurnSetup<'_>, protocol: Protocol, scope: &Scope, mut room: Room) -> String {
    let closing = closing(protocol, scope, setup);
    room.spend(closing.len());
    let title = setup.ticket.title.trim();
    let may_write = format!("You may write only: {}\n", output::cut(&scope.globs().join(", "), MAX_GLOBS));
    room.spend(title.len() + may_write.len() + 64);

    let requirements = room.take(&requirements(setup.requirements), 60);
    let hints = room.take(&hints(setup.hints), 40);
    let (current, others) = files(setup, scope, &mut room);
    let fixtures = room.take(&fixtures(setup), 30);
    let notes = room.take(&notes(setup), 30);
    let overview = room.take(&tight(setup.overview.trim()), 30);
    let agents_md = room.take(setup.agents_md.unwrap_or_default().trim(), 50);

    let mut text = format!("# Task: {title}\n\n");
    let mut section = |heading: &str, body: &str| {
        if !body.trim().is_empty() {
            let _ = write!(text, "## {heading}\n\n{}\n\n", body.trim_end());
        }
    };
    section("Background", &overview);
    section("Rules of this repository (AGENTS.md)", &agents_md);
    section("What must hold", &requirements);
    section("Notes (what must hold comes before them)", &notes);
    section("Files that the examples read", &fixtures);
    section("Files that you can build on (do not write them)", &others);
    section("The files as they are now", &current);
    section("What was wrong in the last attempt", &hints);
    let _ = write!(text, "{may_write}{closing}");
    text
}

fn requirements(requirements: &[Requirement]) -> String {
    let mut text = String::new();
    for requirement in requirements {
        let _ = writeln!(text, "### {}: {}\n", requirement.id, requirement.title.trim());
        let body = tight(requirement.text.trim());
        if body != requirement.title.trim() && !body.is_empty() {
            let _ = writeln!(text, "{body}\n");
        }
        if !requirement.acceptance.is_empty() {
            let shown: Vec<_> = requirement.acceptance.iter().map(example).collect();
            let _ = writeln!(
                text,
                "It is checked by running exactly this:\n\n{}\n",
                fenced("console", &shown.join("\n"))
            );
        }
    }
    text
}

/// The text with one blank line at the most between paragraphs.
fn tight(text: &str) -> String {
    let mut kept = text.to_owned();
    while kept.contains("\n\n\n") {
        kept = kept.replace("\n\n\n", "\n\n");
    }
    kept
}

/// A command with what it must do, as in a terminal.
fn example(check: &Acceptance) -> String {
    let mut lines = vec![format!("$ {}", check.command.trim().replace('\n', "\n> "))];
    if let Some(stdout) = check.stdout.as_deref().map(str::trim_end).filter(|out| !out.is_empty()) {
        lines.push(output::cut(stdout, MAX_EXAMPLE));
    }
    if let Some(part) = &check.stderr_contains {
        lines.push(format!("(standard error contains: {})", output::shown(part, 200)));
    }
    if check.exit != 0 {
        lines.push(format!("(exit code {})", check.exit));
    }
    lines.join("\n")
}

/// What the ticket says beside the requirements, which stand in their own section.
fn notes(setup: &TurnSetup<'_>) -> String {
    let mut notes = setup.ticket.description.clone();
    for requirement in setup.requirements {
        let told = format!("{}: {}\n\n{}", requirement.id, requirement.title, requirement.text);
        notes = notes.replacen(told.trim_end(), "", 1);
    }
    notes.trim().to_owned()
}

fn hints(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut shown = "";
    for (number, finding) in (1..).zip(findings.iter().take(MAX_HINTS)) {
        let evidence = finding.evidence.trim();
        let _ = writeln!(text, "{number}. {}{}", finding.detail.trim(), printed(finding.code, evidence));
        if !evidence.is_empty() && evidence == shown {
            let _ = writeln!(text, "The same as above.");
        } else if !evidence.is_empty() {
            let _ = writeln!(text, "{}", fenced("", &output::cut(evidence, MAX_EVIDENCE)));
            shown = evidence;
        }
        if !finding.hint.trim().is_empty() {
            let _ = writeln!(text, "{}", finding.hint.trim());
        }
        text.push('\n');
    }
    text
}

/// What leads over to the evidence, where that is what a command printed.
fn printed(code: FindingCode, evidence: &str) -> &'static str {
    match code {
        FindingCode::AcceptanceFailed | FindingCode::AcceptanceLimit | FindingCode::MergeRed => {
            if evidence.is_empty() { " It printed nothing." } else { " It printed this:" }
        }
        _ => "",
    }
}

fn fixtures(setup: &TurnSetup<'_>) -> String {
    // A fixture that no check names is not this ticket's, and the overview may have shown it already.
    let is_named = |path: &str| {
        setup.requirements.iter().flat_map(|r| &r.acceptance).any(|check| check.command.contains(path))
    };
    let is_shown = |content: &str| setup.overview.contains(content.trim());
    let shown = setup.fixtures.iter().filter(|f| is_named(&f.path) && !is_shown(&f.content));
    shown
        .map(|fixture| file(&fixture.path, &output::cut(&fixture.content, 600)))
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// The files that may be written, whole where there is room, and the outlines of the others.
fn files(setup: &TurnSetup<'_>, scope: &Scope, room: &mut Room) -> (String, String) {
    let mut sorted: Vec<_> = setup.files.iter().collect();
    sorted.sort();
    let (own, others): (Vec<_>, Vec<_>) = sorted.into_iter().partition(|(path, _)| is_own(path, scope));
    let own: Vec<_> = own.iter().map(|(path, content)| room.take(&file(path, content), 75)).collect();
    let mut shown = Vec::new();
    for (path, content) in others {
        let whole = file(path, content);
        // A file is worth its whole text while that takes little of what is left.
        let brief = if room.fits(&whole.repeat(4)) { whole } else { file(path, &outline::of(content)) };
        shown.push(room.take(&brief, 50));
    }
    let join = |pieces: Vec<String>| {
        pieces.into_iter().filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("\n\n")
    };
    (join(own), join(shown))
}

fn file(path: &str, content: &str) -> String {
    format!("{path}\n{}", fenced(language(path), content))
}

/// The last words: small models hold to what they read last.
fn closing(protocol: Protocol, scope: &Scope, setup: &TurnSetup<'_>) -> String {
    let mend = if setup.hints.is_empty() { "" } else { "Mend what was wrong, and keep what was right. " };
    if protocol != Protocol::Files {
        return format!("{mend}Begin.\n");
    }
    let what = match scope.single_file() {
        Some(path) => format!("the complete file {path}"),
        None => "the complete files".to_owned(),
    };
    let form = form(scope, &imports(setup, scope));
    format!("{mend}Write {what} now.\n\nAnswer with this and nothing else:\n\n{form}\n")
}

/// The lines that a file of this ticket most likely begins with: the imports that its requirements spell out, else of
/// what they name and its dependencies offer. Small models use such a name and forget to import it.
fn imports(setup: &TurnSetup<'_>, scope: &Scope) -> Vec<String> {
    let stated: Vec<_> = setup.requirements.iter().flat_map(|r| outline::stated_imports(&r.text)).collect();
    if !stated.is_empty() {
        return stated.into_iter().take(MAX_IMPORTS).collect();
    }
    let apart = |c: char| !(c.is_alphanumeric() || c == '_');
    let words: Vec<_> = setup.requirements.iter().flat_map(|r| r.text.split(apart)).collect();
    let mut lines: Vec<_> = setup
        .files
        .iter()
        .filter(|(path, _)| !is_own(path, scope))
        .filter_map(|(path, content)| outline::import(path, content, |name| words.contains(&name)))
        .collect();
    lines.sort();
    lines.truncate(MAX_IMPORTS);
    lines
}

fn is_own(path: &str, scope: &Scope) -> bool {
    WorkPath::parse(path).is_ok_and(|path| scope.allows(path.as_str()))
}
