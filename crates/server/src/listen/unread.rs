//! What of a body is left when its request was answered.
//!
//! A server that closes a connection on which bytes wait that nobody read resets it, and the answer may be gone before
//! the client has read it (RFC 9112, section 9.6): somebody whose request is too large would hear of a broken
//! connection and not why. So the rest is read and thrown away, as far as that costs little.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::HttpBody;
use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame, Incoming, SizeHint};
use tokio::{runtime::Handle, time::timeout};

/// How much is thrown away before the connection is closed nevertheless, in bytes.
const REST: u64 = 16 << 20;
/// How long that may take.
const LONGEST: Duration = Duration::from_secs(10);
/// How long nothing may come.
const PAUSE: Duration = Duration::from_secs(1);

/// A request's body, whose rest is read when it is given up.
pub(super) struct Whole(Option<Incoming>);

impl Whole {
    pub(super) const fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl HttpBody for Whole {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.0.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(context))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        let rest = self.0.take().filter(|body| !body.is_end_stream());
        // Where the server itself ends there is nothing left to run this, nor a connection to save.
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(timeout(LONGEST, throw_away(rest)));
        }
    }
}

async fn throw_away(mut rest: Incoming) {
    let mut left = REST;
    while let Ok(Some(Ok(frame))) = timeout(PAUSE, rest.frame()).await {
        let came = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(fewer) = left.checked_sub(came) else { return };
        left = fewer;
    }
}
