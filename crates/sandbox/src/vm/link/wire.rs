//! The stream itself: frames out of bytes, and bytes out of frames.

use std::sync::Arc;

use bytes::{Buf, BytesMut};
use swarm_guest::protocol::{DATA, Frame, HEADER, LONGEST_BODY};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::{OwnedReadHalf, OwnedWriteHalf},
    sync::mpsc,
    task::JoinSet,
};

use super::{LinkError, switchboard::Switchboard};

/// Room for one frame among those that wait to be written.
#[derive(Debug)]
pub(super) struct Place<'a>(pub(super) mpsc::Permit<'a, Vec<u8>>);

impl Place<'_> {
    pub(super) fn take(self, frame: &Frame) -> Result<(), LinkError> {
        self.0.send(frame.encode()?);
        Ok(())
    }
}

/// Reads until the stream ends or the guest is given up. The connections that are led out go with it.
pub(super) async fn read(reader: OwnedReadHalf, board: Arc<Switchboard>) {
    let mut frames = Frames { reader, buffer: BytesMut::new() };
    let mut circuits = JoinSet::new();
    let error = loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            Some(_) = circuits.join_next() => continue,
        };
        let handed_on = match frame {
            Ok(frame) => board.hand_on(frame, &mut circuits).await,
            Err(error) => Err(error),
        };
        if let Err(error) = handed_on {
            break error;
        }
    };
    board.give_up(error);
}

/// Writes what waits, each frame whole, until the guest is given up. Why a stream is broken is told by who reads it.
pub(super) async fn write(
    mut waiting: mpsc::Receiver<Vec<u8>>,
    mut writer: OwnedWriteHalf,
    board: Arc<Switchboard>,
) {
    let writing = async {
        while let Some(bytes) = waiting.recv().await {
            if writer.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = writing => {}
        () = board.is_given_up() => {}
    }
}

struct Frames {
    reader: OwnedReadHalf,
    /// What came and is not a whole frame yet.
    buffer: BytesMut,
}

impl Frames {
    /// The next frame. Nothing is lost when it is waited for no more.
    async fn next(&mut self) -> Result<Frame, LinkError> {
        loop {
            if let Some((frame, used)) = Frame::decode(&self.buffer)? {
                self.buffer.advance(used);
                return Ok(frame);
            }
            if self.buffer.len() > HEADER + LONGEST_BODY {
                return Err(LinkError::Nonsense("a frame without an end".to_owned()));
            }
            self.buffer.reserve(DATA);
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(LinkError::Lost("the stream to the guest ended".to_owned()));
            }
        }
    }
}
