//! What came of the tools, in words for the model.

use super::ending::{MAX_EVIDENCE, MAX_SAID};
use crate::{
    text,
    tool::{Invocation, ToolName, ToolResult, output},
};

/// Whether it writes a whole file.
pub(super) fn is_write(invocation: &Invocation) -> bool {
    invocation.tool == ToolName::Write.as_str()
}

/// What the writing of whole files is reported as.
pub(super) fn wrote(invocations: &[Invocation]) -> String {
    let paths: Vec<_> =
        invocations.iter().filter_map(Invocation::path).map(|path| output::shown(path, 120)).collect();
    text::line(&format!("wrote {}", paths.join(", ")), MAX_SAID)
}

/// An answer as the model sees it.
pub(super) fn shown(answer: &ToolResult) -> String {
    if answer.ok { answer.text.clone() } else { format!("error: {}", answer.text) }
}

/// The answers of tools as one text.
pub(super) fn said(invocations: &[Invocation], results: &[ToolResult]) -> String {
    let one = |(asked, answer): (&Invocation, &ToolResult)| {
        let about = asked.path().map(|path| format!(" {}", output::shown(path, 120))).unwrap_or_default();
        format!("Result of {}{about}:\n{}", output::shown(&asked.tool, 40), shown(answer))
    };
    invocations.iter().zip(results).map(one).collect::<Vec<_>>().join("\n\n")
}

/// What was said last, as evidence.
pub(super) fn last_words(invocations: &[Invocation], results: &[ToolResult]) -> String {
    output::cut(&text::passage(&said(invocations, results), 4_000), MAX_EVIDENCE)
}
