//! Where kernels, images and templates are kept: one folder, below swarm's own.
//!
//! Everything in it is made beside its place and then moved there, so that what has its name is whole; and is never
//! changed afterwards, so that what uses it may go on doing so.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Names another folder for kernels, images and templates, for several data folders to share one.
const VARIABLE: &str = "SWARM_VM_DIR";

/// What is still being made has a name that begins with this.
const MAKING: &str = ".making-";

/// The folder.
#[derive(Debug, Clone)]
pub struct Home {
    folder: PathBuf,
}

impl Home {
    /// The one that goes with the folder for the records of sandboxes, or the one that `SWARM_VM_DIR` names.
    #[must_use]
    pub fn of(state: &Path) -> Self {
        let named = std::env::var_os(VARIABLE).filter(|named| !named.is_empty());
        Self { folder: named.map_or_else(|| state.join("vm"), PathBuf::from) }
    }

    /// This one.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Its path.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The shelf with this name.
    pub(super) fn shelf(&self, name: &str) -> Shelf {
        Shelf { folder: self.folder.join(name) }
    }
}

/// A folder of things that are made whole and never changed.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    folder: PathBuf,
}

impl Shelf {
    /// Where the thing with this name is, or will be.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The names of what is there.
    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
        names.sort();
        names
    }

    /// Waits until nobody else makes something here, and clears away what one who was killed had begun.
    pub(super) fn lock(&self) -> io::Result<Bench> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.folder.join(".lock"))?;
        lock.lock()?;
        for entry in fs::read_dir(&self.folder)?.flatten() {
            if entry.file_name().to_string_lossy().starts_with(MAKING) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(Bench { shelf: self.clone(), _lock: lock })
    }
}

/// The right to make things on a shelf.
#[derive(Debug)]
pub(super) struct Bench {
    shelf: Shelf,
    _lock: File,
}

impl Bench {
    /// An empty folder to make something in.
    pub(super) fn begin(&self) -> io::Result<tempfile::TempDir> {
        tempfile::Builder::new().prefix(MAKING).tempdir_in(&self.shelf.folder)
    }

    /// Puts what was made in its place. What stands there already is moved out of the way and removed.
    pub(super) fn place(&self, made: tempfile::TempDir, name: &str) -> io::Result<PathBuf> {
        let place = self.shelf.place(name);
        for file in fs::read_dir(made.path())?.flatten() {
            File::open(file.path())?.sync_all()?;
        }
        if place.exists() {
            let old = self.begin()?;
            fs::rename(&place, old.path().join("old"))?;
        }
        fs::rename(made.keep(), &place)?;
        File::open(&self.shelf.folder)?.sync_all()?;
        Ok(place)
    }

    /// Removes one thing.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        let old = self.begin()?;
        fs::rename(self.shelf.place(name), old.path().join("old"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_not_finished_has_no_name_and_is_cleared_away() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Home::at(folder.path()).shelf("things");
        let begun = shelf.lock().unwrap().begin().unwrap().keep();
        fs::write(begun.join("half"), "x").unwrap();
        assert!(shelf.names().is_empty());
        drop(shelf.lock().unwrap());
        assert!(!begun.exists());
    }

    #[test]
    fn a_thing_that_is_made_again_takes_the_place_of_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = Home::at(folder.path()).shelf("things");
        for content in ["old", "new"] {
            let bench = shelf.lock().unwrap();
            let making = bench.begin().unwrap();
            fs::write(making.path().join("file"), content).unwrap();
            let place = bench.place(making, "thing").unwrap();
            assert_eq!(fs::read_to_string(place.join("file")).unwrap(), content);
        }
        assert_eq!(shelf.names(), ["thing"]);
        shelf.lock().unwrap().remove("thing").unwrap();
        assert!(shelf.names().is_empty());
        assert_eq!(fs::read_dir(folder.path().join("things")).unwrap().count(), 1, "the lock");
    }
}
