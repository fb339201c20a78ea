//! How an event changes the board.

use swarm_domain::{Event, EventBody, attempt::AttemptOutcome, event::CheckStage, ticket::TicketState};

use super::{
    board::{Board, Line},
    text::plain,
};

impl Board {
    /// Takes in one event. Those of other runs must be kept away by the caller.
    pub(crate) fn apply(&mut self, event: &Event) {
        if let Some(ticket) = &event.subject.ticket
            && let Some(line) = self.line_mut(ticket)
        {
            line.apply(event);
        }
        match &event.body {
            EventBody::RunStarted { options, .. } => {
                self.run.clone_from(&event.subject.run);
                self.began = Some(event.at);
                self.budget = options.budget.usd;
            }
            EventBody::RunBudgetChanged { budget } => self.budget = budget.usd,
            EventBody::RunBased { branch, .. } => self.branch = Some(plain(branch)),
            EventBody::RunStateChanged { to } => {
                self.settled = to.is_settled().then(|| (to.clone(), event.at));
            }
            EventBody::AttemptStarted { rung, .. } => self.rung = Some(*rung),
            EventBody::ModelCalled { model, spend, recorded, cache, .. } => {
                self.spend = self.spend.plus(*spend);
                let kept = cache.is_some_and(|cache| cache.is_hit());
                self.models.insert(plain(model), *recorded && !kept);
            }
            EventBody::WorkReturned { spend, models, .. } => {
                self.spend = self.spend.plus(*spend);
                self.models.extend(models.iter().map(|model| (plain(model), false)));
            }
            EventBody::CheckRun { stage: CheckStage::Merge, requirement, command, passed, .. } => {
                self.checks.entry(requirement.clone()).or_default().insert(command.clone(), *passed);
            }
            EventBody::PullRequestOpened { reference, title, .. } => {
                self.pull_request = Some((plain(reference), plain(title)));
            }
            _ => {}
        }
    }
}

impl Line {
    fn apply(&mut self, event: &Event) {
        match &event.body {
            EventBody::TicketStateChanged { to } => self.enter(to, event),
            EventBody::TicketCarried { .. } => self.enter(&TicketState::Merged, event),
            EventBody::TicketReopened { .. } => self.enter(&TicketState::Waiting, event),
            EventBody::AttemptStarted { number, agent, .. } => {
                self.attempt = *number;
                self.agent = plain(agent);
                self.began.get_or_insert(event.at);
                "thinks".clone_into(&mut self.step);
            }
            EventBody::ModelCalled { agent, spend, .. } => {
                self.spend = self.spend.plus(*spend);
                self.agent = plain(agent);
                "has an answer".clone_into(&mut self.step);
            }
            EventBody::WorkOffered { .. } => "waits for a worker".clone_into(&mut self.step),
            EventBody::WorkClaimed { worker, .. } => self.step = format!("held by {worker}"),
            EventBody::WorkReturned { worker, spend, .. } => {
                self.spend = self.spend.plus(*spend);
                self.step = format!("returned by {worker}");
            }
            EventBody::ClaimExpired { worker, .. } => self.step = format!("lost by {worker}"),
            EventBody::ToolCalled { tool, about, ok, .. } => {
                let failed = if *ok { "" } else { " (failed)" };
                self.step = plain(&format!("{tool} {about}{failed}"));
            }
            EventBody::CheckRun { stage, requirement, passed, .. } => {
                let on = if *stage == CheckStage::Merge { "merged with the rest: " } else { "" };
                let how = if *passed { "holds" } else { "fails" };
                self.step = format!("{on}{requirement} {how}");
            }
            EventBody::FindingRaised { finding } => self.step = plain(&format!("found: {}", finding.detail)),
            EventBody::Committed { files, added, removed, .. } => {
                self.step = format!("committed {files} files, +{added} -{removed}");
            }
            EventBody::TicketHeld { behind, why } => {
                self.step = plain(&format!("held back until {behind} is merged: {why}"));
            }
            EventBody::InterruptRaised { interrupt } => {
                self.step = format!("waits for a person: {} {}", interrupt.kind.words(), interrupt.id);
            }
            EventBody::InterruptAnswered { .. } | EventBody::InterruptExpired { .. } => {
                "goes on".clone_into(&mut self.step);
            }
            EventBody::AttemptFinished { outcome: AttemptOutcome::Failed { problem }, .. } => {
                self.step = plain(&problem.detail);
            }
            EventBody::BudgetReached { detail, .. } => self.step = plain(detail),
            _ => {}
        }
    }

    fn enter(&mut self, to: &TicketState, event: &Event) {
        self.ended = to.is_settled().then_some(event.at);
        self.step = match to {
            TicketState::Waiting | TicketState::Cancelled | TicketState::Merged => String::new(),
            TicketState::Working => "begins".to_owned(),
            TicketState::Verifying => "is checked in a fresh sandbox".to_owned(),
            TicketState::Merging => "waits for its turn to merge".to_owned(),
            TicketState::NeedsPerson { problem } => plain(&problem.detail),
        };
        self.state = to.clone();
    }
}
