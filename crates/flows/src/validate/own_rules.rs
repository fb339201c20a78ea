//! Rules of the agent's own file: what its work must hold beyond what every ticket asks for.

use swarm_agents::{Breach, Changed, Rule, Rules};
use swarm_domain::{
    finding::{Finding, FindingCode},
    spec::Acceptance,
    spec::Fixture,
};
use swarm_forge::ChangeKind;
use swarm_sandbox::{Ended, How};

use super::{
    acceptance::{self, Judged},
    change::ChangedFile,
    evidence,
};
use crate::{error::FlowError, parts::Parts};

/// What the changed files break.
pub(super) fn broken(rules: &Rules, files: &[ChangedFile]) -> Vec<Finding> {
    let left: Vec<_> = files
        .iter()
        .filter(|file| file.kind != ChangeKind::Deleted)
        .map(|file| Changed {
            path: &file.path,
            text: file.text().unwrap_or_default(),
            added: Some(&file.lines.added),
        })
        .collect();
    rules.broken(&left).into_iter().map(finding).collect()
}

/// What the commands of the rules say, each in a fresh sandbox on a fresh checkout.
pub(super) async fn refused(
    parts: &Parts,
    judged: &Judged<'_>,
    rules: &Rules,
    fixtures: &[Fixture],
) -> Result<Vec<Finding>, FlowError> {
    let mut findings = Vec::new();
    for (index, (command, rule)) in rules.commands().enumerate() {
        let check =
            Acceptance { command: command.to_owned(), exit: 0, stdout: None, stderr_contains: None, line: 0 };
        let ended = acceptance::run(parts, judged, &format!("rule-{index}"), &check, fixtures, None).await?;
        if ended.how != (How::Exited { code: 0 }) {
            findings.push(refusal(command, rule, ended));
        }
    }
    Ok(findings)
}

/// The finding for a rule whose command did not end well.
pub(crate) fn refusal(command: &str, rule: &Rule, ended: Ended) -> Finding {
    let output = [ended.stdout, ended.stderr].concat();
    finding(Breach {
        rule: rule.to_string(),
        path: None,
        detail: format!("`{command}` ended with {}", ended.how),
        evidence: evidence::bounded(&String::from_utf8_lossy(&output)),
        message: rule.message.clone(),
    })
}

fn finding(breach: Breach) -> Finding {
    let hint = match &breach.path {
        Some(path) => format!("{} ({path})", breach.message),
        None => breach.message,
    };
    Finding {
        code: FindingCode::RuleBroken,
        detail: breach.detail,
        evidence: breach.evidence,
        hint,
        requirement: None,
        path: breach.path,
    }
}
