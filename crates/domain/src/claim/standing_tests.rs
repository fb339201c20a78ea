use proptest::prelude::*;

use super::*;

const TERMS: Terms = Terms { lease_seconds: 10, max_expiries: 3 };

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn worker(number: u8) -> NodeId {
    NodeId::parse(format!("worker-{number}")).unwrap()
}

fn result(number: u8) -> BlobHash {
    BlobHash::of(&[number])
}

#[test]
fn a_worker_that_slept_past_its_lease_can_neither_renew_nor_return() {
    let taken = Standing::open().take(&worker(1), at(0), TERMS).unwrap();
    let (lost, lease) = taken.at(at(10), TERMS);
    assert_eq!(lease.unwrap().holder, worker(1));
    let token = FencingToken::new(1);
    for refused in [
        lost.renew(token, at(10), TERMS).map(drop),
        lost.settle(token, &result(1)).map(drop),
        lost.give_back(token).map(drop),
    ] {
        assert!(matches!(refused, Err(ClaimRefusal::Stale(_))), "{refused:?}");
    }
    let again = lost.take(&worker(2), at(11), TERMS).unwrap();
    assert!(matches!(again.settle(token, &result(1)), Err(ClaimRefusal::Stale(_))));
    assert!(again.settle(FencingToken::new(2), &result(1)).is_ok());
}

#[test]
fn what_is_given_back_is_open_at_once_and_counts_as_no_loss() {
    let taken = Standing::open().take(&worker(1), at(0), TERMS).unwrap();
    let back = taken.give_back(FencingToken::new(1)).unwrap();
    assert_eq!((back.state, back.expiries), (ClaimState::Open, 0));
    let (same, lost) = back.at(at(100), TERMS);
    assert_eq!(lost, None);
    assert_eq!(same.take(&worker(2), at(100), TERMS).unwrap().seat.token(), FencingToken::new(2));
}

#[test]
fn the_same_work_again_is_no_fault_and_other_work_is() {
    let taken = Standing::open().take(&worker(1), at(0), TERMS).unwrap();
    let token = FencingToken::new(1);
    let (done, first) = taken.settle(token, &result(1)).unwrap();
    assert!(first);
    assert_eq!(done.settle(token, &result(1)), Ok((done.clone(), false)));
    assert_eq!(done.settle(token, &result(2)), Err(ClaimRefusal::Settled));
    // Long after, the answer is still the same.
    let (later, lost) = done.clone().at(at(1_000), TERMS);
    assert_eq!((later, lost), (done, None));
}

#[test]
fn who_holds_a_claim_that_was_withdrawn_is_told_so() {
    let withdrawn = Standing::open().take(&worker(1), at(0), TERMS).unwrap().withdraw();
    let token = FencingToken::new(1);
    assert_eq!(withdrawn.renew(token, at(1), TERMS), Err(ClaimRefusal::Withdrawn));
    assert_eq!(withdrawn.settle(token, &result(1)), Err(ClaimRefusal::Withdrawn));
    assert!(withdrawn.take(&worker(2), at(100), TERMS).is_err());
}

#[derive(Debug, Clone)]
enum Move {
    Pass(u8),
    Take(u8),
    Renew(u64),
    GiveBack(u64),
    Settle(u64, u8),
    Withdraw,
}

fn moves() -> impl Strategy<Value = Move> {
    prop_oneof![
        3 => (0_u8..15).prop_map(Move::Pass),
        3 => (0_u8..4).prop_map(Move::Take),
        2 => (0_u64..6).prop_map(Move::Renew),
        1 => (0_u64..6).prop_map(Move::GiveBack),
        2 => ((0_u64..6), (0_u8..3)).prop_map(|(token, body)| Move::Settle(token, body)),
        1 => Just(Move::Withdraw),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_one_worker_at_a_time_has_it_and_at_most_one_result_counts(
        moves in prop::collection::vec(moves(), 0..60)
    ) {
        let (mut standing, mut now) = (Standing::open(), 0_i64);
        let mut counted: Option<BlobHash> = None;
        let mut token = FencingToken::default();
        for step in moves {
            let (timely, lost) = standing.clone().at(at(now), TERMS);
            if let Some(lost) = lost {
                prop_assert!(lost.has_run_out(at(now)));
            }
            standing = timely;
            let next = match step {
                Move::Pass(seconds) => {
                    now += i64::from(seconds);
                    continue;
                }
                Move::Take(who) => standing.take(&worker(who), at(now), TERMS),
                Move::Renew(shown) => standing.renew(FencingToken::new(shown), at(now), TERMS),
                Move::GiveBack(shown) => standing.give_back(FencingToken::new(shown)),
                Move::Settle(shown, body) => {
                    let settled = standing.settle(FencingToken::new(shown), &result(body));
                    if let Ok((_, first)) = &settled {
                        // Only the newest token ever counts, and what counted once stays.
                        prop_assert_eq!(FencingToken::new(shown), standing.seat.token());
                        prop_assert_eq!(*first, counted.is_none());
                        prop_assert!(counted.as_ref().is_none_or(|known| *known == result(body)));
                        counted = Some(result(body));
                    }
                    settled.map(|(next, _)| next)
                }
                Move::Withdraw => Ok(standing.clone().withdraw()),
            };
            if let Ok(next) = next {
                prop_assert!(next.seat.token() >= token, "a token never goes back");
                token = next.seat.token();
                standing = next;
            }
            prop_assert_eq!(counted.is_some(), standing.state == ClaimState::Done);
            if standing.state == ClaimState::Claimed {
                prop_assert!(standing.seat.lease().is_some());
            }
            prop_assert!(standing.expiries <= TERMS.max_expiries);
        }
    }
}
