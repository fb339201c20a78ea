//! Answers of the spec's examples that stand in the code instead of being worked out.
//!
//! What is looked for is a pair: the input of an example as a literal, and the output of that example as a literal close
//! to it. A constant output (a usage line, a version) has no input beside it and is left alone. A table that is hidden
//! better than that is for the mutants and for people: see the decision record.

use std::sync::LazyLock;

use regex::Regex;
use swarm_domain::{
    finding::{Finding, FindingCode},
    spec::Fixture,
    ticket::{Ticket, TicketCheck},
};

use super::change::{ChangedFile, fault};
use crate::code::{Literal, Source, is_test_path, literals};

/// Lines between an input and its output that still count as beside each other.
const NEAR: u32 = 6;
/// An output shorter than this says little: two of the inputs must be there too.
const SHORT: usize = 4;

/// An input and output that the spec shows.
struct Example<'a> {
    check: &'a TicketCheck,
    inputs: Vec<String>,
    output: String,
}

/// Where the code holds an example's answer beside its input.
pub(super) fn hard_coded(files: &[ChangedFile], ticket: &Ticket, fixtures: &[Fixture]) -> Vec<Finding> {
    let examples: Vec<_> = ticket.acceptance.iter().filter_map(|check| example(check, fixtures)).collect();
    let mut findings = Vec::new();
    let given = |path: &str| fixtures.iter().any(|fixture| fixture.path == path);
    for file in
        files.iter().filter(|file| !file.is_prose() && !is_test_path(&file.path) && !given(&file.path))
    {
        let found = literals_of(file);
        for example in &examples {
            if let Some(line) = answered(&found, example) {
                let what = format!("holds the answer to `{}` beside its input", example.check.check.command);
                let hint = format!(
                    "Work the answer out in {}: other inputs than those of the examples must be answered too.",
                    file.path
                );
                let mut finding =
                    fault(FindingCode::HardCoded, &file.path, line, &what, &example.output, &hint);
                finding.requirement = Some(example.check.requirement.clone());
                findings.push(finding);
            }
        }
    }
    findings
}

/// The added literals of a file; where no grammar reads it, the quoted words and the lines of `echo` and `printf`.
fn literals_of(file: &ChangedFile) -> Vec<Literal> {
    static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#""([^"]*)"|'([^']*)'|(?:echo|printf)\s+([^"'$`;|]+)|^\s*\(?([\w.,-]+)\)"#).ok()
    });
    if let Some(Ok(source)) = file.new.as_deref().map(|bytes| Source::read(&file.path, bytes)) {
        return literals(&source)
            .into_iter()
            .filter(|literal| file.lines.added.contains(&literal.line))
            .collect();
    }
    let mut found = Vec::new();
    for (line, text) in file.added() {
        for words in QUOTED.iter().flat_map(|form| form.captures_iter(text)) {
            let value = words.iter().skip(1).flatten().next().map(|found| found.as_str().trim().to_owned());
            found.extend(value.map(|value| Literal { line, value }));
        }
    }
    found
}

fn example<'a>(check: &'a TicketCheck, fixtures: &[Fixture]) -> Option<Example<'a>> {
    let output = check.check.stdout.as_deref()?.trim().to_owned();
    if output.is_empty() || check.check.exit != 0 {
        return None;
    }
    let mut inputs = arguments(&check.check.command);
    // The text of a file that the command names is its input as well; so is a line of it.
    for fixture in fixtures.iter().filter(|fixture| check.check.command.contains(fixture.path.as_str())) {
        inputs.push(fixture.content.trim().to_owned());
        inputs.extend(fixture.content.lines().map(|line| line.trim().to_owned()));
    }
    inputs.retain(|input| !input.is_empty());
    Some(Example { check, inputs, output })
}

/// The arguments of a command that are data: neither the program and its script nor options.
fn arguments(command: &str) -> Vec<String> {
    static WORD: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#""([^"]*)"|'([^']*)'|([^\s"'|;&<>()]+)"#).ok());
    let words = WORD.iter().flat_map(|form| form.captures_iter(command));
    let words =
        words.filter_map(|found| found.iter().skip(1).flatten().next().map(|word| word.as_str().to_owned()));
    words.skip(1).filter(|word| !word.starts_with('-') && !is_program(word)).collect()
}

/// Scripts, modules and the programs of a pipe.
fn is_program(word: &str) -> bool {
    let is_script =
        [".py", ".sh", ".js", ".ts", ".mjs", ".rb", ".go", ".jar"].iter().any(|end| word.ends_with(end));
    is_script
        || matches!(
            word,
            "python3"
                | "python"
                | "node"
                | "sh"
                | "bash"
                | "echo"
                | "printf"
                | "cat"
                | "run"
                | "go"
                | "cargo"
                | "java"
        )
}

/// The line of an answer that stands beside its input.
fn answered(found: &[Literal], example: &Example<'_>) -> Option<u32> {
    let first = example.output.lines().next().unwrap_or_default().trim();
    let is_answer = |literal: &Literal| {
        let value = literal.value.trim();
        value == example.output
            || (value.len() >= SHORT && (value == first || value.contains(&example.output)))
    };
    found.iter().filter(|literal| is_answer(literal)).find_map(|answer| {
        // `Hello, Ada!` is the answer for Ada and for nobody else.
        let names_input = answer.value.chars().count() >= SHORT
            && example.inputs.iter().any(|input| is_data(input) && contains_word(&answer.value, input));
        let beside = |input: &String| {
            found.iter().any(|other| {
                !std::ptr::eq(other, answer)
                    && other.value.trim() == input
                    && other.line.abs_diff(answer.line) <= NEAR
            })
        };
        let beside: Vec<_> = example.inputs.iter().filter(|input| beside(input)).collect();
        let enough = if answer.value.trim().len() < SHORT { 2.min(example.inputs.len()) } else { 1 };
        let telling = beside.iter().any(|input| is_data(input));
        (names_input || (telling && beside.len() >= enough)).then_some(answer.line)
    })
}

/// Whether a word of a command is data. A lower-case word may be a subcommand, whose answer may be constant.
fn is_data(word: &str) -> bool {
    word.chars().any(|c| c.is_uppercase() || c.is_ascii_digit() || c.is_whitespace()) || word.contains('.')
}

fn contains_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_part)
            && !text[at + word.len()..].chars().next().is_some_and(is_part)
    })
}

#[cfg(test)]
#[path = "hard_coded_tests.rs"]
mod tests;
