//! Driving an attempt's turn beside the repository: each model call and each use of a tool is a journalled step.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;
use swarm_agents::{
    AgentError, DeadEnd, Doer, Invocation, ToolCode, ToolResult, Toolbox, Turn, TurnEnd, Workspace,
};
use swarm_domain::{BlobHash, EventBody, IdempotencyKey, deadline::LearnedDeadline};
use swarm_model::{ChatReply, ChatRequest};
use swarm_sandbox::{Holder, Network, SandboxSpec};

use crate::{
    attempt::Attempt,
    calls::{self, Caller},
    claim,
    engine::{self, Flow, FlowFailure},
    error::FlowError,
    experience,
    network::{self, Told},
    parts::part,
    permission::Working,
};

/// What ends the drive of a turn before its end.
pub(crate) enum Halt {
    /// The engine stops this workflow.
    Engine(FlowFailure),
    /// A step failed for good.
    Step(FlowError),
}

impl From<AgentError> for Halt {
    fn from(error: AgentError) -> Self {
        Self::Step(error.into())
    }
}

impl Attempt<'_> {
    /// Lets the agent work until it is done.
    pub(crate) async fn drive(&self, turn: Turn) -> Flow<Result<TurnEnd, FlowError>> {
        let driven = swarm_agents::drive(turn, self).await;
        if !matches!(driven, Err(Halt::Engine(_))) {
            // A person who has its sandbox may still change what is judged.
            let released = self.parts.sandboxes.release(&self.subject(), engine::cancellation()).await;
            if let Err(error) = released {
                // What is left of it is on record, and swept at the next start.
                tracing::warn!(%error, attempt = %self.id, "the sandbox of an attempt could not be ended");
            }
        }
        match driven {
            Ok(end) => Ok(Ok(end)),
            Err(Halt::Step(error)) => Ok(Err(error)),
            Err(Halt::Engine(failure)) => Err(failure),
        }
    }

    /// The worktree behind the jail.
    pub(crate) fn workspace(&self, root: &Path) -> Result<Workspace, FlowError> {
        claim::workspace(&self.parts.config, &self.frame.run, &self.id, root, &self.frame.ticket.touches)
    }

    async fn use_tool(&self, invocation: &Invocation) -> Result<BlobHash, FlowError> {
        let parts = self.parts;
        let key = self.key(&["tool", &invocation.call_id]);
        // Done before a crash that came between the tool and the journal.
        let known = parts.store.event_by_key(&parts.config.tenant, &IdempotencyKey::of(&key)).await?;
        if let Some(EventBody::ToolCalled { result, .. }) = known.map(|event| event.body) {
            return Ok(result);
        }
        let base =
            self.began_on().await?.ok_or_else(|| FlowError::internal("the attempt", "has no beginning"))?;
        let root = self.worktree(&base).await?.path;
        let workspace = self.workspace(&root)?;
        let (sandbox, told) = if invocation.tool == "run" && Toolbox::needs_sandbox(&self.agent) {
            let (network, told) = network::with_secrets(parts, &self.agent, self.subject()).await?;
            (Some(parts.sandboxes.create(self.sandbox(root, &invocation.call_id, network)).await?), told)
        } else {
            (None, Told::default())
        };
        let about =
            invocation.path().or_else(|| invocation.arguments.get("command")?.as_str()).unwrap_or_default();
        let about: String = about.chars().filter(|c| !c.is_control()).take(120).collect();
        let working = Working {
            policy: &parts.policy,
            tenant: &parts.config.tenant,
            agent: &self.agent.name,
            project: Some(&self.frame.project),
            run: &self.frame.run,
            ticket: &self.frame.ticket.id,
        };
        let rule = |tool, arguments: &Value| working.may(tool, arguments);
        let mut toolbox = Toolbox::new(&self.agent, Arc::new(workspace), sandbox.as_deref(), &rule);
        let deadline = self.deadline(invocation, &about).await?;
        if let Some(deadline) = &deadline {
            toolbox = toolbox.ending_after(Duration::from_millis(deadline.soft_millis));
        }
        let step_key = key.join("/");
        let began = Instant::now();
        let done = toolbox.invoke(invocation, &step_key, engine::cancellation()).await;
        let took = began.elapsed();
        drop(toolbox);
        if let Some(sandbox) = sandbox {
            sandbox.stop().await?;
        }
        let mut done = done?;
        let overdue = deadline.filter(|deadline| {
            done.code == ToolCode::CommandLimit && took >= Duration::from_millis(deadline.soft_millis)
        });
        if let Some(deadline) = &overdue {
            done.text += &too_slow(deadline);
        }
        let result = parts.keep(&done).await?;
        let body = EventBody::ToolCalled {
            tool: invocation.tool.chars().take(40).collect(),
            arguments: parts.keep(&invocation.arguments).await?,
            result: result.clone(),
            ok: done.ok,
            about,
            millis: experience::millis_of(took).max(1),
            overdue: overdue.is_some(),
            network: told.summed().await,
        };
        self.record(&["tool", &invocation.call_id], self.actor(), body).await?;
        Ok(result)
    }

    /// The deadline of a command that follows from similar ones.
    async fn deadline(
        &self,
        invocation: &Invocation,
        line: &str,
    ) -> Result<Option<LearnedDeadline>, FlowError> {
        if invocation.tool != "run" || self.is_played() {
            return Ok(None);
        }
        let limit = Duration::from_secs(self.agent.limits.tool_seconds.into());
        experience::command_deadline(self.parts, &self.frame.run, &self.id, line, limit).await
    }

    /// Writes down which steps led nowhere.
    async fn note(&self, steps: &DeadEnd) -> Result<(), FlowError> {
        let DeadEnd { began, ended, why, taken_back } = steps.clone();
        let body = EventBody::AttemptStuck { began, ended, why, taken_back };
        self.record(&["stuck", &ended.to_string()], part("scheduler"), body).await
    }

    fn sandbox(&self, workdir: PathBuf, call: &str, network: Network) -> SandboxSpec {
        let name = format!("run-{}-{}-{call}", self.frame.run, self.id);
        let holder = Holder { subject: self.subject(), agent: Some(self.agent.name.clone()), keep: true };
        SandboxSpec { name, workdir, limits: self.agent.limits.sandbox(), network, holder }
    }
}

/// What an agent is told whose command took much longer than such commands do.
fn too_slow(deadline: &LearnedDeadline) -> String {
    let LearnedDeadline { samples, p95_millis, soft_millis } = *deadline;
    let usual = match samples {
        0 => String::new(),
        _ => format!(" 95 of 100 commands like it end within {} s.", p95_millis.div_ceil(1_000)),
    };
    format!(
        "It was ended after {} s.{usual} Look for what keeps it; if it needs longer, run it again: then it may.\n",
        soft_millis.div_ceil(1_000)
    )
}

/// Each call and each tool is a journalled step.
impl Doer for Attempt<'_> {
    type Error = Halt;

    async fn call(&self, replies: u32, request: &ChatRequest) -> Result<ChatReply, Halt> {
        let frame = self.frame;
        let caller = Caller {
            agent: &self.agent.name,
            subject: self.subject(),
            key: calls::turn_key(&frame.run, &frame.ticket.id, self.brief.number, replies),
            models: &self.choice.models,
        };
        calls::call(self.parts, &caller, request).await.map_err(Halt::Engine)?.map_err(Halt::Step)
    }

    async fn tool(&self, invocation: &Invocation) -> Result<ToolResult, Halt> {
        let used = engine::retried(self.parts, "tool", || self.use_tool(invocation)).await;
        let result = used.map_err(Halt::Engine)?.map_err(Halt::Step)?;
        engine::recall(self.parts, &result).await.map_err(Halt::Step)
    }

    async fn led_nowhere(&self, steps: &DeadEnd) -> Result<(), Halt> {
        let noted = engine::retried(self.parts, "stuck", || self.note(steps)).await;
        noted.map_err(Halt::Engine)?.map_err(Halt::Step)
    }
}
