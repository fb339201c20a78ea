//! One request passed on, and its answer passed back, both written anew.

use std::{convert::Infallible, error::Error, io::Cursor};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use http_body_util::{Either, Full, LengthLimitError, Limited};
use hyper::{
    body::Incoming,
    client::conn::http1::{self as client, SendRequest},
    server::conn::http1 as server,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    sync::Mutex,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    credentials::Credential,
    head,
    host::Target,
    refusal::{self, Refusal},
    report::Entry,
    terms::Bounds,
};

/// To whom a request goes, and what is added to it.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) target: &'a Target,
    /// The port that `Host` does not name.
    pub(super) usual_port: u16,
    pub(super) credentials: &'a [Credential],
    pub(super) bounds: &'a Bounds,
}

/// A stream whose beginning was read already.
pub(super) fn rewound<S>(
    stream: S,
    read: Vec<u8>,
) -> impl AsyncRead + AsyncWrite + Unpin + Send + 'static + use<S>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (from, to) = tokio::io::split(stream);
    tokio::io::join(Cursor::new(read).chain(from), to)
}

type Answer = Response<Either<Incoming, Full<Bytes>>>;

/// The other side of one exchange.
struct Side<'a, U> {
    upstream: Option<U>,
    entry: &'a mut Entry,
    /// Both live until the answer has been read.
    open: Option<(SendRequest<Limited<Incoming>>, AbortOnDropHandle<()>)>,
}

/// Carries out the one request that a client makes on this connection. Its head was judged before.
pub(super) async fn exchange<S, U>(client: S, upstream: U, ask: &Ask<'_>, entry: &mut Entry)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    U: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let side = &Mutex::new(Side { upstream: Some(upstream), entry, open: None });
    let service = service_fn(move |request| async move {
        let mut side = side.lock().await;
        let answered = side.pass_on(request, ask).await;
        Ok::<Answer, Infallible>(answered.unwrap_or_else(|refusal| {
            side.entry.stopped(&refusal);
            refused(&refusal)
        }))
    });
    let serving = server::Builder::new()
        .keep_alive(false)
        .half_close(true)
        .timer(TokioTimer::new())
        .header_read_timeout(ask.bounds.head_within)
        .max_headers(ask.bounds.headers)
        .serve_connection(TokioIo::new(client), service);
    // A client that goes away in the middle has its reasons.
    let _ = serving.await;
}

impl<U> Side<'_, U>
where
    U: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    async fn pass_on(&mut self, request: Request<Incoming>, ask: &Ask<'_>) -> Result<Answer, Refusal> {
        let unreachable = |error: &hyper::Error| of(error, ask.target);
        let upstream = self.upstream.take().ok_or(Refusal::Malformed("it is a second request"))?;
        let request = written_anew(request, ask)?;
        let (mut sender, connection) = client::Builder::new()
            .max_headers(ask.bounds.headers)
            .handshake(TokioIo::new(upstream))
            .await
            .map_err(|error| unreachable(&error))?;
        let driver = tokio::spawn(async move {
            // Its error comes with the answer as well.
            let _ = connection.await;
        });
        let driver = AbortOnDropHandle::new(driver);
        let answered = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
        self.open = Some((sender, driver));
        let (mut parts, body) = answered.into_parts();
        if parts.status == StatusCode::SWITCHING_PROTOCOLS {
            let detail = "it changes the protocol without being asked".to_owned();
            return Err(Refusal::Unreachable { target: ask.target.clone(), detail });
        }
        head::strip(&mut parts.headers);
        parts.version = Version::HTTP_11;
        self.entry.allowed();
        self.entry.answered(parts.status.as_u16(), !ask.credentials.is_empty());
        Ok(Response::from_parts(parts, Either::Left(body)))
    }
}

fn written_anew(request: Request<Incoming>, ask: &Ask<'_>) -> Result<Request<Limited<Incoming>>, Refusal> {
    let (mut parts, body) = request.into_parts();
    head::strip(&mut parts.headers);
    parts.headers.remove(header::EXPECT);
    let target = ask.target;
    let host = if target.port == ask.usual_port { target.host.to_string() } else { target.to_string() };
    let host = HeaderValue::try_from(host).map_err(|_| Refusal::Malformed("its host is no header"))?;
    parts.headers.insert(header::HOST, host);
    if !ask.credentials.is_empty() {
        // Whatever the sandbox thinks that it is allowed with, it is not what swarm asks with.
        parts.headers.remove(header::AUTHORIZATION);
    }
    for credential in ask.credentials {
        parts.headers.insert(credential.name().clone(), credential.value().clone());
    }
    let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    parts.uri = path.parse().map_err(|_| Refusal::Malformed("its path cannot be read"))?;
    parts.version = Version::HTTP_11;
    let most = usize::try_from(ask.bounds.body_bytes).unwrap_or(usize::MAX);
    Ok(Request::from_parts(parts, Limited::new(body, most)))
}

fn of(error: &hyper::Error, target: &Target) -> Refusal {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        if inner.is::<LengthLimitError>() {
            return Refusal::TooLarge("its body");
        }
        cause = inner.source();
    }
    if error.is_user() {
        return Refusal::Malformed("its body breaks off or is not framed as it says");
    }
    Refusal::Unreachable { target: target.clone(), detail: error.to_string() }
}

fn refused(refusal: &Refusal) -> Answer {
    let mut answer = Response::new(Either::Right(Full::from(refusal.body())));
    *answer.status_mut() = refusal.status();
    let content = HeaderValue::from_static(refusal::CONTENT_TYPE);
    answer.headers_mut().insert(header::CONTENT_TYPE, content);
    answer
}
