//! The second wall between tenants: the database itself shows a tenant's connections the rows of that tenant alone.

use sqlx::{Executor, PgPool, postgres::PgPoolOptions};
use swarm_domain::TenantId;

use crate::Result;

/// The setting that says whose a connection is.
pub(crate) const TENANT: &str = "swarm.tenant";
/// Every tenant: for migrations, and for what is kept once for all.
pub(crate) const EVERY_TENANT: &str = "*";

/// Raises the wall, also for tables that are new. Says whether there is a role of its own for tenants.
pub(crate) async fn raise(pool: &PgPool) -> Result<bool> {
    let has_role: bool = sqlx::query_scalar("SELECT swarm.raise_wall()").fetch_one(pool).await?;
    if !has_role {
        tracing::warn!(
            "the database's user may not make the role `swarm_tenant`: the policies bind that user itself, who must neither \
             be a superuser nor have BYPASSRLS"
        );
    }
    Ok(has_role)
}

/// Lets each connection of a pool be a tenant's, as long as it lives.
pub(crate) fn behind(options: PgPoolOptions, tenant: &TenantId, has_role: bool) -> PgPoolOptions {
    let tenant = tenant.to_string();
    options.after_connect(move |conn, _| {
        let tenant = tenant.clone();
        Box::pin(async move {
            sqlx::query("SELECT set_config($1, $2, false)")
                .bind(TENANT)
                .bind(tenant)
                .execute(&mut *conn)
                .await?;
            if has_role {
                conn.execute("SET ROLE swarm_tenant").await?;
            }
            Ok(())
        })
    })
}
