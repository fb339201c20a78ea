//! Takes changes in: beside the work folder first, then, checked as a whole, into it.

mod check;
mod landing;

use std::{
    collections::BTreeMap,
    fs::{self, File, Permissions},
    io::Write,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
};

use nix::{
    fcntl::AtFlags,
    sys::{stat::futimens, time::TimeSpec},
    unistd::{Gid, Uid, fchown, fchownat},
};

pub use landing::Landed;

use super::{Bounds, Content, Entry, Folder, Known, Mtime, Totals, TreeError, path::EntryPath};

/// All paths and links of one exchange together.
const LONGEST_LIST: usize = 64 << 20;

/// The side that gets the newer files.
#[derive(Debug)]
pub struct Stage {
    /// A fresh folder of its own, on the work folder's file system; removed at the end.
    folder: PathBuf,
    /// Who owns what lands, where not whoever runs this.
    owner: Option<(Uid, Gid)>,
    bounds: Bounds,
    entries: BTreeMap<EntryPath, Waiting>,
    listed: usize,
    totals: Totals,
    open: Option<Incoming>,
}

/// What will be at a path.
#[derive(Debug)]
enum Waiting {
    Gone,
    Folder {
        mode: u32,
    },
    /// A file or link that waits beside.
    Beside {
        number: u64,
        size: u64,
    },
}

/// A file whose bytes are coming.
#[derive(Debug)]
struct Incoming {
    path: EntryPath,
    file: File,
    left: u64,
    mode: u32,
    mtime: Mtime,
}

impl Stage {
    /// Begins an exchange. `folder` must not be there yet, and nobody else may write to where it will be.
    pub fn begin(folder: &Path, bounds: Bounds, owner: Option<(u32, u32)>) -> Result<Self, TreeError> {
        let failed = |error: std::io::Error| TreeError::io(&folder.display(), error);
        fs::create_dir(folder).map_err(failed)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(failed)?;
        let owner = owner.map(|(user, group)| (Uid::from_raw(user), Gid::from_raw(group)));
        Ok(Self {
            folder: folder.to_owned(),
            owner,
            bounds,
            entries: BTreeMap::new(),
            listed: 0,
            totals: Totals::default(),
            open: None,
        })
    }

    /// Takes the next entry.
    pub fn entry(&mut self, entry: Entry) -> Result<(), TreeError> {
        let Entry { path, content } = entry;
        if let Some(open) = &self.open {
            return Err(TreeError::Refused(format!("{} bytes of {} did not come", open.left, open.path)));
        }
        self.totals.entries += 1;
        self.listed += path.as_bytes().len();
        let number = self.totals.entries;
        let failed = |error| TreeError::io(&path, error);
        let waiting = match content {
            Content::Gone => Waiting::Gone,
            Content::Folder { mode } => Waiting::Folder { mode: mode & 0o777 },
            Content::Link { to } => {
                self.listed += to.as_bytes().len();
                let target = Path::new(std::ffi::OsStr::from_bytes(to.as_bytes()));
                std::os::unix::fs::symlink(target, self.beside(number)).map_err(failed)?;
                self.give_link(number).map_err(failed)?;
                Waiting::Beside { number, size: 0 }
            }
            Content::File { mode, size, mtime } => {
                if mtime.nanos >= 1_000_000_000 {
                    return Err(TreeError::Refused(format!("{path} has no possible time")));
                }
                self.totals.bytes = self.totals.bytes.saturating_add(size);
                if self.totals.bytes > self.bounds.bytes {
                    let most = self.bounds.bytes;
                    return Err(TreeError::TooMuch(format!("more than {most} bytes of files changed")));
                }
                let file = File::create_new(self.beside(number)).map_err(failed)?;
                self.open = Some(Incoming { path: path.clone(), file, left: size, mode, mtime });
                Waiting::Beside { number, size }
            }
        };
        if self.totals.entries > self.bounds.entries || self.listed > LONGEST_LIST {
            let most = self.bounds.entries;
            return Err(TreeError::TooMuch(format!("more than {most} files and folders changed")));
        }
        if self.entries.contains_key(&path) {
            return Err(TreeError::Refused(format!("{path} came twice")));
        }
        self.entries.insert(path, waiting);
        self.close_when_whole()
    }

    /// Takes the next bytes of the file that was named last.
    pub fn data(&mut self, bytes: &[u8]) -> Result<(), TreeError> {
        let Some(open) = &mut self.open else {
            return Err(TreeError::Refused("bytes came that belong to no file".to_owned()));
        };
        let left = open.left.checked_sub(bytes.len() as u64);
        open.left =
            left.ok_or_else(|| TreeError::Refused(format!("more bytes of {} came than it has", open.path)))?;
        open.file.write_all(bytes).map_err(|error| TreeError::io(&open.path, error))?;
        self.close_when_whole()
    }

    /// All has come. Checks that it fits together and fits what is there; from here it can be moved into the folder.
    pub fn end(self, said: Totals, known: &Known) -> Result<Landed, TreeError> {
        if let Some(open) = &self.open {
            return Err(TreeError::Refused(format!("{} bytes of {} did not come", open.left, open.path)));
        }
        if said != self.totals {
            return Err(TreeError::Refused(format!("{said:?} were announced and {:?} came", self.totals)));
        }
        check::fits(&self.entries, known)?;
        Ok(Landed::new(self))
    }

    /// Bytes that the folder will have more (or fewer) when this has landed.
    fn growth(&self, known: &Known) -> i128 {
        let one = |(path, waiting): (&EntryPath, &Waiting)| {
            let now = if let Waiting::Beside { size, .. } = waiting { *size } else { 0 };
            i128::from(now) - known.get(path).map_or(0, |stamp| i128::from(stamp.size()))
        };
        self.entries.iter().map(one).sum()
    }

    fn close_when_whole(&mut self) -> Result<(), TreeError> {
        let Some(Incoming { path, file, mode, mtime, .. }) = self.open.take_if(|open| open.left == 0) else {
            return Ok(());
        };
        let give = || -> std::io::Result<()> {
            // The owner can always read and write: whoever takes it over has to.
            file.set_permissions(Permissions::from_mode(mode & 0o777 | 0o600))?;
            if let Some((user, group)) = self.owner {
                fchown(&file, Some(user), Some(group))?;
            }
            let time = TimeSpec::new(mtime.seconds, i64::from(mtime.nanos));
            Ok(futimens(&file, &time, &time)?)
        };
        give().map_err(|error| TreeError::io(&path, error))
    }

    fn give_link(&self, number: u64) -> std::io::Result<()> {
        let Some((user, group)) = self.owner else {
            return Ok(());
        };
        let here = nix::fcntl::AT_FDCWD;
        Ok(fchownat(here, &self.beside(number), Some(user), Some(group), AtFlags::AT_SYMLINK_NOFOLLOW)?)
    }

    fn beside(&self, number: u64) -> PathBuf {
        self.folder.join(number.to_string())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests;
