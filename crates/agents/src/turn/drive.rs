//! The loop around a turn, written once for all who drive one: asks what is next, has it done, hands the outcome back.

use swarm_model::{ChatReply, ChatRequest};

use super::{DeadEnd, Step, Turn, TurnEnd};
use crate::{
    error::AgentError,
    tool::{Invocation, ToolResult},
};

/// Who does what a turn asks for: as journalled steps beside the repository, or on a machine elsewhere.
pub trait Doer: Sync {
    /// Why it could not be done. It ends the drive.
    type Error: From<AgentError> + Send;

    /// Calls the model; `replies` came before.
    fn call(
        &self,
        replies: u32,
        request: &ChatRequest,
    ) -> impl Future<Output = Result<ChatReply, Self::Error>> + Send;

    /// Uses a tool.
    fn tool(&self, invocation: &Invocation) -> impl Future<Output = Result<ToolResult, Self::Error>> + Send;

    /// Takes note of steps that led nowhere. Who keeps no journal has nothing to do.
    fn led_nowhere(&self, _steps: &DeadEnd) -> impl Future<Output = Result<(), Self::Error>> + Send {
        std::future::ready(Ok(()))
    }
}

/// Drives a turn to its end. Between two calls of the doer nothing happens that is not a function of what it returned.
pub async fn drive<D: Doer>(mut turn: Turn, doer: &D) -> Result<TurnEnd, D::Error> {
    loop {
        match turn.next() {
            Step::Call(request) => {
                let reply = doer.call(turn.replies(), &request).await?;
                turn.answered(&reply)?;
            }
            Step::Tools(invocations) => {
                let mut results = Vec::with_capacity(invocations.len());
                for invocation in &invocations {
                    results.push(doer.tool(invocation).await?);
                }
                turn.tools_done(&results)?;
                if let Some(steps) = turn.take_dead_end() {
                    doer.led_nowhere(&steps).await?;
                }
            }
            Step::Done(end) => return Ok(end),
        }
    }
}
