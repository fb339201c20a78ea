//! What the harness says while it works, and the line of counts at its end.

use std::{collections::BTreeSet, fmt, time::Instant};

use super::{
    cases::Case,
    play::{Played, Victim},
    trap::Write,
};

/// Counts over all builds.
#[derive(Debug, Default)]
pub struct Counts {
    pub builds: usize,
    pub positions: BTreeSet<(String, bool)>,
    /// The kinds of position at which something was killed, each with whether its write was kept.
    pub kinds: BTreeSet<(String, bool)>,
    pub kills: usize,
    /// How many of them were of PostgreSQL.
    pub of_database: usize,
    pub restarts: usize,
    pub recovered: usize,
    pub lost: usize,
    pub doubled: usize,
    pub failed: Vec<String>,
    /// Positions that later builds did not come by, each with whether its write was to be kept.
    pub unreached: BTreeSet<(String, bool)>,
    /// Questions that the model was asked beside those that are in the log: they were cut off before their answer was
    /// written down.
    pub asked_again: usize,
}

impl Counts {
    /// Counts a build's kills.
    pub fn killed(&mut self, case: &Case, played: &Played) {
        self.kills += played.killed.len() + played.killed_again;
        self.restarts += played.starts - 1;
        for kill in played.killed.iter().map(|&id| &case.kills[id]) {
            self.of_database += usize::from(kill.victim == Victim::Database);
            self.kinds.insert((kind(&kill.what), kill.write == Write::Kept));
            self.positions.insert((kill.what.clone(), kill.write == Write::Kept));
        }
        let paid = played.facts.lines.iter().filter(|(line, _)| line.starts_with("model_called"));
        self.asked_again += played.asked.saturating_sub(paid.map(|(_, times)| times).sum());
    }

    /// Positions without a kill, of whose kind nothing was killed anywhere. That a build does not come by a single one
    /// says little: how many candidates stand in one round of the train, and so what it is called, is a matter of time.
    pub fn untried(&self) -> Vec<&str> {
        let untried = |(what, kept): &&(String, bool)| !self.kinds.contains(&(kind(what), *kept));
        self.unreached.iter().filter(untried).map(|(what, _)| what.as_str()).collect()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.positions.iter().filter(|(_, kept)| *kept).count();
        let kinds: BTreeSet<_> = self.kinds.iter().map(|(kind, _)| kind).collect();
        write!(
            f,
            "chaos: {} positions with the write lost, {kept} with it kept, of {} kinds, in {} builds; {} kills ({} of PostgreSQL), \
             {} restarts, {} builds recovered, {} failed; {} facts lost, {} doubled; {} cut-off questions asked again; \
             {} positions came up in the first build alone",
            self.positions.len() - kept,
            kinds.len(),
            self.builds,
            self.kills,
            self.of_database,
            self.restarts,
            self.recovered,
            self.failed.len(),
            self.lost,
            self.doubled,
            self.asked_again,
            self.unreached.difference(&self.positions).count()
        )
    }
}

/// The kind of a position: its first two words, such as `event committed` or `step prove`.
pub fn kind(position: &str) -> String {
    position.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// How far the harness is.
pub struct Progress {
    began: Instant,
    all: usize,
    done: usize,
}

impl Progress {
    pub fn new(all: usize) -> Self {
        Self { began: Instant::now(), all, done: 0 }
    }

    /// Says that one more is done, and when the rest will be.
    pub fn done(&mut self, what: &str, how: &str) {
        self.done += 1;
        let took = self.began.elapsed();
        let left = self.all.saturating_sub(self.done);
        let per = took / u32::try_from(self.done).unwrap();
        let eta = (per * u32::try_from(left).unwrap()).as_secs();
        println!("[{}/{} {}s, {eta}s left] {what}: {how}", self.done, self.all, took.as_secs());
    }
}
