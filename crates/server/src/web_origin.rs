//! Where a web page is from, as browsers say it in `Origin`: `https://board.example.org`.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A scheme, a host and, where it is not the scheme's own, a port (RFC 6454). Compared as a whole, never by a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebOrigin {
    is_secure: bool,
    authority: String,
}

/// Not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not where a page is from: write it like https://board.example.org, without a path")]
pub struct InvalidOrigin(String);

impl WebOrigin {
    /// The origin of pages that are had over plain HTTP from this host, with its port.
    pub(crate) fn plain(authority: &str) -> Self {
        Self { is_secure: false, authority: authority.to_ascii_lowercase() }
    }

    /// The origin of the page at this address; none where it has none.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        format!("{scheme}://{}", rest.split('/').next()?).parse().ok()
    }

    /// Whether its pages are had over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// The host, and the port where it is not the scheme's own: what stands in `Host`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The host alone; an IPv6 address stands in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        match self.authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => host,
            _ => &self.authority,
        }
    }
}

impl FromStr for WebOrigin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let fail = || InvalidOrigin(text.chars().take(100).collect());
        let (is_secure, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(fail()),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let port: Option<u16> = port.map(|port| port.parse().map_err(|_| fail())).transpose()?;
        let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match in_brackets {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.len() <= 253
                    && host.split('.').all(|label| {
                        !label.is_empty()
                            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                    })
            }
        };
        if !is_host {
            return Err(fail());
        }
        let usual = if is_secure { 443 } else { 80 };
        let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Self { is_secure, authority: format!("{}{port}", host.to_ascii_lowercase()) })
    }
}

impl TryFrom<String> for WebOrigin {
    type Error = InvalidOrigin;

    fn try_from(text: String) -> Result<Self, InvalidOrigin> {
        text.parse()
    }
}

impl From<WebOrigin> for String {
    fn from(origin: WebOrigin) -> Self {
        origin.to_string()
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for (text, is) in [
            ("https://Board.Example.org", "https://board.example.org"),
            ("https://board.example.org:443", "https://board.example.org"),
            ("http://board.example.org:443", "http://board.example.org:443"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:4180", "http://[::1]:4180"),
            ("http://localhost", "http://localhost"),
        ] {
            assert_eq!(text.parse::<WebOrigin>().unwrap().to_string(), is);
        }
        for bad in [
            "",
            "*",
            "null",
            "board.example.org",
            "https://",
            "https://*.example.org",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "https://a:b",
            "https://a:70000",
            "ftp://a",
            "https://a b",
            "https://a..b",
            "https://[::1",
            "https://é.org",
            "HTTPS://a",
        ] {
            assert!(bad.parse::<WebOrigin>().is_err(), "{bad}");
        }
    }
}
