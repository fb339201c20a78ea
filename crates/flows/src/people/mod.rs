//! People in the loop: the work asks, waits for as long as it takes, and goes on with what was said.
//!
//! A question is an event, and so is its answer: both stand in the log before anything follows from them. Who waits is a
//! workflow of its own that looks at the question ([`wait`]). It holds no thread, no desk and no sandbox, but for the
//! minute in which it is found out what proves a change ([`evidence`]), and whoever takes it over after a crash finds the answer
//! that came meanwhile. What time does (remind, escalate, give up) is
//! decided by `domain` from the clock that is passed in.

mod desk;
mod diff;
mod evidence;
mod plan;
mod wait;

use serde::{Deserialize, Serialize};
use swarm_domain::{
    Actor, BlobHash, CommitId, EventBody, IdempotencyKey, InterruptId, Problem, ProjectId, RunId, Subject,
    interrupt::{ActionRequest, Asked, Decision, HumanInterrupt, Interrupt, InterruptKind, ResponseKind},
    ticket::Risk,
};

pub use desk::{Question, QuestionFilter};
pub(crate) use diff::{of_change, record_finding, sent_back};
pub(crate) use plan::{Begun, before_the_build};
pub(crate) use wait::people;

use crate::{error::FlowError, parts::Parts};

/// Questions that are asked one after the other: nobody is asked about what another one has turned down already.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PeopleInput {
    pub(crate) subject: Subject,
    pub(crate) questions: Vec<Interrupt>,
}

/// What people said, all together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Heard {
    /// What stops it.
    pub(crate) against: Option<Against>,
    /// The action as it was changed last.
    pub(crate) edit: Option<ActionRequest>,
    /// Answers to questions.
    pub(crate) words: Vec<Words>,
}

/// A decision that stops something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Against {
    pub(crate) interrupt: InterruptId,
    pub(crate) kind: InterruptKind,
    pub(crate) decision: Decision,
}

/// What a person said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) interrupt: InterruptId,
    pub(crate) by: String,
    pub(crate) text: String,
}

impl Heard {
    /// Takes in what was decided about a question. False where nothing more is to be asked.
    fn takes(&mut self, interrupt: &Interrupt, decision: Decision) -> bool {
        match decision {
            Decision::Accepted { edit } => self.edit = edit.or(self.edit.take()),
            Decision::Answered { words, by } if interrupt.kind == InterruptKind::Clarification => {
                self.words.push(Words { interrupt: interrupt.id.clone(), by, text: words });
            }
            decision => {
                let (interrupt, kind) = (interrupt.id.clone(), interrupt.kind);
                self.against = Some(Against { interrupt, kind, decision });
                return false;
            }
        }
        true
    }
}

impl Against {
    /// The problem that a person finds where the work ended for it.
    pub(crate) fn problem(&self, again: &str) -> Problem {
        let Self { interrupt, kind, decision } = self;
        let what = kind.words();
        let (code, detail) = match decision {
            Decision::Answered { words, by } => {
                let words: String = words.chars().take(300).collect();
                ("interrupt.turned_down", format!("{by} turned the {what} down: {words}"))
            }
            Decision::Ignored { by } => ("interrupt.turned_down", format!("{by} turned the {what} down")),
            Decision::Expired => ("interrupt.expired", format!("nobody answered the {what} in time")),
            Decision::Accepted { .. } | Decision::Withdrawn => {
                ("run.cancelled", format!("the {what} was withdrawn"))
            }
        };
        let next = format!("see `swarm approvals {interrupt}`; `swarm ticket retry {again}` asks again");
        Problem::new(code, detail, next)
    }
}

/// What people are asked about.
struct Matter {
    kind: InterruptKind,
    risk: Risk,
    action: ActionRequest,
    description: String,
    asked_by: Vec<String>,
    about: Vec<String>,
    commit: Option<CommitId>,
    text: Option<BlobHash>,
}

/// The questions that the policy asks about it, with their ids.
fn questions(run: &RunId, about: &[&str], asked: Vec<Asked>, matter: &Matter) -> Vec<Interrupt> {
    let question = |(number, asked): (usize, Asked)| Interrupt {
        id: InterruptId::of(run, &[about, &[&number.to_string()]].concat()),
        kind: matter.kind,
        risk: matter.risk,
        why: asked.why,
        rules: asked.rules,
        request: HumanInterrupt {
            action_request: matter.action.clone(),
            config: matter.kind.config(),
            description: Some(matter.description.clone()),
        },
        terms: asked.terms,
        asked_by: matter.asked_by.clone(),
        about: matter.about.clone(),
        commit: matter.commit.clone(),
        text: matter.text.clone(),
    };
    asked.into_iter().enumerate().map(question).collect()
}

/// A list as Markdown, cut to what people read through.
fn list(items: impl ExactSizeIterator<Item = String>) -> String {
    const LISTED: usize = 30;
    let over = items.len().saturating_sub(LISTED);
    let mut lines: Vec<String> = items.take(LISTED).map(|item| format!("- {item}")).collect();
    if over > 0 {
        lines.push(format!("- and {over} more"));
    }
    lines.join("\n")
}

/// The people whose request a run is: who started it, who asked for its plan, who wrote its spec.
async fn requesters(parts: &Parts, project: &ProjectId, run: &RunId) -> Result<Vec<String>, FlowError> {
    let tenant = &parts.config.tenant;
    let row = parts.store.run(tenant, run).await?;
    let keys: [&[&str]; 3] = [
        &["run", run.as_str(), "started"],
        &["plan", row.plan.as_str(), "requested"],
        &["spec", project.as_str(), row.spec.as_str(), "added"],
    ];
    let mut people = Vec::new();
    for key in keys {
        let event = parts.store.event_by_key(tenant, &IdempotencyKey::of(key)).await?;
        if let Some(Actor::Person { name }) = event.map(|event| event.actor)
            && !people.contains(&name)
        {
            people.push(name);
        }
    }
    Ok(people)
}

/// Whether an event is a person's or time's word by which the work went another way than by itself.
pub(crate) fn steers(body: &EventBody) -> bool {
    match body {
        EventBody::InterruptAnswered { response, .. } => response.r#type != ResponseKind::Accept,
        EventBody::InterruptExpired { accepted, .. } => !accepted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_has_the_same_id_each_time_it_is_made() {
        let run = RunId::parse("run_1").unwrap();
        let one = InterruptId::of(&run, &["diff", "T-1.1", "0"]);
        assert_eq!(one, InterruptId::of(&run, &["diff", "T-1.1", "0"]));
        assert_ne!(one, InterruptId::of(&run, &["diff", "T-1.1", "1"]));
        assert_ne!(one, InterruptId::of(&RunId::parse("run_2").unwrap(), &["diff", "T-1.1", "0"]));
        assert!(one.as_str().starts_with("int_"));
    }
}
