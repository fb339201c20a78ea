//! The last commands of a sandbox, and the last that they said.

use std::collections::VecDeque;

use crate::sandbox::Ended;

/// So many commands are remembered,
const COMMANDS: usize = 32;

/// and of each so many bytes of what it said.
const SAID: usize = 2 << 10;

/// The longest line that is shown of a command.
const LINE: usize = 400;

/// The last commands of a sandbox.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    kept: VecDeque<String>,
}

impl Transcript {
    /// Adds a command that has ended.
    pub(super) fn add(&mut self, line: &str, ended: &Ended) {
        let mut text = format!("$ {}\n", shown(line));
        for said in [&ended.stdout, &ended.stderr] {
            let tail = &said[said.len().saturating_sub(SAID)..];
            let said = legible(&String::from_utf8_lossy(tail));
            if !said.trim().is_empty() {
                text += said.trim_end();
                text.push('\n');
            }
        }
        text += &format!("[{}]", ended.how);
        self.kept.push_back(text);
        let surplus = self.kept.len().saturating_sub(COMMANDS);
        self.kept.drain(..surplus);
    }

    /// The last lines of it.
    pub(super) fn tail(&self, lines: usize) -> Vec<String> {
        let all: Vec<&str> = self.kept.iter().flat_map(|text| text.lines()).collect();
        all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
    }
}

/// A command as one line that is not too long.
pub(super) fn shown(line: &str) -> String {
    let mut plain = line.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut text: String = plain.by_ref().take(LINE).collect();
    if plain.next().is_some() {
        text.push('…');
    }
    text
}

fn legible(text: &str) -> String {
    text.chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sandbox::How;

    #[test]
    fn the_last_commands_are_told_without_what_a_terminal_would_do_with_them() {
        let mut transcript = Transcript::default();
        for number in 0..100 {
            let stdout = format!("{}\u{1b}[2Jline {number}\n", "x".repeat(10_000)).into_bytes();
            let (how, stderr) = (How::Exited { code: 0 }, Vec::new());
            let ended = Ended { how, stdout, stderr, dropped_bytes: 0, took: Duration::ZERO };
            transcript.add(&format!("echo {number}\n{}", "y".repeat(1_000)), &ended);
        }
        let all = transcript.tail(usize::MAX);
        assert_eq!(all.len(), COMMANDS * 3);
        assert!(all.iter().all(|line| line.len() <= SAID && !line.contains('\u{1b}')));
        assert_eq!(transcript.tail(1), ["[exit 0]"]);
        assert!(transcript.tail(2)[0].ends_with("line 99"));
    }
}
