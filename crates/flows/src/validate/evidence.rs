//! Evidence, cut to a bound and freed of what changes from run to run, so that the same fault reads the same.

use std::sync::LazyLock;

use regex::Regex;

/// The most characters of evidence that are kept: enough for a traceback, little enough for a small model.
const MAX_CHARS: usize = 1_500;

/// What changes from run to run, or from one version of an interpreter to the next, and what stands for it.
static PASSING: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"\b0x[0-9a-fA-F]{6,}\b", "0x…"),
        // The marks under a line of a Python traceback, and its guesses.
        (r"(?m)^[ \t]*[~^]+[ \t]*\n", ""),
        (r"(?m)\. Did you (?:mean|forget)[^\n]*$", ""),
    ]
    .into_iter()
    .filter_map(|(form, stand_in)| Some((Regex::new(form).ok()?, stand_in)))
    .collect()
});

/// A text as evidence: its beginning and, where it is long, its end, which names the error.
pub(crate) fn bounded(text: &str) -> String {
    let text = text.trim_end();
    let text = PASSING
        .iter()
        .fold(text.to_owned(), |text, (form, stand_in)| form.replace_all(&text, *stand_in).into_owned());
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
    fn two_versions_of_an_interpreter_say_the_same() {
        let old = "  File \"a.py\", line 1\n    math.ceil(x)\nNameError: name 'math' is not defined";
        let new = "  File \"a.py\", line 1\n    math.ceil(x)\n    ^^^^\nNameError: name 'math' is not defined. Did you forget to import 'math'?\n";
        assert_eq!(bounded(old), bounded(new));
    }

    #[test]
    fn long_output_keeps_its_end_and_addresses_do_not_tell_runs_apart() {
        let long = format!("start {} the error", "x".repeat(10_000));
        let kept = bounded(&long);
        assert!(kept.starts_with("start") && kept.ends_with("the error") && kept.chars().count() < 1_600);
        assert_eq!(bounded("<f at 0x7f8a12345678>"), bounded("<f at 0x7f8affff5678>"));
    }
}
