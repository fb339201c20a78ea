//! A second factor: codes count once, recovery codes too, and what proves it stands nowhere to be read.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE32_NOPAD;
use ring::hmac;
use sqlx::PgPool;
use swarm_domain::{
    Actor, Clock, TenantId,
    identity::{EmailAddress, LinkText, Proof, SecondStepText, UserId},
    secret::Secret,
};
use swarm_store::{
    Arrival, IdentityChange, NewSecondStep, NewUser, RECOVERY_CODES, Store, StoreError, SystemEntropy,
    UserRow, testing::TestDatabase,
};

/// A clock that goes when it is told to.
#[derive(Clone)]
struct Hand(Arc<Mutex<DateTime<Utc>>>);

impl Hand {
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
    ada: UserRow,
}

fn tenant() -> TenantId {
    TenantId::local()
}

fn by() -> IdentityChange {
    IdentityChange { actor: Actor::Person { name: "ada@example.org".to_owned() }, correlation: None }
}

fn code_of<T: std::fmt::Debug>(done: Result<T, StoreError>) -> String {
    done.unwrap_err().problem().code
}

impl World {
    async fn new(name: &str) -> Self {
        let database = TestDatabase::new(name).await.unwrap();
        let clock = Hand(Arc::new(Mutex::new("2026-11-22T12:00:00Z".parse().unwrap())));
        let store = database.store_with(Arc::new(clock.clone())).await.unwrap();
        let link = LinkText { proof: Proof::mint(&SystemEntropy) };
        store.make_first_link(&tenant(), &link).await.unwrap().unwrap();
        let new = NewUser {
            id: UserId::mint(&clock, &SystemEntropy),
            email: EmailAddress::parse("ada@example.org").unwrap(),
            password_hash: "$hash".to_owned(),
            arrival: Arrival::First(link),
            correlation: None,
        };
        let ada = store.add_user(&tenant(), new).await.unwrap();
        Self { database, store, clock, ada }
    }

    /// What the app shows, so many steps from now.
    fn shown(&self, secret: &Secret, steps: i64) -> String {
        let key = BASE32_NOPAD.decode(secret.expose().as_bytes()).unwrap();
        let step = self.clock.now().timestamp() / 30 + steps;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
        let hash = hmac::sign(&key, &step.to_be_bytes());
        let hash = hash.as_ref();
        let at = usize::from(hash[19] & 15);
        let word = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", word % 1_000_000)
    }

    /// A second factor that counts, and its recovery codes.
    async fn set_up(&self) -> (Secret, Vec<String>) {
        let secret = self.store.begin_second_factor(&tenant(), &self.ada.id).await.unwrap();
        let code = self.shown(&secret, -1);
        let shown = (&self.ada.id, code.as_str());
        let codes = self.store.confirm_second_factor(&tenant(), &by(), shown, &SystemEntropy).await.unwrap();
        (secret, codes.iter().map(|code| code.reveal().to_string()).collect())
    }

    async fn begin(&self) -> SecondStepText {
        let text = SecondStepText { proof: Proof::mint(&SystemEntropy) };
        let (user, device) = (self.ada.id.clone(), "test".to_owned());
        let new = NewSecondStep { text: text.clone(), user, device, cookies: false };
        self.store.begin_second_step(&tenant(), new).await.unwrap();
        text
    }

    async fn take(&self, text: &SecondStepText, code: &str) -> Result<UserId, StoreError> {
        self.store.take_second_step(&tenant(), &by(), text, code).await.map(|step| step.user.id)
    }
}

#[tokio::test]
async fn a_code_counts_once_and_none_before_it_any_more() {
    let world = World::new("codes").await;
    let (secret, _) = world.set_up().await;
    assert!(world.store.user(&tenant(), &world.ada.id).await.unwrap().second_factor_at.is_some());
    // The one that confirmed it was used with that.
    let first = world.begin().await;
    assert_eq!(code_of(world.take(&first, &world.shown(&secret, -1)).await), "auth.second_factor_code");
    // A wrong code leaves the sign-in as it is; the later one shuts the earlier one out.
    assert_eq!(world.take(&first, &world.shown(&secret, 1)).await.unwrap(), world.ada.id);
    assert_eq!(code_of(world.take(&first, &world.shown(&secret, 1)).await), "auth.second_step");
    let second = world.begin().await;
    for used in [-1, 0, 1, 2] {
        let refused = world.take(&second, &world.shown(&secret, used)).await;
        assert_eq!(code_of(refused), "auth.second_factor_code", "{used}");
    }
    world.clock.forward(60);
    assert!(world.take(&second, &world.shown(&secret, 0)).await.is_ok());
}

#[tokio::test]
async fn of_two_who_show_one_code_at_once_one_comes_in() {
    let world = World::new("code_race").await;
    let (secret, codes) = world.set_up().await;
    for code in [world.shown(&secret, 0), codes[0].clone()] {
        let (one, two) = (world.begin().await, world.begin().await);
        let (one, two) = tokio::join!(world.take(&one, &code), world.take(&two, &code));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn too_many_wrong_codes_or_too_long_a_wait_end_a_sign_in() {
    let world = World::new("tries").await;
    let (secret, _) = world.set_up().await;
    let text = world.begin().await;
    for wrong in ["000000", "", "12345", "abcdef", "zzzz-zzzz-zzzz-zzzz"] {
        assert_eq!(code_of(world.take(&text, wrong).await), "auth.second_factor_code", "{wrong}");
    }
    assert_eq!(code_of(world.take(&text, &world.shown(&secret, 0)).await), "auth.second_step");
    let late = world.begin().await;
    world.clock.forward(300);
    assert_eq!(code_of(world.take(&late, &world.shown(&secret, 0)).await), "auth.second_step");
    let unknown = SecondStepText { proof: Proof::mint(&SystemEntropy) };
    assert_eq!(code_of(world.take(&unknown, &world.shown(&secret, 0)).await), "auth.second_step");
}

#[tokio::test]
async fn a_recovery_code_counts_once_however_it_is_written() {
    let world = World::new("recovery").await;
    let (secret, codes) = world.set_up().await;
    assert_eq!(codes.len(), RECOVERY_CODES);
    let written = codes[0].to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l");
    assert!(world.take(&world.begin().await, &written).await.is_ok());
    assert_eq!(code_of(world.take(&world.begin().await, &codes[0]).await), "auth.second_factor_code");
    // Others take their place, by a code of the app alone.
    let shown = (&world.ada.id, codes[1].as_str());
    let refused = world.store.renew_recovery_codes(&tenant(), &by(), shown, &SystemEntropy).await;
    assert_eq!(code_of(refused), "auth.second_factor_code");
    let code = world.shown(&secret, 0);
    let shown = (&world.ada.id, code.as_str());
    let fresh = world.store.renew_recovery_codes(&tenant(), &by(), shown, &SystemEntropy).await.unwrap();
    assert_eq!(code_of(world.take(&world.begin().await, &codes[1]).await), "auth.second_factor_code");
    assert!(world.take(&world.begin().await, &fresh[0].reveal()).await.is_ok());
}

#[tokio::test]
async fn one_that_is_not_confirmed_is_asked_for_nowhere_and_one_that_is_cannot_be_replaced() {
    let world = World::new("confirm").await;
    let (store, user) = (&world.store, &world.ada.id);
    let first = store.begin_second_factor(&tenant(), user).await.unwrap();
    assert!(store.user(&tenant(), user).await.unwrap().second_factor_at.is_none());
    let old = world.shown(&first, 0);
    assert_eq!(code_of(world.take(&world.begin().await, &old).await), "auth.second_factor_none");
    let second = store.begin_second_factor(&tenant(), user).await.unwrap();
    let confirm = async |code: String| {
        store.confirm_second_factor(&tenant(), &by(), (user, &code), &SystemEntropy).await
    };
    assert_eq!(code_of(confirm(old).await), "auth.second_factor_code", "another took its place");
    confirm(world.shown(&second, -1)).await.unwrap();
    assert_eq!(code_of(confirm(world.shown(&second, 0)).await), "auth.second_factor_set");
    assert_eq!(code_of(store.begin_second_factor(&tenant(), user).await), "auth.second_factor_set");
    // Taken away by a code, or by who manages accounts; not twice.
    let wrong = store.remove_second_factor(&tenant(), &by(), user, Some("000000")).await;
    assert_eq!(code_of(wrong), "auth.second_factor_code");
    store.remove_second_factor(&tenant(), &by(), user, None).await.unwrap();
    assert!(store.user(&tenant(), user).await.unwrap().second_factor_at.is_none());
    assert_eq!(
        code_of(store.remove_second_factor(&tenant(), &by(), user, None).await),
        "auth.second_factor_none"
    );
    assert_eq!(store.rebuild(&tenant()).await.unwrap().differing().count(), 0);
}

#[tokio::test]
async fn its_secret_is_sealed_for_its_owner_and_goes_with_another_key() {
    let world = World::new("sealed").await;
    let (secret, codes) = world.set_up().await;
    let pool = PgPool::connect(&world.database.url()).await.unwrap();
    let mut told = String::new();
    for table in ["events", "users", "second_factors", "recovery_codes", "second_steps"] {
        let query = sqlx::AssertSqlSafe(format!("SELECT t::text FROM swarm.{table} t"));
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&pool).await.unwrap();
        told += &rows.join("\n");
    }
    let hex: Vec<_> = secret.expose().bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!told.contains(secret.expose()) && !told.contains(&hex.concat()));
    assert!(!told.contains(&codes[0]) && !told.contains(&codes[0].replace('-', "")));

    // A new key seals it again.
    let done = world.store.rekey_secrets(&tenant(), &by(), false).await.unwrap();
    assert_eq!((done.values, done.lost.len()), (1, 0));
    assert!(world.take(&world.begin().await, &world.shown(&secret, 0)).await.is_ok());
    // Moved to somebody else, it opens nothing there.
    sqlx::query("UPDATE swarm.second_factors SET user_id = 'user_eve'").execute(&pool).await.unwrap();
    let shown = world.shown(&secret, 1);
    let eve = UserId::parse("user_eve").unwrap();
    let moved = world.store.renew_recovery_codes(&tenant(), &by(), (&eve, &shown), &SystemEntropy).await;
    assert_eq!(code_of(moved), "secret.tampered");
    sqlx::query("UPDATE swarm.second_factors SET user_id = $1")
        .bind(world.ada.id.as_str())
        .execute(&pool)
        .await
        .unwrap();
    // Without its key the app's codes open nothing, and nobody comes in without one either: a recovery code does.
    std::fs::remove_file(world.database.data_dir().join("secrets.key")).unwrap();
    assert_eq!(code_of(world.take(&world.begin().await, &shown).await), "secret.key_lost");
    assert_eq!(code_of(world.store.rekey_secrets(&tenant(), &by(), false).await), "secret.key_lost");
    world.store.rekey_secrets(&tenant(), &by(), true).await.unwrap();
    assert_eq!(code_of(world.take(&world.begin().await, &shown).await), "secret.key_wrong");
    assert!(world.take(&world.begin().await, &codes[1]).await.is_ok());
}
