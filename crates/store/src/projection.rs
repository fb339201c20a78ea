//! The projection: what each event does to the views. One arm an event, run in the transaction of the append and
//! again, on the same words, when the views are drawn anew.
//!
//! It only writes what the event says. Whether the event may follow what was before is asked once, when it is appended
//! ([`guard`](crate::guard)): a rule that is made stricter later must not make an old log unreadable.

use sqlx::PgConnection;
use swarm_domain::{
    AttemptId, Event, EventBody, ProjectId, RunId, TicketId, claim::Returned, ticket::TicketState,
};

use crate::{
    Result, StoreError,
    view::{
        alert, attempt, check, clash, commit, finding, hold, identity, interrupt, measure, model_call, plan,
        project, pull_request, quota, run, secret, spec, ticket, tool_call,
    },
};

/// The tables that the projection writes, and all that a rebuild empties.
pub(crate) const TABLES: [&str; 26] = [
    "projects",
    "specs",
    "plans",
    "runs",
    "tickets",
    "attempts",
    "model_calls",
    "tool_calls",
    "checks",
    "measures",
    "findings",
    "commits",
    "clashes",
    "changes",
    "pull_requests",
    "interrupts",
    "secrets",
    "alerts",
    "holds",
    "quotas",
    "spending",
    "users",
    "invitations",
    "sessions",
    "api_keys",
    "linked_identities",
];

/// Writes what an event says into the views.
#[allow(clippy::too_many_lines, reason = "an arm for each kind of event")]
pub(crate) async fn project(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::ProjectAdded { project, repo } => project::add(conn, event, project, repo).await,
        EventBody::SpecAdded { id, text, spec, previous } => {
            spec::add(conn, event, id, text, spec, previous.as_ref()).await
        }
        EventBody::PlanRequested { plan, spec, models } => {
            plan::request(conn, event, plan, spec, models).await
        }
        EventBody::PlanProposed { plan } => plan::propose(conn, event, plan).await,
        EventBody::PlanFailed { plan, problem } => plan::fail(conn, event, plan, problem).await,
        EventBody::RunStarted { plan, options } => {
            let row = plan::find(conn, &event.tenant, plan).await?;
            run::start(conn, event, &row, options).await?;
            match &row.plan {
                Some(plan) => ticket::add_all(conn, event, plan).await,
                None => Ok(()),
            }
        }
        EventBody::RunBased { base, base_branch, branch } => {
            run::base(conn, event, base, base_branch, branch).await
        }
        EventBody::RunStateChanged { to } => {
            run::change_state(conn, event, to).await?;
            if to.is_settled() { interrupt::withdraw(conn, event).await } else { Ok(()) }
        }
        EventBody::RunBudgetChanged { budget } => run::change_budget(conn, event, *budget).await,
        EventBody::TicketStateChanged { to } => {
            ticket::change_state(conn, event, to).await?;
            if *to == TicketState::Cancelled { interrupt::withdraw(conn, event).await } else { Ok(()) }
        }
        EventBody::TicketHeld { behind, why } => {
            ticket::step(conn, event, &format!("held back behind {behind}:"), why).await
        }
        EventBody::AttemptStarted { number, agent, .. } => {
            ticket::begin_attempt(conn, event, *number, agent).await?;
            attempt::start(conn, event).await
        }
        EventBody::WorkOffered { .. } => ticket::step(conn, event, "waits for a worker", "").await,
        EventBody::WorkClaimed { worker, .. } => ticket::step(conn, event, "held by", worker.as_str()).await,
        EventBody::WorkReturned { worker, how, spend, .. } => {
            let step = if *how == Returned::GivenBack { "given back by" } else { "returned by" };
            ticket::step(conn, event, step, worker.as_str()).await?;
            model_call::spend(conn, event, spend).await
        }
        EventBody::ClaimExpired { worker, .. } => ticket::step(conn, event, "lost by", worker.as_str()).await,
        EventBody::AttemptFinished { outcome, disk_bytes } => {
            attempt::finish(conn, event, outcome, *disk_bytes).await
        }
        EventBody::ModelCalled { .. } => model_call::add(conn, event).await,
        EventBody::ToolCalled { tool, about, .. } => {
            ticket::step(conn, event, tool, about).await?;
            tool_call::add(conn, event).await
        }
        EventBody::SandboxTakenOver { sandbox } => {
            ticket::step(conn, event, "a person took over", sandbox.as_str()).await
        }
        EventBody::SandboxHandedBack { sandbox, .. } => {
            ticket::step(conn, event, "goes on in", sandbox.as_str()).await
        }
        EventBody::CheckRun { .. } => check::add(conn, event).await,
        EventBody::CodeMeasured { commit, measures, .. } => measure::add(conn, event, commit, measures).await,
        EventBody::FindingRaised { finding } => finding::add(conn, event, finding).await,
        EventBody::Committed { commit, files, added, removed } => {
            commit::add(conn, event, commit, [*files, *added, *removed]).await
        }
        EventBody::Clashed { files, others, .. } => clash::add(conn, event, files, others).await,
        EventBody::Merged { commit, requirements, partial, paths } => {
            clash::changed(conn, event, paths).await?;
            if *partial {
                ticket::checkpoint(conn, event, requirements).await?;
            }
            ticket::merge(conn, event, commit).await
        }
        EventBody::TicketCarried { from, commit } => ticket::carry(conn, event, from, commit).await,
        EventBody::TicketReopened { .. } => ticket::reopen(conn, event).await,
        EventBody::PullRequestOpened { reference, title, body, head } => {
            pull_request::open(conn, event, reference, title, body, head).await
        }
        EventBody::InterruptRaised { interrupt } => {
            let about = format!("{} {}", interrupt.kind.words(), interrupt.id);
            ticket::step(conn, event, "waits for a person:", &about).await?;
            interrupt::raise(conn, event, interrupt).await
        }
        EventBody::InterruptRouted { .. }
        | EventBody::InterruptAnswered { .. }
        | EventBody::InterruptDelegated { .. }
        | EventBody::InterruptReminded { .. }
        | EventBody::InterruptEscalated { .. }
        | EventBody::InterruptExpired { .. } => interrupt::change(conn, event).await,
        EventBody::SecretSet { .. }
        | EventBody::SecretRotated { .. }
        | EventBody::SecretRemoved { .. }
        | EventBody::SecretUsed { .. } => secret::change(conn, event).await,
        EventBody::AlertRaised { .. } | EventBody::AlertEnded { .. } => alert::change(conn, event).await,
        EventBody::HoldSet { hold, scope, reason } => hold::set(conn, event, hold, scope, reason).await,
        EventBody::HoldLifted { hold, .. } => hold::lift(conn, event, hold).await,
        EventBody::QuotaSet { scope, quota } => quota::set(conn, event, scope, quota.as_ref()).await,
        EventBody::UserAdded { .. }
        | EventBody::UserVerified { .. }
        | EventBody::UserRoleChanged { .. }
        | EventBody::UserDisabled { .. }
        | EventBody::PasswordChanged { .. }
        | EventBody::IdentityLinked { .. }
        | EventBody::IdentityUnlinked { .. }
        | EventBody::SecondFactorSet { .. }
        | EventBody::SecondFactorRemoved { .. }
        | EventBody::RecoveryCodesMade { .. }
        | EventBody::RecoveryCodeUsed { .. }
        | EventBody::PasskeyAdded { .. }
        | EventBody::PasskeyRemoved { .. }
        | EventBody::UserInvited { .. }
        | EventBody::InvitationWithdrawn { .. }
        | EventBody::SessionBegun { .. }
        | EventBody::SessionEnded { .. }
        | EventBody::KeyMade { .. }
        | EventBody::KeyRotated { .. }
        | EventBody::KeyRevoked { .. } => identity::change(conn, event).await,
        // Read from the log itself: what follows from them comes as an event of its own.
        // Who works just now stands in a table that is no view: it is about processes, not about work.
        EventBody::TestsProbed { .. }
        | EventBody::HunksTried { .. }
        | EventBody::SandboxCommandRun { .. }
        | EventBody::SandboxStopped { .. }
        | EventBody::SandboxSnapshotTaken { .. }
        | EventBody::SandboxForked { .. }
        | EventBody::ChangeJudged { .. }
        | EventBody::AttemptStuck { .. }
        | EventBody::SurveyAsked { .. }
        | EventBody::SurveyEnded { .. }
        | EventBody::SecretsRekeyed { .. }
        | EventBody::StepFailed { .. }
        | EventBody::AccessDenied { .. }
        | EventBody::AuditRead { .. }
        | EventBody::ContentsPurged { .. }
        | EventBody::BudgetReached { .. }
        | EventBody::PersonAsked { .. }
        | EventBody::NodeJoined { .. }
        | EventBody::NodeLost { .. }
        | EventBody::NodeLeft { .. } => Ok(()),
    }
}

/// The project that an event is about.
pub(crate) fn project_of(event: &Event) -> Result<&ProjectId> {
    event.subject.project.as_ref().ok_or_else(|| lacks(event, "project"))
}

/// The run that an event is about.
pub(crate) fn run_of(event: &Event) -> Result<&RunId> {
    event.subject.run.as_ref().ok_or_else(|| lacks(event, "run"))
}

/// The ticket that an event is about.
pub(crate) fn ticket_of(event: &Event) -> Result<&TicketId> {
    event.subject.ticket.as_ref().ok_or_else(|| lacks(event, "ticket"))
}

/// The attempt that an event is about.
pub(crate) fn attempt_of(event: &Event) -> Result<&AttemptId> {
    event.subject.attempt.as_ref().ok_or_else(|| lacks(event, "attempt"))
}

fn lacks(event: &Event, what: &str) -> StoreError {
    StoreError::InvalidEvent { kind: event.body.name(), detail: format!("its subject names no {what}") }
}
