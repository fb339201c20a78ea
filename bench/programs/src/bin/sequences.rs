//! Many runs of a sequence of three agents on an instant model: by swarm, or by the bare durable engine below it.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};
use dbos::{Config, DBOS, StartOptions};
use futures::{StreamExt, TryStreamExt, stream};
use swarm_bench::{Failure, House, Instantly, peak_memory_bytes, person};
use swarm_flows::SequenceRequest;

/// The steps of one sequence.
const STEPS: usize = 3;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// Gateway, journal, event log, blobs.
    Swarm,
    /// Only the journal.
    Dbos,
}

#[derive(Parser)]
struct Arguments {
    #[arg(long, value_enum)]
    engine: Engine,
    #[arg(long)]
    database: String,
    #[arg(long)]
    folder: PathBuf,
    #[arg(long, default_value_t = 1_000)]
    runs: usize,
    /// Runs under way at once.
    #[arg(long, default_value_t = 64)]
    at_once: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let seconds = match arguments.engine {
        Engine::Swarm => swarm(&arguments).await?,
        Engine::Dbos => bare(&arguments).await?,
    };
    let figures = serde_json::json!({
        "runs": arguments.runs, "steps": STEPS, "at_once": arguments.at_once,
        "seconds": seconds.as_secs_f64(), "peak_bytes": peak_memory_bytes(),
    });
    println!("{figures}");
    Ok(())
}

fn said(text: &str) -> String {
    format!("{text} and on")
}

async fn swarm(arguments: &Arguments) -> Result<Duration, Failure> {
    let model = Instantly::new(Duration::ZERO, |request| {
        said(request.messages.last().map(swarm_model::Message::text).unwrap_or_default())
    });
    let at_once = u32::try_from(arguments.at_once)?;
    let house = House::open(&arguments.database, &arguments.folder, at_once, Arc::new(model)).await?;
    let ask = |number: usize| {
        let request = SequenceRequest {
            name: format!("run-{number}"),
            agents: ["coder", "reviewer", "summariser"].map(str::to_owned).to_vec(),
            input: format!("task {number}"),
            models: Vec::new(),
        };
        let flows = house.flows.clone();
        async move {
            let end = flows.run_sequence(&person(), request).await?;
            if end == format!("task {number} and on and on and on") {
                Ok(())
            } else {
                Err(Failure::from(end))
            }
        }
    };
    let begun = Instant::now();
    stream::iter(0..arguments.runs).map(ask).buffer_unordered(arguments.at_once).try_collect::<()>().await?;
    let took = begun.elapsed();
    house.close().await;
    Ok(took)
}

async fn bare(arguments: &Arguments) -> Result<Duration, Failure> {
    let dbos = DBOS::new(Config {
        app_version: Some("bench".to_owned()),
        max_connections: 16,
        ..Config::new("bench", arguments.database.clone())
    });
    let workflow = dbos.register_workflow("sequence", |mut text: String| async move {
        for _ in 0..STEPS {
            let before = text.clone();
            text = dbos::step("model", || {
                let before = before.clone();
                async move { dbos::Result::<String>::Ok(said(&before)) }
            })
            .await?;
        }
        dbos::Result::<String>::Ok(text)
    })?;
    dbos.launch().await?;
    let ask = |number: usize| {
        let workflow = workflow.clone();
        async move {
            let id = format!("run-{number}");
            let options = StartOptions { workflow_id: Some(&id), ..StartOptions::default() };
            let end = workflow.start_with(format!("task {number}"), options).await?.result().await?;
            if end == format!("task {number} and on and on and on") {
                Ok(())
            } else {
                Err(Failure::from(end))
            }
        }
    };
    let begun = Instant::now();
    stream::iter(0..arguments.runs).map(ask).buffer_unordered(arguments.at_once).try_collect::<()>().await?;
    let took = begun.elapsed();
    dbos.shutdown().await;
    Ok(took)
}
