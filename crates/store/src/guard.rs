//! The guard: whether an event may follow what was before. Asked once, behind the lock of the chain, so that two
//! writers who saw the same state cannot both change it.

use sqlx::PgConnection;
use swarm_domain::{Event, EventBody, PlanId, quota::QuotaScope, run::RunState, ticket::TicketState};

use crate::{
    Result, StoreError, identity, projection,
    view::{PlanState, alert, hold, interrupt, not_found, plan, quota, run, secret, ticket},
};

/// Fails where the rules do not know the event, or where what it is about is not known.
#[allow(clippy::too_many_lines, reason = "an arm for each kind of event")]
pub(crate) async fn may_follow(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let tenant = &event.tenant;
    match &event.body {
        EventBody::ProjectAdded { project, .. } => absent(conn, event, "project", project.as_str()).await,
        EventBody::SpecAdded { id, previous, .. } => {
            present(conn, event, "project", projection::project_of(event)?.as_str()).await?;
            if let Some(previous) = previous {
                present(conn, event, "spec", previous.as_str()).await?;
            }
            absent(conn, event, "spec", id.as_str()).await
        }
        EventBody::PlanRequested { plan, spec, .. } => {
            present(conn, event, "spec", spec.as_str()).await?;
            absent(conn, event, "plan", plan.as_str()).await
        }
        EventBody::PlanProposed { plan } => requested(conn, event, &plan.id, "proposed").await,
        EventBody::PlanFailed { plan, .. } => requested(conn, event, plan, "failed").await,
        EventBody::RunStarted { plan, options } => {
            let row = plan::find(conn, tenant, plan).await?;
            if row.state != PlanState::Proposed {
                return Err(not_allowed(format!("plan {plan}"), row.state.name(), "run"));
            }
            absent(conn, event, "run", projection::run_of(event)?.as_str()).await?;
            quota::run_may_begin(conn, tenant, &row.project, options.key.as_ref()).await
        }
        EventBody::RunStateChanged { to } => {
            let row = run::find(conn, tenant, projection::run_of(event)?).await?;
            run_may_become(&row.state, to)
                .map_err(|()| not_allowed(format!("run {}", row.id), row.state.name(), to.name()))?;
            match to {
                RunState::Running => {
                    quota::run_may_begin(conn, tenant, &row.project, row.options.key.as_ref()).await
                }
                _ => Ok(()),
            }
        }
        EventBody::RunBudgetChanged { .. } => {
            let row = run::find(conn, tenant, projection::run_of(event)?).await?;
            if row.state.is_settled() || interrupt::plan_was_edited(conn, tenant, &row.id).await? {
                return Ok(());
            }
            Err(not_allowed(format!("run {}", row.id), row.state.name(), "given another budget"))
        }
        EventBody::TicketStateChanged { to } => {
            let run = projection::run_of(event)?;
            let row = ticket::find(conn, tenant, run, projection::ticket_of(event)?).await?;
            let next = row.state.then(to.clone());
            next.map(drop).map_err(|e| not_allowed(format!("ticket {} of {run}", row.id), e.from, e.to))
        }
        EventBody::AttemptStarted { .. } => {
            let id = projection::attempt_of(event)?;
            ticket::find(conn, tenant, projection::run_of(event)?, projection::ticket_of(event)?).await?;
            if attempt_exists(conn, event).await? { Err(already("attempt", id)) } else { Ok(()) }
        }
        EventBody::WorkOffered { .. } => may_be_offered(conn, event).await,
        EventBody::AttemptFinished { .. } | EventBody::CodeMeasured { .. } => {
            attempt_is_known(conn, event).await
        }
        EventBody::TicketCarried { from, .. } => {
            run::find(conn, tenant, from).await?;
            let row =
                ticket::find(conn, tenant, projection::run_of(event)?, projection::ticket_of(event)?).await?;
            if row.state == TicketState::Waiting {
                return Ok(());
            }
            Err(not_allowed(format!("ticket {}", row.id), row.state.name(), "carried"))
        }
        EventBody::TicketReopened { .. } => may_reopen(conn, event).await,
        EventBody::SurveyAsked { .. } | EventBody::SurveyEnded { .. } => {
            present(conn, event, "project", projection::project_of(event)?.as_str()).await
        }
        EventBody::SecretSet { .. } | EventBody::SecretRotated { .. } | EventBody::SecretRemoved { .. } => {
            secret_may_change(conn, event).await
        }
        EventBody::AlertRaised { .. } | EventBody::AlertEnded { .. } => alert::may_change(conn, event).await,
        EventBody::InterruptRaised { .. }
        | EventBody::InterruptRouted { .. }
        | EventBody::InterruptAnswered { .. }
        | EventBody::InterruptDelegated { .. }
        | EventBody::InterruptReminded { .. }
        | EventBody::InterruptEscalated { .. }
        | EventBody::InterruptExpired { .. } => interrupt::may_follow(conn, event).await,
        EventBody::QuotaSet { scope: QuotaScope::Project { project }, .. } => {
            present(conn, event, "project", project.as_str()).await
        }
        EventBody::QuotaSet { .. } => Ok(()),
        EventBody::HoldSet { .. } | EventBody::HoldLifted { .. } => hold_may_change(conn, event).await,
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
        | EventBody::KeyRevoked { .. } => identity::may_follow(conn, event).await,
        EventBody::RunBased { .. }
        | EventBody::ModelCalled { .. }
        | EventBody::ToolCalled { .. }
        | EventBody::SandboxTakenOver { .. }
        | EventBody::SandboxCommandRun { .. }
        | EventBody::SandboxHandedBack { .. }
        | EventBody::SandboxStopped { .. }
        | EventBody::SandboxSnapshotTaken { .. }
        | EventBody::SandboxForked { .. }
        | EventBody::CheckRun { .. }
        | EventBody::TestsProbed { .. }
        | EventBody::HunksTried { .. }
        | EventBody::ChangeJudged { .. }
        | EventBody::AttemptStuck { .. }
        | EventBody::WorkClaimed { .. }
        | EventBody::WorkReturned { .. }
        | EventBody::ClaimExpired { .. }
        | EventBody::FindingRaised { .. }
        | EventBody::Committed { .. }
        | EventBody::TicketHeld { .. }
        | EventBody::Clashed { .. }
        | EventBody::Merged { .. }
        | EventBody::PullRequestOpened { .. }
        | EventBody::NodeJoined { .. }
        | EventBody::NodeLost { .. }
        | EventBody::NodeLeft { .. }
        | EventBody::SecretUsed { .. }
        | EventBody::SecretsRekeyed { .. }
        | EventBody::StepFailed { .. }
        | EventBody::AccessDenied { .. }
        | EventBody::AuditRead { .. }
        | EventBody::ContentsPurged { .. }
        | EventBody::BudgetReached { .. }
        | EventBody::PersonAsked { .. } => subject_is_known(conn, event).await,
    }
}

/// Asked behind the lock of the chain: an offer comes before the word that gives its ticket up, and is withdrawn with it,
/// or it does not come.
async fn may_be_offered(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let (run, ticket) = (projection::run_of(event)?, projection::ticket_of(event)?);
    let row = ticket::find(conn, &event.tenant, run, ticket).await?;
    if row.state == TicketState::Cancelled {
        return Err(not_allowed(format!("ticket {}", row.id), row.state.name(), "offered"));
    }
    Ok(())
}

async fn attempt_is_known(conn: &mut PgConnection, event: &Event) -> Result<()> {
    if attempt_exists(conn, event).await? {
        Ok(())
    } else {
        Err(not_found("attempt", projection::attempt_of(event)?))
    }
}

/// Only what was carried over can turn out not to hold.
async fn may_reopen(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let (run, id) = (projection::run_of(event)?, projection::ticket_of(event)?);
    let row = ticket::find(conn, &event.tenant, run, id).await?;
    if row.carried.is_some() && row.state == TicketState::Merged {
        return Ok(());
    }
    Err(not_allowed(format!("ticket {}", row.id), row.state.name(), "reopened"))
}

/// A secret is set for a project that is known, and changed where it was set.
async fn secret_may_change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    match &event.body {
        EventBody::SecretRotated { secret: id, .. } | EventBody::SecretRemoved { secret: id } => {
            secret::find(conn, &event.tenant, id).await.map(drop)
        }
        EventBody::SecretSet { secret, .. } => match &secret.project {
            Some(project) => present(conn, event, "project", project.as_str()).await,
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// A name of a hold is used once, and a hold is lifted once.
async fn hold_may_change(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let tenant = &event.tenant;
    match &event.body {
        EventBody::HoldSet { hold, .. } => match hold::find(conn, tenant, hold).await {
            Ok(_) => Err(already("hold", hold)),
            Err(StoreError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        },
        EventBody::HoldLifted { hold, .. } if hold::find(conn, tenant, hold).await?.holds() => Ok(()),
        EventBody::HoldLifted { hold, .. } => Err(not_allowed(format!("hold {hold}"), "lifted", "lifted")),
        _ => Ok(()),
    }
}

/// A settled run can be taken up again, and one that waits for a person can be given up. Taking up a run that works
/// is refused: of two people who ask for it at once, one is told.
fn run_may_become(from: &RunState, to: &RunState) -> Result<(), ()> {
    match (from, to) {
        (RunState::Running, RunState::Running) => Err(()),
        (RunState::Running, _)
        | (_, RunState::Running)
        | (RunState::NeedsPerson { .. }, RunState::Cancelled) => Ok(()),
        _ => Err(()),
    }
}

async fn requested(conn: &mut PgConnection, event: &Event, id: &PlanId, to: &'static str) -> Result<()> {
    match plan::find(conn, &event.tenant, id).await?.state {
        PlanState::Requested => Ok(()),
        state => Err(not_allowed(format!("plan {id}"), state.name(), to)),
    }
}

async fn subject_is_known(conn: &mut PgConnection, event: &Event) -> Result<()> {
    let Some(run) = &event.subject.run else {
        return Ok(());
    };
    match &event.subject.ticket {
        Some(id) => ticket::find(conn, &event.tenant, run, id).await.map(drop),
        None => run::find(conn, &event.tenant, run).await.map(drop),
    }
}

async fn absent(conn: &mut PgConnection, event: &Event, kind: &'static str, id: &str) -> Result<()> {
    if exists(conn, event, kind, id).await? { Err(already(kind, id)) } else { Ok(()) }
}

async fn present(conn: &mut PgConnection, event: &Event, kind: &'static str, id: &str) -> Result<()> {
    if exists(conn, event, kind, id).await? { Ok(()) } else { Err(not_found(kind, id)) }
}

async fn exists(conn: &mut PgConnection, event: &Event, kind: &'static str, id: &str) -> Result<bool> {
    let query = match kind {
        "project" => "SELECT EXISTS (SELECT FROM swarm.projects WHERE tenant = $1 AND id = $2)",
        "spec" => "SELECT EXISTS (SELECT FROM swarm.specs WHERE tenant = $1 AND id = $2)",
        "plan" => "SELECT EXISTS (SELECT FROM swarm.plans WHERE tenant = $1 AND id = $2)",
        _ => "SELECT EXISTS (SELECT FROM swarm.runs WHERE tenant = $1 AND id = $2)",
    };
    Ok(sqlx::query_scalar(query).bind(event.tenant.as_str()).bind(id).fetch_one(conn).await?)
}

async fn attempt_exists(conn: &mut PgConnection, event: &Event) -> Result<bool> {
    let exists = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM swarm.attempts WHERE tenant = $1 AND run = $2 AND id = $3)",
    )
    .bind(event.tenant.as_str())
    .bind(projection::run_of(event)?.as_str())
    .bind(projection::attempt_of(event)?.as_str())
    .fetch_one(conn)
    .await?;
    Ok(exists)
}

fn already(kind: &'static str, id: impl std::fmt::Display) -> StoreError {
    StoreError::Exists { kind, id: id.to_string() }
}

fn not_allowed(what: String, from: &'static str, to: &'static str) -> StoreError {
    StoreError::NotAllowed { what, from, to }
}

#[cfg(test)]
mod tests {
    use swarm_domain::Problem;

    use super::*;

    #[test]
    fn a_run_that_works_is_not_taken_up_a_second_time() {
        assert!(run_may_become(&RunState::Running, &RunState::Running).is_err());
        assert!(run_may_become(&RunState::Done, &RunState::Cancelled).is_err());
        assert!(run_may_become(&RunState::Cancelled, &RunState::Running).is_ok());
        let waits = RunState::NeedsPerson { problem: Problem::new("x.y", "", "") };
        assert!(run_may_become(&waits, &RunState::Running).is_ok());
        assert!(run_may_become(&waits, &RunState::Cancelled).is_ok());
        assert!(run_may_become(&waits, &RunState::Done).is_err());
    }
}
