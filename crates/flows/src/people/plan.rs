//! What is asked before a plan is carried out: what the spec means where it can be read in several ways, and whether
//! the plan is to be carried out at its risk and its price.

use serde::{Deserialize, Serialize};
use serde_json::json;
use swarm_domain::{
    EventBody, RunId,
    finding::{Finding, FindingCode},
    interrupt::{
        ActionRequest, ApprovalPolicy, Asked, Facts, Interrupt, InterruptKind, InterruptState, PlanEdit,
        Point, risk_of_plan,
    },
    lint::{self, Lint},
    plan::Plan,
};
use swarm_store::InterruptQuery;

use super::{Against, Heard, Matter, PeopleInput, Words, list, questions, requesters};
use crate::{
    build::{BuildInput, Children},
    engine::{self, Flow},
    error::FlowError,
    ground::Ground,
    parts::{Parts, of_run, part},
};

/// Questions of one run that are looked at.
const MOST: u32 = 10_000;

/// What the lint says where a spec can be read in several ways.
const AMBIGUOUS: [&str; 2] = ["lint.not_understood", "lint.vacuous_check"];

/// Asks what is to be asked before a plan is carried out. The inner error is what people have against it.
pub(crate) async fn before_the_build(
    parts: &Parts,
    children: &Children,
    ground: &Ground,
    input: &BuildInput,
    policy: &ApprovalPolicy,
) -> Flow<Result<Begun, Against>> {
    let looks = |point| policy.looks_at(point, &ground.project);
    if !looks(Point::Plan) && !looks(Point::Spec) {
        return Ok(Ok(Begun::default()));
    }
    let BuildInput { run, generation } = input;
    let asked = || PlanQuestions::of(parts, ground, run, *generation, policy);
    let PlanQuestions { questions, mut heard } = engine::step(parts, "questions", asked).await?;
    if !questions.is_empty() {
        let id = format!("people/{run}/{generation}");
        let asked = PeopleInput { subject: of_run(&ground.project, run), questions };
        let handle = children.engine.child(&children.people, &id, asked).await?;
        let Heard { against, edit, words } = engine::result_of(handle).await??;
        if let Some(against) = against {
            return Ok(Err(against));
        }
        heard.edit = edit.or(heard.edit);
        heard.words.extend(words);
    }
    let begun = Begun::of(&heard);
    if let Some(budget) = begun.edit.and_then(|edit| edit.budget(ground.options.budget)) {
        engine::step(parts, "budget", || async {
            let key = ["run", run.as_str(), "people", "budget", &generation.to_string()];
            let body = EventBody::RunBudgetChanged { budget };
            parts.record(&key, part("policy"), of_run(&ground.project, run), body).await.map(drop)
        })
        .await?;
    }
    Ok(Ok(begun))
}

/// What is to be asked before a plan is carried out, and what was said of it before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct PlanQuestions {
    questions: Vec<Interrupt>,
    /// When the run was begun before.
    heard: Heard,
}

/// What people said before a run begins, as far as it changes what is built.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    pub(crate) edit: Option<PlanEdit>,
    pub(crate) hints: Vec<Finding>,
}

impl PlanQuestions {
    /// Makes them. What was answered when the run was begun before is not asked again.
    async fn of(
        parts: &Parts,
        ground: &Ground,
        run: &RunId,
        generation: u32,
        policy: &ApprovalPolicy,
    ) -> Result<Self, FlowError> {
        let asked_by = requesters(parts, &ground.project, run).await?;
        let generation = generation.to_string();
        let (risk, _) = risk_of_plan(&ground.plan);
        let matter = |kind, action, description| Matter {
            kind,
            risk,
            action,
            description,
            asked_by: asked_by.clone(),
            about: vec![if kind == InterruptKind::Clarification { "spec" } else { "plan" }.to_owned()],
            commit: None,
            text: None,
        };
        let lints = ambiguous(ground);
        let unclear = if lints.is_empty() { Vec::new() } else { asks(policy, ground, Point::Spec) };
        let clarify =
            ActionRequest { action: "explain_spec".to_owned(), args: json!({ "passages": lints.len() }) };
        let clarification = matter(InterruptKind::Clarification, clarify, unclear_words(&lints));
        let mut wanted = questions(run, &["spec", &generation], unclear, &clarification);
        let build = PlanEdit::action(&ground.options);
        let review = matter(InterruptKind::PlanReview, build, plan_words(&ground.plan));
        wanted.extend(questions(run, &["plan", &generation], asks(policy, ground, Point::Plan), &review));
        let mut made = Self::default();
        let which = InterruptQuery { run: Some(run.clone()), limit: MOST, ..InterruptQuery::default() };
        let before = parts.store.interrupts(&parts.config.tenant, &which).await?;
        for question in wanted {
            let same = before.iter().find(|row| {
                let decided = match row.standing.state {
                    InterruptState::Accepted => true,
                    InterruptState::Answered => question.kind == InterruptKind::Clarification,
                    _ => false,
                };
                decided && row.interrupt.kind == question.kind && row.interrupt.rules == question.rules
            });
            match same.and_then(|row| Some((&row.interrupt, row.standing.decision()?))) {
                Some((known, decision)) => {
                    made.heard.takes(known, decision);
                }
                None => made.questions.push(question),
            }
        }
        Ok(made)
    }
}

impl Begun {
    /// What follows from what was said.
    fn of(heard: &Heard) -> Self {
        Self {
            edit: heard.edit.as_ref().and_then(|action| PlanEdit::read(action).ok()),
            hints: heard.words.iter().map(hint).collect(),
        }
    }
}

fn hint(said: &Words) -> Finding {
    Finding {
        code: FindingCode::Review,
        detail: format!("{} answered what the spec means ({})", said.by, said.interrupt),
        evidence: String::new(),
        hint: said.text.clone(),
        requirement: None,
        path: None,
    }
}

fn ambiguous(ground: &Ground) -> Vec<Lint> {
    let mut lints = lint::lint(&ground.plan, &ground.spec);
    lints.retain(|lint| AMBIGUOUS.contains(&lint.code.as_str()));
    lints
}

fn asks(policy: &ApprovalPolicy, ground: &Ground, point: Point) -> Vec<Asked> {
    let (risk, classes) = risk_of_plan(&ground.plan);
    let cost = ground.plan.estimate.usd_high;
    policy.asks(&Facts { point, project: &ground.project, risk, classes: &classes, cost, paths: &[] })
}

fn unclear_words(lints: &[Lint]) -> String {
    let lines = lints.iter().map(|lint| lint.detail.clone());
    format!("The spec says what can be read in several ways. What does it mean?\n\n{}", list(lines))
}

fn plan_words(plan: &Plan) -> String {
    let tickets =
        plan.tickets.iter().map(|ticket| format!("{} {} (risk {})", ticket.id, ticket.title, ticket.risk));
    let estimate = &plan.estimate;
    format!(
        "Plan {} has {} tickets and may cost {} to {}.\n\n{}",
        plan.id,
        plan.tickets.len(),
        estimate.usd_low,
        estimate.usd_high,
        list(tickets)
    )
}
