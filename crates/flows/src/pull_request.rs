//! The pull request: what was asked, what was done, and the evidence for each requirement, as people read it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use swarm_agents::{SummaryLine, read_summary, summary_request};
use swarm_domain::{
    CommitId, EventBody, RunId,
    agent::Capability,
    coverage::{CheckResult, Coverage, Evidence},
    quality::{QualityBy, QualityReport},
    ticket::TicketState,
};
use swarm_forge::{DiffStat, NewPullRequest};
use swarm_store::{CheckRow, TicketRow};

use crate::{
    attempt::agent_for,
    build::Frame,
    calls::{self, Caller},
    engine::{self, Flow},
    error::FlowError,
    parts::{Parts, of_run, part},
    validate::{acceptance::CheckOutput, evidence},
};

/// The heading over the diff, which stands last.
pub const DIFF_HEADING: &str = "## Diff";
/// The most of the diff that the text shows, in bytes.
const MAX_DIFF_SHOWN: usize = 128 << 10;

/// Title and text over the evidence.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Summary {
    title: String,
    text: String,
}

/// Publishes the run's branch and opens the pull request, or brings it up to date. Where nothing is merged there is
/// nothing to offer.
pub(crate) async fn open(parts: &Parts, frame: &Frame, run: &RunId, generation: u32) -> Flow<()> {
    let tickets = engine::step(parts, "merged tickets", || merged(parts, run)).await?;
    // What an earlier run did, that run has offered.
    if tickets.iter().all(|ticket| ticket.carried.is_some()) {
        return Ok(());
    }
    let summary = summary(parts, frame, run, generation, &tickets).await?;
    let opened =
        engine::retried(parts, "pull request", || publish(parts, frame, run, generation, &summary)).await?;
    match opened {
        Ok(()) => Ok(()),
        Err(FlowError::Cancelled) => Err(FlowError::Cancelled.into()),
        // The work is merged and safe in the mirror; only the offer failed.
        Err(error) => {
            tracing::error!(%error, %run, "the pull request could not be opened");
            Err(error.into())
        }
    }
}

async fn merged(parts: &Parts, run: &RunId) -> Result<Vec<TicketRow>, FlowError> {
    let tickets = parts.store.tickets(&parts.config.tenant, run).await?;
    Ok(tickets.into_iter().filter(|ticket| ticket.state == TicketState::Merged).collect())
}

/// The summariser's words, or plain ones where it has none.
async fn summary(
    parts: &Parts,
    frame: &Frame,
    run: &RunId,
    generation: u32,
    tickets: &[TicketRow],
) -> Flow<Summary> {
    let plain = Summary { title: format!("feat: {}", frame.spec.title), text: String::new() };
    let Ok(agent) = agent_for(parts, Capability::Summarise) else {
        return Ok(plain);
    };
    let models = parts.models(&frame.options.models, &agent);
    let Ok(capabilities) = parts.gateway.capabilities(models) else {
        return Ok(plain);
    };
    // In the plan's order, whatever order they were merged in: the same work asks the same question.
    let lines: Vec<_> = frame
        .plan
        .tickets
        .iter()
        .filter(|ticket| tickets.iter().any(|row| row.id == ticket.id))
        .map(|ticket| SummaryLine { title: &ticket.title, outcome: "merged" })
        .collect();
    let request = summary_request(&agent, &frame.spec, &lines, capabilities);
    let caller = Caller {
        agent: &agent.name,
        subject: of_run(&frame.project, run),
        key: calls::run_key(run, &format!("summary-{generation}")),
        models,
    };
    match calls::call(parts, &caller, &request).await? {
        Ok(reply) => Ok(match read_summary(&reply) {
            Ok(summary) => Summary { title: summary.title, text: summary.text },
            Err(misread) => {
                tracing::warn!(%misread, "the summary cannot be read; a plain one stands in");
                plain
            }
        }),
        Err(FlowError::Cancelled) => Err(FlowError::Cancelled.into()),
        Err(error) => {
            tracing::warn!(%error, "there is no summary; a plain one stands in");
            Ok(plain)
        }
    }
}

async fn publish(
    parts: &Parts,
    frame: &Frame,
    run: &RunId,
    generation: u32,
    summary: &Summary,
) -> Result<(), FlowError> {
    let tenant = &parts.config.tenant;
    let mirror = parts.mirror(&frame.project).await?;
    let head = mirror.head(run).await?;
    let row = parts.store.run(tenant, run).await?;
    let missing = || FlowError::internal("the run", "has no base");
    let (base, base_branch) = (row.base.ok_or_else(missing)?, row.base_branch.ok_or_else(missing)?);
    let published = mirror.publish(run, &format!("swarm/{run}")).await?;
    let checks = parts.store.checks(tenant, run, None).await?;
    let tickets = parts.store.tickets(tenant, run).await?;
    let stat = mirror.diffstat(&base, &head).await?;
    let measured = parts.store.quality(tenant, Some(run), None).await?;
    let quality = QualityReport::of(QualityBy::default(), measured).score;
    let mut text = String::new();
    write_summary(&mut text, summary, &stat, &row.spend, quality);
    write_requirements(parts, &mut text, frame, &tickets, &checks, &head).await?;
    write_open_ends(&mut text, frame, &tickets);
    let diff = mirror.diff(&base, &head, MAX_DIFF_SHOWN).await?;
    let cut = if diff.truncated { "\nThe rest is on the branch.\n" } else { "" };
    let _ = write!(text, "\n{DIFF_HEADING}\n\n{}\n{cut}", fenced("diff", diff.text.trim_end()));
    let title = summary.title.clone();
    let opened = parts
        .pull_requests
        .open(&NewPullRequest {
            project: frame.project.clone(),
            run: run.clone(),
            title: title.clone(),
            body: text.clone(),
            branch: published.branch,
            base_branch,
            base,
            head: head.clone(),
        })
        .await?;
    let body = EventBody::PullRequestOpened {
        reference: opened.reference,
        title,
        body: parts.store.blobs().put(text.as_bytes()).await?,
        head,
    };
    let key = ["run", run.as_str(), "pull-request", &generation.to_string()];
    parts.record(&key, part("forge"), of_run(&frame.project, run), body).await.map(drop)
}

// Writing to a string cannot fail, so the results of `write!` below are dropped.

fn write_summary(
    text: &mut String,
    summary: &Summary,
    stat: &DiffStat,
    spend: &swarm_domain::budget::Spend,
    quality: Option<u32>,
) {
    if !summary.text.is_empty() {
        let _ = writeln!(text, "{}\n", summary.text);
    }
    let scored = quality.map(|score| format!(" Quality of what was accepted: {score} of 100."));
    let _ = writeln!(
        text,
        "{} files changed, {} lines added, {} removed. {} model calls, {} tokens, {}.{}\n",
        stat.files,
        stat.added,
        stat.removed,
        spend.calls,
        spend.tokens(),
        spend.usd,
        scored.unwrap_or_default()
    );
}

/// Each requirement with its tickets, commits, commands and what they printed. Only commands that ran count.
async fn write_requirements(
    parts: &Parts,
    text: &mut String,
    frame: &Frame,
    tickets: &[TicketRow],
    checks: &[CheckRow],
    head: &CommitId,
) -> Result<(), FlowError> {
    let coverage = coverage(frame, checks, head);
    let _ = writeln!(
        text,
        "## Requirements\n\n{} of {} are proven by commands that ran on the merged work.\n\n\
         | Requirement | Evidence | Tickets | Commits |\n| --- | --- | --- | --- |",
        coverage.proven(),
        coverage.requirements.len()
    );
    for proof in &coverage.requirements {
        let title = frame.spec.requirement(&proof.requirement).map_or("", |r| r.title.as_str());
        let serving = tickets.iter().filter(|row| row.ticket.requirements.contains(&proof.requirement));
        let (ids, commits): (Vec<_>, Vec<_>) = serving
            .map(|row| (row.id.to_string(), row.merged.as_ref().map(short).unwrap_or_default()))
            .unzip();
        let _ = writeln!(
            text,
            "| {}: {} | {} ({} of {}) | {} | {} |",
            proof.requirement,
            cell(title),
            word(proof.evidence),
            proof.passed,
            proof.checks,
            ids.join(", "),
            commits.join(", ")
        );
    }
    for proof in &coverage.requirements {
        let _ = writeln!(text, "\n### {}\n", proof.requirement);
        for check in
            final_checks(checks, head).into_iter().filter(|check| check.requirement == proof.requirement)
        {
            let output: CheckOutput = parts.load(&check.output).await?;
            let _ = writeln!(text, "{}\n", check_block(check, &output));
        }
    }
    Ok(())
}

/// What was run on the very commit that is offered, each command once: as the merge train ran it last.
fn final_checks<'a>(checks: &'a [CheckRow], head: &CommitId) -> Vec<&'a CheckRow> {
    let mut last: Vec<&CheckRow> = Vec::new();
    for check in checks.iter().filter(|check| &check.commit == head) {
        let same =
            |other: &&mut &CheckRow| other.command == check.command && other.requirement == check.requirement;
        match last.iter_mut().find(same) {
            Some(earlier) => *earlier = check,
            None => last.push(check),
        }
    }
    last
}

fn coverage(frame: &Frame, checks: &[CheckRow], head: &CommitId) -> Coverage {
    let results: Vec<_> = checks
        .iter()
        .map(|check| CheckResult {
            requirement: check.requirement.clone(),
            command: check.command.clone(),
            commit: check.commit.clone(),
            passed: check.passed,
        })
        .collect();
    Coverage::of(&frame.spec.requirements, &results, head)
}

fn check_block(check: &CheckRow, output: &CheckOutput) -> String {
    let shown = evidence::bounded(&format!("{}{}", output.stdout, output.stderr));
    let block = fenced("console", &format!("$ {}\n{shown}", check.command));
    format!("{block}\n{}, in a fresh {} sandbox.", check.ended, check.rung)
}

/// A fenced block whose fence is longer than any in the text, so that the text cannot break out of it.
fn fenced(language: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}")
}

fn write_open_ends(text: &mut String, frame: &Frame, tickets: &[TicketRow]) {
    let open: Vec<_> = tickets.iter().filter(|row| row.state != TicketState::Merged).collect();
    if !open.is_empty() {
        let _ = writeln!(text, "\n## Not merged\n");
        for row in open {
            let _ = writeln!(text, "- {} {}: {}", row.id, cell(&row.ticket.title), row.state.name());
        }
    }
    if !frame.spec.not_understood.is_empty() {
        let _ = writeln!(text, "\n## Not understood in the spec\n");
        for passage in &frame.spec.not_understood {
            let _ = writeln!(
                text,
                "- line {}: {} ({})",
                passage.line,
                cell(&passage.text),
                cell(&passage.reason)
            );
        }
    }
}

/// A commit as people write it.
fn short(commit: &CommitId) -> String {
    commit.as_str().chars().take(10).collect()
}

fn word(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Proven => "proven",
        Evidence::Failing => "failing",
        Evidence::Unproven => "not proven",
    }
}

/// A text as one cell of a table or one item of a list: untrusted words must not make rows, links or HTML.
fn cell(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut safe = String::new();
    for c in line.chars().take(200) {
        if matches!(c, '|' | '<' | '>' | '[' | ']' | '`' | '\\') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_words_cannot_break_the_table() {
        assert_eq!(cell("a|b\n| c | <script>"), "a\\|b \\| c \\| \\<script\\>");
    }
}
