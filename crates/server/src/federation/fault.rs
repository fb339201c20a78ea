//! Why a provider could not say who somebody is.

use axum::http::StatusCode;
use swarm_domain::{Problem, identity::ProviderName};

use crate::refusal::Refusal;

/// Why a provider could not say who somebody is, sorted by who can do something about it.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// There is none of this name.
    Unknown,
    /// It cannot be reached, or answers with an error of its own.
    Down(String),
    /// It answers what is not believed. Nothing of the answer is repeated.
    Answer(&'static str),
    /// It says no, in its own short word.
    Refused(String),
    /// Our own secret there cannot be looked up; why is for the log alone.
    Secret(Problem),
}

impl Fault {
    /// It says no, by a word that came in an address.
    pub(crate) fn refused(said: &str) -> Self {
        Self::Refused(word(said))
    }

    /// As the asker is told.
    pub(crate) fn refusal(self, provider: &ProviderName) -> Refusal {
        if let Self::Secret(problem) = &self {
            tracing::warn!(%provider, code = problem.code, detail = problem.detail, "a provider's secret is not there");
        }
        match self {
            Self::Unknown => Refusal::new(
                StatusCode::NOT_FOUND,
                "auth.provider_unknown",
                format!("there is no provider {provider}"),
                "see GET /api/auth/providers for those that there are",
            ),
            Self::Down(detail) => Refusal::new(
                StatusCode::BAD_GATEWAY,
                "auth.provider_down",
                format!("{provider} cannot be asked: {detail}"),
                "try again; meanwhile sign in by a password",
            ),
            Self::Answer(detail) => Refusal::new(
                StatusCode::BAD_GATEWAY,
                "auth.provider_answer",
                format!("what {provider} says is not believed: {detail}"),
                "try again; where it stays so, an admin compares the settings here and at the provider",
            ),
            Self::Refused(word) => Refusal::new(
                StatusCode::FORBIDDEN,
                "auth.provider_refused",
                format!("{provider} refuses: {word}"),
                "begin again; where it stays so, an admin compares the settings here and at the provider",
            ),
            Self::Secret(_) => Refusal::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "auth.provider_secret",
                format!("our own secret at {provider} cannot be looked up"),
                "an admin reads in the server's log where it is looked for; meanwhile sign in by a password",
            ),
        }
    }
}

/// A word of a provider's for people: short, and of nothing that could break a line or a page.
pub(super) fn word(text: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
    let word: String = text.chars().filter(plain).take(64).collect();
    if word.is_empty() { "it says no more".to_owned() } else { word }
}
