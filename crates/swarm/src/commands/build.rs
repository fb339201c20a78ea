//! `swarm build`: from a spec to a pull request.

use std::io::{IsTerminal, Write};

use swarm_client::types;
use swarm_domain::{
    MicroUsd, Problem, ProjectId, RunId,
    budget::Budget,
    claim::Hands,
    lint::{Lint, Severity},
    plan::Plan,
    run::RunOptions,
    spec::Spec,
};
use tokio_util::sync::CancellationToken;

use super::{plan::read_spec, planned, planning, repository::place, run::watch};
use crate::{
    args::BuildArgs,
    config::{self, Layers, Overrides, Settings},
    context::Context,
    door::{Door, ended},
    exit::{Exit, Failure, Result},
    house::Wiring,
    interrupt,
    models::{self, Source},
    output,
};

/// What is to be built, and how.
struct Job {
    text: Vec<u8>,
    spec: Spec,
    repo: String,
    project: ProjectId,
    options: RunOptions,
    plan_only: bool,
    yes: bool,
}

pub(super) async fn run(context: &Context, args: BuildArgs) -> Result<Exit> {
    let overrides = Overrides {
        sandbox: args.engine.sandbox,
        max_parallel: args.max_parallel,
        max_attempts: args.max_attempts,
        ..Overrides::default()
    };
    let shown = config::shown(&Layers::of_process(overrides.clone()));
    let settings = config::settings(overrides)?;
    let mut job = job(&args, &settings)?;
    let interrupt = interrupt::token()?;
    let wiring = Wiring {
        data: context.data()?,
        settings,
        shown,
        fallback: models::beside(&args.spec),
        engine: args.engine,
        ..Wiring::default()
    };
    let door = Door::to_work(wiring).await?;
    let done = if interrupt.is_cancelled() {
        Err(Failure::interrupted())
    } else {
        work(context, &door, &mut job, &interrupt).await
    };
    if done.is_ok() {
        door.linger(&interrupt).await;
    }
    door.close().await;
    ended(done, &interrupt)
}

fn job(args: &BuildArgs, settings: &Settings) -> Result<Job> {
    let (text, spec) = read_spec(&args.spec)?;
    let (repo, project) = place(&args.place)?;
    let configured = || settings.build.budget.parse::<MicroUsd>().ok();
    let options = RunOptions {
        budget: Budget { usd: args.budget.or_else(configured), tokens: None },
        max_parallel: settings.build.max_parallel,
        models: args.engine.model.clone(),
        max_attempts: settings.build.max_attempts,
        branch: args.place.branch.clone(),
        hands: if args.claimed { Hands::Claimed } else { Hands::Here },
        labels: args.labels.clone(),
        origin: None,
        continues: None,
        fresh: args.fresh,
        key: None,
    };
    Ok(Job { text, spec, repo, project, options, plan_only: args.plan_only, yes: args.yes })
}

async fn work(context: &Context, door: &Door, job: &mut Job, interrupt: &CancellationToken) -> Result<Exit> {
    introduce(context, door, job)?;
    let client = door.client();
    let project = types::NewProject { project: job.project.to_string(), repo: job.repo.clone() };
    client.add_project(&project).await?;
    let text = String::from_utf8_lossy(&job.text).into_owned();
    let spec = client.add_spec(&types::NewSpec { project: job.project.to_string(), text }).await?;
    let after = planning::position(client).await?;
    let asked = types::NewPlan { spec: spec.id, models: job.options.models.clone() };
    let id = client.request_plan(&asked).await?;
    let detail = planning::wait(context, client, &id, job.project.as_str(), after, interrupt).await?;
    let plan = show(context, job, &detail)?;
    if job.plan_only {
        context
            .output
            .say(&format!("\nthe plan is {id}; run the same command without --plan-only to build it"))?;
        return Ok(Exit::Done);
    }
    if !agreed(job, &plan)? {
        context.output.say("nothing was started")?;
        return Ok(Exit::Done);
    }
    let options = crate::wire::read(&job.options)?;
    let run = client.start_run(&types::NewRun { plan: id.clone(), options }).await?;
    let run = RunId::parse(run)
        .map_err(|error| Problem::new("cli.unreadable", error.to_string(), "run `swarm run list`"))?;
    watch(context, client, &run, 0, interrupt).await
}

/// Says what works here, before anything does.
fn introduce(context: &Context, door: &Door, job: &mut Job) -> Result<()> {
    match door.source() {
        Some(Source::None) => return Err(models::none().into()),
        Some(source) => {
            if job.options.models.is_empty() {
                job.options.models = source.policy();
            }
            output::notice(&source.notice().unwrap_or_default());
        }
        None => output::notice(&format!("using the server at {}", door.client().url())),
    }
    if let Some(sandbox) = door.house().and_then(|house| house.sandbox()) {
        output::notice(&format!("sandbox: {sandbox}"));
    }
    context.output.say(&format!("\n{}", planned::requirements(&job.spec)))
}

/// Prints the plan with its price range. A plan that the lint blocks is not built.
fn show(context: &Context, job: &Job, detail: &types::PlanDetail) -> Result<Plan> {
    let missing = || Problem::new("plan.none", "the plan has no tickets", "run `swarm plan show`");
    let plan: Plan = crate::wire::read(detail.plan.as_ref().ok_or_else(missing)?)?;
    context.output.say(&format!("\n{}", planned::tickets(&plan)))?;
    if let Some(continues) = detail.continues.as_ref().filter(|_| !job.options.fresh) {
        context.output.say(&format!("\n{}", planned::continues(continues, plan.tickets.len())))?;
    }
    let findings: Vec<Lint> = crate::wire::read(&detail.lint)?;
    if !findings.is_empty() {
        context.output.say(&format!("\n{}", planned::lint(&findings).trim_end()))?;
    }
    let blocking = findings.iter().filter(|one| one.severity == Severity::Blocking).count();
    if blocking > 0 {
        return Err(planned::blocked(blocking).into());
    }
    Ok(plan)
}

/// Asks before anything is spent; not where nobody can answer, or the answer was given.
fn agreed(job: &Job, plan: &Plan) -> Result<bool> {
    if job.yes || !std::io::stdin().is_terminal() {
        return Ok(true);
    }
    let limit = job.options.budget.usd.map(|usd| format!(", at most {usd}")).unwrap_or_default();
    let mut stderr = std::io::stderr();
    let asked = write!(stderr, "\nBuild these {} tickets{limit}? [y/N] ", plan.tickets.len());
    asked.and_then(|()| stderr.flush()).map_err(|error| Failure::io("ask", error))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|error| Failure::io("read the answer", error))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
