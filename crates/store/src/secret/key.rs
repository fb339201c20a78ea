//! The key that opens sealed values: an age identity in a file of the data folder, for its owner alone. The program `age`
//! reads the same file, so that values can be opened without swarm.

use std::{
    fs,
    io::{ErrorKind, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use age::{secrecy::ExposeSecret, x25519::Identity};
use nix::fcntl::OFlag;
use zeroize::Zeroizing;

use super::SecretFault;
use crate::{Result, StoreError};

const NAME: &str = "secrets.key";
/// A file with more than this is none of ours.
const MAX_BYTES: u64 = 64 << 10;

/// The keys of one data folder. Values are sealed with the first; a rekeying that was cut off leaves the one before it.
pub(crate) struct Keys {
    file: PathBuf,
    identities: Vec<Identity>,
}

/// Where the key of a data folder stands.
pub(super) fn file(data: &Path) -> PathBuf {
    data.join(NAME)
}

impl Keys {
    /// The keys of a folder in which something was sealed.
    pub(crate) fn of_folder(data: &Path) -> Result<Self> {
        let lost = || SecretFault::KeyLost { file: file(data) };
        Ok(Self::read(data)?.ok_or_else(lost)?)
    }

    /// Reads the keys; none where there is no file.
    pub(super) fn read(data: &Path) -> Result<Option<Self>> {
        let file = file(data);
        let options = &mut fs::OpenOptions::new();
        // A link could lead to somebody else's key, and a pipe would never end.
        let options = options.read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
        let opened = match options.open(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(StoreError::io("read", &file))?,
        };
        let meta = opened.metadata().map_err(StoreError::io("read", &file))?;
        let mode = meta.permissions().mode() & 0o777;
        if !meta.is_file() {
            return Err(SecretFault::KeyUnreadable { file, detail: "it is no plain file" }.into());
        }
        if mode & 0o077 != 0 {
            return Err(SecretFault::KeyOpen { file, mode }.into());
        }
        let mut text = Zeroizing::new(String::new());
        if opened.take(MAX_BYTES).read_to_string(&mut text).is_err() {
            return Err(SecretFault::KeyUnreadable { file, detail: "it is no text" }.into());
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        match lines.map(str::parse).collect::<std::result::Result<Vec<Identity>, _>>() {
            Ok(identities) if !identities.is_empty() => Ok(Some(Self { file, identities })),
            Ok(_) => Err(SecretFault::KeyUnreadable { file, detail: "it holds no key" }.into()),
            Err(detail) => Err(SecretFault::KeyUnreadable { file, detail }.into()),
        }
    }

    /// A fresh key before these; nothing is written yet.
    pub(super) fn with_fresh(data: &Path, before: Option<Self>) -> Self {
        let old = before.map_or_else(Vec::new, |keys| keys.identities);
        Self { file: file(data), identities: [Identity::generate()].into_iter().chain(old).collect() }
    }

    /// The first alone; nothing is written yet.
    pub(super) fn first_alone(mut self) -> Self {
        self.identities.truncate(1);
        self
    }

    /// Writes the file: all of it at once, for its owner alone, and on the disk before anything is sealed with it.
    pub(super) fn write(&self) -> Result<()> {
        let failed = |error| StoreError::io("write", &self.file)(error);
        let mut text = Zeroizing::new(String::new());
        for identity in &self.identities {
            text.push_str("# Opens swarm's sealed secrets; keep a copy in a safe place.\n# public key: ");
            text.push_str(&identity.to_public().to_string());
            text.push('\n');
            text.push_str(identity.to_string().expose_secret());
            text.push('\n');
        }
        let folder = self.file.parent().unwrap_or(Path::new("."));
        // A named temporary file has mode 0600 from its first moment.
        let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        temporary.write_all(text.as_bytes()).map_err(failed)?;
        temporary.as_file().sync_all().map_err(failed)?;
        temporary.persist(&self.file).map_err(|error| failed(error.error))?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// The file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The one that values are sealed with.
    pub(super) fn first(&self) -> Option<&Identity> {
        self.identities.first()
    }

    /// The one whose public half this is.
    pub(super) fn of(&self, recipient: &str) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.to_public().to_string() == recipient)
    }
}
