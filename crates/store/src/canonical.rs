//! Canonical JSON, after RFC 8785: the one way to write a value down, so that its hash is the same anywhere.
//!
//! Keys are sorted by their UTF-16 code units, there is no white space, strings are escaped only where they must be.
//! Apart from the RFC, whole numbers keep all of their 64 bits, and numbers with a fraction are refused: they are the
//! one part of the RFC that implementations get wrong.

use std::fmt::Write;

use serde_json::Value;

/// A number that is not whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a whole number, and only those hash the same anywhere")]
pub(crate) struct NotWhole(String);

/// The canonical text of a value.
pub(crate) fn text(value: &Value) -> Result<String, NotWhole> {
    let mut out = String::new();
    write(value, &mut out)?;
    Ok(out)
}

/// Puts the replacement character in the place of each NUL, which PostgreSQL's text cannot hold. What the event is
/// about keeps its bytes: those are in a blob.
pub(crate) fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(fields) => fields.values_mut().for_each(without_nul),
        _ => {}
    }
}

fn write(value: &Value, out: &mut String) -> Result<(), NotWhole> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(yes) => out.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) if number.is_i64() || number.is_u64() => out.push_str(&number.to_string()),
        Value::Number(number) => return Err(NotWhole(number.to_string())),
        Value::String(text) => quote(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out)?;
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (i, (key, field)) in fields.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                quote(key, out);
                out.push(':');
                write(field, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_with_a_fraction_is_refused_wherever_it_stands() {
        for value in [json!(1.5), json!({"a": [0.0]}), json!(1e300)] {
            assert!(text(&value).is_err(), "{value}");
        }
        assert_eq!(
            text(&json!([u64::MAX, i64::MIN])).unwrap(),
            "[18446744073709551615,-9223372036854775808]"
        );
    }

    #[test]
    fn keys_are_sorted_as_the_rfc_sorts_them() {
        // The RFC's own example: by UTF-16 code units, an emoji comes before U+FB33.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji", "\u{80}": "Control", "\u{f6}": "o With Diaeresis",
        });
        let found = text(&value).unwrap();
        let order: Vec<_> = ["Carriage", "One", "Control", "o With", "Euro", "Emoji", "Hebrew"]
            .map(|w| found.find(w).unwrap())
            .into();
        assert!(order.is_sorted(), "{found}");
    }

    #[test]
    fn strings_are_escaped_only_where_they_must_be() {
        assert_eq!(
            text(&json!("\u{20ac}$\u{f}\nA'B\"\\\"/\u{7f}")).unwrap(),
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\u{7f}\""
        );
    }

    #[test]
    fn a_nul_becomes_the_replacement_character() {
        let mut value = json!({"a": ["x\0y"], "b": "z"});
        without_nul(&mut value);
        assert_eq!(value, json!({"a": ["x\u{fffd}y"], "b": "z"}));
    }

    proptest! {
        #[test]
        fn what_is_read_back_is_what_was_written(
            key in "\\PC{0,8}", string in any::<String>(), number in any::<i64>(), flag in any::<bool>(),
        ) {
            let value = json!({ key: [string, number, flag, null], "z": {"b": number, "a": flag} });
            let once = text(&value).unwrap();
            let read: Value = serde_json::from_str(&once).unwrap();
            prop_assert_eq!(&read, &value);
            prop_assert_eq!(text(&read).unwrap(), once);
        }
    }
}
