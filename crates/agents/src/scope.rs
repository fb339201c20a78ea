//! What a ticket may write: its globs.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::{error::AgentError, path::WorkPath};

/// The globs of a ticket, ready to match. `*` stays within a folder, `**` crosses folders; case counts.
#[derive(Debug, Clone)]
pub struct Scope {
    globs: Vec<String>,
    set: GlobSet,
}

impl Scope {
    /// Reads globs. None at all allows nothing.
    pub fn new(globs: &[String]) -> Result<Self, AgentError> {
        let fail = |glob: &str, error: &globset::Error| AgentError::Scope {
            glob: glob.to_owned(),
            detail: error.kind().to_string(),
        };
        let mut set = GlobSetBuilder::new();
        for glob in globs {
            let plain = glob.strip_prefix("./").unwrap_or(glob);
            let read = GlobBuilder::new(plain).literal_separator(true).backslash_escape(false).build();
            set.add(read.map_err(|error| fail(glob, &error))?);
        }
        let set = set.build().map_err(|error| fail(error.glob().unwrap_or_default(), &error))?;
        Ok(Self { globs: globs.to_vec(), set })
    }

    /// Whether this path may be written.
    #[must_use]
    pub fn allows(&self, path: &WorkPath) -> bool {
        self.set.is_match(path.as_str())
    }

    /// The globs as the ticket gives them.
    #[must_use]
    pub fn globs(&self) -> &[String] {
        &self.globs
    }

    /// The files that the scope names outright, without a glob.
    pub fn files(&self) -> impl Iterator<Item = WorkPath> {
        self.globs
            .iter()
            .filter(|g| !g.contains(['*', '?', '[', ']', '{', '}']))
            .filter_map(|g| WorkPath::parse(g).ok())
    }

    /// The one file of a scope that is just that file.
    #[must_use]
    pub fn sole_file(&self) -> Option<WorkPath> {
        match self.globs.as_slice() {
            [_] => self.files().next(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(globs: &[&str]) -> Scope {
        Scope::new(&globs.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_star_does_not_cross_a_folder_and_case_counts() {
        let scope = scope(&["textstat/*.py", "docs/**"]);
        let allows = |path: &str| scope.allows(&WorkPath::parse(path).unwrap());
        assert!(allows("textstat/words.py"));
        assert!(allows("docs/a/b.md"));
        assert!(!allows("textstat/deep/words.py"));
        assert!(!allows("TEXTSTAT/words.py"));
        assert!(!allows("textstat/words.PY"));
        assert!(!allows("words.py"));
    }

    #[test]
    fn no_globs_allow_nothing_and_a_bad_glob_is_an_error() {
        assert!(!scope(&[]).allows(&WorkPath::parse("a").unwrap()));
        assert!(Scope::new(&["a[".to_owned()]).is_err());
    }

    #[test]
    fn a_sole_file_is_one_name_and_no_glob() {
        assert_eq!(scope(&["a/b.py"]).sole_file().unwrap().as_str(), "a/b.py");
        assert!(scope(&["a/*.py"]).sole_file().is_none());
        assert!(scope(&["a.py", "b.py"]).sole_file().is_none());
    }
}
