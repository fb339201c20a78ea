//! For whom a kind of event is, among those who follow what happens.

use super::EventBody;
use crate::identity::Scope;

impl EventBody {
    /// What somebody must be able to do to be shown it as it happens. Every kind stands here by name: one that was
    /// forgotten does not compile.
    #[must_use]
    pub fn audience(&self) -> Scope {
        match self {
            // Who has an account, and what they tried.
            Self::UserAdded { .. }
            | Self::UserVerified { .. }
            | Self::UserRoleChanged { .. }
            | Self::UserDisabled { .. }
            | Self::PasswordChanged { .. }
            | Self::IdentityLinked { .. }
            | Self::SecondFactorSet { .. }
            | Self::SecondFactorRemoved { .. }
            | Self::RecoveryCodesMade { .. }
            | Self::RecoveryCodeUsed { .. }
            | Self::PasskeyAdded { .. }
            | Self::PasskeyRemoved { .. }
            | Self::IdentityUnlinked { .. }
            | Self::UserInvited { .. }
            | Self::InvitationWithdrawn { .. }
            | Self::SessionBegun { .. }
            | Self::SessionEnded { .. }
            | Self::KeyMade { .. }
            | Self::KeyRotated { .. }
            | Self::KeyRevoked { .. }
            | Self::AccessDenied { .. } => Scope::UsersRead,
            // The work, which everybody may see who may see any of it.
            Self::ProjectAdded { .. }
            | Self::SpecAdded { .. }
            | Self::PlanRequested { .. }
            | Self::PlanProposed { .. }
            | Self::PlanFailed { .. }
            | Self::RunStarted { .. }
            | Self::RunBased { .. }
            | Self::RunStateChanged { .. }
            | Self::RunBudgetChanged { .. }
            | Self::TicketStateChanged { .. }
            | Self::AttemptStarted { .. }
            | Self::TicketHeld { .. }
            | Self::WorkOffered { .. }
            | Self::WorkClaimed { .. }
            | Self::WorkReturned { .. }
            | Self::ClaimExpired { .. }
            | Self::AttemptFinished { .. }
            | Self::ModelCalled { .. }
            | Self::ToolCalled { .. }
            | Self::SandboxTakenOver { .. }
            | Self::SandboxCommandRun { .. }
            | Self::SandboxHandedBack { .. }
            | Self::SandboxStopped { .. }
            | Self::SandboxSnapshotTaken { .. }
            | Self::SandboxForked { .. }
            | Self::CheckRun { .. }
            | Self::TestsProbed { .. }
            | Self::HunksTried { .. }
            | Self::ChangeJudged { .. }
            | Self::CodeMeasured { .. }
            | Self::AttemptStuck { .. }
            | Self::FindingRaised { .. }
            | Self::Committed { .. }
            | Self::Clashed { .. }
            | Self::Merged { .. }
            | Self::TicketCarried { .. }
            | Self::TicketReopened { .. }
            | Self::SurveyAsked { .. }
            | Self::SurveyEnded { .. }
            | Self::PullRequestOpened { .. }
            | Self::NodeJoined { .. }
            | Self::NodeLost { .. }
            | Self::NodeLeft { .. }
            | Self::SecretSet { .. }
            | Self::SecretRotated { .. }
            | Self::SecretRemoved { .. }
            | Self::SecretUsed { .. }
            | Self::SecretsRekeyed { .. }
            | Self::StepFailed { .. }
            | Self::AlertRaised { .. }
            | Self::AlertEnded { .. }
            | Self::AuditRead { .. }
            | Self::HoldSet { .. }
            | Self::HoldLifted { .. }
            | Self::ContentsPurged { .. }
            | Self::BudgetReached { .. }
            | Self::QuotaSet { .. }
            | Self::InterruptRaised { .. }
            | Self::InterruptAnswered { .. }
            | Self::InterruptDelegated { .. }
            | Self::InterruptReminded { .. }
            | Self::InterruptEscalated { .. }
            | Self::InterruptRouted { .. }
            | Self::InterruptExpired { .. }
            | Self::PersonAsked { .. } => Scope::WorkRead,
        }
    }
}
