//! The order of a run, for playing it again: which ticket was begun before which, and on whose work the merge train gave
//! its word when. A played run keeps to it, so that each attempt and each merge meets the same code.

use std::collections::VecDeque;

use crate::{
    event::{Actor, Event, EventBody},
    id::{AttemptId, TicketId},
};

/// The part of swarm that merges.
const TRAIN: &str = "merge-train";

/// The order of a journal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Course {
    /// Tickets in the order in which they were first begun.
    starts: Vec<TicketId>,
    /// Tickets in the order in which the merge train took their work or sent it back; one comes again with each round.
    verdicts: VecDeque<TicketId>,
}

impl Course {
    /// The course that these events tell of.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut course = Self::default();
        let mut judged: Vec<&AttemptId> = Vec::new();
        for event in events {
            let (Some(ticket), Some(attempt)) = (&event.subject.ticket, &event.subject.attempt) else {
                continue;
            };
            let by_train = matches!(&event.actor, Actor::System { part } if part == TRAIN);
            match &event.body {
                EventBody::AttemptStarted { .. } if !course.starts.contains(ticket) => {
                    course.starts.push(ticket.clone());
                }
                EventBody::Merged { .. } | EventBody::FindingRaised { .. }
                    if by_train && !judged.contains(&attempt) =>
                {
                    judged.push(attempt);
                    course.verdicts.push_back(ticket.clone());
                }
                _ => {}
            }
        }
        course
    }

    /// Those of the ready tickets that may be begun now: none before one that was begun earlier then.
    #[must_use]
    pub fn startable(&self, mut ready: Vec<TicketId>, begun: impl Fn(&TicketId) -> bool) -> Vec<TicketId> {
        let mut startable = Vec::new();
        for next in self.starts.iter().filter(|ticket| !begun(ticket)) {
            let Some(index) = ready.iter().position(|ticket| ticket == next) else {
                return startable;
            };
            startable.push(ready.remove(index));
        }
        startable.extend(ready);
        startable
    }

    /// Whose work the train takes next. None where the journal says no more about it.
    #[must_use]
    pub fn next_merge(&self, gone: impl Fn(&TicketId) -> bool) -> Option<&TicketId> {
        self.verdicts.iter().find(|ticket| !gone(ticket))
    }

    /// The train gave its word on the work of a ticket.
    pub fn settled(&mut self, ticket: &TicketId) {
        if let Some(place) = self.verdicts.iter().position(|known| known == ticket) {
            self.verdicts.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(id: &str) -> TicketId {
        TicketId::parse(id).unwrap()
    }

    fn course(starts: &[&str], verdicts: &[&str]) -> Course {
        Course {
            starts: starts.iter().map(|id| ticket(id)).collect(),
            verdicts: verdicts.iter().map(|id| ticket(id)).collect(),
        }
    }

    #[test]
    fn tickets_start_in_the_order_of_the_origin_and_those_it_does_not_know_after_them() {
        let course = course(&["T-2", "T-1"], &[]);
        let ready = || vec![ticket("T-1"), ticket("T-3")];
        assert_eq!(course.startable(ready(), |_| false), [], "T-2 was first, and is not ready");
        assert_eq!(course.startable(ready(), |id| id.as_str() == "T-2"), ready());
        let all = vec![ticket("T-1"), ticket("T-2"), ticket("T-3")];
        assert_eq!(course.startable(all, |_| false), [ticket("T-2"), ticket("T-1"), ticket("T-3")]);
    }

    #[test]
    fn the_train_takes_them_in_the_order_of_the_origin_and_not_those_that_cannot_come() {
        let mut course = course(&[], &["T-1", "T-2", "T-1"]);
        assert_eq!(course.next_merge(|_| false), Some(&ticket("T-1")));
        assert_eq!(course.next_merge(|id| id.as_str() == "T-1"), Some(&ticket("T-2")));
        course.settled(&ticket("T-1"));
        assert_eq!(course.next_merge(|_| false), Some(&ticket("T-2")));
        course.settled(&ticket("T-2"));
        assert_eq!(course.next_merge(|_| false), Some(&ticket("T-1")), "it came again");
        course.settled(&ticket("T-1"));
        assert_eq!(course.next_merge(|_| false), None);
    }
}
