//! Events: the truth from which every view is drawn.
//!
//! An event is one fact that happened. Its body is stored as canonical JSON and never changed; a new field needs a
//! default, a new meaning needs a new variant. Whole numbers only: no floats, so that the hash is the same anywhere.

mod audience;
mod name;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    agent::Capability,
    alert::AlertKind,
    attempt::{AttemptOutcome, Rung},
    audit::{HoldScope, Reading},
    budget::{Budget, Spend},
    cache::CacheOutcome,
    choice::ChoiceReason,
    claim::Returned,
    finding::Finding,
    gate::CheckReport,
    hunk::HunkEvidence,
    id::{
        AttemptId, BlobHash, ClaimId, CommitId, HoldId, IdempotencyKey, InterruptId, InvitationId, KeyId,
        KeyName, Label, NodeId, PasskeyId, PlanId, ProjectId, ProviderName, RequirementId, RunId, SandboxId,
        SessionId, SnapshotId, SpecId, SurveyId, TenantId, TicketId, UserId,
    },
    identity::{EmailAddress, ExternalId, Joined, Role, Scope, SessionEnd},
    interrupt::{HumanResponse, Interrupt},
    lease::FencingToken,
    network::NetworkUse,
    notification::Routed,
    plan::Plan,
    quality::Measures,
    quota::{Quota, QuotaScope},
    rate::Rate,
    run::{RunOptions, RunState},
    sandbox::HandedBack,
    secret::{Placement, Reference, SecretHost, SecretId},
    spec::Spec,
    survey::{Survey, SurveyOutcome},
    ticket::TicketState,
};

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// swarm itself, by one of its parts: `scheduler`, `validator`, `merge-train`.
    System {
        /// The part.
        part: String,
    },
    /// An agent.
    Agent {
        /// Its name.
        name: String,
    },
    /// A person.
    Person {
        /// Their name: the email address of their account, or the login name of the operator.
        name: String,
    },
}

/// What it is about. The ids of the timeline that an event stands on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subject {
    /// The project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// The attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
}

/// An event that is about to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Whose log it goes into.
    pub tenant: TenantId,
    /// Who did it.
    pub actor: Actor,
    /// What it is about.
    pub subject: Subject,
    /// Appending the same key twice appends once.
    pub key: IdempotencyKey,
    /// The request that led to it.
    pub correlation: Option<String>,
    /// What happened.
    pub body: EventBody,
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Event {
    /// Its place in the tenant's log, from 1, without gaps.
    pub seq: u64,
    /// Whose log.
    pub tenant: TenantId,
    /// When it was appended.
    pub at: DateTime<Utc>,
    /// Who did it.
    pub actor: Actor,
    /// What it is about.
    pub subject: Subject,
    /// The request that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// What happened.
    pub body: EventBody,
    /// The hash of the event before it; 64 zeros for the first.
    pub prev: String,
    /// BLAKE3 of `prev` and this event's canonical JSON.
    pub hash: String,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// A repository became known.
    ProjectAdded {
        /// Its name.
        project: ProjectId,
        /// URL or path of the repository, without credentials.
        repo: String,
    },
    /// A spec was read.
    SpecAdded {
        /// Its id.
        id: SpecId,
        /// The text as it was given.
        text: BlobHash,
        /// What was understood.
        spec: Spec,
        /// The version that it was written from, where the project has one that it continues.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<SpecId>,
    },
    /// A plan was asked for.
    PlanRequested {
        /// Its id.
        plan: PlanId,
        /// For which spec.
        spec: SpecId,
        /// The models to draw it up, in order of preference; empty for the configured policy.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        models: Vec<String>,
    },
    /// A plan was drawn up and passed the lint.
    PlanProposed {
        /// The plan with its tickets.
        plan: Plan,
    },
    /// No plan could be drawn up.
    PlanFailed {
        /// Which plan.
        plan: PlanId,
        /// Why, and what to do.
        problem: crate::Problem,
    },
    /// A run began.
    RunStarted {
        /// The plan that it executes.
        plan: PlanId,
        /// What was chosen for it.
        options: RunOptions,
    },
    /// A run's base was fixed.
    RunBased {
        /// The commit that the run builds on.
        base: CommitId,
        /// The branch that it will be offered to.
        base_branch: String,
        /// The branch that collects the merged work.
        branch: String,
    },
    /// A run went from one state to another.
    RunStateChanged {
        /// The new state.
        to: RunState,
    },
    /// A person gave a settled run another budget, to take it up again.
    RunBudgetChanged {
        /// What the run may spend as a whole, what it spent before included.
        budget: Budget,
    },
    /// A ticket went from one state to another.
    TicketStateChanged {
        /// The new state.
        to: TicketState,
    },
    /// An agent began on a ticket.
    AttemptStarted {
        /// From 1.
        number: u32,
        /// Which agent.
        agent: String,
        /// Which model it begins with.
        model: String,
        /// Where its code runs.
        rung: Rung,
        /// The commit that it starts from.
        base: CommitId,
        /// What earlier attempts taught: the hints that it was given.
        hints: Vec<String>,
        /// What the agent was told and with what it works: the turn before its first step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<BlobHash>,
        /// What was asked of the agent; absent in logs from before it was written down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capability: Option<Capability>,
        /// Why this agent and model, where that was not simply the first in line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<ChoiceReason>,
    },
    /// A ticket could begin and was held back, because it would likely clash with one that is under way.
    TicketHeld {
        /// The one that it waits for.
        behind: TicketId,
        /// Why they would clash.
        why: String,
    },
    /// An attempt was offered to workers elsewhere.
    WorkOffered {
        /// The offer.
        claim: ClaimId,
        /// What a worker must have to take it.
        labels: Vec<String>,
    },
    /// A worker took an attempt.
    WorkClaimed {
        /// The offer.
        claim: ClaimId,
        /// The worker, as it calls itself.
        worker: NodeId,
        /// The token of its lease.
        token: FencingToken,
    },
    /// A worker let go of an attempt.
    WorkReturned {
        /// The offer.
        claim: ClaimId,
        /// The worker.
        worker: NodeId,
        /// The token of its lease.
        token: FencingToken,
        /// How.
        how: Returned,
        /// What came back, as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<BlobHash>,
        /// What its model calls used, by its own word.
        spend: Spend,
        /// The models that it says answered.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        models: Vec<String>,
    },
    /// A worker gave no sign of life: its lease ran out.
    ClaimExpired {
        /// The offer.
        claim: ClaimId,
        /// The worker.
        worker: NodeId,
        /// The token, which is stale from now on.
        token: FencingToken,
    },
    /// An attempt ended.
    AttemptFinished {
        /// How.
        outcome: AttemptOutcome,
        /// The bytes that its worktree took on disk, without the repository's shared objects.
        #[serde(default, skip_serializing_if = "is_zero")]
        disk_bytes: u64,
    },
    /// A model was called.
    ModelCalled {
        /// Which agent called.
        agent: String,
        /// The model that answered, as `provider/model`.
        model: String,
        /// The request, as canonical JSON.
        request: BlobHash,
        /// The reply, as canonical JSON.
        reply: BlobHash,
        /// What it cost.
        spend: Spend,
        /// Milliseconds from request to the end of the reply.
        millis: u64,
        /// Whether the reply was played back: from a recording, from another run, or from the cache of replies.
        recorded: bool,
        /// What the cache of replies had to do with it; absent where it was not asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache: Option<CacheOutcome>,
    },
    /// A tool was called.
    ToolCalled {
        /// Which tool.
        tool: String,
        /// Its arguments, as the model gave them.
        arguments: BlobHash,
        /// What it answered.
        result: BlobHash,
        /// Whether it did what was asked.
        ok: bool,
        /// The file or command that it was about, in a few words.
        about: String,
        /// How long it took, in milliseconds; 0 in logs from before it was measured.
        #[serde(default, skip_serializing_if = "is_zero")]
        millis: u64,
        /// Whether it was ended by a deadline that was learned from similar steps.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        overdue: bool,
        /// What it asked of the network.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        network: Vec<NetworkUse>,
    },
    /// A person took over a sandbox: the work that it is for waits until it is handed back.
    SandboxTakenOver {
        /// Which.
        sandbox: SandboxId,
    },
    /// A person ran a command in a sandbox.
    SandboxCommandRun {
        /// Which.
        sandbox: SandboxId,
        /// The line for the shell.
        command: String,
        /// How it ended: `exit 0`, `time limit passed`.
        ended: String,
        /// Its exit code, where it ended by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// Standard output and standard error.
        output: BlobHash,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// A sandbox that a person had taken over is its work's again.
    SandboxHandedBack {
        /// Which.
        sandbox: SandboxId,
        /// How many commands the person ran in it.
        commands: u64,
        /// Why.
        why: HandedBack,
    },
    /// A person stopped a sandbox; its work does the step again in another one.
    SandboxStopped {
        /// Which.
        sandbox: SandboxId,
    },
    /// A sandbox was written down as it is: its files, its memory where it has one of its own, and where the log stood.
    SandboxSnapshotTaken {
        /// Which.
        sandbox: SandboxId,
        /// What was written.
        snapshot: SnapshotId,
        /// The position of the last event of the log at that moment.
        position: u64,
        /// The folder that it is in.
        place: String,
        /// The node that the folder is on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// Whether the memory is in it; else it is files alone.
        memory: bool,
        /// Bytes on disk.
        bytes: u64,
    },
    /// A sandbox of its own was made from a snapshot.
    SandboxForked {
        /// The new one.
        sandbox: SandboxId,
        /// From what.
        snapshot: SnapshotId,
    },
    /// An acceptance command was run in a fresh sandbox.
    CheckRun {
        /// Why it was run.
        stage: CheckStage,
        /// What it proves.
        requirement: RequirementId,
        /// The command.
        command: String,
        /// On which commit.
        commit: CommitId,
        /// Whether it did what the spec says.
        passed: bool,
        /// How it ended: `exit 0`, `timed out`.
        ended: String,
        /// Standard output and standard error.
        output: BlobHash,
        /// Where it ran.
        rung: Rung,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// Tests were tried on code that was made wrong on purpose.
    TestsProbed {
        /// On which commit.
        commit: CommitId,
        /// How many times the code was made wrong.
        mutants: u32,
        /// How often a test or an acceptance command noticed.
        killed: u32,
        /// What nobody noticed, in a few words each, cut to a bound.
        survived: Vec<String>,
        /// Whether the attempt's own tests were tried, or only the commands of the spec.
        own_tests: bool,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// The hunks of a change that people are asked about were left out one by one, to see what misses them.
    HunksTried {
        /// What was found out.
        evidence: HunkEvidence,
    },
    /// A change was judged by reading it and by the tools that are there: each check with its weight.
    ChangeJudged {
        /// To judge one attempt, or the attempt on top of what was merged before.
        stage: CheckStage,
        /// The commit.
        commit: CommitId,
        /// The checks.
        checks: Vec<CheckReport>,
    },
    /// The code of an accepted attempt was measured.
    CodeMeasured {
        /// The commit.
        commit: CommitId,
        /// What was measured.
        measures: Measures,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// Nothing new came of an attempt's last steps.
    AttemptStuck {
        /// The step that it began with: the number of the model's answer, from 1.
        began: u32,
        /// The step at which it was noticed.
        ended: u32,
        /// What was seen, in words.
        why: String,
        /// Whether the attempt was taken back to before it and went on; else that was its end.
        taken_back: bool,
    },
    /// A fault was found in an attempt.
    FindingRaised {
        /// The fault.
        finding: Finding,
    },
    /// An attempt's work was committed.
    Committed {
        /// The commit.
        commit: CommitId,
        /// Files changed.
        files: u32,
        /// Lines added.
        added: u32,
        /// Lines removed.
        removed: u32,
    },
    /// A ticket's work did not fit with what was merged while it was made.
    Clashed {
        /// The files that it changed.
        files: Vec<String>,
        /// The files that were changed meanwhile.
        others: Vec<String>,
        /// The tickets that changed them.
        with: Vec<TicketId>,
        /// Whether a neutral fixer made both fit; else the work went back to its author.
        mended: bool,
    },
    /// A ticket's work reached the integration branch.
    Merged {
        /// The commit on the integration branch.
        commit: CommitId,
        /// The requirements that it serves.
        requirements: Vec<RequirementId>,
        /// Whether it is a checkpoint: a proven part of the ticket, which stays open.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        partial: bool,
        /// The files that it changed, as far as they are named.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        paths: Vec<String>,
    },
    /// An earlier run's work still does what a ticket asks for: the ticket is merged without anybody working on it.
    TicketCarried {
        /// The run that did the work.
        from: RunId,
        /// The commit on that run's branch.
        commit: CommitId,
    },
    /// A carried ticket is to be worked on after all: it does not hold on top of another ticket's work.
    TicketReopened {
        /// Whose work.
        by: TicketId,
    },
    /// A look at code and spec was asked for.
    SurveyAsked {
        /// Its id.
        survey: SurveyId,
        /// What is looked for.
        what: Survey,
    },
    /// A look at code and spec ended.
    SurveyEnded {
        /// Which.
        survey: SurveyId,
        /// What was found.
        outcome: SurveyOutcome,
    },
    /// A pull request was opened or brought up to date.
    PullRequestOpened {
        /// Where: the local forge's id or a URL.
        reference: String,
        /// Its title.
        title: String,
        /// The Markdown text.
        body: BlobHash,
        /// The commit at its head.
        head: CommitId,
    },
    /// A node began to work on the database.
    NodeJoined {
        /// Its name.
        node: NodeId,
        /// The token that its writes show.
        token: FencingToken,
        /// What it offers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<Label>,
        /// The version of swarm that it is.
        version: String,
        /// The machine that it is on.
        host: String,
    },
    /// A node's time ran out, and another one gave its work to those that live.
    NodeLost {
        /// Its name.
        node: NodeId,
        /// The token that is stale now.
        token: FencingToken,
        /// Who noticed.
        by: NodeId,
        /// How many workflows it had begun and not ended.
        moved: u64,
    },
    /// A node went, and gave what it had begun to those that stay.
    NodeLeft {
        /// Its name.
        node: NodeId,
        /// Its token.
        token: FencingToken,
        /// How many workflows it had begun and not ended.
        moved: u64,
    },
    /// A secret was given its value, the first one or another at once. No event holds a value, sealed or hashed.
    SecretSet {
        /// Which.
        secret: SecretId,
        /// The number of the value.
        version: u32,
        /// Where it may be sent.
        hosts: Vec<SecretHost>,
        /// How it is put into a request.
        placement: Placement,
        /// Where the value is looked up; absent where it is sealed in swarm's own store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// When it stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
    },
    /// A secret got another value, and the old one counts beside it for a while.
    SecretRotated {
        /// Which.
        secret: SecretId,
        /// The number of the new value.
        version: u32,
        /// How long the old one still counts, in seconds.
        window_seconds: u32,
        /// Where the new value is looked up; absent where it is sealed in swarm's own store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// When the new value stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
    },
    /// A secret was removed, with every value of it.
    SecretRemoved {
        /// Which.
        secret: SecretId,
    },
    /// A secret was put into a request.
    SecretUsed {
        /// Which.
        secret: SecretId,
        /// The number of the value.
        version: u32,
        /// Where the request went.
        host: SecretHost,
    },
    /// All sealed values were sealed again, with another key.
    SecretsRekeyed {
        /// The public half of the new key.
        recipient: String,
        /// How many values.
        values: u32,
    },
    /// A step failed for now: it is tried again, or that was the last time.
    StepFailed {
        /// The step.
        step: String,
        /// Why, as a code.
        code: String,
        /// Why, in words.
        detail: String,
        /// How often it has failed.
        failed: u32,
        /// Milliseconds until it is tried again; absent where it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again_in: Option<u64>,
    },
    /// A figure passed its bound.
    AlertRaised {
        /// What the alert is about.
        alert: AlertKind,
        /// The figure.
        value: u64,
        /// The bound.
        bound: u64,
        /// What is the matter, in words.
        words: String,
    },
    /// A figure that had passed its bound is well below it again.
    AlertEnded {
        /// What the alert was about.
        alert: AlertKind,
        /// The figure.
        value: u64,
    },
    /// Somebody read the record.
    AuditRead {
        /// In which way.
        how: Reading,
        /// Which part of it, in words: `everything`, `who=ada what=run_*`.
        filter: String,
        /// How many events the filter let through then, as far as they were counted: up to 10,000.
        count: u64,
    },
    /// A legal hold was set: what it is about is not purged until it is lifted.
    HoldSet {
        /// Its name.
        hold: HoldId,
        /// What it is about.
        scope: HoldScope,
        /// Why, in the words of who set it.
        reason: String,
    },
    /// A legal hold was lifted.
    HoldLifted {
        /// Its name.
        hold: HoldId,
        /// Why, in the words of who lifted it.
        reason: String,
    },
    /// Contents of finished work were deleted. Their hashes stay in the events that name them.
    ContentsPurged {
        /// Work counted that had settled before this.
        before: DateTime<Utc>,
        /// The runs whose contents went: how many.
        runs: u64,
        /// How many contents.
        contents: u64,
        /// How many bytes they had.
        bytes: u64,
        /// Which runs and contents, as JSON.
        list: BlobHash,
    },
    /// Somebody got an account.
    UserAdded {
        /// Whose.
        user: UserId,
        /// Their address.
        email: EmailAddress,
        /// What they are in the team.
        role: Role,
        /// How it came to be.
        how: Joined,
        /// The invitation that they came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invitation: Option<InvitationId>,
    },
    /// Somebody showed that their address is their own.
    UserVerified {
        /// Who.
        user: UserId,
    },
    /// Somebody is another thing in the team.
    UserRoleChanged {
        /// Who.
        user: UserId,
        /// What they are from now on.
        role: Role,
    },
    /// Somebody can sign in no more, or again.
    UserDisabled {
        /// Who.
        user: UserId,
        /// Whether they cannot.
        disabled: bool,
    },
    /// Somebody has another password. Their sessions end with it.
    PasswordChanged {
        /// Who.
        user: UserId,
        /// Whether by a link, without knowing the old one.
        by_link: bool,
    },
    /// Somebody can sign in by a provider from now on.
    IdentityLinked {
        /// Who.
        user: UserId,
        /// By which.
        provider: ProviderName,
        /// Who they are there.
        external: ExternalId,
    },
    /// Somebody can sign in by a provider no more.
    IdentityUnlinked {
        /// Who.
        user: UserId,
        /// By which.
        provider: ProviderName,
    },
    /// Somebody is asked for a second factor from now on.
    SecondFactorSet {
        /// Who.
        user: UserId,
    },
    /// Somebody is asked for a second factor no more.
    SecondFactorRemoved {
        /// Who.
        user: UserId,
        /// Whether by a code of theirs; otherwise by who manages accounts.
        by_code: bool,
    },
    /// Somebody has other recovery codes; those of before count no more.
    RecoveryCodesMade {
        /// Who.
        user: UserId,
    },
    /// Somebody used a recovery code in the place of their second factor.
    RecoveryCodeUsed {
        /// Who.
        user: UserId,
        /// How many are left.
        left: u32,
    },
    /// Somebody can sign in by a passkey from now on.
    PasskeyAdded {
        /// Who.
        user: UserId,
        /// The passkey.
        passkey: PasskeyId,
        /// What its owner calls it.
        name: String,
    },
    /// A passkey opens nothing any more.
    PasskeyRemoved {
        /// Whose.
        user: UserId,
        /// The passkey.
        passkey: PasskeyId,
    },
    /// Somebody may make an account. The link is known to who asked for it alone.
    UserInvited {
        /// The invitation.
        invitation: InvitationId,
        /// For whom.
        email: EmailAddress,
        /// What they will be in the team.
        role: Role,
        /// Until when it counts.
        expires: DateTime<Utc>,
    },
    /// An invitation counts no more.
    InvitationWithdrawn {
        /// Which.
        invitation: InvitationId,
    },
    /// Somebody signed in.
    SessionBegun {
        /// The session.
        session: SessionId,
        /// Who.
        user: UserId,
        /// What they signed in with, by its own word.
        device: String,
        /// When it ends by itself.
        expires: DateTime<Utc>,
    },
    /// A session ended before its time.
    SessionEnded {
        /// Which.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// How.
        how: SessionEnd,
    },
    /// An API key was made. No event holds its secret, hashed or not.
    KeyMade {
        /// Which.
        key: KeyId,
        /// What it is called.
        name: KeyName,
        /// Whose; absent where the operator made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<UserId>,
        /// What it may do.
        scopes: Vec<Scope>,
        /// When it stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
        /// How often it may ask; as often as the server lets every key where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate: Option<Rate>,
    },
    /// An API key got another secret, and the old one counts beside it for a while.
    KeyRotated {
        /// Which.
        key: KeyId,
        /// The number of the new secret.
        version: u32,
        /// How long the old one still counts, in seconds.
        window_seconds: u32,
        /// When the new one stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
    },
    /// An API key counts no more.
    KeyRevoked {
        /// Which.
        key: KeyId,
    },
    /// Somebody who was let in asked for what they may not do, and it was not done.
    AccessDenied {
        /// What they asked for: an operation of the API, or a scope.
        action: String,
        /// About what: `Run run_1`.
        about: String,
        /// The policies that forbid it; none where none permits it.
        because: Vec<String>,
        /// How many more denials there were since the last that was written down. The same is not written twice a minute.
        unsaid: u64,
    },
    /// A call was not made because a budget would have been passed.
    BudgetReached {
        /// Whose budget: `run run_1`, `ticket T-1`, `project shop (month from 2026-11-01)`.
        scope: String,
        /// The limit and the spending, for people.
        detail: String,
    },
    /// A quota was set, in the place of the one before; without one, it was lifted.
    QuotaSet {
        /// Whose spending it limits.
        scope: QuotaScope,
        /// The limits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quota: Option<Quota>,
    },
    /// The policy asks people something, and the work waits for their answer.
    InterruptRaised {
        /// The question.
        interrupt: Box<Interrupt>,
    },
    /// It was decided who is told of a question first.
    InterruptRouted {
        /// Which question.
        interrupt: InterruptId,
        /// To whom it goes, the best first, and why; nobody where nobody who may answer is known.
        to: Vec<Routed>,
    },
    /// A person answered.
    InterruptAnswered {
        /// Which question.
        interrupt: InterruptId,
        /// What.
        response: HumanResponse,
    },
    /// A person handed a question to another one.
    InterruptDelegated {
        /// Which question.
        interrupt: InterruptId,
        /// To whom.
        to: String,
    },
    /// The people who were asked are reminded.
    InterruptReminded {
        /// Which question.
        interrupt: InterruptId,
        /// The number of the reminder, from 1.
        number: u32,
    },
    /// Nobody answered, and others are asked too.
    InterruptEscalated {
        /// Which question.
        interrupt: InterruptId,
        /// The number of the step, from 1.
        number: u32,
        /// Who is asked too.
        to: Vec<String>,
    },
    /// Nobody answered in time.
    InterruptExpired {
        /// Which question.
        interrupt: InterruptId,
        /// Whether it counts as accepted: only what is of low risk does, where the policy says so.
        accepted: bool,
    },
    /// A person asked for something: retry, cancel.
    PersonAsked {
        /// What, in a word.
        what: String,
        /// Why, where they said so.
        reason: String,
    },
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Why an acceptance command was run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckStage {
    /// To judge one attempt.
    Validation,
    /// To judge the attempt on top of what was merged before.
    Merge,
}
