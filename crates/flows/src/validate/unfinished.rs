//! Work that was announced and not done: stubs and comments by their grammar, everything else by its words.

use swarm_domain::finding::Finding;

use super::{added::AddedLine, change::ChangedFile, placeholder};
use crate::code::{Source, announcements, stubs};

/// The placeholders among what was added. Prose files may speak of them.
pub(super) fn unfinished(files: &[ChangedFile]) -> Vec<Finding> {
    files.iter().filter(|file| !file.is_prose()).flat_map(in_file).collect()
}

fn in_file(file: &ChangedFile) -> Vec<Finding> {
    let Some(bytes) = file.new.as_deref() else {
        return Vec::new();
    };
    let Ok(source) = Source::read(&file.path, bytes) else {
        let lines: Vec<_> =
            file.added().map(|(number, text)| AddedLine { path: &file.path, number, text }).collect();
        let mut findings = placeholder::placeholders(&lines);
        findings.extend(filler(file));
        return findings;
    };
    let mut found = stubs(&source, &file.lines);
    found.extend(announcements(&source, &file.lines));
    found.sort_by_key(|stub| stub.line);
    found.dedup_by_key(|stub| stub.line);
    let text = file.text().unwrap_or_default();
    // Where the grammar does not hold, neither does what it says of comments.
    let unread: Vec<_> = file
        .added()
        .filter(|(number, _)| source.is_unread(*number) && found.iter().all(|stub| stub.line != *number))
        .map(|(number, text)| AddedLine { path: &file.path, number, text })
        .collect();
    let mut findings: Vec<_> = found
        .iter()
        .map(|stub| {
            let line = text.lines().nth(stub.line.saturating_sub(1) as usize).unwrap_or_default();
            placeholder::finding(&AddedLine { path: &file.path, number: stub.line, text: line }, stub.why)
        })
        .collect();
    findings.extend(placeholder::placeholders(&unread));
    findings.extend(filler(file));
    findings
}

/// The same line over and over, or text with next to nothing in it: padding that hides that work is missing.
fn filler(file: &ChangedFile) -> Option<Finding> {
    const RUN: usize = 25;
    const SHORT: usize = 12;
    const MUCH: usize = 4_000;
    const BITS: f64 = 2.2;
    let mut run = 1;
    let mut before = "";
    let mut all = String::new();
    for (number, text) in file.added() {
        let text = text.trim();
        run = if text.len() >= SHORT && text == before { run + 1 } else { 1 };
        before = text;
        all.push_str(text);
        if run >= RUN || text.to_ascii_lowercase().contains("lorem ipsum") {
            let line = AddedLine { path: &file.path, number, text };
            return Some(placeholder::finding(&line, "the text is filler"));
        }
    }
    let number = file.lines.added.first().copied().unwrap_or(1);
    (all.len() >= MUCH && bits_a_character(&all) < BITS).then(|| {
        placeholder::finding(&AddedLine { path: &file.path, number, text: before }, "the text is filler")
    })
}

/// Shannon's entropy of the characters. Code has about four and a half bits.
fn bits_a_character(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::<char, u32>::new();
    for c in text.chars() {
        *counts.entry(c).or_default() += 1;
    }
    let all: u32 = counts.values().sum();
    counts.values().map(|n| f64::from(*n) / f64::from(all.max(1))).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use swarm_domain::finding::FindingCode;
    use swarm_forge::ChangeKind;

    use super::*;
    use crate::code::Lines;

    fn found(path: &str, text: &str) -> usize {
        let file = ChangedFile {
            path: path.to_owned(),
            kind: ChangeKind::Added,
            old: None,
            new: Some(text.as_bytes().to_vec()),
            lines: Lines::all(text),
        };
        let found = unfinished(&[file]);
        assert!(found.iter().all(|finding| finding.code == FindingCode::Placeholder));
        found.len()
    }

    #[test]
    fn what_no_grammar_reads_is_read_by_words() {
        assert_eq!(found("a.sh", "# TODO: greet\necho hi\n"), 1);
        assert_ne!(found("a.py", "def f(:\n    # TODO: ties\n    g()\n"), 0);
        assert_ne!(found("a.js", &format!("// TODO\nx({})\n", "1,".repeat(4_000))), 0, "minified");
        assert_eq!(found("notes.md", "TODO: write more\n"), 0);
        assert_eq!(found("a.py", "print('TODO: buy milk')\n"), 0);
    }

    #[test]
    fn padding_is_found() {
        assert_eq!(found("a.py", &"x = compute(x)\n".repeat(30)), 1);
        assert_eq!(found("a.sh", &format!("x='{}'\n", "aab ".repeat(1_100))), 1);
        let steps: Vec<_> = (0..40).map(|n| format!("step_{n} = compute({n})")).collect();
        assert_eq!(
            found(
                "a.py",
                &steps.join(
                    "
"
                )
            ),
            0
        );
    }
}
