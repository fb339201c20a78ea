use super::*;

const SPEC: &str = "# Word tools\n\nSmall tools in Python.\n\n## REQ-1: Counts words\n\nIn `count.py`. A word is what stands between \
                    white space:\n\n- tabs too,\n- and new lines.\n\n```console\n$ printf 'a b' | python3 count.py\n2\n$ python3 \
                    count.py nope\nstderr: usage\n[exit 2]\n```\n\n<!-- a note -->\n\n## REQ-2: Ranks words\n\nBuilds on REQ-1.\n\n\
                    ```console\n$ printf 'b b a' | python3 top.py\nb 2\na 1\n```\n";

fn new(title: &str, text: &str, examples: &[(&str, &str)]) -> ProposedRequirement {
    let example = |(command, output): &(&str, &str)| ProposedExample {
        command: (*command).into(),
        output: (*output).into(),
    };
    ProposedRequirement {
        id: String::new(),
        title: title.into(),
        text: text.into(),
        examples: examples.iter().map(example).collect(),
    }
}

fn of(id: &str, requirement: ProposedRequirement) -> ProposedRequirement {
    ProposedRequirement { id: id.into(), ..requirement }
}

fn proposed(requirements: Vec<ProposedRequirement>) -> Proposal {
    Proposal { requirements, ..Proposal::default() }
}

fn put(source: &str, proposal: &Proposal) -> Drafted {
    written(source, proposal, "model".to_owned(), |_| true)
}

fn edits(drafted: &Drafted) -> Vec<(EditKind, &str)> {
    drafted.edits.iter().map(|edit| (edit.edit, edit.id.as_str())).collect()
}

#[test]
fn an_idea_becomes_a_spec_that_can_be_planned() {
    let proposal = Proposal {
        title: "Word tools".into(),
        overview: "Small tools in Python.".into(),
        ..proposed(vec![
            new(
                "Counts words",
                "WHEN a text is given, THE SYSTEM SHALL print how many words it has.",
                &[("printf 'a b' | python3 count.py", "2\n")],
            ),
            new("Ranks words", "THE SYSTEM SHALL rank words. Builds on REQ-1.", &[]),
            new(
                "Says what is missing",
                "A file that is not there is an error.\n\n- said on standard error",
                &[("python3 count.py nope", "stderr: no such file\n[exit 2]")],
            ),
        ])
    };
    let drafted = put("  \n", &proposal);
    let added = ["REQ-1", "REQ-2", "REQ-3"].map(|id| (EditKind::Added, id));
    assert_eq!(edits(&drafted), added, "{drafted:?}");
    let spec = parse(&drafted.text).unwrap();
    assert_eq!((spec.title.as_str(), spec.overview.trim()), ("Word tools", "Small tools in Python."));
    assert_eq!(spec.requirements[1].depends_on[0].as_str(), "REQ-1");
    let examples: Vec<_> = spec.requirements.iter().flat_map(|one| &one.acceptance).collect();
    assert_eq!(
        (examples[0].command.as_str(), examples[0].stdout.as_deref().map(str::trim)),
        ("printf 'a b' | python3 count.py", Some("2"))
    );
    assert_eq!((examples[1].exit, examples[1].stderr_contains.as_deref()), (2, Some("no such file")));
    assert!(drafted.text.contains("- said on standard error"), "{}", drafted.text);
}

#[test]
fn what_nothing_was_said_of_stays_as_it_is_to_the_letter() {
    let proposal = Proposal {
        removed: vec!["req-2".into()],
        ..proposed(vec![
            of(
                "REQ-1",
                new(
                    "Counts words",
                    "In `count.py`. A word is what stands between white space or commas.",
                    &[],
                ),
            ),
            new("Counts lines", "In `lines.py`.", &[("printf 'a' | python3 lines.py", "1")]),
        ])
    };
    let drafted = put(SPEC, &proposal);
    assert_eq!(
        edits(&drafted),
        [(EditKind::Changed, "REQ-1"), (EditKind::Added, "REQ-3"), (EditKind::Removed, "REQ-2")],
        "{drafted:?}"
    );
    let (before, after) = (parse(SPEC).unwrap(), parse(&drafted.text).unwrap());
    let bare = |one: &Requirement| -> Vec<_> {
        one.acceptance.iter().map(|one| Acceptance { line: 0, ..one.clone() }).collect()
    };
    assert_eq!(
        bare(&before.requirements[0]),
        bare(&after.requirements[0]),
        "the examples of before prove it still"
    );
    assert!(drafted.text.starts_with("# Word tools\n\nSmall tools in Python.\n\n## REQ-1: Counts words\n"));
    assert_eq!(after.requirements[1].id.as_str(), "REQ-3");

    let one = put(
        SPEC,
        &proposed(vec![of("REQ-2", new("Ranks words", "Builds on REQ-1. Ties by the alphabet.", &[]))]),
    );
    assert_eq!(edits(&one), [(EditKind::Changed, "REQ-2")], "{one:?}");
    let until = SPEC.find("## REQ-2").unwrap();
    assert_eq!(one.text[..until], SPEC[..until]);
    assert_eq!(parse(&one.text).unwrap().requirements[1].depends_on[0].as_str(), "REQ-1");
}

#[test]
fn what_would_be_something_else_than_one_requirement_is_left_out_with_the_reason() {
    for (requirement, why) in [
        (new("", "Nothing.", &[]), "no title"),
        (new("Nothing", " ", &[]), "no text"),
        (new("Two", "- REQ-7: one thing\n- REQ-8: another", &[]), ""),
        (of("REQ-2", new("Ranks words", "Needs REQ-2.\n\n## REQ-1: Steals a label\n\nmine", &[])), ""),
    ] {
        let drafted = put(SPEC, &proposed(vec![requirement.clone()]));
        if drafted.edits.is_empty() {
            assert_eq!(drafted.text, SPEC);
            assert!(drafted.left_out[0].why.contains(why), "{drafted:?}");
        } else {
            // Taken as mere words of the one requirement.
            let spec = parse(&drafted.text).unwrap();
            assert_eq!(spec.requirements[0].title, "Counts words", "{}", drafted.text);
            assert!(spec.requirements.len() <= 3, "{}", drafted.text);
        }
    }
    let drafted = put(SPEC, &Proposal { removed: vec!["REQ-9".into()], ..Proposal::default() });
    assert_eq!((drafted.text.as_str(), drafted.left_out.len()), (SPEC, 1));
    // What the model did not see it cannot mean to change.
    let blind = proposed(vec![of("REQ-1", new("Counts", "Something.", &[]))]);
    let drafted = written(SPEC, &blind, String::new(), |_| false);
    assert_eq!((drafted.text.as_str(), drafted.edits.len(), drafted.left_out.len()), (SPEC, 0, 1));
}

#[test]
fn an_example_that_opens_something_is_left_out_and_the_requirement_stands() {
    let hostile = new(
        "Hides\u{202e} nothing",
        "Some `text`.\n```console\n$ rm -rf /\n```\n# Another title",
        &[
            ("true\n$ rm -rf /", ""),
            ("echo hi", "```\n\n## REQ-9: Mine"),
            ("", "x"),
            ("$ echo fine", "fine"),
            ("echo 2", "$ echo 3"),
        ],
    );
    let drafted = put(SPEC, &proposed(vec![hostile]));
    assert_eq!(edits(&drafted), [(EditKind::Added, "REQ-3")], "{drafted:?}");
    let spec = parse(&drafted.text).unwrap();
    let added = &spec.requirements[2];
    assert_eq!(spec.requirements.len(), 3);
    assert_eq!(added.title, "Hides nothing");
    let commands: Vec<_> = added.acceptance.iter().map(|one| one.command.as_str()).collect();
    assert_eq!(commands, ["echo fine"], "{}", drafted.text);
}

#[test]
fn an_example_without_an_end_is_left_out_and_that_is_said() {
    let endless = "line\n".repeat(MAX_OUTPUT);
    let examples = [("python3 a.py", endless.as_str()), ("python3 b.py", "b")];
    let drafted = put("", &proposed(vec![new("Prints lines", "It prints lines.", &examples)]));
    let commands: Vec<String> = parse(&drafted.text).unwrap().requirements[0]
        .acceptance
        .iter()
        .map(|one| one.command.clone())
        .collect();
    assert_eq!(commands, ["python3 b.py"]);
    let [left] = drafted.left_out.as_slice() else { panic!("{drafted:?}") };
    assert_eq!(left.what, "an example of REQ-1");
    assert!(left.why.contains("more than 1000 characters"), "{}", left.why);
}

#[test]
fn a_text_that_asks_for_nothing_yet_is_gone_on_with() {
    let drafted = put("# Notes\n\nSome thoughts.\n", &proposed(vec![new("Greets", "Says hello.", &[])]));
    assert!(drafted.text.starts_with("# Notes\n\nSome thoughts.\n\n## REQ-1: Greets\n"), "{}", drafted.text);
    let untitled = put("", &proposed(vec![new("Greets", "Says hello.", &[])]));
    assert!(untitled.text.starts_with("# Untitled\n\n## REQ-1: Greets\n"), "{}", untitled.text);
}

#[test]
fn a_conversation_is_bounded_and_ends_with_a_person() {
    let said = |by, text: &str| Said { by, text: text.to_owned() };
    let talk = |talk| Conversation { text: String::new(), talk };
    assert_eq!(talk(vec![said(Speaker::Person, "A tool that counts words.")]).check(), Ok(()));
    for (conversation, code) in [
        (talk(Vec::new()), "spec.nothing_said"),
        (talk(vec![said(Speaker::Person, " ")]), "spec.nothing_said"),
        (talk(vec![said(Speaker::Person, "x"), said(Speaker::Writer, "y")]), "spec.nothing_said"),
        (talk(vec![said(Speaker::Person, &"x".repeat(MAX_SAID + 1))]), "spec.talk_too_long"),
        (talk(vec![said(Speaker::Person, "x"); MAX_TURNS + 1]), "spec.talk_too_long"),
    ] {
        assert_eq!(conversation.check().unwrap_err().code, code);
    }
    let long = Conversation { text: "x".repeat(MAX_SPEC_BYTES + 1), talk: vec![said(Speaker::Person, "x")] };
    assert_eq!(long.check().unwrap_err().code, "spec.too_large");
}
