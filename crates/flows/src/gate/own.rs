//! What a repository says of its own gate, in `.swarm/gate.yaml`. It may ask for more than its operator does, never for
//! less, and an attempt is judged by the file as it was before the attempt.

use std::collections::BTreeMap;

use serde::Deserialize;
use swarm_agents::{Rule, Rules};
use swarm_domain::{
    Problem,
    gate::{GateCheck, Weight},
    scope::RelativePath,
    spec::{Acceptance, console},
};

use super::files::Files;
use crate::error::FlowError;

/// Where a repository says what its gate asks for.
pub const GATE_FILE: &str = ".swarm/gate.yaml";
/// Where semgrep's rules of a repository are looked for.
const SEMGREP_FILES: [&str; 3] = [".swarm/semgrep.yaml", ".semgrep.yml", ".semgrep.yaml"];
/// The longest of these files that is read, in bytes.
const MAX_BYTES: usize = 256 << 10;

/// What a repository asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) policy: BTreeMap<GateCheck, Weight>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) pre_deploy: Vec<Acceptance>,
    pub(crate) post_deploy: Vec<Acceptance>,
    /// Rules for semgrep.
    pub(crate) semgrep: Option<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    policy: BTreeMap<GateCheck, Weight>,
    #[serde(default)]
    rules: Vec<Rule>,
    #[serde(default, rename = "pre-deploy")]
    pre_deploy: String,
    #[serde(default, rename = "post-deploy")]
    post_deploy: String,
}

impl Own {
    /// As it is among these files.
    pub(super) async fn among(files: Files<'_>) -> Result<Self, FlowError> {
        let path =
            |path| RelativePath::parse(path).map_err(|error| FlowError::internal("a gate's file", error));
        let mut own = match files.file(&path(GATE_FILE)?, MAX_BYTES).await? {
            Some(bytes) => Self::parse(&bytes).map_err(FlowError::Final)?,
            None => Self::default(),
        };
        for name in SEMGREP_FILES {
            own.semgrep = files.file(&path(name)?, MAX_BYTES).await?;
            if own.semgrep.is_some() {
                break;
            }
        }
        Ok(own)
    }

    fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let wrong = |detail: String| {
            let next =
                format!("mend {GATE_FILE}; `swarm help gate` and the page on gates show what it may hold");
            Problem::new("gate.file", format!("{GATE_FILE}: {detail}"), next)
        };
        let text = std::str::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8 text".to_owned()))?;
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let file: File = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            let said = error.without_snippet().to_string();
            wrong(format!("line {line}: {}", said.lines().next().unwrap_or_default()))
        })?;
        let rules = Rules { produces: Vec::new(), validate: file.rules };
        if let Some(fault) = rules.fault() {
            return Err(wrong(fault));
        }
        let commands = |key: &str, text: &str| {
            let (commands, unread) = console(text);
            match unread.first() {
                Some(passage) => Err(wrong(format!("{key}, line {}: {}", passage.line, passage.reason))),
                None => Ok(commands),
            }
        };
        Ok(Self {
            policy: file.policy,
            rules: rules.validate,
            pre_deploy: commands("pre-deploy", &file.pre_deploy)?,
            post_deploy: commands("post-deploy", &file.post_deploy)?,
            semgrep: None,
        })
    }

    /// These rules, and the repository's.
    pub(crate) fn beside(&self, rules: &Rules) -> Rules {
        let validate = rules.validate.iter().chain(&self.rules).cloned().collect();
        Rules { produces: rules.produces.clone(), validate }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        Own::parse(text.as_bytes()).unwrap_err().detail
    }

    #[test]
    fn a_file_is_read_with_the_rules_of_agents_and_the_examples_of_specs() {
        let text = "policy: {semgrep: block}\nrules:\n  - forbid: 'dbg!'\n    in: 'src/**'\n    message: Take it out.\npre-deploy: |\n  $ make test\n  $ ./app --version\n  app 1\npost-deploy: |\n  $ curl -fsS localhost/livez\n  [exit 0]\n";
        let own = Own::parse(text.as_bytes()).unwrap();
        assert_eq!(own.policy, BTreeMap::from([(GateCheck::Semgrep, Weight::Block)]));
        assert_eq!(own.rules.len(), 1);
        let commands: Vec<_> =
            own.pre_deploy.iter().map(|c| (c.command.as_str(), c.stdout.as_deref())).collect();
        assert_eq!(commands, [("make test", None), ("./app --version", Some("app 1"))]);
        assert_eq!(own.post_deploy.len(), 1);
        assert_eq!(Own::parse(b"").unwrap(), Own::default());
        assert_eq!(Own::parse(b"# nothing\n").unwrap(), Own::default());
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_place() {
        for (text, word) in [
            ("wings: 2\n", "wings"),
            ("policy: {secrets: perhaps}\n", "line 1"),
            ("policy: {wings: block}\n", "wings"),
            ("rules:\n  - message: x\n", "just one"),
            ("rules:\n  - forbid: '('\n    message: x\n", "no regular expression"),
            ("pre-deploy: |\n  make test\n", "pre-deploy, line 1"),
            ("post-deploy: |\n  $ cd app\n", "post-deploy"),
            ("[1, 2]\n", "line 1"),
            ("a: &a [*a]\n", "line 1"),
        ] {
            let said = said(text);
            assert!(said.starts_with(GATE_FILE) && said.contains(word), "{text}: {said}");
        }
        assert!(Own::parse(b"\xff").is_err());
    }

    #[test]
    fn a_bomb_of_aliases_is_refused() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = vec![format!("*a{}", level - 1); 10].join(", ");
            text += &format!("a{level}: &a{level} [{below}]\n");
        }
        assert!(Own::parse(text.as_bytes()).is_err());
    }
}
