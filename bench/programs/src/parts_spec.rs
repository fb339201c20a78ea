//! A spec of many small parts, and a model that builds them.

use std::time::Duration;

use crate::Instantly;

/// The words that stand before the file that an author may write.
const SCOPE: &str = "You may write only: ";

/// A spec of `parts` requirements in rows of `width`: each needs the one above it, so the longest chain is
/// `parts / width`.
#[must_use]
pub fn spec(parts: usize, width: usize) -> String {
    let mut text = "# Parts\n\nText files, one a requirement.\n".to_owned();
    for number in 1..=parts {
        let needs = match number.checked_sub(width) {
            Some(above) if above > 0 => format!(" Needs REQ-{above}."),
            _ => String::new(),
        };
        text += &format!(
            "\n## REQ-{number}: Part {number}\n\n`part-{number}.txt` says which part it is.{needs}\n\n```console\n$ cat part-{number}.txt\npart {number}\n```\n"
        );
    }
    text
}

/// A model that writes the part that it is asked for, after `delay`. What it is asked beside that, it leaves to code.
#[must_use]
pub fn author(delay: Duration) -> Instantly {
    Instantly::new(delay, |request| {
        let text: String = request.messages.iter().map(swarm_model::Message::text).collect();
        match text.split_once(SCOPE).and_then(|(_, rest)| rest.split_whitespace().next()) {
            Some(file) => {
                let number: String = file.chars().filter(char::is_ascii_digit).collect();
                format!("Here it is.\n\n{file}\n```\npart {number}\n```\n")
            }
            None => "{}".to_owned(),
        }
    })
}
