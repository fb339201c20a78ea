//! What is measured of work that was accepted: how complex its functions are, what of it stands somewhere already, how
//! much it is. It is read with bounds on files, bytes and time, and sends nobody back: what cannot be measured is counted,
//! and what breaks while measuring is logged and forgotten.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use swarm_domain::{
    EventBody, IdempotencyKey,
    quality::{COMPLEX, LONG, Measures},
};
use swarm_forge::ChangeKind;

use super::{acceptance::Judged, change::ChangedFile, probe::Probed};
use crate::{
    code::{Changed, Language, MAX_SOURCE_BYTES, Repeated, Search, Source, Tokens, functions, is_test_path},
    error::FlowError,
    experience::millis_of,
    parts::{Parts, part},
};

/// Files of the repository that a change is compared with, at the most.
const MAX_COMPARED: usize = 300;
/// Bytes of all of them together.
const MAX_COMPARED_BYTES: usize = 4 << 20;

/// Files of the repository that the change left as they were.
#[derive(Default)]
struct Beside {
    texts: Vec<(String, Vec<u8>)>,
    left_out: u32,
}

/// Measures a commit and writes down what came of it. Fails only where the database is away, which the step waits for.
pub(super) async fn measure(
    parts: &Parts,
    judged: &Judged<'_>,
    files: Vec<ChangedFile>,
    warnings: u32,
    probed: &Probed,
) -> Result<(), FlowError> {
    let limit = Duration::from_millis(parts.config.measure_ms);
    if limit.is_zero() {
        return Ok(());
    }
    let key = ["run", judged.run.as_str(), judged.attempt.as_str(), "measured", judged.commit.as_str()];
    let known = parts.store.event_by_key(&parts.config.tenant, &IdempotencyKey::of(&key)).await;
    if known.is_ok_and(|event| event.is_some()) {
        return Ok(());
    }
    let began = Instant::now();
    let until = began + limit;
    let read = tokio::time::timeout(limit, beside(parts, judged, &files)).await;
    let read =
        read.unwrap_or_else(|_| Err(FlowError::internal("reading the repository", "it takes too long")));
    let beside = read.unwrap_or_else(|error| {
        tracing::warn!(%error, attempt = %judged.attempt, "the repository is not compared with");
        Beside::default()
    });
    let taken = match tokio::task::spawn_blocking(move || take(&files, &beside, until)).await {
        Ok(taken) => taken,
        Err(error) => {
            tracing::warn!(%error, attempt = %judged.attempt, "the change is not measured");
            return Ok(());
        }
    };
    // The commands of a spec are not the author's tests.
    let (mutants, killed) = if probed.own_tests { (probed.mutants, probed.killed) } else { (0, 0) };
    let body = EventBody::CodeMeasured {
        commit: judged.commit.clone(),
        measures: Measures { warnings, mutants, killed, ..taken },
        millis: millis_of(began.elapsed()),
    };
    match parts.record(&key, part("validator"), judged.subject(), body).await {
        Err(error @ (FlowError::Later { .. } | FlowError::Cancelled)) => Err(error),
        Err(error) => {
            tracing::warn!(%error, attempt = %judged.attempt, "what was measured is not kept");
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// Whether a file is code that people keep: no test, and of a language that is known.
fn is_code(file: &ChangedFile) -> bool {
    file.kind != ChangeKind::Deleted && file.new.is_some() && is_own_code(&file.path)
}

fn is_own_code(path: &str) -> bool {
    Language::of_path(path).is_some() && !is_test_path(path)
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Reads what the change may repeat: code of the same languages, what lies beside it first.
async fn beside(parts: &Parts, judged: &Judged<'_>, files: &[ChangedFile]) -> Result<Beside, FlowError> {
    let code: Vec<&ChangedFile> = files.iter().filter(|file| is_code(file)).collect();
    let languages: BTreeSet<_> = code.iter().filter_map(|file| Language::of_path(&file.path)).collect();
    let folders: BTreeSet<&str> = code.iter().map(|file| folder_of(&file.path)).collect();
    let mut found = Beside::default();
    if languages.is_empty() {
        return Ok(found);
    }
    let is_like = |path: &str| {
        Language::of_path(path).is_some_and(|language| languages.contains(&language))
            && is_own_code(path)
            && files.iter().all(|file| file.path != path)
    };
    let mirror = parts.mirror(judged.project).await?;
    let mut room = MAX_COMPARED_BYTES;
    for near in [true, false] {
        let wanted = |path: &str| folders.contains(folder_of(path)) == near && is_like(path);
        let most = MAX_COMPARED - found.texts.len();
        let (read, skipped) = mirror.contents(judged.commit, wanted, MAX_SOURCE_BYTES, most, room).await?;
        found.left_out = found.left_out.saturating_add(count(skipped.len()));
        for (path, text) in read {
            match text {
                Some(text) => {
                    room = room.saturating_sub(text.len());
                    found.texts.push((path, text));
                }
                None => found.left_out = found.left_out.saturating_add(1),
            }
        }
    }
    Ok(found)
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Measures the change, and compares it, until the time is up.
fn take(files: &[ChangedFile], beside: &Beside, until: Instant) -> Measures {
    let mut measures = Measures { left_out: beside.left_out, ..Measures::default() };
    let mut changed = Vec::new();
    for file in files.iter().filter(|file| is_code(file)) {
        let read = Source::read(&file.path, file.new.as_deref().unwrap_or_default());
        let Some(source) = read.ok().filter(|_| Instant::now() < until) else {
            measures.unread += 1;
            continue;
        };
        measures.files += 1;
        for function in functions(&source, &file.lines) {
            measures.functions += 1;
            measures.complex += u32::from(function.paths > COMPLEX);
            measures.long += u32::from(function.length > LONG);
            if function.paths > measures.worst {
                measures.worst = function.paths;
                measures.worst_at = Some(format!("{}:{} {}", file.path, function.line, function.name));
            }
        }
        changed.push(Changed { tokens: Tokens::of(&source), lines: &file.lines });
    }
    let mut search = Search::within(&changed);
    for (path, text) in &beside.texts {
        match Source::read(path, text) {
            Ok(source) if Instant::now() < until => {
                search.compare(&Tokens::of(&source));
                measures.compared += 1;
            }
            _ => measures.left_out += 1,
        }
    }
    let Repeated { tokens, lines, duplicated, at } = search.ended();
    Measures { tokens, lines, duplicated, clone_at: at, ..measures }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::Lines;

    fn file(path: &str, text: &[u8]) -> ChangedFile {
        ChangedFile {
            path: path.to_owned(),
            kind: ChangeKind::Added,
            old: None,
            new: Some(text.to_vec()),
            lines: Lines::whole(text),
        }
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_hours(1)
    }

    const LOGIC: &str = "def total(items, rate):\n    total = 0\n    for item in items:\n        if item.price > 10 and item.count:\n            total += item.price * item.count * rate\n        elif not item.count:\n            raise ValueError(item.name)\n    return round(total, 2)\n";

    /// A function of so many decisions in a row.
    fn decides(name: &str, times: usize) -> String {
        let each = (0..times).map(|n| format!("    if a == {n}:\n        return a + {n}\n"));
        format!("def {name}(a):\n{}    return 0\n", each.collect::<String>())
    }

    #[test]
    fn the_worst_function_is_named_and_what_is_above_the_bounds_is_counted() {
        let text = decides("plain", 2) + &decides("tangled", 40);
        let taken = take(&[file("a.py", text.as_bytes())], &Beside::default(), later());
        assert_eq!((taken.files, taken.functions, taken.complex, taken.long), (1, 2, 1, 1));
        assert_eq!((taken.worst, taken.worst_at.as_deref()), (41, Some("a.py:7 tangled")));
        assert_eq!(taken.lines as usize, text.lines().count());
    }

    #[test]
    fn what_stands_beside_the_change_already_is_found() {
        let text = LOGIC.as_bytes();
        let beside = Beside { texts: vec![("old.py".to_owned(), text.to_vec())], left_out: 3 };
        let taken = take(&[file("new.py", text)], &beside, later());
        assert_eq!((taken.duplicated, taken.compared, taken.left_out), (taken.tokens, 1, 3));
        assert!(taken.clone_at.unwrap().starts_with("new.py:1 repeats old.py:1"));
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_what_is_no_code_of_ours_is_passed_over() {
        let deep = format!("x = {}1{}\n", "(\n".repeat(2_000), ")\n".repeat(2_000));
        let gone = ChangedFile { kind: ChangeKind::Deleted, ..file("gone.py", b"") };
        let files = [
            file("a.py", b"x = '\xff'\n"),
            file("b.py", deep.as_bytes()),
            file("README.md", b"# Hello\n"),
            file("tests/test_a.py", decides("test_a", 30).as_bytes()),
            gone,
        ];
        let taken = take(&files, &Beside::default(), later());
        assert_eq!(taken, Measures { unread: 2, ..Measures::default() });
    }

    #[test]
    fn when_the_time_is_up_the_rest_is_left_out_and_said() {
        let text = LOGIC.as_bytes();
        let beside = Beside { texts: vec![("old.py".to_owned(), text.to_vec())], left_out: 0 };
        let taken = take(&[file("new.py", text)], &beside, Instant::now());
        assert_eq!(taken, Measures { unread: 1, left_out: 1, ..Measures::default() });
        assert_eq!(take(&[], &Beside::default(), later()), Measures::default());
    }
}
