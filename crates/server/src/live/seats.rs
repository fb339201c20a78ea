//! Who is connected through this server, what each may still do, and who watches through other servers.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use swarm_domain::identity::Principal;
use swarm_store::Watching;
use tokio::time::Instant;

use super::{bucket::Bucket, frame::Watchers, path::Path};
use crate::config::SocketLimits;

/// How many names are told of those who watch a path.
const NAMES: usize = 20;

/// Every connection.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<Seating>);

#[derive(Debug, Default)]
struct Seating {
    seats: BTreeMap<u64, Arc<Seat>>,
    last: u64,
    watchers: BTreeMap<Path, BTreeMap<String, u32>>,
    /// Those who watch through other servers, by the path's text.
    elsewhere: BTreeMap<String, BTreeMap<String, u32>>,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Its number in this process.
    pub(crate) number: u64,
    /// Who is behind it.
    pub(crate) who: Principal,
    held: Mutex<Held>,
    began: Instant,
}

#[derive(Debug)]
struct Held {
    bucket: Bucket,
    paths: BTreeSet<Path>,
    waiting: usize,
}

/// What a connection may still do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    /// Messages that it may send at once.
    pub(crate) messages: u32,
    /// Paths that it follows.
    pub(crate) subscriptions: usize,
    /// Frames that wait for it.
    pub(crate) waiting: usize,
}

impl Seats {
    /// Takes a seat, where one is free.
    pub(crate) fn take(self: &Arc<Self>, who: Principal, limits: &SocketLimits) -> Option<Taken> {
        let mut seating = self.seating();
        if seating.seats.len() >= limits.max_connections {
            return None;
        }
        seating.last += 1;
        let began = Instant::now();
        let bucket = Bucket::new(limits.messages_per_second, limits.burst, began.elapsed());
        let held = Mutex::new(Held { bucket, paths: BTreeSet::new(), waiting: 0 });
        let seat = Arc::new(Seat { number: seating.last, who, held, began });
        seating.seats.insert(seat.number, Arc::clone(&seat));
        Some(Taken { seats: Arc::clone(self), seat })
    }

    /// How many are taken.
    pub(crate) fn len(&self) -> usize {
        self.seating().seats.len()
    }

    /// Those of one person, the oldest first.
    pub(crate) fn of(&self, who: &Principal) -> Vec<Arc<Seat>> {
        let is_theirs =
            |seat: &&Arc<Seat>| seat.who.tenant == who.tenant && seat.who.person() == who.person();
        self.seating().seats.values().filter(is_theirs).cloned().collect()
    }

    /// Who watches a path.
    pub(crate) fn watching(&self, path: &Path) -> Watchers {
        let (seating, text) = (self.seating(), path.to_string());
        let [here, elsewhere] = [seating.watchers.get(path), seating.elsewhere.get(&text)];
        let all = || here.into_iter().chain(elsewhere).flatten();
        let people: BTreeSet<&String> = all().map(|(person, _)| person).collect();
        Watchers {
            connections: all().map(|(_, connections)| connections).sum(),
            people: people.into_iter().take(NAMES).cloned().collect(),
            path: text,
        }
    }

    /// Who watches what through this server, for the others.
    pub(crate) fn told(&self) -> Vec<Watching> {
        let seating = self.seating();
        let each = seating.watchers.iter().flat_map(|(path, people)| {
            let path = path.to_string();
            people.iter().map(move |(person, connections)| Watching {
                path: path.clone(),
                person: person.clone(),
                connections: *connections,
            })
        });
        each.collect()
    }

    /// Who watches what through the others, in place of what was heard before.
    pub(crate) fn hear(&self, others: Vec<Watching>) {
        let mut elsewhere: BTreeMap<String, BTreeMap<String, u32>> = BTreeMap::new();
        for Watching { path, person, connections } in others {
            *elsewhere.entry(path).or_default().entry(person).or_default() += connections;
        }
        self.seating().elsewhere = elsewhere;
    }

    fn seating(&self) -> MutexGuard<'_, Seating> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Takes a message's worth, or says after how long there is one.
    pub(crate) fn take_message(&self) -> Result<(), std::time::Duration> {
        self.held().bucket.take(self.began.elapsed())
    }

    /// What it may still do.
    pub(crate) fn left(&self) -> Left {
        let mut held = self.held();
        let messages = held.bucket.left(self.began.elapsed());
        Left { messages, subscriptions: held.paths.len(), waiting: held.waiting }
    }

    /// Notes how many frames wait.
    pub(crate) fn waits(&self, waiting: usize) {
        self.held().waiting = waiting;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A seat that is taken until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    seats: Arc<Seats>,
    /// The seat.
    pub(crate) seat: Arc<Seat>,
}

impl Taken {
    /// Follows a path too.
    pub(crate) fn follow(&self, path: Path) {
        if self.seat.held().paths.insert(path.clone()) {
            let mut seating = self.seats.seating();
            *seating
                .watchers
                .entry(path)
                .or_default()
                .entry(self.seat.who.person().to_owned())
                .or_default() += 1;
        }
    }

    /// Follows a path no more. False where it did not.
    pub(crate) fn leave(&self, path: &Path) -> bool {
        let followed = self.seat.held().paths.remove(path);
        if followed {
            self.unwatch(path);
        }
        followed
    }

    /// What it follows.
    pub(crate) fn paths(&self) -> BTreeSet<Path> {
        self.seat.held().paths.clone()
    }

    fn unwatch(&self, path: &Path) {
        let mut seating = self.seats.seating();
        let Some(people) = seating.watchers.get_mut(path) else { return };
        if let Some(count) = people.get_mut(self.seat.who.person()) {
            *count -= 1;
            if *count == 0 {
                people.remove(self.seat.who.person());
            }
        }
        if people.is_empty() {
            seating.watchers.remove(path);
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for path in self.paths() {
            self.unwatch(&path);
        }
        self.seats.seating().seats.remove(&self.seat.number);
    }
}

#[cfg(test)]
mod tests {
    use super::{super::access::tests::operator as who, *};

    #[tokio::test]
    async fn there_are_as_many_seats_as_were_said_and_one_that_is_left_is_free_again() {
        let seats = Arc::new(Seats::default());
        let limits = SocketLimits { max_connections: 1, ..SocketLimits::default() };
        let first = seats.take(who("ada"), &limits).unwrap();
        assert!(seats.take(who("ada"), &limits).is_none());
        drop(first);
        assert!(seats.take(who("ada"), &limits).is_some());
    }

    #[tokio::test]
    async fn who_watches_a_path_is_known_until_they_leave() {
        let seats = Arc::new(Seats::default());
        let limits = SocketLimits::default();
        let [one, two, three] = ["ada", "ada", "bob"].map(|name| seats.take(who(name), &limits).unwrap());
        let path = Path::parse("runs/run_1").unwrap();
        for taken in [&one, &one, &two, &three] {
            taken.follow(path.clone());
        }
        let watchers = seats.watching(&path);
        assert_eq!((watchers.connections, watchers.people), (3, vec!["ada".to_owned(), "bob".to_owned()]));
        assert!(three.leave(&path) && !three.leave(&path));
        drop(one);
        assert_eq!(seats.watching(&path).connections, 1);
        drop((two, three));
        assert!(seats.seating().watchers.is_empty());
    }
}
