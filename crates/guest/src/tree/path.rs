//! Paths below the work folder, and how bytes that are no text go through JSON.

use std::fmt;

use serde::{Deserialize, Serialize};

const LONGEST_PATH: usize = 4_000;
const LONGEST_NAME: usize = 255;

/// A deeper tree is there to get past something.
const DEEPEST: usize = 128;

/// Git's own: on the host it leads to what all work folders share, or makes git run a program.
const FORBIDDEN: &[u8] = b".git";

/// A path below the work folder: relative, in its plainest form, and not into any `.git`.
///
/// In JSON it is text. Bytes that are no UTF-8, and `%`, are written as `%` and two hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntryPath(Vec<u8>);

/// Why something is no path below the work folder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path {0:?} does not lead into the work folder")]
pub struct PathError(String);

impl EntryPath {
    /// Checks it.
    pub fn new(bytes: &[u8]) -> Result<Self, PathError> {
        let deep = bytes.split(|byte| *byte == b'/').count() > DEEPEST;
        if bytes.len() > LONGEST_PATH || deep || !bytes.split(|byte| *byte == b'/').all(is_name) {
            let start = &bytes[..bytes.len().min(LONGEST_NAME)];
            return Err(PathError(escape(start)));
        }
        Ok(Self(bytes.to_vec()))
    }

    /// What lies in the folder that it names.
    pub fn join(&self, name: &[u8]) -> Result<Self, PathError> {
        Self::new(&[&self.0, b"/".as_slice(), name].concat())
    }

    /// As the kernel takes it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The folder that it lies in, nothing for the work folder itself; and its name there.
    #[must_use]
    pub fn split(&self) -> (Option<Self>, &[u8]) {
        match self.0.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (Some(Self(self.0[..at].to_vec())), &self.0[at + 1..]),
            None => (None, &self.0),
        }
    }

    /// The folders that it lies in, the nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = Self> {
        std::iter::successors(self.split().0, |path| path.split().0)
    }

    /// Whether it lies in the folder that another names, at any depth.
    #[must_use]
    pub fn is_below(&self, folder: &Self) -> bool {
        self.0.strip_prefix(folder.0.as_slice()).is_some_and(|rest| rest.starts_with(b"/"))
    }
}

/// Whether a folder's entry may have this name here.
pub(super) fn is_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..")
        && name.len() <= LONGEST_NAME
        && !name.iter().any(|byte| matches!(byte, b'/' | 0))
        && !name.eq_ignore_ascii_case(FORBIDDEN)
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&escape(&self.0), f)
    }
}

impl From<EntryPath> for String {
    fn from(path: EntryPath) -> Self {
        escape(&path.0)
    }
}

impl TryFrom<String> for EntryPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::new(&unescape(&text).ok_or(PathError(text))?)
    }
}

/// Bytes as text, from which [`unescape`] makes the same bytes again.
pub(super) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text += &chunk.valid().replace('%', "%25");
        chunk.invalid().iter().for_each(|byte| text += &format!("%{byte:02x}"));
    }
    text
}

pub(super) fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.split_at_checked(2)?;
        let pair = std::str::from_utf8(digits.0).ok()?;
        bytes.push(
            pair.bytes()
                .all(|digit| digit.is_ascii_hexdigit())
                .then(|| u8::from_str_radix(pair, 16).ok())??,
        );
        rest = digits.1;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_come_back_from_their_text(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
        }

        #[test]
        fn no_text_makes_a_path_that_leads_outside(text in "[a./%2fgit0]{0,20}") {
            if let Ok(path) = EntryPath::try_from(text) {
                let parts: Vec<_> = path.as_bytes().split(|byte| *byte == b'/').collect();
                prop_assert!(parts.iter().all(|part| !matches!(*part, b"" | b"." | b".." | b".git")));
            }
        }
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        let (long, deep) = ("a".repeat(256), "a/".repeat(128) + "a");
        for bad in [
            "",
            "/etc",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "./a",
            ".git",
            "a/.git/config",
            ".GIT",
            &long,
            &deep,
        ] {
            assert!(EntryPath::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        for bad in ["a%00b", "%2e%2e/a", "a%2", "%+1", "%2fetc"] {
            assert!(EntryPath::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        for good in ["a", ".gitignore", "a/b.c", "ä/%ff", "..a/..."] {
            assert!(EntryPath::try_from(good.to_owned()).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_path_knows_the_folders_it_lies_in() {
        let path = EntryPath::new(b"a/b/c").unwrap();
        assert_eq!(path.ancestors().map(String::from).collect::<Vec<_>>(), ["a/b", "a"]);
        assert!(path.is_below(&EntryPath::new(b"a").unwrap()));
        assert!(!EntryPath::new(b"ab").unwrap().is_below(&EntryPath::new(b"a").unwrap()));
    }
}
