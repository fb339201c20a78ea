//! Models that are away, slow, dear, or indiscreet.

use crate::{
    model::{Answer, PLANS, WRITES_GREET, WRITES_SHOUT, file, staff},
    world::{World, count, files, git},
};

#[test]
fn a_model_that_is_away_is_named_and_nothing_is_begun() {
    let Some(mut world) = World::new() else { return };
    world.model.leave();
    let before = files(&world.repo());
    world.built(&[]).failed(5, "model.unavailable");
    // With the model's name in hand it is not asked for at the start, but when the plan needs it.
    let mut named = world.build(&[]);
    named.env("OPENAI_MODEL", "scripted");
    world.start(named).ended().failed(5, "model.unavailable");
    let none = world.start({
        let mut none = world.build(&[]);
        none.env_remove("OPENAI_BASE_URL");
        none
    });
    none.ended().failed(5, "model.none");
    assert!(files(&world.repo()) == before, "the repository was touched");
    world.swarm(&["run", "show"]).failed(1, "run.none");

    world.model.come();
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "the same command goes through: {ended:?}");
}

#[test]
fn a_run_whose_model_went_away_is_taken_up_again_where_it_stood() {
    let Some(mut world) = World::new() else { return };
    world.model.hold(&[WRITES_SHOUT]);
    let build = world.start(world.build(&[]));
    world.model.asked(WRITES_SHOUT, 0);
    world.model.leave();
    let ended = build.ended();
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("model.unavailable"), "{ended:?}");
    assert!(ended.out.contains("swarm ticket retry"), "{ended:?}");

    world.model.hold(&[]);
    world.model.come();
    let tickets = world.json(&["ticket", "list"]);
    let stuck = |ticket: &&serde_json::Value| ticket["state"]["state"] != "merged";
    let stuck: Vec<_> = tickets.as_array().unwrap().iter().filter(stuck).collect();
    assert_eq!(stuck.len(), 1, "{tickets}");
    let ended = world.swarm(&["ticket", "retry", stuck[0]["id"].as_str().unwrap()]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.state(), "done");
    assert_eq!(count(&world.events(), "merged"), 2);
    for who in [PLANS, WRITES_GREET, WRITES_SHOUT] {
        assert_eq!(world.model.answers(who), 1, "{who}");
    }
}

#[test]
fn a_model_that_answers_too_late_is_given_up_at_its_deadline() {
    let Some(world) = World::new() else { return };
    world.model.hold(&[PLANS]);
    let mut build = world.build(&[]);
    build.env("SWARM_MODELS__DEADLINES__FIRST_BYTE_SECONDS", "1");
    let ended = world.start(build).ended();
    ended.failed(1, "model.timed_out");
    assert!(ended.err.contains("models.deadlines"), "{ended:?}");
    assert_eq!(world.model.calls().len(), 3, "it was tried three times");
    assert_eq!(git(&world.repo(), &["branch", "--all"]), "");
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    let Some(world) = World::new() else { return };
    let mut broken = [PLANS, WRITES_GREET].to_vec();
    world.model.play(move |asked| {
        let at = broken.iter().position(|who| asked.contains(who));
        at.map_or_else(
            || staff(asked),
            |at| {
                broken.remove(at);
                Answer::BreakOff
            },
        )
    });
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(world.model.calls().len(), 6);
}

#[test]
fn a_budget_that_is_reached_ends_the_build_with_4_before_the_call() {
    let Some(world) = World::new() else { return };
    let priced = format!(
        "[[models.providers]]\nname = \"dear\"\nkind = \"compatible\"\nbase_url = \"{}\"\n\
         models = [{{ name = \"scripted\", price = {{ input = 5_000_000, output = 5_000_000 }} }}]\n",
        world.model.url()
    );
    world.write("swarm.toml", priced);
    let ended = world.built(&["--budget", "0.000001"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.out.contains("budget.reached"), "{ended:?}");
    assert_eq!(world.model.answers(WRITES_GREET), 0);
    let run = world.json(&["run", "show"]);
    assert_eq!(run["spend"]["calls"], 0, "{run}");
}

#[test]
fn a_command_that_hangs_is_stopped_at_its_limit_and_the_ticket_can_be_taken_up_again() {
    let Some(world) = World::new() else { return };
    world.write("swarm.toml", "[flows.check_limits]\nwall = { secs = 2, nanos = 0 }\n");
    world.model.play(|asked| {
        if asked.contains(WRITES_GREET) { file("greet.sh", "while :; do :; done\n") } else { staff(asked) }
    });
    let ended = world.built(&["--max-attempts", "1"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("ticket.attempts_used"), "{ended:?}");
    let tickets = world.json(&["ticket", "list"]);
    let ticket = tickets[0]["id"].as_str().unwrap();
    let detail = world.json(&["ticket", "show", ticket]);
    assert_eq!(detail["findings"][0]["finding"]["code"], "acceptance_limit", "{detail}");

    world.model.play(staff);
    let ended = world.swarm(&["ticket", "retry", ticket]);
    assert_eq!(ended.code, 0, "{ended:?}");
    world.swarm(&["ticket", "retry", ticket]).failed(1, "ticket.not_allowed");
    assert_eq!(world.state(), "done");
}

#[test]
fn the_key_is_sent_to_the_model_and_kept_nowhere() {
    const KEY: &str = "sk-4f9c2b7d81e6a05343c1";
    let Some(world) = World::new() else { return };
    let mut refused = false;
    let mut curious = false;
    world.model.play(move |asked| {
        if !refused {
            refused = true;
            return Answer::Refuse(500, format!("{{\"error\": \"trouble with {KEY}\"}}"));
        }
        if asked.contains(WRITES_GREET) && !curious {
            curious = true;
            return file("greet.sh", "env; cat /proc/*/environ; exit 1\n");
        }
        staff(asked)
    });
    let with_key = |mut command: std::process::Command| {
        command.env("OPENAI_API_KEY", KEY).env("RUST_LOG", "debug");
        world.start(command).ended()
    };
    let ended = with_key(world.build(&["-vv"]));
    assert_eq!(ended.code, 0, "{ended:?}");
    for arguments in [&["run", "logs", "--json"][..], &["pr", "show", "--diff"], &["config", "show"]] {
        let ended = with_key(world.command(arguments));
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    world.model.play(|_| Answer::Refuse(401, format!("{{\"error\": \"not a key: {KEY}\"}}")));
    with_key(world.build(&[])).failed(5, "model.refused");
    assert!(world.model.calls().iter().all(|call| call.key.ends_with(KEY)));

    // Data, database, blobs, repository, and everything that was printed.
    let everything = files(world.path());
    assert!(everything.len() > 100, "{}", everything.len());
    for (path, bytes) in everything {
        let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
        assert!(!found, "the key is in {}", path.display());
    }
}

#[test]
fn a_build_that_was_recorded_is_played_back_without_a_model() {
    let Some(mut world) = World::new() else { return };
    let ended = world.built(&["--record", "recording.json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    world.model.leave();
    std::fs::remove_dir_all(world.repo()).unwrap();
    git(world.path(), &["init", "-q", "-b", "main", "repo"]);
    let elsewhere = world.path().join("elsewhere");
    let mut again = world.build(&["--play", "recording.json"]);
    again.env("SWARM_DATA", world.path().join("data/elsewhere"));
    let ended = world.start(again).ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("PLAYED BACK FROM A RECORDING"), "{ended:?}");
    assert!(!elsewhere.exists());

    world.write("torn.json", "{\"replies\": [");
    let ended = world.built(&["--play", "torn.json"]);
    ended.failed(5, "model.config");
}
