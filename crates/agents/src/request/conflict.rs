//! A conflict: two changes that do not fit, put before somebody who made neither. Answered with whole files.

use std::fmt::Write as _;

use swarm_domain::{finding::Finding, scope::Scope};
use swarm_model::{Capabilities, ChatReply, ChatRequest, Message, ReplyFormat};

use super::Misread;
use crate::{
    agent::{Agent, Protocol},
    prompt::{Room, fenced},
    protocol::{self, Wish, form, language},
    text,
    turn::reply_tokens,
};

/// What git writes between the two sides, at the beginning of a line.
const MARKS: [&str; 3] = ["<<<<<<< ", ">>>>>>> ", "||||||| "];

/// One side of a conflict.
#[derive(Debug, Clone, Copy)]
pub struct ConflictSide<'a> {
    /// What it was made for, in a line each.
    pub purposes: &'a [String],
    /// What it changed.
    pub diff: &'a str,
}

/// A conflict as it is put before the fixer.
#[derive(Debug, Clone, Copy)]
pub struct Conflict<'a> {
    /// The files with both sides between marks.
    pub files: &'a [(String, String)],
    /// What was merged before.
    pub merged: ConflictSide<'a>,
    /// What is to be merged.
    pub candidate: ConflictSide<'a>,
    /// What was wrong with the last try.
    pub faults: &'a [Finding],
}

/// Asks somebody neutral to make both sides fit.
#[must_use]
pub fn conflict_request(agent: &Agent, conflict: &Conflict<'_>, capabilities: Capabilities) -> ChatRequest {
    let max_tokens = reply_tokens(capabilities, agent.limits);
    let taken = u64::from(max_tokens) + (agent.prompt.len() as u64).div_ceil(3) + 200;
    let mut room = Room::of_tokens(u64::from(capabilities.context_tokens).saturating_sub(taken));
    let mut body = String::from("# Two changes clash\n\n## The files, with both sides between marks\n\n");
    for (path, content) in conflict.files {
        // A file that is cut cannot be written whole: better none than half.
        let shown = format!("{path}\n{}", fenced(language(path), content));
        if room.fits(&shown) {
            room.spend(shown.len());
            let _ = writeln!(body, "{shown}\n");
        }
    }
    for (heading, side) in [
        ("What was merged before (the upper side)", conflict.merged),
        ("What is to be merged (the lower side)", conflict.candidate),
    ] {
        let _ = writeln!(body, "## {heading}\n");
        for purpose in side.purposes {
            let _ = writeln!(body, "- {}", text::line(purpose, 200));
        }
        let _ = writeln!(body, "\n{}\n", fenced("diff", &room.take(side.diff, 40)));
    }
    if !conflict.faults.is_empty() {
        body.push_str("## What was wrong with your last answer\n\n");
        for fault in conflict.faults.iter().take(3) {
            let told = format!("{}\n{}\n{}", fault.detail, fault.hint, fault.evidence);
            let _ = writeln!(body, "{}\n", room.take(&told, 50));
        }
    }
    let paths: Vec<String> = conflict.files.iter().map(|(path, _)| path.clone()).collect();
    let form = Scope::new(&paths).map(|scope| form(&scope, &[])).unwrap_or_default();
    let _ = write!(
        body,
        "Write the merged files now, whole: {}.\n\nAnswer with this and nothing else:\n\n{form}\n",
        paths.join(", ")
    );
    ChatRequest {
        messages: vec![Message::System { text: agent.prompt.clone() }, Message::User { text: body }],
        tools: Vec::new(),
        format: ReplyFormat::Text,
        max_tokens,
        temperature_milli: agent.temperature_milli,
        seed: None,
    }
}

/// Reads the merged files: each of `paths` once, no other, and no mark left in them.
pub fn read_conflict(reply: &ChatReply, paths: &[String]) -> Result<Vec<(String, String)>, Misread> {
    let scope = Scope::new(paths).map_err(|error| Misread::new(error.to_string(), ""))?;
    let wish = protocol::read(Protocol::Files, reply, &scope)
        .map_err(|complaint| Misread::new(complaint.what, complaint.instead))?;
    let Wish::Files { writes, .. } = wish else {
        return Err(Misread::new(
            "the answer has no files",
            "Answer with the complete files and nothing else.",
        ));
    };
    let mut files = Vec::with_capacity(writes.len());
    for write in writes {
        let text_of = |key: &str| write.arguments[key].as_str().unwrap_or_default().to_owned();
        let (path, content) = (text_of("path"), text_of("content"));
        if !paths.contains(&path) {
            return Err(Misread::new(
                format!("{} is none of the files that clash", text::line(&path, 120)),
                format!("Write only {}.", paths.join(", ")),
            ));
        }
        if content.lines().any(|line| MARKS.iter().any(|mark| line.starts_with(mark))) {
            return Err(Misread::new(
                format!("{path} still holds marks of the conflict"),
                "Write the file as it must be in the end.",
            ));
        }
        files.push((path, content));
    }
    match paths.iter().find(|path| !files.iter().any(|(written, _)| written == *path)) {
        Some(missing) => Err(Misread::new(
            format!("{missing} was not written"),
            format!("Write {} whole.", paths.join(" and ")),
        )),
        None => Ok(files),
    }
}
