//! The literals of a file, and what a file is once its comments are taken away.

use tree_sitter::Node;

use super::{
    function::is_docstring,
    source::{Next, Source, is_comment, line_of, visit},
};

/// A string or a number that stands in the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// The line that it begins on.
    pub(crate) line: u32,
    /// Its value, as far as it can be told without running anything: quotes and simple escapes are resolved.
    pub(crate) value: String,
}

/// All literals of a file.
pub(crate) fn literals(source: &Source<'_>) -> Vec<Literal> {
    let mut found = Vec::new();
    visit(source.root(), |node, _| {
        if is_literal(node) {
            let line = line_of(node.start_position().row);
            found.push(Literal { line, value: value(source.text_of(node)) });
        }
        Next::Into
    });
    found
}

pub(super) fn is_literal(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "string"
            | "string_literal"
            | "raw_string_literal"
            | "interpreted_string_literal"
            | "template_string"
            | "integer"
            | "float"
            | "number"
            | "integer_literal"
            | "float_literal"
            | "int_literal"
            | "decimal_integer_literal"
            | "decimal_floating_point_literal"
    ) && node.is_named()
}

fn value(text: &str) -> String {
    let text = text.trim_start_matches(['r', 'R', 'b', 'B', 'f', 'F', 'u', 'U', '#']).trim_end_matches('#');
    let text = text.trim_matches(['"', '\'', '`']);
    text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"").replace("\\'", "'")
}

/// The words of the code in order, without comments, docstrings and white space: two files with the same words do the
/// same.
pub(crate) fn essence<'a>(source: &Source<'a>) -> Vec<&'a str> {
    essence_of(source, source.root())
}

/// The same of one node.
pub(super) fn essence_of<'a>(source: &Source<'a>, root: Node<'_>) -> Vec<&'a str> {
    let mut words = Vec::new();
    let mut over = 0;
    visit(root, |node, _| {
        if node.start_byte() < over {
            return Next::Into;
        }
        let is_prose = is_comment(node) || (node.kind() == "expression_statement" && is_docstring(node));
        if is_prose {
            over = node.end_byte();
        } else if node.child_count() == 0 {
            words.push(source.text_of(node));
        }
        Next::Into
    });
    words.retain(|word| !word.trim().is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_layout_are_no_part_of_what_a_file_does() {
        for (path, one, other) in [
            ("a.py", "def f():\n  return 1\n", "# new\ndef f():\n    \"\"\"Doc.\"\"\"\n    return 1 # one\n"),
            ("a.rs", "fn f() { 1; }", "/// Doc.\nfn f() {\n    1; // one\n}\n"),
            ("a.ts", "f(1)", "/* x */ f( 1 )"),
        ] {
            let [one, other] = [one, other].map(|text| Source::read(path, text.as_bytes()).unwrap());
            assert_eq!(essence(&one), essence(&other), "{path}");
        }
        let [one, other] = ["f(1)", "f(2)"].map(|text| Source::read("a.py", text.as_bytes()).unwrap());
        assert_ne!(essence(&one), essence(&other));
    }

    #[test]
    fn literals_have_their_value_in_each_language() {
        for (path, text) in [
            ("a.py", "x = 'a\\nb'\ny = 5"),
            ("a.rs", "fn f() { g(\"a\\nb\", 5) }"),
            ("a.ts", "f(`a\nb`, 5)"),
            ("a.go", "package a\nvar x, y = \"a\\nb\", 5"),
            ("A.java", "class A { String x = \"a\\nb\"; int y = 5; }"),
        ] {
            let source = Source::read(path, text.as_bytes()).unwrap();
            let values: Vec<_> = literals(&source).into_iter().map(|literal| literal.value).collect();
            assert_eq!(values, ["a\nb", "5"], "{path}");
        }
    }
}
