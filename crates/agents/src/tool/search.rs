//! `search`: finds lines by a regular expression.

use std::fmt::Write as _;

use regex::RegexBuilder;
use serde_json::{Value, json};

use super::{About, Fault, ToolCode, ToolResult, output};
use crate::workspace::{Deadline, Workspace};

/// Lines of one answer, and characters shown of each.
const MAX_LINES: usize = 100;
const MAX_LINE_CHARS: usize = 200;

pub(crate) fn spec() -> (&'static str, Value) {
    (
        "Find lines in the files of the repository by a regular expression.",
        json!({
            "type": "object",
            "properties": {
                "pattern": {"type": "string", "minLength": 1, "maxLength": 500},
                "path": {"type": "string", "description": "a folder; leave it out for all files"}
            },
            "required": ["pattern"],
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
    let pattern = arguments["pattern"].as_str().unwrap_or_default();
    // The engine takes linear time; the bound is on what it may build.
    let wanted = RegexBuilder::new(pattern).size_limit(1 << 20).build().map_err(|_| {
        let detail = format!("`{}` is not a regular expression", output::shown(pattern, 80));
        Fault::Denied(ToolCode::InvalidArguments, detail)
    })?;
    let mut text = String::new();
    let mut count = 0;
    for path in workspace.files(arguments["path"].as_str(), deadline)? {
        deadline.check()?;
        // What is binary, too large or gone has no lines to show.
        let Ok(content) = workspace.read(&path) else {
            continue;
        };
        for (number, line) in (1..).zip(content.lines()) {
            if wanted.is_match(line) {
                count += 1;
                if count <= MAX_LINES {
                    let _ = writeln!(text, "{path}:{number}: {}", output::shown(line, MAX_LINE_CHARS));
                }
            }
        }
    }
    if count == 0 {
        text.push_str("(nothing found)");
    } else if count > MAX_LINES {
        let _ = writeln!(text, "[... {} more lines ...]", count - MAX_LINES);
    }
    Ok(ToolResult::good(output::cut(&text, limit), About::Found { count }))
}
