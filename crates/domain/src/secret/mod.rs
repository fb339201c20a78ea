//! Secrets: what a program in a sandbox needs to be let in elsewhere, and must never hold itself.
//!
//! A [`SecretRecord`] says all of a secret but its value: for which project it is, to which hosts it may be sent and in
//! which header, and which of its versions count when. The value is a [`Secret`], which shows itself nowhere.
//!
//! ```
//! use chrono::{DateTime, TimeDelta};
//! use swarm_domain::secret::{Issued, SecretVersion, rotated};
//!
//! let start = DateTime::UNIX_EPOCH;
//! let first = SecretVersion::issued(1, start, Issued::default());
//! let both = rotated(&[first], start + TimeDelta::hours(1), 3600, 2, Issued::default());
//!
//! // For an hour the old value counts beside the new one; then only the new one does.
//! let valid = |minutes| both.iter().filter(|v| v.is_valid(start + TimeDelta::minutes(minutes))).count();
//! assert_eq!((valid(61), valid(121)), (2, 1));
//! ```

mod host;
mod placement;
mod record;
mod reference;
#[cfg(feature = "openapi")]
mod schema;
mod value;
mod version;

use serde::{Deserialize, Serialize};

use crate::{
    Problem,
    id::{ProjectId, SecretName},
};

pub use host::SecretHost;
pub use placement::Placement;
pub use record::{MAX_HOSTS, SecretRecord, for_host};
pub use reference::Reference;
pub use value::{MAX_VALUE_BYTES, MIN_VALUE_BYTES, Secret};
pub use version::{Issued, MAX_WINDOW_SECONDS, SecretVersion, rotated};

/// Which secret: a name within a project, or for all projects. Two projects may each have one of the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SecretId {
    /// Its name.
    pub name: SecretName,
    /// The project that it is for; absent where it is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
}

impl SecretId {
    /// The project as one word: empty where it is for all.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.project.as_ref().map_or("", ProjectId::as_str)
    }
}

impl std::fmt::Display for SecretId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.project {
            Some(project) => write!(f, "{} of {project}", self.name),
            None => write!(f, "{}", self.name),
        }
    }
}

/// What is wrong with what was said of a secret. None of it quotes what was given: it may be the value, in the wrong
/// place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The value cannot be one.
    #[error("the value cannot be used: {0}")]
    Value(&'static str),
    /// It may be sent nowhere, or somewhere that is no host.
    #[error("the hosts cannot be used: {0}")]
    Host(&'static str),
    /// It cannot be put there.
    #[error("it cannot be sent that way: {0}")]
    Placement(&'static str),
    /// The reference cannot be followed.
    #[error("the reference cannot be used: {0}")]
    Reference(&'static str),
    /// A rotation cannot last that long.
    #[error("the window is longer than the {} days that two values may count", MAX_WINDOW_SECONDS / 86_400)]
    Window,
    /// It would have expired before it counts.
    #[error("it expires before it begins to count")]
    Expiry,
}

impl SecretError {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(self) -> Problem {
        let (code, next) = match self {
            Self::Value(_) => (
                "secret.value",
                "give it on standard input: `printf %s \"$TOKEN\" | swarm secret set NAME --host HOST`",
            ),
            Self::Host(_) => ("secret.host", "name each host as in `--host api.example.org`"),
            Self::Placement(_) => {
                ("secret.placement", "use `--as bearer`, `--as basic` or `--as header:NAME`")
            }
            Self::Reference(_) => {
                ("secret.reference", "write `vault:MOUNT/PATH#FIELD`, `env:NAME` or `file:/ABSOLUTE/PATH`")
            }
            Self::Window => {
                ("secret.window", "choose a shorter one: `swarm secret rotate NAME --window 24h`")
            }
            Self::Expiry => ("secret.expiry", "give a time that is still to come: `--expires 2030-01-31`"),
        };
        Problem::new(code, self.to_string(), next)
    }
}

#[cfg(test)]
mod tests;
