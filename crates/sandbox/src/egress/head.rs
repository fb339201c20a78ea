//! The head of a request: read within bounds, and refused where two readers could understand it differently.
//!
//! What is passed on is written anew from what was understood here. The refusals are for the sake of servers that read
//! a doubtful head in their own way, and so that nobody has to think about which one did.

use http::{HeaderMap, HeaderName, header};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

use super::{
    host::{NotAHost, Target},
    refusal::Refusal,
    terms::Bounds,
};

/// Longer methods are no methods.
const LONGEST_METHOD: usize = 20;

/// Reads until the head is there. Nothing when the client says nothing at all.
pub(super) async fn read<S>(stream: &mut S, bounds: &Bounds) -> Result<Option<Vec<u8>>, Refusal>
where
    S: AsyncRead + Unpin,
{
    let reading = async {
        let mut raw = Vec::with_capacity(1 << 10);
        loop {
            match stream.read_buf(&mut raw).await {
                Ok(0) if raw.is_empty() => return Ok(None),
                Ok(0) => return Err(Refusal::Malformed("it ends before its head does")),
                Err(_) => return Ok(None),
                Ok(_) => {}
            }
            // What comes behind the head may be read with it; only the head counts.
            match end_of(&raw) {
                Some(end) if end <= bounds.head_bytes => return Ok(Some(raw)),
                None if raw.len() <= bounds.head_bytes => {}
                _ => return Err(Refusal::TooLarge("its head")),
            }
        }
    };
    timeout(bounds.head_within, reading).await.unwrap_or(Err(Refusal::TooSlow("the head of the request")))
}

fn end_of(raw: &[u8]) -> Option<usize> {
    raw.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// What a head says.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    /// The host that is asked for, and its port, as they are written.
    pub(super) authority: String,
    /// How many bytes it has.
    pub(super) length: usize,
    is_old: bool,
    host: Option<String>,
}

impl Head {
    /// Understands a head, or says what is doubtful about it.
    pub(super) fn parse(raw: &[u8], bounds: &Bounds) -> Result<Self, Refusal> {
        let length = end_of(raw).ok_or(Refusal::Malformed("it has no end"))?;
        let raw = &raw[..length];
        let lone = |at: usize| raw[at] == b'\n' && (at == 0 || raw[at - 1] != b'\r');
        if raw.starts_with(b"\r") || (0..length).any(lone) {
            return Err(Refusal::Malformed("its lines do not end as lines of HTTP do"));
        }
        let mut lines = vec![httparse::EMPTY_HEADER; bounds.headers];
        let mut request = httparse::Request::new(&mut lines);
        match request.parse(raw) {
            Ok(httparse::Status::Complete(read)) if read == length => {}
            Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooLarge("its number of headers")),
            _ => return Err(Refusal::Malformed("its head is not HTTP/1.1")),
        }
        let is_old = request.version == Some(0);
        let method = request.method.unwrap_or_default().to_owned();
        if method.len() > LONGEST_METHOD {
            return Err(Refusal::Malformed("its method is too long"));
        }
        let host = framing(request.headers, is_old, method == "CONNECT", bounds)?;
        let authority = request.path.unwrap_or_default().to_owned();
        Ok(Self { method, authority, length, is_old, host })
    }

    pub(super) fn is_connect(&self) -> bool {
        self.method == "CONNECT"
    }

    /// What is asked of a proxy: by CONNECT, or with the whole address of what is wanted.
    pub(super) fn target(&mut self) -> Result<Target, Refusal> {
        if self.is_connect() {
            let target = target(&self.authority, None)?;
            return self.agrees(target);
        }
        let whole = self.authority.as_str();
        let Some((scheme, rest)) = whole.split_once("://") else {
            return Err(Refusal::Malformed("it names no host; this is a proxy"));
        };
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(Refusal::Malformed(
                "only http:// is asked for like this; for https:// there is CONNECT",
            ));
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
        self.authority = authority;
        let target = target(&self.authority, Some(80))?;
        self.agrees(target)
    }

    /// What is asked inside a TLS connection that was made for one host: of this host and of no other.
    pub(super) fn is_for(&self, target: &Target) -> Result<(), Refusal> {
        if self.is_connect() || !self.authority.starts_with('/') {
            return Err(Refusal::Malformed("a path is wanted here"));
        }
        self.plain_method()?;
        if self.host.is_none() {
            return Err(Refusal::Malformed("it has no Host"));
        }
        self.named(target)
    }

    fn agrees(&self, target: Target) -> Result<Target, Refusal> {
        self.plain_method()?;
        if self.host.is_none() && !self.is_old {
            return Err(Refusal::Malformed("it has no Host"));
        }
        self.named(&target)?;
        Ok(target)
    }

    fn named(&self, target: &Target) -> Result<(), Refusal> {
        let Some(host) = &self.host else {
            return Ok(());
        };
        match Target::parse(host, Some(target.port)) {
            Ok(named) if named == *target => Ok(()),
            _ => Err(Refusal::Malformed("its Host is another than the one that is asked for")),
        }
    }

    /// A server may answer TRACE with the request itself: with the credential that was added to it.
    fn plain_method(&self) -> Result<(), Refusal> {
        if self.method.eq_ignore_ascii_case("TRACE") || self.method.eq_ignore_ascii_case("TRACK") {
            return Err(Refusal::Method(self.method.clone()));
        }
        Ok(())
    }
}

fn target(authority: &str, usual: Option<u16>) -> Result<Target, Refusal> {
    Target::parse(authority, usual).map_err(|why| match why {
        NotAHost::Address => Refusal::Address(authority.chars().take(100).collect()),
        NotAHost::Malformed => Refusal::Malformed("it does not name a host and port"),
    })
}

/// Checks what says where the body ends, and finds the host.
fn framing(
    headers: &[httparse::Header<'_>],
    is_old: bool,
    is_connect: bool,
    bounds: &Bounds,
) -> Result<Option<String>, Refusal> {
    let (mut host, mut length, mut encoding) = (None, None, None);
    for header in headers {
        // Some servers take `_` for `-`.
        let place = match header.name.to_ascii_lowercase().replace('_', "-").as_str() {
            "host" => &mut host,
            "content-length" => &mut length,
            "transfer-encoding" => &mut encoding,
            _ => continue,
        };
        if header.name.contains('_') {
            return Err(Refusal::Malformed("a header's name is almost that of another"));
        }
        let value =
            std::str::from_utf8(header.value).map_err(|_| Refusal::Malformed("a header is not text"))?;
        if place.replace(value.to_owned()).is_some() {
            return Err(Refusal::Malformed("it has Host, Content-Length or Transfer-Encoding twice"));
        }
    }
    match (&length, &encoding) {
        (Some(_), Some(_)) => {
            return Err(Refusal::Malformed("it has both Content-Length and Transfer-Encoding"));
        }
        (None, Some(encoding)) if is_old || is_connect || !encoding.eq_ignore_ascii_case("chunked") => {
            return Err(Refusal::Malformed("its Transfer-Encoding is not chunked alone"));
        }
        (Some(length), None) => {
            let plain = (1..=19).contains(&length.len()) && length.bytes().all(|b| b.is_ascii_digit());
            let length = length.parse::<u64>().ok().filter(|_| plain);
            let length = length.ok_or(Refusal::Malformed("its Content-Length is no number"))?;
            if is_connect && length > 0 {
                return Err(Refusal::Malformed("CONNECT has no body"));
            }
            if length > bounds.body_bytes {
                return Err(Refusal::TooLarge("its body"));
            }
        }
        _ => {}
    }
    Ok(host)
}

/// Headers that belong to one connection and are not passed on, beside those that `Connection` names.
const OF_THE_CONNECTION: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a header says where a message ends or to whom it goes.
pub(super) fn frames(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "host" | "content-length" | "expect") || OF_THE_CONNECTION.contains(&name)
}

/// Removes what belongs to one connection.
pub(super) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name: &HeaderName| *name != header::CONTENT_LENGTH && *name != header::HOST)
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in OF_THE_CONNECTION {
        headers.remove(*name);
    }
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
