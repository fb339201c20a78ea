//! `write`: writes a whole file.

use serde_json::{Value, json};

use super::{About, Fault, ToolResult};
use crate::workspace::{Workspace, Written};

pub(crate) fn spec() -> (&'static str, Value) {
    (
        "Write a whole file. What was in it before is replaced.",
        json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "path relative to the repository, such as src/app.py"},
                "content": {"type": "string", "description": "the whole new content of the file"}
            },
            "required": ["path", "content"],
            "additionalProperties": false
        }),
    )
}

pub(crate) fn invoke(workspace: &Workspace, arguments: &Value, step_key: &str) -> Result<ToolResult, Fault> {
    let path = Workspace::path(arguments["path"].as_str().unwrap_or_default())?;
    let content = arguments["content"].as_str().unwrap_or_default();
    let written = workspace.replace(&path, step_key, |_| Ok(content.to_owned()))?;
    Ok(said(written))
}

/// The answer for a file that is on the disk: the hash is that of what was read back.
pub(crate) fn said(written: Written) -> ToolResult {
    let Written { path, before, after, bytes } = written;
    let verb = match &before {
        None => "created",
        Some(before) if *before == after => "left unchanged",
        Some(_) => "replaced",
    };
    let text = format!("{verb} {path}: {bytes} bytes, blake3 {}", &after.as_str()[..16]);
    ToolResult::good(text, About::Wrote { path: path.to_string(), before, after, bytes })
}
