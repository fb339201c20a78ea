//! A connection from its welcome to its end: one task, one position in the log, one outbox.

use std::{collections::BTreeSet, pin::Pin, sync::Arc, time::Duration};

use axum::extract::ws::WebSocket;
use swarm_domain::Problem;
use swarm_store::StoreError;
use tokio::{sync::watch, time::Instant};
use tracing::Instrument;

use super::{
    answer,
    line::{Line, Turn, ping},
};
use crate::live::{
    Live,
    feed::Head,
    frame::{Close, CorrelationId, Said},
    happened::Happened,
    meter::{Dropped, Ended, Sent},
    outbox::Outbox,
    path::Path,
    seats::Taken,
    version::Version,
};

/// How many events are taken from memory at once.
const MOST: usize = 64;
/// How many events a client may be behind that takes some, before what is new is left out.
const LAG: u64 = 512;
/// The wait before a page is read again that could not be.
const RETRY: Duration = Duration::from_millis(500);

/// A page, and behind which position it is.
type Page = (u64, Result<Vec<Arc<Happened>>, StoreError>);
type Reading = Pin<Box<dyn Future<Output = Page> + Send>>;

/// A connection that is about to begin.
pub(crate) struct Arrival {
    /// Its seat.
    pub(crate) taken: Taken,
    /// The version that was agreed on, where one was.
    pub(crate) version: Option<Version>,
    /// The request that it came by.
    pub(crate) correlation: CorrelationId,
    /// What the client has seen.
    pub(crate) position: u64,
    /// Whether it asked for what is behind that position, and not for what comes from now on.
    pub(crate) resumes: bool,
}

/// Serves a connection until it ends.
pub(crate) async fn serve(live: Arc<Live>, socket: WebSocket, arrival: Arrival) {
    let Arrival { taken, version, correlation, position, resumes } = arrival;
    let span = tracing::info_span!(
        "live",
        correlation = correlation.as_str(),
        connection = taken.seat.number,
        tenant = %taken.seat.who.tenant,
    );
    let now = Instant::now();
    let connection = Connection {
        line: Line::new(socket, Arc::clone(&live.meter), live.limits.max_frame_bytes),
        outbox: Outbox::new(live.limits.send_queue, position),
        head: live.feed.watch(),
        roles: live.access.watch(),
        version: version.unwrap_or(Version::CURRENT),
        agreed: version.is_some(),
        replaying: resumes,
        paths: BTreeSet::new(),
        heard: now,
        beat: now + live.limits.heartbeat,
        progress: now,
        reading: None,
        faults: 0,
        told: 0,
        why: None,
        taken,
        correlation,
        position,
        live,
    };
    connection.run().instrument(span).await;
}

/// A connection.
pub(super) struct Connection {
    pub(super) live: Arc<Live>,
    pub(super) line: Line,
    pub(super) taken: Taken,
    /// What it follows.
    pub(super) paths: BTreeSet<Path>,
    pub(super) correlation: CorrelationId,
    pub(super) version: Version,
    /// Whether the version cannot be changed any more.
    pub(super) agreed: bool,
    pub(super) outbox: Outbox,
    /// All up to here was put into the outbox, left out with a word of it, or is not wanted.
    pub(super) position: u64,
    /// Whether what is sent is from before: then the client's pace is the pace.
    replaying: bool,
    reading: Option<Reading>,
    head: watch::Receiver<Head>,
    roles: watch::Receiver<u64>,
    /// When the client last said something.
    pub(super) heard: Instant,
    beat: Instant,
    /// When the client last took something, or nothing waited for it.
    progress: Instant,
    /// Messages in a row that were refused.
    pub(super) faults: u32,
    /// Frames that were told, for their ids.
    pub(super) told: u64,
    /// What it is closed for, where that is more than the code says.
    pub(super) why: Option<Problem>,
}

/// What a connection waits for.
enum Step {
    Line(Turn),
    Page(Page),
    /// The log grew, or went away.
    Log,
    Roles,
    Time,
    Stop,
}

/// How a connection ends.
enum End {
    /// By the server.
    Close(Close),
    /// By the client, or the network.
    Gone(Ended),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl Connection {
    async fn run(mut self) {
        self.welcome();
        tracing::debug!(version = self.version.as_str(), "a live connection begins");
        let Err(end) = self.talk().await;
        self.line.left_out(Dropped::Unsent, self.outbox.len());
        match end {
            End::Gone(ended) => {
                tracing::debug!(?ended, "a live connection ended");
                self.line.gone(ended).await;
            }
            End::Close(close) => {
                tracing::debug!(?close, cursor = self.outbox.taken(), "a live connection is closed");
                let last = self.last_word(close).text(self.version);
                self.line.close(close, last.map(Into::into)).await;
            }
        }
    }

    async fn talk(&mut self) -> Result<std::convert::Infallible, End> {
        let stop = self.live.stop.clone();
        loop {
            // Before what is new is looked at: it may not be theirs any more.
            if self.roles.has_changed().unwrap_or_default() {
                self.roles.mark_unchanged();
                self.recheck()?;
            }
            self.fill();
            self.taken.seat.waits(self.outbox.len());
            if self.outbox.is_empty() {
                self.progress = Instant::now();
            }
            let full = self.outbox.is_full() && !self.replaying;
            let overfull = full && self.is_slow();
            let to_send = !self.outbox.is_empty();
            let wakes = self.wakes(to_send, full && !overfull);
            let step = tokio::select! {
                () = stop.cancelled() => Step::Stop,
                turn = self.line.turn(to_send, overfull) => Step::Line(turn),
                page = page(&mut self.reading) => Step::Page(page),
                Ok(()) = self.head.changed(), if full || !self.outbox.is_full() => Step::Log,
                Ok(()) = self.roles.changed() => {
                    self.roles.mark_changed();
                    Step::Roles
                }
                () = tokio::time::sleep_until(wakes) => Step::Time,
            };
            match step {
                Step::Stop => return Err(Close::Restart.into()),
                Step::Line(turn) => self.turn(turn)?,
                Step::Page(page) => self.take_page(page),
                Step::Log | Step::Roles => {}
                Step::Time => self.wake()?,
            }
        }
    }

    /// Whether what is new may be left out: the client takes nothing, or far too little.
    fn is_slow(&self) -> bool {
        let behind = self.head.borrow().position.saturating_sub(self.position);
        behind > LAG || (behind > 0 && self.progress.elapsed() >= self.live.limits.patience)
    }

    fn wakes(&self, to_send: bool, full: bool) -> Instant {
        let limits = &self.live.limits;
        let stalled = to_send.then(|| self.progress + limits.stall);
        let slow = full.then(|| self.progress + limits.patience).filter(|at| *at > Instant::now());
        [stalled, slow].into_iter().flatten().fold(self.beat, Instant::min)
    }

    fn turn(&mut self, turn: Turn) -> Result<(), End> {
        match turn {
            Turn::Room => {
                self.progress = Instant::now();
                if self.send_next() { Ok(()) } else { Err(End::Gone(Ended::Broken)) }
            }
            Turn::Blocked => Ok(self.overflow()?),
            Turn::Text(text) => Ok(self.came(Some(&text))?),
            Turn::Life => Ok(self.came(None)?),
            Turn::Binary => Err(Close::Binary.into()),
            Turn::TooLarge => Err(Close::TooLarge.into()),
            Turn::Gone(ended) => Err(End::Gone(ended)),
        }
    }

    /// Takes what is new into the outbox, as long as there is room.
    fn fill(&mut self) {
        let head = self.head.borrow_and_update().position;
        if self.paths.is_empty() {
            // Who resumes has yet to say what.
            if !self.replaying {
                self.position = self.position.max(head);
                self.outbox.passed(self.position);
            }
            return;
        }
        while !self.outbox.is_full() && self.reading.is_none() {
            match self.live.feed.held(self.position, MOST) {
                None => self.read(Duration::ZERO),
                Some(events) if events.is_empty() => {
                    self.replaying = false;
                    self.outbox.passed(self.position);
                    return;
                }
                Some(events) => {
                    for happened in events {
                        if self.outbox.is_full() {
                            return;
                        }
                        self.take(happened);
                    }
                }
            }
        }
    }

    /// Takes an event into the outbox if it is wanted. False where the client is too slow.
    fn take(&mut self, happened: Arc<Happened>) -> bool {
        self.position = happened.position();
        let wanted = happened.is_wanted(|path| self.paths.contains(path))
            && self.live.access.may_see(&self.taken.seat.who, happened.event());
        !wanted || self.outbox.push(happened, !self.replaying)
    }

    /// Takes what is new although there is no room, and leaves out what that costs.
    fn overflow(&mut self) -> Result<(), Close> {
        let events = self.live.feed.held(self.position, MOST).ok_or(Close::Slow)?;
        let before = self.outbox.left_out();
        let kept = events.into_iter().all(|happened| self.take(happened));
        let [superseded, overflow] = self.outbox.left_out();
        self.line.left_out(Dropped::Superseded, superseded - before[0]);
        self.line.left_out(Dropped::Overflow, overflow - before[1]);
        if kept { Ok(()) } else { Err(Close::Slow) }
    }

    fn read(&mut self, wait: Duration) {
        let (feed, behind) = (Arc::clone(&self.live.feed), self.position);
        self.reading = Some(Box::pin(async move {
            tokio::time::sleep(wait).await;
            (behind, feed.read(behind).await)
        }));
    }

    fn take_page(&mut self, (behind, page): Page) {
        self.reading = None;
        match page {
            // The client went to another place meanwhile.
            _ if behind != self.position => {}
            Ok(events) => {
                if events.is_empty() {
                    self.position = self.position.max(self.head.borrow().position);
                }
                for happened in events {
                    if self.outbox.is_full() {
                        return;
                    }
                    self.take(happened);
                }
            }
            // Heartbeats say that the source is away.
            Err(error) => {
                tracing::debug!(%error, "a page of the log is read again");
                self.read(RETRY);
            }
        }
    }

    /// Goes to another place in the log.
    pub(super) fn go_to(&mut self, position: u64) {
        self.outbox.rewind(position);
        self.position = position;
        self.replaying = true;
        self.reading = None;
    }

    fn recheck(&mut self) -> Result<(), Close> {
        let who = &self.taken.seat.who;
        if !self.live.access.may_stay(who) {
            return Err(Close::Revoked);
        }
        let lost: Vec<Path> =
            self.paths.iter().filter(|path| !self.live.access.may_subscribe(who, path)).cloned().collect();
        for path in lost {
            self.leave(&path);
            let why = Some(answer::forbidden(&path));
            self.tell(None, Said::Unsubscribed { paths: vec![path.to_string()], why, re: None });
        }
        Ok(())
    }

    /// Follows a path no more.
    pub(super) fn leave(&mut self, path: &Path) {
        self.taken.leave(path);
        self.paths.remove(path);
    }

    fn wake(&mut self) -> Result<(), Close> {
        let now = Instant::now();
        if now.duration_since(self.progress) >= self.live.limits.stall && !self.outbox.is_empty() {
            return Err(Close::Slow);
        }
        if now < self.beat {
            return Ok(());
        }
        if now.duration_since(self.heard) > self.live.limits.heartbeat * 5 / 2 {
            return Err(Close::Silent);
        }
        self.beat = now + self.live.limits.heartbeat;
        let head = self.head.borrow().clone();
        let watchers = self.paths.iter().take(16).map(|path| self.live.seats.watching(path)).collect();
        let (position, source) = (self.position, head.state());
        self.tell(None, Said::Heartbeat { position, head: head.position, source, watchers });
        self.outbox.tell(Sent::ControlPing, ping());
        Ok(())
    }
}

/// The page that is being read; never where none is.
async fn page(reading: &mut Option<Reading>) -> Page {
    match reading {
        Some(page) => page.await,
        None => std::future::pending().await,
    }
}
