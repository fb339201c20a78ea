//! One connection of a program inside, led to the proxy.
//!
//! Each direction is held to the protocol's window and ends by itself. When the proxy is done with it, the guest is told
//! that nothing more is taken; what was sent up to the end it still hands on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use swarm_guest::{
    message::ToGuest,
    protocol::{DATA, Frame, Kind},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf},
    time::timeout,
};

use super::{LinkError, intake::Intake, switchboard::Switchboard};
use crate::egress::Proxy;

/// How long a program may take to read what the proxy had for it when that was done.
const REST_WITHIN: Duration = Duration::from_mins(2);

/// A connection.
#[derive(Debug)]
pub(super) struct Circuit {
    channel: u32,
    intake: Arc<Intake>,
    board: Arc<Switchboard>,
    /// Whether the guest was told the end of what comes from the proxy.
    has_said_end: AtomicBool,
}

impl Circuit {
    pub(super) fn new(channel: u32, intake: Arc<Intake>, board: Arc<Switchboard>) -> Self {
        Self { channel, intake, board, has_said_end: AtomicBool::new(false) }
    }

    /// Serves it to its end.
    pub(super) async fn run(self, way_out: Option<Proxy>) {
        let why = match way_out {
            None => Some("this sandbox has no way out"),
            Some(proxy) => self.lead(proxy).await,
        };
        if let Some(why) = why {
            // A stream that is broken is known to others.
            let _ = self.answer(Some(why)).await;
        }
        self.board.hang_up(self.channel);
    }

    async fn answer(&self, refused: Option<&str>) -> Result<(), LinkError> {
        let answer = ToGuest::Dialled { refused: refused.map(str::to_owned) };
        self.board.send(&answer.frame(self.channel)?).await
    }

    /// Leads it to the proxy; says what the guest is to be told at the end, if anything.
    async fn lead(&self, proxy: Proxy) -> Option<&'static str> {
        self.answer(None).await.ok()?;
        let (near, far) = tokio::io::duplex(DATA);
        let (from, to) = tokio::io::split(far);
        let mut serving = Box::pin(async move { proxy.serve(near).await });
        let mut inward = Box::pin(self.inward(to));
        let mut outward = Box::pin(self.outward(from));
        let (mut is_served, mut is_heard, mut is_said) = (false, false, false);
        while !(is_served && is_said) {
            tokio::select! {
                () = &mut serving, if !is_served => is_served = true,
                () = &mut inward, if !is_heard => is_heard = true,
                () = &mut outward, if !is_said => is_said = true,
                () = self.intake.is_hung_up() => break,
            }
            if is_served && !is_said {
                // Who does not read it does not get it, and who says that nobody reads it is not waited for.
                tokio::select! {
                    _ = timeout(REST_WITHIN, &mut outward) => {}
                    () = self.intake.is_hung_up() => {}
                }
                break;
            }
        }
        let is_over = self.has_said_end.load(Ordering::Relaxed) && self.intake.is_ended();
        (!is_over).then_some("the connection is over")
    }

    /// From the program to the proxy.
    async fn inward(&self, mut to: WriteHalf<DuplexStream>) {
        while let Some(bytes) = self.intake.next().await {
            if to.write_all(&bytes).await.is_err() {
                return;
            }
            self.intake.passed_on(bytes.len());
            let bytes = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let Ok(more) = (ToGuest::Window { bytes }).frame(self.channel) else { return };
            if self.board.send(&more).await.is_err() {
                return;
            }
        }
        // The proxy may have gone already.
        let _ = to.shutdown().await;
    }

    /// From the proxy to the program.
    async fn outward(&self, mut from: ReadHalf<DuplexStream>) {
        let mut buffer = vec![0; DATA];
        loop {
            let room = self.intake.room().await.min(DATA);
            let count = from.read(&mut buffer[..room]).await.unwrap_or(0);
            self.intake.spend(count);
            let frame = Frame::data(Kind::Relay, self.channel, &buffer[..count]);
            if self.board.send(&frame).await.is_err() {
                return;
            }
            if count == 0 {
                return self.has_said_end.store(true, Ordering::Relaxed);
            }
        }
    }
}
