//! API keys: made, rotated, revoked, shown.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use swarm_domain::{
    EventBody, TenantId,
    identity::{IdentityError, KeyId, KeyName, KeyText, ProofHash, Scope, UserId},
    rate::Rate,
    secret::MAX_WINDOW_SECONDS,
};

use super::{IdentityChange, said, session::note_use};
use crate::{
    KeyRow, Result, Store, StoreError, UserRow,
    column::whole,
    view::identity::{self as view, find_key, find_user},
};

/// A key that is to be made.
#[derive(Debug)]
pub struct NewKey {
    /// A fresh id.
    pub id: KeyId,
    /// What it is called.
    pub name: KeyName,
    /// Whose it is; the operator's where absent.
    pub owner: Option<UserId>,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// When it stops to count by itself.
    pub expires: Option<DateTime<Utc>>,
    /// How often it may ask, where the server has said it of this one.
    pub rate: Option<Rate>,
    /// Its secret, hashed.
    pub proof: ProofHash,
}

/// A key that counts, and whose it is.
#[derive(Debug)]
pub struct KeyHolder {
    /// The key.
    pub key: KeyRow,
    /// Its owner; the operator where absent.
    pub owner: Option<UserRow>,
}

impl Store {
    /// Makes a key.
    pub async fn make_key(&self, tenant: &TenantId, by: &IdentityChange, new: NewKey) -> Result<KeyRow> {
        let NewKey { id, name, owner, scopes, expires, rate, proof } = new;
        let mut tx = self.pool().begin().await?;
        keep_proof(&mut tx, tenant, &id, 1, &proof).await?;
        let scopes = scopes.into_iter().collect();
        let body = EventBody::KeyMade { key: id.clone(), name, owner, scopes, expires, rate };
        self.append_within(&mut tx, &[said(tenant, by, id.as_str(), body)]).await?;
        let row = find_key(&mut tx, tenant, &id).await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Gives a key another secret, beside which the old one counts for a while.
    pub async fn rotate_key(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        id: &KeyId,
        proof: &ProofHash,
        (window_seconds, expires): (u32, Option<DateTime<Utc>>),
    ) -> Result<KeyRow> {
        if window_seconds > MAX_WINDOW_SECONDS {
            return Err(IdentityError::KeyWindow.into());
        }
        let mut tx = self.pool().begin().await?;
        // Who rotates the same key at the same time waits here, and takes the number after ours.
        let last: Option<i64> = sqlx::query_scalar(
            "SELECT version FROM swarm.key_proofs WHERE tenant = $1 AND key = $2
             ORDER BY version DESC LIMIT 1 FOR UPDATE",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut *tx)
        .await?;
        let row = find_key(&mut tx, tenant, id).await?;
        let after = row.record.newest().map_or(0, |version| version.number);
        let known = last.and_then(|last| u32::try_from(last).ok()).unwrap_or_default();
        let version = after.max(known) + 1;
        keep_proof(&mut tx, tenant, id, version, proof).await?;
        let body = EventBody::KeyRotated { key: id.clone(), version, window_seconds, expires };
        self.append_within(&mut tx, &[said(tenant, by, id.as_str(), body)]).await?;
        let row = find_key(&mut tx, tenant, id).await?;
        forget(&mut tx, tenant, id, &row.record.versions.iter().map(|v| v.number).collect::<Vec<_>>())
            .await?;
        tx.commit().await?;
        Ok(row)
    }

    /// Lets a key count no more, at once.
    pub async fn revoke_key(&self, tenant: &TenantId, by: &IdentityChange, id: &KeyId) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        forget(&mut tx, tenant, id, &[]).await?;
        let body = EventBody::KeyRevoked { key: id.clone() };
        self.append_within(&mut tx, &[said(tenant, by, id.as_str(), body)]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The key that was shown, if it counts, and whose it is. The use is written down.
    pub async fn shown_key(&self, tenant: &TenantId, shown: &KeyText) -> Result<Option<KeyHolder>> {
        let now = self.clock().now();
        let mut conn = self.pool().acquire().await?;
        let version: Option<i64> = sqlx::query_scalar(
            "SELECT version FROM swarm.key_proofs WHERE tenant = $1 AND key = $2 AND hash = $3",
        )
        .bind(tenant.as_str())
        .bind(shown.key.as_str())
        .bind(shown.proof.hash().as_bytes())
        .fetch_optional(&mut *conn)
        .await?;
        let Some(version) = version.and_then(|version| u32::try_from(version).ok()) else {
            return Ok(None);
        };
        let key = find_key(&mut conn, tenant, &shown.key).await?;
        if !key.record.counts(version, now) {
            return Ok(None);
        }
        let Some(holder) = holder(&mut conn, tenant, key).await? else { return Ok(None) };
        note_use(&mut conn, tenant, shown.key.as_str(), holder.key.used_at, now).await?;
        Ok(Some(holder))
    }

    /// A key that was shown before, if one of its secrets counts still, and whose it is.
    pub async fn held_key(&self, tenant: &TenantId, id: &KeyId) -> Result<Option<KeyHolder>> {
        let now = self.clock().now();
        let mut conn = self.pool().acquire().await?;
        let key = find_key(&mut conn, tenant, id).await?;
        let counts = key.record.versions.iter().any(|version| key.record.counts(version.number, now));
        if counts { holder(&mut conn, tenant, key).await } else { Ok(None) }
    }

    /// The keys, revoked ones too, the newest first; of one owner, or all.
    pub async fn keys(&self, tenant: &TenantId, owner: Option<&UserId>) -> Result<Vec<KeyRow>> {
        let rows = sqlx::query(
            "SELECT k.*, u.at AS used_at FROM swarm.api_keys k
             LEFT JOIN swarm.identity_uses u ON u.tenant = k.tenant AND u.id = k.id
             WHERE k.tenant = $1 AND ($2::text IS NULL OR k.owner = $2) ORDER BY k.made_at DESC, k.id",
        )
        .bind(tenant.as_str())
        .bind(owner.map(UserId::as_str))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(view::key).collect()
    }

    /// One key.
    pub async fn key(&self, tenant: &TenantId, id: &KeyId) -> Result<KeyRow> {
        find_key(&mut *self.pool().acquire().await?, tenant, id).await
    }
}

/// Whose a key is; nobody's where its owner was disabled.
async fn holder(conn: &mut PgConnection, tenant: &TenantId, key: KeyRow) -> Result<Option<KeyHolder>> {
    let owner = match &key.record.owner {
        Some(owner) => Some(find_user(conn, tenant, owner).await?),
        None => None,
    };
    let is_disabled = owner.as_ref().is_some_and(|owner| !owner.is_enabled());
    Ok((!is_disabled).then_some(KeyHolder { key, owner }))
}

async fn keep_proof(
    conn: &mut PgConnection,
    tenant: &TenantId,
    key: &KeyId,
    version: u32,
    proof: &ProofHash,
) -> Result<()> {
    let kept = sqlx::query(
        "INSERT INTO swarm.key_proofs (tenant, key, version, hash) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(key.as_str())
    .bind(whole(u64::from(version)))
    .bind(proof.as_bytes())
    .execute(conn)
    .await?;
    if kept.rows_affected() == 1 {
        return Ok(());
    }
    // Somebody who rotated it at the same time was first.
    Err(StoreError::NotAllowed { what: format!("key {key}"), from: "changed by another", to: "changed" })
}

/// Deletes what proves a key, but for these secrets of it.
async fn forget(conn: &mut PgConnection, tenant: &TenantId, key: &KeyId, but: &[u32]) -> Result<()> {
    let but: Vec<i64> = but.iter().map(|number| i64::from(*number)).collect();
    sqlx::query("DELETE FROM swarm.key_proofs WHERE tenant = $1 AND key = $2 AND version <> ALL ($3)")
        .bind(tenant.as_str())
        .bind(key.as_str())
        .bind(but)
        .execute(conn)
        .await?;
    Ok(())
}
