//! `extends:`: an agent takes over what it does not say itself.
//!
//! The prompt of the parent comes first, then its own. `tools`, `model`, `capabilities`, `labels`, `description`,
//! `protocol`, `temperature`, `objective` and `produces` replace the parent's when they are given; `limits` are merged key
//! by key, and the rules of `validate` are added to the parent's. A file of the user's folder that extends its own name
//! extends the built-in agent of that name.

use std::collections::BTreeMap;

use swarm_domain::BlobHash;

use crate::{
    agent::{Agent, Limits},
    error::AgentError,
    file::{AgentFile, LimitsPatch},
    rule::Rules,
};

/// The files by name: those of the user's folder over the built-in ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    pub(crate) builtin: BTreeMap<String, AgentFile>,
    pub(crate) user: BTreeMap<String, AgentFile>,
}

impl Layers {
    /// All names, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.builtin.keys().chain(self.user.keys()).cloned().collect();
        names.sort();
        names.dedup();
        names
    }

    /// The agent of this name, merged with all that it extends.
    pub(crate) fn resolve(&self, name: &str) -> Result<Agent, AgentError> {
        let mut file = self.find(name).ok_or_else(|| AgentError::Unknown { name: name.to_owned() })?;
        let mut chain = vec![file];
        while let Some(parent) = &file.extends {
            let own_name_below = if *parent == file.name { self.builtin.get(parent) } else { None };
            let next = own_name_below.or_else(|| self.find(parent)).ok_or_else(|| AgentError::File {
                file: file.source.clone(),
                line: file.extends_line,
                detail: format!("extends `{parent}`, and there is no such agent"),
            })?;
            if chain.iter().any(|seen| std::ptr::eq(*seen, next)) {
                let mut names: Vec<_> = chain.iter().map(|f| f.name.clone()).collect();
                names.push(next.name.clone());
                return Err(AgentError::Cyclic { names });
            }
            chain.push(next);
            file = next;
        }
        let is_built_in = !self.user.contains_key(name);
        Ok(Agent { is_built_in, ..merge(&chain) })
    }

    fn find(&self, name: &str) -> Option<&AgentFile> {
        self.user.get(name).or_else(|| self.builtin.get(name))
    }
}

/// Merges a chain, the agent itself first, the most distant parent last.
fn merge(chain: &[&AgentFile]) -> Agent {
    let mut limits = Limits::default();
    let mut prompts = Vec::new();
    let mut validate = Vec::new();
    for file in chain.iter().rev() {
        apply(&mut limits, &file.limits);
        validate.extend(file.validate.iter().cloned());
        if !file.prompt.is_empty() {
            prompts.push(file.prompt.as_str());
        }
    }
    let mut agent = Agent {
        name: chain[0].name.clone(),
        description: chain.iter().find_map(|f| f.description.clone()).unwrap_or_default(),
        tools: chain.iter().find_map(|f| f.tools.clone()).unwrap_or_default(),
        model: chain.iter().find_map(|f| f.model.clone()).unwrap_or_default(),
        capabilities: chain.iter().find_map(|f| f.capabilities.clone()).unwrap_or_default(),
        labels: chain.iter().find_map(|f| f.labels.clone()).unwrap_or_default(),
        limits,
        protocol: chain.iter().find_map(|f| f.protocol).unwrap_or_default(),
        temperature_milli: chain.iter().find_map(|f| f.temperature_milli).unwrap_or_default(),
        rules: Rules {
            produces: chain.iter().find_map(|f| f.produces.clone()).unwrap_or_default(),
            validate,
        },
        own_rules: chain[0].rules(),
        network: chain.iter().find_map(|f| f.network.clone()).unwrap_or_default(),
        objective: chain.iter().find_map(|f| f.objective),
        prompt: prompts.join("\n\n"),
        source: chain[0].source.clone(),
        is_built_in: false,
        version: BlobHash::of(b""),
    };
    agent.version = BlobHash::of(agent.resolved().as_bytes());
    agent
}

fn apply(limits: &mut Limits, patch: &LimitsPatch) {
    *limits = Limits {
        turns: patch.turns.unwrap_or(limits.turns),
        tokens: patch.tokens.unwrap_or(limits.tokens),
        reply_tokens: patch.reply_tokens.unwrap_or(limits.reply_tokens),
        tool_seconds: patch.tool_seconds.unwrap_or(limits.tool_seconds),
        output_bytes: patch.output_bytes.unwrap_or(limits.output_bytes),
        memory_mb: patch.memory_mb.unwrap_or(limits.memory_mb),
        cpu_milli: patch.cpu_milli.unwrap_or(limits.cpu_milli),
        pids: patch.pids.unwrap_or(limits.pids),
        disk_mb: patch.disk_mb.unwrap_or(limits.disk_mb),
        disk_iops: patch.disk_iops.or(limits.disk_iops),
        network_mb: patch.network_mb.unwrap_or(limits.network_mb),
    };
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::tool::ToolName;

    fn layers(user: &[&str], builtin: &[&str]) -> Layers {
        let read = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| AgentFile::parse(Path::new("a.md"), text).unwrap())
                .map(|file| (file.name.clone(), file))
                .collect()
        };
        Layers { builtin: read(builtin), user: read(user) }
    }

    #[test]
    fn a_circle_of_extends_is_named_not_followed() {
        let all = layers(
            &[
                "---\nname: a\nextends: b\n---\nx",
                "---\nname: b\nextends: c\n---\nx",
                "---\nname: c\nextends: b\n---\nx",
                "---\nname: self\nextends: self\n---\nx",
            ],
            &[],
        );
        assert_eq!(
            all.resolve("a").unwrap_err().to_string(),
            "agents extend each other in a circle: a -> b -> c -> b"
        );
        assert!(matches!(all.resolve("self"), Err(AgentError::Cyclic { .. })));
    }

    #[test]
    fn an_unknown_parent_is_an_error_at_its_line() {
        let all = layers(&["---\nname: a\nextends: ghost\n---\nx"], &[]);
        assert!(all.resolve("a").unwrap_err().to_string().starts_with("a.md:3: extends `ghost`"));
    }

    #[test]
    fn a_user_file_extends_the_built_in_agent_of_its_own_name() {
        let all = layers(
            &["---\nname: coder\nextends: coder\nlimits: {turns: 3}\n---\nUse tabs."],
            &[
                "---\nname: coder\ntools: [read]\nlimits: {turns: 9, pids: 50}\ntemperature: 0.2\n---\nYou write code.",
            ],
        );
        let agent = all.resolve("coder").unwrap();
        assert_eq!(agent.prompt, "You write code.\n\nUse tabs.");
        assert_eq!((agent.limits.turns, agent.limits.pids), (3, 50));
        assert_eq!(agent.tools, [ToolName::Read]);
        assert_eq!(agent.temperature_milli, 200);
    }

    #[test]
    fn rules_are_added_to_those_of_the_parent_and_products_replace_them() {
        let all = layers(
            &["---\nname: a\nextends: b\nvalidate:\n  - max_lines: 9\n    message: Short.\n---\nx"],
            &[
                "---\nname: b\nproduces: [src/**, tests/**]\nvalidate:\n  - forbid: print\n    message: Log.\n---\nx",
                "---\nname: c\nextends: b\nproduces: [docs/**]\n---\nx",
            ],
        );
        let words = |name: &str| all.resolve(name).unwrap().rules.words().collect::<Vec<_>>();
        assert_eq!(words("a"), ["produces `src/**`", "produces `tests/**`", "forbid `print`", "max_lines 9"]);
        assert_eq!(words("c"), ["produces `docs/**`", "forbid `print`"]);
        let own: Vec<_> = all.resolve("a").unwrap().own_rules.words().collect();
        assert_eq!(own, ["max_lines 9"]);
        assert_ne!(all.resolve("a").unwrap().version, all.resolve("b").unwrap().version);
    }
}
