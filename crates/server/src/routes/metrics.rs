//! `/metrics`: how the work and the live connections are, in the text format of OpenMetrics. The names are a promise:
//! docs/src/metrics.md has them.

mod figures;

use std::{fmt, sync::Arc};

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    collector::Collector,
    encoding::{
        DescriptorEncoder,
        text::{encode_eof, encode_registry},
    },
    registry::Registry,
};
use swarm_domain::vitals::{self, Vitals};
use swarm_store::Census;

use crate::{
    app::App,
    live::fanout::FanoutMetrics,
    live::meter::{LiveMetrics, counter, counters, gauge, gauges},
    refusal::{Refusal, Reply},
};

const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What the database says of the work; nothing where it does not answer.
#[derive(Debug)]
struct Work(Option<Census>);

/// How the work and the live connections are.
pub(crate) async fn metrics(State(app): State<App>) -> Reply<Response> {
    let (census, vitals) = work(&app).await.unzip();
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Work(census)));
    registry.register_collector(Box::new(LiveMetrics(Arc::clone(&app.live.meter))));
    if let Some(fanout) = &app.live.fanout {
        registry.register_collector(Box::new(FanoutMetrics(Arc::clone(fanout))));
    }
    let mut text = String::new();
    encode_registry(&mut text, &registry)
        .and_then(|()| vitals.map_or(Ok(()), |vitals| figures::write(&mut text, &vitals::figures(&vitals))))
        .and_then(|()| encode_eof(&mut text))
        .map_err(|_| Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(([(header::CONTENT_TYPE, FORMAT)], text).into_response())
}

/// A database that is away must not take the counts with it that are in memory.
async fn work(app: &App) -> Option<(Census, Vitals)> {
    let census = app.store().census(app.tenant()).await;
    let vitals = app.flows.vitals().await;
    let why = match (census, vitals) {
        (Ok(census), Ok(vitals)) => return Some((census, vitals)),
        (Err(error), _) => error.problem(),
        (_, Err(problem)) => problem,
    };
    tracing::warn!(%why, "metrics say nothing of the work");
    None
}

impl Collector for Work {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let to = &mut to;
        let up = u64::from(self.0.is_some());
        gauge(
            to,
            "swarm_database_up",
            "Whether the database answers: the rest of these is absent where not",
            up,
        )?;
        let Some(census) = &self.0 else {
            return Ok(());
        };
        for (name, help, states) in [
            ("swarm_runs", "Runs by state", &census.runs),
            ("swarm_tickets", "Tickets by state", &census.tickets),
            ("swarm_workers", "Workers by state", &census.nodes),
        ] {
            gauges(to, name, help, "state", states.iter().map(|(state, count)| (state.as_str(), *count)))?;
        }
        let spend = &census.spend;
        counter(to, "swarm_model_calls", "Calls of language models, in runs", spend.calls)?;
        let tokens = [("in", spend.tokens_in), ("out", spend.tokens_out)];
        counters(
            to,
            "swarm_model_tokens",
            "Tokens to and from language models, in runs",
            "direction",
            tokens.into_iter(),
        )?;
        counter(
            to,
            "swarm_model_cost_microdollars",
            "What that cost, in millionths of a US dollar",
            spend.usd.0,
        )?;
        counter(to, "swarm_events", "Events in the log", census.events)
    }
}
