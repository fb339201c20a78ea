//! What is asked: who, for what, about what, and what else counts.

use swarm_domain::{
    ProjectId, TenantId,
    identity::{Principal, Scope},
    interrupt::Interrupt,
};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker<'a> {
    /// Somebody who is not known, or need not be.
    Anybody(&'a TenantId),
    /// Somebody who was let in.
    Known(&'a Principal),
    /// An agent at work, by its name.
    Agent(&'a TenantId, &'a str),
}

/// A question to the decision point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Who.
    pub who: Asker<'a>,
    /// For what: an operation of the API, a scope, a tool or an answer.
    pub action: &'a str,
    /// About what.
    pub on: Resource,
    /// What else counts.
    pub context: Context,
}

/// What else counts for a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Context {
    /// Nothing: the scope, if the action asks for one, is known by the action.
    #[default]
    Plain,
    /// Whose answer to which question.
    Answer(Answering),
    /// What a tool is to be used for.
    Tool(ToolUse),
}

/// What counts of a question to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answering {
    /// Whose request it is.
    pub asked_by: Vec<String>,
    /// Whether nobody decides on a request of their own.
    pub four_eyes: bool,
    /// What kind of question.
    pub kind: String,
    /// How much harm a wrong answer can do.
    pub risk: String,
}

impl Answering {
    /// To this question.
    #[must_use]
    pub fn to(interrupt: &Interrupt) -> Self {
        Self {
            asked_by: interrupt.asked_by.iter().map(|name| folded(name)).collect(),
            four_eyes: interrupt.terms.four_eyes,
            kind: interrupt.kind.words().to_owned(),
            risk: interrupt.risk.to_string(),
        }
    }
}

/// What a tool is to be used for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolUse {
    /// Which file.
    pub path: Option<String>,
    /// Which shell line.
    pub command: Option<String>,
}

impl<'a> Asked<'a> {
    /// A question without more to it.
    #[must_use]
    pub fn new(who: Asker<'a>, action: &'a str, on: Resource) -> Self {
        Self { who, action, on, context: Context::Plain }
    }

    /// Whether somebody may do a kind of thing at all.
    #[must_use]
    pub fn scope(who: &'a Principal, scope: Scope) -> Self {
        Self::new(Asker::Known(who), scope.as_str(), Resource::tenant(&who.tenant))
    }
}

/// The same name in one spelling.
pub(crate) fn folded(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Kinds of things that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// All of a team: what no single thing is named for.
    Tenant,
    /// A project.
    Project,
    /// A spec.
    Spec,
    /// A plan.
    Plan,
    /// A run.
    Run,
    /// A ticket of a run.
    Ticket,
    /// A question to people.
    Gate,
    /// A survey of code.
    Survey,
    /// An offer of work.
    Claim,
    /// A sandbox.
    Sandbox,
    /// A secret.
    Secret,
    /// An account.
    Account,
    /// An API key.
    ApiKey,
    /// A session.
    Session,
    /// An invitation.
    Invitation,
    /// A hold on the record.
    Hold,
    /// Anything else that has an id.
    Thing,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Tenant,
        Self::Project,
        Self::Spec,
        Self::Plan,
        Self::Run,
        Self::Ticket,
        Self::Gate,
        Self::Survey,
        Self::Claim,
        Self::Sandbox,
        Self::Secret,
        Self::Account,
        Self::ApiKey,
        Self::Session,
        Self::Invitation,
        Self::Hold,
        Self::Thing,
    ];

    /// Its type in the schema.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tenant => "Tenant",
            Self::Project => "Project",
            Self::Spec => "Spec",
            Self::Plan => "Plan",
            Self::Run => "Run",
            Self::Ticket => "Ticket",
            Self::Gate => "Gate",
            Self::Survey => "Survey",
            Self::Claim => "Claim",
            Self::Sandbox => "Sandbox",
            Self::Secret => "Secret",
            Self::Account => "Account",
            Self::ApiKey => "ApiKey",
            Self::Session => "Session",
            Self::Invitation => "Invitation",
            Self::Hold => "Hold",
            Self::Thing => "Thing",
        }
    }

    /// Whether it can stand in a project.
    #[must_use]
    pub fn is_of_project(self) -> bool {
        use Kind::{Claim, Gate, Plan, Run, Sandbox, Spec, Survey, Ticket};
        matches!(self, Spec | Plan | Run | Ticket | Gate | Survey | Claim | Sandbox)
    }

    /// What a parameter of a path stands for; none where it only says more about what stands before it.
    fn of_parameter(name: &str) -> Option<Self> {
        Some(match name {
            "project" => Self::Project,
            "spec" => Self::Spec,
            "plan" => Self::Plan,
            "run" => Self::Run,
            "ticket" => Self::Ticket,
            "interrupt" => Self::Gate,
            "survey" => Self::Survey,
            "claim" => Self::Claim,
            "vm" => Self::Sandbox,
            "secret" => Self::Secret,
            "user" => Self::Account,
            "key" => Self::ApiKey,
            "session" => Self::Session,
            "invitation" => Self::Invitation,
            "hold" => Self::Hold,
            "step" | "other" => return None,
            _ => Self::Thing,
        })
    }

    /// What an operation at this path is asked about: the last thing that it names.
    pub(crate) fn of_path(path: &str) -> Self {
        parameters(path).filter_map(Self::of_parameter).last().unwrap_or(Self::Tenant)
    }
}

/// The names of a path's parameters.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// What it is.
    pub kind: Kind,
    /// Which: its id, and for a ticket `RUN/TICKET`.
    pub id: String,
    /// Whose.
    pub tenant: TenantId,
    /// In which project, where that is known.
    pub project: Option<ProjectId>,
}

impl Resource {
    /// All of a team.
    #[must_use]
    pub fn tenant(tenant: &TenantId) -> Self {
        Self { kind: Kind::Tenant, id: tenant.to_string(), tenant: tenant.clone(), project: None }
    }

    /// Something with an id.
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>, tenant: &TenantId) -> Self {
        Self { kind, id: id.into(), tenant: tenant.clone(), project: None }
    }

    /// The same, in this project.
    #[must_use]
    pub fn within(self, project: Option<ProjectId>) -> Self {
        Self { project, ..self }
    }

    /// What a request to a path is about. `value` gives what stands in the place of a parameter.
    #[must_use]
    pub fn of_path(path: &str, value: impl Fn(&str) -> Option<String>, tenant: &TenantId) -> Self {
        let kind = Kind::of_path(path);
        let named = |wanted: Kind| {
            parameters(path).filter(move |name| Kind::of_parameter(name) == Some(wanted)).last()
        };
        let id = |wanted| named(wanted).and_then(&value).unwrap_or_default();
        match kind {
            Kind::Tenant => Self::tenant(tenant),
            Kind::Ticket => Self::new(kind, format!("{}/{}", id(Kind::Run), id(kind)), tenant),
            _ => Self::new(kind, id(kind), tenant),
        }
    }
}
