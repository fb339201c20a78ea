//! The words of the field as types: what a spec, requirement, ticket, plan, run, attempt, finding and event *is*.
//!
//! Their rules are pure functions here: what is ready, is there a cycle, is it covered, what may follow what.
//! This crate must not know anything that does I/O: no async, no clock, no randomness, no database. Time comes in
//! as a [`Clock`], randomness as an [`Entropy`].
//!
//! ```
//! use swarm_domain::spec;
//!
//! let parsed = spec::parse("# Greeter\n\n## REQ-1: Greets by name\n\nIt greets.\n\n```console\n$ echo hi\nhi\n```\n").unwrap();
//! assert_eq!(parsed.requirements[0].id.as_str(), "REQ-1");
//! assert_eq!(parsed.requirements[0].acceptance.len(), 1);
//! ```
//!
//! To add a kind of fact: a variant in [`EventBody`], its arm in `store`'s projection, and nothing else knows.

pub mod address;
pub mod agent;
pub mod alert;
pub mod attempt;
pub mod audit;
pub mod bandit;
pub mod budget;
pub mod cache;
pub mod calibration;
pub mod carry;
pub mod checkpoint;
pub mod choice;
pub mod claim;
pub mod clash;
pub mod comparison;
pub mod course;
pub mod coverage;
pub mod deadline;
pub mod derived;
pub mod drafting;
pub mod estimate;
pub mod event;
pub mod failure;
pub mod finding;
pub mod forecast;
pub mod gate;
pub mod graph;
pub mod hindsight;
pub mod history;
pub mod hunk;
pub mod id;
pub mod identity;
pub mod interrupt;
pub mod lease;
pub mod lint;
pub mod money;
pub mod network;
pub mod node;
pub mod notification;
pub mod objective;
pub mod origin;
mod pattern;
pub mod plan;
pub mod precondition;
pub mod problem;
pub mod quality;
pub mod quantile;
pub mod quota;
pub mod rate;
pub mod run;
pub mod run_diff;
pub mod sandbox;
pub mod schedule;
pub mod scope;
pub mod secret;
pub mod skeleton;
pub mod spec;
pub mod statistics;
pub mod steps;
pub mod survey;
pub mod ticket;
pub mod time;
pub mod train;
pub mod vitals;

pub use event::{Actor, Event, EventBody, NewEvent, Subject};
pub use id::{
    AttemptId, BlobHash, BrowserId, ClaimId, CommitId, Entropy, HoldId, IdempotencyKey, InterruptId, Label,
    NodeId, NotificationId, PlanId, ProjectId, RequirementId, RunId, SandboxId, SecretName, SnapshotId,
    SpecId, SurveyId, TenantId, TicketId,
};
pub use money::MicroUsd;
pub use problem::Problem;
pub use time::Clock;
