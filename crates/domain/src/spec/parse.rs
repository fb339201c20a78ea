//! From text to a spec.

use std::collections::{HashMap, HashSet};

use super::{
    Acceptance, Fixture, MAX_REQUIREMENTS, MAX_SPEC_BYTES, Passage, Requirement, Spec, SpecError, example,
    gather::{Content, gather},
    label::{Known, Needs},
    markdown::{self, Kind},
    order,
    outline::{self, Role, Section},
};
use crate::id::RequirementId;

/// Reads a spec from the bytes of a file, whatever they are. What is too large is refused before it is looked at.
pub fn read(bytes: &[u8]) -> Result<Spec, SpecError> {
    if bytes.len() > MAX_SPEC_BYTES {
        return Err(SpecError::TooLarge { bytes: bytes.len() });
    }
    let binary = |offset: usize| {
        let line = line_number(bytes[..offset].split(|&b| b == b'\n').count());
        SpecError::Binary { offset, line }
    };
    let text = std::str::from_utf8(bytes).map_err(|e| binary(e.valid_up_to()))?;
    parse(text)
}

/// Reads a spec.
///
/// ```
/// use swarm_domain::spec::{SpecError, parse};
///
/// let spec = parse("# Greeter\n\n## REQ-1: Greets\n\nIn `greet.sh`.\n\n```console\n$ sh greet.sh\nhello\n```\n").unwrap();
/// let check = &spec.requirements[0].acceptance[0];
/// assert_eq!((check.command.as_str(), check.stdout.as_deref()), ("sh greet.sh", Some("hello")));
/// assert_eq!(parse(" \n"), Err(SpecError::Empty));
/// ```
pub fn parse(text: &str) -> Result<Spec, SpecError> {
    if text.len() > MAX_SPEC_BYTES {
        return Err(SpecError::TooLarge { bytes: text.len() });
    }
    if let Some(offset) = text.find('\0') {
        let line = line_number(text[..offset].matches('\n').count() + 1);
        return Err(SpecError::Binary { offset, line });
    }
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    if text.trim().is_empty() {
        return Err(SpecError::Empty);
    }
    let blocks = markdown::blocks(&text);
    let first_heading = blocks.iter().find_map(|block| match &block.kind {
        Kind::Heading { text, .. } => Some(text.text.clone()),
        _ => None,
    });
    let mut reading = Reading::default();
    for section in outline::sections(blocks) {
        reading.section(section)?;
    }
    if reading.drafts.is_empty() {
        return Err(SpecError::NoRequirements { lines: line_number(text.lines().count()) });
    }
    if reading.drafts.len() > MAX_REQUIREMENTS {
        return Err(SpecError::TooMany { requirements: reading.drafts.len() });
    }
    reading.finish(first_heading)
}

fn line_number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// A requirement whose text has been read, but not yet what it says about others.
struct Draft {
    id: RequirementId,
    title: String,
    line: u32,
    content: Content,
}

#[derive(Default)]
struct Reading {
    overview: String,
    drafts: Vec<Draft>,
    place: HashMap<RequirementId, usize>,
    fixtures: Vec<Fixture>,
    fixture_paths: HashSet<String>,
    not_understood: Vec<Passage>,
    /// Examples outside of the requirements, with the words that may tell whose they are.
    loose: Vec<(String, Vec<Acceptance>)>,
    /// Sections that have been read.
    count: usize,
}

impl Reading {
    fn section(&mut self, section: Section) -> Result<(), SpecError> {
        let mut content = gather(&section.body)?;
        self.not_understood.append(&mut content.unread);
        for (fixture, line) in content.fixtures.drain(..) {
            self.fixture(fixture, line);
        }
        self.count += 1;
        match section.role {
            Role::Context { level } => self.context(&section, level, content),
            Role::Labelled(id) => return self.requirement(id, section.title, section.line, content),
            Role::Unlabelled => {
                let id = RequirementId::of_text(&format!("{}\n{}", section.title, content.text));
                return self.requirement(id, section.title, section.line, content);
            }
        }
        Ok(())
    }

    fn fixture(&mut self, fixture: Fixture, line: u32) {
        // A path that is seen for the first time needs no search among the others.
        if self.fixture_paths.insert(fixture.path.clone()) {
            self.fixtures.push(fixture);
        } else if let Err(reason) =
            example::add_fixture(&mut self.fixtures, fixture.path.clone(), &fixture.content)
        {
            self.not_understood.push(Passage { line, text: fixture.path, reason });
        }
    }

    fn context(&mut self, section: &Section, level: usize, content: Content) {
        // The title of the spec stands in `title`; other headings say what the text below them is.
        let is_title = self.count <= 2 && level <= 1 && self.drafts.is_empty();
        if !content.text.is_empty() {
            if !is_title && !section.title.is_empty() {
                let heading = "#".repeat(level.max(2));
                self.overview.extend([&heading, " ", &section.title, "\n\n"]);
            }
            self.overview.push_str(&content.text);
            self.overview.push_str("\n\n");
        }
        for block in &section.body {
            if let Kind::Item { text } | Kind::Paragraph { text } = &block.kind
                && outline::asks(&text.template)
            {
                let reason = "it asks for something outside of every requirement, so nothing checks it: put it under a \
                              requirement, or give it a label such as `REQ-9:`";
                self.not_understood.push(Passage {
                    line: block.line,
                    text: text.text.clone(),
                    reason: reason.to_owned(),
                });
            }
        }
        if !content.examples.is_empty() {
            self.loose.push((format!("{}\n{}", section.title, content.text), content.examples));
        }
    }

    fn requirement(
        &mut self,
        id: RequirementId,
        title: String,
        line: u32,
        content: Content,
    ) -> Result<(), SpecError> {
        let Some(&first) = self.place.get(&id) else {
            self.place.insert(id.clone(), self.drafts.len());
            self.drafts.push(Draft { id, title, line, content });
            return Ok(());
        };
        let same = &self.drafts[first];
        let plain = |title: &str, text: &str| {
            format!("{title}\n{text}").split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
        };
        let shown =
            |c: &Content| c.examples.iter().map(|e| Acceptance { line: 0, ..e.clone() }).collect::<Vec<_>>();
        if plain(&same.title, &same.content.text) == plain(&title, &content.text)
            && shown(&same.content) == shown(&content)
        {
            return Ok(());
        }
        Err(SpecError::ContradictoryIds { id, first_line: same.line, second_line: line })
    }

    fn finish(mut self, first_heading: Option<String>) -> Result<Spec, SpecError> {
        let ids: Vec<RequirementId> = self.drafts.iter().map(|d| d.id.clone()).collect();
        let known = Known::new(&ids);
        for (words, examples) in std::mem::take(&mut self.loose) {
            match known.named(&words).last().and_then(|id| self.place.get(id)) {
                Some(&at) => self.drafts[at].content.examples.extend(examples),
                None => self.not_understood.extend(examples.into_iter().map(orphan)),
            }
        }
        let needs: Vec<Needs> = self
            .drafts
            .iter()
            .map(|draft| known.needs(&draft.id, &format!("{}\n\n{}", draft.title, draft.content.text)))
            .collect();
        for (draft, needs) in self.drafts.iter().zip(&needs) {
            let unknown = needs.missing.iter().chain(&needs.unknown);
            self.not_understood.extend(unknown.map(|name| Passage {
                line: draft.line,
                text: name.clone(),
                reason: format!("{} names {name}, which this spec does not define", draft.id),
            }));
        }
        let lines: Vec<u32> = self.drafts.iter().map(|d| d.line).collect();
        let ordered = order::settle(&ids, &lines, &needs)?;
        self.not_understood.extend(ordered.dropped);
        self.not_understood.sort_by_key(|p| p.line);

        let fixtures = &self.fixture_paths;
        let requirements: Vec<Requirement> = self
            .drafts
            .into_iter()
            .zip(ordered.depends_on)
            .map(|(draft, depends_on)| Requirement {
                id: draft.id,
                title: draft.title,
                text: draft.content.text,
                line: draft.line,
                depends_on,
                files: draft.content.files.into_iter().filter(|f| !fixtures.contains(f)).collect(),
                acceptance: draft.content.examples,
            })
            .collect();
        Ok(Spec {
            title: first_heading
                .or_else(|| requirements.first().map(|r| r.title.clone()))
                .unwrap_or_default(),
            overview: self.overview.trim().to_owned(),
            requirements,
            fixtures: self.fixtures,
            not_understood: self.not_understood,
        })
    }
}

fn orphan(example: Acceptance) -> Passage {
    Passage {
        line: example.line,
        text: example.command,
        reason: "this example stands outside of every requirement: put it under the one that it proves, or name that \
                 one before it"
            .to_owned(),
    }
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
