//! The program as a server, on a real private PostgreSQL: real runs of the binary.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead, BufReader},
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

    /// A server that is ready, and where it listens.
    fn up(&self) -> (Child, String) {
        let mut up = self.command(&["up", "--json", "--sandbox", "process"]);
        let mut child = up.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        (child, ready["url"].as_str().unwrap().to_owned())
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

#[test]
fn a_script_is_played_where_a_recording_could_be_with_the_faults_that_are_configured() {
    let Some(world) = World::new() else { return };
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
    let build = world
        .command(&arguments)
        .env("SWARM_MODELS__FAULTS", "500@1")
        .env("SWARM_FLOWS__RETRY__WAITS_MS", "[1, 1, 1]")
        .output()
        .unwrap();
    assert_eq!(build.status.code(), Some(0), "{}", said(&build));
    assert!(said(&build).contains("COME FROM A SCRIPT"), "{}", said(&build));
}
