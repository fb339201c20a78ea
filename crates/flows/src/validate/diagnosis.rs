//! What a program's last words mean: the one sentence that saves a small model from guessing.

use std::sync::LazyLock;

use regex::Regex;

/// What an error message looks like, and what to say about it; `$1` is what it names.
static KNOWN: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (
            r"NameError: name '(\w+)' is not defined",
            "The name `$1` is used but neither defined nor imported: import it at the top of the file, or define it.",
        ),
        (
            r"ImportError: cannot import name '(\w+)'",
            "`$1` is not defined at the top level of the file: define it there, under exactly this name.",
        ),
        (
            r"ModuleNotFoundError: No module named '([\w.]+)'",
            "There is no module `$1`: use only the standard library and the files of this repository.",
        ),
        (r"(?:SyntaxError|IndentationError|TabError): (.+)", "The file cannot be parsed ($1): write it anew."),
        (
            r"AttributeError: module '[\w.]+' has no attribute '(\w+)'",
            "The module has no `$1`: use another function, or define it.",
        ),
        (
            r"AttributeError: '\w+' object has no attribute '(\w+)'",
            "There is no `$1` on such a value: use a built-in function or a loop instead.",
        ),
        (
            r"TypeError: object of type '(\w+)' has no len\(\)",
            "The value is a number of type `$1` already: use it as it is, without `len`.",
        ),
        (r"(?:sh|bash): (?:\d+|line \d+)?:? ?(\S+): not found", "The command `$1` does not exist here: do without it."),
    ]
    .into_iter()
    .filter_map(|(form, meaning)| Some((Regex::new(form).ok()?, meaning)))
    .collect()
});

/// What the last error in `stderr` means, where it is one that is known.
pub(super) fn diagnosis(stderr: &str) -> Option<String> {
    let mut last: Option<(usize, String)> = None;
    for (form, meaning) in KNOWN.iter() {
        if let Some(found) = form.captures_iter(stderr).last() {
            let place = found.get(0)?.start();
            if last.as_ref().is_none_or(|(before, _)| place > *before) {
                let named: String = found.get(1)?.as_str().chars().take(80).collect();
                last = Some((place, meaning.replace("$1", &named)));
            }
        }
    }
    last.map(|(_, meaning)| meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_error_is_explained() {
        let text = "ModuleNotFoundError: No module named 'numpy'\n\nDuring handling:\nNameError: name 'words' is not defined. Did you mean: 'word'?\n";
        let told = diagnosis(text).unwrap();
        assert!(told.contains("`words`") && told.contains("import"), "{told}");
        assert_eq!(diagnosis("Segmentation fault"), None);
    }
}
