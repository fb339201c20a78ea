//! The guest's end of the exchange of files.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use swarm_guest::{
    message::{Failed, FailedCode, FromGuest},
    protocol::{Frame, Kind},
    tree::{
        Bounds, Entry, Folder, Known, Piece, Source, Stage, Totals, TreeError, changes, latest, scan, settle,
    },
};

use crate::{outbox::Outbox, settings::Settings};

/// The work folder, and what of it the host has.
#[derive(Debug)]
pub struct Files {
    work: PathBuf,
    state: PathBuf,
    owner: Option<(u32, u32)>,
    inner: Mutex<Inner>,
    exchanges: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    known: Known,
    /// What comes in, or why it will not be taken.
    incoming: Option<(u32, Result<Stage, Failed>)>,
    /// The latest change that was noted.
    noted: Option<(i64, i64)>,
}

impl Files {
    pub fn new(settings: &Settings) -> Self {
        Self {
            work: settings.work.clone(),
            state: settings.state.clone(),
            owner: settings.user.map(|user| (user, user)),
            inner: Mutex::new(Inner { known: BTreeMap::new(), ..Inner::default() }),
            exchanges: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Files will come.
    pub fn begin(&self, channel: u32, bounds: Bounds) {
        let number = self.exchanges.fetch_add(1, Ordering::Relaxed);
        let folder = self.state.join(format!("stage-{number}"));
        // Of a session that broke off.
        let _ = fs::remove_dir_all(&folder);
        let mut inner = self.lock();
        inner.incoming = None;
        let stage = Stage::begin(&folder, bounds, self.owner).map_err(|error| failed(&error));
        inner.incoming = Some((channel, stage));
    }

    pub fn entry(&self, channel: u32, entry: Entry) {
        self.take(channel, |stage| stage.entry(entry));
    }

    pub fn data(&self, channel: u32, bytes: &[u8]) {
        self.take(channel, |stage| stage.data(bytes));
    }

    /// What cannot be taken is said at the end: the host sends all of it before it listens.
    fn take(&self, channel: u32, step: impl FnOnce(&mut Stage) -> Result<(), TreeError>) {
        let mut inner = self.lock();
        if let Some((at, incoming)) = &mut inner.incoming
            && *at == channel
            && let Ok(stage) = incoming
            && let Err(error) = step(stage)
        {
            *incoming = Err(failed(&error));
        }
    }

    /// The host does not go on.
    pub fn abort(&self) {
        self.lock().incoming = None;
    }

    /// All has come: puts it into the work folder.
    pub fn end(&self, channel: u32, totals: Totals) -> FromGuest {
        let mut inner = self.lock();
        let incoming = match inner.incoming.take() {
            Some((at, incoming)) if at == channel => incoming,
            _ => return refused("no files were to come on this channel"),
        };
        let landed = incoming.and_then(|stage| {
            let landed = stage.end(totals, &inner.known).map_err(|error| failed(&error))?;
            let mut folder = Folder::open(&self.work).map_err(|error| io_failed(&error))?;
            landed.land(&mut folder, &mut inner.known, true).map_err(|error| failed(&error))
        });
        landed.map_or_else(FromGuest::Failed, |()| FromGuest::Done { applied: true })
    }

    /// Sends what changed.
    pub fn pull(&self, channel: u32, bounds: Bounds, outbox: &Outbox) {
        let answer = match self.send(channel, bounds, outbox) {
            Ok(totals) => FromGuest::End(totals),
            Err(error) => FromGuest::Failed(failed(&error)),
        };
        outbox.say(channel, &answer);
    }

    fn send(&self, channel: u32, bounds: Bounds, outbox: &Outbox) -> Result<Totals, TreeError> {
        let mut inner = self.lock();
        let io = |source| TreeError::Io { path: "the work folder".to_owned(), source };
        let mut folder = Folder::open(&self.work).map_err(io)?;
        let now = scan(&folder, bounds.entries)?;
        let new = changes(&inner.known, &now);
        let noted = latest(new.iter().filter_map(|(_, stamp)| stamp.as_ref()));
        inner.noted = noted.max(inner.noted);
        let say = |piece: Piece<'_>| {
            match piece {
                Piece::Entry(entry) => {
                    outbox.send(FromGuest::Entry(entry).frame(channel).map_err(std::io::Error::other)?);
                }
                Piece::Data(bytes) => outbox.send(Frame::data(Kind::File, channel, bytes)),
            }
            Ok(())
        };
        Source::new(&mut folder).send(new, bounds, &mut inner.known, say)
    }

    /// Waits until what a command changes now can be told from what was noted.
    pub fn settle(&self) -> Result<(), Failed> {
        let noted = self.lock().noted.take();
        settle(&self.state, noted).map_err(|error| io_failed(&error))
    }
}

fn failed(error: &TreeError) -> Failed {
    let code = match error {
        TreeError::TooMuch(_) => FailedCode::TooMuch,
        TreeError::Refused(_) => FailedCode::Invalid,
        TreeError::Changed(_) | TreeError::Io { .. } => FailedCode::Io,
    };
    Failed::new(code, error.to_string())
}

fn io_failed(error: &std::io::Error) -> Failed {
    Failed::new(FailedCode::Io, error.to_string())
}

fn refused(detail: &str) -> FromGuest {
    FromGuest::Failed(Failed::new(FailedCode::Invalid, detail))
}
