//! Which blocks of a text make a requirement, and which are the context around them.

use super::{
    gherkin,
    label::{self, Place},
    markdown::{Block, Inline, Kind},
};
use crate::{
    id::RequirementId,
    pattern::{Pattern, compiled},
};

/// A stretch of the text under one heading, label or sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub line: u32,
    pub role: Role,
    /// The heading, label's text or first sentence.
    pub title: String,
    pub body: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// Has a label of its own.
    Labelled(RequirementId),
    /// Asks for something, without a label.
    Unlabelled,
    /// Asks for nothing that was recognised; the level of its heading, 0 where it has none.
    Context { level: usize },
}

/// The longest title, in characters.
const MAX_TITLE: usize = 100;

static ASKS: Pattern = Pattern::new(|| {
    compiled(r"(?i)\b(?:must|shall|should|has to|have to|needs to|is required to|are required to)\b")
});

static LISTS_REQUIREMENTS: Pattern =
    Pattern::new(|| compiled(r"(?i)\b(?:requirements?|features?|behaviou?r|acceptance criteria|rules)\b"));

static ASIDE: Pattern = Pattern::new(|| {
    compiled(
        r"(?i)^\W*(?:non-?goals?|out of scope|not in scope|background|motivation|context|glossary|terms|notes?|references|see also|open questions|contents|changelog|history)(?:\s+(?:and|&)\s+\w+)?\W*$",
    )
});

/// Whether a text reads as if it asked for something.
pub(super) fn asks(text: &str) -> bool {
    ASKS.is_match(text) || gherkin::is_ears(text)
}

/// The sections of a text, in order.
pub(super) fn sections(blocks: Vec<Block>) -> Vec<Section> {
    let sections = by_label(blocks);
    let labelled = sections.iter().any(|s| matches!(s.role, Role::Labelled(_)));
    sections.into_iter().flat_map(|section| by_sentence(section, labelled)).collect()
}

/// Cuts the text at its headings and labels.
fn by_label(blocks: Vec<Block>) -> Vec<Section> {
    let by_heading: Vec<RequirementId> = blocks.iter().filter_map(heading_label).collect();
    let mut sections = vec![context(1, 0, String::new())];
    // The headings with a label that are open: their level and section.
    let mut headings: Vec<(usize, usize)> = Vec::new();
    let mut item: Option<Item> = None;
    let mut outside = 0;
    for block in blocks {
        if let Kind::Heading { level, text } = &block.kind {
            item = None;
            headings.retain(|(open, _)| open < level);
            if let Some((id, rest)) = label::leading(&text.text, Place::Heading) {
                headings.push((*level, sections.len()));
                let title = if rest.is_empty() { id.to_string() } else { short(rest) };
                sections.push(Section {
                    line: block.line,
                    role: Role::Labelled(id),
                    title,
                    body: Vec::new(),
                });
            } else if let Some(&(_, open)) = headings.last() {
                sections[open].body.push(block);
            } else {
                outside = sections.len();
                sections.push(context(block.line, *level, short(&text.text)));
            }
            continue;
        }
        let named = text_label(&block, headings.is_empty()).filter(|(id, _)| !by_heading.contains(id));
        if let Some((id, rest)) = named {
            item = Some(Item { section: sections.len(), depth: block.depth, row: is_row(&block) });
            let title = if rest.text.is_empty() { id.to_string() } else { sentence(&rest.text) };
            let body = if rest.text.is_empty() { Vec::new() } else { vec![paragraph(&block, rest)] };
            sections.push(Section { line: block.line, role: Role::Labelled(id), title, body });
            continue;
        }
        if item.as_ref().is_some_and(|open| !open.holds(&block)) {
            item = None;
        }
        let open = item.as_ref().map(|i| i.section).or(headings.last().map(|h| h.1)).unwrap_or(outside);
        sections[open].body.push(block);
    }
    // A label over other labels only, without a text of its own, is the name of a group.
    for at in 0..sections.len() {
        let group = matches!(sections[at].role, Role::Labelled(_)) && sections[at].body.is_empty();
        if group && sections.get(at + 1).is_some_and(|next| is_part_of(&sections[at].role, &next.role)) {
            sections[at].role = Role::Context { level: 2 };
        }
    }
    sections
}

/// `REQ-1.2` is part of `REQ-1`.
fn is_part_of(group: &Role, part: &Role) -> bool {
    match (group, part) {
        (Role::Labelled(group), Role::Labelled(part)) => {
            part.as_str().strip_prefix(group.as_str()).is_some_and(|rest| rest.starts_with(['.', '-']))
        }
        _ => false,
    }
}

/// A labelled item, row or paragraph that is open.
struct Item {
    section: usize,
    depth: usize,
    row: bool,
}

impl Item {
    fn holds(&self, block: &Block) -> bool {
        let deeper = block.depth > self.depth;
        let own = block.depth == self.depth && !matches!(block.kind, Kind::Item { .. });
        !self.row && (deeper || own)
    }
}

/// Outside of lists, an item is the row of a table.
fn is_row(block: &Block) -> bool {
    block.depth == 0 && matches!(block.kind, Kind::Item { .. })
}

fn heading_label(block: &Block) -> Option<RequirementId> {
    match &block.kind {
        Kind::Heading { text, .. } => label::leading(&text.text, Place::Heading).map(|(id, _)| id),
        _ => None,
    }
}

/// The label of an item or paragraph, and the text without it.
fn text_label(block: &Block, outside: bool) -> Option<(RequirementId, Inline)> {
    let (Kind::Item { text } | Kind::Paragraph { text }) = &block.kind else {
        return None;
    };
    // Within a requirement a list may name others: only one in bold begins another there.
    if !outside && !text.bold {
        return None;
    }
    let (id, _) = label::leading(&text.text, Place::Text { bold: text.bold })?;
    // A label is no code, so the text and its template begin alike.
    let (_, template) = label::leading(&text.template, Place::Text { bold: text.bold })?;
    Some((id, text.tail(template.len())))
}

fn context(line: u32, level: usize, title: String) -> Section {
    Section { line, role: Role::Context { level }, title, body: Vec::new() }
}

fn paragraph(block: &Block, text: Inline) -> Block {
    Block { line: block.line, depth: 0, kind: Kind::Paragraph { text } }
}

/// Cuts out of the context what asks for something without a label. In a text that uses labels only a sentence in
/// the EARS form does: there the rest is more likely to speak about the requirements than to be one.
fn by_sentence(section: Section, labelled: bool) -> Vec<Section> {
    let Role::Context { level } = section.role else {
        return vec![section];
    };
    if ASIDE.is_match(&section.title) {
        return vec![section];
    }
    let listed = !labelled && LISTS_REQUIREMENTS.is_match(&section.title);
    let begins = |block: &Block| match &block.kind {
        Kind::Item { text } if labelled => gherkin::is_ears(&text.template),
        Kind::Item { text } => asks(&text.template) || (listed && block.depth <= 1),
        Kind::Paragraph { text } => gherkin::is_ears(&text.template),
        _ => false,
    };
    if section.body.iter().any(begins) {
        return cut(section, begins);
    }
    let whole = !labelled && section.body.iter().any(shows_or_asks);
    if whole && level > 1 {
        return vec![Section { role: Role::Unlabelled, ..section }];
    }
    let paragraph_asks = |block: &Block| match &block.kind {
        Kind::Paragraph { text } => asks(&text.template),
        _ => false,
    };
    if whole { cut(section, paragraph_asks) } else { vec![section] }
}

fn shows_or_asks(block: &Block) -> bool {
    match &block.kind {
        Kind::Paragraph { text } | Kind::Item { text } => {
            asks(&text.template) || gherkin::steps(text, block.line, None, true).is_some()
        }
        Kind::Code { info, content, .. } => {
            matches!(
                super::example::fence(info, content),
                super::example::Fence::Console | super::example::Fence::Gherkin
            )
        }
        Kind::Heading { .. } => false,
    }
}

fn cut(section: Section, begins: impl Fn(&Block) -> bool) -> Vec<Section> {
    let Section { line, role, title, body } = section;
    let mut sections = vec![Section { line, role, title, body: Vec::new() }];
    let mut open: Option<Item> = None;
    for block in body {
        if begins(&block)
            && let Kind::Item { text } | Kind::Paragraph { text } = &block.kind
        {
            open = Some(Item { section: sections.len(), depth: block.depth, row: is_row(&block) });
            let title = sentence(&text.text);
            let body = vec![paragraph(&block, text.clone())];
            sections.push(Section { line: block.line, role: Role::Unlabelled, title, body });
            continue;
        }
        if open.as_ref().is_some_and(|item| !item.holds(&block)) {
            open = None;
        }
        let at = open.as_ref().map_or(0, |item| item.section);
        sections[at].body.push(block);
    }
    sections
}

/// The first sentence, short.
fn sentence(text: &str) -> String {
    let line = text.trim();
    let end = line.find(". ").or_else(|| line.find(".\n")).unwrap_or(line.len());
    short(line[..end].trim_end_matches('.'))
}

/// One line of at most [`MAX_TITLE`] characters.
fn short(text: &str) -> String {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() <= MAX_TITLE {
        return plain;
    }
    let mut cut: String = plain.chars().take(MAX_TITLE - 1).collect();
    if let Some(at) = cut.rfind(' ') {
        cut.truncate(at);
    }
    cut.push('\u{2026}');
    cut
}
