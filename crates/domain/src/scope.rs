//! Which files a ticket may touch, and which paths may be named at all.

use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::problem::Problem;

/// A path inside a repository, in one normal form: relative, `/` between parts, no `.` or `..`, not inside `.git`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelativePath(String);

/// A path that could lead out of the repository, or into git's own files.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a path inside the repository: {reason}")]
pub struct UnsafePath {
    /// What was given, cut to a bound.
    pub given: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The longest path that is taken, in bytes: PATH_MAX on Linux leaves room for the folder of the worktree.
const MAX_PATH: usize = 1024;

impl RelativePath {
    /// Reads a path. A leading `./` is dropped; everything else must already be in normal form.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, UnsafePath> {
        let given = text.as_ref();
        let mut plain = given;
        while let Some(rest) = plain.strip_prefix("./") {
            plain = rest;
        }
        match fault(plain) {
            None => Ok(Self(plain.to_owned())),
            Some(reason) => Err(UnsafePath { given: given.chars().take(80).collect(), reason }),
        }
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> String {
        path.0
    }
}

fn fault(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        Some("it is empty")
    } else if path.len() > MAX_PATH {
        Some("it is too long")
    } else if path.starts_with(['/', '~']) {
        Some("it is absolute")
    } else if path.contains('\\') {
        Some("it holds a backslash")
    } else if path.chars().any(char::is_control) {
        Some("it holds a control character")
    } else if path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic() {
        Some("it names a drive")
    } else {
        path.split('/').find_map(|part| match part {
            "" => Some("it has an empty part"),
            "." | ".." => Some("it has a `.` or `..` part"),
            // Compared without case: some file systems do not tell `.GIT` from `.git`.
            part if part.eq_ignore_ascii_case(".git") => Some("it leads into `.git`"),
            part if part != part.trim() => Some("a part begins or ends with white space"),
            _ => None,
        })
    }
}

/// The files that a ticket may touch, as globs: `*` stays within a folder, `**` crosses folders.
#[derive(Debug, Clone)]
pub struct Scope {
    globs: Vec<String>,
    matcher: GlobSet,
}

/// A glob that cannot be used as a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` cannot be a scope: {reason}")]
pub struct InvalidScope {
    /// The glob, cut to a bound.
    pub glob: String,
    /// What is wrong with it.
    pub reason: String,
}

impl InvalidScope {
    /// The problem as people and programs meet it.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let next = "name files or folders relative to the root of the repository, such as `src/words.py` or `src/**`";
        Problem::new("plan.invalid_scope", self.to_string(), next)
    }
}

impl Scope {
    /// The scope of these globs. None allow nothing.
    pub fn new(globs: &[String]) -> Result<Self, InvalidScope> {
        let invalid =
            |glob: &str, reason: String| InvalidScope { glob: glob.chars().take(80).collect(), reason };
        let mut set = GlobSetBuilder::new();
        let mut kept = Vec::with_capacity(globs.len());
        for glob in globs {
            let path = RelativePath::parse(glob).map_err(|e| invalid(glob, e.reason.to_owned()))?;
            let built = GlobBuilder::new(path.as_str())
                .literal_separator(true)
                .build()
                .map_err(|e| invalid(glob, e.kind().to_string()))?;
            set.add(built);
            kept.push(path.0);
        }
        let matcher = set.build().map_err(|e| invalid(&kept.join(" "), e.kind().to_string()))?;
        Ok(Self { globs: kept, matcher })
    }

    /// Whether a file may be touched. A path that is not safe never may.
    #[must_use]
    pub fn allows(&self, path: &str) -> bool {
        RelativePath::parse(path).is_ok_and(|p| p.as_str() == path && self.matcher.is_match(path))
    }

    /// Whether some file may be in both scopes. Errs on the side of yes where two patterns meet.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.globs.iter().any(|a| other.globs.iter().any(|b| may_meet(a, b)))
    }

    /// The file, where the scope is just one.
    #[must_use]
    pub fn single_file(&self) -> Option<&str> {
        match self.globs.as_slice() {
            [one] if !is_pattern(one) => Some(one),
            _ => None,
        }
    }

    /// The files that are named as such, not by a pattern.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.globs.iter().map(String::as_str).filter(|g| !is_pattern(g))
    }

    /// Whether every glob names one file.
    #[must_use]
    pub fn is_concrete(&self) -> bool {
        !self.globs.iter().any(|g| is_pattern(g))
    }

    /// The globs, in normal form.
    #[must_use]
    pub fn globs(&self) -> &[String] {
        &self.globs
    }
}

/// Whether a glob stands for more than the one file that it spells.
pub(crate) fn is_pattern(glob: &str) -> bool {
    glob.contains(['*', '?', '[', '{'])
}

/// Whether a glob reaches into every folder of the repository.
pub(crate) fn is_everything(glob: &str) -> bool {
    glob.split('/').next().is_some_and(|first| first == "*" || first.contains("**"))
}

fn may_meet(a: &str, b: &str) -> bool {
    // Alternatives and classes may hold a `/`, so that parts cannot be told apart: only fixed beginnings count.
    if a.contains(['{', '[']) || b.contains(['{', '[']) {
        let fixed = |g: &str| g.find(['*', '?', '[', '{']).unwrap_or(g.len());
        let (x, y) = (&a.as_bytes()[..fixed(a)], &b.as_bytes()[..fixed(b)]);
        let shared = x.len().min(y.len());
        return x[..shared] == y[..shared];
    }
    let a: Vec<&str> = a.split('/').collect();
    let b: Vec<&str> = b.split('/').collect();
    // meets[j]: whether the parts of `a` from i on can meet those of `b` from j on.
    let mut below = vec![false; b.len() + 1];
    for i in (0..=a.len()).rev() {
        let mut row = vec![false; b.len() + 1];
        for j in (0..=b.len()).rev() {
            row[j] = match (a.get(i), b.get(j)) {
                (None, None) => true,
                (Some(&"**"), _) if below[j] => true,
                (_, Some(&"**")) if row[j + 1] => true,
                (Some(&"**"), Some(_)) => row[j + 1],
                (Some(_), Some(&"**")) => below[j],
                (Some(x), Some(y)) => below[j + 1] && parts_may_meet(x, y),
                _ => false,
            };
        }
        below = row;
    }
    below[0]
}

fn parts_may_meet(a: &str, b: &str) -> bool {
    match (is_pattern(a), is_pattern(b)) {
        (false, false) => a == b,
        (true, true) => {
            let head = |glob: &str| glob.find(['*', '?']).unwrap_or(glob.len());
            let tail = |glob: &str| glob.rfind(['*', '?']).map_or(0, |at| at + 1);
            let heads = (&a.as_bytes()[..head(a)], &b.as_bytes()[..head(b)]);
            let tails = (&a.as_bytes()[tail(a)..], &b.as_bytes()[tail(b)..]);
            (heads.0.starts_with(heads.1) || heads.1.starts_with(heads.0))
                && (tails.0.ends_with(tails.1) || tails.1.ends_with(tails.0))
        }
        (true, false) => part_matches(a, b),
        (false, true) => part_matches(b, a),
    }
}

fn part_matches(pattern: &str, part: &str) -> bool {
    GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .is_ok_and(|g| g.compile_matcher().is_match(part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scope(globs: &[&str]) -> Scope {
        Scope::new(&globs.iter().map(|&g| g.to_owned()).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_path_that_leads_out_of_the_repository_is_refused() {
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../b",
            "a//b",
            "~/x",
            ".git/config",
            "a/.GIT/hooks",
            "a\\b",
            "a\nb",
            "C:/x",
            "a/",
            "./",
            "a\0b",
            ".",
            "a/./b",
            " a",
            &"x".repeat(2000),
        ] {
            assert!(RelativePath::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(RelativePath::parse("./a/b.py").unwrap().as_str(), "a/b.py");
        assert_eq!(RelativePath::parse(".gitignore").unwrap().as_str(), ".gitignore");
    }

    #[test]
    fn a_scope_with_a_bad_glob_is_refused_with_its_reason() {
        for bad in ["../**", "/x", "a[", "a{b"] {
            let error = Scope::new(&[bad.to_owned()]).unwrap_err();
            assert_eq!(error.problem().code, "plan.invalid_scope", "{bad:?}");
        }
    }

    #[test]
    fn an_empty_scope_allows_nothing() {
        assert!(!scope(&[]).allows("a.py"));
    }

    #[test]
    fn one_star_stays_within_its_folder() {
        let src = scope(&["src/*.py"]);
        assert!(src.allows("src/a.py"));
        assert!(!src.allows("src/deep/a.py"));
        assert!(!src.allows("src/../src/a.py"));
        assert!(!src.allows("SRC/a.py") && !src.allows("src/a.PY") && !src.allows("a.py"), "case counts");
        assert!(scope(&["src/**"]).allows("src/deep/a.py"));
    }

    #[test]
    fn scopes_that_share_a_file_overlap_and_others_do_not() {
        for (a, b, expected) in [
            ("a.py", "a.py", true),
            ("a.py", "b.py", false),
            ("src/**", "src/x/y.py", true),
            ("src/**", "lib/x.py", false),
            ("src/*.py", "src/deep/x.py", false),
            ("**/*.py", "src/deep/x.py", true),
            ("src/a*.py", "src/b*.py", false),
            ("src/a*.py", "src/*b.py", true),
            ("src/*.rs", "src/*.py", false),
            ("**/a", "**/b", false),
            ("**", "x", true),
            ("src/{a,b}.py", "src/c.py", true),
            ("src/{a,b}.py", "lib/c.py", false),
        ] {
            assert_eq!(scope(&[a]).overlaps(&scope(&[b])), expected, "{a} {b}");
            assert_eq!(scope(&[b]).overlaps(&scope(&[a])), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_a_scope_of_one_plain_file_is_a_single_file() {
        assert_eq!(scope(&["a.py"]).single_file(), Some("a.py"));
        assert_eq!(scope(&["*.py"]).single_file(), None);
        assert_eq!(scope(&["a.py", "b.py"]).single_file(), None);
    }

    proptest! {
        #[test]
        fn a_file_that_both_scopes_allow_is_an_overlap(
            a in "[ab*?]{1,3}(/([ab*]{1,2}|\\*\\*)){0,2}",
            b in "[ab*?]{1,3}(/([ab*]{1,2}|\\*\\*)){0,2}",
            path in "[ab]{1,3}(/[ab]{1,2}){0,3}",
        ) {
            if let (Ok(x), Ok(y)) = (Scope::new(&[a]), Scope::new(&[b]))
                && x.allows(&path)
                && y.allows(&path)
            {
                prop_assert!(x.overlaps(&y), "{:?} {:?} {path}", x.globs(), y.globs());
            }
        }

        #[test]
        fn reading_a_path_never_panics_and_is_idempotent(text in "\\PC{0,40}") {
            if let Ok(path) = RelativePath::parse(&text) {
                prop_assert_eq!(RelativePath::parse(path.as_str()).unwrap(), path);
            }
        }
    }
}
