//! What a message says, written when it is sent.

use serde_json::json;
use swarm_domain::{interrupt::InterruptKind, notification::Stage};
use swarm_notify::{Action, Message};
use swarm_store::{InterruptRow, NotificationRow};

/// The longest description that is sent, in characters: the rest is read where it is answered.
const MAX_DESCRIPTION: usize = 1_200;

/// What is said of a question.
pub(super) fn of_question(
    notification: &NotificationRow,
    row: &InterruptRow,
    action: Option<Action>,
) -> Message {
    let interrupt = &row.interrupt;
    let id = &interrupt.id;
    let mut text: Vec<String> = interrupt.why.clone();
    if notification.stage == Stage::Settled {
        text = vec![format!("It is {}.", row.standing.how().unwrap_or_default())];
    } else if let Some(description) = &interrupt.request.description {
        text.push(shortened(description));
    }
    let mut facts = vec![
        ("Project".to_owned(), row.project.to_string()),
        ("Run".to_owned(), row.run.to_string()),
        ("Risk".to_owned(), interrupt.risk.to_string()),
        ("Asked".to_owned(), row.raised_at.format("%Y-%m-%d %H:%M UTC").to_string()),
    ];
    if let Some(ticket) = &row.ticket {
        facts.insert(2, ("Ticket".to_owned(), ticket.to_string()));
    }
    if !interrupt.asked_by.is_empty() {
        facts.push(("Requested by".to_owned(), interrupt.asked_by.join(", ")));
    }
    if let Some(until) = interrupt.terms.ends(row.raised_at) {
        facts.push(("Answer until".to_owned(), until.format("%Y-%m-%d %H:%M UTC").to_string()));
    }
    Message {
        id: notification.id.to_string(),
        at: notification.made_at,
        kind: kind(notification.stage).to_owned(),
        title: title(notification.stage, row),
        text,
        facts,
        actions: action.into_iter().collect(),
        command: Some(format!("swarm approvals {id}")),
        reason: reason(notification, row),
        data: data(notification, row),
    }
}

/// One line that says what it is.
pub(super) fn title(stage: Stage, row: &InterruptRow) -> String {
    let what = match row.interrupt.kind {
        InterruptKind::PlanReview => "A plan",
        InterruptKind::DiffReview => "A change",
        InterruptKind::Clarification => "A question about the spec",
    };
    let about = row.ticket.as_ref().map_or_else(|| row.run.to_string(), ToString::to_string);
    let place = format!("{} {about}", row.project);
    match stage {
        Stage::Reminded(_) => format!("{what} still waits for an answer: {place}"),
        Stage::Escalated(_) => format!("{what} was not answered, and you are asked: {place}"),
        Stage::Handed => format!("{what} was handed to you: {place}"),
        Stage::Settled => format!("{what} is {}: {place}", row.standing.state.name()),
        _ => format!("{what} waits for an answer: {place}"),
    }
}

/// What happened, for programs.
fn kind(stage: Stage) -> &'static str {
    match stage {
        Stage::Reminded(_) => "approval.reminded",
        Stage::Escalated(_) => "approval.escalated",
        Stage::Handed => "approval.handed",
        Stage::Settled => "approval.settled",
        _ => "approval.asked",
    }
}

/// Why it was sent to them.
fn reason(notification: &NotificationRow, row: &InterruptRow) -> Option<String> {
    if notification.person.is_empty() {
        return None;
    }
    let why = match notification.stage {
        Stage::Reminded(_) => "you may answer, and nobody has yet".to_owned(),
        Stage::Escalated(_) => "nobody answered in time, and the rule asks you then".to_owned(),
        Stage::Handed => "somebody handed it to you".to_owned(),
        _ => {
            let mine = |person: &str| person.eq_ignore_ascii_case(&notification.person);
            let routed = row.routed.iter().flatten().find(|one| mine(&one.person));
            routed.map(|one| one.why.join("; ")).filter(|why| !why.is_empty())?
        }
    };
    Some(format!("Why you ({}): {why}.", notification.person))
}

fn data(notification: &NotificationRow, row: &InterruptRow) -> serde_json::Value {
    let interrupt = &row.interrupt;
    json!({
        "notification": notification.id,
        "interrupt": interrupt.id,
        "kind": interrupt.kind,
        "state": row.standing.state,
        "stage": notification.stage.to_string(),
        "risk": interrupt.risk,
        "project": row.project,
        "run": row.run,
        "ticket": row.ticket,
        "attempt": row.attempt,
        "why": interrupt.why,
        "rules": interrupt.rules,
        "request": interrupt.request,
        "asked_by": interrupt.asked_by,
        "people": row.standing.people(interrupt),
        "routed": row.routed,
        "raised_at": row.raised_at,
        "until": interrupt.terms.ends(row.raised_at),
        "decided": row.standing.how(),
    })
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_DESCRIPTION {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_DESCRIPTION).collect();
    format!("{kept}…")
}
