//! Accounts, sessions and keys: what counts once counts once, and what proves somebody stands nowhere to be read.

use std::{
    collections::BTreeSet,
    os::unix::fs::PermissionsExt,
    sync::{Arc, Mutex},
};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{AssertSqlSafe, PgPool};
use swarm_domain::{
    Actor, Clock, EventBody, TenantId,
    identity::{
        EmailAddress, InvitationId, KeyId, KeyName, KeyText, LinkPurpose, LinkText, Proof, RefreshText, Role,
        Scope, SessionEnd, SessionId, UserId,
    },
};
use swarm_store::{
    Arrival, EventFilter, IdentityChange, NewKey, NewSession, NewUser, Store, StoreError, SystemEntropy,
    TokenKey, UserRow, testing::TestDatabase,
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
    pool: PgPool,
}

const HASH: &str = "$argon2id$canary-hash";

impl World {
    async fn new(name: &str) -> Self {
        let database = TestDatabase::new(name).await.unwrap();
        let clock = Hand(Arc::new(Mutex::new("2026-11-22T12:00:00Z".parse().unwrap())));
        let store = database.store_with(Arc::new(clock.clone())).await.unwrap();
        let pool = PgPool::connect(&database.url()).await.unwrap();
        Self { database, store, clock, pool }
    }

    async fn add(&self, email: &str, arrival: Arrival) -> Result<UserRow, String> {
        let id = UserId::mint(&self.clock, &SystemEntropy);
        let email = EmailAddress::parse(email).unwrap();
        let new = NewUser { id, email, password_hash: HASH.to_owned(), arrival, correlation: None };
        self.store.add_user(&tenant(), new).await.map_err(|error| error.problem().code)
    }

    async fn owner(&self) -> UserRow {
        let link = link();
        self.store.make_first_link(&tenant(), &link).await.unwrap().unwrap();
        self.add("ada@example.org", Arrival::First(link)).await.unwrap()
    }

    async fn invited(&self, email: &str, role: Role) -> (InvitationId, LinkText) {
        let (id, link) = (InvitationId::mint(&self.clock, &SystemEntropy), link());
        let email = EmailAddress::parse(email).unwrap();
        self.store.invite(&tenant(), &ada(), id.clone(), (email, role), &link).await.unwrap();
        (id, link)
    }

    async fn begin(&self, user: &UserRow) -> RefreshText {
        let text = RefreshText { session: SessionId::mint(&self.clock, &SystemEntropy), proof: proof() };
        let now = self.clock.now();
        let new = NewSession {
            id: text.session.clone(),
            user: user.id.clone(),
            device: "test".to_owned(),
            expires: now + TimeDelta::days(30),
            proof: text.proof.hash(),
            idle: now + TimeDelta::days(14),
        };
        self.store.begin_session(&tenant(), &ada(), new).await.unwrap();
        text
    }

    async fn refresh(&self, shown: &RefreshText) -> Result<RefreshText, String> {
        let next = RefreshText { session: shown.session.clone(), proof: proof() };
        let idle = TimeDelta::days(14);
        match self.store.refresh_session(&tenant(), shown, &next.proof.hash(), idle, None).await {
            Ok(_) => Ok(next),
            Err(error) => Err(error.problem().code),
        }
    }

    async fn key(&self, owner: Option<&UserRow>) -> KeyText {
        let text = KeyText { key: KeyId::mint(&self.clock, &SystemEntropy), proof: proof() };
        let new = NewKey {
            rate: None,
            id: text.key.clone(),
            name: KeyName::parse("ci").unwrap(),
            owner: owner.map(|owner| owner.id.clone()),
            scopes: BTreeSet::from([Scope::WorkRead]),
            expires: Some(self.clock.now() + TimeDelta::days(30)),
            proof: text.proof.hash(),
        };
        self.store.make_key(&tenant(), &ada(), new).await.unwrap();
        text
    }

    async fn counts(&self, key: &KeyText) -> bool {
        self.store.shown_key(&tenant(), key).await.unwrap().is_some()
    }

    async fn is_live(&self, session: &RefreshText) -> bool {
        self.store.signed_in(&tenant(), &session.session).await.unwrap().is_some()
    }

    async fn kinds(&self) -> Vec<&'static str> {
        let events = self.store.events(&tenant(), &EventFilter::default()).await.unwrap();
        events.iter().map(|event| event.body.name()).collect()
    }

    /// All that the log and its views hold, as text; bytes are in it as hex digits.
    async fn told(&self) -> String {
        let mut all = String::new();
        for table in ["events", "users", "invitations", "sessions", "api_keys"] {
            let query = AssertSqlSafe(format!("SELECT t::text FROM swarm.{table} t"));
            let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&self.pool).await.unwrap();
            all += &rows.join("\n");
        }
        all
    }
}

fn tenant() -> TenantId {
    TenantId::local()
}

fn ada() -> IdentityChange {
    IdentityChange { actor: Actor::Person { name: "ada@example.org".to_owned() }, correlation: None }
}

fn proof() -> Proof {
    Proof::mint(&SystemEntropy)
}

fn link() -> LinkText {
    LinkText { proof: proof() }
}

#[tokio::test]
async fn the_first_account_is_made_by_the_newest_link_once_and_never_again() {
    let world = World::new("first").await;
    let (old, new) = (link(), link());
    world.store.make_first_link(&tenant(), &old).await.unwrap().unwrap();
    world.store.make_first_link(&tenant(), &new).await.unwrap().unwrap();
    assert_eq!(world.add("eve@example.org", Arrival::First(old)).await.unwrap_err(), "auth.link");
    assert_eq!(world.add("eve@example.org", Arrival::First(link())).await.unwrap_err(), "auth.link");
    let ada = world.add("ada@example.org", Arrival::First(new.clone())).await.unwrap();
    assert_eq!((ada.role, ada.verified_at.is_some()), (Role::Owner, true));
    assert_eq!(world.add("eve@example.org", Arrival::First(new)).await.unwrap_err(), "auth.link");
    assert!(world.store.make_first_link(&tenant(), &link()).await.unwrap().is_none());
    assert_eq!(world.store.users(&tenant()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_two_who_open_a_link_at_once_one_gets_in() {
    let world = World::new("at_once").await;
    let link = link();
    world.store.make_first_link(&tenant(), &link).await.unwrap();
    let (one, two) = tokio::join!(
        world.add("ada@example.org", Arrival::First(link.clone())),
        world.add("eve@example.org", Arrival::First(link.clone()))
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!(world.store.users(&tenant()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_invitation_is_for_one_address_once_and_not_after_it_was_withdrawn_or_its_time_is_over() {
    let world = World::new("invitation").await;
    world.owner().await;
    let (_, link) = world.invited("bob@example.org", Role::Reviewer).await;
    assert_eq!(world.add("eve@example.org", Arrival::Invited(link.clone())).await.unwrap_err(), "auth.link");
    // What was refused did not use the link up.
    let bob = world.add("Bob@Example.org", Arrival::Invited(link.clone())).await.unwrap();
    assert_eq!((bob.role, bob.verified_at.is_some()), (Role::Reviewer, true));
    assert_eq!(world.add("bob@example.org", Arrival::Invited(link)).await.unwrap_err(), "auth.link");

    let (id, link) = world.invited("eve@example.org", Role::Viewer).await;
    world.store.withdraw_invitation(&tenant(), &ada(), &id).await.unwrap();
    assert_eq!(world.add("eve@example.org", Arrival::Invited(link)).await.unwrap_err(), "auth.link");
    assert!(world.store.withdraw_invitation(&tenant(), &ada(), &id).await.is_err());

    let (_, late) = world.invited("eve@example.org", Role::Viewer).await;
    world.clock.forward(i64::from(LinkPurpose::Invite.seconds()));
    assert_eq!(world.add("eve@example.org", Arrival::Invited(late)).await.unwrap_err(), "auth.link");
}

#[tokio::test]
async fn an_address_has_one_account() {
    let world = World::new("one_account").await;
    world.owner().await;
    assert_eq!(world.add("ADA@example.org", Arrival::Open).await.unwrap_err(), "store.exists");
    let eve = world.add("eve@example.org", Arrival::Open).await.unwrap();
    assert_eq!((eve.role, eve.verified_at), (Role::Viewer, None));
    // What was refused left no password behind.
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM swarm.credentials").fetch_one(&world.pool).await.unwrap();
    assert_eq!(count, 2);
}

#[tokio::test]
async fn a_refresh_token_that_comes_again_ends_its_session_for_everybody() {
    let world = World::new("reuse").await;
    let ada = world.owner().await;
    let first = world.begin(&ada).await;
    let second = world.refresh(&first).await.unwrap();
    // At once it is a race, which opens nothing and ends nothing.
    assert_eq!(world.refresh(&first).await.unwrap_err(), "auth.refresh_raced");
    let third = world.refresh(&second).await.unwrap();
    world.clock.forward(60);
    assert_eq!(world.refresh(&first).await.unwrap_err(), "auth.refresh_reused");
    assert!(!world.is_live(&first).await);
    // Whoever has the newest one is out as well: nobody knows which of the two is the thief.
    assert_eq!(world.refresh(&third).await.unwrap_err(), "auth.session_over");
    assert_eq!(world.kinds().await.last(), Some(&"session_ended"));
    let row = world.store.session(&tenant(), &first.session).await.unwrap();
    assert_eq!(row.how, Some(SessionEnd::Reused));
}

#[tokio::test]
async fn of_two_refreshes_at_once_one_gets_a_token_and_the_session_lives() {
    let world = World::new("race").await;
    let ada = world.owner().await;
    let token = world.begin(&ada).await;
    let (one, two) = tokio::join!(world.refresh(&token), world.refresh(&token));
    let refused: Vec<_> = [one.as_ref().err(), two.as_ref().err()].into_iter().flatten().collect();
    assert_eq!(refused, ["auth.refresh_raced"]);
    assert!(world.is_live(&token).await);
    world.refresh(&one.or(two).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_guessed_or_idle_or_old_refresh_token_opens_nothing_and_ends_nothing() {
    let world = World::new("guessed").await;
    let ada = world.owner().await;
    let token = world.begin(&ada).await;
    let guessed = RefreshText { session: token.session.clone(), proof: proof() };
    assert_eq!(world.refresh(&guessed).await.unwrap_err(), "auth.session_over");
    assert!(world.is_live(&token).await);
    world.clock.forward(14 * 86_400);
    assert_eq!(world.refresh(&token).await.unwrap_err(), "auth.session_over");
    world.clock.forward(16 * 86_400);
    assert!(!world.is_live(&token).await);
}

#[tokio::test]
async fn another_password_ends_the_other_sessions_and_by_a_link_all_of_them() {
    let world = World::new("password").await;
    let ada_row = world.owner().await;
    let (here, there) = (world.begin(&ada_row).await, world.begin(&ada_row).await);
    let keep = Some(&here.session);
    world.store.change_password(&tenant(), &ada(), &ada_row.id, "$other", keep).await.unwrap();
    assert!(world.is_live(&here).await && !world.is_live(&there).await);
    assert_eq!(world.refresh(&there).await.unwrap_err(), "auth.session_over");

    let link = link();
    world.store.make_user_link(&tenant(), &ada_row.id, LinkPurpose::Reset, &link).await.unwrap();
    assert_eq!(world.store.user_of_reset_link(&tenant(), &link).await.unwrap().id, ada_row.id);
    // A link is for one thing.
    assert!(world.store.verify_user(&tenant(), &link, None).await.is_err());
    world.store.reset_password(&tenant(), &link, "$third", None).await.unwrap();
    assert!(!world.is_live(&here).await);
    let again = world.store.reset_password(&tenant(), &link, "$fourth", None).await.unwrap_err();
    assert_eq!(again.problem().code, "auth.link");
    let email = EmailAddress::parse("ada@example.org").unwrap();
    let (_, hash) = world.store.user_by_email(&tenant(), &email).await.unwrap().unwrap();
    assert_eq!(hash, "$third");
}

#[tokio::test]
async fn a_link_to_reset_counts_for_an_hour() {
    let world = World::new("late_link").await;
    let ada = world.owner().await;
    let link = link();
    world.store.make_user_link(&tenant(), &ada.id, LinkPurpose::Reset, &link).await.unwrap();
    world.clock.forward(3600);
    let late = world.store.reset_password(&tenant(), &link, "$late", None).await.unwrap_err();
    assert_eq!(late.problem().code, "auth.link");
}

#[tokio::test]
async fn a_reset_and_the_verified_address_are_one_change() {
    let world = World::new("reset_verifies").await;
    world.owner().await;
    let bob = world.add("bob@example.org", Arrival::Open).await.unwrap();
    assert!(bob.verified_at.is_none());
    let reset = link();
    world.store.make_user_link(&tenant(), &bob.id, LinkPurpose::Reset, &reset).await.unwrap();
    let hash = async || world.store.user_by_email(&tenant(), &bob.email).await.unwrap().unwrap().1;

    // What breaks between the two breaks both: the database refuses the second.
    for statement in [
        "CREATE FUNCTION swarm.refuse() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no'; END $$",
        "CREATE TRIGGER refuse BEFORE UPDATE OF verified_at ON swarm.users
         FOR EACH ROW EXECUTE FUNCTION swarm.refuse()",
    ] {
        sqlx::query(statement).execute(&world.pool).await.unwrap();
    }
    let before = world.kinds().await;
    assert!(world.store.reset_password(&tenant(), &reset, "$other", None).await.is_err());
    assert_eq!((hash().await.as_str(), world.kinds().await), (HASH, before));
    sqlx::query("DROP TRIGGER refuse ON swarm.users").execute(&world.pool).await.unwrap();

    // The link was not used up by that.
    let row = world.store.reset_password(&tenant(), &reset, "$other", None).await.unwrap();
    assert!(row.verified_at.is_some() && row.password_changed_at.is_some());
    assert_eq!(hash().await, "$other");
    assert!(world.kinds().await.ends_with(&["password_changed", "user_verified"]));
    // It is said once.
    let reset = link();
    world.store.make_user_link(&tenant(), &bob.id, LinkPurpose::Reset, &reset).await.unwrap();
    world.store.reset_password(&tenant(), &reset, "$third", None).await.unwrap();
    let verified = world.kinds().await.iter().filter(|kind| **kind == "user_verified").count();
    assert_eq!(verified, 1);
}

#[tokio::test]
async fn who_is_disabled_is_out_at_once_with_all_their_sessions_and_keys() {
    let world = World::new("disabled").await;
    world.owner().await;
    let (_, text) = world.invited("bob@example.org", Role::Maintainer).await;
    let bob = world.add("bob@example.org", Arrival::Invited(text)).await.unwrap();
    let (session, key) = (world.begin(&bob).await, world.key(Some(&bob)).await);
    let reset = link();
    world.store.make_user_link(&tenant(), &bob.id, LinkPurpose::Reset, &reset).await.unwrap();
    world.store.disable_user(&tenant(), &ada(), &bob.id, true).await.unwrap();
    assert!(!world.is_live(&session).await && !world.counts(&key).await);
    assert_eq!(world.refresh(&session).await.unwrap_err(), "auth.session_over");
    assert!(world.store.reset_password(&tenant(), &reset, "$x", None).await.is_err());
    let new = NewSession {
        id: SessionId::parse("session_x").unwrap(),
        user: bob.id.clone(),
        device: String::new(),
        expires: world.clock.now() + TimeDelta::days(1),
        proof: proof().hash(),
        idle: world.clock.now() + TimeDelta::days(1),
    };
    let refused = world.store.begin_session(&tenant(), &ada(), new).await.unwrap_err();
    assert_eq!(refused.problem().code, "auth.credentials");
    // Enabled again, the sessions of before stay over; the key counts again.
    world.store.disable_user(&tenant(), &ada(), &bob.id, false).await.unwrap();
    assert!(!world.is_live(&session).await && world.counts(&key).await);
}

#[tokio::test]
async fn the_last_owner_stays_also_when_two_step_down_at_once() {
    let world = World::new("last_owner").await;
    let ada_row = world.owner().await;
    let code = |error: StoreError| error.problem().code;
    let down = |user: &UserId| {
        let (store, user) = (world.store.clone(), user.clone());
        async move { store.change_role(&tenant(), &ada(), &user, Role::Viewer).await }
    };
    assert_eq!(down(&ada_row.id).await.map_err(code).unwrap_err(), "auth.last_owner");
    let disable = world.store.disable_user(&tenant(), &ada(), &ada_row.id, true).await;
    assert_eq!(disable.map_err(code).unwrap_err(), "auth.last_owner");

    let (_, text) = world.invited("bob@example.org", Role::Owner).await;
    let bob = world.add("bob@example.org", Arrival::Invited(text)).await.unwrap();
    let (one, two) = tokio::join!(down(&ada_row.id), down(&bob.id));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn a_rotated_key_has_two_secrets_for_the_window_and_a_revoked_one_has_none() {
    let world = World::new("key").await;
    let ada_row = world.owner().await;
    let old = world.key(Some(&ada_row)).await;
    assert!(world.counts(&old).await);
    let wrong = KeyText { key: old.key.clone(), proof: proof() };
    assert!(!world.counts(&wrong).await);
    let new = KeyText { key: old.key.clone(), proof: proof() };
    let rotate = |text: &KeyText, window| {
        let (store, key, hash) = (world.store.clone(), text.key.clone(), text.proof.hash());
        async move { store.rotate_key(&tenant(), &ada(), &key, &hash, (window, None)).await }
    };
    rotate(&new, 3600).await.unwrap();
    assert!(world.counts(&old).await && world.counts(&new).await);
    world.clock.forward(3600);
    assert!(!world.counts(&old).await && world.counts(&new).await);
    assert_eq!(rotate(&new, 31 * 86_400).await.unwrap_err().problem().code, "auth.key_window");

    let last = KeyText { key: old.key.clone(), proof: proof() };
    rotate(&last, 0).await.unwrap();
    assert!(!world.counts(&new).await && world.counts(&last).await);
    world.store.revoke_key(&tenant(), &ada(), &last.key).await.unwrap();
    assert!(!world.counts(&last).await);
    assert!(rotate(&last, 0).await.is_err() && !world.counts(&last).await);
    assert!(world.store.revoke_key(&tenant(), &ada(), &last.key).await.is_err());
}

#[tokio::test]
async fn two_rotations_at_once_are_two_versions() {
    let world = World::new("rotate_race").await;
    let key = world.key(None).await;
    let (one, two) = (proof().hash(), proof().hash());
    let (by, of) = (ada(), tenant());
    let (a, b) = tokio::join!(
        world.store.rotate_key(&of, &by, &key.key, &one, (60, None)),
        world.store.rotate_key(&of, &by, &key.key, &two, (60, None))
    );
    let newest = [a.unwrap(), b.unwrap()].map(|row| row.record.newest().unwrap().number);
    assert_eq!(newest.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&2, &3]));
}

#[tokio::test]
async fn the_last_use_is_written_down_to_the_minute() {
    let world = World::new("uses").await;
    let key = world.key(None).await;
    let used = async || world.store.key(&tenant(), &key.key).await.unwrap().used_at;
    assert_eq!(used().await, None);
    let first = world.clock.now();
    for _ in 0..3 {
        assert!(world.counts(&key).await);
        world.clock.forward(19);
    }
    assert_eq!(used().await, Some(first));
    world.clock.forward(10);
    world.counts(&key).await;
    assert_eq!(used().await, Some(world.clock.now()));
}

#[tokio::test]
async fn no_event_and_no_view_holds_what_proves_somebody() {
    let world = World::new("canary").await;
    let ada_row = world.owner().await;
    let (_, invited) = world.invited("bob@example.org", Role::Viewer).await;
    let session = world.begin(&ada_row).await;
    let next = world.refresh(&session).await.unwrap();
    let key = world.key(Some(&ada_row)).await;
    let all = world.told().await;
    assert!(all.contains("ada@example.org") && all.contains("session_begun"), "{all}");
    let hex = |proof: &Proof| {
        let digits = proof.hash().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
        digits.concat()
    };
    assert!(!all.contains(HASH));
    for proof in [&invited.proof, &session.proof, &next.proof, &key.proof] {
        assert!(!all.contains(&hex(proof)));
    }
    // And where they are kept, only as hashes.
    let mut kept = String::new();
    for table in ["credentials", "refresh_tokens", "key_proofs", "one_time_links"] {
        let query = AssertSqlSafe(format!("SELECT t::text FROM swarm.{table} t"));
        let rows: Vec<String> = sqlx::query_scalar(query).fetch_all(&world.pool).await.unwrap();
        kept += &rows.join("\n");
    }
    assert!(kept.contains(&hex(&key.proof)) && kept.contains(&hex(&invited.proof)));
    for text in [key.reveal(), session.reveal(), invited.reveal()] {
        assert!(!kept.contains(text.rsplit('_').next().unwrap()));
    }
}

#[tokio::test]
async fn what_was_said_of_identity_is_drawn_again_from_the_log() {
    let world = World::new("again").await;
    let ada_row = world.owner().await;
    let (session, key) = (world.begin(&ada_row).await, world.key(Some(&ada_row)).await);
    assert_eq!(world.store.rebuild(&tenant()).await.unwrap().differing().count(), 0);
    assert!(world.is_live(&session).await && world.counts(&key).await);
    let events = world.store.events(&tenant(), &EventFilter::default()).await.unwrap();
    assert!(events.iter().any(|event| matches!(event.body, EventBody::KeyMade { .. })));
}

#[tokio::test]
async fn tries_are_counted_on_all_nodes_together_and_given_back_with_time() {
    let world = World::new("throttle").await;
    let every = TimeDelta::seconds(10);
    let tries = async |subject: &str| world.store.throttle(subject, every, 3).await.unwrap();
    let at_once = futures::future::join_all((0..8).map(|_| tries("login/1"))).await;
    assert_eq!(at_once.iter().filter(|wait| wait.is_none()).count(), 3);
    assert_eq!(tries("login/2").await, None, "another subject has tries of its own");
    assert_eq!(tries("login/1").await, Some(every));
    world.clock.forward(10);
    assert_eq!(tries("login/1").await, None);
    assert!(tries("login/1").await.is_some());
    world.clock.forward(3600);
    world.store.forget_throttles().await.unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT count(*) FROM swarm.throttles").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_new_key_signs_tokens_and_the_old_one_proves_its_own_for_an_hour() {
    let world = World::new("token_keys").await;
    let (one, two) = tokio::join!(world.store.token_keys(), world.store.token_keys());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.len(), one[0].id()), (1, two[0].id()), "of two at once both get the same");
    let signature = one[0].sign(b"message");
    let rotated = world.store.rotate_token_keys().await.unwrap();
    assert_ne!(rotated[0].id(), one[0].id());
    assert_eq!(rotated[1].id(), one[0].id());
    assert!(rotated[1].signed(b"message", &signature) && !rotated[0].signed(b"message", &signature));
    assert!(!rotated[1].signed(b"massage", &signature));
    world.clock.forward(3601);
    let last = world.store.rotate_token_keys().await.unwrap();
    assert_eq!(last.iter().map(TokenKey::id).collect::<Vec<_>>(), [last[0].id(), rotated[0].id()]);

    let file = world.database.data_dir().join("token-keys.json");
    let mode = |mode| std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    mode(0o640);
    assert_eq!(world.store.token_keys().await.unwrap_err().problem().code, "auth.token_keys");
    mode(0o600);
    assert_eq!(world.store.token_keys().await.unwrap().len(), 2);
}
