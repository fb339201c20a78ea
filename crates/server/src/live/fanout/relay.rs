//! Puts events into the stream. One node at a time does, by a seat in Redis that runs out; two that do for a moment say
//! nothing twice, since an entry's id is its event's position and Redis takes none that is not above the last.

use std::{sync::atomic::Ordering, time::Duration};

use redis::{RedisError, aio::MultiplexedConnection, streams::StreamRangeReply};

use super::{
    super::Feed,
    Fanout, MAX_CARRIED,
    channel::{Channel, position},
    line::{Broken, Waits},
};

/// How long the seat is held, and how often it is taken anew.
const SEAT: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(1));
/// How many events are taken from memory at once.
const MOST: usize = 64;

/// Relays, or waits to do so, for as long as it is polled.
pub(super) async fn relay(fanout: &Fanout, feed: &Feed) {
    let mut waits = Waits::new();
    loop {
        let ended = converse(fanout, feed, &mut waits).await;
        fanout.relays.store(false, Ordering::Relaxed);
        if let Err(broken) = ended {
            tracing::debug!(%broken, "relaying over Redis ended");
            fanout.status.is_away(&broken.words());
        }
        waits.wait().await;
    }
}

async fn converse(fanout: &Fanout, feed: &Feed, waits: &mut Waits) -> Result<(), Broken> {
    let channel = fanout.channel(feed).await?;
    let mut line = fanout.connect().await?;
    let mut head = feed.watch();
    // The last event that is in the stream, as far as is known here.
    let mut told: Option<u64> = None;
    let mut seat = tokio::time::interval(SEAT.1);
    loop {
        tokio::select! {
            _ = seat.tick() => {
                let mine = take_seat(fanout, channel, &mut line).await?;
                waits.forget();
                if !mine {
                    told = None;
                } else if told.is_none() {
                    tracing::debug!("this node relays");
                    told = Some(begin(feed, channel, &mut line).await?);
                }
                fanout.relays.store(mine, Ordering::Relaxed);
            }
            changed = head.changed(), if told.is_some() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
        }
        if let Some(at) = told {
            told = Some(tell(fanout, feed, channel, &mut line, at).await?);
        }
    }
}

/// Takes the seat, or keeps it. Between the two commands another may take it: then two relay until the next time.
async fn take_seat(
    fanout: &Fanout,
    channel: &Channel,
    line: &mut MultiplexedConnection,
) -> Result<bool, RedisError> {
    let life = u64::try_from(SEAT.0.as_millis()).unwrap_or(3_000);
    let mut take = redis::cmd("SET");
    take.arg(&channel.seat).arg(&fanout.node).arg("NX").arg("PX").arg(life);
    let taken: Option<String> = take.query_async(line).await?;
    if taken.is_some() {
        return Ok(true);
    }
    let holder: Option<String> = redis::cmd("GET").arg(&channel.seat).query_async(line).await?;
    if holder.as_deref() != Some(&fanout.node) {
        return Ok(false);
    }
    let kept: i64 = redis::cmd("PEXPIRE").arg(&channel.seat).arg(life).query_async(line).await?;
    Ok(kept == 1)
}

/// Where the stream ends, or where the log is known to end where there is no stream.
async fn begin(feed: &Feed, channel: &Channel, line: &mut MultiplexedConnection) -> Result<u64, Broken> {
    begin_anew(feed, channel, line).await?;
    let end = newest(channel, line).await?;
    Ok(end.as_deref().and_then(position).unwrap_or_else(|| feed.position()))
}

/// Deletes a stream that ends behind the log, which takes no entry any more: it is of a past that was restored away, or
/// somebody else's.
async fn begin_anew(
    feed: &Feed,
    channel: &Channel,
    line: &mut MultiplexedConnection,
) -> Result<bool, Broken> {
    let Some(end) = newest(channel, line).await? else { return Ok(false) };
    let is_ours = match position(&end) {
        Some(end) if end <= feed.position() => true,
        Some(end) => end <= feed.last_position().await?,
        None => false,
    };
    if !is_ours {
        tracing::warn!(end, "the stream in Redis ends behind the log, and is begun anew");
        let _: i64 = redis::cmd("DEL").arg(&channel.stream).query_async(line).await?;
    }
    Ok(!is_ours)
}

/// The id of the newest entry.
async fn newest(channel: &Channel, line: &mut MultiplexedConnection) -> Result<Option<String>, RedisError> {
    let mut ask = redis::cmd("XREVRANGE");
    ask.arg(&channel.stream).arg("+").arg("-").arg("COUNT").arg(1);
    let range: StreamRangeReply = ask.query_async(line).await?;
    Ok(range.ids.into_iter().next().map(|entry| entry.id))
}

/// Puts what is held behind a position into the stream, and says up to where that was.
async fn tell(
    fanout: &Fanout,
    feed: &Feed,
    channel: &Channel,
    line: &mut MultiplexedConnection,
    mut at: u64,
) -> Result<u64, Broken> {
    loop {
        // What is not held any more, the others read as rows.
        let Some(events) = feed.held(at, MOST) else { return Ok(feed.position()) };
        let Some(last) = events.last() else { return Ok(at) };
        let last = last.position();
        for happened in events {
            let text = happened.json();
            if text.len() > MAX_CARRIED {
                continue;
            }
            let put = channel.put(happened.position(), text, fanout.held);
            let mut said = put.query_async::<String>(line).await;
            if said.as_ref().is_err_and(is_old) && begin_anew(feed, channel, line).await? {
                said = put.query_async::<String>(line).await;
            }
            match said {
                Ok(_) => {
                    fanout.status.counts.relayed.fetch_add(1, Ordering::Relaxed);
                }
                // Another one said it already.
                Err(error) if is_old(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        at = last;
    }
}

/// Whether Redis says that the entry is not above the last one.
fn is_old(error: &RedisError) -> bool {
    error.to_string().contains("equal or smaller")
}
