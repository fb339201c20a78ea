//! Reading requests: as axum does it, with problems in place of its plain-text answers.

use axum::{
    extract::{
        FromRequest, FromRequestParts, OptionalFromRequest, Path, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::{door::is_too_slow, refusal::Refusal};

const SEE_DOCS: &str = "see /api/docs for the form of this request";

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

/// A JSON body that is not quoted where it has another form: it may hold a secret in the wrong place.
pub(crate) struct Unquoted<T>(pub(crate) T);

/// What stands in the path.
pub(crate) struct InPath<T>(pub(crate) T);

/// What stands behind the `?`.
pub(crate) struct InQuery<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let axum::Json(value) =
            <axum::Json<T> as FromRequest<S>>::from_request(request, state).await.map_err(|e| body(&e))?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Unquoted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let read = <axum::Json<T> as FromRequest<S>>::from_request(request, state).await;
        let axum::Json(value) = read.map_err(|e| unquoted(&e))?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Unquoted<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Refusal> {
        let read = <axum::Json<T> as OptionalFromRequest<S>>::from_request(request, state).await;
        Ok(read.map_err(|e| unquoted(&e))?.map(|axum::Json(value)| Self(value)))
    }
}

fn unquoted(rejection: &JsonRejection) -> Refusal {
    let mut refusal = body(rejection);
    "the body has another form than this request; it is not quoted, for it may hold a secret"
        .clone_into(&mut refusal.problem.detail);
    refusal
}

/// A body that may be left out, with its header.
impl<S: Send + Sync, T: DeserializeOwned> OptionalFromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Refusal> {
        let read = <axum::Json<T> as OptionalFromRequest<S>>::from_request(request, state).await;
        Ok(read.map_err(|e| body(&e))?.map(|axum::Json(value)| Self(value)))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Path(value) = Path::from_request_parts(parts, state).await.map_err(|e: PathRejection| {
            Refusal::new(
                e.status(),
                "request.path",
                e.body_text(),
                "check the id; lists show the ids that there are",
            )
        })?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for InQuery<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Query(value) = Query::from_request_parts(parts, state).await.map_err(|e: QueryRejection| {
            Refusal::new(e.status(), "request.query", e.body_text(), SEE_DOCS)
        })?;
        Ok(Self(value))
    }
}

fn body(rejection: &JsonRejection) -> Refusal {
    if is_too_slow(rejection) {
        let detail = "the body did not come in its time, and nothing was done";
        let next = "send it faster, or send less";
        return Refusal::new(StatusCode::REQUEST_TIMEOUT, "request.slow_body", detail, next);
    }
    let (code, next) = match rejection {
        _ if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => (
            "request.too_large",
            "send less: `swarm limits` says how much a request may have; a spec may have 1 MiB",
        ),
        JsonRejection::JsonSyntaxError(_) => ("request.malformed", "send one JSON object, encoded as UTF-8"),
        JsonRejection::JsonDataError(_) => ("request.invalid", SEE_DOCS),
        JsonRejection::MissingJsonContentType(_) => {
            ("request.content_type", "send JSON with the header `Content-Type: application/json`")
        }
        _ => ("request.unreadable", "send the request again"),
    };
    Refusal::new(rejection.status(), code, rejection.body_text(), next)
}
