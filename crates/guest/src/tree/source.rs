//! Reads changes out of the work folder.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
};

use nix::{
    fcntl::{OFlag, openat, readlinkat},
    sys::stat::{Mode, SFlag, fstat},
};

use super::{
    Bounds, Content, Entry, Known, LinkTarget, Mtime, Stamp, Totals, TreeError,
    folder::{Folder, kind},
    path::EntryPath,
};
use crate::protocol::DATA;

/// What is sent, in order.
#[derive(Debug)]
pub enum Piece<'a> {
    /// The next entry.
    Entry(Entry),
    /// The next bytes of the file that was named last.
    Data(&'a [u8]),
}

/// The side that has the newer files.
#[derive(Debug)]
pub struct Source<'a> {
    folder: &'a mut Folder,
    totals: Totals,
}

impl<'a> Source<'a> {
    /// Reads from a folder.
    pub fn new(folder: &'a mut Folder) -> Self {
        Self { folder, totals: Totals::default() }
    }

    /// Sends changes, and notes in `known` what the other side will have then.
    pub fn send(
        mut self,
        changes: Vec<(EntryPath, Option<Stamp>)>,
        bounds: Bounds,
        known: &mut Known,
        mut sink: impl FnMut(Piece<'_>) -> io::Result<()>,
    ) -> Result<Totals, TreeError> {
        let bytes: u64 = changes.iter().filter_map(|(_, stamp)| *stamp).map(|stamp| stamp.size()).sum();
        if bytes > bounds.bytes {
            let most = bounds.bytes;
            return Err(TreeError::TooMuch(format!("{bytes} bytes of files changed; {most} are the most")));
        }
        for (path, stamp) in changes {
            self.totals.entries += 1;
            if let Some(stamp) = stamp {
                self.send_one(&path, stamp, &mut sink)?;
                known.insert(path, stamp);
            } else {
                emit(&mut sink, &path, Content::Gone)?;
                known.remove(&path);
            }
        }
        Ok(self.totals)
    }

    fn send_one(
        &mut self,
        path: &EntryPath,
        stamp: Stamp,
        sink: &mut impl FnMut(Piece<'_>) -> io::Result<()>,
    ) -> Result<(), TreeError> {
        let failed = |error| TreeError::io(path, error);
        let changed = || TreeError::Changed(path.clone());
        let (parent, name) = self.folder.parent(path).map_err(|_| changed())?;
        match stamp {
            Stamp::Folder { mode } => emit(sink, path, Content::Folder { mode })?,
            Stamp::Link { .. } => {
                let said = readlinkat(parent, name).map_err(|_| changed())?;
                let to = LinkTarget::new(said.as_bytes())
                    .ok_or_else(|| TreeError::TooMuch(format!("the link {path} is too long")))?;
                emit(sink, path, Content::Link { to })?;
            }
            Stamp::File { .. } => {
                let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
                let opened = openat(parent, name, flags, Mode::empty()).map_err(failed)?;
                let stat = fstat(&opened).map_err(failed)?;
                // What was noted in the scan must still be it: it was counted against the bounds.
                if kind(&stat) != SFlag::S_IFREG || Stamp::of(&stat) != Some(stamp) {
                    return Err(changed());
                }
                let (mode, size) = (stat.st_mode & 0o777, stamp.size());
                let nanos = u32::try_from(stat.st_mtime_nsec).unwrap_or(0);
                let mtime = Mtime { seconds: stat.st_mtime, nanos };
                emit(sink, path, Content::File { mode, size, mtime })?;
                self.send_bytes(path, File::from(opened), size, sink)?;
            }
        }
        Ok(())
    }

    fn send_bytes(
        &mut self,
        path: &EntryPath,
        mut file: File,
        size: u64,
        sink: &mut impl FnMut(Piece<'_>) -> io::Result<()>,
    ) -> Result<(), TreeError> {
        let mut buffer = vec![0; DATA.min(usize::try_from(size).unwrap_or(DATA)).max(1)];
        let mut left = size;
        while left > 0 {
            let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = match file.read(&mut buffer[..wanted]) {
                Ok(0) => return Err(TreeError::Changed(path.clone())),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(TreeError::io(path, error)),
            };
            sink(Piece::Data(&buffer[..count])).map_err(|error| TreeError::io(&"the stream", error))?;
            left -= count as u64;
            self.totals.bytes += count as u64;
        }
        Ok(())
    }
}

fn emit(
    sink: &mut impl FnMut(Piece<'_>) -> io::Result<()>,
    path: &EntryPath,
    content: Content,
) -> Result<(), TreeError> {
    let entry = Entry { path: path.clone(), content };
    sink(Piece::Entry(entry)).map_err(|error| TreeError::io(&"the stream", error))
}
