//! The steps of an attempt, as `swarm ticket show` has them.

use std::fmt::Write;

use swarm_domain::steps::{AttemptStep, AttemptSteps, StuckSteps};

use crate::{
    progress::{plain, short_duration, tokens},
    table::{indented, table},
};

/// Where an attempt led nowhere and what that cost; and all of its steps, where that is asked for.
pub(super) fn in_words(attempt: &AttemptSteps, all: bool) -> String {
    let mut text = String::new();
    for stuck in &attempt.stuck {
        let _ = writeln!(text, "  {}", led_nowhere(stuck));
    }
    if all && !attempt.steps.is_empty() {
        let rows = attempt.steps.iter().map(row);
        let steps = table(["step", "at", "model", "tokens in", "out", "cost", "time", "then"], rows);
        let _ = writeln!(text, "{}", indented(&steps, "  "));
    }
    if all && attempt.by_others.calls > 0 {
        let spend = attempt.by_others;
        let _ = writeln!(
            text,
            "  and {} calls by others about its work: {} tokens, {}",
            spend.calls,
            tokens(spend.tokens()),
            spend.usd
        );
    }
    text
}

fn led_nowhere(stuck: &StuckSteps) -> String {
    let StuckSteps { began, ended, why, taken_back, spend, millis } = stuck;
    let end = if *taken_back { "it was taken back to before that" } else { "that was its end" };
    format!(
        "led nowhere from step {began} to {ended}: {}; {} tokens, {}, {}; {end}",
        plain(why),
        tokens(spend.tokens()),
        spend.usd,
        time(*millis)
    )
}

fn row(step: &AttemptStep) -> [String; 8] {
    let tools = step.tools.iter().map(|tool| {
        let failed = if tool.ok { "" } else { " (failed)" };
        format!("{} {}{failed}", tool.tool, tool.about)
    });
    let mut then = tools.collect::<Vec<_>>().join(", ");
    if step.stuck {
        then += " — led nowhere";
    }
    [
        step.number.to_string(),
        step.seq.to_string(),
        step.model.clone(),
        tokens(step.spend.tokens_in),
        tokens(step.spend.tokens_out),
        step.spend.usd.to_string(),
        time(step.took()),
        then,
    ]
}

fn time(millis: u64) -> String {
    short_duration(chrono::TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use swarm_domain::{
        Actor, AttemptId, BlobHash, Event, EventBody, MicroUsd, Subject, TenantId, TicketId, budget::Spend,
        steps,
    };

    use super::*;

    fn told(bodies: Vec<EventBody>) -> AttemptSteps {
        let ticket = TicketId::parse("T-1").unwrap();
        let subject = Subject { attempt: Some(AttemptId::of(&ticket, 1)), ..Subject::default() };
        let events: Vec<Event> = (1..)
            .zip(bodies)
            .map(|(seq, body)| Event {
                seq,
                tenant: TenantId::local(),
                at: chrono::DateTime::UNIX_EPOCH,
                actor: Actor::System { part: "test".to_owned() },
                subject: subject.clone(),
                correlation: None,
                body,
                prev: String::new(),
                hash: String::new(),
            })
            .collect();
        steps::of_attempts(&events).remove(0)
    }

    fn asked() -> EventBody {
        EventBody::ModelCalled {
            agent: "coder".to_owned(),
            model: "here/one".to_owned(),
            request: BlobHash::of(b"q"),
            reply: BlobHash::of(b"a"),
            spend: Spend { usd: MicroUsd(20_000), tokens_in: 1_500, tokens_out: 40, calls: 1 },
            millis: 4_000,
            recorded: false,
            cache: None,
        }
    }

    #[test]
    fn where_it_led_nowhere_is_always_said_and_the_steps_where_they_are_asked_for() {
        let why = "the same 1 step(s) came three times".to_owned();
        let stuck = EventBody::AttemptStuck { began: 1, ended: 2, why, taken_back: true };
        let attempt = told(vec![asked(), asked(), stuck, asked()]);
        let short = in_words(&attempt, false);
        assert_eq!(
            short,
            "  led nowhere from step 1 to 2: the same 1 step(s) came three times; 3.0k tokens, $0.0400, 8s; it was taken back to before that\n"
        );
        let long = in_words(&attempt, true);
        assert!(long.starts_with(&short) && long.contains("1.5k"), "{long}");
        assert_eq!(long.matches("here/one").count(), 3, "{long}");
    }

    #[test]
    fn an_attempt_of_a_worker_elsewhere_has_no_steps_to_show() {
        let attempt = told(vec![EventBody::AttemptStuck {
            began: 1,
            ended: 2,
            why: "the end".to_owned(),
            taken_back: false,
        }]);
        assert!(in_words(&attempt, true).ends_with("that was its end\n"));
    }
}
