//! Many agents at once, each a sequence of steps of fixed model time: what a step takes beside that.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use futures::future::try_join_all;
use swarm_bench::{Failure, House, Instantly, Sample, peak_memory_bytes, person};
use swarm_flows::SequenceRequest;

#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    database: String,
    #[arg(long)]
    folder: PathBuf,
    /// Agents at work at once.
    #[arg(long)]
    at_once: usize,
    /// Steps of each.
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Milliseconds that the model takes for a step.
    #[arg(long, default_value_t = 200)]
    model_ms: u64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let model = Instantly::new(Duration::from_millis(arguments.model_ms), |request| {
        request.messages.last().map(swarm_model::Message::text).unwrap_or_default().to_owned()
    });
    let (at_once, heard) = (u32::try_from(arguments.at_once)?, model.clone());
    let house = House::open(&arguments.database, &arguments.folder, at_once, Arc::new(model)).await?;
    let before = peak_memory_bytes();
    let begun = Instant::now();
    let by = person();
    let runs = (0..arguments.at_once).map(|number| {
        let request = SequenceRequest {
            name: format!("agent-{}-{number}", arguments.at_once),
            agents: vec!["coder".to_owned(); arguments.steps],
            input: format!("agent {number}"),
            models: Vec::new(),
        };
        house.flows.run_sequence(&by, request)
    });
    try_join_all(runs).await?;
    let took = begun.elapsed();
    // A step is from one question of an agent to its next: the model's time, and all that swarm adds.
    let mut last = HashMap::new();
    let mut steps = Vec::new();
    for question in heard.heard() {
        if let Some(earlier) = last.insert(question.last, question.at) {
            steps.push((question.at - earlier).to_std()?);
        }
    }
    let figures = serde_json::json!({
        "at_once": arguments.at_once, "model_ms": arguments.model_ms, "step": Sample::of(steps),
        "seconds": took.as_secs_f64(), "peak_bytes": peak_memory_bytes(), "idle_bytes": before,
    });
    println!("{figures}");
    house.close().await;
    Ok(())
}
