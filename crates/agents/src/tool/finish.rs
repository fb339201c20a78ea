//! `finish`: ends the attempt. The turn loop takes it itself; it never reaches the toolbox.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) fn spec() -> (&'static str, Value) {
    (
        "End your work. Call it once, when all is done, or when you cannot do it.",
        json!({
            "type": "object",
            "properties": {
                "done": {"type": "boolean", "description": "true when the task is done"},
                "summary": {"type": "string", "description": "what you did, or why you could not, in one or two sentences"},
                "dropped": {
                    "type": "array", "items": {"type": "string"},
                    "description": "files outside your scope that you tried to write and now do without"
                }
            },
            "required": ["done", "summary"],
            "additionalProperties": false
        }),
    )
}

/// What the model says of its own work. It decides nothing but the end of the attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) done: bool,
    pub(crate) summary: String,
    #[serde(default)]
    pub(crate) dropped: Vec<String>,
}
