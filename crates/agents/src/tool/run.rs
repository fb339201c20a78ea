//! `run`: runs a shell line in the sandbox.
//!
//! At-least-once: after a crash the line may run a second time. What it writes is bounded by the sandbox, not by the
//! ticket's globs; the validator looks at the whole diff.

use std::{fmt::Write as _, time::Duration};

use serde_json::{Value, json};
use swarm_sandbox::{Exec, How, Sandbox};
use tokio_util::sync::CancellationToken;

use super::{About, Fault, ToolCode, ToolResult, output};
use crate::error::AgentError;

pub(crate) fn spec() -> (&'static str, Value) {
    (
        "Run a shell command in the root of the repository. There is no network.",
        json!({
            "type": "object",
            "properties": {"command": {"type": "string", "minLength": 1, "maxLength": 8000}},
            "required": ["command"],
            "additionalProperties": false
        }),
    )
}

pub(crate) async fn invoke(
    sandbox: &dyn Sandbox,
    arguments: &Value,
    limit: usize,
    wall: Duration,
    cancel: CancellationToken,
) -> Result<ToolResult, Fault> {
    let line = arguments["command"].as_str().unwrap_or_default();
    if line.contains('\0') {
        return Err(Fault::Denied(
            ToolCode::InvalidArguments,
            "a command cannot have NUL characters".to_owned(),
        ));
    }
    let command = Exec { wall: Some(wall), ..Exec::shell(line) };
    let ended = sandbox.exec(command, cancel).await.map_err(AgentError::from)?;
    let mut text = format!("{}\n", ended.how);
    for (name, bytes) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        let said = String::from_utf8_lossy(bytes);
        if !said.trim().is_empty() {
            let _ = writeln!(text, "{name}:\n{}", output::cut(said.trim_end(), limit / 2));
        }
    }
    if ended.dropped_bytes > 0 {
        let _ = writeln!(text, "[{} bytes of output were dropped]", ended.dropped_bytes);
    }
    let code = match ended.how {
        How::Exited { code: 0 } => ToolCode::Ok,
        How::LimitPassed { .. } => ToolCode::CommandLimit,
        _ => ToolCode::CommandFailed,
    };
    let about = Some(About::Ran { how: ended.how.to_string() });
    Ok(ToolResult { ok: code == ToolCode::Ok, code, text: output::cut(&text, limit + 200), about })
}
