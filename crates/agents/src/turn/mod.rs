//! One attempt of an agent at a ticket, as a state machine that does no I/O.
//!
//! Whoever drives it asks [`Turn::next`] what to do, does it, and hands the outcome back. A turn is plain data: it can
//! be journalled between any two steps and goes on from there. What the model claims decides when the attempt ends,
//! never whether it was good: that is the validator's word.

mod conversation;
mod course;
mod dead_end;
mod drive;
mod ending;
mod size;
mod wording;
mod writes;

use serde::{Deserialize, Serialize};
use swarm_domain::scope::Scope;
use swarm_model::{Capabilities, ChatReply, ChatRequest, Message, ReplyFormat};

pub use dead_end::DeadEnd;
pub use drive::{Doer, drive};
pub use ending::TurnEnd;
pub(crate) use size::reply_tokens;

use crate::{
    agent::{Agent, Limits, Protocol},
    error::AgentError,
    prompt::{self, TurnSetup},
    protocol,
    tool::{Invocation, ToolName, ToolResult, finish::Report},
    trajectory::Trajectory,
};
use conversation::Conversation;
use size::room;
use wording::{is_write, said, shown, wrote};
use writes::Writes;

/// How often in a row a reply that cannot be read is asked for again.
pub const MAX_RE_ASKS: u32 = 2;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Call the model, then [`Turn::answered`].
    Call(ChatRequest),
    /// Use these tools in this order, then [`Turn::tools_done`].
    Tools(Vec<Invocation>),
    /// Nothing: it is over.
    Done(TurnEnd),
}

/// One attempt of an agent at a ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    agent: String,
    protocol: Protocol,
    capabilities: Capabilities,
    limits: Limits,
    tools: Vec<ToolName>,
    temperature_milli: u32,
    seed: Option<u32>,
    globs: Vec<String>,
    conversation: Conversation,
    phase: Phase,
    replies: u32,
    calls: u32,
    tokens: u64,
    unreadable: u32,
    objections: u32,
    writes: Writes,
    trajectory: Trajectory,
    /// Noticed by the last step, and not yet told to whoever drives the turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dead_end: Option<DeadEnd>,
}

/// Where a turn stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
enum Phase {
    /// The model is to be called.
    Asking,
    /// Tools are to be used.
    Using { invocations: Vec<Invocation>, then: Then },
    /// It is over.
    Ended { end: TurnEnd },
}

/// What follows when the tools are done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "snake_case")]
enum Then {
    /// Their answers go back as tool messages.
    AnswerNative { finish: Option<Report>, finish_id: String },
    /// Their answers go back as a text.
    AnswerText { finish: Option<Report> },
    /// If all went well, the work is done.
    End { said: String },
}

impl Turn {
    /// Begins an attempt. The prompt is made of what is given here and of nothing else: the same setup is the same
    /// request, whenever and wherever it is made.
    pub fn new(setup: &TurnSetup<'_>) -> Result<Self, AgentError> {
        let Agent { name, limits, tools, temperature_milli, .. } = setup.agent;
        let scope = Scope::new(&setup.ticket.touches)?;
        let protocol = setup.agent.protocol.for_model(setup.capabilities);
        let mut tools = tools.clone();
        for needed in [ToolName::Write, ToolName::Finish] {
            if !tools.contains(&needed) {
                tools.push(needed);
            }
        }
        let room = room(setup.capabilities, *limits, protocol, &tools);
        let (system, task) = prompt::of(setup, protocol, &scope, room);
        Ok(Self {
            agent: name.clone(),
            protocol,
            capabilities: setup.capabilities,
            limits: *limits,
            tools,
            temperature_milli: (temperature_milli + setup.warmer_milli).min(2_000),
            seed: setup.seed,
            globs: setup.ticket.touches.clone(),
            conversation: Conversation::new(system, task),
            phase: Phase::Asking,
            replies: 0,
            calls: 0,
            tokens: 0,
            unreadable: 0,
            objections: 0,
            writes: Writes::default(),
            trajectory: Trajectory::default(),
            dead_end: None,
        })
    }

    /// What to do next. Asking changes nothing.
    #[must_use]
    pub fn next(&self) -> Step {
        match &self.phase {
            Phase::Asking => Step::Call(self.request()),
            Phase::Using { invocations, .. } => Step::Tools(invocations.clone()),
            Phase::Ended { end } => Step::Done(end.clone()),
        }
    }

    /// Replies of the model so far: numbers the next call.
    #[must_use]
    pub fn replies(&self) -> u32 {
        self.replies
    }

    /// How the model is made to answer: tools or files.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Takes the model's reply.
    pub fn answered(&mut self, reply: &ChatReply) -> Result<(), AgentError> {
        if self.phase != Phase::Asking {
            return Err(AgentError::OutOfTurn { what: "reply" });
        }
        self.replies += 1;
        self.tokens =
            self.tokens.saturating_add(reply.usage.tokens_in).saturating_add(reply.usage.tokens_out);
        let scope = Scope::new(&self.globs)?;
        match protocol::read(self.protocol, reply, &scope) {
            Ok(wish) => {
                self.unreadable = 0;
                self.take(wish, &reply.text);
            }
            Err(complaint) => self.complain(reply, &complaint),
        }
        Ok(())
    }

    /// Takes the answers of the tools, one for each invocation, in their order.
    pub fn tools_done(&mut self, results: &[ToolResult]) -> Result<(), AgentError> {
        let Phase::Using { invocations, then } = &self.phase else {
            return Err(AgentError::OutOfTurn { what: "result of a tool" });
        };
        if invocations.len() != results.len() {
            return Err(AgentError::OutOfTurn { what: "wrong number of results of tools" });
        }
        let (invocations, then) = (invocations.clone(), then.clone());
        for (asked, answer) in invocations.iter().zip(results) {
            self.writes.note(asked, answer);
        }
        // Whole files are bounded by the patience for objections, which says more about what failed.
        let is_step = !invocations.is_empty() && !matches!(then, Then::End { .. });
        if is_step && let Some(stuck) = self.trajectory.add(self.replies, &invocations, results) {
            self.stuck(stuck, &invocations, results);
            return Ok(());
        }
        match then {
            Then::AnswerNative { finish, finish_id } => {
                for (asked, answer) in invocations.iter().zip(results) {
                    self.conversation.tool(&asked.call_id, &shown(answer));
                }
                self.finish_or_go_on(finish, Some(&finish_id));
            }
            Then::AnswerText { finish } => {
                if !invocations.is_empty() {
                    self.conversation.user(&said(&invocations, results));
                }
                // Writing files by written calls is what the protocol of files does: there is no more to come.
                let only_writes = !invocations.is_empty() && invocations.iter().all(is_write);
                if self.protocol == Protocol::Files
                    && only_writes
                    && finish.is_none()
                    && self.writes.are_good()
                {
                    let end = TurnEnd::Finished { summary: wrote(&invocations) };
                    self.end(end);
                } else {
                    self.finish_or_go_on(finish, None);
                }
            }
            Then::End { said: summary } if results.iter().all(|answer| answer.ok) => {
                // A path that was refused is not asked for again: this answer is the whole of the work.
                self.writes.forget_refused();
                let unmended = self.writes.unmended();
                let end = if unmended.is_empty() {
                    TurnEnd::Finished { summary }
                } else {
                    ending::unmended(unmended)
                };
                self.end(end);
            }
            Then::End { .. } => self.object(&said(&invocations, results), None),
        }
        if is_step {
            self.trajectory.told(self.conversation.messages().len(), &invocations, results);
        }
        Ok(())
    }

    /// The steps that were just seen to lead nowhere. Asked for once.
    pub fn take_dead_end(&mut self) -> Option<DeadEnd> {
        self.dead_end.take()
    }

    fn request(&self) -> ChatRequest {
        let tools = match self.protocol {
            Protocol::Files => Vec::new(),
            Protocol::Tools | Protocol::Auto => self.tools.iter().map(|tool| tool.spec()).collect(),
        };
        ChatRequest {
            messages: self.conversation.messages().to_vec(),
            tools,
            format: ReplyFormat::Text,
            max_tokens: reply_tokens(self.capabilities, self.limits),
            temperature_milli: self.temperature_milli,
            seed: self.seed,
        }
    }

    /// The conversation so far, for those who show it to people.
    #[must_use]
    pub fn messages(&self) -> &[Message] {
        self.conversation.messages()
    }

    /// What the model can be relied on for that it was made for.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    /// The agent whose attempt it is.
    #[must_use]
    pub fn agent(&self) -> &str {
        &self.agent
    }
}
