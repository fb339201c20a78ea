//! What past work says: numbers, estimates, choice, deadlines, failures.

use std::fs;

use serde_json::{Value, json};

use crate::{
    model::{Answer, WRITES_GREET, file, staff},
    world::World,
};

const PAGES: [&[&str]; 5] = [
    &["stats"],
    &["stats", "--calibration"],
    &["stats", "--choice"],
    &["stats", "--deadlines"],
    &["failures"],
];

fn with_provider(world: &World, models: &str, more: &str) {
    let provider = format!(
        "[[models.providers]]\nname = \"here\"\nkind = \"compatible\"\nbase_url = \"{}\"\nmodels = [{models}]\n{more}",
        world.model.url()
    );
    world.write("swarm.toml", provider);
}

#[test]
fn before_any_work_each_page_says_that_there_is_none() {
    let Some(world) = World::new() else { return };
    for (page, words) in PAGES.iter().zip([
        "nothing was built yet",
        "0 tickets are finished",
        "no attempt has ended yet",
        "no step was measured yet",
        "no attempt has failed",
    ]) {
        let said = world.swarm(page);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains(words), "{page:?}: {said:?}");
        assert_eq!(said.out.lines().count(), 1, "{said:?}");
    }
    assert_eq!(world.json(&["stats"])["runs"]["total"], 0);
    assert_eq!(world.json(&["stats", "--calibration"])["predicted"], 0);
    assert_eq!(world.json(&["stats", "--choice"]), json!([]));
    assert_eq!(world.json(&["stats", "--deadlines"]), json!([]));
    assert_eq!(world.json(&["failures"]), json!({"items": [], "attempts": 0, "clusters": 0}));
    world.swarm(&["failures", "--run", "run_9"]).failed(1, "store.not_found");

    for (name, magic) in [("chart.svg", &b"<svg "[..]), ("chart.png", b"\x89PNG\r\n")] {
        let said = world.swarm(&["stats", "--calibration", "--out", name]);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.err.contains(name) || said.out.contains(name), "{said:?}");
        assert!(fs::read(world.path().join(name)).unwrap().starts_with(magic), "{name}");
    }
    world.swarm(&["stats", "--calibration", "--out", "chart.jpg"]).failed(2, "cli.chart");
    world.swarm(&["stats", "--calibration", "--out", "nowhere/chart.png"]).failed(1, "cli.io");
    assert!(!world.path().join("chart.jpg").exists());
    assert_eq!(world.swarm(&["stats", "--out", "chart.png"]).code, 2, "a chart of what?");
}

#[test]
fn failures_with_the_same_cause_are_one_line_with_class_cost_and_what_to_do() {
    let Some(world) = World::new() else { return };
    with_provider(
        &world,
        "{ name = \"one\", price = { input = 5_000_000, output = 5_000_000 } }",
        "[flows.retry]\nwaits_ms = [10, 10]\n",
    );
    // Another word each time: what is wrong stays the same.
    let mut tries = 0;
    world.model.play(move |asked| {
        if !asked.contains(WRITES_GREET) {
            return staff(asked);
        }
        tries += 1;
        match tries {
            ..=3 => file("greet.sh", &format!("greeting_tool_{tries} \"$1\" # {}\n", "x".repeat(tries))),
            _ => file("elsewhere.sh", "echo hello\n"),
        }
    });
    let ended = world.built(&["--max-attempts", "3"]);
    assert_eq!(ended.code, 3, "{ended:?}");

    let found = world.json(&["failures"]);
    assert_eq!((&found["attempts"], &found["clusters"]), (&json!(3), &json!(1)), "{found}");
    let worst = &found["items"][0];
    assert_eq!((&worst["count"], &worst["tickets"]), (&json!(3), &json!(1)), "{found}");
    assert_eq!((&worst["class"], &worst["code"]), (&json!("verification"), &json!("acceptance_failed")));
    assert!(worst["usd"].as_u64().unwrap() > 0, "{found}");
    assert!(worst["first_seen"].as_str() < worst["last_seen"].as_str(), "{found}");
    assert!(!worst["hint"].as_str().unwrap().is_empty());

    let said = world.swarm(&["failures"]);
    assert_eq!(said.code, 0, "{said:?}");
    for words in [
        "verification",
        "acceptance_failed",
        "greeting_tool_<n>: not found",
        "to do",
        "3 attempts failed, in 1 way",
    ] {
        assert!(said.out.contains(words), "{words}: {said:?}");
    }
    let run = world.json(&["run", "show"])["id"].as_str().unwrap().to_owned();
    assert_eq!(world.json(&["failures", "--run", &run, "--since", "1h"]), found);
    assert_eq!(world.swarm(&["failures", "--since", "soon"]).code, 2);

    let stats = world.swarm(&["stats"]);
    assert!(stats.out.contains("1 need a person") && stats.out.contains("0 of 2 (0.0 %)"), "{stats:?}");
    // Drawn from the log: the same after a rebuild.
    assert_eq!(world.swarm(&["db", "rebuild"]).code, 0);
    assert_eq!(world.json(&["failures"]), found);
}

#[test]
fn past_work_does_not_choose_before_it_may_and_another_model_is_explained() {
    let Some(world) = World::new() else { return };
    with_provider(
        &world,
        "{ name = \"one\" }, { name = \"two\" }",
        "[flows]\nmodels = [\"here/one\", \"here/two\"]\n",
    );
    let mut tries = 0;
    world.model.play(move |asked| {
        if asked.contains(WRITES_GREET) {
            tries += 1;
            if tries <= 2 {
                return file("greet.sh", &format!("echo \"Hi {tries}, $1\"\n"));
            }
        }
        staff(asked)
    });
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");

    let kinds = world.json(&["stats", "--choice"]);
    let code = kinds.as_array().unwrap().iter().find(|kind| kind["kind"]["capability"] == "code").unwrap();
    assert_eq!(code["gate"]["gate"], "one_arm", "the other model was never the first: {kinds}");
    let said = world.swarm(&["stats", "--choice"]);
    assert!(said.out.contains("off: nothing is known of a second agent or model"), "{said:?}");

    let tickets = world.json(&["ticket", "list"]);
    let greets = |ticket: &&Value| ticket["requirements"][0] == "REQ-1";
    let ticket = tickets.as_array().unwrap().iter().find(greets).unwrap()["id"].as_str().unwrap();
    let said = world.swarm(&["ticket", "show", ticket]);
    assert!(said.out.contains("chosen: fixer on here/two: another model leads"), "{said:?}");
    let detail = world.json(&["ticket", "show", ticket]);
    let chosen: Vec<_> =
        detail["attempts"].as_array().unwrap().iter().map(|one| &one["choice"]["by"]).collect();
    assert_eq!(chosen, [&Value::Null, &Value::Null, &json!("ladder")], "{detail}");
}

#[test]
fn a_command_that_hangs_ends_at_the_deadline_of_its_kind_and_the_attempt_goes_on() {
    let Some(world) = World::new() else { return };
    let deadlines = "[flows.deadlines]\ncommand_floor_ms = 100\n";
    with_provider(&world, "{ name = \"one\", tools = true }", deadlines);
    let run = |command: String| json!({"name": "run", "arguments": {"command": command}});
    let finish = |file: &str, content: &str| {
        Answer::Act(vec![
            json!({"name": "write", "arguments": {"path": file, "content": content}}),
            json!({"name": "finish", "arguments": {"done": true, "summary": "It is written."}}),
        ])
    };
    let mut turn = 0;
    world.model.play(move |asked| {
        if asked.contains(WRITES_GREET) {
            turn += 1;
            return match turn {
                // As many as a P95 takes, no two of them alike.
                1 | 2 => Answer::Act((0..10).map(|n| run(format!("sleep 0.0{turn}{n}"))).collect()),
                3 => Answer::Act(vec![run("sleep 50".to_owned())]),
                _ => {
                    assert!(asked.contains("It was ended after"), "{asked}");
                    finish("greet.sh", "echo \"Hello, $1!\"\n")
                }
            };
        }
        if asked.contains("You may write only: shout.sh") {
            return finish("shout.sh", "sh greet.sh \"$1\" | tr a-z A-Z\n");
        }
        staff(asked)
    });
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();

    let events = world.events();
    let calls = events.iter().filter(|event| event["body"]["type"] == "tool_called");
    let overdue: Vec<_> = calls.filter(|event| event["body"]["overdue"] == true).collect();
    assert_eq!(overdue.len(), 1, "{overdue:?}");
    assert_eq!(overdue[0]["body"]["about"], "sleep 50");
    assert!(overdue[0]["body"]["millis"].as_u64().unwrap() < 50_000);
    let logs = world.swarm(&["run", "logs"]);
    assert!(logs.out.contains("run sleep 50: ended at the deadline of its kind"), "{logs:?}");

    let steps = world.json(&["stats", "--deadlines"]);
    let sleep = steps.as_array().unwrap().iter().find(|step| step["step"] == "sleep").unwrap();
    assert_eq!(sleep["samples"], 21, "{steps}");
    assert!(sleep["deadline"]["soft_millis"].as_u64().unwrap() >= 100, "{steps}");
    let said = world.swarm(&["stats", "--deadlines"]);
    assert!(said.out.contains("coder on here/one") && said.out.contains("sleep"), "{said:?}");
}
