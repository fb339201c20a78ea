//! A request in the words of the messages protocol.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::chat::{ChatRequest, Message, ReplyFormat, ToolSpec};
use crate::providers::endpoint::Served;

/// Families that refuse `tool_choice` other than `auto`; they are asked in words instead.
const REFUSE_A_FORCED_TOOL: &[&str] = &["claude-opus-5-5", "claude-fable"];

/// The tool whose call is the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnswerTool {
    pub(super) name: String,
    /// The schema was no object, and tools take objects only: the answer is the property `value`.
    pub(super) wrapped: bool,
}

pub(super) fn body(request: &ChatRequest, served: &Served) -> (Value, Option<AnswerTool>) {
    let mut system = system_text(request);
    let mut tools: Vec<Value> = request.tools.iter().map(tool).collect();
    let mut body = json!({"model": served.id, "max_tokens": request.max_tokens, "stream": true});
    let mut answer_tool = None;
    if let ReplyFormat::Json { name, schema } = &request.format {
        let (input_schema, wrapped) = as_object(schema);
        let name = tool_name(name);
        tools.push(json!({"name": name, "description": "Gives the answer.", "input_schema": input_schema}));
        if !request.tools.is_empty() {
            // It may want its other tools first, but must not answer in prose.
            body["tool_choice"] = json!({"type": "any"});
        } else if !REFUSE_A_FORCED_TOOL.iter().any(|family| served.id.contains(family)) {
            body["tool_choice"] = json!({"type": "tool", "name": name});
        }
        if body.get("tool_choice").is_none() {
            if !system.is_empty() {
                system.push_str("\n\n");
            }
            let _ = write!(system, "Answer with one call of the tool `{name}` and nothing else.");
        }
        answer_tool = Some(AnswerTool { name, wrapped });
    }
    if served.temperature {
        // This protocol's scale ends at 1.
        body["temperature"] = (f64::from(request.temperature_milli.min(1_000)) / 1_000.0).into();
    }
    let mut messages = messages(&request.messages);
    // One mark caches all that comes before it: tools and system, which every call of an agent begins with.
    if system.is_empty() {
        tools.last_mut().map(mark);
    } else {
        let mut block = json!({"type": "text", "text": system});
        mark(&mut block);
        body["system"] = json!([block]);
    }
    if !request.tools.is_empty() {
        // A turn loop sends the conversation again and again; a single question would only pay for the write.
        let last = messages.last_mut().and_then(|message| message["content"].as_array_mut());
        last.and_then(|blocks| blocks.last_mut()).map(mark);
    }
    if !tools.is_empty() {
        body["tools"] = tools.into();
    }
    body["messages"] = messages.into();
    (body, answer_tool)
}

fn mark(block: &mut Value) {
    block["cache_control"] = json!({"type": "ephemeral"});
}

fn system_text(request: &ChatRequest) -> String {
    let texts = request.messages.iter().filter_map(|message| match message {
        Message::System { text } if !text.trim().is_empty() => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

/// The conversation; neighbours of one role become one message, as the protocol wants it.
fn messages(all: &[Message]) -> Vec<Value> {
    let mut merged: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in all {
        let (role, blocks) = match message {
            Message::System { .. } => continue,
            Message::User { text } => ("user", text_blocks(text)),
            Message::Tool { call_id, text } => {
                ("user", vec![json!({"type": "tool_result", "tool_use_id": call_id, "content": text})])
            }
            Message::Assistant { text, tool_calls } => {
                let mut blocks = text_blocks(text);
                blocks.extend(tool_calls.iter().map(|call| {
                    let input: Map<String, Value> = serde_json::from_str(&call.arguments).unwrap_or_default();
                    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
                }));
                ("assistant", blocks)
            }
        };
        match merged.last_mut() {
            Some((last, known)) if *last == role => known.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => merged.push((role, blocks)),
        }
    }
    merged.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect()
}

/// The protocol refuses text of nothing but white space.
fn text_blocks(text: &str) -> Vec<Value> {
    if text.trim().is_empty() { Vec::new() } else { vec![json!({"type": "text", "text": text})] }
}

fn tool(tool: &ToolSpec) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters})
}

fn tool_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }
    };
    let name: String = name.chars().map(plain).take(64).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// `schema` as that of an object, wrapped if it is none. Definitions move outwards, where references look for them.
fn as_object(schema: &Value) -> (Value, bool) {
    if schema.get("type") == Some(&Value::from("object")) {
        return (schema.clone(), false);
    }
    let mut inner = schema.clone();
    let mut wrapper = json!({"type": "object", "required": ["value"], "additionalProperties": false});
    for definitions in ["$defs", "definitions"] {
        if let Some(found) = inner.as_object_mut().and_then(|map| map.remove(definitions)) {
            wrapper[definitions] = found;
        }
    }
    wrapper["properties"] = json!({"value": inner});
    (wrapper, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Capabilities, ToolCall};

    fn served(id: &str) -> Served {
        Served {
            name: id.into(),
            id: id.into(),
            capabilities: Capabilities { tools: true, json_schema: true, context_tokens: 200_000 },
            temperature: true,
            price: None,
        }
    }

    fn user(text: &str) -> Message {
        Message::User { text: text.into() }
    }

    fn request(messages: Vec<Message>) -> ChatRequest {
        ChatRequest {
            messages,
            tools: Vec::new(),
            format: ReplyFormat::Text,
            max_tokens: 9,
            temperature_milli: 1_500,
            seed: None,
        }
    }

    #[test]
    fn answers_of_tools_and_what_the_user_adds_become_one_message() {
        let call = |id: &str| ToolCall { id: id.into(), name: "read".into(), arguments: "{\"p\":1".into() };
        let seen = messages(&[
            user("go"),
            Message::Assistant { text: " ".into(), tool_calls: vec![call("a"), call("b")] },
            Message::Tool { call_id: "a".into(), text: "1".into() },
            Message::Tool { call_id: "b".into(), text: "2".into() },
            user("and now?"),
        ]);
        let shape: Vec<_> = seen
            .iter()
            .map(|m| (m["role"].as_str().unwrap(), m["content"].as_array().unwrap().len()))
            .collect();
        assert_eq!(shape, [("user", 1), ("assistant", 2), ("user", 3)]);
        assert_eq!(seen[1]["content"][0]["input"], json!({}), "broken arguments do not break the request");
    }

    #[test]
    fn standing_orders_are_cached_and_a_conversation_only_where_it_will_go_on() {
        let mut asked = request(vec![Message::System { text: "be brief".into() }, user("hi")]);
        let (once, _) = body(&asked, &served("claude-x"));
        assert_eq!(once["system"][0]["cache_control"]["type"], "ephemeral");
        assert_eq!(once["messages"][0]["content"][0].get("cache_control"), None);
        assert_eq!(once["temperature"], 1.0);
        asked.tools.push(ToolSpec {
            name: "t".into(),
            description: "d".into(),
            parameters: json!({"type": "object"}),
        });
        let (looped, _) = body(&asked, &served("claude-x"));
        assert_eq!(looped["messages"][0]["content"][0]["cache_control"]["type"], "ephemeral");
    }

    #[test]
    fn a_schema_becomes_a_forced_tool_and_one_that_is_no_object_is_wrapped_with_its_definitions_outside() {
        let schema =
            json!({"type": "array", "items": {"$ref": "#/$defs/x"}, "$defs": {"x": {"type": "string"}}});
        let asked = ChatRequest {
            format: ReplyFormat::Json { name: "the plan".into(), schema },
            ..request(vec![user("hi")])
        };
        let (forced, tool) = body(&asked, &served("claude-sonnet-4-5"));
        assert_eq!(tool, Some(AnswerTool { name: "the_plan".into(), wrapped: true }));
        assert_eq!(forced["tool_choice"], json!({"type": "tool", "name": "the_plan"}));
        assert_eq!(forced["tools"][0]["input_schema"]["$defs"]["x"]["type"], "string");
        let (asked_nicely, _) = body(&asked, &served("claude-opus-5-5"));
        assert_eq!(asked_nicely.get("tool_choice"), None);
        assert!(asked_nicely["system"][0]["text"].as_str().unwrap().contains("the_plan"));
    }
}
