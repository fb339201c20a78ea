//! A whole reply as the stream that it might have come in.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio_util::sync::CancellationToken;

use crate::chat::{ChatEvent, ChatReply};
use crate::error::ModelError;

/// Characters of one piece of text.
const PIECE_CHARS: usize = 24;

/// The text in small pieces, then the reply.
pub(crate) fn events(reply: ChatReply) -> Vec<ChatEvent> {
    let mut events = Vec::new();
    let mut rest = reply.text.as_str();
    while !rest.is_empty() {
        let end = rest.char_indices().nth(PIECE_CHARS).map_or(rest.len(), |(at, _)| at);
        let (piece, tail) = rest.split_at(end);
        events.push(ChatEvent::Text { delta: piece.to_owned() });
        rest = tail;
    }
    events.push(ChatEvent::Done { reply });
    events
}

/// `events`, each after a pause of `step`; cancelling ends them.
pub(crate) fn paced(
    events: Vec<ChatEvent>,
    step: Duration,
    cancel: CancellationToken,
) -> BoxStream<'static, Result<ChatEvent, ModelError>> {
    stream::unfold((events.into_iter(), cancel, false), move |(mut events, cancel, over)| async move {
        if over {
            return None;
        }
        let event = events.next()?;
        tokio::select! {
            biased;
            () = cancel.cancelled() => Some((Err(ModelError::Cancelled), (events, cancel, true))),
            () = tokio::time::sleep(step) => Some((Ok(event), (events, cancel, false))),
        }
    })
    .boxed()
}
