//! From the text of a model to what it asks for.
//!
//! Three forms are read: native tool calls; a tool call written as JSON into a code fence (what small models do with
//! tools); whole files in fenced blocks under their path. Everything here is untrusted: bounded, and refused with a
//! message that says what was wrong and what to write instead.

mod call;
mod fence;
mod files;
pub(crate) mod json;

pub(crate) use files::{form, language};
use serde_json::Value;
use swarm_domain::scope::Scope;
use swarm_model::{ChatReply, Finish};

use crate::agent::Protocol;

/// The longest reply that is read, in bytes.
pub const MAX_REPLY_BYTES: usize = 1 << 20;
/// The tools, or files, that one reply may ask for.
pub const MAX_CALLS: usize = 16;

/// What a reply asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wish {
    /// Tools, called natively: the answers go back as tool messages.
    Native(Vec<Asked>),
    /// Tools, called in the text.
    Written(Vec<Asked>),
    /// Files. When they are written the work is done; `said` is the text around them.
    Files { writes: Vec<Asked>, said: String },
}

/// One tool as it was asked for, not yet numbered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Asked {
    pub(crate) tool: String,
    pub(crate) arguments: Value,
}

/// Why a reply could not be read, and what the model is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// What was wrong, in a sentence.
    pub(crate) what: String,
    /// What to write instead.
    pub(crate) instead: String,
}

impl Complaint {
    pub(crate) fn new(what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { what: what.into(), instead: instead.into() }
    }
}

/// Reads a reply.
pub(crate) fn read(protocol: Protocol, reply: &ChatReply, scope: &Scope) -> Result<Wish, Complaint> {
    let size = reply.text.len() + reply.tool_calls.iter().map(|call| call.arguments.len()).sum::<usize>();
    if size > MAX_REPLY_BYTES {
        let what = format!("the answer has {size} bytes; {MAX_REPLY_BYTES} are read");
        return Err(Complaint::new(what, "Answer with only what was asked for."));
    }
    match reply.finish {
        Finish::Length => {
            let instead = match protocol {
                Protocol::Files => {
                    "Answer with the file alone: no explanation, no tests, no examples of use."
                }
                Protocol::Tools | Protocol::Auto => "Write less in one answer: one file, or one small edit.",
            };
            return Err(Complaint::new("the answer was too long and was cut off before its end", instead));
        }
        Finish::Filtered => {
            return Err(Complaint::new(
                "the answer was stopped by a filter",
                "Answer with only the work itself.",
            ));
        }
        Finish::Stop | Finish::ToolCalls => {}
    }
    let wish = understood(protocol, reply, scope)?;
    let count = match &wish {
        Wish::Native(calls) | Wish::Written(calls) => calls.len(),
        Wish::Files { writes, .. } => writes.len(),
    };
    if count > MAX_CALLS {
        let what = format!("the answer asks for {count} things at once; {MAX_CALLS} are done");
        return Err(Complaint::new(what, "Do the work in smaller steps."));
    }
    Ok(wish)
}

fn understood(protocol: Protocol, reply: &ChatReply, scope: &Scope) -> Result<Wish, Complaint> {
    if !reply.tool_calls.is_empty() {
        let calls = reply.tool_calls.iter().map(call::native).collect();
        // Where no tools were offered, the answers cannot go back as tool messages.
        return Ok(if protocol == Protocol::Files { Wish::Written(calls) } else { Wish::Native(calls) });
    }
    let blocks = fence::blocks(&reply.text)?;
    let written = call::written(&reply.text, &blocks);
    match protocol {
        Protocol::Files if written.is_empty() => files::read(&blocks, scope),
        // The content of a file may look like a tool call; a path above it says what it is.
        Protocol::Files => match files::read(&blocks, scope) {
            Ok(wish) if blocks.iter().any(|block| block.path.is_some()) => Ok(wish),
            _ => Ok(Wish::Written(written)),
        },
        Protocol::Tools | Protocol::Auto if !written.is_empty() => Ok(Wish::Written(written)),
        Protocol::Tools | Protocol::Auto => Err(Complaint::new(
            "the answer calls no tool",
            "Call a tool. When the work is done, or cannot be done, call `finish`.",
        )),
    }
}
