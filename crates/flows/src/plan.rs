//! The plan: a skeleton first, then each ticket filled in on its own, then the lint and the price.
//!
//! A model proposes which requirements go together and how to put it; ids, order, scope and acceptance commands are
//! computed from the spec. A proposal that cannot be read is not needed: the computed skeleton stands in, and the plan
//! says so.

use serde::{Deserialize, Serialize};
use swarm_agents::{
    Agent, MAX_RE_ASKS, Misread, read_skeleton, read_ticket, skeleton_portions, skeleton_request,
    ticket_request,
};
use swarm_domain::{
    EventBody, PlanId, Problem, ProjectId, SpecId,
    agent::Capability,
    estimate::{self, Estimate, Price},
    lint::{self, Lint, Severity},
    plan::Plan,
    run::RunOptions,
    skeleton::{self, ProposedSkeleton},
    spec::Spec,
    ticket::Ticket,
};
use swarm_model::{ChatReply, ChatRequest};
use swarm_store::{PlanState, Recordings, SpecRow};

use crate::{
    attempt::agent_for,
    calls::{self, Question},
    carry::{self, Kept},
    engine::{self, Flow},
    error::FlowError,
    parts::{Parts, part},
};

/// Models with a smaller context than this do not fill in tickets. What they add to the spec's own words was seen to
/// contradict them ("but not numbers"), and an author follows the notes.
const WRITES_TICKETS: u32 = 16_384;

/// What a plan's workflow is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PlanInput {
    pub(crate) plan: PlanId,
    pub(crate) spec: SpecId,
    pub(crate) models: Vec<String>,
}

struct Planning<'a> {
    parts: &'a Parts,
    input: &'a PlanInput,
    project: ProjectId,
    spec: Spec,
    kept: Kept,
    /// Whether no plan of this spec failed before: the same words would fail the same way.
    is_first: bool,
}

/// Draws up a plan.
pub(crate) async fn plan(parts: Parts, input: PlanInput) -> Flow<PlanId> {
    let row = engine::patiently(&parts, || spec(&parts, &input.spec)).await?;
    // The first version of a spec has nothing to keep.
    let kept = match &row.previous {
        Some(_) => engine::step(&parts, "kept", || carry::kept(&parts, &row)).await?,
        None => Kept::default(),
    };
    let is_first = engine::patiently(&parts, || none_failed(&parts, &input.spec)).await?;
    let planning =
        Planning { parts: &parts, input: &input, project: row.project, spec: row.spec, kept, is_first };
    let body = match planning.draw_up().await? {
        Ok(plan) => EventBody::PlanProposed { plan },
        Err(FlowError::Cancelled) => return Err(FlowError::Cancelled.into()),
        Err(error) => EventBody::PlanFailed { plan: input.plan.clone(), problem: error.problem() },
    };
    engine::step(&parts, "propose", || async {
        let body = match body.clone() {
            EventBody::PlanProposed { plan } => {
                EventBody::PlanProposed { plan: planning.looked_back(plan).await? }
            }
            failed => failed,
        };
        let key = ["plan", input.plan.as_str(), "proposed"];
        parts.record(&key, part("planner"), calls::of_plan(&planning.project), body).await.map(drop)
    })
    .await?;
    Ok(input.plan)
}

async fn spec(parts: &Parts, id: &SpecId) -> Result<SpecRow, FlowError> {
    Ok(parts.store.spec(&parts.config.tenant, id).await?)
}

async fn none_failed(parts: &Parts, id: &SpecId) -> Result<bool, FlowError> {
    let plans = parts.store.plans(&parts.config.tenant).await?;
    Ok(!plans.iter().any(|plan| plan.spec == *id && plan.state == PlanState::Failed))
}

impl Planning<'_> {
    async fn draw_up(&self) -> Flow<Result<Plan, FlowError>> {
        let (skeleton, model) = match self.skeleton().await? {
            Ok(found) => found,
            Err(error) => return Ok(Err(error)),
        };
        let mut tickets = Vec::new();
        for mut ticket in skeleton.tickets {
            if self.kept.describe(&mut ticket) {
                tickets.push(ticket);
                continue;
            }
            match self.fill_in(&mut ticket).await? {
                Ok(()) => tickets.push(ticket),
                Err(error) => return Ok(Err(error)),
            }
        }
        let plan = Plan {
            id: self.input.plan.clone(),
            spec: self.input.spec.clone(),
            estimate: self.estimate(&tickets)?,
            tickets,
            model,
        };
        let lints = lint::lint(&plan, &self.spec);
        Ok(if lint::is_blocked(&lints) { Err(FlowError::Final(blocked(&lints))) } else { Ok(plan) })
    }

    fn models<'a>(&'a self, agent: &'a Agent) -> &'a [String] {
        self.parts.models(&self.input.models, agent)
    }

    async fn skeleton(&self) -> Flow<Result<(skeleton::Skeleton, String), FlowError>> {
        let agent = agent_for(self.parts, Capability::Plan)?;
        let capabilities = self.parts.gateway.capabilities(self.models(&agent)).map_err(FlowError::from);
        let capabilities = match capabilities {
            Ok(capabilities) => capabilities,
            Err(error) => return Ok(Err(error)),
        };
        let mut proposal = ProposedSkeleton { tickets: self.kept.proposed.clone() };
        let mut model = self.kept.model.clone();
        for (number, portion) in skeleton_portions(&agent, &self.open(), capabilities).iter().enumerate() {
            let purpose = if number == 0 { "skeleton".to_owned() } else { format!("skeleton.{number}") };
            let request = skeleton_request(&agent, portion, capabilities);
            let read = |reply: &ChatReply| read_skeleton(reply, portion);
            match self.ask(&agent, &purpose, request, read).await? {
                Ok(Ok((proposed, by))) => {
                    proposal.tickets.extend(proposed.tickets);
                    model = by;
                }
                Ok(Err(misread)) => {
                    tracing::warn!(%misread, "the planner's reply cannot be read; the computed skeleton stands in");
                }
                Err(error) => return Ok(Err(error)),
            }
        }
        if proposal.tickets.is_empty() {
            let model = "computed: the planner's reply could not be read".to_owned();
            return Ok(Ok((skeleton::draft(&self.spec, None), model)));
        }
        Ok(Ok((skeleton::draft(&self.spec, Some(&proposal)), model)))
    }

    /// The spec without the requirements that have their tickets already.
    fn open(&self) -> Spec {
        let mut spec = self.spec.clone();
        spec.requirements.retain(|requirement| !self.kept.has(&requirement.id));
        spec
    }

    /// Fills in one ticket's words. What the model says that cannot be read is left out: the computed words stand.
    async fn fill_in(&self, ticket: &mut Ticket) -> Flow<Result<(), FlowError>> {
        let agent = agent_for(self.parts, Capability::Ticket)?;
        let capabilities = self.parts.gateway.capabilities(self.models(&agent)).map_err(FlowError::from)?;
        if capabilities.context_tokens < WRITES_TICKETS {
            return Ok(Ok(()));
        }
        let request = ticket_request(&agent, ticket, &self.spec, capabilities);
        let read = |reply: &ChatReply| read_ticket(reply, ticket);
        let asked = self.ask(&agent, ticket.id.as_str(), request, read).await?;
        Ok(asked.map(|asked| match asked {
            Ok((text, _)) => text.apply(ticket),
            Err(misread) => {
                tracing::warn!(%misread, ticket = %ticket.id, "the ticket writer's reply cannot be read");
            }
        }))
    }

    /// Asks until the reply can be read, a few times at the most. With the reply comes the model that gave it.
    async fn ask<T>(
        &self,
        agent: &Agent,
        purpose: &str,
        request: ChatRequest,
        read: impl Fn(&ChatReply) -> Result<T, Misread> + Send + Sync,
    ) -> Flow<Result<Result<(T, String), Misread>, FlowError>> {
        let question = Question {
            agent,
            subject: calls::of_plan(&self.project),
            key: calls::plan_key(&self.input.plan, purpose),
            models: self.models(agent),
            re_asks: MAX_RE_ASKS,
            cached: self.is_first,
        };
        calls::ask_until_read(self.parts, &question, request, read).await
    }

    fn estimate(&self, tickets: &[Ticket]) -> Result<Estimate, FlowError> {
        Ok(estimate::estimate(tickets, RunOptions::default().max_attempts, self.price()?.unwrap_or_default()))
    }

    /// What the author's model charges, where that is known.
    fn price(&self) -> Result<Option<Price>, FlowError> {
        let agent = agent_for(self.parts, Capability::Code)?;
        let price = self.parts.gateway.price(self.models(&agent))?;
        Ok(price.map(|price| Price { input: price.input, output: price.output }))
    }

    /// The plan, with what similar work took beside its price.
    async fn looked_back(&self, plan: Plan) -> Result<Plan, FlowError> {
        let history = self.parts.store.history(&self.parts.config.tenant, Recordings::LeftOut).await?;
        let estimate = plan.estimate.with_history(&plan.tickets, &history.tickets, self.price()?);
        Ok(Plan { estimate, ..plan })
    }
}

fn blocked(lints: &[Lint]) -> Problem {
    let stops: Vec<_> = lints.iter().filter(|lint| lint.severity == Severity::Blocking).collect();
    let all: Vec<_> = stops.iter().map(|lint| format!("{}: {}", lint.code, lint.detail)).collect();
    let fix = stops.first().map_or("correct the spec", |lint| lint.fix.as_str());
    Problem::new(
        "plan.blocked",
        all.join("; "),
        format!("{fix}; `swarm plan lint SPEC` checks the spec without a model"),
    )
}
