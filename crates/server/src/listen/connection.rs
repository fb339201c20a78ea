//! One connection from its first byte to its last.

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, Response, header::EXPECT},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower::ServiceExt;

use super::{Arrived, Ends, unread::Whole};
use crate::config::ConnectionLimits;

/// Serves requests until the other side goes away, asks too slowly or sends what is no HTTP, or this server stops: then
/// what is under way ends first. Live connections leave here once they are made.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    arrived: Arrived,
    router: Router,
    limits: &ConnectionLimits,
    ends: &Ends,
) {
    let service = service_fn(move |request: Request<Incoming>| answer(router.clone(), request, arrived));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_headers(limits.max_headers)
        .max_header_size(limits.max_head_bytes);
    let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = ends.stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = ends.cut.cancelled() => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %arrived.peer, %error, "a connection ended");
    }
}

async fn answer(
    router: Router,
    request: Request<Incoming>,
    arrived: Arrived,
) -> Result<Response<Body>, Infallible> {
    // Who waits for a leave to send its body does not send it when it hears that it is not wanted.
    let asks_first = request.headers().contains_key(EXPECT);
    let mut request =
        request.map(|body| if asks_first { Body::new(body) } else { Body::new(Whole::new(body)) });
    request.extensions_mut().insert(arrived);
    router.oneshot(request).await
}

/// Gives up what takes longer than it may.
pub(super) async fn within<T>(limit: Duration, work: impl Future<Output = std::io::Result<T>>) -> Option<T> {
    match tokio::time::timeout(limit, work).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a handshake took too long");
            None
        }
    }
}
