//! What past work says: about the price of a plan, about who should make an attempt, about how long a step may take.
//!
//! Read inside of steps only: the history grows, and what followed from it must be in the journal.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use swarm_agents::Agent;
use swarm_domain::{
    AttemptId, RunId,
    agent::Capability,
    bandit,
    choice::{Arm, ChoicePolicy, ChoiceReason},
    deadline::{self, DeadlineRule, LearnedDeadline},
    hindsight::{self, Gate},
    history::{AttemptFact, WorkKind},
    objective::ObjectiveStanding,
};
use swarm_store::{History, Recordings};

use crate::{choice, claim::ANY_MODEL, error::FlowError, parts::Parts, ticket::Frame};

/// How deadlines are learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeadlineConfig {
    /// Whether they are; else only the limits hold.
    pub learned: bool,
    /// The P95 of similar steps times this, in percent.
    pub factor_percent: u32,
    /// The shortest deadline of a command, in milliseconds.
    pub command_floor_ms: u64,
    /// The shortest deadline of a model call, in milliseconds.
    pub model_floor_ms: u64,
    /// Deadlines of kinds of commands, in milliseconds, instead of the learned ones: `"cargo test" = 300000`. An agent's
    /// own limit still holds.
    pub commands: BTreeMap<String, u64>,
}

impl Default for DeadlineConfig {
    fn default() -> Self {
        Self {
            learned: true,
            factor_percent: 200,
            command_floor_ms: 10_000,
            model_floor_ms: 60_000,
            commands: BTreeMap::new(),
        }
    }
}

impl DeadlineConfig {
    /// The deadline of a kind of command, going by how long its newest runs took: what is set for it, else what is
    /// learned, and below the limit.
    pub(crate) fn of_command(&self, kind: &str, millis: Vec<u64>, limit: u64) -> Option<LearnedDeadline> {
        let rule = DeadlineRule { factor_percent: self.factor_percent, floor_millis: self.command_floor_ms };
        match self.commands.get(kind) {
            Some(&soft_millis) => {
                let samples = u32::try_from(millis.len()).unwrap_or(u32::MAX);
                let p95_millis =
                    deadline::deadline(millis, rule, u64::MAX).map_or(0, |found| found.p95_millis);
                (soft_millis < limit).then_some(LearnedDeadline { samples, p95_millis, soft_millis })
            }
            None if self.learned => deadline::deadline(millis, rule, limit),
            None => None,
        }
    }

    /// How the deadline of a model call follows from its P95.
    pub(crate) fn of_models(&self) -> DeadlineRule {
        DeadlineRule { factor_percent: self.factor_percent, floor_millis: self.model_floor_ms }
    }
}

/// Who makes an attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Chosen {
    /// The agent's name.
    pub(crate) agent: String,
    /// Models in order of preference.
    pub(crate) models: Vec<String>,
    /// Why, where they are not simply the first in line.
    pub(crate) reason: Option<ChoiceReason>,
}

/// What is to be chosen for.
pub(crate) struct Opening<'a> {
    pub(crate) frame: &'a Frame,
    pub(crate) attempt: &'a AttemptId,
    /// Its number in this round, from 1.
    pub(crate) within: u32,
    pub(crate) capability: Capability,
}

/// Chooses agent and models: who used up its error budget stands back, and where past work is known to choose better
/// than the order of the configuration does, it chooses.
pub(crate) async fn choose(parts: &Parts, opening: &Opening<'_>) -> Result<Chosen, FlowError> {
    let offering = parts.catalogue.by_capability(opening.capability);
    let Ranks { able, quarantined } = ranks(parts, offering).await?;
    let first = able.first().ok_or_else(|| FlowError::internal("the choice", "no agent is left"))?;
    let mut chosen = first_in_line(parts, opening, first)?;
    if let Some((agent, standing)) = quarantined {
        let reason = standing.to_string();
        chosen.reason = Some(ChoiceReason::Quarantine { instead_of: agent.name.clone(), reason });
    }
    Ok(learned(parts, opening, &able, &chosen).await?.unwrap_or(chosen))
}

/// An agent, with the models of the ladder.
fn first_in_line(parts: &Parts, opening: &Opening<'_>, agent: &Agent) -> Result<Chosen, FlowError> {
    let policy = parts.models(&opening.frame.options.models, agent);
    let lead = |within| choice::choose(within, 0, policy).models;
    let (before, models) = (lead(opening.within.saturating_sub(1)), lead(opening.within));
    let reason = match before.first() {
        // Which model a worker elsewhere calls is its own affair.
        _ if !opening.frame.options.hands.is_here() => None,
        Some(name) if models.first() != Some(name) => {
            let instead_of = parts.gateway.names(std::slice::from_ref(name))?.into_iter().next();
            Some(ChoiceReason::Ladder { instead_of: instead_of.unwrap_or_else(|| name.clone()) })
        }
        _ => None,
    };
    Ok(Chosen { agent: agent.name.clone(), models, reason })
}

/// What past work chooses, where it may.
async fn learned(
    parts: &Parts,
    opening: &Opening<'_>,
    able: &[Arc<Agent>],
    usual: &Chosen,
) -> Result<Option<Chosen>, FlowError> {
    let needed = parts.config.choice_trials.max(2);
    if parts.config.choice == ChoicePolicy::Fixed || opening.within > bandit::FIRST_ATTEMPTS {
        return Ok(None);
    }
    let mut models = BTreeMap::new();
    for agent in able {
        models.insert(&agent.name, begins_with(parts, opening, agent)?);
    }
    let arms_of = |agent: &Arc<Agent>| {
        let arm = |model: &String| Arm { agent: agent.name.clone(), model: model.clone() };
        models.get(&agent.name).into_iter().flatten().map(arm).collect::<Vec<_>>()
    };
    let mut arms: Vec<Arm> = able.iter().flat_map(arms_of).collect();
    let is_here = opening.frame.options.hands.is_here();
    let lead = if is_here { parts.gateway.names(&usual.models)? } else { vec![ANY_MODEL.to_owned()] };
    let lead = lead.into_iter().next().unwrap_or_default();
    let Some(present) = arms.iter().position(|arm| arm.agent == usual.agent && arm.model == lead) else {
        return Ok(None);
    };
    arms.swap(0, present);
    // The whole history is read only where it could be enough.
    let tenant = &parts.config.tenant;
    if arms.len() < 2 || parts.store.arms_with(tenant, bandit::FIRST_ATTEMPTS, needed).await?.len() < 2 {
        return Ok(None);
    }
    let History { attempts, .. } = parts.store.history(tenant, Recordings::LeftOut).await?;
    let kind = WorkKind::of(&opening.frame.ticket).asked_of(opening.capability);
    let verdict = hindsight::judge(parts.config.choice, &arms, &kind, &attempts, needed);
    if !matches!(verdict.gate, Gate::Open { .. }) {
        return Ok(None);
    }
    let frame = opening.frame;
    let seed = [frame.run.as_str(), frame.ticket.id.as_str(), opening.attempt.as_str()];
    let Some(pick) = bandit::pick(&verdict.known, &seed) else { return Ok(None) };
    let record = &verdict.known[pick.index];
    let reason = ChoiceReason::Learned {
        kind,
        successes: record.successes,
        trials: record.trials,
        mean_usd: record.mean_usd(),
        explored: pick.explored,
        instead_of: (record.arm != arms[0]).then(|| arms[0].clone()),
    };
    if !is_here {
        let (agent, models) = (record.arm.agent.clone(), usual.models.clone());
        return Ok(Some(Chosen { agent, models, reason: Some(reason) }));
    }
    let mut order = models.get(&record.arm.agent).cloned().unwrap_or_default();
    if let Some(lead) = order.iter().position(|model| *model == record.arm.model) {
        order.rotate_left(lead);
    }
    Ok(Some(Chosen { agent: record.arm.agent.clone(), models: order, reason: Some(reason) }))
}

/// The models that an attempt of this agent can begin with, as the log names them. Of work that is made elsewhere only the
/// agent can be chosen: the worker is told its name.
fn begins_with(parts: &Parts, opening: &Opening<'_>, agent: &Agent) -> Result<Vec<String>, FlowError> {
    if !opening.frame.options.hands.is_here() {
        return Ok(vec![ANY_MODEL.to_owned()]);
    }
    Ok(parts.gateway.names(parts.models(&opening.frame.options.models, agent))?)
}

/// Agents that offer the same, sorted by whether they may be chosen.
struct Ranks {
    /// Who may be chosen, best first. Never nobody: where all used up their error budgets, all may.
    able: Vec<Arc<Agent>>,
    /// The first in line, where it may not.
    quarantined: Option<(Arc<Agent>, ObjectiveStanding)>,
}

async fn ranks(parts: &Parts, offering: Vec<Arc<Agent>>) -> Result<Ranks, FlowError> {
    if offering.len() < 2 || offering.iter().all(|agent| agent.objective.is_none()) {
        return Ok(Ranks { able: offering, quarantined: None });
    }
    let history = parts.store.history(&parts.config.tenant, Recordings::LeftOut).await?;
    let standing = |agent: &Agent| standing(parts, agent, &history.attempts);
    let stands_back = |agent: &Arc<Agent>| standing(agent).is_some_and(|standing| standing.quarantined);
    let able: Vec<_> = offering.iter().filter(|agent| !stands_back(agent)).cloned().collect();
    if able.is_empty() {
        return Ok(Ranks { able: offering, quarantined: None });
    }
    let first = offering.into_iter().next().filter(stands_back);
    let quarantined = first.and_then(|agent| standing(&agent).map(|standing| (agent, standing)));
    Ok(Ranks { able, quarantined })
}

/// How an agent stands beside its objective, if it has one.
pub(crate) fn standing(parts: &Parts, agent: &Agent, attempts: &[AttemptFact]) -> Option<ObjectiveStanding> {
    Some(agent.objective?.standing(&agent.name, attempts, parts.clock.now()))
}

/// How long a command may take before it is ended with a word to the agent; none where only the limit holds. Who was
/// told so once in this attempt gets the whole limit.
pub(crate) async fn command_deadline(
    parts: &Parts,
    run: &RunId,
    attempt: &AttemptId,
    line: &str,
    limit: Duration,
) -> Result<Option<LearnedDeadline>, FlowError> {
    let (tenant, config) = (&parts.config.tenant, &parts.config.deadlines);
    let kind = deadline::command_kind(line);
    let set = config.commands.get(&kind).copied();
    if (set.is_none() && !config.learned)
        || parts.store.was_overdue(tenant, run, attempt, "run", line).await?
    {
        return Ok(None);
    }
    let millis = parts.store.tool_times(tenant, "run", line).await?;
    Ok(config.of_command(&kind, millis, millis_of(limit)))
}

/// How long a call by this agent may take at each of these models before the next one, or the next try, has its turn.
pub(crate) async fn model_deadlines(
    parts: &Parts,
    agent: &str,
    models: &[String],
) -> Result<BTreeMap<String, Duration>, FlowError> {
    let mut deadlines = BTreeMap::new();
    let config = &parts.config.deadlines;
    if !config.learned {
        return Ok(deadlines);
    }
    for model in parts.gateway.names(models)? {
        let millis = parts.store.model_times(&parts.config.tenant, &model, agent).await?;
        let limit = millis_of(parts.gateway.deadline());
        if let Some(learned) = deadline::deadline(millis, config.of_models(), limit) {
            deadlines.insert(model, Duration::from_millis(learned.soft_millis));
        }
    }
    Ok(deadlines)
}

pub(crate) fn millis_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
