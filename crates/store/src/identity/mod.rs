//! Identity: what is known of accounts, sessions and keys is drawn from events; what proves them is kept beside, hashed.
//!
//! A proof is written, and a link or token used up, in the transaction of the event that says so: who is killed half-way
//! has done nothing, and of two who show the same link at once one is refused. The lock order is the row of the proof, then
//! the chain.

mod account;
mod federation;
mod guard;
mod key;
mod link;
mod passkey;
mod second_factor;
mod session;
mod throttle;
mod token_key;
mod totp;

use swarm_domain::{Actor, Entropy, EventBody, IdempotencyKey, NewEvent, Subject, TenantId};

pub(crate) use guard::may_follow;

pub use account::{Arrival, NewUser};
pub use federation::{FLOW_SECONDS, NewFederated, NewFlow, ProviderFlow, ShownLink, TakenFlow};
pub use key::{KeyHolder, NewKey};
pub use passkey::{
    CEREMONY_SECONDS, KnownPasskey, MOST_PASSKEYS, NewCeremony, NewPasskey, PasskeyRow, PasskeyUse,
};
pub use second_factor::{NewSecondStep, RECOVERY_CODES, SECOND_STEP_SECONDS, SecondStep};
pub use session::{NewSession, Refreshed, SignedIn};
pub use token_key::{KEPT_SECONDS, TokenKey};

use crate::{SecretChange, SystemEntropy};

/// Who changes something about identity, and for which request.
pub type IdentityChange = SecretChange;

/// How seldom the last use of something is written down.
const USE_SECONDS: i64 = 60;

/// What somebody did. Each time is an event of its own, so its key is its own too.
fn said(tenant: &TenantId, by: &IdentityChange, about: &str, body: EventBody) -> NewEvent {
    use std::fmt::Write;
    let mut once = String::new();
    for byte in SystemEntropy.bytes() {
        let _ = write!(once, "{byte:02x}");
    }
    NewEvent {
        tenant: tenant.clone(),
        actor: by.actor.clone(),
        subject: Subject::default(),
        key: IdempotencyKey::of(&["identity", about, body.name(), &once]),
        correlation: by.correlation.clone(),
        body,
    }
}

/// Somebody does something in their own name.
fn in_own_name(email: &str, correlation: Option<&String>) -> IdentityChange {
    IdentityChange { actor: Actor::Person { name: email.to_owned() }, correlation: correlation.cloned() }
}
