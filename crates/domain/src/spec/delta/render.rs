//! A delta, and a requirement, as Markdown.

use std::fmt::Write as _;

use super::{
    Field, FixtureChange, RequirementDelta, SpecDelta,
    place::{Places, heading_id},
};
use crate::spec::{Acceptance, Requirement};

/// The level of a requirement's heading in a delta file.
pub(super) const LEVEL: usize = 3;

impl SpecDelta {
    /// As a delta file: `## ADDED Requirements` and so on, each requirement as the text of the new version has it.
    #[must_use]
    pub fn markdown(&self, after: &str) -> String {
        let places = Places::of(after);
        let mut sections: [(&str, String); 4] =
            ["ADDED", "MODIFIED", "REMOVED", "RENAMED"].map(|name| (name, String::new()));
        for requirement in &self.requirements {
            match requirement {
                RequirementDelta::Added { after } => {
                    let _ = writeln!(sections[0].1, "{}", block(&places, after));
                }
                RequirementDelta::Modified { before, after, fields } => {
                    rename(&mut sections[3].1, before.id.as_str(), after.id.as_str());
                    let changed: Vec<_> = fields.iter().map(|field: &Field| field.name()).collect();
                    let note = format!("<!-- changed: {} -->\n", changed.join(", "));
                    let _ = writeln!(sections[1].1, "{note}{}", block(&places, after));
                }
                RequirementDelta::Removed { before } => {
                    let _ = writeln!(sections[2].1, "### {}\n", heading(before));
                }
                RequirementDelta::Unchanged { id, was } => {
                    rename(&mut sections[3].1, was.as_str(), id.as_str());
                }
            }
        }
        let mut text = String::from("# Changes\n");
        for (name, body) in sections.iter().filter(|(_, body)| !body.is_empty()) {
            let _ = write!(text, "\n## {name} Requirements\n\n{}\n", body.trim_end());
        }
        text + &self.outside()
    }

    /// What a delta of requirements cannot say: shown, and not applied.
    fn outside(&self) -> String {
        let mut lines = Vec::new();
        if self.title {
            lines.push("- the title changed".to_owned());
        }
        if self.overview {
            lines.push("- the text outside of the requirements changed".to_owned());
        }
        for fixture in &self.fixtures {
            let how = match fixture.change {
                FixtureChange::Added => "was added",
                FixtureChange::Modified => "changed",
                FixtureChange::Removed => "was removed",
            };
            lines.push(format!("- the file `{}` {how}", fixture.path));
        }
        if lines.is_empty() {
            return String::new();
        }
        format!("\n## Outside of the requirements\n\n{}\n", lines.join("\n"))
    }
}

fn rename(text: &mut String, from: &str, to: &str) {
    if from != to {
        let _ = writeln!(text, "- FROM: `{from}`\n- TO: `{to}`");
    }
}

/// As the source has it, where it stands there under a heading; else made anew.
fn block(places: &Places, requirement: &Requirement) -> String {
    places.raised(places.span(requirement), LEVEL).unwrap_or_else(|| written(requirement, LEVEL))
}

/// The heading of a requirement. An id that was made from the text is no label.
pub(super) fn heading(requirement: &Requirement) -> String {
    let labelled = format!("{}: {}", requirement.id, requirement.title);
    match heading_id(&labelled) {
        Some(id) if id == requirement.id && requirement.title == id.as_str() => requirement.title.clone(),
        Some(id) if id == requirement.id => labelled,
        _ => requirement.title.clone(),
    }
}

/// A requirement as Markdown, made from what was understood of it.
pub(super) fn written(requirement: &Requirement, level: usize) -> String {
    let mut text = format!("{} {}\n", "#".repeat(level), heading(requirement));
    if !requirement.text.trim().is_empty() {
        let _ = write!(text, "\n{}\n", requirement.text.trim());
    }
    if !requirement.acceptance.is_empty() {
        let shown: Vec<_> = requirement.acceptance.iter().map(session).collect();
        let shown = shown.join("\n");
        let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((longest + 1).max(3));
        let _ = write!(text, "\n{fence}console\n{shown}\n{fence}\n");
    }
    text
}

/// A check as in a terminal.
fn session(check: &Acceptance) -> String {
    let mut lines = vec![format!("$ {}", check.command.trim_end().replace('\n', "\n> "))];
    match check.stdout.as_deref() {
        Some("") => lines.push("(no output)".to_owned()),
        Some(stdout) => lines.push(stdout.trim_end().to_owned()),
        None => {}
    }
    lines.extend(check.stderr_contains.iter().map(|part| format!("stderr: {part}")));
    if check.exit != 0 {
        lines.push(format!("[exit {}]", check.exit));
    }
    lines.join("\n")
}
