//! The desk that workers elsewhere come to: they take work, show that they live, and return it.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use swarm_domain::{
    ClaimId, NodeId, Problem, RunId,
    claim::{ClaimState, Reported, Returned, Work, WorkBrief, WorkFault},
    lease::FencingToken,
    scope::Scope,
};
use swarm_store::ClaimRow;

use super::{Parcel, workspace};
use crate::{
    demand::{self, Demand},
    error::FlowError,
    service::Flows,
};

/// A wake-up can be lost: who waits for work looks anyway, this often.
const LOOK: Duration = Duration::from_secs(1);

/// How long a lease lasts from now, and how often its holder should show that it lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which claim.
    pub claim: ClaimId,
    /// What each write must show.
    pub token: FencingToken,
    /// When the lease runs out, by the database's clock.
    pub expires_at: DateTime<Utc>,
    /// After so many seconds the next sign of life is due.
    pub heartbeat_seconds: u32,
}

/// Work that a worker took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// Its lease.
    pub kept: Kept,
    /// What to do.
    pub brief: WorkBrief,
}

impl Kept {
    fn of(row: &ClaimRow) -> Result<Self, FlowError> {
        let lease = row
            .lease()
            .ok_or_else(|| FlowError::internal("the claim", format!("{} has no lease", row.id)))?;
        Ok(Self {
            claim: row.id.clone(),
            token: lease.token,
            expires_at: lease.expires,
            heartbeat_seconds: (row.offer.terms.lease_seconds / 3).max(1),
        })
    }
}

impl Flows {
    /// Gives a worker with these labels the oldest attempt that waits for one. Where none does, waits for one to come,
    /// for `wait` at the most and within the configured bound.
    pub async fn claim_work(
        &self,
        worker: &NodeId,
        labels: &[String],
        wait: Duration,
    ) -> Result<Option<Claimed>, Problem> {
        let parts = self.parts();
        let longest = Duration::from_secs(parts.config.claims.longest_poll_seconds.into());
        let end = Instant::now() + wait.min(longest);
        let mut growth = parts.store.growth();
        loop {
            let taken = parts.store.take_claim(&parts.config.tenant, worker, labels).await;
            if let Some(row) = taken.map_err(|error| error.problem())? {
                let claimed = async {
                    Ok::<_, FlowError>(Claimed {
                        kept: Kept::of(&row)?,
                        brief: parts.load(&row.offer.brief).await?,
                    })
                };
                return claimed.await.map(Some).map_err(|error| error.problem());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            growth.wait(left.min(LOOK)).await;
        }
    }

    /// A worker shows that it lives.
    pub async fn keep_claim(&self, claim: &ClaimId, token: FencingToken) -> Result<Kept, Problem> {
        let parts = self.parts();
        let row =
            parts.store.renew_claim(&parts.config.tenant, claim, token).await.map_err(|e| e.problem())?;
        Kept::of(&row).map_err(|error| error.problem())
    }

    /// A worker gives its claim back unfinished.
    pub async fn give_back(
        &self,
        claim: &ClaimId,
        token: FencingToken,
        reported: &Reported,
    ) -> Result<(), Problem> {
        let parts = self.parts();
        reported.check().map_err(|fault| fault.problem())?;
        let given = parts.store.give_back_claim(&parts.config.tenant, claim, token, reported).await;
        given.map(drop).map_err(|error| error.problem())
    }

    /// A worker returns its work, whole or not at all. The same work again is taken as the first time; work that does
    /// not fit is refused, and the claim stays with its holder.
    pub async fn return_work(
        &self,
        claim: &ClaimId,
        token: FencingToken,
        work: Work,
        reported: Reported,
    ) -> Result<(), Problem> {
        let parts = self.parts();
        let tenant = &parts.config.tenant;
        let row = parts.store.look_at_claim(tenant, claim).await.map_err(|error| error.problem())?;
        if row.standing.state == ClaimState::Claimed && row.standing.seat.may_write(token).is_ok() {
            self.check(&row, &work, &reported).await?;
        }
        let how = if matches!(work, Work::Done { .. }) { Returned::Done } else { Returned::Failed };
        let parcel = Parcel { work, reported };
        let kept = parts.keep(&parcel).await.map_err(|error| error.problem())?;
        let settled = parts.store.settle_claim(tenant, claim, token, (how, &kept), &parcel.reported).await;
        settled.map(drop).map_err(|error| error.problem())
    }

    async fn check(&self, row: &ClaimRow, work: &Work, reported: &Reported) -> Result<(), Problem> {
        let parts = self.parts();
        reported.check().map_err(|fault| fault.problem())?;
        let brief: WorkBrief = parts.load(&row.offer.brief).await.map_err(|error| error.problem())?;
        let touches = &brief.ticket.touches;
        let scope = Scope::new(touches).map_err(|error| error.problem())?;
        work.check(&scope).map_err(|fault| fault.problem())?;
        let Work::Done { files, .. } = work else { return Ok(()) };
        let offer = &row.offer;
        let refused = async {
            let mirror = parts.mirror(&offer.project).await?;
            let root = mirror.worktree(&offer.run, &offer.attempt, &brief.base).await?.path;
            let workspace = workspace(&parts.config, &offer.run, &offer.attempt, &root, touches)?;
            let files = files.clone();
            let looked = tokio::task::spawn_blocking(move || {
                files.iter().find_map(|file| workspace.admits(file).transpose()).transpose()
            });
            Ok::<_, FlowError>(looked.await.map_err(|error| FlowError::internal("returned files", error))??)
        };
        match refused.await.map_err(|error| error.problem())? {
            Some(why) => Err(WorkFault::UnsafePath(why).problem()),
            None => Ok(()),
        }
    }

    /// How much work waits for workers, and is with them.
    pub async fn demand(&self) -> Result<Demand, Problem> {
        demand::demand(self.parts()).await.map_err(|error| error.problem())
    }

    /// What is offered to workers elsewhere and not settled, of one run or of all.
    pub async fn claims(&self, run: Option<&RunId>) -> Result<Vec<ClaimRow>, Problem> {
        let parts = self.parts();
        parts.store.claims(&parts.config.tenant, run).await.map_err(|error| error.problem())
    }
}
