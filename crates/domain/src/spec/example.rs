//! Examples in a spec that can be run: a console session, and the files that it reads.

use super::{Acceptance, Fixture, Passage};
use crate::{
    pattern::{Pattern, compiled},
    scope::{RelativePath, UnsafePath},
};

/// What a fenced block is, going by its info string and its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fence {
    /// A session with commands after `$ `.
    Console,
    /// A file that the examples read.
    File(Result<String, UnsafePath>),
    /// Scenarios in the Gherkin language.
    Gherkin,
    /// Anything else: part of the text.
    Text,
}

static FILE: Pattern = Pattern::new(|| {
    compiled(r#"(?:^|[\s,{])(?:file|filename|title|path|name)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s,}"']+))"#)
});

static NAME: Pattern = Pattern::new(|| compiled(r"^(?:[^\s=,{}]*/)?[^\s/=,{}]*\.[A-Za-z0-9]{1,10}$"));

static PROMPT: Pattern = Pattern::new(|| compiled(r"^\s*(?:[\w.-]+@[\w.-]+(?::[^$#\s]*)?)?\$(?: +|$)"));

static EXIT: Pattern = Pattern::new(|| {
    compiled(
        r"(?i)^\s*(?:#\s*|\[\s*|\(\s*)exit(?:s|ed)?(?:\s+(?:with|code|status))*\s*[:=]?\s*(-?\d{1,3})\s*[\])]?\s*$",
    )
});

static NOTHING: Pattern = Pattern::new(|| compiled(r"(?i)^\s*[(\[]\s*(?:no|empty) output\s*[)\]]\s*$"));

/// The kind of a fenced block.
pub(super) fn fence(info: &str, content: &str) -> Fence {
    if let Some(found) = FILE.captures(info)
        && let Some(path) = found.iter().skip(1).flatten().next()
    {
        return Fence::File(RelativePath::parse(path.as_str()).map(String::from));
    }
    // ```` ```text sample.txt ````: a language, then a file's name and nothing else.
    if let Some((_, path)) = info.trim().split_once(char::is_whitespace)
        && NAME.is_match(path.trim())
    {
        return Fence::File(RelativePath::parse(path.trim()).map(String::from));
    }
    let language = info.split([' ', ',', '{', '\t']).next().unwrap_or_default().to_lowercase();
    let prompted = || content.lines().any(|line| PROMPT.is_match(line));
    match language.as_str() {
        "console" | "sh-session" | "shell-session" | "shellsession" | "terminal" => Fence::Console,
        "bash" | "sh" | "shell" | "zsh" if prompted() => Fence::Console,
        "" if content.lines().find(|l| !l.trim().is_empty()).is_some_and(|l| PROMPT.is_match(l)) => {
            Fence::Console
        }
        "gherkin" | "feature" | "cucumber" => Fence::Gherkin,
        _ => Fence::Text,
    }
}

/// What was read from a console session.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Session {
    pub examples: Vec<Acceptance>,
    pub unread: Vec<Passage>,
}

/// Reads a console session whose first line is line `first_line` of the spec.
///
/// `$ ` begins a command; a backslash at its end, or `> ` while it is open, goes on with it. What follows is its
/// output. `[exit 2]`, `# exit 2` or `$ echo $?` with its output give the exit code, which is 0 otherwise.
/// `stderr: …` must be part of standard error. A command without output may print anything, unless
/// `(no output)` says that it must not.
pub(super) fn session(content: &str, first_line: u32) -> Session {
    let mut session = Session::default();
    let mut open: Option<Shown> = None;
    for (at, text) in content.lines().enumerate() {
        let line = first_line.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
        let command = PROMPT.find(text).map(|prompt| text[prompt.end()..].trim_end());
        match (command, &mut open) {
            (None, Some(shown)) => shown.take(text),
            (Some(command), _) => {
                if let Some(shown) = open.replace(Shown::new(command, line)) {
                    session.close(shown);
                }
            }
            (None, None) if text.trim().is_empty() || text.trim_start().starts_with('#') => {}
            (None, None) => session.unread.push(Passage {
                line,
                text: text.to_owned(),
                reason: "a console example begins with its command: write `$ ` before it".to_owned(),
            }),
        }
    }
    if let Some(shown) = open {
        session.close(shown);
    }
    session
}

impl Session {
    fn close(&mut self, shown: Shown) {
        let mut passage = |reason: &str| {
            self.unread.push(Passage {
                line: shown.line,
                text: shown.command.clone(),
                reason: reason.to_owned(),
            });
        };
        let output = shown.output.join("\n").trim_end().to_owned();
        if shown.command == "echo $?" {
            match (self.examples.last_mut(), output.trim().parse()) {
                (Some(example), Ok(exit)) => example.exit = exit,
                _ => passage("`echo $?` shows the exit code of the command before it, as a number"),
            }
            return;
        }
        if shown.command.is_empty() {
            passage("there is no command after `$`");
            return;
        }
        if is_open(&shown.command) {
            passage("the command is not complete: a quote is left open, or `\\` has no line after it");
            return;
        }
        if alone(&shown.command) {
            passage(
                "each command runs in a shell of its own, so this one changes nothing: join it to the next with `&&`",
            );
            return;
        }
        // A cut in the output cannot be compared: the rest of the example still holds.
        let cut = shown.output.iter().any(|line| matches!(line.trim(), "..." | "\u{2026}" | "[...]"));
        if cut {
            passage("`...` in an output cannot be compared: show the whole output, or none to accept any");
        }
        let stdout = (!cut && (shown.nothing || !output.is_empty())).then_some(output);
        let stderr_contains = (!shown.stderr.is_empty()).then(|| shown.stderr.join("\n"));
        self.examples.push(Acceptance {
            command: shown.command,
            exit: shown.exit.unwrap_or(0),
            stdout,
            stderr_contains,
            line: shown.line,
        });
    }
}

/// Whether a command only changes the shell that it runs in.
fn alone(command: &str) -> bool {
    static ALONE: Pattern = Pattern::new(|| {
        compiled(r"^(?:(?:cd|export|source|\.|set|unset|alias)\s[^;&|\n]*|[A-Za-z_]\w*=[^\s;&|]*)$")
    });
    ALONE.is_match(command)
}

/// A command with what has been shown of it so far.
struct Shown {
    line: u32,
    command: String,
    /// Whether the command may still go on.
    entering: bool,
    continued: bool,
    output: Vec<String>,
    stderr: Vec<String>,
    exit: Option<i32>,
    nothing: bool,
}

impl Shown {
    fn new(command: &str, line: u32) -> Self {
        Self {
            line,
            command: command.to_owned(),
            entering: true,
            continued: false,
            output: Vec::new(),
            stderr: Vec::new(),
            exit: None,
            nothing: false,
        }
    }

    fn take(&mut self, text: &str) {
        let further =
            text.trim_start().strip_prefix('>').filter(|rest| rest.is_empty() || rest.starts_with(' '));
        if self.entering && (self.continued || is_open(&self.command)) {
            if let Some(further) = further {
                self.continued = true;
                self.command.push('\n');
                self.command.push_str(further.strip_prefix(' ').unwrap_or(further));
                return;
            }
            if self.command.ends_with('\\') {
                self.command.push('\n');
                self.command.push_str(text.trim_end());
                return;
            }
        }
        self.entering = false;
        if let Some(exit) = EXIT.captures(text).and_then(|c| c[1].parse().ok()) {
            self.exit = Some(exit);
        } else if NOTHING.is_match(text) {
            self.nothing = true;
        } else if let Some(error) = text.trim_start().strip_prefix("stderr:") {
            self.stderr.push(error.trim().to_owned());
        } else {
            self.output.push(text.to_owned());
        }
    }
}

/// Whether a shell would wait for more: an open quote, a backslash at the end, an operator or a word that needs more.
fn is_open(command: &str) -> bool {
    let mut quote = None;
    let mut escaped = false;
    for c in command.chars() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    let plain = command.trim_end();
    let last = plain.rsplit([' ', '\n', ';']).next().unwrap_or_default();
    quote.is_some()
        || escaped
        || matches!(last, "do" | "then" | "else" | "{" | "(" | "|")
        || plain.ends_with("&&")
        || plain.ends_with("||")
        || open_document(command)
}

/// Whether a here-document (`<<EOF`) is still without its last line.
fn open_document(command: &str) -> bool {
    static OPENED: Pattern = Pattern::new(|| compiled(r#"<<-?\s*["']?([A-Za-z_]\w*)["']?"#));
    OPENED.captures(command).is_some_and(|c| !command.lines().skip(1).any(|line| line.trim() == &c[1]))
}

/// Adds a file; a second text for the same path is not taken but told.
pub(super) fn add_fixture(fixtures: &mut Vec<Fixture>, path: String, content: &str) -> Result<(), String> {
    match fixtures.iter().find(|f| f.path == path) {
        Some(same) if same.content == content => Ok(()),
        Some(_) => {
            Err(format!("`{path}` is shown twice with different content: give the second another name"))
        }
        None => {
            fixtures.push(Fixture { path, content: content.to_owned() });
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(content: &str) -> Acceptance {
        let read = session(content, 10);
        assert_eq!((read.examples.len(), read.unread.len()), (1, 0), "{read:?}");
        read.examples.into_iter().next().unwrap()
    }

    #[test]
    fn a_session_gives_each_command_with_its_output_and_line() {
        let read = session("$ a\n1\n\n2\n\n$ b --x   \n$ c\n(no output)\n", 10);
        let shown: Vec<_> =
            read.examples.iter().map(|e| (e.command.as_str(), e.stdout.as_deref(), e.line)).collect();
        assert_eq!(shown, [("a", Some("1\n\n2"), 10), ("b --x", None, 15), ("c", Some(""), 16)]);
        assert!(read.unread.is_empty());
    }

    #[test]
    fn the_exit_code_is_read_in_each_of_its_forms() {
        for form in
            ["[exit 2]", "# exit 2", "(exit code 2)", "[exit: 2]", "# exited with status 2", "$ echo $?\n2"]
        {
            assert_eq!(one(&format!("$ a\n{form}\n")).exit, 2, "{form}");
        }
        assert_eq!(one("$ a\n").exit, 0);
    }

    #[test]
    fn standard_error_is_what_must_be_contained() {
        let example = one("$ a\nstderr: no such file\n[exit 2]\n");
        assert_eq!(example.stderr_contains.as_deref(), Some("no such file"));
        assert_eq!(example.stdout, None);
    }

    #[test]
    fn a_long_command_goes_on_in_each_of_the_usual_ways() {
        assert_eq!(one("$ a \\\n    --b\nout\n").command, "a \\\n    --b");
        assert_eq!(one("$ a \\\n> --b\nout\n").command, "a \\\n--b");
        assert_eq!(one("$ python3 -c 'a\n> b'\nout\n").command, "python3 -c 'a\nb'");
        assert_eq!(one("$ for i in 1; do\n> echo $i\n> done\n1\n").command, "for i in 1; do\necho $i\ndone");
        assert_eq!(one("$ cat <<EOF | x\n> a\n> EOF\nout\n").command, "cat <<EOF | x\na\nEOF");
    }

    #[test]
    fn output_that_begins_with_a_bracket_is_output() {
        assert_eq!(one("$ echo '> a'\n> a\n").stdout.as_deref(), Some("> a"));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (content, left) in [
            ("out\n", 0),
            ("$\n", 0),
            ("$ echo 'a\n", 0),
            ("$ echo $?\n2\n", 0),
            ("$ cd a\n", 0),
            ("$ A=1\n", 0),
            ("$ a\n1\n...\n", 1),
        ] {
            let read = session(content, 1);
            assert_eq!((read.unread.len(), read.examples.len()), (1, left), "{content:?} {read:?}");
        }
    }

    #[test]
    fn a_fence_is_known_by_its_info_string() {
        assert_eq!(fence("console", ""), Fence::Console);
        assert_eq!(fence("bash", "make\n"), Fence::Text);
        assert_eq!(fence("bash", "$ make\n"), Fence::Console);
        assert_eq!(fence("", "$ make\n"), Fence::Console);
        assert_eq!(fence("python", "$ make\n"), Fence::Text);
        for info in [
            "text a/b.txt",
            "text file=a/b.txt",
            "text title=\"a/b.txt\"",
            "file='a/b.txt'",
            "text {title=\"a/b.txt\"}",
        ] {
            assert_eq!(fence(info, ""), Fence::File(Ok("a/b.txt".to_owned())), "{info}");
        }
        for info in ["text file=../x", "text ../x.txt", "text /etc/x.conf", "text .git/x.txt"] {
            assert!(matches!(fence(info, ""), Fence::File(Err(_))), "{info}");
        }
    }
}
