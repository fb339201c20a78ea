//! Stubs: functions that are there by name and do nothing.

use std::sync::LazyLock;

use regex::Regex;
use tree_sitter::Node;

use super::{
    Lines,
    declaration::{Declaration, Kind, declarations},
    function::{is_form, parameters, words, work},
    language::Language,
    source::{Next, Source, line_of, visit},
    test_case::is_test_path,
};

/// Something that stands where work should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stub {
    /// The line to look at.
    pub(crate) line: u32,
    /// What is wrong with it, in a few words.
    pub(crate) why: &'static str,
}

/// Words by which an author says that the work is still to do.
static UNDONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:not (?:yet )?implemented|unimplemented|to ?do\b|implement (?:me|this|it)|coming soon|not supported yet)")
        .ok()
});

/// Names that say that nothing is meant to happen.
static NOTHING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)no_?op|nothing|empty|zero|none|null|nil|default|ignore|discard|dummy|fake|disabled|^_+$|^init$|^constructor$|^__(?:init|enter|exit|del|aexit|aenter|post_init|init_subclass)__$|^(?:set_?up|tear_?down)")
        .ok()
});

fn says_undone(text: &str) -> bool {
    UNDONE.as_ref().is_some_and(|form| form.is_match(text))
}

/// The stubs among what was changed.
pub(crate) fn stubs(source: &Source<'_>, lines: &Lines) -> Vec<Stub> {
    let all = declarations(source);
    let mut found: Vec<Stub> = all
        .iter()
        .filter(|one| one.is_function())
        .filter(|one| lines.touch(one.outer))
        .filter_map(|one| stub(source, &all, one))
        .collect();
    marks(source, &all, lines, &mut found);
    found.sort_by_key(|stub| stub.line);
    found.dedup_by_key(|stub| stub.line);
    found
}

fn stub(source: &Source<'_>, all: &[Declaration<'_>], one: &Declaration<'_>) -> Option<Stub> {
    let body = one.body?;
    let name = source.text_of(one.name);
    let is_constructor =
        matches!(one.node.kind(), "constructor_declaration" | "compact_constructor_declaration");
    let is_nothing = NOTHING.as_ref().is_some_and(|form| form.is_match(name));
    if is_type_stub(source) || is_constructor || is_nothing || is_form(source, all, one) {
        return None;
    }
    let work = work(source, body);
    let at = |node: Node<'_>, why| Some(Stub { line: line_of(node.start_position().row), why });
    if work.iter().all(|node| is_nothing_at_all(source, *node)) {
        return if may_be_empty(source, one) {
            None
        } else {
            at(work.first().copied().unwrap_or(one.node), "the body is empty")
        };
    }
    if let [only] = work.as_slice()
        && strings(source, *only).any(says_undone)
        && (is_failure(source, *only) || is_log(source, *only))
    {
        return at(*only, "the body only says that it is not done");
    }
    let parameters = parameters(source, one);
    let uses_one =
        || work.iter().any(|node| words(source.text_of(*node)).any(|word| parameters.contains(&word)));
    if parameters.is_empty() || one.outer.kind() == "pair" || uses_one() {
        return None;
    }
    let (last, before) = work.split_last()?;
    let logs = before.iter().all(|node| is_log(source, *node));
    if before.is_empty() && is_blank_return(source, *last) {
        return at(*last, "the body gives back a fixed blank and looks at no argument");
    }
    if logs && (is_log(source, *last) || is_blank_return(source, *last)) {
        return at(work[0], "the body only logs and looks at no argument");
    }
    None
}

/// A `.pyi` file: forms without bodies are what it is for.
fn is_type_stub(source: &Source<'_>) -> bool {
    source.path.rsplit_once('.').is_some_and(|(_, extension)| extension == "pyi")
}

/// Doubles in tests, callbacks, and Go's marker methods may be empty.
fn may_be_empty(source: &Source<'_>, one: &Declaration<'_>) -> bool {
    let is_value = matches!(one.node.kind(), "arrow_function" | "function_expression");
    let is_marker = one.kind == Kind::Method
        && source.language == Language::Go
        && one.node.child_by_field_name("result").is_none()
        && parameters(source, one).is_empty();
    let is_double = is_test_path(source.path) && !source.text_of(one.name).to_lowercase().starts_with("test");
    let inner_value = is_value
        && one
            .outer
            .parent()
            .is_some_and(|parent| parent.kind() != "program" && one.outer.kind() != "export_statement");
    is_marker || is_double || inner_value || one.outer.kind() == "pair"
}

/// `pass` and `...`.
fn is_nothing_at_all(source: &Source<'_>, node: Node<'_>) -> bool {
    node.kind() == "pass_statement" || matches!(source.text_of(node), "..." | "()" | "return" | "return;")
}

/// `return null` and its like.
fn is_blank_return(source: &Source<'_>, node: Node<'_>) -> bool {
    let text = source.text_of(node).trim().trim_end_matches(';');
    let value = text.strip_prefix("return").unwrap_or(text).trim();
    let blank = |value: &str| {
        matches!(
            value,
            "None"
                | "null"
                | "undefined"
                | "nil"
                | "0"
                | "0.0"
                | "-1"
                | "\"\""
                | "''"
                | "``"
                | "{}"
                | "[]"
                | "({})"
                | "()"
                | "Ok(())"
                | "Ok(None)"
                | "Ok(0)"
                | "Some(())"
                | "vec![]"
                | "Vec::new()"
                | "String::new()"
                | "Default::default()"
                | "Ok(Vec::new())"
                | "Ok(vec![])"
                | "Ok(String::new())"
                | "Ok(Default::default())"
                | "Optional.empty()"
                | "List.of()"
                | "Map.of()"
                | "Set.of()"
                | "dict()"
                | "list()"
                | "set()"
                | "Promise.resolve()"
        )
    };
    !value.is_empty() && value.split(", ").all(blank)
}

/// Whether a statement fails on purpose: `raise`, `throw`, `panic`, an error as a value.
fn is_failure(source: &Source<'_>, node: Node<'_>) -> bool {
    let text = source.text_of(node);
    matches!(node.kind(), "raise_statement" | "throw_statement" | "return_statement")
        || text.starts_with("panic")
        || text.starts_with("Err(")
        || text.starts_with("return ")
        || text.contains("exit(")
}

fn is_log(source: &Source<'_>, node: Node<'_>) -> bool {
    const LOGS: [&str; 16] = [
        "print(",
        "console.",
        "logger.",
        "logging.",
        "log.",
        "println!(",
        "eprintln!(",
        "print!(",
        "fmt.Print",
        "System.out.",
        "System.err.",
        "tracing::",
        "info!(",
        "warn!(",
        "debug!(",
        "error!(",
    ];
    let text = source.text_of(node);
    LOGS.iter().any(|log| text.starts_with(log))
}

fn strings<'a>(source: &Source<'a>, node: Node<'_>) -> impl Iterator<Item = &'a str> {
    let mut found = Vec::new();
    visit(node, |node, _| {
        if matches!(
            node.kind(),
            "string"
                | "string_literal"
                | "raw_string_literal"
                | "interpreted_string_literal"
                | "template_string"
        ) {
            found.push(source.text_of(node));
        }
        Next::Into
    });
    found.into_iter()
}

/// What announces missing work wherever it stands.
fn marks(source: &Source<'_>, all: &[Declaration<'_>], lines: &Lines, found: &mut Vec<Stub>) {
    visit(source.root(), |node, _| {
        if !lines.touch(node) {
            return Next::Into;
        }
        let text = source.text_of(node);
        let why = match node.kind() {
            "macro_invocation" => {
                let name = text.split('!').next().unwrap_or_default().trim();
                let panics = name == "panic" && strings(source, node).any(says_undone);
                (matches!(name, "todo" | "unimplemented") || panics).then_some("the work is left out")
            }
            "raise_statement" | "throw_statement" => {
                let named =
                    words(text).any(|word| matches!(word, "NotImplementedError" | "NotImplementedException"));
                ((named && !in_form(source, all, node)) || strings(source, node).any(says_undone))
                    .then_some("the work is left out")
            }
            "call_expression" if text.starts_with("panic(") => {
                strings(source, node).any(says_undone).then_some("the work is left out")
            }
            _ => None,
        };
        if let Some(why) = why {
            found.push(Stub { line: line_of(node.start_position().row), why });
        }
        Next::Into
    });
}

/// Whether a node is in a function whose form is given elsewhere.
fn in_form(source: &Source<'_>, all: &[Declaration<'_>], node: Node<'_>) -> bool {
    let around = all.iter().rev().find(|one| {
        one.is_function()
            && one.node.start_byte() <= node.start_byte()
            && node.end_byte() <= one.node.end_byte()
    });
    around.is_some_and(|one| is_type_stub(source) || is_form(source, all, one))
}

#[cfg(test)]
#[path = "stub_tests.rs"]
mod tests;
