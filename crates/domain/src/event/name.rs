//! What the kinds of events are called.

use super::EventBody;

impl EventBody {
    /// The name of the kind of event, as its `type` field has it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::ProjectAdded { .. } => "project_added",
            Self::SpecAdded { .. } => "spec_added",
            Self::PlanRequested { .. } => "plan_requested",
            Self::PlanProposed { .. } => "plan_proposed",
            Self::PlanFailed { .. } => "plan_failed",
            Self::RunStarted { .. } => "run_started",
            Self::RunBased { .. } => "run_based",
            Self::RunStateChanged { .. } => "run_state_changed",
            Self::RunBudgetChanged { .. } => "run_budget_changed",
            Self::TicketStateChanged { .. } => "ticket_state_changed",
            Self::AttemptStarted { .. } => "attempt_started",
            Self::TicketHeld { .. } => "ticket_held",
            Self::WorkOffered { .. } => "work_offered",
            Self::WorkClaimed { .. } => "work_claimed",
            Self::WorkReturned { .. } => "work_returned",
            Self::ClaimExpired { .. } => "claim_expired",
            Self::AttemptFinished { .. } => "attempt_finished",
            Self::ModelCalled { .. } => "model_called",
            Self::ToolCalled { .. } => "tool_called",
            Self::SandboxTakenOver { .. } => "sandbox_taken_over",
            Self::SandboxCommandRun { .. } => "sandbox_command_run",
            Self::SandboxHandedBack { .. } => "sandbox_handed_back",
            Self::SandboxStopped { .. } => "sandbox_stopped",
            Self::SandboxSnapshotTaken { .. } => "sandbox_snapshot_taken",
            Self::SandboxForked { .. } => "sandbox_forked",
            Self::CheckRun { .. } => "check_run",
            Self::TestsProbed { .. } => "tests_probed",
            Self::ChangeJudged { .. } => "change_judged",
            Self::CodeMeasured { .. } => "code_measured",
            Self::AttemptStuck { .. } => "attempt_stuck",
            Self::FindingRaised { .. } => "finding_raised",
            Self::Committed { .. } => "committed",
            Self::Clashed { .. } => "clashed",
            Self::Merged { .. } => "merged",
            Self::TicketCarried { .. } => "ticket_carried",
            Self::TicketReopened { .. } => "ticket_reopened",
            Self::SurveyAsked { .. } => "survey_asked",
            Self::SurveyEnded { .. } => "survey_ended",
            Self::PullRequestOpened { .. } => "pull_request_opened",
            Self::NodeJoined { .. } => "node_joined",
            Self::NodeLost { .. } => "node_lost",
            Self::NodeLeft { .. } => "node_left",
            Self::SecretSet { .. } => "secret_set",
            Self::SecretRotated { .. } => "secret_rotated",
            Self::SecretRemoved { .. } => "secret_removed",
            Self::SecretUsed { .. } => "secret_used",
            Self::SecretsRekeyed { .. } => "secrets_rekeyed",
            Self::StepFailed { .. } => "step_failed",
            Self::AlertRaised { .. } => "alert_raised",
            Self::AlertEnded { .. } => "alert_ended",
            Self::BudgetReached { .. } => "budget_reached",
            Self::PersonAsked { .. } => "person_asked",
        }
    }
}
