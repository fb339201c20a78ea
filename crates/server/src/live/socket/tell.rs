//! What a connection tells its client: answers, events, what was left out, and its last word.

use axum::extract::ws::Message;
use swarm_domain::Problem;

use super::{answer, connection::Connection};
use crate::live::{
    frame::{Close, CorrelationId, Frame, Said},
    happened::Happened,
    meter::{Sent, Transport},
    outbox::{Gap, Next, Waiting},
    version::Version,
};

impl Connection {
    /// Says that the connection stands, and on which terms.
    pub(super) fn welcome(&mut self) {
        let said = Said::Welcome {
            connection: format!("c{}", self.taken.seat.number),
            position: self.position,
            versions: Version::ALL.map(|version| version.as_str().to_owned()).to_vec(),
            deprecated: self.version != Version::CURRENT,
            limits: self.live.limits.shown(),
        };
        self.tell(None, said);
    }

    /// Puts a frame behind what waits; `by` is the correlation id of what it answers.
    pub(super) fn tell(&mut self, by: Option<CorrelationId>, said: Said) {
        let frame = self.frame(by, said);
        tracing::trace!(kind = ?frame.said().kind(), "told");
        if let Some(text) = frame.text(self.version) {
            self.outbox.tell(frame.said().kind(), Message::Text(text.into()));
        }
    }

    fn frame(&mut self, by: Option<CorrelationId>, said: Said) -> Frame {
        self.told += 1;
        let id = format!("c{}-{}", self.taken.seat.number, self.told);
        Frame::new(id, self.live.clock.now(), by.unwrap_or_else(|| self.correlation.clone()), said)
    }

    pub(super) fn last_word(&mut self, close: Close) -> Frame {
        let problem =
            self.why.take().unwrap_or_else(|| answer::ending(close, self.live.limits.max_frame_bytes));
        let Problem { code, detail, next } = problem;
        let (cursor, close) = (Some(self.outbox.taken()), Some(close.code()));
        let said = Said::Error { code, detail, next, retry_after_ms: None, cursor, close, re: None };
        self.frame(None, said)
    }

    /// Hands over what is next. False where the line broke.
    pub(super) fn send_next(&mut self) -> bool {
        match self.outbox.pop() {
            None => true,
            Some(Next::Gap(Gap { after, until, superseded, dropped })) => {
                let read = format!("/api/events?after={after}");
                let frame = self.frame(None, Said::Gap { after, until, superseded, dropped, read });
                let text = frame.text(self.version).unwrap_or_default();
                self.line.send(Sent::Gap, Message::Text(text.into()))
            }
            Some(Next::Waiting(Waiting::Told(kind, message))) => self.line.send(kind, message),
            Some(Next::Waiting(Waiting::Event { happened, fresh })) => self.send_event(&happened, fresh),
        }
    }

    fn send_event(&mut self, happened: &Happened, fresh: bool) -> bool {
        let Some(text) = happened.frame(self.version, self.live.limits.max_frame_bytes) else {
            return true;
        };
        let sent = self.line.send(Sent::Event, Message::Text(text));
        self.live.sent(Transport::WebSocket, happened, fresh);
        sent
    }
}
