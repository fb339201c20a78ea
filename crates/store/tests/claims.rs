//! Claims over a real database: one holder each, whatever many do at once, and nobody who lost one can write.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use proptest::prelude::*;
use swarm_domain::{
    AttemptId, BlobHash, ClaimId, EventBody, MicroUsd, NodeId,
    budget::Spend,
    claim::{ClaimRefusal, ClaimState, Reported, Returned, Terms},
    lease::FencingToken,
    ticket::TicketState,
};
use swarm_store::{ClaimRow, EventFilter, Offer, Store, StoreError, testing::TestDatabase};

use crate::story;

const TERMS: Terms = Terms { lease_seconds: 3_600, max_expiries: 2 };

struct Ground {
    database: TestDatabase,
    store: Store,
}

impl Ground {
    async fn new(name: &str) -> Self {
        let database = TestDatabase::new(name).await.unwrap();
        let store = database.store().await.unwrap();
        store.append_all(&story::beginning()).await.unwrap();
        Self { database, store }
    }

    async fn offer(&self, number: u32, labels: &[&str]) -> ClaimRow {
        let offer = Offer {
            project: story::project(),
            run: story::run_id(),
            ticket: story::ticket_id(1),
            attempt: AttemptId::of(&story::ticket_id(1), number),
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            brief: BlobHash::of(b"brief"),
            terms: TERMS,
        };
        self.store.offer_claim(&story::tenant(), &offer).await.unwrap()
    }

    async fn take(&self, name: &str, labels: &[&str]) -> Option<ClaimRow> {
        let labels: Vec<_> = labels.iter().map(|&label| label.to_owned()).collect();
        self.store.take_claim(&story::tenant(), &worker(name), &labels).await.unwrap()
    }

    async fn settle(&self, id: &ClaimId, token: u64, work: &[u8]) -> Result<ClaimRow, StoreError> {
        let token = FencingToken::new(token);
        let work = BlobHash::of(work);
        self.store
            .settle_claim(&story::tenant(), id, token, (Returned::Done, &work), &Reported::default())
            .await
    }

    async fn later(&self) {
        self.database.let_claims_run_out().await.unwrap();
    }

    async fn said(&self) -> BTreeMap<&'static str, usize> {
        let filter = EventFilter { limit: 1_000, ..EventFilter::default() };
        let mut counts = BTreeMap::new();
        for event in self.store.events(&story::tenant(), &filter).await.unwrap() {
            *counts.entry(event.body.name()).or_default() += 1;
        }
        counts
    }
}

fn worker(name: &str) -> NodeId {
    NodeId::parse(name).unwrap()
}

fn refusal(error: StoreError) -> ClaimRefusal {
    match error {
        StoreError::Claim(refusal) => refusal,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn who_slept_past_the_lease_cannot_write_and_the_next_one_can() {
    let ground = Ground::new("claims_stale").await;
    ground.offer(1, &[]).await;
    let first = ground.take("slow", &[]).await.unwrap();
    ground.later().await;
    // Nobody has noticed yet: it is over all the same.
    assert!(matches!(refusal(ground.settle(&first.id, 1, b"x").await.unwrap_err()), ClaimRefusal::Stale(_)));
    assert_eq!(
        ground.said().await["claim_expired"],
        1,
        "that it ran out stays, though the write was refused"
    );
    let renewed = ground.store.renew_claim(&story::tenant(), &first.id, FencingToken::new(1)).await;
    assert!(matches!(refusal(renewed.unwrap_err()), ClaimRefusal::Stale(_)));
    let second = ground.take("quick", &[]).await.unwrap();
    assert_eq!((second.id.clone(), second.standing.seat.token().get()), (first.id.clone(), 2));
    assert!(matches!(refusal(ground.settle(&first.id, 1, b"x").await.unwrap_err()), ClaimRefusal::Stale(_)));
    let done = ground.settle(&first.id, 2, b"y").await.unwrap();
    assert_eq!(done.standing.result, Some(BlobHash::of(b"y")));
    assert_eq!(ground.said().await["work_returned"], 1);
}

#[tokio::test]
async fn an_attempt_that_too_many_workers_lost_is_not_offered_again() {
    let ground = Ground::new("claims_lost").await;
    let offered = ground.offer(1, &[]).await;
    for name in ["first", "second"] {
        assert!(ground.take(name, &[]).await.is_some());
        ground.later().await;
    }
    assert!(ground.take("third", &[]).await.is_none());
    let row = ground.store.look_at_claim(&story::tenant(), &offered.id).await.unwrap();
    assert_eq!((row.standing.state, row.standing.expiries), (ClaimState::Failed, 2));
    assert_eq!(ground.said().await["claim_expired"], 2);
}

#[tokio::test]
async fn what_is_returned_twice_at_once_counts_once() {
    let ground = Ground::new("claims_twice").await;
    ground.offer(1, &[]).await;
    let taken = ground.take("one", &[]).await.unwrap();
    let both = join_all((0..8).map(|_| ground.settle(&taken.id, 1, b"same"))).await;
    assert!(both.iter().all(Result::is_ok), "the same work again has the same answer");
    assert_eq!(ground.said().await["work_returned"], 1);
    assert_eq!(refusal(ground.settle(&taken.id, 1, b"other").await.unwrap_err()), ClaimRefusal::Settled);

    ground.offer(2, &[]).await;
    let taken = ground.take("one", &[]).await.unwrap();
    let works: Vec<_> = (0_u8..8).map(|n| [n]).collect();
    let results = join_all(works.iter().map(|work| ground.settle(&taken.id, 1, work))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "of different works one counts");
}

#[tokio::test]
async fn fifty_who_ask_at_once_each_get_another_one() {
    let ground = Ground::new("claims_fifty").await;
    for number in 1..=30 {
        ground.offer(number, &[]).await;
    }
    let names: Vec<_> = (0..50).map(|n| format!("w{n}")).collect();
    let taken = join_all(names.iter().map(|name| ground.take(name, &[]))).await;
    let ids: Vec<_> = taken.iter().flatten().map(|row| row.id.clone()).collect();
    assert_eq!(ids.len(), 30, "every one that waits is taken, the rest go away empty");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 30, "and none is taken twice");
    assert_eq!(ground.said().await["work_claimed"], 30);
    ground.store.verify(&story::tenant()).await.unwrap();
}

#[tokio::test]
async fn a_worker_gets_only_what_it_has_the_labels_for() {
    let ground = Ground::new("claims_labels").await;
    ground.offer(1, &["gpu", "linux"]).await;
    assert!(ground.take("plain", &[]).await.is_none());
    assert!(ground.take("half", &["gpu"]).await.is_none());
    assert!(ground.take("whole", &["linux", "arm", "gpu"]).await.is_some());
}

#[tokio::test]
async fn a_ticket_that_is_given_up_takes_its_offers_with_it() {
    let ground = Ground::new("claims_withdrawn").await;
    let (run, ticket) = (story::run_id(), story::ticket_id(1));
    ground.offer(1, &[]).await;
    let taken = ground.take("one", &[]).await.unwrap();
    ground.store.withdraw_claims(&story::tenant(), &run, &ticket).await.unwrap();
    assert_eq!(refusal(ground.settle(&taken.id, 1, b"x").await.unwrap_err()), ClaimRefusal::Withdrawn);
    assert!(ground.take("two", &[]).await.is_none());
}

#[tokio::test]
async fn what_a_worker_reports_counts_for_the_run_and_is_drawn_again() {
    let ground = Ground::new("claims_spend").await;
    ground.offer(1, &[]).await;
    let taken = ground.take("one", &[]).await.unwrap();
    let spend = Spend { usd: MicroUsd(7), tokens_in: 10, tokens_out: 2, calls: 1 };
    let reported = Reported { spend, models: vec!["far/model".to_owned()] };
    let token = FencingToken::new(1);
    ground.store.give_back_claim(&story::tenant(), &taken.id, token, &reported).await.unwrap();
    let again = ground.take("two", &[]).await.unwrap();
    let work = BlobHash::of(b"work");
    ground
        .store
        .settle_claim(&story::tenant(), &again.id, FencingToken::new(2), (Returned::Done, &work), &reported)
        .await
        .unwrap();
    let row = ground.store.run(&story::tenant(), &story::run_id()).await.unwrap();
    assert_eq!((row.spend.usd, row.spend.calls), (MicroUsd(14), 2));
    let report = ground.store.rebuild(&story::tenant()).await.unwrap();
    assert_eq!(report.differing().count(), 0);
    let claims = ground.store.claims(&story::tenant(), None).await.unwrap();
    assert!(claims.is_empty(), "what is settled is not listed");
    let same = ground.store.look_at_claim(&story::tenant(), &again.id).await.unwrap();
    assert_eq!(same.standing.result, Some(work), "and a rebuild leaves claims alone");
}

/// What one of many tasks does with what it got.
#[derive(Debug, Clone, Copy)]
enum Habit {
    Returns,
    GivesBack,
    Dies,
}

fn habits() -> impl Strategy<Value = Vec<Habit>> {
    let habit = prop_oneof![3 => Just(Habit::Returns), 1 => Just(Habit::GivesBack), 1 => Just(Habit::Dies)];
    prop::collection::vec(habit, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn many_workers_of_all_habits_leave_each_claim_with_one_result_at_the_most(
        habits in habits(), offers in 1_u32..8
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let ground = Ground::new("claims_habits").await;
            let mut ids = Vec::new();
            for number in 1..=offers {
                ids.push(ground.offer(number, &[]).await.id);
            }
            for _ in 0..3 {
                let ground = &ground;
                join_all(habits.iter().enumerate().map(|(n, habit)| async move {
                    while let Some(row) = ground.take(&format!("w{n}"), &[]).await {
                        let token = row.standing.seat.token();
                        match habit {
                            Habit::Returns => {
                                ground.settle(&row.id, token.get(), row.id.as_str().as_bytes()).await.unwrap();
                            }
                            Habit::GivesBack => {
                                let given = Reported::default();
                                ground
                                    .store
                                    .give_back_claim(&story::tenant(), &row.id, token, &given)
                                    .await
                                    .unwrap();
                                break;
                            }
                            Habit::Dies => break,
                        }
                    }
                }))
                .await;
                ground.later().await;
            }
            let filter = EventFilter { limit: 1_000, ..EventFilter::default() };
            let events = ground.store.events(&story::tenant(), &filter).await.unwrap();
            for id in ids {
                let of_it = |event: &&swarm_domain::Event| match &event.body {
                    EventBody::WorkReturned { claim, how, .. } => *claim == id && *how == Returned::Done,
                    _ => false,
                };
                assert!(events.iter().filter(of_it).count() <= 1);
                // Between two grants of one claim somebody let go of it.
                let mut held = false;
                for event in &events {
                    match &event.body {
                        EventBody::WorkClaimed { claim, .. } if *claim == id => {
                            assert!(!held, "two had {id} at once");
                            held = true;
                        }
                        EventBody::WorkReturned { claim, .. } | EventBody::ClaimExpired { claim, .. }
                            if *claim == id => held = false,
                        _ => {}
                    }
                }
            }
            ground.store.verify(&story::tenant()).await.unwrap();
        });
    }
}

#[tokio::test]
async fn the_version_of_the_tables_is_that_of_the_program_until_another_one_changes_them() {
    let ground = Ground::new("schema_version").await;
    let version = ground.store.schema_version().await.unwrap();
    assert!(version.matches() && version.program >= 4, "{version:?}");
    ground.database.migrate_further().await.unwrap();
    let version = ground.store.schema_version().await.unwrap();
    assert!(!version.matches());
    assert_eq!(version.database, 9_999);
}

async fn given_up(ground: &Ground, number: u32) {
    let key = format!("given up {number}");
    ground.store.append(story::ticket_becomes(&key, number, TicketState::Cancelled)).await.unwrap();
}

fn offer_of(number: u32) -> Offer {
    let ticket = story::ticket_id(number);
    Offer {
        project: story::project(),
        run: story::run_id(),
        attempt: AttemptId::of(&ticket, 1),
        ticket,
        labels: Vec::new(),
        brief: BlobHash::of(b"brief"),
        terms: TERMS,
    }
}

#[tokio::test]
async fn an_attempt_at_a_ticket_that_was_given_up_is_not_offered() {
    let ground = Ground::new("claims_given_up").await;
    given_up(&ground, 1).await;
    let refused = ground.store.offer_claim(&story::tenant(), &offer_of(1)).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotAllowed { .. }), "{refused}");
    assert_eq!(ground.store.claims(&story::tenant(), None).await.unwrap(), []);
    assert_eq!(ground.take("eager", &[]).await, None);
    assert_eq!(ground.said().await.get("work_offered"), None);
}

#[tokio::test]
async fn what_is_offered_in_the_moment_its_ticket_is_given_up_is_withdrawn_or_never_was() {
    let ground = Ground::new("claims_moment").await;
    let (tenant, run) = (story::tenant(), story::run_id());
    let round = async |number: u32| {
        let gives_up = async {
            given_up(&ground, number).await;
            ground.store.withdraw_claims(&tenant, &run, &story::ticket_id(number)).await.unwrap();
        };
        let (offered, ()) =
            futures::join!(async { ground.store.offer_claim(&tenant, &offer_of(number)).await }, gives_up);
        match offered {
            Ok(row) => {
                let row = ground.store.look_at_claim(&tenant, &row.id).await.unwrap();
                assert_eq!(row.standing.state, ClaimState::Withdrawn);
            }
            Err(refused) => assert!(matches!(refused, StoreError::NotAllowed { .. }), "{refused}"),
        }
    };
    for number in [1, 2] {
        round(number).await;
    }
    assert_eq!(ground.store.claims(&tenant, None).await.unwrap(), []);
}

#[tokio::test]
async fn what_a_ticket_still_offers_that_was_given_up_is_given_to_nobody() {
    let ground = Ground::new("claims_orphan").await;
    let offered = ground.offer(1, &[]).await;
    // Who gave it up died before it withdrew what was offered.
    given_up(&ground, 1).await;
    assert_eq!(ground.take("eager", &[]).await, None);
    assert_eq!(ground.store.claims(&story::tenant(), None).await.unwrap(), []);
    let row = ground.store.look_at_claim(&story::tenant(), &offered.id).await.unwrap();
    assert_eq!(row.standing.state, ClaimState::Withdrawn);
}
