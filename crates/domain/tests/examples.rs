//! The specs under `examples/`, as a newcomer meets them: each is read, planned and linted, and every example of the
//! demo's spec runs against a reference implementation.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use swarm_domain::{
    PlanId, SpecId, TicketId,
    estimate::Estimate,
    graph::critical_path,
    lint::{Lint, is_blocked, lint},
    plan::Plan,
    skeleton::draft,
    spec::{self, Acceptance, Spec, SpecError},
    ticket::DependencyKind,
};

fn example(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn planned(name: &str) -> (Plan, Spec) {
    let text = example(name);
    let spec = spec::read(&text).unwrap();
    let skeleton = draft(&spec, None);
    let plan = Plan {
        id: PlanId::parse("plan_1").unwrap(),
        spec: SpecId::of_text(&String::from_utf8(text).unwrap()),
        tickets: skeleton.tickets,
        estimate: Estimate::default(),
        model: "none".to_owned(),
    };
    (plan, spec)
}

fn codes(lints: &[Lint]) -> BTreeSet<&str> {
    lints.iter().map(|l| l.code.as_str()).collect()
}

#[test]
fn the_demo_is_understood_whole_and_its_plan_has_no_finding() {
    let (plan, spec) = planned("textstat/spec.md");
    assert_eq!(spec.not_understood, []);
    assert_eq!(spec.requirements.len(), 8);
    assert!(spec.requirements.iter().all(|r| r.files.len() == 1 && !r.acceptance.is_empty()));
    assert_eq!(lint(&plan, &spec), []);
}

#[test]
fn the_demo_needs_four_rounds_and_each_ticket_writes_one_file() {
    let (plan, spec) = planned("textstat/spec.md");
    assert!(plan.tickets.iter().all(|t| t.touches.len() == 1));
    let alone: Vec<&str> =
        plan.tickets.iter().filter(|t| t.depends_on.is_empty()).map(|t| t.requirements[0].as_str()).collect();
    assert_eq!(alone, ["REQ-1", "REQ-2"], "two can begin at once");
    assert_eq!(critical_path(&plan).len(), 4);
    assert!(plan.tickets.iter().flat_map(|t| &t.depends_on).all(|d| d.kind == DependencyKind::Blocks));
    let first = &spec.requirements[0].id;
    assert_eq!(plan.tickets[0].id, TicketId::of_requirements(std::slice::from_ref(first), 0));
}

#[test]
fn the_shell_example_shows_every_form_of_a_check() {
    let (plan, spec) = planned("specs/greet.md");
    assert_eq!(spec.not_understood, []);
    assert_eq!(lint(&plan, &spec), []);
    let checks: Vec<(&str, i32, Option<&str>, Option<&str>)> = spec
        .requirements
        .iter()
        .flat_map(|r| &r.acceptance)
        .map(|a| (a.command.as_str(), a.exit, a.stdout.as_deref(), a.stderr_contains.as_deref()))
        .collect();
    assert_eq!(
        checks,
        [
            ("sh greet.sh Ada", 0, Some("Hello, Ada."), None),
            ("sh usage.sh", 2, Some(""), Some("usage: greet NAME")),
            ("sh greet_all.sh people.txt", 0, Some("Hello, Ada.\nHello, Grace."), None),
            ("sh greet_all.sh nobody.txt", 1, None, Some("nobody.txt")),
        ]
    );
    assert_eq!(
        plan.tickets.iter().map(|t| t.touches[0].as_str()).collect::<Vec<_>>(),
        ["greet.sh", "usage.sh", "greet_all.sh"]
    );
}

#[test]
fn the_vague_example_is_stopped_for_each_of_its_faults() {
    let (plan, spec) = planned("specs/vague.md");
    let lints = lint(&plan, &spec);
    assert!(is_blocked(&lints));
    let found = codes(&lints);
    for code in ["untestable_words", "no_acceptance", "unknown_dependency", "not_understood", "wide_scope"] {
        assert!(found.contains(format!("lint.{code}").as_str()), "{code} is not in {found:?}");
    }
}

#[test]
fn the_cyclic_example_is_refused_with_its_circle() {
    let error = spec::read(&example("specs/cyclic.md")).unwrap_err();
    assert!(matches!(&error, SpecError::Cyclic { cycle, .. } if cycle.len() == 3), "{error:?}");
    assert!(error.to_string().contains("REQ-1 needs REQ-3 needs REQ-2 needs REQ-1"), "{error}");
}

#[test]
fn the_contradictory_example_is_refused_with_both_lines() {
    let error = spec::read(&example("specs/contradictory.md")).unwrap_err();
    assert!(matches!(error, SpecError::ContradictoryIds { first_line: 5, second_line: 13, .. }), "{error:?}");
}

/// A folder that goes when it is no longer needed.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("swarm-domain-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(check: &Acceptance, folder: &Path) -> Output {
    Command::new("sh")
        .args(["-c", &check.command])
        .current_dir(folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap()
}

fn passes(check: &Acceptance, output: &Output) -> bool {
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output.status.code() == Some(check.exit)
        && check.stdout.as_ref().is_none_or(|wanted| stdout.trim_end() == wanted.trim_end())
        && check.stderr_contains.as_ref().is_none_or(|wanted| stderr.contains(wanted))
}

fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok_and(|o| o.status.success());
    if !found {
        eprintln!("skipped: python3 is not installed");
    }
    found
}

#[test]
fn every_example_of_the_demo_holds_for_the_reference_implementation() {
    if !has_python() {
        return;
    }
    let spec = spec::read(&example("textstat/spec.md")).unwrap();
    let folder = Folder::new("textstat");
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/textstat/textstat");
    fs::create_dir_all(folder.0.join("textstat")).unwrap();
    for file in fs::read_dir(&reference).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() {
            fs::copy(file.path(), folder.0.join("textstat").join(file.file_name())).unwrap();
        }
    }
    for fixture in &spec.fixtures {
        fs::write(folder.0.join(&fixture.path), &fixture.content).unwrap();
    }
    for requirement in &spec.requirements {
        for check in &requirement.acceptance {
            let output = run(check, &folder.0);
            assert!(passes(check, &output), "{} line {}: {check:?}\n{output:?}", requirement.id, check.line);
        }
    }
}

#[test]
fn no_example_of_the_demo_holds_before_its_file_is_written() {
    if !has_python() {
        return;
    }
    let spec = spec::read(&example("textstat/spec.md")).unwrap();
    let folder = Folder::new("nothing");
    for fixture in &spec.fixtures {
        fs::write(folder.0.join(&fixture.path), &fixture.content).unwrap();
    }
    for check in spec.requirements.iter().flat_map(|r| &r.acceptance) {
        assert!(!passes(check, &run(check, &folder.0)), "line {} proves nothing", check.line);
    }
}
