//! The sentinel: the task that looks at how the whole fares and says when a figure passes its bound.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use swarm_domain::{
    EventBody, Problem, Subject,
    alert::{Alert, AlertBounds, AlertChange, AlertKind},
    vitals::{ModelVitals, QueueVitals, Vitals},
};
use swarm_model::BreakerState;
use swarm_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::{
    Flows,
    background::Background,
    demand,
    error::FlowError,
    parts::{Parts, part},
};

/// When people are told without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsConfig {
    /// How often it is looked, in seconds; 0 for never.
    pub every_seconds: u64,
    /// What counts as lately, in seconds.
    pub window_seconds: u64,
    /// Where each alert begins and ends.
    pub bounds: AlertBounds,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self { every_seconds: 30, window_seconds: 900, bounds: AlertBounds::default() }
    }
}

/// The task.
pub(crate) struct Sentinel {
    task: Background,
}

impl Sentinel {
    /// Begins to look.
    pub(crate) fn begin(parts: Parts) -> Self {
        Self { task: Background::begin(|stop| watch(parts, stop)) }
    }

    /// Looks no more.
    pub(crate) async fn stop(&self) {
        self.task.stop().await;
    }
}

async fn watch(parts: Parts, stop: CancellationToken) {
    let every = Duration::from_secs(parts.config.alerts.every_seconds);
    if every.is_zero() {
        return;
    }
    while stop.run_until_cancelled(tokio::time::sleep(every)).await.is_some() {
        let looked = stop.run_until_cancelled(look(&parts)).await;
        if let Some(Err(error)) = looked {
            // The database may be away; it is looked again soon.
            tracing::warn!(%error, "it could not be looked for alerts");
        }
    }
}

/// Looks once, and says what changed.
async fn look(parts: &Parts) -> Result<(), FlowError> {
    let vitals = vitals(parts).await?;
    let known = parts.store.alerts(&parts.config.tenant).await?;
    let open: Vec<AlertKind> =
        known.iter().filter(|alert| alert.ended_at.is_none()).map(|alert| alert.kind).collect();
    for change in parts.config.alerts.bounds.judge(&vitals, &open) {
        say(parts, change).await?;
    }
    Ok(())
}

async fn say(parts: &Parts, change: AlertChange) -> Result<(), FlowError> {
    let moment = parts.clock.now().timestamp_micros().to_string();
    let (alert, how, body) = match change {
        AlertChange::Raised { kind, value, bound, words } => {
            tracing::warn!(alert = kind.word(), value, bound, words, "an alert was raised");
            (kind, "raised", EventBody::AlertRaised { alert: kind, value, bound, words })
        }
        AlertChange::Ended { kind, value } => {
            tracing::info!(alert = kind.word(), value, "an alert ended");
            (kind, "ended", EventBody::AlertEnded { alert: kind, value })
        }
    };
    let node = parts.store.node().map(|(node, _)| node.to_string()).unwrap_or_default();
    let event = parts.event(
        &["alert", alert.word(), how, &node, &moment],
        part("sentinel"),
        Subject::default(),
        body,
    );
    match parts.store.append(event).await {
        // Another process looked in the same moment and said it first.
        Ok(_) | Err(StoreError::Exists { .. } | StoreError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// How the whole fares.
async fn vitals(parts: &Parts) -> Result<Vitals, FlowError> {
    let (tenant, at) = (&parts.config.tenant, parts.clock.now());
    let window_seconds = parts.config.alerts.window_seconds;
    let window = i64::try_from(window_seconds).ok().and_then(TimeDelta::try_seconds);
    let since = window.and_then(|window| at.checked_sub_signed(window)).unwrap_or_default();
    let queue = demand::demand(parts).await?;
    let lately = parts.store.lately(tenant, since).await?;
    Ok(Vitals {
        at,
        window_seconds,
        queue: QueueVitals {
            waiting: queue.waiting,
            working: queue.working,
            oldest_waiting_seconds: queue.oldest_waiting_seconds,
        },
        work: lately.work,
        trouble: lately.trouble,
        budget: parts.store.most_used_budget(tenant, at).await?,
        models: models(parts),
        sandboxes: swarm_sandbox::vitals(parts.sandboxes.rung()),
    })
}

fn models(parts: &Parts) -> ModelVitals {
    let mut found = ModelVitals::default();
    for state in parts.gateway.states() {
        found.known += 1;
        found.resting += u32::from(state.breaker == BreakerState::Open);
        found.in_flight = found.in_flight.saturating_add(state.in_flight);
        found.waiting = found.waiting.saturating_add(state.waiting);
    }
    found
}

impl Flows {
    /// How the whole fares.
    pub async fn vitals(&self) -> Result<Vitals, Problem> {
        vitals(self.parts()).await.map_err(|error| error.problem())
    }

    /// Alerts: those that go on first, then the newest of those that ended.
    pub async fn alerts(&self) -> Result<Vec<Alert>, Problem> {
        let parts = self.parts();
        parts.store.alerts(&parts.config.tenant).await.map_err(|error| error.problem())
    }

    /// Looks for alerts now, as is done every few seconds anyway.
    pub async fn look_for_alerts(&self) -> Result<Vec<Alert>, Problem> {
        look(self.parts()).await.map_err(|error| error.problem())?;
        self.alerts().await
    }
}
