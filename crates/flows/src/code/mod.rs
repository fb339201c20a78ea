//! Source code, read by its grammar and never by its words: what is defined where, which bodies do nothing, which tests
//! test nothing, and how a line could be made wrong on purpose.
//!
//! What is read was written by strangers. A [`Source`] is bounded in bytes, in the length of its lines, in depth and in
//! the parser's steps (steps and not seconds, so that the same text always reads the same); what passes a bound is
//! [`Unread`], and its reader falls back to words. A file with faults of syntax is read around them.
//!
//! To add a language: a variant of [`Language`], its grammar beside it, its kinds of node in `declaration.rs`, and a
//! case in the tests of each file here.

mod assertion;
mod clone;
mod comment;
mod complexity;
mod declaration;
mod function;
mod language;
mod lines;
mod literal;
mod mutant;
mod offer;
mod outline;
mod source;
mod stub;
mod test_case;
mod test_place;
mod trick;

pub use language::Language;
pub use outline::{Item, ItemKind, outline};
pub use source::{MAX_SOURCE_BYTES, Source, Unread};

pub(crate) use clone::{Changed, Repeated, Search, Tokens};
pub(crate) use comment::announcements;
pub(crate) use complexity::functions;
pub(crate) use lines::Lines;
pub(crate) use literal::{Literal, essence, literals};
pub(crate) use mutant::{Mutant, mutants};
pub(crate) use offer::{Offer, offers};
pub(crate) use outline::items;
pub(crate) use stub::stubs;
pub(crate) use test_case::{changed_tests, hollow_tests, is_test_path, live_tests, test_texts};
pub(crate) use test_place::{TestPlace, test_places};
pub(crate) use trick::{Trick, tricks};
