//! Steps that failed, written down: what was tried again and went well leaves no other trace, and is the first sign of a
//! host, a model or a network that gets worse.

use std::time::Duration;

use swarm_domain::{EventBody, Problem, RunId, Subject, TicketId};

use crate::parts::{Parts, part};

/// The longest text of a failure that is kept.
const DETAIL: usize = 500;

/// A step that failed.
pub(crate) struct Failed<'a> {
    /// The workflow that it is a step of.
    pub(crate) workflow: Option<&'a str>,
    pub(crate) step: &'a str,
    pub(crate) problem: &'a Problem,
    /// How often it has failed.
    pub(crate) times: usize,
    /// When it is tried again.
    pub(crate) again: Option<Duration>,
}

impl Failed<'_> {
    /// Writes it down. Where that fails the work goes on: it is about the work, and no part of it.
    pub(crate) async fn note(&self, parts: &Parts) {
        let moment = parts.clock.now().timestamp_micros().to_string();
        let number = u128::from_be_bytes(pad(parts.entropy.bytes())).to_string();
        let key = ["step-failed", self.workflow.unwrap_or_default(), self.step, &moment, &number];
        let body = EventBody::StepFailed {
            step: self.step.to_owned(),
            code: self.problem.code.clone(),
            detail: self.problem.detail.chars().take(DETAIL).collect(),
            failed: u32::try_from(self.times).unwrap_or(u32::MAX),
            again_in: self.again.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        };
        if let Err(error) = parts.record(&key, part("engine"), self.subject(), body).await {
            tracing::warn!(%error, step = self.step, "a failed step could not be written down");
        }
    }

    /// What the workflow is about, by its id: `ticket/RUN/TICKET/…`, `build/RUN/…`.
    fn subject(&self) -> Subject {
        let mut parts = self.workflow.unwrap_or_default().split('/');
        let is_of_ticket = match parts.next() {
            Some("ticket") => true,
            Some("build" | "merge") => false,
            _ => return Subject::default(),
        };
        let run = parts.next().and_then(|run| RunId::parse(run).ok());
        let ticket = parts.next().filter(|_| is_of_ticket).and_then(|ticket| TicketId::parse(ticket).ok());
        Subject { ticket: ticket.filter(|_| run.is_some()), run, ..Subject::default() }
    }
}

fn pad(bytes: [u8; 10]) -> [u8; 16] {
    let mut padded = [0; 16];
    padded[6..].copy_from_slice(&bytes);
    padded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_says_what_its_steps_are_about() {
        let problem = Problem::new("sandbox.vm_gone", "", "");
        let about = |workflow| {
            let failed =
                Failed { workflow: Some(workflow), step: "tool", problem: &problem, times: 1, again: None };
            let Subject { run, ticket, .. } = failed.subject();
            (run.map(|run| run.to_string()), ticket.map(|ticket| ticket.to_string()))
        };
        let some = |word: &str| Some(word.to_owned());
        assert_eq!(about("ticket/run_7/T-1/1.1"), (some("run_7"), some("T-1")));
        assert_eq!(about("build/run_7/1"), (some("run_7"), None));
        assert_eq!(about("plan/plan_3"), (None, None));
        assert_eq!(about("ticket/%%/T-1"), (None, None));
    }
}
