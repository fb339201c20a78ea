use proptest::prelude::*;

use super::*;

const TTL: TimeDelta = TimeDelta::seconds(6);

fn node(number: u8) -> NodeId {
    NodeId::parse(format!("node-{number}")).unwrap()
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

#[test]
fn who_has_it_keeps_it_until_the_time_is_over_and_no_longer() {
    let seat = Seat::default().grant(&node(1), at(0), TTL).unwrap();
    let held = LeaseError::Held { by: node(1), until: at(6) };
    assert_eq!(seat.grant(&node(2), at(5), TTL), Err(held.clone()));
    assert_eq!(seat.grant(&node(1), at(5), TTL), Err(held.clone()), "not even its namesake may");
    assert_eq!(seat.expire(at(5)), Err(held));
    let taken = seat.grant(&node(2), at(6), TTL).unwrap();
    assert_eq!(taken.lease().map(|lease| &lease.holder), Some(&node(2)));
    assert!(taken.token() > seat.token());
}

#[test]
fn a_late_sign_of_life_counts_as_long_as_nobody_took_over() {
    let seat = Seat::default().grant(&node(1), at(0), TTL).unwrap();
    let held = seat.token();
    let renewed = seat.renew(held, at(9), TTL).unwrap();
    assert_eq!(renewed.lease().unwrap().expires, at(15));
    assert_eq!(renewed.token(), held);

    let taken_back = seat.expire(at(9)).unwrap();
    assert_eq!(taken_back.renew(held, at(9), TTL), Err(LeaseError::Expired { held }));
    assert_eq!(taken_back.may_write(held), Err(LeaseError::Expired { held }));

    let taken = taken_back.grant(&node(2), at(9), TTL).unwrap();
    let stale = LeaseError::Stale { held, current: taken.token() };
    assert_eq!(taken.renew(held, at(9), TTL), Err(stale.clone()));
    assert_eq!(taken.release(held), Err(stale));
}

#[test]
fn a_clock_that_goes_back_shortens_no_lease() {
    let seat = Seat::default().grant(&node(1), at(10), TTL).unwrap();
    let renewed = seat.renew(seat.token(), at(0), TTL).unwrap();
    assert_eq!(renewed.lease().unwrap().expires, at(16));
}

#[test]
fn a_stored_lease_that_was_overtaken_is_none() {
    let old = Lease { holder: node(1), token: FencingToken::new(3), expires: at(6) };
    let seat = Seat::stored(FencingToken::new(4), Some(old.clone()));
    assert_eq!(seat.lease(), None);
    assert_eq!(Seat::stored(FencingToken::new(3), Some(old.clone())).lease(), Some(&old));
}

/// What anybody may try at any time, each with whatever token they got last.
#[derive(Debug, Clone, Copy)]
enum Try {
    Grant(u8),
    Renew(u8),
    Release(u8),
    Expire,
    Write(u8),
    Wait(i64),
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let who = 0..4_u8;
    let one = prop_oneof![
        who.clone().prop_map(Try::Grant),
        who.clone().prop_map(Try::Renew),
        who.clone().prop_map(Try::Release),
        Just(Try::Expire),
        who.prop_map(Try::Write),
        (-2..9_i64).prop_map(Try::Wait),
    ];
    proptest::collection::vec(one, 0..80)
}

proptest! {
    #[test]
    fn never_two_hold_it_and_never_does_a_token_go_back(tries in tries()) {
        let mut seat = Seat::default();
        let mut tokens = [None::<FencingToken>; 4];
        let mut granted = 0;
        let mut now = at(100);
        for tried in tries {
            let before = seat.clone();
            let after = match tried {
                Try::Grant(who) => {
                    let given = before.grant(&node(who), now, TTL);
                    if let Ok(given) = &given {
                        granted += 1;
                        prop_assert!(given.token() > before.token());
                        prop_assert!(before.lease().is_none_or(|lease| lease.has_run_out(now)));
                        tokens[usize::from(who)] = Some(given.token());
                    }
                    given
                }
                Try::Renew(who) => tokens[usize::from(who)].map_or(Ok(before.clone()), |t| before.renew(t, now, TTL)),
                Try::Release(who) => tokens[usize::from(who)].map_or(Ok(before.clone()), |t| before.release(t)),
                Try::Expire => before.expire(now),
                Try::Write(who) => {
                    if let Some(token) = tokens[usize::from(who)] {
                        let may = before.may_write(token).is_ok();
                        let holds = before.lease().is_some_and(|l| l.holder == node(who) && l.token == token);
                        prop_assert_eq!(may, holds);
                    }
                    Ok(before.clone())
                }
                Try::Wait(seconds) => {
                    now += TimeDelta::seconds(seconds);
                    Ok(before.clone())
                }
            };
            seat = after.unwrap_or(before.clone());
            prop_assert!(seat.token() >= before.token());
            prop_assert_eq!(seat.token().get(), granted, "each grant has a token of its own");
            let valid = tokens.iter().flatten().filter(|token| seat.may_write(**token).is_ok()).count();
            prop_assert!(valid <= 1, "{} may write at once", valid);
            for stale in tokens.iter().flatten().filter(|token| **token < seat.token()) {
                let refused = LeaseError::Stale { held: *stale, current: seat.token() };
                prop_assert_eq!(seat.may_write(*stale), Err(refused.clone()));
                prop_assert_eq!(seat.renew(*stale, now, TTL), Err(refused.clone()));
                prop_assert_eq!(seat.release(*stale), Err(refused));
            }
        }
    }
}
