//! `read`: shows a file.

use serde_json::{Value, json};

use super::{About, Fault, ToolCode, ToolResult, output};
use crate::workspace::Workspace;

pub(crate) fn spec() -> (&'static str, Value) {
    (
        "Show a text file of the repository.",
        json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "path relative to the repository, such as src/app.py"},
                "first_line": {"type": "integer", "minimum": 1, "description": "begin at this line"},
                "lines": {"type": "integer", "minimum": 1, "description": "show this many lines"}
            },
            "required": ["path"],
            "additionalProperties": false
        }),
    )
}

pub(crate) fn invoke(workspace: &Workspace, arguments: &Value, limit: usize) -> Result<ToolResult, Fault> {
    let path = Workspace::path(arguments["path"].as_str().unwrap_or_default())?;
    let text = workspace.read(&path)?;
    let number = |key: &str| arguments[key].as_u64().and_then(|n| usize::try_from(n).ok());
    let shown = match (number("first_line"), number("lines")) {
        (None, None) => text,
        (first, count) => {
            let first = first.unwrap_or(1);
            let total = text.lines().count();
            if first > total {
                let detail = format!("{path} has {total} lines, there is no line {first}");
                return Err(Fault::Denied(ToolCode::InvalidArguments, detail));
            }
            text.split_inclusive('\n').skip(first - 1).take(count.unwrap_or(usize::MAX)).collect()
        }
    };
    Ok(ToolResult::good(output::cut(&shown, limit), About::Read { path: path.to_string() }))
}
