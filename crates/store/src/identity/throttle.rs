//! How often something may be tried, on whatever node: the generic cell rate algorithm in one statement.

use chrono::{DateTime, TimeDelta, Utc};

use swarm_domain::BlobHash;

use crate::{Result, Store};

impl Store {
    /// Counts one try of this subject. One is given back each `every`, up to `burst` of them. Gives back how long to wait
    /// where there is none left; such a try is not counted.
    pub async fn throttle(&self, subject: &str, every: TimeDelta, burst: i32) -> Result<Option<TimeDelta>> {
        let now = self.clock().now();
        // An address or account is nobody's business here.
        let subject = BlobHash::of(subject.as_bytes());
        let full = now + every * burst;
        let taken: Option<DateTime<Utc>> = sqlx::query_scalar(
            "INSERT INTO swarm.throttles AS t (subject, full_at) VALUES ($1, $2::timestamptz + $3::interval)
             ON CONFLICT (subject) DO UPDATE SET full_at = greatest(t.full_at, $2) + $3
                 WHERE greatest(t.full_at, $2) + $3 <= $4
             RETURNING full_at",
        )
        .bind(subject.as_str())
        .bind(now)
        .bind(every)
        .bind(full)
        .fetch_optional(self.pool())
        .await?;
        if taken.is_some() {
            return Ok(None);
        }
        let full_at: Option<DateTime<Utc>> =
            sqlx::query_scalar("SELECT full_at FROM swarm.throttles WHERE subject = $1")
                .bind(subject.as_str())
                .fetch_optional(self.pool())
                .await?;
        let wait = full_at.map_or(every, |at| at + every - full);
        Ok(Some(wait.max(TimeDelta::seconds(1))))
    }

    /// Deletes what says nothing any more.
    pub async fn forget_throttles(&self) -> Result<()> {
        let query = sqlx::query("DELETE FROM swarm.throttles WHERE full_at < $1");
        query.bind(self.clock().now()).execute(self.pool()).await?;
        Ok(())
    }
}
