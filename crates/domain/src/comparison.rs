//! What two runs have in common: what each came to, and where they differ. What depends on time or order alone, such as
//! how long a check took or which of two independent tickets was first, is no difference.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    attempt::AttemptOutcome,
    event::{CheckStage, Event, EventBody},
    id::{AttemptId, CommitId, TicketId},
    origin::StepKind,
    run::RunState,
    ticket::TicketState,
};

/// What a run came to, in words that can be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results(BTreeMap<Fact, String>);

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    ticket: Option<TicketId>,
    what: String,
}

/// A result that is another in each of two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Difference {
    /// The ticket that it is about; absent where it is about the run as a whole.
    pub ticket: Option<TicketId>,
    /// What differs: `state`, `outcome of T-1.2`, `tree merged from T-1.2`, `REQ-1 by …`.
    pub what: String,
    /// What it is in the first run; absent where the first run has no such thing.
    pub first: Option<String>,
    /// What it is in the second run; absent where the second run has no such thing.
    pub second: Option<String>,
}

impl Results {
    /// The results that a run's events tell of. `tree` names the tree of a commit; `head` is the tree at the end.
    #[must_use]
    pub fn of(
        state: &RunState,
        tickets: &[(TicketId, TicketState)],
        events: &[Event],
        tree: &BTreeMap<CommitId, String>,
        head: Option<&str>,
    ) -> Self {
        let mut results = Self::default();
        results.put(None, "state", run_state(state));
        if let Some(head) = head {
            results.put(None, "tree at the end", head.to_owned());
        }
        for (ticket, state) in tickets {
            results.put(Some(ticket), "state", ticket_state(state));
        }
        for event in events {
            results.take(event, tree);
        }
        results
    }

    /// The differences between what two runs came to.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        let mut facts: Vec<&Fact> = self.0.keys().chain(other.0.keys()).collect();
        facts.sort_unstable();
        facts.dedup();
        let differs = facts.into_iter().filter(|fact| self.0.get(fact) != other.0.get(fact));
        differs
            .map(|fact| Difference {
                ticket: fact.ticket.clone(),
                what: fact.what.clone(),
                first: self.0.get(fact).cloned(),
                second: other.0.get(fact).cloned(),
            })
            .collect()
    }

    fn put(&mut self, ticket: Option<&TicketId>, what: &str, is: String) {
        self.0.insert(Fact { ticket: ticket.cloned(), what: what.to_owned() }, is);
    }

    fn take(&mut self, event: &Event, tree: &BTreeMap<CommitId, String>) {
        let ticket = event.subject.ticket.as_ref();
        let attempt = event.subject.attempt.as_ref().map_or("the ticket", AttemptId::as_str);
        let tree_of = |commit: &CommitId| tree.get(commit).cloned().unwrap_or_else(|| commit.to_string());
        match &event.body {
            EventBody::AttemptFinished { outcome: how, .. } => {
                self.put(ticket, &format!("outcome of {attempt}"), outcome(how));
            }
            EventBody::Committed { commit, .. } => {
                self.put(ticket, &format!("tree committed by {attempt}"), tree_of(commit));
            }
            EventBody::Merged { commit, .. } => {
                self.put(ticket, &format!("tree merged from {attempt}"), tree_of(commit));
            }
            EventBody::CheckRun { stage, requirement, command, passed, .. } => {
                let on = match stage {
                    CheckStage::Validation => format!("for {attempt}"),
                    CheckStage::Merge => format!("when {attempt} was merged"),
                };
                let is = if *passed { "holds" } else { "does not hold" };
                self.put(ticket, &format!("{requirement} by `{command}` {on}"), is.to_owned());
            }
            _ => {}
        }
    }
}

fn run_state(state: &RunState) -> String {
    match state {
        RunState::NeedsPerson { problem } => format!("needs a person: {}", problem.code),
        other => other.name().to_owned(),
    }
}

fn ticket_state(state: &TicketState) -> String {
    match state {
        TicketState::NeedsPerson { problem } => format!("needs a person: {}", problem.code),
        other => other.name().to_owned(),
    }
}

/// An outcome without what differs from one time to the next: the evidence, which may hold times and paths.
fn outcome(outcome: &AttemptOutcome) -> String {
    match outcome {
        AttemptOutcome::Accepted => "accepted".to_owned(),
        AttemptOutcome::Failed { problem } => format!("failed: {}", problem.code),
        AttemptOutcome::Rejected { findings } => {
            let mut found: Vec<String> = findings
                .iter()
                .map(|finding| {
                    let requirement = finding.requirement.as_ref().map(|id| format!(" {id}"));
                    let path = finding.path.as_ref().map(|path| format!(" in {path}"));
                    format!("{}{}{}", finding.code, requirement.unwrap_or_default(), path.unwrap_or_default())
                })
                .collect();
            found.sort();
            format!("rejected: {}", found.join(", "))
        }
    }
}

/// Which step of its attempt an event is: the same name in two runs is the same step, whenever it came.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepName {
    /// The attempt.
    pub attempt: AttemptId,
    /// What kind of step.
    pub kind: StepKind,
    /// The how-manieth of its kind in the attempt, from 1.
    pub nth: u32,
}

impl std::fmt::Display for StepName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} {}", self.attempt, self.kind.name(), self.nth)
    }
}

/// The steps of a run's attempts by name, in the order of the log.
#[must_use]
pub fn named_steps(events: &[Event]) -> Vec<(StepName, &Event)> {
    let mut seen: BTreeMap<(AttemptId, StepKind), u32> = BTreeMap::new();
    let mut named = Vec::new();
    for event in events {
        let (Some(attempt), Some(kind)) = (&event.subject.attempt, StepKind::of(&event.body)) else {
            continue;
        };
        let nth = seen.entry((attempt.clone(), kind)).or_default();
        *nth += 1;
        named.push((StepName { attempt: attempt.clone(), kind, nth: *nth }, event));
    }
    named
}

#[cfg(test)]
#[path = "comparison_tests.rs"]
mod tests;
