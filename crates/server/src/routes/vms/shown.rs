//! How sandboxes are written in answers, and what is read of requests about them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use swarm_domain::{AttemptId, NodeId, ProjectId, RunId, SandboxId, SnapshotId, TicketId, attempt::Rung};
use swarm_flows::vms::{Elsewhere, Ended, How, Limits, Shown, Snapshot, Standing, Tail, Taken};
use utoipa::ToSchema;

/// Where a sandbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VmState {
    /// A machine that is ready before anybody asked for it.
    Waiting,
    /// It is being made.
    Starting,
    /// It is there, and nothing runs in it.
    Idle,
    /// A command runs in it.
    Running,
    /// A person has it; its work waits.
    TakenOver,
    /// It is being ended.
    Stopping,
}

/// What a sandbox may use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmLimits {
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Thousandths of a processor.
    pub cpu_milli: u32,
    /// Processes and threads at once.
    pub pids: u32,
    /// Bytes that the work folder may grow by.
    pub disk_bytes: u64,
    /// Bytes to and from the network.
    pub network_bytes: u64,
    /// How long one command may take, in milliseconds.
    pub wall_ms: u64,
}

/// What a sandbox uses; absent is what is not measured on its rung.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmFigures {
    /// Bytes of memory; of a microVM those of its monitor.
    pub memory_bytes: Option<u64>,
    /// Time on the processors so far, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// Processes and threads.
    pub processes: Option<u64>,
    /// Bytes that the work folder grew by.
    pub disk_bytes: Option<u64>,
    /// Bytes to and from the network.
    pub network_bytes: Option<u64>,
}

/// A sandbox of this process.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vm {
    /// Its id.
    pub id: SandboxId,
    /// What it is called in errors.
    pub name: String,
    /// Which rung.
    pub rung: Rung,
    /// Where it stands.
    pub state: VmState,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// The project that it works for.
    pub project: Option<ProjectId>,
    /// The run.
    pub run: Option<RunId>,
    /// The ticket.
    pub ticket: Option<TicketId>,
    /// The attempt.
    pub attempt: Option<AttemptId>,
    /// The agent whose commands run in it; absent where it is a check.
    pub agent: Option<String>,
    /// What it may use; absent of a machine that nobody asked for yet.
    pub limits: Option<VmLimits>,
    /// What it uses.
    pub used: VmFigures,
    /// Its root file system, where it has one of its own.
    pub image: Option<String>,
    /// The snapshot that it was made from, if it is a fork.
    pub fork_of: Option<SnapshotId>,
    /// What runs in it.
    pub command: Option<String>,
    /// Who has it, if a person has.
    pub taken_by: Option<String>,
    /// The last lines of its machine's console; none where it has no machine of its own.
    pub console: Vec<String>,
}

/// A sandbox of another process.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmElsewhere {
    /// Who has it: a node of this database, or a worker over HTTP.
    pub node: NodeId,
    /// The project.
    pub project: ProjectId,
    /// The run.
    pub run: RunId,
    /// The ticket.
    pub ticket: TicketId,
    /// The attempt.
    pub attempt: AttemptId,
    /// The agent.
    pub agent: String,
    /// The rung; absent where only the worker knows it.
    pub rung: Option<Rung>,
    /// When the attempt began.
    pub since: DateTime<Utc>,
}

/// The sandboxes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmList {
    /// Those of this process.
    pub items: Vec<Vm>,
    /// The attempts under way whose sandboxes other processes have.
    pub elsewhere: Vec<VmElsewhere>,
}

/// The last that was said in and by a sandbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmConsole {
    /// The last lines of its machine's console; none where it has no machine of its own.
    pub console: Vec<String>,
    /// The last commands and what they said.
    pub commands: Vec<String>,
}

/// A line that is to be run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VmExec {
    /// For the shell, at most 8000 bytes.
    pub command: String,
    /// Where, relative to the work folder.
    #[serde(default)]
    pub cwd: Option<String>,
    /// What it reads, at most a mebibyte.
    #[serde(default)]
    pub stdin: Option<String>,
    /// How long it may take, in milliseconds; the sandbox's own bound counts too.
    #[serde(default)]
    pub wall_ms: Option<u64>,
    /// What shows that the sandbox was taken over by whoever asks.
    #[serde(default)]
    pub token: Option<String>,
}

/// How a line ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmEnded {
    /// In words: `exit 0`, `time limit passed`.
    pub ended: String,
    /// The exit code, where it ended by itself.
    pub exit_code: Option<i32>,
    /// Standard output, as far as it is kept.
    pub stdout: String,
    /// Standard error, as far as it is kept.
    pub stderr: String,
    /// Bytes of output that were dropped.
    pub dropped_bytes: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// A sandbox that whoever asked has now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmTaken {
    /// The sandbox.
    pub vm: SandboxId,
    /// What each later request must show.
    pub token: String,
    /// After so many seconds without a sign of life it is handed back.
    pub lease_seconds: u64,
    /// After so many seconds it is handed back in any case.
    pub left_seconds: u64,
}

/// What shows that a sandbox was taken over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VmToken {
    /// As it came with the takeover.
    pub token: String,
}

/// What shows that a sandbox was taken over, where it was.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VmMaybeToken {
    /// As it came with the takeover.
    #[serde(default)]
    pub token: Option<String>,
}

/// A sandbox as it was at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmSnapshot {
    /// Its id.
    pub id: SnapshotId,
    /// Of which sandbox.
    pub vm: SandboxId,
    /// On which rung.
    pub rung: Rung,
    /// The run, where it was for one.
    pub run: Option<RunId>,
    /// The attempt.
    pub attempt: Option<AttemptId>,
    /// The position of the last event of the log at that moment: a step that the run can be forked from.
    pub position: u64,
    /// Whether the memory is in it; else it is files alone.
    pub memory: bool,
    /// Bytes on disk.
    pub bytes: u64,
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// The folder that it is in, on the server's machine.
    pub place: String,
}

/// The snapshots.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VmSnapshotList {
    /// The oldest first.
    pub items: Vec<VmSnapshot>,
}

impl From<Standing> for VmState {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Waiting => Self::Waiting,
            Standing::Starting => Self::Starting,
            Standing::Idle => Self::Idle,
            Standing::Running => Self::Running,
            Standing::TakenOver => Self::TakenOver,
            Standing::Stopping => Self::Stopping,
        }
    }
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl From<Limits> for VmLimits {
    fn from(limits: Limits) -> Self {
        let Limits { memory_bytes, cpu_milli, pids, disk_bytes, network_bytes, wall, .. } = limits;
        Self { memory_bytes, cpu_milli, pids, disk_bytes, network_bytes, wall_ms: millis(wall) }
    }
}

impl From<Shown> for Vm {
    fn from(shown: Shown) -> Self {
        let (subject, figures) = (shown.holder.subject, shown.figures);
        Self {
            id: shown.id,
            name: shown.name,
            rung: shown.rung,
            state: shown.standing.into(),
            since: shown.since,
            made_at: shown.made_at,
            project: subject.project,
            run: subject.run,
            ticket: subject.ticket,
            attempt: subject.attempt,
            agent: shown.holder.agent,
            limits: shown.limits.map(VmLimits::from),
            used: VmFigures {
                memory_bytes: figures.memory_bytes,
                cpu_ms: figures.cpu_millis,
                processes: figures.processes,
                disk_bytes: figures.disk_bytes,
                network_bytes: figures.network_bytes,
            },
            image: shown.image,
            fork_of: shown.fork_of,
            command: shown.command,
            taken_by: shown.taken_by,
            console: Vec::new(),
        }
    }
}

impl From<Elsewhere> for VmElsewhere {
    fn from(one: Elsewhere) -> Self {
        let Elsewhere { node, project, run, ticket, attempt, agent, rung, since } = one;
        Self { node, project, run, ticket, attempt, agent, rung, since }
    }
}

impl From<Tail> for VmConsole {
    fn from(Tail { console, commands }: Tail) -> Self {
        Self { console, commands }
    }
}

impl From<Ended> for VmEnded {
    fn from(ended: Ended) -> Self {
        Self {
            exit_code: if let How::Exited { code } = ended.how { Some(code) } else { None },
            ended: ended.how.to_string(),
            stdout: String::from_utf8_lossy(&ended.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&ended.stderr).into_owned(),
            dropped_bytes: ended.dropped_bytes,
            millis: millis(ended.took),
        }
    }
}

impl From<Taken> for VmTaken {
    fn from(Taken { id, token, lease, left, .. }: Taken) -> Self {
        Self { vm: id, token, lease_seconds: lease.as_secs(), left_seconds: left.as_secs() }
    }
}

impl From<Snapshot> for VmSnapshot {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            id: snapshot.id,
            vm: snapshot.of,
            rung: snapshot.rung,
            run: snapshot.subject.run,
            attempt: snapshot.subject.attempt,
            position: snapshot.position,
            memory: snapshot.memory,
            bytes: snapshot.bytes,
            at: snapshot.at,
            place: snapshot.place.display().to_string(),
        }
    }
}
