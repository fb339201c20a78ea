//! The fenced blocks of a text, each with the path that stands above it, if one does.

use super::Complaint;
use crate::path::WorkPath;

/// The longest line in which a path is looked for.
const MAX_PATH_LINE: usize = 200;

/// What stands around a path and is no part of it.
const DRESS: [char; 12] = ['*', ' ', ':', '"', '\'', '(', ')', '[', ']', '<', '>', ','];

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The path that the text gives it, as it is written there.
    pub(crate) path: Option<String>,
    /// The first word after the opening fence, in lower case.
    pub(crate) language: String,
    /// What is between the fences, with a line end after the last line.
    pub(crate) content: String,
}

/// The blocks of a text, in order. A block that is never closed is a complaint: nobody can say where it ends.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, Complaint> {
    let mut found = Vec::new();
    let mut lines = text.lines().peekable();
    let mut above: Option<&str> = None;
    while let Some(line) = lines.next() {
        let Some(fence) = Fence::opening(line) else {
            if !line.trim().is_empty() {
                above = Some(line);
            }
            continue;
        };
        let mut path = above.and_then(path_of).or_else(|| fence.info_path());
        above = None;
        // Some models write the path as a comment into the first line of the block.
        if path.is_none()
            && let Some(first) = lines.peek().copied()
            && let Some(named) = commented(first)
        {
            path = Some(named);
            lines.next();
        }
        // "Run `src/a.py` like this:" above a block of shell lines names no file.
        path = path.filter(|path| !is_shown(&fence.language(), path));
        let is_document = path.as_deref().is_some_and(is_document) || fence.language() == "markdown";
        let (mut content, mut depth, mut closed) = (String::new(), 0_usize, false);
        for line in lines.by_ref() {
            if fence.closed_by(line) {
                if depth == 0 {
                    closed = true;
                    break;
                }
                depth -= 1;
            } else if is_document && Fence::opening(line).is_some_and(|inner| fence.nests(&inner)) {
                depth += 1;
            }
            content.push_str(line.trim_end_matches('\r'));
            content.push('\n');
        }
        if !closed {
            return Err(Complaint::new(
                "the last code block is not closed",
                "Write the whole answer again and close each block with ``` on a line of its own.",
            ));
        }
        found.push(Block { path, language: fence.language(), content });
    }
    Ok(found)
}

/// An opening fence.
struct Fence<'a> {
    mark: char,
    length: usize,
    info: &'a str,
}

impl<'a> Fence<'a> {
    fn opening(line: &'a str) -> Option<Self> {
        let line = line.trim();
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = line.chars().take_while(|c| *c == mark).count();
        let info = line[length..].trim();
        // An inline code span on a line of its own is no fence.
        (length >= 3 && !info.contains('`')).then_some(Self { mark, length, info })
    }

    fn closed_by(&self, line: &str) -> bool {
        let line = line.trim();
        line.len() >= self.length && line.chars().all(|c| c == self.mark)
    }

    /// Whether `inner`, met inside, opens a block of its own that the same mark closes.
    fn nests(&self, inner: &Fence<'_>) -> bool {
        inner.mark == self.mark && inner.length >= self.length && !inner.info.is_empty()
    }

    fn language(&self) -> String {
        let word = self.info.split([' ', ':', '{', ',']).next().unwrap_or_default();
        if word.contains(['/', '.']) { String::new() } else { word.to_ascii_lowercase() }
    }

    /// The path in the info string: `python src/a.py`, `python:src/a.py`, `python title="src/a.py"`, `src/a.py`.
    fn info_path(&self) -> Option<String> {
        self.info
            .split([' ', ':', '=', '{', '}', ','])
            .map(|word| word.trim_matches(['"', '\'']))
            .find_map(plausible)
    }
}

/// The path in a line of text above a block: alone, or dressed as a heading, bold, code or `File:`.
fn path_of(line: &str) -> Option<String> {
    if line.len() > MAX_PATH_LINE {
        return None;
    }
    let plain = line.trim().trim_start_matches(['#', '>', '-', '*', ' ']);
    // A number in a list: `1. src/a.py`. Without the space it is part of the name.
    let plain = match plain.split_once(' ') {
        Some((number, rest)) if is_numbering(number) => rest,
        _ => plain,
    };
    if let Some(quoted) = plain.split('`').nth(1).and_then(plausible) {
        return Some(quoted);
    }
    let bare = plain.trim_matches(DRESS);
    let bare = ["file:", "path:", "filename:", "file name:", "file path:", "file "]
        .iter()
        .find_map(|label| {
            bare.get(..label.len()).filter(|s| s.eq_ignore_ascii_case(label)).map(|_| &bare[label.len()..])
        })
        .unwrap_or(bare)
        .trim_matches(DRESS);
    plausible(bare)
}

/// The path in a comment that names the file: `# src/a.py`, `// src/a.rs`.
fn commented(line: &str) -> Option<String> {
    let line = line.trim();
    let comment = ["#", "//", "--", "<!--", "/*"].iter().find_map(|mark| line.strip_prefix(mark))?;
    let comment = comment.trim_end_matches("-->").trim_end_matches("*/");
    // A plain word with a dot would be prose; the path of a file in a folder is not.
    path_of(comment).filter(|path| path.contains('/'))
}

/// Whether a word looks like the path of a file. One that is refused later (`../x`, `/etc/x`) looks like one too: it
/// must be refused aloud, not overlooked.
fn plausible(word: &str) -> Option<String> {
    let is_path = !word.is_empty()
        && !word.contains(char::is_whitespace)
        && !word.contains("://")
        && !word.ends_with(['/', '.'])
        && (word.contains('/')
            || word.rsplit_once('.').is_some_and(|(stem, end)| is_name(stem) && is_name(end)))
        && word.chars().any(char::is_alphabetic);
    is_path.then(|| word.to_owned())
}

fn is_name(text: &str) -> bool {
    text.is_empty() || text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '+'))
}

/// Whether a block in this language shows how to use the file rather than being it.
fn is_shown(language: &str, path: &str) -> bool {
    let is_shell =
        matches!(language, "sh" | "bash" | "shell" | "console" | "zsh" | "shell-session" | "output" | "diff");
    is_shell && !matches!(super::files::language(path), "" | "sh")
}

fn is_numbering(word: &str) -> bool {
    word.strip_suffix(['.', ')'])
        .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_document(path: &str) -> bool {
    WorkPath::parse(path).is_ok_and(|path| {
        let name = path.file_name();
        [".md", ".mdx", ".markdown", ".rst", ".txt"].iter().any(|end| name.ends_with(end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<Option<String>> {
        blocks(text).unwrap().into_iter().map(|block| block.path).collect()
    }

    #[test]
    fn a_path_is_found_however_it_is_dressed() {
        for above in [
            "a/words.py",
            "`a/words.py`",
            "**a/words.py**",
            "### a/words.py",
            "### 1. `a/words.py`:",
            "File: a/words.py",
            "**File:** `a/words.py`",
            "Here is the complete file `a/words.py`:",
            "- a/words.py:",
            "(a/words.py)",
            "[a/words.py]",
            "a/words.py\n",
        ] {
            assert_eq!(
                paths(&format!("{above}\n```python\nx = 1\n```\n")),
                [Some("a/words.py".into())],
                "{above}"
            );
        }
        for fence in [
            "```python a/words.py",
            "```python:a/words.py",
            "```a/words.py",
            "```python title=\"a/words.py\"",
        ] {
            assert_eq!(paths(&format!("{fence}\nx = 1\n```")), [Some("a/words.py".into())], "{fence}");
        }
        let commented = blocks("```python\n# a/words.py\nx = 1\n```").unwrap();
        assert_eq!(commented[0].path.as_deref(), Some("a/words.py"));
        assert_eq!(commented[0].content, "x = 1\n");
    }

    #[test]
    fn a_path_that_will_be_refused_is_found_too() {
        for path in ["../etc/passwd", "/etc/passwd", ".git/config", "a/../../b"] {
            assert_eq!(paths(&format!("{path}\n```\nx\n```")), [Some(path.to_owned())], "{path}");
        }
    }

    #[test]
    fn prose_and_comments_are_no_paths() {
        for text in [
            "For example, see e.g. this:\n```\nx\n```",
            "Use https://example.org/a.py for it\n```\nx\n```",
            "```python\n# Counts the words of a text.\nx\n```",
            "```python\n# e.g. this\nx\n```",
            "```\nx\n```",
            "Run `a/words.py` like this:\n```bash\npython a/words.py\n```",
        ] {
            assert_eq!(paths(text), [None], "{text}");
        }
    }

    #[test]
    fn a_block_that_is_never_closed_is_a_complaint() {
        assert!(blocks("a.py\n```python\nx = 1\n").unwrap_err().what.contains("not closed"));
        assert!(blocks("```\nx\n```\n```python\n").is_err());
    }

    #[test]
    fn a_document_keeps_the_fences_inside_it() {
        let found = blocks("README.md\n```markdown\n# T\n```sh\nls\n```\nend\n```\nafter").unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].content, "# T\n```sh\nls\n```\nend\n");
        let longer = blocks("a.py\n````python\ns = '''\n```\n'''\n````").unwrap();
        assert_eq!(longer[0].content, "s = '''\n```\n'''\n");
    }
}
