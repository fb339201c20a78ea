//! The work folder as it is on one side, and how the other side comes to have the same.
//!
//! Each side remembers what the other has: path by path a [`Stamp`]. [`scan()`] looks at what is there now, [`changes`]
//! says what is new, [`Source::send`] reads it out, and a [`Stage`] on the other side takes it in: beside the folder
//! first, checked as a whole, and only then moved into it. What comes in is taken for hostile on both sides: a path
//! leads nowhere but into the folder, and no link is followed on the way.
//!
//! A file that has the same inode, size, mode and times is the same file. That holds because a command cannot set the
//! time of a file's last change (`ctime`), and because a side that has just noted a time waits until the file system's
//! clock has left it ([`settle`]): no later change can bear it.

mod entry;
mod folder;
mod path;
mod scan;
mod settle;
mod source;
mod stage;

pub use entry::{Bounds, Content, Entry, LinkTarget, Mtime, Totals};
pub use folder::Folder;
pub use path::{EntryPath, PathError};
pub use scan::{Known, Stamp, changes, latest, scan};
pub use settle::settle;
pub use source::{Piece, Source};
pub use stage::{Landed, Stage};

/// Why files cannot be exchanged.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// More than the bounds allow.
    #[error("{0}")]
    TooMuch(String),
    /// What the other side sent cannot be meant.
    #[error("{0}")]
    Refused(String),
    /// A file changed while it was read.
    #[error("{0} changed while it was read")]
    Changed(EntryPath),
    /// The machine failed.
    #[error("{path}: {source}")]
    Io {
        /// At which path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
}

impl TreeError {
    fn io(path: &impl ToString, source: impl Into<std::io::Error>) -> Self {
        Self::Io { path: path.to_string(), source: source.into() }
    }
}
