//! Tests that were there before, and what runs them: an author must not loosen what it is judged by.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use swarm_domain::{
    finding::{Finding, FindingCode},
    spec::Fixture,
    ticket::Ticket,
};
use swarm_forge::ChangeKind;

use super::change::{ChangedFile, fault, is_named};
use crate::code::{Source, is_test_path, live_tests, test_texts};

/// What runs tests, and what of it takes tests out of the run: the file's name, and a line that was added to it.
const MACHINERY: &[(&str, &str)] = &[
    (
        r"^conftest\.py$",
        r"pytest_collection_modifyitems|pytest_ignore_collect|collect_ignore|pytest_runtest_|pytest_sessionfinish|pytest_cmdline|exitstatus|pytest_pyfunc_call|\bskip\b",
    ),
    (r"^(?:sitecustomize|usercustomize)\.py$|\.pth$", r"\S"),
    (
        r"^(?:pytest\.ini|\.pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml)$",
        r"addopts.*(?:--co\b|--collect-only|\s-k\b|--ignore|--deselect|-p\s*no:|--maxfail|--exitfirst|--lf)|^\s*(?:python_files|python_functions|python_classes|testpaths|collect_ignore|norecursedirs)\s*=",
    ),
    (
        r"^package\.json$",
        r#""(?:pre|post)?(?:test|check|lint)[\w:-]*"\s*:\s*"\s*(?:true|:|exit 0|echo\b[^&|;]*|)\s*""#,
    ),
    (
        r"^(?:Makefile|makefile|GNUmakefile|justfile)$",
        r"^\s+@?-?(?:true|:|exit 0|echo ['\x22]?(?:ok|pass|all tests).*)\s*$|^\.IGNORE\b",
    ),
    (
        r"^(?:jest|vitest|mocha|ava|karma|playwright)\.config\.\w+$|^\.mocharc",
        r"passWithNoTests|testPathIgnorePatterns|testMatch|exclude|forbidOnly\s*:\s*false|bail",
    ),
    (r"^config\.toml$", r"^\s*(?:runner|rustc-wrapper|rustc)\s*="),
];

static RULES: LazyLock<Vec<(Regex, Regex)>> = LazyLock::new(|| {
    MACHINERY
        .iter()
        .filter_map(|(name, line)| Some((Regex::new(name).ok()?, Regex::new(line).ok()?)))
        .collect()
});

/// Where tests, fixtures or what runs them were changed to the author's favour.
pub(super) fn tampered(files: &[ChangedFile], ticket: &Ticket, fixtures: &[Fixture]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        findings.extend(machinery(file));
        if is_test_path(&file.path) && !is_named(ticket, &file.path) {
            findings.extend(loosened(file));
        }
        if let Some(fixture) = fixtures.iter().find(|fixture| fixture.path == file.path)
            && file.text().is_none_or(|text| text.trim_end() != fixture.content.trim_end())
        {
            let hint = format!("Leave {} as the spec gives it.", file.path);
            findings.push(fault(
                FindingCode::TestTampered,
                &file.path,
                1,
                "is given by the spec, and was changed",
                "",
                &hint,
            ));
        }
    }
    findings
}

fn machinery(file: &ChangedFile) -> Option<Finding> {
    let (_, rule) = RULES.iter().find(|(name, _)| name.is_match(file.name()))?;
    let (number, line) = file.added().find(|(_, line)| rule.is_match(line))?;
    let hint =
        format!("Do not change in {} which tests are run or how: write code that passes them.", file.path);
    Some(fault(
        FindingCode::TestTampered,
        &file.path,
        number,
        "changes which tests are run, or how",
        line,
        &hint,
    ))
}

/// Tests that are gone, are no longer run, or say something else than before.
fn loosened(file: &ChangedFile) -> Vec<Finding> {
    let Some(Ok(before)) = file.old.as_deref().map(|bytes| Source::read(&file.path, bytes)) else {
        return Vec::new();
    };
    let after = file.new.as_deref().map(|bytes| Source::read(&file.path, bytes));
    let after = match &after {
        Some(Ok(source)) => Some(source),
        _ => None,
    };
    let was = test_texts(&before);
    let now: BTreeMap<_, _> = after.map(test_texts).unwrap_or_default();
    let live: Vec<_> = after.map(live_tests).unwrap_or_default();
    let mut findings = Vec::new();
    for (name, text) in &was {
        let what = match now.get(name) {
            None => "is gone",
            Some(_) if !live.contains(name) && live_tests(&before).contains(name) => "is no longer run",
            Some(new) if new != text => "asserts something else than before",
            Some(_) => continue,
        };
        let hint = format!("Leave the test `{name}` in {} as it was; write code that passes it.", file.path);
        let what = format!("the test `{name}` {what}");
        findings.push(fault(FindingCode::TestTampered, &file.path, 1, &what, "", &hint));
    }
    if was.is_empty() && file.kind == ChangeKind::Deleted {
        let hint = format!("Keep {}: tests use it.", file.path);
        findings.push(fault(
            FindingCode::TestTampered,
            &file.path,
            1,
            "is used by tests, and is gone",
            "",
            &hint,
        ));
    }
    findings
}
