//! The engine of one lease with the workflows that it runs, and what is begun on it.

use std::sync::{Arc, PoisonError, RwLock};

use swarm_domain::{
    EventBody, IdempotencyKey, PlanId, ProjectId, RunId, SpecId, Subject, SurveyId, TicketId,
    run::{RunOptions, RunState},
    survey::Survey,
};
use swarm_store::PlanState;

use crate::{
    build::{self, BuildInput, Children},
    desks::Desks,
    engine::{self, Engine, EngineConfig, Workflow},
    error::FlowError,
    ground::Grounds,
    merge,
    parts::Parts,
    people,
    plan::{self, PlanInput},
    routing,
    sequence::{self, SequenceRequest},
    survey::{self, SurveyInput},
    ticket,
};

/// An engine and its workflows.
pub(crate) struct Works {
    parts: Parts,
    pub(crate) engine: Engine,
    plan: Workflow<PlanInput, PlanId>,
    build: Workflow<BuildInput, RunState>,
    sequence: Workflow<SequenceRequest, String>,
    survey: Workflow<SurveyInput, ()>,
}

/// The works that count now: a node that lost its lease goes on with others.
#[derive(Clone)]
pub(crate) struct Current(Arc<RwLock<Arc<Works>>>);

impl Current {
    pub(crate) fn new(works: Works) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(works))))
    }

    pub(crate) fn get(&self) -> Arc<Works> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, works: Works) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(works);
    }
}

impl Works {
    /// Makes them. Nothing runs before the engine is launched.
    pub(crate) fn new(parts: &Parts) -> Result<Self, FlowError> {
        let engine = Engine::new(EngineConfig {
            store: parts.store.clone(),
            takes: parts.config.takes.clone(),
            max_agents: parts.config.max_agents,
            poll: std::time::Duration::from_millis(parts.config.poll_ms.max(5)),
        });
        let with = parts.clone();
        let plan = engine.register("plan", move |input| plan::plan(with.clone(), input))?;
        // The engine counts by queue, and a node may listen to several.
        let desks = Desks::new(parts.config.max_agents);
        let grounds = Grounds::default();
        let (with, theirs, on) = (parts.clone(), desks.clone(), grounds.clone());
        let ticket = engine.register("ticket", move |input| {
            ticket::ticket(with.clone(), theirs.clone(), on.clone(), input)
        })?;
        let (with, on) = (parts.clone(), grounds.clone());
        let merge = engine.register("merge", move |input| merge::merge(with.clone(), on.clone(), input))?;
        let with = parts.clone();
        let people = engine.register("people", move |input| people::people(with.clone(), input))?;
        let children = Children { engine: engine.clone(), ticket, merge, people, desks, grounds };
        let with = parts.clone();
        let build =
            engine.register("build", move |input| build::build(with.clone(), children.clone(), input))?;
        let with = parts.clone();
        let sequence = engine.register("sequence", move |input| sequence::sequence(with.clone(), input))?;
        let with = parts.clone();
        let survey = engine.register("survey", move |input| survey::survey(with.clone(), input))?;
        Ok(Self { parts: parts.clone(), engine, plan, build, sequence, survey })
    }

    /// Starts what was asked for but not yet handed to the engine when a process died. What the engine knows is
    /// joined, not started twice, whoever of several nodes comes first.
    pub(crate) async fn take_up(&self) -> Result<(), FlowError> {
        let tenant = &self.parts.config.tenant;
        for plan in self.parts.store.plans(tenant).await? {
            if plan.state == PlanState::Requested {
                let key = IdempotencyKey::of(&["plan", plan.id.as_str(), "requested"]);
                let asked = self.parts.store.event_by_key(tenant, &key).await?;
                if let Some(EventBody::PlanRequested { models, .. }) = asked.map(|event| event.body) {
                    self.start_plan(&plan.id, &plan.spec, models).await?;
                }
            }
        }
        for run in self.parts.store.runs(tenant).await? {
            if run.state == RunState::Running {
                self.start_build(&run.id, run.generation, &run.options).await?;
            }
        }
        for event in self.parts.store.surveys_under_way(tenant).await? {
            if let (EventBody::SurveyAsked { survey, what }, Some(project)) =
                (event.body, event.subject.project)
            {
                self.start_survey(&survey, &project, what).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn start_plan(
        &self,
        plan: &PlanId,
        spec: &SpecId,
        models: Vec<String>,
    ) -> Result<(), FlowError> {
        let input = PlanInput { plan: plan.clone(), spec: spec.clone(), models };
        engine::start(&self.plan, &format!("plan/{plan}"), input).await.map(drop)
    }

    pub(crate) async fn start_survey(
        &self,
        survey: &SurveyId,
        project: &ProjectId,
        what: Survey,
    ) -> Result<(), FlowError> {
        let input = SurveyInput { survey: survey.clone(), project: project.clone(), what };
        engine::start(&self.survey, &format!("survey/{survey}"), input).await.map(drop)
    }

    pub(crate) async fn start_build(
        &self,
        run: &RunId,
        generation: u32,
        options: &RunOptions,
    ) -> Result<(), FlowError> {
        for needed in routing::all(&self.parts, options) {
            self.engine.open_queue(&needed).await?;
        }
        let input = BuildInput { run: run.clone(), generation };
        engine::start(&self.build, &build::workflow_id(run, generation), input).await.map(drop)
    }

    /// Runs a sequence, or joins it, and waits for its answer.
    pub(crate) async fn run_sequence(&self, request: SequenceRequest) -> Result<String, FlowError> {
        let id = format!("sequence/{}", request.name);
        engine::outcome_of(engine::start(&self.sequence, &id, request).await?).await
    }
}

/// What a workflow is about, by its id: `ticket/RUN/TICKET/…`, `build/RUN/…`, `merge/RUN/…`.
pub(crate) fn subject_of(workflow: &str) -> Subject {
    let mut words = workflow.split('/');
    let is_of_ticket = match words.next() {
        Some("ticket") => true,
        Some("build" | "merge") => false,
        _ => return Subject::default(),
    };
    let run = words.next().and_then(|run| RunId::parse(run).ok());
    let ticket = words.next().filter(|_| is_of_ticket).and_then(|ticket| TicketId::parse(ticket).ok());
    Subject { ticket: ticket.filter(|_| run.is_some()), run, ..Subject::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_says_what_its_steps_are_about() {
        let about = |workflow| {
            let Subject { run, ticket, .. } = subject_of(workflow);
            (run.map(|run| run.to_string()), ticket.map(|ticket| ticket.to_string()))
        };
        let some = |word: &str| Some(word.to_owned());
        assert_eq!(about("ticket/run_7/T-1/1.1"), (some("run_7"), some("T-1")));
        assert_eq!(about("build/run_7/1"), (some("run_7"), None));
        assert_eq!(about("plan/plan_3"), (None, None));
        assert_eq!(about("ticket/%%/T-1"), (None, None));
    }
}
