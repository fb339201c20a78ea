//! Code that stands somewhere already. Two places are the same where a window of [`WINDOW`] tokens is, whatever its names
//! and literals are: names count by where the same name came before within the window, as Baker has it ("On Finding
//! Duplication and Near-Duplication in Large Software Systems", 1995), so that a copy whose names were changed throughout
//! is still one, and code that only looks alike is none.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use super::{
    Lines,
    function::is_docstring,
    literal::is_literal,
    source::{Next, Source, is_comment, line_of, visit},
};

/// Tokens of the shortest clone: the default of the detectors jscpd and PMD's is between 50 and 100.
const WINDOW: usize = 50;
/// Different words and signs of the language that a window must have. A list of values or of fields is layout, and not
/// logic that somebody would have to change in two places.
const FEWEST_WORDS: usize = 8;

/// A token, as far as it tells whether code is the same.
#[derive(Debug, Clone, Copy)]
struct Token {
    line: u32,
    word: Word,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Word {
    /// Of the language: by its hash.
    Fixed(u64),
    Literal,
    /// A name: how many tokens ago the same one stood; 0 where it did not.
    Name(usize),
}

/// The tokens of a file.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    path: String,
    all: Vec<Token>,
}

/// A file of a change, and which of its lines are new.
pub(crate) struct Changed<'a> {
    pub(crate) tokens: Tokens,
    pub(crate) lines: &'a Lines,
}

/// How much of a change stands somewhere already.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Repeated {
    /// Tokens that the change added.
    pub(crate) tokens: u32,
    /// Lines that it put them on.
    pub(crate) lines: u32,
    /// How many of the tokens stand somewhere already.
    pub(crate) duplicated: u32,
    /// One such place: `a.py:3 repeats b.py:10`.
    pub(crate) at: Option<String>,
}

impl Tokens {
    /// The tokens of a file, without comments, documentation and imports.
    pub(crate) fn of(source: &Source<'_>) -> Self {
        let mut all = Vec::new();
        let mut last: HashMap<&str, usize> = HashMap::new();
        visit(source.root(), |node, _| {
            if is_comment(node) || is_listed(node.kind()) || is_documentation(node) {
                return Next::Over;
            }
            let is_value = is_literal(node);
            if !is_value && node.child_count() > 0 {
                return Next::Into;
            }
            let text = source.text_of(node);
            if text.trim().is_empty() {
                return Next::Over;
            }
            let word = if is_value || node.kind().ends_with("literal") {
                Word::Literal
            } else if node.kind().contains("identifier") {
                Word::Name(last.insert(text, all.len()).map_or(0, |before| all.len() - before))
            } else {
                Word::Fixed(hash(text))
            };
            all.push(Token { line: line_of(node.start_position().row), word });
            Next::Over
        });
        Self { path: source.path.to_owned(), all }
    }

    /// Where each window begins, and its hash. Windows of too few words are passed over.
    fn windows(&self) -> impl Iterator<Item = (usize, u64)> {
        let mut words: BTreeMap<u64, usize> = BTreeMap::new();
        let fixed = |token: &Token| match token.word {
            Word::Fixed(word) => Some(word),
            Word::Literal | Word::Name(_) => None,
        };
        self.all.windows(WINDOW).enumerate().filter_map(move |(start, window)| {
            let entering = if start == 0 { window } else { &window[WINDOW - 1..] };
            for word in entering.iter().filter_map(fixed) {
                *words.entry(word).or_default() += 1;
            }
            let is_logic = words.len() >= FEWEST_WORDS;
            // The first token leaves: it is no part of the next window.
            if let Some(word) = fixed(&window[0])
                && let Some(times) = words.get_mut(&word)
            {
                *times -= 1;
                if *times == 0 {
                    words.remove(&word);
                }
            }
            is_logic.then(|| (start, hash_of(window)))
        })
    }
}

/// Whether what lies below only lists what a file uses.
fn is_listed(kind: &str) -> bool {
    matches!(
        kind,
        "import_statement"
            | "import_from_statement"
            | "future_import_statement"
            | "import_declaration"
            | "use_declaration"
            | "package_clause"
            | "package_declaration"
    )
}

fn is_documentation(node: tree_sitter::Node<'_>) -> bool {
    node.kind() == "expression_statement" && is_docstring(node)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A name that came last before the window counts as new in it.
fn hash_of(window: &[Token]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (at, token) in window.iter().enumerate() {
        let word = match token.word {
            Word::Name(ago) if ago > at => Word::Name(0),
            word => word,
        };
        word.hash(&mut hasher);
    }
    hasher.finish()
}

/// A place in the change: a file and one of its tokens.
type Place = (usize, usize);

/// Looks for what a change repeats: of itself, and of what is there beside it.
pub(crate) struct Search<'a> {
    changed: &'a [Changed<'a>],
    /// Which tokens of each file are new.
    new: Vec<Vec<bool>>,
    /// Which of them stand somewhere already.
    repeated: Vec<Vec<bool>>,
    /// The windows of new tokens by their hashes.
    wanted: HashMap<u64, Vec<Place>>,
    at: Option<String>,
}

impl<'a> Search<'a> {
    /// Begins with what the change repeats of its own files.
    pub(crate) fn within(changed: &'a [Changed<'a>]) -> Self {
        let new: Vec<Vec<bool>> = changed
            .iter()
            .map(|file| file.tokens.all.iter().map(|one| file.lines.added.contains(&one.line)).collect())
            .collect();
        let repeated = new.iter().map(|of: &Vec<bool>| vec![false; of.len()]).collect();
        let mut search = Self { changed, new, repeated, wanted: HashMap::new(), at: None };
        let mut old: HashMap<u64, Place> = HashMap::new();
        for (file, one) in changed.iter().enumerate() {
            for (start, hash) in one.tokens.windows() {
                let window = &search.new[file][start..start + WINDOW];
                if window.iter().all(|is_new| *is_new) {
                    search.wanted.entry(hash).or_default().push((file, start));
                } else if !window.iter().any(|is_new| *is_new) {
                    old.entry(hash).or_insert((file, start));
                }
            }
        }
        let mut found: Vec<(Place, Place)> = Vec::new();
        for (hash, places) in &search.wanted {
            match old.get(hash) {
                Some(before) => found.extend(places.iter().map(|place| (*place, *before))),
                // The first of them is the original.
                None => found
                    .extend(places.iter().filter(|at| is_apart(places[0], **at)).map(|at| (*at, places[0]))),
            }
        }
        found.sort_unstable();
        for ((file, start), (in_file, before)) in found {
            let origin = &changed[in_file].tokens;
            search.repeats(file, start, &origin.path, origin.all[before].line);
        }
        search
    }

    /// Compares the change with a file that it left as it was.
    pub(crate) fn compare(&mut self, other: &Tokens) {
        let mut known: HashSet<u64> = HashSet::new();
        for (start, hash) in other.windows() {
            if !known.insert(hash) {
                continue;
            }
            for (file, own) in self.wanted.get(&hash).cloned().unwrap_or_default() {
                self.repeats(file, own, &other.path, other.all[start].line);
            }
        }
    }

    fn repeats(&mut self, file: usize, start: usize, origin: &str, line: u32) {
        self.repeated[file][start..start + WINDOW].fill(true);
        let own = &self.changed[file].tokens;
        if self.at.is_none() {
            self.at = Some(format!("{}:{} repeats {origin}:{line}", own.path, own.all[start].line));
        }
    }

    /// What was found.
    pub(crate) fn ended(self) -> Repeated {
        let count = |of: &[Vec<bool>]| {
            let set = of.iter().flatten().filter(|is_set| **is_set).count();
            u32::try_from(set).unwrap_or(u32::MAX)
        };
        let lines: HashSet<(usize, u32)> = self
            .changed
            .iter()
            .zip(&self.new)
            .enumerate()
            .flat_map(|(file, (one, new))| {
                let tokens = one.tokens.all.iter().zip(new).filter(|(_, is_new)| **is_new);
                tokens.map(move |(token, _)| (file, token.line))
            })
            .collect();
        Repeated {
            tokens: count(&self.new),
            lines: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            duplicated: count(&self.repeated),
            at: self.at,
        }
    }
}

/// Whether two windows have no token in common.
fn is_apart(one: Place, other: Place) -> bool {
    one.0 != other.0 || one.1.abs_diff(other.1) >= WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIC: &str = "def total(items, rate):\n    total = 0\n    for item in items:\n        if item.price > 10 and item.count:\n            total += item.price * item.count * rate\n        elif not item.count:\n            raise ValueError(item.name)\n    return round(total, 2)\n";

    fn tokens(path: &str, text: &str) -> Tokens {
        Tokens::of(&Source::read(path, text.as_bytes()).unwrap())
    }

    fn search(files: &[(&str, &str, Lines)], beside: &[(&str, &str)]) -> Repeated {
        let changed: Vec<_> =
            files.iter().map(|(path, text, lines)| Changed { tokens: tokens(path, text), lines }).collect();
        let mut search = Search::within(&changed);
        for (path, text) in beside {
            search.compare(&tokens(path, text));
        }
        search.ended()
    }

    fn whole<'a>(path: &'a str, text: &'a str) -> (&'a str, &'a str, Lines) {
        (path, text, Lines::all(text))
    }

    /// The same with other names and values, other layout, and comments.
    fn renamed() -> String {
        "# A copy.\n".to_owned()
            + &LOGIC
                .replace("total", "sum_of")
                .replace("item", "row")
                .replace("10", "99")
                .replace("    for", "    # Each.\n\n    for")
    }

    #[test]
    fn a_copy_with_other_names_and_values_is_a_copy() {
        let found = search(&[whole("a.py", LOGIC)], &[("b.py", &renamed())]);
        assert_eq!((found.tokens, found.lines), (found.duplicated, 8), "{found:?}");
        assert_eq!(found.at.as_deref(), Some("a.py:1 repeats b.py:2"));
    }

    #[test]
    fn names_that_are_used_otherwise_are_no_copy() {
        let other = LOGIC
            .replace("total += item.price * item.count * rate", "items += rate.price * total.count * item");
        let other = other.replace("if item.price > 10 and item.count", "if rate.price > 10 and items.count");
        let found = search(&[whole("a.py", LOGIC)], &[("b.py", &other)]);
        assert_eq!((found.duplicated, found.at), (0, None));
    }

    #[test]
    fn a_change_that_repeats_itself_is_found_and_the_original_does_not_count() {
        let twice = format!("{LOGIC}\n\n{}", renamed());
        let found = search(&[whole("a.py", &twice)], &[]);
        assert_eq!(found.duplicated * 2, found.tokens, "{found:?}");
        assert!(found.at.unwrap().ends_with(" repeats a.py:1"));
        let found = search(&[whole("a.py", LOGIC), whole("b.py", LOGIC)], &[]);
        assert_eq!(found.duplicated * 2, found.tokens, "{found:?}");
    }

    #[test]
    fn what_was_there_before_is_not_billed_to_the_change_and_can_be_what_it_repeats() {
        let text = format!("{LOGIC}\n\nx = 1\n{}", renamed());
        let last = u32::try_from(text.lines().count()).unwrap();
        let only =
            |range: std::ops::RangeInclusive<u32>| Lines { added: range.collect(), ..Lines::default() };
        let found = search(&[("a.py", &text, only(11..=11))], &[]);
        assert_eq!((found.tokens, found.lines, found.duplicated), (3, 1, 0));
        let found = search(&[("a.py", &text, only(12..=last))], &[]);
        assert_eq!(found.duplicated, found.tokens, "{found:?}");
        let found = search(&[("a.py", &text, only(1..=9))], &[]);
        assert_eq!(found.duplicated, found.tokens, "the one that was there is the original: {found:?}");
    }

    #[test]
    fn lists_of_values_and_of_imports_are_no_logic() {
        let lines = |of: fn(u32) -> String| (0..60).map(of).collect::<String>();
        let values = lines(|n| format!("    \"key{n}\": [{n}, {}],\n", n + 1));
        let table = format!("TABLE = {{\n{values}}}\n");
        let imports = lines(|n| format!("from a.b{n} import (c{n}, d{n})\n"));
        for text in [table, imports] {
            let found = search(&[whole("a.py", &text)], &[("b.py", &text)]);
            assert_eq!(found.duplicated, 0, "{found:?}");
        }
    }

    #[test]
    fn copies_are_found_in_each_language() {
        for (path, text) in [
            (
                "a.rs",
                "fn f(a: &[u8], b: u8) -> u32 { let mut sum = 0; for x in a { if *x > b && *x != 3 { sum += u32::from(*x) * 2; } else { return sum; } } while sum > 9 { sum -= 1; } sum + 1 }\n",
            ),
            (
                "a.ts",
                "function f(a: number[], b: number) { let sum = 0; for (const x of a) { if (x > b && x !== 3) { sum += x * 2; } else { return sum; } } while (sum > 9) { sum -= 1; } return sum + 1; }\n",
            ),
            (
                "a.js",
                "function f(a, b) { let sum = 0; for (const x of a) { if (x > b && x !== 3) { sum += x * 2; } else { return sum; } } while (sum > 9) { sum -= 1; } return sum + 1; }\n",
            ),
            (
                "a.go",
                "package a\nfunc F(a []int, b int) int { sum := 0; for _, x := range a { if x > b && x != 3 { sum += x * 2 } else { return sum } }; for sum > 9 { sum -= 1 }; return sum + 1 }\n",
            ),
            (
                "A.java",
                "class A { int f(int[] a, int b) { int sum = 0; for (int x : a) { if (x > b && x != 3) { sum += x * 2; } else { return sum; } } while (sum > 9) { sum -= 1; } return sum + 1; } }\n",
            ),
        ] {
            let copy = text.replace("sum", "zz");
            let found = search(&[whole(path, text)], &[(path, &copy)]);
            assert!(found.duplicated * 10 >= found.tokens * 9 && found.tokens > 50, "{path}: {found:?}");
        }
    }

    #[test]
    fn less_than_a_window_is_never_a_copy() {
        let short = "def f(a):\n    if a:\n        return 1\n";
        let found = search(&[whole("a.py", short)], &[("b.py", short)]);
        assert_eq!((found.duplicated, found.lines), (0, 3));
        assert_eq!(search(&[], &[("b.py", short)]), Repeated::default());
    }
}
