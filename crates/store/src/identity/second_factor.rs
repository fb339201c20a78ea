//! A second factor: set up, asked for, taken away. Its secret is sealed with the key of the other sealed values.

use chrono::TimeDelta;
use sqlx::{PgConnection, Row};
use swarm_domain::{
    Entropy, EventBody, TenantId,
    identity::{IdentityError, RecoveryCode, SecondStepText, UserId},
    secret::Secret,
};

use super::{IdentityChange, said, totp};
use crate::{
    Result, Store, UserRow,
    column::Columns,
    secret::{FactorBound, Keys, Sealed},
    view::identity::find_user,
};

/// How many recovery codes there are at once.
pub const RECOVERY_CODES: usize = 10;
/// How long the second step may take, in seconds.
pub const SECOND_STEP_SECONDS: i64 = 300;
/// How many wrong codes end a sign-in.
const MAX_TRIES: i16 = 5;

/// A sign-in whose first step was right.
#[derive(Debug)]
pub struct NewSecondStep {
    /// What is shown with the code.
    pub text: SecondStepText,
    /// Who signs in.
    pub user: UserId,
    /// What they sign in with, by its own word.
    pub device: String,
    /// Whether a browser asks, which gets its tokens as cookies.
    pub cookies: bool,
}

/// A sign-in of which both steps were right.
#[derive(Debug)]
pub struct SecondStep {
    /// Who signs in.
    pub user: UserRow,
    /// What they sign in with, by its own word.
    pub device: String,
    /// Whether a browser asks.
    pub cookies: bool,
}

impl Store {
    /// Makes a secret for somebody's app, in the place of one that was not confirmed. It counts once they show a code of it.
    pub async fn begin_second_factor(&self, tenant: &TenantId, user: &UserId) -> Result<Secret> {
        let secret = totp::fresh()?;
        self.ready_key().await?;
        let mut tx = self.pool().begin().await?;
        lock(&mut tx).await?;
        let bound = FactorBound::of(tenant, user);
        let sealed = bound.seal(&Keys::of_folder(self.data_dir())?, &secret)?;
        let done = sqlx::query(
            "INSERT INTO swarm.second_factors AS f (tenant, user_id, recipient, sealed) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tenant, user_id) DO UPDATE SET recipient = $3, sealed = $4, last_step = 0
                 WHERE NOT f.confirmed",
        )
        .bind(tenant.as_str())
        .bind(user.as_str())
        .bind(&sealed.recipient)
        .bind(&sealed.bytes)
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Err(IdentityError::SecondFactorSet.into());
        }
        tx.commit().await?;
        Ok(secret)
    }

    /// Confirms it by a code. Gives back recovery codes, to be shown once.
    pub async fn confirm_second_factor(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        (user, code): (&UserId, &str),
        entropy: &dyn Entropy,
    ) -> Result<Vec<RecoveryCode>> {
        let mut tx = self.pool().begin().await?;
        lock(&mut tx).await?;
        self.take_code(&mut tx, tenant, user, code, false).await?;
        sqlx::query("UPDATE swarm.second_factors SET confirmed = true WHERE tenant = $1 AND user_id = $2")
            .bind(tenant.as_str())
            .bind(user.as_str())
            .execute(&mut *tx)
            .await?;
        let codes = fresh_codes(&mut tx, tenant, user, entropy).await?;
        let body = EventBody::SecondFactorSet { user: user.clone() };
        self.append_within(&mut tx, &[said(tenant, by, user.as_str(), body)]).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Makes other recovery codes; those of before count no more.
    pub async fn renew_recovery_codes(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        (user, code): (&UserId, &str),
        entropy: &dyn Entropy,
    ) -> Result<Vec<RecoveryCode>> {
        let mut tx = self.pool().begin().await?;
        lock(&mut tx).await?;
        self.take_code(&mut tx, tenant, user, code, true).await?;
        let codes = fresh_codes(&mut tx, tenant, user, entropy).await?;
        let body = EventBody::RecoveryCodesMade { user: user.clone() };
        self.append_within(&mut tx, &[said(tenant, by, user.as_str(), body)]).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Takes it away: by a code of its owner's, or by somebody who may do that without one.
    pub async fn remove_second_factor(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        code: Option<&str>,
    ) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        lock(&mut tx).await?;
        let mut events = Vec::new();
        if let Some(code) = code {
            events.extend(self.take_any(&mut tx, tenant, by, user, code).await?);
        }
        for table in ["second_factors", "recovery_codes"] {
            let query = format!("DELETE FROM swarm.{table} WHERE tenant = $1 AND user_id = $2");
            let query = sqlx::query(sqlx::AssertSqlSafe(query)).bind(tenant.as_str()).bind(user.as_str());
            query.execute(&mut *tx).await?;
        }
        let body = EventBody::SecondFactorRemoved { user: user.clone(), by_code: code.is_some() };
        events.push(said(tenant, by, user.as_str(), body));
        self.append_within(&mut tx, &events).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Notes a sign-in whose first step was right.
    pub async fn begin_second_step(&self, tenant: &TenantId, new: NewSecondStep) -> Result<()> {
        let now = self.clock().now();
        let mut tx = self.pool().begin().await?;
        sqlx::query("DELETE FROM swarm.second_steps WHERE expires <= $1").bind(now).execute(&mut *tx).await?;
        sqlx::query(
            "INSERT INTO swarm.second_steps (tenant, hash, user_id, device, cookies, expires)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(tenant.as_str())
        .bind(new.text.proof.hash().as_bytes())
        .bind(new.user.as_str())
        .bind(&new.device)
        .bind(new.cookies)
        .bind(now + TimeDelta::seconds(SECOND_STEP_SECONDS))
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Whose sign-in this is; nothing is used up.
    pub async fn user_of_second_step(&self, tenant: &TenantId, text: &SecondStepText) -> Result<UserRow> {
        let user: Option<String> = sqlx::query_scalar(
            "SELECT user_id FROM swarm.second_steps WHERE tenant = $1 AND hash = $2 AND expires > $3",
        )
        .bind(tenant.as_str())
        .bind(text.proof.hash().as_bytes())
        .bind(self.clock().now())
        .fetch_optional(self.pool())
        .await?;
        let wrong = |error| crate::StoreError::corrupt("second_steps.user_id", error);
        let user = UserId::parse(user.ok_or(IdentityError::SecondStep)?).map_err(wrong)?;
        self.user(tenant, &user).await
    }

    /// Takes the second step by a code, of the app or for recovery. A wrong one is counted; too many end the sign-in.
    pub async fn take_second_step(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        text: &SecondStepText,
        code: &str,
    ) -> Result<SecondStep> {
        let over = || crate::StoreError::from(IdentityError::SecondStep);
        // Counted first, and by itself: of many at once no more are looked at than may be.
        let row = sqlx::query(
            "UPDATE swarm.second_steps SET tries = tries + 1
             WHERE tenant = $1 AND hash = $2 AND expires > $3 AND tries < $4
             RETURNING user_id, device, cookies",
        )
        .bind(tenant.as_str())
        .bind(text.proof.hash().as_bytes())
        .bind(self.clock().now())
        .bind(MAX_TRIES)
        .fetch_optional(self.pool())
        .await?
        .ok_or_else(over)?;
        let columns = Columns::of("second_steps", &row);
        let user: UserId = columns.id("user_id")?;
        let mut tx = self.pool().begin().await?;
        lock(&mut tx).await?;
        let gone = sqlx::query("DELETE FROM swarm.second_steps WHERE tenant = $1 AND hash = $2")
            .bind(tenant.as_str())
            .bind(text.proof.hash().as_bytes())
            .execute(&mut *tx)
            .await?;
        if gone.rows_affected() == 0 {
            return Err(over());
        }
        let events = self.take_any(&mut tx, tenant, by, &user, code).await?;
        if !events.is_empty() {
            self.append_within(&mut tx, &events).await?;
        }
        let user = find_user(&mut tx, tenant, &user).await?;
        if !user.is_enabled() {
            return Err(over());
        }
        tx.commit().await?;
        Ok(SecondStep { user, device: columns.text("device")?, cookies: columns.flag("cookies")? })
    }

    /// A code of the app, or one for recovery, which is used up and said.
    async fn take_any(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        by: &IdentityChange,
        user: &UserId,
        code: &str,
    ) -> Result<Vec<swarm_domain::NewEvent>> {
        let Some(recovery) = RecoveryCode::parse(code) else {
            self.take_code(conn, tenant, user, code, true).await?;
            return Ok(Vec::new());
        };
        let done =
            sqlx::query("DELETE FROM swarm.recovery_codes WHERE tenant = $1 AND user_id = $2 AND hash = $3")
                .bind(tenant.as_str())
                .bind(user.as_str())
                .bind(recovery.hash().as_bytes())
                .execute(&mut *conn)
                .await?;
        if done.rows_affected() == 0 {
            return Err(IdentityError::SecondFactorCode.into());
        }
        let left: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM swarm.recovery_codes WHERE tenant = $1 AND user_id = $2",
        )
        .bind(tenant.as_str())
        .bind(user.as_str())
        .fetch_one(conn)
        .await?;
        let left = u32::try_from(left).unwrap_or_default();
        let body = EventBody::RecoveryCodeUsed { user: user.clone(), left };
        Ok(vec![said(tenant, by, user.as_str(), body)])
    }

    /// A code of the app, once. Whoever shows one of the same person at the same time waits for the row.
    async fn take_code(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        user: &UserId,
        code: &str,
        confirmed: bool,
    ) -> Result<()> {
        let row = sqlx::query(
            "SELECT recipient, sealed, confirmed, last_step FROM swarm.second_factors
             WHERE tenant = $1 AND user_id = $2 FOR UPDATE",
        )
        .bind(tenant.as_str())
        .bind(user.as_str())
        .fetch_optional(&mut *conn)
        .await?
        .ok_or(IdentityError::SecondFactorNone)?;
        match (row.try_get("confirmed")?, confirmed) {
            (true, false) => return Err(IdentityError::SecondFactorSet.into()),
            (false, true) => return Err(IdentityError::SecondFactorNone.into()),
            _ => {}
        }
        let sealed = Sealed { recipient: row.try_get("recipient")?, bytes: row.try_get("sealed")? };
        let secret = FactorBound::of(tenant, user).open(&Keys::of_folder(self.data_dir())?, &sealed)?;
        let now = self.clock().now().timestamp();
        let step = totp::step_of(&secret, code, row.try_get("last_step")?, now);
        sqlx::query("UPDATE swarm.second_factors SET last_step = $3 WHERE tenant = $1 AND user_id = $2")
            .bind(tenant.as_str())
            .bind(user.as_str())
            .bind(step.ok_or(IdentityError::SecondFactorCode)?)
            .execute(conn)
            .await?;
        Ok(())
    }
}

/// Waits until no rekeying is under way.
async fn lock(conn: &mut PgConnection) -> Result<()> {
    sqlx::query("LOCK TABLE swarm.second_factors IN ROW EXCLUSIVE MODE").execute(conn).await?;
    Ok(())
}

async fn fresh_codes(
    conn: &mut PgConnection,
    tenant: &TenantId,
    user: &UserId,
    entropy: &dyn Entropy,
) -> Result<Vec<RecoveryCode>> {
    sqlx::query("DELETE FROM swarm.recovery_codes WHERE tenant = $1 AND user_id = $2")
        .bind(tenant.as_str())
        .bind(user.as_str())
        .execute(&mut *conn)
        .await?;
    let codes: Vec<_> = (0..RECOVERY_CODES).map(|_| RecoveryCode::mint(entropy)).collect();
    for code in &codes {
        sqlx::query("INSERT INTO swarm.recovery_codes (tenant, user_id, hash) VALUES ($1, $2, $3)")
            .bind(tenant.as_str())
            .bind(user.as_str())
            .bind(code.hash().as_bytes())
            .execute(&mut *conn)
            .await?;
    }
    Ok(codes)
}
