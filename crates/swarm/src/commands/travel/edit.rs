//! Other words for a step: from an editor, or from a file.

use std::{path::Path, process::Command};

use serde::{Deserialize, Serialize};
use swarm_client::types;
use swarm_domain::{Problem, run_diff};

use crate::{
    exit::{Failure, Result},
    models::environment,
    wire,
};

/// The beginning of an attempt, as it is edited.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Beginning {
    description: String,
    #[serde(default)]
    hints: Vec<String>,
}

/// A reply that calls tools, as it is edited.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reply {
    text: String,
    #[serde(default)]
    tool_calls: Vec<run_diff::EditedCall>,
}

/// The words of a file for this step.
pub(super) fn from_file(step: &types::StepDetail, file: &Path) -> Result<types::Edit> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| wrong(format!("{} cannot be read: {error}", file.display())))?;
    let edited = read(&editable(step)?, &text)?;
    sent(&edited)
}

/// What a person makes of this step's words in their editor.
pub(super) fn in_editor(step: &types::StepDetail) -> Result<types::Edit> {
    let before = editable(step)?;
    let text = write(&before)?;
    let failed = |error: std::io::Error| Failure::io("keep the words to edit", error);
    let file = tempfile::Builder::new()
        .prefix(&format!("swarm-step-{}-", step.at))
        .suffix(ending(&before))
        .tempfile()
        .map_err(failed)?;
    std::fs::write(file.path(), &text).map_err(failed)?;
    let editor = environment("VISUAL").or_else(|| environment("EDITOR")).ok_or_else(|| {
        Failure::usage(Problem::new(
            "cli.no_editor",
            "neither VISUAL nor EDITOR names an editor",
            "set EDITOR, or put the words into a file and name it with --edit-file",
        ))
    })?;
    // As git does it: the editor may be named with options of its own.
    let ended = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "sh"])
        .arg(file.path())
        .status()
        .map_err(|error| Failure::io("start the editor", error))?;
    if !ended.success() {
        return Err(wrong(format!("the editor ended with {ended}; nothing was started")));
    }
    let after = std::fs::read_to_string(file.path()).map_err(failed)?;
    if after == text {
        return Err(wrong("the words are as they were; nothing was started".to_owned()));
    }
    sent(&read(&before, &after)?)
}

fn editable(step: &types::StepDetail) -> Result<run_diff::Edit> {
    match &step.edit {
        Some(edit) => wire::read(edit),
        None => Err(wrong(format!("step {} has no words that could be edited", step.at))),
    }
}

fn ending(edit: &run_diff::Edit) -> &'static str {
    match edit {
        run_diff::Edit::Attempt { .. } => ".toml",
        run_diff::Edit::Reply { tool_calls, .. } if tool_calls.is_empty() => ".md",
        run_diff::Edit::Reply { .. } => ".json",
    }
}

fn write(edit: &run_diff::Edit) -> Result<String> {
    match edit.clone() {
        run_diff::Edit::Attempt { description, hints } => {
            toml::to_string_pretty(&Beginning { description, hints })
                .map_err(|error| wrong(error.to_string()))
        }
        run_diff::Edit::Reply { text, tool_calls } if tool_calls.is_empty() => Ok(text),
        run_diff::Edit::Reply { text, tool_calls } => {
            serde_json::to_string_pretty(&Reply { text, tool_calls })
                .map_err(|error| wrong(error.to_string()))
        }
    }
}

/// Reads the words in the form that `before` is shown in. A reply in words may become one that calls tools.
fn read(before: &run_diff::Edit, text: &str) -> Result<run_diff::Edit> {
    match before {
        run_diff::Edit::Attempt { .. } => {
            let Beginning { description, hints } =
                toml::from_str(text).map_err(|error| wrong(format!("the words are no TOML: {error}")))?;
            Ok(run_diff::Edit::Attempt { description, hints })
        }
        run_diff::Edit::Reply { tool_calls, .. } => match serde_json::from_str(text) {
            Ok(Reply { text, tool_calls }) => Ok(run_diff::Edit::Reply { text, tool_calls }),
            Err(error) if !tool_calls.is_empty() => Err(wrong(format!("the words are no JSON: {error}"))),
            Err(_) => Ok(run_diff::Edit::Reply { text: text.to_owned(), tool_calls: Vec::new() }),
        },
    }
}

fn sent(edit: &run_diff::Edit) -> Result<types::Edit> {
    let value = serde_json::to_value(edit).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_value(value).map_err(|error| wrong(error.to_string()))
}

fn wrong(detail: String) -> Failure {
    Failure::usage(Problem::new(
        "cli.edit",
        detail,
        "see the words with `swarm run steps RUN --at STEP --json`, and their form in `swarm run fork --help`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(tool_calls: Vec<run_diff::EditedCall>) -> run_diff::Edit {
        run_diff::Edit::Reply { text: "a\n```sh\n\"\"\"\n```\n".to_owned(), tool_calls }
    }

    #[test]
    fn words_that_were_not_changed_are_read_as_they_were_written() {
        let call = run_diff::EditedCall {
            id: "call_1".to_owned(),
            name: "read".to_owned(),
            arguments: "{\"path\": \"a\"}".to_owned(),
        };
        let attempt = run_diff::Edit::Attempt {
            description: "Two\nlines, \"quoted\".".to_owned(),
            hints: vec!["Mind the comma.".to_owned()],
        };
        for edit in [reply(Vec::new()), reply(vec![call]), attempt] {
            assert_eq!(read(&edit, &write(&edit).unwrap()).unwrap(), edit);
        }
    }

    #[test]
    fn words_in_another_form_are_refused() {
        let attempt = run_diff::Edit::Attempt { description: String::new(), hints: Vec::new() };
        for text in ["", "hints = 3", "description = \"a\"\nmore = 1"] {
            assert_eq!(read(&attempt, text).unwrap_err().problem.code, "cli.edit", "{text:?}");
        }
    }
}
