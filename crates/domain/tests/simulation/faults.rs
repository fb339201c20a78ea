//! The kinds of faults, and how often each was injected.

use std::{collections::BTreeMap, fmt};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Crash,
    CrashBeforeJournal,
    PausePastLease,
    LateHeartbeat,
    LostReply,
    Duplicate,
    Reordered,
    Outage,
    RedProof,
    FlakyProof,
    Conflict,
    BranchMoved,
}

const KINDS: usize = 12;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(BTreeMap<Fault, u64>);

impl Faults {
    pub fn count(&mut self, fault: Fault) {
        *self.0.entry(fault).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.0 {
            *self.0.entry(*fault).or_default() += count;
        }
    }

    pub fn each_kind_was_tried(&self) -> bool {
        self.0.len() == KINDS
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<_> = self.0.iter().map(|(fault, count)| format!("{fault:?} {count}")).collect();
        write!(f, "{} faults: {}", self.0.values().sum::<u64>(), each.join(", "))
    }
}
