//! Tickets that let a live connection in: each once, for a short time, at whatever node.

use std::time::Duration;

use swarm_domain::{
    TenantId,
    identity::{KeyId, SessionId},
};

use crate::{
    Result, Store,
    column::{Columns, whole},
};

/// How many tickets of one person may wait to be used.
const MOST: i64 = 1000;

/// Whom a ticket lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketHolder {
    /// Whose data they may see.
    pub tenant: TenantId,
    /// Their name.
    pub name: String,
    /// What they were let in by when they asked for it.
    pub by: LetInBy,
}

/// What somebody was let in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LetInBy {
    /// The operator's token.
    Operator,
    /// A session.
    Session(SessionId),
    /// An API key.
    Key(KeyId),
}

impl LetInBy {
    fn columns(&self) -> (Option<&str>, Option<&str>) {
        match self {
            Self::Operator => (None, None),
            Self::Session(session) => (Some(session.as_str()), None),
            Self::Key(key) => (None, Some(key.as_str())),
        }
    }

    fn of(columns: &Columns<'_>) -> Result<Self> {
        Ok(match (columns.id_or_none("session")?, columns.id_or_none("key")?) {
            (Some(session), _) => Self::Session(session),
            (None, Some(key)) => Self::Key(key),
            (None, None) => Self::Operator,
        })
    }
}

impl Store {
    /// Notes a ticket that is good for `life`. Its text is not kept. False where too many of this person's wait already.
    pub async fn issue_ticket(&self, holder: &TicketHolder, ticket: &str, life: Duration) -> Result<bool> {
        let (session, key) = holder.by.columns();
        let mut tx = self.pool().begin().await?;
        sqlx::query("DELETE FROM swarm.live_tickets WHERE expires <= clock_timestamp()")
            .execute(&mut *tx)
            .await?;
        let issued = sqlx::query(
            "INSERT INTO swarm.live_tickets (hash, tenant, name, expires, session, key)
             SELECT $1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond', $6, $7
             WHERE (SELECT count(*) FROM swarm.live_tickets WHERE tenant = $2 AND name = $3) < $5",
        )
        .bind(hash(ticket))
        .bind(holder.tenant.as_str())
        .bind(&holder.name)
        .bind(whole(u64::try_from(life.as_millis()).unwrap_or(u64::MAX)))
        .bind(MOST)
        .bind(session)
        .bind(key)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(issued == 1)
    }

    /// Takes a ticket: whom it lets in, the first time and while it is good.
    pub async fn redeem_ticket(&self, ticket: &str) -> Result<Option<TicketHolder>> {
        let taken = sqlx::query(
            "DELETE FROM swarm.live_tickets WHERE hash = $1
             RETURNING tenant, name, session, key, expires > clock_timestamp() AS good",
        )
        .bind(hash(ticket))
        .fetch_optional(self.pool())
        .await?;
        let Some(row) = taken else {
            return Ok(None);
        };
        let columns = Columns::of("live_tickets", &row);
        let (tenant, name) = (columns.id("tenant")?, columns.text("name")?);
        let holder = TicketHolder { tenant, name, by: LetInBy::of(&columns)? };
        Ok(columns.flag("good")?.then_some(holder))
    }
}

fn hash(ticket: &str) -> String {
    blake3::hash(ticket.as_bytes()).to_hex().to_string()
}
