//! The document's types. Generated from `openapi.json` by the test `types`: do not edit.
//!
//! Every enum has a variant `Unknown`, for what a later server may say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Hidden;

/// A person's word that it may be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// When.
    pub at: DateTime<Utc>,
    /// Whose.
    pub by: String,
}

/// A command that proves a requirement, with what it must do. Taken from the spec's own examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Run by `sh -c` in the root of the repository.
    pub command: String,
    /// The exit code that is right.
    pub exit: i32,
    /// The line of the spec, from 1; 0 where the check is not from the spec's text.
    pub line: u32,
    /// What standard error must contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr_contains: Option<String>,
    /// What standard output must be, trailing white space aside; anything when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
}

/// What was begun: it goes on in the background, and is found under this id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The id.
    pub id: String,
}

/// Something that an agent, or code for it, is about to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionRequest {
    /// What is to be done: `build_plan`, `merge_change`, `explain_spec`.
    pub action: String,
    /// With what: an object.
    pub args: Value,
}

/// Who did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Actor {
    /// swarm itself, by one of its parts: `scheduler`, `validator`, `merge-train`.
    #[serde(rename = "system")]
    System {
        /// The part.
        part: String,
    },
    /// An agent.
    #[serde(rename = "agent")]
    Agent {
        /// Its name.
        name: String,
    },
    /// A person.
    #[serde(rename = "person")]
    Person {
        /// Their name: the email address of their account, or the login name of the operator.
        name: String,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// An agent, as its file has it, with what it inherits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentFile {
    /// Whether that came with the program; the operator's where it did not.
    pub built_in: bool,
    /// What it can, its main job first.
    pub can: Vec<String>,
    /// What it is for, in a sentence.
    pub description: String,
    /// The name of its file.
    pub file: String,
    /// Models in its order of preference; as configured where there is none.
    pub models: Vec<String>,
    /// Its name.
    pub name: String,
    /// What its work must hold, in words.
    pub rules: Vec<String>,
    /// The tools that it may use.
    pub tools: Vec<String>,
    /// The hash of all that it is: changes with its file, or one that it extends.
    pub version: String,
}

/// The agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentList {
    /// Files that cannot be used. What was read of them before is in place, where there was something.
    pub faults: Vec<Problem>,
    /// They, by name.
    pub items: Vec<AgentFile>,
}

/// An agent of this name, and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentStanding {
    /// The agent.
    pub agent: String,
    /// How it stands.
    pub standing: ObjectiveStanding,
    /// The same in words.
    pub words: String,
}

/// An agent with what it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentText {
    /// The agent.
    pub agent: AgentFile,
    /// What it is told at the beginning, in Markdown, with what it inherits.
    pub prompt: String,
}

/// How often a reply of the cache was compared with one of the model, and how often both said the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Those in which both said the same.
    pub agreed: u64,
    /// Comparisons.
    pub checked: u64,
}

/// An alert that was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The bound that it passed.
    pub bound: u64,
    /// When it ended; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// What it is about.
    pub kind: AlertKind,
    /// When it was raised.
    pub raised_at: DateTime<Utc>,
    /// The figure when it was raised.
    pub value: u64,
    /// What is the matter, and what to do, in words.
    pub words: String,
}

/// Where an alert begins and ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertBound {
    /// It ends when the figure is below this.
    pub end: u64,
    /// It is raised when the figure is this or more; never where this is 0.
    pub raise: u64,
}

/// The bounds of every alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertBounds {
    /// Percent of its budget that a running run has used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_burn: Option<AlertBound>,
    /// Attempts that went round in circles lately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loop_detected: Option<AlertBound>,
    /// Steps that the API of a model failed lately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_errors: Option<AlertBound>,
    /// Seconds that the oldest of them has waited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_age: Option<AlertBound>,
    /// Tickets that wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_depth: Option<AlertBound>,
    /// Steps that a sandbox failed lately.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_failures: Option<AlertBound>,
}

/// What an alert is about.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum AlertKind {
    /// `sandbox_failures`
    #[serde(rename = "sandbox_failures")]
    SandboxFailures,
    /// `model_errors`
    #[serde(rename = "model_errors")]
    ModelErrors,
    /// `queue_depth`
    #[serde(rename = "queue_depth")]
    QueueDepth,
    /// `queue_age`
    #[serde(rename = "queue_age")]
    QueueAge,
    /// `budget_burn`
    #[serde(rename = "budget_burn")]
    BudgetBurn,
    /// `loop_detected`
    #[serde(rename = "loop_detected")]
    LoopDetected,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Alerts, and where they begin and end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertList {
    /// The bounds.
    pub bounds: AlertBounds,
    /// Those that go on, then those that ended, the newest first.
    pub items: Vec<Alert>,
    /// What counts as lately, in seconds.
    pub window_seconds: u64,
}

/// A key, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// What it is called.
    pub name: KeyName,
    /// Whose it is; absent where it is the operator's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// How often it may ask; as often as the server lets every key where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<DateTime<Utc>>,
    /// What it may do, as far as its owner still may.
    pub scopes: Vec<Scope>,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<DateTime<Utc>>,
    /// Its texts that count or did last, by number, oldest first.
    pub versions: Vec<SecretVersion>,
}

/// What can be chosen: an agent, and the model that it begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arm {
    /// The agent's name.
    pub agent: String,
    /// The model's full name.
    pub model: String,
}

/// What is known of an arm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmRecord {
    /// Which.
    pub arm: Arm,
    /// What one of them cost on average.
    pub mean_usd: MicroUsd,
    /// How often it was accepted.
    pub successes: u32,
    /// Of how many times.
    pub trials: u32,
}

/// What an agent did with a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmStatistics {
    /// Those of them that were accepted.
    pub accepted: u32,
    /// Which.
    pub arm: Arm,
    /// Attempts that ended.
    pub attempts: u32,
    /// Milliseconds of all of them.
    pub millis: u64,
    /// What all of them cost.
    pub spend: Spend,
}

/// One try at a ticket by one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Which agent.
    pub agent: String,
    /// The commit that it started from.
    pub base: CommitId,
    /// Why it and its model were chosen; absent where they were simply the first in line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<ChoiceReason>,
    /// The bytes that its worktree took on disk; 0 while it goes on.
    pub disk_bytes: u64,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<DateTime<Utc>>,
    /// What earlier attempts taught it.
    pub hints: Vec<String>,
    /// Its id.
    pub id: AttemptId,
    /// The model that it began with.
    pub model: String,
    /// From 1.
    pub number: u32,
    /// How it ended; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AttemptOutcome>,
    /// Where its code ran.
    pub rung: Rung,
    /// What it cost until now.
    pub spend: Spend,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// At which ticket.
    pub ticket: TicketId,
}

/// One try at a ticket by one agent: `<ticket>.<n>` within its run.
pub type AttemptId = String;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome")]
pub enum AttemptOutcome {
    /// The validator accepted it.
    #[serde(rename = "accepted")]
    Accepted,
    /// The validator, or the merge train, found faults.
    #[serde(rename = "rejected")]
    Rejected {
        /// The faults.
        findings: Vec<Finding>,
    },
    /// It could not be carried through: the model, the sandbox or a budget failed it.
    #[serde(rename = "failed")]
    Failed {
        /// Why, and what to do.
        problem: Problem,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// An accepted attempt, what was measured of it, and its score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptQuality {
    /// Who made it.
    pub agent: String,
    /// When it was measured.
    pub at: DateTime<Utc>,
    /// Which attempt.
    pub attempt: AttemptId,
    /// What was asked of the agent.
    pub capability: Capability,
    /// The commit that was measured.
    pub commit: CommitId,
    /// What was measured.
    pub measures: Measures,
    /// With which model it began.
    pub model: String,
    /// The score that follows.
    pub quality: Quality,
    /// In which run.
    pub run: RunId,
    /// Attempts at the ticket, up to this one and with it, in which faults were found.
    pub sent_back: u32,
    /// At which ticket.
    pub ticket: TicketId,
}

/// An answer of a model, and what was done with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptStep {
    /// When the answer came.
    pub at: DateTime<Utc>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// The model that answered.
    pub model: String,
    /// Its number within the attempt, from 1.
    pub number: u32,
    /// Whether it was played back.
    pub recorded: bool,
    /// The position of the model's answer in the log, by which a run is forked.
    pub seq: u64,
    /// What the answer cost.
    pub spend: Spend,
    /// Whether it is one of those that led nowhere.
    pub stuck: bool,
    /// The tools that it had used.
    pub tools: Vec<StepTool>,
}

/// What an attempt did, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptSteps {
    /// Which attempt.
    pub attempt: AttemptId,
    /// What others spent on its work: a reviewer, a neutral fixer.
    pub by_others: Spend,
    /// Its steps, the oldest first. None where a worker elsewhere made it: only that worker knows them.
    pub steps: Vec<AttemptStep>,
    /// Where it led nowhere.
    pub stuck: Vec<StuckSteps>,
}

/// An event of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// The event.
    pub event: Event,
    /// On whose behalf: by a person for themself, by anybody else for the person who started the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf: Option<String>,
    /// How it came out; absent where it tells of nothing that could come out in one way or another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AuditOutcome>,
}

/// The keys that sign checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditKeys {
    /// The keys before it, newest first.
    pub earlier: Vec<String>,
    /// The signed notes by which each handed over to the next, oldest first.
    pub handovers: Vec<String>,
    /// The public key that signs now, as `name+id+key`; none where nothing was signed yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// How it came out.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditOutcome {
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `failed`
    #[serde(rename = "failed")]
    Failed,
    /// `refused`
    #[serde(rename = "refused")]
    Refused,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A page of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// Where to go on: the cursor of the next page.
    pub cursor: u64,
    /// In the order that was asked for. May be fewer than were asked for, even none, where there is more.
    pub items: Vec<AuditEntry>,
    /// Whether there is more to look through now.
    pub more: bool,
}

/// The BLAKE3 hash of a blob, in hex: its name in the blob store.
pub type BlobHash = String;

/// A file that a worker is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefFile {
    /// Relative to the root of the repository.
    pub path: String,
    /// Whether it belongs in the question: it may be changed, or the work builds on it.
    pub shown: bool,
    /// All of it.
    pub text: String,
}

/// A browser that takes messages: `browser_…`.
pub type BrowserId = String;

/// A browser that takes messages for who is signed in there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserRow {
    /// What it said of itself when the session began.
    pub device: String,
    /// Its id.
    pub id: BrowserId,
    /// Since when it takes messages.
    pub made_at: DateTime<Utc>,
    /// The session in which it is signed in.
    pub session: SessionId,
}

/// One's own browsers that are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Browsers {
    /// The newest first.
    pub items: Vec<BrowserRow>,
    /// What a browser subscribes with (`applicationServerKey`): a point on P-256, in base64url. Absent where browsers
    /// are not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The session that asks, so that a browser finds itself in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
}

/// A limit on spending. An absent limit does not limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// At the most this many tokens, in and out together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// At the most this much money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<MicroUsd>,
}

/// How far a run has used its budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetVitals {
    /// What it used of its budget, in percent: of money or of tokens, whichever is more.
    pub used_percent: u64,
    /// Which run, or whose quota: `project:shop`.
    pub whose: String,
}

/// How many replies were given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheCleared {
    /// So many.
    pub entries: u64,
}

/// What the cache did for one caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheFacts {
    /// What comparisons showed since it was emptied last, the latest ones.
    pub agreement: Agreement,
    /// Who asked: an agent.
    pub caller: String,
    /// Calls that it answered.
    pub hits: u64,
    /// Calls that it could not answer.
    pub missed: u64,
    /// What the hits would have cost.
    pub saved: Spend,
}

/// What the cache of replies had to do with a model call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum CacheOutcome {
    /// It was asked and had nothing: the model answered.
    #[serde(rename = "missed")]
    Missed,
    /// It answered: no model was asked.
    #[serde(rename = "hit")]
    Hit {
        /// What the call cost that brought the reply.
        saved: Spend,
    },
    /// It had a reply, and the model was asked all the same, to see. Both said the same.
    #[serde(rename = "agreed")]
    Agreed,
    /// It had a reply, the model was asked all the same, and said something else. What the model said now counts.
    #[serde(rename = "differed")]
    Differed,
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// The cache of replies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheState {
    /// Their bytes.
    pub bytes: u64,
    /// What it did for each caller, by name.
    pub callers: Vec<CallerCache>,
    /// Whether the configuration has it on.
    pub enabled: bool,
    /// Replies that are kept.
    pub entries: u64,
}

/// How well estimates from history held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// Finished tickets.
    pub finished: u32,
    /// The latest predictions of tokens with what came of them, the oldest first.
    pub latest: Vec<Prediction>,
    /// How alike the work was that each prediction came from.
    pub levels: Vec<LevelCount>,
    /// What was measured.
    pub measures: Vec<MeasureCalibration>,
    /// Those of them for which something could have been said before they began.
    pub predicted: u32,
}

/// What the cache did for one caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerCache {
    /// What.
    pub facts: CacheFacts,
    /// Whether it was shut for this caller, because too few comparisons agreed. Emptying the cache begins anew.
    pub shut: bool,
}

/// What kind of work a ticket wants and an agent offers.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capability {
    /// `plan`
    #[serde(rename = "plan")]
    Plan,
    /// `ticket`
    #[serde(rename = "ticket")]
    Ticket,
    /// `code`
    #[serde(rename = "code")]
    Code,
    /// `test`
    #[serde(rename = "test")]
    Test,
    /// `review`
    #[serde(rename = "review")]
    Review,
    /// `fix`
    #[serde(rename = "fix")]
    Fix,
    /// `resolve`
    #[serde(rename = "resolve")]
    Resolve,
    /// `summarise`
    #[serde(rename = "summarise")]
    Summarise,
    /// `derive`
    #[serde(rename = "derive")]
    Derive,
    /// `specify`
    #[serde(rename = "specify")]
    Specify,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// What a check of a tenant's log found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainReport {
    /// How many signed checkpoints fit.
    pub checkpoints: u64,
    /// How many events were found in order.
    pub events: u64,
    /// The first place where the log is not what was appended, or not what was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_bad: Option<Fault>,
    /// The hash of the last of them. Kept elsewhere, it proves later that nothing before it was changed, not even by
    /// somebody who can write every table here.
    pub head: String,
    /// How many events they cover. Those behind are signed with the next checkpoint.
    pub signed: u64,
}

/// What became of a requirement.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// `added`
    #[serde(rename = "added")]
    Added,
    /// `modified`
    #[serde(rename = "modified")]
    Modified,
    /// `removed`
    #[serde(rename = "removed")]
    Removed,
    /// `unchanged`
    #[serde(rename = "unchanged")]
    Unchanged,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Another password, by who knows the old one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePassword {
    /// The new one.
    pub new: Password,
    /// The password until now.
    pub old: Password,
}

/// A channel that is to be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelTry {
    /// What it is called.
    pub channel: String,
}

/// An acceptance command that was run in a fresh sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// When it ended.
    pub at: DateTime<Utc>,
    /// For which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The command.
    pub command: String,
    /// On which commit.
    pub commit: CommitId,
    /// How it ended: `exit 0`, `timed out`.
    pub ended: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Standard output and standard error; the last 16 KiB.
    pub output: String,
    /// Whether it did what the spec says.
    pub passed: bool,
    /// What it proves.
    pub requirement: RequirementId,
    /// Where it ran.
    pub rung: Rung,
    /// Why it was run.
    pub stage: CheckStage,
    /// For which ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
}

/// One check of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Which.
    pub check: GateCheck,
    /// What it found, cut to a bound.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// How many more there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<u32>,
    /// How it came out.
    pub outcome: Outcome,
    /// What looked: `swarm`, or the name and version of a tool.
    pub tool: String,
    /// What its findings mean.
    pub weight: Weight,
}

/// Why an acceptance command was run.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckStage {
    /// `validation`
    #[serde(rename = "validation")]
    Validation,
    /// `merge`
    #[serde(rename = "merge")]
    Merge,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedModel {
    /// Whether it answered.
    pub answered: bool,
    /// What it cost, as far as the price is known. It counts against the quotas.
    pub cost: MicroUsd,
    /// From the question to the end of the answer.
    pub milliseconds: u64,
    /// Its full name.
    pub model: String,
    /// Which recording it was played back from, if it was: no model was called then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played: Option<PlayedFrom>,
    /// Whether the price is known.
    pub priced: bool,
    /// Why it did not answer, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// What it said: at most 200 characters.
    pub text: String,
    /// Tokens in.
    pub tokens_in: u64,
    /// Tokens out.
    pub tokens_out: u64,
}

/// Signed checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointList {
    /// Those of the fewest events first.
    pub items: Vec<CheckpointRow>,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRow {
    /// When it was signed.
    pub at: DateTime<Utc>,
    /// The hash of the last of them.
    pub head: String,
    /// The id of the key that signed it.
    pub key: String,
    /// The signed note: <https://c2sp.org/signed-note>. Kept elsewhere, it proves later that nothing before it was changed.
    pub note: String,
    /// How many events it covers.
    pub size: u64,
}

/// What is known of who does which work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceList {
    /// Each kind of work, the most frequent first.
    pub items: Vec<KindChoice>,
}

/// Why somebody else than the first in line was chosen, or why past work says that it is the first in line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by")]
pub enum ChoiceReason {
    /// Past work of this kind.
    #[serde(rename = "learned")]
    Learned {
        /// Whether it was chosen to learn more about it, though another looks better by what is known.
        explored: bool,
        /// Who would have had it otherwise; absent where that is the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead_of: Option<Arm>,
        /// The kind of work.
        kind: WorkKind,
        /// What one of them cost on average.
        mean_usd: MicroUsd,
        /// How many attempts of the chosen one at such work were accepted.
        successes: u32,
        /// Of how many.
        trials: u32,
    },
    /// Several attempts that began with the model before it were not accepted.
    #[serde(rename = "ladder")]
    Ladder {
        /// That model.
        instead_of: String,
    },
    /// The agent that would have had it has used up its error budget.
    #[serde(rename = "quarantine")]
    Quarantine {
        /// That agent.
        instead_of: String,
        /// How it stands.
        reason: String,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// Its first line, from 1.
    pub first_line: u32,
    /// Its last line.
    pub last_line: u32,
    /// Relative to the root of the repository.
    pub path: String,
}

/// An attempt that is offered, and who has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The attempt.
    pub attempt: AttemptId,
    /// When the lease runs out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// How many leases ran out.
    pub expiries: u32,
    /// Its id.
    pub id: ClaimId,
    /// What a worker must have to take it.
    pub labels: Vec<String>,
    /// When it was offered.
    pub offered_at: DateTime<Utc>,
    /// The run.
    pub run: RunId,
    /// Since when it stands as it does.
    pub since: DateTime<Utc>,
    /// Where it stands.
    pub state: ClaimState,
    /// The ticket.
    pub ticket: TicketId,
    /// The last token that was granted.
    pub token: FencingToken,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<NodeId>,
}

/// An attempt that is offered to workers elsewhere: `claim_…`, from its run and attempt.
pub type ClaimId = String;

/// What is offered and not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimList {
    /// The oldest first.
    pub items: Vec<Claim>,
}

/// A worker that asks for work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// What it has: it is given only work that needs nothing else.
    #[serde(default)]
    pub labels: Vec<String>,
    /// How long to wait for work where there is none, in seconds; the server has a bound of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u32>,
    /// What it calls itself.
    pub worker: NodeId,
}

/// Where a claim stands.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimState {
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `claimed`
    #[serde(rename = "claimed")]
    Claimed,
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `failed`
    #[serde(rename = "failed")]
    Failed,
    /// `withdrawn`
    #[serde(rename = "withdrawn")]
    Withdrawn,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Work that a worker has from now on, until its lease runs out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimedWork {
    /// What to do.
    pub brief: WorkBrief,
    /// The claim.
    pub claim: ClaimId,
    /// When the lease runs out, unless a heartbeat comes before; by the database's clock.
    pub expires_at: DateTime<Utc>,
    /// How often to send one, in seconds.
    pub heartbeat_seconds: u32,
    /// What each later request must show.
    pub token: FencingToken,
}

/// Failures with the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// What kind.
    pub class: FailureClass,
    /// The code of the finding or problem; has a section in the troubleshooting page.
    pub code: String,
    /// How many attempts failed so.
    pub count: u32,
    /// The latest of them.
    pub example: FailureExample,
    /// When it was seen first.
    pub first_seen: DateTime<Utc>,
    /// What to do about it.
    pub hint: String,
    /// When it was seen last.
    pub last_seen: DateTime<Utc>,
    /// The nearest mode of MAST, where one fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mast: Option<String>,
    /// What they have in common.
    pub signature: String,
    /// At how many tickets of how many runs, each ticket of a run counted once.
    pub tickets: u32,
    /// What these attempts cost.
    pub usd: MicroUsd,
}

/// A code of the app; where a sign-in or a removal asks for it, a recovery code as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// Six digits, or a recovery code.
    pub code: String,
}

/// What differs in the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeDiff {
    /// Lines that only the second run has.
    pub added: u32,
    /// Files that differ.
    pub files: Vec<String>,
    /// Lines that only the first run has.
    pub removed: u32,
    /// From the first to the second, as `git diff` prints it.
    pub text: String,
    /// Whether there was more than what is shown.
    pub truncated: bool,
}

/// A commit's object name in git.
pub type CommitId = String;

/// What became of returned work: it is taken, and judged like any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completed {
    /// The claim.
    pub claim: ClaimId,
    /// Where it stands.
    pub state: ClaimState,
}

/// Work that is returned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Completion {
    /// The claim.
    pub claim: ClaimId,
    /// The models that answered, as `provider/model`.
    #[serde(default)]
    pub models: Vec<String>,
    /// What came of it.
    pub outcome: WorkOutcome,
    /// What the worker's model calls used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<Spend>,
    /// As it came with the claim.
    pub token: FencingToken,
}

/// How much speaks for a requirement.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confidence {
    /// `low`
    #[serde(rename = "low")]
    Low,
    /// `medium`
    #[serde(rename = "medium")]
    Medium,
    /// `high`
    #[serde(rename = "high")]
    High,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How the database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseHealth {
    /// In a few words.
    pub detail: String,
    /// The last migration that ran on it; absent where it does not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<u64>,
    /// The last migration that this program knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration_known: Option<u64>,
    /// Whether it answers, with the tables that this program was built for.
    pub ok: bool,
}

/// What could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetters {
    /// The newest first.
    pub items: Vec<NotificationRow>,
}

/// How long steps may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadlineList {
    /// Kinds of commands, then models.
    pub items: Vec<StepDeadline>,
}

/// How many requirements came to what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaCounts {
    /// Only in the new version.
    pub added: u64,
    /// Asking for something else.
    pub modified: u64,
    /// Only in the old version.
    pub removed: u64,
    /// Asking for the same.
    pub unchanged: u64,
}

/// Why one ticket waits for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// Why.
    pub kind: DependencyKind,
    /// The ticket waited for.
    pub on: TicketId,
}

/// The kinds of dependency.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum DependencyKind {
    /// `blocks`
    #[serde(rename = "blocks")]
    Blocks,
    /// `needs-artifact`
    #[serde(rename = "needs-artifact")]
    NeedsArtifact,
    /// `same-file`
    #[serde(rename = "same-file")]
    SameFile,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A requirement of a draft, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DerivedRequirement {
    /// How much speaks for it.
    pub confidence: Confidence,
    /// Where it was seen: each of them was looked up.
    pub evidence: Vec<Citation>,
    /// Its label in the draft.
    pub id: RequirementId,
    /// What the thing behind it is.
    pub kind: ThingKind,
    /// What the code leaves open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// Its heading.
    pub title: String,
    /// Whether a model put it into words.
    pub worded: bool,
}

/// A result that is another in each of two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What it is in the first run; absent where the first run has no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// What it is in the second run; absent where the second run has no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
    /// The ticket that it is about; absent where it is about the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// What differs: `state`, `outcome of T-1.2`, `tree merged from T-1.2`, `REQ-1 by …`.
    pub what: String,
}

/// A spec that was read off code. It is to be read by a person before anything is built from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Citations of a model that did not hold.
    pub dropped_citations: u32,
    /// Answers of a model that were not used: their citations or their form did not hold.
    pub dropped_words: u32,
    /// Its requirements.
    pub requirements: Vec<DerivedRequirement>,
    /// The spec, as Markdown.
    pub text: String,
    /// What was not read, and why.
    pub unread: Vec<Unread>,
}

/// One change of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftEdit {
    /// What was done.
    pub edit: EditKind,
    /// With which requirement.
    pub id: RequirementId,
    /// Whether an example proves it.
    pub proven: bool,
    /// Its title.
    pub title: String,
}

/// A spec after an answer. Nothing of it is saved: a person reads it first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    /// What was changed, in the order in which it was done.
    pub edits: Vec<DraftEdit>,
    /// What was not, and why.
    pub left_out: Vec<LeftOut>,
    /// The model that answered.
    pub model: String,
    /// What it would have to know.
    pub questions: Vec<String>,
    /// What the model says.
    pub reply: String,
    /// The whole text, in Markdown. Lines that nothing was said of are as they were.
    pub text: String,
}

/// Words that take the place of those at a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Edit {
    /// Another reply of the model.
    #[serde(rename = "reply")]
    Reply {
        /// Its text.
        text: String,
        /// The tools that it calls.
        #[serde(default)]
        tool_calls: Vec<EditedCall>,
    },
    /// Other words at the beginning of an attempt.
    #[serde(rename = "attempt")]
    Attempt {
        /// How to go about the ticket, from this attempt on.
        description: String,
        /// The hints that this attempt is given.
        #[serde(default)]
        hints: Vec<String>,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// What became of a requirement of the spec.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum EditKind {
    /// `added`
    #[serde(rename = "added")]
    Added,
    /// `changed`
    #[serde(rename = "changed")]
    Changed,
    /// `removed`
    #[serde(rename = "removed")]
    Removed,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A call of a tool in an edited reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditedCall {
    /// Its arguments, as JSON.
    pub arguments: String,
    /// Names the call.
    pub id: String,
    /// The tool.
    pub name: String,
}

/// An email address in one form: trimmed and in lower case, so that two spellings are not two accounts. Quoted local
/// parts, comments, addresses of machines and letters beyond ASCII are refused: two of those that look alike are not.
pub type EmailAddress = String;

/// Who else is asked when nobody answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// When, in seconds after it was asked.
    pub after_seconds: u64,
    /// Whom.
    pub to: Vec<String>,
}

/// A range: the low end if everything goes right at once, the high end if every ticket needs all its attempts. Beside
/// it, what past work says, where there was enough of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// How many finished tickets there were to go by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<u32>,
    /// What similar work took before, as P50 and P90; absent where too little was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Forecast>,
    /// Tokens if each ticket needs every attempt.
    pub tokens_high: u64,
    /// Tokens if each ticket succeeds at once.
    pub tokens_low: u64,
    /// The price of the high end.
    pub usd_high: MicroUsd,
    /// The price of the low end.
    pub usd_low: MicroUsd,
}

/// An event as it stands in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Who did it.
    pub actor: Actor,
    /// When it was appended.
    pub at: DateTime<Utc>,
    /// What happened.
    pub body: EventBody,
    /// The request that led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// BLAKE3 of `prev` and this event's canonical JSON.
    pub hash: String,
    /// The hash of the event before it; 64 zeros for the first.
    pub prev: String,
    /// Its place in the tenant's log, from 1, without gaps.
    pub seq: u64,
    /// What it is about.
    pub subject: Subject,
    /// Whose log.
    pub tenant: TenantId,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum EventBody {
    /// A repository became known.
    #[serde(rename = "project_added")]
    ProjectAdded {
        /// Its name.
        project: ProjectId,
        /// URL or path of the repository, without credentials.
        repo: String,
    },
    /// A spec was read.
    #[serde(rename = "spec_added")]
    SpecAdded {
        /// Its id.
        id: SpecId,
        /// The version that it was written from, where the project has one that it continues.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<SpecId>,
        /// What was understood.
        spec: Spec,
        /// The text as it was given.
        text: BlobHash,
    },
    /// A plan was asked for.
    #[serde(rename = "plan_requested")]
    PlanRequested {
        /// The models to draw it up, in order of preference; empty for the configured policy.
        #[serde(default)]
        models: Vec<String>,
        /// Its id.
        plan: PlanId,
        /// For which spec.
        spec: SpecId,
    },
    /// A plan was drawn up and passed the lint.
    #[serde(rename = "plan_proposed")]
    PlanProposed {
        /// The plan with its tickets.
        plan: Plan,
    },
    /// No plan could be drawn up.
    #[serde(rename = "plan_failed")]
    PlanFailed {
        /// Which plan.
        plan: PlanId,
        /// Why, and what to do.
        problem: Problem,
    },
    /// A run began.
    #[serde(rename = "run_started")]
    RunStarted {
        /// What was chosen for it.
        options: RunOptions,
        /// The plan that it executes.
        plan: PlanId,
    },
    /// A run's base was fixed.
    #[serde(rename = "run_based")]
    RunBased {
        /// The commit that the run builds on.
        base: CommitId,
        /// The branch that it will be offered to.
        base_branch: String,
        /// The branch that collects the merged work.
        branch: String,
    },
    /// A run went from one state to another.
    #[serde(rename = "run_state_changed")]
    RunStateChanged {
        /// The new state.
        to: RunState,
    },
    /// A person gave a settled run another budget, to take it up again.
    #[serde(rename = "run_budget_changed")]
    RunBudgetChanged {
        /// What the run may spend as a whole, what it spent before included.
        budget: Budget,
    },
    /// A ticket went from one state to another.
    #[serde(rename = "ticket_state_changed")]
    TicketStateChanged {
        /// The new state.
        to: TicketState,
    },
    /// An agent began on a ticket.
    #[serde(rename = "attempt_started")]
    AttemptStarted {
        /// Which agent.
        agent: String,
        /// The commit that it starts from.
        base: CommitId,
        /// What was asked of the agent; absent in logs from before it was written down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capability: Option<Capability>,
        /// Why this agent and model, where that was not simply the first in line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<ChoiceReason>,
        /// What earlier attempts taught: the hints that it was given.
        hints: Vec<String>,
        /// Which model it begins with.
        model: String,
        /// From 1.
        number: u32,
        /// Where its code runs.
        rung: Rung,
        /// What the agent was told and with what it works: the turn before its first step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn: Option<BlobHash>,
    },
    /// A ticket could begin and was held back, because it would likely clash with one that is under way.
    #[serde(rename = "ticket_held")]
    TicketHeld {
        /// The one that it waits for.
        behind: TicketId,
        /// Why they would clash.
        why: String,
    },
    /// An attempt was offered to workers elsewhere.
    #[serde(rename = "work_offered")]
    WorkOffered {
        /// The offer.
        claim: ClaimId,
        /// What a worker must have to take it.
        labels: Vec<String>,
    },
    /// A worker took an attempt.
    #[serde(rename = "work_claimed")]
    WorkClaimed {
        /// The offer.
        claim: ClaimId,
        /// The token of its lease.
        token: FencingToken,
        /// The worker, as it calls itself.
        worker: NodeId,
    },
    /// A worker let go of an attempt.
    #[serde(rename = "work_returned")]
    WorkReturned {
        /// The offer.
        claim: ClaimId,
        /// How.
        how: Returned,
        /// The models that it says answered.
        #[serde(default)]
        models: Vec<String>,
        /// What its model calls used, by its own word.
        spend: Spend,
        /// The token of its lease.
        token: FencingToken,
        /// What came back, as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        work: Option<BlobHash>,
        /// The worker.
        worker: NodeId,
    },
    /// A worker gave no sign of life: its lease ran out.
    #[serde(rename = "claim_expired")]
    ClaimExpired {
        /// The offer.
        claim: ClaimId,
        /// The token, which is stale from now on.
        token: FencingToken,
        /// The worker.
        worker: NodeId,
    },
    /// An attempt ended.
    #[serde(rename = "attempt_finished")]
    AttemptFinished {
        /// The bytes that its worktree took on disk, without the repository's shared objects.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        disk_bytes: Option<u64>,
        /// How.
        outcome: AttemptOutcome,
    },
    /// A model was called.
    #[serde(rename = "model_called")]
    ModelCalled {
        /// Which agent called.
        agent: String,
        /// What the cache of replies had to do with it; absent where it was not asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cache: Option<CacheOutcome>,
        /// Milliseconds from request to the end of the reply.
        millis: u64,
        /// The model that answered, as `provider/model`.
        model: String,
        /// Whether the reply was played back: from a recording, from another run, or from the cache of replies.
        recorded: bool,
        /// The reply, as canonical JSON.
        reply: BlobHash,
        /// The request, as canonical JSON.
        request: BlobHash,
        /// What it cost.
        spend: Spend,
    },
    /// A tool was called.
    #[serde(rename = "tool_called")]
    ToolCalled {
        /// The file or command that it was about, in a few words.
        about: String,
        /// Its arguments, as the model gave them.
        arguments: BlobHash,
        /// How long it took, in milliseconds; 0 in logs from before it was measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        millis: Option<u64>,
        /// What it asked of the network.
        #[serde(default)]
        network: Vec<NetworkUse>,
        /// Whether it did what was asked.
        ok: bool,
        /// Whether it was ended by a deadline that was learned from similar steps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        overdue: Option<bool>,
        /// What it answered.
        result: BlobHash,
        /// Which tool.
        tool: String,
    },
    /// A person took over a sandbox: the work that it is for waits until it is handed back.
    #[serde(rename = "sandbox_taken_over")]
    SandboxTakenOver {
        /// Which.
        sandbox: SandboxId,
    },
    /// A person ran a command in a sandbox.
    #[serde(rename = "sandbox_command_run")]
    SandboxCommandRun {
        /// The line for the shell.
        command: String,
        /// How it ended: `exit 0`, `time limit passed`.
        ended: String,
        /// Its exit code, where it ended by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
        /// How long it took, in milliseconds.
        millis: u64,
        /// Standard output and standard error.
        output: BlobHash,
        /// Which.
        sandbox: SandboxId,
    },
    /// A sandbox that a person had taken over is its work's again.
    #[serde(rename = "sandbox_handed_back")]
    SandboxHandedBack {
        /// How many commands the person ran in it.
        commands: u64,
        /// Which.
        sandbox: SandboxId,
        /// Why.
        why: HandedBack,
    },
    /// A person stopped a sandbox; its work does the step again in another one.
    #[serde(rename = "sandbox_stopped")]
    SandboxStopped {
        /// Which.
        sandbox: SandboxId,
    },
    /// A sandbox was written down as it is: its files, its memory where it has one of its own, and where the log stood.
    #[serde(rename = "sandbox_snapshot_taken")]
    SandboxSnapshotTaken {
        /// Bytes on disk.
        bytes: u64,
        /// Whether the memory is in it; else it is files alone.
        memory: bool,
        /// The node that the folder is on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        node: Option<NodeId>,
        /// The folder that it is in.
        place: String,
        /// The position of the last event of the log at that moment.
        position: u64,
        /// Which.
        sandbox: SandboxId,
        /// What was written.
        snapshot: SnapshotId,
    },
    /// A sandbox of its own was made from a snapshot.
    #[serde(rename = "sandbox_forked")]
    SandboxForked {
        /// The new one.
        sandbox: SandboxId,
        /// From what.
        snapshot: SnapshotId,
    },
    /// An acceptance command was run in a fresh sandbox.
    #[serde(rename = "check_run")]
    CheckRun {
        /// The command.
        command: String,
        /// On which commit.
        commit: CommitId,
        /// How it ended: `exit 0`, `timed out`.
        ended: String,
        /// How long it took, in milliseconds.
        millis: u64,
        /// Standard output and standard error.
        output: BlobHash,
        /// Whether it did what the spec says.
        passed: bool,
        /// What it proves.
        requirement: RequirementId,
        /// Where it ran.
        rung: Rung,
        /// Why it was run.
        stage: CheckStage,
    },
    /// Tests were tried on code that was made wrong on purpose.
    #[serde(rename = "tests_probed")]
    TestsProbed {
        /// On which commit.
        commit: CommitId,
        /// How often a test or an acceptance command noticed.
        killed: u32,
        /// How long it took, in milliseconds.
        millis: u64,
        /// How many times the code was made wrong.
        mutants: u32,
        /// Whether the attempt's own tests were tried, or only the commands of the spec.
        own_tests: bool,
        /// What nobody noticed, in a few words each, cut to a bound.
        survived: Vec<String>,
    },
    /// The hunks of a change that people are asked about were left out one by one, to see what misses them.
    #[serde(rename = "hunks_tried")]
    HunksTried {
        /// What was found out.
        evidence: HunkEvidence,
    },
    /// A change was judged by reading it and by the tools that are there: each check with its weight.
    #[serde(rename = "change_judged")]
    ChangeJudged {
        /// The checks.
        checks: Vec<CheckReport>,
        /// The commit.
        commit: CommitId,
        /// To judge one attempt, or the attempt on top of what was merged before.
        stage: CheckStage,
    },
    /// The code of an accepted attempt was measured.
    #[serde(rename = "code_measured")]
    CodeMeasured {
        /// The commit.
        commit: CommitId,
        /// What was measured.
        measures: Measures,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// Nothing new came of an attempt's last steps.
    #[serde(rename = "attempt_stuck")]
    AttemptStuck {
        /// The step that it began with: the number of the model's answer, from 1.
        began: u32,
        /// The step at which it was noticed.
        ended: u32,
        /// Whether the attempt was taken back to before it and went on; else that was its end.
        taken_back: bool,
        /// What was seen, in words.
        why: String,
    },
    /// A fault was found in an attempt.
    #[serde(rename = "finding_raised")]
    FindingRaised {
        /// The fault.
        finding: Finding,
    },
    /// An attempt's work was committed.
    #[serde(rename = "committed")]
    Committed {
        /// Lines added.
        added: u32,
        /// The commit.
        commit: CommitId,
        /// Files changed.
        files: u32,
        /// Lines removed.
        removed: u32,
    },
    /// A ticket's work did not fit with what was merged while it was made.
    #[serde(rename = "clashed")]
    Clashed {
        /// The files that it changed.
        files: Vec<String>,
        /// Whether a neutral fixer made both fit; else the work went back to its author.
        mended: bool,
        /// The files that were changed meanwhile.
        others: Vec<String>,
        /// The tickets that changed them.
        with: Vec<TicketId>,
    },
    /// A ticket's work reached the integration branch.
    #[serde(rename = "merged")]
    Merged {
        /// The commit on the integration branch.
        commit: CommitId,
        /// Whether it is a checkpoint: a proven part of the ticket, which stays open.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        partial: Option<bool>,
        /// The files that it changed, as far as they are named.
        #[serde(default)]
        paths: Vec<String>,
        /// The requirements that it serves.
        requirements: Vec<RequirementId>,
    },
    /// An earlier run's work still does what a ticket asks for: the ticket is merged without anybody working on it.
    #[serde(rename = "ticket_carried")]
    TicketCarried {
        /// The commit on that run's branch.
        commit: CommitId,
        /// The run that did the work.
        from: RunId,
    },
    /// A carried ticket is to be worked on after all: it does not hold on top of another ticket's work.
    #[serde(rename = "ticket_reopened")]
    TicketReopened {
        /// Whose work.
        by: TicketId,
    },
    /// A look at code and spec was asked for.
    #[serde(rename = "survey_asked")]
    SurveyAsked {
        /// Its id.
        survey: SurveyId,
        /// What is looked for.
        what: Survey,
    },
    /// A look at code and spec ended.
    #[serde(rename = "survey_ended")]
    SurveyEnded {
        /// What was found.
        outcome: SurveyOutcome,
        /// Which.
        survey: SurveyId,
    },
    /// A pull request was opened or brought up to date.
    #[serde(rename = "pull_request_opened")]
    PullRequestOpened {
        /// The Markdown text.
        body: BlobHash,
        /// The commit at its head.
        head: CommitId,
        /// Where: the local forge's id or a URL.
        reference: String,
        /// Its title.
        title: String,
    },
    /// A node began to work on the database.
    #[serde(rename = "node_joined")]
    NodeJoined {
        /// The machine that it is on.
        host: String,
        /// What it offers.
        #[serde(default)]
        labels: Vec<Label>,
        /// Its name.
        node: NodeId,
        /// The token that its writes show.
        token: FencingToken,
        /// The version of swarm that it is.
        version: String,
    },
    /// A node's time ran out, and another one gave its work to those that live.
    #[serde(rename = "node_lost")]
    NodeLost {
        /// Who noticed.
        by: NodeId,
        /// How many workflows it had begun and not ended.
        moved: u64,
        /// Its name.
        node: NodeId,
        /// The token that is stale now.
        token: FencingToken,
    },
    /// A node went, and gave what it had begun to those that stay.
    #[serde(rename = "node_left")]
    NodeLeft {
        /// How many workflows it had begun and not ended.
        moved: u64,
        /// Its name.
        node: NodeId,
        /// Its token.
        token: FencingToken,
    },
    /// A secret was given its value, the first one or another at once. No event holds a value, sealed or hashed.
    #[serde(rename = "secret_set")]
    SecretSet {
        /// When it stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
        /// Where it may be sent.
        hosts: Vec<SecretHost>,
        /// How it is put into a request.
        placement: Placement,
        /// Where the value is looked up; absent where it is sealed in swarm's own store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// Which.
        secret: SecretId,
        /// The number of the value.
        version: u32,
    },
    /// A secret got another value, and the old one counts beside it for a while.
    #[serde(rename = "secret_rotated")]
    SecretRotated {
        /// When the new value stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
        /// Where the new value is looked up; absent where it is sealed in swarm's own store.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<Reference>,
        /// Which.
        secret: SecretId,
        /// The number of the new value.
        version: u32,
        /// How long the old one still counts, in seconds.
        window_seconds: u32,
    },
    /// A secret was removed, with every value of it.
    #[serde(rename = "secret_removed")]
    SecretRemoved {
        /// Which.
        secret: SecretId,
    },
    /// A secret was put into a request.
    #[serde(rename = "secret_used")]
    SecretUsed {
        /// Where the request went.
        host: SecretHost,
        /// Which.
        secret: SecretId,
        /// The number of the value.
        version: u32,
    },
    /// All sealed values were sealed again, with another key.
    #[serde(rename = "secrets_rekeyed")]
    SecretsRekeyed {
        /// The public half of the new key.
        recipient: String,
        /// How many values.
        values: u32,
    },
    /// A step failed for now: it is tried again, or that was the last time.
    #[serde(rename = "step_failed")]
    StepFailed {
        /// Milliseconds until it is tried again; absent where it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again_in: Option<u64>,
        /// Why, as a code.
        code: String,
        /// Why, in words.
        detail: String,
        /// How often it has failed.
        failed: u32,
        /// The step.
        step: String,
    },
    /// A figure passed its bound.
    #[serde(rename = "alert_raised")]
    AlertRaised {
        /// What the alert is about.
        alert: AlertKind,
        /// The bound.
        bound: u64,
        /// The figure.
        value: u64,
        /// What is the matter, in words.
        words: String,
    },
    /// A figure that had passed its bound is well below it again.
    #[serde(rename = "alert_ended")]
    AlertEnded {
        /// What the alert was about.
        alert: AlertKind,
        /// The figure.
        value: u64,
    },
    /// Somebody read the record.
    #[serde(rename = "audit_read")]
    AuditRead {
        /// How many events the filter let through then, as far as they were counted: up to 10,000.
        count: u64,
        /// Which part of it, in words: `everything`, `who=ada what=run_*`.
        filter: String,
        /// In which way.
        how: Reading,
    },
    /// A legal hold was set: what it is about is not purged until it is lifted.
    #[serde(rename = "hold_set")]
    HoldSet {
        /// Its name.
        hold: HoldId,
        /// Why, in the words of who set it.
        reason: String,
        /// What it is about.
        scope: HoldScope,
    },
    /// A legal hold was lifted.
    #[serde(rename = "hold_lifted")]
    HoldLifted {
        /// Its name.
        hold: HoldId,
        /// Why, in the words of who lifted it.
        reason: String,
    },
    /// Contents of finished work were deleted. Their hashes stay in the events that name them.
    #[serde(rename = "contents_purged")]
    ContentsPurged {
        /// Work counted that had settled before this.
        before: DateTime<Utc>,
        /// How many bytes they had.
        bytes: u64,
        /// How many contents.
        contents: u64,
        /// Which runs and contents, as JSON.
        list: BlobHash,
        /// The runs whose contents went: how many.
        runs: u64,
    },
    /// Somebody got an account.
    #[serde(rename = "user_added")]
    UserAdded {
        /// Their address.
        email: EmailAddress,
        /// How it came to be.
        how: Joined,
        /// The invitation that they came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invitation: Option<InvitationId>,
        /// What they are in the team.
        role: Role,
        /// Whose.
        user: UserId,
    },
    /// Somebody showed that their address is their own.
    #[serde(rename = "user_verified")]
    UserVerified {
        /// Who.
        user: UserId,
    },
    /// Somebody is another thing in the team.
    #[serde(rename = "user_role_changed")]
    UserRoleChanged {
        /// What they are from now on.
        role: Role,
        /// Who.
        user: UserId,
    },
    /// Somebody can sign in no more, or again.
    #[serde(rename = "user_disabled")]
    UserDisabled {
        /// Whether they cannot.
        disabled: bool,
        /// Who.
        user: UserId,
    },
    /// Somebody has another password. Their sessions end with it.
    #[serde(rename = "password_changed")]
    PasswordChanged {
        /// Whether by a link, without knowing the old one.
        by_link: bool,
        /// Who.
        user: UserId,
    },
    /// Somebody can sign in by a provider from now on.
    #[serde(rename = "identity_linked")]
    IdentityLinked {
        /// Who they are there.
        external: ExternalId,
        /// By which.
        provider: ProviderName,
        /// Who.
        user: UserId,
    },
    /// Somebody can sign in by a provider no more.
    #[serde(rename = "identity_unlinked")]
    IdentityUnlinked {
        /// By which.
        provider: ProviderName,
        /// Who.
        user: UserId,
    },
    /// Somebody is asked for a second factor from now on.
    #[serde(rename = "second_factor_set")]
    SecondFactorSet {
        /// Who.
        user: UserId,
    },
    /// Somebody is asked for a second factor no more.
    #[serde(rename = "second_factor_removed")]
    SecondFactorRemoved {
        /// Whether by a code of theirs; otherwise by who manages accounts.
        by_code: bool,
        /// Who.
        user: UserId,
    },
    /// Somebody has other recovery codes; those of before count no more.
    #[serde(rename = "recovery_codes_made")]
    RecoveryCodesMade {
        /// Who.
        user: UserId,
    },
    /// Somebody used a recovery code in the place of their second factor.
    #[serde(rename = "recovery_code_used")]
    RecoveryCodeUsed {
        /// How many are left.
        left: u32,
        /// Who.
        user: UserId,
    },
    /// Somebody can sign in by a passkey from now on.
    #[serde(rename = "passkey_added")]
    PasskeyAdded {
        /// What its owner calls it.
        name: String,
        /// The passkey.
        passkey: PasskeyId,
        /// Who.
        user: UserId,
    },
    /// A passkey opens nothing any more.
    #[serde(rename = "passkey_removed")]
    PasskeyRemoved {
        /// The passkey.
        passkey: PasskeyId,
        /// Whose.
        user: UserId,
    },
    /// Somebody may make an account. The link is known to who asked for it alone.
    #[serde(rename = "user_invited")]
    UserInvited {
        /// For whom.
        email: EmailAddress,
        /// Until when it counts.
        expires: DateTime<Utc>,
        /// The invitation.
        invitation: InvitationId,
        /// What they will be in the team.
        role: Role,
    },
    /// An invitation counts no more.
    #[serde(rename = "invitation_withdrawn")]
    InvitationWithdrawn {
        /// Which.
        invitation: InvitationId,
    },
    /// Somebody signed in.
    #[serde(rename = "session_begun")]
    SessionBegun {
        /// What they signed in with, by its own word.
        device: String,
        /// When it ends by itself.
        expires: DateTime<Utc>,
        /// The session.
        session: SessionId,
        /// Who.
        user: UserId,
    },
    /// A session ended before its time.
    #[serde(rename = "session_ended")]
    SessionEnded {
        /// How.
        how: SessionEnd,
        /// Which.
        session: SessionId,
        /// Whose.
        user: UserId,
    },
    /// An API key was made. No event holds its secret, hashed or not.
    #[serde(rename = "key_made")]
    KeyMade {
        /// When it stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
        /// Which.
        key: KeyId,
        /// What it is called.
        name: KeyName,
        /// Whose; absent where the operator made it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<UserId>,
        /// How often it may ask; as often as the server lets every key where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rate: Option<Rate>,
        /// What it may do.
        scopes: Vec<Scope>,
    },
    /// An API key got another secret, and the old one counts beside it for a while.
    #[serde(rename = "key_rotated")]
    KeyRotated {
        /// When the new one stops to count by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<DateTime<Utc>>,
        /// Which.
        key: KeyId,
        /// The number of the new secret.
        version: u32,
        /// How long the old one still counts, in seconds.
        window_seconds: u32,
    },
    /// An API key counts no more.
    #[serde(rename = "key_revoked")]
    KeyRevoked {
        /// Which.
        key: KeyId,
    },
    /// Somebody who was let in asked for what they may not do, and it was not done.
    #[serde(rename = "access_denied")]
    AccessDenied {
        /// About what: `Run run_1`.
        about: String,
        /// What they asked for: an operation of the API, or a scope.
        action: String,
        /// The policies that forbid it; none where none permits it.
        because: Vec<String>,
        /// How many more denials there were since the last that was written down. The same is not written twice a minute.
        unsaid: u64,
    },
    /// A call was not made because a budget would have been passed.
    #[serde(rename = "budget_reached")]
    BudgetReached {
        /// The limit and the spending, for people.
        detail: String,
        /// Whose budget: `run run_1`, `ticket T-1`, `project shop (month from 2026-11-01)`.
        scope: String,
    },
    /// A quota was set, in the place of the one before; without one, it was lifted.
    #[serde(rename = "quota_set")]
    QuotaSet {
        /// The limits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quota: Option<Quota>,
        /// Whose spending it limits.
        scope: QuotaScope,
    },
    /// The policy asks people something, and the work waits for their answer.
    #[serde(rename = "interrupt_raised")]
    InterruptRaised {
        /// The question.
        interrupt: Interrupt,
    },
    /// It was decided who is told of a question first.
    #[serde(rename = "interrupt_routed")]
    InterruptRouted {
        /// Which question.
        interrupt: InterruptId,
        /// To whom it goes, the best first, and why; nobody where nobody who may answer is known.
        to: Vec<Routed>,
    },
    /// A person answered.
    #[serde(rename = "interrupt_answered")]
    InterruptAnswered {
        /// Which question.
        interrupt: InterruptId,
        /// What.
        response: HumanResponse,
    },
    /// A person handed a question to another one.
    #[serde(rename = "interrupt_delegated")]
    InterruptDelegated {
        /// Which question.
        interrupt: InterruptId,
        /// To whom.
        to: String,
    },
    /// The people who were asked are reminded.
    #[serde(rename = "interrupt_reminded")]
    InterruptReminded {
        /// Which question.
        interrupt: InterruptId,
        /// The number of the reminder, from 1.
        number: u32,
    },
    /// Nobody answered, and others are asked too.
    #[serde(rename = "interrupt_escalated")]
    InterruptEscalated {
        /// Which question.
        interrupt: InterruptId,
        /// The number of the step, from 1.
        number: u32,
        /// Who is asked too.
        to: Vec<String>,
    },
    /// Nobody answered in time.
    #[serde(rename = "interrupt_expired")]
    InterruptExpired {
        /// Whether it counts as accepted: only what is of low risk does, where the policy says so.
        accepted: bool,
        /// Which question.
        interrupt: InterruptId,
    },
    /// A person asked for something: retry, cancel.
    #[serde(rename = "person_asked")]
    PersonAsked {
        /// Why, where they said so.
        reason: String,
        /// What, in a word.
        what: String,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The oldest first.
    pub events: Vec<Event>,
    /// The position to go on from: `?after=` of the next page.
    pub next: u64,
}

/// What is known of a requirement.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Evidence {
    /// `proven`
    #[serde(rename = "proven")]
    Proven,
    /// `failing`
    #[serde(rename = "failing")]
    Failing,
    /// `unproven`
    #[serde(rename = "unproven")]
    Unproven,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A decision, explained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// To what.
    pub about: String,
    /// What they would do.
    pub action: String,
    /// Whether it would be done.
    pub allowed: bool,
    /// What could not be decided. Whatever it was, it is not done.
    pub errors: Vec<String>,
    /// The policies that made it so: those that permit it, or those that forbid it. None where none permits it.
    pub policies: Vec<PolicyText>,
    /// Who it is about: `user ada@example.org, maintainer`.
    pub who: String,
    /// What would have to be another way for it to be decided otherwise.
    pub words: Vec<String>,
}

/// Somebody at a provider. Never given to another person there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalId {
    /// Who says so: the provider's address.
    pub issuer: String,
    /// Its own name for the person, which nobody else gets.
    pub subject: String,
}

/// What kind of failure it was: who can do something about it.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureClass {
    /// `specification`
    #[serde(rename = "specification")]
    Specification,
    /// `misalignment`
    #[serde(rename = "misalignment")]
    Misalignment,
    /// `verification`
    #[serde(rename = "verification")]
    Verification,
    /// `environment`
    #[serde(rename = "environment")]
    Environment,
    /// `model`
    #[serde(rename = "model")]
    Model,
    /// `budget`
    #[serde(rename = "budget")]
    Budget,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// One failure of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureExample {
    /// Which attempt.
    pub attempt: AttemptId,
    /// What happened.
    pub detail: String,
    /// In which run.
    pub run: RunId,
    /// At which ticket.
    pub ticket: TicketId,
}

/// Failed attempts by what they have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureList {
    /// How many attempts failed in all.
    pub attempts: u32,
    /// How many kinds of failure there are in all.
    pub clusters: u32,
    /// The most frequent first, ten at the most.
    pub items: Vec<Cluster>,
}

/// Where a log is not what was appended and signed, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Of which kind it is.
    pub kind: FaultKind,
    /// What is wrong there, in words.
    pub reason: String,
    /// The position of the event that it is about; 0 where it is about none.
    pub seq: u64,
}

/// The kinds of faults.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// `unreadable`
    #[serde(rename = "unreadable")]
    Unreadable,
    /// `changed`
    #[serde(rename = "changed")]
    Changed,
    /// `unlinked`
    #[serde(rename = "unlinked")]
    Unlinked,
    /// `missing`
    #[serde(rename = "missing")]
    Missing,
    /// `reordered`
    #[serde(rename = "reordered")]
    Reordered,
    /// `rewritten`
    #[serde(rename = "rewritten")]
    Rewritten,
    /// `truncated`
    #[serde(rename = "truncated")]
    Truncated,
    /// `unsigned`
    #[serde(rename = "unsigned")]
    Unsigned,
    /// `unknown_key`
    #[serde(rename = "unknown_key")]
    UnknownKey,
    /// `retired_key`
    #[serde(rename = "retired_key")]
    RetiredKey,
    /// `bad_signature`
    #[serde(rename = "bad_signature")]
    BadSignature,
    /// `misplaced`
    #[serde(rename = "misplaced")]
    Misplaced,
    /// `other_log`
    #[serde(rename = "other_log")]
    OtherLog,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A number that grows with every grant of the same seat, and never goes back.
pub type FencingToken = u64;

/// A part of a requirement.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Field {
    /// `title`
    #[serde(rename = "title")]
    Title,
    /// `text`
    #[serde(rename = "text")]
    Text,
    /// `acceptance`
    #[serde(rename = "acceptance")]
    Acceptance,
    /// `fixtures`
    #[serde(rename = "fixtures")]
    Fixtures,
    /// `depends_on`
    #[serde(rename = "depends_on")]
    DependsOn,
    /// `files`
    #[serde(rename = "files")]
    Files,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind.
    pub code: FindingCode,
    /// What was found, in a sentence.
    pub detail: String,
    /// The output or lines that show it, cut to a bound. Never holds the secret that was found.
    pub evidence: String,
    /// What to do about it: the hint that goes to the next attempt.
    pub hint: String,
    /// The file that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The requirement that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementId>,
}

/// Why an attempt was not accepted. Each code has a section in the troubleshooting page.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum FindingCode {
    /// `acceptance_failed`
    #[serde(rename = "acceptance_failed")]
    AcceptanceFailed,
    /// `acceptance_limit`
    #[serde(rename = "acceptance_limit")]
    AcceptanceLimit,
    /// `out_of_scope`
    #[serde(rename = "out_of_scope")]
    OutOfScope,
    /// `placeholder`
    #[serde(rename = "placeholder")]
    Placeholder,
    /// `secret`
    #[serde(rename = "secret")]
    Secret,
    /// `too_large`
    #[serde(rename = "too_large")]
    TooLarge,
    /// `nothing_done`
    #[serde(rename = "nothing_done")]
    NothingDone,
    /// `not_finished`
    #[serde(rename = "not_finished")]
    NotFinished,
    /// `tool_failed`
    #[serde(rename = "tool_failed")]
    ToolFailed,
    /// `loop`
    #[serde(rename = "loop")]
    Loop,
    /// `malformed`
    #[serde(rename = "malformed")]
    Malformed,
    /// `review`
    #[serde(rename = "review")]
    Review,
    /// `conflict`
    #[serde(rename = "conflict")]
    Conflict,
    /// `merge_red`
    #[serde(rename = "merge_red")]
    MergeRed,
    /// `hollow_test`
    #[serde(rename = "hollow_test")]
    HollowTest,
    /// `test_tampered`
    #[serde(rename = "test_tampered")]
    TestTampered,
    /// `hard_coded`
    #[serde(rename = "hard_coded")]
    HardCoded,
    /// `evasion`
    #[serde(rename = "evasion")]
    Evasion,
    /// `shadowed`
    #[serde(rename = "shadowed")]
    Shadowed,
    /// `swallowed_error`
    #[serde(rename = "swallowed_error")]
    SwallowedError,
    /// `injection`
    #[serde(rename = "injection")]
    Injection,
    /// `artefact`
    #[serde(rename = "artefact")]
    Artefact,
    /// `check_disabled`
    #[serde(rename = "check_disabled")]
    CheckDisabled,
    /// `rule_broken`
    #[serde(rename = "rule_broken")]
    RuleBroken,
    /// `scanned`
    #[serde(rename = "scanned")]
    Scanned,
    /// `vulnerable_dependency`
    #[serde(rename = "vulnerable_dependency")]
    VulnerableDependency,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A fault that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingEntry {
    /// When it was found.
    pub at: DateTime<Utc>,
    /// In which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The fault.
    pub finding: Finding,
}

/// A file that the spec's examples read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fixture {
    /// The whole content.
    pub content: String,
    /// Relative to the root of the repository.
    pub path: String,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum FixtureChange {
    /// `added`
    #[serde(rename = "added")]
    Added,
    /// `modified`
    #[serde(rename = "modified")]
    Modified,
    /// `removed`
    #[serde(rename = "removed")]
    Removed,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// What became of a file of the examples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixtureDelta {
    /// What became of it.
    pub change: FixtureChange,
    /// Its path.
    pub path: String,
}

/// What a plan will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Milliseconds of work, tickets one after the other.
    pub millis: Span,
    /// The tickets, each with what it was compared to.
    pub tickets: Vec<TicketForecast>,
    /// Tokens, in and out together.
    pub tokens: Span,
    /// Millionths of a US dollar, at the price of today where that is known.
    pub usd: Span,
}

/// Somebody who does not know their password any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// The email address of their account.
    pub email: EmailAddress,
}

/// Whether past work of one kind may choose, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gate")]
pub enum Gate {
    /// It chooses: it would have done better.
    #[serde(rename = "open")]
    Open {
        /// By how much.
        hindsight: Hindsight,
    },
    /// The setting says that it must not.
    #[serde(rename = "fixed")]
    Fixed,
    /// There is no second agent or model to choose.
    #[serde(rename = "one_arm")]
    OneArm,
    /// Not enough is known of two of them, the one that is chosen now among them.
    #[serde(rename = "too_few_trials")]
    TooFewTrials {
        /// How many trials each of two must have.
        needed: u32,
    },
    /// It is not certain enough that it would have done better.
    #[serde(rename = "not_better")]
    NotBetter {
        /// What was found.
        hindsight: Hindsight,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// What is looked at. Each has a weight in the policy.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum GateCheck {
    /// `secrets`
    #[serde(rename = "secrets")]
    Secrets,
    /// `placeholders`
    #[serde(rename = "placeholders")]
    Placeholders,
    /// `tests`
    #[serde(rename = "tests")]
    Tests,
    /// `scope`
    #[serde(rename = "scope")]
    Scope,
    /// `size`
    #[serde(rename = "size")]
    Size,
    /// `tricks`
    #[serde(rename = "tricks")]
    Tricks,
    /// `artefacts`
    #[serde(rename = "artefacts")]
    Artefacts,
    /// `rules`
    #[serde(rename = "rules")]
    Rules,
    /// `semgrep`
    #[serde(rename = "semgrep")]
    Semgrep,
    /// `dependencies`
    #[serde(rename = "dependencies")]
    Dependencies,
    /// `commands`
    #[serde(rename = "commands")]
    Commands,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A claim that is given back unfinished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiveBack {
    /// The models that answered.
    #[serde(default)]
    pub models: Vec<String>,
    /// What the worker's model calls used until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<Spend>,
    /// As it came with the claim.
    pub token: FencingToken,
}

/// Why a sandbox that a person had taken over is theirs no more.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandedBack {
    /// `given`
    #[serde(rename = "given")]
    Given,
    /// `lease_ended`
    #[serde(rename = "lease_ended")]
    LeaseEnded,
    /// `time_over`
    #[serde(rename = "time_over")]
    TimeOver,
    /// `sandbox_ended`
    #[serde(rename = "sandbox_ended")]
    SandboxEnded,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Where the turns of a run's attempts are made.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hands {
    /// `here`
    #[serde(rename = "here")]
    Here,
    /// `claimed`
    #[serde(rename = "claimed")]
    Claimed,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How the server and its parts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// PostgreSQL.
    pub database: DatabaseHealth,
    /// What carries live updates between nodes.
    pub live: PartHealth,
    /// The work that waits and that is under way.
    pub queue: PartHealth,
    /// Where code runs.
    pub sandbox: SandboxHealth,
    /// All in all.
    pub status: HealthStatus,
    /// The version of swarm.
    pub version: String,
}

/// How the whole is.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum HealthStatus {
    /// `ok`
    #[serde(rename = "ok")]
    Ok,
    /// `degraded`
    #[serde(rename = "degraded")]
    Degraded,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// The token of a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// As it came with the claim.
    pub token: FencingToken,
}

/// The value of learning beside that of the present way to choose, in thousandths of a success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hindsight {
    /// The logged attempts that it was judged on.
    pub attempts: u32,
    /// How the learner would have done.
    pub learned_milli: i32,
    /// The difference that is passed with a certainty of 95 %. Above zero, learning is better.
    pub lower_bound_milli: i32,
    /// How the present choice did.
    pub present_milli: i32,
}

/// How often something took how long, in classes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Histogram {
    /// Milliseconds up to which each class reaches.
    pub bounds_ms: Vec<u64>,
    /// How many are in each class; behind the last bound there is one class more.
    pub counts: Vec<u64>,
    /// All of them, added up.
    pub sum_ms: u64,
}

/// A legal hold, by the name that it was given.
pub type HoldId = String;

/// Legal holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldList {
    /// The newest first, the lifted ones too.
    pub items: Vec<HoldRow>,
}

/// A legal hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRow {
    /// Its name.
    pub id: HoldId,
    /// When it was lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<DateTime<Utc>>,
    /// Who lifted it; absent while it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted_by: Option<String>,
    /// Why.
    pub reason: String,
    /// What it is about.
    pub scope: HoldScope,
    /// When.
    pub set_at: DateTime<Utc>,
    /// Who set it.
    pub set_by: String,
}

/// What a legal hold keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum HoldScope {
    /// Everything of the tenant.
    #[serde(rename = "everything")]
    Everything,
    /// What belongs to a project.
    #[serde(rename = "project")]
    Project {
        /// Which.
        project: ProjectId,
    },
    /// What belongs to a run.
    #[serde(rename = "run")]
    Run {
        /// Which.
        run: RunId,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// A request for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanInterrupt {
    /// What is to be done.
    pub action_request: ActionRequest,
    /// Which answers are taken.
    pub config: HumanInterruptConfig,
    /// What it is about, as Markdown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// Which answers are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanInterruptConfig {
    /// Whether it may be done as it is.
    pub allow_accept: bool,
    /// Whether the arguments may be changed.
    pub allow_edit: bool,
    /// Whether it may be left undone.
    pub allow_ignore: bool,
    /// Whether words may be sent back.
    pub allow_respond: bool,
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HumanResponse {
    /// Null for `ignore`; null or the action request for `accept`; the changed action request for `edit`; the words for
    /// `response`.
    #[serde(default)]
    pub args: Value,
    /// What kind of answer it is.
    pub r#type: ResponseKind,
}

/// What was found out about the hunks of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HunkEvidence {
    /// The commands that hold with all of the change: those of its requirements, and those that run its own tests.
    pub commands: u32,
    /// The commit.
    pub commit: CommitId,
    /// The hunks that were left out, one at a time, in the order of the diff.
    pub hunks: Vec<TriedHunk>,
    /// Those that were not tried: there were too many, there was no time, or somebody had decided before.
    pub left: u32,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// A question to people, as it is written into the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interrupt {
    /// What it is about, in the words that people's skills have.
    #[serde(default)]
    pub about: Vec<String>,
    /// The people whose request it is: with four eyes, none of them answers.
    pub asked_by: Vec<String>,
    /// The commit that is to be judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// Its id.
    pub id: InterruptId,
    /// What kind of question it is.
    pub kind: InterruptKind,
    /// What is asked, in the shape of the Agent Inbox.
    pub request: HumanInterrupt,
    /// How much harm a wrong answer can do.
    pub risk: Risk,
    /// The rules of the policy that ask.
    pub rules: Vec<String>,
    /// Who may answer, how many must, and what happens as time passes.
    pub terms: Terms,
    /// All of what is to be judged, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<BlobHash>,
    /// Why it is asked, in sentences.
    pub why: Vec<String>,
}

/// A question with all that is to be judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptDetail {
    /// What proves the parts of a change; absent where nothing was found out, or is not yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<HunkEvidence>,
    /// What is asked; `request` has the shape of the Agent Inbox.
    pub interrupt: Interrupt,
    /// Where it stands.
    pub standing: Standing,
    /// In short.
    pub summary: InterruptSummary,
    /// The text that is to be judged, such as a diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A question to people: `int_…`, from what it is about.
pub type InterruptId = String;

/// What kind of question it is.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum InterruptKind {
    /// `plan_review`
    #[serde(rename = "plan_review")]
    PlanReview,
    /// `diff_review`
    #[serde(rename = "diff_review")]
    DiffReview,
    /// `clarification`
    #[serde(rename = "clarification")]
    Clarification,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// The questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptList {
    /// Those of the highest risk first, and of these the oldest.
    pub items: Vec<InterruptSummary>,
}

/// Where a question stands, in a word.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum InterruptState {
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `accepted`
    #[serde(rename = "accepted")]
    Accepted,
    /// `answered`
    #[serde(rename = "answered")]
    Answered,
    /// `ignored`
    #[serde(rename = "ignored")]
    Ignored,
    /// `expired`
    #[serde(rename = "expired")]
    Expired,
    /// `withdrawn`
    #[serde(rename = "withdrawn")]
    Withdrawn,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A question in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterruptSummary {
    /// Who has accepted it so far.
    pub accepted_by: Vec<String>,
    /// How old it is, or was when it was decided.
    pub age_seconds: u64,
    /// How many must accept.
    pub answers: u32,
    /// The attempt that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The tickets that cannot be merged before it is answered.
    pub blocked: Vec<TicketId>,
    /// What was decided, by whom and when, in words; absent while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<String>,
    /// Its id.
    pub id: InterruptId,
    /// What kind of question it is.
    pub kind: InterruptKind,
    /// Who may answer now; everybody where none is named.
    pub people: Vec<String>,
    /// The project.
    pub project: ProjectId,
    /// When it was asked.
    pub raised_at: DateTime<Utc>,
    /// How much harm a wrong answer can do.
    pub risk: Risk,
    /// Who was told first, and why they; absent before that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routed: Option<Vec<Routed>>,
    /// The run that asks.
    pub run: RunId,
    /// Where it stands.
    pub state: InterruptState,
    /// The ticket that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// Until when answers count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Why it is asked, in sentences.
    pub why: Vec<String>,
}

/// An invitation to make an account: `invite_…`.
pub type InvitationId = String;

/// Invitations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationList {
    /// The newest first.
    pub items: Vec<InvitationRow>,
}

/// An invitation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRow {
    /// When an account was made by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<DateTime<Utc>>,
    /// For whom.
    pub email: EmailAddress,
    /// Until when it counts.
    pub expires: DateTime<Utc>,
    /// Its id.
    pub id: InvitationId,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// What they will be in the team.
    pub role: Role,
    /// When it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<DateTime<Utc>>,
}

/// How an account came to be.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Joined {
    /// `first`
    #[serde(rename = "first")]
    First,
    /// `invited`
    #[serde(rename = "invited")]
    Invited,
    /// `registered`
    #[serde(rename = "registered")]
    Registered,
    /// `federated`
    #[serde(rename = "federated")]
    Federated,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// What the gate said of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// When.
    pub at: DateTime<Utc>,
    /// Of which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The checks, each with its tool and its weight.
    pub checks: Vec<CheckReport>,
    /// The commit.
    pub commit: CommitId,
    /// To judge the attempt, or the attempt on top of what was merged before.
    pub stage: CheckStage,
}

/// A promise, and how often it was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// How many did.
    pub below: u32,
    /// The high end.
    pub high_milli: u32,
    /// The low end of what the true share may be, in thousandths (95 % interval after Wilson).
    pub low_milli: u32,
    /// Of how many.
    pub of: u32,
    /// The share of tickets, in percent, that was to stay at or below the estimate.
    pub promised: u32,
}

/// An API key: `key_…`.
pub type KeyId = String;

/// Keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyList {
    /// The newest first, revoked ones too.
    pub items: Vec<ApiKey>,
}

/// What an API key is called.
pub type KeyName = String;

/// A secret that is to take the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRotation {
    /// When the new one stops to count by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// How long the old one still counts, in seconds; a day where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
}

/// What is known of a kind of work, and whether it may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindChoice {
    /// Who can do it, the present choice first.
    pub arms: Vec<ArmRecord>,
    /// Whether past work may choose.
    pub gate: Gate,
    /// The kind of work.
    pub kind: WorkKind,
    /// The same in words.
    pub words: String,
}

/// What some nodes have and some work needs: `gpu`, `eu`.
pub type Label = String;

/// How long events took from the log to a connection, in milliseconds. A share is told by the bucket that it is in: it
/// stays within that many milliseconds; absent above the last one, 5000, or where nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatencyShown {
    /// How many.
    pub count: u64,
    /// Half of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<u64>,
    /// 95 of 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_ms: Option<u64>,
    /// 99 of 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<u64>,
    /// All together.
    pub sum_ms: u64,
}

/// A deadline that was learned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedDeadline {
    /// What 95 of 100 of them stayed at or below, in milliseconds.
    pub p95_millis: u64,
    /// How many steps it was learned from.
    pub samples: u32,
    /// The deadline itself, in milliseconds.
    pub soft_millis: u64,
}

/// A lease that lasts on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseKept {
    /// When it runs out.
    pub expires_at: DateTime<Utc>,
    /// How often to send a heartbeat, in seconds.
    pub heartbeat_seconds: u32,
}

/// Something of a proposal that is not in the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What it was about.
    pub what: String,
    /// Why it was left out.
    pub why: String,
}

/// A requirement that is asked for no more, and what was done for it. Taking code out is left to people: nothing says
/// that nobody else uses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// The commits that did it.
    pub commits: Vec<CommitId>,
    /// The files that its tickets might write, and no other ticket.
    pub files: Vec<String>,
    /// The requirement.
    pub requirement: RequirementId,
    /// Its title.
    pub title: String,
}

/// How alike past work must be to count for an estimate, the most alike first.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// `same`
    #[serde(rename = "same")]
    Same,
    /// `capability_and_size`
    #[serde(rename = "capability_and_size")]
    CapabilityAndSize,
    /// `capability`
    #[serde(rename = "capability")]
    Capability,
    /// `all`
    #[serde(rename = "all")]
    All,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How many predictions came from a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelCount {
    /// The level.
    pub level: Level,
    /// How many.
    pub predicted: u32,
}

/// A limit of this server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// What is counted.
    pub policy: Policy,
    /// How often each may ask, such as `100/min burst 300`; `none` where there is no limit.
    pub rate: String,
}

/// What is left of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitLeft {
    /// In how many seconds as many may as there can be at all.
    pub full_in_seconds: u64,
    /// How many more requests may be made at once.
    pub left: u32,
    /// What is counted.
    pub policy: Policy,
    /// How often may be asked: a key may have a rate of its own.
    pub rate: String,
}

/// What holds for everybody, and what is left to who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitList {
    /// As what who asks is counted.
    pub counted_as: Policy,
    /// What this server lets everybody.
    pub house: Vec<Limit>,
    /// The largest body that a request may have, in bytes.
    pub max_body_bytes: u64,
    /// The longest that a request may take, in seconds; streams and the audit of the whole log aside.
    pub request_seconds: u64,
    /// What is left to who asks: of each limit that this request counted for. Empty where none holds for them.
    pub yours: Vec<LimitLeft>,
}

/// What a connection may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Messages at once.
    pub burst: u32,
    /// How often the server shows that it lives, in milliseconds. A client that says nothing for two and a half of them
    /// is taken to be gone.
    pub heartbeat_ms: u64,
    /// The largest frame, in bytes, either way.
    pub max_frame_bytes: u64,
    /// Subscriptions of one connection.
    pub max_subscriptions: u64,
    /// Messages a second in the long run.
    pub messages_per_second: u32,
    /// Frames that wait for a client before some are left out.
    pub send_queue: u64,
}

/// The providers by which somebody can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkList {
    /// The oldest first.
    pub items: Vec<LinkRow>,
}

/// What a link that counts once is for.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkPurpose {
    /// `first`
    #[serde(rename = "first")]
    First,
    /// `invite`
    #[serde(rename = "invite")]
    Invite,
    /// `verify`
    #[serde(rename = "verify")]
    Verify,
    /// `reset`
    #[serde(rename = "reset")]
    Reset,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A provider by which somebody can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// Who they are there.
    pub external: ExternalId,
    /// Since when.
    pub linked_at: DateTime<Utc>,
    /// Its name here.
    pub provider: ProviderName,
}

/// Something that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LintEntry {
    /// Stable; has a section in the troubleshooting page.
    pub code: String,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
    /// The requirement that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementId>,
    /// How much it matters.
    pub severity: LintSeverity,
    /// The ticket that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
}

/// How much a lint matters.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum LintSeverity {
    /// `warning`
    #[serde(rename = "warning")]
    Warning,
    /// `blocking`
    #[serde(rename = "blocking")]
    Blocking,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// What is left to a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveBudget {
    /// Its name.
    pub connection: String,
    /// Messages that it may send at once now.
    pub messages_left: u32,
    /// Paths that it may still follow.
    pub subscriptions_left: u64,
    /// Frames that wait for it.
    pub waiting: u64,
}

/// What live connections may do, and what is left to who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveLimits {
    /// How many more there may be now.
    pub connections_left: u64,
    /// What each connection may do.
    pub each: Limits,
    /// How many connections there may be.
    pub max_connections: u64,
    /// How long a ticket is good, in seconds.
    pub ticket_seconds: u64,
    /// The connections of who asks.
    pub yours: Vec<LiveBudget>,
}

/// What lets a client in once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTicket {
    /// When it runs out.
    pub expires_at: DateTime<Utc>,
    /// For `?ticket=` of `/api/ws`, `/api/events/stream` and `/api/events/poll`.
    pub ticket: String,
}

/// An invitation, with its link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeInvitation {
    /// What is known of it.
    pub invitation: InvitationRow,
    /// The link by which they make their account, once. swarm sends no mail yet: hand it to them. It is not shown again.
    pub link: String,
}

/// A key, with its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeKey {
    /// What is known of it.
    pub key: ApiKey,
    /// The text: `Authorization: Bearer swk_…`. It is not shown again.
    pub text: String,
}

/// A link that counts once. swarm sends no mail yet: hand it to whom it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeLink {
    /// Until when it counts.
    pub expires: DateTime<Utc>,
    /// The link. It is not shown again.
    pub link: String,
}

/// Who asks, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The key that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// The name that stands in events.
    pub person: String,
    /// What they are in the team.
    pub role: Role,
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// The session that asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Their account; absent for the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserRow>,
}

/// What is estimated.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Measure {
    /// `tokens`
    #[serde(rename = "tokens")]
    Tokens,
    /// `cost`
    #[serde(rename = "cost")]
    Cost,
    /// `minutes`
    #[serde(rename = "minutes")]
    Minutes,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How well the estimates of one measure held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasureCalibration {
    /// Which measure.
    pub measure: Measure,
    /// What was promised, and what came of it.
    pub points: Vec<Kept>,
}

/// What was measured of an attempt's change. Tests are left out of all that is about code: they repeat themselves for
/// good reason, and how good they are is told by the faults that they notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// One such place: `a.py:3 repeats b.py:10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clone_at: Option<String>,
    /// Files of the repository that it was compared with.
    pub compared: u32,
    /// Those of them with more than 10 independent paths.
    pub complex: u32,
    /// Those of them that stand in the change or in the repository already, names and literals aside.
    pub duplicated: u32,
    /// Changed files of code that were read by their grammar.
    pub files: u32,
    /// Functions that it wrote or changed.
    pub functions: u32,
    /// How often they noticed.
    pub killed: u32,
    /// Files of the repository that it was not compared with: there are too many, or there was no time.
    pub left_out: u32,
    /// Lines with code on them that the attempt added; blank lines and comments do not count.
    pub lines: u32,
    /// Functions of more than 60 lines.
    pub long: u32,
    /// How many times the code was made wrong to try the attempt's own tests; 0 where it brought none.
    pub mutants: u32,
    /// Tokens of code that the attempt added.
    pub tokens: u32,
    /// Changed files of code that could not be: too large, generated, no text, no time.
    pub unread: u32,
    /// What the gate warned of.
    pub warnings: u32,
    /// The independent paths through the worst of them (cyclomatic complexity); 0 where there is no function.
    pub worst: u32,
    /// Which one that is: `a.py:3 parse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_at: Option<String>,
}

/// An amount in millionths of a US dollar. Arithmetic saturates: a sum of costs never wraps round to small.
pub type MicroUsd = u64;

/// A command that fails without a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    /// The command.
    pub command: String,
    /// The requirement that it belongs to; absent for the change's own tests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<RequirementId>,
}

/// What the circuit breaker of a model does with the next call.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelBreaker {
    /// `closed`
    #[serde(rename = "closed")]
    Closed,
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `half_open`
    #[serde(rename = "half_open")]
    HalfOpen,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A call of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCall {
    /// Which agent called.
    pub agent: String,
    /// When it ended.
    pub at: DateTime<Utc>,
    /// In which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// Whether it came from the cache of replies: no model was asked.
    pub cached: bool,
    /// Milliseconds from the request to the end of the reply.
    pub millis: u64,
    /// The model that answered, as `provider/model`.
    pub model: String,
    /// Whether the reply was played back.
    pub recorded: bool,
    /// The reply, as canonical JSON, by its hash.
    pub reply: BlobHash,
    /// The request, as canonical JSON, by its hash.
    pub request: BlobHash,
    /// What it cost.
    pub spend: Spend,
    /// For which ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
}

/// The models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelList {
    /// The longest that one try may take, in seconds.
    pub deadline_seconds: u64,
    /// They; none where none is configured.
    pub items: Vec<ModelView>,
    /// Their full names in the order in which they are tried, where neither a run nor an agent says otherwise.
    pub policy: Vec<String>,
    /// The day of the table of prices.
    pub price_version: String,
}

/// What a model charges, in millionths of a US dollar for a million tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelPrice {
    /// Tokens in that were written to it; as `input` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<MicroUsd>,
    /// Tokens in that came from the provider's cache; as `input` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<MicroUsd>,
    /// Tokens in.
    pub input: MicroUsd,
    /// Tokens out.
    pub output: MicroUsd,
}

/// A model, and how it fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelView {
    /// Calls that it gets at once just now.
    pub at_once: u32,
    /// What its circuit breaker does with the next call.
    pub breaker: ModelBreaker,
    /// Tokens that fit into one call, in and out together.
    pub context_tokens: u32,
    /// Whether it follows a JSON schema.
    pub json_schema: bool,
    /// Its full name: the provider is what stands before the first `/`.
    pub name: String,
    /// Which recording, where they come from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub played: Option<PlayedFrom>,
    /// What it charges; absent where nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<ModelPrice>,
    /// Where its replies come from.
    pub replies: RepliesFrom,
    /// Seconds of the rest that its provider asked for; 0: none.
    pub resting_seconds: u64,
    /// Calls that run.
    pub running: u32,
    /// Whether its tool calls hold.
    pub tools: bool,
    /// Calls that wait for their turn.
    pub waiting: u32,
}

/// How the models of a process fare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelVitals {
    /// Calls that run.
    pub in_flight: u32,
    /// All that it knows.
    pub known: u32,
    /// Those that are rested because they fail.
    pub resting: u32,
    /// Calls that wait for their turn.
    pub waiting: u32,
}

/// What was decided about a request.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetworkDecision {
    /// `allowed`
    #[serde(rename = "allowed")]
    Allowed,
    /// `refused`
    #[serde(rename = "refused")]
    Refused,
    /// `failed`
    #[serde(rename = "failed")]
    Failed,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Requests of one command for one port of one host that were decided alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkUse {
    /// Bytes to the sandbox.
    pub bytes_down: u64,
    /// Bytes from the sandbox.
    pub bytes_up: u64,
    /// What was decided.
    pub decision: NetworkDecision,
    /// The host, as it was asked for; empty where it could not be read.
    pub host: String,
    /// The port.
    pub port: u32,
    /// How many.
    pub requests: u32,
    /// Why the first of them was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Somebody who makes an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    /// Their email address.
    pub email: EmailAddress,
    /// The link that they were given: of an invitation, or the one that a server without an account prints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Their password: 12 characters or more.
    pub password: Password,
}

/// Where a spec is held against the code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCheck {
    /// The branch, on whose head the acceptance commands are run; the repository's own choice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// To whom a question is handed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDelegation {
    /// The person's name.
    pub to: String,
}

/// Whose code is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDerivation {
    /// The branch, whose head is read; the repository's own choice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Models in order of preference; the configured ones where there is none.
    #[serde(default)]
    pub models: Vec<String>,
    /// Only the files that one of these globs names; all where there is none.
    #[serde(default)]
    pub paths: Vec<String>,
    /// In computed words only: no model is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<bool>,
    /// The project.
    pub project: ProjectId,
}

/// What somebody wants of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDraft {
    /// Models in order of preference; the configured ones where there is none.
    #[serde(default)]
    pub models: Vec<String>,
    /// For which project.
    pub project: ProjectId,
    /// What was said of it, in its order: at most 60 turns. A person speaks last.
    pub talk: Vec<Said>,
    /// The spec as it stands, in Markdown; empty where there is none yet.
    #[serde(default)]
    pub text: String,
}

/// Where a run is to begin again, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFork {
    /// The step, by its position in the log: what comes up to it is played, what comes after it happens anew.
    pub at: u64,
    /// What takes the place of the words at that step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// Models for what comes after, in order of preference; those of the run when empty.
    #[serde(default)]
    pub models: Vec<String>,
}

/// A legal hold to set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewHold {
    /// Its name: 1 to 64 letters, digits, `-`, `_` or single `.`.
    pub hold: String,
    /// The project that is kept; not together with `run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Why.
    pub reason: String,
    /// The run that is kept. Without project and run, everything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// Somebody who is to be invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvitation {
    /// Their email address.
    pub email: EmailAddress,
    /// What they will be in the team.
    pub role: Role,
}

/// A key that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// When it stops to count by itself, at most 366 days from now; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// What it is called.
    pub name: KeyName,
    /// How often it may ask, such as `20/min`; as often as the server lets every key where absent. More than that only an
    /// admin can give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// What it may do: at most what who asks may do.
    pub scopes: Vec<Scope>,
}

/// A link that is to be made for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLink {
    /// What it is for: `verify` or `reset`.
    pub purpose: LinkPurpose,
}

/// Which model is to be tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewModelCheck {
    /// Its full name, the part of it behind the provider where that is enough, or an alias.
    pub model: String,
}

/// A passkey that a browser made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPasskey {
    /// What the browser gave.
    pub credential: PasskeyMade,
    /// What its owner calls it, such as the device that it is kept on.
    pub name: String,
}

/// A plan that is to be drawn up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPlan {
    /// Models in order of preference, instead of the agents' own.
    #[serde(default)]
    pub models: Vec<String>,
    /// For which spec.
    pub spec: SpecId,
}

/// A repository that is to be known under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProject {
    /// The name.
    pub project: ProjectId,
    /// URL or path of the repository.
    pub repo: String,
}

/// A browser, as it tells of itself: what `PushSubscription.toJSON()` gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPush {
    /// Where its push service takes messages for it.
    pub endpoint: String,
    /// By what they are sealed for it.
    pub keys: PushKeys,
}

/// A quota to set. What is absent is not limited; something must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewQuota {
    /// When it begins anew, in UTC; every month where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Period>,
    /// Runs that may be under way at once; not for an agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
    /// Whose spending: `tenant`, `project:NAME`, `agent:NAME` or `key:ID`.
    pub scope: String,
    /// Tokens in a period, in and out together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money in a period, in millionths of a US dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usd: Option<MicroUsd>,
}

/// What somebody is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRole {
    /// The role.
    pub role: Role,
}

/// A plan that is to be executed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRun {
    /// What is chosen for the run.
    pub options: RunOptions,
    /// Which plan.
    pub plan: PlanId,
}

/// A second factor that is to be confirmed by a code. It is not shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecondFactor {
    /// The same as a picture that apps read: SVG.
    pub qr: String,
    /// The secret, to be typed into an app.
    pub secret: String,
    /// The same as an address that apps open.
    pub uri: String,
}

/// A secret that is to be set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecret {
    /// When it stops to count by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// The hosts that it may be sent to, from 1 to 16 names.
    pub hosts: Vec<SecretHost>,
    /// Its name.
    pub name: SecretName,
    /// How it is put into a request: `bearer`, `basic` or `header:NAME`; `bearer` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placement: Option<Placement>,
    /// The project that it is for; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Where it is looked up at each use: `vault:MOUNT/PATH#FIELD`, `env:NAME` or `file:/PATH`; or `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The value, which is sealed; or `reference`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Secret>,
}

/// A sign-in that begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSignIn {
    /// The link of an invitation, for who has no account yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The page of this server to end on: a path such as `/runs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_to: Option<String>,
}

/// A spec that is to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSpec {
    /// For which project.
    pub project: ProjectId,
    /// The Markdown text.
    pub text: String,
}

/// A value that is to take the place of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewValue {
    /// When the new one stops to count by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// The project that the secret is for; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Where it is looked up at each use; or `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The value, which is sealed; or `reference`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Secret>,
    /// How long the old one still counts, in seconds; a day where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_seconds: Option<u32>,
}

/// Who works, by name: a process that works on a database, or a worker that claims tickets over HTTP.
pub type NodeId = String;

/// Where a node stands.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeState {
    /// `live`
    #[serde(rename = "live")]
    Live,
    /// `draining`
    #[serde(rename = "draining")]
    Draining,
    /// `dead`
    #[serde(rename = "dead")]
    Dead,
    /// `left`
    #[serde(rename = "left")]
    Left,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A message in the app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The question that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interrupt: Option<InterruptId>,
    /// What is kept of it.
    pub notification: NotificationRow,
    /// One line that says what it is.
    pub title: String,
}

/// A message to a person or a room: `ntf_…`.
pub type NotificationId = String;

/// One's own messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationList {
    /// The newest first.
    pub items: Vec<Notification>,
    /// How many of all were not read.
    pub unread: u64,
}

/// A message to a person or a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationRow {
    /// The question, or what else it is about.
    pub about: String,
    /// By which channel.
    pub channel: String,
    /// When it is sent, or tried again.
    pub due_at: DateTime<Utc>,
    /// Why the last try failed, or why it is not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// Its id: the same each time that it is sent.
    pub id: NotificationId,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Whom it is for; nothing where it is for a room.
    pub person: String,
    /// When it was read, in the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<DateTime<Utc>>,
    /// When the other side took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<DateTime<Utc>>,
    /// Why it is sent: `asked`, `reminded.N`, `escalated.N`, `handed`, `settled`, `tried`, `verify`, `reset`.
    pub stage: String,
    /// Where it stands.
    pub state: NotificationState,
    /// How often it was tried.
    pub tries: u32,
}

/// Where a notification stands.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum NotificationState {
    /// `pending`
    #[serde(rename = "pending")]
    Pending,
    /// `sent`
    #[serde(rename = "sent")]
    Sent,
    /// `dead`
    #[serde(rename = "dead")]
    Dead,
    /// `withdrawn`
    #[serde(rename = "withdrawn")]
    Withdrawn,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How often an agent is to succeed, as its file says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    /// The share of its attempts that are to be accepted, in thousandths.
    pub success_milli: u32,
    /// Over how many of its newest attempts that is counted.
    pub window: u32,
}

/// How an agent stands beside its objective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectiveStanding {
    /// How many may fail: the error budget.
    pub allowed: u32,
    /// How many attempts are counted, at the most the window.
    pub attempts: u32,
    /// How many of them were not accepted.
    pub failed: u32,
    /// The objective.
    pub objective: Objective,
    /// Whether the budget is used up: the agent is not chosen while another offers the same.
    pub quarantined: bool,
}

/// What counts when nobody answered in time.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnExpiry {
    /// `reject`
    #[serde(rename = "reject")]
    Reject,
    /// `accept_low_risk`
    #[serde(rename = "accept_low_risk")]
    AcceptLowRisk,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// The run whose journal is played, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The position in the log up to which it is played, that event included.
    pub at: u64,
    /// What takes the place of the words at `at`: a kept edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<BlobHash>,
    /// Whether models are called behind `at` (a fork), or nothing may happen that the journal does not know (a replay).
    pub live: bool,
    /// Whose journal.
    pub run: RunId,
}

/// How a check came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is")]
pub enum Outcome {
    /// It looked, and found nothing.
    #[serde(rename = "passed")]
    Passed,
    /// It found something.
    #[serde(rename = "found")]
    Found,
    /// It could not look.
    #[serde(rename = "skipped")]
    Skipped {
        /// Why.
        why: String,
    },
    /// It is turned off.
    #[serde(rename = "off")]
    Off,
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// A file that was changed: its `text`, or `deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeFile {
    /// Whether it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<bool>,
    /// Relative to the root of the repository.
    pub path: String,
    /// The whole new content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What was done so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    /// How the agents stand that have an objective.
    pub agents: Vec<AgentStanding>,
    /// What the cache of replies did for each caller that may use it.
    pub cache: Vec<CacheFacts>,
    /// The runs.
    pub runs: RunCounts,
    /// Tickets and attempts that have ended, replies from recordings included.
    pub work: Statistics,
}

/// What a score is made of. The weights are ours, in the order of what was shown to go with faults and effort later; who
/// weighs otherwise finds the points of each part beside the score.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// `complexity`
    #[serde(rename = "complexity")]
    Complexity,
    /// `duplication`
    #[serde(rename = "duplication")]
    Duplication,
    /// `tests`
    #[serde(rename = "tests")]
    Tests,
    /// `gate`
    #[serde(rename = "gate")]
    Gate,
    /// `size`
    #[serde(rename = "size")]
    Size,
    /// `rework`
    #[serde(rename = "rework")]
    Rework,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How a part is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartHealth {
    /// In a few words.
    pub detail: String,
    /// Whether it works.
    pub ok: bool,
}

/// The points of one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartScore {
    /// Which part.
    pub part: Part,
    /// From 0 to 100.
    pub points: u32,
    /// How much it weighs beside the others.
    pub weight: u32,
}

/// The step at which two runs part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parting {
    /// Its position in the log, in the first run; absent where that run has no such step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// What it says in the first run.
    pub first_text: String,
    /// What kind of step.
    pub kind: StepKind,
    /// Its position in the log, in the second run; absent where that run has no such step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<u64>,
    /// What it says in the second run.
    pub second_text: String,
    /// Which step, in words: `T-1.2: model call 3`.
    pub step: String,
}

/// A stretch of the spec's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Where it begins, from 1.
    pub line: u32,
    /// Why it was not understood and what to write instead.
    pub reason: String,
    /// The text itself.
    pub text: String,
}

/// A way to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyAlgorithm {
    /// Its number among the COSE algorithms at IANA.
    pub alg: i64,
    /// `public-key`.
    pub r#type: String,
}

/// A passkey, by which somebody signs in: `passkey_…`.
pub type PasskeyId = String;

/// One's own passkeys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyList {
    /// The oldest first.
    pub items: Vec<PasskeyRow>,
}

/// What a browser gives of a new passkey: `RegistrationResponseJSON`. More may stand in it, which is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyMade {
    /// The name that the authenticator gave it, in base64url.
    pub id: String,
    /// What the authenticator says.
    pub response: PasskeyMadeResponse,
}

/// What an authenticator says of a new passkey: `AuthenticatorAttestationResponseJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyMadeResponse {
    /// The passkey, in base64url.
    #[serde(rename = "attestationObject")]
    pub attestation_object: String,
    /// What the browser says of it, in base64url.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// How a browser reaches it.
    #[serde(default)]
    pub transports: Vec<String>,
}

/// A passkey that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyName {
    /// The name that its authenticator gave it, in base64url.
    pub id: String,
    /// How a browser reaches it.
    pub transports: Vec<String>,
    /// `public-key`.
    pub r#type: String,
}

/// What an authenticator must be able to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyNeeds {
    /// The same, for old browsers.
    #[serde(rename = "requireResidentKey")]
    pub require_resident_key: bool,
    /// It finds the passkey by itself, so that nobody types an address: `required`.
    #[serde(rename = "residentKey")]
    pub resident_key: String,
    /// It verifies who holds it: `required`.
    #[serde(rename = "userVerification")]
    pub user_verification: String,
}

/// What a browser makes a passkey by: `PublicKeyCredentialCreationOptionsJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyOptions {
    /// Its maker is not asked for: `none`.
    pub attestation: String,
    /// What the authenticator must be able to do.
    #[serde(rename = "authenticatorSelection")]
    pub authenticator_selection: PasskeyNeeds,
    /// What the answer must be to, in base64url.
    pub challenge: String,
    /// Those that the account has: the same is not made twice.
    #[serde(rename = "excludeCredentials")]
    pub exclude_credentials: Vec<PasskeyName>,
    /// What it may sign with, the best first.
    #[serde(rename = "pubKeyCredParams")]
    pub pub_key_cred_params: Vec<PasskeyAlgorithm>,
    /// Whose passkey it will be a way into.
    pub rp: PasskeyServer,
    /// How long that may take, in milliseconds.
    pub timeout: u32,
    /// For whom.
    pub user: PasskeyUser,
}

/// A passkey as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyRow {
    /// Since when it opens the account.
    pub added_at: DateTime<Utc>,
    /// Whether it is kept in more than one place, such as by a password manager: by its own word, when last used.
    pub backed_up: bool,
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// When somebody last signed in by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<DateTime<Utc>>,
}

/// A server, as browsers know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyServer {
    /// Its name in addresses.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// What a browser gives of a passkey that was used: `AuthenticationResponseJSON`. More may stand in it, which is not looked
/// at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyShown {
    /// The name that the authenticator gave it, in base64url.
    pub id: String,
    /// What the authenticator says.
    pub response: PasskeyShownResponse,
}

/// What an authenticator signed: `AuthenticatorAssertionResponseJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyShownResponse {
    /// What the authenticator says, in base64url.
    #[serde(rename = "authenticatorData")]
    pub authenticator_data: String,
    /// What the browser says of it, in base64url.
    #[serde(rename = "clientDataJSON")]
    pub client_data_json: String,
    /// Its signature of both, in base64url.
    pub signature: String,
    /// The id of the account, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "userHandle")]
    pub user_handle: Option<String>,
}

/// Somebody who signs in by a passkey.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeySignIn {
    /// Whether a browser asks, which gets its tokens as cookies that no script can read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<bool>,
    /// What the browser gave.
    pub credential: PasskeyShown,
    /// What they sign in with, for their list of sessions; the `User-Agent` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// An account, as a passkey knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyUser {
    /// The same.
    #[serde(rename = "displayName")]
    pub display_name: String,
    /// Its id, in base64url.
    pub id: String,
    /// The email address.
    pub name: String,
}

/// What a browser signs in by: `PublicKeyCredentialRequestOptionsJSON`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyWanted {
    /// What the answer must be to, in base64url.
    pub challenge: String,
    /// The server's name in addresses.
    #[serde(rename = "rpId")]
    pub rp_id: String,
    /// How long that may take, in milliseconds.
    pub timeout: u32,
    /// The authenticator verifies who holds it: `required`.
    #[serde(rename = "userVerification")]
    pub user_verification: String,
}

/// A password, which is taken and never given back.
pub type Password = Hidden;

/// After what time a quota begins anew. Days and months are those of UTC.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Period {
    /// `day`
    #[serde(rename = "day")]
    Day,
    /// `month`
    #[serde(rename = "month")]
    Month,
    /// `ever`
    #[serde(rename = "ever")]
    Ever,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How a secret is put into a request: `bearer`, `basic` or `header:NAME`.
pub type Placement = String;

/// The tickets for one spec, with their dependencies: a directed graph without cycles once it passed the lint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What it is expected to cost.
    pub estimate: Estimate,
    /// Which plan.
    pub id: PlanId,
    /// The model that drew up the skeleton.
    pub model: String,
    /// What it is a plan for.
    pub spec: SpecId,
    /// The tickets, in an order that respects the dependencies.
    pub tickets: Vec<Ticket>,
}

/// What a run of a plan takes over from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanContinuation {
    /// Tickets that nobody has to work on, if their acceptance commands still pass.
    pub carried: Vec<TicketId>,
    /// How the spec differs from that run's.
    pub counts: DeltaCounts,
    /// What is asked for no more: its code stays until a person takes it out.
    pub leftovers: Vec<Leftover>,
    /// The earlier run.
    pub run: RunId,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDetail {
    /// The earlier run that a run of it goes on from, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<PlanContinuation>,
    /// Its id.
    pub id: PlanId,
    /// What the lint says about it.
    pub lint: Vec<LintEntry>,
    /// The models that were to draw it up, in order of preference; empty for the configured ones.
    pub models: Vec<String>,
    /// The tickets and what they are expected to cost, once they are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// Why it could not be drawn up, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// For which project.
    pub project: ProjectId,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// For which spec.
    pub spec: SpecId,
    /// How far it is.
    pub state: PlanStage,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// A plan for one spec: `plan_…`.
pub type PlanId = String;

/// Every plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanList {
    /// The newest first.
    pub items: Vec<PlanSummary>,
}

/// How far a plan is.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlanStage {
    /// `requested`
    #[serde(rename = "requested")]
    Requested,
    /// `proposed`
    #[serde(rename = "proposed")]
    Proposed,
    /// `failed`
    #[serde(rename = "failed")]
    Failed,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A plan in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// What it is expected to cost, once it has its tickets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// Its id.
    pub id: PlanId,
    /// Why it could not be drawn up, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// For which project.
    pub project: ProjectId,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// For which spec.
    pub spec: SpecId,
    /// How far it is.
    pub state: PlanStage,
    /// How many tickets it has.
    pub tickets: u64,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// Which recording a reply was played back from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayedFrom {
    /// The day of the recording, as `YYYY-MM-DD`.
    pub date: String,
    /// The model that was recorded.
    pub model: String,
}

/// A limit that holds for each of its kind.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Policy {
    /// `address`
    #[serde(rename = "address")]
    Address,
    /// `key`
    #[serde(rename = "key")]
    Key,
    /// `user`
    #[serde(rename = "user")]
    User,
    /// `operator`
    #[serde(rename = "operator")]
    Operator,
    /// `project`
    #[serde(rename = "project")]
    Project,
    /// `tenant`
    #[serde(rename = "tenant")]
    Tenant,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A file of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFileView {
    /// Whether it is built in; the operator's where it is not.
    pub built_in: bool,
    /// Its name.
    pub name: String,
    /// Its policies, in their order.
    pub policies: Vec<PolicyText>,
}

/// The policies that hold here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyList {
    /// The files, those built in first.
    pub items: Vec<PolicyFileView>,
    /// What policies can speak of, as a Cedar schema.
    pub schema: String,
}

/// A policy of Cedar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyText {
    /// `permit` or `forbid`.
    pub effect: String,
    /// The file that it stands in.
    pub file: String,
    /// Its name: what `@id` says, or else its file's with a number.
    pub id: String,
    /// The line that it begins on.
    pub line: u64,
    /// Its text.
    pub text: String,
}

/// What would have been said of a ticket, and what it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prediction {
    /// When it settled.
    pub ended_at: DateTime<Utc>,
    /// In which run.
    pub run: RunId,
    /// Which ticket.
    pub ticket: TicketId,
    /// What would have been said of its tokens.
    pub tokens: Span,
    /// The tokens that it took.
    pub took: u64,
}

/// Whether the server can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// All in all.
    pub status: HealthStatus,
}

/// What went wrong and what to do about it. The code is stable and has a section in the troubleshooting page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Stable and machine-readable, such as `spec.cyclic`.
    pub code: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do next; a command where there is one.
    pub next: String,
}

/// An error as every route answers it: `application/problem+json` of RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemDocument {
    /// Stable and machine-readable, such as `spec.cyclic`; each has a section in the troubleshooting page.
    pub code: String,
    /// The request's correlation id, by which its log lines and events are found.
    pub correlation: String,
    /// What happened, in a sentence.
    pub detail: String,
    /// What to do next; a command where there is one.
    pub next: String,
    /// The HTTP status.
    pub status: u32,
    /// The meaning of the HTTP status.
    pub title: String,
    /// `urn:swarm:problem:` and the code.
    pub r#type: String,
}

/// A repository that is known under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// When it became known.
    pub added_at: DateTime<Utc>,
    /// The name.
    pub id: ProjectId,
    /// URL or path of the repository, without credentials.
    pub repo: String,
}

/// A repository and the work on it, by name.
pub type ProjectId = String;

/// Every project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectList {
    /// By name.
    pub items: Vec<Project>,
}

/// The ways to sign in that are not a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderList {
    /// By name.
    pub items: Vec<ProviderRow>,
}

/// Who else says who somebody is, by the name that it has in the configuration: `github`.
pub type ProviderName = String;

/// A way to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRow {
    /// What it speaks: `oidc` or `github`.
    pub kind: String,
    /// What people read.
    pub label: String,
    /// Its name, which stands in paths.
    pub name: ProviderName,
    /// The page that a browser opens to sign in.
    pub start: String,
}

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The Markdown text, with the trace of every requirement.
    pub body: String,
    /// The commit at its head.
    pub head: CommitId,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Where it is: the local forge's id or a URL.
    pub reference: String,
    /// Of which run.
    pub run: RunId,
    /// Its title.
    pub title: String,
    /// When it was brought up to date last.
    pub updated_at: DateTime<Utc>,
}

/// What to purge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// Only say what would go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// What a purge deletes, or would.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeReport {
    /// Work counts that had settled before this.
    pub before: DateTime<Utc>,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many contents.
    pub contents: u64,
    /// The position of the event that says so; absent where nothing was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<u64>,
    /// How many runs are old enough and kept by a legal hold.
    pub held: u64,
    /// Whether there is more than one purge deletes: purge again.
    pub more: bool,
    /// The runs that they are of.
    pub runs: Vec<PurgedRun>,
}

/// A run whose contents' time has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgedRun {
    /// How many bytes they have.
    pub bytes: u64,
    /// How many contents go with it; what two runs name is counted with one of them.
    pub contents: u64,
    /// Of which project.
    pub project: ProjectId,
    /// Which.
    pub run: RunId,
    /// When it settled.
    pub settled_at: DateTime<Utc>,
}

/// The keys of a browser, in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushKeys {
    /// The secret that it shares.
    pub auth: String,
    /// Its public key.
    pub p256dh: String,
}

/// What was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushTry {
    /// How many push services took the message.
    pub taken: u64,
}

/// The score of an accepted attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quality {
    /// What it is made of. A part of which nothing could be measured is left out, and its weight with it.
    pub parts: Vec<PartScore>,
    /// From 0 to 100: the mean of the parts by their weights, rounded down.
    pub score: u32,
}

/// What attempts are put together by.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum QualityBy {
    /// `agent`
    #[serde(rename = "agent")]
    Agent,
    /// `model`
    #[serde(rename = "model")]
    Model,
    /// `capability`
    #[serde(rename = "capability")]
    Capability,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Attempts that belong together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityGroup {
    /// How many they are.
    pub attempts: u32,
    /// The lowest of their scores.
    pub lowest: u32,
    /// The agent, model or capability.
    pub name: String,
    /// The mean of each part, over the attempts of which it could be measured.
    pub parts: Vec<PartScore>,
    /// The mean of their scores.
    pub score: u32,
    /// How it went over time, the oldest first.
    pub trend: Vec<TrendPoint>,
}

/// How good accepted work is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualityReport {
    /// Accepted attempts that were measured.
    pub attempts: u32,
    /// What they are put together by.
    pub by: QualityBy,
    /// Those that belong together, the most attempts first.
    pub groups: Vec<QualityGroup>,
    /// The attempts one by one, the oldest first; cut to the newest.
    pub items: Vec<AttemptQuality>,
    /// The mean of their scores; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u32>,
    /// How it went over time, the oldest first.
    pub trend: Vec<TrendPoint>,
}

/// What waits to be worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueVitals {
    /// For how long the oldest of those that wait has, in seconds.
    pub oldest_waiting_seconds: u64,
    /// Tickets that could be worked on and wait for hands.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
}

/// What may be spent in a period, and how many runs may be under way at once. What is absent is not limited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// What may be spent in a period.
    pub budget: Budget,
    /// When it begins anew.
    pub per: Period,
    /// How many runs may be under way at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
}

/// The quotas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaList {
    /// The tenant's own first.
    pub items: Vec<QuotaRow>,
}

/// A quota, and what was used of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaRow {
    /// The limits.
    pub quota: Quota,
    /// The first day of the next period, in UTC; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
    /// How many runs are under way.
    pub runs: u32,
    /// Whose spending it limits.
    pub scope: QuotaScope,
    /// When.
    pub set_at: DateTime<Utc>,
    /// Who set it.
    pub set_by: String,
    /// What was spent in the period that it is now.
    pub spent: Spend,
}

/// Whose spending a quota limits. Written `tenant`, `project:NAME`, `agent:NAME` or `key:ID`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum QuotaScope {
    /// Everything of the tenant.
    #[serde(rename = "tenant")]
    Tenant,
    /// A project.
    #[serde(rename = "project")]
    Project {
        /// Which.
        project: ProjectId,
    },
    /// An agent, in whatever it works on.
    #[serde(rename = "agent")]
    Agent {
        /// Its name.
        agent: String,
    },
    /// The runs that an API key began.
    #[serde(rename = "key")]
    Key {
        /// Which.
        key: KeyId,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// How often, in the long run, and how often at once: `100/min`, or `100/min burst 300`.
pub type Rate = String;

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadNotifications {
    /// This message; all of one's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<NotificationId>,
}

/// Whether the server can be asked, and on which tables it works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// The database's last migration: the one that this program knows too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<u64>,
    /// All in all.
    pub status: HealthStatus,
}

/// How somebody read the record.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reading {
    /// `list`
    #[serde(rename = "list")]
    List,
    /// `tail`
    #[serde(rename = "tail")]
    Tail,
    /// `jsonl`
    #[serde(rename = "jsonl")]
    Jsonl,
    /// `csv`
    #[serde(rename = "csv")]
    Csv,
    /// `pdf`
    #[serde(rename = "pdf")]
    Pdf,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Why a person wants something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// In their words; may be empty.
    #[serde(default)]
    pub reason: String,
}

/// What a rebuild found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuildReport {
    /// How many events the views were drawn from.
    pub events: u64,
    /// The tables, each before and after.
    pub tables: Vec<RebuiltTable>,
}

/// A table before and after a rebuild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RebuiltTable {
    /// What it holds.
    pub after: TableHash,
    /// What it held.
    pub before: TableHash,
    /// Its name.
    pub table: String,
}

/// Codes that each take the place of one of the app, once. They are not shown again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodes {
    /// The codes.
    pub codes: Vec<String>,
}

/// Where a value is looked up: `vault:MOUNT/PATH#FIELD`, `env:NAME` or `file:/PATH`.
pub type Reference = String;

/// A session that goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refresh {
    /// The refresh token; the cookie where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Hidden>,
}

/// How the key is to be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rekey {
    /// Whether secrets that no key opens any more are given up; else they are an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<bool>,
}

/// What a rekeying did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rekeyed {
    /// The secrets that were given up, and must be set again.
    pub lost: Vec<SecretId>,
    /// The public half of the new key.
    pub recipient: String,
    /// How many values were sealed again.
    pub values: u32,
}

/// Where the replies of a model come from.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum RepliesFrom {
    /// `provider`
    #[serde(rename = "provider")]
    Provider,
    /// `recording`
    #[serde(rename = "recording")]
    Recording,
    /// `script`
    #[serde(rename = "script")]
    Script,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// What can be run to prove it.
    pub acceptance: Vec<Acceptance>,
    /// Requirements that the text names as needed first.
    pub depends_on: Vec<RequirementId>,
    /// Files that the text names in code quotes, such as `textstat/words.py`.
    pub files: Vec<String>,
    /// The spec's own label, else an id from the hash of the text.
    pub id: RequirementId,
    /// The line of the spec where it begins, from 1.
    pub line: u32,
    /// The whole text, without its examples.
    pub text: String,
    /// The heading or first sentence.
    pub title: String,
}

/// A requirement, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementChange {
    /// What became of it.
    pub change: ChangeKind,
    /// What of it differs.
    pub fields: Vec<Field>,
    /// Its id, in the newer version where that has it.
    pub id: RequirementId,
    /// Its id in the older version, where it was another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<RequirementId>,
}

/// A requirement: the spec's own label (`REQ-3`) or `R-…` from the hash of its text.
pub type RequirementId = String;

/// What became of a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequirementTrace {
    /// Every run of its acceptance commands, the oldest first.
    pub checks: Vec<Check>,
    /// What is known of it at the head. Only commands that ran there count.
    pub evidence: Evidence,
    /// The requirement, as the spec has it.
    pub requirement: Requirement,
    /// The tickets that serve it.
    pub tickets: Vec<TracedTicket>,
}

/// Another password, by a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// The link.
    pub link: String,
    /// The new password.
    pub password: Password,
}

/// The kinds of answer.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum ResponseKind {
    /// `accept`
    #[serde(rename = "accept")]
    Accept,
    /// `edit`
    #[serde(rename = "edit")]
    Edit,
    /// `response`
    #[serde(rename = "response")]
    Response,
    /// `ignore`
    #[serde(rename = "ignore")]
    Ignore,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How a ticket is taken up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// What the run may spend as a whole from now on, what it spent before included. A limit that is absent stays as
    /// it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
}

/// How a worker let go of a claim.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Returned {
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `failed`
    #[serde(rename = "failed")]
    Failed,
    /// `given_back`
    #[serde(rename = "given_back")]
    GivenBack,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How much harm a mistake can do.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Risk {
    /// `low`
    #[serde(rename = "low")]
    Low,
    /// `medium`
    #[serde(rename = "medium")]
    Medium,
    /// `high`
    #[serde(rename = "high")]
    High,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// What somebody is in a team.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Role {
    /// `owner`
    #[serde(rename = "owner")]
    Owner,
    /// `admin`
    #[serde(rename = "admin")]
    Admin,
    /// `maintainer`
    #[serde(rename = "maintainer")]
    Maintainer,
    /// `reviewer`
    #[serde(rename = "reviewer")]
    Reviewer,
    /// `viewer`
    #[serde(rename = "viewer")]
    Viewer,
    /// `agent`
    #[serde(rename = "agent")]
    Agent,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Somebody to whom a question went, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// Their name.
    pub person: String,
    /// Why they, in sentences.
    pub why: Vec<String>,
}

/// One execution of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The commit that it builds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<CommitId>,
    /// The branch that it will be offered to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_branch: Option<String>,
    /// The branch that collects the merged work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The bytes that the worktrees of its attempts took on disk, together. Only where one run is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// Its id.
    pub id: RunId,
    /// What was chosen for it.
    pub options: RunOptions,
    /// The plan that it executes.
    pub plan: PlanId,
    /// On which project.
    pub project: ProjectId,
    /// When it settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
    /// The spec that the plan is for.
    pub spec: SpecId,
    /// What it cost until now.
    pub spend: Spend,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Where it stands.
    pub state: RunState,
    /// How many tickets stand where. Only where one run is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tickets: Option<TicketCounts>,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
    /// What keeps tickets waiting that no time will mend. Only where one run is asked for.
    pub warnings: Vec<Problem>,
}

/// How many runs stand where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Given up.
    pub cancelled: u32,
    /// Done.
    pub done: u32,
    /// A person is needed.
    pub needs_person: u32,
    /// At work.
    pub running: u32,
    /// All of them.
    pub total: u32,
}

/// What two runs have in common and where they part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunDiff {
    /// The code at the end of the one against the other; absent where either has none, or they are of two repositories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeDiff>,
    /// What they came to that differs.
    pub differences: Vec<Difference>,
    /// The first run.
    pub first: RunSide,
    /// The first step at which they part; in runs that came to the same, one that had no consequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parting: Option<Parting>,
    /// Whether both came to the same: states, outcomes, findings, the trees of what was merged, the evidence.
    pub same: bool,
    /// The second run.
    pub second: RunSide,
    /// The tickets of both.
    pub tickets: Vec<TicketPair>,
}

/// One execution of a plan: `run_…`.
pub type RunId = String;

/// Every run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunList {
    /// The newest first.
    pub items: Vec<Run>,
}

/// What a person chose for a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOptions {
    /// The branch that the run builds on; the repository's own choice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// What the run may spend as a whole.
    pub budget: Budget,
    /// The settled run of an earlier version of the spec whose work this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<RunId>,
    /// Whether everything is built anew: no earlier run's work is looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<bool>,
    /// Where the turns of its attempts are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hands: Option<Hands>,
    /// The API key that began it, whose quota it counts against. The server says which; what a request says here is not
    /// looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyId>,
    /// What who makes its attempts must offer: the nodes, or the workers that claim them.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// How many attempts a ticket gets before a person is asked.
    pub max_attempts: u32,
    /// How many agents may work at once.
    pub max_parallel: u32,
    /// The model policy to use instead of the agents' own: names in order of preference.
    #[serde(default)]
    pub models: Vec<String>,
    /// The run whose journal is played, where this one is a replay or a fork of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSide {
    /// The commit at the end of its branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<CommitId>,
    /// From its beginning until it settled, in milliseconds; absent while it works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub millis: Option<u64>,
    /// What was chosen for it.
    pub options: RunOptions,
    /// The run.
    pub run: RunId,
    /// What it cost. Replies that were played cost nothing.
    pub spend: Spend,
    /// Where it stands.
    pub state: RunState,
    /// The tree of that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tree: Option<String>,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state")]
pub enum RunState {
    /// Agents work, or are about to.
    #[serde(rename = "running")]
    Running,
    /// Every ticket is merged.
    #[serde(rename = "done")]
    Done,
    /// Some tickets are merged, but at least one needs a person.
    #[serde(rename = "needs_person")]
    NeedsPerson {
        /// Why, and what to do.
        problem: Problem,
    },
    /// Stopped by a person, who may take it up again.
    #[serde(rename = "cancelled")]
    Cancelled,
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// The isolation that code ran under, strongest first.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rung {
    /// `firecracker`
    #[serde(rename = "firecracker")]
    Firecracker,
    /// `qemu`
    #[serde(rename = "qemu")]
    Qemu,
    /// `bubblewrap`
    #[serde(rename = "bubblewrap")]
    Bubblewrap,
    /// `process`
    #[serde(rename = "process")]
    Process,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// Something that was said about a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// By whom.
    pub by: Speaker,
    /// The words, at most 8,000 characters.
    pub text: String,
}

/// How the sandboxes are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxHealth {
    /// In a few words; what mends it where it does not work.
    pub detail: String,
    /// Whether a sandbox can be made.
    pub ok: bool,
    /// The rung of the isolation ladder that code runs on.
    pub rung: Rung,
}

/// A sandbox while it lives: `vm_…`.
pub type SandboxId = String;

/// What a sandbox is.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxKind {
    /// `microvm`
    #[serde(rename = "microvm")]
    Microvm,
    /// `template`
    #[serde(rename = "template")]
    Template,
    /// `process`
    #[serde(rename = "process")]
    Process,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How sandboxes of one kind come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxKindVitals {
    /// That were begun.
    pub begun: u64,
    /// That are gone.
    pub ended: u64,
    /// Which.
    pub kind: SandboxKind,
    /// That are there now, those that wait to be used among them.
    pub there: u64,
}

/// A stage in the life of a sandbox. They are measured apart and never added up.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum SandboxStage {
    /// `cold_boot`
    #[serde(rename = "cold_boot")]
    ColdBoot,
    /// `first_word`
    #[serde(rename = "first_word")]
    FirstWord,
    /// `life`
    #[serde(rename = "life")]
    Life,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// How sandboxes of a process come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxVitals {
    /// Each kind that there was.
    pub kinds: Vec<SandboxKindVitals>,
    /// The rung that its work runs on.
    pub rung: String,
    /// How long each stage took.
    pub stages: Vec<StageVitals>,
    /// Machines whose guest never said a word.
    pub unheard: u64,
}

/// One kind of thing that can be done. Every route of the API asks for exactly one.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    /// `work:read`
    #[serde(rename = "work:read")]
    WorkRead,
    /// `projects:write`
    #[serde(rename = "projects:write")]
    ProjectsWrite,
    /// `specs:write`
    #[serde(rename = "specs:write")]
    SpecsWrite,
    /// `runs:write`
    #[serde(rename = "runs:write")]
    RunsWrite,
    /// `gates:approve`
    #[serde(rename = "gates:approve")]
    GatesApprove,
    /// `claims:work`
    #[serde(rename = "claims:work")]
    ClaimsWork,
    /// `secrets:read`
    #[serde(rename = "secrets:read")]
    SecretsRead,
    /// `secrets:write`
    #[serde(rename = "secrets:write")]
    SecretsWrite,
    /// `users:read`
    #[serde(rename = "users:read")]
    UsersRead,
    /// `users:write`
    #[serde(rename = "users:write")]
    UsersWrite,
    /// `audit:read`
    #[serde(rename = "audit:read")]
    AuditRead,
    /// `system:write`
    #[serde(rename = "system:write")]
    SystemWrite,
    /// `account:write`
    #[serde(rename = "account:write")]
    AccountWrite,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// The second step of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondStepShown {
    /// A code of the app, or a recovery code.
    pub code: String,
    /// What the first step gave.
    pub pending: String,
}

/// A sign-in whose password was right, and which goes on with a code: `POST /api/auth/login/second`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondStepWanted {
    /// How long that may take, in seconds.
    pub expires_in: u32,
    /// What is shown with the code.
    pub pending: String,
}

/// A value that is taken and never given back.
pub type Secret = Hidden;

/// What was found of one version of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretCheck {
    /// What is worth knowing, though nothing is wrong yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What is wrong; absent where it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Which secret.
    pub secret: SecretId,
    /// Which of its versions.
    pub version: u32,
}

/// What was found of all secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretChecks {
    /// One for each version that counts.
    pub items: Vec<SecretCheck>,
}

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretDetail {
    /// When it was set first.
    pub created_at: DateTime<Utc>,
    /// The hosts that it may be sent to.
    pub hosts: Vec<SecretHost>,
    /// Its name.
    pub name: SecretName,
    /// How it is put into a request.
    pub placement: Placement,
    /// The project that it is for; all where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// When its value was last rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<DateTime<Utc>>,
    /// Whether it can be used.
    pub state: SecretState,
    /// When it was last put into a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<DateTime<Utc>>,
    /// How often it was.
    pub uses: u64,
    /// Its versions that count or did last, oldest first.
    pub versions: Vec<SecretVersion>,
}

/// The name of a host, in lower case and without a final dot: no address, no port, no wildcard. A secret goes to those
/// that are named and to no other.
pub type SecretHost = String;

/// Which secret: a name within a project, or for all projects. Two projects may each have one of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretId {
    /// Its name.
    pub name: SecretName,
    /// The project that it is for; absent where it is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
}

/// The secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretList {
    /// Those for all projects first, by name.
    pub items: Vec<SecretDetail>,
}

/// A secret, by name, within its project or among those for all.
pub type SecretName = String;

/// Whether a secret can be used.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretState {
    /// `valid`
    #[serde(rename = "valid")]
    Valid,
    /// `rotating`
    #[serde(rename = "rotating")]
    Rotating,
    /// `expired`
    #[serde(rename = "expired")]
    Expired,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A version of a secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretVersion {
    /// When it stops to count by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<DateTime<Utc>>,
    /// Counts up, and is not used again when the secret is removed and set anew.
    pub number: u32,
    /// Where the value is looked up; absent where it is sealed in swarm's own store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// From when on it counts.
    pub since: DateTime<Utc>,
    /// Until when it counts beside the version that took its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// How a session ended.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEnd {
    /// `signed_out`
    #[serde(rename = "signed_out")]
    SignedOut,
    /// `revoked`
    #[serde(rename = "revoked")]
    Revoked,
    /// `reused`
    #[serde(rename = "reused")]
    Reused,
    /// `password_changed`
    #[serde(rename = "password_changed")]
    PasswordChanged,
    /// `disabled`
    #[serde(rename = "disabled")]
    Disabled,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A time in which somebody is signed in: `session_…`.
pub type SessionId = String;

/// The sessions by which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// The newest first.
    pub items: Vec<SessionRow>,
}

/// A time in which somebody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRow {
    /// When it began.
    pub begun_at: DateTime<Utc>,
    /// What they signed in with, by its own word.
    pub device: String,
    /// When it ended before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires: DateTime<Utc>,
    /// How it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub how: Option<SessionEnd>,
    /// Its id.
    pub id: SessionId,
    /// When it was last used, to the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<DateTime<Utc>>,
    /// Whose.
    pub user: UserId,
}

/// A session, with what is shown to be it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTokens {
    /// The access token: `Authorization: Bearer`. Absent where it is a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<String>,
    /// How long it counts, in seconds.
    pub expires_in: u32,
    /// What another access token is had for, once. Absent where it is a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Its id.
    pub session: SessionId,
    /// Who is signed in.
    pub user: UserRow,
}

/// A setting of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Where the value is from: `default`, a file, a variable with a `$` before it, or an option.
    pub from: String,
    /// Its key, with dots, such as `flows.gate.secrets`.
    pub key: String,
    /// Its value, as TOML has it.
    pub value: String,
}

/// How the program is set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingList {
    /// Every setting, by key.
    pub items: Vec<Setting>,
}

/// Somebody who signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// Whether a browser asks, which gets its tokens as cookies that no script can read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookies: Option<bool>,
    /// What they sign in with, for their list of sessions; the `User-Agent` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Their email address.
    pub email: EmailAddress,
    /// Their password.
    pub password: Password,
}

/// Where a browser goes on. It must be the one that asked: what it was given as a cookie is looked for when it comes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInAt {
    /// The address at the provider.
    pub url: String,
}

/// A public key (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// `EdDSA`.
    pub alg: String,
    /// `Ed25519`.
    pub crv: String,
    /// The name by which a token says which key signed it.
    pub kid: String,
    /// `OKP`.
    pub kty: String,
    /// The key.
    pub x: String,
}

/// The public keys (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKeys {
    /// The one that signs first, then those that still prove what they signed.
    pub keys: Vec<SigningKey>,
}

/// How much work a ticket is.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// `small`
    #[serde(rename = "small")]
    Small,
    /// `medium`
    #[serde(rename = "medium")]
    Medium,
    /// `large`
    #[serde(rename = "large")]
    Large,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A sandbox as it was at a moment: `snapshot_…`.
pub type SnapshotId = String;

/// What is passed half of the time, and what is passed one time in ten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The half of all stay at or below it.
    pub p50: u64,
    /// Nine of ten stay at or below it.
    pub p90: u64,
}

/// Who said something.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Speaker {
    /// `person`
    #[serde(rename = "person")]
    Person,
    /// `writer`
    #[serde(rename = "writer")]
    Writer,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A spec as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Files that the examples need, as the spec shows them.
    pub fixtures: Vec<Fixture>,
    /// Passages that look as if they ask for something but were not understood. Shown, never dropped.
    pub not_understood: Vec<Passage>,
    /// What stands outside of the requirements, most of it before the first: the context that every ticket gets.
    pub overview: String,
    /// The requirements, in the order of the text.
    pub requirements: Vec<Requirement>,
    /// The first heading.
    pub title: String,
}

/// What differs between two versions of a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecDelta {
    /// How many requirements came to what.
    pub counts: DeltaCounts,
    /// Files of the examples that came, changed or went.
    pub fixtures: Vec<FixtureDelta>,
    /// The older one.
    pub from: SpecId,
    /// The same as a delta file, which `swarm spec apply` reads.
    pub markdown: String,
    /// Whether the text outside of the requirements differs.
    pub overview: bool,
    /// One by one: those of the newer one in its order, then those that it has no more.
    pub requirements: Vec<RequirementChange>,
    /// Whether the title differs.
    pub title: bool,
    /// The newer one.
    pub to: SpecId,
}

/// A spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecDetail {
    /// When it was read.
    pub added_at: DateTime<Utc>,
    /// Its id: the same text in the same project has the same.
    pub id: SpecId,
    /// The version that it was written from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<SpecId>,
    /// For which project.
    pub project: ProjectId,
    /// The text as it was given.
    pub source: String,
    /// What was understood, and what was not.
    pub spec: Spec,
    /// The hash of the text as it was given.
    pub text: BlobHash,
    /// From 1: the versions of one spec are numbered in the order in which they came.
    pub version: u32,
}

/// One version of a spec: `spec_…`, from the hash of its text, so the same text has the same id.
pub type SpecId = String;

/// Every spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecList {
    /// The newest first.
    pub items: Vec<SpecSummary>,
}

/// A spec in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecSummary {
    /// When it was read.
    pub added_at: DateTime<Utc>,
    /// Its id.
    pub id: SpecId,
    /// The version that it was written from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<SpecId>,
    /// For which project.
    pub project: ProjectId,
    /// How many requirements it has.
    pub requirements: u64,
    /// The first heading.
    pub title: String,
    /// From 1: the versions of one spec are numbered in the order in which they came.
    pub version: u32,
}

/// What was used: by a call, an attempt, a ticket or a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Model calls.
    pub calls: u64,
    /// Tokens that went in, those read from a cache among them.
    pub tokens_in: u64,
    /// Tokens that came out.
    pub tokens_out: u64,
    /// Money.
    pub usd: MicroUsd,
}

/// How long a stage took, each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageVitals {
    /// Which.
    pub stage: SandboxStage,
    /// How long.
    pub took: Histogram,
}

/// Where a question stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Who accepted it so far.
    pub accepts: Vec<Accept>,
    /// The action as it was changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<ActionRequest>,
    /// How many steps of the escalation are over.
    pub escalated: u32,
    /// To whom it was handed, the last at the end.
    pub handed_to: Vec<String>,
    /// How many of the reminders are over.
    pub reminded: u32,
    /// When it was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<DateTime<Utc>>,
    /// Who decided; nobody where time did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<String>,
    /// In a word.
    pub state: InterruptState,
    /// What was answered in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What was done so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Each agent with each model, the one with the most attempts first.
    pub arms: Vec<ArmStatistics>,
    /// Those of them that were merged.
    pub merged: u32,
    /// Those of them that were merged with their first attempt.
    pub merged_at_once: u32,
    /// Milliseconds of work on them.
    pub millis: u64,
    /// What they cost.
    pub spend: Spend,
    /// Tickets that have settled: merged, or a person is needed.
    pub tickets: u32,
    /// Week by week, how first attempts did; the oldest first.
    pub weeks: Vec<WeekStatistics>,
}

/// A kind of step, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDeadline {
    /// Its deadline; absent where only the limit holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<LearnedDeadline>,
    /// The limit that is configured, in milliseconds.
    pub limit_millis: u64,
    /// How many of its newest steps are known.
    pub samples: u32,
    /// A kind of command (`cargo test`), or an agent with a model (`coder on local/small`).
    pub step: String,
}

/// A step of a run with what it says, and with the words that a person can put others in the place of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDetail {
    /// Its position in the log.
    pub at: u64,
    /// What can be edited when the run is forked here; absent where nothing can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit: Option<Edit>,
    /// What kind of step.
    pub kind: StepKind,
    /// What it says.
    pub text: String,
}

/// What a step of a run is: something that can be gone back to.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepKind {
    /// `attempt`
    #[serde(rename = "attempt")]
    Attempt,
    /// `model`
    #[serde(rename = "model")]
    Model,
    /// `tool`
    #[serde(rename = "tool")]
    Tool,
    /// `check`
    #[serde(rename = "check")]
    Check,
    /// `commit`
    #[serde(rename = "commit")]
    Commit,
    /// `finding`
    #[serde(rename = "finding")]
    Finding,
    /// `verdict`
    #[serde(rename = "verdict")]
    Verdict,
    /// `merge`
    #[serde(rename = "merge")]
    Merge,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// The use of a tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTool {
    /// The file or command that it was about.
    pub about: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Whether it did what was asked.
    pub ok: bool,
    /// Which tool.
    pub tool: String,
}

/// Steps of which nothing new came, and what they cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StuckSteps {
    /// The step that it began with.
    pub began: u32,
    /// The step at which it was noticed.
    pub ended: u32,
    /// How long their answers and tools took, in milliseconds.
    pub millis: u64,
    /// What these steps cost.
    pub spend: Spend,
    /// Whether the attempt was taken back to before it and went on; else that was its end.
    pub taken_back: bool,
    /// What was seen, in words.
    pub why: String,
}

/// What it is about. The ids of the timeline that an event stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// The project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub enum Survey {
    /// Whether a spec still holds.
    #[serde(rename = "check")]
    Check {
        /// On the head of this branch; the repository's own choice where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        /// Which.
        spec: SpecId,
    },
    /// What the code offers, as a draft of a spec.
    #[serde(rename = "derive")]
    Derive {
        /// On the head of this branch; the repository's own choice where absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        branch: Option<String>,
        /// Models in order of preference, to put it into words; the configured ones where there is none.
        #[serde(default)]
        models: Vec<String>,
        /// Only the files that one of these globs names; all where there is none.
        #[serde(default)]
        paths: Vec<String>,
        /// In computed words only: no model is asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plain: Option<bool>,
    },
    /// What people said, as a draft of a spec.
    #[serde(rename = "draft")]
    Draft {
        /// Models in order of preference, to write it down; the configured ones where there is none.
        #[serde(default)]
        models: Vec<String>,
        /// The spec as it stands and what was said, as JSON.
        talk: BlobHash,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// A look at code and spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurveyDetail {
    /// The draft that was read off code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
    /// The draft of what people said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drafted: Option<Drafted>,
    /// Its id.
    pub id: SurveyId,
    /// What was found, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<SurveyOutcome>,
    /// Each command that was run.
    pub tried: Vec<Tried>,
}

/// One look at code and spec: `survey_…`.
pub type SurveyId = String;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome")]
pub enum SurveyOutcome {
    /// Each acceptance command was run.
    #[serde(rename = "checked")]
    Checked {
        /// On which commit.
        commit: CommitId,
        /// Requirements that all their commands prove.
        proven: u32,
        /// Each command with its result, as JSON.
        report: BlobHash,
        /// Requirements that there are.
        requirements: u32,
    },
    /// A draft of a spec was written.
    #[serde(rename = "derived")]
    Derived {
        /// Of which commit's code.
        commit: CommitId,
        /// The draft, as JSON.
        draft: BlobHash,
        /// Those that leave something open.
        questions: u32,
        /// Its requirements.
        requirements: u32,
    },
    /// What was said was written down.
    #[serde(rename = "drafted")]
    Drafted {
        /// The spec as it would be, as JSON.
        draft: BlobHash,
        /// Requirements that came, changed or went.
        edits: u32,
        /// What is to be answered first.
        questions: u32,
    },
    /// Nothing was found, for this reason.
    #[serde(rename = "failed")]
    Failed {
        /// Why, and what to do.
        problem: Problem,
    },
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// What a table holds, in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableHash {
    /// BLAKE3 of all of them.
    pub hash: String,
    /// How many rows.
    pub rows: u64,
}

/// Who the data belongs to; leads every key in the store.
pub type TenantId = String;

/// Who may answer a question, how many must, and what happens as time passes. They stay with the question, whatever the
/// policy says later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// How many must accept.
    pub answers: u32,
    /// Who else is asked, and when.
    pub escalate: Vec<Escalation>,
    /// When it is too late to answer, in seconds after it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_seconds: Option<u64>,
    /// Whether nobody answers a request of their own.
    pub four_eyes: bool,
    /// What counts when nobody answered in time.
    pub on_expiry: OnExpiry,
    /// Who may answer; everybody where none is named.
    pub people: Vec<String>,
    /// When people are reminded, in seconds after it was asked.
    pub remind_seconds: Vec<u64>,
}

/// Tests, tried on code that was made wrong on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestProbe {
    /// When it was tried.
    pub at: DateTime<Utc>,
    /// Of which attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// How often a test or an acceptance command noticed.
    pub killed: u32,
    /// How many times the code was made wrong.
    pub mutants: u32,
    /// Whether the attempt's own tests were tried, or only the commands of the spec.
    pub own_tests: bool,
    /// What nobody noticed.
    pub survived: Vec<String>,
}

/// What a thing is.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThingKind {
    /// `function`
    #[serde(rename = "function")]
    Function,
    /// `class`
    #[serde(rename = "class")]
    Class,
    /// `interface`
    #[serde(rename = "interface")]
    Interface,
    /// `enum`
    #[serde(rename = "enum")]
    Enum,
    /// `option`
    #[serde(rename = "option")]
    Option,
    /// `route`
    #[serde(rename = "route")]
    Route,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A piece of work that one agent can do in one go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// What must pass for it to be done.
    pub acceptance: Vec<TicketCheck>,
    /// What it may spend.
    pub budget: Budget,
    /// The kind of agent that it wants.
    pub capability: Capability,
    /// What must be merged before it begins.
    pub depends_on: Vec<Dependency>,
    /// How to go about it, for the agent.
    pub description: String,
    /// Stable for the same requirements.
    pub id: TicketId,
    /// What it serves.
    pub requirements: Vec<RequirementId>,
    /// How much harm a mistake in it can do.
    pub risk: Risk,
    /// Imperative, as in a commit's subject.
    pub title: String,
    /// Globs of the files that it may touch.
    pub touches: Vec<String>,
}

/// An acceptance command and the requirement that it proves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCheck {
    /// The command and what it must do.
    pub check: Acceptance,
    /// What it proves.
    pub requirement: RequirementId,
}

/// How many tickets of a run stand where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketCounts {
    /// Given up.
    pub cancelled: u32,
    /// Done.
    pub merged: u32,
    /// In the merge train.
    pub merging: u32,
    /// A person must decide or mend something.
    pub needs_person: u32,
    /// All of them.
    pub total: u32,
    /// With the validator.
    pub verifying: u32,
    /// Waiting for others or for an agent.
    pub waiting: u32,
    /// With an agent.
    pub working: u32,
}

/// A ticket with all that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketDetail {
    /// What was tried, the oldest first.
    pub attempts: Vec<Attempt>,
    /// The acceptance commands that were run for it, the oldest first.
    pub checks: Vec<Check>,
    /// The faults that were found, the oldest first.
    pub findings: Vec<FindingEntry>,
    /// What the gate said of each attempt's change, the oldest first.
    pub judgements: Vec<Judgement>,
    /// The calls of models, the oldest first.
    pub model_calls: Vec<ModelCall>,
    /// How the tests of each attempt did on code that was made wrong on purpose, the oldest first.
    pub probes: Vec<TestProbe>,
    /// How good the code of accepted attempts is, the oldest first.
    pub quality: Vec<AttemptQuality>,
    /// What each attempt did step by step and what that cost, and where it led nowhere.
    pub steps: Vec<AttemptSteps>,
    /// Where it stands.
    pub summary: TicketSummary,
    /// What is to be done.
    pub ticket: Ticket,
}

/// What a ticket will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketForecast {
    /// What it is like.
    pub kind: WorkKind,
    /// How alike the work was that it was compared to.
    pub level: Level,
    /// Milliseconds of work.
    pub millis: Span,
    /// How many finished tickets that was.
    pub samples: u32,
    /// Which ticket.
    pub ticket: TicketId,
    /// Tokens, in and out together.
    pub tokens: Span,
    /// Millionths of a US dollar, at the price of today where that is known.
    pub usd: Span,
}

/// A ticket of a plan: `T-…`, from the requirements it serves, so that planning again keeps it.
pub type TicketId = String;

/// The tickets of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketList {
    /// In an order that respects the dependencies.
    pub items: Vec<TicketSummary>,
}

/// A ticket in both runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketPair {
    /// In the first run; absent where that has no such ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<TicketSide>,
    /// In the second run; absent where that has no such ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<TicketSide>,
    /// Its id.
    pub ticket: TicketId,
    /// What is to be done, in a line.
    pub title: String,
}

/// A ticket in one of the runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSide {
    /// How many attempts there were.
    pub attempts: u32,
    /// From its first attempt to its last change, in milliseconds.
    pub millis: u64,
    /// What it cost.
    pub spend: Spend,
    /// Where it stands.
    pub state: TicketState,
}

/// Where a ticket of a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state")]
pub enum TicketState {
    /// Waits for the tickets that it depends on, or for a free agent.
    #[serde(rename = "waiting")]
    Waiting,
    /// An agent works on it.
    #[serde(rename = "working")]
    Working,
    /// The validator checks the attempt.
    #[serde(rename = "verifying")]
    Verifying,
    /// Accepted; waits for its turn in the merge train.
    #[serde(rename = "merging")]
    Merging,
    /// Its work is on the integration branch.
    #[serde(rename = "merged")]
    Merged,
    /// A person must decide or mend something.
    #[serde(rename = "needs_person")]
    NeedsPerson {
        /// Why, and what to do.
        problem: Problem,
    },
    /// Given up by a person, who may take it up again.
    #[serde(rename = "cancelled")]
    Cancelled,
    /// What a later server says.
    #[serde(other)]
    Unknown,
}

/// A ticket in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketSummary {
    /// The agent that worked on it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// How many attempts there were, the present one among them.
    pub attempts: u32,
    /// The requirements of it that are merged as a checkpoint, before the whole of it is.
    pub checkpoint: Vec<RequirementId>,
    /// Its id.
    pub id: TicketId,
    /// The commit on the integration branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<CommitId>,
    /// When it was merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_at: Option<DateTime<Utc>>,
    /// What it serves.
    pub requirements: Vec<RequirementId>,
    /// In which run.
    pub run: RunId,
    /// What it cost until now.
    pub spend: Spend,
    /// Where it stands.
    pub state: TicketState,
    /// What is being done just now, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What is to be done, in a line.
    pub title: String,
    /// When it changed last.
    pub updated_at: DateTime<Utc>,
}

/// What became of the requirements of a run's spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// The commit that the evidence is about: the newest on the integration branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<CommitId>,
    /// One by one, in the order of the spec.
    pub requirements: Vec<RequirementTrace>,
    /// Which run.
    pub run: RunId,
}

/// A ticket that serves a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracedTicket {
    /// What its attempts committed, the oldest first.
    pub commits: Vec<CommitId>,
    /// Its id.
    pub id: TicketId,
    /// The commit on the integration branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<CommitId>,
    /// Whether only a checkpoint of it that proves this requirement is merged.
    pub partial: bool,
    /// Where it stands.
    pub state: TicketState,
    /// What is to be done, in a line.
    pub title: String,
}

/// Some attempts that came one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrendPoint {
    /// How many they are.
    pub attempts: u32,
    /// When the first of them was measured.
    pub from: DateTime<Utc>,
    /// The mean of their scores.
    pub score: u32,
}

/// A command that was run, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The command.
    pub command: String,
    /// How it ended: `exit 0`, `timed out`.
    pub ended: String,
    /// What it printed, cut to a bound.
    pub output: String,
    /// Whether it did what the spec says.
    pub passed: bool,
    /// What it proves.
    pub requirement: RequirementId,
}

/// A hunk that was left out while the rest of the change stayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriedHunk {
    /// What fails without it, one command for each requirement at the most; nothing where no command misses it.
    pub missed_by: Vec<Missed>,
    /// Where it begins after the change.
    pub new_start: u32,
    /// Where it begins before the change, as the diff says it.
    pub old_start: u32,
    /// The file, as it is named after the change.
    pub path: String,
}

/// What failed lately. What was tried again and went well counts too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleVitals {
    /// Calls that were not made because a budget was used up.
    pub budgets: u64,
    /// Attempts that went round in circles.
    pub loops: u64,
    /// Steps that the API of a model failed.
    pub model: u64,
    /// Steps that something else failed: git, the disk, the network.
    pub other: u64,
    /// Those of them whose microVM had died, and that were done again in another.
    pub replaced: u64,
    /// Steps that a sandbox failed.
    pub sandbox: u64,
}

/// A file that was not read, or not as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Which.
    pub path: String,
    /// Why.
    pub why: String,
}

/// A person's account: `user_…`.
pub type UserId = String;

/// Accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    /// The oldest first.
    pub items: Vec<UserRow>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRow {
    /// Since when they cannot sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<DateTime<Utc>>,
    /// The address that it is known by.
    pub email: EmailAddress,
    /// How it came to be.
    pub how: Joined,
    /// Its id.
    pub id: UserId,
    /// When.
    pub joined_at: DateTime<Utc>,
    /// When the password last changed, after the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_changed_at: Option<DateTime<Utc>>,
    /// What the person is in the team.
    pub role: Role,
    /// Since when they are asked for a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor_at: Option<DateTime<Utc>>,
    /// When the address was shown to be the person's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_at: Option<DateTime<Utc>>,
}

/// A link that was sent to an address, with what only who made the account knows: somebody else may have made it in the
/// name of this address before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyAddress {
    /// The email address.
    pub email: EmailAddress,
    /// The link.
    pub link: String,
    /// The password of the account.
    pub password: Password,
}

/// How the whole fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// When it was looked.
    pub at: DateTime<Utc>,
    /// The running run that has used the greatest part of its budget; absent where none has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetVitals>,
    /// Models of this process.
    pub models: ModelVitals,
    /// What waits.
    pub queue: QueueVitals,
    /// Sandboxes of this process.
    pub sandboxes: SandboxVitals,
    /// What failed lately.
    pub trouble: TroubleVitals,
    /// What is said of lately is of so many seconds.
    pub window_seconds: u64,
    /// What was done lately.
    pub work: WorkVitals,
}

/// A sandbox of this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vm {
    /// The agent whose commands run in it; absent where it is a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// What runs in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The last lines of its machine's console; none where it has no machine of its own.
    pub console: Vec<String>,
    /// The snapshot that it was made from, if it is a fork.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork_of: Option<SnapshotId>,
    /// Its id.
    pub id: SandboxId,
    /// Its root file system, where it has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// What it may use; absent of a machine that nobody asked for yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<VmLimits>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// What it is called in errors.
    pub name: String,
    /// The project that it works for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// The run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// Which rung.
    pub rung: Rung,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Where it stands.
    pub state: VmState,
    /// Who has it, if a person has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<String>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// What it uses.
    pub used: VmFigures,
}

/// The last that was said in and by a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmConsole {
    /// The last commands and what they said.
    pub commands: Vec<String>,
    /// The last lines of its machine's console; none where it has no machine of its own.
    pub console: Vec<String>,
}

/// A sandbox of another process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmElsewhere {
    /// The agent.
    pub agent: String,
    /// The attempt.
    pub attempt: AttemptId,
    /// Who has it: a node of this database, or a worker over HTTP.
    pub node: NodeId,
    /// The project.
    pub project: ProjectId,
    /// The run.
    pub run: RunId,
    /// The rung; absent where only the worker knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<Rung>,
    /// When the attempt began.
    pub since: DateTime<Utc>,
    /// The ticket.
    pub ticket: TicketId,
}

/// How a line ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmEnded {
    /// Bytes of output that were dropped.
    pub dropped_bytes: u64,
    /// In words: `exit 0`, `time limit passed`.
    pub ended: String,
    /// The exit code, where it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Standard error, as far as it is kept.
    pub stderr: String,
    /// Standard output, as far as it is kept.
    pub stdout: String,
}

/// A line that is to be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmExec {
    /// For the shell, at most 8000 bytes.
    pub command: String,
    /// Where, relative to the work folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// What it reads, at most a mebibyte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// What shows that the sandbox was taken over by whoever asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// How long it may take, in milliseconds; the sandbox's own bound counts too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall_ms: Option<u64>,
}

/// What a sandbox uses; absent is what is not measured on its rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmFigures {
    /// Time on the processors so far, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// Bytes that the work folder grew by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_bytes: Option<u64>,
    /// Bytes of memory; of a microVM those of its monitor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Bytes to and from the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_bytes: Option<u64>,
    /// Processes and threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<u64>,
}

/// What a sandbox may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmLimits {
    /// Thousandths of a processor.
    pub cpu_milli: u32,
    /// Bytes that the work folder may grow by.
    pub disk_bytes: u64,
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes to and from the network.
    pub network_bytes: u64,
    /// Processes and threads at once.
    pub pids: u32,
    /// How long one command may take, in milliseconds.
    pub wall_ms: u64,
}

/// The sandboxes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmList {
    /// The attempts under way whose sandboxes other processes have.
    pub elsewhere: Vec<VmElsewhere>,
    /// Those of this process.
    pub items: Vec<Vm>,
}

/// What shows that a sandbox was taken over, where it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmMaybeToken {
    /// As it came with the takeover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// A sandbox as it was at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmSnapshot {
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// The attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// Bytes on disk.
    pub bytes: u64,
    /// Its id.
    pub id: SnapshotId,
    /// Whether the memory is in it; else it is files alone.
    pub memory: bool,
    /// The folder that it is in, on the server's machine.
    pub place: String,
    /// The position of the last event of the log at that moment: a step that the run can be forked from.
    pub position: u64,
    /// The run, where it was for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// On which rung.
    pub rung: Rung,
    /// Of which sandbox.
    pub vm: SandboxId,
}

/// The snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmSnapshotList {
    /// The oldest first.
    pub items: Vec<VmSnapshot>,
}

/// Where a sandbox stands.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum VmState {
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `starting`
    #[serde(rename = "starting")]
    Starting,
    /// `idle`
    #[serde(rename = "idle")]
    Idle,
    /// `running`
    #[serde(rename = "running")]
    Running,
    /// `taken_over`
    #[serde(rename = "taken_over")]
    TakenOver,
    /// `stopping`
    #[serde(rename = "stopping")]
    Stopping,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// A sandbox that whoever asked has now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmTaken {
    /// After so many seconds without a sign of life it is handed back.
    pub lease_seconds: u64,
    /// After so many seconds it is handed back in any case.
    pub left_seconds: u64,
    /// What each later request must show.
    pub token: String,
    /// The sandbox.
    pub vm: SandboxId,
}

/// What shows that a sandbox was taken over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VmToken {
    /// As it came with the takeover.
    pub token: String,
}

/// What was counted of live connections since the server started. `/metrics` tells the same to Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebSocketMetrics {
    /// Bytes of messages from WebSockets.
    pub bytes_received: u64,
    /// Bytes handed to WebSockets.
    pub bytes_sent: u64,
    /// WebSockets that ended, by reason.
    pub disconnects: std::collections::BTreeMap<String, u64>,
    /// Frames that were not sent, by reason.
    pub dropped: std::collections::BTreeMap<String, u64>,
    /// Events that went out, by transport.
    pub events: std::collections::BTreeMap<String, u64>,
    /// From the log to the connection.
    pub latency: LatencyShown,
    /// Open connections by transport.
    pub open: std::collections::BTreeMap<String, u64>,
    /// Messages from WebSockets, by type.
    pub received: std::collections::BTreeMap<String, u64>,
    /// Frames that were handed to WebSockets, by type.
    pub sent: std::collections::BTreeMap<String, u64>,
    /// Connections that were not made, by reason.
    pub turned_away: std::collections::BTreeMap<String, u64>,
}

/// How an agent and a model did in a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekStatistics {
    /// Those of them that were accepted.
    pub accepted: u32,
    /// Which.
    pub arm: Arm,
    /// First attempts that ended.
    pub attempts: u32,
    /// The Monday that it begins with, as `2026-11-16`.
    pub week: String,
}

/// What a finding of a check means.
#[derive(Debug, Clone, Copy, Hash, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weight {
    /// `off`
    #[serde(rename = "off")]
    Off,
    /// `warn`
    #[serde(rename = "warn")]
    Warn,
    /// `block`
    #[serde(rename = "block")]
    Block,
    /// A word of a later server.
    #[serde(other)]
    Unknown,
}

/// All that a worker gets to know of an attempt. It needs neither the repository nor the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkBrief {
    /// The agent that is to do it, by name.
    pub agent: String,
    /// The repository's own word to agents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents_md: Option<String>,
    /// The attempt.
    pub attempt: AttemptId,
    /// The commit that the work begins on.
    pub base: CommitId,
    /// What the attempt may spend at the most: what is left of the run's and the ticket's budget.
    pub budget: Budget,
    /// Text files of the repository as the attempt finds them: first those that may be changed, then those that the
    /// work builds on, then others as long as there is room.
    pub files: Vec<BriefFile>,
    /// Files that the examples need.
    pub fixtures: Vec<Fixture>,
    /// What earlier attempts taught.
    pub hints: Vec<Finding>,
    /// How many files of the repository are not among them: too many, too large, or no text.
    pub left_out: u32,
    /// Its number among all attempts at the ticket, from 1.
    pub number: u32,
    /// What the spec says outside of the requirements.
    pub overview: String,
    /// The requirements that it serves, in the words of the spec.
    pub requirements: Vec<Requirement>,
    /// The run.
    pub run: RunId,
    /// What tells this attempt's sampling from the others'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// What to do: title, description, the globs of the files that may be changed, the acceptance commands.
    pub ticket: Ticket,
    /// Thousandths of the sampling temperature to add.
    pub warmer_milli: u32,
}

/// How much work waits and is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkDemand {
    /// The same by the labels that a worker needs.
    pub by_labels: Vec<WorkDemandByLabels>,
    /// For how long the oldest ticket that could be worked on has waited, in seconds; 0 where none waits.
    pub oldest_waiting_seconds: u64,
    /// Minutes until what waits is worked off by as many hands as work now, or by one where none does; absent while
    /// too few attempts have ended to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_minutes: Option<u64>,
    /// Tickets that could be worked on and wait for hands.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
}

/// What waits for, and is with, workers that have these labels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkDemandByLabels {
    /// What a worker needs; empty for any worker.
    pub labels: Vec<String>,
    /// The age of the oldest that waits, in seconds.
    pub oldest_waiting_seconds: u64,
    /// Tickets that wait.
    pub waiting: u32,
    /// Tickets that are worked on.
    pub working: u32,
}

/// What a piece of work is like, as far as that tells what a similar one will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkKind {
    /// What the agent must offer.
    pub capability: Capability,
    /// The language of the files that may be touched: `python`, `rust`; `mixed` for several, `other` where none is
    /// known.
    pub language: String,
    /// How much of it there is.
    pub size: Size,
}

/// What came of work: `files` and a `summary`, or `failed` alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkOutcome {
    /// Why it could not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The files that were changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<Vec<OutcomeFile>>,
    /// What was done, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// What was done lately.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkVitals {
    /// Those of them that were accepted.
    pub accepted: u64,
    /// Attempts that ended.
    pub attempts: u64,
    /// Calls of models.
    pub calls: u64,
    /// Tickets that were merged.
    pub merged: u64,
    /// Those of them that were not a ticket's first.
    pub reworked: u64,
    /// What all calls of models cost.
    pub usd: MicroUsd,
}

/// A process that works on this database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// The machine's processors.
    pub cores: u64,
    /// How long ago it gave its last sign of life, in milliseconds.
    pub heartbeat_age_ms: u64,
    /// The machine that it is on.
    pub host: String,
    /// When it joined.
    pub joined_at: DateTime<Utc>,
    /// What it offers to work that needs it.
    pub labels: Vec<Label>,
    /// Its name.
    pub name: NodeId,
    /// Whether it leaves work that needs no label to others.
    pub only_labelled: bool,
    /// Its process there.
    pub pid: u64,
    /// Where it stands.
    pub state: NodeState,
    /// The token that its writes show; it grows each time that the name joins.
    pub token: FencingToken,
    /// The version of swarm that it is.
    pub version: String,
    /// What it has begun and not ended: `ticket/RUN/TICKET/…`, `merge/RUN/ATTEMPT`, `build/RUN/…`, `plan/PLAN`.
    pub works_on: Vec<String>,
}

/// Every worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerList {
    /// By name, those that are gone too.
    pub items: Vec<Worker>,
}
