//! By which providers people can sign in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Event, EventBody, TenantId,
    identity::{ExternalId, ProviderName, UserId},
};

use crate::{Result, column::Columns};

/// A provider by which somebody can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LinkRow {
    /// Its name here.
    pub provider: ProviderName,
    /// Who they are there.
    pub external: ExternalId,
    /// Since when.
    pub linked_at: DateTime<Utc>,
}

pub(crate) fn link(row: &PgRow) -> Result<LinkRow> {
    let columns = Columns::of("linked_identities", row);
    Ok(LinkRow {
        provider: columns.id("provider")?,
        external: ExternalId { issuer: columns.text("issuer")?, subject: columns.text("subject")? },
        linked_at: columns.time("linked_at")?,
    })
}

/// Writes what an event says of it.
pub(crate) async fn change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::IdentityLinked { user, provider, external } => {
            sqlx::query(
                "INSERT INTO swarm.linked_identities (tenant, user_id, provider, issuer, subject, linked_at)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(event.tenant.as_str())
            .bind(user.as_str())
            .bind(provider.as_str())
            .bind(&external.issuer)
            .bind(&external.subject)
            .bind(event.at)
            .execute(conn)
            .await?;
        }
        EventBody::IdentityUnlinked { user, provider } => {
            sqlx::query(
                "DELETE FROM swarm.linked_identities WHERE tenant = $1 AND user_id = $2 AND provider = $3",
            )
            .bind(event.tenant.as_str())
            .bind(user.as_str())
            .bind(provider.as_str())
            .execute(conn)
            .await?;
        }
        _ => {}
    }
    Ok(())
}

/// The providers by which somebody can sign in, as this transaction sees it; the one of before first.
pub(crate) async fn links_of(
    conn: &mut PgConnection,
    tenant: &TenantId,
    user: &UserId,
) -> Result<Vec<LinkRow>> {
    let rows = sqlx::query(
        "SELECT * FROM swarm.linked_identities WHERE tenant = $1 AND user_id = $2 ORDER BY linked_at, provider",
    )
    .bind(tenant.as_str())
    .bind(user.as_str())
    .fetch_all(conn)
    .await?;
    rows.iter().map(link).collect()
}

/// Whose way in this is, as this transaction sees it.
pub(crate) async fn owner_of(
    conn: &mut PgConnection,
    tenant: &TenantId,
    external: &ExternalId,
) -> Result<Option<UserId>> {
    let row = sqlx::query(
        "SELECT user_id FROM swarm.linked_identities WHERE tenant = $1 AND issuer = $2 AND subject = $3",
    )
    .bind(tenant.as_str())
    .bind(&external.issuer)
    .bind(&external.subject)
    .fetch_optional(conn)
    .await?;
    row.as_ref().map(|row| Columns::of("linked_identities", row).id("user_id")).transpose()
}
