//! A problem on its way out: which HTTP status a code has, and how it is written (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use swarm_domain::{Problem, identity::IdentityError};
use swarm_store::StoreError;
use utoipa::ToSchema;

/// What a handler gives back.
pub(crate) type Reply<T> = Result<T, Refusal>;

/// Why a request was not done. Written as a problem document by the outermost layer, which knows the correlation id.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) problem: Problem,
    /// When to come again, in seconds.
    pub(crate) retry_after: Option<u32>,
}

/// An error as every route answers it: `application/problem+json` of RFC 9457.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProblemDocument {
    /// `urn:swarm:problem:` and the code.
    pub r#type: String,
    /// The meaning of the HTTP status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable and machine-readable, such as `spec.cyclic`; each has a section in the troubleshooting page.
    pub code: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do next; a command where there is one.
    pub next: String,
    /// The request's correlation id, by which its log lines and events are found.
    pub correlation: String,
}

impl Refusal {
    pub(crate) fn new(
        status: StatusCode,
        code: &str,
        detail: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self::of(status, Problem::new(code, detail, next))
    }

    /// With this status, whatever the problem's code usually has.
    pub(crate) fn of(status: StatusCode, problem: Problem) -> Self {
        Self { status, problem, retry_after: None }
    }

    /// The same, with when to come again, in seconds.
    pub(crate) fn after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What stands for an error response that some layer below made without saying more than its status.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let detail = status.canonical_reason().unwrap_or("the request was refused").to_lowercase();
        Self::new(status, "request.refused", detail, "see /api/docs for what can be asked")
    }

    /// The response that is sent.
    pub(crate) fn render(&self, correlation: &str) -> Response {
        let document = ProblemDocument {
            r#type: format!("urn:swarm:problem:{}", self.problem.code),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            code: self.problem.code.clone(),
            detail: self.problem.detail.clone(),
            next: self.problem.next.clone(),
            correlation: correlation.to_owned(),
        };
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let json = HeaderValue::from_static("application/problem+json");
        (self.status, [(header::CONTENT_TYPE, json)], body).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::of(status_of(&problem.code), problem)
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        error.problem().into()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        error.problem().into()
    }
}

/// Whether who asks did not show who they are.
fn is_unknown(code: &str) -> bool {
    matches!(
        code,
        "auth.credentials"
            | "auth.passkey"
            | "auth.second_factor_code"
            | "auth.second_step"
            | "auth.session_over"
            | "auth.refresh_reused"
    )
}

/// Whether what was sent is understood, and cannot be used.
fn is_unfit(code: &str) -> bool {
    matches!(
        code,
        "forge.not_a_repo"
            | "forge.not_owned"
            | "forge.no_branch"
            | "forge.invalid_repo"
            | "forge.invalid"
            | "forge.symlink_escapes"
            | "forge.too_large"
            | "forge.unreachable"
            | "forge.timed_out"
            | "replay.foreign_step"
            | "replay.not_editable"
            | "claim.unsafe_path"
            | "claim.out_of_scope"
            | "claim.malformed"
            | "interrupt.malformed"
            | "interrupt.not_allowed"
            | "auth.email"
            | "auth.passkey_new"
            | "auth.password"
            | "auth.link"
            | "auth.key_scope"
            | "auth.key_expiry"
            | "auth.key_rate"
            | "auth.key_window"
            | "notify.no_address"
            | "secret.value"
            | "secret.host"
            | "secret.placement"
            | "secret.reference"
            | "secret.window"
            | "secret.expiry"
            | "sandbox.invalid"
            | "quota.invalid"
            | "vm.line"
            | "push.browser"
    )
}

/// The status of a problem that came from below. What is not named is a fault of ours.
fn status_of(code: &str) -> StatusCode {
    match code {
        "notify.no_channel" | "store.not_found" | "forge.not_found" | "replay.no_step" | "push.off"
        | "push.none" | "auth.no_mail" => StatusCode::NOT_FOUND,
        code if code.ends_with(".unknown") => StatusCode::NOT_FOUND,
        // What the operator of this machine can mend, after which the same request succeeds.
        "store.unavailable"
        | "auth.token_keys"
        | "forge.git_missing"
        | "secret.key_lost"
        | "secret.key_open"
        | "secret.key_unreadable"
        | "secret.key_wrong"
        | "sandbox.full"
        | "sandbox.vm_gone" => StatusCode::SERVICE_UNAVAILABLE,
        "notify.failed" | "notify.secret_host" => StatusCode::BAD_GATEWAY,
        "sandbox.no_space" => StatusCode::INSUFFICIENT_STORAGE,
        "store.blob_purged" | "interrupt.link" => StatusCode::GONE,
        "audit.too_many_readings" | "quota.reached" => StatusCode::TOO_MANY_REQUESTS,
        code if is_unknown(code) => StatusCode::UNAUTHORIZED,
        "auth.unverified"
        | "auth.provider_address"
        | "auth.provider_domain"
        | "auth.registration"
        | "auth.grant"
        | "auth.session_old"
        | "push.no_session"
        | "interrupt.own_request"
        | "interrupt.not_asked"
        | "interrupt.no_person" => StatusCode::FORBIDDEN,
        "spec.too_large" | "store.blob_too_large" | "replay.edit_too_large" | "claim.too_large" => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        "replay.nothing"
        | "replay.running"
        | "auth.refresh_raced"
        | "auth.last_owner"
        | "auth.last_way_in"
        | "auth.passkey_taken"
        | "auth.second_factor_set"
        | "auth.second_factor_none"
        | "auth.link_needed"
        | "auth.link_taken"
        | "replay.steered"
        | "replay.claimed"
        | "store.exists"
        | "store.not_allowed"
        | "store.key_reused"
        | "project.taken"
        | "plan.not_ready"
        | "ticket.not_allowed"
        | "forge.locked"
        | "forge.other_repo"
        | "forge.checked_out"
        | "claim.stale"
        | "claim.withdrawn"
        | "claim.settled"
        | "sandbox.stopped"
        | "vm.ambiguous"
        | "vm.busy"
        | "vm.elsewhere"
        | "vm.forks_full"
        | "vm.handed_back"
        | "vm.taken_over"
        | "interrupt.decided"
        | "interrupt.too_late"
        | "interrupt.twice"
        | "run.not_continuable" => StatusCode::CONFLICT,
        code if is_unfit(code) || code.starts_with("spec.") => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_asker_can_mend_is_theirs_and_the_rest_is_ours() {
        assert_eq!(status_of("spec.cyclic"), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(status_of("store.not_found"), StatusCode::NOT_FOUND);
        assert_eq!(status_of("plan.not_ready"), StatusCode::CONFLICT);
        assert_eq!(status_of("interrupt.decided"), StatusCode::CONFLICT);
        assert_eq!(status_of("interrupt.own_request"), StatusCode::FORBIDDEN);
        assert_eq!(status_of("forge.not_owned"), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(status_of("forge.git_missing"), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status_of("secret.value"), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(status_of("secret.key_lost"), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(status_of("secret.tampered"), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(status_of("vm.taken_over"), StatusCode::CONFLICT);
        assert_eq!(status_of("sandbox.no_space"), StatusCode::INSUFFICIENT_STORAGE);
        assert_eq!(status_of("store.corrupt"), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(status_of("never.heard_of"), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
