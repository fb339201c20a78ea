//! Exit codes, and the failure that every command ends with when it cannot do its job.

use std::process::ExitCode;

use swarm_domain::{Problem, run::RunState};

/// How the program ends. The numbers are documented in `--help` and in the book: they never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// A person must decide or mend something.
    NeedsPerson = 3,
    /// A budget was reached.
    Budget = 4,
    /// The environment lacks something.
    Environment = 5,
    /// Interrupted.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Problems that are not of swarm's or the work's making but of the machine's.
const ENVIRONMENT: &[&str] = &[
    "config.no_home",
    "database.",
    "doctor.",
    "forge.git_missing",
    "model.config",
    "model.none",
    "model.refused",
    "model.unavailable",
    "postgres.",
    "sandbox.no_guest",
    "sandbox.setup_failed",
    "sandbox.unavailable",
    "store.",
];
/// Problems of the store that are of the request's making.
const ASKED_WRONGLY: &[&str] = &["store.exists", "store.key_reused", "store.not_allowed", "store.not_found"];
const USAGE: &[&str] = &["cli.", "config.", "gate.file", "gate.nothing", "gate.outside"];

impl Exit {
    /// How a program ends that met this problem.
    pub(crate) fn of_problem(problem: &Problem) -> Self {
        let code = problem.code.as_str();
        let among =
            |known: &[&str]| known.iter().any(|k| code == *k || (k.ends_with('.') && code.starts_with(k)));
        if code.starts_with("budget.") {
            Self::Budget
        } else if code == "cli.interrupted" {
            Self::Interrupted
        } else if among(ASKED_WRONGLY) {
            Self::Failed
        } else if among(ENVIRONMENT) {
            Self::Environment
        } else if among(USAGE) {
            Self::Usage
        } else {
            Self::Failed
        }
    }

    /// How a program ends that waited for a run.
    pub(crate) fn of_run(state: &RunState) -> Self {
        match state {
            RunState::Done => Self::Done,
            RunState::NeedsPerson { problem } => match Self::of_problem(problem) {
                Self::Budget => Self::Budget,
                _ => Self::NeedsPerson,
            },
            RunState::Running | RunState::Cancelled => Self::Failed,
        }
    }
}

/// Why a command could not do its job.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened and what to do.
    pub(crate) problem: Problem,
    /// How the program ends for it.
    pub(crate) exit: Exit,
}

/// What a command ends with.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// Wrong usage that clap could not see.
    pub(crate) fn usage(problem: Problem) -> Self {
        Self { problem, exit: Exit::Usage }
    }

    /// A failure that nothing more is known about than what the system said.
    pub(crate) fn io(doing: impl std::fmt::Display, error: impl std::fmt::Display) -> Self {
        Problem::new("cli.io", format!("could not {doing}: {error}"), "run `swarm doctor`").into()
    }

    /// The person pressed Ctrl-C.
    pub(crate) fn interrupted() -> Self {
        Problem::new(
            "cli.interrupted",
            "interrupted; what was done is kept",
            "run `swarm up` to go on, or `swarm run cancel` to give it up",
        )
        .into()
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        // `cli.io` is the machine's fault, not wrong usage.
        let exit = if problem.code == "cli.io" { Exit::Failed } else { Exit::of_problem(&problem) };
        Self { problem, exit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_problem_has_its_exit_code() {
        for (code, exit) in [
            ("spec.cyclic", Exit::Failed),
            ("cli.no_repository", Exit::Usage),
            ("config.invalid", Exit::Usage),
            ("budget.reached", Exit::Budget),
            ("sandbox.unavailable", Exit::Environment),
            ("store.no_postgres", Exit::Environment),
            ("store.not_found", Exit::Failed),
            ("model.none", Exit::Environment),
            ("cli.interrupted", Exit::Interrupted),
            ("cli.io", Exit::Failed),
            ("gate.file", Exit::Usage),
            ("gate.foreign_hook", Exit::Failed),
        ] {
            assert_eq!(Failure::from(Problem::new(code, "", "")).exit, exit, "{code}");
        }
    }

    #[test]
    fn a_run_that_stopped_at_its_budget_is_told_from_one_that_needs_a_person() {
        let needs = |code: &str| RunState::NeedsPerson { problem: Problem::new(code, "", "") };
        assert_eq!(Exit::of_run(&needs("budget.reached")), Exit::Budget);
        assert_eq!(Exit::of_run(&needs("ticket.exhausted")), Exit::NeedsPerson);
        assert_eq!(Exit::of_run(&needs("sandbox.unavailable")), Exit::NeedsPerson);
        assert_eq!(Exit::of_run(&RunState::Done), Exit::Done);
    }
}
