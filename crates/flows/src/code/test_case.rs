//! Tests in a file of code, and those among them that can never fail.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::{
    Lines,
    assertion::{Assertion, assertions, is_swallowed},
    declaration::{Declaration, declarations},
    function::{bases, marks, words},
    language::Language,
    literal::essence_of,
    source::{Next, Source, line_of, visit},
};

/// A test that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hollow {
    /// What the test is called.
    pub(crate) name: String,
    /// The line that it begins on.
    pub(crate) line: u32,
    /// Why it proves nothing.
    pub(crate) why: Why,
}

/// Why a test proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nothing in it can fail.
    NoAssertion,
    /// What it asserts is true whatever the code does.
    AlwaysTrue,
    /// It is marked as not to be run.
    Skipped,
    /// What it asserts is caught and dropped.
    Swallowed,
    /// It looks at nothing but its own values.
    OwnValues,
}

impl Why {
    /// In a few words, after "the test".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::NoAssertion => "asserts nothing",
            Self::AlwaysTrue => "asserts only what is always true",
            Self::Skipped => "is skipped",
            Self::Swallowed => "catches its own failure and drops it",
            Self::OwnValues => "looks at nothing but values of its own",
        }
    }
}

/// A test of a file.
pub(super) struct TestCase<'t> {
    pub(super) name: String,
    /// The whole of it, marks included.
    pub(super) node: Node<'t>,
    pub(super) body: Node<'t>,
    pub(super) is_skipped: bool,
    is_expected_to_fail: bool,
}

/// Whether a file holds tests or what tests use, by the conventions of its language.
pub(crate) fn is_test_path(path: &str) -> bool {
    let mut parts: Vec<_> = path.split('/').collect();
    let name = parts.pop().unwrap_or_default().to_ascii_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    parts.iter().any(|part| matches!(*part, "test" | "tests" | "__tests__" | "spec" | "testing" | "testdata"))
        || stem == "conftest"
        || stem == "test"
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("_tests")
        || name.contains(".test.")
        || name.contains(".spec.")
        || (name.rsplit_once('.').is_some_and(|(_, extension)| extension == "java")
            && (stem.ends_with("test") || stem.ends_with("tests")))
}

/// The tests among what was changed that prove nothing.
pub(crate) fn hollow_tests(source: &Source<'_>, lines: &Lines) -> Vec<Hollow> {
    let helpers = asserting_functions(source);
    test_cases(source)
        .iter()
        .filter(|case| lines.touch(case.node))
        .filter_map(|case| {
            let why = judge(source, case, &helpers)?;
            Some(Hollow { name: case.name.clone(), line: line_of(case.node.start_position().row), why })
        })
        .collect()
}

/// How many tests of a file a change touches.
pub(crate) fn changed_tests(source: &Source<'_>, lines: &Lines) -> usize {
    test_cases(source).iter().filter(|case| lines.touch(case.node)).count()
}

/// The names of the tests of a file that are run.
pub(crate) fn live_tests(source: &Source<'_>) -> Vec<String> {
    test_cases(source).into_iter().filter(|case| !case.is_skipped).map(|case| case.name).collect()
}

/// The tests of a file by name, each as its words in order, without comments and layout.
pub(crate) fn test_texts(source: &Source<'_>) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for case in test_cases(source) {
        let text = texts.entry(case.name).or_default();
        *text += &essence_of(source, case.node).join(" ");
    }
    texts
}

fn judge(source: &Source<'_>, case: &TestCase<'_>, helpers: &[String]) -> Option<Why> {
    if case.is_skipped {
        return Some(Why::Skipped);
    }
    if case.is_expected_to_fail {
        return None;
    }
    let found = assertions(source, case.body);
    if found.is_empty() {
        let calls_helper =
            words(source.text_of(case.body)).any(|word| helpers.iter().any(|helper| helper == word));
        return (!calls_helper).then_some(Why::NoAssertion);
    }
    if found.iter().all(Assertion::is_always_true) {
        return Some(Why::AlwaysTrue);
    }
    if found.iter().all(|assertion| is_swallowed(source, assertion.node, case.body)) {
        return Some(Why::Swallowed);
    }
    (!looks_outside(source, case, &found)).then_some(Why::OwnValues)
}

/// Functions of the file that assert something, so that a test which calls them does too.
fn asserting_functions(source: &Source<'_>) -> Vec<String> {
    declarations(source)
        .iter()
        .filter(|one| one.is_function())
        .filter(|one| one.body.is_some_and(|body| !assertions(source, body).is_empty()))
        .map(|one| source.text_of(one.name).to_owned())
        .collect()
}

/// All tests of a file.
pub(super) fn test_cases<'t>(source: &'t Source<'_>) -> Vec<TestCase<'t>> {
    if matches!(source.language, Language::TypeScript | Language::Tsx | Language::JavaScript) {
        return called_tests(source);
    }
    let all = declarations(source);
    all.iter().filter_map(|one| declared_test(source, &all, one)).collect()
}

fn declared_test<'t>(
    source: &Source<'_>,
    all: &[Declaration<'t>],
    one: &Declaration<'t>,
) -> Option<TestCase<'t>> {
    if !one.is_function() {
        return None;
    }
    let body = one.body?;
    let name = source.text_of(one.name);
    let mut marks = marks(source, one);
    let around = one.inside.map(|index| &all[index]);
    let is_test = match source.language {
        Language::Python => {
            let in_tests = around.map_or(is_test_path(source.path), |class| {
                is_test_path(source.path)
                    || bases(source, class).iter().any(|base| base.ends_with("TestCase"))
            });
            name.starts_with("test") && in_tests && around.is_none_or(|around| !around.is_function())
        }
        Language::Rust => words(&marks).any(|word| matches!(word, "test" | "rstest" | "test_case")),
        Language::Go => {
            source.path.ends_with("_test.go")
                && (name.starts_with("Test") || name.starts_with("Fuzz"))
                && name != "TestMain"
        }
        Language::Java => {
            words(&marks).any(|word| matches!(word, "Test" | "ParameterizedTest" | "RepeatedTest"))
        }
        Language::TypeScript | Language::Tsx | Language::JavaScript => false,
    };
    if !is_test {
        return None;
    }
    if let Some(class) = around {
        marks += &self::marks(source, class);
    }
    Some(TestCase {
        name: name.to_owned(),
        node: one.outer,
        body,
        is_skipped: is_skipped(source, &marks, body),
        is_expected_to_fail: words(&marks).any(|word| word == "should_panic")
            || marks.contains("expected")
            || words(&marks).any(|word| word == "xfail" || word == "expectedFailure"),
    })
}

fn is_skipped(source: &Source<'_>, marks: &str, body: Node<'_>) -> bool {
    let marked = match source.language {
        Language::Python => {
            words(marks).any(|word| word == "skip")
                || marks.contains("skipIf(True")
                || marks.contains("skipif(True")
                || marks.contains("skipUnless(False")
        }
        Language::Rust => words(marks).any(|word| word == "ignore"),
        Language::Java => words(marks).any(|word| matches!(word, "Disabled" | "Ignore")),
        _ => false,
    };
    let first = super::function::work(source, body).into_iter().next();
    let leaves = first.is_some_and(|first| {
        let text = source.text_of(first);
        ["pytest.skip(", "self.skipTest(", "t.Skip(", "t.SkipNow(", "t.Skipf(", "return;"]
            .iter()
            .any(|skip| text.starts_with(skip))
            || text == "return"
            || (text.starts_with("raise ") && text.contains("SkipTest"))
    });
    marked || leaves
}

/// `it("…", () => { … })` and its kin.
fn called_tests<'t>(source: &'t Source<'_>) -> Vec<TestCase<'t>> {
    let mut found = Vec::new();
    // Ends of the `describe.skip(…)` around the current node.
    let mut skipped_until = 0;
    visit(source.root(), |node, _| {
        if node.kind() != "call_expression" {
            return Next::Into;
        }
        let callee =
            node.child_by_field_name("function").map(|callee| source.text_of(callee)).unwrap_or_default();
        let mut parts = callee.split(['.', '(']);
        let first = parts.next().unwrap_or_default();
        let skips = first.starts_with('x') || parts.any(|part| matches!(part, "skip" | "todo"));
        let Some(arguments) = node.child_by_field_name("arguments") else {
            return Next::Into;
        };
        match first {
            "describe" | "xdescribe" | "suite" if skips => skipped_until = skipped_until.max(node.end_byte()),
            "it" | "test" | "xit" | "xtest" | "specify" => {
                let mut cursor = arguments.walk();
                let given: Vec<_> = arguments.named_children(&mut cursor).collect();
                let title = given.first().map(|title| source.text_of(*title)).unwrap_or_default();
                let body = given.iter().rev().find_map(|given| {
                    matches!(given.kind(), "arrow_function" | "function_expression")
                        .then(|| given.child_by_field_name("body"))?
                });
                let is_title = title.starts_with(['"', '\'', '`']);
                if is_title && (body.is_some() || skips) {
                    found.push(TestCase {
                        name: title.trim_matches(['"', '\'', '`']).chars().take(80).collect(),
                        node,
                        body: body.unwrap_or(node),
                        is_skipped: skips || node.start_byte() < skipped_until,
                        is_expected_to_fail: callee.contains(".fails") || callee.contains(".failing"),
                    });
                    return Next::Into;
                }
            }
            _ => {}
        }
        Next::Into
    });
    found
}

/// Whether a test uses a name that it did not make itself: what it tests, or what it was given.
fn looks_outside(source: &Source<'_>, case: &TestCase<'_>, found: &[Assertion<'_>]) -> bool {
    let mut own: Vec<&str> = Vec::new();
    let mut used: Vec<&str> = Vec::new();
    visit(case.body, |node, _| {
        let is_name = matches!(node.kind(), "identifier" | "type_identifier");
        let text = source.text_of(node);
        let is_callee = found.iter().any(|assertion| assertion.is_callee(node));
        if is_name && (!is_callee || is_helper(text)) {
            if is_bound(node) { own.push(text) } else { used.push(text) }
        }
        Next::Into
    });
    used.iter().any(|name| !own.contains(name) && !is_built_in(name))
}

/// Whether a name is made here: the left side of an assignment or a declaration.
fn is_bound(node: Node<'_>) -> bool {
    let Some(mut parent) = node.parent() else {
        return false;
    };
    let mut child = node;
    while matches!(parent.kind(), "pattern_list" | "tuple_pattern" | "expression_list") {
        child = parent;
        let Some(above) = parent.parent() else {
            return false;
        };
        parent = above;
    }
    let is_side = |field: &str| parent.child_by_field_name(field).is_some_and(|side| side == child);
    match parent.kind() {
        "assignment" | "short_var_declaration" => is_side("left"),
        "let_declaration" => is_side("pattern"),
        "variable_declarator" | "var_spec" => is_side("name"),
        _ => false,
    }
}

/// A function of the author's own that asserts; what it looks at is not seen here.
fn is_helper(name: &str) -> bool {
    ["check", "verify", "should", "expect_", "assert_that_", "raises"]
        .iter()
        .any(|word| name.starts_with(word))
}

fn is_built_in(name: &str) -> bool {
    matches!(
        name,
        "len"
            | "str"
            | "int"
            | "float"
            | "list"
            | "dict"
            | "set"
            | "tuple"
            | "bool"
            | "sorted"
            | "range"
            | "print"
            | "sum"
            | "min"
            | "max"
            | "type"
            | "isinstance"
            | "object"
            | "self"
            | "t"
            | "testing"
            | "String"
            | "Integer"
            | "Object"
            | "console"
            | "log"
            | "println"
            | "length"
            | "True"
            | "False"
            | "None"
            | "nil"
            | "true"
            | "false"
            | "undefined"
            | "Number"
            | "Array"
            | "Boolean"
            | "Assert"
            | "Assertions"
            | "assert"
            | "vec"
            | "format"
            | "Fatal"
            | "Error"
            | "Errorf"
            | "Fatalf"
            | "Log"
            | "append"
            | "expect"
            | "require"
    )
}

#[cfg(test)]
#[path = "test_case_tests.rs"]
mod tests;
