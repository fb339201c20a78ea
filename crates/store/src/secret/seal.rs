//! Sealing: age (X25519, ChaCha20-Poly1305) around the value and what it is for.
//!
//! What it is for is sealed with it: who can write the database but has no key cannot move a value to another name, or
//! have it sent to another host.

use std::io::Read;

use age::{Decryptor, Identity};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use swarm_domain::{
    SecretName, TenantId,
    identity::UserId,
    secret::{Placement, Secret, SecretHost, SecretId, SecretRecord},
};
use zeroize::Zeroizing;

use super::{SecretFault, key::Keys};

/// What a value is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Bound {
    tenant: TenantId,
    secret: SecretId,
    version: u32,
    hosts: Vec<SecretHost>,
    placement: Placement,
}

impl Bound {
    pub(super) fn of(tenant: &TenantId, record: &SecretRecord, version: u32) -> Self {
        Self {
            tenant: tenant.clone(),
            secret: record.id.clone(),
            version,
            hosts: record.hosts.clone(),
            placement: record.placement.clone(),
        }
    }
}

/// A sealed value.
pub(crate) struct Sealed {
    /// The public half of the key that opens it.
    pub(crate) recipient: String,
    /// An age file.
    pub(crate) bytes: Vec<u8>,
}

/// Whose second factor a value is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FactorBound {
    tenant: TenantId,
    second_factor_of: UserId,
}

impl FactorBound {
    pub(crate) fn of(tenant: &TenantId, user: &UserId) -> Self {
        Self { tenant: tenant.clone(), second_factor_of: user.clone() }
    }

    /// Seals it with the first key.
    pub(crate) fn seal(&self, keys: &Keys, value: &Secret) -> Result<Sealed, SecretFault> {
        seal_for(keys, self, value)
    }

    /// Opens it, and proves that it is of this person.
    pub(crate) fn open(&self, keys: &Keys, sealed: &Sealed) -> Result<Secret, SecretFault> {
        open_for(keys, sealed, self, &self.id()?)
    }

    /// Seals again with the first key what another one opens.
    pub(super) fn seal_again(&self, keys: &Keys, sealed: &Sealed) -> Result<Sealed, SecretFault> {
        seal_again(keys, sealed, &self.id()?)
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// What it is called where something is wrong with it: as its owner.
    fn id(&self) -> Result<SecretId, SecretFault> {
        let name = SecretName::parse(self.second_factor_of.as_str());
        let name = name.map_err(|_| SecretFault::Seal("whose second factor it is cannot be written"))?;
        Ok(SecretId { name, project: None })
    }
}

/// Seals a value with the first key.
pub(super) fn seal(keys: &Keys, bound: &Bound, value: &Secret) -> Result<Sealed, SecretFault> {
    seal_for(keys, bound, value)
}

fn seal_for(keys: &Keys, bound: &impl Serialize, value: &Secret) -> Result<Sealed, SecretFault> {
    let said =
        serde_json::to_string(bound).map_err(|_| SecretFault::Seal("what it is for cannot be written"))?;
    // One line of what it is for; the value has no line break.
    let mut plain = Zeroizing::new(String::with_capacity(said.len() + 1 + value.expose().len()));
    plain.push_str(&said);
    plain.push('\n');
    plain.push_str(value.expose());
    seal_plain(keys, plain.as_bytes())
}

fn seal_plain(keys: &Keys, plain: &[u8]) -> Result<Sealed, SecretFault> {
    let identity = keys.first().ok_or(SecretFault::Seal("there is no key"))?;
    let recipient = identity.to_public();
    let bytes = age::encrypt(&recipient, plain).map_err(|_| SecretFault::Seal("age refused it"))?;
    Ok(Sealed { recipient: recipient.to_string(), bytes })
}

/// Opens a value, and proves that it is for this.
pub(super) fn open(keys: &Keys, sealed: &Sealed, bound: &Bound) -> Result<Secret, SecretFault> {
    open_for(keys, sealed, bound, &bound.secret)
}

fn open_for<T: DeserializeOwned + PartialEq>(
    keys: &Keys,
    sealed: &Sealed,
    bound: &T,
    id: &SecretId,
) -> Result<Secret, SecretFault> {
    let tampered = |detail| SecretFault::Tampered { secret: id.clone(), detail };
    let plain = open_plain(keys, sealed, id)?;
    let text = std::str::from_utf8(&plain).map_err(|_| tampered("it is no text"))?;
    let (said, value) = text.split_once('\n').ok_or_else(|| tampered("it has another form"))?;
    let said: T = serde_json::from_str(said).map_err(|_| tampered("it has another form"))?;
    if said == *bound { Ok(Secret::new(value)) } else { Err(tampered("it was sealed for something else")) }
}

/// Seals again with the first key what another one opens.
pub(super) fn seal_again(keys: &Keys, sealed: &Sealed, secret: &SecretId) -> Result<Sealed, SecretFault> {
    seal_plain(keys, &open_plain(keys, sealed, secret)?)
}

fn open_plain(keys: &Keys, sealed: &Sealed, secret: &SecretId) -> Result<Zeroizing<Vec<u8>>, SecretFault> {
    let identity = keys.of(&sealed.recipient).ok_or_else(|| SecretFault::KeyWrong {
        secret: secret.clone(),
        recipient: sealed.recipient.clone(),
        file: keys.file().to_owned(),
    })?;
    let tampered = |detail| SecretFault::Tampered { secret: secret.clone(), detail };
    let decryptor = Decryptor::new_buffered(&*sealed.bytes).map_err(|_| tampered("it has another form"))?;
    let identities = std::iter::once(identity as &dyn Identity);
    let mut reader = decryptor.decrypt(identities).map_err(|_| tampered("its key does not open it"))?;
    // Large enough from the start: a buffer that grows leaves what it held behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.bytes.len()));
    reader.read_to_end(&mut plain).map_err(|_| tampered("its key does not open it"))?;
    Ok(plain)
}
