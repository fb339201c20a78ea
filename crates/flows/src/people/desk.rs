//! What people do with questions: look at them, answer, hand them on.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use swarm_domain::{
    Actor, BlobHash, EventBody, IdempotencyKey, InterruptId, NewEvent, Problem, RunId, TicketId, graph,
    hunk::HunkEvidence,
    interrupt::{HumanResponse, InterruptState},
    ticket::Risk,
};
use swarm_store::{InterruptQuery, InterruptRow};

use super::evidence;
use crate::{
    error::FlowError,
    parts::Parts,
    service::{Asker, Flows},
};

/// Questions that are given at once.
const MOST: u32 = 500;

/// Which questions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuestionFilter {
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only in this state.
    pub state: Option<InterruptState>,
    /// Only from this risk on.
    pub risk: Risk,
    /// Only those that are at least so old, in seconds.
    pub older_than_seconds: u64,
}

/// A question, and what waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The question.
    pub row: InterruptRow,
    /// The tickets that cannot be merged before it is answered, its own first; none once it is.
    pub blocked: Vec<TicketId>,
    /// How old it is, in seconds: until now, or until it was decided.
    pub age_seconds: u64,
}

impl Flows {
    /// The questions to people, those of the highest risk first, and of these the oldest.
    pub async fn questions(&self, filter: &QuestionFilter) -> Result<Vec<Question>, Problem> {
        questions(self.parts(), filter).await.map_err(|error| error.problem())
    }

    /// One question.
    pub async fn question(&self, id: &InterruptId) -> Result<Question, Problem> {
        let parts = self.parts();
        let row = parts.store.interrupt(&parts.config.tenant, id).await.map_err(|error| error.problem())?;
        let mut blocked = Blocked::default();
        question(parts, &mut blocked, row).await.map_err(|error| error.problem())
    }

    /// The text that a question is about, in full; none where it is about no text.
    pub async fn question_text(&self, question: &Question) -> Result<Option<String>, Problem> {
        let Some(text) = &question.row.interrupt.text else { return Ok(None) };
        let bytes = self.store().blobs().get(text).await.map_err(|error| error.problem())?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// What proves the parts of the change that a question is about; none where nothing was found out, or is not yet.
    pub async fn question_evidence(&self, question: &Question) -> Result<Option<HunkEvidence>, Problem> {
        evidence::of_question(self.parts(), &question.row).await.map_err(|error| error.problem())
    }

    /// Answers a question. The first answer that decides counts; the same answer of the same person again is that one.
    pub async fn answer(
        &self,
        by: &Asker,
        id: &InterruptId,
        response: &HumanResponse,
    ) -> Result<Question, Problem> {
        let parts = self.parts();
        let asked = parts.store.interrupt(&parts.config.tenant, id).await.map_err(|error| error.problem())?;
        // Asked again when it is written down; here because what has no form cannot even be tried.
        response.fits(&asked.interrupt).map_err(|refusal| refusal.problem())?;
        let said = serde_json::to_vec(response)
            .map_err(|error| FlowError::internal("an answer", error).problem())?;
        let body = EventBody::InterruptAnswered { interrupt: id.clone(), response: response.clone() };
        self.say(by, id, "answered", &said, body).await
    }

    /// Hands a question to somebody, who may answer it from then on.
    pub async fn delegate(&self, by: &Asker, id: &InterruptId, to: &str) -> Result<Question, Problem> {
        let to = to.trim().to_owned();
        let body = EventBody::InterruptDelegated { interrupt: id.clone(), to: to.clone() };
        self.say(by, id, "delegated", to.as_bytes(), body).await
    }

    async fn say(
        &self,
        by: &Asker,
        id: &InterruptId,
        what: &str,
        said: &[u8],
        body: EventBody,
    ) -> Result<Question, Problem> {
        let parts = self.parts();
        let tenant = &parts.config.tenant;
        let row = parts.store.interrupt(tenant, id).await.map_err(|error| error.problem())?;
        // The same word of the same person is one word, however often it is sent.
        let (person, said) = (BlobHash::of(by.person.as_bytes()), BlobHash::of(said));
        let event = NewEvent {
            tenant: tenant.clone(),
            actor: Actor::Person { name: by.person.clone() },
            subject: row.subject(),
            key: IdempotencyKey::of(&["interrupt", id.as_str(), what, person.as_str(), said.as_str()]),
            correlation: by.correlation.clone(),
            body,
        };
        parts.store.append(event).await.map_err(|error| error.problem())?;
        self.question(id).await
    }
}

async fn questions(parts: &Parts, filter: &QuestionFilter) -> Result<Vec<Question>, FlowError> {
    let raised_until = match filter.older_than_seconds {
        0 => None,
        seconds => Some(before(parts.clock.now(), seconds)),
    };
    let which = InterruptQuery {
        run: filter.run.clone(),
        state: filter.state,
        risk: filter.risk,
        raised_until,
        limit: MOST,
    };
    let mut blocked = Blocked::default();
    let mut found = Vec::new();
    for row in parts.store.interrupts(&parts.config.tenant, &which).await? {
        found.push(question(parts, &mut blocked, row).await?);
    }
    Ok(found)
}

fn before(now: DateTime<Utc>, seconds: u64) -> DateTime<Utc> {
    let age = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds).unwrap_or(TimeDelta::MAX);
    // Before all that was ever asked; the database knows no time as early as the clock does.
    now.checked_sub_signed(age).map_or(DateTime::UNIX_EPOCH, |at| at.max(DateTime::UNIX_EPOCH))
}

async fn question(parts: &Parts, blocked: &mut Blocked, row: InterruptRow) -> Result<Question, FlowError> {
    let until = row.standing.settled_at.unwrap_or_else(|| parts.clock.now());
    let age_seconds = u64::try_from((until - row.raised_at).num_seconds()).unwrap_or_default();
    let blocked = match row.standing.state {
        InterruptState::Waiting => blocked.behind(parts, &row.run, row.ticket.as_ref()).await?,
        _ => Vec::new(),
    };
    Ok(Question { row, blocked, age_seconds })
}

/// What is left to do in the runs that were looked at: the tickets, each with those that wait for it.
#[derive(Default)]
struct Blocked(HashMap<RunId, Vec<(TicketId, Vec<TicketId>)>>);

impl Blocked {
    async fn behind(
        &mut self,
        parts: &Parts,
        run: &RunId,
        ticket: Option<&TicketId>,
    ) -> Result<Vec<TicketId>, FlowError> {
        if !self.0.contains_key(run) {
            self.0.insert(run.clone(), left(parts, run).await?);
        }
        let left = self.0.get(run).map(Vec::as_slice).unwrap_or_default();
        Ok(match ticket {
            None => left.iter().map(|(id, _)| id.clone()).collect(),
            Some(ticket) => {
                let own = left.iter().find(|(id, _)| id == ticket);
                own.map(|(id, behind)| std::iter::once(id).chain(behind).cloned().collect())
                    .unwrap_or_default()
            }
        })
    }
}

async fn left(parts: &Parts, run: &RunId) -> Result<Vec<(TicketId, Vec<TicketId>)>, FlowError> {
    let tenant = &parts.config.tenant;
    let row = parts.store.run(tenant, run).await?;
    let graph = graph::of_tickets(&parts.plan(&row.plan).await?.tickets);
    let tickets = parts.store.tickets(tenant, run).await?;
    let open: Vec<TicketId> =
        tickets.into_iter().filter(|ticket| !ticket.state.is_settled()).map(|ticket| ticket.id).collect();
    let behind = |id: &TicketId| {
        let mut behind = graph.dependents(id);
        behind.retain(|other| open.contains(other));
        behind
    };
    Ok(open.iter().map(|id| (id.clone(), behind(id))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_long_ago_is_a_time_that_the_database_knows() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(365);
        assert_eq!(before(now, 60), now - TimeDelta::minutes(1));
        for long in [400 * 86_400, u64::from(u32::MAX) * 1000, i64::MAX.unsigned_abs(), u64::MAX] {
            assert_eq!(before(now, long), DateTime::UNIX_EPOCH);
        }
    }
}
