//! Where in the text of a spec each requirement stands.

use crate::spec::{
    Requirement,
    label::{self, Place},
    markdown::{self, Block, Kind},
    outline,
};

/// A text, line by line, with the places where something begins.
pub(super) struct Places {
    pub lines: Vec<String>,
    blocks: Vec<Block>,
    starts: Vec<u32>,
}

/// The lines of a requirement, from 1; `end` is behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Places {
    pub fn of(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
        let blocks = markdown::blocks(&text);
        let mut starts: Vec<u32> = outline::sections(blocks.clone()).iter().map(|s| s.line).collect();
        starts.sort_unstable();
        starts.dedup();
        Self { lines: text.lines().map(str::to_owned).collect(), blocks, starts }
    }

    /// The lines of a requirement, empty ones at the end left out.
    pub fn span(&self, requirement: &Requirement) -> Span {
        let start = requirement.line as usize;
        let next = self.starts.iter().find(|&&line| line > requirement.line).map(|&line| line as usize);
        let mut end = next.unwrap_or(self.lines.len() + 1).min(self.lines.len() + 1);
        while end > start + 1 && self.lines.get(end - 2).is_none_or(|line| line.trim().is_empty()) {
            end -= 1;
        }
        Span { start, end }
    }

    /// The level of the heading that a line is: of the `#` kind only.
    pub fn heading(&self, line: usize) -> Option<usize> {
        self.blocks.iter().find_map(|block| match &block.kind {
            Kind::Heading { level, .. } if block.line as usize == line => {
                let text = self.lines.get(line - 1)?.trim_start();
                text.starts_with('#').then_some(*level)
            }
            _ => None,
        })
    }

    /// The lines of a span, its headings moved so that the first is of this level.
    pub fn raised(&self, span: Span, level: usize) -> Option<String> {
        let first = self.heading(span.start)?;
        let mut text = String::new();
        for line in span.start..span.end {
            let source = self.lines.get(line - 1)?;
            match self.heading(line) {
                Some(old) => {
                    let new = (old + level).saturating_sub(first).clamp(1, 6);
                    text.push_str(&"#".repeat(new));
                    text.push_str(source.trim_start().trim_start_matches('#'));
                }
                None => text.push_str(source),
            }
            text.push('\n');
        }
        Some(text)
    }
}

/// The label that a heading gives, `Requirement:` before it left out.
pub(super) fn heading_id(heading: &str) -> Option<crate::id::RequirementId> {
    label::leading(heading, Place::Heading).map(|(id, _)| id)
}
