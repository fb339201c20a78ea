//! What of an earlier run's work still serves a later version of the spec.
//!
//! A ticket is carried where each of its requirements asks for the same as before, and every ticket that served one of
//! them is merged. That is a claim, not a proof: who carries it runs its acceptance commands first.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::{
    id::{CommitId, RequirementId, TicketId},
    plan::Plan,
    spec::{Requirement, delta::SpecDelta},
    ticket::Ticket,
};

/// A ticket of an earlier run, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The ticket.
    pub ticket: Ticket,
    /// The commit on the run's branch, where it is merged.
    pub merged: Option<CommitId>,
}

/// A ticket that nobody has to work on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which.
    pub ticket: TicketId,
    /// The last of the commits that did it.
    pub commit: CommitId,
}

/// The tickets of `plan` that earlier work still serves, in the order of the plan. `done` is in the order of its plan.
#[must_use]
pub fn candidates(plan: &Plan, delta: &SpecDelta, done: &[Done]) -> Vec<Candidate> {
    let unchanged = delta.unchanged();
    let carried = |ticket: &Ticket| -> Option<Candidate> {
        let then: HashSet<&RequirementId> =
            ticket.requirements.iter().map(|id| unchanged.get(id).copied()).collect::<Option<_>>()?;
        let serving: Vec<&Done> =
            done.iter().filter(|d| d.ticket.requirements.iter().any(|id| then.contains(id))).collect();
        let served: HashSet<&RequirementId> = serving.iter().flat_map(|d| &d.ticket.requirements).collect();
        let commits: Vec<&CommitId> = serving.iter().map(|d| d.merged.as_ref()).collect::<Option<_>>()?;
        let commit = (*commits.last()?).clone();
        then.is_subset(&served).then(|| Candidate { ticket: ticket.id.clone(), commit })
    };
    plan.tickets.iter().filter_map(carried).collect()
}

/// A requirement that is asked for no more, and what was done for it. Taking code out is left to people: nothing says
/// that nobody else uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Leftover {
    /// The requirement.
    pub requirement: RequirementId,
    /// Its title.
    pub title: String,
    /// The files that its tickets might write, and no other ticket.
    pub files: Vec<String>,
    /// The commits that did it.
    pub commits: Vec<CommitId>,
}

/// The tickets that nobody needs any more: not merged, and all that they serve is asked for no more.
#[must_use]
pub fn obsolete<'a>(delta: &SpecDelta, done: &'a [Done]) -> Vec<&'a Ticket> {
    let gone: HashSet<&RequirementId> = delta.removed().map(|requirement| &requirement.id).collect();
    let is_gone = |one: &&Done| {
        let served = &one.ticket.requirements;
        one.merged.is_none() && !served.is_empty() && served.iter().all(|id| gone.contains(id))
    };
    done.iter().filter(is_gone).map(|one| &one.ticket).collect()
}

/// What was done for requirements that are gone.
#[must_use]
pub fn leftovers(delta: &SpecDelta, done: &[Done]) -> Vec<Leftover> {
    let gone: HashSet<&RequirementId> = delta.removed().map(|requirement| &requirement.id).collect();
    let stays = |one: &&Done| one.ticket.requirements.iter().any(|id| !gone.contains(id));
    let needed: HashSet<&String> = done.iter().filter(stays).flat_map(|one| &one.ticket.touches).collect();
    let left = |requirement: &Requirement| {
        let serving: Vec<&Done> = done
            .iter()
            .filter(|d| d.merged.is_some() && d.ticket.requirements.contains(&requirement.id))
            .collect();
        let mut files: Vec<String> = serving.iter().flat_map(|d| d.ticket.touches.clone()).collect();
        files.retain(|file| !needed.contains(file));
        files.sort();
        files.dedup();
        Leftover {
            requirement: requirement.id.clone(),
            title: requirement.title.clone(),
            files,
            commits: serving.iter().filter_map(|d| d.merged.clone()).collect(),
        }
    };
    delta.removed().map(left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        estimate::Estimate,
        id::{PlanId, SpecId},
        skeleton::{ProposedSkeleton, ProposedTicket, draft},
        spec::{Spec, parse},
    };

    const SPEC: &str = "# T\n\n## REQ-1: Adds\n\nIn `a.py`.\n\n## REQ-2: Prints\n\nIn `b.py`.\n\n## REQ-3: Stops\n\nIn `c.py`.\n";

    fn plan(spec: &Spec, together: &[&str]) -> Plan {
        let requirements = together.iter().map(|id| (*id).to_owned()).collect();
        let proposal =
            ProposedSkeleton { tickets: vec![ProposedTicket { requirements, ..ProposedTicket::default() }] };
        Plan {
            id: PlanId::parse("plan_1").unwrap(),
            spec: SpecId::parse("spec_1").unwrap(),
            tickets: draft(spec, (!together.is_empty()).then_some(&proposal)).tickets,
            estimate: Estimate::default(),
            model: String::new(),
        }
    }

    fn done(plan: &Plan, unmerged: usize) -> Vec<Done> {
        let merged = |at: usize| (at != unmerged).then(|| CommitId::parse(format!("{at:040}")).unwrap());
        plan.tickets
            .iter()
            .enumerate()
            .map(|(at, t)| Done { ticket: t.clone(), merged: merged(at) })
            .collect()
    }

    fn carried(before: &str, now: &str, together: &[&str], unmerged: usize) -> Vec<String> {
        let (was, is) = (parse(before).unwrap(), parse(now).unwrap());
        let (old, new) = (plan(&was, &[]), plan(&is, together));
        let found = candidates(&new, &SpecDelta::between(&was, &is), &done(&old, unmerged));
        let of = |id: &TicketId| {
            new.ticket(id).unwrap().requirements.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        found.iter().map(|c| of(&c.ticket).join("+")).collect()
    }

    #[test]
    fn what_asks_for_the_same_and_is_merged_is_carried() {
        let changed = SPEC.replace("In `b.py`.", "In `b.py`, twice.");
        assert_eq!(carried(SPEC, &changed, &[], 9), ["REQ-1", "REQ-3"]);
        assert_eq!(carried(SPEC, &changed, &[], 0), ["REQ-3"]);
    }

    #[test]
    fn what_was_not_done_and_is_asked_for_no_more_is_obsolete() {
        let less = SPEC[..SPEC.find("## REQ-3").unwrap()].replace("In `b.py`.", "In `b.py`, twice.");
        let (was, is) = (parse(SPEC).unwrap(), parse(&less).unwrap());
        let old = plan(&was, &[]);
        let gone = |unmerged| {
            let done = done(&old, unmerged);
            let found = obsolete(&SpecDelta::between(&was, &is), &done);
            found.iter().map(|ticket| ticket.requirements[0].to_string()).collect::<Vec<_>>()
        };
        assert_eq!(gone(2), ["REQ-3"]);
        assert!(gone(1).is_empty() && gone(9).is_empty(), "changed, or done");
    }

    #[test]
    fn a_renamed_requirement_keeps_its_work() {
        assert_eq!(carried(SPEC, &SPEC.replace("REQ-2", "REQ-8"), &[], 9), ["REQ-1", "REQ-8", "REQ-3"]);
    }

    #[test]
    fn a_ticket_that_also_serves_something_new_is_not_carried() {
        let changed = SPEC.replace("In `b.py`.", "In `b.py`, twice.");
        assert_eq!(carried(SPEC, &changed, &["REQ-1", "REQ-2"], 9), ["REQ-3"]);
        assert_eq!(carried(SPEC, &changed, &["REQ-1", "REQ-3"], 9), ["REQ-1+REQ-3"]);
    }

    #[test]
    fn of_what_is_gone_the_code_is_told() {
        let (was, is) = (parse(SPEC).unwrap(), parse(&SPEC[..SPEC.find("## REQ-3").unwrap()]).unwrap());
        let found = leftovers(&SpecDelta::between(&was, &is), &done(&plan(&was, &[]), 9));
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].requirement.as_str(), found[0].files.as_slice()),
            ("REQ-3", ["c.py".to_owned()].as_slice())
        );
    }
}
