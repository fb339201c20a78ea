//! Specs that live: their versions, what differs between them, what is built of a change, and whether they still hold.

use std::fs;

use serde_json::Value;

use crate::{
    model::{Answer, PLANS, WRITES_GREET, WRITES_SHOUT, file},
    world::{GREETER, World, count, git},
};

const BYE: &str =
    "\n## REQ-3: Part\n\n`bye.sh` says goodbye.\n\n```console\n$ sh bye.sh Ada\nBye, Ada.\n```\n";
const WAVE: &str = "\n## REQ-4: Wave\n\n`wave.sh` waves.\n\n```console\n$ sh wave.sh\no/\n```\n";

/// What a planner is asked about, one ticket each.
fn plan(asked: &str) -> Answer {
    let ids = asked.split(PLANS).nth(1).unwrap().lines().next().unwrap().trim_start_matches(':');
    let tickets: Vec<Value> = ids
        .split(',')
        .map(|id| serde_json::json!({"title": id.trim(), "requirements": [id.trim()], "files": [], "kind": "code"}))
        .collect();
    Answer::Say(serde_json::json!({ "tickets": tickets }).to_string())
}

/// Everybody at their best, but nobody can part.
fn staff(asked: &str, loud: &str) -> Answer {
    if asked.contains(PLANS) {
        plan(asked)
    } else if asked.contains(WRITES_GREET) {
        file("greet.sh", "echo \"Hello, $1!\"\n")
    } else if asked.contains(WRITES_SHOUT) {
        file("shout.sh", loud)
    } else if asked.contains("You may write only: bye.sh") {
        file("bye.sh", "echo \"I stay, $1.\"\n")
    } else if asked.contains("You may write only: wave.sh") {
        file("wave.sh", "echo 'o/'\n")
    } else {
        Answer::Say(r#"{"title": "feat: greet", "text": "Scripts that greet."}"#.to_owned())
    }
}

/// The requirements that somebody worked on in the latest run.
fn worked_on(world: &World) -> Vec<String> {
    let tickets = world.json(&["ticket", "list"]);
    let events = world.events();
    let mut served: Vec<String> = events
        .iter()
        .filter(|event| event["body"]["type"] == "attempt_started")
        .map(|event| {
            let of = |ticket: &&Value| ticket["id"] == event["subject"]["ticket"];
            let ticket = tickets.as_array().unwrap().iter().find(of).unwrap();
            ticket["requirements"][0].as_str().unwrap().to_owned()
        })
        .collect();
    served.sort();
    served.dedup();
    served
}

#[test]
fn where_nothing_was_read_yet_each_command_says_so() {
    let Some(world) = World::new() else { return };
    let listed = world.swarm(&["spec", "list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(listed.out.contains("no spec yet") && listed.out.contains("swarm build"), "{listed:?}");
    assert_eq!(world.json(&["spec", "list"]), serde_json::json!([]));
    world.swarm(&["spec", "show"]).failed(1, "spec.none");
    world.swarm(&["spec", "show", "spec_none"]).failed(1, "store.not_found");
    world.swarm(&["spec", "diff", "spec.md"]).failed(1, "spec.none");
    world.swarm(&["spec", "diff", "no/such"]).failed(2, "cli.no_spec");
    world.swarm(&["spec", "check", "missing.md"]).failed(2, "cli.no_spec");
    world.swarm(&["spec", "apply", "missing.md"]).failed(2, "cli.no_spec");
}

#[test]
fn two_files_are_compared_and_a_delta_is_applied_without_a_server() {
    let Some(world) = World::new() else { return };
    let changed = format!("{}{WAVE}", GREETER.replace("HELLO, ADA!", "HELLO, ADA!!"));
    let changed = changed.replace("## REQ-1: Greet by name", "## REQ-1: Greet a person by name");
    world.write("old.md", GREETER);
    world.write("new.md", &changed);
    let brief = world.swarm(&["spec", "diff", "old.md", "new.md", "--brief"]);
    assert_eq!(brief.code, 0, "{brief:?}");
    for expected in ["modified", "REQ-2", "added", "REQ-4", "2 changed", "1 added"] {
        assert!(brief.out.contains(expected), "{expected}: {brief:?}");
    }
    let told = world.json(&["spec", "diff", "old.md", "new.md"]);
    let delta = told["markdown"].as_str().unwrap();
    for heading in ["## ADDED Requirements", "## MODIFIED Requirements"] {
        assert!(delta.contains(heading), "{delta}");
    }
    world.write("delta.md", delta);
    let shown = world.swarm(&["spec", "apply", "delta.md", "--to", "old.md"]);
    assert!(
        shown.code == 0 && shown.out.contains("HELLO, ADA!!") && shown.err.contains("--write"),
        "{shown:?}"
    );
    assert_eq!(fs::read_to_string(world.path().join("old.md")).unwrap(), GREETER, "only shown");
    let written = world.swarm(&["spec", "apply", "delta.md", "--to", "old.md", "--write"]);
    assert!(written.code == 0 && written.out.contains("3 requirements"), "{written:?}");
    let same = world.swarm(&["spec", "diff", "old.md", "new.md"]);
    assert!(same.out.contains("nothing differs"), "{same:?}");

    // A second time there is nothing that could be added: refused, and the file as it was.
    let before = fs::read_to_string(world.path().join("old.md")).unwrap();
    let again = world.swarm(&["spec", "apply", "delta.md", "--to", "old.md", "--write"]);
    again.failed(1, "delta.exists");
    assert_eq!(fs::read_to_string(world.path().join("old.md")).unwrap(), before);
    assert!(!world.data().exists(), "none of it needs a server");
}

#[test]
fn of_a_changed_spec_only_what_changed_is_worked_on_and_what_is_gone_is_given_up() {
    let Some(world) = World::new() else { return };
    world.model.play(|asked| staff(asked, "sh greet.sh \"$1\" | tr a-z A-Z\n"));
    world.write("spec.md", format!("{GREETER}{BYE}"));
    let first = world.built(&["--max-attempts", "1"]);
    assert_eq!(first.code, 3, "nobody can part: {first:?}");
    let earlier = world.json(&["run", "show"])["id"].as_str().unwrap().to_owned();
    assert_eq!(worked_on(&world), ["REQ-1", "REQ-2", "REQ-3"]);

    let changed = format!("{}{WAVE}", GREETER.replace("HELLO, ADA!", "HELLO, ADA!!"));
    world.write("spec.md", &changed);
    let differs = world.swarm(&["spec", "diff", "spec.md", "--brief"]);
    for expected in ["modified", "REQ-2", "added", "REQ-4", "removed", "REQ-3"] {
        assert!(differs.out.contains(expected), "{expected}: {differs:?}");
    }
    world.model.play(|asked| staff(asked, "sh greet.sh \"$1\" | tr a-z A-Z | sed 's/$/!/'\n"));
    let second = world.built(&[]);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.out.contains("holds as it is: carried from"), "{second:?}");
    assert_eq!(worked_on(&world), ["REQ-2", "REQ-4"]);
    let events = world.events();
    assert_eq!((count(&events, "ticket_carried"), count(&events, "merged")), (1, 2));
    let run = world.json(&["run", "show"]);
    assert_eq!(run["options"]["continues"], earlier.as_str(), "{run}");
    // What was done for REQ-1 is on the branch, with its proof.
    let branch = format!("swarm/{}", run["id"].as_str().unwrap());
    assert_eq!(git(&world.repo(), &["show", &format!("{branch}:greet.sh")]), "echo \"Hello, $1!\"");
    assert!(world.swarm(&["trace", "REQ-1"]).out.contains("PROVEN"));

    // The ticket that nobody could do is asked for no more: given up, and the log says why.
    let tickets = world.json(&["ticket", "list", "--run", &earlier]);
    let state = |requirement: &str| {
        let serves = |ticket: &&Value| ticket["requirements"][0] == requirement;
        tickets.as_array().unwrap().iter().find(serves).unwrap()["state"]["state"].clone()
    };
    assert_eq!((state("REQ-1"), state("REQ-3")), ("merged".into(), "cancelled".into()));
    let log = world.swarm(&["run", "logs", &earlier, "--json"]).documents();
    let asked = log.iter().find(|event| event["body"]["type"] == "person_asked").unwrap();
    assert!(asked["body"]["reason"].as_str().unwrap().contains("REQ-3"), "{asked}");

    let listed = world.json(&["spec", "list"]);
    let versions: Vec<_> =
        listed.as_array().unwrap().iter().map(|spec| spec["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, [2, 1]);
    assert!(world.swarm(&["spec", "list"]).out.contains("v2"));
    assert_eq!(world.json(&["spec", "list", "--project", "another"]), serde_json::json!([]));
    let shown = world.swarm(&["spec", "show"]);
    assert!(shown.out.contains("v2, written from") && shown.out.contains("REQ-4"), "{shown:?}");
    let text = world.swarm(&["spec", "show", listed[1]["id"].as_str().unwrap(), "--text"]);
    assert!(text.out.contains("Bye, Ada."), "{text:?}");
    let between = world.json(&["spec", "diff", listed[0]["id"].as_str().unwrap()]);
    assert_eq!(between["from"], listed[1]["id"], "{between}");
    let said = world.json(&["db", "rebuild"]);
    for table in said["tables"].as_array().unwrap() {
        assert_eq!(table["before"], table["after"], "{table}");
    }
}

#[test]
fn a_check_names_what_the_code_does_no_more_and_asks_no_model() {
    let Some(world) = World::new() else { return };
    let repo = world.repo();
    fs::write(repo.join("greet.sh"), "echo \"Hello, $1!\"\n").unwrap();
    fs::write(repo.join("shout.sh"), "sh greet.sh \"$1\" | tr a-z A-Z\n").unwrap();
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-qm", "by hand"]);
    let whole = world.swarm(&["spec", "check", "spec.md", "--repo", "repo"]);
    assert_eq!(whole.code, 0, "{whole:?}");
    assert!(whole.out.contains("2 of 2 requirements are proven"), "{whole:?}");

    fs::write(repo.join("shout.sh"), "echo quiet\n").unwrap();
    git(&repo, &["commit", "-qam", "drift"]);
    let drifted = world.swarm(&["spec", "check", "spec.md", "--repo", "repo", "--branch", "main"]);
    assert_eq!(drifted.code, 1, "{drifted:?}");
    for expected in ["1 of 2", "REQ-2", "sh shout.sh Ada", "quiet"] {
        assert!(drifted.out.contains(expected), "{expected}: {drifted:?}");
    }
    assert!(!drifted.out.contains("REQ-1") && drifted.err.contains("drifted apart"), "{drifted:?}");
    let told = world.swarm(&["spec", "check", "spec.md", "--repo", "repo", "--json"]);
    assert_eq!((told.code, told.documents()[0]["outcome"]["proven"].clone()), (1, 1.into()), "{told:?}");
    let nowhere = world.swarm(&["spec", "check", "spec.md", "--repo", "repo", "--branch", "nowhere"]);
    assert!(
        nowhere.code == 1 && nowhere.err.contains("nowhere") && nowhere.err.contains("next: "),
        "{nowhere:?}"
    );
    assert!(world.model.calls().is_empty(), "a model was asked");
}

#[test]
fn a_draft_is_written_once_with_lines_that_are_there() {
    let Some(world) = World::new() else { return };
    let repo = world.repo();
    fs::write(
        repo.join("count.py"),
        "def count_words(text):\n    \"\"\"Counts words.\"\"\"\n    return len(text.split())\n",
    )
    .unwrap();
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-qm", "count"]);
    let derive = |more: &[&str]| world.swarm(&[&["spec", "derive", "--repo", "repo"], more].concat());
    // There is a spec.md, which is somebody's work.
    derive(&["--no-model"]).failed(2, "cli.file_exists");
    assert_eq!(fs::read_to_string(world.path().join("spec.md")).unwrap(), GREETER);
    derive(&["--no-model", "--out", "none.md", "--path", "docs/**"]).failed(1, "derive.nothing");
    derive(&["--no-model", "--out", "none.md", "--branch", "nowhere"]).failed(1, "forge.no_branch");
    assert!(!world.path().join("none.md").exists());
    assert_eq!(derive(&["--no-model", "--model", "local/x"]).code, 2);

    let plain = derive(&["--no-model", "--out", "draft.md"]);
    assert_eq!(plain.code, 0, "{plain:?}");
    for expected in
        ["Provides count_words", "medium", "count.py:1-3", "1 requirements, 1 with an open question"]
    {
        assert!(plain.out.contains(expected), "{expected}: {plain:?}");
    }
    let text = fs::read_to_string(world.path().join("draft.md")).unwrap();
    assert!(text.contains("DRAFT") && text.contains("Evidence: count.py:1-3."), "{text}");
    assert_eq!(world.swarm(&["plan", "lint", "draft.md"]).code, 0);
    assert!(world.model.calls().is_empty(), "a model was asked");

    // One answer that cites what is there, and one that cites what is not.
    world.model.play(|asked| {
        assert!(asked.contains("`count_words` at count.py:1-3"), "{asked}");
        let line = if asked.contains("could not use") { 1 } else { 2 };
        Answer::Say(format!(
            r#"{{"requirements": [{{"id": "E1", "title": "Counts words", "text": "WHEN `count_words` is called, THE SYSTEM SHALL return how many words there are.", "evidence": ["count.py:{line}-3", "count.py:70"], "question": ""}}]}}"#
        ))
    });
    let worded = derive(&["--out", "draft.md", "--force"]);
    assert!(worded.code == 0 && worded.out.contains("1 citations of the model did not hold"), "{worded:?}");
    let text = fs::read_to_string(world.path().join("draft.md")).unwrap();
    assert!(
        text.contains("THE SYSTEM SHALL return how many words") && !text.contains("count.py:70"),
        "{text}"
    );
    let told = world.json(&["spec", "derive", "--repo", "repo", "--no-model", "--out", "-"]);
    assert_eq!(told["requirements"][0]["evidence"][0]["first_line"], 1, "{told}");
    assert!(told["text"].as_str().unwrap().contains("## REQ-1: Provides count_words"), "{told}");
    // What was derived can be held against the code at once.
    let held = world.swarm(&["spec", "check", "draft.md", "--repo", "repo"]);
    assert_eq!(held.code, 0, "{held:?}");
}
