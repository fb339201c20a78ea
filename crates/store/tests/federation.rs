//! Ways in by a provider: one person there opens one account, and the last way in stays.

use swarm_domain::{
    Actor, TenantId,
    identity::{EmailAddress, ExternalId, Proof, ProviderName, Role, SessionId, UserId},
};
use swarm_store::{
    IdentityChange, NewFederated, NewFlow, ProviderFlow, Store, StoreError, SystemClock, SystemEntropy,
    UserRow, testing::TestDatabase,
};

fn tenant() -> TenantId {
    TenantId::local()
}

fn by() -> IdentityChange {
    IdentityChange { actor: Actor::Person { name: "bob@example.org".to_owned() }, correlation: None }
}

fn provider(name: &str) -> ProviderName {
    ProviderName::parse(name).unwrap()
}

fn external(subject: &str) -> ExternalId {
    ExternalId::of("https://id.example.org", subject).unwrap()
}

fn proof() -> Proof {
    Proof::mint(&SystemEntropy)
}

fn code<T: std::fmt::Debug>(done: Result<T, StoreError>) -> String {
    done.unwrap_err().problem().code
}

async fn join(store: &Store, email: &str, subject: &str) -> Result<UserRow, StoreError> {
    let new = NewFederated {
        id: UserId::mint(&SystemClock, &SystemEntropy),
        email: EmailAddress::parse(email).unwrap(),
        role: Role::Viewer,
        invitation: None,
        shown: None,
        provider: provider("corp"),
        external: external(subject),
    };
    store.add_federated_user(&tenant(), new, None).await
}

#[tokio::test]
async fn one_person_at_a_provider_opens_one_account_and_an_account_is_made_once() {
    let database = TestDatabase::new("links").await.unwrap();
    let store = database.store().await.unwrap();
    let bob = join(&store, "bob@example.org", "1").await.unwrap();
    assert_eq!(store.user_of_link(&tenant(), &external("1")).await.unwrap().unwrap().id, bob.id);
    assert!(store.user_of_link(&tenant(), &external("2")).await.unwrap().is_none());
    let elsewhere = ExternalId::of("https://evil.example.org", "1").unwrap();
    assert!(store.user_of_link(&tenant(), &elsewhere).await.unwrap().is_none(), "a subject is its issuer's");
    // Neither a second account of the person, nor of the address; and nothing is left of the try.
    assert_eq!(code(join(&store, "eve@example.org", "1").await), "auth.link_taken");
    assert_eq!(code(join(&store, "bob@example.org", "2").await), "store.exists");
    assert_eq!(store.users(&tenant()).await.unwrap().len(), 1);
    let (one, two) = tokio::join!(join(&store, "ann@example.org", "3"), join(&store, "ann@example.org", "4"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    let again = store.link_identity(&tenant(), &by(), &bob.id, (provider("corp"), external("9"))).await;
    assert_eq!(code(again), "auth.link_taken");
}

#[tokio::test]
async fn of_the_last_two_ways_in_that_go_at_once_one_stays() {
    let database = TestDatabase::new("last_way").await.unwrap();
    let store = database.store().await.unwrap();
    let bob = join(&store, "bob@example.org", "1").await.unwrap();
    store.link_identity(&tenant(), &by(), &bob.id, (provider("github"), external("2"))).await.unwrap();
    let (corp, github) = (provider("corp"), provider("github"));
    let (author, tenant) = (by(), tenant());
    let (one, two) = tokio::join!(
        store.unlink_identity(&tenant, &author, &bob.id, &corp),
        store.unlink_identity(&tenant, &author, &bob.id, &github),
    );
    let refused: Vec<_> = [one, two].into_iter().filter_map(Result::err).map(|e| e.problem().code).collect();
    assert_eq!(refused, ["auth.last_way_in"]);
    assert_eq!(store.links(&tenant, &bob.id).await.unwrap().len(), 1);
    assert_eq!(
        code(store.unlink_identity(&tenant, &author, &bob.id, &provider("other")).await),
        "store.not_found"
    );
    // Drawn again from the log, they are the same.
    let before = store.links(&tenant, &bob.id).await.unwrap();
    assert_eq!(store.rebuild(&tenant).await.unwrap().differing().count(), 0);
    assert_eq!(store.links(&tenant, &bob.id).await.unwrap(), before);
}

#[tokio::test]
async fn a_sign_in_on_its_way_counts_once_for_its_browser_and_keeps_nothing_that_opens_it() {
    let database = TestDatabase::new("flows").await.unwrap();
    let store = database.store().await.unwrap();
    let (state, browser) = (proof(), proof());
    let flow = ProviderFlow {
        provider: provider("corp"),
        redirect: "http://127.0.0.1:4180/api/auth/oidc/corp/callback".to_owned(),
        session: Some(SessionId::parse("session_1").unwrap()),
        return_to: Some("/runs".to_owned()),
    };
    let new = NewFlow { state: &state, browser: &browser, flow: flow.clone(), invitation: None };
    store.begin_flow(&tenant(), new).await.unwrap();
    let pool = sqlx::PgPool::connect(&database.url()).await.unwrap();
    let told: String =
        sqlx::query_scalar("SELECT t::text FROM swarm.provider_flows t").fetch_one(&pool).await.unwrap();
    for secret in [state.reveal(), browser.reveal()] {
        assert!(!told.contains(secret), "{told}");
    }
    let take = async |state: &Proof, browser: &Proof, name: &str| {
        let (state, browser) = (state.hash(), browser.hash());
        store.take_flow(&tenant(), (&state, &browser), &provider(name)).await.unwrap().map(|taken| taken.flow)
    };
    let other = proof();
    for (state, browser, name) in [
        (&state, &other, "corp"),
        (&other, &browser, "corp"),
        (&browser, &state, "corp"),
        (&state, &browser, "other"),
    ] {
        assert_eq!(take(state, browser, name).await, None);
    }
    let (one, two) = tokio::join!(take(&state, &browser, "corp"), take(&state, &browser, "corp"));
    let taken: Vec<_> = [one, two].into_iter().flatten().collect();
    assert_eq!(taken, [flow]);
}
