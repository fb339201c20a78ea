//! What was read of a repository's objects. They are named by their content, so what was read once holds for as long as
//! the repository is there, and a process of git is not started for it again.
//!
//! Only what was found is remembered, never what was not: another process may bring it at any time.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{object::RawCommit, tree::Entry};

/// Commits whose names are remembered.
const COMMITS: usize = 8_192;
/// Bytes of file names that are remembered, about.
const LISTED_BYTES: usize = 16 << 20;
/// Bytes of file contents that are remembered.
const CONTENT_BYTES: usize = 16 << 20;
/// What one thing may take of the room for its kind: one large repository must not push out all others.
const SHARE: usize = 4;

/// What is known of one repository. Bounded: the oldest goes first.
#[derive(Debug)]
pub(crate) struct Known(Mutex<Inside>);

#[derive(Debug)]
struct Inside {
    commits: Bounded<String, ()>,
    raw: Bounded<String, Arc<RawCommit>>,
    listed: Bounded<String, Arc<[Entry]>>,
    /// Trees in which no link leads out.
    contained: Bounded<String, ()>,
    contents: Bounded<String, Arc<[u8]>>,
    lines: Bounded<(String, String), bool>,
}

impl Default for Known {
    fn default() -> Self {
        Self(Mutex::new(Inside {
            commits: Bounded::new(COMMITS),
            raw: Bounded::new(COMMITS / 8),
            listed: Bounded::new(LISTED_BYTES),
            contained: Bounded::new(COMMITS),
            contents: Bounded::new(CONTENT_BYTES),
            lines: Bounded::new(COMMITS),
        }))
    }
}

impl Known {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the repository is known to hold a commit of this name.
    pub(crate) fn is_commit(&self, name: &str) -> bool {
        self.inside().commits.get(name).is_some()
    }

    pub(crate) fn note_commit(&self, name: &str) {
        self.inside().commits.put(name.to_owned(), (), 1);
    }

    pub(crate) fn raw(&self, name: &str) -> Option<Arc<RawCommit>> {
        self.inside().raw.get(name).cloned()
    }

    pub(crate) fn note_raw(&self, name: &str, raw: Arc<RawCommit>) {
        self.inside().raw.put(name.to_owned(), raw, 1);
    }

    /// The files of a tree, or of a commit's tree.
    pub(crate) fn listed(&self, tree: &str) -> Option<Arc<[Entry]>> {
        self.inside().listed.get(tree).cloned()
    }

    pub(crate) fn note_listed(&self, tree: &str, entries: &Arc<[Entry]>) {
        let bytes = entries.iter().map(|entry| entry.path.len() + entry.id.len() + size_of::<Entry>()).sum();
        self.inside().listed.put(tree.to_owned(), Arc::clone(entries), bytes);
    }

    pub(crate) fn is_contained(&self, tree: &str) -> bool {
        self.inside().contained.get(tree).is_some()
    }

    pub(crate) fn note_contained(&self, tree: &str) {
        self.inside().contained.put(tree.to_owned(), (), 1);
    }

    pub(crate) fn content(&self, blob: &str) -> Option<Arc<[u8]>> {
        self.inside().contents.get(blob).cloned()
    }

    pub(crate) fn note_content(&self, blob: &str, bytes: &[u8]) {
        self.inside().contents.put(blob.to_owned(), bytes.into(), bytes.len().max(1));
    }

    /// Whether the first is the second or comes before it.
    pub(crate) fn line(&self, ancestor: &str, descendant: &str) -> Option<bool> {
        self.inside().lines.get(&(ancestor.to_owned(), descendant.to_owned())).copied()
    }

    pub(crate) fn note_line(&self, ancestor: &str, descendant: &str, holds: bool) {
        self.inside().lines.put((ancestor.to_owned(), descendant.to_owned()), holds, 1);
    }
}

/// A map that forgets its oldest entries.
#[derive(Debug)]
struct Bounded<K, V> {
    room: usize,
    taken: usize,
    entries: HashMap<K, (V, usize)>,
    order: VecDeque<K>,
}

impl<K: Clone + Eq + Hash, V> Bounded<K, V> {
    fn new(room: usize) -> Self {
        Self { room, taken: 0, entries: HashMap::new(), order: VecDeque::new() }
    }

    fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: std::borrow::Borrow<Q>,
    {
        self.entries.get(key).map(|(value, _)| value)
    }

    /// Remembers it, unless it is known already or too large.
    fn put(&mut self, key: K, value: V, weight: usize) {
        if weight > self.room / SHARE || self.entries.contains_key(&key) {
            return;
        }
        self.taken += weight;
        self.order.push_back(key.clone());
        self.entries.insert(key, (value, weight));
        while self.taken > self.room
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.entries.remove(&oldest);
            self.taken -= gone.map_or(0, |(_, weight)| weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_where_room_is_needed_and_what_is_too_large_is_not_taken() {
        let mut bounded = Bounded::new(8);
        for (key, weight) in [("a", 2), ("large", 3), ("b", 2), ("a", 2), ("c", 2), ("d", 2), ("e", 2)] {
            bounded.put(key, (), weight);
        }
        let known = ["a", "large", "b", "c", "d", "e"].map(|key| bounded.get(key).is_some());
        assert_eq!(known, [false, false, true, true, true, true]);
        assert_eq!((bounded.taken, bounded.order.len(), bounded.entries.len()), (8, 4, 4));
    }
}
