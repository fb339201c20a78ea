//! The agents that there are, and their files.

use axum::{Json, extract::State};
use serde::Serialize;
use swarm_agents::Agent;
use swarm_domain::Problem;
use utoipa::ToSchema;

use crate::{app::App, extract::InPath, refusal::Reply};

/// An agent, as its file has it, with what it inherits.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentFile {
    /// Its name.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// What it can, its main job first.
    pub can: Vec<String>,
    /// The tools that it may use.
    pub tools: Vec<String>,
    /// Models in its order of preference; as configured where there is none.
    pub models: Vec<String>,
    /// What its work must hold, in words.
    pub rules: Vec<String>,
    /// The name of its file.
    pub file: String,
    /// Whether that came with the program; the operator's where it did not.
    pub built_in: bool,
    /// The hash of all that it is: changes with its file, or one that it extends.
    pub version: String,
}

/// The agents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentList {
    /// They, by name.
    pub items: Vec<AgentFile>,
    /// Files that cannot be used. What was read of them before is in place, where there was something.
    pub faults: Vec<Problem>,
}

/// An agent with what it is told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentText {
    /// The agent.
    pub agent: AgentFile,
    /// What it is told at the beginning, in Markdown, with what it inherits.
    pub prompt: String,
}

impl From<&Agent> for AgentFile {
    fn from(agent: &Agent) -> Self {
        Self {
            name: agent.name.clone(),
            description: agent.description.clone(),
            can: agent.capabilities.iter().map(ToString::to_string).collect(),
            tools: agent.tools.iter().map(ToString::to_string).collect(),
            models: agent.model.clone(),
            rules: agent.rules.words().collect(),
            // Where the folder is says a setting, to who may see those.
            file: agent.source.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            built_in: agent.is_built_in,
            version: agent.version.to_string(),
        }
    }
}

/// Lists the agents as they are now: their files are looked at again.
#[utoipa::path(get, path = "/api/agents", tag = "agents",
    responses((status = OK, description = "The agents.", body = AgentList)))]
pub(crate) async fn agents(State(app): State<App>) -> Json<AgentList> {
    let catalogue = &app.flows.parts().catalogue;
    let roster = catalogue.current();
    let items = roster.iter().map(|agent| AgentFile::from(&**agent)).collect();
    let folder = catalogue.folder().map(|folder| format!("{}/", folder.display()));
    let faults = roster.faults.iter().cloned().map(|fault| match &folder {
        Some(folder) => Problem { detail: fault.detail.replace(folder, ""), ..fault },
        None => fault,
    });
    Json(AgentList { items, faults: faults.collect() })
}

/// Shows an agent with what it is told.
#[utoipa::path(get, path = "/api/agents/{agent}", tag = "agents",
    params(("agent" = String, Path, description = "The agent's name.")),
    responses((status = OK, description = "The agent.", body = AgentText)))]
pub(crate) async fn agent(State(app): State<App>, InPath(name): InPath<String>) -> Reply<Json<AgentText>> {
    let roster = app.flows.parts().catalogue.current();
    let agent = roster.get(&name).map_err(|error| error.problem())?;
    Ok(Json(AgentText { agent: AgentFile::from(&**agent), prompt: agent.prompt.clone() }))
}
