//! A place in code: a path and lines.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Thing;
use crate::scope::RelativePath;

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Citation {
    /// Relative to the root of the repository.
    pub path: String,
    /// Its first line, from 1.
    pub first_line: u32,
    /// Its last line.
    pub last_line: u32,
}

/// A text that names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no place in code: expected `path:12` or `path:12-20`")]
pub struct InvalidCitation {
    /// What was given, cut to a bound.
    pub given: String,
}

impl Citation {
    /// Reads `path:12` or `path:12-20`.
    ///
    /// ```
    /// use swarm_domain::derived::Citation;
    ///
    /// let place = Citation::parse("src/count.py:4-12").unwrap();
    /// assert_eq!((place.first_line, place.last_line), (4, 12));
    /// assert!(Citation::parse("../etc/passwd:1").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, InvalidCitation> {
        let invalid = || InvalidCitation { given: text.chars().take(120).collect() };
        let (path, lines) = text.trim().rsplit_once(':').ok_or_else(invalid)?;
        let (first, last) = lines.split_once('-').unwrap_or((lines, lines));
        let number = |text: &str| text.trim().trim_start_matches('L').parse::<u32>().map_err(|_| invalid());
        let (first_line, last_line) = (number(first)?, number(last)?);
        let path = RelativePath::parse(path).map_err(|_| invalid())?.to_string();
        if first_line == 0 || last_line < first_line {
            return Err(invalid());
        }
        Ok(Self { path, first_line, last_line })
    }

    /// Whether the two have a line in common.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.path == other.path && self.first_line <= other.last_line && other.first_line <= self.last_line
    }

    /// Whether it says where a thing is defined or tested: all its lines exist, and one of them is the thing's. `length`
    /// gives the lines of a file; none where there is no such file.
    #[must_use]
    pub fn holds(&self, thing: &Thing, length: impl Fn(&str) -> Option<u32>) -> bool {
        let exists = length(&self.path).is_some_and(|length| self.last_line <= length);
        exists && (self.meets(&thing.at) || thing.tests.iter().any(|test| self.meets(&test.at)))
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, first_line, last_line } = self;
        if first_line == last_line {
            write!(f, "{path}:{first_line}")
        } else {
            write!(f, "{path}:{first_line}-{last_line}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_names_no_place_is_refused() {
        for bad in [
            "",
            "a.py",
            "a.py:",
            "a.py:0",
            "a.py:5-4",
            "a.py:x",
            "/etc/passwd:1",
            "../a.py:1",
            ":3",
            "a.py:1-2-3",
        ] {
            assert!(Citation::parse(bad).is_err(), "{bad}");
        }
        assert!(Citation::parse(&"x".repeat(9_000)).unwrap_err().given.len() <= 120);
    }

    proptest! {
        #[test]
        fn a_citation_is_read_as_it_is_written(first in 1_u32..9_999, more in 0_u32..99) {
            let place = Citation { path: "src/a.py".to_owned(), first_line: first, last_line: first + more };
            prop_assert_eq!(Citation::parse(&place.to_string()).unwrap(), place);
        }
    }
}
