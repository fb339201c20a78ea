//! Why a sealed value cannot be opened or made, sorted by what the operator can do about it.

use std::path::PathBuf;

use swarm_domain::{Problem, secret::SecretId};

/// Why a sealed value cannot be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum SecretFault {
    /// Sealed values are there, and the file with their key is not. Restore it.
    #[error("the key of the sealed secrets is gone: there is no {}", file.display())]
    KeyLost {
        /// Where it should be.
        file: PathBuf,
    },
    /// Others can read the key.
    #[error("the key of the sealed secrets can be read by others: {} has mode {mode:03o}", file.display())]
    KeyOpen {
        /// The file.
        file: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file with the key is not one that swarm wrote.
    #[error("the key of the sealed secrets cannot be used: {}: {detail}", file.display())]
    KeyUnreadable {
        /// The file.
        file: PathBuf,
        /// What is wrong with it; never what stands in it.
        detail: &'static str,
    },
    /// The value was sealed with a key that is not in the file. Restore that one.
    #[error("the secret {secret} was sealed with the key {recipient}, which is not in {}", file.display())]
    KeyWrong {
        /// Which secret.
        secret: SecretId,
        /// The public half of the key that opens it.
        recipient: String,
        /// The file.
        file: PathBuf,
    },
    /// What is stored is not what was sealed for this secret.
    #[error("the sealed value of {secret} was changed: {detail}")]
    Tampered {
        /// Which secret.
        secret: SecretId,
        /// What is wrong with it.
        detail: &'static str,
    },
    /// The value could not be sealed.
    #[error("a value could not be sealed: {0}")]
    Seal(&'static str),
}

impl SecretFault {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::KeyLost { file } => {
                let next = format!(
                    "restore {} from your backup; where there is none, `swarm secret rekey --lost` gives up what it \
                     opened, and the values are set again",
                    file.display()
                );
                return Problem::new("secret.key_lost", self.to_string(), next);
            }
            Self::KeyOpen { file, .. } => {
                let next = format!(
                    "run `chmod 600 {}`, then `swarm secret rekey`: others may have it",
                    file.display()
                );
                return Problem::new("secret.key_open", self.to_string(), next);
            }
            Self::KeyUnreadable { .. } => (
                "secret.key_unreadable",
                "restore the file from your backup; it holds a line that begins with AGE-SECRET-KEY-1",
            ),
            Self::KeyWrong { .. } => (
                "secret.key_wrong",
                "restore the file that held that key beside the database of the same backup, or set the secret again",
            ),
            Self::Tampered { .. } => (
                "secret.tampered",
                "run `swarm audit verify`, find out who writes into the database, and set the secret again",
            ),
            Self::Seal(_) => ("secret.seal", "run `swarm doctor`; please report it"),
        };
        Problem::new(code, self.to_string(), next)
    }
}
