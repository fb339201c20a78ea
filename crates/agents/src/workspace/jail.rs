//! Opening files so that the kernel keeps them inside the work folder.

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    sys::stat::{Mode, mkdirat},
};

use crate::{
    error::AgentError,
    path::WorkPath,
    tool::{Fault, ToolCode},
};

/// A race with a rename makes the kernel give up with EAGAIN; it is asked again this often.
const TRIES: usize = 16;

/// The descriptor of the work folder.
#[derive(Debug)]
pub(super) struct Jail {
    root: OwnedFd,
}

impl Jail {
    pub(super) fn open(root: &Path) -> Result<Self, AgentError> {
        let file = File::open(root).map_err(AgentError::io("open the work folder"))?;
        let jail = Self { root: OwnedFd::from(file) };
        match jail.at(".", OFlag::O_PATH | OFlag::O_DIRECTORY, inside_without_links()) {
            Ok(_) => Ok(jail),
            Err(Errno::ENOSYS) => Err(AgentError::NoJail),
            Err(error) => Err(AgentError::io("open the work folder")(error.into())),
        }
    }

    /// A regular file, to be read. A symbolic link is followed as long as it stays inside and out of `.git`.
    pub(super) fn open_to_read(&self, path: &WorkPath) -> Result<File, Fault> {
        // Without O_NONBLOCK a named pipe would hold the tool up for ever.
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        let file = File::from(self.follow(path, flags)?);
        let kind = file.metadata().map_err(AgentError::io(format!("read {path}")))?.file_type();
        if kind.is_file() {
            Ok(file)
        } else if kind.is_dir() {
            Err(Fault::Denied(ToolCode::NotFound, format!("{path} is a folder")))
        } else {
            Err(Fault::Denied(ToolCode::NotText, format!("{path} is not a regular file")))
        }
    }

    /// Where a folder really is, links resolved.
    pub(super) fn folder(&self, path: &WorkPath) -> Result<WorkPath, Fault> {
        let fd = self.follow(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY)?;
        self.real(&fd).ok_or_else(|| leaves(path))
    }

    /// The current file at this very path, no links followed; none where there is none.
    pub(super) fn open_exactly(&self, path: &WorkPath) -> Result<Option<File>, Fault> {
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
        match self.at(path.as_str(), flags, inside_without_links()) {
            Ok(fd) => Ok(Some(File::from(fd))),
            Err(Errno::ENOENT) => Ok(None),
            Err(error) => Err(refused(path, error)),
        }
    }

    /// The folder that holds this file, made where it is missing; no links followed.
    pub(super) fn parent(&self, path: &WorkPath) -> Result<OwnedFd, Fault> {
        let open = |dir: &OwnedFd, name: &str| {
            at(dir, name, OFlag::O_RDONLY | OFlag::O_DIRECTORY, Mode::empty(), inside_without_links())
        };
        let mut folder = open(&self.root, ".").map_err(|error| refused(path, error))?;
        for name in path.folders() {
            let next = match open(&folder, name) {
                Err(Errno::ENOENT) => {
                    match mkdirat(&folder, name, Mode::from_bits_truncate(0o755)) {
                        Ok(()) | Err(Errno::EEXIST) => {}
                        Err(error) => return Err(refused(path, error)),
                    }
                    open(&folder, name)
                }
                opened => opened,
            };
            folder = next.map_err(|error| refused(path, error))?;
        }
        Ok(folder)
    }

    fn follow(&self, path: &WorkPath, flags: OFlag) -> Result<OwnedFd, Fault> {
        match self.at(path.as_str(), flags, inside_without_links()) {
            Ok(fd) => Ok(fd),
            // There is a link on the way: follow it, then look where it led.
            Err(Errno::ELOOP) => {
                let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS;
                let fd = self.at(path.as_str(), flags, resolve).map_err(|error| refused(path, error))?;
                if self.real(&fd).is_some() { Ok(fd) } else { Err(leaves(path)) }
            }
            Err(error) => Err(refused(path, error)),
        }
    }

    /// The path of an open file within the folder, if it is one that may be used.
    fn real(&self, fd: &OwnedFd) -> Option<WorkPath> {
        let name = |fd: &OwnedFd| std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).ok();
        let relative = name(fd)?.strip_prefix(name(&self.root)?).ok()?.to_str()?.to_owned();
        WorkPath::parse(&relative).ok()
    }

    fn at(&self, path: &str, flags: OFlag, resolve: ResolveFlag) -> nix::Result<OwnedFd> {
        at(&self.root, path, flags, Mode::empty(), resolve)
    }
}

fn inside_without_links() -> ResolveFlag {
    ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS
}

/// Creates a file in an open folder; it must not exist.
pub(super) fn create(folder: &OwnedFd, name: &str, mode: u32) -> nix::Result<File> {
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL;
    at(folder, name, flags, Mode::from_bits_truncate(mode), inside_without_links()).map(File::from)
}

fn at(dir: &impl AsFd, path: &str, flags: OFlag, mode: Mode, resolve: ResolveFlag) -> nix::Result<OwnedFd> {
    let how = OpenHow::new().flags(flags | OFlag::O_CLOEXEC).mode(mode).resolve(resolve);
    let mut last = Errno::EAGAIN;
    for _ in 0..TRIES {
        match openat2(dir, path, how) {
            Err(error @ (Errno::EAGAIN | Errno::EINTR)) => last = error,
            done => return done,
        }
    }
    Err(last)
}

fn leaves(path: &WorkPath) -> Fault {
    Fault::Denied(
        ToolCode::PathRefused,
        format!("{path} leads out of the repository through a symbolic link"),
    )
}

/// What an error of the kernel means for the model.
pub(super) fn refused(path: &WorkPath, error: Errno) -> Fault {
    match error {
        Errno::ENOENT => Fault::Denied(ToolCode::NotFound, format!("there is no {path}")),
        Errno::ENOTDIR => {
            Fault::Denied(ToolCode::NotFound, format!("a part of {path} is a file, not a folder"))
        }
        Errno::EISDIR => Fault::Denied(ToolCode::PathRefused, format!("{path} is a folder")),
        Errno::EXDEV => leaves(path),
        Errno::ELOOP => Fault::Denied(ToolCode::PathRefused, format!("{path} goes through a symbolic link")),
        Errno::ENXIO => Fault::Denied(ToolCode::NotText, format!("{path} is not a regular file")),
        Errno::ENAMETOOLONG => Fault::Denied(ToolCode::PathRefused, format!("{path} is too long")),
        Errno::EACCES | Errno::EPERM => {
            Fault::Denied(ToolCode::PathRefused, format!("{path} may not be opened"))
        }
        error => Fault::Broken(AgentError::io(format!("open {path}"))(error.into())),
    }
}
