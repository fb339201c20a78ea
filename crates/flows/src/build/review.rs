//! What people say in the middle of a build: before it begins, and of accepted work before it enters the merge train.

use swarm_domain::{
    Subject, TicketId,
    interrupt::{Decision, Point},
    schedule::Reviewed,
};

use super::{Carried, Carrier, Children};
use crate::{
    engine::{self, Flow},
    error::FlowError,
    merge::Candidate,
    parts::{Parts, of_ticket},
    people::{self, Begun, Heard, PeopleInput},
};

impl Carrier<'_> {
    /// Takes in what people said before it begins.
    pub(super) fn begin(&mut self, begun: Begun) {
        if let Some(agents) = begun.edit.and_then(|edit| edit.max_parallel) {
            self.schedule.limit(agents as usize);
        }
        self.hints = begun.hints;
    }

    /// Asks people about accepted work, where the policy does.
    pub(super) async fn ask(
        &self,
        parts: &Parts,
        children: &Children,
        candidate: &Candidate,
    ) -> Flow<Option<engine::Handle<Heard>>> {
        if !self.approvals.looks_at(Point::Diff, &self.frame.project) {
            return Ok(None);
        }
        let run = &self.input.run;
        let questions = engine::step(parts, "questions", || {
            people::of_change(parts, self.frame, &self.approvals, run, candidate)
        })
        .await?;
        if questions.is_empty() {
            return Ok(None);
        }
        let of_ticket = of_ticket(&self.frame.project, run, &candidate.ticket);
        let subject = Subject { attempt: Some(candidate.attempt.clone()), ..of_ticket };
        let id = format!("people/{run}/{}", candidate.attempt);
        children.engine.child(&children.people, &id, PeopleInput { subject, questions }).await.map(Some)
    }

    /// Goes on with what people said of a ticket's work.
    pub(super) async fn people_answered(
        &mut self,
        parts: &Parts,
        ticket: &TicketId,
        heard: Result<Heard, FlowError>,
    ) -> Flow<()> {
        let against = match heard {
            Ok(heard) => heard.against,
            Err(FlowError::Cancelled) => {
                self.schedule.reviewed(ticket, Reviewed::Cancelled);
                return Ok(());
            }
            Err(error) => {
                self.schedule.reviewed(ticket, Reviewed::NeedsPerson(error.problem()));
                return Ok(());
            }
        };
        let answer = match against {
            None => Reviewed::Approved,
            Some(against) => {
                let candidate = self.candidates.remove(ticket);
                match (people::sent_back(&against), candidate) {
                    (Some(finding), Some(candidate)) => {
                        engine::step(parts, "sent back", || {
                            people::record_finding(parts, self.frame, &self.input.run, &candidate, &finding)
                        })
                        .await?;
                        let previous = Some(candidate.commit);
                        let carried = Carried { previous, evidence: vec![finding], resumed: None };
                        self.carried.insert(ticket.clone(), carried);
                        Reviewed::SentBack
                    }
                    _ if against.decision == Decision::Withdrawn => Reviewed::Cancelled,
                    _ => Reviewed::NeedsPerson(against.problem(ticket.as_str())),
                }
            }
        };
        self.schedule.reviewed(ticket, answer);
        Ok(())
    }
}
