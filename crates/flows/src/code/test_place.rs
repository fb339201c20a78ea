//! Where the tests of a file stand, and what they belong to.

use tree_sitter::Node;

use super::{
    source::{Source, line_of},
    test_case::test_cases,
};

/// A test, as somebody else would run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestPlace {
    /// What it is called.
    pub(crate) name: String,
    /// The class that it stands in.
    pub(crate) class: Option<String>,
    /// Whether that class is one of Python's own `unittest`.
    pub(crate) is_unittest: bool,
    /// Its lines, marks included.
    pub(crate) first_line: u32,
    pub(crate) last_line: u32,
}

/// The tests of a file that are run, in its order.
pub(crate) fn test_places(source: &Source<'_>) -> Vec<TestPlace> {
    let live = test_cases(source).into_iter().filter(|case| !case.is_skipped);
    let place = |case: super::test_case::TestCase<'_>| {
        let class = class_around(case.node);
        let name_of =
            |class: Node<'_>| source.text_of(class.child_by_field_name("name").unwrap_or(class)).to_owned();
        let is_unittest = class
            .and_then(|class| class.child_by_field_name("superclasses"))
            .is_some_and(|bases| source.text_of(bases).contains("TestCase"));
        TestPlace {
            class: class.map(name_of),
            is_unittest,
            first_line: line_of(case.node.start_position().row),
            last_line: line_of(case.node.end_position().row),
            name: case.name,
        }
    };
    live.map(place).collect()
}

fn class_around(node: Node<'_>) -> Option<Node<'_>> {
    let mut above = node.parent();
    while let Some(node) = above {
        if matches!(node.kind(), "class_definition" | "class_declaration") {
            return Some(node);
        }
        above = node.parent();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_with_its_class_and_its_lines() {
        let text = "import unittest\n\nclass CountTest(unittest.TestCase):\n    def test_two(self):\n        self.assertEqual(count('a b'), 2)\n\n    @unittest.skip('later')\n    def test_later(self):\n        self.fail()\n\ndef test_plain():\n    assert count('a') == 1\n";
        let source = Source::read("tests/test_count.py", text.as_bytes()).unwrap();
        let found = test_places(&source);
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                (one.name.as_str(), one.class.as_deref(), one.is_unittest, one.first_line, one.last_line)
            })
            .collect();
        assert_eq!(told, [("test_two", Some("CountTest"), true, 4, 5), ("test_plain", None, false, 11, 12)]);
    }
}
