//! Acceptance commands that were run, with what they wrote.

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};
use serde::Serialize;
use swarm_domain::{AttemptId, CommitId, RequirementId, TicketId, attempt::Rung, event::CheckStage};
use swarm_store::{CheckRow, Store};
use utoipa::ToSchema;

/// How much of a command's output is shown, in bytes. The end says what went wrong, so the beginning is cut.
const MAX_OUTPUT: usize = 16 << 10;
/// How many outputs are read at once.
const AT_ONCE: usize = 8;

/// An acceptance command that was run in a fresh sandbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Check {
    /// For which ticket.
    pub ticket: Option<TicketId>,
    /// For which attempt.
    pub attempt: Option<AttemptId>,
    /// Why it was run.
    pub stage: CheckStage,
    /// What it proves.
    pub requirement: RequirementId,
    /// The command.
    pub command: String,
    /// On which commit.
    pub commit: CommitId,
    /// Whether it did what the spec says.
    pub passed: bool,
    /// How it ended: `exit 0`, `timed out`.
    pub ended: String,
    /// Standard output and standard error; the last 16 KiB.
    pub output: String,
    /// Where it ran.
    pub rung: Rung,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// When it ended.
    pub at: DateTime<Utc>,
}

impl Check {
    /// The checks of these rows, with their outputs.
    pub(crate) async fn all(store: &Store, rows: Vec<CheckRow>) -> Vec<Self> {
        stream::iter(rows).map(|row| Self::of(store, row)).buffered(AT_ONCE).collect().await
    }

    async fn of(store: &Store, row: CheckRow) -> Self {
        let output = match store.blobs().get(&row.output).await {
            Ok(bytes) => tail(&bytes),
            // A lost output is no reason to show nothing of the ticket.
            Err(error) => format!("[{}]", error.problem()),
        };
        Self {
            ticket: row.ticket,
            attempt: row.attempt,
            stage: row.stage,
            requirement: row.requirement,
            command: row.command,
            commit: row.commit,
            passed: row.passed,
            ended: row.ended,
            output,
            rung: row.rung,
            millis: row.millis,
            at: row.at,
        }
    }
}

fn tail(bytes: &[u8]) -> String {
    let cut = bytes.len().saturating_sub(MAX_OUTPUT);
    let text = String::from_utf8_lossy(&bytes[cut..]);
    if cut == 0 { text.into_owned() } else { format!("[{cut} bytes cut]\n{text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_output_is_shown_and_the_cut_is_said() {
        let long = format!("{}the end", "x".repeat(MAX_OUTPUT));
        let shown = tail(long.as_bytes());
        assert!(shown.starts_with("[7 bytes cut]\n") && shown.ends_with("the end"));
        assert_eq!(tail(b"\xff short"), "\u{fffd} short");
    }
}
