//! Secrets: what is known of them is drawn from events, their values are sealed beside.
//!
//! A value is sealed, its event appended and what has ended deleted in one transaction: who is killed half-way has done
//! nothing. The lock order is the table of sealed values (shared; a rekeying has it alone), the name's number, the chain.

mod fault;
mod key;
mod rekey;
mod seal;

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, Row};
use swarm_domain::{
    Actor, EventBody, IdempotencyKey, NewEvent, Subject, TenantId,
    secret::{
        Issued, MAX_HOSTS, MAX_WINDOW_SECONDS, Placement, Reference, Secret, SecretError, SecretHost,
        SecretId, SecretRecord, SecretVersion, rotated,
    },
};

pub use fault::SecretFault;
pub use rekey::Rekeyed;

use self::seal::Bound;
pub(crate) use self::{
    key::Keys,
    seal::{FactorBound, Sealed},
};
use crate::{
    Result, Store, StoreError,
    cluster::Lock,
    view::{SecretRow, secret},
};

/// Who changes a secret, and for which request.
#[derive(Debug, Clone)]
pub struct SecretChange {
    /// Who.
    pub actor: Actor,
    /// The request's correlation id.
    pub correlation: Option<String>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Given {
    /// Here it is: it is sealed.
    Value(Secret),
    /// It is looked up at each use.
    Reference(Reference),
}

/// A secret that is to be set.
#[derive(Debug, Clone)]
pub struct NewSecret {
    /// Which.
    pub id: SecretId,
    /// Where it may be sent.
    pub hosts: Vec<SecretHost>,
    /// How it is put into a request.
    pub placement: Placement,
    /// Its value.
    pub given: Given,
    /// When it stops to count by itself.
    pub expires: Option<DateTime<Utc>>,
}

/// A value that is to take the place of another.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The new value.
    pub given: Given,
    /// How long the old one still counts, in seconds.
    pub window_seconds: u32,
    /// When the new one stops to count by itself.
    pub expires: Option<DateTime<Utc>>,
}

impl Given {
    fn check(&self, placement: &Placement) -> Result<(), SecretError> {
        match self {
            Self::Value(value) => placement.check(value),
            Self::Reference(_) => Ok(()),
        }
    }

    fn reference(&self) -> Option<Reference> {
        match self {
            Self::Value(_) => None,
            Self::Reference(reference) => Some(reference.clone()),
        }
    }
}

impl Store {
    /// Gives a secret its value. One that is there is replaced at once: what it had before counts no more.
    pub async fn set_secret(
        &self,
        tenant: &TenantId,
        by: &SecretChange,
        new: NewSecret,
    ) -> Result<SecretRow> {
        let now = self.clock().now();
        let issued = Issued { reference: new.given.reference(), expires: new.expires };
        issued.check(now)?;
        new.given.check(&new.placement)?;
        let NewSecret { id, mut hosts, placement, given, expires } = new;
        hosts.sort();
        hosts.dedup();
        if hosts.is_empty() || hosts.len() > MAX_HOSTS {
            return Err(SecretError::Host("there must be 1 to 16 of them").into());
        }
        self.ready_to_seal(&given).await?;
        let mut tx = self.pool().begin().await?;
        let version = next_number(&mut tx, tenant, &id).await?;
        let reference = issued.reference.clone();
        let record = SecretRecord {
            id: id.clone(),
            hosts: hosts.clone(),
            placement: placement.clone(),
            versions: vec![SecretVersion::issued(version, now, issued)],
            created_at: now,
            rotated_at: None,
        };
        self.keep(&mut tx, tenant, &record, version, &given).await?;
        let body = EventBody::SecretSet { secret: id.clone(), version, hosts, placement, reference, expires };
        self.append_within(&mut tx, &[said(tenant, by, &id, &version.to_string(), body)]).await?;
        tx.commit().await?;
        self.secret(tenant, &id).await
    }

    /// Gives a secret another value, beside which the old one counts for a while.
    pub async fn rotate_secret(
        &self,
        tenant: &TenantId,
        by: &SecretChange,
        id: &SecretId,
        rotation: Rotation,
    ) -> Result<SecretRow> {
        let now = self.clock().now();
        let Rotation { given, window_seconds, expires } = rotation;
        let issued = Issued { reference: given.reference(), expires };
        issued.check(now)?;
        if window_seconds > MAX_WINDOW_SECONDS {
            return Err(SecretError::Window.into());
        }
        self.ready_to_seal(&given).await?;
        let mut tx = self.pool().begin().await?;
        let version = next_number(&mut tx, tenant, id).await?;
        // Whoever changes this name waits for the number: the row stays as it is until we are done.
        let mut record = secret::find(&mut tx, tenant, id).await?.record;
        given.check(&record.placement)?;
        record.versions = rotated(&record.versions, now, window_seconds, version, issued.clone());
        self.keep(&mut tx, tenant, &record, version, &given).await?;
        let body = EventBody::SecretRotated {
            secret: id.clone(),
            version,
            window_seconds,
            reference: issued.reference,
            expires,
        };
        self.append_within(&mut tx, &[said(tenant, by, id, &version.to_string(), body)]).await?;
        tx.commit().await?;
        self.secret(tenant, id).await
    }

    /// Removes a secret with all its values.
    pub async fn remove_secret(&self, tenant: &TenantId, by: &SecretChange, id: &SecretId) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        // A number of its own, so that removing it again after it was set again is another event.
        let version = next_number(&mut tx, tenant, id).await?;
        forget(&mut tx, tenant, id, &[]).await?;
        let body = EventBody::SecretRemoved { secret: id.clone() };
        self.append_within(&mut tx, &[said(tenant, by, id, &version.to_string(), body)]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The sealed value of one version, opened. It proves to be for what the record says.
    pub async fn open_secret(
        &self,
        tenant: &TenantId,
        record: &SecretRecord,
        version: u32,
    ) -> Result<Secret> {
        let row = sqlx::query(
            "SELECT recipient, sealed FROM swarm.sealed_secrets
             WHERE tenant = $1 AND scope = $2 AND name = $3 AND version = $4",
        )
        .bind(tenant.as_str())
        .bind(record.id.scope())
        .bind(record.id.name.as_str())
        .bind(i64::from(version))
        .fetch_optional(self.pool())
        .await?;
        let gone = || SecretFault::Tampered { secret: record.id.clone(), detail: "it is gone" };
        let row = row.ok_or_else(gone)?;
        let sealed = Sealed { recipient: row.try_get("recipient")?, bytes: row.try_get("sealed")? };
        let keys = Keys::read(self.data_dir())?;
        let lost = || SecretFault::KeyLost { file: key::file(self.data_dir()) };
        Ok(seal::open(&keys.ok_or_else(lost)?, &sealed, &Bound::of(tenant, record, version))?)
    }

    /// Deletes the sealed values whose time is over. The views keep saying that they were there.
    pub async fn forget_ended_secrets(&self, tenant: &TenantId) -> Result<()> {
        let now = self.clock().now();
        for row in self.secrets(tenant).await? {
            if row.record.versions.iter().any(|version| version.has_ended(now)) {
                let mut tx = self.pool().begin().await?;
                lock_name(&mut tx, tenant, &row.record.id).await?;
                // As it stands now that nobody else changes it.
                match secret::find(&mut tx, tenant, &row.record.id).await {
                    Ok(row) => forget(&mut tx, tenant, &row.record.id, &keeping(&row.record, now)).await?,
                    Err(StoreError::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// Seals what is to be sealed, and deletes the values of versions that ended with it.
    async fn keep(
        &self,
        tx: &mut PgConnection,
        tenant: &TenantId,
        record: &SecretRecord,
        version: u32,
        given: &Given,
    ) -> Result<()> {
        forget(tx, tenant, &record.id, &keeping(record, self.clock().now())).await?;
        let Given::Value(value) = given else { return Ok(()) };
        // Read behind the lock of the table: a rekeying that came before has written it anew.
        let lost = || SecretFault::KeyLost { file: key::file(self.data_dir()) };
        let keys = Keys::read(self.data_dir())?.ok_or_else(lost)?;
        let sealed = seal::seal(&keys, &Bound::of(tenant, record, version), value)?;
        sqlx::query(
            "INSERT INTO swarm.sealed_secrets (tenant, scope, name, version, recipient, sealed)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(tenant.as_str())
        .bind(record.id.scope())
        .bind(record.id.name.as_str())
        .bind(i64::from(version))
        .bind(&sealed.recipient)
        .bind(&sealed.bytes)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// Makes the key of this data folder where nothing was sealed yet. One that was lost is never replaced silently: then
    /// some values could be opened and others not, and nobody would know why.
    async fn ready_to_seal(&self, given: &Given) -> Result<()> {
        if matches!(given, Given::Reference(_)) { Ok(()) } else { self.ready_key().await }
    }

    /// The same, for whatever is sealed.
    pub(crate) async fn ready_key(&self) -> Result<()> {
        if Keys::read(self.data_dir())?.is_some() {
            return Ok(());
        }
        let _alone = Lock::exclusive(&self.data_dir().join(LOCK)).await?;
        if Keys::read(self.data_dir())?.is_some() {
            return Ok(());
        }
        if anything_sealed(&mut *self.everyones().acquire().await?).await? {
            return Err(SecretFault::KeyLost { file: key::file(self.data_dir()) }.into());
        }
        Keys::with_fresh(self.data_dir(), None).write()
    }
}

/// Held while the file of the keys is made or changed.
const LOCK: &str = "secrets.lock";

async fn anything_sealed(conn: &mut PgConnection) -> Result<bool> {
    let query = "SELECT EXISTS (SELECT FROM swarm.sealed_secrets)
                     OR EXISTS (SELECT FROM swarm.second_factors WHERE recipient <> '')";
    Ok(sqlx::query_scalar(query).fetch_one(conn).await?)
}

/// The versions whose values are still needed.
fn keeping(record: &SecretRecord, now: DateTime<Utc>) -> Vec<i64> {
    record.versions.iter().filter(|v| !v.has_ended(now)).map(|v| i64::from(v.number)).collect()
}

/// Deletes the sealed values of a secret but these.
async fn forget(conn: &mut PgConnection, tenant: &TenantId, id: &SecretId, but: &[i64]) -> Result<()> {
    sqlx::query(
        "DELETE FROM swarm.sealed_secrets WHERE tenant = $1 AND scope = $2 AND name = $3 AND version <> ALL ($4)",
    )
    .bind(tenant.as_str())
    .bind(id.scope())
    .bind(id.name.as_str())
    .bind(but)
    .execute(conn)
    .await?;
    Ok(())
}

/// Waits until no rekeying is under way, and keeps others from changing the same name.
async fn lock_name(conn: &mut PgConnection, tenant: &TenantId, id: &SecretId) -> Result<()> {
    sqlx::query("LOCK TABLE swarm.sealed_secrets IN ROW EXCLUSIVE MODE").execute(&mut *conn).await?;
    sqlx::query(
        "SELECT last FROM swarm.secret_numbers WHERE tenant = $1 AND scope = $2 AND name = $3 FOR UPDATE",
    )
    .bind(tenant.as_str())
    .bind(id.scope())
    .bind(id.name.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

/// The next number of a name, locked as [`lock_name`] does.
async fn next_number(conn: &mut PgConnection, tenant: &TenantId, id: &SecretId) -> Result<u32> {
    sqlx::query("LOCK TABLE swarm.sealed_secrets IN ROW EXCLUSIVE MODE").execute(&mut *conn).await?;
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO swarm.secret_numbers AS n (tenant, scope, name, last) VALUES ($1, $2, $3, 1)
         ON CONFLICT (tenant, scope, name) DO UPDATE SET last = n.last + 1 RETURNING last",
    )
    .bind(tenant.as_str())
    .bind(id.scope())
    .bind(id.name.as_str())
    .fetch_one(conn)
    .await?;
    u32::try_from(number).map_err(|error| StoreError::corrupt("secret_numbers.last", error))
}

fn said(tenant: &TenantId, by: &SecretChange, id: &SecretId, number: &str, body: EventBody) -> NewEvent {
    NewEvent {
        tenant: tenant.clone(),
        actor: by.actor.clone(),
        subject: Subject { project: id.project.clone(), ..Subject::default() },
        key: IdempotencyKey::of(&["secret", id.scope(), id.name.as_str(), number]),
        correlation: by.correlation.clone(),
        body,
    }
}
