//! A world for one test: a data folder, a repository, a model, and the program at work on them.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    database::Database,
    model::Model,
    program::{Ended, Running, has_ended},
};

/// Only keeps a broken program from hanging the tests: nothing passes or fails by how long it took.
pub const PATIENCE: Duration = Duration::from_mins(4);

/// A shell tool of two parts, the second built on the first.
pub const GREETER: &str = include_str!("../../examples/specs/greeter.md");

/// Failed model calls are tried again soon.
const CONFIG: &str = "[flows.retry]\nwaits_ms = [10, 10]\n";

pub struct World {
    folder: tempfile::TempDir,
    pub model: Model,
    started: AtomicUsize,
    database: Option<Database>,
}

impl World {
    /// A world with an empty repository and the greeter's spec. None where this machine cannot hold one; then it says
    /// why.
    pub fn new() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("swarm-system-").tempdir().unwrap();
        // As root PostgreSQL runs as another user, who must be able to pass through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let world = Self { folder, model: Model::start(), started: AtomicUsize::new(0), database: None };
        let mut doctor = world.command(&["doctor", "--json"]);
        doctor.env_remove("OPENAI_BASE_URL");
        let found = world.start(doctor).ended().documents().remove(0);
        for one in found.as_array().unwrap() {
            let name = one["name"].as_str().unwrap();
            let needed = ["PostgreSQL", "git", "sandbox: bubblewrap"].contains(&name);
            if needed && one["standing"] != "fine" {
                println!("skipped: {name}: {}", one["detail"]);
                return None;
            }
        }
        world.write("swarm.toml", CONFIG);
        world.write("spec.md", GREETER);
        git(world.path(), &["init", "-q", "-b", "main", "repo"]);
        fs::remove_dir_all(world.data()).unwrap();
        Some(world)
    }

    /// A world whose processes share a database that is none's own.
    pub fn shared() -> Option<Self> {
        let mut world = Self::new()?;
        let folder = world.path().join("shared");
        fs::create_dir(&folder).unwrap();
        world.database = Some(Database::start(&folder));
        Some(world)
    }

    /// The database that is shared.
    pub fn database(&self) -> &Database {
        self.database.as_ref().unwrap()
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub fn repo(&self) -> PathBuf {
        self.path().join("repo")
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path().join(name), content).unwrap();
    }

    /// With nothing of this machine's environment but the path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .env("SWARM_DATA", self.data())
            .env("OPENAI_BASE_URL", self.model.url());
        if let Some(database) = &self.database {
            command.env("DATABASE_URL", database.url());
        }
        command
    }

    pub fn start(&self, command: Command) -> Running {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        Running::start(command, &self.path().join(number.to_string()))
    }

    pub fn swarm(&self, arguments: &[&str]) -> Ended {
        self.start(self.command(arguments)).ended()
    }

    /// Asks for one JSON document and gets it.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.swarm(&[arguments, &["--json"]].concat());
        assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
        ended.documents().remove(0)
    }

    /// `swarm build` of the greeter.
    pub fn build(&self, more: &[&str]) -> Command {
        self.command(&[&["build", "spec.md", "--repo", "repo", "--yes"], more].concat())
    }

    pub fn built(&self, more: &[&str]) -> Ended {
        self.start(self.build(more)).ended()
    }

    /// `swarm up`, once it is.
    pub fn up(&self) -> Running {
        let up = self.start(self.command(&["up", "--json"]));
        eventually("swarm up", || {
            assert!(!up.has_ended(), "{}", fs::read_to_string(&up.err).unwrap());
            fs::read_to_string(&up.out).unwrap().ends_with('\n').then_some(())
        });
        up
    }

    /// What happened so far in the latest run; nothing while there is none.
    pub fn events(&self) -> Vec<Value> {
        let ended = self.swarm(&["run", "logs", "--json"]);
        assert!(ended.code == 0 || ended.err.contains("run.none"), "the log: {ended:?}");
        ended.documents()
    }

    /// Waits until the run's log says so.
    pub fn until(&self, what: &str, enough: impl Fn(&[Value]) -> bool) {
        eventually(what, || enough(&self.events()).then_some(()));
    }

    /// The state of the latest run.
    pub fn state(&self) -> String {
        let run = self.json(&["run", "show"]);
        run["state"]["state"].as_str().unwrap().to_owned()
    }

    /// The run is done, each ticket was merged once, and all evidence holds.
    pub fn is_whole(&self) {
        let run = self.json(&["run", "show"]);
        assert_eq!(run["state"]["state"], "done", "{run}");
        let events = self.events();
        for (name, times) in [("run_started", 1), ("merged", 2), ("committed", 2), ("pull_request_opened", 1)]
        {
            assert_eq!(count(&events, name), times, "{name}");
        }
        let branch = format!("swarm/{}", run["id"].as_str().unwrap());
        let log = git(&self.repo(), &["log", "--format=%s", &branch, "--", "*.sh"]);
        assert_eq!(log.lines().count(), 2, "{log}");
        let said = self.json(&["audit", "verify"]);
        assert!(said.get("first_bad").is_none_or(Value::is_null), "{said}");
        let said = self.json(&["db", "rebuild"]);
        for table in said["tables"].as_array().unwrap() {
            assert_eq!(table["before"], table["after"], "{table}");
        }
    }

    /// The private PostgreSQL, if it runs.
    pub fn postgres(&self) -> Option<Pid> {
        let file = fs::read_to_string(self.data().join("postgres/postmaster.pid")).ok()?;
        let pid = Pid::from_raw(file.lines().next()?.trim().parse().ok()?);
        kill(pid, None).is_ok().then_some(pid)
    }

    /// Ends the private PostgreSQL as hard as it goes.
    pub fn kill_postgres(&self) {
        if let Some(pid) = self.postgres() {
            kill(pid, Signal::SIGKILL).unwrap();
            wait_for(pid);
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(pid) = self.postgres() {
            let _ = kill(pid, Signal::SIGQUIT);
            wait_for(pid);
        }
    }
}

/// Looks again until there is an answer.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it never came: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub fn wait_for(pid: Pid) {
    eventually("the end of PostgreSQL", || has_ended(pid).then_some(()));
}

/// How many events of this kind there are.
pub fn count(events: &[Value], name: &str) -> usize {
    events.iter().filter(|event| event["body"]["type"] == name).count()
}

/// Every file below a folder with its bytes.
pub fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if let Ok(bytes) = fs::read(&path) {
                found.insert(path, bytes);
            }
        }
    }
    found
}

pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let out = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(["-c", "commit.gpgsign=false"])
        .args(arguments)
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "git {arguments:?}: {err}");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}
