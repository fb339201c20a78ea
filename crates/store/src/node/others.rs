//! What a node knows of the others: who is dead, and whose work is whose.

use swarm_domain::{NodeId, lease::FencingToken};

use super::lease::millis;
use crate::{
    Result, Store,
    column::{Columns, whole},
};

/// A node whose time ran out. Whoever it is given to hands its work over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostNode {
    /// Its name.
    pub node: NodeId,
    /// The token that is stale now.
    pub token: FencingToken,
}

impl Store {
    /// Declares the nodes dead whose time ran out, and gives them to exactly one of those that ask. Also those whom a
    /// node declared dead that then died itself, before it had [handed their work over](Self::settled).
    ///
    /// Nobody is judged by a node that was cut off itself until a moment ago, nor by one that is not live any more.
    pub async fn lost(&self) -> Result<Vec<LostNode>> {
        let lease = self.lease()?;
        if !lease.is_steady() {
            return Ok(Vec::new());
        }
        // A row that is being read for an append is left for the next time: its node is at work.
        let rows = sqlx::query(
            "WITH lost AS (
                 SELECT name FROM swarm.nodes
                 WHERE name <> $1
                     AND ((state IN ('live', 'draining') AND expires_at <= clock_timestamp())
                         OR (state = 'dead' AND NOT settled
                             AND taken_at <= clock_timestamp() - $3 * interval '1 millisecond'))
                     AND EXISTS (SELECT FROM swarm.nodes me WHERE me.name = $1 AND me.token = $2 AND me.state = 'live')
                 ORDER BY name FOR UPDATE OF nodes SKIP LOCKED)
             UPDATE swarm.nodes n
             SET state = 'dead', taken_by = $1, taken_at = clock_timestamp(), settled = false
             FROM lost WHERE n.name = lost.name
             RETURNING n.name, n.token",
        )
        .bind(lease.name().as_str())
        .bind(whole(lease.token().get()))
        .bind(millis(lease.joining().ttl))
        .fetch_all(self.pool())
        .await?;
        rows.iter()
            .map(|row| {
                let columns = Columns::of("nodes", row);
                Ok(LostNode { node: columns.id("name")?, token: FencingToken::new(columns.count("token")?) })
            })
            .collect()
    }

    /// Notes that a dead node's work has been handed over.
    pub async fn settled(&self, lost: &LostNode) -> Result<()> {
        sqlx::query(
            "UPDATE swarm.nodes SET settled = true WHERE name = $1 AND token = $2 AND state = 'dead'",
        )
        .bind(lost.node.as_str())
        .bind(whole(lost.token.get()))
        .execute(self.pool())
        .await?;
        Ok(())
    }
}
