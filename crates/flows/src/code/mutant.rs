//! Code made wrong on purpose, one small fault at a time: a test that notices none of them notices nothing.
//!
//! Only faults that keep the types are made: one that no longer compiles would be noticed by the compiler, and say
//! nothing about the tests.

use std::ops::Range;

use tree_sitter::Node;

use super::{
    Lines,
    function::is_docstring,
    language::Language,
    source::{Next, Source, line_of, visit},
    test_case::is_test_path,
};

/// A file with one fault in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// The line of the fault.
    pub(crate) line: u32,
    /// The fault in a few words.
    pub(crate) what: String,
    /// The text of the whole file.
    pub(crate) text: String,
}

/// Where a fault goes, and what stands there then.
struct Fault {
    range: Range<usize>,
    text: String,
    line: u32,
}

/// At most `most` mutants of what a change added, spread evenly over it.
pub(crate) fn mutants(source: &Source<'_>, lines: &Lines, most: usize) -> Vec<Mutant> {
    if is_test_path(source.path) {
        return Vec::new();
    }
    let mut faults: Vec<Fault> = Vec::new();
    visit(source.root(), |node, _| {
        let line = line_of(node.start_position().row);
        if node.is_error()
            || (node.kind() == "expression_statement" && is_docstring(node))
            || is_declarative(node)
        {
            return Next::Over;
        }
        if lines.added.contains(&line)
            && let Some((range, text)) = fault(source, node)
        {
            faults.push(Fault { range, text, line });
        }
        Next::Into
    });
    let count = faults.len();
    let chosen = most.min(count);
    (0..chosen)
        .filter_map(|index| faults.get(index * count / chosen))
        .filter_map(|fault| made(source, fault))
        .collect()
}

/// Imports and types: a fault there is no fault of behaviour.
fn is_declarative(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "import_statement"
            | "import_from_statement"
            | "import_declaration"
            | "use_declaration"
            | "attribute_item"
            | "type"
            | "type_annotation"
            | "type_arguments"
            | "generic_type"
            | "array_type"
            | "package_clause"
            | "decorator"
    )
}

fn made(source: &Source<'_>, fault: &Fault) -> Option<Mutant> {
    let was = source.text.get(fault.range.clone())?;
    let mut text = source.text.to_owned();
    text.replace_range(fault.range.clone(), &fault.text);
    let short = |text: &str| {
        text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(40).collect::<String>()
    };
    let what = format!("{}:{} `{}` for `{}`", source.path, fault.line, short(&fault.text), short(was));
    Some(Mutant { line: fault.line, what, text })
}

fn fault(source: &Source<'_>, node: Node<'_>) -> Option<(Range<usize>, String)> {
    let text = source.text_of(node);
    let is_python = source.language == Language::Python;
    let with = |text: String| Some((node.byte_range(), text));
    match node.kind() {
        // Operators are leaves without a name.
        "<" | ">" | "<=" | ">=" | "==" | "!=" | "===" | "!==" | "+" | "-" | "&&" | "||" | "and" | "or"
        | "+=" | "-=" => {
            let operates = node.parent().is_some_and(|parent| {
                matches!(
                    parent.kind(),
                    "binary_operator"
                        | "binary_expression"
                        | "comparison_operator"
                        | "boolean_operator"
                        | "augmented_assignment"
                        | "augmented_assignment_expression"
                        | "compound_assignment_expr"
                        | "assignment_expression"
                )
            });
            if operates { with(opposite(node.kind())?.to_owned()) } else { None }
        }
        "true" | "false" | "boolean_literal" => with(flipped(text)?.to_owned()),
        "integer" | "number" | "int_literal" | "integer_literal" | "decimal_integer_literal" => {
            let number: u64 = text.parse().ok()?;
            with((number + 1).to_string())
        }
        "string" | "string_literal" | "interpreted_string_literal"
            if text.len() > 2 && text.starts_with(['"', '\'']) && !text.starts_with("\"\"\"") =>
        {
            // A key or a path says little; an empty text is a fault that a test of output sees.
            let quote = &text[..1];
            with(format!("{quote}{quote}"))
        }
        "if_statement" | "if_expression" | "while_statement" | "while_expression" => {
            let condition = node.child_by_field_name("condition")?;
            let inner = source.text_of(condition);
            if condition.kind().starts_with("let_") {
                return None;
            }
            let negated = if is_python { format!("not ({inner})") } else { format!("!({inner})") };
            let negated = if inner.starts_with('(') && !is_python { format!("(!{inner})") } else { negated };
            Some((condition.byte_range(), negated))
        }
        "return_statement" if is_python || matches!(source.language, Language::JavaScript) => {
            let value = node.named_child(0)?;
            let blank = if is_python { "None" } else { "undefined" };
            (source.text_of(value) != blank).then(|| (value.byte_range(), blank.to_owned()))
        }
        "expression_statement"
            if is_python && node.named_child(0).is_some_and(|child| child.kind() == "call") =>
        {
            with("pass".to_owned())
        }
        _ => None,
    }
}

fn opposite(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "<" => "<=",
        "<=" => "<",
        ">" => ">=",
        ">=" => ">",
        "==" => "!=",
        "!=" => "==",
        "===" => "!==",
        "!==" => "===",
        "+" => "-",
        "-" => "+",
        "+=" => "-=",
        "-=" => "+=",
        "&&" => "||",
        "||" => "&&",
        "and" => "or",
        "or" => "and",
        _ => return None,
    })
}

fn flipped(word: &str) -> Option<&'static str> {
    Some(match word {
        "True" => "False",
        "False" => "True",
        "true" => "false",
        "false" => "true",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(path: &str, text: &str, most: usize) -> Vec<Mutant> {
        let source = Source::read(path, text.as_bytes()).unwrap();
        mutants(&source, &Lines::all(text), most)
    }

    #[test]
    fn each_mutant_parses_and_differs_in_one_place() {
        for (path, text, least) in [
            (
                "a.py",
                "import a\n\ndef f(a, b=1):\n    \"\"\"Doc.\"\"\"\n    if a < b and a:\n        log(a)\n        return a + 1\n    return 'x'\n",
                8,
            ),
            ("a.rs", "use a;\nfn f(a: u8) -> bool { if a < 3 && a > 1 { return true; } a + 1 == 4 }\n", 7),
            (
                "a.ts",
                "function f(a: number): number { if (a < 3) { return a - 1 } return a > 2 ? 1 : 0 }\n",
                6,
            ),
            ("a.js", "const f = (a) => { if (a === 3) { return a + 'x' } return false }\n", 5),
            ("a.go", "package a\nfunc F(a int) int { if a < 3 { return a - 1 }; return 7 }\n", 5),
            ("A.java", "class A { int f(int a) { if (a < 3) { return a - 1; } return 7; } }\n", 5),
        ] {
            let found = made(path, text, 50);
            assert!(found.len() >= least, "{path}: {found:#?}");
            for mutant in found {
                assert_ne!(mutant.text, text, "{path}");
                let source = Source::read(path, mutant.text.as_bytes()).unwrap();
                assert!(!source.root().has_error(), "{path}: {}", mutant.what);
            }
        }
    }

    #[test]
    fn the_number_is_bounded_and_they_are_spread() {
        let lines: Vec<_> = (0..40).map(|n| format!("x{n} = {n} + y")).collect();
        let text = lines.join("\n");
        let found = made("a.py", &text, 8);
        assert_eq!(found.len(), 8);
        assert!(found[7].line > 30, "{found:?}");
        assert_eq!(made("a.py", &text, 0), []);
        assert_eq!(made("tests/test_a.py", &text, 8), [], "tests are not made wrong");
    }

    #[test]
    fn only_what_was_added_is_made_wrong() {
        let text = "x = 1\ny = 2\n";
        let source = Source::read("a.py", text.as_bytes()).unwrap();
        let lines = Lines { added: [2].into(), ..Lines::default() };
        let found = mutants(&source, &lines, 8);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].text.as_str(), found[0].what.as_str()),
            ("x = 1\ny = 3\n", "a.py:2 `3` for `2`")
        );
    }
}
