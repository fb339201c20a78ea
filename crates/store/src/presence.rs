//! Who watches what, through which node: told anew by every node as long as it lives, and run out where it does not.

use std::time::Duration;

use swarm_domain::TenantId;

use crate::{Result, Store, column::whole};

/// How many rows one node may have, and how many of the others are read at most.
const MOST: usize = 2_000;

/// Somebody watches a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watching {
    /// What.
    pub path: String,
    /// Who.
    pub person: String,
    /// By how many connections.
    pub connections: u32,
}

impl Store {
    /// Tells the other nodes who watches through this one, for `life`, in place of what it told before; and hears of
    /// those who watch through the others. Beyond 2,000 rows of a node, and of all others together, the rest is left out.
    pub async fn exchange_presence(
        &self,
        tenant: &TenantId,
        node: &str,
        watching: &[Watching],
        life: Duration,
    ) -> Result<Vec<Watching>> {
        let ours = watching.get(..MOST).unwrap_or(watching);
        let mut tx = self.pool().begin().await?;
        sqlx::query(
            "DELETE FROM swarm.presence WHERE tenant = $1 AND (node = $2 OR expires <= clock_timestamp())",
        )
        .bind(tenant.as_str())
        .bind(node)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "INSERT INTO swarm.presence (tenant, node, path, person, connections, expires)
             SELECT $1, $2, path, person, connections, clock_timestamp() + $6 * interval '1 millisecond'
             FROM unnest($3::text[], $4::text[], $5::integer[]) AS told (path, person, connections)",
        )
        .bind(tenant.as_str())
        .bind(node)
        .bind(ours.iter().map(|one| one.path.as_str()).collect::<Vec<_>>())
        .bind(ours.iter().map(|one| one.person.as_str()).collect::<Vec<_>>())
        .bind(ours.iter().map(|one| i32::try_from(one.connections).unwrap_or(i32::MAX)).collect::<Vec<_>>())
        .bind(whole(u64::try_from(life.as_millis()).unwrap_or(u64::MAX)))
        .execute(&mut *tx)
        .await?;
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT path, person, sum(connections) FROM swarm.presence
             WHERE tenant = $1 AND node <> $2 AND expires > clock_timestamp()
             GROUP BY path, person ORDER BY path, person LIMIT $3",
        )
        .bind(tenant.as_str())
        .bind(node)
        .bind(i64::try_from(MOST).unwrap_or(i64::MAX))
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let read = |(path, person, connections)| Watching {
            path,
            person,
            connections: u32::try_from(connections).unwrap_or(u32::MAX),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Says that nobody watches through this node any more.
    pub async fn leave_presence(&self, tenant: &TenantId, node: &str) -> Result<()> {
        sqlx::query("DELETE FROM swarm.presence WHERE tenant = $1 AND node = $2")
            .bind(tenant.as_str())
            .bind(node)
            .execute(self.pool())
            .await?;
        Ok(())
    }
}
