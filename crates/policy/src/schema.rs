//! The schema: what is built in, and one action for each operation of the API.

use std::fmt::Write;

use swarm_domain::identity::Scope;

use crate::asked::Kind;

/// Who is known.
const KNOWN: &str = "User, Operator, Key";
/// Whoever asks.
const ANYBODY: &str = "Anybody, User, Operator, Key";

/// The part that is a file.
pub(crate) const BASE: &str = include_str!("../policies/schema.cedarschema");
/// To answer a question to people.
pub const GATE_ANSWER: &str = "gate:answer";
/// To hand a question to somebody else.
pub const GATE_DELEGATE: &str = "gate:delegate";
/// To follow what happens: all of it, or that of one thing.
pub const SUBSCRIBE: &str = "subscribe";
/// To see the API's document and the page that shows it.
pub const PAGE: &str = "GET /api/docs";

/// What an operation asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: probes, and what somebody does before they are known.
    Nothing,
    /// To be somebody.
    Somebody,
    /// To be somebody who may do this.
    Scope(Scope),
}

/// An operation of the API, as policies know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    action: String,
    need: Need,
    kind: Kind,
}

impl Operation {
    /// The operation of this method at this path, which names its parameters in braces.
    #[must_use]
    pub fn new(method: &str, path: &str, need: Need) -> Self {
        Self { action: format!("{method} {path}"), need, kind: Kind::of_path(path) }
    }

    /// Its name, such as `POST /api/runs/{run}/cancel`.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// What it asks for.
    #[must_use]
    pub fn need(&self) -> Need {
        self.need
    }

    /// What it is asked about.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

/// What a tool does, coarsely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolKind {
    /// It shows something.
    Look,
    /// It changes files.
    Change,
    /// It runs a command.
    Run,
}

/// The tools of agents, with what they do. A test of the flows holds this against the agents' own list.
pub(crate) const TOOLS: [(&str, ToolKind); 7] = [
    ("read", ToolKind::Look),
    ("search", ToolKind::Look),
    ("list", ToolKind::Look),
    ("finish", ToolKind::Look),
    ("write", ToolKind::Change),
    ("edit", ToolKind::Change),
    ("run", ToolKind::Run),
];

impl ToolKind {
    fn group(self) -> &'static str {
        match self {
            Self::Look => "tools:look",
            Self::Change => "tools:change",
            Self::Run => "tools:run",
        }
    }
}

/// The group that a scope belongs to: what may be permitted by one word.
fn group(scope: Scope) -> &'static str {
    match scope {
        Scope::WorkRead | Scope::SecretsRead | Scope::UsersRead | Scope::AuditRead => "read",
        Scope::ProjectsWrite | Scope::SpecsWrite | Scope::RunsWrite | Scope::SecretsWrite => "write",
        Scope::GatesApprove => "decide",
        Scope::ClaimsWork => "work",
        Scope::UsersWrite | Scope::SystemWrite => "administer",
        Scope::AccountWrite => "account",
    }
}

/// The whole schema, as text.
pub(crate) fn text(operations: &[Operation]) -> String {
    let mut text = BASE.trim_end().trim_end_matches('}').to_owned();
    // Writing into a string cannot fail.
    let mut add = |action: &str, within: &str, who: &str, on: &str, context: &str| {
        let action = action.escape_default();
        let _ = writeln!(
            text,
            "    action \"{action}\" in [\"{within}\"] appliesTo {{ principal: [{who}], resource: [{on}], context: {context} }};"
        );
    };
    for scope in Scope::ALL {
        add(scope.as_str(), group(scope), KNOWN, "Tenant", "Asked");
    }
    for action in [GATE_ANSWER, GATE_DELEGATE] {
        add(action, Scope::GatesApprove.as_str(), KNOWN, "Gate", "Answer");
    }
    for (tool, kind) in TOOLS {
        add(&format!("tool:{tool}"), kind.group(), "Agent", "Ticket", "Use");
    }
    add(SUBSCRIBE, Scope::WorkRead.as_str(), KNOWN, "Tenant, Project, Run, Ticket", "Asked");
    add(PAGE, "open", ANYBODY, "Tenant", "Asked");
    for operation in operations {
        let (within, who) = match operation.need {
            Need::Nothing => ("open", ANYBODY),
            Need::Somebody => ("known", KNOWN),
            Need::Scope(scope) => (scope.as_str(), KNOWN),
        };
        let on = match (operation.kind, operation.need) {
            // Which project it is for may stand in the body.
            (Kind::Tenant, Need::Scope(scope)) if group(scope) == "write" => "Tenant, Project",
            (kind, _) => kind.name(),
        };
        add(&operation.action, within, who, on, "Asked");
    }
    text += "}\n";
    text
}
