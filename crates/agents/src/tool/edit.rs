//! `edit`: replaces one passage of a file, which must be there exactly once.

use serde_json::{Value, json};

use super::{Fault, ToolCode, ToolResult, write};
use crate::workspace::Workspace;

pub(crate) fn spec() -> (&'static str, Value) {
    (
        "Replace one passage of a file. The old text must be in the file exactly once, character by character.",
        json!({
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "path relative to the repository, such as src/app.py"},
                "old": {"type": "string", "minLength": 1, "description": "the passage as it is in the file now"},
                "new": {"type": "string", "description": "what stands there afterwards"}
            },
            "required": ["path", "old", "new"],
            "additionalProperties": false
        }),
    )
}

pub(crate) fn invoke(workspace: &Workspace, arguments: &Value, step_key: &str) -> Result<ToolResult, Fault> {
    let text = |key: &str| arguments[key].as_str().unwrap_or_default();
    let path = Workspace::path(text("path"))?;
    let written = workspace.replace(&path, step_key, |current| {
        let current = current.ok_or_else(|| {
            Fault::Denied(ToolCode::NotFound, format!("there is no file {path}; use `write` to create it"))
        })?;
        replaced(current, text("old"), text("new"))
            .map_err(|(code, detail)| Fault::Denied(code, format!("{path} is unchanged: {detail}")))
    })?;
    Ok(write::said(written))
}

/// The text with the one passage replaced.
fn replaced(current: &str, old: &str, new: &str) -> Result<String, (ToolCode, String)> {
    // A model writes plain line ends even when the file, as it was shown, has others.
    let (old, new) = if current.contains("\r\n") && !old.contains('\r') {
        (old.replace('\n', "\r\n"), new.replace("\r\n", "\n").replace('\n', "\r\n"))
    } else {
        (old.to_owned(), new.to_owned())
    };
    if old.is_empty() {
        return Err((ToolCode::NoMatch, "the old text is empty".to_owned()));
    }
    match places(current, &old) {
        0 => {
            let hint = if current.split_whitespace().eq(old.split_whitespace()) || folded_in(current, &old) {
                "it is there with other white space; read the file and copy the passage exactly"
            } else {
                "read the file and copy the passage exactly, or use `write` for the whole file"
            };
            Err((ToolCode::NoMatch, format!("the old text is not in the file; {hint}")))
        }
        1 => Ok(current.replacen(&old, &new, 1)),
        many => Err((
            ToolCode::Ambiguous,
            format!("the old text is in the file {many} times; give more of the lines around it"),
        )),
    }
}

/// How often the text is there, places that overlap counted each.
fn places(text: &str, wanted: &str) -> usize {
    let step = wanted.chars().next().map_or(1, char::len_utf8);
    let (mut count, mut from) = (0, 0);
    while let Some(at) = text[from..].find(wanted) {
        count += 1;
        from += at + step;
    }
    count
}

fn folded_in(text: &str, wanted: &str) -> bool {
    let fold = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    fold(text).contains(&fold(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_that_is_there_twice_is_not_guessed_at() {
        let (code, said) = replaced("a = 1\nb = 1\na = 1\n", "a = 1", "a = 2").unwrap_err();
        assert_eq!(code, ToolCode::Ambiguous);
        assert!(said.contains("2 times"), "{said}");
        assert_eq!(replaced("aaa", "aa", "b").unwrap_err().0, ToolCode::Ambiguous);
        assert_eq!(places("äää", "ää"), 2);
    }

    #[test]
    fn a_passage_that_is_not_there_says_so_and_knows_white_space() {
        let (code, said) = replaced("def f():\n    return 1\n", "def f():\n  return 1", "x").unwrap_err();
        assert_eq!(code, ToolCode::NoMatch);
        assert!(said.contains("white space"), "{said}");
        assert_eq!(replaced("a", "b", "c").unwrap_err().0, ToolCode::NoMatch);
    }

    #[test]
    fn line_ends_stay_as_the_file_has_them() {
        assert_eq!(replaced("a\r\nb\r\nc\r\n", "a\nb", "x\ny").unwrap(), "x\r\ny\r\nc\r\n");
        assert_eq!(replaced("a\nb\n", "b", "c\n$1").unwrap(), "a\nc\n$1\n");
    }
}
