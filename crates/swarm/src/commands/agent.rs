//! `swarm agent`.

use std::{fmt::Write as _, sync::Arc};

use serde::Serialize;
use swarm_agents::{Agent, Catalogue, Roster, check_rules, rules_need_sandbox};
use swarm_domain::objective::AgentStanding;
use swarm_sandbox::{Backend, Ladder};

use crate::{
    args::AgentCommand,
    config::{self, Overrides, Settings},
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    house,
    progress::plain,
    table::{indented, table},
    wire,
};

pub(super) fn run(context: &Context, command: &AgentCommand) -> Result<Exit> {
    let settings = config::settings(Overrides::default())?;
    let roster = catalogue(&settings)?.current();
    match command {
        AgentCommand::List => {
            let standings = if roster.iter().any(|agent| agent.objective.is_some()) {
                super::wait(standings(context))?
            } else {
                Vec::new()
            };
            let standing = |agent: &Agent| standings.iter().find(|known| known.agent == agent.name);
            let all: Vec<_> = roster
                .iter()
                .map(|agent| Described { standing: standing(agent).cloned(), ..Described::of(agent) })
                .collect();
            context.output.print(&all, |all| {
                let rows = all
                    .iter()
                    .map(|a| [a.name.clone(), a.can.join(", "), a.tools.join(", "), a.description.clone()]);
                let text = table(["agent", "can", "tools", "what it is for"], rows);
                all.iter().filter_map(|agent| agent.standing.as_ref()).fold(text, |text, known| {
                    let weight = if known.standing.quarantined { "warning: " } else { "" };
                    format!("{text}\n{weight}{}: {}", plain(&known.agent), plain(&known.words))
                })
            })?;
        }
        AgentCommand::Show { name } => {
            let agent = roster.get(name).map_err(|error| error.problem())?;
            context.output.print(&Described::of(agent), Described::in_full)?;
        }
        AgentCommand::Check { name } => {
            return super::wait(check(context, &settings, &roster, name.as_deref()));
        }
    }
    Ok(Exit::Done)
}

/// How the agents stand that have an objective.
pub(super) async fn standings(context: &Context) -> Result<Vec<AgentStanding>> {
    let found = door::reading(context, async |client| Ok(client.overview().await?)).await?;
    wire::read(&found.agents)
}

async fn check(context: &Context, settings: &Settings, roster: &Roster, name: Option<&str>) -> Result<Exit> {
    let agents: Vec<Arc<Agent>> = match name {
        Some(name) => vec![Arc::clone(roster.get(name).map_err(|error| error.problem())?)],
        None => roster.iter().cloned().collect(),
    };
    let state = tempfile::tempdir().map_err(|error| Failure::io("make a temporary folder", error))?;
    let ladder = if agents.iter().any(|agent| rules_need_sandbox(agent)) {
        let climbed = Ladder::climb(house::choice(settings), state.path()).await;
        Some(climbed.map_err(|error| error.problem())?)
    } else {
        None
    };
    let backend = ladder.as_ref().map(|ladder| ladder.backend.as_ref());
    let checked = tried(&agents, backend).await;
    if let Some(backend) = backend {
        backend.close().await;
    }
    let checked = checked?;
    context.output.print(&checked, |checked| verdicts(checked))?;
    let sound = checked.iter().all(|one| one.faults.is_empty());
    Ok(if sound { Exit::Done } else { Exit::Failed })
}

async fn tried(agents: &[Arc<Agent>], backend: Option<&dyn Backend>) -> Result<Vec<Checked>> {
    let mut checked = Vec::new();
    for agent in agents {
        // The cases of the agents inside the program stand in its repository, and were tried there.
        let report = if agent.source.is_file() {
            Some(check_rules(agent, backend).await.map_err(|error| error.problem())?)
        } else {
            None
        };
        checked.push(Checked {
            name: agent.name.clone(),
            rules: agent.rules.words().collect(),
            cases: report.as_ref().map(|report| report.cases),
            faults: report.map(|report| report.faults).unwrap_or_default(),
        });
    }
    Ok(checked)
}

/// The rules of an agent, tried.
#[derive(Serialize)]
struct Checked {
    name: String,
    rules: Vec<String>,
    /// Absent where the agent is built in and its cases are not here.
    cases: Option<usize>,
    faults: Vec<String>,
}

fn verdicts(checked: &[Checked]) -> String {
    let rows = checked.iter().map(|one| {
        let cases = one.cases.map_or_else(|| "-".to_owned(), |cases| cases.to_string());
        let verdict = match (one.cases, one.faults.len()) {
            (None, _) => "built in".to_owned(),
            (_, 0) if one.rules.is_empty() => "no rules".to_owned(),
            (_, 0) => "ok".to_owned(),
            (_, 1) => "1 fault".to_owned(),
            (_, faults) => format!("{faults} faults"),
        };
        [one.name.clone(), one.rules.len().to_string(), cases, verdict]
    });
    let mut text = table(["agent", "rules", "cases", "verdict"], rows);
    for one in checked {
        for fault in &one.faults {
            let _ = write!(text, "\n{}: {}", one.name, plain(fault));
        }
    }
    text
}

/// The agents that the settings name: those of a folder, or those that are built in.
pub(crate) fn catalogue(settings: &Settings) -> Result<Catalogue> {
    let folder = &settings.agents.folder;
    let loaded = if folder.as_os_str().is_empty() { Catalogue::builtin() } else { Catalogue::load(folder) };
    loaded.map_err(|error| error.problem().into())
}

/// An agent as it is printed, with everything that it inherits.
#[derive(Serialize)]
struct Described {
    name: String,
    description: String,
    can: Vec<String>,
    tools: Vec<String>,
    models: Vec<String>,
    rules: Vec<String>,
    source: String,
    version: String,
    prompt: String,
    /// How it stands beside its objective, if it has one. Only in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<AgentStanding>,
}

impl Described {
    fn of(agent: &Agent) -> Self {
        Self {
            name: agent.name.clone(),
            description: agent.description.clone(),
            can: agent.capabilities.iter().map(ToString::to_string).collect(),
            tools: agent.tools.iter().map(ToString::to_string).collect(),
            models: agent.model.clone(),
            rules: agent.rules.words().collect(),
            source: agent.source.display().to_string(),
            version: agent.version.to_string(),
            prompt: agent.prompt.clone(),
            standing: None,
        }
    }

    fn in_full(&self) -> String {
        let models = if self.models.is_empty() { "as configured".to_owned() } else { self.models.join(", ") };
        let rules: Vec<_> = self.rules.iter().map(|rule| format!("  rule     {}\n", plain(rule))).collect();
        let rules = rules.concat();
        format!(
            "{}: {}\n\n  can      {}\n  tools    {}\n  models   {models}\n{rules}  from     {}\n  version  {}\n\n{}",
            self.name,
            self.description,
            self.can.join(", "),
            self.tools.join(", "),
            self.source,
            self.version,
            indented(&self.prompt, "  "),
        )
    }
}
