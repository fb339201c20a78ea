//! JSON as models write it, and what is wrong with it.

use std::borrow::Cow;

use jsonschema::Validator;
use serde_json::Value;

use crate::tool::output;

/// Faults that are named.
const MAX_COMPLAINTS: usize = 3;

/// The text as JSON; line ends and tabs that stand raw in a string are taken for what they mean.
pub(crate) fn parse(text: &str) -> Option<Value> {
    let text = text.trim();
    serde_json::from_str(text).ok().or_else(|| match mended(text) {
        Cow::Owned(mended) => serde_json::from_str(&mended).ok(),
        Cow::Borrowed(_) => None,
    })
}

/// The first JSON object in a text: alone, in a fence, or after some words.
pub(crate) fn object(text: &str) -> Option<Value> {
    parse(text).filter(Value::is_object).or_else(|| {
        // Tried from the first few braces: a stray one in the prose before must not hide the object.
        text.match_indices('{').take(8).find_map(|(start, _)| {
            let end = object_end(&text[start..])?;
            parse(&text[start..start + end]).filter(Value::is_object)
        })
    })
}

/// Where the object that a text begins with ends.
fn object_end(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_u32, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn mended(text: &str) -> Cow<'_, str> {
    let (mut in_string, mut escaped, mut changed) = (false, false, false);
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '\n' | '\r' | '\t' if in_string => {
                changed = true;
                out.push_str(match c {
                    '\n' => "\\n",
                    '\r' => "\\r",
                    _ => "\\t",
                });
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    if changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// What is wrong with a value, the first few faults in one line; nothing where it fits.
pub(crate) fn complaints(schema: &Validator, value: &Value) -> Option<String> {
    // What is said of the same value is the same, in whatever order its keys came.
    let mut value = value.clone();
    value.sort_all_objects();
    let faults: Vec<_> = schema
        .iter_errors(&value)
        .take(MAX_COMPLAINTS)
        .map(|error| {
            let place = error.instance_path().to_string();
            let said = output::shown(&error.to_string(), 160);
            if place.is_empty() { said } else { format!("{}: {said}", output::shown(&place, 60)) }
        })
        .collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_found_in_words_and_fences() {
        for text in [
            "{\"a\": \"}\"}",
            "Here {it} is:\n```json\n{\"a\": \"}\"}\n```\nbye",
            "x {\"a\": \"}\"} {\"b\": 1}",
        ] {
            assert_eq!(object(text), Some(json!({"a": "}"})), "{text}");
        }
        for text in ["", "none", "[1]", "{\"a\": ", "}{", "{]"] {
            assert_eq!(object(text), None, "{text}");
        }
    }

    #[test]
    fn a_very_deep_or_very_long_text_is_refused_quickly() {
        assert_eq!(object(&"{".repeat(100_000)), None);
        assert_eq!(parse(&"[".repeat(100_000)), None);
    }

    #[test]
    fn faults_name_their_place_and_stay_short() {
        let schema =
            Validator::new(&json!({"properties": {"n": {"type": "integer"}}, "required": ["m"]})).unwrap();
        let said = complaints(&schema, &json!({"n": "x".repeat(9_000)})).unwrap();
        assert!(said.contains("/n") && said.len() < 700, "{said}");
        assert_eq!(complaints(&schema, &json!({"n": 1, "m": 2})), None);
    }
}
