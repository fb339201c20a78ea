//! Sending, as far as it is kept: claimed by a lease, then marked by who still holds it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use swarm_domain::{NotificationId, TenantId, notification::NotificationState};

use super::{NotificationRow, read};
use crate::{
    Result, Store,
    column::{to_word, whole},
};

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The other side took it.
    Sent,
    /// It failed, and is tried again then.
    Again(DateTime<Utc>, String),
    /// It is not to be sent yet, and this was no try.
    Wait(DateTime<Utc>),
    /// It failed, and is not tried again by itself.
    Dead(String),
    /// What it was about is over.
    Withdrawn(String),
}

impl Store {
    /// Takes up to `most` messages of these channels that are due and that nobody holds, the oldest first, for `lease`. `claim` is a fresh
    /// word by which they are marked later.
    pub async fn claim_notifications(
        &self,
        tenant: &TenantId,
        claim: &str,
        lease: Duration,
        (channels, most): (&[String], u32),
    ) -> Result<Vec<NotificationRow>> {
        let rows = sqlx::query(
            // Looked for once, and then joined: a subquery could be run again for each row, and take more than `most`.
            "WITH due AS MATERIALIZED (
                 SELECT id FROM swarm.notifications
                 WHERE tenant = $1 AND state = 'pending' AND due_at <= $2 AND channel = ANY ($6)
                   AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
                 ORDER BY due_at, id LIMIT $5 FOR UPDATE SKIP LOCKED
             )
             UPDATE swarm.notifications AS n
             SET claim = $3, claimed_until = clock_timestamp() + $4 * interval '1 millisecond', tries = tries + 1
             FROM due WHERE n.tenant = $1 AND n.id = due.id RETURNING n.*",
        )
        .bind(tenant.as_str())
        .bind(self.clock().now())
        .bind(claim)
        .bind(whole(u64::try_from(lease.as_millis()).unwrap_or(u64::MAX)))
        .bind(i64::from(most))
        .bind(channels)
        .fetch_all(self.pool())
        .await?;
        let mut claimed: Vec<NotificationRow> = rows.iter().map(read).collect::<Result<_>>()?;
        claimed.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
        Ok(claimed)
    }

    /// Marks what came of a try. False where the lease ran out and somebody else has it by now.
    pub async fn settle_notification(
        &self,
        tenant: &TenantId,
        id: &NotificationId,
        claim: &str,
        outcome: &Outcome,
    ) -> Result<bool> {
        let (state, due, fault) = match outcome {
            Outcome::Sent => (NotificationState::Sent, None, None),
            Outcome::Again(at, fault) => (NotificationState::Pending, Some(*at), Some(fault)),
            Outcome::Wait(at) => (NotificationState::Pending, Some(*at), None),
            Outcome::Dead(fault) => (NotificationState::Dead, None, Some(fault)),
            Outcome::Withdrawn(why) => (NotificationState::Withdrawn, None, Some(why)),
        };
        let now = self.clock().now();
        let marked = sqlx::query(
            "UPDATE swarm.notifications
             SET state = $4, due_at = coalesce($5, due_at), fault = $6, claim = NULL, claimed_until = NULL,
                 sent_at = CASE WHEN $4 = 'sent' THEN $7 ELSE sent_at END,
                 tries = tries - CASE WHEN $8 THEN 1 ELSE 0 END
             WHERE tenant = $1 AND id = $2 AND claim = $3",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(claim)
        .bind(to_word("notifications.state", &state)?)
        .bind(due)
        .bind(fault)
        .bind(now)
        .bind(matches!(outcome, Outcome::Wait(_)))
        .execute(self.pool())
        .await?
        .rows_affected();
        Ok(marked == 1)
    }
}
