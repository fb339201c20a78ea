//! `swarm spec check`: whether the code still does what the spec says. Made for CI: exit code 1 where it does not.

use std::time::Duration;

use swarm_client::{Client, types};
use swarm_domain::{
    Problem,
    survey::{SurveyOutcome, Tried},
};
use tokio_util::sync::CancellationToken;

use super::{plan::read_spec, repository::place};
use crate::{
    args::CheckArgs,
    config::{self, Overrides},
    context::Context,
    door::{Door, ended},
    exit::{Exit, Failure, Result},
    house::Wiring,
    interrupt, output,
    progress::plain,
    table::{indented, table},
    wire,
};

/// How often it is asked whether the survey has ended.
const LOOK: Duration = Duration::from_millis(200);

pub(super) async fn run(context: &Context, args: CheckArgs) -> Result<Exit> {
    let settings = config::settings(Overrides { sandbox: args.engine.sandbox, ..Overrides::default() })?;
    let (text, _) = read_spec(&args.spec)?;
    let (repo, project) = place(&args.place)?;
    let interrupt = interrupt::token()?;
    let wiring = Wiring { data: context.data()?, settings, engine: args.engine, ..Wiring::default() };
    let door = Door::to_work(wiring).await?;
    let client = door.client();
    let found = async {
        client.add_project(&types::NewProject { project: project.to_string(), repo }).await?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let spec = client.add_spec(&types::NewSpec { project: project.to_string(), text }).await?;
        let survey = client.check_spec(&spec.id, args.place.branch.as_deref()).await?;
        wait(client, &survey, &interrupt).await
    }
    .await;
    let done = found.and_then(|found| show(context, &found));
    door.close().await;
    ended(done, &interrupt)
}

pub(super) async fn wait(
    client: &Client,
    survey: &str,
    interrupt: &CancellationToken,
) -> Result<types::SurveyDetail> {
    loop {
        let detail = client.survey(survey).await?;
        if detail.outcome.is_some() {
            return Ok(detail);
        }
        tokio::select! {
            () = interrupt.cancelled() => return Err(Failure::interrupted()),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn show(context: &Context, found: &types::SurveyDetail) -> Result<Exit> {
    let tried: Vec<Tried> = wire::read(&found.tried)?;
    let none = || Problem::new("survey.unknown", "the survey has no outcome", "run it again");
    let outcome: SurveyOutcome = wire::read(found.outcome.as_ref().ok_or_else(none)?)?;
    let (commit, proven, all) = match outcome {
        SurveyOutcome::Failed { problem } => return Err(problem.into()),
        SurveyOutcome::Derived { .. } | SurveyOutcome::Drafted { .. } => return Err(none().into()),
        SurveyOutcome::Checked { commit, proven, requirements, .. } => (commit, proven, requirements),
    };
    context.output.print(found, |_| {
        let failed: Vec<_> = tried.iter().filter(|one| !one.passed).collect();
        let rows =
            failed.iter().map(|one| [one.requirement.to_string(), plain(&one.command), one.ended.clone()]);
        let mut text = format!("{proven} of {all} requirements are proven on {commit}");
        if !failed.is_empty() {
            text = format!("{text}\n\n{}\n", table(["does not hold", "command", "ended"], rows));
            for one in failed {
                text = format!("{text}\n{}\n{}", plain(&one.command), indented(one.output.trim_end(), "  "));
            }
        }
        text
    })?;
    if proven == all {
        return Ok(Exit::Done);
    }
    output::notice(
        "code and spec have drifted apart: mend the code, or change the spec and run `swarm build`",
    );
    Ok(Exit::Failed)
}
