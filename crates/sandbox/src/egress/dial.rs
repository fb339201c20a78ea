//! From a host's name to a connection: looked up once, judged, and connected to exactly as judged.

use std::net::SocketAddr;

use swarm_domain::address::{Standing, standing};
use tokio::{
    net::{TcpStream, lookup_host},
    time::{Instant, timeout_at},
};

use super::{host::Target, refusal::Refusal, terms::Terms};

/// Addresses of one host that are tried.
const MOST_ADDRESSES: usize = 8;

/// Connects to a target that is on the list.
pub(super) async fn dial(terms: &Terms, target: &Target) -> Result<TcpStream, Refusal> {
    let until = Instant::now() + terms.bounds.connect_within;
    let addresses = addresses(terms, target, until).await?;
    let mut detail = String::new();
    for address in addresses {
        match timeout_at(until, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // A small request is not to wait for more of it.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Ok(Err(error)) => detail = error.to_string(),
            Err(_) => return Err(Refusal::TooSlow("connecting")),
        }
    }
    Err(Refusal::Unreachable { target: target.clone(), detail })
}

async fn addresses(terms: &Terms, target: &Target, until: Instant) -> Result<Vec<SocketAddr>, Refusal> {
    if let Some(place) = terms.places.get(&target.host) {
        return judged(vec![*place], target, true);
    }
    let found = timeout_at(until, lookup_host((target.host.as_str(), target.port))).await;
    let found = found.map_err(|_| Refusal::TooSlow("looking up a name"))?;
    let found = found.map_err(|_| Refusal::NoAddress(target.clone()))?.take(MOST_ADDRESSES).collect();
    judged(found, target, terms.private.permits(&target.host, target.port))
}

/// All of them or none: a name with public and private addresses is a trick of those who own it, or a mistake.
fn judged(found: Vec<SocketAddr>, target: &Target, private: bool) -> Result<Vec<SocketAddr>, Refusal> {
    for address in &found {
        let standing = standing(address.ip());
        let fine = match standing {
            Standing::Public => true,
            Standing::Private(_) => private,
            Standing::Never(_) => false,
        };
        if !fine {
            return Err(Refusal::Inside {
                target: target.clone(),
                address: address.ip(),
                what: standing.to_string(),
            });
        }
    }
    if found.is_empty() { Err(Refusal::NoAddress(target.clone())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(addresses: &[&str], private: bool) -> Result<Vec<SocketAddr>, Refusal> {
        let target = Target::parse("a.example.org:443", None).unwrap();
        judged(addresses.iter().map(|text| text.parse().unwrap()).collect(), &target, private)
    }

    #[test]
    fn one_private_address_among_public_ones_is_enough_to_refuse() {
        assert!(judge(&["1.1.1.1:443", "[2606:4700::1]:443"], false).is_ok());
        assert!(matches!(judge(&["1.1.1.1:443", "10.0.0.1:443"], false), Err(Refusal::Inside { .. })));
        assert!(judge(&["1.1.1.1:443", "10.0.0.1:443"], true).is_ok());
        assert!(matches!(judge(&[], true), Err(Refusal::NoAddress(_))));
    }

    #[test]
    fn metadata_is_refused_even_to_hosts_that_may_be_private() {
        for address in ["169.254.169.254:80", "[fd00:ec2::254]:80", "[::ffff:169.254.169.254]:80"] {
            assert!(matches!(judge(&[address], true), Err(Refusal::Inside { .. })), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_unless_the_operator_names_it() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target =
            Target { host: "localhost".parse().unwrap(), port: listener.local_addr().unwrap().port() };
        let refusal = dial(&Terms::default(), &target).await.unwrap_err();
        assert!(matches!(refusal, Refusal::Inside { .. }), "{refusal}");
        let private = super::super::Allowed::of([], [target.to_string().as_str()]).unwrap();
        let terms = Terms { private, ..Terms::default() };
        assert_eq!(dial(&terms, &target).await.unwrap().peer_addr().unwrap().port(), target.port);
    }
}
