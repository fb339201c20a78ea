//! What can be asked: to replay a run, to fork it at a step, to look at a step, to compare two runs.

use swarm_domain::{
    Event, EventBody, Problem, RunId,
    origin::{Origin, StepKind},
    run::{RunOptions, RunState},
    run_diff::{Edit, EditedCall, RunDiff, StepDetail},
    ticket::TicketState,
};
use swarm_model::ChatReply;
use swarm_store::RunRow;

use super::{
    diff,
    journal::{at, story},
    parting::words,
};
use crate::{
    error::FlowError,
    people,
    service::{Asker, Flows},
};

/// The largest edit, in bytes.
const MAX_EDIT: usize = 512 << 10;

impl Flows {
    /// Plays a settled run again from its journal, on a branch of its own and without a model.
    pub async fn replay(&self, by: &Asker, run: &RunId) -> Result<RunId, Problem> {
        let row = self.origin(run).await?;
        if !row.state.is_settled() {
            return Err(Problem::new(
                "replay.running",
                format!("{run} still works, so there is no result to prove"),
                format!("wait for it: `swarm run logs {run} --follow`"),
            ));
        }
        let events = self.story(run, u64::MAX).await?;
        let last = events.last().map_or(0, |event| event.seq);
        alone(&events, run)?;
        let origin = Origin { run: run.clone(), at: last, edit: None, live: false };
        self.begin(by, &row, RunOptions { origin: Some(origin), ..row.options.clone() }).await
    }

    /// Starts again from a step of a run: what comes up to it is played, what comes after it happens anew. The run
    /// itself stays as it is, and may still be at work.
    pub async fn fork(
        &self,
        by: &Asker,
        run: &RunId,
        step: u64,
        edit: Option<&Edit>,
        models: Vec<String>,
    ) -> Result<RunId, Problem> {
        let row = self.origin(run).await?;
        let event = self.step(run, step).await?;
        alone(&self.story(run, step).await?, run)?;
        let edit = match edit {
            Some(edit) => {
                fits(edit, &event)?;
                Some(self.parts().keep(edit).await.map_err(|error| error.problem())?)
            }
            None => None,
        };
        let origin = Origin { run: run.clone(), at: step, edit, live: true };
        let models = if models.is_empty() { row.options.models.clone() } else { models };
        self.begin(by, &row, RunOptions { origin: Some(origin), models, ..row.options.clone() }).await
    }

    /// A step of a run with what it says.
    pub async fn step_detail(&self, run: &RunId, step: u64) -> Result<StepDetail, Problem> {
        let event = self.step(run, step).await?;
        let kind = StepKind::of(&event.body).ok_or_else(|| no_step(run, step))?;
        let text = words(self.parts(), &event.body).await;
        let edit = self.editable(run, &event).await.map_err(|error| error.problem())?;
        Ok(StepDetail { at: step, kind, text, edit })
    }

    /// Compares two runs: what they came to, where they part, and the code.
    pub async fn diff(&self, first: &RunId, second: &RunId) -> Result<RunDiff, Problem> {
        diff::diff(self.parts(), first, second).await.map_err(|error| error.problem())
    }

    /// A run that has begun, so that there is something to play.
    async fn origin(&self, run: &RunId) -> Result<RunRow, Problem> {
        let parts = self.parts();
        let row = parts.store.run(&parts.config.tenant, run).await.map_err(|error| error.problem())?;
        if !row.options.hands.is_here() {
            return Err(Problem::new(
                "replay.claimed",
                format!("the work of {run} was made by remote workers, whose model calls no journal holds"),
                format!("see what they returned: `swarm run logs {run}`"),
            ));
        }
        if row.base.is_some() {
            return Ok(row);
        }
        Err(Problem::new(
            "replay.nothing",
            format!("{run} has not begun to work, so there is nothing to play"),
            format!("see `swarm run show {run}`"),
        ))
    }

    async fn begin(&self, by: &Asker, row: &RunRow, options: RunOptions) -> Result<RunId, Problem> {
        self.start(by, &row.plan, options).await
    }

    async fn story(&self, run: &RunId, until: u64) -> Result<Vec<Event>, Problem> {
        story(self.parts(), run, &[], until).await.map_err(|error| error.problem())
    }

    /// The step at a position: there, of this run, and something that can be gone back to.
    async fn step(&self, run: &RunId, step: u64) -> Result<Event, Problem> {
        let parts = self.parts();
        parts.store.run(&parts.config.tenant, run).await.map_err(|error| error.problem())?;
        let found = at(parts, run, step).await.map_err(|error| error.problem())?;
        if let Some(event) = found.filter(|event| StepKind::of(&event.body).is_some()) {
            return Ok(event);
        }
        let filter = swarm_store::EventFilter {
            after: step.saturating_sub(1),
            limit: 1,
            ..swarm_store::EventFilter::default()
        };
        let anywhere = parts.store.events(&parts.config.tenant, &filter).await.map_err(|e| e.problem())?;
        match anywhere.first().filter(|event| event.seq == step).and_then(|event| event.subject.run.clone()) {
            Some(other) if other != *run => Err(Problem::new(
                "replay.foreign_step",
                format!("step {step} is one of {other}, not of {run}"),
                format!("run `swarm run steps {run}` to see its steps"),
            )),
            _ => Err(no_step(run, step)),
        }
    }

    async fn editable(&self, run: &RunId, event: &Event) -> Result<Option<Edit>, FlowError> {
        let parts = self.parts();
        match &event.body {
            EventBody::ModelCalled { reply, .. } if event.subject.attempt.is_some() => {
                let reply: ChatReply = parts.load(reply).await?;
                let calls = reply.tool_calls.into_iter();
                let tool_calls = calls
                    .map(|call| EditedCall { id: call.id, name: call.name, arguments: call.arguments })
                    .collect();
                Ok(Some(Edit::Reply { text: reply.text, tool_calls }))
            }
            EventBody::AttemptStarted { hints, .. } => {
                let row = parts.store.run(&parts.config.tenant, run).await?;
                let plan = parts.plan(&row.plan).await?;
                let ticket = event.subject.ticket.as_ref().and_then(|id| plan.ticket(id));
                Ok(ticket.map(|ticket| Edit::Attempt {
                    description: ticket.description.clone(),
                    hints: hints.clone(),
                }))
            }
            _ => Ok(None),
        }
    }
}

fn no_step(run: &RunId, step: u64) -> Problem {
    Problem::new(
        "replay.no_step",
        format!("{run} has no step {step}"),
        format!("run `swarm run steps {run}` to see its steps"),
    )
}

/// Fails where a person steered the run: what they did is no step that could be played.
fn alone(events: &[Event], run: &RunId) -> Result<(), Problem> {
    let steered = events.iter().find(|event| match &event.body {
        EventBody::RunStateChanged { to } => *to == RunState::Running,
        EventBody::PersonAsked { .. } => event.subject.ticket.is_some(),
        EventBody::TicketStateChanged { to } => *to == TicketState::Cancelled,
        body => people::steers(body),
    });
    match steered {
        None => Ok(()),
        Some(event) => Err(Problem::new(
            "replay.steered",
            format!("a person steered {run} at step {}, which cannot be played", event.seq),
            format!("fork it at an earlier step: `swarm run steps {run}`"),
        )),
    }
}

/// Fails where the edit is not one of that step.
fn fits(edit: &Edit, event: &Event) -> Result<(), Problem> {
    let step = event.seq;
    let (fits, size) = match (edit, &event.body) {
        (Edit::Reply { text, tool_calls }, EventBody::ModelCalled { .. }) => {
            let calls = tool_calls.iter().map(|call| call.name.len() + call.arguments.len() + call.id.len());
            (event.subject.attempt.is_some(), text.len() + calls.sum::<usize>())
        }
        (Edit::Attempt { description, hints }, EventBody::AttemptStarted { .. }) => {
            (true, description.len() + hints.iter().map(String::len).sum::<usize>())
        }
        _ => (false, 0),
    };
    if !fits {
        return Err(Problem::new(
            "replay.not_editable",
            format!("step {step} has no such words that could be edited"),
            "edit the reply of a model call or the beginning of an attempt; `swarm run steps` shows which they are",
        ));
    }
    if size > MAX_EDIT {
        return Err(Problem::new(
            "replay.edit_too_large",
            format!("the edit has {size} bytes, more than {MAX_EDIT}"),
            "make it shorter",
        ));
    }
    Ok(())
}
