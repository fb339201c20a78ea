use super::*;

fn reading(lines: &[&str]) -> Reading {
    let mut scenario = Scenario::default();
    for (at, line) in lines.iter().enumerate() {
        let mut inline = Inline::of_line(line);
        inline.bold = true;
        let last = scenario.steps.last().map(|s| s.keyword);
        let line = u32::try_from(at).unwrap() + 1;
        scenario.steps.extend(steps(&inline, line, last, true).expect("a step"));
    }
    scenario.read()
}

#[test]
fn a_scenario_with_values_becomes_a_check_and_a_file() {
    let read = reading(&[
        "GIVEN a file `a.txt` with `one two`",
        "WHEN `wc -w a.txt` is run",
        "THEN it prints `2`",
        "AND exits with 3",
        "AND stderr contains `odd`",
    ]);
    assert_eq!(read.files, [Fixture { path: "a.txt".into(), content: "one two\n".into() }]);
    assert!(read.unread.is_empty(), "{read:?}");
    let check = &read.examples[0];
    assert_eq!((check.command.as_str(), check.exit, check.line), ("wc -w a.txt", 3, 2));
    assert_eq!((check.stdout.as_deref(), check.stderr_contains.as_deref()), (Some("2"), Some("odd")));
}

#[test]
fn one_line_may_hold_the_whole_scenario() {
    let read = reading(&[
        "Given an empty file `a.txt`, When I run `x a.txt`, Then the exit code is `0` and it prints nothing",
    ]);
    assert_eq!(read.files[0].content, "");
    assert_eq!((read.examples[0].exit, read.examples[0].stdout.as_deref()), (0, Some("")));
    let read = reading(&[
        "GIVEN `a` does not exist WHEN `x a` is run THEN it exits with code 2 and prints `no` to standard error",
    ]);
    let check = &read.examples[0];
    assert_eq!(
        (check.exit, check.stdout.as_deref(), check.stderr_contains.as_deref()),
        (2, None, Some("no"))
    );
}

#[test]
fn a_scenario_that_cannot_be_run_is_told_with_its_reason() {
    for (lines, reason) in [
        (vec!["GIVEN the user is logged in", "WHEN `x` is run", "THEN it prints `1`"], "cannot be set up"),
        (vec!["WHEN the user asks", "THEN it prints `1`"], "no command"),
        (vec!["WHEN `count(\"a\")` is run", "THEN it prints `1`"], "is a call"),
        (vec!["WHEN `x` is run", "THEN all is well"], "nothing after THEN"),
        (vec!["WHEN `x` is run"], "nothing after THEN"),
        (vec!["GIVEN a file `../a` with `b`", "WHEN `x` is run", "THEN it prints `1`"], "not a path"),
    ] {
        let read = reading(&lines);
        assert!(read.examples.is_empty(), "{lines:?}");
        assert!(read.unread[0].reason.contains(reason), "{:?}", read.unread);
    }
}

#[test]
fn of_two_outcomes_the_one_that_cannot_be_checked_is_told() {
    let read = reading(&["WHEN `x` is run", "THEN it prints `1`", "AND the user is glad"]);
    assert_eq!((read.examples.len(), read.unread.len()), (1, 1));
}

#[test]
fn a_gherkin_block_is_read_with_its_documents() {
    let block = "Feature: f\n  Scenario: s\n    Given a file \"a.txt\" with:\n    \"\"\"\n    one\n    two\n    \"\"\"\n    When I run \"x a.txt\"\n    Then it prints \"2\"\n  Scenario: t\n    When I run \"y\"\n    Then it succeeds\n";
    let found = scenarios(block, 5);
    assert_eq!(found.len(), 2);
    let read = found[0].read();
    assert_eq!(read.files[0].content, "one\ntwo\n");
    assert_eq!((read.examples[0].line, read.examples[0].command.as_str()), (12, "x a.txt"));
    assert_eq!(found[1].read().examples[0].exit, 0);
}

#[test]
fn plain_sentences_and_ears_sentences_are_no_steps() {
    for text in [
        "When the file is missing, it must exit 2.",
        "and so on",
        "WHEN a file is missing THE SYSTEM SHALL exit",
    ] {
        assert_eq!(steps(&Inline::of_line(text), 1, None, false), None, "{text}");
    }
    for ears in [
        "WHEN a file is missing THE SYSTEM SHALL exit with 2",
        "While idle, the tool shall sleep.",
        "IF x is wrong, THEN the system shall say so",
        "The system shall count words.",
    ] {
        assert!(is_ears(ears), "{ears}");
    }
    assert!(!is_ears("The user should be glad."));
}
