//! Bytes that come for someone who may be slow: as many as a window lets in, and no more than that waits.

use std::{
    io::{Read, Write},
    sync::{Condvar, Mutex, PoisonError, mpsc},
};

use swarm_guest::{
    message::FromGuest,
    protocol::{DATA, Frame, Kind, WINDOW},
};

use crate::outbox::Outbox;

/// Bytes that arrive on a channel, for a writer of its own.
#[derive(Debug)]
pub struct Inlet {
    bytes: Option<mpsc::Sender<Vec<u8>>>,
}

impl Inlet {
    /// Writes what comes to `to`, and tells the host when it may send more. Bytes that nobody reads any more are taken
    /// and dropped.
    pub fn open(
        channel: u32,
        outbox: std::sync::Arc<Outbox>,
        mut to: impl Write + Send + 'static,
        at_end: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, bytes) = mpsc::channel::<Vec<u8>>();
        std::thread::Builder::new().name("inlet".to_owned()).spawn(move || {
            let mut broken = false;
            for piece in bytes {
                broken = broken || to.write_all(&piece).and_then(|()| to.flush()).is_err();
                let bytes = u32::try_from(piece.len()).unwrap_or(u32::MAX);
                outbox.say(channel, &FromGuest::Window { bytes });
            }
            drop(to);
            at_end();
        })?;
        Ok(Self { bytes: Some(sender) })
    }

    /// Takes what came; nothing is the end.
    pub fn take(&mut self, bytes: Vec<u8>) {
        match &self.bytes {
            Some(sender) if !bytes.is_empty() => drop(sender.send(bytes)),
            _ => self.bytes = None,
        }
    }

    /// Whether the end of what comes has come.
    pub fn is_ended(&self) -> bool {
        self.bytes.is_none()
    }
}

/// How many bytes may still be sent on a channel.
#[derive(Debug)]
pub struct Credit {
    /// Nothing: the channel is over.
    left: Mutex<Option<u32>>,
    changed: Condvar,
}

impl Credit {
    pub fn new() -> Self {
        Self { left: Mutex::new(Some(WINDOW)), changed: Condvar::new() }
    }

    pub fn add(&self, bytes: u32) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.map(|left| left.saturating_add(bytes));
        self.changed.notify_all();
    }

    pub fn end(&self) {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.changed.notify_all();
    }

    fn is_ended(&self) -> bool {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Waits until some may be sent; at most `most`. Nothing when the channel is over.
    fn take(&self, most: usize) -> Option<usize> {
        let left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left =
            self.changed.wait_while(left, |left| *left == Some(0)).unwrap_or_else(PoisonError::into_inner);
        let some = left.as_mut()?;
        let taken = (*some).min(u32::try_from(most).unwrap_or(u32::MAX));
        *some -= taken;
        usize::try_from(taken).ok()
    }

    /// Sends what is read, within what may be sent, and then its end.
    pub fn relay(&self, channel: u32, outbox: &Outbox, mut from: impl Read) {
        let mut buffer = vec![0; DATA];
        while let Some(room) = self.take(buffer.len()) {
            let count = from.read(&mut buffer[..room]).unwrap_or(0);
            if count == 0 || self.is_ended() {
                break;
            }
            self.add(u32::try_from(room - count).unwrap_or(0));
            outbox.send(Frame::data(Kind::Relay, channel, &buffer[..count]));
        }
        outbox.send(Frame::data(Kind::Relay, channel, &[]));
    }
}
