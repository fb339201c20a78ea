//! What an earlier run's work is worth to a run of a later version of the spec.
//!
//! The run begins on the earlier one's branch, where that is ahead of the repository. A ticket that asks for nothing
//! new is carried once its acceptance commands have passed there; from then on the merge train proves it with the
//! rest. Where another ticket's work breaks it, it is opened again.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use swarm_domain::{
    AttemptId, CommitId, EventBody, Problem, RequirementId, RunId, TicketId,
    carry::{self as carry_rules, Candidate, Done, Leftover, candidates, leftovers},
    event::CheckStage,
    finding::{Finding, FindingCode},
    graph,
    plan::Plan,
    run::RunOptions,
    skeleton::ProposedTicket,
    spec::{
        Spec,
        delta::{DeltaCounts, SpecDelta},
    },
    ticket::{Risk, Ticket, TicketCheck, TicketState},
};
use swarm_forge::{Base, ForgeError, Mirror};
use swarm_store::{FindingRow, PlanRow, SpecRow, TicketRow};

use crate::{
    build::Frame,
    error::FlowError,
    merge::{self, Frame as MergeFrame},
    parts::{Parts, of_ticket, part},
    validate::acceptance::{self, Judged},
};

/// An earlier run, as a later version of its spec sees it.
pub(crate) struct Earlier {
    pub(crate) delta: SpecDelta,
    pub(crate) plan: Plan,
    pub(crate) done: Vec<Done>,
}

/// What a plan can take over from an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuation {
    /// The run.
    pub run: RunId,
    /// How the spec differs from that run's.
    pub counts: DeltaCounts,
    /// The tickets that nobody has to work on, if their acceptance commands still pass.
    pub carried: Vec<TicketId>,
    /// What is asked for no more.
    pub leftovers: Vec<Leftover>,
}

/// What an earlier plan leaves to be decided anew, and what it decided for good.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The tickets that stay.
    pub(crate) proposed: Vec<ProposedTicket>,
    /// What a model wrote into them.
    pub(crate) described: Vec<Described>,
    /// The model that drew up the earlier plan.
    pub(crate) model: String,
}

/// The words of a ticket that stays.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Described {
    requirements: Vec<RequirementId>,
    title: String,
    description: String,
    risk: Risk,
}

impl Kept {
    /// Whether a requirement has its ticket already.
    pub(crate) fn has(&self, id: &RequirementId) -> bool {
        self.proposed.iter().any(|ticket| ticket.requirements.iter().any(|kept| kept == id.as_str()))
    }

    /// Gives a ticket the words that it had. False where it is another ticket.
    pub(crate) fn describe(&self, ticket: &mut Ticket) -> bool {
        let Some(known) = self.described.iter().find(|known| known.requirements == ticket.requirements)
        else {
            return false;
        };
        ticket.title.clone_from(&known.title);
        ticket.description.clone_from(&known.description);
        ticket.risk = ticket.risk.max(known.risk);
        true
    }
}

/// Reads an earlier run.
pub(crate) async fn earlier(parts: &Parts, run: &RunId, spec: &Spec) -> Result<Earlier, FlowError> {
    let tenant = &parts.config.tenant;
    let row = parts.store.run(tenant, run).await?;
    let was = parts.store.spec(tenant, &row.spec).await?.spec;
    let tickets = parts.store.tickets(tenant, run).await?;
    let done = tickets.into_iter().map(|row| Done {
        merged: row.merged.filter(|_| row.state == TicketState::Merged),
        ticket: row.ticket,
    });
    Ok(Earlier {
        delta: SpecDelta::between(&was, spec),
        plan: parts.plan(&row.plan).await?,
        done: done.collect(),
    })
}

/// The options of a new run, with the run that it continues: the newest settled one of another version of the spec.
pub(crate) async fn continued(
    parts: &Parts,
    plan: &PlanRow,
    options: RunOptions,
) -> Result<RunOptions, FlowError> {
    let tenant = &parts.config.tenant;
    let continues = match options.continues {
        _ if options.fresh => None,
        Some(run) => {
            let row = parts.store.run(tenant, &run).await?;
            if row.project != plan.project || !row.state.is_settled() {
                let detail =
                    format!("{run} cannot be gone on from: it is of another project, or still works");
                let next = "name a settled run of the same project; `swarm run list` shows them";
                return Err(FlowError::Final(Problem::new("run.not_continuable", detail, next)));
            }
            Some(run)
        }
        None => {
            let spec = parts.store.spec(tenant, &plan.spec).await?;
            parts.store.run_to_continue(tenant, &spec).await?
        }
    };
    Ok(RunOptions { continues, ..options })
}

/// The tickets of an earlier run that still wait for a person although a later version of the spec asks for nothing that
/// they serve, each with the reason.
pub(crate) async fn obsolete(
    parts: &Parts,
    run: &RunId,
    spec: &SpecRow,
) -> Result<Vec<(TicketId, String)>, FlowError> {
    let earlier = earlier(parts, run, &spec.spec).await?;
    let gone = carry_rules::obsolete(&earlier.delta, &earlier.done);
    let mut found = Vec::new();
    for row in parts.store.tickets(&parts.config.tenant, run).await? {
        let is_open = row.state.then(TicketState::Cancelled).is_ok();
        if let Some(ticket) = gone.iter().find(|ticket| ticket.id == row.id).filter(|_| is_open) {
            let served: Vec<_> = ticket.requirements.iter().map(ToString::to_string).collect();
            let (served, id) = (served.join(", "), &spec.id);
            found.push((
                row.id,
                format!("version {} of the spec ({id}) asks for {served} no more", spec.version),
            ));
        }
    }
    Ok(found)
}

/// What a run of this plan would take over.
pub(crate) async fn continuation(parts: &Parts, row: &PlanRow) -> Result<Option<Continuation>, FlowError> {
    let tenant = &parts.config.tenant;
    let Some(plan) = &row.plan else { return Ok(None) };
    let spec = parts.store.spec(tenant, &row.spec).await?;
    let Some(run) = parts.store.run_to_continue(tenant, &spec).await? else { return Ok(None) };
    let earlier = earlier(parts, &run, &spec.spec).await?;
    let carried = candidates(plan, &earlier.delta, &earlier.done).into_iter().map(|c| c.ticket);
    Ok(Some(Continuation {
        run,
        counts: earlier.delta.counts(),
        carried: carried.collect(),
        leftovers: leftovers(&earlier.delta, &earlier.done),
    }))
}

/// What the plan of the newest run keeps its sense for: a model is asked only for the rest.
pub(crate) async fn kept(parts: &Parts, spec: &SpecRow) -> Result<Kept, FlowError> {
    let Some(run) = parts.store.run_to_continue(&parts.config.tenant, spec).await? else {
        return Ok(Kept::default());
    };
    let Earlier { delta, plan, .. } = earlier(parts, &run, &spec.spec).await?;
    let now: std::collections::HashMap<_, _> =
        delta.unchanged().into_iter().map(|(now, was)| (was.clone(), now.clone())).collect();
    let mut kept = Kept { model: plan.model, ..Kept::default() };
    for ticket in plan.tickets {
        let renamed: Option<Vec<RequirementId>> =
            ticket.requirements.iter().map(|id| now.get(id).cloned()).collect();
        let Some(requirements) = renamed else { continue };
        kept.proposed.push(ProposedTicket {
            title: ticket.title.clone(),
            requirements: requirements.iter().map(ToString::to_string).collect(),
            files: ticket.touches.iter().filter(|glob| !glob.contains(['*', '?', '['])).cloned().collect(),
            kind: String::from(if ticket.capability == swarm_domain::agent::Capability::Test {
                "test"
            } else {
                "code"
            }),
        });
        // Words that name requirements by other names are made anew.
        if requirements == ticket.requirements {
            kept.described.push(Described {
                requirements,
                title: ticket.title,
                description: ticket.description,
                risk: ticket.risk,
            });
        }
    }
    Ok(kept)
}

/// Where a run begins that goes on from `earlier`: on that run's branch, if that has everything that the repository
/// has; else in the repository.
pub(crate) async fn base(mirror: &Mirror, base: Base, earlier: &RunId) -> Result<Base, FlowError> {
    let head = match mirror.head(earlier).await {
        Err(ForgeError::NotFound { .. }) => return Ok(base),
        head => head?,
    };
    let ahead = mirror.is_ancestor(&base.commit, &head).await?;
    Ok(if ahead { Base { commit: head, branch: base.branch } } else { base })
}

/// Carries each ticket that asks for nothing new, once its acceptance commands have passed where the run begins. What
/// does not pass there is work like any other: somebody else changed it, or it never came this far.
pub(crate) async fn carry(
    parts: &Parts,
    frame: &Frame,
    run: &RunId,
    from: &RunId,
    base: &CommitId,
) -> Result<(), FlowError> {
    let earlier = earlier(parts, from, &frame.spec).await?;
    for Candidate { ticket, commit } in candidates(&frame.plan, &earlier.delta, &earlier.done) {
        let Some(ticket) = frame.plan.ticket(&ticket) else { continue };
        let checks: Vec<&TicketCheck> = ticket.acceptance.iter().collect();
        let judged = Judged {
            project: &frame.project,
            run,
            ticket: &ticket.id,
            attempt: &AttemptId::of(&ticket.id, 0),
            commit: base,
            stage: CheckStage::Merge,
            number: 1,
        };
        let findings = acceptance::judge(parts, &judged, &checks, &frame.spec.fixtures).await?;
        if checks.is_empty() || !findings.is_empty() {
            tracing::info!(%run, ticket = %ticket.id, "what an earlier run did does not hold here");
            continue;
        }
        let key = ["run", run.as_str(), ticket.id.as_str(), "carried"];
        let body = EventBody::TicketCarried { from: from.clone(), commit };
        let subject = of_ticket(&frame.project, run, &ticket.id);
        match parts.record(&key, part("scheduler"), subject, body).await {
            // Given up by a person meanwhile.
            Err(error) if error.problem().code == "store.not_allowed" => {}
            recorded => drop(recorded?),
        }
    }
    Ok(())
}

/// A carried ticket that does not hold on top of a candidate's work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Reopening {
    /// Which.
    pub(crate) ticket: TicketId,
    /// The candidate.
    pub(crate) by: AttemptId,
    /// What showed it.
    pub(crate) finding: Finding,
}

/// Parts what a proof found into the faults of the candidates that stand in it, and the carried tickets that are to be
/// opened again because of them.
///
/// A ticket that builds on a candidate's is opened at once: what it builds on was changed on purpose. Any other is
/// the author's to keep whole, who is told so once; if it breaks again, the two cannot be had together as they are.
pub(crate) async fn excused(
    parts: &Parts,
    frame: &MergeFrame,
    standing: &[&merge::Candidate],
    tickets: &[TicketRow],
    findings: Vec<Finding>,
) -> Result<(Vec<Finding>, Vec<Reopening>), FlowError> {
    let carried = |finding: &Finding| {
        let id = finding.requirement.as_ref()?;
        let row = tickets.iter().find(|row| row.ticket.requirements.contains(id))?;
        let ours = standing.iter().any(|candidate| candidate.ticket == row.id);
        (!ours && row.carried.is_some() && row.state == TicketState::Merged).then_some(row)
    };
    let broken: Option<Vec<(&TicketRow, &Finding)>> =
        findings.iter().map(|finding| Some((carried(finding)?, finding))).collect();
    let Some(broken) = broken.filter(|broken| !broken.is_empty()) else { return Ok((findings, Vec::new())) };
    let mut told: Vec<Vec<FindingRow>> = Vec::new();
    for candidate in standing {
        told.push(parts.store.findings(&parts.config.tenant, &frame.run, Some(&candidate.ticket)).await?);
    }
    let graph = graph::of_tickets(&frame.plan.tickets);
    let opened = |(row, finding): &(&TicketRow, &Finding)| {
        let was_told = |told: &[FindingRow]| {
            told.iter().any(|known| {
                known.finding.code == FindingCode::MergeRed
                    && known.finding.requirement == finding.requirement
            })
        };
        // The last that may be the cause: the ones below it were proven without.
        let (cause, _) = standing
            .iter()
            .zip(&told)
            .rev()
            .find(|(candidate, told)| graph.reaches(&row.id, &candidate.ticket) || was_told(told))?;
        Some(Reopening { ticket: row.id.clone(), by: cause.attempt.clone(), finding: (*finding).clone() })
    };
    let opened: Option<Vec<Reopening>> = broken.iter().map(opened).collect();
    Ok(opened.map_or((findings, Vec::new()), |opened| (Vec::new(), opened)))
}

/// Opens carried tickets again, now that the branch holds what they do not hold on top of. The ones that it opened.
pub(crate) async fn reopen(
    parts: &Parts,
    frame: &MergeFrame,
    broken: &[Reopening],
) -> Result<Vec<Reopening>, FlowError> {
    let run = frame.run.as_str();
    for (index, Reopening { ticket, by, finding }) in broken.iter().enumerate() {
        let subject = of_ticket(&frame.project, &frame.run, ticket);
        let index = index.to_string();
        let key = ["run", run, ticket.as_str(), "broken-by", by.as_str(), &index];
        let body = EventBody::FindingRaised { finding: finding.clone() };
        parts.record(&key, part("merge-train"), subject, body).await?;
    }
    let mut seen = HashSet::new();
    for Reopening { ticket, by, .. } in broken.iter().filter(|opened| seen.insert(&opened.ticket)) {
        let Some(cause) = frame.candidates.iter().find(|candidate| &candidate.attempt == by) else {
            continue;
        };
        let key = ["run", run, ticket.as_str(), "reopened"];
        let body = EventBody::TicketReopened { by: cause.ticket.clone() };
        parts.record(&key, part("merge-train"), of_ticket(&frame.project, &frame.run, ticket), body).await?;
    }
    Ok(broken.to_vec())
}

/// The tickets that wait with something found in them that no attempt of theirs did: what was opened again, and what
/// broke it.
pub(crate) async fn waiting_again(
    parts: &Parts,
    run: &RunId,
) -> Result<Vec<(TicketId, Vec<Finding>)>, FlowError> {
    let tenant = &parts.config.tenant;
    let mut waiting = Vec::new();
    for row in parts.store.tickets(tenant, run).await? {
        if row.state == TicketState::Waiting && row.attempt == 0 {
            let findings = parts.store.findings(tenant, run, Some(&row.id)).await?;
            if !findings.is_empty() {
                waiting.push((row.id, findings.into_iter().map(|row| row.finding).collect()));
            }
        }
    }
    Ok(waiting)
}
