//! Steps that failed, written down: what was tried again and went well leaves no other trace, and is the first sign of a
//! host, a model or a network that gets worse.

use std::time::Duration;

use swarm_domain::{EventBody, Problem};

use crate::{
    parts::{Parts, part},
    works,
};

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
        let (workflow, times) = (self.workflow.unwrap_or_default(), self.times.to_string());
        let key = ["step-failed", workflow, self.step, &times, &moment];
        let subject = works::subject_of(workflow);
        let body = EventBody::StepFailed {
            step: self.step.to_owned(),
            code: self.problem.code.clone(),
            detail: self.problem.detail.chars().take(DETAIL).collect(),
            failed: u32::try_from(self.times).unwrap_or(u32::MAX),
            again_in: self.again.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        };
        if let Err(error) = parts.record(&key, part("engine"), subject, body).await {
            tracing::warn!(%error, step = self.step, "a failed step could not be written down");
        }
    }
}
