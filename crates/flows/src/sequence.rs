//! A sequence: agents one after another, each given what the one before it said. The simplest collaboration pattern;
//! each reply is a journalled step and an event, so a sequence that was cut off goes on where it stood.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use swarm_domain::{Problem, Subject};
use swarm_model::{ChatRequest, Message, ReplyFormat};

use crate::{
    calls::{self, Caller},
    engine::Flow,
    error::FlowError,
    parts::Parts,
};

/// Agents that one sequence may have.
pub(crate) const MAX_AGENTS: usize = 32;
/// Bytes of the text that a sequence may begin with.
pub(crate) const MAX_INPUT_BYTES: usize = 256 << 10;

/// What is asked of a sequence of agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceRequest {
    /// Its name: the same name is the same sequence, and is run once.
    pub name: String,
    /// The agents' names, in the order in which they are asked.
    pub agents: Vec<String>,
    /// What the first one is told.
    pub input: String,
    /// Models in order of preference; empty for the agents' own and the configured ones.
    pub models: Vec<String>,
}

impl SequenceRequest {
    /// Whether it can be run at all, and why not.
    pub(crate) fn check(&self, parts: &Parts) -> Result<(), Problem> {
        let refused = |detail: String, next: &str| Err(Problem::new("sequence.refused", detail, next));
        if self.name.is_empty() || self.name.len() > 100 || self.name.contains(|c: char| c.is_control()) {
            return refused(
                "its name must have 1 to 100 characters, none of them a control character".to_owned(),
                "choose another name",
            );
        }
        if self.agents.is_empty() || self.agents.len() > MAX_AGENTS {
            return refused(
                format!("it names {} agents, and must name 1 to {MAX_AGENTS}", self.agents.len()),
                "name the agents to be asked, in their order",
            );
        }
        if self.input.len() > MAX_INPUT_BYTES {
            return refused(
                format!("its input has {} bytes, the limit is {MAX_INPUT_BYTES}", self.input.len()),
                "give it less text",
            );
        }
        let roster = parts.catalogue.current();
        for name in &self.agents {
            roster.get(name).map_err(|error| error.problem())?;
        }
        Ok(())
    }
}

/// Asks each agent in turn; the last one's answer is the sequence's.
pub(crate) async fn sequence(parts: Parts, request: SequenceRequest) -> Flow<String> {
    let mut text = request.input;
    for (index, name) in request.agents.iter().enumerate() {
        let agent = Arc::clone(parts.catalogue.current().get(name).map_err(FlowError::from)?);
        let asked = ChatRequest {
            messages: vec![
                Message::System { text: agent.prompt.clone() },
                Message::User { text: std::mem::take(&mut text) },
            ],
            tools: Vec::new(),
            format: ReplyFormat::Text,
            max_tokens: agent.limits.reply_tokens,
            temperature_milli: agent.temperature_milli,
            seed: None,
        };
        let number = (index + 1).to_string();
        let caller = Caller {
            agent: &agent.name,
            subject: Subject::default(),
            key: ["sequence", &request.name, "model", &number].map(str::to_owned).to_vec(),
            models: parts.models(&request.models, &agent),
        };
        text = calls::call(&parts, &caller, &asked).await??.text;
    }
    Ok(text)
}
