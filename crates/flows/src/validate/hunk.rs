//! Hunks of a change, left out one at a time: what the commands miss is what they prove.
//!
//! A diff says both sides of each hunk, so that the file without it follows from the commit and the diff alone. Tests are never
//! left out: they are what is asked. What is bounded: the number of hunks; how long it may take, whoever asks says.

use std::time::Instant;

use swarm_domain::{
    CommitId,
    hunk::{HunkEvidence, Missed, TriedHunk},
    scope::RelativePath,
    spec::{Acceptance, Fixture},
    ticket::Ticket,
};
use swarm_forge::Mirror;
use tokio_util::sync::CancellationToken;

use super::{
    acceptance::{self, Judged, Wrong},
    diff::{self, Line, sideless, unquoted},
    probe,
};
use crate::{
    code::{Language, is_test_path},
    error::FlowError,
    parts::Parts,
};

/// A hunk of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hunk {
    /// The file, as it is named after the change.
    path: String,
    /// Whether the file was not there before.
    is_new: bool,
    /// Whether the file is not there after.
    is_gone: bool,
    /// Where it begins before and after, as the diff says it.
    old_start: u32,
    new_start: u32,
    /// Its text before and after, with the lines around it.
    old: String,
    new: String,
}

/// What is to be found out.
pub(crate) struct Change<'a> {
    pub(crate) judged: Judged<'a>,
    pub(crate) ticket: &'a Ticket,
    pub(crate) fixtures: &'a [Fixture],
    /// The change, as `git diff` prints it.
    pub(crate) diff: &'a str,
}

/// Leaves out one hunk after the other, until it is `enough`. None where there is nothing to leave out, or no command that could
/// miss it, or nothing was found out in time.
pub(crate) async fn leave_out(
    parts: &Parts,
    change: &Change<'_>,
    enough: &CancellationToken,
) -> Result<Option<HunkEvidence>, FlowError> {
    let began = Instant::now();
    let Change { judged, fixtures, diff, .. } = change;
    let all = hunks(diff);
    let mut asked: Vec<&Hunk> = all.iter().filter(|hunk| !is_test_path(&hunk.path)).collect();
    if asked.is_empty() {
        return Ok(None);
    }
    // Code before what goes with it: there may not be time for all.
    asked.sort_by_key(|hunk| Language::of_path(&hunk.path).is_none());
    let commands = commands(parts, change, &all).await?;
    if commands.is_empty() {
        return Ok(None);
    }
    let mirror = parts.mirror(judged.project).await?;
    let mut found: Vec<TriedHunk> = Vec::new();
    for hunk in asked.iter().take(parts.config.hunks as usize) {
        let Some(without) = hunk.left_out(&mirror, judged.commit, parts.config.max_file_bytes).await? else {
            continue;
        };
        match missed_by(parts, judged, &without, &commands, fixtures, enough).await {
            Ok(missed_by) => {
                let Hunk { path, old_start, new_start, .. } = (*hunk).clone();
                found.push(TriedHunk { path, old_start, new_start, missed_by });
            }
            Err(FlowError::Cancelled) if enough.is_cancelled() => break,
            Err(error) => return Err(error),
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let place = |one: &TriedHunk| {
        all.iter().position(|hunk| (&hunk.path, hunk.new_start) == (&one.path, one.new_start))
    };
    found.sort_by_key(place);
    Ok(Some(HunkEvidence {
        commit: judged.commit.clone(),
        commands: count(commands.len()),
        left: count(asked.len() - found.len()),
        hunks: found,
        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A command that holds with all of the change, and what it would say if it did not.
struct Asked {
    check: Acceptance,
    says: Missed,
}

/// The commands of the ticket's requirements, and those that run the tests which the change touches.
async fn commands(parts: &Parts, change: &Change<'_>, all: &[Hunk]) -> Result<Vec<Asked>, FlowError> {
    let Change { judged, ticket, fixtures, .. } = change;
    let asked = |requirement, check: Acceptance| {
        let command = check.command.clone();
        Asked { check, says: Missed { requirement, command } }
    };
    let mut tests: Vec<&str> =
        all.iter().filter(|hunk| !hunk.is_gone && is_test_path(&hunk.path)).map(|hunk| &*hunk.path).collect();
    tests.dedup();
    let own = probe::own_commands(parts, judged, &tests, fixtures).await?;
    let of_spec =
        ticket.acceptance.iter().map(|check| asked(Some(check.requirement.clone()), check.check.clone()));
    Ok(of_spec.chain(own.into_iter().map(|check| asked(None, check))).collect())
}

/// What fails without a hunk: of each requirement the first command.
async fn missed_by(
    parts: &Parts,
    judged: &Judged<'_>,
    without: &Wrong,
    commands: &[Asked],
    fixtures: &[Fixture],
    enough: &CancellationToken,
) -> Result<Vec<Missed>, FlowError> {
    let mut missed: Vec<Missed> = Vec::new();
    for Asked { check, says } in commands {
        if missed.iter().any(|known| known.requirement == says.requirement) {
            continue;
        }
        if enough.is_cancelled() {
            return Err(FlowError::Cancelled);
        }
        let trial = judged.trial("hunk", enough.clone());
        let ended = acceptance::try_out(parts, &trial, check, fixtures, Some(without)).await?;
        if !acceptance::passes(check, &ended) {
            missed.push(says.clone());
        }
    }
    Ok(missed)
}

impl Hunk {
    /// The file as it were without this hunk; none where that cannot be told: a file that is no text, or too large.
    async fn left_out(
        &self,
        mirror: &Mirror,
        commit: &CommitId,
        max_bytes: u64,
    ) -> Result<Option<Wrong>, FlowError> {
        let Ok(path) = RelativePath::parse(&self.path) else { return Ok(None) };
        let after = if self.is_gone {
            None
        } else {
            let bound = usize::try_from(max_bytes).unwrap_or(usize::MAX);
            let Some(bytes) = mirror.file_at(commit, &path, bound).await? else { return Ok(None) };
            let Ok(text) = String::from_utf8(bytes) else { return Ok(None) };
            Some(text)
        };
        let text = match self.before(after.as_deref()) {
            Some(_) if self.is_new => None,
            Some(text) => Some(text),
            None => return Ok(None),
        };
        Ok(Some(Wrong { path: self.path.clone(), text }))
    }

    /// The text of the file with this hunk taken back; none where the hunk is not of this text.
    fn before(&self, after: Option<&str>) -> Option<String> {
        let Some(after) = after else { return Some(self.old.clone()) };
        // An empty side is named by the line before it.
        let above = if self.new.is_empty() { self.new_start } else { self.new_start.checked_sub(1)? };
        let at: usize = after.split_inclusive('\n').take(above as usize).map(str::len).sum();
        let (head, rest) = after.split_at(at);
        let tail = rest.strip_prefix(self.new.as_str())?;
        Some([head, &self.old, tail].concat())
    }
}

/// The hunks of a diff, each with both of its sides. One that was cut off is not known.
fn hunks(text: &str) -> Vec<Hunk> {
    let read = |hunk: diff::Hunk<'_>| {
        let (is_new, is_gone) = (hunk.before == "/dev/null", hunk.after == "/dev/null");
        let shown = if is_gone { sideless(hunk.before, "a/") } else { sideless(hunk.after, "b/") };
        let side = |is_on: fn(&Line<'_>) -> bool| -> String {
            hunk.lines.iter().filter(|line| is_on(line)).map(|line| line.text).collect()
        };
        Hunk {
            path: unquoted(shown),
            is_new,
            is_gone,
            old_start: hunk.old_start,
            new_start: hunk.new_start,
            old: side(|line| line.on_old),
            new: side(|line| line.on_new),
        }
    };
    diff::hunks(text).into_iter().filter(|hunk| hunk.is_whole).map(read).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What git says is different, and the hunks of it.
    fn between(before: Option<&str>, after: Option<&str>) -> Vec<Hunk> {
        let folder = tempfile::tempdir().unwrap();
        for (side, text) in [("a", before), ("b", after)] {
            std::fs::create_dir(folder.path().join(side)).unwrap();
            if let Some(text) = text {
                std::fs::write(folder.path().join(side).join("über x.txt"), text).unwrap();
            }
        }
        let said = Command::new("git")
            .args(["diff", "--no-index", "--no-prefix", "--no-ext-diff", "a", "b"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        hunks(&String::from_utf8(said.stdout).unwrap())
    }

    #[test]
    fn a_file_without_one_hunk_is_the_old_one_there_and_the_new_one_elsewhere() {
        let before = (1..=40).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
        let after = before
            .replace("line 3\n", "line three\nand more\n")
            .replace("line 20\n", "")
            .replace("line 40\n", "line 40\nthe end\n");
        let found = between(Some(&before), Some(&after));
        assert_eq!(found.len(), 3);
        let without: Vec<String> = found.iter().map(|hunk| hunk.before(Some(&after)).unwrap()).collect();
        assert_eq!(without[0], after.replace("line three\nand more\n", "line 3\n"));
        assert_eq!(without[1], after.replace("line 19\n", "line 19\nline 20\n"));
        assert_eq!(without[2], after.replace("the end\n", ""));
        // From the last to the first, all of them together are the file as it was.
        let back = found.iter().rev().fold(after, |text, hunk| hunk.before(Some(&text)).unwrap());
        assert_eq!(back, before);
    }

    #[test]
    fn ends_of_lines_and_of_files_are_kept_as_they_are() {
        let pairs = [
            ("a\nb", "a\nb\n"),
            ("a\nb\n", "a\nb"),
            ("a\nb", "a\nc"),
            ("a\r\nb\r\n", "a\r\nc\r\n"),
            ("", "a\n"),
            ("a\n", ""),
            ("--- x\n+++ y\n", "--- x\n@@ -1 +1 @@\n"),
        ];
        for (before, after) in pairs {
            let found = between(Some(before), Some(after));
            assert_eq!(found.len(), 1, "{before:?} {after:?}");
            assert_eq!(found[0].before(Some(after)).as_deref(), Some(before), "{before:?} {after:?}");
        }
    }

    #[test]
    fn an_empty_line_is_one_with_and_without_its_space() {
        for space in ["", " "] {
            let diff = format!("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n{space}\n-b\n+c\n");
            assert_eq!(hunks(&diff)[0].before(Some("a\n\nc\n")).as_deref(), Some("a\n\nb\n"));
        }
    }

    #[test]
    fn a_file_that_is_new_or_gone_is_known_by_its_real_name() {
        let new = between(None, Some("x\ny\n")).remove(0);
        assert!(new.is_new && !new.is_gone);
        assert!(new.path.ends_with("über x.txt"), "{}", new.path);
        let gone = between(Some("x\n"), None).remove(0);
        assert!(gone.is_gone && gone.path.ends_with("über x.txt"), "{}", gone.path);
        assert_eq!(gone.before(None).as_deref(), Some("x\n"));
    }

    #[test]
    fn a_hunk_of_another_text_is_not_taken_back() {
        let found = between(Some("a\nb\nc\n"), Some("a\nB\nc\n"));
        for other in ["a\nb\nc\n", "", "a", "a\nB"] {
            assert_eq!(found[0].before(Some(other)), None, "{other:?}");
        }
        for cut in
            ["@@ -1 +1 @@", "@@ -1,2 +1,2 @@\n a\n", "--- a/x\n+++ b/x\n@@ -0,0 +1,9 @@\n+x", "@@ -x +y @@\n"]
        {
            assert_eq!(hunks(cut), [], "{cut:?}");
        }
    }
}
