//! `list`: shows which files there are.

use serde_json::{Value, json};

use super::{About, Fault, ToolResult, output};
use crate::workspace::{Deadline, Workspace};

/// Files of one listing.
const MAX_FILES: usize = 500;

pub(crate) fn spec() -> (&'static str, Value) {
    (
        "List the files of the repository, or of one folder of it.",
        json!({
            "type": "object",
            "properties": {"path": {"type": "string", "description": "a folder; leave it out for all files"}},
            "additionalProperties": false
        }),
    )
}

pub(crate) fn invoke(
    workspace: &Workspace,
    arguments: &Value,
    limit: usize,
    deadline: Deadline,
) -> Result<ToolResult, Fault> {
    let mut files = workspace.files(arguments["path"].as_str(), deadline)?;
    let count = files.len();
    files.truncate(MAX_FILES);
    let mut text = files.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    if count == 0 {
        "(no files)".clone_into(&mut text);
    } else if count > MAX_FILES {
        text = format!("{text}\n[... {} more files ...]", count - MAX_FILES);
    }
    Ok(ToolResult::good(output::cut(&text, limit), About::Found { count }))
}
