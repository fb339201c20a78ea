//! A WebSocket whose every frame, message and end is counted. Nothing else in swarm holds the socket itself.

use std::{
    error::Error as _,
    future::poll_fn,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
};
use futures::{Sink, Stream};
use std::pin::Pin;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite;

use crate::live::{
    frame::Close,
    meter::{Dropped, Ended, Heard, Meter, Open, Sent, Transport},
};

/// How long the other side may take to read a farewell, and to say its own.
const FAREWELL: Duration = Duration::from_secs(5);

/// How long a line stays that cannot be read any more.
const LINGER: Duration = Duration::from_secs(1);

/// What happened on the line.
#[derive(Debug)]
pub(crate) enum Turn {
    /// A text came in; it is to be [counted](Line::heard) once it was read.
    Text(Utf8Bytes),
    /// A sign of life of the protocol's own.
    Life,
    /// What is no text.
    Binary,
    /// More than a message may have.
    TooLarge,
    /// There is room to send.
    Room,
    /// There is no room: the other side does not take what was sent.
    Blocked,
    /// The other side ended, or the line broke.
    Gone(Ended),
}

/// A counted WebSocket.
pub(crate) struct Line {
    socket: WebSocket,
    meter: Arc<Meter>,
    max: usize,
    unflushed: bool,
    ended: bool,
    _open: Open,
}

impl Line {
    pub(crate) fn new(socket: WebSocket, meter: Arc<Meter>, max: usize) -> Self {
        let open = meter.open(Transport::WebSocket);
        Self { socket, meter, max, unflushed: false, ended: false, _open: open }
    }

    /// Waits for what happens next. With `to_send`, also for room; with `tell`, says at once that there is none. May be
    /// dropped and called again.
    pub(crate) async fn turn(&mut self, to_send: bool, tell: bool) -> Turn {
        poll_fn(|cx| self.poll_turn(cx, to_send, tell)).await
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>, to_send: bool, tell: bool) -> Poll<Turn> {
        if let Poll::Ready(turn) = self.poll_receive(cx) {
            return Poll::Ready(turn);
        }
        if to_send {
            return match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Ready(Ok(())) => Poll::Ready(Turn::Room),
                Poll::Ready(Err(_)) => Poll::Ready(Turn::Gone(Ended::Broken)),
                Poll::Pending if tell => Poll::Ready(Turn::Blocked),
                Poll::Pending => Poll::Pending,
            };
        }
        if self.unflushed {
            let flushed = ready!(Pin::new(&mut self.socket).poll_flush(cx));
            self.unflushed = false;
            if flushed.is_err() {
                return Poll::Ready(Turn::Gone(Ended::Broken));
            }
        }
        Poll::Pending
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let turn = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
            Some(Err(error)) if is_too_large(&error) => {
                self.heard(Heard::TooLarge, 0);
                Turn::TooLarge
            }
            None | Some(Err(_)) => Turn::Gone(Ended::Broken),
            Some(Ok(message)) => self.received(message),
        };
        Poll::Ready(turn)
    }

    fn received(&mut self, message: Message) -> Turn {
        match message {
            Message::Text(text) if text.len() > self.max => {
                self.heard(Heard::TooLarge, text.len());
                Turn::TooLarge
            }
            Message::Binary(bytes) if bytes.len() > self.max => {
                self.heard(Heard::TooLarge, bytes.len());
                Turn::TooLarge
            }
            Message::Text(text) => Turn::Text(text),
            Message::Binary(bytes) => {
                self.heard(Heard::Binary, bytes.len());
                Turn::Binary
            }
            Message::Ping(bytes) => {
                // The answer is written with the next flush.
                self.unflushed = true;
                self.heard(Heard::ControlPing, bytes.len());
                Turn::Life
            }
            Message::Pong(bytes) => {
                self.heard(Heard::ControlPong, bytes.len());
                Turn::Life
            }
            Message::Close(_) => {
                self.heard(Heard::Close, 0);
                Turn::Gone(Ended::Client)
            }
        }
    }

    /// Counts a message.
    pub(crate) fn heard(&self, kind: Heard, bytes: usize) {
        self.meter.heard.one(kind);
        self.meter.bytes_heard.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
    }

    /// Hands a frame over, after [`Turn::Room`]. False where the line broke.
    pub(crate) fn send(&mut self, kind: Sent, message: Message) -> bool {
        let bytes = size(&message);
        let taken = Pin::new(&mut self.socket).start_send(message).is_ok();
        self.unflushed = true;
        if taken {
            self.meter.sent.one(kind);
            self.meter.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
        } else {
            self.meter.dropped.one(Dropped::Unsent);
        }
        taken
    }

    /// Counts what is left out.
    pub(crate) fn left_out(&self, kind: Dropped, count: usize) {
        self.meter.dropped.some(kind, u64::try_from(count).unwrap_or(0));
    }

    /// Ends it: with a last frame and a close code, where the other side still reads.
    pub(crate) async fn close(mut self, close: Close, last: Option<Utf8Bytes>) {
        self.end(close.kind());
        let farewell = async {
            if let Some(text) = last {
                self.say(Sent::Error, Message::Text(text)).await?;
            }
            let frame = CloseFrame { code: close.code(), reason: Utf8Bytes::from_static(close.reason()) };
            self.say(Sent::Close, Message::Close(Some(frame))).await?;
            // The other side's farewell: what is thrown away unread would tear ours down with it.
            while self.socket.recv().await.is_some_and(|heard| heard.is_ok()) {}
            if close == Close::TooLarge {
                // What was too large to be read stays unread: a moment for the other side to read ours.
                sleep(LINGER).await;
            }
            Some(())
        };
        let _ = timeout(FAREWELL, farewell).await;
    }

    /// Ends it where the other side did.
    pub(crate) async fn gone(mut self, ended: Ended) {
        self.end(ended);
        if ended == Ended::Client {
            // The answer to its farewell.
            let _ = timeout(FAREWELL, poll_fn(|cx| Pin::new(&mut self.socket).poll_close(cx))).await;
        }
    }

    async fn say(&mut self, kind: Sent, message: Message) -> Option<()> {
        poll_fn(|cx| Pin::new(&mut self.socket).poll_ready(cx)).await.ok()?;
        self.send(kind, message).then_some(())?;
        poll_fn(|cx| Pin::new(&mut self.socket).poll_flush(cx)).await.ok()
    }

    fn end(&mut self, ended: Ended) {
        if !std::mem::replace(&mut self.ended, true) {
            self.meter.ended.one(ended);
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.end(Ended::Broken);
    }
}

/// A ping of the protocol's own.
pub(crate) fn ping() -> Message {
    Message::Ping(Bytes::new())
}

fn size(message: &Message) -> u64 {
    let bytes = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    };
    u64::try_from(bytes).unwrap_or(0)
}

fn is_too_large(error: &axum::Error) -> bool {
    let inner = error.source().and_then(|source| source.downcast_ref::<tungstenite::Error>());
    matches!(inner, Some(tungstenite::Error::Capacity(_)))
}
