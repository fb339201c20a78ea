//! Proof that an agent's rules do what they are for: cases beside the agent's file.
//!
//! Beside `coder.md` stands the folder `coder.fixtures/`, and in it a folder for each case with the files that an attempt
//! would have changed. A case whose name begins with `good` must pass all rules, one that begins with `bad` must be
//! refused. Each rule of the file must refuse some case: a rule that never fires is no rule.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use swarm_sandbox::{Backend, Exec, How, SandboxSpec};
use tokio_util::sync::CancellationToken;

use crate::{
    agent::Agent,
    error::AgentError,
    rule::{Changed, Rule},
};

/// Cases of an agent, files of a case, bytes of a file, and folders within each other.
const MAX_CASES: usize = 64;
const MAX_FILES: usize = 200;
const MAX_BYTES: u64 = 1 << 20;
const MAX_DEPTH: usize = 16;

/// What became of an agent's cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesReport {
    /// Rules that the agent is held to, those that it inherits among them.
    pub rules: usize,
    /// Cases that were tried.
    pub cases: usize,
    /// What does not hold, in a sentence each.
    pub faults: Vec<String>,
}

struct Case {
    name: String,
    is_good: bool,
    files: Vec<(String, Vec<u8>)>,
}

/// Whether proving this agent's rules takes a sandbox.
#[must_use]
pub fn rules_need_sandbox(agent: &Agent) -> bool {
    agent.rules.commands().next().is_some()
}

/// Tries the rules of an agent on its cases. Commands run in sandboxes; without a backend they are a fault.
pub async fn check_rules(agent: &Agent, sandboxes: Option<&dyn Backend>) -> Result<RulesReport, AgentError> {
    let folder = agent.source.with_extension("fixtures");
    let cases = cases(&folder)?;
    let mut report =
        RulesReport { rules: agent.rules.words().count(), cases: cases.len(), faults: Vec::new() };
    let mut fired = BTreeSet::new();
    for (number, case) in cases.iter().enumerate() {
        let broken = broken(agent, case, number, sandboxes).await?;
        match (case.is_good, broken.as_slice()) {
            (true, []) => {}
            (true, [(rule, detail), ..]) => {
                report.faults.push(format!("{}: must pass, and breaks {rule}: {detail}", case.name));
            }
            (false, []) => report.faults.push(format!("{}: must be refused, and passes", case.name)),
            (false, _) => fired.extend(broken.into_iter().map(|(rule, _)| rule)),
        }
    }
    if agent.own_rules.is_empty() {
        return Ok(report);
    }
    if !cases.iter().any(|case| case.is_good) {
        report.faults.push(format!("no case must pass: add a folder `good` to {}", folder.display()));
    }
    for rule in agent.own_rules.words().filter(|rule| !fired.contains(rule)) {
        let add = format!("add a folder `bad-…` to {}", folder.display());
        report.faults.push(format!("{rule}: refuses no case that must be refused; {add}"));
    }
    Ok(report)
}

/// The rules that a case breaks, each with what is wrong.
async fn broken(
    agent: &Agent,
    case: &Case,
    number: usize,
    sandboxes: Option<&dyn Backend>,
) -> Result<Vec<(String, String)>, AgentError> {
    let files: Vec<_> = case
        .files
        .iter()
        .map(|(path, bytes)| Changed {
            path,
            text: std::str::from_utf8(bytes).unwrap_or_default(),
            added: None,
        })
        .collect();
    let breaches = agent.rules.broken(&files).into_iter();
    let mut found: Vec<_> = breaches.map(|breach| (breach.rule, breach.detail)).collect();
    for (index, (_, rule)) in agent.rules.commands().enumerate() {
        let name = format!("agent-{}-{number}-{index}", agent.name);
        let ended = match sandboxes {
            Some(sandboxes) => run(agent, case, rule, name, sandboxes).await?,
            None => Some("there is no sandbox to run it in".to_owned()),
        };
        found.extend(ended.map(|how| (rule.to_string(), how)));
    }
    Ok(found)
}

/// How a command ended that did not end well.
async fn run(
    agent: &Agent,
    case: &Case,
    rule: &Rule,
    name: String,
    sandboxes: &dyn Backend,
) -> Result<Option<String>, AgentError> {
    let folder = tempfile::tempdir().map_err(AgentError::io("make a folder for a case"))?;
    for (path, bytes) in &case.files {
        let target = folder.path().join(path);
        let doing = || format!("write {}", target.display());
        if let Some(parent) = target.parent() {
            std::fs::create_dir_all(parent).map_err(AgentError::io(doing()))?;
        }
        std::fs::write(&target, bytes).map_err(AgentError::io(doing()))?;
    }
    let spec = SandboxSpec {
        name,
        workdir: folder.path().to_owned(),
        limits: agent.limits.sandbox(),
        ..SandboxSpec::default()
    };
    let sandbox = sandboxes.create(spec).await?;
    let command = Exec::shell(rule.command.as_deref().unwrap_or_default());
    let ended = sandbox.exec(command, CancellationToken::new()).await;
    sandbox.stop().await?;
    let ended = ended?;
    Ok((ended.how != How::Exited { code: 0 }).then(|| format!("it ended with {}", ended.how)))
}

/// The cases of a folder by name; none where there is no folder.
fn cases(folder: &Path) -> Result<Vec<Case>, AgentError> {
    let mut cases = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_good = name.starts_with("good");
        if !path.is_dir() || !(is_good || name.starts_with("bad")) {
            return Err(unusable(
                &path,
                "is no case: a case is a folder whose name begins with `good` or `bad`",
            ));
        }
        let mut files = Vec::new();
        read_tree(&path, "", MAX_DEPTH, &mut files)?;
        cases.push(Case { name, is_good, files });
    }
    if cases.len() > MAX_CASES {
        return Err(unusable(folder, &format!("holds {} cases; {MAX_CASES} are read", cases.len())));
    }
    Ok(cases)
}

fn read_tree(
    folder: &Path,
    above: &str,
    depth: usize,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), AgentError> {
    for path in entries(folder)? {
        let meta = path.symlink_metadata().map_err(AgentError::io(format!("read {}", path.display())))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let inside = if above.is_empty() { name.into_owned() } else { format!("{above}/{name}") };
        if meta.is_dir() && depth > 0 {
            read_tree(&path, &inside, depth - 1, files)?;
        } else if meta.is_file() && meta.len() <= MAX_BYTES && files.len() < MAX_FILES {
            let bytes = std::fs::read(&path).map_err(AgentError::io(format!("read {}", path.display())))?;
            files.push((inside, bytes));
        } else {
            return Err(unusable(
                &path,
                "cannot be part of a case: it is too much, too large or no ordinary file",
            ));
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, AgentError> {
    let doing = || format!("read {}", folder.display());
    let listed = match std::fs::read_dir(folder) {
        Ok(listed) => listed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(AgentError::io(doing())(error)),
    };
    let mut paths = Vec::new();
    for entry in listed {
        paths.push(entry.map_err(AgentError::io(doing()))?.path());
    }
    paths.sort();
    Ok(paths)
}

fn unusable(path: &Path, detail: &str) -> AgentError {
    AgentError::File { file: path.to_owned(), line: 1, detail: detail.to_owned() }
}
