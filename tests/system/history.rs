//! What past work says: numbers, estimates, choice, deadlines, failures.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::{
    model::{Answer, PLANS, WRITES_GREET, file, staff},
    world::World,
};

const PAGES: [&[&str]; 6] = [
    &["stats"],
    &["stats", "--calibration"],
    &["stats", "--choice"],
    &["stats", "--deadlines"],
    &["failures"],
    &["quality"],
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
        "no accepted attempt was measured yet",
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
    assert_eq!(world.json(&["quality"])["attempts"], 0);
    world.swarm(&["quality", "run_9"]).failed(1, "store.not_found");
    assert_eq!(world.swarm(&["quality", "--by", "colour"]).code, 2);

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

/// A spec of so many scripts, the plan for it, and the first of their numbers.
struct Scripts {
    first: usize,
    count: usize,
}

impl Scripts {
    fn spec(&self) -> String {
        let each = (self.first..self.first + self.count).map(|n| {
            format!(
                "## REQ-{n}: Say {n}\n\n`say{n}.sh` says {n}.\n\n```console\n$ sh say{n}.sh\n{n}\n```\n\n"
            )
        });
        format!(
            "# Sayings from {}\n\nScripts that say a number each.\n\n{}",
            self.first,
            each.collect::<String>()
        )
    }

    fn plan(&self) -> String {
        let each = (self.first..self.first + self.count).map(|n| {
            let (title, requirement, file) = (format!("Say {n}"), format!("REQ-{n}"), format!("say{n}.sh"));
            json!({"title": title, "requirements": [requirement], "files": [file], "kind": "code"})
        });
        json!({ "tickets": each.collect::<Vec<_>>() }).to_string()
    }

    /// Builds them, with a model that gets the first try of so many of them wrong.
    fn build(&self, world: &World, wrong: usize, more: &[&str]) {
        let (plan, first) = (self.plan(), self.first);
        let mut tries: BTreeMap<usize, u32> = BTreeMap::new();
        world.model.play(move |asked| {
            if asked.contains(PLANS) {
                return Answer::Say(plan.clone());
            }
            let Some((_, rest)) = asked.split_once("You may write only: say") else { return staff(asked) };
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let number: usize = digits.parse().unwrap();
            let tried = tries.entry(number).or_default();
            *tried += 1;
            let is_wrong = *tried == 1 && number < first + wrong;
            let said = if is_wrong { "nothing".to_owned() } else { number.to_string() };
            file(&format!("say{number}.sh"), &format!("echo {said}\n"))
        });
        let name = format!("sayings{first}.md");
        world.write(&name, self.spec());
        let ended = world.swarm(&[&["build", &name, "--repo", "repo", "--yes"], more].concat());
        assert_eq!(ended.code, 0, "{ended:?}");
    }
}

#[test]
fn past_work_chooses_the_model_once_there_is_enough_of_it_and_says_why() {
    let Some(world) = World::new() else { return };
    let models = "[flows]\nmodels = [\"here/one\", \"here/two\"]\n";
    with_provider(&world, "{ name = \"one\" }, { name = \"two\" }", models);
    // The first model gets nearly every first try wrong, the second one none.
    Scripts { first: 100, count: 12 }.build(&world, 11, &["--model", "here/one"]);
    let said = world.swarm(&["stats", "--choice"]);
    assert!(said.out.contains("off: nothing is known of a second agent or model"), "{said:?}");
    Scripts { first: 200, count: 12 }.build(&world, 0, &["--model", "here/two"]);
    let said = world.swarm(&["stats", "--choice"]);
    assert!(said.out.contains("on: judged on "), "{said:?}");

    // By the order of the configuration it would be the first one's turn.
    Scripts { first: 300, count: 1 }.build(&world, 0, &[]);
    let tickets = world.json(&["ticket", "list"]);
    let ticket = tickets[0]["id"].as_str().unwrap();
    let said = world.swarm(&["ticket", "show", ticket]);
    let chosen = "chosen: coder on here/two: 12/12 on small shell code";
    assert!(said.out.contains(chosen) && said.out.contains("instead of coder on here/one"), "{said:?}");
    let detail = world.json(&["ticket", "show", ticket]);
    let choice = &detail["attempts"][0]["choice"];
    assert_eq!((&choice["by"], &choice["explored"]), (&json!("learned"), &json!(false)), "{detail}");
    let logs = world.swarm(&["run", "logs"]);
    assert!(logs.out.contains("attempt 1 by coder with here/two"), "{logs:?}");
    // And not where the operator says otherwise.
    with_provider(&world, "{ name = \"one\" }, { name = \"two\" }", &format!("{models}choice = \"fixed\"\n"));
    Scripts { first: 400, count: 1 }.build(&world, 0, &[]);
    let tickets = world.json(&["ticket", "list"]);
    let detail = world.json(&["ticket", "show", tickets[0]["id"].as_str().unwrap()]);
    let attempt = &detail["attempts"][0];
    assert_eq!((&attempt["model"], &attempt["choice"]), (&json!("here/one"), &Value::Null), "{detail}");
}

const RANKS: &str = "# Ranks\n\nA script that ranks numbers.\n\n## REQ-1: Rank\n\n`rank.py` says how large a number is.\n\n```console\n$ python3 rank.py 7\n7 is small\n```\n";

/// A function of thirteen paths.
fn ranks() -> String {
    let each = (0..12).map(|n| format!("    if number > {}:\n        return \"more than {n}\"\n", 1_000 - n));
    format!(
        "import sys\n\n\ndef rank(number):\n{}    return f\"{{number}} is small\"\n\n\nprint(rank(int(sys.argv[1])))\n",
        each.collect::<String>()
    )
}

#[test]
fn accepted_work_has_a_score_with_its_weakest_part_and_each_step_its_cost() {
    let Some(world) = World::new() else { return };
    with_provider(&world, "{ name = \"one\", price = { input = 5_000_000, output = 5_000_000 } }", "");
    world.write("ranks.md", RANKS);
    let plan = json!({"tickets": [{"title": "Rank", "requirements": ["REQ-1"], "files": ["rank.py"], "kind": "code"}]});
    let mut tries = 0;
    world.model.play(move |asked| {
        if asked.contains(PLANS) {
            return Answer::Say(plan.to_string());
        }
        if !asked.contains("You may write only: rank.py") {
            return staff(asked);
        }
        tries += 1;
        let text = if tries == 1 { "print(\"none\")\n".to_owned() } else { ranks() };
        Answer::Say(format!("rank.py\n```python\n{text}```\n"))
    });
    let ended = world.swarm(&["build", "ranks.md", "--repo", "repo", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");

    let report = world.json(&["quality"]);
    assert_eq!((&report["attempts"], &report["by"]), (&json!(1), &json!("agent")), "{report}");
    let item = &report["items"][0];
    assert_eq!((&item["agent"], &item["sent_back"]), (&json!("fixer"), &json!(1)), "{item}");
    assert_eq!((&item["measures"]["worst"], &item["measures"]["complex"]), (&json!(13), &json!(1)), "{item}");
    assert_eq!(item["measures"]["worst_at"], "rank.py:4 rank");
    let score = item["quality"]["score"].as_u64().unwrap();
    assert!((1..100).contains(&score), "{item}");
    assert_eq!(report["score"], score);
    for (by, name) in [("agent", "fixer"), ("model", "here/one"), ("capability", "fix")] {
        let report = world.json(&["quality", "--by", by]);
        assert_eq!(
            (&report["groups"][0]["name"], &report["score"]),
            (&json!(name), &json!(score)),
            "{report}"
        );
    }
    let run = item["run"].as_str().unwrap();
    let said = world.swarm(&["quality", run]);
    assert!(said.out.contains(&format!("{score} of 100 over 1 accepted attempt")), "{said:?}");
    assert!(said.out.contains("fixer") && said.out.contains("weakest"), "{said:?}");
    let said = world.swarm(&["run", "show"]);
    assert!(said.out.contains(&format!("quality: {score} of 100")), "{said:?}");

    let ticket = item["ticket"].as_str().unwrap();
    let said = world.swarm(&["ticket", "show", ticket, "--steps"]);
    assert!(said.out.contains("13 paths through rank.py:4 rank"), "{said:?}");
    assert_eq!(said.out.matches("here/one").count(), 4, "two attempts, a step each: {said:?}");
    let detail = world.json(&["ticket", "show", ticket]);
    let steps = detail["steps"].as_array().unwrap();
    let cost = |at: &Value| at["spend"]["usd"].as_u64().unwrap();
    let spent: Vec<u64> = steps.iter().map(|one| cost(&one["steps"][0])).collect();
    let attempts: Vec<u64> = detail["attempts"].as_array().unwrap().iter().map(cost).collect();
    assert_eq!(spent, attempts, "{detail}");
    assert!(spent.iter().all(|usd| *usd > 0), "{detail}");
    let said = world.swarm(&["run", "steps"]);
    assert!(said.out.contains("$0.0"), "{said:?}");
    // Drawn from the log: the same after a rebuild.
    assert_eq!(world.swarm(&["db", "rebuild"]).code, 0);
    assert_eq!(world.json(&["quality"]), report);
}
