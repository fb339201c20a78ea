//! Reads an answer as it streams in, within its bounds, and hands each event to the protocol's assembly.

use std::collections::VecDeque;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::endpoint::CallLimits;
use super::failure::Caller;
use crate::chat::{ChatEvent, ChatReply};
use crate::error::ModelError;
use crate::sse::{SseBounds, SseDecoder, SseEvent};

/// Puts a reply together from the events of one protocol.
pub(super) trait Assembly: Send + 'static {
    /// Takes the next event in.
    fn take(&mut self, event: &SseEvent) -> Result<Step, ModelError>;

    /// Whether the reply is whole, though the protocol's last event may be missing.
    fn is_whole(&self) -> bool;

    /// The reply.
    fn reply(&mut self) -> Result<ChatReply, ModelError>;
}

/// What an event brought.
pub(super) enum Step {
    /// Nothing to show.
    Quiet,
    /// More text.
    Text(String),
    /// The end.
    End,
}

pub(super) struct Reader<A> {
    response: Response,
    /// The server answered in one piece though it was asked to stream.
    whole_body: Option<Vec<u8>>,
    decoder: SseDecoder,
    pending: VecDeque<SseEvent>,
    assembly: A,
    caller: Caller,
    limits: CallLimits,
    begun: Instant,
    bytes: u64,
    cancel: CancellationToken,
    over: bool,
}

/// The stream of a response.
pub(super) fn read<A: Assembly>(
    response: Response,
    assembly: A,
    caller: Caller,
    limits: CallLimits,
    begun: Instant,
    cancel: CancellationToken,
) -> BoxStream<'static, Result<ChatEvent, ModelError>> {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let whole_body = kind.starts_with("application/json").then(Vec::new);
    let reader = Reader {
        response,
        whole_body,
        decoder: SseDecoder::new(SseBounds::default()),
        pending: VecDeque::new(),
        assembly,
        caller,
        limits,
        begun,
        bytes: 0,
        cancel,
        over: false,
    };
    stream::unfold(reader, |mut reader| async move {
        if reader.over {
            return None;
        }
        let event = reader.next().await;
        reader.over = !matches!(event, Ok(ChatEvent::Text { .. }));
        Some((event, reader))
    })
    .boxed()
}

impl<A: Assembly> Reader<A> {
    async fn next(&mut self) -> Result<ChatEvent, ModelError> {
        let mut ended = false;
        loop {
            while let Some(event) = self.pending.pop_front() {
                match self.assembly.take(&event)? {
                    Step::Quiet => {}
                    Step::Text(delta) => return Ok(ChatEvent::Text { delta }),
                    Step::End => return self.done(),
                }
            }
            if ended {
                return if self.assembly.is_whole() {
                    self.done()
                } else {
                    Err(self.caller.unavailable("the stream was cut before its end"))
                };
            }
            ended = !self.fill().await?;
        }
    }

    fn done(&mut self) -> Result<ChatEvent, ModelError> {
        self.assembly.reply().map(|reply| ChatEvent::Done { reply })
    }

    /// Reads one chunk; `false` at the end of the body.
    async fn fill(&mut self) -> Result<bool, ModelError> {
        let (deadline, after) = self.deadline();
        let chunk = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(ModelError::Cancelled),
            chunk = timeout_at(deadline, self.response.chunk()) => chunk,
        };
        let chunk = match chunk {
            Err(_) => {
                return Err(ModelError::TimedOut { model: self.caller.model.clone(), after });
            }
            Ok(Ok(chunk)) => chunk,
            // Some servers hang up without a farewell once they have said everything.
            Ok(Err(_)) if self.assembly.is_whole() => None,
            Ok(Err(error)) => return Err(self.caller.unreachable(error)),
        };
        let Some(chunk) = chunk else {
            let last = match self.whole_body.take() {
                Some(body) => {
                    Some(SseEvent { kind: String::new(), data: String::from_utf8_lossy(&body).into_owned() })
                }
                None => self.decoder.finish().map_err(|error| self.caller.malformed(&error.to_string()))?,
            };
            self.pending.extend(last);
            return Ok(false);
        };
        self.bytes += chunk.len() as u64;
        if self.bytes > self.limits.max_response_bytes {
            let limit = self.limits.max_response_bytes;
            return Err(self.caller.malformed(&format!("the answer is larger than {limit} bytes")));
        }
        if let Some(body) = &mut self.whole_body {
            body.extend_from_slice(&chunk);
        } else {
            let events =
                self.decoder.push(&chunk).map_err(|error| self.caller.malformed(&error.to_string()))?;
            self.pending.extend(events);
        }
        Ok(true)
    }

    /// When the next chunk must be there, and the limit that would be crossed.
    fn deadline(&self) -> (Instant, Duration) {
        let total = (self.begun + self.limits.total(), self.limits.total());
        let next = if self.bytes == 0 {
            (self.begun + self.limits.first_byte(), self.limits.first_byte())
        } else {
            (Instant::now() + self.limits.idle(), self.limits.idle())
        };
        if next.0 < total.0 { next } else { total }
    }
}
