//! Blobs: big texts, each kept once under the hash of its bytes.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use swarm_domain::BlobHash;

use crate::{Result, StoreError};

/// The largest blob, in bytes.
pub const MAX_BLOB_BYTES: u64 = 64 * 1024 * 1024;

/// The blobs in a folder: `ab/cdef…`, readable by their owner only.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// Opens the blobs in a folder, which is made if it is not there.
    pub async fn open(folder: &Path) -> Result<Self> {
        let blobs = Self { folder: folder.to_owned() };
        let folder = blobs.folder.clone();
        blocking(move || make_folder(&folder)).await?;
        Ok(blobs)
    }

    /// Keeps these bytes. Once this returns they survive a loss of power. Bytes that are there already are not
    /// written again, unless what is there is damaged: then this mends it.
    pub async fn put(&self, bytes: &[u8]) -> Result<BlobHash> {
        let hash = BlobHash::of(bytes);
        if bytes.len() as u64 > MAX_BLOB_BYTES {
            return Err(StoreError::BlobTooLarge { bytes: bytes.len() as u64, limit: MAX_BLOB_BYTES });
        }
        let (path, bytes, name) = (self.path(&hash), bytes.to_vec(), hash.clone());
        blocking(move || match read(&path, &name) {
            Ok(_) => Ok(()),
            Err(StoreError::BlobMissing(_) | StoreError::BlobDamaged(_)) => write(&path, &bytes),
            Err(error) => Err(error),
        })
        .await?;
        Ok(hash)
    }

    /// The bytes with this hash, proven to have it.
    pub async fn get(&self, hash: &BlobHash) -> Result<Vec<u8>> {
        let (path, hash) = (self.path(hash), hash.clone());
        blocking(move || read(&path, &hash)).await
    }

    fn path(&self, hash: &BlobHash) -> PathBuf {
        let (folder, file) = hash.as_str().split_at(2);
        self.folder.join(folder).join(file)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => {
            Err(StoreError::Io { doing: "work on", path: "blobs".into(), source: io::Error::other(error) })
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    async fn blobs() -> (tempfile::TempDir, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&folder.path().join("blobs")).await.unwrap();
        (folder, blobs)
    }

    #[tokio::test]
    async fn a_damaged_blob_is_found_and_putting_it_again_mends_it() {
        let (_folder, blobs) = blobs().await;
        let hash = blobs.put(b"the reply").await.unwrap();
        let path = blobs.path(&hash);
        for damage in [&b"the lie"[..], b""] {
            fs::remove_file(&path).unwrap();
            fs::write(&path, damage).unwrap();
            assert!(matches!(blobs.get(&hash).await, Err(StoreError::BlobDamaged(bad)) if bad == hash));
        }
        blobs.put(b"the reply").await.unwrap();
        assert_eq!(blobs.get(&hash).await.unwrap(), b"the reply");
    }

    #[tokio::test]
    async fn a_blob_that_was_never_put_is_missing() {
        let (_folder, blobs) = blobs().await;
        let error = blobs.get(&BlobHash::of(b"nothing")).await.unwrap_err();
        assert_eq!(error.problem().code, "store.blob_missing");
    }

    #[tokio::test]
    async fn a_blob_that_is_too_large_is_refused_before_it_is_written() {
        let (folder, blobs) = blobs().await;
        let bytes = vec![0; usize::try_from(MAX_BLOB_BYTES).unwrap() + 1];
        assert!(matches!(blobs.put(&bytes).await, Err(StoreError::BlobTooLarge { .. })));
        assert_eq!(fs::read_dir(folder.path().join("blobs")).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn many_writers_of_the_same_bytes_leave_one_file() {
        let (folder, blobs) = blobs().await;
        let puts = (0..16).map(|_| blobs.put(b"same"));
        let hashes = futures::future::try_join_all(puts).await.unwrap();
        assert!(hashes.iter().all(|hash| *hash == hashes[0]));
        let shard = folder.path().join("blobs").join(&hashes[0].as_str()[..2]);
        assert_eq!(fs::read_dir(shard).unwrap().count(), 1);
    }
}
