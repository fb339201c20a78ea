//! Rust types from the schemas of an OpenAPI 3.1 document: just the forms that utoipa writes for serde's types. What
//! it does not know stops it, with the place.

#![allow(clippy::expect_used, clippy::panic, reason = "a document of another form must stop it")]

use std::{collections::BTreeMap, fmt::Write};

use serde_json::Value;

const HEAD: &str = "//! The document's types. Generated from `openapi.json` by the test `types`: do not edit.
//!
//! Every enum has a variant `Unknown`, for what a later server may say.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Hidden;
";

const DERIVE: &str = "#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]\n";

/// The source of a module with a type for each of the document's schemas.
pub fn generate(document: &Value) -> String {
    let mut out = HEAD.to_owned();
    for (name, schema) in sorted(&document["components"]["schemas"]) {
        out.push('\n');
        doc(&mut out, "", schema, name);
        item(&mut out, name, schema);
    }
    out
}

fn item(out: &mut String, name: &str, schema: &Value) {
    if let Some(variants) = schema["oneOf"].as_array() {
        tagged(out, name, variants);
    } else if let Some(words) = schema["enum"].as_array() {
        let _ = writeln!(out, "{}pub enum {name} {{", DERIVE.replace("Clone,", "Clone, Copy, Hash,"));
        for word in words {
            let word = word.as_str().expect("a word");
            let _ = writeln!(out, "    /// `{word}`\n    #[serde(rename = {word:?})]\n    {},", camel(word));
        }
        let _ = writeln!(out, "    /// A word of a later server.\n    #[serde(other)]\n    Unknown,\n}}");
    } else if schema["type"] == "object" {
        let _ = writeln!(out, "{DERIVE}pub struct {name} {{");
        fields(out, "    ", "pub ", schema, None);
        out.push_str("}\n");
    } else {
        let _ = writeln!(out, "pub type {name} = {};", kind(name, schema));
    }
}

/// An enum whose variants are told apart by a field: each variant has just one word for it.
fn tagged(out: &mut String, name: &str, variants: &[Value]) {
    let tag = tag_of(&variants[0]).unwrap_or_else(|| panic!("{name}: a variant without a tag"));
    let _ = writeln!(out, "{DERIVE}#[serde(tag = {tag:?})]\npub enum {name} {{");
    for variant in variants {
        let word = variant["properties"][&tag]["enum"][0].as_str().expect("a word");
        doc(out, "    ", variant, word);
        let _ = write!(out, "    #[serde(rename = {word:?})]\n    {}", camel(word));
        if variant["properties"].as_object().expect("properties").len() > 1 {
            out.push_str(" {\n");
            fields(out, "        ", "", variant, Some(&tag));
            out.push_str("    },\n");
        } else {
            out.push_str(",\n");
        }
    }
    let _ = writeln!(out, "    /// What a later server says.\n    #[serde(other)]\n    Unknown,\n}}");
}

fn tag_of(variant: &Value) -> Option<String> {
    let properties = variant["properties"].as_object()?;
    let tag = properties
        .iter()
        .find(|(_, schema)| schema["enum"].as_array().is_some_and(|words| words.len() == 1))?;
    Some(tag.0.clone())
}

fn fields(out: &mut String, indent: &str, visibility: &str, schema: &Value, tag: Option<&String>) {
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (field, of) in sorted(&schema["properties"]) {
        if Some(field) == tag {
            continue;
        }
        doc(out, indent, of, field);
        let mut kind = kind(field, of);
        if !required.contains(&field.as_str()) {
            if kind.starts_with("Vec<") || kind == "String" || kind == "Value" {
                let _ = writeln!(out, "{indent}#[serde(default)]");
            } else {
                if !kind.starts_with("Option<") {
                    kind = format!("Option<{kind}>");
                }
                let _ = writeln!(out, "{indent}#[serde(default, skip_serializing_if = \"Option::is_none\")]");
            }
        }
        // Forms of other standards have names of their own.
        if snake(field) != *field {
            let _ = writeln!(out, "{indent}#[serde(rename = {field:?})]");
        }
        let field = if field == "type" { "r#type".to_owned() } else { snake(field) };
        let _ = writeln!(out, "{indent}{visibility}{field}: {kind},");
    }
}

/// By name, however the JSON library keeps them.
fn sorted(object: &Value) -> BTreeMap<&String, &Value> {
    object.as_object().into_iter().flatten().collect()
}

fn kind(place: &str, schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return reference.trim_start_matches("#/components/schemas/").to_owned();
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let other = choices.iter().find(|choice| choice["type"] != "null").filter(|_| choices.len() == 2);
        return format!(
            "Option<{}>",
            kind(place, other.unwrap_or_else(|| panic!("{place}: no option: {schema}")))
        );
    }
    let plain = |name: &str| match name {
        "string" if schema["format"] == "date-time" => "DateTime<Utc>".to_owned(),
        "string" if schema["format"] == "password" => "Hidden".to_owned(),
        "string" => "String".to_owned(),
        "boolean" => "bool".to_owned(),
        "integer" => match (schema["format"].as_str(), schema["minimum"] == 0) {
            (Some("int32"), true) => "u32".to_owned(),
            (Some("int32"), false) => "i32".to_owned(),
            (_, true) => "u64".to_owned(),
            (_, false) => "i64".to_owned(),
        },
        "array" => format!("Vec<{}>", kind(place, &schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("std::collections::BTreeMap<String, {}>", kind(place, &schema["additionalProperties"]))
        }
        other => panic!("{place}: no type for {other}: {schema}"),
    };
    match &schema["type"] {
        Value::String(name) => plain(name),
        Value::Array(names) => {
            let name = names.iter().filter_map(Value::as_str).find(|name| *name != "null").expect("a type");
            format!("Option<{}>", plain(name))
        }
        // Free of form.
        Value::Null => "Value".to_owned(),
        _ => panic!("{place}: no type: {schema}"),
    }
}

fn doc(out: &mut String, indent: &str, schema: &Value, name: &str) {
    let of_choice =
        || schema["oneOf"].as_array().into_iter().flatten().find_map(|choice| choice["description"].as_str());
    let text =
        schema["description"].as_str().or_else(of_choice).map_or_else(|| format!("`{name}`."), str::to_owned);
    for line in text.lines() {
        let _ = writeln!(out, "{}", format!("{indent}/// {line}").trim_end());
    }
}

/// `clientDataJSON` as `client_data_json`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before.is_ascii_lowercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_lowercase());
        before = letter;
    }
    out
}

fn camel(word: &str) -> String {
    let capital = |part: &str| part[..1].to_uppercase() + &part[1..];
    word.split(['_', '-', ':']).filter(|part| !part.is_empty()).map(capital).collect()
}
