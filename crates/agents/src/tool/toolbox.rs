//! The tools of one attempt: checks what the model asked for, then does it.

use std::{sync::Arc, time::Duration};

use jsonschema::Validator;
use serde_json::Value;
use swarm_sandbox::Sandbox;
use tokio_util::sync::CancellationToken;

use super::{Fault, Invocation, ToolCode, ToolName, ToolResult, edit, list, read, run, search, write};
use crate::{
    agent::Agent,
    error::AgentError,
    protocol::json::complaints,
    workspace::{Deadline, Workspace},
};

/// Says whether a tool may be used with these arguments, or why not.
pub type ToolRule<'a> = &'a (dyn Fn(ToolName, &Value) -> Result<(), String> + Send + Sync);

/// The tools of one attempt.
#[derive(Clone)]
pub struct Toolbox<'a> {
    workspace: Arc<Workspace>,
    sandbox: Option<&'a dyn Sandbox>,
    allowed: Vec<ToolName>,
    wall: Duration,
    output_bytes: usize,
    rule: ToolRule<'a>,
}

impl std::fmt::Debug for Toolbox<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Toolbox")
            .field("workspace", &self.workspace)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

impl<'a> Toolbox<'a> {
    /// The tools of this agent in this work folder. Without a sandbox there is no `run`. The sandbox's work folder
    /// must be the workspace's root.
    ///
    /// `write` is always there: an agent that answers with files writes through it. `rule` is asked before each use: what
    /// the agent's file gives it, the house may still not let it do.
    #[must_use]
    pub fn new(
        agent: &Agent,
        workspace: Arc<Workspace>,
        sandbox: Option<&'a dyn Sandbox>,
        rule: ToolRule<'a>,
    ) -> Self {
        let mut allowed = agent.tools.clone();
        allowed.push(ToolName::Write);
        allowed.retain(|tool| *tool != ToolName::Run || sandbox.is_some());
        Self {
            workspace,
            sandbox,
            allowed,
            wall: Duration::from_secs(agent.limits.tool_seconds.into()),
            output_bytes: usize::try_from(agent.limits.output_bytes).unwrap_or(usize::MAX),
            rule,
        }
    }

    /// The same, with an earlier end for what it does: a deadline that was learned from similar steps.
    #[must_use]
    pub fn ending_after(self, deadline: Duration) -> Self {
        Self { wall: self.wall.min(deadline), ..self }
    }

    /// Whether this agent can run commands, so that its toolbox is worth a sandbox.
    #[must_use]
    pub fn needs_sandbox(agent: &Agent) -> bool {
        agent.tools.contains(&ToolName::Run)
    }

    /// Does what the model asked for. A mistake of the model is an answer with `ok: false`; an error means that the
    /// machine failed, and the same call may be made again.
    ///
    /// `step_key` names this very step (run id and step) and makes writing idempotent: after a crash, the same key
    /// finds what was done and gives the same answer. Use a key for one invocation only.
    pub async fn invoke(
        &self,
        invocation: &Invocation,
        step_key: &str,
        cancel: CancellationToken,
    ) -> Result<ToolResult, AgentError> {
        match self.dispatch(invocation, step_key, cancel).await {
            Ok(result) => Ok(result),
            Err(Fault::Denied(code, text)) => Ok(ToolResult::bad(code, text)),
            Err(Fault::Broken(error)) => Err(error),
        }
    }

    async fn dispatch(
        &self,
        invocation: &Invocation,
        step_key: &str,
        cancel: CancellationToken,
    ) -> Result<ToolResult, Fault> {
        let tool = self.tool(&invocation.tool)?;
        fits(tool, &invocation.arguments)?;
        (self.rule)(tool, &invocation.arguments).map_err(|why| Fault::Denied(ToolCode::NotPermitted, why))?;
        if tool == ToolName::Run {
            let sandbox = self.sandbox.ok_or_else(|| self.unknown(&invocation.tool))?;
            return run::invoke(sandbox, &invocation.arguments, self.output_bytes, self.wall, cancel).await;
        }
        let (workspace, arguments) = (Arc::clone(&self.workspace), invocation.arguments.clone());
        let (limit, deadline, key) = (self.output_bytes, Deadline::after(self.wall), step_key.to_owned());
        let unknown = self.unknown(&invocation.tool);
        let work = tokio::task::spawn_blocking(move || match tool {
            ToolName::Read => read::invoke(&workspace, &arguments, limit),
            ToolName::List => list::invoke(&workspace, &arguments, limit, deadline),
            ToolName::Search => search::invoke(&workspace, &arguments, limit, deadline),
            ToolName::Write => write::invoke(&workspace, &arguments, &key),
            ToolName::Edit => edit::invoke(&workspace, &arguments, &key),
            ToolName::Run | ToolName::Finish => Err(unknown),
        });
        let doing = || AgentError::io(format!("run the tool `{tool}`"));
        work.await.map_err(|error| doing()(std::io::Error::other(error)))?
    }

    fn tool(&self, name: &str) -> Result<ToolName, Fault> {
        name.parse().ok().filter(|tool| self.allowed.contains(tool)).ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> Fault {
        let names: Vec<_> =
            ToolName::ALL.into_iter().filter(|t| self.allowed.contains(t)).map(ToolName::as_str).collect();
        let name = super::output::shown(name, 40);
        Fault::Denied(
            ToolCode::UnknownTool,
            format!("there is no tool `{name}`; you have: {}", names.join(", ")),
        )
    }
}

/// Checks arguments against the tool's schema.
fn fits(tool: ToolName, arguments: &Value) -> Result<(), Fault> {
    let denied = |detail: String| Fault::Denied(ToolCode::InvalidArguments, detail);
    let spec = tool.spec();
    let schema = Validator::new(&spec.parameters).map_err(|error| denied(error.to_string()))?;
    match complaints(&schema, arguments) {
        Some(_) if !arguments.is_object() => {
            Err(denied(format!("the arguments of `{tool}` must be a JSON object")))
        }
        Some(what) => Err(denied(format!("the arguments of `{tool}` do not fit: {what}"))),
        None => Ok(()),
    }
}
