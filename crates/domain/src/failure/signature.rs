//! What is the same in two texts about the same fault.

use crate::pattern::{Pattern, compiled};

/// Characters of a signature, at the most.
const LONGEST: usize = 160;
/// Characters of a text that are looked at: what a fault is called stands at the beginning.
const LOOKED_AT: usize = 2_000;

/// A text without what differs from case to case: quoted names, addresses, paths, ids, times and numbers give way to a
/// word for their kind. Control characters are gone, white space is single, and the length is bounded, whoever wrote it.
/// Normalising twice changes nothing.
#[must_use]
pub fn normalised(text: &str) -> String {
    static VARIES: Pattern = Pattern::new(|| {
        compiled(concat!(
            // What was normalised before stays.
            r"(?P<kept><(?:name|url|mail|path|id|time|n)>)",
            r#"|(?P<name>"[^"<>]*"|'[^'\s<>][^'<>]*'|`[^`<>]*`|“[^”<>]*”|‘[^’<>]*’)"#,
            r"|(?P<url>\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s<>]+)",
            r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)",
            r"|(?P<time>\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?\b|\b\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\b)",
            r"|(?P<path>(?:[A-Za-z]:)?[\w.@+~-]*(?:[/\\][\w.@+~*-]+)+[/\\]?|\b[\w-]+\.(?:py|pyi|rs|ts|tsx|js|jsx|go|java|rb|php|c|h|cc|cpp|hpp|cs|sh|sql|md|txt|json|toml|yaml|yml|html|css|lock|log|csv)\b)",
            r"|(?P<id>\b(?:[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|0x[0-9a-fA-F]+|(?:run|plan|spec)_\w+|T-[0-9a-z]{4,}(?:\.\d+)?|R-[0-9a-z]{4,}|[A-Z]{2,}-\d+)\b)",
            // Seven and more hex digits with a figure and a letter among them; figures alone are a number.
            r"|(?P<hex>\b[0-9a-fA-F]{7,64}\b)",
            r"|(?P<n>\d+(?:[.,]\d+)*)",
        ))
    });
    let start: String = text.chars().take(LOOKED_AT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let single = start.split_whitespace().collect::<Vec<_>>().join(" ");
    let replaced = VARIES.replace_all(&single, |found: &regex::Captures<'_>| {
        let whole = &found[0];
        let has = |what: fn(&char) -> bool| whole.chars().any(|c| what(&c));
        let group = |name: &str| found.name(name).is_some();
        if group("kept") {
            return whole.to_owned();
        }
        if group("hex") {
            return match (has(char::is_ascii_digit), has(char::is_ascii_alphabetic)) {
                (true, true) => "<id>".to_owned(),
                (true, false) => "<n>".to_owned(),
                _ => whole.to_owned(),
            };
        }
        let kind = ["name", "url", "mail", "time", "path", "id"].into_iter().find(|name| group(name));
        format!("<{}>", kind.unwrap_or("n"))
    });
    let Some((end, _)) = replaced.char_indices().nth(LONGEST) else { return replaced.into_owned() };
    // Between two words: half a word may look like something else.
    let short = &replaced[..end];
    short.rfind(' ').map_or(short, |space| &short[..space]).to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_from_case_to_case_gives_way_to_its_kind() {
        for (text, wanted) in [
            ("cannot open /tmp/x/17/a.py: line 3", "cannot open <path>: line <n>"),
            ("No module named 'textstat'", "No module named <name>"),
            (
                "`python3 a.py` ended with exit 1 and did not do what REQ-3 asks.",
                "<name> ended with exit <n> and did not do what <id> asks.",
            ),
            ("at 0x7ffe12 in run_01jabc, 2026-11-21T08:37:35.111Z", "at <id> in <id>, <time>"),
            ("commit 9e39cb3b17a6 of ada@example.org", "commit <id> of <mail>"),
            ("GET https://api.example/v1?x=1 took 1,024.5 ms", "GET <url> took <n> ms"),
            ("src/a.py is not among the files", "<path> is not among the files"),
            ("a.py is not among the files", "<path> is not among the files"),
            ("expected 12345678 words", "expected <n> words"),
            ("defaced feedback", "defaced feedback"),
            ("don't do that, it isn't done", "don<name>t done"),
        ] {
            assert_eq!(normalised(text), wanted, "{text}");
        }
    }

    #[test]
    fn hostile_text_is_short_plain_and_quickly_done() {
        let hostile = format!("\u{1b}[31m{}\0{}", "a".repeat(1 << 20), "/".repeat(1 << 20));
        let said = normalised(&hostile);
        assert!(said.chars().count() <= LONGEST && !said.contains(char::is_control), "{said}");
        assert_eq!(normalised("\n\t \u{7}"), "");
    }

    proptest! {
        #[test]
        fn twice_is_the_same_as_once(text in r"(?:[a-zA-Z0-9 ./:@'`<>-]|\PC){0,120}") {
            let once = normalised(&text);
            prop_assert_eq!(normalised(&once), once);
        }

        #[test]
        fn other_numbers_and_folders_are_the_same_fault(
            a in 0_u32..100_000, b in 0_u32..100_000, x in "[a-z]{1,8}", y in "[a-z]{1,8}",
        ) {
            let text = |n: u32, folder: &str| format!("exit {n} in /home/{folder}/{n}.rs at line {n}");
            prop_assert_eq!(normalised(&text(a, &x)), normalised(&text(b, &y)));
        }
    }
}
