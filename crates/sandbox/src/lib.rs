//! Where code runs: one trait, a ladder of isolation.
//!
//! Code that a model wrote or that a stranger's repository holds runs in a [`Sandbox`] and nowhere else. A [`Backend`]
//! makes sandboxes of one rung; [`Ladder::climb`] takes the strongest rung that works on the machine. Inside, a command
//! sees its work folder as [`WORKDIR`], the system's programs, and nothing else: no file of the operator, no variable of
//! swarm's environment, and of the network only what its [`Network`] names, by way of [`egress`]. It is held to its
//! [`Limits`], and when it has ended none of its processes lives on.
//!
//! This crate knows nothing of models and tickets, nor of git beyond hiding a work folder's `.git`.
//!
//! ```no_run
//! use swarm_sandbox::{Choice, Exec, How, Ladder, SandboxSpec};
//! use tokio_util::sync::CancellationToken;
//!
//! # async fn example() -> Result<(), swarm_sandbox::SandboxError> {
//! let ladder = Ladder::climb(Choice::Strongest, "/var/lib/swarm/sandboxes".as_ref()).await?;
//! let spec = SandboxSpec { name: "check-1".into(), workdir: "/var/lib/swarm/checkout".into(), ..SandboxSpec::default() };
//! let sandbox = ladder.backend.create(spec).await?;
//! let ended = sandbox.exec(Exec::shell("python3 -m unittest"), CancellationToken::new()).await?;
//! sandbox.stop().await?;
//! assert_eq!(ended.how, How::Exited { code: 0 });
//! # Ok(())
//! # }
//! ```
//!
//! [`Fleet`] stands around a backend: it knows which sandboxes there are, lets people look into them, run commands in
//! them, take them over, write them down and make others of that.
//!
//! A new rung is one module with a `Backend` and a `Sandbox`, and one arm in `ladder.rs`. What both rungs here share is
//! in `cell.rs` (what a sandbox holds), `run.rs` (one command) and `instance.rs` (what survives a killed swarm, for
//! [`sweep()`]).

mod admission;
mod bubblewrap;
mod ceilings;
mod cell;
mod census;
mod cgroup;
mod disk;
pub mod egress;
pub mod error;
pub mod figures;
pub mod fleet;
mod guest;
mod instance;
mod ladder;
mod launch;
mod limits_report;
mod output;
mod process;
mod programs;
mod proportion;
mod run;
pub mod sandbox;
mod sweep;
mod tally;
mod vm;
mod window;

pub use bubblewrap::Bubblewrap;
pub use error::SandboxError;
pub use fleet::{Fleet, FleetBounds, FleetError};
pub use ladder::{Choice, Ladder, Standing, survey};
pub use limits_report::{Hold, LimitsReport};
pub use process::Process;
pub use sandbox::{Backend, Ended, Exec, Holder, How, Limit, Limits, Network, Sandbox, SandboxSpec, WORKDIR};
pub use sweep::{Swept, sweep};
pub use tally::vitals;
pub use vm::{Home, Image, ImageSource, Kernel, KernelSource, MicroVms, PLAIN, Stages};
pub use window::{Figures, Waiting, Window};
