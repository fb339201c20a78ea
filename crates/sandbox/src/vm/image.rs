//! Root file systems: what a command inside finds besides its work folder.
//!
//! An image is read-only, and every machine writes to a layer of its own above it. The image `plain` is built in: a
//! shell and the usual small tools, out of busybox, enough for shell commands and for swarm's own tests.

mod archive;
mod build;
mod oci;
mod plain;
mod tree;

use std::{fs, io, path::PathBuf};

pub use build::ImageSource;
use serde::{Deserialize, Serialize};

use super::{home::Home, initramfs::Initramfs};
use crate::error::SandboxError;

const SHELF: &str = "images";

/// The built-in one.
pub const PLAIN: &str = "plain";

/// The one that is used when it is there; else it is the built-in one.
pub const USUAL: &str = "default";

/// A root file system.
#[derive(Debug, Clone)]
pub struct Image {
    name: String,
    facts: Facts,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// In the first file system itself.
    Plain(plain::Busybox),
    /// A block device.
    Disk(PathBuf),
}

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it was made from.
    pub origin: String,
    /// What was asked to be in it.
    pub packages: Vec<String>,
    /// Stands for its content.
    pub hash: String,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Image {
    /// The one that is used when none is named.
    pub fn usual(home: &Home) -> Result<Self, SandboxError> {
        let is_there = home.shelf(SHELF).names().iter().any(|name| name == USUAL);
        Self::named(home, if is_there { USUAL } else { PLAIN })
    }

    /// The one with this name.
    pub fn named(home: &Home, name: &str) -> Result<Self, SandboxError> {
        if name == PLAIN {
            let (busybox, hash) = plain::Busybox::find()?;
            let bytes = busybox.bytes();
            let facts = Facts { origin: busybox.origin(), packages: Vec::new(), hash, bytes };
            return Ok(Self { name: name.to_owned(), facts, content: Content::Plain(busybox) });
        }
        build::check_name(name)?;
        let folder = home.shelf(SHELF).place(name);
        let read = fs::read(folder.join(build::FACTS)).and_then(|facts| Ok(serde_json::from_slice(&facts)?));
        let facts = read.map_err(|error| SandboxError::Setup {
            what: "the image of a microVM",
            detail: match error.kind() {
                io::ErrorKind::NotFound => format!("there is no image `{name}`"),
                _ => format!("the image `{name}` cannot be read: {error}"),
            },
            mend: format!("build it: `swarm sandbox image build {name} --from debian`"),
        })?;
        Ok(Self { name: name.to_owned(), facts, content: Content::Disk(folder.join(build::DISK)) })
    }

    /// The names of those that were built.
    #[must_use]
    pub fn names(home: &Home) -> Vec<String> {
        home.shelf(SHELF).names()
    }

    /// Builds one; it takes the place of one with the same name. Takes seconds to minutes, and blocks.
    pub fn build(home: &Home, name: &str, source: &ImageSource) -> Result<Self, SandboxError> {
        build::build(&home.shelf(SHELF), name, source)?;
        Self::named(home, name)
    }

    /// Removes one. A machine that uses it goes on; no new one can start from it.
    pub fn remove(home: &Home, name: &str) -> Result<(), SandboxError> {
        build::check_name(name)?;
        Self::named(home, name)?;
        let removed = home.shelf(SHELF).lock().and_then(|bench| bench.remove(name));
        removed.map_err(|source| SandboxError::io(format!("remove the image `{name}`"), source))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is known of it.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The block device, if it is one.
    pub(super) fn disk(&self) -> Option<PathBuf> {
        match &self.content {
            Content::Plain(_) => None,
            Content::Disk(path) => Some(path.clone()),
        }
    }

    /// Adds to the first file system what of the image is in it.
    pub(super) fn add_to(&self, initramfs: &mut Initramfs) {
        if let Content::Plain(busybox) = &self.content {
            busybox.add_to(initramfs);
        }
    }
}
