//! The commands that prove what was found. Paths and names come from strangers: one that is not plain gets no command.

use std::collections::HashSet;

use crate::code::{Language, TestPlace};

/// Bytes of a fragment that is looked for.
const MAX_FRAGMENT: usize = 100;

/// Whether a path can stand in a command as it is.
pub(super) fn is_plain_path(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('-')
        && path.len() <= 200
        && path.chars().all(|c| c.is_ascii_alphanumeric() || "_./-+".contains(c))
}

fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 120 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a text can stand between single quotes on one line.
fn is_quotable(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| (b.is_ascii_graphic() || b == b' ') && b != b'\'' && b != b'\\')
}

/// A command that fails where a definition is gone: it looks for the beginning of the line that has the name.
pub(super) fn presence<'a>(
    path: &str,
    mut lines: impl Iterator<Item = &'a str>,
    name: &str,
) -> Option<String> {
    let line = lines.find(|line| line.contains(name))?.trim_start();
    let end = line.find(name)? + name.len();
    let fragment = line.get(..end).filter(|text| is_quotable(text) && text.len() <= MAX_FRAGMENT);
    let fragment = fragment.or_else(|| is_quotable(name).then_some(name))?;
    Some(format!("grep -qF -e '{fragment}' {path}"))
}

/// The command that runs one test and fails where it is gone; none where it is not known how the project runs them.
pub(super) fn of_test(
    path: &str,
    language: Language,
    test: &TestPlace,
    roots: &HashSet<String>,
) -> Option<String> {
    let named = |names: &[&str]| names.iter().all(|name| is_plain_name(name));
    match language {
        Language::Python => {
            let class = test.class.as_deref();
            if !named(&[&test.name]) || !class.is_none_or(is_plain_name) {
                return None;
            }
            match class {
                Some(class) if test.is_unittest => {
                    let module = path.strip_suffix(".py")?.replace('/', ".");
                    let is_module = module.split('.').all(is_plain_name);
                    is_module.then(|| format!("python3 -m unittest {module}.{class}.{}", test.name))
                }
                Some(class) => Some(format!("python3 -m pytest -q {path}::{class}::{}", test.name)),
                None => Some(format!("python3 -m pytest -q {path}::{}", test.name)),
            }
        }
        // Where no test has the name, both tools succeed: what they print is looked at.
        Language::Rust => {
            let known = named(&[&test.name]) && roots.contains("Cargo.toml");
            known.then(|| format!("cargo test {0} 2>&1 | grep -q '{0} .*\\.\\.\\. ok'", test.name))
        }
        Language::Go => {
            let folder = path.rsplit_once('/').map_or(".".to_owned(), |(folder, _)| format!("./{folder}"));
            let known = named(&[&test.name]) && roots.contains("go.mod");
            known.then(|| format!("go test -v -run '^{0}$' {folder} | grep -q -e '--- PASS: {0}'", test.name))
        }
        Language::Java => {
            let class = test.class.as_deref().filter(|class| named(&[class, &test.name]))?;
            roots.contains("pom.xml").then(|| format!("mvn -q test -Dtest={class}#{}", test.name))
        }
        // Which of the many programs runs them is not written in the file.
        Language::TypeScript | Language::Tsx | Language::JavaScript => {
            roots.contains("package.json").then(|| "npm test --silent".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stranger_called_so_that_a_shell_would_run_it_gets_no_command() {
        for bad in ["a b.py", "-rf.py", "a;rm.py", "$(x).py", "a'b.py", "ä.py", "a\n.py"] {
            assert!(!is_plain_path(bad), "{bad}");
        }
        let roots = HashSet::from(["Cargo.toml".to_owned()]);
        let test = |name: &str| TestPlace {
            name: name.to_owned(),
            class: None,
            is_unittest: false,
            first_line: 1,
            last_line: 2,
        };
        assert_eq!(of_test("a.rs", Language::Rust, &test("x; rm -rf /"), &roots), None);
        assert_eq!(of_test("a.py", Language::Python, &test("x'"), &roots), None);
        assert_eq!(presence("a.py", ["def f'x"].into_iter(), "f'x"), None);
    }

    #[test]
    fn the_beginning_of_the_line_that_has_the_name_is_looked_for() {
        let lines = ["@cached", "    def count(text): return 'x'"];
        assert_eq!(presence("a/b.py", lines.into_iter(), "count").unwrap(), "grep -qF -e 'def count' a/b.py");
        let lines = ["p.add_argument('--limit', type=int)"];
        assert_eq!(presence("b.py", lines.into_iter(), "--limit").unwrap(), "grep -qF -e '--limit' b.py");
    }
}
