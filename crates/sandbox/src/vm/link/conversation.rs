//! What the host begins and the guest answers, on a channel of its own.

use std::sync::Arc;

use swarm_guest::{
    message::{FromGuest, ToGuest},
    protocol::{Frame, Kind},
};
use tokio::sync::mpsc;

use super::{LinkError, switchboard::Switchboard};

/// One conversation. When it is dropped, what still comes for it is for nobody.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) channel: u32,
    inbox: mpsc::Receiver<Frame>,
    board: Arc<Switchboard>,
}

impl Conversation {
    pub(super) fn new(channel: u32, inbox: mpsc::Receiver<Frame>, board: Arc<Switchboard>) -> Self {
        Self { channel, inbox, board }
    }

    /// The next frame. Nothing is lost when it is waited for no more.
    pub(super) async fn hear(&mut self) -> Result<Frame, LinkError> {
        self.inbox.recv().await.ok_or_else(|| self.board.reason())
    }

    /// The next message.
    pub(super) async fn message(&mut self) -> Result<FromGuest, LinkError> {
        loop {
            let frame = self.hear().await?;
            if frame.kind == Kind::Control {
                return Ok(FromGuest::read(&frame)?);
            }
        }
    }

    /// The next message, where that is not that it cannot be done.
    pub(super) async fn answer(&mut self) -> Result<FromGuest, LinkError> {
        match self.message().await? {
            FromGuest::Failed(failed) => Err(failed.into()),
            answer => Ok(answer),
        }
    }

    pub(super) async fn say(&self, message: &ToGuest) -> Result<(), LinkError> {
        self.send(&message.frame(self.channel)?).await
    }

    /// Who hears much at the same time must not wait here, but for a [place](Switchboard::place) beside it: else both
    /// sides wait for each other.
    pub(super) async fn send(&self, frame: &Frame) -> Result<(), LinkError> {
        self.board.send(frame).await
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.board.leave(self.channel);
    }
}
