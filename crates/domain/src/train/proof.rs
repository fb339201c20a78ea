//! What is known of a stack: which of its prefixes are proven, and which to prove next.
//!
//! A prefix is the stack up to one of its places. The branch may move only past prefixes that are green themselves, so
//! each is proven at some time; the order is chosen to find the first red one soon.

use serde::{Deserialize, Serialize};

/// A proof that is to be made: all acceptance commands of what was merged before and of the prefix, on its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Proof {
    /// The last place of the prefix, from 0.
    pub place: usize,
    /// Which proof of this prefix it is, from 1: the second is made where the evidence contradicts itself.
    pub number: u32,
}

/// How often one prefix is proven at the most.
pub const MOST_PROOFS: usize = 2;

/// What is known so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The verdicts on each prefix, in the order in which they came. The last one counts.
    verdicts: Vec<Vec<bool>>,
}

/// What follows from the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// These proofs are missing; there is at least one.
    Missing(Vec<Proof>),
    /// Every prefix of `green` places is proven; the place behind them, if there is one, is to blame for the first red.
    Known {
        /// How many places from the bottom are proven one by one.
        green: usize,
        /// The place that turns the stack red.
        guilty: Option<usize>,
    },
}

impl Evidence {
    /// Nothing is known of a stack of so many places.
    #[must_use]
    pub fn none(places: usize) -> Self {
        Self { verdicts: vec![Vec::new(); places] }
    }

    /// Takes a verdict. One that nobody asked for, or that came twice, changes nothing.
    pub fn take(&mut self, proof: Proof, green: bool) {
        if let Some(known) = self.verdicts.get_mut(proof.place)
            && known.len() + 1 == proof.number as usize
            && known.len() < MOST_PROOFS
        {
            known.push(green);
        }
    }

    /// What follows, with at most `bound` proofs asked for at once.
    ///
    /// The tip comes first: while it is green nothing below needs to be searched. Once a prefix is red, the search is
    /// among those below it, halving what is left. A red prefix below a green one contradicts it, and is proven once
    /// more before anybody is blamed.
    #[must_use]
    pub fn finding(&self, bound: usize) -> Finding {
        let first_red = self.verdicts.iter().position(|known| known.last() == Some(&false));
        let limit = first_red.unwrap_or(self.verdicts.len());
        let open: Vec<usize> = (0..limit).filter(|&place| self.verdicts[place].is_empty()).collect();
        if !open.is_empty() {
            let known_green = (0..limit).rev().find(|&place| !self.verdicts[place].is_empty());
            let above = open.iter().copied().filter(|place| known_green.is_none_or(|green| *place > green));
            let below = open.iter().copied().filter(|place| known_green.is_some_and(|green| *place < green));
            let tip_is_open = first_red.is_none() && self.verdicts.last().is_some_and(Vec::is_empty);
            let mut order = halved(&above.collect::<Vec<_>>(), tip_is_open);
            order.extend(halved(&below.collect::<Vec<_>>(), false));
            order.truncate(bound.max(1));
            return Finding::Missing(order.into_iter().map(|place| Proof { place, number: 1 }).collect());
        }
        let Some(red) = first_red else {
            return Finding::Known { green: limit, guilty: None };
        };
        let said = self.verdicts[red].len();
        let contradicted = self.verdicts[red + 1..].iter().any(|known| known.last() == Some(&true));
        if contradicted && said < MOST_PROOFS {
            let number = u32::try_from(said + 1).unwrap_or(u32::MAX);
            return Finding::Missing(vec![Proof { place: red, number }]);
        }
        Finding::Known { green: red, guilty: Some(red) }
    }
}

/// The places in the order of a search by halves, the last one first where `tip_first` says so.
fn halved(places: &[usize], tip_first: bool) -> Vec<usize> {
    let mut order = Vec::with_capacity(places.len());
    let mut ranges = std::collections::VecDeque::new();
    match places.split_last() {
        Some((tip, rest)) if tip_first => {
            order.push(*tip);
            ranges.push_back(rest);
        }
        _ => ranges.push_back(places),
    }
    while let Some(range) = ranges.pop_front() {
        if let Some(&middle) = range.get(range.len() / 2) {
            order.push(middle);
            ranges.push_back(&range[..range.len() / 2]);
            ranges.push_back(&range[range.len() / 2 + 1..]);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Proves until it is known, asking `verdict` for the outcome of each proof. Gives the proofs, round by round.
    fn searched(
        places: usize,
        bound: usize,
        mut verdict: impl FnMut(Proof) -> bool,
    ) -> (Vec<Vec<Proof>>, usize, Option<usize>) {
        let mut evidence = Evidence::none(places);
        let mut rounds = Vec::new();
        loop {
            match evidence.finding(bound) {
                Finding::Known { green, guilty } => return (rounds, green, guilty),
                Finding::Missing(proofs) => {
                    assert!(!proofs.is_empty() && rounds.len() < 2 * places + 1, "it never ends: {rounds:?}");
                    for proof in &proofs {
                        evidence.take(*proof, verdict(*proof));
                    }
                    rounds.push(proofs);
                }
            }
        }
    }

    #[test]
    fn the_tip_is_proven_first_and_a_red_one_is_halved_down_to_the_guilty_place() {
        let (rounds, green, guilty) = searched(8, 1, |proof| proof.place < 5);
        let asked: Vec<usize> = rounds.iter().map(|round| round[0].place).collect();
        assert_eq!((green, guilty), (5, Some(5)));
        assert_eq!(asked[..4], [7, 3, 5, 4], "{asked:?}");
    }

    #[test]
    fn one_round_is_enough_where_all_may_be_proven_at_once() {
        let (rounds, green, guilty) = searched(8, 8, |_| true);
        assert_eq!((rounds.len(), green, guilty), (1, 8, None));
    }

    #[test]
    fn a_red_place_below_a_green_one_is_proven_again_before_it_is_blamed() {
        let (rounds, green, guilty) = searched(3, 3, |proof| proof.place != 1 || proof.number > 1);
        assert_eq!((rounds.len(), green, guilty), (2, 3, None), "it was a flake");
        let (_, green, guilty) = searched(3, 3, |proof| proof.place != 1);
        assert_eq!((green, guilty), (1, Some(1)), "it was not");
    }

    proptest! {
        #[test]
        fn whatever_the_proofs_say_the_search_ends_and_lets_only_green_prefixes_through(
            places in 0_usize..12,
            bound in 0_usize..14,
            coins in prop::collection::vec(any::<bool>(), 32),
        ) {
            let mut last = std::collections::BTreeMap::new();
            let mut coin = coins.iter().cycle();
            let (rounds, green, guilty) = searched(places, bound, |proof| {
                let verdict = *coin.next().unwrap();
                last.insert(proof.place, verdict);
                verdict
            });
            prop_assert!(rounds.iter().all(|round| round.len() <= bound.max(1)));
            prop_assert!((0..green).all(|place| last.get(&place) == Some(&true)), "{last:?}");
            prop_assert_eq!(guilty, (green < places).then_some(green));
            prop_assert!(guilty.is_none_or(|place| !last[&place]));
        }

        #[test]
        fn honest_proofs_find_the_first_red_place(places in 1_usize..20, red in 0_usize..24, bound in 1_usize..9) {
            let (rounds, green, guilty) = searched(places, bound, |proof| proof.place < red);
            prop_assert_eq!(green, red.min(places));
            prop_assert_eq!(guilty, (red < places).then_some(red));
            prop_assert!(rounds.iter().flatten().count() <= places, "none is proven twice");
        }
    }
}
