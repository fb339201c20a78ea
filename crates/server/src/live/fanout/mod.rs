//! The fan-out over Redis: what one node read from the log reaches the others without each of them reading it too.
//!
//! ```text
//! log ──rows──▶ the node that relays ──XADD──▶ stream ──XREAD──▶ every other node's feed
//!   └──NOTIFY, positions──────────────────────────────────────▶ what Redis does not bring in time is read as rows
//! ```
//!
//! The log stays the truth. An entry of the stream has the event's position as its id, so that two relays cannot say the
//! same twice; it is taken where it follows what is held, by position and by hash, and has the mark that only who may read
//! the database can make. All else is read from the log: a hole, what was trimmed or wiped, what is too large, and
//! everything while Redis is away. Losing Redis therefore costs time and reads, never an event.
//!
//! - [`channel`] is an entry's form, [`line`](self::line) the way to Redis with its waits, [`status`] what is told of it;
//! - [`relay`] puts events into the stream, [`incoming`] takes them out, [`follow`] joins that with the log.

mod channel;
mod exposition;
mod follow;
mod incoming;
mod line;
mod relay;
mod status;

use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use swarm_domain::Problem;
use swarm_store::StoreError;
use tokio::sync::{OnceCell, mpsc};

pub(crate) use exposition::FanoutMetrics;
pub(crate) use status::{LinkState, Status};

use super::Feed;
use channel::Channel;

/// How many entries wait to be taken into the feed.
const INCOMING: usize = 256;
/// How long Redis is given to bring what the log says is there, before it is read as rows.
const GRACE: Duration = Duration::from_millis(100);
/// For how long Redis is not waited for again after it was late.
const LATE: Duration = Duration::from_secs(1);
/// A wake-up can be lost: look anyway, this often.
const LOOK_ANYWAY: Duration = Duration::from_secs(10);
/// The largest event that is put into the stream, in bytes of its text. The others are read as rows.
const MAX_CARRIED: usize = 256 << 10;

/// The fan-out of one node.
pub(crate) struct Fanout {
    client: redis::Client,
    /// How many entries the stream holds, about.
    held: usize,
    /// This node's name among those that would relay.
    node: String,
    channel: OnceCell<Channel>,
    /// Whether this node relays.
    relays: AtomicBool,
    status: Status,
}

impl Fanout {
    /// By way of the Redis at an address such as `redis://host:6379/0`, `rediss://…` or `unix:///path`. An address that is
    /// none is refused; whether anybody answers there shows later.
    pub(crate) fn to(url: &str, held: usize, node: String) -> Result<Self, Problem> {
        let client = redis::Client::open(url).map_err(|error| {
            // The address may hold a password: what is wrong with it is said, not what it is.
            let detail = format!("the address of Redis cannot be read: {}", error.category());
            Problem::new("live.redis", detail, "write it as redis://HOST:PORT/0, rediss://… or unix:///PATH")
        })?;
        let status = Status::default();
        Ok(Self {
            client,
            held: held.max(1),
            node,
            channel: OnceCell::new(),
            relays: AtomicBool::new(false),
            status,
        })
    }

    /// How it stands.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// Whether this node puts events into the stream.
    pub(crate) fn relays(&self) -> bool {
        self.relays.load(Ordering::Relaxed)
    }

    /// Follows the log for a feed, with what Redis brings; ends never.
    pub(crate) async fn run(&self, feed: &Feed) {
        let (to, mut incoming) = mpsc::channel(INCOMING);
        tokio::join!(
            feed.follow_with(self, &mut incoming),
            incoming::read(self, feed, &to),
            relay::relay(self, feed)
        );
    }

    /// Where and how entries are written, known once the database was asked for its secret.
    async fn channel(&self, feed: &Feed) -> Result<&Channel, StoreError> {
        self.channel
            .get_or_try_init(|| async {
                let key = feed.store.fanout_key().await?;
                Ok(Channel::new(key, feed.tenant.clone()))
            })
            .await
    }
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fanout").field("node", &self.node).finish_non_exhaustive()
    }
}
