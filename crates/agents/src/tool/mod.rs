//! The tools of an agent, one file each, and what goes in and out of them.

pub(crate) mod edit;
pub(crate) mod finish;
pub(crate) mod list;
pub(crate) mod output;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod search;
mod toolbox;
pub(crate) mod write;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use swarm_domain::BlobHash;
use swarm_model::ToolSpec;

pub use toolbox::{ToolRule, Toolbox};

use crate::error::AgentError;

/// The tools there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolName {
    /// Shows a file.
    Read,
    /// Finds lines by a regular expression.
    Search,
    /// Shows which files there are.
    List,
    /// Writes a whole file.
    Write,
    /// Replaces one passage of a file.
    Edit,
    /// Runs a shell line in the sandbox.
    Run,
    /// Ends the attempt.
    Finish,
}

impl ToolName {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Read, Self::Search, Self::List, Self::Write, Self::Edit, Self::Run, Self::Finish];

    /// Its name as a model writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::List => "list",
            Self::Write => "write",
            Self::Edit => "edit",
            Self::Run => "run",
            Self::Finish => "finish",
        }
    }

    /// Whether it changes a file, so that its failure must be made good.
    #[must_use]
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Edit)
    }

    /// The tool as a model is told of it.
    #[must_use]
    pub fn spec(self) -> ToolSpec {
        let (description, mut parameters) = match self {
            Self::Read => read::spec(),
            Self::Search => search::spec(),
            Self::List => list::spec(),
            Self::Write => write::spec(),
            Self::Edit => edit::spec(),
            Self::Run => run::spec(),
            Self::Finish => finish::spec(),
        };
        // The same request is the same text, whichever way `serde_json` keeps its keys.
        parameters.sort_all_objects();
        ToolSpec { name: self.as_str().to_owned(), description: description.to_owned(), parameters }
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ToolName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|tool| tool.as_str() == text).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            format!("there is no tool `{}`; there are: {all}", output::shown(text, 40))
        })
    }
}

/// One use of a tool, as the model asked for it. Untrusted: the tool may not exist and the arguments may not fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// Names it within its conversation: `call_1`, `call_2` and so on, whatever the provider called it.
    pub call_id: String,
    /// The tool's name as the model wrote it.
    pub tool: String,
    /// The arguments; a string where what the model wrote was not JSON.
    pub arguments: Value,
}

impl Invocation {
    /// The file that it is about, as the model wrote it.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.arguments.get("path").and_then(Value::as_str)
    }
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// Whether it did what was asked.
    pub ok: bool,
    /// What kind of answer.
    pub code: ToolCode,
    /// The answer for the model, cut to the output limit. Has no time, host path or id in it.
    pub text: String,
    /// The answer for swarm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
}

impl ToolResult {
    pub(crate) fn good(text: impl Into<String>, about: About) -> Self {
        Self { ok: true, code: ToolCode::Ok, text: text.into(), about: Some(about) }
    }

    pub(crate) fn bad(code: ToolCode, text: impl Into<String>) -> Self {
        Self { ok: false, code, text: text.into(), about: None }
    }
}

/// The kinds of answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolCode {
    /// Done.
    Ok,
    /// No such tool, or this agent does not have it.
    UnknownTool,
    /// The arguments do not fit the schema.
    InvalidArguments,
    /// The path leaves the work folder, enters `.git`, or is no path.
    PathRefused,
    /// The ticket does not allow this file to be written.
    OutOfScope,
    /// No such file.
    NotFound,
    /// Not a text file.
    NotText,
    /// Larger than is read or written.
    TooLarge,
    /// The passage to be replaced is not in the file.
    NoMatch,
    /// The passage to be replaced is in the file more than once.
    Ambiguous,
    /// The file is not as this step left it or found it.
    Changed,
    /// The command ended with another exit code than 0.
    CommandFailed,
    /// The command passed a limit of the sandbox.
    CommandLimit,
    /// The tool took too long.
    TimedOut,
    /// A policy of the house does not let this agent use the tool so.
    NotPermitted,
}

/// What a tool did, for swarm's own use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum About {
    /// A file was shown.
    Read {
        /// Which.
        path: String,
    },
    /// Files or lines were found.
    Found {
        /// How many.
        count: usize,
    },
    /// A file was written, or was found as this very step had left it.
    Wrote {
        /// Which.
        path: String,
        /// Its hash before; none for a new file.
        before: Option<BlobHash>,
        /// Its hash now, read back from the disk.
        after: BlobHash,
        /// Its size in bytes.
        bytes: u64,
    },
    /// A command was run.
    Ran {
        /// How it ended, such as `exit 1`.
        how: String,
    },
}

/// Why a tool did not do what was asked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The model's doing: it is told and may try something else.
    Denied(ToolCode, String),
    /// The machine's doing: the step failed and may be retried.
    Broken(AgentError),
}

impl From<AgentError> for Fault {
    fn from(error: AgentError) -> Self {
        Self::Broken(error)
    }
}
