//! Sealed secrets: what stands where, what happens to who changes it, and what is done where the key is gone.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use sqlx::{AssertSqlSafe, PgPool};
use swarm_domain::{
    Actor, Clock, EventBody, ProjectId, SecretName, TenantId,
    secret::{MAX_WINDOW_SECONDS, Placement, Reference, Secret, SecretHost, SecretId},
};
use swarm_store::{
    EventFilter, Given, NewSecret, Rotation, SecretChange, SecretRow, Store, StoreError,
    testing::TestDatabase,
};

const CANARY: &str = "canary-5e1f-value";
const SECOND: &str = "canary-77ab-other";

/// A clock that goes when it is told to.
#[derive(Clone)]
struct Hand(Arc<Mutex<DateTime<Utc>>>);

impl Hand {
    fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())))
    }

    fn forward(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct World {
    database: TestDatabase,
    store: Store,
    clock: Hand,
    pool: PgPool,
}

impl World {
    async fn new(name: &str) -> Self {
        let (database, clock) = (TestDatabase::new(name).await.unwrap(), Hand::new());
        let store = database.store_with(Arc::new(clock.clone())).await.unwrap();
        let pool = PgPool::connect(&database.url()).await.unwrap();
        Self { database, store, clock, pool }
    }

    async fn set(&self, name: &str, value: &str) -> SecretRow {
        self.store.set_secret(&tenant(), &ada(), new(name, value)).await.unwrap()
    }

    async fn rotate(&self, name: &str, value: &str, window_seconds: u32) -> SecretRow {
        let rotation = rotation(value, window_seconds);
        self.store.rotate_secret(&tenant(), &ada(), &id(name), rotation).await.unwrap()
    }

    async fn open(&self, row: &SecretRow, version: u32) -> Result<String, String> {
        let opened = self.store.open_secret(&tenant(), &row.record, version).await;
        opened.map(|value| value.expose().to_owned()).map_err(|error| error.problem().code)
    }

    async fn row(&self, name: &str) -> SecretRow {
        self.store.secret(&tenant(), &id(name)).await.unwrap()
    }

    async fn count(&self, what: &str) -> i64 {
        let query = AssertSqlSafe(format!("SELECT count(*) FROM swarm.{what}"));
        sqlx::query_scalar(query).fetch_one(&self.pool).await.unwrap()
    }

    async fn execute(&self, statement: &str) {
        sqlx::query(AssertSqlSafe(statement.to_owned())).execute(&self.pool).await.unwrap();
    }

    fn key(&self) -> std::path::PathBuf {
        self.database.data_dir().join("secrets.key")
    }

    /// All that the database holds, each row as text; bytes are in it as hex digits.
    async fn everything(&self) -> String {
        let tables: Vec<String> = sqlx::query_scalar(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables
             WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        assert!(tables.iter().any(|table| table == "swarm.sealed_secrets"), "{tables:?}");
        let mut all = String::new();
        for table in tables {
            let query = AssertSqlSafe(format!("SELECT t::text FROM {table} t"));
            let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.pool).await.unwrap();
            all += &rows.join("\n");
        }
        all
    }
}

fn tenant() -> TenantId {
    TenantId::local()
}

fn ada() -> SecretChange {
    SecretChange { actor: Actor::Person { name: "ada".to_owned() }, correlation: Some("job-1".to_owned()) }
}

fn id(name: &str) -> SecretId {
    SecretId { name: SecretName::parse(name).unwrap(), project: None }
}

fn new(name: &str, value: &str) -> NewSecret {
    NewSecret {
        id: id(name),
        hosts: vec![SecretHost::parse("api.example.org").unwrap()],
        placement: Placement::Bearer,
        given: Given::Value(Secret::new(value)),
        expires: None,
    }
}

fn rotation(value: &str, window_seconds: u32) -> Rotation {
    Rotation { given: Given::Value(Secret::new(value)), window_seconds, expires: None }
}

/// Whether a text is in there, as it is or as hex digits.
fn holds(all: &str, value: &str) -> bool {
    let hex = value.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    all.contains(value) || all.contains(&hex)
}

fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    found
}

#[tokio::test]
async fn a_value_is_found_nowhere_but_sealed_and_no_event_can_prove_a_guess() {
    let world = World::new("secret_canary").await;
    let row = world.set("registry", CANARY).await;
    let row = {
        assert_eq!(world.open(&row, 1).await.unwrap(), CANARY);
        world.rotate("registry", SECOND, 3600).await
    };
    assert_eq!(world.open(&row, 1).await.unwrap(), CANARY, "both count");
    assert_eq!(world.open(&row, 2).await.unwrap(), SECOND);
    let all = world.everything().await;
    let events = world.store.events(&tenant(), &EventFilter::default()).await.unwrap();
    let said = format!("{all} {events:?} {row:?} {:?}", world.store);
    for value in [CANARY, SECOND] {
        assert!(!holds(&said, value));
        // Who has a guess could hash it and compare.
        let guess = blake3::hash(value.as_bytes()).to_hex().to_string();
        assert!(!said.contains(&guess));
        for (path, bytes) in files(world.database.data_dir()) {
            assert!(!holds(&String::from_utf8_lossy(&bytes), value), "{}", path.display());
        }
    }
    assert_eq!(events.len(), 2);
    assert!(matches!(&events[0].body, EventBody::SecretSet { version: 1, .. }));
    assert!(matches!(&events[1].body, EventBody::SecretRotated { version: 2, window_seconds: 3600, .. }));
    assert_eq!(events[1].correlation.as_deref(), Some("job-1"));
    assert_eq!(fs::metadata(world.key()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn what_cannot_be_a_secret_leaves_nothing_behind() {
    let world = World::new("secret_refused").await;
    let refused =
        async |new: NewSecret| world.store.set_secret(&tenant(), &ada(), new).await.unwrap_err().problem();
    let with = async |change: fn(&mut NewSecret)| {
        let mut new = new("x", CANARY);
        change(&mut new);
        refused(new).await
    };
    let of = async |value: &str| refused(new("x", value)).await;
    for value in ["", "  \n", "abc", "canary\r\nX-Evil: 1", "canary\0", "canary\u{1b}[2J", "canäry"] {
        let problem = of(value).await;
        assert_eq!(problem.code, "secret.value");
        assert!(!format!("{problem:?}").contains("can\u{e4}ry") && !problem.detail.contains("Evil"));
    }
    assert_eq!(of(&"x".repeat(8193)).await.code, "secret.value");
    assert_eq!(with(|new| new.hosts.clear()).await.code, "secret.host");
    let many = |new: &mut NewSecret| {
        new.hosts = (0..17).map(|n| SecretHost::parse(&format!("h{n}.example.org")).unwrap()).collect();
    };
    assert_eq!(with(many).await.code, "secret.host");
    assert_eq!(with(|new| new.expires = Some(DateTime::UNIX_EPOCH)).await.code, "secret.expiry");
    assert_eq!(with(|new| new.placement = Placement::Basic).await.code, "secret.value");
    let elsewhere = |new: &mut NewSecret| new.id.project = Some(ProjectId::parse("nobody").unwrap());
    assert_eq!(with(elsewhere).await.code, "store.not_found");
    let gone = world.store.rotate_secret(&tenant(), &ada(), &id("x"), rotation(CANARY, 0)).await;
    assert_eq!(gone.unwrap_err().problem().code, "store.not_found");
    let gone = world.store.remove_secret(&tenant(), &ada(), &id("x")).await;
    assert_eq!(gone.unwrap_err().problem().code, "store.not_found");
    for table in ["secrets", "sealed_secrets", "secret_numbers", "events"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    world.set("x", CANARY).await;
    let long = rotation(CANARY, MAX_WINDOW_SECONDS + 1);
    let refused = world.store.rotate_secret(&tenant(), &ada(), &id("x"), long).await;
    assert_eq!(refused.unwrap_err().problem().code, "secret.window");
}

#[tokio::test]
async fn a_rotation_lets_both_values_count_for_its_window_and_then_the_old_one_is_deleted() {
    let world = World::new("secret_rotation").await;
    world.set("registry", CANARY).await;
    world.clock.forward(60);
    let row = world.rotate("registry", SECOND, 600).await;
    let numbers = |row: &SecretRow| {
        row.record.valid(world.clock.now()).iter().map(|version| version.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&row), [2, 1], "the newest first");
    world.clock.forward(599);
    world.store.forget_ended_secrets(&tenant()).await.unwrap();
    assert_eq!(world.open(&row, 1).await.unwrap(), CANARY);
    world.clock.forward(1);
    assert_eq!(numbers(&row), [2]);
    world.store.forget_ended_secrets(&tenant()).await.unwrap();
    assert_eq!(world.open(&row, 1).await.unwrap_err(), "secret.tampered");
    assert_eq!(world.open(&row, 2).await.unwrap(), SECOND);
    // Within one window, a third value ends the first at once.
    world.rotate("registry", "canary-third", 600).await;
    let row = world.rotate("registry", "canary-fourth", 600).await;
    assert_eq!((numbers(&row), world.count("sealed_secrets").await), (vec![4, 3], 2));
    let row = world.rotate("registry", "canary-fifth", 0).await;
    assert_eq!((numbers(&row), world.count("sealed_secrets").await), (vec![5], 1));
    // Set anew, nothing of before counts.
    let row = world.set("registry", CANARY).await;
    assert_eq!((numbers(&row), world.count("sealed_secrets").await), (vec![6], 1));
    world.store.remove_secret(&tenant(), &ada(), &id("registry")).await.unwrap();
    assert_eq!((world.count("sealed_secrets").await, world.count("secrets").await), (0, 0));
    assert_eq!(world.set("registry", CANARY).await.record.versions[0].number, 8, "no number twice");
}

#[tokio::test]
async fn a_value_expires_by_itself() {
    let world = World::new("secret_expires").await;
    let expires = Some(world.clock.now() + TimeDelta::seconds(10));
    let row =
        world.store.set_secret(&tenant(), &ada(), NewSecret { expires, ..new("x", CANARY) }).await.unwrap();
    assert_eq!(row.record.valid(world.clock.now()).len(), 1);
    world.clock.forward(10);
    assert!(row.record.valid(world.clock.now()).is_empty());
    world.store.forget_ended_secrets(&tenant()).await.unwrap();
    assert_eq!(world.count("sealed_secrets").await, 0);
    // It is still known, so that its owner can see what ended.
    assert_eq!(world.row("x").await.record.versions.len(), 1);
}

#[tokio::test]
async fn many_who_change_one_secret_at_once_each_get_a_number_and_the_last_one_counts() {
    let world = World::new("secret_at_once").await;
    world.set("x", CANARY).await;
    let changes = (0..12).map(|number| {
        let store = world.store.clone();
        let value = format!("canary-number-{number}");
        async move {
            let changed = if number % 2 == 0 {
                store.set_secret(&tenant(), &ada(), new("x", &value)).await
            } else {
                store.rotate_secret(&tenant(), &ada(), &id("x"), rotation(&value, 600)).await
            };
            changed.unwrap();
            value
        }
    });
    let values = futures::future::join_all(changes).await;
    let row = world.row("x").await;
    let newest = row.record.newest().unwrap().number;
    assert_eq!(newest, 13);
    assert!(values.contains(&world.open(&row, newest).await.unwrap()));
    assert_eq!(world.count("events").await, 13);
    let kept = row.record.versions.len();
    assert_eq!(
        world.count("sealed_secrets").await,
        i64::try_from(kept).unwrap(),
        "no value without its version"
    );
    assert!(world.store.verify(&tenant()).await.unwrap().first_bad.is_none());
    assert_eq!(world.store.rebuild(&tenant()).await.unwrap().differing().count(), 0);
    assert!(
        values.contains(&world.open(&world.row("x").await, newest).await.unwrap()),
        "a rebuild loses none"
    );
}

#[tokio::test]
async fn who_is_cut_off_half_way_has_done_all_or_nothing() {
    let world = World::new("secret_cut_off").await;
    world.set("x", CANARY).await;
    for steps in 0..60 {
        // So far, and no further: as the process that is killed.
        let mut change = Box::pin(world.rotate("x", SECOND, 600));
        for _ in 0..steps * steps {
            if (&mut change).now_or_never().is_some() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(change);
    }
    world.rotate("x", CANARY, 600).await;
    let row = world.row("x").await;
    for version in &row.record.versions {
        world.open(&row, version.number).await.unwrap();
    }
    let kept = i64::try_from(row.record.versions.len()).unwrap();
    assert_eq!(world.count("sealed_secrets").await, kept);
    let said = world.count("events").await;
    let newest = row.record.newest().unwrap().number;
    let set = sqlx::query_scalar::<_, i64>("SELECT last FROM swarm.secret_numbers")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    assert_eq!((said, set), (i64::from(newest), i64::from(newest)), "no number without its event");
}

#[tokio::test]
async fn whoever_writes_the_database_without_the_key_gains_no_value() {
    let world = World::new("secret_tampered").await;
    let row = world.set("x", CANARY).await;
    let other = world.set("y", SECOND).await;
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT sealed FROM swarm.sealed_secrets WHERE name = 'x'")
        .fetch_one(&world.pool)
        .await
        .unwrap();
    let put = async |bytes: &[u8]| {
        sqlx::query("UPDATE swarm.sealed_secrets SET sealed = $1 WHERE name = 'x'")
            .bind(bytes)
            .execute(&world.pool)
            .await
            .unwrap();
    };
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        put(&changed).await;
        assert_eq!(world.open(&row, 1).await.unwrap_err(), "secret.tampered", "byte {at}");
    }
    for cut in [0, 1, 30, sealed.len() / 2, sealed.len() - 1] {
        put(&sealed[..cut]).await;
        assert_eq!(world.open(&row, 1).await.unwrap_err(), "secret.tampered", "cut at {cut}");
    }
    put(&sealed).await;
    assert_eq!(world.open(&row, 1).await.unwrap(), CANARY);
    // To another name, to another host, to another header.
    world.execute("UPDATE swarm.sealed_secrets SET sealed = (SELECT sealed FROM swarm.sealed_secrets WHERE name = 'y') WHERE name = 'x'").await;
    assert_eq!(world.open(&row, 1).await.unwrap_err(), "secret.tampered");
    world.execute(r#"UPDATE swarm.secrets SET hosts = '["evil.example.org"]' WHERE name = 'y'"#).await;
    assert_eq!(world.open(&world.row("y").await, 1).await.unwrap_err(), "secret.tampered");
    world.execute(r#"UPDATE swarm.secrets SET hosts = '["api.example.org"]', placement = 'header:cookie' WHERE name = 'y'"#).await;
    assert_eq!(world.open(&world.row("y").await, 1).await.unwrap_err(), "secret.tampered");
    assert_eq!(world.open(&other, 1).await.unwrap(), SECOND, "as it was set, it is whole");
}

#[tokio::test]
async fn a_key_that_is_lost_wrong_open_or_damaged_is_named_and_never_replaced() {
    let world = World::new("secret_key").await;
    let row = world.set("x", CANARY).await;
    let key = fs::read_to_string(world.key()).unwrap();
    let refused = async |code: &str| {
        assert_eq!(world.open(&row, 1).await.unwrap_err(), code);
        let set = world.store.set_secret(&tenant(), &ada(), new("y", SECOND)).await.unwrap_err().problem();
        assert_eq!(set.code, code);
        assert!(set.detail.contains("secrets.key"), "{set:?}");
        assert!(!format!("{set:?}").contains("KEY-1QQ"), "{set:?}");
    };
    fs::set_permissions(world.key(), fs::Permissions::from_mode(0o640)).unwrap();
    refused("secret.key_open").await;
    fs::set_permissions(world.key(), fs::Permissions::from_mode(0o600)).unwrap();
    for damaged in ["", "# nothing\n", "AGE-SECRET-KEY-1QQ\n", "hello\n"] {
        fs::write(world.key(), damaged).unwrap();
        refused("secret.key_unreadable").await;
    }
    fs::write(world.key(), [0xff; 100]).unwrap();
    refused("secret.key_unreadable").await;
    fs::remove_file(world.key()).unwrap();
    refused("secret.key_lost").await;
    assert!(!world.key().exists(), "no second key is made in the place of the first");
    std::os::unix::fs::symlink("/etc/hostname", world.key()).unwrap();
    assert!(
        world.store.set_secret(&tenant(), &ada(), new("y", SECOND)).await.is_err(),
        "no link is followed"
    );
    fs::remove_file(world.key()).unwrap();
    // Another one than it was sealed with.
    let elsewhere = World::new("secret_other_key").await;
    elsewhere.set("z", SECOND).await;
    fs::copy(elsewhere.key(), world.key()).unwrap();
    assert_eq!(world.open(&row, 1).await.unwrap_err(), "secret.key_wrong");
    fs::write(world.key(), &key).unwrap();
    fs::set_permissions(world.key(), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(world.open(&row, 1).await.unwrap(), CANARY, "with its own key it opens again");
    assert_eq!(world.count("sealed_secrets").await, 1);
}

#[tokio::test]
async fn a_rekeying_seals_everything_anew_and_the_old_key_opens_nothing() {
    let world = World::new("secret_rekey").await;
    world.set("x", CANARY).await;
    let row = world.rotate("x", SECOND, 600).await;
    let old = fs::read_to_string(world.key()).unwrap();
    let done = world.store.rekey_secrets(&tenant(), &ada(), false).await.unwrap();
    assert_eq!((done.values, done.lost.len()), (2, 0));
    let fresh = fs::read_to_string(world.key()).unwrap();
    assert!(fresh.contains(&done.recipient) && !old.contains(&done.recipient));
    assert_eq!(fresh.matches("AGE-SECRET-KEY-1").count(), 1, "the old one is taken out");
    assert_eq!(fs::metadata(world.key()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        (world.open(&row, 1).await.unwrap(), world.open(&row, 2).await.unwrap()),
        (CANARY.to_owned(), SECOND.to_owned())
    );
    fs::write(world.key(), &old).unwrap();
    assert_eq!(world.open(&row, 2).await.unwrap_err(), "secret.key_wrong");
    fs::write(world.key(), &fresh).unwrap();
    // Cut off before the old key was taken out: both stand in the file, and everything opens.
    fs::write(world.key(), format!("{old}{fresh}")).unwrap();
    assert_eq!(world.open(&row, 2).await.unwrap(), SECOND);
    world.store.rekey_secrets(&tenant(), &ada(), false).await.unwrap();
    assert_eq!(world.open(&row, 2).await.unwrap(), SECOND);
}

#[tokio::test]
async fn rekeying_while_others_set_loses_no_value() {
    let world = World::new("secret_rekey_at_once").await;
    world.set("n0", "canary-n0").await;
    let sets = (1..10).map(|number| {
        let store = world.store.clone();
        async move {
            let name = format!("n{number}");
            store.set_secret(&tenant(), &ada(), new(&name, &format!("canary-{name}"))).await.unwrap();
        }
    });
    let rekeys = (0..4).map(|_| {
        let store = world.store.clone();
        async move { store.rekey_secrets(&tenant(), &ada(), false).await.map(drop).unwrap() }
    });
    futures::future::join(futures::future::join_all(sets), futures::future::join_all(rekeys)).await;
    for row in world.store.secrets(&tenant()).await.unwrap() {
        let name = row.record.id.name.to_string();
        assert_eq!(world.open(&row, 1).await.unwrap(), format!("canary-{name}"), "{name}");
    }
    assert_eq!(world.count("sealed_secrets").await, 10);
}

#[tokio::test]
async fn with_the_key_gone_for_good_what_it_opened_is_given_up_and_the_rest_stays() {
    let world = World::new("secret_lost").await;
    world.set("sealed", CANARY).await;
    let reference = Given::Reference(Reference::parse("env:HOME").unwrap());
    let referred = NewSecret { given: reference, ..new("referred", CANARY) };
    world.store.set_secret(&tenant(), &ada(), referred).await.unwrap();
    fs::remove_file(world.key()).unwrap();
    let refused = world.store.rekey_secrets(&tenant(), &ada(), false).await.unwrap_err();
    assert_eq!(refused.problem().code, "secret.key_lost");
    let done = world.store.rekey_secrets(&tenant(), &ada(), true).await.unwrap();
    assert_eq!((done.values, done.lost), (0, vec![id("sealed")]));
    let left = world.store.secrets(&tenant()).await.unwrap();
    assert_eq!(left.iter().map(|row| row.record.id.name.as_str()).collect::<Vec<_>>(), ["referred"]);
    let row = world.set("sealed", SECOND).await;
    let newest = row.record.newest().unwrap().number;
    assert_eq!(world.open(&row, newest).await.unwrap(), SECOND);
    assert!(world.store.verify(&tenant()).await.unwrap().first_bad.is_none());
    // A file that cannot be read is set aside, not overwritten.
    fs::write(world.key(), "scrambled\n").unwrap();
    world.store.rekey_secrets(&tenant(), &ada(), true).await.unwrap();
    let aside = world.key().with_extension("broken");
    assert_eq!(fs::read_to_string(aside).unwrap(), "scrambled\n");
}

#[tokio::test]
async fn two_projects_may_have_one_of_the_same_name() {
    let world = World::new("secret_scope").await;
    for name in ["a", "b"] {
        let project = ProjectId::parse(name).unwrap();
        let added = swarm_domain::NewEvent {
            tenant: tenant(),
            actor: ada().actor,
            subject: swarm_domain::Subject::default(),
            key: swarm_domain::IdempotencyKey::of(&["project", name]),
            correlation: None,
            body: EventBody::ProjectAdded { project, repo: "/nowhere".to_owned() },
        };
        world.store.append(added).await.unwrap();
    }
    for project in [None, Some("a"), Some("b")] {
        let mut of = new("x", &format!("canary-of-{}", project.unwrap_or("all")));
        of.id.project = project.map(|project| ProjectId::parse(project).unwrap());
        let row = world.store.set_secret(&tenant(), &ada(), of).await.unwrap();
        assert_eq!(row.record.versions[0].number, 1);
    }
    let mut of_b = id("x");
    of_b.project = Some(ProjectId::parse("b").unwrap());
    world.store.remove_secret(&tenant(), &ada(), &of_b).await.unwrap();
    let left = world.store.secrets(&tenant()).await.unwrap();
    assert_eq!(left.len(), 2);
    assert_eq!(world.open(&left[1], 1).await.unwrap(), "canary-of-a");
    assert!(matches!(world.store.secret(&tenant(), &of_b).await, Err(StoreError::NotFound { .. })));
}
