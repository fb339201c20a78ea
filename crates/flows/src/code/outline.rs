//! The outline of a file: what it defines, with signature, documentation and lines.

use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use super::{
    declaration::{Declaration, Kind, declarations},
    language::Language,
    source::{Source, Unread, is_comment, line_of, statements},
};

/// Characters of a signature and of a doc comment that are kept.
const MAX_SIGNATURE: usize = 400;
const MAX_DOC: usize = 2_000;
/// Items of one file that are kept.
const MAX_ITEMS: usize = 2_000;

/// Something that a file defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// Its own name.
    pub name: String,
    /// The class, trait, interface or receiver that it belongs to.
    pub container: Option<String>,
    /// The definition without its body, on one line.
    pub signature: String,
    /// Its doc comment or docstring, without the marks.
    pub doc: Option<String>,
    /// The line that it begins on, decorators included; from 1.
    pub first_line: u32,
    /// The line that it ends on.
    pub last_line: u32,
    /// Whether others are meant to use it, as its language says that.
    pub public: bool,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemKind {
    /// A function that stands by itself.
    Function,
    /// A function of a class, trait, interface or receiver.
    Method,
    /// A class, struct, union or record.
    Class,
    /// An interface or trait.
    Interface,
    /// An enumeration.
    Enum,
}

/// What a file defines, in its order. Functions inside functions are left out.
pub fn outline(path: &str, bytes: &[u8]) -> Result<Vec<Item>, Unread> {
    Ok(items(&Source::read(path, bytes)?))
}

/// The same of a file that is parsed already.
pub(crate) fn items(source: &Source<'_>) -> Vec<Item> {
    let all = declarations(source);
    let items = all.iter().filter(|one| !is_inner(&all, one)).filter_map(|one| item(source, &all, one));
    items.take(MAX_ITEMS).collect()
}

/// Whether it is inside of a function, where nobody outside can use it.
fn is_inner(all: &[Declaration<'_>], one: &Declaration<'_>) -> bool {
    let mut inside = one.inside;
    while let Some(index) = inside {
        if all[index].is_function() {
            return true;
        }
        inside = all[index].inside;
    }
    false
}

fn item(source: &Source<'_>, all: &[Declaration<'_>], one: &Declaration<'_>) -> Option<Item> {
    let kind = match one.kind {
        Kind::Function => ItemKind::Function,
        Kind::Method => ItemKind::Method,
        Kind::Class => ItemKind::Class,
        Kind::Interface => ItemKind::Interface,
        Kind::Enum => ItemKind::Enum,
        Kind::Impl => return None,
    };
    let around = one.inside.map(|index| &all[index]);
    // A function in an object literal is a value, not a definition.
    if one.outer.kind() == "pair" {
        return None;
    }
    let name = source.text_of(one.name).trim_start_matches('#').to_owned();
    let container = match one.node.child_by_field_name("receiver") {
        Some(receiver) => receiver_type(source.text_of(receiver)),
        None => around.map(|around| base_name(source.text_of(around.name))),
    };
    Some(Item {
        kind,
        public: is_public(source, one, around, &name),
        name,
        container,
        signature: signature(source, one),
        doc: doc(source, one),
        first_line: line_of(one.outer.start_position().row),
        last_line: line_of(one.outer.end_position().row),
    })
}

/// `Set` of `Set<T>`.
fn base_name(name: &str) -> String {
    name.split(['<', '[']).next().unwrap_or(name).trim().to_owned()
}

/// `Set` of Go's `(s *Set[T])`.
fn receiver_type(receiver: &str) -> Option<String> {
    let inner = receiver.trim_matches(['(', ')']);
    inner.rsplit([' ', '*']).next().map(base_name).filter(|name| !name.is_empty())
}

fn signature(source: &Source<'_>, one: &Declaration<'_>) -> String {
    // Decorators are no part of it; `export` and `const` are.
    let begins = if one.outer.kind() == "decorated_definition" { one.node } else { one.outer };
    let end = one.body.map_or(one.outer.end_byte(), |body| body.start_byte());
    let text = source.text.get(begins.start_byte()..end).unwrap_or_default();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.trim_end_matches(['{', ':', ';', ' ']).trim_end_matches("=>").trim_end();
    line.chars().take(MAX_SIGNATURE).collect()
}

fn is_public(
    source: &Source<'_>,
    one: &Declaration<'_>,
    around: Option<&Declaration<'_>>,
    name: &str,
) -> bool {
    let has_modifier = |word: &str| {
        [one.node, one.outer].iter().any(|node| {
            let mut cursor = node.walk();
            node.children(&mut cursor).any(|child| {
                matches!(child.kind(), "modifiers" | "visibility_modifier" | "accessibility_modifier")
                    && source.text_of(child).split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
            })
        })
    };
    let in_interface = around.is_some_and(|around| around.kind == Kind::Interface);
    match source.language {
        Language::Python => !name.starts_with('_') || (name.starts_with("__") && name.ends_with("__")),
        Language::Go => name.chars().next().is_some_and(char::is_uppercase),
        Language::Rust => has_modifier("pub") || in_interface || in_trait_impl(around),
        Language::Java => has_modifier("public") || in_interface,
        Language::TypeScript | Language::Tsx | Language::JavaScript => {
            let hidden = has_modifier("private") || has_modifier("protected");
            let private_name = source.text_of(one.name).starts_with('#');
            match around {
                Some(around) => around.outer.kind() == "export_statement" && !hidden && !private_name,
                None => one.outer.kind() == "export_statement",
            }
        }
    }
}

fn in_trait_impl(around: Option<&Declaration<'_>>) -> bool {
    around
        .is_some_and(|around| around.kind == Kind::Impl && around.node.child_by_field_name("trait").is_some())
}

fn doc(source: &Source<'_>, one: &Declaration<'_>) -> Option<String> {
    let raw = match source.language {
        Language::Python => docstring(source, one.body?)?.to_owned(),
        _ => comment_above(source, one.outer)?,
    };
    let lines: Vec<_> = raw.lines().map(bare).collect();
    let text: String = lines.join("\n").trim().chars().take(MAX_DOC).collect();
    (!text.is_empty()).then_some(text)
}

/// The text of the string that a Python body begins with.
fn docstring<'a>(source: &Source<'a>, body: Node<'_>) -> Option<&'a str> {
    let first = statements(body).into_iter().next()?;
    let string = if first.kind() == "expression_statement" { first.named_child(0)? } else { first };
    if string.kind() != "string" {
        return None;
    }
    Some(source.text_of(string).trim_start_matches(['r', 'R', 'u', 'U', 'b', 'B']).trim_matches(['"', '\'']))
}

/// The comments right above a definition, those that its language takes for documentation.
fn comment_above(source: &Source<'_>, outer: Node<'_>) -> Option<String> {
    let mut lines = Vec::new();
    let mut below = outer;
    while let Some(above) = below.prev_sibling() {
        let text = source.text_of(above).trim_end();
        let gap = source.text.get(above.start_byte() + text.len()..below.start_byte()).unwrap_or_default();
        let is_near = gap.matches('\n').count() <= 1;
        if is_comment(above) && is_near && is_doc(source.language, text) {
            lines.push(text.to_owned());
        } else if !(is_near && matches!(above.kind(), "attribute_item" | "decorator")) {
            break;
        }
        below = above;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn is_doc(language: Language, comment: &str) -> bool {
    match language {
        Language::Go => true,
        Language::Rust => comment.starts_with("///") || comment.starts_with("/**"),
        _ => comment.starts_with("/**"),
    }
}

/// A line of a comment without its marks.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let line = line.strip_suffix("*/").unwrap_or(line);
    for mark in ["///", "//!", "//", "/**", "/*", "*"] {
        if let Some(rest) = line.strip_prefix(mark) {
            return rest.trim();
        }
    }
    line.trim()
}

#[cfg(test)]
#[path = "outline_tests.rs"]
mod tests;
