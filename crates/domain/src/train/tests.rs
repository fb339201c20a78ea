use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What the world says in answer to the orders, drawn by a test.
#[derive(Debug, Clone)]
struct Answers {
    placed: Vec<u8>,
    coins: Vec<bool>,
}

/// Carries a round through and watches the branch. Gives the ends and how many orders it took.
fn carried(candidates: usize, bounds: Bounds, answers: &Answers) -> (Vec<End>, usize) {
    let mut train = Train::new(candidates, bounds);
    let mut coins = answers.coins.iter().copied().cycle();
    let mut green = BTreeSet::new();
    let mut moves = 0;
    for orders in 0..10_000 {
        match train.order() {
            Order::Stack => {
                green.clear();
                let placed: Vec<Placed> = (0..candidates)
                    .map(|at| match answers.placed.get(at).copied().unwrap_or_default() {
                        0 => Placed::Clash,
                        1 => Placed::Later,
                        2 => Placed::GivenUp,
                        _ => Placed::On,
                    })
                    .collect();
                train.stacked(&placed);
            }
            Order::Mend { number, .. } => {
                assert!(number <= bounds.mends);
                green.clear();
                train.mended(coins.next().unwrap());
            }
            Order::Prove(proofs) => {
                assert!(!proofs.is_empty() && proofs.len() <= bounds.proofs.max(1));
                let verdicts: Vec<_> = proofs.into_iter().map(|p| (p, coins.next().unwrap())).collect();
                for (proof, is_green) in &verdicts {
                    if *is_green {
                        green.insert(proof.place)
                    } else {
                        green.remove(&proof.place)
                    };
                }
                train.proved(&verdicts);
            }
            Order::Advance { place } => {
                assert!(
                    (0..=place).all(|p| green.contains(&p)),
                    "unproven commits would get onto the branch"
                );
                let moved = coins.next().unwrap();
                moves += usize::from(moved);
                train.advanced(moved);
            }
            Order::End(ends) => {
                assert_eq!(moves > 0, ends.contains(&End::Merged));
                return (ends, orders);
            }
        }
    }
    panic!("the round never ends");
}

fn fits(count: usize) -> Vec<Placed> {
    vec![Placed::On; count]
}

#[test]
fn a_guilty_one_in_the_middle_is_found_what_stood_before_it_is_merged_and_the_rest_waits() {
    let mut train = Train::new(4, Bounds { proofs: 1, ..Bounds::default() });
    train.stacked(&fits(4));
    while let Order::Prove(proofs) = train.order() {
        let verdicts: Vec<_> = proofs.into_iter().map(|proof| (proof, proof.place < 2)).collect();
        train.proved(&verdicts);
    }
    assert_eq!(train.order(), Order::Advance { place: 1 });
    train.advanced(true);
    assert_eq!(train.order(), Order::End(vec![End::Merged, End::Merged, End::Guilty, End::Behind]));
}

#[test]
fn a_clash_with_the_branch_is_mended_a_bounded_number_of_times_and_then_sent_back() {
    let mut train = Train::new(1, Bounds::default());
    train.stacked(&[Placed::Clash]);
    assert_eq!(train.order(), Order::Mend { candidate: 0, number: 1 });
    train.mended(true);
    train.proved(&[(Proof { place: 0, number: 1 }, false)]);
    assert_eq!(train.order(), Order::Mend { candidate: 0, number: 2 });
    train.mended(false);
    assert_eq!(train.order(), Order::End(vec![End::Clashed]));
}

#[test]
fn what_fits_is_merged_before_a_fixer_is_asked_about_what_does_not() {
    let mut train = Train::new(3, Bounds::default());
    train.stacked(&[Placed::Clash, Placed::On, Placed::Later]);
    train.proved(&[(Proof { place: 0, number: 1 }, true)]);
    train.advanced(true);
    assert_eq!(train.order(), Order::End(vec![End::Behind, End::Merged, End::Behind]));
}

#[test]
fn a_branch_that_moved_away_is_stacked_on_again() {
    let bounds = Bounds { races: 2, ..Bounds::default() };
    let mut train = Train::new(1, bounds);
    for _ in 0..2 {
        assert_eq!(train.order(), Order::Stack);
        train.stacked(&fits(1));
        train.proved(&[(Proof { place: 0, number: 1 }, true)]);
        train.advanced(false);
    }
    assert_eq!(train.order(), Order::End(vec![End::Raced]));
}

#[test]
fn an_answer_to_an_order_that_was_not_given_changes_nothing() {
    let mut train = Train::new(1, Bounds::default());
    train.advanced(true);
    train.mended(true);
    train.proved(&[(Proof { place: 0, number: 1 }, true)]);
    assert_eq!(train.order(), Order::Stack);
    train.stacked(&fits(1));
    train.proved(&[(Proof { place: 7, number: 1 }, true), (Proof { place: 0, number: 9 }, true)]);
    assert!(matches!(train.order(), Order::Prove(_)));
}

proptest! {
    #[test]
    fn a_round_ends_with_one_end_for_each_and_never_moves_past_what_is_not_proven(
        candidates in 0_usize..10,
        placed in prop::collection::vec(0_u8..8, 10),
        coins in prop::collection::vec(any::<bool>(), 1..24),
        proofs in 0_usize..5,
        mends in 0_u32..3,
        races in 0_u32..4,
    ) {
        let bounds = Bounds { length: 10, proofs, mends, races };
        let (ends, orders) = carried(candidates, bounds, &Answers { placed, coins });
        prop_assert_eq!(ends.len(), candidates);
        let bound = (races.max(1) as usize) * (MOST_PROOFS * candidates + 3 * (mends as usize) + 3);
        prop_assert!(orders <= bound, "{} orders", orders);
    }

    #[test]
    fn a_round_in_which_nothing_was_merged_sends_somebody_back_or_was_raced(
        candidates in 1_usize..8,
        coins in prop::collection::vec(any::<bool>(), 1..24),
    ) {
        let answers = Answers { placed: vec![9; 8], coins };
        let (ends, _) = carried(candidates, Bounds::default(), &answers);
        prop_assert!(ends.iter().any(|end| !matches!(end, End::Behind)), "{:?}", ends);
    }
}
