//! What is in the work folder now, and what of it is new.

use std::{collections::BTreeMap, ffi::OsStr, os::unix::ffi::OsStrExt};

use nix::{
    dir::Dir,
    errno::Errno,
    fcntl::openat,
    sys::stat::{FileStat, Mode, SFlag},
};

use super::{
    TreeError,
    folder::{Folder, flags, kind, look_at},
    path::{EntryPath, is_name},
};

/// What the other side has, path by path.
pub type Known = BTreeMap<EntryPath, Stamp>;

/// By what a thing is known again. See [`tree`](super) for why this is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// A folder, with its permissions.
    Folder {
        /// `rwx` of owner, group and others.
        mode: u32,
    },
    /// A file.
    File {
        /// `rwx` of owner, group and others.
        mode: u32,
        /// Bytes.
        size: u64,
        /// Inode, and the times of the last modification and change.
        mark: Mark,
    },
    /// A symbolic link.
    Link {
        /// Inode, and the times of the last modification and change.
        mark: Mark,
    },
}

/// Inode, and the times of the last modification and change.
pub type Mark = (u64, (i64, i64), (i64, i64));

impl Stamp {
    /// Nothing for what is not exchanged: devices, sockets, pipes.
    pub(super) fn of(stat: &FileStat) -> Option<Self> {
        let mode = stat.st_mode & 0o777;
        let mark = (stat.st_ino, (stat.st_mtime, stat.st_mtime_nsec), (stat.st_ctime, stat.st_ctime_nsec));
        match kind(stat) {
            SFlag::S_IFDIR => Some(Self::Folder { mode }),
            SFlag::S_IFREG => Some(Self::File { mode, size: stat.st_size.unsigned_abs(), mark }),
            SFlag::S_IFLNK => Some(Self::Link { mark }),
            _ => None,
        }
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        matches!(self, Self::Folder { .. })
    }

    /// A file's bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        if let Self::File { size, .. } = self { *size } else { 0 }
    }

    fn changed_at(&self) -> Option<(i64, i64)> {
        match self {
            Self::File { mark, .. } | Self::Link { mark } => Some(mark.2),
            Self::Folder { .. } => None,
        }
    }
}

/// The latest change among stamps, for [`settle`](super::settle()).
#[must_use]
pub fn latest<'a>(stamps: impl IntoIterator<Item = &'a Stamp>) -> Option<(i64, i64)> {
    stamps.into_iter().filter_map(Stamp::changed_at).max()
}

/// Looks at everything, up to a number of entries. What cannot be exchanged, and every `.git`, is passed over.
pub fn scan(folder: &Folder, most: u64) -> Result<Known, TreeError> {
    let mut known = Known::new();
    let root = openat(folder.root(), ".", flags(), Mode::empty()).and_then(Dir::from_fd);
    walk(root.map_err(|error| TreeError::io(&"the work folder", error))?, None, most, &mut known)?;
    Ok(known)
}

fn walk(mut folder: Dir, at: Option<&EntryPath>, most: u64, known: &mut Known) -> Result<(), TreeError> {
    let shown = || at.map_or_else(|| "the work folder".to_owned(), ToString::to_string);
    let mut names = Vec::new();
    for entry in folder.iter() {
        let entry = entry.map_err(|error| TreeError::io(&shown(), error))?;
        if is_name(entry.file_name().to_bytes()) {
            names.push(entry.file_name().to_bytes().to_vec());
        }
        if (known.len() + names.len()) as u64 > most {
            return Err(TreeError::TooMuch(format!("there are more than {most} files and folders")));
        }
    }
    for name in names {
        let path = at.map_or_else(|| EntryPath::new(&name), |at| at.join(&name));
        let path = path.map_err(|error| TreeError::TooMuch(error.to_string()))?;
        let failed = |error| TreeError::io(&path, error);
        let name = OsStr::from_bytes(&name);
        let Some(stat) = look_at(std::os::fd::AsFd::as_fd(&folder), name).map_err(failed)? else {
            continue;
        };
        let Some(stamp) = Stamp::of(&stat) else {
            continue;
        };
        known.insert(path.clone(), stamp);
        if !stamp.is_folder() {
            continue;
        }
        match Dir::openat(&folder, name, flags(), Mode::empty()) {
            Ok(inner) => walk(inner, Some(&path), most, known)?,
            // Gone, or something else, since the look a moment ago.
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => drop(known.remove(&path)),
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(())
}

/// What is different now, in the order in which it can be carried out: first what is gone, from the leaves up, then what
/// is there, from the root down.
#[must_use]
pub fn changes(before: &Known, now: &Known) -> Vec<(EntryPath, Option<Stamp>)> {
    let gone = before.keys().rev().filter(|path| !now.contains_key(path)).map(|path| (path.clone(), None));
    let new = now.iter().filter(|(path, stamp)| before.get(path) != Some(stamp));
    gone.chain(new.map(|(path, stamp)| (path.clone(), Some(*stamp)))).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn paths(known: &Known) -> Vec<String> {
        known.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn links_are_seen_and_not_followed_and_git_and_pipes_are_passed_over() {
        let work = tempfile::tempdir().unwrap();
        let at = |name: &str| work.path().join(name);
        fs::create_dir_all(at("a/.git/hooks")).unwrap();
        fs::create_dir(at(".git")).unwrap();
        fs::write(at("a/file"), "x").unwrap();
        symlink("/etc", at("link")).unwrap();
        nix::unistd::mkfifo(&at("pipe"), Mode::S_IRWXU).unwrap();
        let known = scan(&Folder::open(work.path()).unwrap(), 100).unwrap();
        assert_eq!(paths(&known), ["a", "a/file", "link"]);
        assert!(matches!(scan(&Folder::open(work.path()).unwrap(), 2), Err(TreeError::TooMuch(_))));
    }

    #[test]
    fn a_change_is_seen_by_size_mode_or_time_and_what_is_gone_comes_from_the_leaves_up() {
        let work = tempfile::tempdir().unwrap();
        let folder = Folder::open(work.path()).unwrap();
        let at = |name: &str| work.path().join(name);
        fs::create_dir_all(at("a/b")).unwrap();
        fs::write(at("a/b/old"), "x").unwrap();
        fs::write(at("same"), "x").unwrap();
        fs::write(at("other"), "x").unwrap();
        let before = scan(&folder, 100).unwrap();
        assert!(changes(&before, &before).is_empty());
        fs::remove_dir_all(at("a")).unwrap();
        fs::write(at("other"), "xy").unwrap();
        fs::create_dir(at("new")).unwrap();
        fs::write(at("new/file"), "").unwrap();
        let now = scan(&folder, 100).unwrap();
        let seen: Vec<_> =
            changes(&before, &now).iter().map(|(path, stamp)| (path.to_string(), stamp.is_some())).collect();
        let wanted = [
            ("a/b/old", false),
            ("a/b", false),
            ("a", false),
            ("new", true),
            ("new/file", true),
            ("other", true),
        ];
        assert_eq!(seen, wanted.map(|(path, there)| (path.to_owned(), there)));
    }
}
