//! `swarm failures`.

use std::fmt::Write;

use swarm_client::types;
use swarm_domain::{Clock as _, failure::Cluster};
use swarm_store::SystemClock;

use crate::{
    args::FailuresArgs,
    context::Context,
    door,
    exit::{Exit, Result},
    progress::plain,
    table::{local, table},
    wire,
};

pub(super) async fn run(context: &Context, args: FailuresArgs) -> Result<Exit> {
    let since = args.since.map(|ago| (SystemClock.now() - ago).to_rfc3339());
    let run = args.run.map(|run| run.to_string());
    let found =
        door::reading(context, async |client| Ok(client.failures(run.as_deref(), since.as_deref()).await?))
            .await?;
    if context.output.document(&found)? {
        return Ok(Exit::Done);
    }
    let clusters: Vec<Cluster> = wire::read(&found.items)?;
    crate::output::line(in_words(&found, &clusters).trim_end())?;
    Ok(Exit::Done)
}

fn in_words(found: &types::FailureList, clusters: &[Cluster]) -> String {
    if clusters.is_empty() {
        return "no attempt has failed".to_owned();
    }
    let rows = (1..).zip(clusters).map(|(number, cluster): (u32, _)| {
        [
            number.to_string(),
            cluster.count.to_string(),
            cluster.tickets.to_string(),
            cluster.usd.to_string(),
            cluster.class.to_string(),
            cluster.code.clone(),
            local(cluster.first_seen),
            local(cluster.last_seen),
        ]
    });
    let header = ["", "times", "tickets", "cost", "class", "code", "first seen", "last seen"];
    let mut text = table(header, rows);
    for (number, cluster) in (1..).zip(clusters) {
        let number: u32 = number;
        let example = &cluster.example;
        let mast = cluster.mast.as_ref().map(|mode| format!(" (MAST {mode})")).unwrap_or_default();
        let _ = write!(
            text,
            "\n\n{number:>2}  {}{mast}\n    such as   {} in {}: {}\n    to do     {}",
            plain(&cluster.signature),
            example.attempt,
            example.run,
            plain(&example.detail),
            plain(&cluster.hint),
        );
    }
    let many =
        |number: u32, one: &str| if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") };
    let (attempts, ways) = (many(found.attempts, "attempt"), many(found.clusters, "way"));
    let _ = write!(text, "\n\n{attempts} failed, in {ways}");
    text
}
