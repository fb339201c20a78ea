//! Sandboxes of running work, as far as people have to do with them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a sandbox that a person had taken over is theirs no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HandedBack {
    /// They gave it back.
    Given,
    /// They gave no sign of life for as long as their lease lasts.
    LeaseEnded,
    /// They had it for as long as anybody may.
    TimeOver,
    /// The sandbox ended.
    SandboxEnded,
}

impl fmt::Display for HandedBack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Given => "handed back",
            Self::LeaseEnded => "handed back: there was no sign of life any more",
            Self::TimeOver => "handed back: the time is over",
            Self::SandboxEnded => "handed back: the sandbox ended",
        })
    }
}
