//! The merge train: verified work is stacked, proven together, and let onto the run's branch.
//!
//! A round of the train as a state machine that does no I/O: it says what to do next ([`Train::order`]) and takes what
//! came of it. Production and simulation run this same code.
//!
//! What holds whatever the answers are: the branch moves only to a place whose prefix, and every prefix below it, was
//! proven green in this round; each candidate has exactly one end; a round ends.

mod proof;

use serde::{Deserialize, Serialize};

pub use proof::{Evidence, Finding, MOST_PROOFS, Proof};

/// The bounds of a train.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Candidates in one stack.
    pub length: usize,
    /// Proofs at once.
    pub proofs: usize,
    /// How often a neutral fixer may try to make both sides of a clash fit; 0 for never.
    pub mends: u32,
    /// How often the branch may move away under a round before it gives up.
    pub races: u32,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { length: 8, proofs: 2, mends: 2, races: 5 }
    }
}

/// What became of a candidate when it was put on top of what stood there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placed {
    /// It fits, and stands in the stack now.
    On,
    /// It does not fit onto the branch itself.
    Clash,
    /// It fits onto the branch, or may, but not onto another candidate of this round.
    Later,
    /// It was given up meanwhile.
    GivenUp,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Put the candidates on the branch's head, one on top of the other, in their order.
    Stack,
    /// Have somebody neutral make this candidate fit onto the branch.
    Mend {
        /// The candidate, by its place in line.
        candidate: usize,
        /// Which try, from 1.
        number: u32,
    },
    /// Prove these prefixes of the stack, all at once.
    Prove(Vec<Proof>),
    /// Move the branch, if it is still where the stack began, to the commit of this place in the stack.
    Advance {
        /// The place, from 0.
        place: usize,
    },
    /// The round is over: one end for each candidate, in their order.
    End(Vec<End>),
}

/// How a round ended for a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It is on the branch.
    Merged,
    /// With it the stack turned red.
    Guilty,
    /// It does not fit onto the branch.
    Clashed,
    /// It stood behind one that is gone, and goes into the next round.
    Behind,
    /// It was given up.
    GivenUp,
    /// The branch kept moving away.
    Raced,
}

#[derive(Debug, Clone)]
enum Phase {
    Stacking,
    Mending { candidate: usize, number: u32 },
    Proving { evidence: Evidence, mend: Option<u32> },
    Advancing { green: usize, guilty: Option<usize> },
    Over,
}

/// One round.
#[derive(Debug, Clone)]
pub struct Train {
    bounds: Bounds,
    races: u32,
    /// The candidates that stand in the stack, from the bottom up.
    stack: Vec<usize>,
    ends: Vec<Option<End>>,
    phase: Phase,
}

impl Train {
    /// A round with so many candidates.
    #[must_use]
    pub fn new(candidates: usize, bounds: Bounds) -> Self {
        let phase = if candidates == 0 { Phase::Over } else { Phase::Stacking };
        Self { bounds, races: 0, stack: Vec::new(), ends: vec![None; candidates], phase }
    }

    /// The candidate that stands at a place of the stack.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<usize> {
        self.stack.get(place).copied()
    }

    /// The candidates that stand in the stack, from the bottom up.
    #[must_use]
    pub fn stack(&self) -> &[usize] {
        &self.stack
    }

    /// What to do next. Asked again without an answer in between, it says the same.
    #[must_use]
    pub fn order(&self) -> Order {
        match &self.phase {
            Phase::Stacking => Order::Stack,
            Phase::Mending { candidate, number } => Order::Mend { candidate: *candidate, number: *number },
            Phase::Proving { evidence, .. } => match evidence.finding(self.bounds.proofs) {
                Finding::Missing(proofs) => Order::Prove(proofs),
                // Taken as soon as it is known: see `proved`.
                Finding::Known { .. } => Order::End(self.over()),
            },
            Phase::Advancing { green, .. } => Order::Advance { place: green.saturating_sub(1) },
            Phase::Over => Order::End(self.over()),
        }
    }

    /// What became of each candidate when the stack was made, in their order.
    pub fn stacked(&mut self, placed: &[Placed]) {
        if !matches!(self.phase, Phase::Stacking) {
            return;
        }
        self.stack.clear();
        let mut clash = None;
        for (candidate, end) in self.ends.iter_mut().enumerate() {
            *end = None;
            match placed.get(candidate).copied().unwrap_or(Placed::Later) {
                Placed::On => self.stack.push(candidate),
                Placed::Later => *end = Some(End::Behind),
                Placed::GivenUp => *end = Some(End::GivenUp),
                Placed::Clash if self.bounds.mends == 0 => *end = Some(End::Clashed),
                // One at a time: what is mended is proven before the next is looked at.
                Placed::Clash if clash.is_some() => *end = Some(End::Behind),
                Placed::Clash => clash = Some(candidate),
            }
        }
        if let Some(candidate) = clash {
            if self.stack.is_empty() {
                self.phase = Phase::Mending { candidate, number: 1 };
                return;
            }
            // What fits is not kept waiting for a model's answer.
            self.ends[candidate] = Some(End::Behind);
        }
        self.prove(None);
    }

    /// Whether the neutral fixer gave an answer that can be proven.
    pub fn mended(&mut self, answered: bool) {
        let Phase::Mending { candidate, number } = self.phase else { return };
        if answered {
            self.stack = vec![candidate];
            self.prove(Some(number));
        } else {
            self.mend_again(candidate, number);
        }
    }

    /// The verdicts on proofs.
    pub fn proved(&mut self, verdicts: &[(Proof, bool)]) {
        let Phase::Proving { evidence, mend } = &mut self.phase else { return };
        for (proof, green) in verdicts {
            evidence.take(*proof, *green);
        }
        let Finding::Known { green, guilty } = evidence.finding(self.bounds.proofs) else { return };
        match (*mend, green) {
            (Some(number), 0) => {
                let candidate = self.stack.first().copied().unwrap_or_default();
                self.stack.clear();
                self.mend_again(candidate, number);
            }
            (None, 0) => self.close(0, guilty),
            (_, green) => self.phase = Phase::Advancing { green, guilty },
        }
    }

    /// Whether the branch was still where the stack began, and stands at the place now.
    pub fn advanced(&mut self, moved: bool) {
        let Phase::Advancing { green, guilty } = self.phase else { return };
        if moved {
            self.close(green, guilty);
            return;
        }
        self.races += 1;
        if self.races < self.bounds.races {
            self.phase = Phase::Stacking;
        } else {
            self.ends.iter_mut().for_each(|end| *end = end.or(Some(End::Raced)));
            self.phase = Phase::Over;
        }
    }

    fn prove(&mut self, mend: Option<u32>) {
        self.phase = if self.stack.is_empty() {
            Phase::Over
        } else {
            Phase::Proving { evidence: Evidence::none(self.stack.len()), mend }
        };
    }

    fn mend_again(&mut self, candidate: usize, number: u32) {
        if number < self.bounds.mends {
            self.phase = Phase::Mending { candidate, number: number + 1 };
        } else {
            self.ends[candidate] = Some(End::Clashed);
            self.phase = Phase::Over;
        }
    }

    fn close(&mut self, green: usize, guilty: Option<usize>) {
        for (place, &candidate) in self.stack.iter().enumerate() {
            self.ends[candidate] = Some(if place < green {
                End::Merged
            } else if Some(place) == guilty {
                End::Guilty
            } else {
                End::Behind
            });
        }
        self.phase = Phase::Over;
    }

    fn over(&self) -> Vec<End> {
        self.ends.iter().map(|end| end.unwrap_or(End::Behind)).collect()
    }
}

#[cfg(test)]
mod tests;
