//! A name on a database is held by one at a time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use swarm_store::testing::TestDatabase;

#[tokio::test]
async fn a_name_that_is_held_is_refused_to_the_next_and_free_when_its_holder_is_gone() {
    let database = TestDatabase::new("names").await.unwrap();
    let (one, two) = (database.store().await.unwrap(), database.store().await.unwrap());
    let held = one.hold_name("ada").await.unwrap();
    let other = two.hold_name("bob").await.unwrap();
    let refused = two.hold_name("ada").await.unwrap_err();
    assert_eq!(refused.problem().code, "worker.name_taken", "{refused}");

    held.release().await;
    let again = two.hold_name("ada").await.unwrap();
    // As when a process is killed: nobody says goodbye.
    drop((again, other));
    one.hold_name("ada").await.unwrap().release().await;
    one.hold_name("bob").await.unwrap().release().await;
}
