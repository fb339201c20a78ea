//! The contract, written down: made of the types that are sent, so that it cannot say anything else.

use serde_json::{Map, Value, json};
use utoipa::OpenApi as _;

use super::{
    frame::{ClientFrame, Close, Frame, PreviousFrame},
    meter::{Kind, Sent},
    name::Alias,
    path::MAX_PATH_BYTES,
    version::Version,
};

#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(Frame, ClientFrame, PreviousFrame)))]
struct Types;

/// Where the types stand in an OpenAPI or AsyncAPI document, and where in a JSON Schema.
const PLACES: (&str, &str) = ("#/components/schemas/", "#/$defs/");

/// The JSON Schema of all that goes over a live connection, either way.
#[must_use]
pub fn live_schema() -> Value {
    let text = Value::Object(types()).to_string().replace(PLACES.0, PLACES.1);
    let defs: Value = serde_json::from_str(&text).unwrap_or_default();
    let one_of = ["Frame", "ClientFrame", "PreviousFrame"]
        .map(|name| json!({ "$ref": format!("{}{name}", PLACES.1) }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("urn:swarm:ws_messages:{}", Version::CURRENT.as_str()),
        "title": "Live messages of swarm",
        "description": "What goes over a live connection: frames from the server (`Frame`; `PreviousFrame` in the version \
                        before) and from a client (`ClientFrame`).",
        "anyOf": one_of,
        "$defs": defs,
    })
}

/// The AsyncAPI 3 document of the live connection.
#[must_use]
pub fn asyncapi() -> Value {
    let mut messages = Map::new();
    for kind in Sent::ALL.iter().filter(|kind| !matches!(kind, Sent::ControlPing | Sent::Close)) {
        messages.insert(kind.name().to_owned(), message("Frame", kind.name()));
    }
    let said: Vec<String> = messages.keys().cloned().collect();
    let asked = ["hello", "subscribe", "unsubscribe", "resume", "ping"];
    for name in asked {
        messages.insert(format!("client_{name}"), message("ClientFrame", name));
    }
    let channel: Map<String, Value> = messages
        .keys()
        .map(|name| (name.clone(), json!({ "$ref": format!("#/components/messages/{name}") })))
        .collect();
    let of_channel = |names: &mut dyn Iterator<Item = String>| -> Vec<Value> {
        names.map(|name| json!({ "$ref": format!("#/channels/live/messages/{name}") })).collect()
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "swarm, live",
            "version": Version::CURRENT.as_str(),
            "description": "What happens, as it happens. See docs/src/live.md.",
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": { "local": { "host": "127.0.0.1:4180", "protocol": "ws" } },
        "channels": {
            "live": {
                "address": "/api/ws",
                "description": "Also at /api/dashboard/ws/dashboard. `?ticket=` from POST /api/ws/ticket lets a client in once, \
                                `?after=` resumes behind a position.",
                "messages": channel,
                "bindings": { "ws": { "method": "GET", "query": query() } },
            },
        },
        "operations": {
            "tell": {
                "action": "send",
                "channel": { "$ref": "#/channels/live" },
                "messages": of_channel(&mut said.into_iter()),
            },
            "ask": {
                "action": "receive",
                "channel": { "$ref": "#/channels/live" },
                "messages": of_channel(&mut asked.iter().map(|name| format!("client_{name}"))),
            },
        },
        "components": { "messages": messages, "schemas": types() },
        "x-subprotocols": Version::ALL.map(Version::subprotocol),
        "x-aliases": Alias::ALL.map(Alias::as_str),
        "x-paths": {
            "forms": ["events", "approvals", "projects/{project}", "runs/{run}", "runs/{run}/tickets/{ticket}"],
            "max_bytes": MAX_PATH_BYTES,
        },
        "x-close-codes": Close::ALL.map(|close| json!({ "code": close.code(), "reason": close.reason() })),
    })
}

fn query() -> Value {
    json!({
        "type": "object",
        "properties": {
            "ticket": { "type": "string", "description": "A ticket that was not used yet." },
            "after": { "type": "integer", "minimum": 0, "description": "The position to resume behind." },
        },
    })
}

fn message(of: &str, kind: &str) -> Value {
    let of = json!({ "$ref": format!("{}{of}", PLACES.0) });
    json!({
        "name": kind,
        "payload": { "allOf": [of, { "type": "object", "properties": { "type": { "const": kind } }, "required": ["type"] }] },
    })
}

/// Every type with those that it is made of.
fn types() -> Map<String, Value> {
    let schemas = Types::openapi().components.map(|components| components.schemas).unwrap_or_default();
    match serde_json::to_value(schemas) {
        Ok(Value::Object(types)) => types,
        _ => Map::new(),
    }
}
