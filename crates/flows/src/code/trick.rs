//! Forms of code whose only use is to pass a judgement: comparisons that always hold, ends that come too early,
//! handlers that drop what they caught.

use tree_sitter::Node;

use super::{
    Lines,
    declaration::declarations,
    function::{parameters, words, work},
    language::Language,
    source::{Next, Source, line_of, statements, visit},
    test_case::is_test_path,
};

/// A form that was found, by the line that it begins on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trick {
    /// A comparison of objects that says yes whatever the other one is.
    AlwaysEqual(u32),
    /// The process ends as soon as the file is loaded, or behind the back of what runs it.
    EndsEarly(u32),
    /// Whatever went wrong is caught and dropped.
    Swallows(u32),
}

/// The tricks among what was changed.
pub(crate) fn tricks(source: &Source<'_>, lines: &Lines) -> Vec<Trick> {
    let mut found = Vec::new();
    always_equal(source, lines, &mut found);
    visit(source.root(), |node, _| {
        if lines.touch(node) {
            let line = line_of(node.start_position().row);
            if ends_early(source, node) {
                found.push(Trick::EndsEarly(line));
            }
            if swallows(source, node) {
                found.push(Trick::Swallows(line));
            }
        }
        Next::Into
    });
    found
}

fn always_equal(source: &Source<'_>, lines: &Lines, found: &mut Vec<Trick>) {
    for one in declarations(source).iter().filter(|one| one.is_function() && lines.touch(one.outer)) {
        let compares = matches!(
            source.text_of(one.name),
            "__eq__" | "__ne__" | "__bool__" | "equals" | "eq" | "Equal" | "Equals" | "isEqual"
        );
        let Some(body) = one.body.filter(|_| compares) else {
            continue;
        };
        let work = work(source, body);
        let [only] = work.as_slice() else {
            continue;
        };
        let text = source.text_of(*only).trim_start_matches("return").trim().trim_end_matches(';');
        let wanted = if source.text_of(one.name) == "__ne__" { "False" } else { "True" };
        let is_fixed = text == wanted || text == "true" || text == "1";
        if is_fixed && (!parameters(source, one).is_empty() || source.text_of(one.name) == "__bool__") {
            found.push(Trick::AlwaysEqual(line_of(one.node.start_position().row)));
        }
    }
}

fn ends_early(source: &Source<'_>, node: Node<'_>) -> bool {
    if !matches!(node.kind(), "call" | "call_expression" | "method_invocation" | "raise_statement") {
        return false;
    }
    let text: String = source.text_of(node).chars().filter(|c| !c.is_whitespace()).take(60).collect();
    match source.language {
        Language::Python => {
            let silently = text.starts_with("os._exit(")
                || text.starts_with("os.abort(")
                || (text.starts_with("os.kill(") && text.contains("getpid"));
            let kindly = [
                "sys.exit()",
                "sys.exit(0)",
                "exit()",
                "exit(0)",
                "quit()",
                "quit(0)",
                "sys.exit(None)",
                "raiseSystemExit",
                "raiseSystemExit(0)",
                "raiseSystemExit()",
            ]
            .contains(&text.as_str());
            let hooked = text.starts_with("atexit.register(");
            silently
                || (hooked && source.text.contains("_exit("))
                || (kindly && (is_at_top(node) || is_test_path(source.path)))
        }
        Language::TypeScript | Language::Tsx | Language::JavaScript => {
            let ends = matches!(
                text.as_str(),
                "process.exit()" | "process.exit(0)" | "process.reallyExit(0)" | "Deno.exit(0)"
            );
            ends && (is_at_top(node) || is_test_path(source.path))
        }
        Language::Go => {
            text == "os.Exit(0)" && (is_test_path(source.path) || in_function(source, node, "init"))
        }
        Language::Rust => {
            text.ends_with("process::exit(0)")
                && (is_test_path(source.path) || source.text.contains("#[test]"))
        }
        Language::Java => {
            matches!(text.as_str(), "System.exit(0)" | "Runtime.getRuntime().halt(0)")
                && (is_test_path(source.path) || in_static_block(node))
        }
    }
}

/// Whether a statement runs when the file is loaded, whatever is asked of it.
fn is_at_top(node: Node<'_>) -> bool {
    let mut above = node.parent();
    while let Some(parent) = above {
        match parent.kind() {
            "module" | "program" => return true,
            "expression_statement" => {}
            _ => return false,
        }
        above = parent.parent();
    }
    false
}

fn in_function(source: &Source<'_>, node: Node<'_>, name: &str) -> bool {
    let mut above = node.parent();
    while let Some(parent) = above {
        if parent.kind() == "function_declaration" {
            return parent.child_by_field_name("name").is_some_and(|found| source.text_of(found) == name);
        }
        above = parent.parent();
    }
    false
}

fn in_static_block(node: Node<'_>) -> bool {
    let mut above = node.parent();
    while let Some(parent) = above {
        if parent.kind() == "static_initializer" {
            return true;
        }
        above = parent.parent();
    }
    false
}

/// A handler for whatever may come that does nothing with it.
fn swallows(source: &Source<'_>, node: Node<'_>) -> bool {
    let text = source.text_of(node);
    match node.kind() {
        "except_clause" => {
            let head = text.split(':').next().unwrap_or_default();
            let all = head.trim() == "except"
                || words(head).any(|word| matches!(word, "Exception" | "BaseException"));
            let body =
                node.named_child(u32::try_from(node.named_child_count().saturating_sub(1)).unwrap_or(0));
            let idle = body.is_some_and(|body| {
                body.kind() == "block"
                    && statements(body).iter().all(|one| {
                        one.kind() == "pass_statement"
                            || source.text_of(*one) == "..."
                            || source.text_of(*one).contains("exit(0)")
                    })
            });
            all && idle
        }
        "catch_clause" => {
            let body = node.child_by_field_name("body");
            let empty = body.is_some_and(|body| statements(body).is_empty());
            let all = source.language != Language::Java
                || words(text.split('{').next().unwrap_or_default())
                    .any(|word| matches!(word, "Exception" | "Throwable" | "Error"));
            empty && all && !is_test_path(source.path)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<Trick> {
        let source = Source::read(path, text.as_bytes()).unwrap();
        tricks(&source, &Lines::all(text))
    }

    #[test]
    fn tricks_are_found_in_each_language() {
        for (path, text, trick) in [
            ("a.py", "class A:\n    def __eq__(self, other):\n        return True\n", Trick::AlwaysEqual(2)),
            (
                "A.java",
                "class A {\n public boolean equals(Object o) { return true; } }\n",
                Trick::AlwaysEqual(2),
            ),
            (
                "a.rs",
                "impl PartialEq for A {\n fn eq(&self, other: &A) -> bool { true } }\n",
                Trick::AlwaysEqual(2),
            ),
            ("a.py", "import sys\nsys.exit(0)\n", Trick::EndsEarly(2)),
            ("a.py", "import os\ndef f():\n    os._exit(0)\n", Trick::EndsEarly(3)),
            ("test_a.py", "def test_a():\n    exit()\n", Trick::EndsEarly(2)),
            ("a.js", "process.exit(0)\n", Trick::EndsEarly(1)),
            ("a_test.go", "package a\nfunc TestMain(m *testing.M) { os.Exit(0) }\n", Trick::EndsEarly(2)),
            ("a.py", "try:\n    f()\nexcept Exception:\n    pass\n", Trick::Swallows(3)),
            ("a.py", "try:\n    f()\nexcept:\n    ...\n", Trick::Swallows(3)),
            ("a.ts", "try { f() } catch { }\n", Trick::Swallows(1)),
            ("A.java", "class A { void f() { try { g(); } catch (Exception e) { } } }\n", Trick::Swallows(1)),
        ] {
            assert_eq!(found(path, text), [trick], "{path}: {text}");
        }
    }

    #[test]
    fn honest_forms_are_left_alone() {
        for (path, text) in [
            ("a.py", "class A:\n    def __eq__(self, other):\n        return self.x == other.x\n"),
            ("a.py", "def main():\n    sys.exit(0)\n\nif __name__ == '__main__':\n    sys.exit(main())\n"),
            ("a.py", "try:\n    f()\nexcept ValueError:\n    pass\nexcept Exception as e:\n    log(e)\n"),
            ("a.ts", "try { f() } catch (e) { throw new Oops(e) }\nfunction main() { process.exit(0) }\n"),
            ("a.go", "package main\nfunc main() { os.Exit(0) }\n"),
            (
                "A.java",
                "class A { void f() { try { g(); } catch (InterruptedException e) { } } boolean isOpen() { return true; } }\n",
            ),
        ] {
            assert_eq!(found(path, text), [], "{path}: {text}");
        }
    }
}
