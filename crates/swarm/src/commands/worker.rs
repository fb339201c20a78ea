//! `swarm worker`.

use std::time::Duration;

use swarm_client::{
    Client,
    types::{NodeState, Worker},
};
use swarm_domain::{
    Problem,
    node::{MAX_LABELS, Takes},
};

use super::{remote_worker, run::offered};
use crate::{
    args::{WorkArgs, WorkerArgs, WorkerCommand},
    config::{self, Overrides},
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    house::{Duty, House, Wiring},
    interrupt, output,
    table::table,
};

/// Tickets and the like that are shown of one worker.
const SHOWN: usize = 4;

pub(super) async fn run(context: &Context, args: WorkerArgs) -> Result<Exit> {
    match args.command {
        Some(WorkerCommand::List { all }) => list(context, all).await,
        None => work(context, args.work).await,
    }
}

async fn work(context: &Context, args: WorkArgs) -> Result<Exit> {
    if let (Some(server), Some(token_file)) = (&args.remote.server, &args.remote.token_file) {
        let client = Client::with_token_file(server, token_file)?;
        return remote_worker::run(context, client, args).await;
    }
    let takes = Takes { labels: args.labels.into_iter().collect(), only_labelled: args.only_labels };
    if takes.labels.len() > MAX_LABELS {
        return Err(Failure::usage(Problem::new(
            "worker.labels",
            format!("{} labels are more than the {MAX_LABELS} that a worker may have", takes.labels.len()),
            "start a second worker with the rest: `swarm worker --name NAME --labels …`",
        )));
    }
    let overrides = Overrides { sandbox: args.engine.sandbox, ..Overrides::default() };
    let wiring = Wiring {
        data: context.data()?,
        settings: config::settings(overrides)?,
        engine: args.engine,
        node: args.name,
        takes,
        ..Wiring::default()
    };
    let interrupt = interrupt::token()?;
    let house = House::open(wiring, Duty::Worker).await?;
    let none = "models: none is configured".to_owned();
    let source = house.source().notice().unwrap_or(none);
    let said = context.output.say(&format!(
        "the worker works, in sandboxes on {}; {source}; Ctrl-C stops it",
        house.sandbox().unwrap_or("no rung")
    ));
    let mut ended = None;
    if said.is_ok() {
        tokio::select! {
            () = interrupt.cancelled() => {
                output::notice(&format!("it ends what is under way, for {} s at the most", args.drain_seconds));
                house.flows().drain(Duration::from_secs(args.drain_seconds)).await;
            }
            problem = house.flows().ended() => ended = Some(problem),
        }
    }
    house.close().await;
    said?;
    ended.map_or(Ok(Exit::Done), |problem| Err(problem.into()))
}

async fn list(context: &Context, all: bool) -> Result<Exit> {
    let (mut workers, claims) =
        door::reading(context, async |client| Ok((client.workers().await?, client.claims(None).await?)))
            .await?;
    if !all {
        workers.retain(|worker| worker.state != NodeState::Left);
    }
    context.output.print(&workers, |workers| {
        if workers.is_empty() {
            return "nobody works; run `swarm up`, or `swarm worker` on a DATABASE_URL".to_owned();
        }
        let header = ["worker", "state", "labels", "last heard", "host", "token", "works on"];
        // Who works over HTTP is known only by what it holds.
        format!("{}{}", table(header, workers.iter().map(row)), offered(&claims))
    })?;
    Ok(Exit::Done)
}

fn row(worker: &Worker) -> [String; 7] {
    let mut labels = worker.labels.join(",");
    if worker.only_labelled {
        labels.push_str(" only");
    }
    [
        worker.name.clone(),
        state(worker).to_owned(),
        labels,
        ago(worker.heartbeat_age_ms),
        worker.host.clone(),
        worker.token.to_string(),
        works_on(&worker.works_on),
    ]
}

fn state(worker: &Worker) -> &'static str {
    match worker.state {
        NodeState::Live => "live",
        NodeState::Draining => "draining",
        NodeState::Dead => "dead",
        NodeState::Left => "left",
        NodeState::Unknown => "unknown",
    }
}

fn ago(millis: u64) -> String {
    match millis / 1000 {
        seconds @ 0..=119 => format!("{}.{} s ago", seconds, millis % 1000 / 100),
        seconds @ 120..=7199 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3600),
    }
}

/// Tickets by their names; whole builds and merges only by how many they are.
fn works_on(workflows: &[String]) -> String {
    let ticket = |id: &String| id.strip_prefix("ticket/")?.split('/').nth(1).map(str::to_owned);
    let mut tickets: Vec<_> = workflows.iter().filter_map(ticket).collect();
    let others = workflows.len() - tickets.len();
    let more = tickets.len().saturating_sub(SHOWN);
    tickets.truncate(SHOWN);
    if more > 0 {
        tickets.push(format!("{more} more tickets"));
    }
    if others > 0 {
        tickets.push(format!("{others} flows"));
    }
    if tickets.is_empty() { "nothing".to_owned() } else { tickets.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_works_on_fits_a_cell() {
        assert_eq!(works_on(&[]), "nothing");
        let mut all: Vec<_> = (1..=6).map(|n| format!("ticket/run_1/T-{n}/1.0")).collect();
        all.push("build/run_1/1".to_owned());
        assert_eq!(works_on(&all), "T-1, T-2, T-3, T-4, 2 more tickets, 1 flows");
        assert_eq!(works_on(&all[5..6]), "T-6");
    }

    #[test]
    fn the_last_sign_of_life_is_said_in_the_unit_that_fits() {
        assert_eq!(ago(1_540), "1.5 s ago");
        assert_eq!(ago(600_000), "10 min ago");
        assert_eq!(ago(3 * 86_400_000), "72 h ago");
    }
}
