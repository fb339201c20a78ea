//! Secrets: what a person asks of them, and what a request gets.
//!
//! The store seals values and opens them; here they are looked up where they are only referred to, and every use is
//! recorded before the value is handed out.

mod check;
mod credential;
pub(crate) mod reference;

use swarm_domain::{
    Actor, Problem,
    secret::{Reference, Secret, SecretId},
};
use swarm_store::{NewSecret, Rekeyed, Rotation, SecretChange, SecretRow};

pub use check::SecretCheck;
pub use credential::{Credential, Credentials};

use crate::service::{Asker, Flows};

impl Asker {
    fn change(&self) -> SecretChange {
        let actor = Actor::Person { name: self.person.clone() };
        SecretChange { actor, correlation: self.correlation.clone() }
    }
}

impl Flows {
    /// The secrets, without their values.
    pub async fn secrets(&self) -> Result<Vec<SecretRow>, Problem> {
        let parts = self.parts();
        // What has ended is of no use to anybody but a thief.
        parts.store.forget_ended_secrets(&parts.config.tenant).await.map_err(|e| e.problem())?;
        parts.store.secrets(&parts.config.tenant).await.map_err(|e| e.problem())
    }

    /// The value that stands elsewhere: of a setting that names where.
    pub async fn look_up(&self, reference: &Reference) -> Result<Secret, Problem> {
        reference::look_up(reference, &self.parts().config.vault).await
    }

    /// One secret, without its value.
    pub async fn secret(&self, id: &SecretId) -> Result<SecretRow, Problem> {
        let parts = self.parts();
        parts.store.secret(&parts.config.tenant, id).await.map_err(|e| e.problem())
    }

    /// Gives a secret its value; one that is there is replaced at once.
    pub async fn set_secret(&self, by: &Asker, new: NewSecret) -> Result<SecretRow, Problem> {
        let parts = self.parts();
        parts.store.set_secret(&parts.config.tenant, &by.change(), new).await.map_err(|e| e.problem())
    }

    /// Gives a secret another value; the old one counts beside it for a while.
    pub async fn rotate_secret(
        &self,
        by: &Asker,
        id: &SecretId,
        rotation: Rotation,
    ) -> Result<SecretRow, Problem> {
        let parts = self.parts();
        let rotated = parts.store.rotate_secret(&parts.config.tenant, &by.change(), id, rotation).await;
        rotated.map_err(|e| e.problem())
    }

    /// Removes a secret with all its values.
    pub async fn remove_secret(&self, by: &Asker, id: &SecretId) -> Result<(), Problem> {
        let parts = self.parts();
        parts.store.remove_secret(&parts.config.tenant, &by.change(), id).await.map_err(|e| e.problem())
    }

    /// Seals every value with a new key; where `lost` says so, those that no key opens are given up.
    pub async fn rekey_secrets(&self, by: &Asker, lost: bool) -> Result<Rekeyed, Problem> {
        let parts = self.parts();
        parts.store.rekey_secrets(&parts.config.tenant, &by.change(), lost).await.map_err(|e| e.problem())
    }

    /// Opens or looks up each value that counts, and says what is wrong without showing any.
    pub async fn check_secrets(&self) -> Result<Vec<SecretCheck>, Problem> {
        check::all(self.parts()).await
    }
}
