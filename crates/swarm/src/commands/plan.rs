//! `swarm plan`.

use std::path::Path;

use serde::Serialize;
use swarm_client::{Client, types};
use swarm_domain::{
    PlanId, Problem, SpecId,
    estimate::Estimate,
    lint::{self, Lint, Severity},
    plan::Plan,
    skeleton,
    spec::{self, MAX_SPEC_BYTES, Spec},
};

use super::planned;
use crate::{
    args::PlanCommand,
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    wire,
};

pub(super) fn run(context: &Context, command: PlanCommand) -> Result<Exit> {
    match command {
        PlanCommand::Show { plan } => super::wait(show(context, plan)),
        PlanCommand::Lint { spec } => lint(context, &spec),
    }
}

/// Reads a spec file, no further than it may be long.
pub(super) fn read_spec(file: &Path) -> Result<(Vec<u8>, Spec)> {
    use std::io::Read;
    let failed = |error: std::io::Error| {
        let detail = format!("the spec {} cannot be read: {error}", file.display());
        Failure::usage(Problem::new(
            "cli.no_spec",
            detail,
            "name a Markdown file, such as examples/textstat/spec.md",
        ))
    };
    let mut text = Vec::new();
    let opened = std::fs::File::open(file).map_err(failed)?;
    opened.take(MAX_SPEC_BYTES as u64 + 1).read_to_end(&mut text).map_err(failed)?;
    let spec = spec::read(&text).map_err(|error| error.problem())?;
    Ok((text, spec))
}

#[derive(Serialize)]
struct Linted {
    spec: Spec,
    findings: Vec<Lint>,
}

/// The plan that follows from the spec alone: what a model would be asked to improve, and what is wrong with it.
fn lint(context: &Context, file: &Path) -> Result<Exit> {
    let (text, spec) = read_spec(file)?;
    let plan = Plan {
        id: PlanId::parse("plan_lint").map_err(|error| Failure::io("lint", error))?,
        spec: SpecId::of_text(&String::from_utf8_lossy(&text)),
        tickets: skeleton::draft(&spec, None).tickets,
        estimate: Estimate::default(),
        model: String::new(),
    };
    let findings = lint::lint(&plan, &spec);
    let blocking = findings.iter().filter(|one| one.severity == Severity::Blocking).count();
    let linted = Linted { spec, findings };
    context.output.print(&linted, |linted| {
        let found = planned::lint(&linted.findings);
        let verdict = if linted.findings.is_empty() { "nothing is wrong with it" } else { found.trim_end() };
        format!("{}\n\n{verdict}", planned::requirements(&linted.spec))
    })?;
    if blocking > 0 {
        return Err(planned::blocked(blocking).into());
    }
    Ok(Exit::Done)
}

async fn show(context: &Context, plan: Option<PlanId>) -> Result<Exit> {
    let detail = door::reading(context, async |client| {
        let id = match plan {
            Some(id) => id.to_string(),
            None => latest(client).await?,
        };
        Ok(client.plan(&id).await?)
    })
    .await?;
    if context.output.document(&detail)? { Ok(Exit::Done) } else { in_words(&detail) }
}

async fn latest(client: &Client) -> Result<String> {
    let plans = client.plans().await?;
    let latest = plans.into_iter().max_by_key(|plan| plan.requested_at);
    Ok(latest.ok_or_else(none)?.id)
}

fn none() -> Failure {
    Problem::new("plan.none", "there is no plan yet", "run `swarm build SPEC --plan-only`").into()
}

fn in_words(detail: &types::PlanDetail) -> Result<Exit> {
    let mut text = format!("plan {} of {}", detail.id, detail.spec);
    if let Some(problem) = &detail.problem {
        let problem: Problem = wire::read(problem)?;
        return Err(problem.into());
    }
    if let Some(plan) = &detail.plan {
        let plan: Plan = wire::read(plan)?;
        text = format!(
            "{text}, drawn up by {}\n\n{}",
            crate::progress::plain(&plan.model),
            planned::tickets(&plan)
        );
    } else {
        text.push_str(": it is being drawn up");
    }
    let findings: Vec<Lint> = wire::read(&detail.lint)?;
    crate::output::line(format!("{text}\n\n{}", planned::lint(&findings)).trim_end())?;
    Ok(Exit::Done)
}
