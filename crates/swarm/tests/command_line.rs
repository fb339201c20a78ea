//! The program as people run it: real runs of the binary, for what needs no server.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    path::Path,
    process::{Command, Output},
};

struct World {
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn swarm(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// In an empty folder, with nothing of this machine's environment but the path.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("SWARM_DATA", self.path().join("data"));
        command
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or(-1)
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SPEC: &str = "# Greeter\n\nPython 3.\n\n## REQ-1: Greets\n\n`greet.py` greets.\n\n```console\n$ python3 greet.py\nhello\n```\n";

#[test]
fn every_command_has_its_help() {
    let world = World::new();
    for command in [
        &["build"][..],
        &["up"],
        &["worker"],
        &["plan", "show"],
        &["plan", "lint"],
        &["ticket", "list"],
        &["ticket", "show"],
        &["ticket", "retry"],
        &["ticket", "cancel"],
        &["run", "list"],
        &["run", "show"],
        &["run", "logs"],
        &["run", "cancel"],
        &["trace"],
        &["pr", "show"],
        &["agent", "list"],
        &["agent", "show"],
        &["config", "show"],
        &["config", "check"],
        &["doctor"],
        &["audit", "verify"],
        &["audit", "export"],
        &["audit", "checkpoints"],
        &["audit", "key"],
        &["cache", "show"],
        &["cache", "clear"],
        &["db", "rebuild"],
        &["user", "list"],
        &["user", "invite"],
        &["user", "join"],
        &["user", "link"],
        &["key", "create"],
        &["key", "rotate"],
        &["key", "scopes"],
        &["completions"],
    ] {
        let output = world.swarm(&[command, &["--help"]].concat());
        assert_eq!(code(&output), 0, "{command:?}: {}", err(&output));
        assert!(out(&output).contains("Usage: swarm"), "{command:?}");
    }
}

#[test]
fn the_help_lists_the_exit_codes() {
    let text = out(&World::new().swarm(&["--help"]));
    for line in
        ["3  needs a person", "4  a budget was reached", "5  the environment lacks", "130  interrupted"]
    {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    let world = World::new();
    for arguments in [
        &["biuld"][..],
        &["build"],
        &["build", "spec.md", "--budget", "much"],
        &["build", "spec.md", "--max-parallel", "0"],
        &["build", "spec.md", "--play", "a", "--record", "b"],
        &["trace", "../REQ"],
        &["audit", "verify", "--key", "k"],
        &["audit", "export"],
    ] {
        let output = world.swarm(arguments);
        assert_eq!(code(&output), 2, "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn a_slip_in_a_command_is_answered_with_the_one_that_was_meant() {
    let output = World::new().swarm(&["biuld"]);
    assert!(err(&output).contains("'build'"), "{}", err(&output));
}

#[test]
fn completions_are_made_for_the_usual_shells() {
    let world = World::new();
    for shell in ["bash", "zsh", "fish"] {
        let output = world.swarm(&["completions", shell]);
        assert_eq!(code(&output), 0);
        assert!(out(&output).contains("max-parallel"), "{shell}");
    }
}

#[test]
fn a_sound_spec_passes_the_lint_without_a_server_or_a_model() {
    let world = World::new();
    world.write("spec.md", SPEC);
    let output = world.swarm(&["plan", "lint", "spec.md"]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("REQ-1"));
    assert!(!world.path().join("data").exists(), "a lint needs no data folder");
}

#[test]
fn the_spec_of_the_demo_passes_the_lint() {
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/textstat/spec.md");
    let output = World::new().swarm(&["plan", "lint", spec.to_str().unwrap()]);
    assert_eq!(code(&output), 0, "{}{}", out(&output), err(&output));
}

#[test]
fn the_lint_prints_json_where_it_is_asked_for() {
    let world = World::new();
    world.write("spec.md", SPEC);
    let linted: serde_json::Value =
        serde_json::from_slice(&world.swarm(&["plan", "lint", "spec.md", "--json"]).stdout).unwrap();
    assert_eq!(linted["spec"]["requirements"][0]["id"], "REQ-1");
    assert!(linted["findings"].is_array());
}

#[test]
fn a_spec_that_is_none_is_refused_with_its_code() {
    let world = World::new();
    world.write("empty.md", "");
    world.write("prose.md", "# Only a title\n");
    std::fs::write(world.path().join("binary.md"), [0, 159, 146, 150]).unwrap();
    for (file, problem) in
        [("empty.md", "[spec.empty]"), ("binary.md", "[spec.binary]"), ("prose.md", "[spec.no_requirements]")]
    {
        let output = world.swarm(&["plan", "lint", file]);
        assert_eq!(code(&output), 1, "{file}");
        assert!(err(&output).contains(problem), "{file}: {}", err(&output));
        assert!(err(&output).contains("next:"), "{file}: {}", err(&output));
    }
    let output = world.swarm(&["plan", "lint", "missing.md"]);
    assert_eq!((code(&output), err(&output).contains("[cli.no_spec]")), (2, true));
}

#[test]
fn what_was_not_understood_is_said_once_with_its_line() {
    let world = World::new();
    world.write("spec.md", &format!("{SPEC}\nDepends on: REQ-7\n"));
    let text = out(&world.swarm(&["plan", "lint", "spec.md"]));
    assert_eq!(text.matches("line 5").count(), 1, "{text}");
    assert!(text.contains("warning lint.not_understood: line 5: "), "{text}");
}

#[test]
fn a_requirement_that_nothing_can_prove_blocks_the_plan() {
    let world = World::new();
    world.write("spec.md", "# T\n\n## REQ-1: Nice\n\n`a.py` must be nice.\n");
    let output = world.swarm(&["plan", "lint", "spec.md"]);
    assert_eq!(code(&output), 1, "{}", out(&output));
    assert!(err(&output).contains("[plan.blocked]"), "{}", err(&output));
}

#[test]
fn a_build_outside_of_a_repository_says_how_to_name_one() {
    let world = World::new();
    world.write("spec.md", SPEC);
    let output = world.swarm(&["build", "spec.md", "--yes"]);
    assert_eq!(code(&output), 2, "{}", err(&output));
    assert!(
        err(&output).contains("[cli.no_repository]") && err(&output).contains("--repo"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_spec_that_cannot_be_read_stops_a_build_before_anything_is_started() {
    let world = World::new();
    let output = world.swarm(&["build", "nowhere.md", "--repo", "."]);
    assert_eq!(code(&output), 2);
    assert!(!world.path().join("data").exists());
}

#[test]
fn an_unknown_key_is_named_with_its_file_and_the_key_that_was_meant() {
    let world = World::new();
    world.write(
        "swarm.toml",
        "[build]\nmax_paralel = 2\nmax_attempts = 99\n\n[sandbox]\nrung = \"procces\"\n",
    );
    let output = world.swarm(&["config", "check"]);
    assert_eq!(code(&output), 2);
    let text = out(&output);
    for expected in [
        "swarm.toml: build.max_paralel",
        "did you mean `max_parallel`?",
        "build.max_attempts",
        "did you mean `process`?",
    ] {
        assert!(text.contains(expected), "{expected} is missing in\n{text}");
    }
}

#[test]
fn a_faulty_configuration_stops_other_commands_with_the_way_to_see_all_of_it() {
    let world = World::new();
    world.write("swarm.toml", "[bild]\nmax_parallel = 2\n");
    let output = world.swarm(&["agent", "list"]);
    assert_eq!(code(&output), 2);
    assert!(err(&output).contains("swarm config check"), "{}", err(&output));
}

#[test]
fn an_environment_variable_outweighs_the_file_and_is_shown_as_the_origin() {
    let world = World::new();
    world.write("swarm.toml", "[build]\nmax_parallel = 2\n");
    let mut command = world.command(&["config", "show", "--json"]);
    let output = command.env("SWARM_BUILD__MAX_PARALLEL", "7").output().unwrap();
    let all: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let found = all.iter().find(|one| one["key"] == "build.max_parallel").unwrap();
    assert_eq!(
        (found["value"].as_str(), found["origin"]["name"].as_str()),
        (Some("7"), Some("SWARM_BUILD__MAX_PARALLEL"))
    );
}

#[test]
fn no_key_is_ever_shown() {
    let world = World::new();
    world.write("swarm.toml", "[[models.providers]]\nname = \"mine\"\nkind = \"openai\"\nkey_env = \"MY_KEY\"\nmodels = [{ name = \"m\" }]\n");
    let output = world.command(&["config", "show"]).env("MY_KEY", "sk-very-secret").output().unwrap();
    assert_eq!(code(&output), 0, "{}", err(&output));
    assert!(out(&output).contains("MY_KEY") && !out(&output).contains("sk-very-secret"));
}

#[test]
fn the_agents_that_are_built_in_are_listed_and_shown() {
    let world = World::new();
    let output = world.swarm(&["agent", "list", "--json"]);
    assert_eq!(code(&output), 0, "{}", err(&output));
    let agents: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let name = agents[0]["name"].as_str().unwrap();
    assert_eq!(code(&world.swarm(&["agent", "show", name])), 0);
    let output = world.swarm(&["agent", "show", "nobody"]);
    assert_eq!(code(&output), 1, "{}", err(&output));
}

#[test]
fn the_doctor_looks_at_everything_and_says_what_mends_it() {
    let world = World::new();
    let output = world.swarm(&["doctor", "--json"]);
    assert!([0, 5].contains(&code(&output)), "{}", err(&output));
    let found: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    let names: Vec<_> = found.iter().filter_map(|one| one["name"].as_str()).collect();
    for name in ["data folder", "PostgreSQL", "git", "sandbox: bubblewrap", "models"] {
        assert!(names.contains(&name), "{name} is missing in {names:?}");
    }
    let unmended =
        found.iter().find(|one| one["standing"] != "fine" && one["mend"].as_str().is_none_or(str::is_empty));
    assert!(unmended.is_none(), "{unmended:?}");
}

#[test]
fn the_doctor_ends_with_5_where_git_is_missing() {
    let world = World::new();
    let output = world.command(&["doctor"]).env("PATH", world.path()).output().unwrap();
    assert_eq!(code(&output), 5, "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("✗ git"), "{}", out(&output));
}

#[test]
fn a_worker_without_a_shared_database_says_what_to_set() {
    let output = World::new().swarm(&["worker"]);
    assert_eq!(code(&output), 2, "{}", err(&output));
    assert!(err(&output).contains("DATABASE_URL"), "{}", err(&output));
}

#[test]
fn an_error_is_one_json_object_where_json_is_asked_for() {
    let world = World::new();
    let output = world.swarm(&["plan", "lint", "missing.md", "--json"]);
    let problem: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(problem["code"], "cli.no_spec");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = World::new();
    let mut child =
        world.command(&["completions", "bash"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
