//! The outbox: what people are told. A row is written with the position in the log up to which it was read, in one
//! transaction, so that each event has its rows once; it is claimed by a lease before it is sent, so that of several
//! nodes one sends it. Who is killed between sending and saying so sends again, under the same id.

mod claim;
mod list;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    NotificationId, TenantId,
    notification::{IN_APP, NotificationState, Stage},
};

pub use claim::Outcome;
pub use list::NotificationQuery;

use crate::{
    Result, Store, StoreError,
    column::{Columns, count, to_word, whole},
};

/// A message to a person or a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NotificationRow {
    /// Its id: the same each time that it is sent.
    pub id: NotificationId,
    /// The question, or what else it is about.
    pub about: String,
    /// Why it is sent: `asked`, `reminded.N`, `escalated.N`, `handed`, `settled`, `tried`, `verify`, `reset`.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    #[serde(with = "stage")]
    pub stage: Stage,
    /// Whom it is for; nothing where it is for a room.
    pub person: String,
    /// By which channel.
    pub channel: String,
    /// Where it stands.
    pub state: NotificationState,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// When it is sent, or tried again.
    pub due_at: DateTime<Utc>,
    /// How often it was tried.
    pub tries: u32,
    /// When the other side took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was read, in the app.
    pub read_at: Option<DateTime<Utc>>,
    /// Why the last try failed, or why it is not sent.
    pub fault: Option<String>,
}

/// A message that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotification {
    /// A fresh id.
    pub id: NotificationId,
    /// What it is about.
    pub about: String,
    /// Why.
    pub stage: Stage,
    /// For whom; nothing for a room.
    pub person: String,
    /// By which channel.
    pub channel: String,
    /// Not before.
    pub due_at: DateTime<Utc>,
}

/// A stage as its word.
mod stage {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use swarm_domain::notification::Stage;

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub(super) fn serialize<S: Serializer>(stage: &Stage, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(stage)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Stage, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

fn read(row: &PgRow) -> Result<NotificationRow> {
    let columns = Columns::of("notifications", row);
    let stage: String = columns.text("stage")?;
    Ok(NotificationRow {
        id: columns.id("id")?,
        about: columns.text("about")?,
        stage: stage.parse().map_err(|error| StoreError::corrupt("notifications.stage", error))?,
        person: columns.text("person")?,
        channel: columns.text("channel")?,
        state: columns.word("state")?,
        made_at: columns.time("made_at")?,
        due_at: columns.time("due_at")?,
        tries: columns.small("tries")?,
        sent_at: columns.time_or_none("sent_at")?,
        read_at: columns.time_or_none("read_at")?,
        fault: columns.text_or_none("fault")?,
    })
}

impl Store {
    /// The position up to which the log was read for what people are told.
    pub async fn notified_up_to(&self, tenant: &TenantId) -> Result<u64> {
        let seq: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM swarm.notification_cursors WHERE tenant = $1")
                .bind(tenant.as_str())
                .fetch_optional(self.pool())
                .await?;
        Ok(seq.map_or(0, count))
    }

    /// Makes what follows from the events behind `from` up to `to`, and says that they were read. False where somebody
    /// else has read them meanwhile: then nothing was made.
    pub async fn notify_up_to(
        &self,
        tenant: &TenantId,
        (from, to): (u64, u64),
        new: &[NewNotification],
    ) -> Result<bool> {
        let mut tx = self.pool().begin().await?;
        sqlx::query(
            "INSERT INTO swarm.notification_cursors (tenant, seq) VALUES ($1, 0) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .execute(&mut *tx)
        .await?;
        let moved =
            sqlx::query("UPDATE swarm.notification_cursors SET seq = $3 WHERE tenant = $1 AND seq = $2")
                .bind(tenant.as_str())
                .bind(whole(from))
                .bind(whole(to))
                .execute(&mut *tx)
                .await?
                .rows_affected();
        if moved == 0 {
            return Ok(false);
        }
        for one in new {
            self.add_notification(&mut tx, tenant, one).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Makes messages that follow from no event. Those that there are already are not made again.
    pub async fn notify(&self, tenant: &TenantId, new: &[NewNotification]) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        for one in new {
            self.add_notification(&mut tx, tenant, one).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn add_notification(
        &self,
        conn: &mut PgConnection,
        tenant: &TenantId,
        new: &NewNotification,
    ) -> Result<()> {
        // What is shown in the app is there as soon as its row is.
        let in_app = new.channel == IN_APP;
        let state = if in_app { NotificationState::Sent } else { NotificationState::Pending };
        let now = self.clock().now();
        sqlx::query(
            "INSERT INTO swarm.notifications
                 (tenant, id, about, stage, person, channel, state, made_at, due_at, sent_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (tenant, about, stage, person, channel) DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(new.id.as_str())
        .bind(&new.about)
        .bind(new.stage.to_string())
        .bind(&new.person)
        .bind(&new.channel)
        .bind(to_word("notifications.state", &state)?)
        .bind(now)
        .bind(new.due_at)
        .bind(in_app.then_some(now))
        .execute(conn)
        .await?;
        Ok(())
    }
}
