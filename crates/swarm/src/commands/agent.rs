//! `swarm agent`.

use serde::Serialize;
use swarm_agents::{Agent, Catalogue};

use crate::{
    args::AgentCommand,
    config::{self, Overrides, Settings},
    context::Context,
    exit::{Exit, Result},
    table::{indented, table},
};

pub(super) fn run(context: &Context, command: &AgentCommand) -> Result<Exit> {
    let settings = config::settings(Overrides::default())?;
    let roster = catalogue(&settings)?.current();
    match command {
        AgentCommand::List => {
            let all: Vec<_> = roster.iter().map(|agent| Described::of(agent)).collect();
            context.output.print(&all, |all| {
                let rows = all
                    .iter()
                    .map(|a| [a.name.clone(), a.can.join(", "), a.tools.join(", "), a.description.clone()]);
                table(["agent", "can", "tools", "what it is for"], rows)
            })?;
        }
        AgentCommand::Show { name } => {
            let agent = roster.get(name).map_err(|error| error.problem())?;
            context.output.print(&Described::of(agent), Described::in_full)?;
        }
    }
    Ok(Exit::Done)
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
    source: String,
    version: String,
    prompt: String,
}

impl Described {
    fn of(agent: &Agent) -> Self {
        Self {
            name: agent.name.clone(),
            description: agent.description.clone(),
            can: agent.capabilities.iter().map(ToString::to_string).collect(),
            tools: agent.tools.iter().map(ToString::to_string).collect(),
            models: agent.model.clone(),
            source: agent.source.display().to_string(),
            version: agent.version.to_string(),
            prompt: agent.prompt.clone(),
        }
    }

    fn in_full(&self) -> String {
        let models = if self.models.is_empty() { "as configured".to_owned() } else { self.models.join(", ") };
        format!(
            "{}: {}\n\n  can      {}\n  tools    {}\n  models   {models}\n  from     {}\n  version  {}\n\n{}",
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
