//! The work folder, and what of it a machine has.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use swarm_guest::tree::{
    Bounds, Folder, Known, Source, Stage, Totals, TreeError, changes, latest, scan, settle,
};
use tokio::sync::mpsc;

use super::link::{Link, LinkError, Piece};
use crate::sandbox::Limits;

/// More files and folders than this are in no work folder that is meant.
const MOST_ENTRIES: u64 = 200_000;

/// More bytes than this are not copied into a machine, whatever its disk would hold.
const MOST_BYTES: u64 = 8 << 30;

/// Pieces on their way between the stream and the files.
const WAITING: usize = 16;

/// One machine's copy of a work folder.
#[derive(Debug)]
pub(super) struct Files {
    workdir: PathBuf,
    /// Where what comes waits until it is whole: private, and on the work folder's file system.
    stages: PathBuf,
    /// A folder beside the work folder, where the private one is on another file system; removed when dropped.
    _beside: Option<tempfile::TempDir>,
    /// What the machine has.
    known: Known,
    exchanges: u64,
}

impl Files {
    /// A machine that has nothing yet. `private` is a folder of swarm's.
    pub(super) fn new(workdir: &Path, private: &Path) -> io::Result<Self> {
        let device = |path: &Path| fs::metadata(path).map(|found| found.dev());
        let (stages, beside) = if device(workdir)? == device(private)? {
            (private.to_owned(), None)
        } else {
            let parent = workdir.parent().unwrap_or(workdir);
            let beside = tempfile::Builder::new().prefix(".swarm-stage-").tempdir_in(parent)?;
            (beside.path().to_owned(), Some(beside))
        };
        Ok(Self { workdir: workdir.to_owned(), stages, _beside: beside, known: Known::new(), exchanges: 0 })
    }

    fn bounds(bytes: u64) -> Bounds {
        Bounds { entries: MOST_ENTRIES, bytes: bytes.min(MOST_BYTES) }
    }

    /// Gives the machine what changed on the host.
    pub(super) async fn push(self, link: &mut Link) -> Result<Self, LinkError> {
        let bounds = Self::bounds(MOST_BYTES);
        let (sender, pieces) = mpsc::channel(WAITING);
        let reading = tokio::task::spawn_blocking(move || self.read_out(bounds, &sender));
        let mut files = None;
        let totals = async {
            let (this, totals) = reading.await.map_err(|error| broken(&error))?;
            files = Some(this);
            totals
        };
        link.push(bounds, pieces, totals).await?;
        files.ok_or_else(|| LinkError::Lost("the files were not read".to_owned()))
    }

    fn read_out(mut self, bounds: Bounds, sender: &mpsc::Sender<Piece>) -> (Self, Result<Totals, TreeError>) {
        let sent = self.try_read_out(bounds, sender);
        (self, sent)
    }

    fn try_read_out(&mut self, bounds: Bounds, sender: &mpsc::Sender<Piece>) -> Result<Totals, TreeError> {
        let mut folder = Folder::open(&self.workdir).map_err(|source| at(&self.workdir, source))?;
        let now = scan(&folder, bounds.entries)?;
        let new = changes(&self.known, &now);
        let noted = latest(new.iter().filter_map(|(_, stamp)| stamp.as_ref()));
        let totals = Source::new(&mut folder).send(new, bounds, &mut self.known, |piece| {
            let piece = match piece {
                swarm_guest::tree::Piece::Entry(entry) => Piece::Entry(entry),
                swarm_guest::tree::Piece::Data(bytes) => Piece::Data(bytes.to_vec()),
            };
            sender.blocking_send(piece).map_err(|_| io::ErrorKind::BrokenPipe.into())
        })?;
        // What is changed from here on bears a later time.
        settle(&self.stages, noted).map_err(|source| at(&self.stages, source))?;
        Ok(totals)
    }

    /// Takes what the machine changed, all of it or nothing.
    pub(super) async fn pull(mut self, link: &mut Link, limits: &Limits) -> Result<Self, LinkError> {
        // A file that was there before counts when it was changed.
        let bounds = Self::bounds(limits.disk_bytes.saturating_add(self.bytes()));
        self.exchanges += 1;
        let (sender, mut pieces) = mpsc::channel(WAITING);
        let (said, totals) = tokio::sync::oneshot::channel::<Totals>();
        let writing = tokio::task::spawn_blocking(move || {
            let landed = self.take_in(bounds, &mut pieces, totals);
            landed.map(|()| self)
        });
        let asked = link.pull(bounds, sender).await;
        let failed = match asked {
            Ok(totals) => {
                // Who waits for it may be gone already, and says why below.
                let _ = said.send(totals);
                None
            }
            Err(error) => {
                drop(said);
                Some(error)
            }
        };
        let written = writing.await.map_err(|error| LinkError::Lost(error.to_string()))?;
        // Why they were not taken tells more than that they were not.
        match (failed, written) {
            (_, Err(error)) => Err(error.into()),
            (Some(error), Ok(_)) => Err(error),
            (None, Ok(files)) => Ok(files),
        }
    }

    fn bytes(&self) -> u64 {
        self.known.values().map(swarm_guest::tree::Stamp::size).sum()
    }

    fn take_in(
        &mut self,
        bounds: Bounds,
        pieces: &mut mpsc::Receiver<Piece>,
        totals: tokio::sync::oneshot::Receiver<Totals>,
    ) -> Result<(), TreeError> {
        let place = self.stages.join(format!("stage-{}-{}", std::process::id(), self.exchanges));
        let found = fs::metadata(&self.workdir).map_err(|source| at(&self.workdir, source))?;
        let mut stage = Stage::begin(&place, bounds, Some((found.uid(), found.gid())))?;
        while let Some(piece) = pieces.blocking_recv() {
            match piece {
                Piece::Entry(entry) => stage.entry(entry)?,
                Piece::Data(bytes) => stage.data(&bytes)?,
            }
        }
        // Without totals not all of it came, and why is known elsewhere.
        let Ok(totals) = totals.blocking_recv() else {
            return Ok(());
        };
        let landed = stage.end(totals, &self.known)?;
        let mut folder = Folder::open(&self.workdir).map_err(|source| at(&self.workdir, source))?;
        landed.land(&mut folder, &mut self.known, false)
    }
}

fn at(path: &Path, source: io::Error) -> TreeError {
    TreeError::Io { path: path.display().to_string(), source }
}

fn broken(error: &tokio::task::JoinError) -> TreeError {
    TreeError::Io { path: "the work folder".to_owned(), source: io::Error::other(error.to_string()) }
}
