//! The second wall between tenants: what the database itself keeps apart.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use swarm_domain::{NewEvent, TenantId};
use swarm_store::{EventFilter, StoreError, testing::TestDatabase};

use crate::story;

/// What is kept once for all tenants, and so is behind no wall: contents by their hash, and the note that one is gone.
const FOR_ALL: [&str; 1] = ["purged_blobs"];

fn other() -> TenantId {
    TenantId::parse("other").unwrap()
}

/// The tables of the schema that have a tenant.
async fn tables(conn: &mut PgConnection) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.columns
         WHERE table_schema = 'swarm' AND column_name = 'tenant' ORDER BY 1",
    )
    .fetch_all(conn)
    .await
    .unwrap();
    tables.into_iter().filter(|name| !FOR_ALL.contains(&name.as_str())).collect()
}

async fn rows(conn: &mut PgConnection, table: &str) -> i64 {
    let query = AssertSqlSafe(format!("SELECT count(*) FROM swarm.{table}"));
    sqlx::query_scalar(query).fetch_one(conn).await.unwrap()
}

#[tokio::test]
async fn every_table_with_a_tenant_is_behind_the_wall() {
    let database = TestDatabase::new("wall").await.unwrap();
    let store = database.store().await.unwrap();
    let mut conn = PgConnection::connect(&database.url()).await.unwrap();
    let all = tables(&mut conn).await;
    assert!(all.len() > 30, "{all:?}");
    for table in all {
        let (on, forced, policies): (bool, bool, i64) = sqlx::query_as(
            "SELECT relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)
             FROM pg_class c WHERE oid = ('swarm.' || $1)::regclass",
        )
        .bind(&table)
        .fetch_one(&mut conn)
        .await
        .unwrap();
        assert_eq!((on, forced, policies), (true, true, 1), "{table}");
    }
    let (superuser, bypasses, login): (bool, bool, bool) = sqlx::query_as(
        "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'swarm_tenant'",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert!(!superuser && !bypasses && !login);
    store.close().await;
}

#[tokio::test]
async fn a_table_that_a_later_program_makes_is_behind_it_from_the_next_start_on() {
    let database = TestDatabase::new("wall").await.unwrap();
    database.store().await.unwrap().close().await;
    let mut conn = PgConnection::connect(&database.url()).await.unwrap();
    conn.execute("CREATE TABLE swarm.later (tenant text NOT NULL); INSERT INTO swarm.later VALUES ('local')")
        .await
        .unwrap();
    let store = database.store().await.unwrap();
    conn.execute("SET ROLE swarm_tenant").await.unwrap();
    assert_eq!(rows(&mut conn, "later").await, 0);
    conn.execute("SET swarm.tenant = 'local'").await.unwrap();
    assert_eq!(rows(&mut conn, "later").await, 1);
    store.close().await;
}

#[tokio::test]
async fn a_query_that_forgets_its_tenant_sees_that_of_its_connection_alone_and_without_one_nothing() {
    let database = TestDatabase::new("wall").await.unwrap();
    let store = database.store().await.unwrap();
    for event in story::whole() {
        store.append(event).await.unwrap();
    }
    let mut conn = PgConnection::connect(&database.url()).await.unwrap();
    let all = tables(&mut conn).await;
    let mut seen = 0;
    for table in &all {
        seen += rows(&mut conn, table).await;
    }
    assert!(seen > 100, "{seen}");
    conn.execute("SET ROLE swarm_tenant").await.unwrap();
    for setting in [
        "RESET swarm.tenant",
        "SET swarm.tenant = ''",
        "SET swarm.tenant = 'other'",
        "SET swarm.tenant = '*'",
    ] {
        conn.execute(AssertSqlSafe(setting)).await.unwrap();
        for table in &all {
            assert_eq!(rows(&mut conn, table).await, 0, "{table} after {setting}");
        }
    }
    conn.execute("SET swarm.tenant = 'local'").await.unwrap();
    let mut own = 0;
    for table in &all {
        own += rows(&mut conn, table).await;
    }
    assert_eq!(own, seen);
    // Nothing is written, changed or taken away across it.
    let refused =
        conn.execute("INSERT INTO swarm.projects VALUES ('other', 'x', 'y', now())").await.unwrap_err();
    assert_eq!(
        refused.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref(),
        Some("42501")
    );
    conn.execute("SET swarm.tenant = 'other'").await.unwrap();
    for table in &all {
        let query = AssertSqlSafe(format!("UPDATE swarm.{table} SET tenant = 'other'"));
        // The log refuses every change, before it is looked at whose it is.
        let changed = conn.execute(query).await.map(|done| done.rows_affected());
        assert!(
            matches!(changed, Ok(0)) || matches!(&**table, "events" | "checkpoints"),
            "{table}: {changed:?}"
        );
    }
    store.close().await;
}

#[tokio::test]
async fn a_tenants_store_does_its_own_work_and_finds_nothing_of_another() {
    let database = TestDatabase::new("wall").await.unwrap();
    let everyones = database.store().await.unwrap();
    for event in story::whole() {
        everyones.append(event).await.unwrap();
    }
    everyones.close().await;
    let (local, foreign) = (story::tenant(), other());
    let own = database.store().await.unwrap().for_tenant(&local).await.unwrap();
    assert_eq!(own.runs(&local).await.unwrap().len(), 1);
    assert!(own.verify(&local).await.is_ok());
    own.rebuild(&local).await.unwrap();
    own.append(story::asked("more", "of one's own")).await.unwrap();

    let store = database.store().await.unwrap().for_tenant(&foreign).await.unwrap();
    // Although each of these names the tenant that has them.
    assert!(store.runs(&local).await.unwrap().is_empty());
    assert!(matches!(store.run(&local, &story::run_id()).await, Err(StoreError::NotFound { .. })));
    assert!(store.events(&local, &EventFilter::default()).await.unwrap().is_empty());
    assert!(store.users(&local).await.unwrap().is_empty());
    let refused = store.append(story::asked("not mine", "to say")).await;
    assert!(matches!(refused, Err(StoreError::Database(_))), "{refused:?}");
    // And its own log begins at one.
    let event = NewEvent { tenant: foreign.clone(), ..story::asked("first", "of its own") };
    assert_eq!(store.append(event).await.unwrap().event.seq, 1);
    assert_eq!(store.events(&foreign, &EventFilter::default()).await.unwrap().len(), 1);
    own.close().await;
    store.close().await;
}

#[tokio::test]
async fn where_the_user_may_make_no_role_the_policies_bind_that_user_itself() {
    let database = TestDatabase::new("wall").await.unwrap();
    let mut conn = PgConnection::connect(&database.url()).await.unwrap();
    // One that owns the schema and nothing else. The role of tenants is the server's: it is there, and not theirs.
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut conn).await.unwrap();
    database.store().await.unwrap().close().await;
    let owner = format!("owner_of_{name}");
    for statement in [
        format!("CREATE ROLE {owner} LOGIN"),
        format!("GRANT CREATE ON DATABASE {name} TO {owner}"),
        "DROP SCHEMA swarm CASCADE".to_owned(),
    ] {
        conn.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    let mut url = database.url();
    let user =
        url.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user.to_owned());
    match user {
        Some(user) => url = url.replacen(&user, &owner, 1),
        None => url += &format!("{}user={owner}", if url.contains('?') { '&' } else { '?' }),
    }
    let clock = std::sync::Arc::new(swarm_store::SystemClock);
    let opened = swarm_store::Store::connect(&url, database.data_dir(), clock).await;
    let cleanup =
        format!("REASSIGN OWNED BY {owner} TO CURRENT_USER; DROP OWNED BY {owner}; DROP ROLE {owner}");
    let found = match opened {
        Ok(store) => {
            for event in story::whole() {
                store.append(event).await.unwrap();
            }
            let own = store.for_tenant(&story::tenant()).await.unwrap();
            let runs = own.runs(&story::tenant()).await.unwrap().len();
            own.close().await;
            let clock = std::sync::Arc::new(swarm_store::SystemClock);
            let store = swarm_store::Store::connect(&url, database.data_dir(), clock).await.unwrap();
            let foreign = store.for_tenant(&other()).await.unwrap();
            let foreign_runs = foreign.runs(&story::tenant()).await.unwrap().len();
            foreign.close().await;
            Ok((runs, foreign_runs))
        }
        Err(error) => Err(error),
    };
    conn.execute(AssertSqlSafe(cleanup)).await.unwrap();
    assert_eq!(found.unwrap(), (1, 0));
}
