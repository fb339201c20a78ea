//! What the blocks of a section hold: its text, the checks that its examples make, the files that they read.

use super::{
    Acceptance, Fixture, Passage, SpecError,
    example::{self, Fence},
    files,
    gherkin::{self, Keyword, Scenario},
    markdown::{Block, Inline, Kind},
};

/// What was found in one section.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// The text without its examples.
    pub text: String,
    pub examples: Vec<Acceptance>,
    /// In code quotes, in the order of the text.
    pub files: Vec<String>,
    pub fixtures: Vec<(Fixture, u32)>,
    pub unread: Vec<Passage>,
}

/// Gathers what a section holds.
pub(super) fn gather(body: &[Block]) -> Result<Content, SpecError> {
    let mut gathered = Gathering::default();
    for block in body {
        gathered.block(block)?;
    }
    gathered.close();
    let mut content = gathered.content;
    content.examples = without_doubles(content.examples, &mut content.unread);
    content.text = content.text.trim().to_owned();
    Ok(content)
}

#[derive(Default)]
struct Gathering {
    content: Content,
    scenario: Option<Scenario>,
    /// The heading that may be the name of the next scenario.
    named: String,
}

impl Gathering {
    fn block(&mut self, block: &Block) -> Result<(), SpecError> {
        match &block.kind {
            Kind::Heading { level, text } => {
                self.close();
                self.named.clone_from(&text.text);
                self.paragraph(&format!("{} {}", "#".repeat(*level), text.text));
            }
            Kind::Item { text } => {
                if !self.step(text, block.line, true) {
                    let indent = "  ".repeat(block.depth.saturating_sub(1).min(8));
                    self.line(&format!("{indent}- {}", text.text));
                    self.name_files(text);
                }
            }
            Kind::Paragraph { text } => {
                if !self.step(text, block.line, false) {
                    self.paragraph(&text.text);
                    self.name_files(text);
                }
            }
            Kind::Code { info, content, first_line } => self.code(block.line, info, content, *first_line)?,
        }
        Ok(())
    }

    /// Takes a text as steps of a scenario, if it is that.
    fn step(&mut self, text: &Inline, line: u32, in_list: bool) -> bool {
        let last = self.scenario.as_ref().and_then(|s| s.steps.last()).map(|s| s.keyword);
        let Some(steps) = gherkin::steps(text, line, last, in_list) else {
            self.close();
            return false;
        };
        for step in steps {
            let over = self
                .scenario
                .as_ref()
                .and_then(|s| s.steps.last())
                .is_some_and(|last| last.keyword == Keyword::Then && step.keyword != Keyword::Then);
            if over {
                self.close();
            }
            let name = &self.named;
            let scenario =
                self.scenario.get_or_insert_with(|| Scenario { name: name.clone(), steps: Vec::new() });
            scenario.steps.push(step);
        }
        true
    }

    fn code(&mut self, line: u32, info: &str, content: &str, first_line: u32) -> Result<(), SpecError> {
        let kind = example::fence(info, content);
        // "THEN it prints:" with the output below it.
        if kind == Fence::Text
            && let Some(step) = self.scenario.as_mut().and_then(|s| s.steps.last_mut())
            && step.inline.text.trim_end().ends_with(':')
        {
            step.inline.push_text(" ");
            step.inline.push_code(content);
            return Ok(());
        }
        self.close();
        match kind {
            Fence::Console => {
                let session = example::session(content, first_line);
                self.content.examples.extend(session.examples);
                self.content.unread.extend(session.unread);
            }
            Fence::File(Ok(path)) => {
                self.content.fixtures.push((Fixture { path, content: content.to_owned() }, line));
            }
            Fence::File(Err(fault)) => return Err(SpecError::UnsafeFixture { fault, line }),
            Fence::Gherkin => {
                for scenario in gherkin::scenarios(content, first_line) {
                    self.read(&scenario);
                }
            }
            Fence::Text => {
                let fence = longer_than_any(content);
                self.paragraph(&format!("{fence}{info}\n{}\n{fence}", content.trim_end()));
            }
        }
        Ok(())
    }

    /// Ends the scenario that is open.
    fn close(&mut self) {
        if let Some(scenario) = self.scenario.take() {
            self.read(&scenario);
        }
    }

    fn read(&mut self, scenario: &Scenario) {
        let reading = scenario.read();
        // What makes no check is still something that the author of the work must read.
        if !reading.unread.is_empty() {
            self.paragraph(&scenario.text());
        }
        self.content.examples.extend(reading.examples);
        self.content.fixtures.extend(reading.files.into_iter().map(|file| (file, scenario_line(scenario))));
        self.content.unread.extend(reading.unread);
    }

    fn name_files(&mut self, text: &Inline) {
        for file in text.codes.iter().filter_map(|code| files::named(code)) {
            if !self.content.files.contains(&file) {
                self.content.files.push(file);
            }
        }
    }

    fn paragraph(&mut self, text: &str) {
        self.content.text.push('\n');
        self.line(text);
        self.content.text.push('\n');
    }

    fn line(&mut self, text: &str) {
        let all = &mut self.content.text;
        all.push_str(text.trim_end());
        all.push('\n');
    }
}

fn scenario_line(scenario: &Scenario) -> u32 {
    scenario.steps.first().map_or(0, |step| step.line)
}

/// A fence that the content does not close.
fn longer_than_any(content: &str) -> String {
    let longest =
        content.lines().map(|l| l.trim_start().len() - l.trim_start().trim_start_matches('`').len()).max();
    "`".repeat(longest.unwrap_or(0).max(2) + 1)
}

/// One command can have one result only: a second, different one is told.
fn without_doubles(examples: Vec<Acceptance>, unread: &mut Vec<Passage>) -> Vec<Acceptance> {
    let mut kept: Vec<Acceptance> = Vec::with_capacity(examples.len());
    let mut seen = std::collections::HashMap::new();
    for example in examples {
        match seen.get(&example.command) {
            None => {
                seen.insert(example.command.clone(), kept.len());
                kept.push(example);
            }
            Some(&at) => {
                let first: &Acceptance = &kept[at];
                if (Acceptance { line: first.line, ..example.clone() }) != *first {
                    let reason = format!(
                        "the same command is shown on line {} with a different result: each example runs on a fresh \
                         checkout, so both cannot hold",
                        first.line
                    );
                    unread.push(Passage { line: example.line, text: example.command, reason });
                }
            }
        }
    }
    kept
}
