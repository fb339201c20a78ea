//! The deterministic simulation: the rules of scheduling, merging and leases that run in production, in a model of the
//! world in which nodes crash, sleep and are told things late, twice or not at all. Time is virtual, chance comes from a
//! seed, so a seed that fails fails again.
//!
//! `SWARM_SEEDS=10000 cargo nextest run -p swarm-domain simulation` tries more seeds than the plain run;
//! `SWARM_SEED=N` plays one of them again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails says so")]

mod chance;
mod coordinator;
mod faults;
mod oracle;
mod scenario;
mod world;

mod simulation {
    use std::{env, thread};

    use crate::{faults::Faults, oracle::Broken, scenario::Scenario, world::World};

    /// Seeds that a plain run of the tests tries.
    const SEEDS: u64 = 500;

    fn number(name: &str) -> Option<u64> {
        env::var(name).ok().map(|text| text.parse().expect("a whole number"))
    }

    fn played(seed: u64, broken: Broken) -> Result<Faults, String> {
        World::new(Scenario::of(seed), broken).play()
    }

    fn violation(seed: u64, what: &str) -> String {
        format!(
            "seed {seed}: {what}\nplay it again: SWARM_SEED={seed} cargo nextest run -p swarm-domain simulation --no-capture"
        )
    }

    #[test]
    fn whatever_fails_nothing_is_lost_done_twice_or_merged_unproven() {
        if let Some(seed) = number("SWARM_SEED") {
            let faults =
                played(seed, Broken::Nothing).unwrap_or_else(|what| panic!("{}", violation(seed, &what)));
            println!("seed {seed} holds; {faults}");
            return;
        }
        let seeds = number("SWARM_SEEDS").unwrap_or(SEEDS);
        let lanes = thread::available_parallelism().map_or(1, std::num::NonZero::get) as u64;
        let counted = thread::scope(|scope| {
            let lane = |first: u64| {
                scope.spawn(move || {
                    let mut faults = Faults::default();
                    for seed in (first..seeds).step_by(usize::try_from(lanes).unwrap()) {
                        faults.add(&played(seed, Broken::Nothing).map_err(|what| violation(seed, &what))?);
                    }
                    Ok::<_, String>(faults)
                })
            };
            let lanes: Vec<_> = (0..lanes).map(lane).collect();
            let mut faults = Faults::default();
            for lane in lanes {
                faults.add(&lane.join().unwrap().unwrap_or_else(|what| panic!("{what}")));
            }
            faults
        });
        println!("{seeds} seeds hold; {counted}");
        if seeds >= SEEDS {
            assert!(counted.each_kind_was_tried(), "a kind of fault was never injected: {counted}");
        }
    }

    #[test]
    fn a_seed_plays_the_same_each_time() {
        for seed in 0..20 {
            assert_eq!(played(seed, Broken::Nothing), played(seed, Broken::Nothing));
        }
    }

    /// The simulation must be able to fail: each rule, broken on purpose, is caught within a few seeds.
    #[test]
    fn a_rule_that_is_broken_on_purpose_is_caught() {
        for (broken, words) in [
            (Broken::TokenDoesNotGrow, "stale"),
            (Broken::AdvanceUnproven, "not proven"),
            (Broken::BranchIsOverwritten, "left the branch"),
            (Broken::CandidatesAreDropped, "lost"),
            (Broken::TooManyAtOnce, "at once"),
            (Broken::DependenciesAreIgnored, "needs"),
            (Broken::LeaseIsTakenEarly, "not over"),
            (Broken::KeysAreIgnored, "twice"),
        ] {
            let caught = (0..300).find_map(|seed| played(seed, broken).err());
            let caught = caught.unwrap_or_else(|| panic!("{broken:?} was not caught"));
            assert!(caught.contains(words), "{broken:?} was caught by something else: {caught}");
        }
    }
}
