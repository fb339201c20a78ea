//! A file of source code, parsed within bounds.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, ParseState, Parser, Tree};

use super::language::Language;

/// The largest file that is parsed, in bytes.
pub const MAX_SOURCE_BYTES: usize = 512 << 10;
/// A line longer than this was not written by hand: the file is minified or generated.
const MAX_LINE_BYTES: usize = 4 << 10;
/// Nodes above a node, at the most.
const MAX_DEPTH: u32 = 400;
/// How often the parser reports that it is still at work before it is stopped; it does so after each hundred steps.
const MAX_REPORTS: u32 = 200_000;

/// Why a file was not read by its grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// No grammar is known for it.
    #[error("no grammar is known for this file")]
    Language,
    /// It is not UTF-8.
    #[error("the file is not UTF-8 text")]
    NotText,
    /// It passes a bound: bytes, length of a line, depth, steps of the parser.
    #[error("the file is {0}")]
    Bound(&'static str),
}

/// A parsed file.
#[derive(Debug)]
pub struct Source<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
    pub(super) language: Language,
    tree: Tree,
}

impl<'a> Source<'a> {
    /// Parses a file; its path decides the language.
    pub fn read(path: &'a str, bytes: &'a [u8]) -> Result<Self, Unread> {
        let language = Language::of_path(path).ok_or(Unread::Language)?;
        if bytes.len() > MAX_SOURCE_BYTES {
            return Err(Unread::Bound("too large to be parsed"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Unread::NotText)?;
        if text.lines().any(|line| line.len() > MAX_LINE_BYTES) {
            return Err(Unread::Bound("minified or generated"));
        }
        let tree = parse(language, bytes).ok_or(Unread::Bound("too hard to be parsed"))?;
        if is_too_deep(&tree) {
            return Err(Unread::Bound("nested too deeply"));
        }
        Ok(Self { path, text, language, tree })
    }

    /// The language that it is written in.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether the grammar does not hold at a line: what it says of it is a guess.
    #[must_use]
    pub fn is_unread(&self, line: u32) -> bool {
        let mut unread = false;
        visit(self.root(), |node, _| {
            let around = line_of(node.start_position().row)..=line_of(node.end_position().row);
            if node.is_error() && around.contains(&line) {
                unread = true;
                return Next::Stop;
            }
            if node.has_error() { Next::Into } else { Next::Over }
        });
        unread
    }

    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    pub(super) fn text_of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }
}

fn parse(language: Language, bytes: &[u8]) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()).ok()?;
    let mut reports = 0_u32;
    let mut stop = |_: &ParseState| {
        reports += 1;
        if reports > MAX_REPORTS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut stop);
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

fn is_too_deep(tree: &Tree) -> bool {
    let mut deepest = 0;
    visit(tree.root_node(), |_, depth| {
        deepest = deepest.max(depth);
        if deepest > MAX_DEPTH { Next::Stop } else { Next::Into }
    });
    deepest > MAX_DEPTH
}

/// Where a visit goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// To the node's children.
    Into,
    /// Past its children.
    Over,
    /// Nowhere.
    Stop,
}

/// Visits a node and all below it in the order of the text, without recursion: depth costs no stack.
pub(super) fn visit<'t>(root: Node<'t>, mut at: impl FnMut(Node<'t>, u32) -> Next) {
    let mut cursor = root.walk();
    loop {
        let next = at(cursor.node(), cursor.depth());
        if next == Next::Stop {
            return;
        }
        if next == Next::Into && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The named children of a node that are no comments.
pub(super) fn statements(block: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = block.walk();
    block.named_children(&mut cursor).filter(|child| !is_comment(*child)).collect()
}

pub(super) fn is_comment(node: Node<'_>) -> bool {
    matches!(node.kind(), "comment" | "line_comment" | "block_comment")
}

/// A line of a file as people count them, from 1.
pub(super) fn line_of(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_grammar_fits_the_parser() {
        for language in Language::ALL {
            assert!(parse(language, b"").is_some(), "{language}");
        }
    }

    #[test]
    fn hostile_files_are_refused_and_never_hang() {
        let bound = |path, text: &str| match Source::read(path, text.as_bytes()) {
            Err(Unread::Bound(_)) => {}
            other => panic!("{path}: {:?}", other.map(|source| source.language)),
        };
        bound("a.py", &"x = 1\n".repeat(100_000));
        bound("a.js", &"a(".repeat(4_000));
        for (path, open, close) in [
            ("a.py", "(\n", ")\n"),
            ("a.rs", "{\n", "}\n"),
            ("a.go", "{\n", "}\n"),
            ("A.java", "{\n", "}\n"),
            ("a.ts", "[\n", "]\n"),
        ] {
            // Never closed: read around or refused, but soon.
            let _ = Source::read(path, open.repeat(50_000).as_bytes());
            bound(path, &format!("{}1{}", open.repeat(2_000), close.repeat(2_000)));
        }
        assert_eq!(Source::read("a.py", b"x = '\xff'").unwrap_err(), Unread::NotText);
        assert_eq!(Source::read("a.sh", b"echo").unwrap_err(), Unread::Language);
    }

    #[test]
    fn a_file_with_faults_is_read_around_them() {
        let source = Source::read("a.py", b"def f(:\n  pass\n\ndef g():\n    return 1\n").unwrap();
        assert!(source.root().has_error());
    }
}
