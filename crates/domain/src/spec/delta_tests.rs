use proptest::prelude::*;

use super::*;
use crate::spec::parse;

const ONE: &str = "# Tool\n\nA tool.\n\n## REQ-1: Adds\n\nIn `add.py`.\n\n```console\n$ python3 add.py 1 2\n3\n```\n\n## REQ-2: Prints\n\nIn `show.py`, uses REQ-1.\n\n```console\n$ python3 show.py data.txt\n3\n```\n\n```text file=data.txt\n1 2\n```\n\n## Notes\n\nNothing more.\n";

fn between(a: &str, b: &str) -> SpecDelta {
    SpecDelta::between(&parse(a).unwrap(), &parse(b).unwrap())
}

fn fields(delta: &SpecDelta, id: &str) -> Vec<Field> {
    delta
        .requirements
        .iter()
        .find_map(|r| match r {
            RequirementDelta::Modified { after, fields, .. } if after.id.as_str() == id => {
                Some(fields.clone())
            }
            _ => None,
        })
        .unwrap_or_default()
}

fn applied(text: &str, delta: &str) -> Result<String, DeltaError> {
    apply(text, &DeltaFile::parse(delta)?)
}

#[test]
fn white_space_and_line_numbers_are_no_change() {
    let moved = ONE
        .replace("A tool.", "A\ntool.\n\n\n")
        .replace("\n3\n", "\n3  \n")
        .replace("In `add.py`", "In  `add.py`");
    let delta = between(ONE, &moved);
    assert!(delta.is_empty(), "{delta:?}");
}

#[test]
fn indentation_in_a_code_block_is_a_change() {
    let code = ONE.replace("In `add.py`.", "In `add.py`.\n\n```python\nif a:\n    b\n```");
    let other = code.replace("    b\n", "b\n");
    assert_eq!(fields(&between(&code, &other), "REQ-1"), [Field::Text]);
}

#[test]
fn what_changed_is_told_field_by_field() {
    let changed = ONE.replace("\n3\n```\n\n## REQ-2", "\n4\n```\n\n## REQ-2");
    assert_eq!(fields(&between(ONE, &changed), "REQ-1"), [Field::Acceptance]);
    let changed = ONE.replace(", uses REQ-1", "");
    assert_eq!(fields(&between(ONE, &changed), "REQ-2"), [Field::Text, Field::DependsOn]);
    let changed = ONE.replace("`add.py`", "`sum.py`").replace("add.py 1", "sum.py 1");
    assert_eq!(fields(&between(ONE, &changed), "REQ-1"), [Field::Text, Field::Acceptance, Field::Files]);
}

#[test]
fn a_changed_file_of_the_examples_changes_what_reads_it_and_nothing_else() {
    let delta = between(ONE, &ONE.replace("1 2\n```\n\n## Notes", "1 3\n```\n\n## Notes"));
    assert_eq!(fields(&delta, "REQ-2"), [Field::Fixtures]);
    assert_eq!(delta.counts(), DeltaCounts { modified: 1, unchanged: 1, ..DeltaCounts::default() });
    assert_eq!(delta.fixtures[0].change, FixtureChange::Modified);
}

#[test]
fn a_new_label_is_a_new_name_and_no_new_requirement() {
    let delta = between(ONE, &ONE.replace("REQ-1", "REQ-7"));
    assert_eq!(delta.counts(), DeltaCounts { unchanged: 2, ..DeltaCounts::default() }, "{delta:?}");
    let was = delta.unchanged();
    let new = RequirementId::parse("REQ-7").unwrap();
    assert_eq!(was[&new].as_str(), "REQ-1");
    assert!(!delta.is_empty());
}

#[test]
fn a_text_that_was_edited_a_little_under_a_new_label_is_the_same_requirement() {
    let one = "# T\n\n## REQ-1: Counts\n\nIt must count the words of each file that it is given and print them sorted.\n";
    let two = "# T\n\n## REQ-5: Counting\n\nIt must count the words of each file that it is given and print them sorted by name.\n";
    assert_eq!(between(one, two).counts().modified, 1);
    let other = "# T\n\n## REQ-5: Sends\n\nMail goes out once a day to everybody on the list.\n";
    let counts = between(one, other).counts();
    assert_eq!((counts.added, counts.removed), (1, 1));
}

#[test]
fn a_delta_is_written_as_open_spec_has_it_and_does_what_it_says() {
    let two = ONE
        .replace("\n3\n```\n\n## REQ-2", "\n3\n$ python3 add.py 2 2\n4\n```\n\n## REQ-2")
        .replace("## Notes", "## REQ-3: Stops\n\nIt must stop.\n\n### Why\n\nBecause.\n\n## Notes");
    let delta = between(ONE, &two).markdown(&two);
    for part in [
        "## ADDED Requirements\n\n### REQ-3: Stops",
        "#### Why",
        "## MODIFIED Requirements",
        "<!-- changed: acceptance -->",
    ] {
        assert!(delta.contains(part), "{part} in {delta}");
    }
    let result = applied(ONE, &delta).unwrap();
    assert_eq!(between(&result, &two).counts().unchanged, 3, "{result}");
    assert!(result.contains("## Notes\n\nNothing more."), "{result}");
}

#[test]
fn a_requirement_goes_and_the_rest_stays_word_for_word() {
    let result = applied(ONE, "## REMOVED Requirements\n\n- REQ-1\n").unwrap();
    assert_eq!(result, ONE.replace(&ONE[ONE.find("## REQ-1").unwrap()..ONE.find("## REQ-2").unwrap()], ""));
}

#[test]
fn an_item_of_a_list_stays_one() {
    let spec = "# T\n\n- **FR-001**: It must add.\n- **FR-002**: It must print.\n- FR-003: It must stop.\n";
    let result = applied(
        spec,
        "## MODIFIED Requirements\n### FR-002: It must print\nIt must print twice.\n## REMOVED Requirements\n### FR-003\n",
    );
    assert_eq!(result.unwrap(), "# T\n\n- **FR-001**: It must add.\n- **FR-002**: It must print twice.\n");
}

#[test]
fn a_delta_that_cannot_be_meant_is_refused_with_its_reason() {
    let code = |delta: &str| applied(ONE, delta).unwrap_err().problem().code;
    let one = "### REQ-1: Adds\n\nIt adds.\n";
    let nine = "### REQ-9: Nine\n\nIt is nine.\n";
    for (delta, wanted) in [
        (String::new(), "delta.empty"),
        ("# Hello\n\nNothing.\n".to_owned(), "delta.empty"),
        (format!("## MODIFIED Requirements\n\n{nine}"), "delta.missing"),
        ("## REMOVED Requirements\n\n### REQ-9\n".to_owned(), "delta.missing"),
        ("## RENAMED Requirements\n- FROM: `REQ-9`\n- TO: `REQ-8`\n".to_owned(), "delta.missing"),
        (format!("## ADDED Requirements\n\n{one}"), "delta.exists"),
        ("## RENAMED Requirements\n- FROM: `REQ-1`\n- TO: `REQ-2`\n".to_owned(), "delta.exists"),
        (format!("## ADDED Requirements\n\n{nine}\n{nine}"), "delta.contradicts"),
        (
            format!("## REMOVED Requirements\n- REQ-1\n\n## MODIFIED Requirements\n\n{one}"),
            "delta.contradicts",
        ),
        (format!("## REMOVED Requirements\n- REQ-1\n\n## ADDED Requirements\n\n{one}"), "delta.contradicts"),
        (format!("## MODIFIED Requirements\n\n{one}\n{one}"), "delta.contradicts"),
        ("## RENAMED Requirements\n- FROM: `REQ-1`\n".to_owned(), "delta.unreadable"),
        ("## ADDED Requirements\n\n### Nice\n\nWords.\n".to_owned(), "delta.unreadable"),
        ("## REMOVED Requirements\n- REQ-1\n- REQ-2\n".to_owned(), "spec.no_requirements"),
    ] {
        assert_eq!(code(&delta), wanted, "{delta}");
    }
}

#[test]
fn a_change_that_would_touch_something_else_is_refused() {
    let spec = "# T\n\n## REQ-1: Adds\n\nIt adds.\n\n- **REQ-2**: It must print.\n\nIt adds twice.\n";
    let result = applied(spec, "## MODIFIED Requirements\n\n### REQ-1: Adds\n\nIt must add once.\n");
    assert!(matches!(result, Err(DeltaError::Entangled { .. })), "{result:?}");
}

/// A spec of some of twelve requirements, each in one of a few forms.
fn spec_text(forms: &[u8]) -> String {
    let mut text = String::from("# Tool\n\nWords before.\n\n");
    for (n, form) in forms.iter().enumerate().filter(|(_, form)| **form > 0) {
        let says = ["adds", "prints", "stops", "reads the files of yesterday", "`writes` to `a/b.txt`"]
            [*form as usize % 5];
        text += &format!("## REQ-{n}: Does {n}\n\nIt must do what {n} {says} with number {form}.\n\n");
        if form % 2 == 0 {
            text += &format!("```console\n$ sh do.sh {n} {form}\n# {form}\n```\n\n");
        }
        if form % 3 == 0 {
            text += "### More\n\nA word on it.\n\n";
        }
    }
    text + "## Notes\n\nThe end.\n"
}

proptest! {
    #[test]
    fn the_delta_of_two_specs_applied_to_the_first_gives_the_requirements_of_the_second(
        a in proptest::collection::vec(0_u8..7, 12),
        b in proptest::collection::vec(0_u8..7, 12),
    ) {
        prop_assume!(a.iter().any(|f| *f > 0) && b.iter().any(|f| *f > 0));
        let (a, b) = (spec_text(&a), spec_text(&b));
        let delta = between(&a, &b);
        if !delta.is_empty() {
            let result = applied(&a, &delta.markdown(&b)).unwrap();
            let after = between(&result, &b);
            prop_assert!(after.is_empty(), "{result}\n----\n{after:?}");
        }
    }

    #[test]
    fn a_spec_does_not_differ_from_itself(forms in proptest::collection::vec(0_u8..7, 12)) {
        prop_assume!(forms.iter().any(|f| *f > 0));
        let text = spec_text(&forms);
        prop_assert!(between(&text, &text.replace("\n\n", "\n\n\n")).is_empty());
    }

    #[test]
    fn no_text_makes_the_reader_of_deltas_panic(text in "(## (ADDED|MODIFIED|REMOVED|RENAMED) Requirements\n|### |REQ-1|: |FROM|TO|\n|- |```|x|é|\\PC){0,40}") {
        let _ = applied(ONE, &text);
    }
}
