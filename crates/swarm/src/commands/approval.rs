//! `swarm approvals`, `swarm approve`, `swarm reject`, `swarm answer`, `swarm delegate`.

use std::fmt::Write;

use chrono::TimeDelta;
use serde_json::Value;
use swarm_client::{InterruptQuery, types};
use swarm_domain::{
    InterruptId, Problem,
    interrupt::{HumanResponse, PlanEdit, ResponseKind},
};

use super::ticket::wire_name;
use crate::{
    args::{AnswerArgs, ApprovalsArgs, ApproveArgs, DelegateArgs, RejectArgs},
    context::Context,
    door,
    exit::{Exit, Result},
    progress::{plain, short_duration},
    table::{indented, local, table},
    wire,
};

/// Tickets that are named in a row of the table.
const NAMED: usize = 3;

pub(super) async fn list(context: &Context, args: ApprovalsArgs) -> Result<Exit> {
    if let Some(id) = &args.id {
        let found = door::reading(context, async |client| Ok(client.interrupt(id.as_str()).await?)).await?;
        context.output.print(&found, detail)?;
        return Ok(Exit::Done);
    }
    let which = InterruptQuery {
        state: (!args.all).then(|| "waiting".to_owned()),
        risk: args.risk.map(|risk| risk.name().to_owned()),
        older_than_seconds: args.older.map(|minutes| minutes.saturating_mul(60)),
        run: args.run.as_ref().map(ToString::to_string),
    };
    let found = door::reading(context, async |client| Ok(client.interrupts(&which).await?)).await?;
    context.output.print(&found, |found| {
        if found.is_empty() {
            return "nothing waits for a person".to_owned();
        }
        table(["question", "risk", "what", "about", "age", "waits behind it", "state"], found.iter().map(row))
    })?;
    Ok(Exit::Done)
}

pub(super) async fn approve(context: &Context, args: ApproveArgs) -> Result<Exit> {
    let edit =
        PlanEdit { budget_micro_usd: args.budget, max_parallel: args.max_parallel, ..PlanEdit::default() };
    let response = if edit == PlanEdit::default() {
        HumanResponse::accept()
    } else {
        HumanResponse { r#type: ResponseKind::Edit, args: wire::read::<Value>(&edit.request())? }
    };
    respond(context, &args.id, &response).await
}

pub(super) async fn reject(context: &Context, args: RejectArgs) -> Result<Exit> {
    let response = args.reason.as_deref().map_or_else(HumanResponse::ignore, HumanResponse::words);
    respond(context, &args.id, &response).await
}

pub(super) async fn answer(context: &Context, args: AnswerArgs) -> Result<Exit> {
    respond(context, &args.id, &HumanResponse::words(&args.text)).await
}

pub(super) async fn delegate(context: &Context, args: DelegateArgs) -> Result<Exit> {
    let (id, to) = (args.id.as_str(), args.to.as_str());
    let done = door::reading(context, async |client| Ok(client.delegate_interrupt(id, to).await?)).await?;
    context.output.print(&done, |_| format!("{id} is with {} now too", plain(to)))?;
    Ok(Exit::Done)
}

async fn respond(context: &Context, id: &InterruptId, response: &HumanResponse) -> Result<Exit> {
    let response: types::HumanResponse = wire::read(response)?;
    // An answer that is written down counts, whether somebody is at work just now or not.
    let done =
        door::reading(context, async |client| Ok(client.answer_interrupt(id.as_str(), &response).await?))
            .await;
    let done = match done {
        Ok(done) => done,
        Err(mut failure) => {
            named(&mut failure.problem, id);
            return Err(failure);
        }
    };
    context.output.print(&done, |done| {
        let summary = &done.summary;
        match &summary.decided {
            Some(decided) => format!("{id} is {}; {} goes on with it", plain(decided), summary.run),
            None => format!("{id} has {} of {} answers", summary.accepted_by.len(), summary.answers),
        }
    })?;
    Ok(Exit::Done)
}

/// Says which question the next command is about.
fn named(problem: &mut Problem, id: &InterruptId) {
    problem.next = problem
        .next
        .replace("approvals ID", &format!("approvals {id}"))
        .replace("delegate ID", &format!("delegate {id}"));
}

/// What waits for a person of a run, for where the run is shown.
pub(super) fn of_run(waiting: &[types::InterruptSummary]) -> String {
    let mut text = String::new();
    for one in waiting {
        let about = one.ticket.as_ref().map(|ticket| format!("{ticket} ")).unwrap_or_default();
        let _ = write!(
            text,
            "\n  {about}waits for a person since {}: {} {} ({} risk); `swarm approvals {}`",
            local(one.raised_at),
            words(one.kind),
            one.id,
            wire_name(&one.risk),
            one.id,
        );
    }
    text
}

fn words(kind: types::InterruptKind) -> String {
    wire_name(&kind).replace('_', " ")
}

fn age(seconds: u64) -> String {
    short_duration(
        TimeDelta::try_seconds(i64::try_from(seconds).unwrap_or(i64::MAX)).unwrap_or(TimeDelta::MAX),
    )
}

fn row(one: &types::InterruptSummary) -> [String; 7] {
    let mut blocked = one.blocked.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if one.blocked.len() > NAMED {
        let _ = write!(blocked, " and {} more", one.blocked.len() - NAMED);
    }
    let state = match (&one.decided, one.accepted_by.len()) {
        (Some(decided), _) => decided.clone(),
        (None, 0) => wire_name(&one.state),
        (None, accepted) => format!("{accepted} of {} answers", one.answers),
    };
    [
        one.id.clone(),
        wire_name(&one.risk),
        words(one.kind),
        one.ticket.clone().unwrap_or_else(|| one.run.clone()),
        age(one.age_seconds),
        blocked,
        state,
    ]
}

/// Which command misses which hunk of a change.
fn proven(evidence: &types::HunkEvidence) -> String {
    let mut text = String::from("  left out one at a time:");
    for hunk in &evidence.hunks {
        let missed: Vec<_> = hunk
            .missed_by
            .iter()
            .map(|missed| {
                let whose = missed.requirement.as_deref().unwrap_or("its own tests");
                format!("{whose} (`{}`)", missed.command)
            })
            .collect();
        let said = if missed.is_empty() {
            "no command misses it; read it closely".to_owned()
        } else {
            format!("missed by {}", missed.join(", "))
        };
        let _ = write!(text, "\n    {}:{}  {}", plain(&hunk.path), hunk.new_start, plain(&said));
    }
    if evidence.left > 0 {
        let _ = write!(text, "\n    {} more were not tried", evidence.left);
    }
    text
}

fn detail(found: &types::InterruptDetail) -> String {
    let summary = &found.summary;
    let about = summary.ticket.as_ref().map(|ticket| format!("{ticket} of ")).unwrap_or_default();
    let mut text = format!(
        "{}: {} of {risk} risk, {about}{} ({})\n  asked {}, {} ago",
        summary.id,
        words(summary.kind),
        summary.run,
        summary.project,
        local(summary.raised_at),
        age(summary.age_seconds),
        risk = wire_name(&summary.risk),
    );
    if let Some(until) = summary.until {
        let _ = write!(text, "; answers count until {}", local(until));
    }
    for why in &summary.why {
        let _ = write!(text, "\n  why: {}", plain(why));
    }
    let people = if summary.people.is_empty() { "everybody".to_owned() } else { summary.people.join(", ") };
    let but = if found.interrupt.terms.four_eyes && !found.interrupt.asked_by.is_empty() {
        format!(" but {}, whose request it is", found.interrupt.asked_by.join(", "))
    } else {
        String::new()
    };
    let _ = write!(text, "\n  who may answer: {}{}", plain(&people), plain(&but));
    if summary.answers > 1 {
        let _ = write!(text, "; {} of {} have accepted", summary.accepted_by.len(), summary.answers);
    }
    for one in summary.routed.iter().flatten() {
        let _ = write!(text, "\n  told first: {} ({})", plain(&one.person), plain(&one.why.join("; ")));
    }
    if !summary.blocked.is_empty() {
        let _ = write!(text, "\n  waits behind it: {}", summary.blocked.join(", "));
    }
    if let Some(decided) = &summary.decided {
        let _ = write!(text, "\n  {}", plain(decided));
        if let Some(words) = &found.standing.words {
            let _ = write!(text, "\n{}", indented(words, "    "));
        }
    }
    if let Some(description) = &found.interrupt.request.description {
        let _ = write!(text, "\n\n{}", indented(description, "  "));
    }
    if let Some(judged) = &found.text {
        let _ = write!(text, "\n\n{}", indented(judged, ""));
    }
    if let Some(evidence) = &found.evidence {
        let _ = write!(text, "\n\n{}", proven(evidence));
    }
    if summary.decided.is_none() {
        let id = &summary.id;
        let next = match summary.kind {
            types::InterruptKind::Clarification => {
                format!("`swarm answer {id} TEXT`, or `swarm approve {id}` to build it as it is")
            }
            _ => format!("`swarm approve {id}`, or `swarm reject {id} --reason TEXT`"),
        };
        let _ = write!(text, "\n\n  next: {next}");
    }
    text
}
