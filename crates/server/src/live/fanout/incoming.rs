//! Takes entries out of the stream, from where the feed stands.

use std::sync::atomic::Ordering;

use redis::streams::StreamReadReply;
use swarm_domain::Event;
use tokio::sync::mpsc;

use super::{
    super::Feed,
    Fanout,
    channel::id,
    line::{BLOCK, Broken, Waits},
};

/// How many entries are asked for at once.
const PAGE: usize = 64;

/// Reads for as long as it is polled.
pub(super) async fn read(fanout: &Fanout, feed: &Feed, to: &mpsc::Sender<Event>) {
    let mut waits = Waits::new();
    loop {
        if let Err(broken) = converse(fanout, feed, to, &mut waits).await {
            tracing::debug!(%broken, "reading from Redis ended");
            fanout.status.is_away(&broken.words());
        }
        waits.wait().await;
    }
}

async fn converse(
    fanout: &Fanout,
    feed: &Feed,
    to: &mpsc::Sender<Event>,
    waits: &mut Waits,
) -> Result<(), Broken> {
    let channel = fanout.channel(feed).await?;
    let mut line = fanout.connect().await?;
    let mut last = 0;
    loop {
        // What was read as rows meanwhile need not come again.
        last = feed.position().max(last);
        let mut ask = redis::cmd("XREAD");
        ask.arg("BLOCK").arg(u64::try_from(BLOCK.as_millis()).unwrap_or(1_000)).arg("COUNT").arg(PAGE);
        ask.arg("STREAMS").arg(&channel.stream).arg(id(last));
        let reply: Option<StreamReadReply> = ask.query_async(&mut line).await?;
        for entry in reply.into_iter().flat_map(|reply| reply.keys).flat_map(|key| key.ids) {
            // One that is not ours may stand anywhere, and is not to lead behind what comes: the way is begun anew from
            // where the feed stands, after a wait.
            let event = channel.read(&entry).inspect_err(|_| {
                fanout.status.counts.refused.fetch_add(1, Ordering::Relaxed);
            })?;
            last = event.seq;
            // A feed that is behind makes this wait, not grow.
            if to.send(event).await.is_err() {
                return Ok(());
            }
        }
        fanout.status.answers();
        waits.forget();
    }
}
