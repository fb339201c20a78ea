//! A path inside the work folder, as far as its text alone can tell.
//!
//! Symbolic links are the [`Workspace`](crate::Workspace)'s business: it opens each path through the kernel's jail.

use std::fmt;

/// Bytes of a whole path, and of one of its parts.
const MAX_BYTES: usize = 512;
const MAX_PART_BYTES: usize = 200;
const MAX_PARTS: usize = 24;

/// The names that swarm gives to files that are being written begin like this.
pub(crate) const TEMPORARY: &str = ".swarm-write-";

/// A relative path that does not climb, does not enter `.git`, and has no characters that hide something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkPath(String);

/// Why a text is not such a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathRefusal {
    /// Nothing in it.
    #[error("the path is empty")]
    Empty,
    /// Begins at the root of a file system.
    #[error("the path is absolute; paths are relative to the repository")]
    Absolute,
    /// Has a `..` in it.
    #[error("the path has `..` in it")]
    Climbs,
    /// Leads into git's own folder.
    #[error("the path leads into `.git`")]
    Git,
    /// Has NUL, control, invisible or backslash characters.
    #[error("the path has characters that no path here may have")]
    Characters,
    /// Too long or too deep.
    #[error("the path is too long")]
    TooLong,
    /// One of swarm's own temporary names.
    #[error("the path is a name that swarm keeps for itself")]
    Reserved,
}

impl WorkPath {
    /// Reads a path. A leading `./`, `.` parts and doubled slashes are dropped.
    pub fn parse(text: &str) -> Result<Self, PathRefusal> {
        if text.len() > MAX_BYTES {
            return Err(PathRefusal::TooLong);
        }
        if text.starts_with('/') {
            return Err(PathRefusal::Absolute);
        }
        if text.chars().any(is_hostile) {
            return Err(PathRefusal::Characters);
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => return Err(PathRefusal::Climbs),
                part if part.len() > MAX_PART_BYTES => return Err(PathRefusal::TooLong),
                part if is_git(part) => return Err(PathRefusal::Git),
                part if part.starts_with(TEMPORARY) => return Err(PathRefusal::Reserved),
                part => parts.push(part),
            }
        }
        if parts.is_empty() {
            return Err(PathRefusal::Empty);
        }
        if parts.len() > MAX_PARTS {
            return Err(PathRefusal::TooLong);
        }
        Ok(Self(parts.join("/")))
    }

    /// The path as text, with `/` between its parts.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folders above the last part, outermost first.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        let parent = self.0.rsplit_once('/').map_or("", |(parent, _)| parent);
        parent.split('/').filter(|part| !part.is_empty())
    }
}

impl fmt::Display for WorkPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `.git` by any of the names that some file system takes for it (CVE-2014-9390).
fn is_git(part: &str) -> bool {
    let plain = part.trim_end_matches(['.', ' ']).to_ascii_lowercase();
    plain == ".git" || plain == "git~1" || plain.starts_with(".git:")
}

/// Control characters, backslashes, and what shows as nothing or turns the direction of the text.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || c == '\\'
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_folder_or_hides_something_is_refused() {
        for (text, why) in [
            ("", PathRefusal::Empty),
            ("./.", PathRefusal::Empty),
            ("/etc/passwd", PathRefusal::Absolute),
            ("../x", PathRefusal::Climbs),
            ("a/../../x", PathRefusal::Climbs),
            ("a/..", PathRefusal::Climbs),
            (".git/hooks/pre-commit", PathRefusal::Git),
            ("a/.GIT/config", PathRefusal::Git),
            (".git./config", PathRefusal::Git),
            ("git~1/config", PathRefusal::Git),
            (".g\u{200c}it/config", PathRefusal::Characters),
            ("a\0b", PathRefusal::Characters),
            ("a\nb", PathRefusal::Characters),
            ("..\\x", PathRefusal::Characters),
            (".swarm-write-1", PathRefusal::Reserved),
        ] {
            assert_eq!(WorkPath::parse(text), Err(why), "{text:?}");
        }
        assert_eq!(WorkPath::parse(&"x".repeat(201)), Err(PathRefusal::TooLong));
        assert_eq!(WorkPath::parse(&"x/".repeat(25)), Err(PathRefusal::TooLong));
        assert_eq!(WorkPath::parse(&"xxxxxxxxx/".repeat(60)), Err(PathRefusal::TooLong));
    }

    #[test]
    fn a_plain_path_is_kept_and_a_clumsy_one_is_tidied() {
        assert_eq!(WorkPath::parse("textstat/words.py").unwrap().as_str(), "textstat/words.py");
        assert_eq!(WorkPath::parse("./a//b/./c.py").unwrap().as_str(), "a/b/c.py");
        assert_eq!(WorkPath::parse("..hidden/a..b").unwrap().as_str(), "..hidden/a..b");
        assert_eq!(WorkPath::parse(".github/x").unwrap().folders().collect::<Vec<_>>(), [".github"]);
    }
}
