//! Claims: attempts that are offered to workers elsewhere. The rules are the domain's ([`Standing`]); here a row is
//! locked, the rule is asked, and the row and the event that says so are written in one transaction.
//!
//! Locks are taken in one order: a claim's row first, the chain of the event log after it.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, postgres::PgRow};
use swarm_domain::{
    Actor, AttemptId, BlobHash, ClaimId, EventBody, IdempotencyKey, NewEvent, NodeId, ProjectId, RunId,
    Subject, TenantId, TicketId,
    claim::{ClaimRefusal, ClaimState, Reported, Returned, Standing, Terms},
    lease::{FencingToken, Lease, Seat},
};

use crate::{
    Result, Store, StoreError,
    column::{Columns, to_word, whole},
    view::not_found,
};

/// An attempt that is to be offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The project.
    pub project: ProjectId,
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The attempt.
    pub attempt: AttemptId,
    /// What a worker must have to take it.
    pub labels: Vec<String>,
    /// What the worker is told, by its hash.
    pub brief: BlobHash,
    /// On which terms.
    pub terms: Terms,
}

/// An offered attempt, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRow {
    /// Its id.
    pub id: ClaimId,
    /// The offer.
    pub offer: Offer,
    /// Where it stands.
    pub standing: Standing,
    /// When it was offered.
    pub offered_at: DateTime<Utc>,
    /// Since when it stands as it does.
    pub since: DateTime<Utc>,
    /// The database's time when it was read.
    pub now: DateTime<Utc>,
}

impl ClaimRow {
    /// Who has it now.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.standing.seat.lease().filter(|_| self.standing.state == ClaimState::Claimed)
    }

    fn event(&self, tenant: &TenantId, actor: Actor, what: &str, body: EventBody) -> NewEvent {
        let Offer { project, run, ticket, attempt, .. } = &self.offer;
        let token = self.standing.seat.token().to_string();
        NewEvent {
            tenant: tenant.clone(),
            actor,
            subject: Subject {
                project: Some(project.clone()),
                run: Some(run.clone()),
                ticket: Some(ticket.clone()),
                attempt: Some(attempt.clone()),
            },
            key: IdempotencyKey::of(&["claim", self.id.as_str(), what, &token]),
            correlation: None,
            body,
        }
    }
}

fn read(row: &PgRow) -> Result<ClaimRow> {
    let columns = Columns::of("claims", row);
    let token = FencingToken::new(columns.count("token")?);
    let lease = match (columns.id_or_none::<NodeId>("holder")?, columns.time_or_none("expires")?) {
        (Some(holder), Some(expires)) => Some(Lease { holder, token, expires }),
        _ => None,
    };
    Ok(ClaimRow {
        id: columns.id("id")?,
        offer: Offer {
            project: columns.id("project")?,
            run: columns.id("run")?,
            ticket: columns.id("ticket")?,
            attempt: columns.id("attempt")?,
            labels: columns.texts("labels")?,
            brief: columns.id("brief")?,
            terms: Terms {
                lease_seconds: columns.small("lease_seconds")?,
                max_expiries: columns.small("max_expiries")?,
            },
        },
        standing: Standing {
            state: columns.word("state")?,
            seat: Seat::stored(token, lease),
            expiries: columns.small("expiries")?,
            result: columns.id_or_none("result")?,
        },
        offered_at: columns.time("offered_at")?,
        since: columns.time("since")?,
        now: columns.time("now")?,
    })
}

/// What a change of a claim says to the log.
struct Said {
    actor: Actor,
    what: &'static str,
    body: EventBody,
}

/// What comes of asking a rule: the next standing with what is to be said of it, or a refusal.
type Ruled = std::result::Result<(Standing, Option<Said>), ClaimRefusal>;

impl Store {
    /// Offers an attempt; the same attempt again finds the offer that is there. One of a ticket that was given up is refused,
    /// also where that happens in the same moment.
    pub async fn offer_claim(&self, tenant: &TenantId, offer: &Offer) -> Result<ClaimRow> {
        let id = ClaimId::of(&offer.run, &offer.attempt);
        let mut tx = self.pool().begin().await?;
        let fresh = sqlx::query(
            "INSERT INTO swarm.claims (tenant, id, project, run, ticket, attempt, labels, state, lease_seconds,
                                       max_expiries, brief)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $10) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .bind(offer.project.as_str())
        .bind(offer.run.as_str())
        .bind(offer.ticket.as_str())
        .bind(offer.attempt.as_str())
        .bind(&offer.labels)
        .bind(i64::from(offer.terms.lease_seconds))
        .bind(i64::from(offer.terms.max_expiries))
        .bind(offer.brief.as_str())
        .execute(&mut *tx)
        .await?
        .rows_affected();
        let row = lock(&mut tx, tenant, &id).await?;
        if fresh > 0 {
            let body = EventBody::WorkOffered { claim: id, labels: offer.labels.clone() };
            let event = row.event(tenant, scheduler(), "offered", body);
            self.append_within(&mut tx, &[event]).await?;
        }
        tx.commit().await?;
        Ok(row)
    }

    /// Gives the oldest attempt that waits for a worker with these labels to it; nothing where none waits. Of many who
    /// ask at once, each gets another one: a row that somebody looks at is passed over. What a ticket still offers that
    /// was given up, because who gave it up died before it was withdrawn, is given to nobody.
    pub async fn take_claim(
        &self,
        tenant: &TenantId,
        worker: &NodeId,
        labels: &[String],
    ) -> Result<Option<ClaimRow>> {
        loop {
            let mut tx = self.pool().begin().await?;
            let found = sqlx::query(
                "SELECT *, clock_timestamp() AS now FROM swarm.claims c
                 WHERE tenant = $1 AND labels <@ $2
                   AND (state = 'open' OR (state = 'claimed' AND expires <= clock_timestamp()))
                   AND NOT EXISTS (SELECT FROM swarm.tickets t WHERE t.tenant = c.tenant AND t.run = c.run
                                   AND t.id = c.ticket AND t.state = 'cancelled')
                 ORDER BY offered_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
            )
            .bind(tenant.as_str())
            .bind(labels)
            .fetch_optional(&mut *tx)
            .await?;
            let Some(found) = found else { return Ok(None) };
            let row = self.in_time(&mut tx, tenant, read(&found)?).await?;
            let taken = row.standing.take(worker, row.now, row.offer.terms).map(|standing| {
                let claim = row.id.clone();
                let body =
                    EventBody::WorkClaimed { claim, worker: worker.clone(), token: standing.seat.token() };
                (standing, Some(Said { actor: of(worker), what: "claimed", body }))
            });
            let taken = self.rule(&mut tx, tenant, row, taken).await?;
            tx.commit().await?;
            // Refused where its last lease just ran out: then it is settled, and the next one is looked at.
            if let Ok(row) = taken {
                return Ok(Some(row));
            }
        }
    }

    /// The holder's sign of life.
    pub async fn renew_claim(
        &self,
        tenant: &TenantId,
        id: &ClaimId,
        token: FencingToken,
    ) -> Result<ClaimRow> {
        self.change_claim(tenant, id, |row| {
            let renewed = row.standing.renew(token, row.now, row.offer.terms)?;
            Ok((renewed, None))
        })
        .await
    }

    /// The holder gives it back unfinished; another may take it at once.
    pub async fn give_back_claim(
        &self,
        tenant: &TenantId,
        id: &ClaimId,
        token: FencingToken,
        reported: &Reported,
    ) -> Result<ClaimRow> {
        self.change_claim(tenant, id, |row| {
            let back = row.standing.give_back(token)?;
            Ok((back, returned(row, Returned::GivenBack, None, reported)))
        })
        .await
    }

    /// The holder returns its work, by its hash. The same work again changes nothing.
    pub async fn settle_claim(
        &self,
        tenant: &TenantId,
        id: &ClaimId,
        token: FencingToken,
        result: (Returned, &BlobHash),
        reported: &Reported,
    ) -> Result<ClaimRow> {
        let (how, work) = result;
        self.change_claim(tenant, id, |row| {
            let (settled, first) = row.standing.settle(token, work)?;
            let said = if first { returned(row, how, Some(work), reported) } else { None };
            Ok((settled, said))
        })
        .await
    }

    /// A claim as it stands now. A lease that ran out is taken back on the way, and a claim whose ticket was given up
    /// is withdrawn.
    pub async fn look_at_claim(&self, tenant: &TenantId, id: &ClaimId) -> Result<ClaimRow> {
        let row = sqlx::query(
            "SELECT c.*, clock_timestamp() AS now, t.state = 'cancelled' AS given_up FROM swarm.claims c
             JOIN swarm.tickets t ON t.tenant = c.tenant AND t.run = c.run AND t.id = c.ticket
             WHERE c.tenant = $1 AND c.id = $2",
        )
        .bind(tenant.as_str())
        .bind(id.as_str())
        .fetch_optional(self.pool())
        .await?
        .ok_or_else(|| not_found("claim", id))?;
        let given_up = Columns::of("claims", &row).flag("given_up")?;
        let row = read(&row)?;
        let overdue = row.lease().is_some_and(|lease| lease.has_run_out(row.now));
        if row.standing.state.is_settled() || !(given_up || overdue) {
            return Ok(row);
        }
        self.change_claim(tenant, id, |row| {
            let standing = row.standing.clone();
            Ok((if given_up { standing.withdraw() } else { standing }, None))
        })
        .await
    }

    /// Withdraws what is offered of a ticket that was given up.
    pub async fn withdraw_claims(&self, tenant: &TenantId, run: &RunId, ticket: &TicketId) -> Result<()> {
        let mut tx = self.pool().begin().await?;
        let rows = sqlx::query(
            "SELECT *, clock_timestamp() AS now FROM swarm.claims
             WHERE tenant = $1 AND run = $2 AND ticket = $3 AND state IN ('open', 'claimed') ORDER BY id FOR UPDATE",
        )
        .bind(tenant.as_str())
        .bind(run.as_str())
        .bind(ticket.as_str())
        .fetch_all(&mut *tx)
        .await?;
        for row in &rows {
            let row = self.in_time(&mut tx, tenant, read(row)?).await?;
            let withdrawn = (row.standing.clone().withdraw(), None);
            self.rule(&mut tx, tenant, row, Ok(withdrawn)).await?.map_err(StoreError::Claim)?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What is offered and not settled, of one run or of all, the oldest first.
    pub async fn claims(&self, tenant: &TenantId, run: Option<&RunId>) -> Result<Vec<ClaimRow>> {
        let rows = sqlx::query(
            "SELECT *, clock_timestamp() AS now FROM swarm.claims c
             WHERE tenant = $1 AND state IN ('open', 'claimed') AND ($2::text IS NULL OR run = $2)
               AND NOT EXISTS (SELECT FROM swarm.tickets t WHERE t.tenant = c.tenant AND t.run = c.run
                               AND t.id = c.ticket AND t.state = 'cancelled')
             ORDER BY offered_at, id",
        )
        .bind(tenant.as_str())
        .bind(run.map(RunId::as_str))
        .fetch_all(self.pool())
        .await?;
        rows.iter().map(read).collect()
    }

    async fn change_claim(
        &self,
        tenant: &TenantId,
        id: &ClaimId,
        rule: impl FnOnce(&ClaimRow) -> Ruled,
    ) -> Result<ClaimRow> {
        let mut tx = self.pool().begin().await?;
        let row = lock(&mut tx, tenant, id).await?;
        let row = self.in_time(&mut tx, tenant, row).await?;
        let ruled = rule(&row);
        let changed = self.rule(&mut tx, tenant, row, ruled).await?;
        // Also where the worker is refused: that its lease ran out stays.
        tx.commit().await?;
        changed.map_err(StoreError::Claim)
    }

    /// Takes a lease back that ran out, and says so.
    async fn in_time(&self, tx: &mut PgConnection, tenant: &TenantId, row: ClaimRow) -> Result<ClaimRow> {
        let (standing, lost) = row.standing.clone().at(row.now, row.offer.terms);
        let said = lost.map(|Lease { holder, token, .. }| {
            let body = EventBody::ClaimExpired { claim: row.id.clone(), worker: holder, token };
            Said { actor: scheduler(), what: "expired", body }
        });
        self.rule(tx, tenant, row, Ok((standing, said))).await?.map_err(StoreError::Claim)
    }

    async fn rule(
        &self,
        tx: &mut PgConnection,
        tenant: &TenantId,
        mut row: ClaimRow,
        ruled: Ruled,
    ) -> Result<std::result::Result<ClaimRow, ClaimRefusal>> {
        let (standing, said) = match ruled {
            Ok(ruled) => ruled,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if standing != row.standing {
            row.since = write(tx, tenant, &row, &standing).await?;
            row.standing = standing;
        }
        if let Some(Said { actor, what, body }) = said {
            self.append_within(tx, &[row.event(tenant, actor, what, body)]).await?;
        }
        Ok(Ok(row))
    }
}

fn scheduler() -> Actor {
    Actor::System { part: "scheduler".to_owned() }
}

fn of(worker: &NodeId) -> Actor {
    Actor::System { part: format!("worker {worker}") }
}

fn returned(row: &ClaimRow, how: Returned, work: Option<&BlobHash>, reported: &Reported) -> Option<Said> {
    let lease = row.standing.seat.lease()?;
    let body = EventBody::WorkReturned {
        claim: row.id.clone(),
        worker: lease.holder.clone(),
        token: lease.token,
        how,
        work: work.cloned(),
        spend: reported.spend,
        models: reported.models.clone(),
    };
    Some(Said { actor: of(&lease.holder), what: "returned", body })
}

async fn lock(conn: &mut PgConnection, tenant: &TenantId, id: &ClaimId) -> Result<ClaimRow> {
    let row = sqlx::query(
        "SELECT *, clock_timestamp() AS now FROM swarm.claims WHERE tenant = $1 AND id = $2 FOR UPDATE",
    )
    .bind(tenant.as_str())
    .bind(id.as_str())
    .fetch_optional(conn)
    .await?;
    read(&row.ok_or_else(|| not_found("claim", id))?)
}

/// Writes where a claim stands; since when, unless only its lease was renewed, is now.
async fn write(
    conn: &mut PgConnection,
    tenant: &TenantId,
    row: &ClaimRow,
    next: &Standing,
) -> Result<DateTime<Utc>> {
    let lease = next.seat.lease();
    let since = if next.state == row.standing.state { row.since } else { row.now };
    sqlx::query(
        "UPDATE swarm.claims SET state = $3, token = $4, holder = $5, expires = $6, expiries = $7, result = $8,
                since = $9
         WHERE tenant = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(row.id.as_str())
    .bind(to_word("claims.state", &next.state)?)
    .bind(whole(next.seat.token().get()))
    .bind(lease.map(|lease| lease.holder.as_str()))
    .bind(lease.map(|lease| lease.expires))
    .bind(i64::from(next.expiries))
    .bind(next.result.as_ref().map(BlobHash::as_str))
    .bind(since)
    .execute(conn)
    .await?;
    Ok(since)
}
