//! Faults made on purpose: where an attempt brings tests, the code is made wrong a few times, and somebody must notice.
//!
//! Each mutant runs on a checkout of its own, in a fresh sandbox, first against the attempt's own tests and then against
//! the commands of the spec. What is bounded: the number of mutants, and the time of all together.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{Duration, Instant},
};

use swarm_domain::{
    EventBody,
    finding::{Finding, FindingCode},
    scope::RelativePath,
    spec::{Acceptance, Fixture},
    ticket::Ticket,
};
use swarm_forge::ChangeKind;
use swarm_sandbox::How;

use super::{
    acceptance::{self, Judged, Wrong},
    change::{ChangedFile, fault},
};
use crate::{
    code::{Language, Lines, Mutant, Source, changed_tests, is_test_path, mutants},
    error::FlowError,
    parts::{Parts, part},
};

/// The longest that all mutants of an attempt may take; those that are left are not tried.
const LONGEST: Duration = Duration::from_mins(2);
/// Fewer mutants say nothing about the tests.
const LEAST: u32 = 2;
/// Survivors that are named.
const MAX_NAMED: usize = 5;
/// Files of the repository that tests without code of their own may be about.
const MAX_SUBJECTS: usize = 8;

/// How tests did on code that was made wrong on purpose.
#[derive(Default)]
pub(super) struct Probed {
    /// How many times the code was made wrong.
    pub(super) mutants: u32,
    /// How often that was noticed.
    pub(super) killed: u32,
    /// Whether the attempt's own tests were tried.
    pub(super) own_tests: bool,
    /// That they prove nothing.
    pub(super) finding: Option<Finding>,
}

/// Tries the tests of an attempt that was accepted so far.
pub(super) async fn probe(
    parts: &Parts,
    judged: &Judged<'_>,
    files: &[ChangedFile],
    ticket: &Ticket,
    fixtures: &[Fixture],
) -> Result<Probed, FlowError> {
    let tests: Vec<_> = files.iter().filter(|file| brings_tests(file)).collect();
    let config = &parts.config;
    let most = if tests.is_empty() { config.mutants_for_code } else { config.mutants } as usize;
    if most == 0 {
        return Ok(Probed::default());
    }
    let key = ["run", judged.run.as_str(), judged.attempt.as_str(), "probe", judged.commit.as_str()];
    let known =
        parts.store.event_by_key(&parts.config.tenant, &swarm_domain::IdempotencyKey::of(&key)).await?;
    let body = if let Some(event) = known {
        event.body
    } else {
        let Some(body) = tried(parts, judged, files, &tests, ticket, fixtures, most).await? else {
            return Ok(Probed::default());
        };
        parts.record(&key, part("validator"), judged.subject(), body).await?.body
    };
    let EventBody::TestsProbed { mutants, killed, survived, own_tests, .. } = body else {
        return Ok(Probed::default());
    };
    // What the spec's commands do not notice is the spec's fault: people see it, the author is not sent back for it.
    let worthless = own_tests && killed == 0 && mutants >= LEAST;
    let finding = worthless.then(|| {
        let path = tests.first().map_or("", |file| file.path.as_str());
        let what = format!("notices none of {mutants} faults that were made in the code on purpose");
        let hint = format!(
            "Write the tests in {path} so that they compare what the code returns with the right values."
        );
        fault(FindingCode::HollowTest, path, 1, &what, &survived.join("\n"), &hint)
    });
    Ok(Probed { mutants, killed, own_tests, finding })
}

fn brings_tests(file: &ChangedFile) -> bool {
    let source = file.new.as_deref().map(|bytes| Source::read(&file.path, bytes));
    matches!(source, Some(Ok(source)) if changed_tests(&source, &file.lines) > 0)
}

async fn tried(
    parts: &Parts,
    judged: &Judged<'_>,
    files: &[ChangedFile],
    tests: &[&ChangedFile],
    ticket: &Ticket,
    fixtures: &[Fixture],
    most: usize,
) -> Result<Option<EventBody>, FlowError> {
    let began = Instant::now();
    let made = match in_added(files, most) {
        made if made.is_empty() && !tests.is_empty() => in_tested(parts, judged, tests, most).await?,
        made => made,
    };
    if made.is_empty() {
        return Ok(None);
    }
    let paths: Vec<&str> = tests.iter().map(|test| test.path.as_str()).collect();
    let own = own_commands(parts, judged, &paths, fixtures).await?;
    let mut commands = own.clone();
    commands.extend(ticket.acceptance.iter().map(|check| check.check.clone()));
    let (mut count, mut killed) = (0_u32, 0_u32);
    let mut survived = Vec::new();
    for (path, mutant) in &made {
        if began.elapsed() > LONGEST {
            break;
        }
        count += 1;
        if noticed(parts, judged, path, mutant, &commands, fixtures).await? {
            killed += 1;
        } else if survived.len() < MAX_NAMED {
            survived.push(mutant.what.clone());
        }
    }
    Ok(Some(EventBody::TestsProbed {
        commit: judged.commit.clone(),
        mutants: count,
        killed,
        survived,
        own_tests: !own.is_empty(),
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}

/// Mutants of what the attempt added itself.
fn in_added(files: &[ChangedFile], most: usize) -> Vec<(String, Mutant)> {
    let code: Vec<_> = files
        .iter()
        .filter(|file| file.kind != ChangeKind::Deleted && !is_test_path(&file.path))
        .filter_map(|file| Some((file, Source::read(&file.path, file.new.as_deref()?).ok()?)))
        .collect();
    spread(code.iter().map(|(file, source)| (file.path.as_str(), source, file.lines.clone())), most)
}

fn spread<'a>(
    code: impl Iterator<Item = (&'a str, &'a Source<'a>, Lines)>,
    most: usize,
) -> Vec<(String, Mutant)> {
    let of_files: Vec<Vec<_>> = code
        .map(|(path, source, lines)| {
            mutants(source, &lines, most).into_iter().map(|mutant| (path.to_owned(), mutant)).collect()
        })
        .collect();
    // One of each file in turn, so that a long file does not take all.
    let longest = of_files.iter().map(Vec::len).max().unwrap_or_default();
    (0..longest).flat_map(|at| of_files.iter().filter_map(move |of| of.get(at).cloned())).take(most).collect()
}

/// Mutants of the code that tests without code of their own are about: the files whose names they say.
async fn in_tested(
    parts: &Parts,
    judged: &Judged<'_>,
    tests: &[&ChangedFile],
    most: usize,
) -> Result<Vec<(String, Mutant)>, FlowError> {
    let said: BTreeSet<&str> = tests
        .iter()
        .filter_map(|test| test.text())
        .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')))
        .collect();
    let mirror = parts.mirror(judged.project).await?;
    let mut texts = Vec::new();
    for path in mirror.files(judged.commit).await? {
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        let is_subject = Language::of_path(&path).is_some() && !is_test_path(&path) && said.contains(stem);
        if let (true, Ok(relative)) = (is_subject && texts.len() < MAX_SUBJECTS, RelativePath::parse(&path))
            && let Some(bytes) =
                mirror.file_at(judged.commit, &relative, crate::code::MAX_SOURCE_BYTES).await?
        {
            texts.push((path, bytes));
        }
    }
    let sources: Vec<_> = texts
        .iter()
        .filter_map(|(path, bytes)| Some((path, bytes, Source::read(path, bytes).ok()?)))
        .collect();
    Ok(spread(sources.iter().map(|(path, bytes, source)| (path.as_str(), source, Lines::whole(bytes))), most))
}

/// The commands that run the tests in these files and pass as the code is; none where no runner of this machine runs them.
pub(super) async fn own_commands(
    parts: &Parts,
    judged: &Judged<'_>,
    tests: &[&str],
    fixtures: &[Fixture],
) -> Result<Vec<Acceptance>, FlowError> {
    let mut found = Vec::new();
    for test in tests {
        for command in runners(test) {
            let check = Acceptance { command, exit: 0, stdout: None, stderr_contains: None, line: 0 };
            let ended = acceptance::run(parts, judged, "probe", &check, fixtures, None).await?;
            let output = [ended.stdout, ended.stderr].concat();
            let text = String::from_utf8_lossy(&output);
            let ran = !text.contains("Ran 0 tests")
                && !text.contains("no tests ran")
                && !text.contains("# tests 0");
            if ended.how == (How::Exited { code: 0 }) && ran {
                found.push(check);
                break;
            }
        }
    }
    Ok(found)
}

/// The usual ways to run the tests of a file, the one most likely to be there first.
fn runners(path: &str) -> Vec<String> {
    // Only names that the shell takes as they are.
    if !path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-'))
        || path.starts_with('-')
    {
        return Vec::new();
    }
    let folder =
        Path::new(path).parent().and_then(Path::to_str).filter(|folder| !folder.is_empty()).unwrap_or(".");
    match Language::of_path(path) {
        Some(Language::Python) => {
            let module = path.trim_end_matches(".py").replace('/', ".");
            vec![format!("python3 -m unittest -q {module}"), format!("python3 -m pytest -q {path}")]
        }
        Some(Language::JavaScript) => vec![format!("node --test {path}")],
        Some(Language::TypeScript | Language::Tsx) => vec![format!("npx --no-install vitest run {path}")],
        Some(Language::Go) => vec![format!("go test ./{folder}/")],
        Some(Language::Rust) => vec!["cargo test --offline --quiet".to_owned()],
        Some(Language::Java) | None => Vec::new(),
    }
}

/// Whether a command fails on the code with this fault in it.
async fn noticed(
    parts: &Parts,
    judged: &Judged<'_>,
    path: &str,
    mutant: &Mutant,
    commands: &[Acceptance],
    fixtures: &[Fixture],
) -> Result<bool, FlowError> {
    for check in commands {
        let wrong = Wrong { path: path.to_owned(), text: Some(mutant.text.clone()) };
        let ended = acceptance::run(parts, judged, "mutant", check, fixtures, Some(&wrong)).await?;
        if !acceptance::passes(check, &ended) {
            return Ok(true);
        }
    }
    Ok(false)
}
