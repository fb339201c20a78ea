//! One call: its path, its request, and its answer as a value or a problem.

use std::{fmt::Write, time::Duration};

use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Client, error::ClientError, place::Place, types::ProblemDocument};

/// What a server says to who asked too often. It did nothing of what was asked.
const TOO_OFTEN: &str = "limits.exceeded";
/// How often is waited until the server wants to be asked again.
const MAX_WAITS: u32 = 5;
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// A path, with what comes from outside encoded into it.
pub(crate) struct Target(String);

impl Target {
    /// The path of these segments.
    pub(crate) fn of(segments: &[&str]) -> Self {
        let mut path = String::new();
        for segment in segments {
            path.push('/');
            encode(segment, &mut path);
        }
        Self(path)
    }

    /// With these query parameters, where they have a value.
    pub(crate) fn with(mut self, parameters: &[(&str, Option<&str>)]) -> Self {
        for (name, value) in parameters {
            if let Some(value) = value {
                self.0.push(if self.0.contains('?') { '&' } else { '?' });
                encode(name, &mut self.0);
                self.0.push('=');
                encode(value, &mut self.0);
            }
        }
        self
    }
}

/// A path below `/api`.
pub(crate) fn api(segments: &[&str]) -> Target {
    Target::of(&[&["api"], segments].concat())
}

/// What is unreserved in RFC 3986 stays as it is, so that nothing can leave its place in the URL.
fn encode(text: &str, into: &mut String) {
    // A segment of dots alone would be taken for a step up, encoded or not.
    if matches!(text, "." | "..") {
        into.push('_');
    }
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            into.push(char::from(byte));
        } else {
            let _ = write!(into, "%{byte:02X}");
        }
    }
}

impl Client {
    pub(crate) async fn get<T: DeserializeOwned>(&self, target: Target) -> Result<T, ClientError> {
        read(self.send(Method::GET, &target, |request| request).await?).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        target: Target,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        read(self.send(Method::POST, &target, |request| request.json(body)).await?).await
    }

    /// A post that is answered with something, or with nothing.
    pub(crate) async fn post_or_nothing<T: DeserializeOwned>(
        &self,
        target: Target,
        body: &(impl Serialize + Sync),
    ) -> Result<Option<T>, ClientError> {
        let response = self.send(Method::POST, &target, |request| request.json(body)).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        read(response).await.map(Some)
    }

    /// A post that is answered with nothing.
    pub(crate) async fn tell(
        &self,
        target: Target,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<(), ClientError> {
        let with_body = |request: RequestBuilder| match body {
            Some(body) => request.json(body),
            None => request,
        };
        self.send(Method::POST, &target, with_body).await.map(drop)
    }

    /// Asks for something to be taken away.
    pub(crate) async fn delete(&self, target: Target) -> Result<(), ClientError> {
        self.send(Method::DELETE, &target, |request| request).await.map(drop)
    }

    /// Sends, and gives back an answer that is a success. Where nothing was reached, or the token is not this
    /// server's, a server that was started again elsewhere is asked instead: the first one did nothing. Where this was
    /// asked too often, it is asked again when the server says.
    pub(crate) async fn send(
        &self,
        method: Method,
        target: &Target,
        finish: impl Fn(RequestBuilder) -> RequestBuilder + Send + Sync,
    ) -> Result<Response, ClientError> {
        for _ in 0..MAX_WAITS {
            match self.send_once(method.clone(), target, &finish).await {
                Err(error) if error.code() == TOO_OFTEN => match error.retry_after() {
                    Some(wait) if wait <= LONGEST_WAIT => tokio::time::sleep(wait).await,
                    _ => return Err(error),
                },
                sent => return sent,
            }
        }
        self.send_once(method, target, &finish).await
    }

    async fn send_once(
        &self,
        method: Method,
        target: &Target,
        finish: impl Fn(RequestBuilder) -> RequestBuilder + Send + Sync,
    ) -> Result<Response, ClientError> {
        let place = self.place();
        match self.send_to(&place, method.clone(), target, &finish).await {
            Err((error, true)) if self.moved(&place) => {
                let second = self.send_to(&self.place(), method, target, &finish).await;
                second.map_err(|(again, _)| if again.status().is_some() { again } else { error })
            }
            sent => sent.map_err(|(error, _)| error),
        }
    }

    /// The error comes with whether the request is known to have done nothing.
    async fn send_to(
        &self,
        place: &Place,
        method: Method,
        target: &Target,
        finish: impl Fn(RequestBuilder) -> RequestBuilder + Send + Sync,
    ) -> Result<Response, (ClientError, bool)> {
        let request =
            self.http.request(method, format!("{}{}", place.url, target.0)).bearer_auth(&place.token);
        let response = finish(request).send().await.map_err(|error| {
            let nothing_done = error.is_connect();
            (unreachable(place, error), nothing_done)
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let nothing_done = response.status() == StatusCode::UNAUTHORIZED;
        Err((problem(response).await, nothing_done))
    }
}

pub(crate) fn unreachable(place: &Place, error: reqwest::Error) -> ClientError {
    let error = error.without_url();
    // The outermost message says only that sending failed; the innermost says why.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    ClientError::Unreachable { url: Some(place.url.clone()), detail: cause.to_string() }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ClientError> {
    let body = response.bytes().await.map_err(|error| unreadable(&error.without_url()))?;
    serde_json::from_slice(&body).map_err(|error| unreadable(&error))
}

async fn problem(response: Response) -> ClientError {
    let status = response.status();
    let is_problem = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/problem+json"));
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after =
        retry_after.and_then(|value| value.to_str().ok()?.parse().ok()).map(Duration::from_secs);
    let body = response.bytes().await.unwrap_or_default();
    match serde_json::from_slice::<ProblemDocument>(&body) {
        Ok(problem) if is_problem => ClientError::Refused { problem: Box::new(problem), retry_after },
        _ => ClientError::Unreadable { detail: format!("status {status} without a problem document") },
    }
}

fn unreadable(error: &dyn std::error::Error) -> ClientError {
    ClientError::Unreadable { detail: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_place_in_the_url() {
        let target =
            Target::of(&["api", "runs", "../specs?x=1#y"]).with(&[("q", Some("a&b=c")), ("r", None)]);
        assert_eq!(target.0, "/api/runs/..%2Fspecs%3Fx%3D1%23y?q=a%26b%3Dc");
        assert_eq!(Target::of(&["api", ".."]).0, "/api/_..");
    }
}
