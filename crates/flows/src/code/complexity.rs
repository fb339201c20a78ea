//! The independent paths through a function (cyclomatic complexity), as `McCabe` counts them: one, and one more for each
//! place where it is decided how to go on.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::{
    Lines,
    declaration::declarations,
    source::{Next, Source, line_of, visit},
};

/// What stands for the statements of a file that belong to no function.
const OUTSIDE: &str = "(outside of functions)";

/// A function that a change touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// The line that it begins on.
    pub(crate) line: u32,
    /// How many lines it has.
    pub(crate) length: u32,
    /// The independent paths through it. Those of functions defined inside of it are theirs.
    pub(crate) paths: u32,
}

/// The functions that a change touches; and what stands outside of all functions, where something is decided there.
pub(crate) fn functions(source: &Source<'_>, lines: &Lines) -> Vec<Function> {
    let all = declarations(source);
    let own: BTreeSet<usize> = all.iter().filter(|one| one.is_function()).map(|one| one.node.id()).collect();
    let touched = all.iter().filter(|one| one.is_function() && lines.touch(one.node));
    let mut found: Vec<Function> = touched
        .filter_map(|one| {
            let (first, last) = (one.outer.start_position().row, one.outer.end_position().row);
            let decisions = decisions(source, one.body?, &own).len();
            Some(Function {
                name: source.text_of(one.name).chars().take(80).collect(),
                line: line_of(first),
                length: line_of(last - first),
                paths: count(decisions).saturating_add(1),
            })
        })
        .collect();
    let outside = decisions(source, source.root(), &own);
    if let Some(first) = outside.iter().find(|line| lines.added.contains(line)) {
        let (name, paths) = (OUTSIDE.to_owned(), count(outside.len()).saturating_add(1));
        found.push(Function { name, line: *first, length: 0, paths });
    }
    found
}

/// The lines on which it is decided how to go on, functions inside left out.
fn decisions(source: &Source<'_>, body: Node<'_>, own: &BTreeSet<usize>) -> Vec<u32> {
    let mut found = Vec::new();
    visit(body, |node, depth| {
        if depth > 0 && own.contains(&node.id()) {
            return Next::Over;
        }
        if decides(source, node) {
            found.push(line_of(node.start_position().row));
        }
        Next::Into
    });
    found
}

fn decides(source: &Source<'_>, node: Node<'_>) -> bool {
    match node.kind() {
        "if_statement"
        | "elif_clause"
        | "if_expression"
        | "for_statement"
        | "for_in_statement"
        | "for_expression"
        | "enhanced_for_statement"
        | "while_statement"
        | "while_expression"
        | "do_statement"
        | "except_clause"
        | "catch_clause"
        | "conditional_expression"
        | "ternary_expression"
        | "for_in_clause"
        | "if_clause"
        | "switch_case"
        | "expression_case"
        | "type_case"
        | "communication_case" => true,
        // What takes all that is left is the way that is there without any decision.
        "match_arm" => node.child_by_field_name("pattern").is_none_or(|it| source.text_of(it) != "_"),
        "case_clause" => source.text_of(node).split(':').next().is_none_or(|head| head.trim() != "case _"),
        "switch_label" => !source.text_of(node).starts_with("default"),
        // Operators are leaves without a name.
        "&&" | "||" | "??" | "and" | "or" => node.parent().is_some_and(|parent| {
            matches!(parent.kind(), "binary_expression" | "boolean_operator" | "let_chain")
        }),
        _ => false,
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<(String, u32)> {
        let source = Source::read(path, text.as_bytes()).unwrap();
        let found = functions(&source, &Lines::all(text));
        found.into_iter().map(|one| (one.name, one.paths)).collect()
    }

    fn of(path: &str, text: &str) -> u32 {
        let found = paths(path, text);
        assert_eq!(found.len(), 1, "{path}: {found:?}");
        found[0].1
    }

    #[test]
    fn a_function_without_a_decision_has_one_path() {
        for (path, text) in [
            ("a.py", "def f(a):\n    return a\n"),
            ("a.rs", "fn f(a: u8) -> u8 { a }\n"),
            ("a.ts", "const f = (a: number) => a\n"),
            ("a.js", "function f(a) { return a }\n"),
            ("a.go", "package a\nfunc F(a int) int { return a }\n"),
            ("A.java", "class A { int f(int a) { return a; } }\n"),
        ] {
            assert_eq!(of(path, text), 1, "{path}");
        }
    }

    #[test]
    fn each_decision_is_one_more_path_in_each_language() {
        for (path, text, expected) in [
            (
                "a.py",
                "def f(a):\n    if a and b or c:\n        pass\n    elif d:\n        pass\n    for x in a:\n        while x:\n            y = 1 if x else 2\n    try:\n        g()\n    except E:\n        pass\n    return [n for n in a if n]\n",
                11,
            ),
            (
                "a.py",
                "def f(a):\n    match a:\n        case 1:\n            return 2\n        case 2:\n            return 3\n        case _:\n            return 0\n",
                3,
            ),
            (
                "a.rs",
                "fn f(a: u8) { if a > 1 && a < 3 || a == 9 { } while a > 0 { } for _ in 0..a { } match a { 1 => {} 2 => {} _ => {} } loop { } }\n",
                8,
            ),
            ("a.rs", "fn f(a: Option<u8>) { if let Some(b) = a && b > 1 { } }\n", 3),
            (
                "a.js",
                "function f(a) { if (a && b) {} else if (c) {} for (const x of a) {} for (;;) {} do {} while (a); switch (a) { case 1: break; default: } try {} catch (e) {} return a ?? (b ? 1 : 2) }\n",
                11,
            ),
            (
                "a.go",
                "package a\nfunc F(a int) int { if a > 1 || a < 0 { }; for { }; switch a { case 1: default: }; select { case <-c: } ; return 1 }\n",
                6,
            ),
            (
                "A.java",
                "class A { int f(int a) { if (a > 1 && a < 3) { } for (int x : y) { } while (a > 0) { } switch (a) { case 1: break; default: } try { } catch (E e) { } return a > 0 ? 1 : 2; } }\n",
                8,
            ),
        ] {
            assert_eq!(of(path, text), expected, "{path}: {text}");
        }
    }

    #[test]
    fn what_is_defined_inside_has_paths_of_its_own() {
        let text = "def f(a):\n    def g(b):\n        if b:\n            return 1\n    return g(a)\n";
        assert_eq!(paths("a.py", text), [("f".to_owned(), 1), ("g".to_owned(), 2)]);
        // A closure without a name belongs to the function that it stands in.
        assert_eq!(of("a.js", "function f(a) { return a.map((x) => { if (x) { return 1 } }) }\n"), 2);
    }

    #[test]
    fn statements_outside_of_functions_count_where_something_is_decided() {
        assert_eq!(paths("a.py", "x = 1\nprint(x)\n"), []);
        let text = "import sys\n\nfor line in sys.stdin:\n    if line:\n        print(line)\n";
        assert_eq!(paths("a.py", text), [(OUTSIDE.to_owned(), 3)]);
    }

    #[test]
    fn only_what_a_change_touches_is_measured() {
        let text = "def f(a):\n    if a:\n        return 1\n\ndef g(a):\n    return 2\n";
        let source = Source::read("a.py", text.as_bytes()).unwrap();
        let lines = Lines { added: [6].into(), ..Lines::default() };
        let found = functions(&source, &lines);
        assert_eq!(found, [Function { name: "g".to_owned(), line: 5, length: 2, paths: 1 }]);
    }

    #[test]
    fn a_file_with_faults_of_syntax_is_measured_around_them() {
        let found = paths("a.py", "def f(:\n  pass\n\ndef g(a):\n    if a:\n        return 1\n");
        assert!(found.contains(&("g".to_owned(), 2)), "{found:?}");
    }
}
