//! Source code, read by its grammar and never by its words: what is defined where, which bodies do nothing, which tests
//! test nothing, and how a line could be made wrong on purpose.
//!
//! What is read was written by strangers. A [`Source`] is bounded in bytes, in the length of its lines, in depth and in
//! the parser's steps (steps and not seconds, so that the same text always reads the same); what passes a bound is
//! [`Unread`], and its reader falls back to words. A file with faults of syntax is read around them.
//!
//! To add a language: a variant of [`Language`], its grammar beside it, its kinds of node in `declaration.rs`, and a
//! case in the tests of each file here.

mod declaration;
mod language;
mod outline;
mod source;

pub use language::Language;
pub use outline::{Item, ItemKind, outline};
pub use source::{MAX_SOURCE_BYTES, Source, Unread};
