//! What a repository's code offers, found by grammar: each thing with its lines, and the tests that name it.

use std::collections::{BTreeMap, HashMap, HashSet};

use swarm_domain::derived::{Citation, Proof, Thing, ThingKind, Unread};

use super::command;
use crate::code::{
    Item, ItemKind, Language, MAX_SOURCE_BYTES, Offer, Source, TestPlace, is_test_path, items, offers,
    test_places,
};

/// Files that are parsed, and bytes of all of them.
pub(super) const MAX_FILES: usize = 2_000;
pub(super) const MAX_BYTES: usize = 32 << 20;
/// Tests that are looked through, and tests of one thing.
const MAX_TESTS: usize = 4_000;
const MAX_TESTS_OF_ONE: usize = 5;
/// Lines and bytes of an excerpt.
const MAX_LINES: usize = 80;
const MAX_EXCERPT: usize = 4_000;
/// A shorter name is found in tests that do not mean it.
const MIN_NAME: usize = 3;
/// Folders whose code is somebody else's, or made by a program.
const FOREIGN: [&str; 9] =
    ["node_modules", "vendor", "third_party", "dist", "build", "target", "venv", ".venv", "__pycache__"];

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Inventory {
    /// In the order of the files and their lines.
    pub(crate) things: Vec<Thing>,
    /// How many lines each file has that was read.
    pub(crate) lengths: BTreeMap<String, u32>,
    /// What was not read, and why.
    pub(crate) unread: Vec<Unread>,
    /// The files that say how the project is built.
    pub(crate) roots: HashSet<String>,
}

/// Whether a file is read at all.
pub(super) fn is_wanted(path: &str) -> bool {
    Language::of_path(path).is_some() && !path.split('/').any(|part| FOREIGN.contains(&part))
}

/// A test with the words that it uses.
struct Test {
    path: String,
    language: Language,
    place: TestPlace,
    text: String,
    /// The whole of its file's words, by which it is seen what the test is about.
    of: usize,
}

struct Tests {
    all: Vec<Test>,
    by_word: HashMap<String, Vec<usize>>,
    files: Vec<HashSet<String>>,
}

/// Looks through the files of a commit. A file that came without bytes is too large to be read.
pub(super) fn inventory(files: &[(String, Option<Vec<u8>>)], roots: HashSet<String>) -> Inventory {
    let mut found = Inventory { roots, ..Inventory::default() };
    let mut tests = Tests { all: Vec::new(), by_word: HashMap::new(), files: Vec::new() };
    for (path, bytes) in files {
        let unread = |why: String| Unread { path: path.clone(), why };
        let Some(bytes) = bytes else {
            found.unread.push(unread(format!("it has more than {MAX_SOURCE_BYTES} bytes")));
            continue;
        };
        if !command::is_plain_path(path) {
            found.unread.push(unread("its path cannot be written in a command".to_owned()));
            continue;
        }
        match Source::read(path, bytes) {
            Ok(source) => {
                let text = std::str::from_utf8(bytes).unwrap_or_default();
                found.lengths.insert(path.clone(), u32::try_from(text.lines().count()).unwrap_or(u32::MAX));
                tests.look(path, text, &source);
                if !is_test_path(path) {
                    things_of(path, text, &source, &mut found);
                }
            }
            Err(error) => found.unread.push(unread(error.to_string())),
        }
    }
    let roots = &found.roots;
    for thing in &mut found.things {
        thing.tests = tests.of(thing, roots);
    }
    found
}

fn things_of(path: &str, text: &str, source: &Source<'_>, found: &mut Inventory) {
    let within: Vec<TestPlace> = test_places(source);
    let is_in_test = |line: u32| within.iter().any(|test| (test.first_line..=test.last_line).contains(&line));
    let public = items(source).into_iter().filter(|item| item.public && !is_in_test(item.first_line));
    let mut things: Vec<(Thing, Option<String>)> =
        public.filter_map(|item| of_item(path, text, item)).collect();
    let offered = offers(source).into_iter().filter(|offer| !is_in_test(offer.first_line));
    things.extend(offered.map(|offer| of_offer(path, text, offer)));
    things.sort_by_key(|(thing, _)| (thing.at.first_line, thing.kind));
    for (thing, presence) in things {
        match presence {
            Some(presence) => found.things.push(Thing { presence, ..thing }),
            None => found.unread.push(Unread {
                path: thing.at.to_string(),
                why: "its name cannot be written in a command".to_owned(),
            }),
        }
    }
}

fn of_item(path: &str, text: &str, item: Item) -> Option<(Thing, Option<String>)> {
    let kind = match item.kind {
        ItemKind::Function => ThingKind::Function,
        ItemKind::Class => ThingKind::Class,
        ItemKind::Interface => ThingKind::Interface,
        ItemKind::Enum => ThingKind::Enum,
        // Part of what it belongs to.
        ItemKind::Method => return None,
    };
    // Languages call themselves by such names, not those who use the code.
    if item.name.starts_with("__") || (kind == ThingKind::Function && item.container.is_some()) {
        return None;
    }
    let at = place(path, item.first_line, item.last_line);
    let presence = command::presence(path, lines(text, &at), &item.name);
    let excerpt = excerpt(text, &at);
    let Item { name, signature: shown, doc, .. } = item;
    Some((
        Thing { kind, name, shown, doc, at, excerpt, tests: Vec::new(), presence: String::new() },
        presence,
    ))
}

fn of_offer(path: &str, text: &str, offer: Offer) -> (Thing, Option<String>) {
    let at = place(path, offer.first_line, offer.last_line);
    let presence = command::presence(path, lines(text, &at), &offer.written);
    let kind = if offer.is_route { ThingKind::Route } else { ThingKind::Option };
    let excerpt = excerpt(text, &at);
    let Offer { name, help: doc, .. } = offer;
    let thing = Thing {
        kind,
        shown: name.clone(),
        name,
        doc,
        at,
        excerpt,
        tests: Vec::new(),
        presence: String::new(),
    };
    (thing, presence)
}

fn place(path: &str, first_line: u32, last_line: u32) -> Citation {
    Citation { path: path.to_owned(), first_line, last_line: last_line.max(first_line) }
}

fn lines<'a>(text: &'a str, at: &Citation) -> impl Iterator<Item = &'a str> {
    let first = at.first_line.saturating_sub(1) as usize;
    text.lines().skip(first).take((at.last_line - at.first_line) as usize + 1)
}

fn excerpt(text: &str, at: &Citation) -> String {
    let mut excerpt = String::new();
    for line in lines(text, at).take(MAX_LINES) {
        if excerpt.len() + line.len() > MAX_EXCERPT {
            break;
        }
        excerpt.push_str(line);
        excerpt.push('\n');
    }
    excerpt
}

fn words(text: &str) -> HashSet<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.filter(|word| word.len() >= MIN_NAME).map(str::to_owned).collect()
}

impl Tests {
    fn look(&mut self, path: &str, text: &str, source: &Source<'_>) {
        let places = test_places(source);
        if places.is_empty() {
            return;
        }
        self.files.push(words(text));
        for found in places {
            if self.all.len() == MAX_TESTS {
                return;
            }
            let text = excerpt(text, &place(path, found.first_line, found.last_line));
            for word in words(&text) {
                self.by_word.entry(word).or_default().push(self.all.len());
            }
            let (path, language) = (path.to_owned(), source.language());
            self.all.push(Test { path, language, place: found, text, of: self.files.len() - 1 });
        }
    }

    /// The tests that name a thing and are about its file; those whose command is known first.
    fn of(&self, thing: &Thing, roots: &HashSet<String>) -> Vec<Proof> {
        let named: Vec<&Test> = match thing.kind {
            ThingKind::Option | ThingKind::Route => {
                let written = thing.name.rsplit(' ').next().unwrap_or(&thing.name);
                let names = |test: &&Test| {
                    let quoted =
                        ["\"", "'", "`"].iter().any(|mark| test.text.contains(&format!("{mark}{written}")));
                    quoted && written.len() >= MIN_NAME
                };
                self.all.iter().filter(names).collect()
            }
            _ => {
                let known = self.by_word.get(&thing.name).map_or(&[][..], Vec::as_slice);
                known
                    .iter()
                    .filter_map(|index| self.all.get(*index))
                    .filter(|test| self.is_about(test, thing))
                    .collect()
            }
        };
        let mut proofs: Vec<Proof> = named
            .into_iter()
            .map(|test| Proof {
                at: place(&test.path, test.place.first_line, test.place.last_line),
                excerpt: test.text.clone(),
                command: command::of_test(&test.path, test.language, &test.place, roots),
            })
            .collect();
        proofs.sort_by_key(|proof| proof.command.is_none());
        proofs.truncate(MAX_TESTS_OF_ONE);
        proofs
    }

    /// Whether a test's file has to do with a thing's: it is the same, or in the same package, or names it.
    fn is_about(&self, test: &Test, thing: &Thing) -> bool {
        let folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        if test.path == thing.at.path
            || (test.language == Language::Go && folder(&test.path) == folder(&thing.at.path))
        {
            return true;
        }
        let (folder, name) = thing.at.path.rsplit_once('/').unwrap_or(("", &thing.at.path));
        let stem = name.split('.').next().unwrap_or(name);
        let stem = match stem {
            "__init__" | "index" | "mod" | "lib" | "main" => folder.rsplit('/').next().unwrap_or_default(),
            stem => stem,
        };
        let package =
            folder.rsplit('/').find(|part| !matches!(*part, "src" | "lib" | "")).unwrap_or_default();
        let known =
            |word: &str| self.files.get(test.of).is_some_and(|words| words.contains(&word.replace('-', "_")));
        stem.len() < MIN_NAME || stem == "src" || known(stem) || known(package)
    }
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
