//! Bodies that come in too slowly. One that drips holds a connection and, on routes without a time limit of their own, a
//! handler for as long as its sender likes.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use crate::app::App;

/// A body did not come in its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body did not come within {} s", .0.as_secs())]
pub(crate) struct TooSlow(Duration);

/// A body that ends with an error where it has not come in time.
struct InTime {
    body: Body,
    within: Duration,
    until: Pin<Box<Sleep>>,
}

/// Bounds the time in which a body comes in.
pub(super) async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let within = app.config.body_timeout;
    let bounded = |body| Body::new(InTime { body, within, until: Box::pin(sleep(within)) });
    next.run(request.map(bounded)).await
}

impl HttpBody for InTime {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.until.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow(self.within)))));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether this is what an error comes from.
pub(crate) fn is_too_slow(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        if error.is::<TooSlow>() {
            return true;
        }
        at = error.source();
    }
    false
}
