//! `swarm gate` as people run it: the real program, real git, a real sandbox, no server and no database.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

const FINE: &str = "def add(a, b):\n    return a + b\n";
const STUB: &str = "def add(a, b):\n    pass\n";

struct Ground {
    folder: tempfile::TempDir,
}

impl Ground {
    /// A repository with one commit.
    fn new() -> Self {
        let ground = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(ground.repo()).unwrap();
        ground.git(&["init", "-q", "-b", "main"]);
        ground.write("calc.py", FINE);
        ground.commit("begin");
        ground
    }

    fn repo(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.repo().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn plain(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.repo())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("SWARM_DATA", self.folder.path().join("data"))
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "Ada")))
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "ada@example.org")));
        command
    }

    fn try_git(&self, args: &[&str]) -> Output {
        self.plain("git").args(args).output().unwrap()
    }

    fn git(&self, args: &[&str]) {
        let done = self.try_git(args);
        assert!(done.status.success(), "git {args:?}: {}", err(&done));
    }

    fn commit(&self, subject: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--no-verify", "-m", subject]);
    }

    fn gate(&self, args: &[&str]) -> Output {
        self.plain(env!("CARGO_BIN_EXE_swarm")).arg("gate").args(args).output().unwrap()
    }

    fn judged(&self, args: &[&str]) -> (i32, Value) {
        let done = self.gate(&[args, &["--json"]].concat());
        let code = done.status.code().unwrap();
        (code, serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{code}: {}", err(&done))))
    }
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn check<'r>(report: &'r Value, name: &str) -> &'r Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no {name}: {report:#}"))
}

fn secret() -> String {
    format!("key = 'AKIA{}'\n", "ABCDEFGHIJKLMNOP")
}

#[test]
fn what_is_staged_is_judged_and_what_is_not_staged_is_not() {
    let ground = Ground::new();
    ground.write("calc.py", &format!("{FINE}\n\n{STUB}"));
    let (code, report) = ground.judged(&[]);
    assert_eq!((code, &report["verdict"]), (0, &"clean".into()), "{report:#}");
    ground.git(&["add", "calc.py"]);
    ground.write("calc.py", FINE);
    let (code, report) = ground.judged(&[]);
    assert_eq!((code, &report["verdict"]), (1, &"blocked".into()), "{report:#}");
    let found = check(&report, "placeholders");
    assert_eq!((&found["weight"], &found["tool"]), (&"block".into(), &"swarm".into()));
    assert_eq!(found["findings"][0]["path"], "calc.py");
    let said = out(&ground.gate(&[]));
    assert!(said.contains("it is blocked") && said.contains("block calc.py:6"), "{said}");
}

#[test]
fn a_secret_is_found_and_never_repeated() {
    let ground = Ground::new();
    ground.write("conf.py", &secret());
    ground.git(&["add", "-A"]);
    let done = ground.gate(&["--sarif", "-"]);
    assert_eq!(done.status.code(), Some(1));
    let text = out(&done);
    assert!(!text.contains("AKIA") && !err(&done).contains("AKIA"), "{text}");
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let runs = log["runs"].as_array().unwrap();
    let ours = runs.iter().find(|run| run["tool"]["driver"]["name"] == "swarm").unwrap();
    assert_eq!(ours["results"][0]["ruleId"], "secret");
}

#[test]
fn policy_decides_what_a_finding_means() {
    let ground = Ground::new();
    ground.write("calc.py", STUB);
    ground.git(&["add", "-A"]);
    let with = |weight: &str| {
        let mut command = ground.plain(env!("CARGO_BIN_EXE_swarm"));
        command.env("SWARM_FLOWS__GATE__PLACEHOLDERS", weight).args(["gate", "--json"]).output().unwrap()
    };
    let verdict = |done: &Output| serde_json::from_slice::<Value>(&done.stdout).unwrap()["verdict"].clone();
    for (weight, code, follows) in [("block", 1, "blocked"), ("warn", 0, "warned"), ("off", 0, "clean")] {
        let done = with(weight);
        assert_eq!((done.status.code(), verdict(&done)), (Some(code), follows.into()), "{weight}");
    }
    // The repository may ask for more than its operator, and never for less.
    ground.write(".swarm/gate.yaml", "policy: {placeholders: block, secrets: off}\n");
    ground.write("conf.py", &secret());
    ground.git(&["add", "-A"]);
    let done = with("warn");
    assert_eq!((done.status.code(), verdict(&done)), (Some(1), "blocked".into()));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(check(&report, "secrets")["weight"], "block");
    assert_eq!(with("perhaps").status.code(), Some(2));
}

#[test]
fn before_a_merge_only_what_the_branch_brings_is_judged_by_the_rules_from_before_it() {
    let ground = Ground::new();
    ground.write("old.py", STUB);
    ground.write(".swarm/gate.yaml", "rules:\n  - forbid: 'print\\('\n    message: Log it.\n");
    ground.commit("what was there");
    ground.git(&["checkout", "-q", "-b", "work"]);
    ground.write("calc.py", "def add(a, b):\n    print(a)\n    return a + b\n");
    ground.write(".swarm/gate.yaml", "# no rules any more\n");
    ground.commit("work");
    ground.git(&["checkout", "-q", "main"]);
    ground.write("late.py", STUB);
    ground.commit("late");
    ground.git(&["checkout", "-q", "work"]);
    let (code, report) = ground.judged(&["--stage", "pre-merge"]);
    assert_eq!(code, 1);
    assert_eq!(check(&report, "placeholders")["outcome"]["is"], "passed", "what was there is nobody's fault");
    assert_eq!(check(&report, "rules")["findings"][0]["hint"], "Log it. (calc.py)");
    let (_, report) = ground.judged(&["--stage", "pre-merge", "--base", "main", "--scope", "late.py"]);
    assert_eq!(check(&report, "scope")["findings"][0]["code"], "out_of_scope");
    let (_, report) = ground.judged(&["--stage", "pre-merge"]);
    assert!(check(&report, "scope")["outcome"]["why"].as_str().unwrap().contains("--scope"));
    for args in
        [&["--stage", "pre-merge", "--base", "nowhere"][..], &["--stage", "pre-merge", "--head", "--x"]]
    {
        let done = ground.gate(args);
        assert_eq!(done.status.code(), Some(2), "{args:?}: {}", err(&done));
    }
}

#[test]
fn the_hook_stops_a_commit_also_of_what_was_not_staged_before() {
    let ground = Ground::new();
    let done = ground.gate(&["install"]);
    assert_eq!(done.status.code(), Some(0), "{}", err(&done));
    ground.write("calc.py", STUB);
    // Git makes an index of its own for this one.
    let refused = ground.try_git(&["commit", "-q", "-a", "-m", "stub"]);
    assert!(!refused.status.success(), "{}", out(&refused));
    assert!(format!("{}{}", out(&refused), err(&refused)).contains("calc.py:2"), "{}", err(&refused));
    ground.write("calc.py", &format!("{FINE}# Sums.\n"));
    ground.git(&["commit", "-q", "-a", "-m", "fine"]);
    assert!(out(&ground.gate(&["install"])).contains("is there already"));
}

#[test]
fn a_hook_of_somebody_elses_stays() {
    let ground = Ground::new();
    let hook = ground.repo().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, "#!/bin/sh\nmake lint\n").unwrap();
    let done = ground.gate(&["install"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(err(&done).contains("gate.foreign_hook") && err(&done).contains("swarm gate --stage pre-commit"));
    assert_eq!(std::fs::read_to_string(&hook).unwrap(), "#!/bin/sh\nmake lint\n");
}

#[test]
fn before_a_deployment_the_commands_of_the_repository_and_of_a_spec_are_run_on_the_commit() {
    let ground = Ground::new();
    let (code, report) = ground.judged(&["--stage", "pre-deploy"]);
    assert_eq!(code, 0);
    assert!(check(&report, "commands")["outcome"]["why"].as_str().unwrap().contains(".swarm/gate.yaml"));
    ground.write(
        ".swarm/gate.yaml",
        "pre-deploy: |\n  $ python3 -c 'import calc; print(calc.add(1, 2))'\n  3\n  $ test ! -e scribble && touch scribble\n  $ test ! -e scribble\n",
    );
    ground.commit("gate");
    ground.write("calc.py", "not even python\n");
    let (code, report) = ground.judged(&["--stage", "pre-deploy"]);
    assert_eq!((code, &check(&report, "commands")["outcome"]["is"]), (0, &"passed".into()), "{report:#}");
    let spec = "# Calc\n\n## REQ-1: Adds\n\n`calc.py` adds.\n\n```console\n$ python3 -c 'import calc; print(calc.add(2, 2))'\n5\n```\n";
    std::fs::write(ground.folder.path().join("spec.md"), spec).unwrap();
    let (code, report) = ground.judged(&["--stage", "pre-deploy", "--spec", "../spec.md"]);
    let finding = &check(&report, "commands")["findings"][0];
    assert_eq!((code, &finding["requirement"]), (1, &"REQ-1".into()), "{report:#}");
    assert!(finding["evidence"].as_str().unwrap().contains('4'));
}

#[test]
fn after_a_deployment_the_commands_run_outside_only_where_that_is_asked_for_and_with_patience() {
    let ground = Ground::new();
    let mark = ground.folder.path().join("up");
    let gate = format!("post-deploy: |\n  $ test -e {0} || {{ touch {0}; false; }}\n", mark.display());
    ground.write(".swarm/gate.yaml", &gate);
    ground.commit("gate");
    let done = ground.gate(&["--stage", "post-deploy"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(err(&done).contains("--sandbox process"), "{}", err(&done));
    assert!(!mark.exists());
    let outside = &["--stage", "post-deploy", "--sandbox", "process"][..];
    assert_eq!(ground.judged(outside).0, 1);
    std::fs::remove_file(&mark).unwrap();
    let (code, report) = ground.judged(&[outside, &["--wait", "20"]].concat());
    assert_eq!(code, 0, "{report:#}");
}

#[test]
fn a_lock_file_is_asked_about_or_it_is_said_why_not() {
    let ground = Ground::new();
    ground.write("requirements.txt", "flask==0.5\n");
    ground.git(&["add", "-A"]);
    let (code, report) = ground.judged(&[]);
    let why = check(&report, "dependencies")["outcome"]["why"].as_str().unwrap().to_owned();
    assert_eq!(code, 0);
    assert!(
        why.contains("requirements.txt") && (why.contains("not installed") || why.contains("--online")),
        "{why}"
    );
}

#[test]
fn what_cannot_be_judged_is_told_from_what_does_not_pass() {
    let ground = Ground::new();
    ground.write(".swarm/gate.yaml", "wings: 2\n");
    ground.git(&["add", "-A"]);
    let done = ground.gate(&[]);
    assert_eq!(done.status.code(), Some(2));
    assert!(err(&done).contains("gate.file") && err(&done).contains("wings"), "{}", err(&done));
    let elsewhere = ground.gate(&["--repo", "/proc"]);
    assert_eq!(elsewhere.status.code(), Some(2), "{}", err(&elsewhere));
}

/// Runs where semgrep is, and says where it is not.
#[test]
fn what_semgrep_finds_warns_and_blocks_where_that_is_asked_for() {
    let seen =
        ["/usr/local/bin", "/usr/bin", "/bin"].iter().any(|bin| Path::new(bin).join("semgrep").is_file());
    let ground = Ground::new();
    ground.write("run.py", "import os\n\n\ndef show(name):\n    os.system('ls ' + name)\n");
    ground.git(&["add", "-A"]);
    let (code, report) = ground.judged(&[]);
    let scan = check(&report, "semgrep");
    assert_eq!(code, 0);
    if !seen {
        assert!(scan["outcome"]["why"].as_str().unwrap().contains("not installed"), "{scan:#}");
        eprintln!("skipped: semgrep is not installed where a sandbox sees it");
        return;
    }
    assert_eq!(report["verdict"], "warned", "{scan:#}");
    assert!(
        scan["findings"][0]["detail"]
            .as_str()
            .unwrap()
            .starts_with("run.py:5 semgrep rule `shell-from-parts`")
    );
    ground.write(".swarm/gate.yaml", "policy: {semgrep: block}\n");
    ground.git(&["add", "-A"]);
    let (code, report) = ground.judged(&[]);
    assert_eq!((code, &report["verdict"]), (1, &"blocked".into()));
    ground.write(".semgrep.yml", "rules: [{id: x}]\n");
    ground.git(&["add", "-A"]);
    let (code, report) = ground.judged(&[]);
    let said = check(&report, "semgrep")["findings"][0]["detail"].as_str().unwrap().to_owned();
    assert!(code == 1 && said.contains("gave no answer"), "{said}");
}
