//! What the server says.

use serde::Serialize;
use swarm_domain::{Event, Problem};
use utoipa::ToSchema;

use crate::live::{meter::Sent, name::Alias};

/// What a frame from the server says, by its `type`. `re` is the id of the client's frame that is answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Said {
    /// The connection stands.
    Welcome {
        /// Its name, as logs and limits have it.
        connection: String,
        /// What the client has seen so far: what comes is behind it.
        position: u64,
        /// The versions that are served, the newest first.
        versions: Vec<String>,
        /// Whether the version in use will be gone with the next one.
        deprecated: bool,
        /// What the client may do.
        limits: Limits,
    },
    /// Paths were subscribed to.
    Subscribed {
        /// In their one form.
        paths: Vec<String>,
        /// Events behind this position are sent.
        position: u64,
        /// What is answered.
        re: Option<String>,
    },
    /// Paths are not subscribed to any more.
    Unsubscribed {
        /// Which.
        paths: Vec<String>,
        /// Where the client did not ask for it: why.
        why: Option<Problem>,
        /// What is answered.
        re: Option<String>,
    },
    /// Events are sent again from behind a position.
    Resumed {
        /// The position.
        after: u64,
        /// What is answered.
        re: Option<String>,
    },
    /// Something happened.
    Event {
        /// Its place in the log: the cursor to resume from.
        position: u64,
        /// The kind of event, as the log has it.
        name: String,
        /// The name that older clients know it by.
        alias: Option<Alias>,
        /// The paths that it is told on.
        paths: Vec<String>,
        /// The event; absent where it is larger than a frame may be.
        data: Option<Box<Event>>,
        /// Where it can be read that is larger than a frame may be.
        read: Option<String>,
    },
    /// Not all between two positions was sent: the client did not keep up.
    Gap {
        /// All up to here was sent.
        after: u64,
        /// Behind this all is sent again.
        until: u64,
        /// States that a later one, which is sent, replaces.
        superseded: u64,
        /// Events that are not sent.
        dropped: u64,
        /// Where they can be read.
        read: String,
    },
    /// The connection lives.
    Heartbeat {
        /// All up to here that the client subscribed to was sent.
        position: u64,
        /// The newest event that the server knows.
        head: u64,
        /// Whether the server hears of new events.
        source: SourceState,
        /// Who else watches what the client subscribed to, through whichever server.
        watchers: Vec<Watchers>,
    },
    /// The answer to a ping.
    Pong {
        /// All up to here that the client subscribed to was sent.
        position: u64,
        /// What is answered.
        re: Option<String>,
    },
    /// Something was not done.
    Error {
        /// Stable and machine-readable; each has a section in the troubleshooting page.
        code: String,
        /// What happened.
        detail: String,
        /// What to do next.
        next: String,
        /// When to try again, in milliseconds.
        retry_after_ms: Option<u64>,
        /// Where to resume from, where the connection ends.
        cursor: Option<u64>,
        /// The code that the connection is closed with, where it ends.
        close: Option<u16>,
        /// What is answered.
        re: Option<String>,
    },
}

/// Whether the server hears of new events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SourceState {
    /// It reads what there is.
    Starting,
    /// It does.
    Live,
    /// The database is away: what is shown may be old.
    Away,
}

/// Who watches a path.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Watchers {
    /// The path.
    pub path: String,
    /// How many connections.
    pub connections: u32,
    /// Whose, at most twenty of them.
    pub people: Vec<String>,
}

/// What a connection may do.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Messages a second in the long run.
    pub messages_per_second: u32,
    /// Messages at once.
    pub burst: u32,
    /// The largest frame, in bytes, either way.
    pub max_frame_bytes: u64,
    /// Subscriptions of one connection.
    pub max_subscriptions: u64,
    /// Frames that wait for a client before some are left out.
    pub send_queue: u64,
    /// How often the server shows that it lives, in milliseconds. A client that says nothing for two and a half of them
    /// is taken to be gone.
    pub heartbeat_ms: u64,
}

impl Said {
    /// How it is counted.
    pub(crate) fn kind(&self) -> Sent {
        match self {
            Self::Welcome { .. } => Sent::Welcome,
            Self::Subscribed { .. } => Sent::Subscribed,
            Self::Unsubscribed { .. } => Sent::Unsubscribed,
            Self::Resumed { .. } => Sent::Resumed,
            Self::Event { .. } => Sent::Event,
            Self::Gap { .. } => Sent::Gap,
            Self::Heartbeat { .. } => Sent::Heartbeat,
            Self::Pong { .. } => Sent::Pong,
            Self::Error { .. } => Sent::Error,
        }
    }

    /// A problem, with what a client needs to go on.
    pub(crate) fn error(problem: Problem, re: Option<String>) -> Self {
        let Problem { code, detail, next } = problem;
        Self::Error { code, detail, next, retry_after_ms: None, cursor: None, close: None, re }
    }
}
