//! A private PostgreSQL for one measurement, with the settings that swarm's own has. Prints its URL as JSON, and stops
//! it when standard input ends.

use std::{io::Read, path::PathBuf};

use clap::Parser;
use swarm_bench::Failure;
use swarm_store::{Cluster, ClusterOptions};

#[derive(Parser)]
struct Arguments {
    /// Where it keeps its data.
    folder: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let cluster = Cluster::start(&Arguments::parse().folder, ClusterOptions::default()).await?;
    println!("{}", serde_json::json!({ "url": cluster.database_url(), "pid": cluster.pid().await }));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    cluster.stop().await?;
    Ok(())
}
