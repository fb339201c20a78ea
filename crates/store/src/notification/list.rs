//! Looking at messages, marking them as read, and sending dead ones again.

use chrono::{DateTime, Utc};
use swarm_domain::{
    NotificationId, TenantId,
    notification::{IN_APP, NotificationState},
};

use super::{NotificationRow, read};
use crate::{Result, Store, StoreError, view::not_found};

/// Which messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotificationQuery {
    /// Only those that are shown in the app to this person.
    pub shown_to: Option<String>,
    /// Only those that were not read.
    pub unread: bool,
    /// Only in this state.
    pub state: Option<NotificationState>,
    /// At most so many.
    pub limit: u32,
}

impl Store {
    /// Messages, the newest first.
    pub async fn notifications(
        &self,
        tenant: &TenantId,
        which: &NotificationQuery,
    ) -> Result<Vec<NotificationRow>> {
        let rows = sqlx::query(
            "SELECT * FROM swarm.notifications
             WHERE tenant = $1 AND ($2::text IS NULL OR (channel = $3 AND lower(person) = lower($2)))
               AND (NOT $4 OR read_at IS NULL) AND ($5::text IS NULL OR state = $5)
             ORDER BY made_at DESC, id DESC LIMIT $6",
        )
        .bind(tenant.as_str())
        .bind(&which.shown_to)
        .bind(IN_APP)
        .bind(which.unread)
        .bind(which.state.map(NotificationState::as_str))
        .bind(i64::from(which.limit))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }

    /// One message.
    pub async fn notification(&self, tenant: &TenantId, id: &NotificationId) -> Result<NotificationRow> {
        let row = sqlx::query("SELECT * FROM swarm.notifications WHERE tenant = $1 AND id = $2")
            .bind(tenant.as_str())
            .bind(id.as_str())
            .fetch_optional(self.pool())
            .await?;
        read(&row.ok_or_else(|| not_found("notification", id))?)
    }

    /// How many of a person's messages in the app they have not read.
    pub async fn unread_notifications(&self, tenant: &TenantId, person: &str) -> Result<u64> {
        let unread: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM swarm.notifications
             WHERE tenant = $1 AND channel = $3 AND lower(person) = lower($2) AND read_at IS NULL",
        )
        .bind(tenant.as_str())
        .bind(person)
        .bind(IN_APP)
        .fetch_one(self.pool())
        .await?;
        Ok(crate::column::count(unread))
    }

    /// Marks a person's message as read, or all of theirs. Nobody marks another's: to them it is not there.
    pub async fn read_notifications(
        &self,
        tenant: &TenantId,
        person: &str,
        id: Option<&NotificationId>,
    ) -> Result<()> {
        let found = sqlx::query(
            "UPDATE swarm.notifications SET read_at = coalesce(read_at, $5)
             WHERE tenant = $1 AND channel = $3 AND lower(person) = lower($2) AND ($4::text IS NULL OR id = $4)
               AND (read_at IS NULL OR id = $4)",
        )
        .bind(tenant.as_str())
        .bind(person)
        .bind(IN_APP)
        .bind(id.map(NotificationId::as_str))
        .bind(self.clock().now())
        .execute(self.pool())
        .await?
        .rows_affected();
        match id {
            Some(id) if found == 0 => Err(not_found("notification", id)),
            _ => Ok(()),
        }
    }

    /// Lets a dead message be sent again, at once and with all its tries.
    pub async fn replay_notification(
        &self,
        tenant: &TenantId,
        id: &NotificationId,
    ) -> Result<NotificationRow> {
        let known = self.notification(tenant, id).await?;
        let not_dead = |state: NotificationState| StoreError::NotAllowed {
            what: format!("notification {id}"),
            from: state.as_str(),
            to: "sent again",
        };
        let replayed = sqlx::query(
            "UPDATE swarm.notifications SET state = 'pending', tries = 0, due_at = $3, claim = NULL, claimed_until = NULL
             WHERE tenant = $1 AND id = $2 AND state = 'dead'",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(self.clock().now())
        .execute(self.pool())
        .await?
        .rows_affected();
        if replayed == 0 {
            return Err(not_dead(known.state));
        }
        self.notification(tenant, id).await
    }

    /// Deletes what was made before this and is over. The log still says what it was about.
    pub async fn forget_notifications(&self, tenant: &TenantId, before: DateTime<Utc>) -> Result<u64> {
        let done = sqlx::query(
            "DELETE FROM swarm.notifications WHERE tenant = $1 AND made_at < $2 AND state <> 'pending'",
        )
        .bind(tenant.as_str())
        .bind(before)
        .execute(self.pool())
        .await?;
        Ok(done.rows_affected())
    }
}
