//! Tickets for live connections: once, in time, and never in the clear.

use std::time::Duration;

use swarm_domain::{
    TenantId,
    identity::{KeyId, SessionId},
};
use swarm_store::{LetInBy, TicketHolder, testing::TestDatabase};

const LIFE: Duration = Duration::from_secs(30);

fn ada() -> TicketHolder {
    TicketHolder { tenant: TenantId::local(), name: "ada".to_owned(), by: LetInBy::Operator }
}

#[tokio::test]
async fn of_many_who_show_a_ticket_at_once_one_gets_in() {
    let database = TestDatabase::new("live_tickets").await.unwrap();
    let store = database.store().await.unwrap();
    assert_eq!(store.redeem_ticket("never given out").await.unwrap(), None);
    assert!(store.issue_ticket(&ada(), "t-1", LIFE).await.unwrap());
    let shown = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.redeem_ticket("t-1").await.unwrap() })
    });
    let mut let_in = Vec::new();
    for task in shown.collect::<Vec<_>>() {
        let_in.extend(task.await.unwrap());
    }
    assert_eq!(let_in, [ada()]);
}

#[tokio::test]
async fn one_that_ran_out_lets_nobody_in_and_makes_room_for_another() {
    let database = TestDatabase::new("live_tickets").await.unwrap();
    let store = database.store().await.unwrap();
    for number in 0..1000 {
        assert!(store.issue_ticket(&ada(), &format!("t-{number}"), LIFE).await.unwrap());
    }
    assert!(!store.issue_ticket(&ada(), "one too many", LIFE).await.unwrap());
    let bob = TicketHolder { name: "bob".to_owned(), ..ada() };
    assert!(store.issue_ticket(&bob, "bob's", LIFE).await.unwrap());
    database.let_tickets_run_out().await.unwrap();
    assert_eq!(store.redeem_ticket("t-7").await.unwrap(), None);
    assert!(store.issue_ticket(&ada(), "another", LIFE).await.unwrap());
    assert_eq!(store.redeem_ticket("another").await.unwrap(), Some(ada()));
}

#[tokio::test]
async fn one_says_by_what_its_holder_was_let_in() {
    let database = TestDatabase::new("live_tickets").await.unwrap();
    let store = database.store().await.unwrap();
    let session = LetInBy::Session(SessionId::parse("session_1").unwrap());
    let key = LetInBy::Key(KeyId::parse("key_1").unwrap());
    for (ticket, by) in [("t-1", session), ("t-2", key)] {
        let holder = TicketHolder { by, ..ada() };
        assert!(store.issue_ticket(&holder, ticket, LIFE).await.unwrap());
        assert_eq!(store.redeem_ticket(ticket).await.unwrap(), Some(holder));
    }
}
