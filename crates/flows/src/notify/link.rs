//! Answering by a link in a mail: a person who holds it is taken for who it was sent to, for this one question and once.
//! All that is asked of an answer otherwise is asked here as well, when it is given.

use chrono::TimeDelta;
use swarm_domain::{
    Actor, BlobHash, EventBody, IdempotencyKey, NewEvent, Problem,
    identity::{AnswerText, Proof},
    interrupt::HumanResponse,
};
use swarm_notify::Action;
use swarm_store::{AnswerLink, InterruptRow, NewAnswerLink, NotificationRow, StoreError};

use crate::{
    error::FlowError,
    parts::Parts,
    people::Question,
    service::{Asker, Flows},
};

/// Where a link leads, behind the address of the server.
pub(super) const PATH: &str = "/api/hitl/answer";

/// The link for a mail; none where people cannot reach this server, or there is nobody behind the name whose right to
/// answer can be asked for.
pub(super) async fn action(
    parts: &Parts,
    notification: &NotificationRow,
    question: &InterruptRow,
) -> Result<Option<Action>, StoreError> {
    let config = &parts.config.notifications;
    let Some(base) = config.base() else { return Ok(None) };
    let name = &notification.person;
    let operator = config.operator.as_deref().is_some_and(|operator| operator.eq_ignore_ascii_case(name));
    if !operator && !has_account(parts, name).await? {
        return Ok(None);
    }
    let now = parts.clock.now();
    let last = now + TimeDelta::days(i64::from(config.link_days.max(1)));
    let expires = question.interrupt.terms.ends(question.raised_at).map_or(last, |end| end.min(last));
    let new = NewAnswerLink {
        notification: notification.id.clone(),
        interrupt: question.interrupt.id.clone(),
        stage: notification.stage,
        person: name.clone(),
        expires,
    };
    let proof = Proof::mint(&*parts.entropy);
    let text = parts.store.make_answer_link(&parts.config.tenant, &new, proof).await?;
    let url = format!("{base}{PATH}?token={}", *text.reveal());
    Ok(Some(Action { label: "Look and answer".to_owned(), url }))
}

async fn has_account(parts: &Parts, name: &str) -> Result<bool, StoreError> {
    let users = parts.store.users(&parts.config.tenant).await?;
    Ok(users.iter().any(|user| user.email.as_str().eq_ignore_ascii_case(name)))
}

impl Flows {
    /// What a link is for, and the question. The link is not used up.
    pub async fn linked_question(&self, link: &AnswerText) -> Result<(AnswerLink, Question), Problem> {
        let parts = self.parts();
        let found = parts.store.answer_link(&parts.config.tenant, link).await.map_err(|e| e.problem())?;
        let question = self.question(&found.interrupt).await?;
        Ok((found, question))
    }

    /// Answers by a link, which is used up with it.
    pub async fn answer_by_link(
        &self,
        by: &Asker,
        link: &AnswerText,
        response: &HumanResponse,
    ) -> Result<Question, Problem> {
        let parts = self.parts();
        let (found, question) = self.linked_question(link).await?;
        response.fits(&question.row.interrupt).map_err(|refusal| refusal.problem())?;
        let said = serde_json::to_vec(response)
            .map_err(|error| FlowError::internal("an answer", error).problem())?;
        let id = found.interrupt.clone();
        let (person, said) = (BlobHash::of(found.person.as_bytes()), BlobHash::of(&said));
        let answer = NewEvent {
            tenant: parts.config.tenant.clone(),
            actor: Actor::Person { name: found.person },
            subject: question.row.subject(),
            key: IdempotencyKey::of(&["interrupt", id.as_str(), "answered", person.as_str(), said.as_str()]),
            correlation: by.correlation.clone(),
            body: EventBody::InterruptAnswered { interrupt: id.clone(), response: response.clone() },
        };
        let tenant = &parts.config.tenant;
        parts.store.answer_by_link(tenant, link, answer).await.map_err(|error| error.problem())?;
        self.question(&id).await
    }
}
