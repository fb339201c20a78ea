//! Regular expressions that are part of the program.

use std::sync::LazyLock;

use regex::Regex;

/// A regular expression that is compiled when it is first used.
pub(crate) type Pattern = LazyLock<Regex>;

/// Compiles a pattern. For constants only: a fault in one shows in the first test that uses it.
#[expect(clippy::unwrap_used, reason = "the pattern is a constant of the program, not input")]
pub(crate) fn compiled(text: &'static str) -> Regex {
    Regex::new(text).unwrap()
}
