//! Moves what waits beside into the work folder.

use std::ffi::OsStr;

use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::{AT_FDCWD, openat, renameat},
    sys::stat::{Mode, SFlag, fchmod, mkdirat},
    unistd::{UnlinkatFlags, fchown, unlinkat},
};

use super::{EntryPath, Folder, Known, Stage, TreeError, Waiting};
use crate::tree::{
    Stamp,
    folder::{flags, kind, look_at},
    latest, settle,
};

/// Changes that are whole, fit, and only have to be moved.
#[derive(Debug)]
pub struct Landed {
    stage: Stage,
}

impl Landed {
    pub(super) fn new(stage: Stage) -> Self {
        Self { stage }
    }

    /// How many entries.
    #[must_use]
    pub fn entries(&self) -> u64 {
        self.stage.totals.entries
    }

    /// Bytes that the folder will have more, or fewer, than what is known of it.
    #[must_use]
    pub fn growth(&self, known: &Known) -> i128 {
        self.stage.growth(known)
    }

    /// Moves them, and notes in `known` what is there then. With `clear`, a folder that makes way goes with what is in
    /// it that is never exchanged; without, that is left.
    pub fn land(self, folder: &mut Folder, known: &mut Known, clear: bool) -> Result<(), TreeError> {
        let mut landing = Landing { stage: &self.stage, folder, clear };
        let entries = || self.stage.entries.iter();
        let mut stamps = Vec::new();
        for (path, _) in entries().rev().filter(|(_, waiting)| matches!(waiting, Waiting::Gone)) {
            landing.remove(path).map_err(|error| TreeError::io(path, error))?;
            known.remove(path);
        }
        landing.folder.leave();
        for (path, waiting) in entries() {
            if let Waiting::Folder { mode } = waiting {
                landing.make_folder(path, *mode).map_err(|error| TreeError::io(path, error))?;
                stamps.push(path);
            }
        }
        for (path, waiting) in entries() {
            if let Waiting::Beside { number, .. } = waiting {
                landing.place(path, *number).map_err(|error| TreeError::io(path, error))?;
                stamps.push(path);
            }
        }
        let mut noted = Vec::new();
        for path in stamps {
            let seen = landing.folder.look(path).map_err(|error| TreeError::io(path, error))?;
            if let Some(stamp) = seen.as_ref().and_then(Stamp::of) {
                known.insert(path.clone(), stamp);
                noted.push(stamp);
            }
        }
        settle(&self.stage.folder, latest(&noted)).map_err(|error| TreeError::io(&"the clock", error))
    }
}

struct Landing<'a> {
    stage: &'a Stage,
    folder: &'a mut Folder,
    clear: bool,
}

impl Landing<'_> {
    fn remove(&mut self, path: &EntryPath) -> nix::Result<()> {
        let clear = self.clear;
        let (parent, name) = match self.folder.parent(path) {
            Ok(found) => found,
            // The folder it was in is gone already.
            Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(()),
            Err(error) => return Err(error),
        };
        let Some(stat) = look_at(parent, name)? else {
            return Ok(());
        };
        if kind(&stat) != SFlag::S_IFDIR {
            return unlinkat(parent, name, UnlinkatFlags::NoRemoveDir);
        }
        if clear {
            empty(parent, name)?;
        }
        match unlinkat(parent, name, UnlinkatFlags::RemoveDir) {
            Err(Errno::ENOTEMPTY | Errno::EEXIST) => Ok(()),
            done => done,
        }
    }

    fn make_folder(&mut self, path: &EntryPath, mode: u32) -> nix::Result<()> {
        let owner = self.stage.owner;
        let (parent, name) = self.folder.parent(path)?;
        let there = look_at(parent, name)?;
        if there.is_some_and(|stat| kind(&stat) != SFlag::S_IFDIR) {
            unlinkat(parent, name, UnlinkatFlags::NoRemoveDir)?;
        }
        match mkdirat(parent, name, Mode::S_IRWXU) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(error) => return Err(error),
        }
        let made = openat(parent, name, flags(), Mode::empty())?;
        // The owner can always enter it: whoever takes it over has to.
        fchmod(&made, Mode::from_bits_truncate(mode | 0o700))?;
        if let Some((user, group)) = owner {
            fchown(&made, Some(user), Some(group))?;
        }
        Ok(())
    }

    fn place(&mut self, path: &EntryPath, number: u64) -> nix::Result<()> {
        let (clear, beside) = (self.clear, self.stage.beside(number));
        let (parent, name) = self.folder.parent(path)?;
        if look_at(parent, name)?.is_some_and(|stat| kind(&stat) == SFlag::S_IFDIR) {
            if clear {
                empty(parent, name)?;
            }
            unlinkat(parent, name, UnlinkatFlags::RemoveDir)?;
        }
        renameat(AT_FDCWD, &beside, parent, name)
    }
}

/// Removes all that is in a folder, going by descriptors only.
fn empty(parent: impl std::os::fd::AsFd, name: &OsStr) -> nix::Result<()> {
    let mut folder = Dir::openat(parent, name, flags(), Mode::empty())?;
    let names: Vec<_> = folder.iter().flatten().map(|entry| entry.file_name().to_owned()).collect();
    for name in names.iter().filter(|name| !matches!(name.to_bytes(), b"." | b"..")) {
        match unlinkat(&folder, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
            Err(Errno::EISDIR | Errno::EPERM) => {
                empty(&folder, std::os::unix::ffi::OsStrExt::from_bytes(name.to_bytes()))?;
                unlinkat(&folder, name.as_c_str(), UnlinkatFlags::RemoveDir)?;
            }
            Err(Errno::ENOENT) | Ok(()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
