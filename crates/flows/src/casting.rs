//! Who makes an attempt, and with which models: settled once, when it begins.

use std::sync::Arc;

use swarm_domain::{CommitId, EventBody, IdempotencyKey, agent::Capability, choice::ChoiceReason};

use crate::{
    attempt::Attempt,
    choice::{self, Choice},
    error::FlowError,
    experience::{self, Chosen, Opening},
};

/// How an attempt began, as the log has it.
pub(crate) struct Began {
    pub(crate) base: CommitId,
    agent: String,
    model: String,
    choice: Option<ChoiceReason>,
}

impl Attempt<'_> {
    /// What is asked of the agent.
    pub(crate) fn capability(&self) -> Capability {
        choice::capability(self.brief.within, self.frame.ticket.capability)
    }

    /// The same attempt, made by this agent with these models.
    pub(crate) fn given_to(&self, chosen: &Chosen) -> Self {
        let roster = self.parts.catalogue.current();
        Self {
            // An agent whose file was taken away meanwhile is not missed while its stand-in offers the same.
            agent: Arc::clone(roster.get(&chosen.agent).unwrap_or(&self.agent)),
            choice: Choice { models: chosen.models.clone(), ..self.choice },
            id: self.id.clone(),
            played: self.played.clone(),
            ..*self
        }
    }

    /// Who makes it: as it was begun before a crash or in the run that is played, else as is chosen now.
    pub(crate) async fn chosen(&self, began: Option<&Began>) -> Result<Chosen, FlowError> {
        if self.is_played() {
            let models = self.choice.models.clone();
            return Ok(Chosen { agent: self.agent.name.clone(), models, reason: None });
        }
        let opening = Opening {
            frame: self.frame,
            attempt: &self.id,
            within: self.brief.within,
            capability: self.capability(),
        };
        let Some(began) = began else { return experience::choose(self.parts, &opening).await };
        let mut models = self.choice.models.clone();
        let is_here = self.frame.options.hands.is_here();
        if is_here && matches!(began.choice, Some(ChoiceReason::Learned { .. })) {
            models = self.parts.gateway.names(&models)?;
            let lead = models.iter().position(|model| *model == began.model).unwrap_or_default();
            models.rotate_left(lead);
        }
        Ok(Chosen { agent: began.agent.clone(), models, reason: began.choice.clone() })
    }

    /// Whether agent, model and words are those of another run.
    pub(crate) fn is_played(&self) -> bool {
        self.worker().is_some()
    }

    /// The commit that this attempt began on, if it began.
    pub(crate) async fn began_on(&self) -> Result<Option<CommitId>, FlowError> {
        Ok(self.began().await?.map(|began| began.base))
    }

    /// How this attempt began, if it did.
    pub(crate) async fn began(&self) -> Result<Option<Began>, FlowError> {
        let key = IdempotencyKey::of(&self.key(&["started"]));
        let event = self.parts.store.event_by_key(&self.parts.config.tenant, &key).await?;
        Ok(event.and_then(|event| match event.body {
            EventBody::AttemptStarted { base, agent, model, choice, .. } => {
                Some(Began { base, agent, model, choice })
            }
            _ => None,
        }))
    }
}
