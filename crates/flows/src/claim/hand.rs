//! A worker's own side: it makes an attempt from a brief in a folder of its own, with models, agents and sandboxes of its
//! own, by the same turns as an attempt beside the repository. It knows neither the database nor git.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::Value;
use swarm_agents::{
    Agent, Catalogue, Doer, Invocation, ToolResult, Toolbox, Turn, TurnEnd, TurnSetup, Workspace,
};
use swarm_domain::{
    Entropy, TenantId,
    claim::{BriefFile, MAX_SAID_CHARS, Reported, Work, WorkBrief},
    scope::RelativePath,
};
use swarm_model::{BudgetScope, Call, ChatReply, ChatRequest, Gateway};
use swarm_policy::Policy;
use swarm_sandbox::{Backend, SandboxSpec, egress::Terms};
use tokio_util::sync::CancellationToken;

use crate::{context, error::FlowError, network, permission::Working, retry::RetryPolicy};

/// Who makes attempts from briefs.
#[derive(Clone)]
pub struct Hand {
    /// Models.
    pub gateway: Arc<Gateway>,
    /// Models in order of preference, where the agent names none.
    pub models: Vec<String>,
    /// Where code runs.
    pub sandboxes: Arc<dyn Backend>,
    /// This machine's part of the way out of them.
    pub way_out: Arc<Terms>,
    /// Who may do what, on this machine.
    pub policy: Arc<Policy>,
    /// Who does it.
    pub catalogue: Arc<Catalogue>,
    /// When a model call is tried again.
    pub retry: RetryPolicy,
    /// Randomness, for the waits between tries.
    pub entropy: Arc<dyn Entropy>,
}

/// What became of a brief.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What to return; none where it was cancelled.
    pub work: Option<Work>,
    /// What the model calls used, the cancelled ones too as far as they were answered.
    pub reported: Reported,
}

struct Making<'a> {
    hand: &'a Hand,
    brief: &'a WorkBrief,
    agent: Arc<Agent>,
    folder: PathBuf,
    cancel: &'a CancellationToken,
    reported: Mutex<Reported>,
}

impl Hand {
    /// Makes an attempt in an empty folder.
    pub async fn make(&self, brief: &WorkBrief, folder: &Path, cancel: &CancellationToken) -> Made {
        let agents = self.catalogue.current();
        let agent = match agents.get(&brief.agent) {
            Ok(agent) => Some(Arc::clone(agent)),
            Err(_) => agents.by_capability(brief.ticket.capability).into_iter().next(),
        };
        let Some(agent) = agent else {
            let reason = format!("this worker has no agent `{}`, nor one for such work", brief.agent);
            return Made { work: Some(Work::Failed { reason }), reported: Reported::default() };
        };
        let reported = Mutex::default();
        let making = Making { hand: self, brief, agent, folder: folder.to_owned(), cancel, reported };
        let made = making.make().await;
        let work = match made {
            _ if cancel.is_cancelled() => None,
            Ok(work) => Some(work),
            Err(FlowError::Cancelled) => None,
            Err(error) => Some(Work::Failed { reason: said(&error.problem().to_string()) }),
        };
        Made { work, reported: making.reported.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }

    fn models<'a>(&'a self, agent: &'a Agent) -> &'a [String] {
        if self.models.is_empty() { &agent.model } else { &self.models }
    }
}

impl Making<'_> {
    async fn make(&self) -> Result<Work, FlowError> {
        let root = self.root();
        lay_out(&root, &self.brief.files).map_err(|error| FlowError::internal("the work folder", error))?;
        match swarm_agents::drive(self.turn()?, self).await? {
            TurnEnd::Finished { summary } => {
                let workspace = self.workspace()?;
                let given = self.brief.files.clone();
                let changes = tokio::task::spawn_blocking(move || workspace.changes(&given)).await;
                let files = changes.map_err(|error| FlowError::internal("the changes", error))??;
                Ok(Work::Done { files, summary: said(&summary) })
            }
            TurnEnd::GaveUp { reason } => Ok(Work::Failed { reason: said(&reason) }),
            TurnEnd::Failed { findings } => {
                let why: Vec<_> = findings.iter().map(|finding| finding.detail.as_str()).collect();
                Ok(Work::Failed { reason: said(&why.join("; ")) })
            }
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.join("work")
    }

    fn workspace(&self) -> Result<Workspace, FlowError> {
        Ok(Workspace::open(&self.root(), &self.folder.join("effects"), &self.brief.ticket.touches)?)
    }

    fn turn(&self) -> Result<Turn, FlowError> {
        let brief = self.brief;
        let capabilities = self.hand.gateway.capabilities(self.hand.models(&self.agent))?;
        let mut room = context::room(capabilities);
        let mut files = Vec::new();
        for file in brief.files.iter().filter(|file| file.shown) {
            if files.len() < context::MAX_FILES && file.text.len() <= room.min(context::MAX_FILE_BYTES) {
                room -= file.text.len();
                files.push((file.path.clone(), file.text.clone()));
            }
        }
        Ok(Turn::new(&TurnSetup {
            agent: &self.agent,
            capabilities,
            ticket: &brief.ticket,
            requirements: &brief.requirements,
            overview: &brief.overview,
            fixtures: &brief.fixtures,
            files: &files,
            agents_md: brief.agents_md.as_deref().filter(|text| text.len() <= room),
            hints: &brief.hints,
            seed: brief.seed,
            warmer_milli: brief.warmer_milli,
        })?)
    }

    fn spent(&self) -> std::sync::MutexGuard<'_, Reported> {
        self.reported.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask(&self, request: &ChatRequest) -> Result<ChatReply, FlowError> {
        let scope = BudgetScope {
            name: format!("attempt {} of {}", self.brief.attempt, self.brief.run),
            limit: self.brief.budget,
            spent: self.spent().spend,
        };
        let call = Call {
            models: self.hand.models(&self.agent).to_vec(),
            deadlines: std::collections::BTreeMap::new(),
            request: request.clone(),
            budget_scopes: vec![scope],
            cancel: self.cancel.clone(),
            on_text: None,
            cache: None,
        };
        let answer = self.hand.gateway.call(call).await?;
        let mut reported = self.spent();
        reported.spend = reported.spend.plus(answer.spend);
        if !reported.models.contains(&answer.model) {
            reported.models.push(answer.model);
        }
        Ok(answer.reply)
    }
}

impl Doer for Making<'_> {
    type Error = FlowError;

    async fn call(&self, _replies: u32, request: &ChatRequest) -> Result<ChatReply, FlowError> {
        for failed in 1.. {
            match self.ask(request).await {
                Err(FlowError::Later { problem, after }) => {
                    let Some(wait) = self.hand.retry.wait(failed, after, &*self.hand.entropy) else {
                        return Err(FlowError::Final(problem));
                    };
                    if self.cancel.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                        return Err(FlowError::Cancelled);
                    }
                }
                answered => return answered,
            }
        }
        Err(FlowError::internal("the retry policy", "did not end"))
    }

    async fn tool(&self, invocation: &Invocation) -> Result<ToolResult, FlowError> {
        let workspace = Arc::new(self.workspace()?);
        let sandbox = if invocation.tool == "run" && Toolbox::needs_sandbox(&self.agent) {
            let name = format!("claim-{}-{}-{}", self.brief.run, self.brief.attempt, invocation.call_id);
            let limits = self.agent.limits.sandbox();
            // What is asked is in the log of this worker.
            let (network, _told) = network::of(&self.agent, &self.hand.way_out);
            let spec = SandboxSpec { name, workdir: self.root(), limits, network, ..SandboxSpec::default() };
            Some(self.hand.sandboxes.create(spec).await?)
        } else {
            None
        };
        // By the policies of this machine: what the server's say of it, it cannot enforce here.
        let tenant = TenantId::local();
        let working = Working {
            policy: &self.hand.policy,
            tenant: &tenant,
            agent: &self.agent.name,
            project: None,
            run: &self.brief.run,
            ticket: &self.brief.ticket.id,
        };
        let rule = |tool, arguments: &Value| working.may(tool, arguments);
        let toolbox = Toolbox::new(&self.agent, workspace, sandbox.as_deref(), &rule);
        let done = toolbox.invoke(invocation, &invocation.call_id, self.cancel.clone()).await;
        drop(toolbox);
        if let Some(sandbox) = sandbox {
            sandbox.stop().await?;
        }
        if self.cancel.is_cancelled() { Err(FlowError::Cancelled) } else { Ok(done?) }
    }
}

/// Writes the files of a brief into a new folder. A server is trusted no further than this: what leads out of the
/// folder is not written.
fn lay_out(root: &Path, files: &[BriefFile]) -> std::io::Result<()> {
    fs::create_dir_all(root)?;
    for file in files {
        let Ok(path) = RelativePath::parse(&file.path) else { continue };
        let path = root.join(path.as_str());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, &file.text)?;
    }
    Ok(())
}

fn said(text: &str) -> String {
    text.chars().take(MAX_SAID_CHARS).collect()
}
