//! Tool calls: as the provider hands them over, or as a model writes them into its text.

use serde_json::Value;
use swarm_model::ToolCall;

use super::{Asked, fence::Block, json};
use crate::tool::ToolName;

/// A native call. Arguments that are no JSON stay a string; the toolbox refuses them with what it wants.
pub(super) fn native(call: &ToolCall) -> Asked {
    let text = if call.arguments.trim().is_empty() { "{}" } else { &call.arguments };
    let arguments = json::parse(text).unwrap_or_else(|| Value::String(call.arguments.clone()));
    Asked { tool: call.name.clone(), arguments: unwrapped(arguments) }
}

/// Some providers hand the arguments over as JSON in a JSON string.
fn unwrapped(arguments: Value) -> Value {
    match &arguments {
        Value::String(inner) => json::parse(inner).filter(Value::is_object).unwrap_or(arguments),
        _ => arguments,
    }
}

/// The calls in a text: in code fences, in `<tool_call>` tags, or the whole text.
pub(super) fn written(text: &str, blocks: &[Block]) -> Vec<Asked> {
    let mut found = Vec::new();
    for block in blocks.iter().filter(|block| block.path.is_none()) {
        if matches!(block.language.as_str(), "" | "json" | "tool" | "tool_call" | "tool_code" | "xml") {
            found.extend(calls(tagged(&block.content).first().copied().unwrap_or(&block.content)));
        }
    }
    if found.is_empty() {
        found = tagged(text).into_iter().flat_map(calls).collect();
    }
    if found.is_empty() && blocks.is_empty() && text.trim_start().starts_with(['{', '[']) {
        found = calls(text);
    }
    found
}

fn tagged(text: &str) -> Vec<&str> {
    let inside = |piece: &'_ str| piece.find("</tool_call>").map(|end| ..end);
    text.split("<tool_call>").skip(1).filter_map(|piece| inside(piece).map(|range| &piece[range])).collect()
}

/// One call, a list of calls, or one call a line.
fn calls(text: &str) -> Vec<Asked> {
    match json::parse(text) {
        Some(Value::Array(all)) => all.iter().filter_map(call).collect(),
        Some(one) => call(&one).into_iter().collect(),
        None => text.lines().filter_map(json::parse).filter_map(|value| call(&value)).collect(),
    }
}

/// `{"name": .., "arguments": {..}}` and the shapes near it, if it names a tool that there is.
fn call(value: &Value) -> Option<Asked> {
    let value = value.get("function").filter(|inner| inner.is_object()).unwrap_or(value);
    let name = ["name", "tool", "tool_name", "function"].iter().find_map(|key| value.get(*key)?.as_str())?;
    let tool: ToolName = name.parse().ok()?;
    let arguments =
        ["arguments", "parameters", "args", "input"].iter().find_map(|key| value.get(*key)).cloned()?;
    Some(Asked { tool: tool.to_string(), arguments: unwrapped(arguments) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::fence::blocks;

    fn read(text: &str) -> Vec<Asked> {
        written(text, &blocks(text).unwrap())
    }

    #[test]
    fn a_call_in_a_fence_a_tag_or_alone_is_a_call() {
        for text in [
            "```json\n{\"name\": \"read\", \"arguments\": {\"path\": \"a.py\"}}\n```",
            "I will read it.\n```\n{\"tool\": \"read\", \"parameters\": {\"path\": \"a.py\"}}\n```",
            "<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\": \"a.py\"}}\n</tool_call>",
            "{\"function\": {\"name\": \"read\", \"arguments\": \"{\\\"path\\\": \\\"a.py\\\"}\"}}",
            "[{\"name\": \"read\", \"arguments\": {\"path\": \"a.py\"}}]",
        ] {
            let found = read(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(
                (found[0].tool.as_str(), found[0].arguments["path"].as_str()),
                ("read", Some("a.py")),
                "{text}"
            );
        }
    }

    #[test]
    fn line_ends_that_should_have_been_escaped_are_understood() {
        let found = read(
            "```json\n{\"name\": \"write\", \"arguments\": {\"path\": \"a\", \"content\": \"x\ny\n\"}}\n```",
        );
        assert_eq!(found[0].arguments["content"], "x\ny\n");
    }

    #[test]
    fn json_that_names_no_tool_or_has_a_path_above_it_is_no_call() {
        assert!(read("```json\n{\"name\": \"package\", \"arguments\": {}}\n```").is_empty());
        assert!(read("```json\n{\"name\": \"read\"}\n```").is_empty());
        assert!(read("a.json\n```json\n{\"name\": \"read\", \"arguments\": {}}\n```").is_empty());
        assert!(read("nothing").is_empty());
    }

    #[test]
    fn native_arguments_that_are_no_json_stay_as_they_are() {
        let call = ToolCall { id: "x".into(), name: "read".into(), arguments: "{oops".into() };
        assert_eq!(native(&call).arguments, Value::String("{oops".into()));
        let empty = ToolCall { arguments: String::new(), ..call };
        assert!(native(&empty).arguments.is_object());
    }
}
