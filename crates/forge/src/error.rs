//! What can go wrong with git and the places code goes, sorted by what the caller can do about it.

use std::{io, path::PathBuf, time::Duration};

use swarm_domain::{CommitId, Problem};

use crate::symlink::EscapingLink;

/// Why the forge could not do its job.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// There is no usable `git` on this machine.
    #[error("git cannot be used: {detail}")]
    GitMissing {
        /// What was found instead.
        detail: String,
    },
    /// The repository argument cannot be used as it is written.
    #[error("`{repo}` is not a repository address: {reason}")]
    InvalidRepo {
        /// What was given, without credentials.
        repo: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The path holds no repository.
    #[error("{} is not a git repository", path.display())]
    NotARepo {
        /// The path.
        path: PathBuf,
        /// Whether there is anything at that path.
        exists: bool,
    },
    /// Git refuses to read a repository that belongs to somebody else.
    #[error("{repo} belongs to another user, and git refuses to read it")]
    NotOwned {
        /// The repository.
        repo: String,
    },
    /// The repository could not be reached or refused us. Retry when the cause is mended.
    #[error("{repo} cannot be reached: {detail}")]
    Unreachable {
        /// The repository, without credentials.
        repo: String,
        /// What git said.
        detail: String,
    },
    /// The project's mirror is of another repository.
    #[error("the project is a mirror of {known}, not of {asked}")]
    OtherRepo {
        /// What it mirrors.
        known: String,
        /// What was asked for.
        asked: String,
    },
    /// The repository has no such branch.
    #[error("the repository has no branch `{branch}`")]
    NoBranch {
        /// The branch.
        branch: String,
        /// Some that it does have.
        known: Vec<String>,
    },
    /// The run exists and began from another commit.
    #[error("run {run} already began from {base}")]
    RunExists {
        /// The run.
        run: String,
        /// The commit that it began from.
        base: CommitId,
    },
    /// The attempt has a worktree that began from another commit.
    #[error("attempt {attempt} already has a worktree that began from {base}")]
    WorktreeExists {
        /// The attempt.
        attempt: String,
        /// The commit that it began from.
        base: CommitId,
    },
    /// A run, attempt, commit or file that is not there.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// Somebody else moved the integration branch first. Stack again onto `actual`.
    #[error("{branch} is at {actual}, no longer at {expected}")]
    Moved {
        /// The branch.
        branch: String,
        /// Where the caller believed it to be.
        expected: CommitId,
        /// Where it is.
        actual: CommitId,
    },
    /// The commit holds symbolic links that lead out of its tree.
    #[error("{} symbolic link(s) lead out of the tree: {}", links.len(), EscapingLink::list(links))]
    SymlinkEscapes {
        /// The links.
        links: Vec<EscapingLink>,
    },
    /// Files larger than git should carry.
    #[error("too large to commit: {}", paths.join(", "))]
    TooLarge {
        /// The files, relative to the worktree.
        paths: Vec<String>,
        /// What a file may have, in bytes.
        limit: u64,
    },
    /// File names that git refuses to store, such as a variant of `.git`.
    #[error("git refuses to store a file name: {detail}")]
    Unstorable {
        /// What git said.
        detail: String,
    },
    /// The branch to publish is checked out in the user's repository, whose files are never touched.
    #[error("`{branch}` is checked out in {repo}")]
    CheckedOut {
        /// The branch.
        branch: String,
        /// The repository.
        repo: String,
    },
    /// The user's repository has no room, or does not let us write.
    #[error("{repo} cannot be written to: {detail}")]
    Unwritable {
        /// The repository.
        repo: String,
        /// What git said.
        detail: String,
    },
    /// The user's repository did not take the branch.
    #[error("{repo} did not take `{branch}`: {detail}")]
    Rejected {
        /// The branch.
        branch: String,
        /// The repository.
        repo: String,
        /// What git said.
        detail: String,
    },
    /// Another process held a lock for too long.
    #[error("{what} is held by another swarm process for more than {} s", waited.as_secs())]
    Locked {
        /// What is locked.
        what: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Git did not end in time and was killed.
    #[error("git {command} did not end within {} s", after.as_secs())]
    TimedOut {
        /// The git command.
        command: &'static str,
        /// The deadline.
        after: Duration,
    },
    /// Git said more than is read into memory.
    #[error("git {command} said more than {limit} bytes")]
    TooMuchOutput {
        /// The git command.
        command: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Git failed in a way that has no name of its own here.
    #[error("git {command} failed ({code}): {detail}")]
    Git {
        /// The git command.
        command: &'static str,
        /// Its exit code, or `-1` where a signal ended it.
        code: i32,
        /// What it said, cut to a bound.
        detail: String,
    },
    /// The machine failed: no disk, no permission.
    #[error("the forge failed to {doing}: {source}")]
    Io {
        /// What was being done.
        doing: String,
        /// Why it failed.
        source: io::Error,
    },
    /// An argument that cannot be used.
    #[error("not a valid {what}: {detail}")]
    Invalid {
        /// What it should have been.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
}

impl ForgeError {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// Whether the same call may succeed later without anybody mending anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::Locked { .. } | Self::TimedOut { .. } | Self::Moved { .. }
        )
    }

    /// The problem as people meet it: code, what happened, what to do next.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (code, next) = match self {
            Self::GitMissing { .. } => {
                ("forge.git_missing", "install git 2.38 or later; `swarm doctor` shows how".to_owned())
            }
            Self::InvalidRepo { .. } => {
                ("forge.invalid_repo", "give --repo a path, or an https or ssh address".to_owned())
            }
            Self::NotARepo { path, exists: true } => (
                "forge.not_a_repo",
                format!("run `git init {}`, or give --repo the top folder of a repository", path.display()),
            ),
            Self::NotARepo { path, exists: false } => {
                ("forge.not_a_repo", format!("correct the path, or run `git init {}`", path.display()))
            }
            Self::NotOwned { repo } => {
                ("forge.not_owned", format!("run swarm as the owner, or `chown -R $(id -u) {repo}`"))
            }
            Self::Unreachable { .. } => (
                "forge.unreachable",
                "check the address and your access with `git ls-remote`, then `swarm ticket retry`"
                    .to_owned(),
            ),
            Self::OtherRepo { .. } => {
                ("forge.other_repo", "choose another project name with --project".to_owned())
            }
            Self::NoBranch { known, .. } if known.is_empty() => {
                ("forge.no_branch", "push the branch first, or leave out --branch".to_owned())
            }
            Self::NoBranch { known, .. } => {
                ("forge.no_branch", format!("choose one with --branch: {}", known.join(", ")))
            }
            Self::RunExists { .. } => ("forge.run_exists", "start a new run with `swarm build`".to_owned()),
            Self::WorktreeExists { .. } => (
                "forge.worktree_exists",
                "run `swarm ticket retry` for a new attempt; the old one is archived, not lost".to_owned(),
            ),
            Self::NotFound { .. } => ("forge.not_found", "check the id with `swarm run show`".to_owned()),
            Self::Moved { .. } => {
                ("forge.moved", "nothing to do: the work is stacked again onto the new head".to_owned())
            }
            Self::SymlinkEscapes { .. } => (
                "forge.symlink_escapes",
                "remove the links, or make them point inside the repository".to_owned(),
            ),
            Self::TooLarge { limit, .. } => {
                ("forge.too_large", format!("keep files under {limit} bytes, or add them to .gitignore"))
            }
            Self::Unstorable { .. } => ("forge.unstorable", "rename the file".to_owned()),
            Self::CheckedOut { branch, .. } => (
                "forge.checked_out",
                format!("switch to another branch in that repository; `{branch}` belongs to swarm"),
            ),
            Self::Unwritable { .. } => (
                "forge.repo_unwritable",
                "see that there is room, and that swarm may write there; then publish again".to_owned(),
            ),
            Self::Rejected { branch, .. } => (
                "forge.push_rejected",
                format!(
                    "look at `{branch}` in that repository: rename or delete it there, then publish again"
                ),
            ),
            Self::Locked { .. } => ("forge.locked", "wait for the other process, or stop it".to_owned()),
            Self::TimedOut { .. } => {
                ("forge.timed_out", "check disk and network, then `swarm ticket retry`".to_owned())
            }
            Self::TooMuchOutput { .. } => ("forge.too_much_output", "ask for a smaller range".to_owned()),
            Self::Git { .. } => {
                ("forge.git_failed", "run `swarm doctor`, then `swarm ticket retry`".to_owned())
            }
            Self::Io { .. } => (
                "forge.io",
                "check disk space and the permissions of the data folder, then `swarm ticket retry`"
                    .to_owned(),
            ),
            Self::Invalid { .. } => ("forge.invalid", "correct the value".to_owned()),
        };
        Problem::new(code, self.to_string(), next)
    }
}
