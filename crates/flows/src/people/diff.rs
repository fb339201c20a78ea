//! What is asked about an accepted change before it may enter the merge train.

use std::collections::BTreeMap;

use serde_json::json;
use swarm_domain::{
    EventBody, MicroUsd, RunId, Subject,
    finding::{Finding, FindingCode},
    interrupt::{
        ActionRequest, ApprovalPolicy, Decision, DiffFile, Facts, Interrupt, InterruptKind, Point, classify,
    },
    ticket::Ticket,
};
use swarm_forge::{Change, ChangeKind};

use super::{Against, Matter, list, questions, requesters};
use crate::{
    error::FlowError,
    ground::Ground,
    merge::Candidate,
    parts::{Parts, of_ticket, part},
    validate::change::{ChangedFile, ReadChange},
};

/// The questions about a change; none where the policy lets it pass.
pub(crate) async fn of_change(
    parts: &Parts,
    ground: &Ground,
    policy: &ApprovalPolicy,
    run: &RunId,
    candidate: &Candidate,
) -> Result<Vec<Interrupt>, FlowError> {
    let Candidate { ticket, attempt, commit, base, .. } = candidate;
    let mirror = parts.mirror(&ground.project).await?;
    let change = ReadChange::of_commits(&mirror, base, commit, &parts.config).await?;
    let read: BTreeMap<&str, &ChangedFile> =
        change.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let files: Vec<DiffFile<'_>> =
        change.changes.iter().map(|one| changed(one, read.get(one.path.as_str()).copied())).collect();
    let found = classify(&files);
    let ticket = ground.plan.ticket(ticket).ok_or_else(|| FlowError::internal("the ticket", ticket))?;
    // The planner's word can make it more risky, never less.
    let risk = found.risk.max(ticket.risk);
    let paths: Vec<&str> = files.iter().map(|file| file.path).collect();
    let asked = policy.asks(&Facts {
        point: Point::Diff,
        project: &ground.project,
        risk,
        classes: &found.classes(),
        cost: MicroUsd::ZERO,
        paths: &paths,
    });
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let (added, removed) = files
        .iter()
        .fold((0, 0), |(added, removed), file| (added + file.added.len(), removed + file.removed.len()));
    let reasons = found.found.iter().map(|(class, why)| format!("{}: {why}", class.name().replace('_', " ")));
    let matter = Matter {
        kind: InterruptKind::DiffReview,
        risk,
        action: ActionRequest {
            action: "merge_change".to_owned(),
            args: json!({
                "ticket": ticket.id, "attempt": attempt, "commit": commit, "files": files.len(),
                "added": added, "removed": removed,
            }),
        },
        description: words(ticket, &paths, &reasons.collect::<Vec<_>>()),
        asked_by: requesters(parts, &ground.project, run).await?,
        about: found.classes().into_iter().map(|class| class.name().to_owned()).collect(),
        commit: Some(commit.clone()),
        text: Some(parts.store.blobs().put(change.diff.text.as_bytes()).await?),
    };
    Ok(questions(run, &["diff", attempt.as_str()], asked, &matter))
}

/// A file with the lines that one side has and the other has not, wherever they stand.
fn changed<'a>(change: &'a Change, read: Option<&'a ChangedFile>) -> DiffFile<'a> {
    let texts = |file: &'a ChangedFile| (file.before().unwrap_or_default(), file.text().unwrap_or_default());
    let (old, new) = read.map_or(("", ""), texts);
    DiffFile {
        path: &change.path,
        gone: change.kind == ChangeKind::Deleted,
        added: beyond(new, old),
        removed: beyond(old, new),
    }
}

/// The lines of a text that another has not, or not as often.
fn beyond<'a>(text: &'a str, other: &str) -> Vec<&'a str> {
    let mut there: BTreeMap<&str, usize> = BTreeMap::new();
    for line in other.lines() {
        *there.entry(line).or_default() += 1;
    }
    let not_there = |line: &&str| match there.get_mut(*line) {
        Some(left) if *left > 0 => {
            *left -= 1;
            false
        }
        _ => true,
    };
    text.lines().filter(not_there).collect()
}

fn words(ticket: &Ticket, paths: &[&str], reasons: &[String]) -> String {
    let files = list(paths.iter().map(|path| (*path).to_owned()));
    let text = format!("{}: {}\n\n{files}", ticket.id, ticket.title);
    if reasons.is_empty() {
        return text;
    }
    format!("{text}\n\nWhy it is not of low risk:\n\n{}", list(reasons.iter().cloned()))
}

/// What a person said who sent a change back, as its author is told; none where nobody did.
pub(crate) fn sent_back(against: &Against) -> Option<Finding> {
    let Decision::Answered { words, by } = &against.decision else { return None };
    Some(Finding {
        code: FindingCode::Review,
        detail: format!("{by} looked at the change and sent it back ({})", against.interrupt),
        evidence: String::new(),
        hint: words.clone(),
        requirement: None,
        path: None,
    })
}

/// Writes down why a change goes back to its author.
pub(crate) async fn record_finding(
    parts: &Parts,
    ground: &Ground,
    run: &RunId,
    candidate: &Candidate,
    finding: &Finding,
) -> Result<(), FlowError> {
    let key = ["run", run.as_str(), candidate.attempt.as_str(), "people", "finding"];
    let of_ticket = of_ticket(&ground.project, run, &candidate.ticket);
    let subject = Subject { attempt: Some(candidate.attempt.clone()), ..of_ticket };
    let body = EventBody::FindingRaised { finding: finding.clone() };
    parts.record(&key, part("policy"), subject, body).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_only_moved_is_neither_added_nor_removed() {
        let (old, new) = ("a\nb\nb\nc\n", "c\nb\na\nd\n");
        assert_eq!(beyond(new, old), ["d"]);
        assert_eq!(beyond(old, new), ["b"]);
    }
}
