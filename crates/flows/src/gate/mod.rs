//! The gate: what the validator looks for in an attempt, wherever a change is judged. An attempt and a candidate of the
//! merge train are judged here; what somebody has staged, what lies between two commits and a commit that is to be
//! deployed are judged [by hand](ByHand), without a database.
//!
//! What is found is weighed by [`GatePolicy`] and by nothing else.

mod audit;
mod bench;
mod by_hand;
mod commands;
mod files;
mod own;
mod scan;
mod train;

use swarm_agents::Rules;
use swarm_domain::{
    CommitId, EventBody,
    event::CheckStage,
    finding::Finding,
    gate::{CheckReport, GateCheck, GatePolicy, Verdict},
    scope::Scope,
    spec::Fixture,
    ticket::Ticket,
};
use swarm_forge::Mirror;

pub use by_hand::{Asked, ByHand};
pub use own::GATE_FILE;

pub(crate) use train::again;

use crate::{
    error::FlowError,
    parts::{Parts, part},
    validate::{self, acceptance::Judged, change::ReadChange},
};
use bench::Bench;
use files::Files;
use own::Own;

/// What the gate says of an attempt before any of its commands is run.
pub(crate) struct Judgement {
    /// The operator's policy, and what the repository asks for beyond it.
    pub(crate) policy: GatePolicy,
    /// The rules of the agent's file and of the repository.
    pub(crate) rules: Rules,
    /// What blocks.
    pub(crate) findings: Vec<Finding>,
    /// How much it only warned of.
    pub(crate) warnings: u32,
}

/// Judges a change that was made on `base`, by reading it and by the tools that are there.
pub(crate) async fn judge(
    parts: &Parts,
    judged: &Judged<'_>,
    base: &CommitId,
    change: &ReadChange,
    ticket: &Ticket,
    fixtures: &[Fixture],
    rules: &Rules,
) -> Result<Judgement, FlowError> {
    let mirror = parts.mirror(judged.project).await?;
    let own = Own::among(Files::Mirror(&mirror, base)).await?;
    let policy = parts.config.gate.stricter(&own.policy);
    let rules = own.beside(rules);
    let scope = Scope::new(&ticket.touches).map_err(|error| FlowError::Final(error.problem()))?;
    let found = validate::by_reading(change, &scope, ticket, fixtures, &rules, &parts.config);
    let mut checks = policy.weigh_reading(&found);
    let mut findings = policy.blocking(&found);
    // A change that goes back anyway is not worth the time of a scanner.
    if findings.is_empty() {
        let scanned = scanned(parts, judged, &mirror, change, &own, &policy).await?;
        let blocking = scanned.iter().filter(|check| check.verdict() == Verdict::Blocked);
        findings.extend(blocking.flat_map(|check| check.findings.iter().cloned()));
        checks.extend(scanned);
    }
    let warnings = warnings(&checks);
    record(parts, judged, "gate", checks).await?;
    Ok(Judgement { policy, rules, findings, warnings })
}

async fn scanned(
    parts: &Parts,
    judged: &Judged<'_>,
    mirror: &Mirror,
    change: &ReadChange,
    own: &Own,
    policy: &GatePolicy,
) -> Result<Vec<CheckReport>, FlowError> {
    let bench = Bench {
        backend: Some(parts.sandboxes.as_ref()),
        folder: crate::sweep::own_checkouts(parts),
        name: format!("gate-{}-{}-{}", judged.run, judged.attempt, judged.stage_name()),
        limits: &parts.config.check_limits,
        online: parts.config.gate_online,
        cancel: crate::engine::cancellation(),
    };
    let mut checks = vec![policy.weigh(scan::semgrep(&bench, policy, &change.files, own).await?)];
    let paths: Vec<&str> = change.paths().collect();
    let looks = audit::audit(&bench, policy, &paths, Files::Mirror(mirror, judged.commit)).await?;
    checks.extend(looks.into_iter().map(|look| policy.weigh(look)));
    Ok(checks)
}

/// How much was found that only warns.
fn warnings(checks: &[CheckReport]) -> u32 {
    let warned = checks.iter().filter(|check| check.verdict() == Verdict::Warned);
    let found = warned
        .map(|check| u32::try_from(check.findings.len()).unwrap_or(u32::MAX).saturating_add(check.more));
    found.fold(0, u32::saturating_add)
}

/// Writes down what only people are told of, and says how much that is: what blocks is sent back, and written down then.
pub(crate) async fn tell(
    parts: &Parts,
    judged: &Judged<'_>,
    policy: &GatePolicy,
    findings: &[Finding],
) -> Result<u32, FlowError> {
    let mut checks = policy.weigh_reading(findings);
    checks.retain(|check| check.verdict() == Verdict::Warned);
    let warnings = warnings(&checks);
    if warnings > 0 {
        record(parts, judged, "gate-commands", checks).await?;
    }
    Ok(warnings)
}

async fn record(
    parts: &Parts,
    judged: &Judged<'_>,
    what: &str,
    checks: Vec<CheckReport>,
) -> Result<(), FlowError> {
    let stage = judged.stage_name();
    let key = ["run", judged.run.as_str(), judged.attempt.as_str(), &stage, judged.commit.as_str(), what];
    let body = EventBody::ChangeJudged { stage: judged.stage, commit: judged.commit.clone(), checks };
    let by = match judged.stage {
        CheckStage::Validation => part("validator"),
        CheckStage::Merge => part("merge-train"),
    };
    parts.record(&key, by, judged.subject(), body).await.map(drop)
}

/// Whether a check is to be made at all.
fn is_on(policy: &GatePolicy, check: GateCheck) -> bool {
    policy.weight(check) != swarm_domain::gate::Weight::Off
}
