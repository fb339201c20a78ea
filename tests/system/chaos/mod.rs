//! Killed anywhere: a build is killed at every position of its journals, started again each time, and compared with one
//! that nobody disturbed. What is guaranteed, and what "once" means, is in `docs/src/reliability.md`.
//!
//! One build is killed at a dozen positions that lie far apart, so that all of them together take minutes. `make chaos`
//! tries them; `make test` has no time for it and says so. By environment:
//!
//! - `CHAOS=all`: every position, its write lost; every position again, its write kept; kills during recovery, and
//!   of PostgreSQL. `CHAOS=some`: a spread with each kind of position in it
//! - `CHAOS_AT=N` or `N,M`: these alone, in one build. `CHAOS_WRITE=kept` for the other kind
//! - `CHAOS_VICTIM=database`: PostgreSQL is killed and started again, and swarm is left alone
//! - `CHAOS_JOBS=N`: that many builds at once
//! - `CHAOS_LOG=debug`: what the killed programs log

mod cases;
mod facts;
mod green;
mod leftovers;
mod play;
mod report;
mod scenario;
mod slot;
mod trap;

use std::{collections::VecDeque, sync::Mutex};

use self::{
    cases::Case,
    facts::Facts,
    play::{Played, play},
    report::{Counts, Progress},
    slot::Slot,
};

/// A build that went wrong says how, and the harness goes on with the next.
type Outcome<T> = Result<T, String>;

/// How many builds at once. Each has a PostgreSQL of its own.
const JOBS: usize = 2;

fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Runs something asynchronous on this thread.
fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_build_that_is_killed_at_any_position_of_its_journals_loses_nothing_and_does_nothing_twice() {
    if setting("CHAOS").is_none() && setting("CHAOS_AT").is_none() {
        println!("skipped: takes longer than the other tests together; `make chaos` runs it");
        return;
    }
    if crate::world::World::new().is_none() {
        return;
    }
    let undisturbed = block_on(async {
        let slot = Slot::prepare().await?;
        let played = play(&slot, &[]).await;
        slot.close().await?;
        played
    });
    let undisturbed = undisturbed.unwrap_or_else(|why| panic!("the undisturbed build: {why}"));
    let cases = cases::chosen(&undisturbed.positions);
    println!("{} positions in a build; {} builds to kill", undisturbed.positions.len(), cases.len());
    let counts = try_all(cases, &undisturbed.facts);
    for failure in &counts.failed {
        println!("{failure}");
    }
    println!("{counts}");
    assert!(counts.failed.is_empty(), "{} of {} builds failed", counts.failed.len(), counts.builds);
    assert!(counts.kills > 0 && counts.recovered == counts.builds);
    for (position, _) in counts.unreached.difference(&counts.positions) {
        println!("in the first build alone: {position}");
    }
    assert!(counts.untried().is_empty(), "nothing of this kind was ever killed: {:?}", counts.untried());
}

fn try_all(cases: Vec<Case>, undisturbed: &Facts) -> Counts {
    let jobs = setting("CHAOS_JOBS").and_then(|jobs| jobs.parse().ok()).unwrap_or(JOBS).min(cases.len());
    let progress = Mutex::new(Progress::new(cases.len()));
    let counts = Mutex::new(Counts::default());
    let queue = Mutex::new(VecDeque::from(cases));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                block_on(async {
                    let slot = Slot::prepare().await.unwrap();
                    loop {
                        let case = queue.lock().unwrap().pop_front();
                        let Some(case) = case else { break };
                        let played = play(&slot, &case.kills).await;
                        let mut counts = counts.lock().unwrap();
                        let (said, rest) = judge(&slot, &case, played, undisturbed, &mut counts);
                        queue.lock().unwrap().extend(rest);
                        progress.lock().unwrap().done(&case.name(), &said);
                    }
                    slot.close().await.unwrap();
                });
            });
        }
    });
    counts.into_inner().unwrap()
}

/// Counts one build, says in a line how it went, and gives back what is to be tried again because the build did not
/// come by it: who merges first is not the same in every build.
fn judge(
    slot: &Slot,
    case: &Case,
    played: Outcome<Played>,
    undisturbed: &Facts,
    counts: &mut Counts,
) -> (String, Option<Case>) {
    counts.builds += 1;
    let why = match played {
        Ok(played) => {
            let rest = case.unreached(&played.killed);
            if let Err(given_up) = &rest {
                counts.unreached.extend(given_up.iter().cloned());
            }
            counts.killed(case, &played);
            let difference = played.facts.beside(undisturbed);
            if difference.is_none() {
                counts.recovered += 1;
                let killed = played.killed.len() + played.killed_again;
                let slowest = played.back.iter().max().copied().unwrap_or_default();
                return (
                    format!("recovered from {killed} kills, up again in {slowest:.1?}"),
                    rest.unwrap_or_default(),
                );
            }
            counts.lost += difference.lost.len();
            counts.doubled += difference.doubled.len();
            format!("{difference:#?}")
        }
        Err(why) => why,
    };
    let kept = slot.keep(&case.name().replace([' ', '=', ','], "-"));
    let failure = format!("FAILED {why}\n  kept: {}\n  alone: {} make chaos", kept.display(), case.name());
    counts.failed.push(failure.clone());
    (failure, None)
}
