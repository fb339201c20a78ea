//! What is said about one thing in the work folder.

use serde::{Deserialize, Serialize};

use super::path::{EntryPath, escape, unescape};

const LONGEST_TARGET: usize = 4_000;

/// One thing that changed. A file's bytes follow it, as many as its size says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where.
    pub path: EntryPath,
    /// What is there now.
    pub content: Content,
}

/// What is at a path. There is no word for devices, sockets and pipes: they stay where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// Nothing any more.
    Gone,
    /// A folder.
    Folder {
        /// Its permissions; only those of `rwx` are taken.
        mode: u32,
    },
    /// A file.
    File {
        /// Its permissions; only those of `rwx` are taken.
        mode: u32,
        /// Its bytes.
        size: u64,
        /// When its bytes were last changed, for programs that compare (`make`).
        mtime: Mtime,
    },
    /// A symbolic link. It is kept as it is and never followed.
    Link {
        /// What it says.
        to: LinkTarget,
    },
}

/// A time of last modification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mtime {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Nanoseconds on top, below a thousand million.
    pub nanos: u32,
}

/// What a symbolic link says: any bytes but zero, a bounded number of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LinkTarget(Vec<u8>);

impl LinkTarget {
    /// Checks it.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let good = !bytes.is_empty() && bytes.len() <= LONGEST_TARGET && !bytes.contains(&0);
        good.then(|| Self(bytes.to_vec()))
    }

    /// As the kernel takes it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<LinkTarget> for String {
    fn from(target: LinkTarget) -> Self {
        escape(&target.0)
    }
}

impl TryFrom<String> for LinkTarget {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        unescape(&text).and_then(|bytes| Self::new(&bytes)).ok_or("not what a link can say")
    }
}

/// What a work folder, or one exchange, is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Files, folders and links.
    pub entries: u64,
    /// Bytes of files in one exchange.
    pub bytes: u64,
}

/// How much was sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Entries.
    pub entries: u64,
    /// Bytes of files.
    pub bytes: u64,
}
