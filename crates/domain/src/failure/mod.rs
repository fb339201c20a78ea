//! Why an attempt failed: its class, what it has in common with others, and what to do about it.
//!
//! The classes follow Cemri et al., *Why Do Multi-Agent LLM Systems Fail?* (2025), who name three (specification,
//! misalignment, verification) and fourteen modes in them (MAST); what lies outside of the agents (environment, model,
//! budget) stands beside those. Where a mode of theirs fits, it is named.

mod cluster;
mod signature;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    attempt::AttemptOutcome,
    finding::{Finding, FindingCode},
};

pub use cluster::{Cluster, FailureFact, clusters};
pub use signature::normalised;

/// What kind of failure it was: who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The agent did something else than it was asked for, or what it was asked for was not plain.
    Specification,
    /// The work does not go together with that of others, or with what the agent itself said.
    Misalignment,
    /// The work was called done and is not.
    Verification,
    /// The machine, the sandbox, git or the database failed.
    Environment,
    /// The model did not answer, or not in a form that can be read.
    Model,
    /// A budget was reached.
    Budget,
}

/// A failure, as far as it can be compared with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind.
    pub class: FailureClass,
    /// The code of the finding or problem.
    pub code: String,
    /// What failures with the same cause have in common: the text without numbers, paths, names and times.
    pub signature: String,
    /// What happened, as it was said: one line, bounded.
    pub detail: String,
}

/// Characters of a detail, at the most.
const DETAIL: usize = 300;

impl FailureClass {
    /// Whether it tells anything about the agent and the model that were chosen.
    #[must_use]
    pub fn tells_about_the_arm(self) -> bool {
        !matches!(self, Self::Environment | Self::Budget)
    }

    /// Whether it is the agent's own: what its file or its prompt could mend.
    #[must_use]
    pub fn is_of_the_agent(self) -> bool {
        matches!(self, Self::Specification | Self::Misalignment | Self::Verification)
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Specification => "specification",
            Self::Misalignment => "misalignment",
            Self::Verification => "verification",
            Self::Environment => "environment",
            Self::Model => "model",
            Self::Budget => "budget",
        })
    }
}

impl Failure {
    /// The failure that an outcome stands for; none where the work was accepted. Of several findings the first counts:
    /// checks stop at what is worst.
    #[must_use]
    pub fn of(outcome: &AttemptOutcome) -> Option<Self> {
        match outcome {
            AttemptOutcome::Accepted => None,
            AttemptOutcome::Rejected { findings } => Some(match findings.first() {
                Some(finding) => Self::of_finding(finding),
                None => Self {
                    class: FailureClass::Verification,
                    code: "rejected".to_owned(),
                    signature: "rejected without a finding".to_owned(),
                    detail: "rejected without a finding".to_owned(),
                },
            }),
            AttemptOutcome::Failed { problem } => Some(Self {
                class: class_of_problem(&problem.code),
                code: problem.code.chars().filter(|c| !c.is_control()).take(64).collect(),
                signature: normalised(&problem.detail),
                detail: one_line(&problem.detail),
            }),
        }
    }

    fn of_finding(finding: &Finding) -> Self {
        let telling = telling_line(&finding.evidence).unwrap_or(&finding.detail);
        Self {
            class: class_of(finding.code),
            code: finding.code.to_string(),
            signature: normalised(telling),
            detail: one_line(&finding.detail),
        }
    }
}

fn one_line(text: &str) -> String {
    text.chars().take(DETAIL).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The last line of an output that says what went wrong: there programs name the error, and not the way to it.
fn telling_line(evidence: &str) -> Option<&str> {
    const WORDS: [&str; 6] = ["error", "exception", "panicked", "not found", "no such", "denied"];
    /// Far more than any line of evidence has; the rest of a longer one is not looked at.
    const LOOKED_AT: usize = 1_000;
    evidence.lines().rev().find(|line| {
        let start: String = line.chars().take(LOOKED_AT).collect::<String>().to_lowercase();
        WORDS.iter().any(|word| start.contains(word))
    })
}

fn class_of(code: FindingCode) -> FailureClass {
    match code {
        // Also: asked for source of its own, it brought in what is none, switched the project's checks off, or broke a
        // rule of its own file.
        FindingCode::OutOfScope
        | FindingCode::TooLarge
        | FindingCode::NotFinished
        | FindingCode::Secret
        | FindingCode::Artefact
        | FindingCode::CheckDisabled
        | FindingCode::RuleBroken
        | FindingCode::VulnerableDependency => FailureClass::Specification,
        FindingCode::Conflict | FindingCode::MergeRed | FindingCode::ToolFailed => FailureClass::Misalignment,
        FindingCode::Loop | FindingCode::Malformed => FailureClass::Model,
        // What a check finds in work that was called done.
        FindingCode::AcceptanceFailed
        | FindingCode::AcceptanceLimit
        | FindingCode::Placeholder
        | FindingCode::NothingDone
        | FindingCode::Review
        | FindingCode::HollowTest
        | FindingCode::TestTampered
        | FindingCode::HardCoded
        | FindingCode::Evasion
        | FindingCode::Shadowed
        | FindingCode::SwallowedError
        | FindingCode::Scanned
        | FindingCode::Injection => FailureClass::Verification,
    }
}

fn class_of_problem(code: &str) -> FailureClass {
    match code.split_once('.').map_or(code, |(family, _)| family) {
        "model" => FailureClass::Model,
        "budget" => FailureClass::Budget,
        "spec" | "plan" | "ticket" => FailureClass::Specification,
        "merge" => FailureClass::Misalignment,
        _ => FailureClass::Environment,
    }
}

/// The nearest mode of MAST, by its number and name there.
#[must_use]
pub fn mast(code: &str) -> Option<&'static str> {
    Some(match code {
        "out_of_scope" | "too_large" | "secret" | "artefact" | "check_disabled" => {
            "1.1 disobey task specification"
        }
        "malformed" | "rule_broken" => "1.2 disobey role specification",
        "loop" => "1.3 step repetition",
        "not_finished" => "2.2 fail to ask for clarification",
        "merge_red" => "2.4 information withholding",
        "conflict" => "2.5 ignored other agent's input",
        "tool_failed" => "2.6 reasoning-action mismatch",
        "nothing_done" | "placeholder" => "3.1 premature termination",
        "acceptance_failed" | "acceptance_limit" | "hollow_test" | "swallowed_error" => {
            "3.2 no or incomplete verification"
        }
        "review" => "3.3 incorrect verification",
        _ => return None,
    })
}

/// What to do about failures of this class and code.
#[must_use]
pub fn hint(class: FailureClass, code: &str) -> &'static str {
    match code {
        "out_of_scope" => {
            "name the file in the spec if the work needs it; else tell the agent's prompt to stay in its scope"
        }
        "too_large" => "split the requirement, or keep generated files out of the repository",
        "secret" => "give the agent a way to the secret that is not the code: a variable that the spec names",
        "not_finished" => {
            "make the requirement plainer: an example of input and output says more than a sentence"
        }
        "conflict" | "merge_red" => {
            "say in the spec which requirement comes after which, so that clashing work is done in order"
        }
        "tool_failed" => {
            "read the attempt's steps with `swarm run logs`; the tool's limits stand in the agent's file"
        }
        "loop" => "choose a stronger model, or fewer turns for the agent (`limits: turns`)",
        "malformed" => {
            "choose a model that keeps to the protocol, or set `protocol: files` in the agent's file"
        }
        "nothing_done" | "placeholder" => {
            "give smaller requirements, or a stronger model: it stops before the work is done"
        }
        "acceptance_failed" => {
            "run the command by hand on the attempt's commit; if it is right as it is, the spec's example is wrong"
        }
        "acceptance_limit" => {
            "look for a loop in the work; if the command needs longer, raise `flows.check_limits`"
        }
        "hollow_test" | "test_tampered" | "hard_coded" | "evasion" | "shadowed" => {
            "choose a stronger model for this work: it works towards the check and not towards the requirement"
        }
        "swallowed_error" => "say in the spec what is to happen when something fails, with an example",
        "rule_broken" => {
            "say the rule in the prompt of the agent's file too; `swarm agent check` tries it on its cases"
        }
        "injection" => "read the diff before anything else: words in it are meant to steer whoever reads it",
        "artefact" => "name what is generated in `.gitignore`, or say in the spec that the file is wanted",
        "check_disabled" => "say in the spec which warnings may stay, or fix what they are about first",
        "scanned" => {
            "read the rule that the finding names; where it is wrong, `flows.gate.semgrep` may only warn"
        }
        "vulnerable_dependency" => "bring the dependency up to date on the branch that runs build on",
        "review" => {
            "read the finding with `swarm ticket show`; switch the review off in `flows.review` if it is not worth it"
        }
        "model.rate_limited" | "model.overloaded" => {
            "let fewer agents work at once (`--max-parallel`), or name a second model"
        }
        _ => match class {
            FailureClass::Specification => {
                "make the requirement plainer, with an example of input and output"
            }
            FailureClass::Misalignment => "say in the spec which requirement comes after which",
            FailureClass::Verification => {
                "read the evidence with `swarm ticket show`, then the spec's example"
            }
            FailureClass::Environment => "run `swarm doctor`",
            FailureClass::Model => "run `swarm doctor`, and name a second model to fall back on",
            FailureClass::Budget => {
                "give the ticket or the run more (`swarm ticket retry --budget`), or a cheaper model"
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Problem;

    fn finding(code: FindingCode, evidence: &str) -> Finding {
        Finding {
            code,
            detail: "`python3 -m textstat 3` ended with exit 1 and did not do what REQ-1 asks.".to_owned(),
            evidence: evidence.to_owned(),
            hint: String::new(),
            requirement: None,
            path: None,
        }
    }

    fn rejected(code: FindingCode, evidence: &str) -> Failure {
        Failure::of(&AttemptOutcome::Rejected { findings: vec![finding(code, evidence)] }).unwrap()
    }

    #[test]
    fn accepted_work_has_not_failed() {
        assert_eq!(Failure::of(&AttemptOutcome::Accepted), None);
    }

    #[test]
    fn each_outcome_has_the_class_of_who_can_mend_it() {
        let failed = |code: &str| {
            Failure::of(&AttemptOutcome::Failed { problem: Problem::new(code, "x", "") }).unwrap().class
        };
        assert_eq!(failed("model.rate_limited"), FailureClass::Model);
        assert_eq!(failed("budget.reached"), FailureClass::Budget);
        assert_eq!(failed("sandbox.unavailable"), FailureClass::Environment);
        assert_eq!(failed("nonsense"), FailureClass::Environment);
        assert_eq!(failed("spec.unclear"), FailureClass::Specification);
        for (code, class) in [
            (FindingCode::OutOfScope, FailureClass::Specification),
            (FindingCode::Conflict, FailureClass::Misalignment),
            (FindingCode::AcceptanceFailed, FailureClass::Verification),
            (FindingCode::Placeholder, FailureClass::Verification),
            (FindingCode::HardCoded, FailureClass::Verification),
            (FindingCode::Artefact, FailureClass::Specification),
            (FindingCode::Malformed, FailureClass::Model),
        ] {
            assert_eq!(rejected(code, "").class, class);
        }
        assert_eq!(Failure::of(&AttemptOutcome::Rejected { findings: Vec::new() }).unwrap().code, "rejected");
    }

    #[test]
    fn a_mode_of_mast_is_named_where_one_fits() {
        assert_eq!(mast("loop"), Some("1.3 step repetition"));
        assert_eq!(mast("model.rate_limited"), None);
    }

    #[test]
    fn the_line_that_names_the_error_counts_and_not_where_it_happened() {
        let one = rejected(
            FindingCode::AcceptanceFailed,
            "Traceback (most recent call last):\n  File \"/work/a.py\", line 3\nModuleNotFoundError: No module named 'lex'\n",
        );
        let other = rejected(
            FindingCode::AcceptanceFailed,
            "Traceback\n  File \"/tmp/x/b.py\", line 71\nModuleNotFoundError: No module named 'parse'\nmore\n",
        );
        assert_eq!((&one.code, &one.signature), (&other.code, &other.signature));
        assert_eq!(one.signature, "ModuleNotFoundError: No module named <name>");
        assert_ne!(one.signature, rejected(FindingCode::AcceptanceFailed, "4\n").signature);
    }
}
