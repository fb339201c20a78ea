//! Validation: judges a commit, never what its author says about it. Cheap checks first; commands only run on a diff
//! that is clean.

pub(crate) mod acceptance;
mod added;
mod artefact;
pub(crate) mod change;
mod diagnosis;
mod diff;
mod dodge;
mod effect;
pub(crate) mod evidence;
mod hard_coded;
pub(crate) mod hunk;
mod line_rule;
mod measure;
pub(crate) mod own_rules;
mod placeholder;
mod probe;
mod secret;
mod shadow;
mod tampered;
mod unfinished;
mod worthless;

use swarm_domain::{
    CommitId,
    finding::{Finding, FindingCode},
    scope::Scope,
    spec::Fixture,
    ticket::Ticket,
};

use swarm_agents::Rules;
use swarm_forge::FileMode;

use crate::{
    error::FlowError,
    gate,
    parts::{FlowsConfig, Parts},
};
use acceptance::Judged;
use change::ReadChange;
use probe::Probed;

/// The most findings of one kind that go back at once: more would drown the first.
const MAX_FINDINGS: usize = 5;

/// Judges an attempt's commit, made on `base`. Nothing found that blocks means accepted.
pub(crate) async fn judge(
    parts: &Parts,
    judged: &Judged<'_>,
    base: &CommitId,
    ticket: &Ticket,
    fixtures: &[Fixture],
    rules: &Rules,
) -> Result<Vec<Finding>, FlowError> {
    let mirror = parts.mirror(judged.project).await?;
    let change = ReadChange::of_commits(&mirror, base, judged.commit, &parts.config).await?;
    let gate::Judgement { policy, rules, findings, warnings } =
        gate::judge(parts, judged, base, &change, ticket, fixtures, rules).await?;
    if !findings.is_empty() {
        return Ok(findings);
    }
    let checks: Vec<_> = ticket.acceptance.iter().collect();
    // What the spec asks for is never a matter of policy.
    let failed = acceptance::judge(parts, judged, &checks, fixtures).await?;
    if !failed.is_empty() {
        return Ok(failed);
    }
    let mut findings = own_rules::refused(parts, judged, &rules, fixtures).await?;
    let mut probed = Probed::default();
    if findings.is_empty() {
        probed = probe::probe(parts, judged, &change.files, ticket, fixtures).await?;
        findings.extend(probed.finding.clone());
    }
    let told = gate::tell(parts, judged, &policy, &findings).await?;
    let blocking = policy.blocking(&findings);
    if blocking.is_empty() {
        measure::measure(parts, judged, change.files, warnings.saturating_add(told), &probed).await?;
    }
    Ok(blocking)
}

/// What a change gives away to who reads it, without running any of it.
pub(crate) fn by_reading(
    change: &ReadChange,
    scope: &Scope,
    ticket: &Ticket,
    fixtures: &[Fixture],
    rules: &Rules,
    config: &FlowsConfig,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in &change.changes {
        if !scope.allows(&change.path) {
            findings.push(out_of_scope(&change.path, ticket));
        } else if matches!(change.mode, FileMode::Symlink | FileMode::Submodule) {
            findings.push(not_a_file(&change.path));
        } else if change.size > config.max_file_bytes {
            findings.push(too_large(
                format!("{} is larger than {} bytes", change.path, config.max_file_bytes),
                Some(change.path.clone()),
            ));
        }
    }
    if change.diff.truncated {
        findings.push(too_large(format!("the diff is longer than {} bytes", config.max_diff_bytes), None));
    }
    if change.changes.len() > change::MAX_FILES {
        findings.push(too_large(format!("{} files were changed", change.changes.len()), None));
    }
    findings.extend(of_text(&added::added(&change.diff.text), &change.files, ticket, fixtures));
    findings.extend(own_rules::broken(rules, &change.files).into_iter().take(MAX_FINDINGS));
    findings
}

/// What the text of a change gives away, without running any of it: cheapest and surest first.
fn of_text(
    added: &added::Added<'_>,
    files: &[change::ChangedFile],
    ticket: &Ticket,
    fixtures: &[Fixture],
) -> Vec<Finding> {
    let kinds = [
        secret::secrets(&added.lines),
        unfinished::unfinished(files),
        worthless::worthless(files),
        tampered::tampered(files, ticket, fixtures),
        shadow::shadows(files, ticket),
        artefact::artefacts(files, ticket),
        line_rule::by_line(files),
        dodge::dodges(files),
        hard_coded::hard_coded(files, ticket, fixtures),
    ];
    let mut findings: Vec<_> =
        kinds.into_iter().flat_map(|kind| kind.into_iter().take(MAX_FINDINGS)).collect();
    if findings.is_empty() {
        findings.extend(effect::without_effect(files, ticket));
    }
    findings
}

/// The finding for an attempt that left no change.
pub(crate) fn nothing_done(ticket: &Ticket) -> Finding {
    Finding {
        code: FindingCode::NothingDone,
        detail: "the attempt changed no file".to_owned(),
        evidence: String::new(),
        hint: format!("Write the work into: {}.", ticket.touches.join(", ")),
        requirement: None,
        path: None,
    }
}

fn out_of_scope(path: &str, ticket: &Ticket) -> Finding {
    Finding {
        code: FindingCode::OutOfScope,
        detail: format!("{path} is not among the files of this ticket"),
        evidence: String::new(),
        hint: format!("Do not change {path}. Only these may be changed: {}.", ticket.touches.join(", ")),
        requirement: None,
        path: Some(path.to_owned()),
    }
}

fn not_a_file(path: &str) -> Finding {
    Finding {
        code: FindingCode::OutOfScope,
        detail: format!("{path} is a symbolic link or a submodule, which may lead out of the repository"),
        evidence: String::new(),
        hint: format!("Make {path} an ordinary file."),
        requirement: None,
        path: Some(path.to_owned()),
    }
}

/// The finding for a worktree that takes more than `limit` on disk.
pub(crate) fn disk(bytes: u64, limit: u64) -> Option<Finding> {
    (bytes > limit).then(|| {
        too_large(format!("the attempt's files take {bytes} bytes on disk; {limit} are allowed"), None)
    })
}

fn too_large(detail: String, path: Option<String>) -> Finding {
    Finding {
        code: FindingCode::TooLarge,
        hint: format!("{detail}. Do only what the ticket asks, and keep data and generated files out."),
        detail,
        evidence: String::new(),
        requirement: None,
        path,
    }
}
