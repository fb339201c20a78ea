//! Acceptance commands, each in a fresh sandbox on a fresh checkout: what one command breaks, the next does not see,
//! and nothing that the author left lying about can help it pass.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, CommitId, EventBody, IdempotencyKey, ProjectId, RunId, Subject, TicketId,
    event::CheckStage,
    finding::{Finding, FindingCode},
    scope::RelativePath,
    spec::{Acceptance, Fixture},
    ticket::TicketCheck,
};
use swarm_sandbox::{Backend, Ended, Exec, Holder, How, SandboxSpec};
use tokio_util::sync::CancellationToken;

use super::{diagnosis, evidence};
use crate::{
    error::FlowError,
    parts::{Parts, of_ticket, part},
};

/// What is judged, and why.
pub(crate) struct Judged<'a> {
    pub(crate) project: &'a ProjectId,
    pub(crate) run: &'a RunId,
    pub(crate) ticket: &'a TicketId,
    pub(crate) attempt: &'a AttemptId,
    pub(crate) commit: &'a CommitId,
    pub(crate) stage: CheckStage,
    /// Which judgement of the same commit it is, from 1.
    pub(crate) number: u32,
}

impl Judged<'_> {
    pub(crate) fn subject(&self) -> Subject {
        Subject { attempt: Some(self.attempt.clone()), ..of_ticket(self.project, self.run, self.ticket) }
    }

    /// A place for one of its commands.
    pub(super) fn trial(&self, label: &str, cancel: CancellationToken) -> Trial<'_> {
        let name = format!("check-{}-{}-{}-{label}", self.run, self.attempt, self.stage_name());
        Trial { project: self.project, commit: self.commit, subject: self.subject(), name, cancel }
    }

    /// The stage as it stands in keys.
    pub(crate) fn stage_name(&self) -> String {
        let stage = match self.stage {
            CheckStage::Validation => "validation",
            CheckStage::Merge => "merge",
        };
        if self.number > 1 { format!("{stage}-{}", self.number) } else { stage.to_owned() }
    }
}

/// The output of a check, as it is kept beside its event.
#[derive(Debug, Serialize, Deserialize)]
pub struct CheckOutput {
    /// Standard output, as far as it was kept.
    pub stdout: String,
    /// Standard error, as far as it was kept.
    pub stderr: String,
    /// Bytes that were dropped.
    pub dropped_bytes: u64,
}

/// Runs the checks and returns what failed. A check that was judged before a crash is not run again.
pub(crate) async fn judge(
    parts: &Parts,
    judged: &Judged<'_>,
    checks: &[&TicketCheck],
    fixtures: &[Fixture],
) -> Result<Vec<Finding>, FlowError> {
    let mut findings = Vec::new();
    for (index, check) in checks.iter().enumerate() {
        findings.extend(judge_one(parts, judged, index, check, fixtures).await?);
    }
    Ok(findings)
}

async fn judge_one(
    parts: &Parts,
    judged: &Judged<'_>,
    index: usize,
    check: &TicketCheck,
    fixtures: &[Fixture],
) -> Result<Option<Finding>, FlowError> {
    let (number, stage) = (index.to_string(), judged.stage_name());
    let key = ["run", judged.run.as_str(), judged.attempt.as_str(), &stage, judged.commit.as_str(), &number];
    let known = parts.store.event_by_key(&parts.config.tenant, &IdempotencyKey::of(&key)).await?;
    if let Some(EventBody::CheckRun { passed, ended, output, .. }) = known.map(|event| event.body) {
        let output: CheckOutput = parts.load(&output).await?;
        return Ok((!passed).then(|| finding(judged, check, &ended, &output)));
    }
    let ended = run(parts, judged, &number, &check.check, fixtures, None).await?;
    let output = CheckOutput {
        stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
        dropped_bytes: ended.dropped_bytes,
    };
    let passed = passes(&check.check, &ended);
    let body = EventBody::CheckRun {
        stage: judged.stage,
        requirement: check.requirement.clone(),
        command: check.check.command.clone(),
        commit: judged.commit.clone(),
        passed,
        ended: ended.how.to_string(),
        output: parts.keep(&output).await?,
        rung: parts.sandboxes.rung(),
        millis: u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX),
    };
    let by = match judged.stage {
        CheckStage::Validation => part("validator"),
        CheckStage::Merge => part("merge-train"),
    };
    parts.record(&key, by, judged.subject(), body).await?;
    Ok((!passed).then(|| finding(judged, check, &ended.how.to_string(), &output)))
}

/// A file that is not as the commit has it, on purpose.
pub(crate) struct Wrong {
    pub(crate) path: String,
    /// What stands in it; none where it is not there.
    pub(crate) text: Option<String>,
}

/// Runs one command on a checkout of its own, where need be with a file that is wrong on purpose.
pub(super) async fn run(
    parts: &Parts,
    judged: &Judged<'_>,
    label: &str,
    check: &Acceptance,
    fixtures: &[Fixture],
    wrong: Option<&Wrong>,
) -> Result<Ended, FlowError> {
    try_out(parts, &judged.trial(label, crate::engine::cancellation()), check, fixtures, wrong).await
}

/// Where a command is tried out.
pub(crate) struct Trial<'a> {
    pub(crate) project: &'a ProjectId,
    pub(crate) commit: &'a CommitId,
    /// What it is about.
    pub(crate) subject: Subject,
    /// Of the checkout and the sandbox.
    pub(crate) name: String,
    /// Ends the command; then there is no outcome.
    pub(crate) cancel: CancellationToken,
}

/// Runs one command in a fresh sandbox on a checkout of its own, where need be with a file that is wrong on purpose.
pub(crate) async fn try_out(
    parts: &Parts,
    trial: &Trial<'_>,
    check: &Acceptance,
    fixtures: &[Fixture],
    wrong: Option<&Wrong>,
) -> Result<Ended, FlowError> {
    let name = trial.name.clone();
    let folder = crate::sweep::own_checkouts(parts).join(&name);
    remove(&folder).await?;
    tokio::fs::create_dir_all(&folder)
        .await
        .map_err(|error| FlowError::internal("a checkout's folder", error))?;
    let mirror = parts.mirror(trial.project).await?;
    mirror.checkout(trial.commit, &folder).await?;
    for fixture in fixtures {
        write(&folder, &fixture.path, &fixture.content).await?;
    }
    match wrong {
        Some(Wrong { path, text: Some(text) }) => write(&folder, path, text).await?,
        Some(Wrong { path, text: None }) => remove_file(&folder, path).await?,
        None => {}
    }
    let spec = SandboxSpec {
        name,
        workdir: folder.clone(),
        limits: parts.config.check_limits.clone(),
        holder: Holder { subject: trial.subject.clone(), ..Holder::default() },
        ..SandboxSpec::default()
    };
    let ended = run_alone(parts.sandboxes.as_ref(), spec, shell(&check.command), trial.cancel.clone()).await;
    remove(&folder).await?;
    ended
}

/// An acceptance command as it is run: what would change from run to run is held still.
pub(crate) fn shell(command: &str) -> Exec {
    let mut command = Exec::shell(command);
    command.env.insert("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned());
    command.env.insert("PYTHONHASHSEED".to_owned(), "0".to_owned());
    command
}

/// Runs one command in a sandbox of its own.
pub(crate) async fn run_alone(
    backend: &dyn Backend,
    spec: SandboxSpec,
    command: Exec,
    cancel: CancellationToken,
) -> Result<Ended, FlowError> {
    let sandbox = backend.create(spec).await?;
    let ended = sandbox.exec(command, cancel).await;
    sandbox.stop().await?;
    let ended = ended?;
    if ended.how == How::Cancelled { Err(FlowError::Cancelled) } else { Ok(ended) }
}

async fn remove(folder: &Path) -> Result<(), FlowError> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FlowError::internal("removing a checkout", error))
        }
        _ => Ok(()),
    }
}

/// The checkout holds no symlink that leaves it, and a path that was read so is relative: it stays inside.
async fn write(folder: &Path, path: &str, text: &str) -> Result<(), FlowError> {
    let target = inside(folder, path)?;
    let failed = |error| FlowError::internal("writing into a checkout", error);
    if let Some(parent) = target.parent() {
        tokio::fs::create_dir_all(parent).await.map_err(failed)?;
    }
    tokio::fs::write(&target, text).await.map_err(failed)
}

async fn remove_file(folder: &Path, path: &str) -> Result<(), FlowError> {
    match tokio::fs::remove_file(inside(folder, path)?).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FlowError::internal("taking a file from a checkout", error))
        }
        _ => Ok(()),
    }
}

fn inside(folder: &Path, path: &str) -> Result<PathBuf, FlowError> {
    let path =
        RelativePath::parse(path).map_err(|error| FlowError::internal("a path of a checkout", error))?;
    Ok(folder.join(path.as_str()))
}

/// Whether a command did what the spec says. Trailing white space of lines and of the whole does not count.
pub(crate) fn passes(check: &Acceptance, ended: &Ended) -> bool {
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let stderr = String::from_utf8_lossy(&ended.stderr);
    ended.how == How::Exited { code: check.exit }
        && ended.dropped_bytes == 0
        && check.stdout.as_ref().is_none_or(|wanted| trimmed(wanted) == trimmed(&stdout))
        && check.stderr_contains.as_ref().is_none_or(|wanted| stderr.contains(wanted.trim()))
}

fn trimmed(text: &str) -> String {
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn finding(judged: &Judged<'_>, check: &TicketCheck, ended: &str, output: &CheckOutput) -> Finding {
    let wanted = &check.check;
    let code = match judged.stage {
        CheckStage::Merge => FindingCode::MergeRed,
        CheckStage::Validation if ended.contains("limit passed") => FindingCode::AcceptanceLimit,
        CheckStage::Validation => FindingCode::AcceptanceFailed,
    };
    let mut hint = wanted_words(wanted);
    if let Some(meaning) = diagnosis::diagnosis(&output.stderr) {
        hint += &meaning;
    }
    Finding {
        code,
        detail: format!(
            "`{}` ended with {ended} and did not do what {} asks.",
            wanted.command, check.requirement
        ),
        evidence: evidence::bounded(&format!("{}\n{}", output.stdout.trim_end(), output.stderr.trim_end())),
        hint,
        requirement: Some(check.requirement.clone()),
        path: None,
    }
}

/// What a command must do, in words.
pub(crate) fn wanted_words(wanted: &Acceptance) -> String {
    let mut hint = format!("Running `{}`", wanted.command);
    hint += &match &wanted.stdout {
        Some(text) if wanted.exit == 0 => format!(" must print exactly:\n{}\n", trimmed(text)),
        Some(text) => format!(" must exit with {} and print exactly:\n{}\n", wanted.exit, trimmed(text)),
        None => format!(" must exit with {}.\n", wanted.exit),
    };
    if let Some(text) = &wanted.stderr_contains {
        hint += &format!("Standard error must contain: {text}\n");
    }
    hint
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ended(code: i32, stdout: &str) -> Ended {
        Ended {
            how: How::Exited { code },
            stdout: stdout.into(),
            stderr: b"usage: textstat FILE\n".to_vec(),
            dropped_bytes: 0,
            took: Duration::ZERO,
        }
    }

    fn check(exit: i32, stdout: Option<&str>, stderr: Option<&str>) -> Acceptance {
        Acceptance {
            command: "x".to_owned(),
            exit,
            stdout: stdout.map(str::to_owned),
            stderr_contains: stderr.map(str::to_owned),
            line: 1,
        }
    }

    #[test]
    fn trailing_white_space_does_not_count_and_everything_else_does() {
        assert!(passes(&check(0, Some("a\nb"), None), &ended(0, "a \nb\n\n")));
        assert!(!passes(&check(0, Some("a\nb"), None), &ended(0, " a\nb\n")));
        assert!(!passes(&check(0, Some("a"), None), &ended(1, "a\n")));
        assert!(passes(&check(2, None, Some("usage:")), &ended(2, "anything")));
        assert!(!passes(&check(2, None, Some("missing")), &ended(2, "anything")));
    }

    #[test]
    fn output_that_was_cut_never_passes() {
        let mut flood = ended(0, "a");
        flood.dropped_bytes = 1;
        assert!(!passes(&check(0, Some("a"), None), &flood));
    }
}
