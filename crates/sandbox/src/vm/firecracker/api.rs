//! Firecracker's API: HTTP over a Unix socket, one request after the other.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Method, Request,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::{ACCEPT, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::{net::UnixStream, task::JoinSet, time::timeout};

/// A snapshot of a large machine takes a while to be written.
const PATIENCE: Duration = Duration::from_secs(30);

/// No answer is longer.
const LONGEST_ANSWER: usize = 64 << 10;

/// Why a request had no effect.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApiError {
    /// Firecracker refused.
    #[error("Firecracker refused {request}: {status} {detail}")]
    Refused {
        /// Method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// What it said.
        detail: String,
    },
    /// Firecracker is gone, or speaks something else.
    #[error("Firecracker's API: {0}")]
    Lost(String),
}

/// A connection that requests can be made over.
#[derive(Debug)]
pub(super) struct Api {
    sender: SendRequest<Full<Bytes>>,
    _connection: JoinSet<()>,
}

impl Api {
    pub(super) async fn open(stream: UnixStream) -> Result<Self, ApiError> {
        let opened = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = opened.map_err(|error| ApiError::Lost(error.to_string()))?;
        let mut task = JoinSet::new();
        task.spawn(async move {
            // What goes wrong with it the request that waits is told.
            let _ = connection.await;
        });
        Ok(Self { sender, _connection: task })
    }

    /// Sets something.
    pub(super) async fn put(&mut self, path: &str, body: &impl Serialize) -> Result<(), ApiError> {
        self.request(Method::PUT, path, body).await
    }

    /// Changes something.
    pub(super) async fn patch(&mut self, path: &str, body: &impl Serialize) -> Result<(), ApiError> {
        self.request(Method::PATCH, path, body).await
    }

    async fn request(&mut self, method: Method, path: &str, body: &impl Serialize) -> Result<(), ApiError> {
        let name = format!("{method} {path}");
        let lost = |error: &dyn std::fmt::Display| ApiError::Lost(format!("{name}: {error}"));
        let json = serde_json::to_vec(body).map_err(|error| lost(&error))?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost")
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(json)))
            .map_err(|error| lost(&error))?;
        let exchange = async {
            self.sender.ready().await.map_err(|error| lost(&error))?;
            let answer = self.sender.send_request(request).await.map_err(|error| lost(&error))?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await;
            Ok((status, body.map_err(|error| lost(&error))?.to_bytes()))
        };
        let answered = timeout(PATIENCE, exchange).await;
        let (status, body) =
            answered.map_err(|_| lost(&format!("no answer within {} s", PATIENCE.as_secs())))??;
        if status.is_success() {
            return Ok(());
        }
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let fault = said.get("fault_message").and_then(serde_json::Value::as_str);
        let detail = fault.map_or_else(|| String::from_utf8_lossy(&body).into_owned(), str::to_owned);
        Err(ApiError::Refused { request: name, status: status.as_u16(), detail })
    }
}
