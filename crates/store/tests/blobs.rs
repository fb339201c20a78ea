//! Blobs: what is put comes back as it was, or not at all.

use std::{fs, path::PathBuf};

use futures::future;
use sqlx::PgPool;
use swarm_domain::BlobHash;
use swarm_store::{MAX_BLOB_BYTES, Store, StoreError, testing::TestDatabase};

/// Too large for the database, so it stands in a file.
fn large() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

async fn opened() -> (TestDatabase, Store) {
    let database = TestDatabase::new("blobs").await.unwrap();
    let store = database.store().await.unwrap();
    (database, store)
}

fn files(database: &TestDatabase) -> Vec<PathBuf> {
    let shards = fs::read_dir(database.data_dir().join("blobs")).unwrap();
    let files = shards.flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap());
    files.map(|file| file.unwrap().path()).collect()
}

#[tokio::test]
async fn a_damaged_blob_is_found_and_putting_it_again_mends_it() {
    let (database, store) = opened().await;
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let small = store.blobs().put(b"the reply").await.unwrap();
    for damage in ["the lie", ""] {
        sqlx::query("UPDATE swarm.blobs SET bytes = $1")
            .bind(damage.as_bytes())
            .execute(&pool)
            .await
            .unwrap();
        let found = store.blobs().get(&small).await;
        assert!(matches!(found, Err(StoreError::BlobDamaged(bad)) if bad == small));
    }
    store.blobs().put(b"the reply").await.unwrap();
    assert_eq!(store.blobs().get(&small).await.unwrap(), b"the reply");

    let hash = store.blobs().put(&large()).await.unwrap();
    let path = files(&database).remove(0);
    for damage in [&b"the lie"[..], b""] {
        fs::remove_file(&path).unwrap();
        fs::write(&path, damage).unwrap();
        assert!(matches!(store.blobs().get(&hash).await, Err(StoreError::BlobDamaged(bad)) if bad == hash));
    }
    store.blobs().put(&large()).await.unwrap();
    assert_eq!(store.blobs().get(&hash).await.unwrap(), large());
}

#[tokio::test]
async fn a_blob_that_was_never_put_is_missing() {
    let (_database, store) = opened().await;
    let error = store.blobs().get(&BlobHash::of(b"nothing")).await.unwrap_err();
    assert_eq!(error.problem().code, "store.blob_missing");
}

#[tokio::test]
async fn a_blob_that_is_too_large_is_refused_before_it_is_written() {
    let (database, store) = opened().await;
    let bytes = vec![0; usize::try_from(MAX_BLOB_BYTES).unwrap() + 1];
    assert!(matches!(store.blobs().put(&bytes).await, Err(StoreError::BlobTooLarge { .. })));
    assert_eq!(files(&database), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn many_writers_of_the_same_bytes_leave_one_blob() {
    let (database, store) = opened().await;
    for bytes in [b"same".to_vec(), large()] {
        let puts = (0..16).map(|_| store.blobs().put(&bytes));
        let hashes = future::try_join_all(puts).await.unwrap();
        assert!(hashes.iter().all(|hash| *hash == hashes[0]));
    }
    assert_eq!(files(&database).len(), 1);
    let pool = PgPool::connect(&database.url()).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM swarm.blobs").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_blob_of_an_older_data_folder_is_read_from_its_file() {
    let (database, store) = opened().await;
    let hash = BlobHash::of(b"from before");
    let (shard, name) = hash.as_str().split_at(2);
    let folder = database.data_dir().join("blobs").join(shard);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(name), b"from before").unwrap();
    assert_eq!(store.blobs().get(&hash).await.unwrap(), b"from before");
}
