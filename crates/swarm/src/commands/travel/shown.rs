//! Two runs side by side, in words.

use std::fmt::Write as _;

use swarm_client::types;

use crate::{
    commands::run::{state, state_of_ticket},
    progress::{plain, short_duration},
    table::{indented, legible, table, usd},
};

/// Lines that are shown of what each run says where they part.
const LINES_SHOWN: usize = 30;

/// Whether both came to the same, and in what not.
pub(super) fn verdict(diff: &types::RunDiff) -> String {
    let (first, second) = (&diff.first.run, &diff.second.run);
    if diff.same {
        let tickets = diff.tickets.len();
        return format!(
            "the same: {second} came to what {first} did; states of {tickets} tickets, outcomes and findings of \
             their attempts, every tree that was merged, every acceptance command"
        );
    }
    let mut text = format!("not the same: {} results differ\n{}", diff.differences.len(), differences(diff));
    if let Some(parting) = &diff.parting {
        let _ = write!(text, "\n\n{}", part(parting));
    }
    text
}

/// All of it.
pub(super) fn in_words(diff: &types::RunDiff, with_code: bool) -> String {
    let mut text = format!("{} → {}: ", diff.first.run, diff.second.run);
    text += if diff.same { "they came to the same\n" } else { "they did not come to the same\n" };
    for side in [&diff.first, &diff.second] {
        let origin = match &side.options.origin {
            Some(origin) if origin.live => format!(", forked from {} at step {}", origin.run, origin.at),
            Some(origin) => format!(", a replay of {}", origin.run),
            None => String::new(),
        };
        let took = side.millis.map(|millis| format!(" in {}", duration(millis))).unwrap_or_default();
        let _ = writeln!(
            text,
            "  {}: {}{took}, {} in {} calls{origin}",
            side.run,
            state(&side.state),
            usd(side.spend.usd),
            side.spend.calls
        );
    }
    let options = options(&diff.first.options, &diff.second.options);
    if !options.is_empty() {
        let _ = writeln!(text, "  options: {}", options.join("; "));
    }
    let _ = writeln!(text, "\n{}", tickets(diff));
    if !diff.differences.is_empty() {
        let _ = writeln!(text, "\n{}", differences(diff));
    }
    if let Some(parting) = &diff.parting {
        let _ = writeln!(text, "\n{}", part(parting));
    }
    if let Some(code) = &diff.code {
        let _ = writeln!(text, "\n{}", self::code(code, with_code));
    }
    text
}

fn options(first: &types::RunOptions, second: &types::RunOptions) -> Vec<String> {
    let fields = |options: &types::RunOptions| match serde_json::to_value(options) {
        Ok(serde_json::Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (first, second) = (fields(first), fields(second));
    let names = first.keys().chain(second.keys().filter(|name| !first.contains_key(*name)));
    let word = |value: Option<&serde_json::Value>| value.map_or("none".to_owned(), ToString::to_string);
    names
        .filter(|name| *name != "origin" && first.get(*name) != second.get(*name))
        .map(|name| format!("{name} {} → {}", word(first.get(name)), word(second.get(name))))
        .collect()
}

fn tickets(diff: &types::RunDiff) -> String {
    let rows = diff.tickets.iter().map(|pair| {
        let both = |show: &dyn Fn(&types::TicketSide) -> String| {
            let [one, two] =
                [&pair.first, &pair.second].map(|side| side.as_ref().map_or_else(|| "-".to_owned(), show));
            if one == two { one } else { format!("{one} → {two}") }
        };
        [
            pair.ticket.clone(),
            both(&|side| state_of_ticket(&side.state)),
            both(&|side| side.attempts.to_string()),
            both(&|side| usd(side.spend.usd)),
            both(&|side| duration(side.millis)),
            pair.title.clone(),
        ]
    });
    table(["ticket", "state", "attempts", "cost", "time", "title"], rows)
}

fn differences(diff: &types::RunDiff) -> String {
    let or_none = |is: &Option<String>| is.clone().unwrap_or_else(|| "-".to_owned());
    let rows = diff.differences.iter().map(|one| {
        let about = one.ticket.clone().unwrap_or_else(|| "run".to_owned());
        [about, one.what.clone(), or_none(&one.first), or_none(&one.second)]
    });
    table(["of", "what", "first", "second"], rows)
}

fn part(parting: &types::Parting) -> String {
    let place = |seq: Option<u64>| seq.map_or("no such step".to_owned(), |seq| format!("step {seq}"));
    format!(
        "they part at {} ({}, {})\n  first:\n{}\n  second:\n{}",
        plain(&parting.step),
        place(parting.first),
        place(parting.second),
        some_lines(&parting.first_text),
        some_lines(&parting.second_text),
    )
}

fn some_lines(text: &str) -> String {
    let shown: Vec<&str> = text.lines().take(LINES_SHOWN).collect();
    let more = text.lines().count().saturating_sub(LINES_SHOWN);
    let rest = if more > 0 { format!("\n    … {more} more lines") } else { String::new() };
    format!("{}{rest}", indented(&shown.join("\n"), "    "))
}

fn code(code: &types::CodeDiff, with_text: bool) -> String {
    if code.files.is_empty() {
        return "the code is the same".to_owned();
    }
    let mut text = format!("code: {} files, +{} -{}", code.files.len(), code.added, code.removed);
    for file in &code.files {
        let _ = write!(text, "\n  {}", plain(file));
    }
    if with_text {
        let cut = if code.truncated { "\n… there is more" } else { "" };
        let _ = write!(text, "\n\n{}{cut}", legible(code.text.trim_end()));
    }
    text
}

fn duration(millis: u64) -> String {
    short_duration(chrono::TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX)))
}
