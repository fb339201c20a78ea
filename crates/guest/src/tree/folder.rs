//! A folder that is only entered by descriptor, step by step and past no link.

use std::{
    ffi::OsStr,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::Path,
};

use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, open, openat},
    sys::stat::{FileStat, Mode, SFlag, fstatat},
};

use super::path::EntryPath;

/// An open folder, and the one below it that was entered last.
#[derive(Debug)]
pub struct Folder {
    root: OwnedFd,
    last: Option<(EntryPath, OwnedFd)>,
}

impl Folder {
    /// Opens it.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Self { root: open(path, flags, Mode::empty())?, last: None })
    }

    /// The folder itself.
    pub(super) fn root(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }

    /// The folder that a path lies in, and the path's name there.
    pub(super) fn parent<'a>(&'a mut self, path: &'a EntryPath) -> nix::Result<(BorrowedFd<'a>, &'a OsStr)> {
        let (parent, name) = path.split();
        Ok((self.enter(parent)?, OsStr::from_bytes(name)))
    }

    /// Enters a folder below, or the folder itself.
    pub(super) fn enter(&mut self, path: Option<EntryPath>) -> nix::Result<BorrowedFd<'_>> {
        let Some(path) = path else {
            return Ok(self.root.as_fd());
        };
        let entered = match self.last.take() {
            Some((last, folder)) if last == path => folder,
            _ => {
                let mut at = None;
                for name in path.as_bytes().split(|byte| *byte == b'/') {
                    let from = at.as_ref().map_or(self.root.as_fd(), OwnedFd::as_fd);
                    at = Some(openat(from, OsStr::from_bytes(name), flags(), Mode::empty())?);
                }
                at.ok_or(Errno::EINVAL)?
            }
        };
        Ok(self.last.insert((path, entered)).1.as_fd())
    }

    /// Forgets what was entered: something in the way to it may be another thing now.
    pub(super) fn leave(&mut self) {
        self.last = None;
    }

    /// What is at a path, no link followed.
    pub(super) fn look(&mut self, path: &EntryPath) -> nix::Result<Option<FileStat>> {
        let (parent, name) = self.parent(path)?;
        look_at(parent, name)
    }
}

/// How folders are entered.
pub(super) fn flags() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

/// What has this name in a folder.
pub(super) fn look_at(parent: BorrowedFd<'_>, name: &OsStr) -> nix::Result<Option<FileStat>> {
    match fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Which kind of thing it is.
pub(super) fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT
}
