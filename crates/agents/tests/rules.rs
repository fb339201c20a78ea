//! Rules of agents, tried on the cases beside their files.

use std::{fs, path::Path};

use swarm_agents::{Catalogue, RulesReport, check_rules};
use swarm_sandbox::{Backend, Process};

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

async fn checked(folder: &Path, sandboxes: Option<&dyn Backend>) -> RulesReport {
    let roster = Catalogue::load(folder).unwrap().current();
    check_rules(roster.get("a").unwrap(), sandboxes).await.unwrap()
}

const LOGS: &str =
    "---\nname: a\nproduces: [src/**]\nvalidate:\n  - forbid: print\n    message: Log it.\n---\nx";

#[tokio::test]
async fn the_rules_of_the_agents_that_ship_with_swarm_do_what_they_are_for() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../agents/build");
    let roster = Catalogue::load(folder).unwrap().current();
    let mut cases = 0;
    for agent in roster.iter() {
        let report = check_rules(agent, None).await.unwrap();
        assert_eq!(report.faults, [""; 0], "{}", agent.name);
        cases += report.cases;
    }
    assert!(cases > 0);
}

#[tokio::test]
async fn rules_without_cases_are_not_proven() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.md", LOGS);
    let report = checked(folder.path(), None).await;
    assert_eq!((report.rules, report.cases, report.faults.len()), (2, 0, 3), "{report:?}");
    put(folder.path(), "a.md", "---\nname: a\n---\nx");
    assert_eq!(checked(folder.path(), None).await.faults, [""; 0], "no rules, nothing to prove");
}

#[tokio::test]
async fn each_rule_must_refuse_a_case_and_let_a_good_one_pass() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.md", LOGS);
    put(folder.path(), "a.fixtures/good/src/a.py", "log(1)\n");
    put(folder.path(), "a.fixtures/bad-print/src/a.py", "print(1)\n");
    let report = checked(folder.path(), None).await;
    assert!(matches!(report.faults.as_slice(), [one] if one.starts_with("produces `src/**`")), "{report:?}");
    put(folder.path(), "a.fixtures/bad-elsewhere/a.py", "log(1)\n");
    assert_eq!(checked(folder.path(), None).await.faults, [""; 0]);
    put(folder.path(), "a.fixtures/bad-and-yet-good/src/a.py", "log(1)\n");
    put(folder.path(), "a.fixtures/good-and-yet-bad/src/a.py", "print(1)\n");
    let faults = checked(folder.path(), None).await.faults.join("\n");
    assert!(faults.contains("bad-and-yet-good: must be refused, and passes"), "{faults}");
    assert!(faults.contains("good-and-yet-bad: must pass, and breaks forbid `print`"), "{faults}");
}

#[tokio::test]
async fn a_command_is_run_on_each_case() {
    let folder = tempfile::tempdir().unwrap();
    put(
        folder.path(),
        "a.md",
        "---\nname: a\nvalidate:\n  - command: sh check.sh\n    message: Mend it.\n---\nx",
    );
    put(folder.path(), "a.fixtures/good/check.sh", "test -f check.sh\n");
    put(folder.path(), "a.fixtures/bad/check.sh", "exit 3\n");
    let without = checked(folder.path(), None).await;
    assert!(without.faults.iter().any(|fault| fault.contains("no sandbox")), "{without:?}");
    let state = tempfile::tempdir().unwrap();
    let process = Process::open(state.path()).await.unwrap();
    assert_eq!(checked(folder.path(), Some(&process)).await.faults, [""; 0]);
}

#[tokio::test]
async fn what_is_no_case_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.md", LOGS);
    put(folder.path(), "a.fixtures/other/src/a.py", "log(1)\n");
    let roster = Catalogue::load(folder.path()).unwrap().current();
    let error = check_rules(roster.get("a").unwrap(), None).await.unwrap_err();
    assert!(error.to_string().contains("is no case"), "{error}");
    fs::remove_dir_all(folder.path().join("a.fixtures/other")).unwrap();
    fs::create_dir_all(folder.path().join("a.fixtures/good")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("a.fixtures/good/a.py")).unwrap();
    let error = check_rules(roster.get("a").unwrap(), None).await.unwrap_err();
    assert!(error.to_string().contains("no ordinary file"), "{error}");
}
