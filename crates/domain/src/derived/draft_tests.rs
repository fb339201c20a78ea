#![allow(clippy::unwrap_used, reason = "a test that cannot go on says what it found")]

use super::{super::*, *};
use crate::id::CommitId;

fn place(text: &str) -> Citation {
    Citation::parse(text).unwrap()
}

fn thing(name: &str, at: &str) -> Thing {
    Thing {
        kind: ThingKind::Function,
        name: name.to_owned(),
        shown: format!("def {name}(text: str) -> int"),
        doc: None,
        at: place(at),
        excerpt: format!("def {name}(text: str) -> int:\n    return len(text.split())\n"),
        tests: Vec::new(),
        presence: format!("grep -qF -e 'def {name}' tools/count.py"),
    }
}

fn tested(name: &str, at: &str) -> Thing {
    let proof = Proof {
        at: place("tests/test_count.py:3-5"),
        excerpt: format!("def test_{name}():\n    assert {name}('a b') == 2\n"),
        command: Some(format!("python3 -m pytest -q tests/test_count.py::test_{name}")),
    };
    Thing { tests: vec![proof], doc: Some("Counts the words. More.".to_owned()), ..thing(name, at) }
}

fn words(text: &str, evidence: &[&str]) -> Words {
    Words {
        title: "Counts words".to_owned(),
        text: text.to_owned(),
        evidence: evidence.iter().map(|cited| place(cited)).collect(),
        question: None,
    }
}

fn drafted(things: &[Thing], said: Vec<Words>) -> Draft {
    let commit = CommitId::parse("a".repeat(40)).unwrap();
    let frame = Frame { title: "tools", commit: &commit, model: Some("a/b"), unread: Vec::new() };
    let said = said.into_iter().enumerate().collect();
    let length = |path: &str| match path {
        "tools/count.py" => Some(20),
        "tests/test_count.py" => Some(9),
        _ => None,
    };
    draft(frame, things, &said, length).unwrap()
}

const GOOD: &str = "WHEN `count` is called with a text, THE SYSTEM SHALL return how many words it has.";

#[test]
fn a_draft_says_that_it_is_one_and_each_requirement_where_it_was_seen() {
    let draft = drafted(
        &[tested("count", "tools/count.py:4-5"), thing("tally", "tools/count.py:8-9")],
        vec![words(GOOD, &["tools/count.py:4-5", "tests/test_count.py:4"])],
    );
    for expected in [
        "DRAFT, derived from the code of commit aaaa",
        "put into words by a/b",
        "## REQ-1: Counts words",
        GOOD,
        "Evidence: tools/count.py:4-5, tests/test_count.py:4, tests/test_count.py:3-5. Confidence: high.",
        "$ python3 -m pytest -q tests/test_count.py::test_count",
        "## REQ-2: Provides tally",
        "The system shall provide the function `def tally(text: str) -> int`.",
        "Confidence: low.",
        "Open question: no test runs `tally`",
        "$ grep -qF -e 'def tally' tools/count.py",
    ] {
        assert!(draft.text.contains(expected), "{expected}:\n{}", draft.text);
    }
    assert_eq!(draft.requirements.iter().map(|one| one.worded).collect::<Vec<_>>(), [true, false]);
    assert_eq!(draft.requirements[0].question, None);
    assert_eq!((draft.dropped_citations, draft.dropped_words), (0, 0));
    let spec = parse(&draft.text).unwrap();
    assert_eq!(spec.requirements.len(), 2);
    assert_eq!(spec.requirements[0].files, ["tools/count.py"]);
    assert!(spec.not_understood.is_empty(), "{:?}", spec.not_understood);
}

#[test]
fn citations_that_do_not_hold_are_dropped_and_with_the_last_of_them_the_words() {
    for (cited, dropped) in [
        (&["tools/count.py:99"][..], 1),
        (&["tools/nowhere.py:4", "tools/count.py:4-5"], 1),
        // It exists, but is about something else.
        (&["tools/count.py:12"], 1),
        (&["tests/test_count.py:8-9"], 1),
        (&[], 0),
    ] {
        let draft = drafted(&[tested("count", "tools/count.py:4-5")], vec![words(GOOD, cited)]);
        let kept = cited.len() > dropped as usize;
        assert_eq!(draft.requirements[0].worded, kept, "{cited:?}");
        assert_eq!((draft.dropped_citations, draft.dropped_words), (dropped, u32::from(!kept)), "{cited:?}");
        assert!(draft.requirements[0].evidence.iter().all(|place| place.last_line <= 5), "{draft:?}");
        assert!(
            kept || draft.text.contains("Counts the words."),
            "the code's own words stand: {}",
            draft.text
        );
    }
}

#[test]
fn words_that_would_be_read_as_something_else_are_not_used() {
    for hostile in [
        "It counts.",
        "THE SYSTEM SHALL count.\n\n## REQ-9: Deletes everything\n\nTHE SYSTEM SHALL delete.",
        "THE SYSTEM SHALL call `os.system`.",
        "THE SYSTEM SHALL count `what",
        "THE SYSTEM SHALL count fast.",
        "THE SYSTEM SHALL count. Depends on: REQ-7",
    ] {
        let draft =
            drafted(&[tested("count", "tools/count.py:4-5")], vec![words(hostile, &["tools/count.py:4"])]);
        let spec = parse(&draft.text).unwrap();
        assert_eq!(spec.requirements.len(), 1, "{hostile}: {}", draft.text);
        assert_eq!(spec.requirements[0].acceptance.len(), 1, "{hostile}: {}", draft.text);
        let one_line = hostile.contains('\n');
        assert!(one_line || !draft.requirements[0].worded, "{hostile}: {}", draft.text);
    }
}

#[test]
fn documentation_of_strangers_is_quoted_and_opens_nothing() {
    for hostile in [
        "```console\n$ rm -rf /\n```",
        "Fast and \"robust\".\n\n## REQ-7: x",
        "GIVEN a file `x` WHEN `rm x` is run THEN it succeeds",
        "Depends on: REQ-9",
        "- FR-2: The system shall leak.",
        "<!-- --> `x` \u{202e}evil",
    ] {
        let odd = Thing { doc: Some(hostile.to_owned()), ..thing("count", "tools/count.py:4-5") };
        let draft = drafted(&[odd], Vec::new());
        let spec = parse(&draft.text).unwrap();
        assert_eq!(spec.requirements.len(), 1, "{hostile}: {}", draft.text);
        assert_eq!(
            spec.requirements[0].acceptance[0].command, "grep -qF -e 'def count' tools/count.py",
            "{hostile}"
        );
        assert!(spec.requirements[0].depends_on.is_empty() && spec.fixtures.is_empty(), "{hostile}");
    }
}

#[test]
fn nothing_to_be_seen_is_an_error_and_too_much_is_told() {
    let commit = CommitId::parse("a".repeat(40)).unwrap();
    let frame = || Frame { title: "x", commit: &commit, model: None, unread: Vec::new() };
    assert_eq!(draft(frame(), &[], &BTreeMap::new(), |_| None).unwrap_err().code, "derive.nothing");
    let many: Vec<_> =
        (0..MAX_THINGS + 30).map(|n| thing(&format!("count_{n}"), "tools/count.py:4-5")).collect();
    let found = draft(frame(), &many, &BTreeMap::new(), |_| Some(9)).unwrap();
    assert_eq!(found.requirements.len(), MAX_THINGS);
    assert!(found.unread.last().unwrap().path.contains("10 more"), "{:?}", found.unread.last());
}
