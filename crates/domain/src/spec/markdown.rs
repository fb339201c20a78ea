//! Markdown as a flat list of blocks, each with the line where it begins.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// Stands for a piece of code in [`Inline::template`]. From the private use area: no spec means anything by it.
pub(super) const CODE: char = '\u{E000}';

/// A stretch of running text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Inline {
    /// As it reads, with code in back quotes and line breaks kept.
    pub text: String,
    /// The same with [`CODE`] in the place of each piece of code.
    pub template: String,
    /// The pieces of code, in order.
    pub codes: Vec<String>,
    /// Whether it begins in bold.
    pub bold: bool,
}

impl Inline {
    /// Text in which back quotes, or else double quotes, mark code: a line of a Gherkin block.
    pub fn of_line(line: &str) -> Self {
        let mark = if line.contains('`') { '`' } else { '"' };
        let mut inline = Self::default();
        for (at, part) in line.split(mark).enumerate() {
            if at % 2 == 1 {
                inline.push_code(part);
            } else {
                inline.push_text(part);
            }
        }
        inline
    }

    pub fn push_code(&mut self, code: &str) {
        self.text.push('`');
        self.text.push_str(code);
        self.text.push('`');
        self.template.push(CODE);
        self.codes.push(code.to_owned());
    }

    pub fn push_text(&mut self, text: &str) {
        self.text.push_str(text);
        self.template.extend(text.chars().filter(|&c| c != CODE));
    }

    /// The end of it: the last `left` bytes of its template, white space at the end aside.
    pub fn tail(&self, left: usize) -> Self {
        let whole = self.template.trim_end();
        let template = whole.get(whole.len().saturating_sub(left)..).unwrap_or_default();
        let skipped = self.codes.len() - template.matches(CODE).count();
        let mut tail = Self { bold: self.bold, ..Self::default() };
        let mut codes = self.codes.iter().skip(skipped);
        for (at, part) in template.split(CODE).enumerate() {
            if at > 0
                && let Some(code) = codes.next()
            {
                tail.push_code(code);
            }
            tail.push_text(part);
        }
        tail
    }

    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// A block of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// From 1.
    pub line: u32,
    /// How many lists it stands in.
    pub depth: usize,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Heading {
        level: usize,
        text: Inline,
    },
    /// The first paragraph of a list item, or a table row.
    Item {
        text: Inline,
    },
    Paragraph {
        text: Inline,
    },
    Code {
        info: String,
        content: String,
        first_line: u32,
    },
}

/// The blocks of a Markdown text. Front matter, comments and rules are no blocks.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut walk = Walk::new(text);
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        walk.step(event, &range);
    }
    walk.flush();
    walk.blocks
}

#[expect(clippy::struct_excessive_bools, reason = "each tells of one kind of block that is open")]
struct Walk<'a> {
    source: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    blocks: Vec<Block>,
    depth: usize,
    /// The text that is being gathered, and its line.
    inline: Option<(u32, Inline)>,
    /// Whether the next text is the first of a list item.
    opens_item: bool,
    code: Option<(u32, String, String, Option<u32>)>,
    in_metadata: bool,
    in_html: bool,
    /// Whether a further cell follows text of the same row.
    in_row: bool,
}

impl<'a> Walk<'a> {
    fn new(source: &'a str) -> Self {
        let lines = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self {
            source,
            lines,
            blocks: Vec::new(),
            depth: 0,
            inline: None,
            opens_item: false,
            code: None,
            in_metadata: false,
            in_html: false,
            in_row: false,
        }
    }

    fn line(&self, offset: usize) -> u32 {
        u32::try_from(self.lines.partition_point(|&start| start <= offset)).unwrap_or(u32::MAX)
    }

    fn step(&mut self, event: Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) if self.code.is_some() => self.code_text(&text, range.start),
            Event::Text(text) => self.inline(range, |inline| inline.push_text(&text)),
            Event::Code(code) => self.inline(range, |inline| inline.push_code(&code)),
            Event::SoftBreak | Event::HardBreak => self.inline(range, |inline| inline.push_text("\n")),
            Event::Html(html) if self.in_html => self.inline(range, |inline| inline.push_text(&html)),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::Strong => {
                let bold = self.inline.as_ref().is_none_or(|(_, inline)| inline.is_blank());
                self.inline(range, |inline| inline.bold |= bold);
            }
            Tag::Emphasis | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. } => {}
            Tag::TableCell => {
                let separator = if self.in_row { ": " } else { "" };
                self.inline(range, |inline| {
                    if !inline.is_blank() {
                        inline.push_text(separator);
                    }
                });
                self.in_row = true;
            }
            Tag::MetadataBlock(_) => self.in_metadata = true,
            Tag::HtmlBlock => {
                self.flush();
                self.in_html = !self.source[range.clone()].trim_start().starts_with("<!--");
            }
            Tag::List(_) => {
                self.flush();
                self.depth += 1;
            }
            Tag::Item | Tag::TableRow => {
                self.flush();
                self.opens_item = true;
                self.in_row = false;
            }
            Tag::CodeBlock(kind) => {
                self.flush();
                self.opens_item = false;
                let info = match kind {
                    CodeBlockKind::Fenced(info) => info.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((self.line(range.start), info, String::new(), None));
            }
            _ => self.flush(),
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Strong
            | TagEnd::Emphasis
            | TagEnd::Strikethrough
            | TagEnd::Link
            | TagEnd::Image
            | TagEnd::TableCell => {}
            TagEnd::Heading(level) => {
                if let Some((line, text)) = self.inline.take() {
                    let level = heading_level(level);
                    self.opens_item = false;
                    self.blocks.push(Block { line, depth: self.depth, kind: Kind::Heading { level, text } });
                }
            }
            TagEnd::CodeBlock => {
                if let Some((line, info, content, first)) = self.code.take() {
                    let first_line = first.unwrap_or(line + 1);
                    self.blocks.push(Block {
                        line,
                        depth: self.depth,
                        kind: Kind::Code { info, content, first_line },
                    });
                }
            }
            TagEnd::MetadataBlock(_) => {
                self.in_metadata = false;
                self.inline = None;
            }
            TagEnd::TableHead => self.inline = None,
            TagEnd::List(_) => {
                self.flush();
                self.depth = self.depth.saturating_sub(1);
                self.opens_item = false;
            }
            TagEnd::Item | TagEnd::TableRow => {
                self.flush();
                self.opens_item = false;
            }
            TagEnd::HtmlBlock => {
                self.flush();
                self.in_html = false;
            }
            _ => {
                debug_assert!(range.end <= self.source.len());
                self.flush();
            }
        }
    }

    fn inline(&mut self, range: &Range<usize>, push: impl FnOnce(&mut Inline)) {
        if self.in_metadata {
            return;
        }
        let line = self.line(range.start);
        push(&mut self.inline.get_or_insert_with(|| (line, Inline::default())).1);
    }

    fn code_text(&mut self, text: &str, offset: usize) {
        let line = self.line(offset);
        if let Some((_, _, content, first)) = &mut self.code {
            first.get_or_insert(line);
            content.push_str(text);
        }
    }

    fn flush(&mut self) {
        let Some((line, text)) = self.inline.take().filter(|(_, text)| !text.is_blank()) else {
            return;
        };
        let opens_item = std::mem::take(&mut self.opens_item);
        let kind = if opens_item { Kind::Item { text } } else { Kind::Paragraph { text } };
        self.blocks.push(Block { line, depth: self.depth, kind });
    }
}

fn heading_level(level: HeadingLevel) -> usize {
    level as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes(text: &str) -> Vec<(u32, usize, String)> {
        let name = |block: &Block| match &block.kind {
            Kind::Heading { level, text } => format!("h{level} {}", text.text),
            Kind::Item { text } => format!("item {}", text.text),
            Kind::Paragraph { text } => format!("text {}", text.text),
            Kind::Code { info, content, first_line } => format!("code {info} {first_line} {content}"),
        };
        blocks(text).iter().map(|b| (b.line, b.depth, name(b))).collect()
    }

    #[test]
    fn blocks_know_their_line_and_their_depth() {
        let text = "---\nname: x\n---\n# T\n\ntext `a`\nmore\n\n- one\n  - two\n\n    deep\n\n    ```sh\n    $ x\n    ```\n<!-- must not be read -->\n";
        assert_eq!(
            shapes(text),
            [
                (4, 0, "h1 T".to_owned()),
                (6, 0, "text text `a`\nmore".to_owned()),
                (9, 1, "item one".to_owned()),
                (10, 2, "item two".to_owned()),
                (12, 2, "text deep".to_owned()),
                (14, 2, "code sh 15 $ x\n".to_owned()),
            ]
        );
    }

    #[test]
    fn a_table_row_reads_as_one_line() {
        let text = "| id | text |\n|---|---|\n| **R1** | It must `x` |\n| R2 | y |\n";
        assert_eq!(
            shapes(text),
            [(3, 0, "item R1: It must `x`".to_owned()), (4, 0, "item R2: y".to_owned()),]
        );
    }

    #[test]
    fn code_is_set_apart_from_the_words_around_it() {
        let Kind::Paragraph { text } = &blocks("**When** I run `a b` now")[0].kind else { panic!() };
        assert_eq!(text.template, format!("When I run {CODE} now"));
        assert_eq!(text.codes, ["a b"]);
        assert!(text.bold);
    }
}
