//! Proof of the log for people who do not trust its owner: signed checkpoints, and an export that is checked with
//! nothing but a public key.
//!
//! The chain alone shows that an event was changed; who owns the database can hash all that follow again. A checkpoint
//! says under a signature how many events there were and what the hash of the last one was. Checkpoints stand in a table
//! and in a file beside the database, and belong into the hands of others as well.

mod check;
mod checkpoint;
mod excerpt;
mod excerpt_proof;
mod export;
mod fault;
mod folder;
mod handover;
mod line;
mod note;
mod proof;
mod reading;
mod search;
mod shown;
mod signed;
mod signer;

pub use fault::{Fault, FaultKind};
pub use note::{NoteError, PublicKey};
pub use proof::{ProofReport, SignedHead, prove};
pub use reading::MAX_READINGS_AN_HOUR;
pub use search::{AuditEntry, AuditOrder, AuditPage, AuditSearch, MAX_COUNTED};
pub use shown::{AuditKeys, CheckpointRow};
pub use signed::SignedLog;
pub use signer::Due;

pub(crate) use check::{Signed, check};
