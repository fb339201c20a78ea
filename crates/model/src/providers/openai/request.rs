//! A request in the words of the chat completions protocol.

use serde_json::{Value, json};

use super::{Dialect, Routing};
use crate::chat::{ChatRequest, Message, ReplyFormat, ToolSpec};
use crate::providers::endpoint::Served;

/// Characters of a schema's name that OpenAI takes.
const MAX_SCHEMA_NAME: usize = 64;

pub(super) fn body(request: &ChatRequest, served: &Served, dialect: Dialect, routing: &Routing) -> Value {
    let mut body = json!({
        "model": served.id,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
    });
    let max_tokens = if dialect == Dialect::OpenAi { "max_completion_tokens" } else { "max_tokens" };
    body[max_tokens] = request.max_tokens.into();
    if served.temperature {
        body["temperature"] = (f64::from(request.temperature_milli) / 1_000.0).into();
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    let schema = match &request.format {
        ReplyFormat::Json { name, schema } if served.capabilities.json_schema => Some((name, schema)),
        _ => None,
    };
    if let Some((name, schema)) = schema {
        body["response_format"] = json!({
            "type": "json_schema",
            "json_schema": {"name": schema_name(name), "schema": schema, "strict": is_strict(schema)},
        });
    }
    let mut seed = request.seed;
    if dialect == Dialect::OpenRouter {
        body["usage"] = json!({"include": true});
        let mut routing = routing.clone();
        if schema.is_some() && routing.require_parameters.is_none() {
            // Some providers of a model ignore a schema. A seed is left out then: few honour one, and requiring it
            // too would leave no provider at all.
            routing.require_parameters = Some(true);
            seed = None;
        }
        if routing != Routing::default() {
            body["provider"] = json!(routing);
        }
    } else {
        body["stream_options"] = json!({"include_usage": true});
    }
    if let Some(seed) = seed {
        body["seed"] = seed.into();
    }
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::System { text } => json!({"role": "system", "content": text}),
        Message::User { text } => json!({"role": "user", "content": text}),
        Message::Tool { call_id, text } => json!({"role": "tool", "tool_call_id": call_id, "content": text}),
        Message::Assistant { text, tool_calls } if tool_calls.is_empty() => {
            json!({"role": "assistant", "content": text})
        }
        Message::Assistant { text, tool_calls } => {
            let calls: Vec<_> = tool_calls
                .iter()
                .map(|call| {
                    // Servers parse the arguments again and refuse the whole conversation where they cannot.
                    let is_json = serde_json::from_str::<Value>(&call.arguments).is_ok();
                    let arguments = if is_json { call.arguments.as_str() } else { "{}" };
                    json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
                })
                .collect();
            let content = if text.is_empty() { Value::Null } else { text.as_str().into() };
            json!({"role": "assistant", "content": content, "tool_calls": calls})
        }
    }
}

fn tool(tool: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    })
}

fn schema_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }
    };
    let name: String = name.chars().map(plain).take(MAX_SCHEMA_NAME).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// Whether OpenAI would take the schema as strict: every object closed, and all of its properties required. A schema
/// that is not gets the looser mode instead of a refusal.
fn is_strict(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            let closed = match map.get("properties").and_then(Value::as_object) {
                Some(properties) => {
                    let required = map.get("required").and_then(Value::as_array);
                    let names: Vec<_> = required.into_iter().flatten().filter_map(Value::as_str).collect();
                    map.get("additionalProperties") == Some(&Value::Bool(false))
                        && properties.keys().all(|key| names.contains(&key.as_str()))
                }
                None => map.get("type") != Some(&Value::from("object")),
            };
            closed && map.values().all(is_strict)
        }
        Value::Array(items) => items.iter().all(is_strict),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{Capabilities, ToolCall};
    use crate::providers::openai::RoutingSort;

    fn served(temperature: bool) -> Served {
        Served {
            name: "m".into(),
            id: "vendor/m".into(),
            capabilities: Capabilities { tools: true, json_schema: true, context_tokens: 8_192 },
            temperature,
            price: None,
        }
    }

    fn request() -> ChatRequest {
        ChatRequest {
            messages: vec![Message::User { text: "hi".into() }],
            tools: Vec::new(),
            format: ReplyFormat::Json {
                name: "a plan!".into(),
                schema: json!({"type": "array", "items": {"type": "string"}}),
            },
            max_tokens: 9,
            temperature_milli: 250,
            seed: Some(4),
        }
    }

    #[test]
    fn each_dialect_gets_the_words_that_it_knows() {
        let openai = body(&request(), &served(false), Dialect::OpenAi, &Routing::default());
        assert_eq!(openai["max_completion_tokens"], 9);
        assert_eq!(openai.get("max_tokens").or(openai.get("temperature")), None);
        assert_eq!(openai["response_format"]["json_schema"]["name"], "a_plan_");

        let routing =
            Routing { sort: Some(RoutingSort::Price), only: vec!["x".into()], ..Routing::default() };
        let router = body(&request(), &served(true), Dialect::OpenRouter, &routing);
        assert_eq!(router["usage"], json!({"include": true}));
        assert_eq!(router["provider"], json!({"only": ["x"], "sort": "price", "require_parameters": true}));
        assert_eq!(router.get("seed").or(router.get("stream_options")), None);

        let local = body(&request(), &served(true), Dialect::Compatible, &routing);
        assert_eq!(
            (&local["max_tokens"], &local["seed"], &local["temperature"]),
            (&json!(9), &json!(4), &json!(0.25))
        );
        assert_eq!(local.get("provider").or(local.get("usage")), None);
    }

    #[test]
    fn a_schema_is_strict_only_if_every_object_in_it_is_closed_and_complete() {
        let closed = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false});
        assert!(is_strict(&closed));
        let mut open_inside = closed.clone();
        open_inside["properties"]["a"] =
            json!({"type": "object", "properties": {"b": {}}, "required": ["b"]});
        assert!(!is_strict(&open_inside));
        let mut optional = closed.clone();
        optional["required"] = json!([]);
        assert!(!is_strict(&optional));
        assert!(!is_strict(&json!({"type": "object"})));
    }

    #[test]
    fn broken_arguments_of_an_earlier_call_do_not_break_the_next_request() {
        let call = ToolCall { id: "c".into(), name: "write".into(), arguments: "{\"path".into() };
        let said = message(&Message::Assistant { text: String::new(), tool_calls: vec![call] });
        assert_eq!(said["tool_calls"][0]["function"]["arguments"], "{}");
        assert_eq!(said["content"], Value::Null);
    }
}
