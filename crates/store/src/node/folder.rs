//! The data folder that all nodes of a database share: known by an id in a file there, so that it may be moved or be
//! mounted somewhere else.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use sqlx::PgConnection;
use swarm_domain::Entropy;

use crate::{Result, Store, StoreError, SystemEntropy};

/// The file that holds the folder's id.
const FILE: &str = "folder.id";

/// Fails where the nodes of this database keep their files in another folder. The first node decides.
pub(super) async fn check(store: &Store, conn: &mut PgConnection) -> Result<()> {
    let here = store.data_dir().to_owned();
    let id = id_of(here.clone()).await?;
    let path = here.display().to_string();
    sqlx::query(
        "INSERT INTO swarm.data_folder (id, path, noted_at) VALUES ($1, $2, clock_timestamp()) ON CONFLICT DO NOTHING",
    )
    .bind(&id)
    .bind(&path)
    .execute(&mut *conn)
    .await?;
    let (known, theirs): (String, String) =
        sqlx::query_as("SELECT id, path FROM swarm.data_folder").fetch_one(conn).await?;
    if known == id { Ok(()) } else { Err(StoreError::OtherFolder { ours: here, theirs: theirs.into() }) }
}

/// The folder's id. Who asks first makes it; of two at once both get the same.
async fn id_of(folder: PathBuf) -> Result<String> {
    let made = tokio::task::spawn_blocking(move || read_or_make(&folder)).await;
    made.map_err(|error| StoreError::corrupt(FILE, error))?
}

fn read_or_make(folder: &Path) -> Result<String> {
    let path = folder.join(FILE);
    let read = || std::fs::read_to_string(&path).map(|text| text.trim().to_owned());
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        text => return text.map_err(StoreError::io("read", &path)),
    }
    let mut random = [0; 32];
    random[..10].copy_from_slice(&SystemEntropy.bytes());
    let id = blake3::hash(&random).to_hex()[..32].to_owned();
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(StoreError::io("create", &path))?;
    writeln!(file, "{id}")
        .and_then(|()| file.as_file().sync_all())
        .map_err(StoreError::io("write", &path))?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(id),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            read().map_err(StoreError::io("read", &path))
        }
        Err(error) => Err(StoreError::io("create", &path)(error.error)),
    }
}
