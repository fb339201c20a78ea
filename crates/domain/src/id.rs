//! Identifiers: one id space for everything that can stand on a timeline, each kind a type of its own.

use std::fmt;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use crate::time::Clock;

/// Where fresh ids take their randomness from. Passed in, so that a test or a replay can fix it.
pub trait Entropy: Send + Sync {
    /// 80 fresh random bits.
    fn bytes(&self) -> [u8; 10];
}

/// An id that does not have the form of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {kind} id: expected {expected}")]
pub struct InvalidId {
    /// What was given.
    pub given: String,
    /// The kind of id that was wanted.
    pub kind: &'static str,
    /// The form that is accepted.
    pub expected: &'static str,
}

/// Ids are short and plain so that they can stand in file names, git refs, URLs and trailers unquoted.
fn is_plain(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !text.starts_with(['-', '.'])
        && !text.contains("..")
        && !text.ends_with('.')
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an id.
            pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
                let given = text.into();
                if is_plain(&given) {
                    Ok(Self(given))
                } else {
                    Err(InvalidId {
                        given,
                        kind: $kind,
                        expected: "1 to 64 letters, digits, `-`, `_` or single `.`",
                    })
                }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

ids! {
    /// Who the data belongs to; leads every key in the store.
    TenantId, "tenant";
    /// A repository and the work on it, by name.
    ProjectId, "project";
    /// One version of a spec: `spec_…`, from the hash of its text, so the same text has the same id.
    SpecId, "spec";
    /// A requirement: the spec's own label (`REQ-3`) or `R-…` from the hash of its text.
    RequirementId, "requirement";
    /// A plan for one spec: `plan_…`.
    PlanId, "plan";
    /// A ticket of a plan: `T-…`, from the requirements it serves, so that planning again keeps it.
    TicketId, "ticket";
    /// One execution of a plan: `run_…`.
    RunId, "run";
    /// One look at code and spec: `survey_…`.
    SurveyId, "survey";
    /// One try at a ticket by one agent: `<ticket>.<n>` within its run.
    AttemptId, "attempt";
    /// A commit's object name in git.
    CommitId, "commit";
    /// An attempt that is offered to workers elsewhere: `claim_…`, from its run and attempt.
    ClaimId, "claim";
    /// A question to people: `int_…`, from what it is about.
    InterruptId, "interrupt";
    /// A message to a person or a room: `ntf_…`.
    NotificationId, "notification";
    /// A browser that takes messages: `browser_…`.
    BrowserId, "browser";
    /// Who works, by name: a process that works on a database, or a worker that claims tickets over HTTP.
    NodeId, "node";
    /// A secret, by name, within its project or among those for all.
    SecretName, "secret";
    /// A legal hold, by the name that it was given.
    HoldId, "hold";
    /// What some nodes have and some work needs: `gpu`, `eu`.
    Label, "label";
    /// A sandbox while it lives: `vm_…`.
    SandboxId, "sandbox";
    /// A sandbox as it was at a moment: `snapshot_…`.
    SnapshotId, "snapshot";
    /// A person's account: `user_…`.
    UserId, "user";
    /// A time in which somebody is signed in: `session_…`.
    SessionId, "session";
    /// A passkey, by which somebody signs in: `passkey_…`.
    PasskeyId, "passkey";
    /// An API key: `key_…`.
    KeyId, "key";
    /// What an API key is called.
    KeyName, "name of a key";
    /// Who else says who somebody is, by the name that it has in the configuration: `github`.
    ProviderName, "provider";
    /// An invitation to make an account: `invite_…`.
    InvitationId, "invitation";
}

macro_rules! minted {
    ($($name:ident, $prefix:literal;)*) => {$(
        impl $name {
            /// A fresh id: sortable by time, unique across nodes (a ULID behind the kind's prefix).
            #[must_use]
            pub fn mint(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(format!(concat!($prefix, "_{}"), ulid(clock, entropy)))
            }
        }
    )*};
}

minted! {
    RunId, "run";
    PlanId, "plan";
    SurveyId, "survey";
    SandboxId, "vm";
    SnapshotId, "snapshot";
    UserId, "user";
    SessionId, "session";
    PasskeyId, "passkey";
    KeyId, "key";
    InvitationId, "invite";
    NotificationId, "ntf";
    BrowserId, "browser";
}

fn ulid(clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    let millis = u64::try_from(clock.now().timestamp_millis()).unwrap_or_default();
    let mut random = [0_u8; 16];
    random[6..].copy_from_slice(&entropy.bytes());
    Ulid::from_parts(millis, u128::from_be_bytes(random)).to_string().to_lowercase()
}

impl TenantId {
    /// The tenant of a single-team installation.
    #[must_use]
    pub fn local() -> Self {
        Self("local".to_owned())
    }
}

impl SpecId {
    /// The id of a spec with this text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self(format!("spec_{}", short_hash(&[text.as_bytes()], 16)))
    }
}

impl RequirementId {
    /// The id of a requirement that the spec gives no label: white space and case do not change it.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let folded = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        Self(format!("R-{}", short_hash(&[folded.as_bytes()], 6)))
    }
}

impl TicketId {
    /// The id of the `ordinal`-th ticket that serves just these requirements.
    #[must_use]
    pub fn of_requirements(requirements: &[RequirementId], ordinal: usize) -> Self {
        let mut names: Vec<_> = requirements.iter().map(RequirementId::as_str).collect();
        names.sort_unstable();
        let joined = names.join("\n");
        Self(format!("T-{}", short_hash(&[joined.as_bytes(), &ordinal.to_be_bytes()], 5)))
    }
}

impl AttemptId {
    /// The `number`-th attempt (from 1) at a ticket.
    #[must_use]
    pub fn of(ticket: &TicketId, number: u32) -> Self {
        Self(format!("{ticket}.{number}"))
    }
}

impl ClaimId {
    /// The claim by which this attempt is offered.
    #[must_use]
    pub fn of(run: &RunId, attempt: &AttemptId) -> Self {
        let parts = [run.as_str().as_bytes(), attempt.as_str().as_bytes()];
        Self(format!("claim_{}", short_hash(&parts, 16)))
    }
}

impl InterruptId {
    /// The question of a run that is about this, told apart by its parts.
    #[must_use]
    pub fn of(run: &RunId, about: &[&str]) -> Self {
        let parts: Vec<&[u8]> = [run.as_str()].iter().chain(about).map(|part| part.as_bytes()).collect();
        Self(format!("int_{}", short_hash(&parts, 12)))
    }
}

/// The first `len` characters of a BLAKE3 hash in Crockford's base 32 (no I, L, O, U to misread).
fn short_hash(parts: &[&[u8]], len: usize) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let hash = hasher.finalize();
    hash.as_bytes().iter().take(len).map(|b| char::from(ALPHABET[usize::from(b % 32)])).collect()
}

/// The BLAKE3 hash of a blob, in hex: its name in the blob store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
#[serde(try_from = "String", into = "String")]
pub struct BlobHash(String);

impl BlobHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).to_hex().to_string())
    }

    /// Reads 64 lower-case hex digits.
    pub fn parse(text: impl Into<String>) -> Result<Self, InvalidId> {
        let given = text.into();
        if given.len() == 64 && given.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(given))
        } else {
            Err(InvalidId { given, kind: "blob", expected: "64 lower-case hex digits" })
        }
    }

    /// The hash in hex.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for BlobHash {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl From<BlobHash> for String {
    fn from(hash: BlobHash) -> String {
        hash.0
    }
}

/// What makes doing a thing twice the same as doing it once: the run and the step that does it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key from its parts, outermost first.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        Self(parts.join("/"))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_leave_its_folder_is_refused() {
        for bad in ["", "..", "a/b", "../x", "-rf", "a..b", "a b", ".git", "x.", &"x".repeat(65)] {
            assert!(RunId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_same_requirement_text_has_the_same_id_whatever_its_white_space() {
        assert_eq!(RequirementId::of_text("Counts  words\n"), RequirementId::of_text("counts words"));
        assert_ne!(RequirementId::of_text("counts words"), RequirementId::of_text("counts lines"));
    }

    #[test]
    fn a_ticket_keeps_its_id_when_its_requirements_are_listed_in_another_order() {
        let a = RequirementId::parse("REQ-1").unwrap();
        let b = RequirementId::parse("REQ-2").unwrap();
        assert_eq!(
            TicketId::of_requirements(&[a.clone(), b.clone()], 0),
            TicketId::of_requirements(&[b, a.clone()], 0)
        );
        assert_ne!(
            TicketId::of_requirements(std::slice::from_ref(&a), 0),
            TicketId::of_requirements(&[a], 1)
        );
    }
}
