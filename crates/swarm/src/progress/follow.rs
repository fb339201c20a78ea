//! Following a run: events come in, the board changes, the person sees it.

use std::{io::IsTerminal, time::Duration};

use futures::{Stream, StreamExt};
use swarm_client::{Client, ClientError, Patience, types};
use swarm_domain::{Clock, Event, EventBody, RunId, run::RunState};
use swarm_store::SystemClock;
use tokio_util::sync::CancellationToken;

use super::{
    board::Board,
    live::Live,
    news::{Weight, news},
    text::short_duration,
};
use crate::{
    exit::{Failure, Result},
    output::{Output, line, standstill},
    wire,
};

/// How often the elapsed times of a live display are brought up to date.
const FRAME: Duration = Duration::from_millis(250);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    /// Lines that change in place.
    Live,
    /// A line for each thing that matters.
    Plain,
    /// Events as JSON lines.
    Json,
}

impl Display {
    /// What suits this process's outputs.
    pub(crate) fn of(output: Output) -> Self {
        if output.json {
            Self::Json
        } else if std::io::stderr().is_terminal() {
            Self::Live
        } else {
            Self::Plain
        }
    }
}

/// Follows one run.
pub(crate) struct Follower {
    board: Board,
    display: Display,
    live: Option<Live>,
    clock: SystemClock,
}

impl Follower {
    /// A follower that begins with this board.
    pub(crate) fn new(board: Board, display: Display) -> Self {
        let live = (display == Display::Live).then(Live::start);
        Self { board, display, live, clock: SystemClock }
    }

    /// Follows `run` from its first event until it has settled at a position after `after`.
    pub(crate) async fn follow(
        mut self,
        client: &Client,
        run: &RunId,
        after: u64,
        interrupt: &CancellationToken,
    ) -> Result<(Board, RunState)> {
        let events = client.follow_patiently(0, Some(run.as_str()), Patience::default(), standstill);
        let state = self.watch(std::pin::pin!(events), after, interrupt).await;
        if let Some(live) = &self.live {
            live.stop();
        }
        Ok((self.board, state?))
    }

    async fn watch(
        &mut self,
        mut events: std::pin::Pin<&mut (impl Stream<Item = Result<types::Event, ClientError>> + Send)>,
        after: u64,
        interrupt: &CancellationToken,
    ) -> Result<RunState> {
        let mut frame = tokio::time::interval(FRAME);
        frame.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                biased;
                () = interrupt.cancelled() => return Err(Failure::interrupted()),
                event = events.next() => {
                    let event = event.ok_or_else(Failure::interrupted)??;
                    if let Some(state) = self.take(&event, after)? {
                        return Ok(state);
                    }
                }
                _ = frame.tick() => self.draw(),
            }
        }
    }

    /// Shows one event; the state where the run has settled with it.
    fn take(&mut self, sent: &types::Event, after: u64) -> Result<Option<RunState>> {
        let Some(event) = wire::event(sent) else {
            return Ok(None);
        };
        self.board.apply(&event);
        if event.seq > after {
            self.show(&event, sent)?;
        }
        // A run that is taken up again settled before; only its own news counts.
        let is_of_run = matches!(event.body, EventBody::RunStateChanged { .. });
        match &self.board.settled {
            Some((state, _)) if event.seq > after && is_of_run => Ok(Some(state.clone())),
            _ => Ok(None),
        }
    }

    fn show(&self, event: &Event, sent: &types::Event) -> Result<()> {
        match self.display {
            Display::Live => self.draw(),
            Display::Json => line(&wire::json(sent)?)?,
            Display::Plain => {
                let (weight, words) = news(event);
                if weight == Weight::Main {
                    let since =
                        self.board.began.map(|began| short_duration(event.at - began)).unwrap_or_default();
                    let title =
                        event.subject.ticket.as_ref().map(|id| format!("  ({})", self.board.title_of(id)));
                    line(&format!("[{since:>7}] {words}{}", title.unwrap_or_default()))?;
                }
            }
        }
        Ok(())
    }

    fn draw(&self) {
        if let Some(live) = &self.live {
            live.draw(&self.board, self.clock.now());
        }
    }
}
