//! Where a request comes from. What a proxy says of it counts where the proxy is one that was named.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};

use crate::{
    app::App,
    listen::{Arrived, By},
    network::Network,
    refusal::{Refusal, Reply},
};

/// The address that a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Which.
    pub(crate) address: IpAddr,
    /// Whether it is a program of this machine, at the door that is for those, and called through no proxy.
    pub(crate) is_local: bool,
}

impl Caller {
    /// The address; of IPv6 the network that one customer has.
    pub(crate) fn network(self) -> IpAddr {
        network(self.address)
    }
}

/// The address itself; of IPv6, where everybody has 2^64 at hand, the network that one customer has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from(u128::from(address) >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

/// Finds out where the request comes from.
pub(super) async fn find(State(app): State<App>, mut request: Request, next: Next) -> Reply<Response> {
    let Some(arrived) = request.extensions().get::<Arrived>().copied() else {
        return Err(Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR));
    };
    let address = of(arrived.peer.ip(), &app.config.trusted_proxies, request.headers());
    let is_local = arrived.by == By::Loopback && address.is_loopback();
    let caller = Caller { address, is_local };
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The nearest address that is no trusted proxy's. Each proxy adds who called it at the end, so that the list is read
/// from there: what stands before the first stranger is what that stranger says.
fn of(peer: IpAddr, trusted: &[Network], headers: &HeaderMap) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut nearest = peer.to_canonical();
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let mut said = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    while is_trusted(nearest) {
        // A proxy that says nothing, or no address, is itself who calls.
        let Some(address) = said.next().and_then(address) else { break };
        nearest = address;
    }
    nearest
}

/// An address as proxies write it: some add a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = plain.parse().ok().or_else(|| text.parse().ok().map(|whole: SocketAddr| whole.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

impl FromRequestParts<App> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Reply<Self> {
        let found = parts.extensions.get().copied();
        found.ok_or_else(|| Refusal::of_status(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn caller(peer: &str, trusted: &[&str], lines: &[&str]) -> String {
        let trusted: Vec<_> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        of(peer.parse().unwrap(), &trusted, &headers).to_string()
    }

    #[test]
    fn nobody_can_say_where_they_come_from_but_a_proxy_that_was_named() {
        assert_eq!(caller("192.0.2.1", &[], &["203.0.113.7"]), "192.0.2.1");
        assert_eq!(caller("192.0.2.1", &["10.0.0.0/8"], &["203.0.113.7"]), "192.0.2.1");
        assert_eq!(caller("10.0.0.1", &["10.0.0.0/8"], &["203.0.113.7"]), "203.0.113.7");
        // The client itself wrote the first one.
        assert_eq!(caller("10.0.0.1", &["10.0.0.0/8"], &["127.0.0.1, 203.0.113.7"]), "203.0.113.7");
        let two = ["127.0.0.1", "203.0.113.7, 10.0.0.9"];
        assert_eq!(caller("10.0.0.1", &["10.0.0.0/8"], &two), "203.0.113.7");
    }

    #[test]
    fn a_proxy_that_says_no_address_is_itself_who_calls() {
        for said in ["", "unknown", "203.0.113.7, é", "203.0.113.7, ", "x, _hidden"] {
            assert_eq!(caller("10.0.0.1", &["10.0.0.1"], &[said]), "10.0.0.1", "{said:?}");
        }
        assert_eq!(caller("10.0.0.1", &["10.0.0.1"], &[]), "10.0.0.1");
        assert_eq!(caller("10.0.0.1", &["10.0.0.0/8"], &["10.0.0.2"]), "10.0.0.2");
    }

    #[test]
    fn addresses_are_read_in_every_form_that_proxies_write() {
        for (said, is) in [
            ("203.0.113.7:4711", "203.0.113.7"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::ffff:203.0.113.7", "203.0.113.7"),
        ] {
            assert_eq!(caller("::1", &["::1"], &[said]), is);
        }
        assert_eq!(caller("::ffff:10.0.0.1", &["10.0.0.0/8"], &["203.0.113.7"]), "203.0.113.7");
    }
}
