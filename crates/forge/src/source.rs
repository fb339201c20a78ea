//! Where a repository is: a path or an address, read from text that nobody vouches for.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::error::ForgeError;

/// A repository's place. `Display` and `Debug` never show credentials.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A folder on this machine: the top of a work tree, or a bare repository.
    Path {
        /// As git is given it: absolute, no symbolic links.
        path: PathBuf,
        /// The repository's own folder: `.git`, where it points to, or the path itself.
        git_dir: PathBuf,
        bare: bool,
    },
    /// Somewhere else.
    Url {
        /// Without user name, password, query and fragment.
        url: String,
        credentials: Option<Credentials>,
    },
}

/// What an address carried before its host.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// Scheme, host and port that they are for.
    pub scope: String,
    pub user: String,
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path { path, .. } => path.display().fmt(f),
            Self::Url { url, .. } => f.write_str(url),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({self})")
    }
}

impl Source {
    /// Reads a repository argument.
    pub fn parse(text: &str) -> Result<Self, ForgeError> {
        let invalid = |reason| ForgeError::InvalidRepo { repo: redacted(text), reason };
        if text.trim().is_empty() {
            return Err(invalid("it is empty"));
        }
        if text.starts_with('-') {
            return Err(invalid("it would be read as an option"));
        }
        if text.chars().any(char::is_control) {
            return Err(invalid("it holds control characters"));
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return match scheme.to_ascii_lowercase().as_str() {
                "file" if rest.starts_with('/') => Self::at_path(Path::new(rest)),
                "https" | "http" => Self::web(scheme, rest).ok_or_else(|| invalid("it names no host")),
                "ssh" | "git" => Self::plain_address(scheme, rest).ok_or_else(|| invalid("it names no host")),
                _ => Err(invalid("only https, http, ssh, git and file addresses are taken")),
            };
        }
        if is_helper(text) {
            return Err(invalid("transport helpers are refused, they run programs"));
        }
        match text.split_once(':') {
            Some((host, path)) if !host.contains('/') && !Path::new(text).exists() => {
                let name = host.rsplit('@').next().unwrap_or_default();
                if name.is_empty() || name.starts_with('-') || path.is_empty() || path.starts_with('-') {
                    return Err(invalid("it names no host or no path"));
                }
                let user = host.rsplit_once('@').map_or("", |(user, _)| user);
                if user.starts_with('-') || user.contains(':') {
                    return Err(invalid("its user name cannot be used"));
                }
                Ok(Self::Url { url: text.to_owned(), credentials: None })
            }
            _ => Self::at_path(Path::new(text)),
        }
    }

    fn web(scheme: &str, rest: &str) -> Option<Self> {
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info), host),
            None => (None, authority),
        };
        if host.is_empty() || host.starts_with('-') {
            return None;
        }
        let scope = format!("{scheme}://{host}");
        let credentials = user_info.filter(|u| !u.is_empty()).map(|info| {
            let (user, password) = info.split_once(':').unwrap_or((info, ""));
            // A lone token is what hosts take as a user name; git still wants a password beside it.
            let (user, password) = (percent_decoded(user), percent_decoded(password));
            Credentials { scope: scope.clone(), user, password }
        });
        Some(Self::Url { url: format!("{scope}/{path}"), credentials })
    }

    /// ssh and git addresses: a user name is a name there, a password is dropped.
    fn plain_address(scheme: &str, rest: &str) -> Option<Self> {
        let (authority, path) = rest.split_once('/')?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((info, host)) => (info.split(':').next().unwrap_or_default(), host),
            None => ("", authority),
        };
        if host.is_empty() || host.starts_with('-') || user.starts_with('-') {
            return None;
        }
        let at = if user.is_empty() { "" } else { "@" };
        let url = format!("{}://{user}{at}{host}/{path}", scheme.to_ascii_lowercase());
        Some(Self::Url { url, credentials: None })
    }

    /// The repository whose top is just here. Git is not asked to look further up: the answer would depend on where
    /// the user's folders happen to lie.
    fn at_path(given: &Path) -> Result<Self, ForgeError> {
        let no_repo = |exists| ForgeError::NotARepo { path: given.to_owned(), exists };
        let path = given.canonicalize().map_err(|_| no_repo(false))?;
        if !path.is_dir() {
            return Err(no_repo(true));
        }
        if path.to_str().is_none_or(|p| p.chars().any(char::is_control)) {
            return Err(ForgeError::InvalidRepo {
                repo: path.display().to_string(),
                reason: "its path holds characters that cannot be kept as text",
            });
        }
        let dot_git = path.join(".git");
        if dot_git.is_dir() && is_git_dir(&dot_git) {
            return Ok(Self::Path { path, git_dir: dot_git, bare: false });
        }
        if let Ok(pointer) = std::fs::read_to_string(&dot_git)
            && let Some(target) = pointer.strip_prefix("gitdir:")
        {
            let git_dir = path.join(target.trim());
            return if git_dir.join("HEAD").exists() {
                Ok(Self::Path { path, git_dir, bare: false })
            } else {
                Err(no_repo(true))
            };
        }
        if is_git_dir(&path) {
            return Ok(Self::Path { git_dir: path.clone(), path, bare: true });
        }
        Err(no_repo(true))
    }

    pub fn has_credentials(&self) -> bool {
        matches!(self, Self::Url { credentials: Some(_), .. })
    }

    /// What git is given as the repository.
    pub fn address(&self) -> &std::ffi::OsStr {
        match self {
            Self::Path { path, .. } => path.as_os_str(),
            Self::Url { url, .. } => url.as_ref(),
        }
    }
}

/// A repository argument in the form in which it may be stored and shown: a path absolute and without symbolic links,
/// an address without credentials and query.
#[must_use]
pub fn without_credentials(repo: &str) -> String {
    Source::parse(repo).map_or_else(|_| redacted(repo), |source| source.to_string())
}

/// `name::rest` makes git run `git-remote-name`.
fn is_helper(text: &str) -> bool {
    text.split_once("::").is_some_and(|(name, _)| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_'))
    })
}

fn is_git_dir(path: &Path) -> bool {
    path.join("HEAD").exists() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

/// What may be shown of an argument that was refused: nothing that stands before an `@` or behind a `?`.
fn redacted(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let shown = match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        (None, Some((_, host))) if text.contains(':') => host.to_owned(),
        _ => text.to_owned(),
    };
    shown.chars().filter(|c| !c.is_control()).take(200).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                bytes.push(hex(*high).unwrap_or_default() * 16 + hex(*low).unwrap_or_default());
                rest = after;
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    // A line end would end the value in the credential protocol.
    String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_run_a_program_or_be_an_option_is_refused() {
        for bad in [
            "",
            " ",
            "-rf",
            "--upload-pack=touch /tmp/x",
            "ext::sh -c touch% /tmp/x",
            "fd::17",
            "ssh://-oProxyCommand=x/y",
            "ssh://u@-oProxyCommand=x/y",
            "-oProxyCommand=x:y",
            "u@-oProxyCommand=x:y",
            "https://",
            "https:///path",
            "gopher://host/x",
            "file://host/x",
            "a\nb",
        ] {
            let error = Source::parse(bad).unwrap_err();
            assert_eq!(error.problem().code, "forge.invalid_repo", "{bad:?}");
        }
    }

    #[test]
    fn credentials_are_kept_apart_and_never_shown() {
        let source = Source::parse("https://me:s%40cret@example.org:8443/a/b.git?token=s3#x").unwrap();
        assert_eq!(source.to_string(), "https://example.org:8443/a/b.git");
        let Source::Url { credentials: Some(c), .. } = &source else { panic!("an address with credentials") };
        assert_eq!(
            (c.scope.as_str(), c.user.as_str(), c.password.as_str()),
            ("https://example.org:8443", "me", "s@cret")
        );
        assert!(!format!("{source:?} {c:?}").contains("cret"));
        let refused = Source::parse("gopher://me:secret@example.org/x?token=secret").unwrap_err();
        assert!(!refused.to_string().contains("secret"), "{refused}");
    }

    #[test]
    fn addresses_over_ssh_are_read_in_both_spellings() {
        for good in ["git@example.org:team/repo.git", "ssh://git@example.org:22/team/repo.git"] {
            assert_eq!(Source::parse(good).unwrap().to_string(), good);
        }
    }
}
