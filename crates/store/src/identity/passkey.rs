//! Passkeys: the public keys by which people sign in, and the challenges that are out. What was shown is checked by the
//! server; here it counts once.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    EventBody, TenantId,
    identity::{IdentityError, PasskeyId, Proof, UserId},
};

use super::{IdentityChange, said};
use crate::{Result, Store, StoreError, UserRow, column::Columns, view::identity::find_user};

/// How long somebody may take for the browser's dialog, in seconds.
pub const CEREMONY_SECONDS: i64 = 300;
/// How many passkeys an account has at the most.
pub const MOST_PASSKEYS: usize = 20;

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyRow {
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// Since when it opens the account.
    pub added_at: DateTime<Utc>,
    /// When somebody last signed in by it.
    pub used_at: Option<DateTime<Utc>>,
    /// Whether it is kept in more than one place, such as by a password manager: by its own word, when last used.
    pub backed_up: bool,
    /// The name that the authenticator gave it.
    #[serde(skip)]
    pub credential: Vec<u8>,
    /// How a browser reaches it.
    #[serde(skip)]
    pub transports: Vec<String>,
}

/// A challenge that a browser is given.
#[derive(Debug)]
pub struct NewCeremony<'a> {
    /// What it is to be answered with.
    pub proof: &'a Proof,
    /// Whose account gets a passkey; none where somebody signs in.
    pub user: Option<&'a UserId>,
    /// The page that asked.
    pub origin: &'a str,
}

/// A passkey that was made by an authenticator.
#[derive(Debug)]
pub struct NewPasskey {
    /// A fresh id.
    pub id: PasskeyId,
    /// Whose.
    pub user: UserId,
    /// What its owner calls it.
    pub name: String,
    /// The name that the authenticator gave it.
    pub credential: Vec<u8>,
    /// Its public key, as a `COSE_Key`.
    pub public_key: Vec<u8>,
    /// How often it was used.
    pub counter: u32,
    /// Whether it is kept in more than one place.
    pub backed_up: bool,
    /// How a browser reaches it.
    pub transports: Vec<String>,
}

/// A passkey that somebody shows.
#[derive(Debug)]
pub struct KnownPasskey {
    /// Its id.
    pub id: PasskeyId,
    /// Whose it is.
    pub user: UserRow,
    /// Its public key, as a `COSE_Key`.
    pub public_key: Vec<u8>,
}

/// What a passkey said when it was used.
#[derive(Debug, Clone, Copy)]
pub struct PasskeyUse {
    /// How often it was used, this time too.
    pub counter: u32,
    /// Whether it is kept in more than one place.
    pub backed_up: bool,
}

impl Store {
    /// Notes a challenge that a browser is given.
    pub async fn begin_ceremony(&self, tenant: &TenantId, new: NewCeremony<'_>) -> Result<()> {
        let now = self.clock().now();
        let mut tx = self.pool().begin().await?;
        sqlx::query("DELETE FROM swarm.passkey_ceremonies WHERE expires <= $1")
            .bind(now)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO swarm.passkey_ceremonies (tenant, hash, user_id, origin, expires)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(tenant.as_str())
        .bind(new.proof.hash().as_bytes())
        .bind(new.user.map(UserId::as_str))
        .bind(new.origin)
        .bind(now + TimeDelta::seconds(CEREMONY_SECONDS))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The page that a challenge was given to, once, and only for whom it was meant.
    pub async fn take_ceremony(
        &self,
        tenant: &TenantId,
        proof: &Proof,
        user: Option<&UserId>,
    ) -> Result<Option<String>> {
        let origin = sqlx::query_scalar(
            "DELETE FROM swarm.passkey_ceremonies
             WHERE tenant = $1 AND hash = $2 AND user_id IS NOT DISTINCT FROM $3 AND expires > $4
             RETURNING origin",
        )
        .bind(tenant.as_str())
        .bind(proof.hash().as_bytes())
        .bind(user.map(UserId::as_str))
        .bind(self.clock().now())
        .fetch_optional(self.pool())
        .await?;
        Ok(origin)
    }

    /// Lets somebody sign in by a passkey.
    pub async fn add_passkey(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        new: NewPasskey,
    ) -> Result<PasskeyRow> {
        let NewPasskey { id, user, name, credential, public_key, counter, backed_up, transports } = new;
        let mut tx = self.pool().begin().await?;
        let done = sqlx::query(
            "INSERT INTO swarm.passkeys (tenant, id, user_id, name, credential, public_key, counter, backed_up,
                 transports, added_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, credential) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(user.as_str())
        .bind(&name)
        .bind(credential)
        .bind(public_key)
        .bind(i64::from(counter))
        .bind(backed_up)
        .bind(transports)
        .bind(self.clock().now())
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(IdentityError::PasskeyTaken.into());
        }
        let body = EventBody::PasskeyAdded { user: user.clone(), passkey: id.clone(), name };
        self.append_within(&mut tx, &[said(tenant, by, user.as_str(), body)]).await?;
        // Behind the lock of the chain, so that of many at once no more come in.
        let rows = passkeys_of(&mut tx, tenant, &user).await?;
        if rows.len() > MOST_PASSKEYS {
            return Err(IdentityError::PasskeyNew("the account has as many as it may: remove one").into());
        }
        tx.commit().await?;
        rows.into_iter().find(|row| row.id == id).ok_or_else(|| unknown(&id))
    }

    /// Somebody's passkeys, the oldest first.
    pub async fn passkeys(&self, tenant: &TenantId, user: &UserId) -> Result<Vec<PasskeyRow>> {
        passkeys_of(&mut *self.pool().acquire().await?, tenant, user).await
    }

    /// The passkey of this name, if there is one.
    pub async fn known_passkey(&self, tenant: &TenantId, credential: &[u8]) -> Result<Option<KnownPasskey>> {
        let mut conn = self.pool().acquire().await?;
        let row = sqlx::query(
            "SELECT id, user_id, public_key FROM swarm.passkeys WHERE tenant = $1 AND credential = $2",
        )
        .bind(tenant.as_str())
        .bind(credential)
        .fetch_optional(&mut *conn)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::of("passkeys", &row);
        let (id, public_key) = (columns.id("id")?, columns.bytes("public_key")?);
        let user = find_user(&mut conn, tenant, &columns.id("user_id")?).await?;
        Ok(Some(KnownPasskey { id, user, public_key }))
    }

    /// Notes that a passkey was used. One that counts its uses and did not count on is refused: there may be a copy of it
    /// (WebAuthn level 3, 6.1.1).
    pub async fn use_passkey(&self, tenant: &TenantId, id: &PasskeyId, used: PasskeyUse) -> Result<()> {
        let done = sqlx::query(
            "UPDATE swarm.passkeys SET counter = $3, backed_up = $4, used_at = $5
             WHERE tenant = $1 AND id = $2 AND (counter < $3 OR (counter = 0 AND $3 = 0))",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(i64::from(used.counter))
        .bind(used.backed_up)
        .bind(self.clock().now())
        .execute(self.pool())
        .await?;
        if done.rows_affected() == 0 {
            return Err(IdentityError::Passkey("it was removed, or there is a copy of it").into());
        }
        Ok(())
    }

    /// Lets a passkey of this account open nothing any more. The last way in stays.
    pub async fn remove_passkey(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        id: &PasskeyId,
    ) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        if passkeys_of(&mut tx, tenant, user).await?.iter().all(|row| row.id != *id) {
            return Err(unknown(id));
        }
        let body = EventBody::PasskeyRemoved { user: user.clone(), passkey: id.clone() };
        self.append_within(&mut tx, &[said(tenant, by, user.as_str(), body)]).await?;
        let done = sqlx::query("DELETE FROM swarm.passkeys WHERE tenant = $1 AND user_id = $2 AND id = $3")
            .bind(tenant.as_str())
            .bind(user.as_str())
            .bind(id.as_str())
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 0 {
            return Err(unknown(id));
        }
        tx.commit().await?;
        Ok(())
    }
}

fn unknown(id: &PasskeyId) -> StoreError {
    StoreError::NotFound { kind: "passkey", id: id.to_string() }
}

async fn passkeys_of(conn: &mut PgConnection, tenant: &TenantId, user: &UserId) -> Result<Vec<PasskeyRow>> {
    let rows =
        sqlx::query("SELECT * FROM swarm.passkeys WHERE tenant = $1 AND user_id = $2 ORDER BY added_at, id")
            .bind(tenant.as_str())
            .bind(user.as_str())
            .fetch_all(conn)
            .await?;
    rows.iter().map(read).collect()
}

fn read(row: &PgRow) -> Result<PasskeyRow> {
    let columns = Columns::of("passkeys", row);
    Ok(PasskeyRow {
        id: columns.id("id")?,
        name: columns.text("name")?,
        added_at: columns.time("added_at")?,
        used_at: columns.time_or_none("used_at")?,
        backed_up: columns.flag("backed_up")?,
        credential: columns.bytes("credential")?,
        transports: columns.texts("transports")?,
    })
}
