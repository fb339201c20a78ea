//! Evidence, cut to a bound and freed of what changes from run to run, so that the same fault reads the same.

use std::sync::LazyLock;

use regex::Regex;

/// The most characters of evidence that are kept: enough for a traceback, little enough for a small model.
const MAX_CHARS: usize = 1_500;

static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b0x[0-9a-fA-F]{6,}\b").ok());

/// A text as evidence: its beginning and, where it is long, its end, which names the error.
pub(crate) fn bounded(text: &str) -> String {
    let text = text.trim_end();
    let text = match ADDRESS.as_ref() {
        Some(address) => address.replace_all(text, "0x…").into_owned(),
        None => text.to_owned(),
    };
    let count = text.chars().count();
    if count <= MAX_CHARS {
        return text;
    }
    let head: String = text.chars().take(MAX_CHARS / 3).collect();
    let tail: String = text.chars().skip(count - MAX_CHARS * 2 / 3).collect();
    format!("{head}\n[{} characters left out]\n{tail}", count - MAX_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_keeps_its_end_and_addresses_do_not_tell_runs_apart() {
        let long = format!("start {} the error", "x".repeat(10_000));
        let kept = bounded(&long);
        assert!(kept.starts_with("start") && kept.ends_with("the error") && kept.chars().count() < 1_600);
        assert_eq!(bounded("<f at 0x7f8a12345678>"), bounded("<f at 0x7f8affff5678>"));
    }
}
