//! Who watches what, told from node to node; and the secret that nodes share.

use std::time::Duration;

use swarm_domain::TenantId;
use swarm_store::{Watching, testing::TestDatabase};

const LIFE: Duration = Duration::from_hours(1);

fn watching(path: &str, person: &str, connections: u32) -> Watching {
    Watching { path: path.to_owned(), person: person.to_owned(), connections }
}

#[tokio::test]
async fn a_node_hears_of_the_others_and_never_of_itself_or_of_the_dead() {
    let database = TestDatabase::new("presence").await.unwrap();
    let store = database.store().await.unwrap();
    let (tenant, stranger) = (TenantId::local(), TenantId::parse("other").unwrap());
    let told = async |tenant: &TenantId, node: &str, what: &[Watching], life: Duration| {
        store.exchange_presence(tenant, node, what, life).await.unwrap()
    };
    let (ada, bob) = (watching("events", "ada", 2), watching("events", "bob", 1));
    assert_eq!(told(&tenant, "a", &[ada.clone(), bob.clone()], LIFE).await, []);
    assert_eq!(told(&stranger, "x", &[], LIFE).await, [], "tenants do not see each other");
    assert_eq!(told(&tenant, "b", std::slice::from_ref(&ada), LIFE).await, [ada.clone(), bob.clone()]);
    assert_eq!(told(&tenant, "c", &[], LIFE).await, [watching("events", "ada", 4), bob]);
    // What is told takes the place of what was told before; what runs out is gone.
    assert_eq!(told(&tenant, "a", &[], LIFE).await, std::slice::from_ref(&ada));
    assert_eq!(told(&tenant, "b", std::slice::from_ref(&ada), Duration::ZERO).await, []);
    assert_eq!(told(&tenant, "a", &[], LIFE).await, []);
    let many: Vec<Watching> = (0..5_000).map(|n| watching(&format!("runs/r{n}"), "ada", 1)).collect();
    told(&tenant, "b", &many, LIFE).await;
    assert_eq!(told(&tenant, "a", &[], LIFE).await.len(), 2_000, "a node tells so much and no more");
    store.leave_presence(&tenant, "b").await.unwrap();
    assert_eq!(told(&tenant, "a", &[], LIFE).await, []);
}

#[tokio::test]
async fn all_nodes_of_a_database_share_one_secret_and_no_two_databases_do() {
    let [one, two] =
        [TestDatabase::new("presence").await.unwrap(), TestDatabase::new("presence").await.unwrap()];
    let (here, there) = (one.store().await.unwrap(), one.store().await.unwrap());
    let (first, second) = tokio::join!(here.fanout_key(), there.fanout_key());
    let (first, second) = (first.unwrap(), second.unwrap());
    let other = two.store().await.unwrap().fanout_key().await.unwrap();
    assert_eq!(first.name(), second.name());
    assert_ne!(first.name(), other.name());
    let mark = first.mark("events", 7, "text");
    assert!(second.is_mark(&mark, "events", 7, "text") && !other.is_mark(&mark, "events", 7, "text"));
    for (channel, position, text) in [("event", 7, "text"), ("events", 8, "text"), ("events", 7, "texT")] {
        assert!(!first.is_mark(&mark, channel, position, text));
    }
    assert!(!first.is_mark(&mark[..31], "events", 7, "text") && !first.is_mark(&[], "events", 7, "text"));
    assert_eq!(format!("{first:?}"), "FanoutKey(…)");
}
