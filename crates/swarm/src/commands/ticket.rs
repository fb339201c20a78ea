//! `swarm ticket`.

use std::fmt::Write;

use swarm_client::{Client, types};
use swarm_domain::{
    MicroUsd, Problem, RunId, TicketId,
    choice::ChoiceReason,
    gate::{CheckReport, Outcome, Verdict},
    quality::AttemptQuality,
    steps::AttemptSteps,
};

use super::{
    quality::of_attempt,
    run::{latest, offered, state_of_ticket, watch},
    steps,
};
use crate::{
    args::TicketCommand,
    context::Context,
    door::{self, Door},
    exit::{Exit, Result},
    interrupt,
    progress::{plain, tokens},
    table::{indented, local, table, usd},
    wire,
};

pub(super) async fn run(context: &Context, command: TicketCommand) -> Result<Exit> {
    match command {
        TicketCommand::List { of } => list(context, of.run).await,
        TicketCommand::Show { ticket, of, steps } => show(context, of.run, &ticket, steps).await,
        TicketCommand::Retry { ticket, of, budget } => retry(context, of.run, &ticket, budget).await,
        TicketCommand::Cancel { ticket, of, reason } => {
            let door = Door::to_steer(context).await?;
            let done = cancel(door.client(), of.run, &ticket, &reason).await;
            door.close().await;
            context.output.say(&done?)?;
            Ok(Exit::Done)
        }
    }
}

async fn cancel(client: &Client, run: Option<RunId>, ticket: &TicketId, reason: &str) -> Result<String> {
    let run = latest(client, run).await?;
    client.cancel_ticket(&run, ticket.as_str(), reason).await?;
    Ok(format!("{ticket} is given up; its work is archived"))
}

async fn list(context: &Context, run: Option<RunId>) -> Result<Exit> {
    let tickets = door::reading(context, async |client| {
        let run = latest(client, run).await?;
        Ok(client.tickets(&run).await?)
    })
    .await?;
    context.output.print(&tickets, |tickets| {
        let rows = tickets.iter().map(|t| {
            [
                t.id.clone(),
                t.title.clone(),
                t.requirements.join(", "),
                state_of_ticket(&t.state),
                t.agent.clone().unwrap_or_default(),
                t.attempts.to_string(),
                tokens(spent(&t.spend)),
                usd(t.spend.usd),
            ]
        });
        let text = table(["ticket", "", "serves", "state", "agent", "attempts", "tokens", "cost"], rows);
        tickets.iter().filter_map(stuck).fold(text, |text, line| format!("{text}\n{line}"))
    })?;
    Ok(Exit::Done)
}

fn stuck(ticket: &types::TicketSummary) -> Option<String> {
    let types::TicketState::NeedsPerson { problem } = &ticket.state else {
        return None;
    };
    let (what, next) = (plain(&problem.detail), plain(&problem.next));
    Some(format!("{} needs a person: {what} [{}]\n  next: {next}", ticket.id, problem.code))
}

async fn show(context: &Context, run: Option<RunId>, ticket: &TicketId, steps: bool) -> Result<Exit> {
    let (detail, claims) = door::reading(context, async |client| {
        let run = latest(client, run).await?;
        let mut claims = client.claims(Some(&run)).await?;
        claims.retain(|claim| claim.ticket == ticket.as_str());
        Ok((client.ticket(&run, ticket.as_str()).await?, claims))
    })
    .await?;
    context
        .output
        .print(&detail, |detail| format!("{}{}", in_words(detail, steps).trim_end(), offered(&claims)))?;
    Ok(Exit::Done)
}

fn in_words(detail: &types::TicketDetail, with_steps: bool) -> String {
    let quality: Vec<AttemptQuality> = wire::read(&detail.quality).unwrap_or_default();
    let steps: Vec<AttemptSteps> = wire::read(&detail.steps).unwrap_or_default();
    let summary = &detail.summary;
    let mut text = format!(
        "{} {}: {}\n  serves {} · may touch {} · {} tokens, {}\n",
        summary.id,
        plain(&summary.title),
        state_of_ticket(&summary.state),
        summary.requirements.join(", "),
        detail.ticket.touches.join(", "),
        tokens(spent(&summary.spend)),
        usd(summary.spend.usd),
    );
    if let Some(line) = stuck(summary) {
        let _ = writeln!(text, "  {line}");
    }
    if let Some(step) = &summary.step {
        let _ = writeln!(text, "  now: {}", plain(step));
    }
    if !summary.checkpoint.is_empty() {
        let _ = writeln!(text, "  merged as a checkpoint: {}", summary.checkpoint.join(", "));
    }
    for attempt in &detail.attempts {
        let _ = writeln!(
            text,
            "\nattempt {} by {} with {}, sandbox {}, begun {}{}: {}",
            attempt.number,
            plain(&attempt.agent),
            plain(&attempt.model),
            wire_name(&attempt.rung),
            local(attempt.started_at),
            disk(attempt.disk_bytes),
            outcome(attempt.outcome.as_ref()),
        );
        if let Some(reason) = attempt.choice.as_ref().and_then(|sent| wire::read::<ChoiceReason>(sent).ok()) {
            let (agent, model) = (plain(&attempt.agent), plain(&attempt.model));
            let _ = writeln!(text, "  chosen: {agent} on {model}: {}", plain(&reason.to_string()));
        }
        if let Some(one) = quality.iter().find(|one| one.attempt.as_str() == attempt.id) {
            let _ = writeln!(text, "{}", of_attempt(one));
        }
        if let Some(one) = steps.iter().find(|one| one.attempt.as_str() == attempt.id) {
            text += &steps::in_words(one, with_steps);
        }
        for entry in detail.findings.iter().filter(|f| f.attempt.as_ref() == Some(&attempt.id)) {
            let finding = &entry.finding;
            let _ = writeln!(text, "  {}: {}", wire_name(&finding.code), plain(&finding.detail));
            if !finding.evidence.is_empty() {
                let _ = writeln!(text, "{}", indented(&finding.evidence, "    | "));
            }
        }
    }
    for probe in &detail.probes {
        let _ = write!(text, "\n{}", probed(probe));
    }
    for judgement in &detail.judgements {
        text += &judged(judgement);
    }
    if !detail.checks.is_empty() {
        let _ = write!(text, "\nacceptance commands\n{}", checks(&detail.checks));
    }
    text
}

/// What an attempt's worktree took, once it is known.
fn disk(bytes: u64) -> String {
    if bytes == 0 { String::new() } else { format!(", {} KiB on disk", bytes.div_ceil(1_024)) }
}

/// How tests did on code that was made wrong on purpose. Where nothing was noticed, a person should know.
fn probed(probe: &types::TestProbe) -> String {
    let who = if probe.own_tests { "the tests" } else { "the acceptance commands" };
    let attempt = probe.attempt.as_deref().unwrap_or("an attempt");
    let warns = if probe.killed == 0 && probe.mutants > 0 { "warning: " } else { "" };
    let mut text = format!(
        "{warns}{attempt}: {who} noticed {} of {} faults that were made on purpose\n",
        probe.killed, probe.mutants
    );
    for one in &probe.survived {
        let _ = writeln!(text, "  unnoticed: {}", plain(one));
    }
    text
}

/// What the gate only warned of, and what it could not look at. What blocked stands with its attempt.
fn judged(judgement: &types::Judgement) -> String {
    let Ok(checks) = wire::read::<Vec<CheckReport>>(&judgement.checks) else { return String::new() };
    let attempt = judgement.attempt.as_deref().unwrap_or("an attempt");
    let mut text = String::new();
    for check in &checks {
        if matches!(check.outcome, Outcome::Skipped { .. }) {
            let _ = writeln!(text, "{attempt}: {} was {}", check.check, plain(&check.words()));
        }
        if check.verdict() == Verdict::Warned {
            let _ = writeln!(text, "warning: {attempt}: {} {}", plain(&check.tool), check.words());
            for finding in &check.findings {
                let _ = writeln!(text, "  {}: {}", finding.code, plain(&finding.detail));
            }
        }
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// Acceptance commands, each with how it ended last, and how often it ran before.
pub(super) fn checks(checks: &[types::Check]) -> String {
    let mut text = String::new();
    for (index, check) in checks.iter().enumerate() {
        let same =
            |other: &&types::Check| other.requirement == check.requirement && other.command == check.command;
        if checks[index + 1..].iter().any(|later| same(&later)) {
            continue;
        }
        let before: Vec<_> = checks[..index].iter().filter(same).collect();
        let _ = writeln!(
            text,
            "  {} {} $ {}\n      {} on {} ({}, {}, {} ms){}",
            if check.passed { '✓' } else { '✗' },
            check.requirement,
            plain(&check.command),
            plain(&check.ended),
            check.commit.get(..10).unwrap_or(&check.commit),
            wire_name(&check.stage),
            wire_name(&check.rung),
            check.millis,
            earlier(&before),
        );
        let output = printed(&check.output);
        if !output.trim().is_empty() {
            let _ = writeln!(text, "{}", indented(output.trim_end(), "      | "));
        }
    }
    text
}

fn earlier(before: &[&types::Check]) -> String {
    let failed = before.iter().filter(|check| !check.passed).count();
    match (before.len(), failed) {
        (0, _) => String::new(),
        (all, 0) => format!("; held {all} times before"),
        (all, failed) => format!("; ran {all} times before and failed {failed} times"),
    }
}

/// What a command printed, where it is kept with its two streams apart; else the text as it is.
fn printed(output: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Streams {
        stdout: String,
        stderr: String,
    }
    match serde_json::from_str::<Streams>(output) {
        Ok(streams) => streams.stdout + &streams.stderr,
        Err(_) => output.to_owned(),
    }
}

fn outcome(outcome: Option<&types::AttemptOutcome>) -> String {
    match outcome {
        None => "under way".to_owned(),
        Some(types::AttemptOutcome::Accepted) => "accepted".to_owned(),
        Some(types::AttemptOutcome::Rejected { findings }) => {
            format!("rejected, {} findings", findings.len())
        }
        Some(types::AttemptOutcome::Failed { problem }) => format!("failed: {}", plain(&problem.detail)),
        Some(types::AttemptOutcome::Unknown) => "ended in a way that this version does not know".to_owned(),
    }
}

async fn retry(
    context: &Context,
    run: Option<RunId>,
    ticket: &TicketId,
    budget: Option<MicroUsd>,
) -> Result<Exit> {
    let interrupt = interrupt::token()?;
    let door = Door::to_steer(context).await?;
    let done = async {
        let client = door.client();
        let run = latest(client, run).await?;
        let after = super::run::position(client, &run).await?;
        let budget = budget.map(|usd| types::Budget { usd: Some(usd.0), tokens: None });
        client.retry_ticket(&run, ticket.as_str(), budget.as_ref()).await?;
        if door.is_elsewhere() {
            context
                .output
                .say(&format!("{ticket} is taken up again; `swarm run logs --follow` shows how it goes"))?;
            return Ok(Exit::Done);
        }
        let run = RunId::parse(run)
            .map_err(|error| Problem::new("cli.unreadable", error.to_string(), "run `swarm run list`"))?;
        watch(context, client, &run, after, &interrupt).await
    }
    .await;
    door.close().await;
    done
}

fn spent(spend: &types::Spend) -> u64 {
    spend.tokens_in.saturating_add(spend.tokens_out)
}

/// The name that a value without fields has in JSON.
pub(crate) fn wire_name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => plain(&name.replace('_', " ")),
        _ => String::new(),
    }
}
