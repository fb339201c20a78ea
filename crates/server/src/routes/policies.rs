//! The policies: which there are, and why something is decided as it is.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use swarm_domain::{
    InterruptId,
    identity::{KeyId, Principal, SessionId, Who},
};
use swarm_policy::{
    Answering, Asked, Asker, Context, Effect, Explanation, GATE_ANSWER, GATE_DELEGATE, Kind, Line,
    PolicyFile, Resource, ToolUse,
};
use swarm_store::{LetInBy, StoreError};
use utoipa::{IntoParams, ToSchema};

use crate::{app::App, door, extract::InQuery, refusal::Reply};

/// A policy of Cedar.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyText {
    /// Its name: what `@id` says, or else its file's with a number.
    pub id: String,
    /// The file that it stands in.
    pub file: String,
    /// The line that it begins on.
    pub line: u64,
    /// `permit` or `forbid`.
    pub effect: String,
    /// Its text.
    pub text: String,
}

/// A file of policies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyFileView {
    /// Its name.
    pub name: String,
    /// Whether it is built in; the operator's where it is not.
    pub built_in: bool,
    /// Its policies, in their order.
    pub policies: Vec<PolicyText>,
}

/// The policies that hold here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyList {
    /// The files, those built in first.
    pub items: Vec<PolicyFileView>,
    /// What policies can speak of, as a Cedar schema.
    pub schema: String,
}

/// What is to be explained.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExplainQuery {
    /// Who: an email address, the id of a key, `operator`, `anybody` or `agent:NAME`.
    who: String,
    /// What they would do: `POST /api/runs`, `runs:write`, `gate:answer`, `tool:run`.
    action: String,
    /// To what: an id such as that of a run, `RUN/TICKET` for a ticket; for a tool its file, or the line that it runs.
    about: Option<String>,
}

/// A decision, explained.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explained {
    /// Whether it would be done.
    pub allowed: bool,
    /// Who it is about: `user ada@example.org, maintainer`.
    pub who: String,
    /// What they would do.
    pub action: String,
    /// To what.
    pub about: String,
    /// The policies that made it so: those that permit it, or those that forbid it. None where none permits it.
    pub policies: Vec<PolicyText>,
    /// What could not be decided. Whatever it was, it is not done.
    pub errors: Vec<String>,
    /// What would have to be another way for it to be decided otherwise.
    pub words: Vec<String>,
}

impl From<&PolicyFile> for PolicyFileView {
    fn from(file: &PolicyFile) -> Self {
        let of = |line: &Line| PolicyText {
            id: line.id.to_string(),
            file: file.name.clone(),
            line: line.line as u64,
            effect: line.effect.as_str().to_owned(),
            text: line.text.clone(),
        };
        Self {
            name: file.name.clone(),
            built_in: file.built_in,
            policies: file.policies.iter().map(of).collect(),
        }
    }
}

/// Lists the policies by which everything is decided, with what they can speak of.
#[utoipa::path(get, path = "/api/policies", tag = "policies",
    responses((status = OK, description = "The policies.", body = PolicyList)))]
pub(crate) async fn policies(State(app): State<App>) -> Reply<Json<PolicyList>> {
    let items = app.policy().files().iter().map(PolicyFileView::from).collect();
    Ok(Json(PolicyList { items, schema: app.policy().schema().to_owned() }))
}

/// Decides for somebody else, does nothing, and says why: by which policies, and what would have to be another way.
#[utoipa::path(get, path = "/api/auth/explain", tag = "policies", params(ExplainQuery),
    responses((status = OK, description = "The decision.", body = Explained)))]
pub(crate) async fn explain(
    State(app): State<App>,
    InQuery(query): InQuery<ExplainQuery>,
) -> Reply<Json<Explained>> {
    let (somebody, mut notes) = somebody(&app, &query.who).await?;
    let (about, context) = matter(&app, &query).await?;
    let asked = Asked { who: somebody.asker(&app), action: &query.action, on: about, context };
    let Explanation { verdict, policies, words } = app.policy().explain(&asked);
    notes.extend(words);
    let text = |one: swarm_policy::Determining| PolicyText {
        id: one.id.to_string(),
        file: one.file,
        line: one.line as u64,
        effect: match one.effect {
            Effect::Permit => "permit".to_owned(),
            Effect::Forbid => "forbid".to_owned(),
        },
        text: one.text,
    };
    Ok(Json(Explained {
        // Who is not let in at all does nothing, whatever the policies would say.
        allowed: verdict.allowed && !somebody.is_shut_out,
        who: somebody.words(),
        about: format!("{} {}", asked.on.kind.name(), asked.on.id),
        policies: policies.into_iter().map(text).collect(),
        errors: verdict.errors,
        words: notes,
        action: query.action,
    }))
}

/// Who is asked about.
struct Somebody {
    principal: Option<Principal>,
    agent: Option<String>,
    is_shut_out: bool,
}

impl Somebody {
    fn asker<'a>(&'a self, app: &'a App) -> Asker<'a> {
        match (&self.principal, &self.agent) {
            (Some(principal), _) => Asker::Known(principal),
            (None, Some(name)) => Asker::Agent(app.tenant(), name),
            (None, None) => Asker::Anybody(app.tenant()),
        }
    }

    fn words(&self) -> String {
        let Some(principal) = &self.principal else {
            return self.agent.as_ref().map_or_else(|| "anybody".to_owned(), |name| format!("agent {name}"));
        };
        let (kind, name) = match &principal.who {
            Who::Operator { name } => ("operator", name.clone()),
            Who::User { email, .. } => ("user", email.clone()),
            Who::Key { key, name, .. } => ("key", format!("{key} of {name}")),
        };
        format!("{kind} {name}, {}", principal.role)
    }
}

async fn somebody(app: &App, who: &str) -> Reply<(Somebody, Vec<String>)> {
    let who = who.trim();
    let known =
        |principal: Principal| Somebody { principal: Some(principal), agent: None, is_shut_out: false };
    let none = || StoreError::NotFound { kind: "account or key", id: who.chars().take(254).collect() };
    if who == "anybody" {
        return Ok((Somebody { principal: None, agent: None, is_shut_out: false }, Vec::new()));
    }
    if let Some(name) = who.strip_prefix("agent:") {
        let agent = Some(name.to_owned());
        return Ok((Somebody { principal: None, agent, is_shut_out: false }, Vec::new()));
    }
    if who == "operator" {
        return Ok((
            door::again(app, LetInBy::Operator).await?.map(|(who, _)| known(who)).ok_or_else(none)?,
            Vec::new(),
        ));
    }
    if let Some(key) = KeyId::parse(who).ok().filter(|key| key.as_str().starts_with("key_")) {
        // One that counts no more is nobody.
        return Ok((
            door::again(app, LetInBy::Key(key)).await?.map(|(who, _)| known(who)).ok_or_else(none)?,
            Vec::new(),
        ));
    }
    let users = app.store().users(app.tenant()).await?;
    let same = |email: &str| email.eq_ignore_ascii_case(who);
    let user = users
        .into_iter()
        .find(|user| same(user.email.as_str()) || user.id.as_str() == who)
        .ok_or_else(none)?;
    let is_shut_out = !user.is_enabled();
    let notes = if is_shut_out {
        vec!["The account is disabled: they are not let in at all.".to_owned()]
    } else {
        Vec::new()
    };
    let parts = app.flows.parts();
    let session = SessionId::mint(&*parts.clock, &*parts.entropy);
    Ok((Somebody { is_shut_out, ..known(door::of_user(app, user, session)) }, notes))
}

/// What it would be about, with what counts of it.
async fn matter(app: &App, query: &ExplainQuery) -> Reply<(Resource, Context)> {
    let about = query.about.clone().unwrap_or_default();
    let tenant = app.tenant();
    if matches!(&*query.action, GATE_ANSWER | GATE_DELEGATE) {
        let missing = || StoreError::NotFound { kind: "question", id: about.chars().take(254).collect() };
        let id = InterruptId::parse(&*about).map_err(|_| missing())?;
        let row = app.store().interrupt(tenant, &id).await?;
        let gate = Resource::new(Kind::Gate, about, tenant).within(Some(row.project));
        return Ok((gate, Context::Answer(Answering::to(&row.interrupt))));
    }
    if let Some(tool) = query.action.strip_prefix("tool:") {
        let said = Some(about).filter(|text| !text.is_empty());
        let used = match tool {
            "run" => ToolUse { command: said, path: None },
            _ => ToolUse { path: said, command: None },
        };
        return Ok((Resource::new(Kind::Ticket, "RUN/TICKET", tenant), Context::Tool(used)));
    }
    let on = match app.policy().kind_of(&query.action) {
        None | Some(Kind::Tenant) => Resource::tenant(tenant),
        Some(kind) => Resource::new(kind, about, tenant),
    };
    let project = door::decide::project_of(app, &on).await?;
    Ok((on.within(project), Context::Plain))
}
