//! The layers of an image, one over the other, become a folder.
//!
//! Nothing is written but below that folder: a link in a layer leads where it would lead inside the image, as the kernel
//! resolves it with the folder for its root.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::ffi::OsStrExt,
    },
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat, openat2},
    sys::stat::{Mode, SFlag, fchmod, fstatat, mkdirat},
    unistd::{Gid, Uid, fchownat, geteuid, linkat, symlinkat},
};

use super::archive::{Item, Kind, bad, each};

/// An image unpacks to so many bytes at most.
pub(super) const LARGEST: u64 = 16 << 30;

/// In a layer: the thing of this name below is gone.
const GONE: &[u8] = b".wh.";
/// In a layer: everything below in this folder is gone.
const ALL_GONE: &[u8] = b".wh..wh..opq";

/// The folder.
#[derive(Debug)]
pub(super) struct Tree {
    root: OwnedFd,
    left: u64,
    gives_away: bool,
}

impl Tree {
    /// Makes it, where nothing is yet.
    pub(super) fn make(path: &Path) -> io::Result<Self> {
        fs::create_dir(path)?;
        let root: OwnedFd = File::open(path)?.into();
        fchmod(&root, mode(0o755))?;
        // Who is not root cannot give files to others; all are the builder's own then.
        Ok(Self { root, left: LARGEST, gives_away: geteuid().is_root() })
    }

    /// Takes away what a layer says is gone. It means what is below the layer, wherever it stands in it, so this is done
    /// before anything of the layer is put in.
    pub(super) fn clear(&self, layer: impl Read) -> io::Result<()> {
        each(layer, |item, _| {
            let Some(name) = item.path.file_name().map(OsStr::as_bytes) else {
                return Ok(());
            };
            if !name.starts_with(GONE) {
                return Ok(());
            }
            let gone = OsStr::from_bytes(&name[GONE.len()..]);
            if name != ALL_GONE && !is_name(gone) {
                return Err(bad("it takes away a thing without a name"));
            }
            let Some(folder) = self.find(parent(&item.path))? else {
                return Ok(());
            };
            if name != ALL_GONE {
                return remove(&folder, gone);
            }
            entries(&folder)?.iter().try_for_each(|name| remove(&folder, name))
        })
    }

    /// Puts in what a layer has.
    pub(super) fn fill(&mut self, layer: impl Read) -> io::Result<()> {
        each(layer, |item, content| self.put(&item, content).map_err(|error| told(&item.path, &error)))
    }

    fn put(&mut self, item: &Item, content: &mut dyn Read) -> io::Result<()> {
        let Some(name) = item.path.file_name() else {
            return Ok(());
        };
        if name.as_bytes().starts_with(GONE) || item.kind == Kind::Other {
            return Ok(());
        }
        let folder = self.folder(parent(&item.path))?;
        match &item.kind {
            Kind::Folder => {
                if !is_folder(&folder, name)? {
                    remove(&folder, name)?;
                    mkdirat(&folder, name, mode(0o700))?;
                }
                let made = openat(&folder, name, below() | OFlag::O_DIRECTORY, Mode::empty())?;
                // We must be able to fill it, and to read it again.
                fchmod(made, mode((item.mode & 0o1777) | 0o700))?;
            }
            Kind::File => {
                remove(&folder, name)?;
                let flags =
                    OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                let mut file = File::from(openat(&folder, name, flags, mode(0o600))?);
                let written = io::copy(&mut content.take(self.left + 1), &mut file)?;
                self.left = self.left.checked_sub(written).ok_or_else(|| bad("the image is too large"))?;
                if written != item.place.1 {
                    return Err(bad("it is cut off"));
                }
                // No set-user-id and its like: who runs in an image is nobody anyway.
                fchmod(&file, mode((item.mode & 0o777) | 0o600))?;
            }
            Kind::Link(target) => {
                remove(&folder, name)?;
                symlinkat(target.as_path(), &folder, name)?;
            }
            // Its own name again says nothing.
            Kind::Name(of) if *of == item.path => return Ok(()),
            Kind::Name(of) => return self.name(of, &folder, name),
            Kind::Other => return Ok(()),
        }
        if self.gives_away {
            let (user, group) = (Uid::from_raw(item.user), Gid::from_raw(item.group));
            fchownat(&folder, name, Some(user), Some(group), AtFlags::AT_SYMLINK_NOFOLLOW)?;
        }
        Ok(())
    }

    /// Another name for a file that is there.
    fn name(&self, of: &Path, folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
        let missing = || bad(format!("{} is not there to be linked to", of.display()));
        let old = of.file_name().ok_or_else(missing)?;
        let holder = self.find(parent(of))?.ok_or_else(missing)?;
        match fstatat(&holder, old, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(found) if kind(found.st_mode) != SFlag::S_IFDIR => {}
            _ => return Err(missing()),
        }
        remove(folder, name)?;
        Ok(linkat(&holder, old, folder, name, AtFlags::empty())?)
    }

    /// A folder of the image; nothing where there is none.
    fn find(&self, path: &Path) -> io::Result<Option<OwnedFd>> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let inside = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how =
            OpenHow::new().flags(OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC).resolve(inside);
        match openat2(&self.root, path, how) {
            Ok(folder) => Ok(Some(folder)),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// A folder of the image, made where it is missing.
    fn folder(&self, path: &Path) -> io::Result<OwnedFd> {
        if let Some(found) = self.find(path)? {
            return Ok(found);
        }
        let name = path.file_name().ok_or_else(|| bad("the image has no root"))?;
        let above = self.folder(parent(path))?;
        mkdirat(&above, name, mode(0o755)).map_err(|error| told(path, &io::Error::from(error)))?;
        self.find(path)?.ok_or_else(|| bad(format!("{} is no folder", path.display())))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn below() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

fn mode(bits: u32) -> Mode {
    Mode::from_bits_truncate(bits)
}

fn kind(mode: u32) -> SFlag {
    SFlag::from_bits_truncate(mode) & SFlag::S_IFMT
}

fn is_name(name: &OsStr) -> bool {
    !name.is_empty() && name != "." && name != ".."
}

fn told(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn is_folder(folder: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    match fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(kind(found.st_mode) == SFlag::S_IFDIR),
        Err(Errno::ENOENT) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The open folder, for what goes by paths. The last part of a path is never followed there.
fn through(folder: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd()))
}

fn entries(folder: &OwnedFd) -> io::Result<Vec<OsString>> {
    fs::read_dir(through(folder))?.map(|entry| Ok(entry?.file_name())).collect()
}

/// Removes a thing with all that is in it; one that is not there is gone already.
fn remove(folder: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let path = through(folder).join(name);
    let removed = if is_folder(folder, name)? { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tar::{Builder, EntryType, Header};

    use super::*;

    /// What a layer is made of.
    struct Layer(Builder<Vec<u8>>);

    impl Layer {
        fn new() -> Self {
            Self(Builder::new(Vec::new()))
        }

        fn add(mut self, path: &str, kind: EntryType, target: &str, content: &[u8]) -> Self {
            let mut header = Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(content.len() as u64);
            header.set_mode(0o4755);
            header.set_uid(geteuid().as_raw().into());
            header.set_gid(nix::unistd::getegid().as_raw().into());
            if !target.is_empty() {
                header.set_link_name_literal(target).unwrap();
            }
            let name = &mut header.as_gnu_mut().unwrap().name;
            name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            self.0.append(&header, content).unwrap();
            self
        }

        fn file(self, path: &str, content: &str) -> Self {
            self.add(path, EntryType::Regular, "", content.as_bytes())
        }

        fn folder(self, path: &str) -> Self {
            self.add(path, EntryType::Directory, "", b"")
        }

        fn link(self, path: &str, target: &str) -> Self {
            self.add(path, EntryType::Symlink, target, b"")
        }

        fn name(self, path: &str, of: &str) -> Self {
            self.add(path, EntryType::Link, of, b"")
        }

        fn done(self) -> Vec<u8> {
            self.0.into_inner().unwrap()
        }
    }

    /// The layers over one another, in a folder beside which `outside` is.
    fn over(layers: &[Vec<u8>]) -> (tempfile::TempDir, io::Result<PathBuf>) {
        let ground = tempfile::tempdir().unwrap();
        fs::create_dir(ground.path().join("outside")).unwrap();
        fs::write(ground.path().join("outside/file"), "unchanged").unwrap();
        let root = ground.path().join("root");
        let mut tree = Tree::make(&root).unwrap();
        let made = layers.iter().try_for_each(|layer| {
            tree.clear(layer.as_slice())?;
            tree.fill(layer.as_slice())
        });
        (ground, made.map(|()| root))
    }

    fn read(root: &Path, name: &str) -> String {
        fs::read_to_string(root.join(name)).unwrap()
    }

    #[test]
    fn a_later_layer_covers_removes_and_replaces_what_an_earlier_one_has() {
        let below = Layer::new()
            .folder("etc/")
            .file("etc/kept", "kept")
            .file("etc/changed", "old")
            .file("etc/removed", "x")
            .file("var/cache/one", "1")
            .file("var/cache/two", "2")
            .file("thing", "a file")
            .folder("other");
        let above = Layer::new()
            .file("etc/changed", "new")
            // What stands before the mark in the same layer stays all the same.
            .file("var/cache/three", "3")
            .file("etc/.wh.removed", "")
            .file("var/cache/.wh..wh..opq", "")
            .file("thing/inside", "now a folder")
            .file("no/.wh.such", "");
        // A file is in the way of a folder until the layer takes it away.
        let above = above.file(".wh.thing", "").file(".wh.other", "").file("other", "now a file");
        let (_ground, root) = over(&[below.done(), above.done()]);
        let root = root.unwrap();
        assert_eq!((read(&root, "etc/kept").as_str(), read(&root, "etc/changed").as_str()), ("kept", "new"));
        assert!(!root.join("etc/removed").exists());
        assert_eq!(fs::read_dir(root.join("var/cache")).unwrap().count(), 1);
        assert_eq!(read(&root, "thing/inside"), "now a folder");
        assert_eq!(read(&root, "other"), "now a file");
        assert!(!root.join("no").exists() && !root.join("etc/.wh.removed").exists());
    }

    #[test]
    fn links_lead_where_they_would_inside_and_never_out() {
        let layer = Layer::new()
            .folder("usr/lib")
            .link("lib", "usr/lib")
            .file("lib/a", "through a link")
            .link("out", "../../../../../outside")
            .folder("outside")
            .link("absolute", "/outside")
            .file("absolute/file", "inside")
            .file("plain", "before")
            .link("plain", "/etc/passwd")
            .file("plain", "after");
        let (ground, root) = over(&[layer.done()]);
        let root = root.unwrap();
        assert_eq!(read(&root, "usr/lib/a"), "through a link");
        assert_eq!(fs::read_link(root.join("lib")).unwrap(), Path::new("usr/lib"));
        assert_eq!(read(&root, "plain"), "after");
        assert!(fs::symlink_metadata(root.join("plain")).unwrap().is_file());
        assert_eq!(fs::read_to_string(ground.path().join("outside/file")).unwrap(), "unchanged");
        assert_eq!(fs::read_dir(ground.path().join("outside")).unwrap().count(), 1);
        // It led to the folder of that name inside.
        assert_eq!(read(&root, "outside/file"), "inside");
    }

    #[test]
    fn what_is_hostile_in_a_layer_is_refused_or_left_out() {
        let outside = "../outside/file";
        for layer in [
            Layer::new().file(outside, "x"),
            Layer::new().name("mine", outside),
            Layer::new().name("mine", "not/there"),
            Layer::new().link("way", "/").name("mine", "way/../outside/file"),
            Layer::new().file("a/.wh...", ""),
        ] {
            let (ground, made) = over(&[layer.done()]);
            assert!(made.is_err());
            assert_eq!(fs::read_to_string(ground.path().join("outside/file")).unwrap(), "unchanged");
        }
        let layer = Layer::new()
            .add("device", EntryType::Block, "", b"")
            .add("pipe", EntryType::Fifo, "", b"")
            .add("null", EntryType::Char, "", b"")
            .file("tool", "x")
            .name("again", "tool");
        let (_ground, root) = over(&[layer.done()]);
        let root = root.unwrap();
        let mode = |name: &str| fs::metadata(root.join(name)).unwrap().permissions().mode();
        assert_eq!((mode("tool") & 0o7777, mode("again") & 0o7777), (0o755, 0o755));
        assert_eq!(fs::read_dir(&root).unwrap().count(), 2);
    }
}
