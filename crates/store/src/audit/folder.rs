//! The audit's own folder in the data folder: the private key, the handovers, and a file of checkpoints for each log.
//!
//! ```text
//! audit/key                         the private key, for the owner alone
//! audit/key.next                    a new one, while it takes the place of the old one
//! audit/handovers.jsonl             who took whose place
//! audit/<first event>.jsonl         the checkpoints of the log that begins with this event
//! ```
//!
//! The files only grow. A line that a crash cut off is closed by the next one and passed over by every reader.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use ring::rand::{SecureRandom, SystemRandom};

use super::{
    checkpoint::Checkpoint,
    handover::{Handover, Trust},
    line::Line,
    note::PrivateKey,
};
use crate::{Result, StoreError};

/// The longest line that is read, in bytes.
const MAX_LINE: u64 = 64 << 10;
/// How far from the end the last checkpoint is looked for, in bytes: many lines.
const TAIL: u64 = 256 << 10;

/// The folder. Every call is about files and may block.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self(data_dir.join("audit"))
    }

    /// The key; none where nothing was ever signed.
    pub(crate) fn key(&self) -> Result<Option<PrivateKey>> {
        self.finish_rotation()?;
        self.read_key("key")
    }

    /// The key, which is made where there is none. Of two at once both get the same.
    pub(crate) fn key_or_new(&self) -> Result<PrivateKey> {
        if let Some(key) = self.key()? {
            return Ok(key);
        }
        let key = new_key()?;
        self.write_key("key", &key)?;
        match self.read_key("key")? {
            Some(key) => Ok(key),
            None => Err(self.bad_key("it is gone again")),
        }
    }

    /// Lets a new key take the place of the one that is there. Each step can be the last before a crash: the new key
    /// counts once the handover is written down.
    pub(crate) fn rotate(&self, at: DateTime<Utc>) -> Result<PrivateKey> {
        let old = self.key_or_new()?;
        let new = new_key()?;
        self.write_key("key.next", &new)?;
        let note = Handover::note(&old, &new, at);
        self.append(&self.0.join("handovers.jsonl"), &Line::Handover(note))?;
        self.finish_rotation()?;
        Ok(new)
    }

    /// Ends a rotation that was cut off, one way or the other.
    fn finish_rotation(&self) -> Result<()> {
        let Some(next) = self.read_key("key.next")? else { return Ok(()) };
        let path = self.0.join("key.next");
        let given_over = self.handovers()?.iter().any(|(handover, _)| handover.to == *next.public());
        let done = if given_over { fs::rename(&path, self.0.join("key")) } else { fs::remove_file(&path) };
        done.and_then(|()| fs::File::open(&self.0)?.sync_all()).map_err(StoreError::io("replace", path))
    }

    /// The keys that signed here.
    pub(crate) fn trust(&self) -> Result<Trust> {
        let mut trust = Trust::new(self.key()?.into_iter().map(|key| key.public().clone()).collect());
        trust.learn(self.handovers()?.into_iter().map(|(handover, _)| handover).collect());
        Ok(trust)
    }

    /// The handovers with their notes, oldest first.
    pub(crate) fn handovers(&self) -> Result<Vec<(Handover, String)>> {
        let lines = lines(&self.0.join("handovers.jsonl"), 0)?;
        let notes = lines.filter_map(|line| match line {
            Ok(Line::Handover(note)) => Some(Ok(note)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        });
        notes
            .filter_map(|note| {
                note.map(|note| Handover::open(&note).ok().map(|read| (read, note))).transpose()
            })
            .collect()
    }

    /// Writes a checkpoint down. Once this returns it survives a loss of power.
    pub(crate) fn keep(&self, checkpoint: &Checkpoint, note: &str) -> Result<()> {
        self.append(&self.file(&checkpoint.log), &Line::Checkpoint(note.to_owned()))
    }

    /// The notes of a log's checkpoints, oldest first. What they say is not proven.
    pub(crate) fn checkpoints(&self, log: &str) -> Result<impl Iterator<Item = Result<String>> + use<>> {
        Ok(lines(&self.file(log), 0)?.filter_map(|line| match line {
            Ok(Line::Checkpoint(note)) => Some(Ok(note)),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }))
    }

    /// The note of the checkpoint that was written down last.
    pub(crate) fn last_checkpoint(&self, log: &str) -> Result<Option<String>> {
        let path = self.file(log);
        let length = match fs::metadata(&path) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("read", path)(error)),
        };
        let mut last = None;
        for line in lines(&path, length.saturating_sub(TAIL))? {
            if let Line::Checkpoint(note) = line? {
                last = Some(note);
            }
        }
        Ok(last)
    }

    /// The logs that have checkpoints here.
    pub(crate) fn logs(&self) -> Result<Vec<String>> {
        let found = match fs::read_dir(&self.0) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(StoreError::io("read", &self.0)(error)),
        };
        let mut logs = Vec::new();
        for file in found {
            let path = file.map_err(StoreError::io("read", &self.0))?.path();
            if path.extension().is_none_or(|extension| extension != "jsonl") {
                continue;
            }
            let first = lines(&path, 0)?.find_map(|line| match line {
                Ok(Line::Checkpoint(note)) => note.lines().next().map(str::to_owned),
                _ => None,
            });
            logs.extend(first);
        }
        logs.sort_unstable();
        Ok(logs)
    }

    /// Where a log's checkpoints stand.
    pub(crate) fn file(&self, log: &str) -> PathBuf {
        // The last part of its name is of hexadecimal digits. Whatever else is asked for must not lead out of here.
        let id: String =
            log.rsplit('/').next().unwrap_or_default().chars().filter(char::is_ascii_hexdigit).collect();
        self.0.join(format!("{id}.jsonl"))
    }

    fn read_key(&self, name: &str) -> Result<Option<PrivateKey>> {
        let path = self.0.join(name);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("read", path)(error)),
        };
        let mode = fs::metadata(&path).map_err(StoreError::io("read", &path))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(self.bad_key("others than its owner may read or write it"));
        }
        PrivateKey::parse(text.trim_end()).map(Some).map_err(|error| self.bad_key(&error.to_string()))
    }

    fn write_key(&self, name: &str, key: &PrivateKey) -> Result<()> {
        self.make()?;
        let path = self.0.join(name);
        // Temporary files are for their owner alone, and a link is made only where nothing is yet.
        let mut file = tempfile::NamedTempFile::new_in(&self.0).map_err(StoreError::io("create", &path))?;
        writeln!(file, "{}", key.reveal())
            .and_then(|()| file.as_file().sync_all())
            .map_err(StoreError::io("write", &path))?;
        match file.persist_noclobber(&path) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(StoreError::io("create", path)(error.error)),
        }
        fs::File::open(&self.0).and_then(|folder| folder.sync_all()).map_err(StoreError::io("write", path))
    }

    fn bad_key(&self, detail: &str) -> StoreError {
        StoreError::AuditKey { path: self.0.join("key"), detail: detail.to_owned() }
    }

    fn make(&self) -> Result<()> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.map_err(StoreError::io("create", &self.0))
    }

    fn append(&self, path: &Path, line: &Line) -> Result<()> {
        self.make()?;
        let write = || -> io::Result<()> {
            let mut text = line.text() + "\n";
            let mut options = fs::OpenOptions::new();
            let mut file = options.create(true).read(true).append(true).mode(0o600).open(path)?;
            if file.metadata()?.len() > 0 {
                let mut last = [0];
                file.seek(SeekFrom::End(-1))?;
                file.read_exact(&mut last)?;
                if last != *b"\n" {
                    text.insert(0, '\n');
                }
            }
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
        };
        write().map_err(StoreError::io("write", path))
    }
}

/// From the system's own source: what signs must not be guessed, also where a test fixes all other randomness.
fn new_key() -> Result<PrivateKey> {
    let mut seed = [0; 32];
    let failed = |detail: String| StoreError::AuditKey { path: "audit/key".into(), detail };
    SystemRandom::new().fill(&mut seed).map_err(|_| failed("the system gives no random bytes".to_owned()))?;
    let name = |public: &[u8]| format!("swarm-{}", &blake3::hash(public).to_hex()[..12]);
    PrivateKey::of_seed(seed, name).map_err(|error| failed(error.to_string()))
}

/// The lines of a file from the first that begins behind this place. Lines that cannot be read are passed over: a crash
/// may have cut one off.
fn lines(path: &Path, from: u64) -> Result<impl Iterator<Item = Result<Line>> + use<>> {
    let path = path.to_owned();
    let mut file = match fs::File::open(&path) {
        Ok(file) => Some(BufReader::new(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(StoreError::io("read", path)(error)),
    };
    if let Some(file) = &mut file {
        file.seek(SeekFrom::Start(from)).map_err(StoreError::io("read", &path))?;
    }
    let mut whole = from == 0;
    Ok(std::iter::from_fn(move || {
        let reader = file.as_mut()?;
        loop {
            let mut line = Vec::new();
            match reader.take(MAX_LINE).read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => {
                    file = None;
                    return Some(Err(StoreError::io("read", &path)(error)));
                }
            }
            // The first one may be the rest of a longer one.
            let begins = std::mem::replace(&mut whole, line.ends_with(b"\n"));
            if begins
                && whole
                && let Some(line) = Line::read(&line)
            {
                return Some(Ok(line));
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Folder) {
        let data = tempfile::tempdir().unwrap();
        let folder = Folder::of(data.path());
        (data, folder)
    }

    fn checkpoint(size: u64) -> Checkpoint {
        let (log, head) = ("swarm/local/00ff".to_owned(), "ab".repeat(32));
        Checkpoint { log, size, head, at: DateTime::UNIX_EPOCH }
    }

    #[test]
    fn the_key_is_made_once_and_is_its_owners_alone() {
        let (_data, folder) = folder();
        assert!(folder.key().unwrap().is_none());
        let made = folder.key_or_new().unwrap();
        assert_eq!(folder.key_or_new().unwrap().public(), made.public());
        let path = folder.0.join("key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(folder.key().unwrap_err().problem().code, "audit.key");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "PRIVATE+KEY+x").unwrap();
        assert_eq!(folder.key_or_new().unwrap_err().problem().code, "audit.key", "and is not written over");
    }

    #[test]
    fn a_rotation_that_was_cut_off_ends_the_way_it_had_come() {
        let (_data, folder) = folder();
        let first = folder.key_or_new().unwrap();
        // Before the handover was written down: the old key stays.
        folder.write_key("key.next", &new_key().unwrap()).unwrap();
        assert_eq!(folder.key().unwrap().unwrap().public(), first.public());
        assert!(!folder.0.join("key.next").exists());
        // After: the new one counts.
        let next = new_key().unwrap();
        folder.write_key("key.next", &next).unwrap();
        let note = Handover::note(&first, &next, DateTime::UNIX_EPOCH);
        folder.append(&folder.0.join("handovers.jsonl"), &Line::Handover(note)).unwrap();
        assert_eq!(folder.key().unwrap().unwrap().public(), next.public());
        let third = folder.rotate(DateTime::UNIX_EPOCH).unwrap();
        let trust = folder.trust().unwrap();
        assert!(trust.replaced(first.public(), third.public()));
        assert_eq!(trust.keys().len(), 3);
    }

    #[test]
    fn a_line_that_was_cut_off_costs_no_other_line() {
        let (_data, folder) = folder();
        folder.keep(&checkpoint(1), "first\n").unwrap();
        let path = folder.file(&checkpoint(1).log);
        let mut text = fs::read(&path).unwrap();
        text.extend(br#"{"checkpoint":"cut o"#);
        fs::write(&path, text).unwrap();
        assert_eq!(folder.last_checkpoint("swarm/local/00ff").unwrap().unwrap(), "first\n");
        folder.keep(&checkpoint(2), "second\n").unwrap();
        let notes: Vec<_> = folder.checkpoints("swarm/local/00ff").unwrap().map(Result::unwrap).collect();
        assert_eq!(notes, ["first\n", "second\n"]);
        assert_eq!(folder.last_checkpoint("swarm/local/00ff").unwrap().unwrap(), "second\n");
    }

    #[test]
    fn the_last_checkpoint_of_a_long_file_is_found_without_reading_all_of_it() {
        let (_data, folder) = folder();
        folder.keep(&checkpoint(1), &"x".repeat(60 << 10)).unwrap();
        for _ in 0..5 {
            folder.keep(&checkpoint(1), &"y".repeat(60 << 10)).unwrap();
        }
        folder.keep(&checkpoint(2), "last").unwrap();
        assert_eq!(folder.last_checkpoint("swarm/local/00ff").unwrap().unwrap(), "last");
        assert!(folder.last_checkpoint("swarm/local/0123").unwrap().is_none());
    }

    #[test]
    fn no_name_of_a_log_leads_out_of_the_folder() {
        let (_data, folder) = folder();
        for log in ["swarm/local/../../x", "..", "", "swarm/local/ab/../cd"] {
            assert_eq!(folder.file(log).parent().unwrap(), folder.0, "{log}");
        }
    }
}
