//! Waiting for a plan.

use std::time::{Duration, Instant};

use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use swarm_client::{Client, EventQuery, Patience, types};
use swarm_domain::{EventBody, Problem, budget::Spend};
use tokio_util::sync::CancellationToken;

use crate::{
    context::Context,
    exit::{Failure, Result},
    output,
    progress::{Display, Weight, news, short_duration, tokens},
    wire,
};

/// Events that are skipped at once.
const PAGE: u32 = 1_000;
/// How often the elapsed time is brought up to date.
const FRAME: Duration = Duration::from_millis(200);

/// The position of the last event of all: what comes after is new.
pub(super) async fn position(client: &Client) -> Result<u64> {
    let mut after = 0;
    loop {
        let page = client.events(&EventQuery { after, run: None, limit: Some(PAGE) }).await?;
        match page.events.last() {
            Some(last) => after = last.seq,
            None => return Ok(after),
        }
    }
}

/// Waits until the plan is there, and shows meanwhile what happens.
pub(super) async fn wait(
    context: &Context,
    client: &Client,
    plan: &str,
    project: &str,
    after: u64,
    interrupt: &CancellationToken,
) -> Result<types::PlanDetail> {
    let display = Display::of(context.output);
    let spinner = if display == Display::Live { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        spinner.set_style(style);
    }
    let began = Instant::now();
    let mut spend = Spend::default();
    let mut events =
        std::pin::pin!(client.follow_patiently(after, None, Patience::default(), output::standstill));
    let mut frame = tokio::time::interval(FRAME);
    loop {
        let sent = tokio::select! {
            biased;
            () = interrupt.cancelled() => return Err(Failure::interrupted()),
            event = events.next() => event.ok_or_else(Failure::interrupted)??,
            _ = frame.tick() => {
                let elapsed = chrono::TimeDelta::from_std(began.elapsed()).unwrap_or_default();
                let (used, cost) = (tokens(spend.tokens()), spend.usd);
                spinner.set_message(format!("planning · {used} tokens · {cost} · {}", short_duration(elapsed)));
                spinner.tick();
                continue;
            }
        };
        let Some(event) = wire::event(&sent) else { continue };
        if event.subject.project.as_ref().is_none_or(|of| of.as_str() != project)
            || event.subject.run.is_some()
        {
            continue;
        }
        show(display, &event, &sent)?;
        match &event.body {
            EventBody::ModelCalled { spend: more, .. } => spend = spend.plus(*more),
            EventBody::PlanProposed { plan: drawn } if drawn.id.as_str() == plan => break,
            EventBody::PlanFailed { plan: failed, problem } if failed.as_str() == plan => {
                spinner.finish_and_clear();
                return Err(Problem::clone(problem).into());
            }
            _ => {}
        }
    }
    spinner.finish_and_clear();
    Ok(client.plan(plan).await?)
}

fn show(display: Display, event: &swarm_domain::Event, sent: &types::Event) -> Result<()> {
    match display {
        Display::Live => Ok(()),
        Display::Json => output::line(&wire::json(sent)?),
        Display::Plain => {
            let (weight, words) = news(event);
            if weight == Weight::Main { output::line(&words) } else { Ok(()) }
        }
    }
}
