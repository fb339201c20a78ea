//! Whether an agent may use a tool for what it wants: asked of the policies before each use.

use serde_json::Value;
use swarm_agents::{ToolName, WorkPath};
use swarm_domain::{ProjectId, RunId, TenantId, TicketId};
use swarm_policy::{Asked, Asker, Context, Kind, Policy, Resource, ToolUse};

/// At what an agent works.
pub(crate) struct Working<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) tenant: &'a TenantId,
    pub(crate) agent: &'a str,
    pub(crate) project: Option<&'a ProjectId>,
    pub(crate) run: &'a RunId,
    pub(crate) ticket: &'a TicketId,
}

impl Working<'_> {
    /// Whether it may use this tool with these arguments, or why not, in words for a model.
    pub(crate) fn may(&self, tool: ToolName, arguments: &Value) -> Result<(), String> {
        let said = |name: &str| arguments.get(name).and_then(Value::as_str);
        // As the tool will take it; what is no path is refused by the tool.
        let path = said("path")
            .map(|path| WorkPath::parse(path).map_or_else(|_| path.to_owned(), |p| p.to_string()));
        let command = said("command").map(str::to_owned);
        let action = format!("tool:{tool}");
        let ticket = Resource::new(Kind::Ticket, format!("{}/{}", self.run, self.ticket), self.tenant);
        let asked = Asked {
            who: Asker::Agent(self.tenant, self.agent),
            action: &action,
            on: ticket.within(self.project.cloned()),
            context: Context::Tool(ToolUse { path, command }),
        };
        let verdict = self.policy.decide(&asked);
        if verdict.allowed {
            return Ok(());
        }
        for error in &verdict.errors {
            tracing::warn!(agent = self.agent, tool = %tool, error, "a tool was denied because it could not be decided");
        }
        let by: Vec<_> = verdict.because.iter().map(ToString::to_string).collect();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
        Err(format!(
            "the rules of this house do not let you use `{tool}` for that{by}; find another way or finish"
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn agents_use_every_tool_that_there_is_and_where_an_operator_forbids_one_the_model_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"
            @id("no-migrations")
            forbid (principal is Swarm::Agent, action in Swarm::Action::"tools:change", resource)
            when { context has path && context.path like "migrations/*" };
            forbid (principal == Swarm::Agent::"coder", action == Swarm::Action::"tool:run", resource in Swarm::Project::"payments");
        "#;
        std::fs::write(folder.path().join("own.cedar"), text).unwrap();
        let (shipped, own) =
            (Policy::load(&[], None).unwrap(), Policy::load(&[], Some(folder.path())).unwrap());
        let (tenant, run) = (TenantId::local(), RunId::parse("run_1").unwrap());
        let (ticket, payments) = (TicketId::parse("T-1").unwrap(), ProjectId::parse("payments").unwrap());
        let working = |policy, agent, project| Working {
            policy,
            tenant: &tenant,
            agent,
            project,
            run: &run,
            ticket: &ticket,
        };
        for tool in ToolName::ALL {
            assert_eq!(working(&shipped, "coder", None).may(tool, &json!({})), Ok(()), "{tool}");
        }
        let write = |path: &str| working(&own, "fixer", None).may(ToolName::Write, &json!({ "path": path }));
        assert_eq!(write("src/lib.rs"), Ok(()));
        for path in ["migrations/1.sql", "./migrations/1.sql", "migrations//1.sql"] {
            let why = write(path).unwrap_err();
            assert!(why.contains("no-migrations"), "{path}: {why}");
        }
        let run =
            |agent, project| working(&own, agent, project).may(ToolName::Run, &json!({ "command": "ls" }));
        assert!(run("coder", Some(&payments)).is_err());
        assert!(run("coder", None).is_ok() && run("fixer", Some(&payments)).is_ok());
    }
}
