//! What people are asked and what they say, as a line of words.

use swarm_domain::{
    EventBody, InterruptId,
    interrupt::{HumanResponse, Interrupt, InterruptKind, ResponseKind},
    notification::Routed,
};

use super::news::Weight;

/// What happened to a question.
pub(super) fn words(body: &EventBody) -> (Weight, String) {
    let text = match body {
        EventBody::InterruptRaised { interrupt } => raised(interrupt),
        EventBody::InterruptRouted { interrupt, to } => return (Weight::Detail, routed(interrupt, to)),
        EventBody::InterruptAnswered { interrupt, response } => {
            format!("{interrupt}: {}", answered(response))
        }
        EventBody::InterruptDelegated { interrupt, to } => format!("{interrupt} was handed to {to}"),
        EventBody::InterruptReminded { interrupt, number } => {
            format!("{interrupt} still waits for a person (reminder {number})")
        }
        EventBody::InterruptEscalated { interrupt, to, .. } => {
            format!("nobody answered {interrupt}: {} asked too", are(to))
        }
        EventBody::InterruptExpired { interrupt, accepted: true } => {
            format!("nobody answered {interrupt} in time; it is of low risk, and goes on")
        }
        EventBody::InterruptExpired { interrupt, accepted: false } => {
            format!("nobody answered {interrupt} in time: it is turned down")
        }
        _ => String::new(),
    };
    (Weight::Main, text)
}

fn routed(interrupt: &InterruptId, to: &[Routed]) -> String {
    if to.is_empty() {
        return format!("nobody is known who may answer {interrupt}");
    }
    let names: Vec<&str> = to.iter().map(|one| one.person.as_str()).collect();
    format!("{interrupt} went to {}", names.join(" and "))
}

fn raised(interrupt: &Interrupt) -> String {
    let Interrupt { id, kind, risk, why, .. } = interrupt;
    let next = match kind {
        InterruptKind::Clarification => format!("swarm answer {id} TEXT"),
        InterruptKind::PlanReview | InterruptKind::DiffReview => format!("swarm approve {id}"),
    };
    format!("waits for a person: {} of {risk} risk ({}); `{next}`", kind.words(), why.join("; "))
}

fn answered(response: &HumanResponse) -> String {
    match response.r#type {
        ResponseKind::Accept => "a person accepted it".to_owned(),
        ResponseKind::Edit => "a person accepted it with changes".to_owned(),
        ResponseKind::Ignore => "a person left it undone".to_owned(),
        ResponseKind::Response => {
            format!("a person said: {}", response.args.as_str().unwrap_or_default())
        }
    }
}

fn are(people: &[String]) -> String {
    let verb = if people.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", people.join(", "))
}
