//! Questions with one answer: what comes back is bounded, held against the spec, and never trusted.

use serde_json::json;
use swarm_agents::{
    Conflict, ConflictSide, SummaryLine, asked_again, conflict_request, drafting_request, read_conflict,
    read_proposal, read_review, read_skeleton, read_summary, read_ticket, review_request, skeleton_request,
    summary_request, ticket_request,
};
use swarm_domain::{
    agent::Capability,
    drafting::{Conversation, Said, Speaker},
    finding::FindingCode,
    ticket::Risk,
};
use swarm_model::{Capabilities, ChatRequest, Finish, ReplyFormat, tokens};

use crate::setting::{LARGE, SMALL, agent, requirement, says, spec, ticket};

#[test]
fn a_skeleton_names_only_what_the_spec_has() {
    let reply = says(
        &json!({"tickets": [
            {"title": "A\u{202e}\n title", "requirements": ["req-1", "REQ-99", "REQ-1"], "files": ["a.py", "../x", ".git/x", "a.py"], "kind": "test"},
            {"title": "By its text", "requirements": ["Ranks words", 7], "files": "none", "kind": "poem"},
            {"title": "Nothing", "requirements": ["REQ-99"], "files": [], "kind": "code"},
        ]})
        .to_string(),
    );
    let skeleton = read_skeleton(&reply, &spec()).unwrap();
    assert_eq!(skeleton.tickets.len(), 2);
    assert_eq!(skeleton.tickets[0].title, "A title");
    assert_eq!(skeleton.tickets[0].requirements, ["REQ-1"]);
    assert_eq!(skeleton.tickets[0].files, ["a.py"]);
    assert_eq!(
        (skeleton.tickets[1].requirements[0].as_str(), skeleton.tickets[1].kind.as_str()),
        ("REQ-2", "code")
    );
}

#[test]
fn an_answer_that_cannot_be_used_says_why_and_is_asked_for_again() {
    let request = skeleton_request(&agent(Capability::Plan), &spec(), SMALL);
    for text in [
        "",
        "I would make two tickets.",
        "{\"tickets\": []}",
        "{\"tickets\": 3}",
        "[1]",
        "{\"tickets\": [{\"requirements\": [\"X\"]}]}",
    ] {
        let reply = says(text);
        let misread = read_skeleton(&reply, &spec()).unwrap_err();
        assert_eq!(misread.finding().code, FindingCode::Malformed);
        let again = asked_again(&request, &reply, &misread, SMALL);
        assert_eq!(again.messages.len(), 4, "{text}");
        assert!(again.messages[3].text().contains(&misread.detail));
    }
    let mut cut = says("{\"tickets\": [{\"requirements\": [\"REQ-1\"]}]}");
    cut.finish = Finish::Length;
    assert!(read_skeleton(&cut, &spec()).unwrap_err().detail.contains("cut off"));
    let many: Vec<_> = (0..201).map(|_| json!({"requirements": ["REQ-1"]})).collect();
    assert!(read_skeleton(&says(&json!({"tickets": many}).to_string()), &spec()).is_err());
    assert!(read_skeleton(&says(&"{".repeat(2 << 20)), &spec()).is_err());
}

#[test]
fn a_merged_file_is_whole_without_marks_and_one_of_those_that_clash() {
    let paths = ["a.py".to_owned(), "b.py".to_owned()];
    let answer =
        |a: &str, b: &str| says(&format!("a.py\n```python\n{a}\n```\n\nb.py\n```python\n{b}\n```\n"));
    let files = read_conflict(&answer("x = 1", "y = 2"), &paths).unwrap();
    assert_eq!(files[1], ("b.py".to_owned(), "y = 2\n".to_owned()));
    let marked = read_conflict(&answer("<<<<<<< ours\nx = 1", "y = 2"), &paths).unwrap_err();
    assert!(marked.detail.contains("marks"), "{marked}");
    let half = read_conflict(&says("a.py\n```python\nx = 1\n```\n"), &paths).unwrap_err();
    assert!(half.detail.contains("b.py"), "{half}");
    let other = answer("x = 1", "y = 2").text.replace("b.py", "../../etc/passwd");
    assert!(read_conflict(&says(&other), &paths).is_err());
    assert!(read_conflict(&says("I would rather not."), &paths).is_err());
}

#[test]
fn a_conflict_shows_both_sides_and_fits_into_the_smallest_model() {
    let files = [("a.py".to_owned(), "<<<<<<< x\n1\n=======\n2\n>>>>>>> y\n".to_owned())];
    let (merged_for, made_for) = (["Add one".to_owned()], ["Add two".to_owned()]);
    let long = "+line of the other side\n".repeat(20_000);
    let conflict = Conflict {
        files: &files,
        merged: ConflictSide { purposes: &merged_for, diff: &long },
        candidate: ConflictSide { purposes: &made_for, diff: "+2" },
        faults: &[],
    };
    let request = conflict_request(&agent(Capability::Resolve), &conflict, SMALL);
    let text = request.messages[1].text();
    for part in ["a.py", "=======", "Add one", "Add two"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let taken = tokens::of_request(&request) + u64::from(request.max_tokens);
    assert!(taken <= u64::from(SMALL.context_tokens), "{taken}");
}

#[test]
fn a_ticket_writer_changes_words_and_never_lowers_a_risk() {
    let mut draft = ticket(&["a.py"]);
    draft.risk = Risk::Medium;
    let before = draft.clone();
    let reply = says(
        "Sure:\n```json\n{\"title\": \"Rank words.\", \"notes\": \"Mind\\u0000 ties.\", \"risk\": \"low\", \"id\": \"T-9\", \"acceptance\": [\"true\"]}\n```",
    );
    read_ticket(&reply, &draft).unwrap().apply(&mut draft);
    assert_eq!((draft.title.as_str(), draft.risk), ("Rank words", Risk::Medium));
    assert!(draft.description.starts_with(&before.description) && draft.description.ends_with("Mind ties."));
    assert_eq!(
        (&draft.id, &draft.acceptance, &draft.touches),
        (&before.id, &before.acceptance, &before.touches)
    );
    let untitled =
        read_ticket(&says("{\"title\": \" \", \"notes\": \"n\", \"risk\": \"cosmic\"}"), &before).unwrap();
    assert_eq!((untitled.title, untitled.risk), (before.title, Risk::Low));
}

#[test]
fn a_review_is_of_files_that_the_author_can_mend() {
    let fault = |path: &str, problem: &str| json!({"path": path, "problem": problem, "fix": "f"});
    let reply = says(
        &json!({"faults": [fault("a.py", "p"), fault("a.py", "p"), fault("b.py", "q"), fault("a.py", " ")]})
            .to_string(),
    );
    let findings = read_review(&reply, &ticket(&["a.py"])).unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].code, findings[0].path.as_deref()), (FindingCode::Review, Some("a.py")));
    assert_eq!(read_review(&says("{\"faults\": []}"), &ticket(&["a.py"])), Ok(Vec::new()));
    assert!(read_review(&says("Looks good to me!"), &ticket(&["a.py"])).is_err());
}

#[test]
fn a_summary_has_a_title_and_a_text() {
    assert!(read_summary(&says("{\"title\": \"\", \"text\": \"x\"}")).is_err());
    let summary =
        read_summary(&says("{\"title\": \"Add textstat.\", \"text\": \"It counts.\\nIt ranks.\"}")).unwrap();
    assert_eq!((summary.title.as_str(), summary.text.as_str()), ("Add textstat", "It counts.\nIt ranks."));
}

#[test]
fn questions_fit_into_a_small_context_however_large_the_spec_is() {
    let mut big = spec();
    big.overview = "Background. ".repeat(5_000);
    big.requirements =
        (0..60).map(|n| requirement(&format!("REQ-{n}"), "Does a thing", &"Text. ".repeat(300))).collect();
    let lines: Vec<_> = (0..300)
        .map(|_| SummaryLine { title: "Do a thing that takes many words", outcome: "merged" })
        .collect();
    let mut ticket = ticket(&["a.py"]);
    ticket.requirements = big.requirements.iter().map(|r| r.id.clone()).collect();
    let diff = "+ line\n".repeat(50_000);
    let requests: Vec<ChatRequest> = vec![
        skeleton_request(&agent(Capability::Plan), &big, SMALL),
        ticket_request(&agent(Capability::Ticket), &ticket, &big, SMALL),
        review_request(&agent(Capability::Review), &ticket, &big.requirements, &diff, SMALL),
        summary_request(&agent(Capability::Summarise), &big, &lines, SMALL),
    ];
    for request in requests {
        let tokens = tokens::of_request(&request) + u64::from(request.max_tokens);
        assert!(tokens <= 8_192, "{tokens}: {}", request.messages[0].text());
    }
}

#[test]
fn a_model_without_schemas_is_shown_the_form() {
    let plain = Capabilities { json_schema: false, ..LARGE };
    let request = skeleton_request(&agent(Capability::Plan), &spec(), plain);
    assert_eq!(request.format, ReplyFormat::Text);
    assert!(request.messages[0].text().contains("\"tickets\""));
    let ReplyFormat::Json { schema, .. } = skeleton_request(&agent(Capability::Plan), &spec(), SMALL).format
    else {
        panic!("no schema")
    };
    assert!(schema.to_string().contains("\"enum\":[\"REQ-1\",\"REQ-2\"]"));
}

#[test]
fn the_same_question_is_the_same_request() {
    let ask = || serde_json::to_string(&skeleton_request(&agent(Capability::Plan), &spec(), SMALL)).unwrap();
    assert_eq!(ask(), ask());
    insta::assert_snapshot!(skeleton_request(&agent(Capability::Plan), &spec(), SMALL).messages[1].text());
}

#[test]
fn what_is_proposed_of_a_conversation_is_bounded_and_stripped() {
    let reply = says(
        &json!({
            "reply": "I wrote\u{202e} two.", "title": "...", "overview": "",
            "requirements": [
                {"id": "", "title": "Counts words.", "text": "THE SYSTEM SHALL count.", "examples": [
                    {"command": "echo 1", "output": "1\n"}, {"command": "...", "output": "..."}, {"command": 3},
                ]},
                {"id": "REQ-1", "title": "...", "text": "WHEN ... THE SYSTEM SHALL ...", "examples": []},
                {"title": "", "text": "nothing"},
                "none",
            ],
            "removed": ["REQ-9", 3, ""], "questions": ["Which?", "...", "Why?", "When?", "Where?"],
        })
        .to_string(),
    );
    // An entry that is no object is no form that was asked for.
    assert!(read_proposal(&reply).is_err());
    let text = reply.text.replace(",\"none\"", "");
    let proposal = read_proposal(&says(&text)).unwrap();
    assert_eq!((proposal.reply.as_str(), proposal.title.as_str()), ("I wrote two.", ""));
    assert_eq!(proposal.requirements.len(), 1);
    let one = &proposal.requirements[0];
    assert_eq!((one.id.as_str(), one.title.as_str(), one.examples.len()), ("", "Counts words", 1));
    assert_eq!(proposal.removed, ["REQ-9"]);
    assert_eq!(proposal.questions, ["Which?", "Why?", "When?"]);
    let nothing = json!({"reply": "...", "requirements": []}).to_string();
    assert!(read_proposal(&says(&nothing)).unwrap_err().detail.contains("neither"));
}

#[test]
fn a_conversation_fits_into_the_smallest_model_with_what_was_said_last() {
    let said = |by, text: &str| Said { by, text: text.to_owned() };
    let long = "x ".repeat(3_000);
    let talk = vec![
        said(Speaker::Person, &format!("first {long}")),
        said(Speaker::Writer, &long),
        said(Speaker::Person, "Ties by the alphabet."),
    ];
    let small = Conversation { text: "# T\n\n## REQ-1: A\n\nIt holds.\n".to_owned(), talk };
    let whole = drafting_request(&agent(Capability::Specify), &small, Some(&spec()), SMALL);
    assert!(whole.is_whole);
    let text = whole.request.messages[1].text().to_owned();
    assert!(text.contains("## REQ-1: A") && text.ends_with("Person: Ties by the alphabet."), "{text}");
    assert!(!text.contains("first"), "{text}");

    let large = Conversation { text: format!("# T\n\n{}", "words ".repeat(20_000)), ..small };
    let cut = drafting_request(&agent(Capability::Specify), &large, Some(&spec()), SMALL);
    assert!(!cut.is_whole);
    let text = cut.request.messages[1].text();
    assert!(text.contains("- REQ-1: ") && text.contains("Ties by the alphabet."), "{text}");
    for request in [&whole.request, &cut.request] {
        let taken = tokens::of_request(request) + u64::from(request.max_tokens);
        assert!(taken <= u64::from(SMALL.context_tokens), "{taken}");
    }
    let nothing =
        Conversation { text: String::new(), talk: vec![said(Speaker::Person, &"y".repeat(90_000))] };
    let begun = drafting_request(&agent(Capability::Specify), &nothing, None, SMALL);
    let taken = tokens::of_request(&begun.request) + u64::from(begun.request.max_tokens);
    assert!(taken <= u64::from(SMALL.context_tokens), "{taken}");
    assert!(begun.request.messages[1].text().starts_with("There is no spec yet."));
}
