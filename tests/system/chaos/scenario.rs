//! The build that is killed: twelve tickets with two diamonds, one that is rejected and mended, two that clash.

use crate::model::{Answer, PLANS};

/// What is asked for. Every ticket writes one small shell script; the shape of the graph is what matters.
pub const SPEC: &str = include_str!("spec.md");

/// How many tickets the plan has.
pub const TICKETS: usize = 12;

/// What a ticket's prompt says before the names of its files.
const WRITES: &str = "You may write only: ";

/// `(question, first)`: the question waits until `first` was asked. So `mix.sh` and `part.sh` begin on the same commit,
/// and `part.sh` is finished only when `mix.sh` is merged and its dependent `india.sh` has begun: they clash, each time.
pub const ORDER: [(&str, &str); 2] = [
    ("You may write only: mix.sh", "You may write only: part.sh"),
    ("You may write only: part.sh", "You may write only: india.sh"),
];

/// Each file with what it is built on, in the order of the requirements.
const FILES: [(&str, &[&str]); TICKETS] = [
    ("alpha.sh", &[]),
    ("bravo.sh", &["alpha.sh"]),
    ("charlie.sh", &["alpha.sh"]),
    ("delta.sh", &["bravo.sh", "charlie.sh"]),
    ("echo.sh", &[]),
    ("foxtrot.sh", &["echo.sh"]),
    ("mix.sh", &[]),
    ("part.sh", &[]),
    ("india.sh", &["mix.sh"]),
    ("juliet.sh", &["delta.sh", "foxtrot.sh"]),
    ("kilo.sh", &["delta.sh", "india.sh"]),
    ("lima.sh", &["juliet.sh", "kilo.sh"]),
];

/// What the model answers: a function of the question alone, so that a question that was cut off is answered the same.
pub fn staff(asked: &str) -> Answer {
    if asked.contains(PLANS) {
        return Answer::Say(plan());
    }
    let Some(file) = written(asked) else {
        let summary = r#"{"title": "feat: twelve scripts", "text": "Each says its name."}"#;
        return Answer::Say(summary.to_owned());
    };
    // Whoever was sent back is told what was wrong.
    let again = asked.contains("must print exactly") && asked.contains("wrong");
    match file {
        "echo.sh" if !again => Answer::Say(said(&[("echo.sh", "echo wrong\n".to_owned())])),
        // A folder where the other has a file.
        "part.sh" if !asked.contains("Other work changed") => {
            Answer::Say(said(&[("part.sh", script("part.sh")), ("mix.sh/part.txt", "part\n".to_owned())]))
        }
        file => Answer::Say(said(&[(file, script(file))])),
    }
}

/// The file that the question is about.
fn written(asked: &str) -> Option<&'static str> {
    let (_, rest) = asked.split_once(WRITES)?;
    FILES.iter().map(|(file, _)| *file).find(|file| rest.starts_with(file))
}

fn script(file: &str) -> String {
    let on = FILES.iter().find(|(name, _)| *name == file).map_or(&[][..], |(_, on)| on);
    let calls: Vec<_> = on.iter().map(|on| format!("sh {on} >/dev/null || exit 1\n")).collect();
    format!("{}echo {}\n", calls.concat(), file.trim_end_matches(".sh"))
}

fn said(files: &[(&str, String)]) -> String {
    let blocks = files.iter().map(|(name, content)| format!("{name}\n```sh\n{content}```\n"));
    format!("Here it is, all tests pass.\n\n{}", blocks.collect::<Vec<_>>().join("\n"))
}

fn plan() -> String {
    let tickets: Vec<_> = FILES
        .iter()
        .enumerate()
        .map(|(at, (file, _))| {
            serde_json::json!({
                "title": format!("Write {file}"), "requirements": [format!("REQ-{}", at + 1)],
                "files": [file], "kind": "code",
            })
        })
        .collect();
    serde_json::json!({ "tickets": tickets }).to_string()
}
