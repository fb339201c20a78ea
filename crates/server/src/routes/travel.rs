//! Going back in time: replays, forks, steps, and two runs side by side.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use swarm_domain::{
    RunId,
    run_diff::{Edit, RunDiff, StepDetail},
};
use utoipa::ToSchema;

use super::Accepted;
use crate::{
    app::{App, By},
    extract::{Body, InPath},
    refusal::Reply,
};

/// Where a run is to begin again, and with what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFork {
    /// The step, by its position in the log: what comes up to it is played, what comes after it happens anew.
    pub at: u64,
    /// What takes the place of the words at that step.
    #[serde(default)]
    pub edit: Option<Edit>,
    /// Models for what comes after, in order of preference; those of the run when empty.
    #[serde(default)]
    pub models: Vec<String>,
}

/// Plays a settled run again from its journal, without a model. The new run proves, or disproves, what the journal says:
/// compare the two when it has settled.
#[utoipa::path(post, path = "/api/runs/{run}/replay", tag = "runs",
    params(("run" = RunId, Path, description = "The run to play.")),
    responses((status = ACCEPTED, description = "The new run's id.", body = Accepted)))]
pub(crate) async fn replay_run(
    State(app): State<App>,
    By(asker): By,
    InPath(run): InPath<RunId>,
) -> Reply<(StatusCode, Json<Accepted>)> {
    let id = app.flows.replay(&asker, &run).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { id: id.into() })))
}

/// Starts again from a step of a run. The run itself stays as it is.
#[utoipa::path(post, path = "/api/runs/{run}/fork", tag = "runs", request_body = NewFork,
    params(("run" = RunId, Path, description = "The run to fork.")),
    responses((status = ACCEPTED, description = "The new run's id.", body = Accepted)))]
pub(crate) async fn fork_run(
    State(app): State<App>,
    By(asker): By,
    InPath(run): InPath<RunId>,
    Body(NewFork { at, edit, models }): Body<NewFork>,
) -> Reply<(StatusCode, Json<Accepted>)> {
    let id = app.flows.fork(&asker, &run, at, edit.as_ref(), models).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { id: id.into() })))
}

/// Shows a step of a run: what it says, and what of it can be edited in a fork.
#[utoipa::path(get, path = "/api/runs/{run}/steps/{step}", tag = "runs",
    params(
        ("run" = RunId, Path, description = "The run."),
        ("step" = u64, Path, description = "The step's position in the log."),
    ),
    responses((status = OK, description = "The step.", body = StepDetail)))]
pub(crate) async fn step(
    State(app): State<App>,
    InPath((run, step)): InPath<(RunId, u64)>,
) -> Reply<Json<StepDetail>> {
    Ok(Json(app.flows.step_detail(&run, step).await?))
}

/// Compares two runs: what they came to, where they part, and the code.
#[utoipa::path(get, path = "/api/runs/{run}/diff/{other}", tag = "runs",
    params(
        ("run" = RunId, Path, description = "The first run."),
        ("other" = RunId, Path, description = "The second run."),
    ),
    responses((status = OK, description = "The comparison.", body = RunDiff)))]
pub(crate) async fn diff_runs(
    State(app): State<App>,
    InPath((run, other)): InPath<(RunId, RunId)>,
) -> Reply<Json<RunDiff>> {
    Ok(Json(app.flows.diff(&run, &other).await?))
}
