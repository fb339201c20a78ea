//! Asking, and waiting for the answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarm_domain::{
    EventBody, InterruptId,
    interrupt::{Decision, Interrupt, Timer},
};
use swarm_store::InterruptRow;

use super::{Heard, PeopleInput, evidence};
use crate::{
    engine::{self, Flow},
    error::FlowError,
    parts::{Parts, part},
};

/// How often the clock is looked at, and no more than that.
const TICK: Duration = Duration::from_secs(1);
/// So many looks at the clock later, the question is looked at though nothing said that it changed.
const QUIET: u32 = 30;
/// The shortest time between two looks at a question: a log that grows quickly is not of questions alone.
const CALM: Duration = Duration::from_millis(200);

/// What ends a wait.
#[derive(Serialize, Deserialize)]
enum Turn {
    Decided(Decision),
    Due(Timer),
}

/// Asks people, one question after the other.
pub(crate) async fn people(parts: Parts, input: PeopleInput) -> Flow<Heard> {
    let mut heard = Heard::default();
    for question in &input.questions {
        let asked = engine::step(&parts, "ask people", || ask(&parts, &input, question)).await?;
        let decision = if asked { decided(&parts, &question.id).await? } else { Decision::Withdrawn };
        if !heard.takes(question, decision) {
            break;
        }
    }
    Ok(heard)
}

/// Writes the question down, and what proves the parts of a change. False where what it is about was given up.
async fn ask(parts: &Parts, input: &PeopleInput, question: &Interrupt) -> Result<bool, FlowError> {
    let key = ["interrupt", question.id.as_str(), "raised"];
    let body = EventBody::InterruptRaised { interrupt: Box::new(question.clone()) };
    match parts.record(&key, part("policy"), input.subject.clone(), body).await {
        Err(error) if error.problem().code == "store.not_allowed" => return Ok(false),
        recorded => drop(recorded?),
    }
    evidence::gather(parts, input, question).await?;
    Ok(true)
}

async fn decided(parts: &Parts, id: &InterruptId) -> Flow<Decision> {
    loop {
        match engine::awaited(parts, "wait for people", || turn(parts, id)).await?? {
            Turn::Decided(decision) => return Ok(decision),
            Turn::Due(timer) => engine::step(parts, "time went by", || say(parts, id, &timer)).await?,
        }
    }
}

/// Waits until somebody decided or something is due.
async fn turn(parts: &Parts, id: &InterruptId) -> Result<Turn, FlowError> {
    let mut growth = parts.store.growth();
    loop {
        let row = match parts.store.interrupt(&parts.config.tenant, id).await {
            Ok(row) => row,
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, %id, "cannot look at the question; will look again");
                tokio::time::sleep(TICK).await;
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if let Some(decision) = row.standing.decision() {
            return Ok(Turn::Decided(decision));
        }
        for _ in 0..QUIET {
            if let Some(timer) = row.timer(parts.clock.now()) {
                return Ok(Turn::Due(timer));
            }
            if growth.wait(TICK).await {
                tokio::time::sleep(CALM).await;
                break;
            }
        }
    }
}

/// Writes down what time did, unless an answer came in the moment before.
async fn say(parts: &Parts, id: &InterruptId, timer: &Timer) -> Result<(), FlowError> {
    let row: InterruptRow = parts.store.interrupt(&parts.config.tenant, id).await?;
    let interrupt = id.clone();
    let (what, number, body) = match timer {
        Timer::Remind(number) => {
            ("reminded", *number, EventBody::InterruptReminded { interrupt, number: *number })
        }
        Timer::Escalate(number, to) => {
            let body = EventBody::InterruptEscalated { interrupt, number: *number, to: to.clone() };
            ("escalated", *number, body)
        }
        Timer::Expire(accepted) => {
            ("expired", 0, EventBody::InterruptExpired { interrupt, accepted: *accepted })
        }
    };
    let key = ["interrupt", id.as_str(), what, &number.to_string()];
    match parts.record(&key, part("policy"), row.subject(), body).await {
        Err(error) if error.problem().code == "store.not_allowed" => Ok(()),
        recorded => recorded.map(drop),
    }
}
