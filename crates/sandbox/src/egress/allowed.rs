//! Which hosts may be reached: a list of patterns, and nothing that is not on it.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{
    host::{self, Host, NotAHost},
    presets,
};

/// The ports of a pattern that names none: those of the web.
const USUAL_PORTS: [u16; 2] = [80, 443];

/// Patterns that one list may have.
pub const MOST_PATTERNS: usize = 200;

/// One line of a list: `example.org`, `*.example.org` (what is below it, not itself), with or without a `:port`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    below: bool,
    host: Host,
    port: Option<u16>,
}

/// Why a text is no pattern or no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// The host's part is none.
    #[error("`{0}` cannot be allowed: {1}")]
    Host(String, NotAHost),
    /// The port's part is none.
    #[error("`{0}` cannot be allowed: a port is a number from 1 to 65535")]
    Port(String),
    /// It would allow a whole top-level domain, or everything.
    #[error("`{0}` cannot be allowed: below a `*.` there must be at least two names, as in `*.example.org`")]
    TooWide(String),
    /// No preset of that name.
    #[error("there is no preset `{0}`: known are {1}")]
    Preset(String, String),
    /// More than anybody reads.
    #[error("the list has {0} hosts; {MOST_PATTERNS} are taken")]
    TooMany(usize),
}

impl Pattern {
    /// Whether it allows this.
    #[must_use]
    pub fn permits(&self, host: &Host, port: u16) -> bool {
        let host = if self.below { host.is_below(&self.host) } else { *host == self.host };
        host && self.port.map_or_else(|| USUAL_PORTS.contains(&port), |own| own == port)
    }
}

impl FromStr for Pattern {
    type Err = ListFault;

    fn from_str(text: &str) -> Result<Self, ListFault> {
        let (below, rest) = text.strip_prefix("*.").map_or((false, text), |rest| (true, rest));
        let (name, port) = match rest.split_once(':') {
            Some((name, port)) if !port.contains(':') => {
                (name, Some(host::port(port).ok_or_else(|| ListFault::Port(text.to_owned()))?))
            }
            _ => (rest, None),
        };
        let host: Host = name.parse().map_err(|why| ListFault::Host(text.to_owned(), why))?;
        if below && host.labels() < 2 {
            return Err(ListFault::TooWide(text.to_owned()));
        }
        Ok(Self { below, host, port })
    }
}

impl TryFrom<String> for Pattern {
    type Error = ListFault;

    fn try_from(text: String) -> Result<Self, ListFault> {
        text.parse()
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below { "*." } else { "" };
        write!(f, "{star}{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The hosts that may be reached. Empty: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Allowed(BTreeSet<Pattern>);

impl Allowed {
    /// A list of patterns together with the hosts of the presets that are named.
    pub fn of<'a>(
        presets: impl IntoIterator<Item = &'a str>,
        patterns: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ListFault> {
        let mut list = BTreeSet::new();
        for name in presets {
            let preset = presets::named(name)
                .ok_or_else(|| ListFault::Preset(name.to_owned(), presets::names().join(", ")))?;
            list.extend(preset.hosts.iter().cloned());
        }
        for pattern in patterns {
            list.insert(pattern.parse()?);
        }
        if list.len() > MOST_PATTERNS { Err(ListFault::TooMany(list.len())) } else { Ok(Self(list)) }
    }

    /// Whether this host may be reached at this port.
    #[must_use]
    pub fn permits(&self, host: &Host, port: u16) -> bool {
        self.0.iter().any(|pattern| pattern.permits(host, port))
    }

    /// Whether nothing may be reached.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its lines.
    pub fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(pattern: &str, host: &str, port: u16) -> bool {
        Allowed::of([], [pattern]).unwrap().permits(&host.parse().unwrap(), port)
    }

    #[test]
    fn nothing_is_allowed_that_is_not_on_the_list() {
        let none = Allowed::default();
        assert!(none.is_empty() && !none.permits(&"pypi.org".parse().unwrap(), 443));
        assert!(permits("pypi.org", "PYPI.org.", 443) && permits("pypi.org", "pypi.org", 80));
        assert!(!permits("pypi.org", "pypi.org", 22), "a port that is not the web's must be named");
        assert!(!permits("pypi.org", "evil-pypi.org", 443) && !permits("pypi.org", "pypi.org.evil.net", 443));
        assert!(!permits("pypi.org", "files.pypi.org", 443));
    }

    #[test]
    fn a_star_allows_what_is_below_and_a_port_only_itself() {
        assert!(
            permits("*.example.org", "a.example.org", 443) && permits("*.example.org", "a.b.example.org", 80)
        );
        assert!(
            !permits("*.example.org", "example.org", 443) && !permits("*.example.org", "badexample.org", 443)
        );
        assert!(
            permits("example.org:8443", "example.org", 8443)
                && !permits("example.org:8443", "example.org", 443)
        );
    }

    #[test]
    fn what_would_allow_too_much_or_an_address_is_refused() {
        let fault = |text: &str| text.parse::<Pattern>().unwrap_err().to_string();
        for text in ["*", "*.", "*.org", "a.*.org", "*example.org"] {
            assert!(fault(text).contains("cannot be allowed"), "{text}");
        }
        assert!(fault("10.0.0.1").contains("address") && fault("[::1]:80").contains("address"));
        assert!(fault("pypi.org:0").contains("port") && fault("pypi.org:http").contains("port"));
        assert!(fault("https://pypi.org/simple").contains("cannot be allowed"));
        let error = Allowed::of(["pipy"], []).unwrap_err().to_string();
        assert!(error.contains("`pipy`") && error.contains("pypi"), "{error}");
    }

    #[test]
    fn a_pattern_reads_as_it_is_written() {
        for text in ["pypi.org", "*.example.org", "*.example.org:8443", "a_b.example.org:1"] {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
    }
}
