//! Comments that stand where code should be.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    Lines,
    function::is_docstring,
    source::{Next, Source, is_comment, line_of, visit},
    stub::Stub,
};

/// What a comment says instead of being code. Matched against one line of a comment without its marks.
static INSTEAD: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"^(?:TODO|FIXME|XXX|TBD)\b",
        r"\b(?:TODO|FIXME|XXX)\s*[:(]",
        r"(?i)\b(?:your|rest of(?: the| your)?|remaining|existing|other|add|insert|write|actual|real|more|same|previous) (?:\w+ )?(?:code|logic|implementation|methods?|functions?)\b.{0,20}\b(?:here|below|goes|unchanged|omitted|remains?|as before|stays?)\b",
        r"(?i)\b(?:code|logic|implementation) (?:goes|comes|belongs) here\b",
        r"(?i)\bimplement(?:ed)? (?:me|this|it|the rest|later)\b",
        r"(?i)\bnot (?:yet )?implemented\b",
        r"(?i)\bplaceholder (?:implementation|value|code|function|logic)\b|\bstub(?:bed)? (?:implementation|for now|out)\b",
        r"(?i)\b(?:omitted|elided|left out|shortened|truncated) for (?:brevity|clarity|now)\b",
        r"(?i)^(?:\.\.\.|…)\s*(?:\(?(?:the )?(?:rest|same|unchanged|remaining|other|existing|more|snip)\b.*)?$",
        r"(?i)^(?:rest|remainder) of (?:the |your )?(?:code|file|function|class|method|implementation)\b",
        r"(?i)\bin a real (?:implementation|application|system|world)\b|\bfor now,? (?:just|we just|simply) return\b",
    ]
    .into_iter()
    .filter_map(|form| Regex::new(form).ok())
    .collect()
});

/// The comments among the added lines that announce work instead of doing it.
pub(crate) fn announcements(source: &Source<'_>, lines: &Lines) -> Vec<Stub> {
    let mut found = Vec::new();
    visit(source.root(), |node, _| {
        if is_comment(node) || (node.kind() == "expression_statement" && is_docstring(node)) {
            let first = line_of(node.start_position().row);
            for (line, text) in (first..).zip(source.text_of(node).lines()) {
                if lines.added.contains(&line) && is_instead(text) {
                    found.push(Stub { line, why: "a comment stands where code should be" });
                }
            }
        }
        Next::Into
    });
    found
}

fn is_instead(line: &str) -> bool {
    let bare = line.trim().trim_start_matches(['#', '/', '*', '!', '"', '\'', '<', '-', ' ']);
    let bare = bare.trim_end_matches(['*', '/', '"', '\'', ' ']);
    INSTEAD.iter().any(|form| form.is_match(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        let source = Source::read(path, text.as_bytes()).unwrap();
        announcements(&source, &Lines::all(text)).len()
    }

    #[test]
    fn a_comment_instead_of_code_is_found_in_each_language() {
        for (path, text) in [
            ("a.py", "x = 1  # TODO: ties\n"),
            ("a.py", "def f():\n    \"\"\"Sums.\n\n    TODO\n    \"\"\"\n    return g()\n"),
            ("a.py", "# your code here\n"),
            ("a.js", "f()\n// ... rest of the code\n"),
            ("a.ts", "/* implementation goes here */\n"),
            ("a.tsx", "const a = <p>{/* FIXME(ada): text */}</p>\n"),
            ("a.rs", "// ...\n"),
            ("a.go", "package a\n// ... existing code unchanged ...\n"),
            ("A.java", "class A { // rest of the methods omitted for brevity\n}\n"),
            ("a.py", "# In a real implementation this would ask the server.\nx = 1\n"),
        ] {
            assert_eq!(found(path, text), 1, "{path}: {text}");
        }
    }

    #[test]
    fn comments_and_strings_that_speak_of_such_things_are_left_alone() {
        for (path, text) in [
            ("a.py", "title = 'TODO: buy milk'\nprint('not implemented')\n"),
            ("a.py", "# Parses TODO items and prints those that are open.\n"),
            ("a.py", "# Adds the words of each line; the rest is skipped.\n"),
            ("a.rs", "// The range is a..b, so ... has no meaning here.\n"),
            ("a.js", "f(...args) // spread\n"),
            ("a.go", "package a\n// Existing callers rely on the order.\n"),
            ("A.java", "class A { /** See the real code of the server. */ int a; }\n"),
        ] {
            assert_eq!(found(path, text), 0, "{path}: {text}");
        }
    }

    #[test]
    fn a_comment_that_was_there_before_is_not_judged() {
        let text = "# TODO: ties\nx = 1\n";
        let source = Source::read("a.py", text.as_bytes()).unwrap();
        let lines = Lines { added: [2].into(), ..Lines::default() };
        assert_eq!(announcements(&source, &lines), []);
    }
}
