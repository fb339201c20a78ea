//! Passkeys: signing in by a key pair of which the server knows the public half alone (W3C Web Authentication, level 3).
//!
//! What an authenticator made and what it signed is read and checked here, by the steps of 7.1 and 7.2 of that
//! recommendation, without attestation: who makes the authenticator is not asked. The authenticator must have verified who
//! holds it, by a finger or a PIN, so a passkey is two factors by itself.

mod authenticator_data;
mod client_data;
mod public_key;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, header};
use ring::digest::{SHA256, digest};
use swarm_domain::identity::Proof;

pub(crate) use client_data::Ceremony;
pub(crate) use public_key::ALGORITHMS;

use self::{authenticator_data::AuthenticatorData, client_data::ClientData, public_key::PublicKey};
use crate::{app::Door, refusal::Refusal, web_origin::WebOrigin};

/// The largest part of an answer that is looked at, in bytes: keys of RSA and the statements of some makers take a few
/// thousand.
pub(crate) const MAX_BYTES: usize = 16 << 10;

/// Why an answer is not taken, in words for who sent it.
pub(crate) type Fault = &'static str;

/// What a browser says an answer is for. Nothing in it is believed before its challenge was found.
#[derive(Debug)]
pub(crate) struct Answered<'a> {
    json: &'a [u8],
    client: ClientData,
    /// The challenge, if it can be one of ours.
    pub(crate) challenge: Proof,
}

/// A passkey that an authenticator made.
#[derive(Debug)]
pub(crate) struct Made {
    /// The name that the authenticator gave it.
    pub(crate) credential: Vec<u8>,
    /// Its public key, as a `COSE_Key`.
    pub(crate) public_key: Vec<u8>,
    pub(crate) counter: u32,
    pub(crate) backed_up: bool,
}

/// What an authenticator signed, and the signature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub(crate) authenticator_data: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// What a passkey says of itself when it is used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) counter: u32,
    pub(crate) backed_up: bool,
}

impl<'a> Answered<'a> {
    /// Reads what a browser says of its answer, which must be one to this ceremony.
    pub(crate) fn read(json: &'a [u8], ceremony: Ceremony) -> Result<Self, Fault> {
        let client = ClientData::read(json, ceremony)?;
        let challenge = str::from_utf8(&client.challenge).ok().and_then(Proof::parse);
        let challenge = challenge.ok_or("its challenge is none of this server's")?;
        Ok(Self { json, client, challenge })
    }

    /// The passkey that was made, for the page that was given the challenge.
    pub(crate) fn made(&self, page: &str, attestation: &[u8]) -> Result<Made, Fault> {
        let page = self.of(page)?;
        let data = authenticator_data::of_attestation(attestation)?;
        let data = AuthenticatorData::read(&data)?;
        data.check(page.host())?;
        let made = data.made.ok_or("the authenticator made no passkey")?;
        Ok(Made {
            credential: made.credential.to_vec(),
            public_key: made.public_key.to_vec(),
            counter: data.counter,
            backed_up: data.flags.is_backed_up(),
        })
    }

    /// What the passkey of this public key says, where it signed this answer for the page that was given the challenge.
    pub(crate) fn shown(&self, page: &str, public_key: &[u8], signed: Signed<'_>) -> Result<Shown, Fault> {
        let page = self.of(page)?;
        let data = AuthenticatorData::read(signed.authenticator_data)?;
        data.check(page.host())?;
        let hash = digest(&SHA256, self.json);
        let message = [signed.authenticator_data, hash.as_ref()].concat();
        let (key, _) = PublicKey::read(public_key)?;
        if !key.signed(&message, signed.signature) {
            return Err("its signature is not that of the passkey");
        }
        Ok(Shown { counter: data.counter, backed_up: data.flags.is_backed_up() })
    }

    fn of(&self, page: &str) -> Result<&WebOrigin, Fault> {
        let is = page.parse::<WebOrigin>().is_ok_and(|page| page == self.client.origin);
        if is { Ok(&self.client.origin) } else { Err("it was given on another page than the one that asked") }
    }
}

/// The page for which a passkey is asked: the one that the request is from, else the one whose name it called. It must have
/// a name, for a passkey belongs to one.
pub(crate) fn page<'a>(door: &'a Door, headers: &HeaderMap) -> Result<&'a WebOrigin, Refusal> {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let page = match said(header::ORIGIN) {
        Some(origin) => {
            origin.parse().ok().and_then(|origin| door.origins.iter().find(|ours| **ours == origin))
        }
        None => said(header::HOST).and_then(|host| door.named(host)),
    };
    page.filter(|page| may_have_passkeys(page)).ok_or_else(|| {
        let named = door.origins.iter().filter(|page| may_have_passkeys(page));
        let best = named.max_by_key(|page| page.is_secure());
        let next = best.map_or_else(
            || "give the server a name that begins with https:// (`server.urls`)".to_owned(),
            |page| format!("open {page}"),
        );
        let detail = "a passkey belongs to the name of a server, and this page was opened by another address";
        Refusal::new(StatusCode::CONFLICT, "auth.passkey_place", detail, next)
    })
}

/// Browsers let pages have passkeys that came over TLS, or from their own machine by its name.
fn may_have_passkeys(page: &WebOrigin) -> bool {
    let host = page.host();
    let is_address = host.starts_with('[') || host.parse::<IpAddr>().is_ok();
    !is_address && (page.is_secure() || host == "localhost" || host.ends_with(".localhost"))
}
