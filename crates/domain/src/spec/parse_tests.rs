use proptest::prelude::*;

use super::*;
use crate::spec::Spec;

fn read_ok(text: &str) -> Spec {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn ids(spec: &Spec) -> Vec<&str> {
    spec.requirements.iter().map(|r| r.id.as_str()).collect()
}

fn reasons(spec: &Spec) -> String {
    spec.not_understood
        .iter()
        .map(|p| format!("{}: {}: {}\n", p.line, p.text, p.reason))
        .collect::<Vec<_>>()
        .concat()
}

#[test]
fn an_empty_spec_is_refused() {
    for text in ["", " \n\t\r\n", "\u{feff}"] {
        let error = parse(text).unwrap_err();
        assert_eq!(
            (error.clone(), error.problem().code.as_str()),
            (SpecError::Empty, "spec.empty"),
            "{text:?}"
        );
    }
}

#[test]
fn what_is_not_text_is_refused_with_the_place() {
    assert_eq!(read(b"# T\n\xff\xfe"), Err(SpecError::Binary { offset: 4, line: 2 }));
    assert_eq!(read(b"\x7fELF\0\0"), Err(SpecError::Binary { offset: 4, line: 1 }));
    assert_eq!(read("# T\n\0".as_bytes()).unwrap_err().problem().code, "spec.binary");
    assert!(read(&"# T\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>()).is_err());
}

#[test]
fn fifty_megabytes_are_refused_whatever_they_hold() {
    let bytes = vec![0_u8; 50 * 1024 * 1024];
    assert_eq!(read(&bytes), Err(SpecError::TooLarge { bytes: bytes.len() }));
    let text = "a".repeat(MAX_SPEC_BYTES + 1);
    assert_eq!(parse(&text).unwrap_err().problem().code, "spec.too_large");
}

#[test]
fn a_text_that_asks_for_nothing_is_no_spec() {
    for text in ["Hello there.", "# Title\n\nSome words about nothing.\n", "```rust\nfn main() {}\n```\n"] {
        assert_eq!(parse(text).unwrap_err().problem().code, "spec.no_requirements", "{text}");
    }
}

#[test]
fn more_requirements_than_can_be_planned_are_refused() {
    let text = (0..=MAX_REQUIREMENTS).map(|n| format!("## REQ-{n}: a\n\n")).collect::<Vec<_>>().concat();
    assert_eq!(parse(&text), Err(SpecError::TooMany { requirements: MAX_REQUIREMENTS + 1 }));
}

#[test]
fn one_label_for_two_texts_is_refused_with_both_lines() {
    let error = parse("# T\n\n## REQ-1: a\n\nx\n\n## REQ-1: b\n\ny\n").unwrap_err();
    assert_eq!(
        error,
        SpecError::ContradictoryIds {
            id: RequirementId::parse("REQ-1").unwrap(),
            first_line: 3,
            second_line: 7
        }
    );
    assert_eq!(error.line(), Some(7));
    assert!(error.problem().next.contains("line 7"), "{:?}", error.problem());
    assert!(parse("- REQ-1: a\n- REQ-2: b\n- REQ-1: c\n").is_err());
    let other_check = "## REQ-1: a\n\n```console\n$ x\n1\n```\n\n## REQ-1: a\n\n```console\n$ x\n2\n```\n";
    assert!(parse(other_check).is_err());
}

#[test]
fn the_same_requirement_said_twice_counts_once() {
    assert_eq!(
        ids(&read_ok("## REQ-1: a\n\nText.\n\n## REQ-2: b\n\n## REQ-1: A\n\ntext.\n")),
        ["REQ-1", "REQ-2"]
    );
}

#[test]
fn a_circle_of_stated_dependencies_is_refused_and_the_shortest_is_shown() {
    let text = "## REQ-1: a\n\nDepends on: REQ-2\n\n## REQ-2: b\n\nDepends on: REQ-3\n\n## REQ-3: c\n\nDepends on: REQ-1, REQ-2\n";
    let error = parse(text).unwrap_err();
    let SpecError::Cyclic { cycle, line } = &error else { panic!("{error}") };
    assert_eq!((cycle.len(), *line), (2, 5));
    assert!(error.to_string().contains("REQ-2 needs REQ-3 needs REQ-2"), "{error}");
    assert_eq!(error.problem().code, "spec.cyclic");
}

#[test]
fn a_mention_that_would_close_a_circle_is_told_and_left_out() {
    let spec = read_ok("## REQ-1: a\n\nSee REQ-2.\n\n## REQ-2: b\n\nDepends on: REQ-1\n");
    assert!(spec.requirements[0].depends_on.is_empty());
    assert_eq!(spec.requirements[1].depends_on.len(), 1);
    assert!(reasons(&spec).contains("close a circle"), "{}", reasons(&spec));
}

#[test]
fn a_fixture_that_would_leave_the_repository_is_refused() {
    for info in [
        "text file=../../etc/cron.d/x",
        "text file=/etc/passwd",
        "text .git/hooks.txt",
        "text title=\"a/../../b\"",
    ] {
        let error = parse(&format!("## REQ-1: a\n\n```{info}\nx\n```\n")).unwrap_err();
        assert_eq!((error.problem().code.as_str(), error.line()), ("spec.unsafe_fixture", Some(3)), "{info}");
    }
}

#[test]
fn every_problem_says_what_to_do_next() {
    let id = || RequirementId::parse("REQ-1").unwrap();
    for error in [
        SpecError::Empty,
        SpecError::Binary { offset: 0, line: 1 },
        SpecError::TooLarge { bytes: 1 },
        SpecError::NoRequirements { lines: 3 },
        SpecError::TooMany { requirements: 9 },
        SpecError::ContradictoryIds { id: id(), first_line: 1, second_line: 2 },
        SpecError::UnsafeFixture { fault: crate::scope::RelativePath::parse("..").unwrap_err(), line: 1 },
        SpecError::Cyclic { cycle: vec![id()], line: 1 },
    ] {
        let problem = error.problem();
        assert!(problem.code.starts_with("spec.") && problem.next.len() > 20, "{problem:?}");
    }
}

#[test]
fn a_labelled_section_has_its_text_files_checks_and_needs() {
    let text = "# Tool\n\nPython only.\n\n## REQ-1: Counts words\n\nIn `t/words.py`; text is `text/plain`.\n\n\
                ## REQ-2: Prints\n\nIn `t/out.py`. Reads `in.txt`.\n\n```text in.txt\nx\n```\n\n### Detail\n\n- Depends on: REQ-1\n\n\
                ```console\n$ python3 -m t.out in.txt\n1\n[exit 2]\n```\n\n## Notes\n\nWritten in spring.\n";
    let spec = read_ok(text);
    assert_eq!(spec.title, "Tool");
    assert_eq!(spec.overview, "Python only.\n\n## Notes\n\nWritten in spring.");
    let [first, second] = spec.requirements.as_slice() else { panic!() };
    assert_eq!(
        (first.title.as_str(), first.line, first.files.as_slice()),
        ("Counts words", 5, &["t/words.py".to_owned()][..])
    );
    assert_eq!(second.files, ["t/out.py"]);
    assert_eq!(second.depends_on, std::slice::from_ref(&first.id));
    assert!(second.text.contains("### Detail") && !second.text.contains("exit 2"), "{}", second.text);
    assert_eq!((second.acceptance[0].exit, second.acceptance[0].line), (2, 22));
    assert_eq!(spec.fixtures[0].content, "x\n");
    assert!(spec.not_understood.is_empty(), "{}", reasons(&spec));
}

#[test]
fn labels_are_found_in_lists_tables_and_paragraphs() {
    let list = read_ok(
        "# T\n\n- REQ-1: must a\n\n  Depends on: REQ-2\n- **REQ-2** b with `x.py`\n  - detail\n\nAfter the list.\n",
    );
    assert_eq!(ids(&list), ["REQ-1", "REQ-2"]);
    assert_eq!(list.requirements[0].depends_on[0].as_str(), "REQ-2");
    assert_eq!(
        (list.requirements[1].title.as_str(), list.requirements[1].files.as_slice()),
        ("b with `x.py`", &["x.py".to_owned()][..])
    );
    assert!(list.requirements[1].text.contains("- detail") && list.overview.contains("After the list."));
    let table = read_ok("| id | what |\n|---|---|\n| FR-1 | it counts |\n| FR-2 | it prints |\n\nMore.\n");
    assert_eq!(ids(&table), ["FR-1", "FR-2"]);
    assert_eq!(table.requirements[1].text, "it prints");
    let paragraphs = read_ok("**REQ-1**: count.\n\n```console\n$ x\n```\n\n**REQ-2**: print.\n");
    assert_eq!((ids(&paragraphs), paragraphs.requirements[0].acceptance.len()), (vec!["REQ-1", "REQ-2"], 1));
}

#[test]
fn within_a_requirement_a_list_may_name_others() {
    let spec = read_ok("## REQ-1: a\n\n## REQ-2: b\n\n- REQ-1: its words are used\n- REQ-7: another thing\n");
    assert_eq!(ids(&spec), ["REQ-1", "REQ-2"]);
}

#[test]
fn a_spec_without_labels_gives_ids_from_the_text() {
    let text = "# Tool\n\nAbout it.\n\n## Count words\n\nIt must count.\n\n## Print\n\nIt prints.\n\n```console\n$ x\n1\n```\n\n## Background\n\nIt should be told that this is old.\n";
    let spec = read_ok(text);
    assert_eq!(spec.requirements.len(), 2);
    assert!(spec.requirements.iter().all(|r| r.id.as_str().starts_with("R-")));
    assert_eq!(spec.requirements[1].acceptance.len(), 1);
    let moved = read_ok(
        &text.replace("About it.", "Other words.\n\nAnd  more.").replace("It must  count", "It must count"),
    );
    assert_eq!(ids(&moved), ids(&spec), "the same text keeps its id");
    let other = read_ok(&text.replace("It must count.", "It must count all."));
    assert_ne!(ids(&other)[0], ids(&spec)[0]);
    assert_eq!(ids(&other)[1], ids(&spec)[1]);
}

#[test]
fn only_a_heading_that_is_nothing_but_an_aside_is_one() {
    let spec = read_ok(
        "# T\n\n## History list\n\nIt must show ten.\n\n## History\n\nIt should have been last year.\n",
    );
    assert_eq!(spec.requirements.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(), ["History list"]);
    assert!(spec.overview.contains("last year"));
}

#[test]
fn lists_and_ears_sentences_are_requirements_without_labels() {
    let list = read_ok("# T\n\n## Requirements\n\n- Count words\n- Print them\n  - in order\n");
    assert_eq!(
        list.requirements.iter().map(|r| r.title.as_str()).collect::<Vec<_>>(),
        ["Count words", "Print them"]
    );
    assert!(list.requirements[1].text.contains("in order"));
    let ears = read_ok(
        "# T\n\nThe tool shall count words.\n\nWHEN a file is missing THE SYSTEM SHALL exit with 2.\n",
    );
    assert_eq!(ears.requirements.len(), 2);
    assert_eq!(read_ok("The tool must count words.").requirements.len(), 1);
}

#[test]
fn what_is_not_understood_is_told_never_dropped() {
    let spec = read_ok(
        "# T\n\nIt must be secure.\n\n```console\n$ orphan\n```\n\n## REQ-1: a\n\nDepends on: REQ-9\n\n```console\nout\n$ x\n1\n$ x\n2\n$ cd a\n```\n\n\
         - GIVEN the user is logged in\n- WHEN `x` is run\n- THEN it prints `1`\n",
    );
    let told = reasons(&spec);
    for reason in [
        "3: It must be secure.",
        "orphan",
        "REQ-9",
        "begins with its command",
        "different result",
        "shell of its own",
        "cannot be set up",
    ] {
        assert!(told.contains(reason), "{reason} is not in\n{told}");
    }
    let requirement = &spec.requirements[0];
    assert_eq!(requirement.acceptance.len(), 1);
    assert!(requirement.text.contains("GIVEN the user is logged in"), "{}", requirement.text);
    assert_eq!(spec.undefined(), [(requirement.id.clone(), "REQ-9".to_owned())]);
}

#[test]
fn an_example_elsewhere_goes_to_the_requirement_that_is_named_before_it() {
    let spec =
        read_ok("## REQ-1: a\n\n## REQ-2: b\n\n## Examples\n\nFor REQ-2:\n\n```console\n$ x\n1\n```\n");
    assert_eq!(spec.requirements[1].acceptance.len(), 1);
    assert!(spec.not_understood.is_empty());
}

#[test]
fn scenarios_become_checks_and_fixtures() {
    let spec = read_ok(
        "## REQ-1: a\n\n- GIVEN a file `in.txt` with `1`\n- WHEN `cat in.txt` is run\n- THEN it prints:\n\n  ```\n  1\n  ```\n- AND exits with 0\n\n\
         ## REQ-2: b\n\n```gherkin\nScenario: s\n  When I run \"y\"\n  Then it exits with 2\n```\n",
    );
    assert_eq!(spec.fixtures[0].path, "in.txt");
    assert_eq!(spec.requirements[0].acceptance[0].stdout.as_deref(), Some("1"), "{}", reasons(&spec));
    assert_eq!(spec.requirements[1].acceptance[0].exit, 2);
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let text = "# T\n\n## REQ-1: a\n\nText.\n\n```text a.txt\nx\ny\n```\n\n```console\n$ x\n1\n2\n```\n";
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(read(windows.as_bytes()), parse(text));
}

#[test]
fn one_fixture_path_with_two_contents_is_told() {
    let spec =
        read_ok("## REQ-1: a\n\n```text a.txt\nx\n```\n\n```text a.txt\ny\n```\n\n```text a.txt\nx\n```\n");
    assert_eq!(
        (spec.fixtures.len(), spec.fixtures[0].content.as_str(), spec.not_understood.len()),
        (1, "x\n", 1)
    );
}

#[test]
fn a_hostile_text_of_the_largest_size_is_read_all_the_same() {
    for piece in [
        "> ",
        "- ",
        "*a ",
        "[",
        "`",
        "# REQ-1: a\n",
        "REQ-1 needs REQ-2 ",
        "|a",
        "<!--",
        "\u{e000}`",
        "GIVEN ",
    ] {
        let text = piece.repeat(MAX_SPEC_BYTES / 8 / piece.len());
        let _ = parse(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn reading_never_panics(text in "(\\PC|\n|#|`|- |\\$ |REQ-[1-3]: |Depends on: |GIVEN |WHEN |THEN |```console\n){0,60}") {
        let _ = parse(&text);
    }

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn what_is_read_is_whole_and_the_same_each_time(
        names in proptest::collection::btree_set(1_u32..40, 1..12),
        words in "[a-z]{1,8}( [a-z]{1,8}){0,5}",
    ) {
        let text = names.iter().map(|n| format!("## REQ-{n}: {words}\n\nIt {words}.\n\n")).collect::<Vec<_>>().concat();
        let spec = parse(&text).unwrap();
        prop_assert_eq!(spec.requirements.len(), names.len());
        prop_assert_eq!(&parse(&text).unwrap(), &spec);
        let json = serde_json::to_string(&spec).unwrap();
        prop_assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), spec);
    }

    #[test]
    fn an_id_from_text_does_not_depend_on_what_stands_around_it(
        before in "[a-z ]{0,40}",
        title in "[A-Z][a-z]{3,8} [a-z]{3,8}",
    ) {
        let section = format!("## {title}\n\nIt must hold.\n");
        let alone = parse(&section).unwrap();
        let among = parse(&format!("# T\n\n{before}\n\n## Other thing\n\nIt must too.\n\n{section}")).unwrap();
        prop_assert_eq!(&among.requirements.last().unwrap().id, &alone.requirements[0].id);
    }
}
