//! Another key for all sealed values.
//!
//! First the new key is written before the old one, then all values are sealed again in one transaction, then the old key
//! is taken out of the file. Who is cut off in between leaves a file that opens everything; the next rekeying ends it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, Row};
use swarm_domain::{
    EventBody, IdempotencyKey, NewEvent, ProjectId, SecretName, Subject, TenantId, identity::UserId,
    secret::SecretId,
};

use super::{
    Keys, LOCK, SecretChange, SecretFault, anything_sealed, forget, key, next_number, said,
    seal::{self, FactorBound, Sealed},
};
use crate::{Result, Store, StoreError, cluster::Lock};

/// What a rekeying did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rekeyed {
    /// The public half of the new key.
    pub recipient: String,
    /// How many values were sealed again.
    pub values: u32,
    /// The secrets that no key opened any more. They were given up, and must be set again.
    pub lost: Vec<SecretId>,
}

/// A sealed value in its place.
struct Place {
    tenant: TenantId,
    id: SecretId,
    version: i64,
    sealed: Sealed,
}

impl Store {
    /// Makes a new key and seals every value with it. A value that no key opens is an error; where `lost` says so, its
    /// secret is given up instead.
    pub async fn rekey_secrets(&self, tenant: &TenantId, by: &SecretChange, lost: bool) -> Result<Rekeyed> {
        let _alone = Lock::exclusive(&self.data_dir().join(LOCK)).await?;
        let before = match Keys::read(self.data_dir()) {
            // Set aside, not overwritten: somebody may yet find out what is wrong with it.
            Err(StoreError::Secret(SecretFault::KeyUnreadable { file, .. })) if lost => {
                std::fs::rename(&file, file.with_extension("broken"))
                    .map_err(StoreError::io("rename", &file))?;
                None
            }
            before => before?,
        };
        // The key is every tenant's.
        let mut tx = self.everyones().begin().await?;
        // Nobody seals anything from here on, and who begins afterwards finds the new key.
        sqlx::query("LOCK TABLE swarm.sealed_secrets, swarm.second_factors IN EXCLUSIVE MODE")
            .execute(&mut *tx)
            .await?;
        if before.is_none() && !lost && anything_sealed(&mut tx).await? {
            return Err(SecretFault::KeyLost { file: key::file(self.data_dir()) }.into());
        }
        let keys = Keys::with_fresh(self.data_dir(), before);
        let mut again = Vec::new();
        let mut given_up = BTreeSet::new();
        for place in places(&mut tx).await? {
            match seal::seal_again(&keys, &place.sealed, &place.id) {
                Ok(sealed) => again.push(Place { sealed, ..place }),
                Err(_) if lost => drop(given_up.insert((place.tenant, place.id))),
                Err(fault) => return Err(fault.into()),
            }
        }
        again.retain(|place| !given_up.contains(&(place.tenant.clone(), place.id.clone())));
        let mut factors = factors(&mut tx).await?;
        for (_, bound, sealed) in &mut factors {
            *sealed = match bound.seal_again(&keys, sealed) {
                // Its owner comes in by a recovery code, or an admin removes it: nobody comes in without one.
                Err(_) if lost => Sealed { recipient: String::new(), bytes: Vec::new() },
                again => again?,
            };
        }
        // On the disk before the first value needs it.
        keys.write()?;
        for (user, bound, sealed) in &factors {
            write_factor(&mut tx, (user, bound.tenant()), sealed).await?;
        }
        for place in &again {
            write(&mut tx, place).await?;
        }
        let values = u32::try_from(again.len() + factors.len()).unwrap_or(u32::MAX);
        let recipient = keys.first().map(|key| key.to_public().to_string()).unwrap_or_default();
        let mut events = vec![rekeyed(tenant, by, &recipient, values)];
        for (tenant, id) in &given_up {
            events.push(give_up(&mut tx, tenant, by, id).await?);
        }
        self.append_within(&mut tx, &events).await?;
        tx.commit().await?;
        keys.first_alone().write()?;
        Ok(Rekeyed { recipient, values, lost: given_up.into_iter().map(|(_, id)| id).collect() })
    }
}

fn rekeyed(tenant: &TenantId, by: &SecretChange, recipient: &str, values: u32) -> NewEvent {
    NewEvent {
        tenant: tenant.clone(),
        actor: by.actor.clone(),
        subject: Subject::default(),
        key: IdempotencyKey::of(&["secrets", "rekeyed", recipient]),
        correlation: by.correlation.clone(),
        body: EventBody::SecretsRekeyed { recipient: recipient.to_owned(), values },
    }
}

/// Deletes all values of a secret, and says that it is removed.
async fn give_up(
    conn: &mut PgConnection,
    tenant: &TenantId,
    by: &SecretChange,
    id: &SecretId,
) -> Result<NewEvent> {
    forget(conn, tenant, id, &[]).await?;
    let number = next_number(conn, tenant, id).await?.to_string();
    Ok(said(tenant, by, id, &number, EventBody::SecretRemoved { secret: id.clone() }))
}

/// Everything that is sealed, of all tenants: the file with the key is theirs together.
async fn places(conn: &mut PgConnection) -> Result<Vec<Place>> {
    let rows = sqlx::query("SELECT * FROM swarm.sealed_secrets ORDER BY tenant, scope, name, version");
    let rows = rows.fetch_all(conn).await?;
    let bad = |error: swarm_domain::id::InvalidId| StoreError::corrupt("sealed_secrets", error);
    let place = |row: &sqlx::postgres::PgRow| {
        let scope: String = row.try_get("scope")?;
        let project = if scope.is_empty() { None } else { Some(ProjectId::parse(scope).map_err(bad)?) };
        let name = SecretName::parse(row.try_get::<String, _>("name")?).map_err(bad)?;
        Ok(Place {
            tenant: TenantId::parse(row.try_get::<String, _>("tenant")?).map_err(bad)?,
            id: SecretId { name, project },
            version: row.try_get("version")?,
            sealed: Sealed { recipient: row.try_get("recipient")?, bytes: row.try_get("sealed")? },
        })
    };
    rows.iter().map(place).collect()
}

/// The second factors of everybody, but those that were given up before.
async fn factors(conn: &mut PgConnection) -> Result<Vec<(UserId, FactorBound, Sealed)>> {
    let rows =
        sqlx::query("SELECT * FROM swarm.second_factors WHERE recipient <> '' ORDER BY tenant, user_id");
    let bad = |error: swarm_domain::id::InvalidId| StoreError::corrupt("second_factors", error);
    let read = |row: &sqlx::postgres::PgRow| {
        let tenant = TenantId::parse(row.try_get::<String, _>("tenant")?).map_err(bad)?;
        let user = UserId::parse(row.try_get::<String, _>("user_id")?).map_err(bad)?;
        let sealed = Sealed { recipient: row.try_get("recipient")?, bytes: row.try_get("sealed")? };
        Ok((user.clone(), FactorBound::of(&tenant, &user), sealed))
    };
    rows.fetch_all(conn).await?.iter().map(read).collect()
}

async fn write_factor(
    conn: &mut PgConnection,
    (user, tenant): (&UserId, &TenantId),
    sealed: &Sealed,
) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.second_factors SET recipient = $3, sealed = $4 WHERE tenant = $1 AND user_id = $2",
    )
    .bind(tenant.as_str())
    .bind(user.as_str())
    .bind(&sealed.recipient)
    .bind(&sealed.bytes)
    .execute(conn)
    .await?;
    Ok(())
}

async fn write(conn: &mut PgConnection, place: &Place) -> Result<()> {
    sqlx::query(
        "UPDATE swarm.sealed_secrets SET recipient = $5, sealed = $6
         WHERE tenant = $1 AND scope = $2 AND name = $3 AND version = $4",
    )
    .bind(place.tenant.as_str())
    .bind(place.id.scope())
    .bind(place.id.name.as_str())
    .bind(place.version)
    .bind(&place.sealed.recipient)
    .bind(&place.sealed.bytes)
    .execute(conn)
    .await?;
    Ok(())
}
