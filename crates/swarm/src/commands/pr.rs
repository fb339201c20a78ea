//! `swarm pr`.

use std::sync::Arc;

use serde::Serialize;
use swarm_client::types;
use swarm_domain::{CommitId, Problem, ProjectId};
use swarm_flows::DIFF_HEADING;
use swarm_forge::Forge;
use swarm_store::SystemClock;

use super::run::latest;
use crate::{
    args::PrCommand,
    context::Context,
    door,
    exit::{Exit, Result},
    table::{legible, local},
};

/// More of a diff than this is for a pager on the branch itself.
const MOST_DIFF: usize = 4 << 20;

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    request: types::PullRequest,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

pub(super) async fn run(context: &Context, command: PrCommand) -> Result<Exit> {
    let PrCommand::Show { run, diff } = command;
    let (request, run) = door::reading(context, async |client| {
        let run = latest(client, run).await?;
        Ok((client.pull_request(&run).await?, client.run(&run).await?))
    })
    .await?;
    let diff = if diff { Some(diff_of(context, &run, &request).await?) } else { None };
    context.output.print(&Shown { request, diff }, |shown| {
        let request = &shown.request;
        let mut text = format!(
            "{}\n{} · head {} · {}\n\n{}",
            legible(&request.title),
            legible(&request.reference),
            request.head,
            local(request.updated_at),
            legible(without_diff(&request.body)),
        );
        if let Some(diff) = &shown.diff {
            text.push_str("\n\n");
            text.push_str(&legible(diff));
        }
        text
    })?;
    Ok(Exit::Done)
}

/// The text up to the diff, which `--diff` shows whole.
fn without_diff(body: &str) -> &str {
    body.split(&format!("\n{DIFF_HEADING}\n")).next().unwrap_or(body).trim_end()
}

/// The whole diff, from the mirror in the data folder.
async fn diff_of(context: &Context, run: &types::Run, request: &types::PullRequest) -> Result<String> {
    let missing = || {
        let next = "run the command with the --data of the server that made it";
        Problem::new("pr.no_diff", "the commits of this pull request are not in this data folder", next)
    };
    let project = ProjectId::parse(run.project.as_str()).map_err(|_| missing())?;
    let base = run.base.as_deref().ok_or_else(missing)?;
    let base = CommitId::parse(base).map_err(|_| missing())?;
    let head = CommitId::parse(request.head.as_str()).map_err(|_| missing())?;
    let forge = Forge::open(&context.data()?, Arc::new(SystemClock));
    let mirror = forge.known(&project).await.map_err(|error| error.problem())?.ok_or_else(missing)?;
    let diff = mirror.diff(&base, &head, MOST_DIFF).await.map_err(|error| error.problem())?;
    Ok(if diff.truncated { format!("{}\n(cut here: the diff is longer)", diff.text) } else { diff.text })
}
