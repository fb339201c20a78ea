//! Sessions: begun, refreshed, ended.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{PgConnection, Row};
use swarm_domain::{
    EventBody, NewEvent, TenantId,
    identity::{IdentityError, Presented, ProofHash, RefreshText, SessionEnd, SessionId, UserId, presented},
};

use super::{IdentityChange, USE_SECONDS, in_own_name, said};
use crate::{
    Result, SessionRow, Store, StoreError, UserRow,
    column::Columns,
    view::identity::{self as view, find_session, find_user},
};

/// A session that is to begin.
#[derive(Debug)]
pub struct NewSession {
    /// A fresh id.
    pub id: SessionId,
    /// Whose.
    pub user: UserId,
    /// What they sign in with, by its own word.
    pub device: String,
    /// When it ends by itself.
    pub expires: DateTime<Utc>,
    /// The first of its refresh tokens, hashed.
    pub proof: ProofHash,
    /// When that one stops to count, unless it is used.
    pub idle: DateTime<Utc>,
}

/// A session that goes on.
#[derive(Debug)]
pub struct Refreshed {
    /// Whose it is.
    pub user: UserRow,
    /// When it ends by itself.
    pub expires: DateTime<Utc>,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: UserRow,
    /// In which session.
    pub session: SessionRow,
}

impl Store {
    /// Begins a session.
    pub async fn begin_session(&self, tenant: &TenantId, by: &IdentityChange, new: NewSession) -> Result<()> {
        let NewSession { id, user, device, expires, proof, idle } = new;
        let mut tx = self.pool().begin().await?;
        sqlx::query("DELETE FROM swarm.refresh_tokens WHERE expires < $1")
            .bind(self.clock().now())
            .execute(&mut *tx)
            .await?;
        keep_token(&mut tx, tenant, &id, &proof, (idle, expires)).await?;
        let about = id.to_string();
        let body = EventBody::SessionBegun { session: id, user, device, expires };
        self.append_within(&mut tx, &[said(tenant, by, &about, body)]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets another refresh token take the place of this one. One that was used before ends its session, unless it was
    /// just now: then two requests of one person met, and the second gets nothing.
    pub async fn refresh_session(
        &self,
        tenant: &TenantId,
        shown: &RefreshText,
        next: &ProofHash,
        idle: TimeDelta,
        correlation: Option<&String>,
    ) -> Result<Refreshed> {
        let now = self.clock().now();
        let over = || StoreError::from(IdentityError::SessionOver);
        let mut tx = self.pool().begin().await?;
        // Whoever shows the same token at the same time waits here.
        let token = sqlx::query(
            "SELECT idle, expires, used_at FROM swarm.refresh_tokens
             WHERE tenant = $1 AND session = $2 AND hash = $3 FOR UPDATE",
        )
        .bind(tenant.as_str())
        .bind(shown.session.as_str())
        .bind(shown.proof.hash().as_bytes())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(over)?;
        let session = find_session(&mut tx, tenant, &shown.session).await?;
        let user = find_user(&mut tx, tenant, &session.user).await?;
        if !session.is_live(now) || !user.is_enabled() {
            return Err(over());
        }
        match presented(token.try_get("used_at")?, now) {
            Presented::Raced => Err(IdentityError::RefreshRaced.into()),
            Presented::Reused => {
                let by = in_own_name(user.email.as_str(), correlation);
                let (session, user) = (session.id, user.id);
                let about = session.to_string();
                let body = EventBody::SessionEnded { session, user, how: SessionEnd::Reused };
                self.append_within(&mut tx, &[said(tenant, &by, &about, body)]).await?;
                tx.commit().await?;
                Err(IdentityError::RefreshReused.into())
            }
            Presented::Rotates if token.try_get::<DateTime<Utc>, _>("idle")? <= now => Err(over()),
            Presented::Rotates => {
                sqlx::query(
                    "UPDATE swarm.refresh_tokens SET used_at = $4
                     WHERE tenant = $1 AND session = $2 AND hash = $3",
                )
                .bind(tenant.as_str())
                .bind(shown.session.as_str())
                .bind(shown.proof.hash().as_bytes())
                .bind(now)
                .execute(&mut *tx)
                .await?;
                let ends = (now + idle, session.expires);
                keep_token(&mut tx, tenant, &session.id, next, ends).await?;
                tx.commit().await?;
                Ok(Refreshed { user, expires: session.expires })
            }
        }
    }

    /// Ends a session. One that is over already stays so.
    pub async fn end_session(
        &self,
        tenant: &TenantId,
        by: &IdentityChange,
        id: &SessionId,
        how: SessionEnd,
    ) -> Result<()> {
        let user = self.session(tenant, id).await?.user;
        let body = EventBody::SessionEnded { session: id.clone(), user, how };
        match self.append(said(tenant, by, id.as_str(), body)).await {
            Err(StoreError::NotAllowed { .. }) => Ok(()),
            done => done.map(drop),
        }
    }

    /// Who is signed in by a session, if anybody still is. The use is written down.
    pub async fn signed_in(&self, tenant: &TenantId, id: &SessionId) -> Result<Option<SignedIn>> {
        let now = self.clock().now();
        let mut conn = self.pool().acquire().await?;
        let session = match find_session(&mut conn, tenant, id).await {
            Ok(session) if session.is_live(now) => session,
            Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let user = find_user(&mut conn, tenant, &session.user).await?;
        if !user.is_enabled() {
            return Ok(None);
        }
        note_use(&mut conn, tenant, id.as_str(), session.used_at, now).await?;
        Ok(Some(SignedIn { user, session }))
    }

    /// The sessions by which somebody is signed in, the newest first.
    pub async fn sessions(&self, tenant: &TenantId, user: &UserId) -> Result<Vec<SessionRow>> {
        let rows = sqlx::query(
            "SELECT s.*, u.at AS used_at FROM swarm.sessions s
             LEFT JOIN swarm.identity_uses u ON u.tenant = s.tenant AND u.id = s.id
             WHERE s.tenant = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires > $3
             ORDER BY s.begun_at DESC, s.id",
        )
        .bind(tenant.as_str())
        .bind(user.as_str())
        .bind(self.clock().now())
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(view::session).collect()
    }

    /// One session, over or not.
    pub async fn session(&self, tenant: &TenantId, id: &SessionId) -> Result<SessionRow> {
        find_session(&mut *self.pool().acquire().await?, tenant, id).await
    }
}

/// The ends of somebody's sessions, but for one that is kept.
pub(super) async fn ends(
    conn: &mut PgConnection,
    tenant: &TenantId,
    by: &IdentityChange,
    user: &UserId,
    keep: Option<&SessionId>,
    how: SessionEnd,
) -> Result<Vec<NewEvent>> {
    let rows = sqlx::query(
        "SELECT id FROM swarm.sessions WHERE tenant = $1 AND user_id = $2 AND ended_at IS NULL ORDER BY id",
    )
    .bind(tenant.as_str())
    .bind(user.as_str())
    .fetch_all(conn)
    .await?;
    let mut events = Vec::new();
    for row in &rows {
        let session: SessionId = Columns::of("sessions", row).id("id")?;
        if keep != Some(&session) {
            let about = session.to_string();
            events.push(said(
                tenant,
                by,
                &about,
                EventBody::SessionEnded { session, user: user.clone(), how },
            ));
        }
    }
    Ok(events)
}

async fn keep_token(
    conn: &mut PgConnection,
    tenant: &TenantId,
    session: &SessionId,
    proof: &ProofHash,
    (idle, expires): (DateTime<Utc>, DateTime<Utc>),
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.refresh_tokens (tenant, session, hash, idle, expires) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(tenant.as_str())
    .bind(session.as_str())
    .bind(proof.as_bytes())
    .bind(idle)
    .bind(expires)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down that something was used, unless that was written lately.
pub(super) async fn note_use(
    conn: &mut PgConnection,
    tenant: &TenantId,
    id: &str,
    last: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    if last.is_some_and(|last| now.signed_duration_since(last) < TimeDelta::seconds(USE_SECONDS)) {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO swarm.identity_uses AS u (tenant, id, at) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, id) DO UPDATE SET at = greatest(u.at, $3)",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}
