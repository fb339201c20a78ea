//! Blobs: big texts, each kept once under the hash of its bytes.
//!
//! Small ones stand in the database, where they can be written in the transaction of the event that names them; larger
//! ones in files of the data folder. Whoever reads does not need to know which.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{PgConnection, PgPool};
use swarm_domain::BlobHash;

use crate::{Result, Store, StoreError};

/// The largest blob, in bytes.
pub const MAX_BLOB_BYTES: u64 = 64 * 1024 * 1024;

/// The largest blob that stands in the database, in bytes: most prompts and replies are smaller.
const MAX_ROW_BYTES: usize = 64 * 1024;

/// The blobs of a store. Files stand at `ab/cdef…` in a folder, readable by their owner only.
#[derive(Debug, Clone)]
pub struct Blobs {
    pool: PgPool,
    folder: PathBuf,
}

/// A blob with its hash.
pub(crate) struct Blob {
    hash: BlobHash,
    bytes: Vec<u8>,
}

impl Blob {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { hash: BlobHash::of(&bytes), bytes }
    }

    pub(crate) fn hash(&self) -> &BlobHash {
        &self.hash
    }

    /// Whether it stands in the database.
    pub(crate) fn is_small(&self) -> bool {
        self.bytes.len() <= MAX_ROW_BYTES
    }
}

/// Writes small blobs. In the order of their hashes, so that two who write the same ones cannot wait for each other.
/// What is there already stays, unless it is damaged: then this mends it. When it was put in is kept to the hour, so that
/// a purge spares what somebody is about to name.
pub(crate) async fn insert(conn: &mut PgConnection, blobs: &[&Blob]) -> Result<()> {
    if blobs.is_empty() {
        return Ok(());
    }
    let mut rows: Vec<_> = blobs.iter().map(|blob| (blob.hash.as_str(), blob.bytes.as_slice())).collect();
    rows.sort_unstable();
    rows.dedup();
    let (hashes, bytes): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    sqlx::query(
        "INSERT INTO swarm.blobs (hash, bytes) SELECT * FROM unnest($1::text[], $2::bytea[])
         ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes, put_at = now()
         WHERE blobs.bytes <> excluded.bytes OR blobs.put_at < now() - interval '1 hour'",
    )
    .bind(hashes)
    .bind(bytes)
    .execute(conn)
    .await?;
    Ok(())
}

impl Blobs {
    /// Opens the blobs of a database and a folder, which is made if it is not there.
    pub(crate) async fn open(pool: PgPool, folder: &Path) -> Result<Self> {
        let blobs = Self { pool, folder: folder.to_owned() };
        let folder = blobs.folder.clone();
        blocking(move || make_folder(&folder)).await?;
        Ok(blobs)
    }

    /// Keeps these bytes. Once this returns they survive a loss of power. Bytes that are there already are not
    /// written again, unless what is there is damaged: then this mends it.
    pub async fn put(&self, bytes: &[u8]) -> Result<BlobHash> {
        let blob = Blob::new(bytes.to_vec());
        let hash = blob.hash.clone();
        if blob.is_small() {
            let mut conn = self.pool.acquire().await?;
            insert(&mut conn, &[&blob]).await?;
        } else {
            self.put_file(&blob).await?;
        }
        Ok(hash)
    }

    /// Keeps a blob as a file.
    pub(crate) async fn put_file(&self, blob: &Blob) -> Result<()> {
        let (bytes, name) = (blob.bytes.clone(), blob.hash.clone());
        if bytes.len() as u64 > MAX_BLOB_BYTES {
            return Err(StoreError::BlobTooLarge { bytes: bytes.len() as u64, limit: MAX_BLOB_BYTES });
        }
        let path = self.path(&name);
        blocking(move || match read(&path, &name) {
            // A purge may be about to take it away: it looks at the time, and we look whether it is still there.
            Ok(_) if touch(&path) => Ok(()),
            Ok(_) | Err(StoreError::BlobMissing(_) | StoreError::BlobDamaged(_)) => write(&path, &bytes),
            Err(error) => Err(error),
        })
        .await
    }

    /// The bytes with this hash, proven to have it.
    pub async fn get(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        let row: Option<Vec<u8>> = sqlx::query_scalar("SELECT bytes FROM swarm.blobs WHERE hash = $1")
            .bind(hash.as_str())
            .fetch_optional(&self.pool)
            .await?;
        let (path, hash) = (self.path(hash), hash.clone());
        match row {
            Some(bytes) if BlobHash::of(&bytes) == hash => Ok(bytes),
            Some(_) => Err(StoreError::BlobDamaged(hash)),
            None => {
                let wanted = hash.clone();
                match blocking(move || read(&path, &hash)).await {
                    Err(StoreError::BlobMissing(hash)) => {
                        match Store::purged_by(&self.pool, &wanted).await? {
                            Some(seq) => Err(StoreError::BlobPurged { hash, seq }),
                            None => Err(StoreError::BlobMissing(hash)),
                        }
                    }
                    read => read,
                }
            }
        }
    }

    /// The size of a blob's file that was not put in within `grace`. None where there is none.
    pub(crate) async fn old_file(&self, hash: &BlobHash, grace: Duration) -> Result<Option<u64>> {
        let path = self.path(hash);
        blocking(move || old(&path, grace)).await
    }

    /// Takes a blob's file away. False where somebody put it in within `grace`: then it stays.
    pub(crate) async fn sweep(&self, hash: &BlobHash, grace: Duration) -> Result<bool> {
        let path = self.path(hash);
        blocking(move || sweep(&path, grace)).await
    }

    fn path(&self, hash: &BlobHash) -> PathBuf {
        let (folder, file) = hash.as_str().split_at(2);
        self.folder.join(folder).join(file)
    }
}

/// Does work on files without holding up others.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(StoreError::Io {
            doing: "work in",
            path: "the data folder".into(),
            source: io::Error::other(error),
        }),
    }
}

fn make_folder(folder: &Path) -> Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(StoreError::io("create", folder))
}

fn read(path: &Path, hash: &BlobHash) -> Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::BlobMissing(hash.clone()),
        _ => StoreError::io("read", path)(error),
    })?;
    if BlobHash::of(&bytes) == *hash { Ok(bytes) } else { Err(StoreError::BlobDamaged(hash.clone())) }
}

/// Marks a file as put in just now. False where it is not there any more.
fn touch(path: &Path) -> bool {
    let touched = fs::File::open(path).and_then(|file| {
        let now = fs::FileTimes::new().set_modified(file_time());
        file.set_times(now)
    });
    touched.is_ok() && path.exists()
}

/// The time of day as files have it: what is compared with it is the same clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the times of files are the system's, whatever clock the store runs by"
)]
fn file_time() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

fn old(path: &Path, grace: Duration) -> Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(found) => {
            let put = found.modified().map_err(StoreError::io("read the time of", path))?;
            let age = file_time().duration_since(put).unwrap_or_default();
            Ok((age >= grace).then_some(found.len()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path)(error)),
    }
}

/// Moved aside first: who puts the same content in now sees that it is gone and writes it anew, and who did just before
/// has left a new time on it.
fn sweep(path: &Path, grace: Duration) -> Result<bool> {
    let aside = path.with_extension("going");
    match fs::rename(path, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound && !aside.exists() => return Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::io("move", path)(error)),
    }
    if old(&aside, grace)?.is_none() {
        fs::rename(&aside, path).map_err(StoreError::io("move", path))?;
        return Ok(false);
    }
    fs::remove_file(&aside).map_err(StoreError::io("remove", &aside))?;
    Ok(true)
}

/// Written beside its place and moved there: a reader sees all of it or nothing, also after a crash.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let write = || -> io::Result<()> {
        let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o400))?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    };
    write().map_err(StoreError::io("write", path))
}
