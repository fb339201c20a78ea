//! What one file offers to another: its declarations, without their bodies.

/// Files up to this many bytes are shown whole; an outline would save nothing.
const SMALL: usize = 1_200;

/// Names that one import line is told of.
const MAX_NAMES: usize = 8;

/// Words that begin a declaration, in the languages that agents mostly write.
const DECLARATIONS: [&str; 24] = [
    "def ",
    "async def ",
    "class ",
    "@",
    "import ",
    "from ",
    "fn ",
    "pub ",
    "struct ",
    "enum ",
    "trait ",
    "impl ",
    "use ",
    "mod ",
    "type ",
    "const ",
    "func ",
    "package ",
    "function ",
    "export ",
    "interface ",
    "async function ",
    "public ",
    "let ",
];

/// The file, or the lines of it that declare something.
pub(super) fn of(content: &str) -> String {
    if content.len() <= SMALL {
        return content.trim_end().to_owned();
    }
    let mut kept = Vec::new();
    let mut open_signature = false;
    for line in content.lines() {
        let plain = line.trim_start();
        let indent = line.len() - plain.len();
        let declares = DECLARATIONS.iter().any(|word| plain.starts_with(word))
            || (indent == 0
                && plain.contains(" = ")
                && plain.chars().next().is_some_and(char::is_alphabetic));
        if declares && indent <= 8 || open_signature {
            kept.push(line.trim_end());
            // A signature over several lines is shown to its end.
            let opened = plain.matches('(').count();
            let closed = plain.matches(')').count();
            open_signature = if open_signature { closed <= opened } else { opened > closed };
        }
    }
    kept.join("\n")
}

/// The line that makes those functions and classes of a Python file usable elsewhere that are `wanted`.
pub(super) fn import(path: &str, content: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let module = path.strip_suffix(".py")?.trim_end_matches("/__init__").replace('/', ".");
    let names: Vec<_> = content
        .lines()
        .filter_map(|line| ["def ", "async def ", "class "].iter().find_map(|word| line.strip_prefix(word)))
        .filter_map(|rest| rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next())
        .filter(|name| !name.is_empty() && !name.starts_with('_') && wanted(name))
        .take(MAX_NAMES)
        .collect();
    let is_module =
        !module.is_empty() && module.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    (is_module && !module.ends_with("__main__") && !names.is_empty())
        .then(|| format!("from {module} import {}", names.join(", ")))
}

/// The lines of Python that import something, as a text spells them out in its code.
pub(super) fn stated_imports(text: &str) -> Vec<String> {
    let is_list = |names: &str| {
        let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ',' | ' ' | '*');
        !names.trim().is_empty() && names.chars().all(name)
    };
    let mut found: Vec<String> = Vec::new();
    for code in text.lines().flat_map(|line| line.split('`')).map(str::trim) {
        let states = match code.strip_prefix("from ").and_then(|rest| rest.split_once(" import ")) {
            Some((module, names)) => !module.contains(' ') && is_list(module) && is_list(names),
            None => code.strip_prefix("import ").is_some_and(|names| !names.contains(' ') && is_list(names)),
        };
        if states && !found.iter().any(|known| known == code) {
            found.push(code.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_names_what_others_may_use() {
        let text = "def top(text, n):\n    def inner(): pass\nclass Rank:\n    pass\ndef _own():\n    pass\n";
        assert_eq!(
            import("textstat/rank.py", text, |_| true).as_deref(),
            Some("from textstat.rank import top, Rank")
        );
        assert_eq!(
            import("textstat/rank.py", text, |name| name == "Rank").as_deref(),
            Some("from textstat.rank import Rank")
        );
        assert_eq!(
            import("textstat/__init__.py", "def f(): 1", |_| true).as_deref(),
            Some("from textstat import f")
        );
        for (path, text) in [
            ("a.rs", "def f()"),
            ("textstat/__main__.py", "def main(): 1"),
            ("a.py", "x = 1"),
            ("a-b.py", "def f(): 1"),
        ] {
            assert_eq!(import(path, text, |_| true), None, "{path}");
        }
    }

    #[test]
    fn imports_that_a_text_spells_out_are_found_and_prose_is_not() {
        let text = "It begins with:\n\n```python\nimport json\nfrom a.b import c, d\n```\nUse `from a.b import c, d`.\nimport what you need";
        assert_eq!(stated_imports(text), ["import json", "from a.b import c, d"]);
    }

    #[test]
    fn signatures_stay_and_bodies_go() {
        let body = "    x = compute_something_long(1)\n".repeat(60);
        let text = format!(
            "import re\n\nLIMIT = 5\n\ndef top(text: str, n: int) -> list[str]:\n    \"\"\"Doc.\"\"\"\n{body}\nclass A:\n    def b(\n        self,\n        c: int,\n    ) -> int:\n{body}"
        );
        assert_eq!(
            of(&text),
            "import re\nLIMIT = 5\ndef top(text: str, n: int) -> list[str]:\nclass A:\n    def b(\n        self,\n        c: int,\n    ) -> int:"
        );
        assert_eq!(of("x\n"), "x");
    }
}
