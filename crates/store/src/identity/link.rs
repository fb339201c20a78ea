//! Links that count once.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use swarm_domain::{
    TenantId,
    identity::{IdentityError, LinkPurpose, LinkText, UserId},
};

use crate::{Result, Store};

impl Store {
    /// Keeps a link that counts once, for a while. Others that were made for the same count no more.
    pub(super) async fn keep_link(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        (purpose, subject): (LinkPurpose, &str),
        link: &LinkText,
    ) -> Result<DateTime<Utc>> {
        let now = self.clock().now();
        let expires = now + chrono::TimeDelta::seconds(i64::from(purpose.seconds()));
        sqlx::query(
            "DELETE FROM swarm.one_time_links
             WHERE tenant = $1 AND ((purpose = $2 AND subject = $3) OR expires <= $4)",
        )
        .bind(tenant.as_str())
        .bind(purpose.as_str())
        .bind(subject)
        .bind(now)
        .execute(&mut *conn)
        .await?;
        sqlx::query(
            "INSERT INTO swarm.one_time_links (tenant, hash, purpose, subject, expires)
             VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(tenant.as_str())
        .bind(link.proof.hash().as_bytes())
        .bind(purpose.as_str())
        .bind(subject)
        .bind(expires)
        .execute(conn)
        .await?;
        Ok(expires)
    }

    /// Keeps the link by which the first account is made; none where there is an account.
    pub async fn make_first_link(&self, tenant: &TenantId, link: &LinkText) -> Result<Option<DateTime<Utc>>> {
        if self.has_users(tenant).await? {
            return Ok(None);
        }
        let mut conn = self.pool().acquire().await?;
        self.keep_link(&mut conn, tenant, (LinkPurpose::First, ""), link).await.map(Some)
    }

    /// Keeps a link by which somebody verifies their address or chooses another password.
    pub async fn make_user_link(
        &self,
        tenant: &TenantId,
        user: &UserId,
        purpose: LinkPurpose,
        link: &LinkText,
    ) -> Result<DateTime<Utc>> {
        let mut tx = self.pool().begin().await?;
        crate::view::identity::find_user(&mut tx, tenant, user).await?;
        let expires = self.keep_link(&mut tx, tenant, (purpose, user.as_str()), link).await?;
        tx.commit().await?;
        Ok(expires)
    }
}

/// Uses a link up, and says for whom it is. Its row is gone with it: of two at once, one finds nothing.
pub(super) async fn take(
    conn: &mut PgConnection,
    tenant: &TenantId,
    purpose: LinkPurpose,
    link: &LinkText,
    now: DateTime<Utc>,
) -> Result<String> {
    take_hash(conn, tenant, purpose, link.proof.hash().as_bytes(), now).await
}

/// The same, for one that was shown before.
pub(super) async fn take_hash(
    conn: &mut PgConnection,
    tenant: &TenantId,
    purpose: LinkPurpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<String> {
    let subject: Option<String> = sqlx::query_scalar(
        "DELETE FROM swarm.one_time_links WHERE tenant = $1 AND hash = $2 AND purpose = $3 AND expires > $4
         RETURNING subject",
    )
    .bind(tenant.as_str())
    .bind(hash)
    .bind(purpose.as_str())
    .bind(now)
    .fetch_optional(conn)
    .await?;
    subject.ok_or_else(|| IdentityError::Link.into())
}
