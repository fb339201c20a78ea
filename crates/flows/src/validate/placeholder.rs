//! Placeholders by their words, where no grammar reads a file.

use std::sync::LazyLock;

use regex::Regex;
use swarm_domain::finding::{Finding, FindingCode};

use super::added::AddedLine;

/// What is taken for a placeholder wherever it is added.
static MARKS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"\b(TODO|FIXME|XXX)\b",
        r"(?i)\b(your|rest of(?: the)?|existing|add|insert|write|actual|real) (code|logic|implementation) (goes )?here\b",
        r"(?i)\bimplement (me|this|it|the rest|later)\b",
        r"(?i)\bnot (yet )?implemented\b",
        r"(?i)\bplaceholder (implementation|value|code|function|logic)\b",
        r"\braise NotImplementedError\b",
        r"\b(todo|unimplemented)!\s*\(",
        r#"throw new Error\(\s*["'](?i:not implemented|todo)"#,
        r"^\s*(#|//)\s*\.\.\.\s*(\(?(?i:rest|same|unchanged|remaining|other)\b.*)?$",
    ]
    .into_iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// A body that does nothing, right after the line that opens it.
static EMPTY_BODY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*(pass|\.\.\.)\s*(#.*)?$").ok());
static OPENS_FUNCTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*(async\s+)?def\s+\w+.*:\s*(#.*)?$").ok());
static DOCSTRING: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"^\s*[rR]?("""|''').*("""|''')\s*$"#).ok());

/// Finds placeholders in what a diff adds. Prose files may speak of them.
pub(crate) fn placeholders(lines: &[AddedLine<'_>]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if is_prose(line.path) {
            continue;
        }
        let marked = MARKS.iter().any(|mark| mark.is_match(line.text));
        if marked || is_empty_body(lines, index) {
            findings.push(finding(line, "is a placeholder, not work"));
        }
    }
    findings
}

/// The finding for a placeholder, with what is wrong with the line.
pub(super) fn finding(line: &AddedLine<'_>, why: &str) -> Finding {
    Finding {
        code: FindingCode::Placeholder,
        detail: format!(
            "{}:{} {}",
            line.path,
            line.number,
            if why.starts_with("is ") { why.to_owned() } else { format!("is no work: {why}") }
        ),
        evidence: line.text.trim().chars().take(200).collect(),
        hint: format!(
            "Replace the placeholder `{}` in {} by code that does the work.",
            line.text.trim().chars().take(400).collect::<String>(),
            line.path
        ),
        requirement: None,
        path: Some(line.path.to_owned()),
    }
}

fn is_prose(path: &str) -> bool {
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("md" | "rst" | "txt" | "adoc"))
}

fn is_empty_body(lines: &[AddedLine<'_>], index: usize) -> bool {
    let matches =
        |pattern: &LazyLock<Option<Regex>>, text: &str| pattern.as_ref().is_some_and(|p| p.is_match(text));
    let line = &lines[index];
    if !matches(&EMPTY_BODY, line.text) {
        return false;
    }
    lines[..index]
        .iter()
        .rev()
        .take_while(|above| above.path == line.path)
        .find(|above| !above.text.trim().is_empty() && !matches(&DOCSTRING, above.text))
        .is_some_and(|above| matches(&OPENS_FUNCTION, above.text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        let lines: Vec<_> =
            text.lines().zip(1..).map(|(text, number)| AddedLine { path, number, text }).collect();
        placeholders(&lines).len()
    }

    #[test]
    fn announced_work_is_found() {
        for text in [
            "def f():\n    pass",
            "def f(a,\n      b):\n    x = 1\n    # TODO handle ties",
            "async def f() -> int:\n    \"\"\"Counts.\"\"\"\n    ...",
            "    raise NotImplementedError",
            concat!("fn f() { todo", "!() }"),
            "  // ... rest unchanged",
            "# your code here",
            "throw new Error('not implemented')",
        ] {
            assert_eq!(found("a.py", text), 1, "{text}");
        }
    }

    #[test]
    fn honest_code_is_left_alone() {
        for text in [
            "try:\n    f()\nexcept ValueError:\n    pass",
            "class E(Exception):\n    pass",
            "x = todo_list[0]",
            "def f(*args): return [...]",
        ] {
            assert_eq!(found("a.py", text), 0, "{text}");
        }
        assert_eq!(found("notes.md", "TODO: write more"), 0);
    }
}
