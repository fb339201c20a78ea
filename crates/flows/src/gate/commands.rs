//! Commands of a gate: what must hold of a commit before it is deployed, and of what runs after it was. Each runs on a
//! fresh copy of the commit's files.

use std::time::{Duration, Instant};

use swarm_domain::{
    RequirementId,
    finding::{Finding, FindingCode},
    scope::RelativePath,
    spec::{Acceptance, Fixture},
};
use swarm_forge::{Content, Here};
use swarm_sandbox::{Backend, Ended, How, SandboxSpec};

use super::bench::{Bench, fresh, remove};
use crate::{
    error::FlowError,
    validate::{
        acceptance::{passes, run_alone, shell, wanted_words},
        evidence,
    },
};

/// How long is waited before a command that did not hold yet is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// A command, and what it is for.
pub(super) struct Wanted<'a> {
    pub(super) check: &'a Acceptance,
    pub(super) requirement: Option<&'a RequirementId>,
}

/// The files that commands run on.
pub(super) struct Ground<'a> {
    pub(super) here: &'a Here,
    pub(super) content: &'a Content,
    pub(super) fixtures: &'a [Fixture],
}

/// What does not hold. A command that fails is tried again until `patience` is over.
pub(super) async fn failed(
    bench: &Bench<'_>,
    backend: &dyn Backend,
    ground: &Ground<'_>,
    wanted: &[Wanted<'_>],
    patience: Duration,
) -> Result<Vec<Finding>, FlowError> {
    let began = Instant::now();
    let mut findings = Vec::new();
    for (index, one) in wanted.iter().enumerate() {
        loop {
            let ended = run(bench, backend, ground, &format!("command-{index}"), &one.check.command).await?;
            if passes(one.check, &ended) {
                break;
            }
            if began.elapsed() >= patience {
                findings.push(finding(one, &ended));
                break;
            }
            tokio::select! {
                () = bench.cancel.cancelled() => return Err(FlowError::Cancelled),
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }
    Ok(findings)
}

/// Runs one command on a fresh copy of the files.
pub(super) async fn run(
    bench: &Bench<'_>,
    backend: &dyn Backend,
    ground: &Ground<'_>,
    label: &str,
    command: &str,
) -> Result<Ended, FlowError> {
    let name = format!("{}-{label}", bench.name);
    let folder = bench.folder.join(&name);
    fresh(&folder)?;
    ground.here.export(ground.content, &folder).await?;
    for fixture in ground.fixtures {
        write(&folder, fixture)?;
    }
    let spec =
        SandboxSpec { name, workdir: folder.clone(), limits: bench.limits.clone(), ..SandboxSpec::default() };
    let ended = run_alone(backend, spec, shell(command), bench.cancel.clone()).await;
    remove(&folder)?;
    ended
}

fn write(folder: &std::path::Path, fixture: &Fixture) -> Result<(), FlowError> {
    let failed = |error: &dyn std::fmt::Display| FlowError::internal("a fixture of the spec", error);
    let path = RelativePath::parse(&fixture.path).map_err(|error| failed(&error))?;
    let target = folder.join(path.as_str());
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(|error| failed(&error))?;
    }
    std::fs::write(target, &fixture.content).map_err(|error| failed(&error))
}

fn finding(wanted: &Wanted<'_>, ended: &Ended) -> Finding {
    let command = &wanted.check.command;
    let passed_limit = matches!(ended.how, How::LimitPassed { .. });
    let output = [ended.stdout.as_slice(), b"\n", ended.stderr.as_slice()].concat();
    let asks = wanted.requirement.map_or_else(|| "the gate asks".to_owned(), |one| format!("{one} asks"));
    Finding {
        code: if passed_limit { FindingCode::AcceptanceLimit } else { FindingCode::AcceptanceFailed },
        detail: format!("`{command}` ended with {} and did not do what {asks}.", ended.how),
        evidence: evidence::bounded(&String::from_utf8_lossy(&output)),
        hint: wanted_words(wanted.check),
        requirement: wanted.requirement.cloned(),
        path: None,
    }
}
