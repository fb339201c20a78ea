//! Appends to the event log, beside a bare `INSERT` of the same text with the same durability.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{Parser, ValueEnum};
use futures::future::try_join_all;
use sqlx::postgres::PgPoolOptions;
use swarm_bench::{Failure, Sample};
use swarm_domain::{Actor, EventBody, IdempotencyKey, NewEvent, Subject, TenantId};
use swarm_store::{Store, SystemClock};

/// As long as an event's canonical JSON is.
const TEXT_BYTES: usize = 400;

#[derive(Clone, Copy, ValueEnum)]
enum Way {
    /// Numbered, hashed, guarded and projected.
    Event,
    /// One row in a table of its own, in one transaction.
    Insert,
}

#[derive(Parser)]
struct Arguments {
    #[arg(long, value_enum)]
    way: Way,
    #[arg(long)]
    database: String,
    #[arg(long)]
    folder: PathBuf,
    #[arg(long)]
    writers: usize,
    /// Appends of each writer.
    #[arg(long)]
    each: usize,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    let (took, single) = match arguments.way {
        Way::Event => events(&arguments).await?,
        Way::Insert => inserts(&arguments).await?,
    };
    let count = arguments.writers * arguments.each;
    let figures = serde_json::json!({
        "writers": arguments.writers, "appends": count, "seconds": took.as_secs_f64(), "one": Sample::of(single),
    });
    println!("{figures}");
    Ok(())
}

async fn events(arguments: &Arguments) -> Result<(Duration, Vec<Duration>), Failure> {
    let store = Store::connect(&arguments.database, &arguments.folder, Arc::new(SystemClock)).await?;
    let tenant = TenantId::parse("bench")?;
    let begun = Instant::now();
    let writers = (0..arguments.writers).map(|writer| {
        let (store, tenant) = (store.clone(), tenant.clone());
        let (moment, each) = (format!("{}-{writer}", arguments.writers), arguments.each);
        tokio::spawn(async move {
            let mut single = Vec::with_capacity(each);
            for number in 0..each {
                let event = NewEvent {
                    tenant: tenant.clone(),
                    actor: Actor::System { part: "bench".to_owned() },
                    subject: Subject::default(),
                    key: IdempotencyKey::of(&["bench", &moment, &number.to_string()]),
                    correlation: None,
                    body: EventBody::PersonAsked {
                        what: "measure".to_owned(),
                        reason: "x".repeat(TEXT_BYTES / 2),
                    },
                };
                let one = Instant::now();
                store.append(event).await?;
                single.push(one.elapsed());
            }
            Ok::<_, swarm_store::StoreError>(single)
        })
    });
    let mut single = Vec::new();
    for writer in try_join_all(writers).await? {
        single.extend(writer?);
    }
    let took = begun.elapsed();
    store.close().await;
    Ok((took, single))
}

async fn inserts(arguments: &Arguments) -> Result<(Duration, Vec<Duration>), Failure> {
    // As many connections as the store has.
    let pool = PgPoolOptions::new().max_connections(16).connect(&arguments.database).await?;
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text text)",
    )
    .execute(&pool)
    .await?;
    let begun = Instant::now();
    let writers = (0..arguments.writers).map(|_| {
        let (pool, each) = (pool.clone(), arguments.each);
        tokio::spawn(async move {
            let mut single = Vec::with_capacity(each);
            for _ in 0..each {
                let one = Instant::now();
                sqlx::query("INSERT INTO bare (text) VALUES ($1)")
                    .bind("x".repeat(TEXT_BYTES))
                    .execute(&pool)
                    .await?;
                single.push(one.elapsed());
            }
            Ok::<_, sqlx::Error>(single)
        })
    });
    let mut single = Vec::new();
    for writer in try_join_all(writers).await? {
        single.extend(writer?);
    }
    let took = begun.elapsed();
    pool.close().await;
    Ok((took, single))
}
