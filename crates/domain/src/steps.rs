//! The steps of attempts, and what each of them cost: an answer of a model, and what was done with it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    budget::Spend,
    event::{Event, EventBody},
    id::AttemptId,
};

/// The events that steps are drawn from, by their names.
pub const TOLD_BY: [&str; 4] = ["attempt_started", "model_called", "tool_called", "attempt_stuck"];

/// What an attempt did, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptSteps {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Its steps, the oldest first. None where a worker elsewhere made it: only that worker knows them.
    pub steps: Vec<AttemptStep>,
    /// Where it led nowhere.
    pub stuck: Vec<StuckSteps>,
    /// What others spent on its work: a reviewer, a neutral fixer.
    pub by_others: Spend,
    /// Who makes it, where the events say so.
    #[serde(skip)]
    agent: Option<String>,
}

/// An answer of a model, and what was done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttemptStep {
    /// Its number within the attempt, from 1.
    pub number: u32,
    /// The position of the model's answer in the log, by which a run is forked.
    pub seq: u64,
    /// The model that answered.
    pub model: String,
    /// What the answer cost.
    pub spend: Spend,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Whether it was played back.
    pub recorded: bool,
    /// The tools that it had used.
    pub tools: Vec<StepTool>,
    /// Whether it is one of those that led nowhere.
    pub stuck: bool,
    /// When the answer came.
    pub at: DateTime<Utc>,
}

/// The use of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepTool {
    /// Which tool.
    pub tool: String,
    /// The file or command that it was about.
    pub about: String,
    /// Whether it did what was asked.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Steps of which nothing new came, and what they cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StuckSteps {
    /// The step that it began with.
    pub began: u32,
    /// The step at which it was noticed.
    pub ended: u32,
    /// What was seen, in words.
    pub why: String,
    /// Whether the attempt was taken back to before it and went on; else that was its end.
    pub taken_back: bool,
    /// What these steps cost.
    pub spend: Spend,
    /// How long their answers and tools took, in milliseconds.
    pub millis: u64,
}

impl AttemptStep {
    /// How long the answer and the tools took, in milliseconds.
    #[must_use]
    pub fn took(&self) -> u64 {
        self.tools.iter().map(|tool| tool.millis).fold(self.millis, u64::saturating_add)
    }
}

impl AttemptSteps {
    fn of(attempt: AttemptId) -> Self {
        let by_others = Spend::default();
        Self { attempt, steps: Vec::new(), stuck: Vec::new(), by_others, agent: None }
    }

    fn take(&mut self, event: &Event) {
        match &event.body {
            EventBody::AttemptStarted { agent, .. } => self.agent = Some(agent.clone()),
            EventBody::ModelCalled { agent, spend, .. }
                if self.agent.as_ref().is_some_and(|a| a != agent) =>
            {
                self.by_others = self.by_others.plus(*spend);
            }
            EventBody::ModelCalled { agent, model, spend, millis, recorded, .. } => {
                self.agent = Some(agent.clone());
                self.steps.push(AttemptStep {
                    number: u32::try_from(self.steps.len() + 1).unwrap_or(u32::MAX),
                    seq: event.seq,
                    model: model.clone(),
                    spend: *spend,
                    millis: *millis,
                    recorded: *recorded,
                    tools: Vec::new(),
                    stuck: false,
                    at: event.at,
                });
            }
            EventBody::ToolCalled { tool, about, ok, millis, .. } => {
                if let Some(step) = self.steps.last_mut() {
                    let (tool, about) = (tool.clone(), about.clone());
                    step.tools.push(StepTool { tool, about, ok: *ok, millis: *millis });
                }
            }
            EventBody::AttemptStuck { began, ended, why, taken_back } => {
                let (mut spend, mut millis) = (Spend::default(), 0_u64);
                for step in self.steps.iter_mut().filter(|step| (*began..=*ended).contains(&step.number)) {
                    step.stuck = true;
                    spend = spend.plus(step.spend);
                    millis = millis.saturating_add(step.took());
                }
                let (why, taken_back) = (why.clone(), *taken_back);
                self.stuck.push(StuckSteps { began: *began, ended: *ended, why, taken_back, spend, millis });
            }
            _ => {}
        }
    }
}

/// The steps of the attempts that these events tell of, in the order in which the attempts began.
#[must_use]
pub fn of_attempts(events: &[Event]) -> Vec<AttemptSteps> {
    let mut places: BTreeMap<&AttemptId, usize> = BTreeMap::new();
    let mut found: Vec<AttemptSteps> = Vec::new();
    for event in events {
        let Some(attempt) = &event.subject.attempt else { continue };
        if !TOLD_BY.contains(&event.body.name()) {
            continue;
        }
        let place = *places.entry(attempt).or_insert_with(|| {
            found.push(AttemptSteps::of(attempt.clone()));
            found.len() - 1
        });
        found[place].take(event);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::{Actor, Subject},
        id::{BlobHash, CommitId, TenantId, TicketId},
        money::MicroUsd,
    };

    fn event(seq: u64, number: u32, body: EventBody) -> Event {
        let attempt = AttemptId::of(&TicketId::parse("T-1").unwrap(), number);
        Event {
            seq,
            tenant: TenantId::local(),
            at: DateTime::from_timestamp(i64::try_from(seq).unwrap(), 0).unwrap(),
            actor: Actor::System { part: "test".to_owned() },
            subject: Subject { attempt: Some(attempt), ..Subject::default() },
            correlation: None,
            body,
            prev: String::new(),
            hash: String::new(),
        }
    }

    fn started() -> EventBody {
        EventBody::AttemptStarted {
            number: 1,
            agent: "coder".to_owned(),
            model: "m".to_owned(),
            rung: crate::attempt::Rung::Process,
            base: CommitId::parse("a".repeat(40)).unwrap(),
            hints: Vec::new(),
            turn: None,
            capability: None,
            choice: None,
        }
    }

    fn asked(agent: &str, usd: u64) -> EventBody {
        EventBody::ModelCalled {
            agent: agent.to_owned(),
            model: "m".to_owned(),
            request: BlobHash::of(b"q"),
            reply: BlobHash::of(b"a"),
            spend: Spend { usd: MicroUsd(usd), tokens_in: 10, tokens_out: 1, calls: 1 },
            millis: 5,
            recorded: false,
            cache: None,
        }
    }

    fn read(about: &str) -> EventBody {
        EventBody::ToolCalled {
            tool: "read".to_owned(),
            arguments: BlobHash::of(b"{}"),
            result: BlobHash::of(b"x"),
            ok: true,
            about: about.to_owned(),
            millis: 3,
            overdue: false,
            network: Vec::new(),
        }
    }

    #[test]
    fn each_answer_is_a_step_with_its_cost_and_the_tools_that_followed() {
        let told = [
            event(1, 1, started()),
            event(2, 1, asked("coder", 100)),
            event(3, 1, read("a.py")),
            event(4, 1, read("b.py")),
            event(5, 2, asked("fixer", 7)),
            event(6, 1, asked("coder", 50)),
            event(7, 1, asked("reviewer", 30)),
        ];
        let found = of_attempts(&told);
        assert_eq!(found.len(), 2);
        let [first, second] = &found[0].steps[..] else { panic!("{found:?}") };
        assert_eq!((first.number, first.seq, first.spend.usd, first.took()), (1, 2, MicroUsd(100), 11));
        assert_eq!(first.tools.iter().map(|tool| tool.about.as_str()).collect::<Vec<_>>(), ["a.py", "b.py"]);
        assert_eq!((second.number, second.tools.len()), (2, 0));
        assert_eq!(found[0].by_others.usd, MicroUsd(30), "the reviewer is not a step of the author");
        assert_eq!((found[1].steps.len(), found[1].steps[0].spend.usd), (1, MicroUsd(7)));
    }

    #[test]
    fn a_circle_is_named_with_the_step_that_it_began_at_and_what_it_cost() {
        let mut told = vec![event(1, 1, started())];
        for seq in 0..5 {
            told.push(event(2 + 2 * seq, 1, asked("coder", 10)));
            told.push(event(3 + 2 * seq, 1, read("a.py")));
        }
        let why = "the same".to_owned();
        told.push(event(20, 1, EventBody::AttemptStuck { began: 3, ended: 5, why, taken_back: true }));
        told.push(event(21, 1, asked("coder", 1_000)));
        let found = of_attempts(&told).remove(0);
        let stuck = &found.stuck[0];
        assert_eq!((stuck.began, stuck.spend.usd, stuck.millis), (3, MicroUsd(30), 24));
        let marked: Vec<_> = found.steps.iter().filter(|step| step.stuck).map(|step| step.number).collect();
        assert_eq!(marked, [3, 4, 5]);
    }

    #[test]
    fn what_is_no_step_and_what_has_no_attempt_is_passed_over() {
        let lost = Event { subject: Subject::default(), ..event(1, 1, asked("coder", 1)) };
        let other = EventBody::BudgetReached { scope: "run".to_owned(), detail: String::new() };
        assert_eq!(of_attempts(&[lost, event(2, 1, other)]), []);
        // A tool without a step before it comes from a log that was cut.
        assert!(of_attempts(&[event(1, 1, read("a.py"))])[0].steps.is_empty());
    }
}
