//! A host as the way out knows it: a name, never an address.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest name that DNS knows.
const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// A host's name in the one form in which names are compared: lower case and without a dot at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Host(String);

/// Why a text is no [`Host`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAHost {
    /// An address, in one of its many ways of writing.
    #[error("it is an address; only names can be allowed")]
    Address,
    /// Nothing that DNS could know.
    #[error("it is no host name: letters, digits, `-` and `_` between dots are wanted (punycode for others)")]
    Malformed,
}

impl Host {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is below `other`, at any depth, and not `other` itself.
    #[must_use]
    pub fn is_below(&self, other: &Self) -> bool {
        self.0.strip_suffix(&other.0).is_some_and(|rest| rest.ends_with('.'))
    }

    /// How many names stand between its dots.
    pub(super) fn labels(&self) -> usize {
        self.0.split('.').count()
    }
}

impl FromStr for Host {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<Self, NotAHost> {
        if text.starts_with('[') || text.contains(':') {
            return Err(NotAHost::Address);
        }
        let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let byte = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        let label = |l: &str| (1..=LONGEST_LABEL).contains(&l.len()) && l.bytes().all(byte);
        if name.len() > LONGEST || !name.split('.').all(label) {
            return Err(NotAHost::Malformed);
        }
        // The system's resolver takes `127.1`, `0x7f.1` and `2130706433` for addresses. No name of DNS ends in a number.
        let last = name.rsplit('.').next().unwrap_or_default();
        let digits = last.bytes().all(|b| b.is_ascii_digit());
        let hexadecimal =
            last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()));
        if digits || hexadecimal { Err(NotAHost::Address) } else { Ok(Self(name)) }
    }
}

impl TryFrom<String> for Host {
    type Error = NotAHost;

    fn try_from(text: String) -> Result<Self, NotAHost> {
        text.parse()
    }
}

impl From<Host> for String {
    fn from(host: Host) -> Self {
        host.0
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host and a port of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: Host,
    pub(super) port: u16,
}

impl Target {
    /// Reads `host` or `host:port`. Without a usual port one must be given.
    pub(super) fn parse(authority: &str, usual: Option<u16>) -> Result<Self, NotAHost> {
        if authority.starts_with('[') {
            return Err(NotAHost::Address);
        }
        let (host, port) = match authority.split_once(':') {
            // An address of version 6 without its brackets.
            Some((_, port)) if port.contains(':') => {
                let address = authority.bytes().all(|b| b.is_ascii_hexdigit() || b":.%".contains(&b));
                return Err(if address { NotAHost::Address } else { NotAHost::Malformed });
            }
            Some((host, port)) => (host, Some(self::port(port).ok_or(NotAHost::Malformed)?)),
            None => (authority, None),
        };
        let port = port.or(usual).ok_or(NotAHost::Malformed)?;
        Ok(Self { host: host.parse()?, port })
    }
}

/// A port: digits only, so that no two readers of the same text understand it differently.
pub(super) fn port(text: &str) -> Option<u16> {
    let plain = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| plain && *port != 0)
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_no_host_however_it_is_written() {
        for text in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.01",
            "169.254.169.254",
            "127.0.0.1.",
            "1.2.3.0x4",
            "[::1]",
            "::1",
            "::ffff:127.0.0.1",
            "fd00:ec2::254",
            "0x",
        ] {
            assert_eq!(text.parse::<Host>(), Err(NotAHost::Address), "{text}");
        }
    }

    #[test]
    fn what_dns_cannot_know_is_no_host() {
        let long = format!("{}.org", "a".repeat(64));
        let longer = format!("{}org", "abcdefg.".repeat(40));
        for text in
            ["", ".", "a..b", "a b", "a/b", "a@b", "a%2eb", "bücher.de", "a\0b", "*.b", &long, &longer]
        {
            assert_eq!(text.parse::<Host>(), Err(NotAHost::Malformed), "{text}");
        }
    }

    #[test]
    fn a_name_is_compared_in_lower_case_and_without_the_last_dot() {
        assert_eq!("PyPI.Org.".parse::<Host>().unwrap().as_str(), "pypi.org");
        assert_eq!("pypi.org..".parse::<Host>(), Err(NotAHost::Malformed));
        let host = |text: &str| text.parse::<Host>().unwrap();
        assert!(host("a.b.example.org").is_below(&host("example.org")));
        assert!(!host("example.org").is_below(&host("example.org")));
        assert!(!host("badexample.org").is_below(&host("example.org")));
    }

    #[test]
    fn a_port_is_digits_and_nothing_else() {
        for (text, read) in
            [("443", Some(443)), ("0", None), ("+80", None), ("65536", None), ("", None), ("080", Some(80))]
        {
            assert_eq!(port(text), read, "{text}");
        }
        assert_eq!(Target::parse("pypi.org:443", None).unwrap().to_string(), "pypi.org:443");
        assert_eq!(Target::parse("pypi.org", None), Err(NotAHost::Malformed));
        assert_eq!(Target::parse("::1:80", Some(80)), Err(NotAHost::Address));
        assert_eq!(Target::parse("http://a.org:80", None), Err(NotAHost::Malformed));
        assert_eq!(Target::parse("user@pypi.org:80", None), Err(NotAHost::Malformed));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_never_read_as_an_address_elsewhere(text in "[0-9a-fx.:\\[\\]]{1,24}") {
            if let Ok(host) = text.parse::<Host>() {
                prop_assert!(host.as_str().parse::<std::net::IpAddr>().is_err());
                prop_assert!(host.as_str().parse::<Host>() == Ok(host.clone()));
            }
        }
    }
}
