//! A sandbox as people see it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use swarm_domain::{SandboxId, SnapshotId, attempt::Rung};

use crate::{
    sandbox::{Holder, Limits},
    window::Figures,
};

/// Where a sandbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A machine that is ready before anybody asked for it.
    Waiting,
    /// It is being made.
    Starting,
    /// It is there, and nothing runs in it.
    Idle,
    /// A command runs in it.
    Running,
    /// A person has it; the work that it is for waits.
    TakenOver,
    /// It is being ended.
    Stopping,
}

/// A sandbox as people see it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its id.
    pub id: SandboxId,
    /// What it is called in errors and records.
    pub name: String,
    /// Which rung.
    pub rung: Rung,
    /// Where it stands.
    pub standing: Standing,
    /// Since when.
    pub since: DateTime<Utc>,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// For whom it is.
    pub holder: Holder,
    /// What it may use; absent of a machine that nobody asked for yet.
    pub limits: Option<Limits>,
    /// What it uses.
    pub figures: Figures,
    /// Its root file system, where it has one of its own.
    pub image: Option<String>,
    /// The snapshot that it was made from, if it is a fork.
    pub fork_of: Option<SnapshotId>,
    /// What runs in it.
    pub command: Option<String>,
    /// Who has it, if a person has.
    pub taken_by: Option<String>,
}

/// The last that was said in and by a sandbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tail {
    /// The last lines of its machine's console; none where it has no machine of its own.
    pub console: Vec<String>,
    /// The last commands and what they said.
    pub commands: Vec<String>,
}
