//! Sandboxes: which there are, and what people do with them. An id may be a sandbox's own or that of the attempt that it is
//! for.

#![allow(unused_qualifications, reason = "utoipa's macro writes them for query parameters")]

mod shown;

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use swarm_domain::SandboxId;
use swarm_flows::vms::Line;
use utoipa::IntoParams;

use shown::{
    Vm, VmConsole, VmElsewhere, VmEnded, VmExec, VmList, VmMaybeToken, VmSnapshot, VmSnapshotList, VmTaken,
    VmToken,
};

use crate::{
    app::{App, By},
    extract::{Body, InPath, InQuery},
    refusal::Reply,
};

/// Lines of a console where nothing is said, and at the most.
const LINES: usize = 50;
const MOST_LINES: usize = 1_000;

/// Lines of a console that are shown with a sandbox.
const LAST: usize = 5;

/// How much of a console.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Lines {
    /// The last so many lines of each, at most 1000; 50 where absent.
    lines: Option<usize>,
}

/// What shows that the sandbox was taken over by whoever asks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WithToken {
    /// As it came with the takeover; absent where nobody took it over.
    token: Option<String>,
}

/// Lists the sandboxes of this process, and who has those of the other attempts that are under way.
#[utoipa::path(get, path = "/api/vms", tag = "vms",
    responses((status = OK, description = "The sandboxes.", body = VmList)))]
pub(crate) async fn vms(State(app): State<App>) -> Reply<Json<VmList>> {
    let items = app.flows.vms().await.into_iter().map(Vm::from).collect();
    let elsewhere = app.flows.vms_elsewhere().await?.into_iter().map(VmElsewhere::from).collect();
    Ok(Json(VmList { items, elsewhere }))
}

/// Shows a sandbox.
#[utoipa::path(get, path = "/api/vms/{vm}", tag = "vms",
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt.")),
    responses((status = OK, description = "The sandbox.", body = Vm)))]
pub(crate) async fn vm(State(app): State<App>, InPath(id): InPath<SandboxId>) -> Reply<Json<Vm>> {
    let shown = app.flows.vm(&id).await?;
    let console = app.flows.vm_tail(&shown.id, LAST).await.map(|tail| tail.console).unwrap_or_default();
    Ok(Json(Vm { console, ..Vm::from(shown) }))
}

/// The last lines that were said in and by a sandbox.
#[utoipa::path(get, path = "/api/vms/{vm}/console", tag = "vms",
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt."), Lines),
    responses((status = OK, description = "The last lines.", body = VmConsole)))]
pub(crate) async fn vm_console(
    State(app): State<App>,
    InPath(id): InPath<SandboxId>,
    InQuery(of): InQuery<Lines>,
) -> Reply<Json<VmConsole>> {
    let lines = of.lines.unwrap_or(LINES).min(MOST_LINES);
    Ok(Json(app.flows.vm_tail(&id, lines).await?.into()))
}

/// Runs a line in a sandbox, between the commands of its work, and writes down who ran what. Giving up the request ends it.
#[utoipa::path(post, path = "/api/vms/{vm}/exec", tag = "vms", request_body = VmExec,
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt.")),
    responses((status = OK, description = "How it ended, whatever its exit code.", body = VmEnded)))]
pub(crate) async fn exec_vm(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<SandboxId>,
    Body(exec): Body<VmExec>,
) -> Reply<Json<VmEnded>> {
    let line = Line {
        command: exec.command,
        cwd: exec.cwd.unwrap_or_default(),
        stdin: exec.stdin.unwrap_or_default(),
        wall: exec.wall_ms.map(Duration::from_millis),
        token: exec.token,
    };
    Ok(Json(app.flows.vm_exec(&asker, &id, line).await?.into()))
}

/// Takes a sandbox over: its work waits from its next command on, until it is handed back, gets no sign of life any more, or
/// the time is over.
#[utoipa::path(post, path = "/api/vms/{vm}/takeover", tag = "vms",
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt.")),
    responses((status = CREATED, description = "It is taken over.", body = VmTaken)))]
pub(crate) async fn take_over_vm(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<SandboxId>,
) -> Reply<(StatusCode, Json<VmTaken>)> {
    Ok((StatusCode::CREATED, Json(app.flows.take_over_vm(&asker, &id).await?.into())))
}

/// A sign of life of who took a sandbox over.
#[utoipa::path(post, path = "/api/vms/{vm}/takeover/renew", tag = "vms", request_body = VmToken,
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt.")),
    responses((status = OK, description = "It is theirs on.", body = VmTaken)))]
pub(crate) async fn renew_vm(
    State(app): State<App>,
    InPath(id): InPath<SandboxId>,
    Body(shown): Body<VmToken>,
) -> Reply<Json<VmTaken>> {
    Ok(Json(app.flows.renew_vm(&id, &shown.token).await?.into()))
}

/// Hands a sandbox back: its work goes on.
#[utoipa::path(post, path = "/api/vms/{vm}/takeover/end", tag = "vms", request_body = VmToken,
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt.")),
    responses((status = NO_CONTENT, description = "It is handed back.")))]
pub(crate) async fn hand_back_vm(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<SandboxId>,
    Body(shown): Body<VmToken>,
) -> Reply<StatusCode> {
    app.flows.hand_back_vm(&asker, &id, &shown.token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes a sandbox down as it is, between two commands: its files, its memory where it has one of its own, and where the
/// log stands.
#[utoipa::path(post, path = "/api/vms/{vm}/snapshot", tag = "vms", request_body = VmMaybeToken,
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt.")),
    responses((status = CREATED, description = "What was written.", body = VmSnapshot)))]
pub(crate) async fn snapshot_vm(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<SandboxId>,
    Body(shown): Body<VmMaybeToken>,
) -> Reply<(StatusCode, Json<VmSnapshot>)> {
    let snapshot = app.flows.snapshot_vm(&asker, &id, shown.token.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(snapshot.into())))
}

/// Makes a sandbox of its own, from a snapshot or from a sandbox as it is now. It ends when nobody uses it for a while.
#[utoipa::path(post, path = "/api/vms/{vm}/fork", tag = "vms", request_body = VmMaybeToken,
    params(("vm" = SandboxId, Path, description = "The id of a snapshot, of a sandbox, or of its attempt.")),
    responses((status = CREATED, description = "The new sandbox.", body = Vm)))]
pub(crate) async fn fork_vm(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<SandboxId>,
    Body(shown): Body<VmMaybeToken>,
) -> Reply<(StatusCode, Json<Vm>)> {
    let fork = app.flows.fork_vm(&asker, &id, shown.token.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(fork.into())))
}

/// Lists what was written down of sandboxes on the server's machine and is still there.
#[utoipa::path(get, path = "/api/snapshots", tag = "vms",
    responses((status = OK, description = "The snapshots.", body = VmSnapshotList)))]
pub(crate) async fn snapshots(State(app): State<App>) -> Reply<Json<VmSnapshotList>> {
    let items = app.flows.snapshots().await.into_iter().map(VmSnapshot::from).collect();
    Ok(Json(VmSnapshotList { items }))
}

/// Ends a sandbox with whatever runs in it. Its work does the step again in another one.
#[utoipa::path(delete, path = "/api/vms/{vm}", tag = "vms",
    params(("vm" = SandboxId, Path, description = "Its id, or that of its attempt."), WithToken),
    responses((status = NO_CONTENT, description = "It is gone.")))]
pub(crate) async fn stop_vm(
    State(app): State<App>,
    By(asker): By,
    InPath(id): InPath<SandboxId>,
    InQuery(shown): InQuery<WithToken>,
) -> Reply<StatusCode> {
    app.flows.stop_vm(&asker, &id, shown.token.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}
