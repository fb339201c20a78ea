//! The first step at which two runs part: the same step of the same attempt, with other words.

use std::collections::{BTreeMap, BTreeSet};

use swarm_domain::{
    BlobHash, CommitId, Event, EventBody,
    attempt::AttemptOutcome,
    comparison::{StepName, named_steps},
    origin::StepKind,
    run_diff::Parting,
};
use swarm_model::ChatReply;

use crate::{parts::Parts, validate::acceptance::CheckOutput};

/// The most of a step's words that is shown, in characters.
const MAX_SHOWN: usize = 4_000;
/// Lines that are shown before the first that differs, and the longest of them.
const CONTEXT: usize = 3;
const MAX_LINE: usize = 200;

/// The first step of the first run that the second has not, or has with other words; else the first one that only the
/// second has.
pub(super) async fn parting(
    parts: &Parts,
    first: &[Event],
    second: &[Event],
    trees: &BTreeMap<CommitId, String>,
) -> Option<Parting> {
    let ours = named_steps(first);
    let theirs: BTreeMap<StepName, &Event> = named_steps(second).into_iter().collect();
    for (name, event) in &ours {
        let other = theirs.get(name).copied();
        if other.is_some_and(|other| essence(&event.body, trees) == essence(&other.body, trees)) {
            continue;
        }
        let texts = (words(parts, &event.body).await, said(parts, other).await);
        // The same words in another wrapping, such as the figures of a played reply.
        if other.is_some() && texts.0 == texts.1 && name.kind == StepKind::Model {
            continue;
        }
        return Some(at(name, Some(event), other, &texts));
    }
    let known: BTreeSet<&StepName> = ours.iter().map(|(name, _)| name).collect();
    let only = named_steps(second).into_iter().find(|(name, _)| !known.contains(name))?;
    let texts = (String::new(), words(parts, &only.1.body).await);
    Some(at(&only.0, None, Some(only.1), &texts))
}

fn at(name: &StepName, first: Option<&Event>, second: Option<&Event>, texts: &(String, String)) -> Parting {
    let same = same_lines(&texts.0, &texts.1);
    Parting {
        step: name.to_string(),
        kind: name.kind,
        first: first.map(|event| event.seq),
        second: second.map(|event| event.seq),
        first_text: cut(from_line(&texts.0, same)),
        second_text: cut(from_line(&texts.1, same)),
    }
}

/// How many lines both begin with, but for the last few that show where the rest stands.
fn same_lines(first: &str, second: &str) -> usize {
    let same = first.lines().zip(second.lines()).take_while(|(one, two)| one == two).count();
    let context = first.lines().take(same).collect::<Vec<_>>();
    let shown = context.iter().rev().take(CONTEXT).take_while(|line| line.len() <= MAX_LINE).count();
    if same == shown { 0 } else { same - shown }
}

fn from_line(text: &str, line: usize) -> &str {
    let Some(last) = line.checked_sub(1) else { return text };
    text.match_indices('\n').nth(last).map_or("", |(end, _)| &text[end + 1..])
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What must be the same for two steps to be the same: not the time, not the names of commits.
fn essence(body: &EventBody, trees: &BTreeMap<CommitId, String>) -> Vec<String> {
    let tree = |commit: &CommitId| trees.get(commit).cloned().unwrap_or_else(|| commit.to_string());
    match body {
        EventBody::AttemptStarted { agent, hints, .. } => {
            std::iter::once(agent).chain(hints).cloned().collect()
        }
        EventBody::ModelCalled { reply, .. } => vec![reply.to_string()],
        EventBody::ToolCalled { tool, arguments, result, .. } => {
            vec![tool.clone(), arguments.to_string(), result.to_string()]
        }
        EventBody::CheckRun { command, passed, ended, .. } => {
            vec![command.clone(), passed.to_string(), ended.clone()]
        }
        EventBody::Committed { commit, .. } | EventBody::Merged { commit, .. } => vec![tree(commit)],
        EventBody::FindingRaised { finding } => vec![finding.signature()],
        EventBody::AttemptFinished { outcome, .. } => vec![match outcome {
            AttemptOutcome::Accepted => "accepted".to_owned(),
            AttemptOutcome::Rejected { findings } => format!("rejected with {}", findings.len()),
            AttemptOutcome::Failed { problem } => format!("failed: {}", problem.code),
        }],
        _ => Vec::new(),
    }
}

async fn said(parts: &Parts, event: Option<&Event>) -> String {
    match event {
        Some(event) => words(parts, &event.body).await,
        None => String::new(),
    }
}

/// What a step says, in full. What cannot be read is said to be so: this is for people.
pub(super) async fn words(parts: &Parts, body: &EventBody) -> String {
    match body {
        EventBody::AttemptStarted { number, agent, model, hints, .. } => {
            let head = format!("attempt {number} by {agent} with {model}");
            lines(head, hints.iter().map(|hint| format!("- {hint}")))
        }
        EventBody::ModelCalled { reply, .. } => match parts.load::<ChatReply>(reply).await {
            Ok(reply) => {
                let calls = reply.tool_calls.iter().map(|call| format!("{} {}", call.name, call.arguments));
                lines(reply.text.clone(), calls)
            }
            Err(error) => format!("({error})"),
        },
        EventBody::ToolCalled { tool, arguments, result, .. } => {
            format!("{tool} {}\n{}", text(parts, arguments).await, text(parts, result).await)
        }
        EventBody::CheckRun { command, passed, ended, output, .. } => {
            let how = if *passed { "holds" } else { "does not hold" };
            let shown = match parts.load::<CheckOutput>(output).await {
                Ok(output) => format!("{}{}", output.stdout, output.stderr),
                Err(error) => format!("({error})"),
            };
            format!("{command}: {how} ({ended})\n{shown}")
        }
        EventBody::Committed { commit, files, added, removed } => {
            format!("{commit}: {files} files, +{added} -{removed}")
        }
        EventBody::Merged { commit, .. } => format!("merged as {commit}"),
        EventBody::FindingRaised { finding } => {
            format!("{}: {}\n{}\n{}", finding.code, finding.detail, finding.evidence, finding.hint)
        }
        EventBody::AttemptFinished { outcome, .. } => match outcome {
            AttemptOutcome::Accepted => "accepted".to_owned(),
            AttemptOutcome::Rejected { findings } => {
                lines("rejected".to_owned(), findings.iter().map(|f| format!("- {}: {}", f.code, f.detail)))
            }
            AttemptOutcome::Failed { problem } => format!("failed: {problem}"),
        },
        other => other.name().to_owned(),
    }
}

fn lines(head: String, rest: impl Iterator<Item = String>) -> String {
    std::iter::once(head).chain(rest).collect::<Vec<_>>().join("\n")
}

async fn text(parts: &Parts, blob: &BlobHash) -> String {
    match parts.store.blobs().get(blob).await {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_begins_where_the_texts_differ() {
        let text = |last: &str| format!("{}\n1\n2\n3\n4\n{last}\nend", "x".repeat(9_000));
        let (one, two) = (text("one"), text("two"));
        let same = same_lines(&one, &two);
        assert_eq!(
            (from_line(&one, same), from_line(&two, same)),
            ("2\n3\n4\none\nend", "2\n3\n4\ntwo\nend")
        );
        for (one, two) in [("", "a"), ("a", "a\nb"), ("a\nb", "c")] {
            assert_eq!(same_lines(one, two), 0, "{one:?} {two:?}");
        }
    }
}
