//! Writing to standard output and standard error. A reader that went away (`| head`) ends the program quietly.

use std::io::{ErrorKind, IsTerminal, Write};

use serde::Serialize;

use crate::exit::{Exit, Failure, Result};

/// How results are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// As JSON.
    pub(crate) json: bool,
}

impl Output {
    /// Prints a result: as a JSON document, or as the text that `words` makes of it.
    pub(crate) fn print<T: Serialize>(self, value: &T, words: impl FnOnce(&T) -> String) -> Result<()> {
        if self.json {
            let text = serde_json::to_string_pretty(value).map_err(|e| Failure::io("write JSON", e))?;
            return line(&text);
        }
        line(words(value).trim_end_matches('\n'))
    }

    /// Prints a JSON document where that is wanted, and says whether it did.
    pub(crate) fn document<T: Serialize>(self, value: &T) -> Result<bool> {
        if self.json {
            self.print(value, |_| String::new())?;
        }
        Ok(self.json)
    }

    /// Says something to the person that is no result; with `--json` it goes where it is in nobody's way.
    pub(crate) fn say(self, text: &str) -> Result<()> {
        if self.json {
            notice(text);
            return Ok(());
        }
        line(text)
    }
}

/// A line to standard output.
pub(crate) fn line(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        // The reader has seen enough: that is not a failure of the command.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(Exit::Done as i32),
        Err(error) => Err(Failure::io("write to standard output", error)),
    }
}

/// A line to standard error.
pub(crate) fn notice(text: &str) {
    // Where even that is closed, nobody can be told.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Asks for a line, on standard error: what is copied out of standard output is what was said.
pub(crate) fn prompt(text: &str) {
    let mut stderr = std::io::stderr();
    // Where even that is closed, nobody is asked.
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}

/// Says on standard error that what is followed stands still, and when it no longer does.
pub(crate) fn standstill(still: swarm_client::Standstill<'_>) {
    match still {
        swarm_client::Standstill::Waits(error) => notice(&format!(
            "waiting: {} [{}]; the work is kept and goes on when it is back",
            error.detail(),
            error.code()
        )),
        swarm_client::Standstill::Over => notice("it is back: going on"),
    }
}

/// Prints a failure: what happened, its code, what to do next.
pub(crate) fn failure(failure: &Failure, json: bool) {
    let problem = &failure.problem;
    if json && let Ok(text) = serde_json::to_string(problem) {
        notice(&text);
        return;
    }
    let error = console::style("error").red().bold().for_stderr();
    notice(&format!("{error}: {} [{}]", legible(&problem.detail), problem.code));
    if !problem.next.is_empty() {
        notice(&format!("  next: {}", legible(&problem.next)));
    }
}

/// Several lines may be fine here, control characters are not.
fn legible(text: &str) -> String {
    text.lines().map(crate::progress::plain).collect::<Vec<_>>().join("\n  ")
}

/// How wide tables may be: the terminal, or what a log can take.
pub(crate) fn width() -> u16 {
    if std::io::stdout().is_terminal() { console::Term::stdout().size().1.max(60) } else { 120 }
}
