//! A build of many small tickets by agents of fixed model time: its wall time, and how soon a ready ticket is begun.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use swarm_bench::{Failure, Heard, House, Sample, parts_spec, peak_memory_bytes};
use swarm_domain::{Event, EventBody, run::RunOptions, ticket::TicketState};

#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    database: String,
    #[arg(long)]
    folder: PathBuf,
    /// An empty repository.
    #[arg(long)]
    repo: PathBuf,
    #[arg(long, default_value_t = 32)]
    tickets: usize,
    /// Tickets that need nothing of each other.
    #[arg(long, default_value_t = 8)]
    width: usize,
    /// Agents at once.
    #[arg(long)]
    agents: u32,
    /// Milliseconds that the model takes for a step.
    #[arg(long, default_value_t = 2_000)]
    model_ms: u64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let model = parts_spec::author(Duration::from_millis(arguments.model_ms));
    let asked = model.clone();
    let house =
        House::open(&arguments.database, &arguments.folder, arguments.agents, Arc::new(model)).await?;
    let plan = house.plan(&arguments.repo, &parts_spec::spec(arguments.tickets, arguments.width)).await?;
    let options = RunOptions { max_parallel: arguments.agents, ..RunOptions::default() };
    let begun = Instant::now();
    let run = house.build(&plan, options).await?;
    let took = begun.elapsed();
    let waits = Waits::of(&house.events(&run).await?, &asked.heard());
    let figures = serde_json::json!({
        "tickets": arguments.tickets, "width": arguments.width, "agents": arguments.agents,
        "model_ms": arguments.model_ms, "seconds": took.as_secs_f64(), "dispatch": Sample::of(waits.begun), "asked": Sample::of(waits.asked),
        "peak_bytes": peak_memory_bytes(),
    });
    println!("{figures}");
    house.close().await;
    Ok(())
}

/// In a chain of tickets: from each merge, which makes the next ticket ready,
#[derive(Default)]
struct Waits {
    /// to the event that begins its attempt,
    begun: Vec<Duration>,
    /// and to the first question of that attempt, as it reaches the model.
    asked: Vec<Duration>,
}

impl Waits {
    fn of(events: &[Event], heard: &[Heard]) -> Self {
        let (mut ready, mut waits) = (None, Self::default());
        for event in events {
            match (&event.body, ready) {
                (EventBody::TicketStateChanged { to: TicketState::Merged }, _) => ready = Some(event.at),
                (EventBody::AttemptStarted { .. }, Some(since)) => {
                    let first = heard.iter().map(|heard| heard.at).find(|at| *at >= event.at);
                    waits.begun.extend((event.at - since).to_std());
                    waits.asked.extend(first.and_then(|at| (at - since).to_std().ok()));
                    ready = None;
                }
                _ => {}
            }
        }
        waits
    }
}
