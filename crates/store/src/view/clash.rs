//! Clashes and changes: which files did not fit together, and which one piece of work changed.

use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Event, ProjectId, TenantId,
    clash::{Seen, SeenKind},
};

use crate::{
    Result, Store,
    column::{Columns, whole},
    projection,
};

/// Writes that a ticket's files did not fit with others.
pub(crate) async fn add(
    conn: &mut PgConnection,
    event: &Event,
    files: &[String],
    others: &[String],
) -> Result<()> {
    sqlx::query(
        "INSERT INTO swarm.clashes (tenant, seq, project, run, ticket, files, others, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(projection::project_of(event)?.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(files)
    .bind(others)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes which files a merge changed; an event of before they were named says none.
pub(crate) async fn changed(conn: &mut PgConnection, event: &Event, files: &[String]) -> Result<()> {
    if files.len() < 2 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO swarm.changes (tenant, seq, project, run, ticket, files, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.tenant.as_str())
    .bind(whole(event.seq))
    .bind(projection::project_of(event)?.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::ticket_of(event)?.as_str())
    .bind(files)
    .bind(event.at)
    .execute(conn)
    .await?;
    Ok(())
}

fn read(row: &PgRow) -> Result<Seen> {
    let columns = Columns::of("clashes", row);
    let kind = if columns.flag("clashed")? { SeenKind::Clashed } else { SeenKind::Together };
    Ok(Seen { kind, ours: columns.texts("files")?, theirs: columns.texts("others")? })
}

impl Store {
    /// What earlier work on a project showed about which files do not go together, the newest first, at the most
    /// `limit` clashes and as many changes.
    pub async fn clashes_seen(
        &self,
        tenant: &TenantId,
        project: &ProjectId,
        limit: i64,
    ) -> Result<Vec<Seen>> {
        let rows = sqlx::query(
            "(SELECT true AS clashed, seq, files, others FROM swarm.clashes
              WHERE tenant = $1 AND project = $2 ORDER BY seq DESC LIMIT $3)
             UNION ALL
             (SELECT false AS clashed, seq, files, files AS others FROM swarm.changes
              WHERE tenant = $1 AND project = $2 ORDER BY seq DESC LIMIT $3)
             ORDER BY clashed DESC, seq DESC",
        )
        .bind(tenant.as_str())
        .bind(project.as_str())
        .bind(limit)
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }
}
