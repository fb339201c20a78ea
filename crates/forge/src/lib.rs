//! Where code goes: a mirror of each repository, a worktree for each attempt, the merge train, pull requests.
//!
//! swarm works in a bare mirror of its own. The user's repository is read, and one branch is pushed to it when a run is
//! published; its work tree, its index and its other branches are never touched. Everything that comes out of a
//! repository is untrusted: no hook, filter, driver or configuration of it is run, and no link leads out of a checkout.
//! Nothing unpublished is deleted: it is archived first. Why the `git` command does the work: `docs/adr/0005-git.md`.
//!
//! This crate must not know models, agents, tickets' rules or databases. It takes ids and texts, and gives commits.
//!
//! ```no_run
//! use std::{path::Path, sync::Arc};
//! use swarm_domain::{AttemptId, Clock, IdempotencyKey, ProjectId, RunId};
//! use swarm_forge::{CommitMessage, Forge, ForgeError, Stacked};
//!
//! async fn one_attempt(clock: Arc<dyn Clock>, text: CommitMessage) -> Result<(), ForgeError> {
//!     let (project, run) = (ProjectId::parse("textstat").unwrap(), RunId::parse("run_1").unwrap());
//!     let attempt = AttemptId::parse("T-1.1").unwrap();
//!     let mirror = Forge::open(Path::new("/var/lib/swarm"), clock).mirror(&project, "/home/ada/textstat").await?;
//!     let base = mirror.base(None).await?;
//!     let branch = mirror.begin_run(&run, &base).await?;
//!     let worktree = mirror.worktree(&run, &attempt, &base.commit).await?;
//!     // … an agent writes into `worktree.path` …
//!     let key = IdempotencyKey::of(&["run_1", "T-1.1", "commit"]);
//!     if let Some(commit) = mirror.commit(&worktree, &key, &text, None).await? {
//!         let head = mirror.head(&run).await?;
//!         if let Stacked::Commit(top) = mirror.stack(&run, &head, &commit, &base.commit).await? {
//!             mirror.advance(&run, &head, &top).await?;
//!         }
//!     }
//!     mirror.archive_attempt(&run, &attempt).await?;
//!     mirror.publish(&run, &branch).await?;
//!     Ok(())
//! }
//! ```

mod archive;
mod changes;
mod checkout;
mod clash;
mod commit;
mod durable;
mod error;
mod forge;
mod git;
mod here;
mod history;
mod known;
mod lock;
mod loose;
mod message;
mod mirror;
mod object;
mod pristine;
mod publish;
mod pull_request;
mod refs;
mod remote;
mod scratch;
mod signature;
mod snapshot;
mod source;
mod spare;
mod symlink;
mod train;
mod tree;
mod upstream;
mod usage;
mod worktree;

pub use archive::{Archived, SweepReport};
pub use changes::{Change, ChangeKind, Diff, DiffStat};
pub use clash::Clash;
pub use commit::CommitMessage;
pub use error::ForgeError;
pub use forge::{Forge, OLDEST_GIT};
pub use git::Limits;
pub use here::{Bounds, Content, Difference, Here, Hooked, Sides};
pub use history::LogEntry;
pub use message::{SUBJECT_CHARS, Trailers, subject};
pub use mirror::{Base, Mirror};
pub use publish::Published;
pub use pull_request::{LocalPullRequests, NewPullRequest, PullRequest, PullRequests};
pub use signature::{Attribution, Signature};
pub use source::without_credentials;
pub use symlink::EscapingLink;
pub use train::Stacked;
pub use tree::FileMode;
pub use upstream::Upstream;
pub use worktree::Worktree;
