use std::time::Duration;

use swarm_forge::ChangeKind;

use super::*;
use crate::code::Lines;

/// What semgrep 1.182.0 really said of code that breaks every rule of swarm's own, and of rules that are none.
const RECORDED: &[u8] = include_bytes!("recorded/semgrep.sarif");
const BAD_RULES: &[u8] = include_bytes!("recorded/semgrep-bad-rules.sarif");

fn file(path: &str, added: &[u32]) -> ChangedFile {
    let text = (1..=20).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
    let lines = Lines { added: added.iter().copied().collect(), ..Lines::default() };
    ChangedFile {
        path: path.to_owned(),
        kind: ChangeKind::Modified,
        old: None,
        new: Some(text.into_bytes()),
        lines,
    }
}

fn ended(code: i32, stdout: &[u8]) -> Ended {
    Ended {
        how: How::Exited { code },
        stdout: stdout.to_vec(),
        stderr: b"Traceback\nMemoryError\x1b[0m\n\n".to_vec(),
        dropped_bytes: 0,
        took: Duration::ZERO,
    }
}

fn said(ended: &Ended, files: &[ChangedFile]) -> Result<(String, Vec<Finding>), String> {
    read(ended, &files.iter().collect::<Vec<_>>())
}

#[test]
fn what_semgrep_said_counts_where_it_is_about_an_added_line() {
    let files = [file("a.py", &[5, 9, 10]), file("b.js", &[20])];
    let (tool, found) = said(&ended(0, RECORDED), &files).unwrap();
    assert_eq!(tool, "semgrep 1.182.0");
    let told: Vec<_> =
        found.iter().map(|one| (one.path.as_deref(), one.line(), one.evidence.as_str())).collect();
    assert_eq!(told, [(Some("a.py"), Some(5), "line 5"), (Some("a.py"), Some(9), "line 9")]);
    assert!(found[0].detail.contains("semgrep rule `shell-from-parts`: A command"), "{}", found[0].detail);
    assert!(found.iter().all(|one| one.code == FindingCode::Scanned && !one.hint.is_empty()));
}

#[test]
fn every_rule_of_our_own_was_seen_to_find_something() {
    let rules: Vec<_> = RULES.lines().filter_map(|line| line.trim().strip_prefix("- id: ")).collect();
    let scan = sarif::read(RECORDED).unwrap();
    let found: Vec<_> = scan.results.iter().filter_map(|one| one.rule.strip_prefix("rules.")).collect();
    assert!(rules.len() >= 9);
    for rule in rules {
        assert!(found.contains(&rule), "{rule}");
    }
}

#[test]
fn a_scanner_that_breaks_is_no_clean_bill() {
    let files = [file("a.py", &[5])];
    let why = said(&ended(7, BAD_RULES), &files).unwrap_err();
    assert!(why.contains("'message'") && why.contains("invalid configuration"), "{why}");
    for (code, stdout, word) in [
        (0, &b"no json"[..], "no SARIF"),
        (0, b"", "no SARIF"),
        (2, b"", "MemoryError"),
        (2, RECORDED, "MemoryError"),
    ] {
        let why = said(&ended(code, stdout), &files).unwrap_err();
        assert!(why.contains(word) && !why.contains('\x1b'), "{why}");
    }
    let mut flood = ended(0, RECORDED);
    flood.dropped_bytes = 1;
    assert!(said(&flood, &files).unwrap_err().contains("longer than"));
    let mut killed = ended(0, RECORDED);
    killed.how = How::LimitPassed { limit: swarm_sandbox::Limit::Memory };
    assert!(said(&killed, &files).is_err());
}

#[test]
fn results_about_files_that_were_not_given_are_passed_over() {
    let (_, found) = said(&ended(0, RECORDED), &[file("other.py", &[5])]).unwrap();
    assert_eq!(found, []);
}

#[test]
fn what_semgrep_has_no_grammar_for_is_not_given_to_it() {
    assert!(is_scanned(&file("a/b.PY", &[])) && is_scanned(&file("x.go", &[])));
    for path in ["a.bin", "Makefile", ".semgrepignore", "py"] {
        assert!(!is_scanned(&file(path, &[])), "{path}");
    }
    let gone = ChangedFile { new: None, ..file("a.py", &[]) };
    assert!(!is_scanned(&gone));
}
