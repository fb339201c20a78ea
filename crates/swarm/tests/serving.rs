//! The program as a server, on a real private PostgreSQL: real runs of the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// None where the machine has no PostgreSQL, which is said.
    fn new() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // As root the private PostgreSQL runs as another user, who must pass through here.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let world = Self { folder };
        let found: Vec<serde_json::Value> =
            serde_json::from_slice(&world.swarm(&["doctor", "--json"]).stdout).unwrap();
        let postgres = found.iter().find(|one| one["name"] == "PostgreSQL").unwrap();
        if postgres["standing"] == "fine" {
            return Some(world);
        }
        println!("skipped: {}", postgres["detail"]);
        None
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("SWARM_DATA", self.data());
        command
    }

    fn swarm(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// Runs a command that reads this from standard input.
    fn told(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// A server that is ready, and where it listens.
    fn up(&self) -> (Child, String) {
        let (child, ready) = self.ready();
        (child, ready["url"].as_str().unwrap().to_owned())
    }

    /// A server that is ready, and what it said.
    fn ready(&self) -> (Child, serde_json::Value) {
        let mut up = self.command(&["up", "--json", "--sandbox", "process"]);
        let mut child = up.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (child, serde_json::from_str(&line).unwrap())
    }
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_second_server_on_the_folder_says_where_the_first_one_is_and_ctrl_c_stops_it_in_order() {
    let Some(world) = World::new() else { return };
    let (mut first, url) = world.up();
    assert_eq!(mode(&world.data().join("server.json")), 0o600);

    let second = world.swarm(&["up"]);
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));
    assert!(said(&second).contains("already runs") && said(&second).contains(&url), "{}", said(&second));

    let build = world.swarm(&["build", "spec.md", "--repo", "."]);
    assert_eq!(build.status.code(), Some(2), "there is no such spec: {}", said(&build));

    signal(&first, Signal::SIGINT);
    assert_eq!(first.wait().unwrap().code(), Some(0));
    assert!(!world.data().join("server.json").exists());
}

#[test]
fn a_server_that_was_killed_leaves_nothing_in_the_way_of_the_next() {
    let Some(world) = World::new() else { return };
    let (mut first, _) = world.up();
    signal(&first, Signal::SIGKILL);
    first.wait().unwrap();
    let (mut second, _) = world.up();
    signal(&second, Signal::SIGTERM);
    assert_eq!(second.wait().unwrap().code(), Some(0));
}

#[test]
fn what_is_only_looked_at_needs_no_server_and_leaves_none_behind() {
    let Some(world) = World::new() else { return };
    let runs = world.swarm(&["run", "list", "--json"]);
    assert_eq!(
        (runs.status.code(), String::from_utf8_lossy(&runs.stdout).trim()),
        (Some(0), "[]"),
        "{}",
        said(&runs)
    );
    assert!(!world.data().join("server.json").exists());

    let audit = world.swarm(&["audit", "verify"]);
    assert_eq!(audit.status.code(), Some(0), "{}", said(&audit));
    let trace = world.swarm(&["trace", "REQ-1"]);
    assert_eq!(trace.status.code(), Some(1), "{}", said(&trace));
    assert!(said(&trace).contains("[run.none]"), "{}", said(&trace));
}

#[test]
fn a_build_without_any_model_ends_with_5_and_says_what_to_set() {
    let Some(world) = World::new() else { return };
    let folder = world.folder.path();
    std::fs::write(
        folder.join("spec.md"),
        "# T\n\n## REQ-1: A\n\n`a.py` prints a.\n\n```console\n$ python3 a.py\na\n```\n",
    )
    .unwrap();
    std::fs::create_dir(folder.join(".git")).unwrap();
    let build = world.swarm(&["build", "spec.md", "--yes", "--sandbox", "process"]);
    assert_eq!(build.status.code(), Some(5), "{}", said(&build));
    assert!(
        said(&build).contains("[model.none]") && said(&build).contains("OPENROUTER_API_KEY"),
        "{}",
        said(&build)
    );
}

/// Builds one file by a script, with a model that fails once.
fn built_by_script(world: &World) -> Output {
    let folder = world.folder.path();
    std::fs::write(
        folder.join("spec.md"),
        "# T\n\n## REQ-1: A\n\n`a.sh` prints a.\n\n```console\n$ sh a.sh\na\n```\n",
    )
    .unwrap();
    std::fs::write(
        folder.join("script.toml"),
        "[[rules]]\ncontains = \"You may write only: a.sh\"\ntext = '''\na.sh\n```sh\necho a\n```\n'''\n\n[[rules]]\ntext = '{\"title\": \"feat: a\", \"text\": \"Prints a.\"}'\n",
    )
    .unwrap();
    let made = Command::new("git").args(["init", "-q", "-b", "main", "repo"]).current_dir(folder).status();
    assert!(made.unwrap().success());
    let arguments =
        ["build", "spec.md", "--repo", "repo", "--yes", "--play", "script.toml", "--sandbox", "process"];
    world
        .command(&arguments)
        .env("SWARM_MODELS__FAULTS", "500@1")
        .env("SWARM_FLOWS__RETRY__WAITS_MS", "[1, 1, 1]")
        .output()
        .unwrap()
}

#[test]
fn a_script_is_played_where_a_recording_could_be_with_the_faults_that_are_configured() {
    let Some(world) = World::new() else { return };
    let build = built_by_script(&world);
    assert_eq!(build.status.code(), Some(0), "{}", said(&build));
    assert!(said(&build).contains("COME FROM A SCRIPT"), "{}", said(&build));
}

#[test]
fn an_exported_log_is_checked_with_the_public_key_alone() {
    let Some(world) = World::new() else { return };
    assert_eq!(built_by_script(&world).status.code(), Some(0));
    let swarm = |arguments: &[&str], code: i32| {
        let output = world.swarm(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", said(&output));
        output
    };
    // The run's end and the end of the process were signed without anybody asking.
    let signed = swarm(&["audit", "checkpoints", "--json"], 0);
    let signed: serde_json::Value = serde_json::from_slice(&signed.stdout).unwrap();
    assert!(signed.as_array().is_some_and(|signed| !signed.is_empty()), "{signed}");
    let verified = said(&swarm(&["audit", "verify"], 0));
    assert!(verified.contains("cover all of them"), "{verified}");

    let folder = world.folder.path();
    let key = String::from_utf8(swarm(&["audit", "key"], 0).stdout).unwrap();
    std::fs::write(folder.join("audit.pub"), &key).unwrap();
    std::fs::write(folder.join("kept.txt"), swarm(&["audit", "checkpoints", "--note"], 0).stdout).unwrap();
    swarm(&["audit", "export", "--out", "log.jsonl"], 0);
    assert_eq!(mode(&folder.join("log.jsonl")), 0o600, "it holds all that was said");
    let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
    let piped = swarm(&["audit", "export", "--out", "-"], 0);
    assert_eq!(String::from_utf8_lossy(&piped.stdout), log);

    // Elsewhere: without the data folder.
    let elsewhere = tempfile::tempdir().unwrap();
    let check = |log: &str, more: &[&str]| {
        std::fs::write(elsewhere.path().join("log.jsonl"), log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
        command.args(["audit", "verify", "log.jsonl", "--json"]).args(more).env_clear();
        let output = command.current_dir(elsewhere.path()).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), report["faults"][0]["kind"].as_str().unwrap_or_default().to_owned())
    };
    let (kept, public) = (folder.join("kept.txt"), folder.join("audit.pub"));
    let trusted = ["--key", public.to_str().unwrap(), "--checkpoint", kept.to_str().unwrap()];
    assert_eq!(check(&log, &trusted), (0, String::new()));
    assert_eq!(check(&log, &["--key", key.trim()]), (0, String::new()));
    assert_eq!(check(&log.replacen("run_started", "run_stopped", 1), &trusted), (1, "changed".to_owned()));
    assert_eq!(check(&log[..log.len() / 2], &trusted).0, 1);
    let stranger = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(check(&log, &["--key", stranger]), (1, "unknown_key".to_owned()));
    assert_eq!(check(&log, &[]).0, 2, "a key must be given");
    assert_eq!(check(&log, &["--key", "no key"]).0, 2);

    swarm(&["audit", "key", "--rotate"], 0);
    assert_ne!(swarm(&["audit", "key"], 0).stdout, key.as_bytes());
    swarm(&["audit", "export", "--out", "log.jsonl"], 0);
    let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
    assert_eq!(check(&log, &trusted), (0, String::new()), "the old key vouches for the new one");
}

#[test]
fn the_first_account_is_made_by_the_link_that_up_prints_and_a_key_works_elsewhere() {
    let Some(world) = World::new() else { return };
    let (mut first, ready) = world.ready();
    let link = ready["first_account"].as_str().unwrap();
    // The page of the app that makes it; the command line takes that address for the link.
    let address = ready["first_start"].as_str().unwrap();
    assert_eq!(address, format!("{}/first-start#{link}", ready["url"].as_str().unwrap()));
    let join = ["user", "join", address, "--email", "ada@example.org"];
    let short = world.told(&join, "short\n");
    assert!(!short.status.success() && said(&short).contains("[auth.password]"), "{}", said(&short));
    let joined = world.told(&join, "correct horse battery\n");
    assert_eq!(joined.status.code(), Some(0), "{}", said(&joined));
    let again = world.told(&join, "correct horse battery\n");
    assert!(said(&again).contains("[auth.link]"), "{}", said(&again));
    let users = world.swarm(&["user", "list", "--json"]);
    let users: serde_json::Value = serde_json::from_slice(&users.stdout).unwrap();
    assert_eq!(
        (users[0]["email"].as_str(), users[0]["role"].as_str()),
        (Some("ada@example.org"), Some("owner"))
    );

    // Nothing but the text goes to standard output, so that it can be sent into a file.
    let made = world.swarm(&["key", "create", "ci", "--scope", "work:read"]);
    let key = String::from_utf8(made.stdout.clone()).unwrap().trim().to_owned();
    assert!(key.starts_with("swk_") && !key.contains(char::is_whitespace), "{}", said(&made));
    let listed = world.swarm(&["key", "list"]);
    assert!(said(&listed).contains("work:read") && !said(&listed).contains(&key), "{}", said(&listed));
    let revoked = world.swarm(&["key", "revoke", "ci"]);
    assert_eq!(revoked.status.code(), Some(0), "{}", said(&revoked));
    let beyond = world.swarm(&["key", "create", "ci", "--scope", "work:everything"]);
    assert_eq!(beyond.status.code(), Some(2), "{}", said(&beyond));
    signal(&first, Signal::SIGTERM);
    assert_eq!(first.wait().unwrap().code(), Some(0));

    let (mut second, ready) = world.ready();
    assert!(ready.get("first_account").is_none(), "{ready}");
    signal(&second, Signal::SIGTERM);
    assert_eq!(second.wait().unwrap().code(), Some(0));
}
