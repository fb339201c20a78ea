//! What a build writes down about its tickets.

use swarm_domain::{EventBody, TicketId, ticket::TicketState};

use super::Carrier;
use crate::{
    engine::{self, Flow},
    parts::{Parts, of_ticket, part},
};

impl Carrier<'_> {
    pub(super) async fn hold(
        &self,
        parts: &Parts,
        ticket: &TicketId,
        behind: &TicketId,
        why: &str,
    ) -> Flow<()> {
        let (run, generation) = (&self.input.run, self.input.generation.to_string());
        engine::step(parts, "hold", || async {
            let key = ["run", run.as_str(), ticket.as_str(), "held", behind.as_str(), &generation];
            let body = EventBody::TicketHeld { behind: behind.clone(), why: why.to_owned() };
            let subject = of_ticket(&self.frame.project, run, ticket);
            parts.record(&key, part("scheduler"), subject, body).await.map(drop)
        })
        .await
    }

    pub(super) async fn record_state(
        &self,
        parts: &Parts,
        ticket: &TicketId,
        state: TicketState,
    ) -> Flow<()> {
        let (run, generation) = (&self.input.run, self.input.generation.to_string());
        let round = self.rounds.get(ticket).copied().unwrap_or_default().to_string();
        engine::step(parts, "ticket state", || async {
            let key = ["run", run.as_str(), ticket.as_str(), "settled", &generation, &round];
            let body = EventBody::TicketStateChanged { to: state.clone() };
            let subject = of_ticket(&self.frame.project, run, ticket);
            match parts.record(&key, part("scheduler"), subject, body).await {
                // A person was faster: what they decided stands.
                Err(error) if error.problem().code == "store.not_allowed" => Ok(()),
                recorded => recorded.map(drop),
            }
        })
        .await
    }
}
