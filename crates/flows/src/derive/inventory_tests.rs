#![allow(clippy::unwrap_used, reason = "a test that cannot go on says what it found")]

use super::*;

const COUNT: &str = "\"\"\"Counts.\"\"\"\n\nLIMIT = 3\n\n\ndef count_words(text: str) -> int:\n    \"\"\"Counts the words of a text. More words.\"\"\"\n    return len(text.split())\n\n\ndef _hidden():\n    pass\n\n\nclass Tally:\n    def add(self, word):\n        self.word = word\n";
const TEST: &str = "import unittest\nfrom tools.count import count_words\n\n\nclass CountTest(unittest.TestCase):\n    def test_two(self):\n        self.assertEqual(count_words('a b'), 2)\n";
const MAIN: &str = "import argparse\n\n\ndef main():\n    parser = argparse.ArgumentParser()\n    parser.add_argument('--limit', type=int, help='how many words')\n    return parser\n";

fn look(files: &[(&str, &str)]) -> Inventory {
    let files: Vec<_> =
        files.iter().map(|(path, text)| ((*path).to_owned(), Some(text.as_bytes().to_vec()))).collect();
    inventory(&files, HashSet::new())
}

#[test]
fn each_thing_has_its_lines_its_tests_and_a_command() {
    let found = look(&[("tests/test_count.py", TEST), ("tools/cli.py", MAIN), ("tools/count.py", COUNT)]);
    let told: Vec<_> = found.things.iter().map(|thing| (thing.name.as_str(), thing.at.to_string())).collect();
    assert_eq!(
        told,
        [
            ("main", "tools/cli.py:4-7".to_owned()),
            ("--limit", "tools/cli.py:6".to_owned()),
            ("count_words", "tools/count.py:6-8".to_owned()),
            ("Tally", "tools/count.py:15-17".to_owned()),
        ]
    );
    let counts = &found.things[2];
    assert_eq!(counts.tests.len(), 1);
    assert_eq!(counts.tests[0].at.to_string(), "tests/test_count.py:6-7");
    assert_eq!(
        counts.tests[0].command.as_deref(),
        Some("python3 -m unittest tests.test_count.CountTest.test_two")
    );
    assert_eq!(found.things[1].presence, "grep -qF -e '--limit' tools/cli.py");
    assert!(found.things.iter().enumerate().all(|(at, thing)| at == 2 || thing.tests.is_empty()));
    assert_eq!(found.lengths["tools/count.py"], 17);
}

#[test]
fn what_cannot_be_read_is_named_and_what_is_somebody_elses_is_not_looked_at() {
    let long = format!("x = '{}'\n", "a".repeat(9_000));
    let found = look(&[
        ("a.py", long.as_str()),
        ("b c.py", "def f(): pass\n"),
        ("d.py", "def ok():\n    return 1\n"),
    ]);
    assert_eq!(found.unread.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["a.py", "b c.py"]);
    assert_eq!(found.things.len(), 1);
    assert!(!is_wanted("node_modules/x/index.js") && !is_wanted("README.md") && is_wanted("src/a.rs"));
}
