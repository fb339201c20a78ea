//! What can go wrong with a sandbox itself. How a command inside ended is no error.

use swarm_domain::Problem;

/// Why a sandbox could not do its job.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// This rung does not work on this machine.
    #[error("the {rung} sandbox does not work here: {reason}")]
    Unavailable {
        /// Which rung.
        rung: swarm_domain::attempt::Rung,
        /// Why.
        reason: String,
        /// The command or setting that mends it.
        mend: String,
    },
    /// The machine failed: no disk, no memory, no process.
    #[error("the sandbox failed to {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A sandbox is to have a network, and the program is missing that leads to it from inside.
    #[error("the program swarm-guest is not there: without it no sandbox of this rung has a network")]
    NoGuest,
    /// Something that sandboxes are made from could not be made.
    #[error("could not set up {what}: {detail}")]
    Setup {
        /// What.
        what: &'static str,
        /// Why not.
        detail: String,
        /// The command or setting that mends it.
        mend: String,
    },
    /// The microVM ended, or says nothing any more. The work folder is as it was before the command.
    #[error("the microVM of sandbox {name} is gone: {reason}")]
    Gone {
        /// The sandbox.
        name: String,
        /// What is known of its end.
        reason: String,
    },
    /// The host has no room for another microVM, and none became free in time.
    #[error("there is no room for another microVM: {there} are there")]
    Full {
        /// How many there are.
        there: usize,
    },
    /// A person stopped the sandbox.
    #[error("a person stopped sandbox {name}")]
    Stopped {
        /// The sandbox.
        name: String,
    },
    /// There is no room on the disk for what was to be written. Nothing half-written is left.
    #[error("there is no room on the disk to {doing}")]
    NoSpace {
        /// What was being done.
        doing: String,
    },
    /// A name, path or command that cannot be used.
    #[error("not a valid {what}: {detail}")]
    Invalid {
        /// What it should have been.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl SandboxError {
    pub(crate) fn io(doing: impl Into<String>, source: std::io::Error) -> Self {
        Self::Io { doing: doing.into(), source }
    }

    /// What was to be written could not be.
    pub(crate) fn unwritten(doing: impl Into<String>, source: std::io::Error) -> Self {
        use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded | FileTooLarge => Self::NoSpace { doing: doing.into() },
            _ => Self::io(doing, source),
        }
    }

    pub(crate) fn invalid(what: &'static str, detail: impl Into<String>) -> Self {
        Self::Invalid { what, detail: detail.into() }
    }

    /// The problem as people meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Unavailable { mend, .. } => {
                Problem::new("sandbox.unavailable", self.to_string(), mend.clone())
            }
            Self::Io { .. } => Problem::new(
                "sandbox.failed",
                self.to_string(),
                "run `swarm doctor`, then `swarm ticket retry`",
            ),
            Self::NoGuest => Problem::new(
                "sandbox.no_guest",
                self.to_string(),
                "put `swarm-guest` beside the `swarm` program (`cargo build --release -p swarm-guest` makes it), or name it \
                 in SWARM_GUEST",
            ),
            Self::Setup { mend, .. } => Problem::new("sandbox.setup_failed", self.to_string(), mend.clone()),
            Self::Gone { .. } => Problem::new(
                "sandbox.vm_gone",
                self.to_string(),
                "nothing at first: the step is done again in another microVM; if it stays so, run `swarm sandbox doctor`",
            ),
            Self::Full { .. } => Problem::new(
                "sandbox.full",
                self.to_string(),
                "nothing: the step is done again when there is room; for more at once give agents smaller limits, or the \
                 host more memory",
            ),
            Self::Stopped { .. } => Problem::new(
                "sandbox.stopped",
                self.to_string(),
                "nothing: the step is done again in another sandbox; to stop the work itself, run `swarm ticket cancel`",
            ),
            Self::NoSpace { .. } => Problem::new(
                "sandbox.no_space",
                self.to_string(),
                "free some of the data folder's disk (`swarm doctor` shows it), then try again",
            ),
            Self::Invalid { .. } => {
                Problem::new("sandbox.invalid", self.to_string(), "correct the agent file or the command")
            }
        }
    }
}
