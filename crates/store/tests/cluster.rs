//! The private PostgreSQL: started once, joined, killed, stopped.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use swarm_store::{Cluster, ClusterOptions, Origin, Store, StoreError, SystemClock};

use crate::story;

/// A data folder that every user may pass through, and no server left running in it.
struct Data {
    folder: tempfile::TempDir,
}

impl Data {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }
}

async fn started(data: &Path) -> Cluster {
    Cluster::start(data, ClusterOptions::default()).await.unwrap()
}

async fn opened(cluster: &Cluster, data: &Path) -> Store {
    Store::connect(&cluster.database_url(), data, Arc::new(SystemClock)).await.unwrap()
}

fn is_alive(pid: i32) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[tokio::test]
async fn a_killed_server_comes_back_with_everything_that_was_committed() {
    let data = Data::new();
    let cluster = started(&data.path()).await;
    let store = opened(&cluster, &data.path()).await;
    store.append_all(&story::whole()).await.unwrap();
    kill(Pid::from_raw(cluster.pid().await), Signal::SIGKILL).unwrap();

    // The connections of the old store may still keep the old server's children alive: that is the hard case.
    let again = started(&data.path()).await;
    assert_eq!(again.origin(), Origin::Started);
    assert_ne!(again.pid().await, cluster.pid().await);
    let reopened = opened(&again, &data.path()).await;
    let report = reopened.verify(&story::tenant()).await.unwrap();
    assert_eq!((report.events, report.first_bad), (story::whole().len() as u64, None));
    assert_eq!(reopened.rebuild(&story::tenant()).await.unwrap().differing().count(), 0);
    store.close().await;
    reopened.close().await;
    assert!(!cluster.stop().await.unwrap(), "somebody else still uses it");
    assert!(again.stop().await.unwrap());
}

#[tokio::test]
async fn who_comes_second_joins_and_the_last_one_stops_it() {
    let data = Data::new();
    let first = started(&data.path()).await;
    let second = started(&data.path()).await;
    assert_eq!((first.origin(), second.origin()), (Origin::Started, Origin::Joined));
    let pid = first.pid().await;
    assert_eq!(second.pid().await, pid);
    assert!(!first.stop().await.unwrap());
    let store = opened(&second, &data.path()).await;
    store.ping().await.unwrap();
    store.close().await;
    assert!(second.stop().await.unwrap());
    assert!(!second.stop().await.unwrap(), "stopping again does nothing");
    assert!(!is_alive(pid));
}

#[tokio::test]
async fn many_who_start_at_once_share_one_server() {
    let data = Data::new();
    let path = data.path();
    let starts = (0..5).map(|_| Cluster::start(&path, ClusterOptions::default()));
    let clusters = futures::future::join_all(starts).await;
    let clusters: Vec<_> = clusters.into_iter().map(Result::unwrap).collect();
    assert_eq!(clusters.iter().filter(|cluster| cluster.origin() == Origin::Started).count(), 1);
    let pid = clusters[0].pid().await;
    let mut stopped = 0;
    for cluster in &clusters {
        assert_eq!(cluster.pid().await, pid);
        stopped += u32::from(cluster.stop().await.unwrap());
    }
    assert_eq!(stopped, 1);
}

#[tokio::test]
async fn a_lock_file_that_names_another_process_by_now_is_no_obstacle() {
    let data = Data::new();
    let cluster = started(&data.path()).await;
    let file = data.path().join("postgres/postmaster.pid");
    let text = fs::read_to_string(&file).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    let pid = cluster.pid().await;
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    cluster.stop().await.unwrap();
    fs::write(&file, format!("{}\n{rest}", std::process::id())).unwrap();
    let again = started(&data.path()).await;
    assert_eq!(again.origin(), Origin::Started);
    assert!(again.stop().await.unwrap());
}

#[tokio::test]
async fn a_set_up_that_was_cut_short_is_begun_anew() {
    let data = Data::new();
    fs::create_dir_all(data.path().join("postgres.new/base")).unwrap();
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let cluster = started(&data.path()).await;
    assert!(!data.path().join("postgres.new").exists());
    assert!(cluster.stop().await.unwrap());
}

#[tokio::test]
async fn a_folder_whose_path_is_too_long_for_a_socket_gets_a_short_one() {
    let data = Data::new();
    let long = data.path().join("x".repeat(120));
    fs::create_dir_all(&long).unwrap();
    for folder in [data.path(), long.clone()] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o711)).unwrap();
    }
    let cluster = started(&long).await;
    let joined = started(&long).await;
    assert_eq!(joined.origin(), Origin::Joined);
    let store = opened(&joined, &long).await;
    let pool = sqlx::PgPool::connect(&joined.database_url()).await.unwrap();
    let socket: String = sqlx::query_scalar("SELECT current_setting('unix_socket_directories')")
        .fetch_one(&pool)
        .await
        .unwrap();
    pool.close().await;
    let socket = PathBuf::from(socket.trim_matches('"'));
    assert!(socket.is_dir() && !socket.starts_with(&long), "{}", socket.display());
    store.ping().await.unwrap();
    store.close().await;
    cluster.stop().await.unwrap();
    assert!(joined.stop().await.unwrap());
    assert!(!socket.exists());
}

#[tokio::test]
async fn only_its_owner_may_enter_the_database_and_nothing_listens_on_a_port() {
    let data = Data::new();
    let cluster = started(&data.path()).await;
    let mode = fs::metadata(data.path().join("postgres")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    let pool = sqlx::PgPool::connect(&cluster.database_url()).await.unwrap();
    let setting = async |name: &str| -> String {
        sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&pool).await.unwrap()
    };
    assert_eq!(setting("listen_addresses").await, "");
    assert_eq!(setting("fsync").await, "on");
    pool.close().await;
    assert!(cluster.stop().await.unwrap());
}

#[tokio::test]
async fn a_folder_that_holds_something_else_is_left_alone() {
    let data = Data::new();
    fs::create_dir_all(data.path().join("postgres")).unwrap();
    fs::write(data.path().join("postgres/letter.txt"), "dear").unwrap();
    let error = Cluster::start(&data.path(), ClusterOptions::default()).await.unwrap_err();
    assert_eq!(error.problem().code, "store.cluster_folder", "{error}");
    assert_eq!(fs::read(data.path().join("postgres/letter.txt")).unwrap(), b"dear");
}

#[tokio::test]
async fn a_database_of_another_major_version_is_refused_with_the_version_to_install() {
    let data = Data::new();
    fs::create_dir_all(data.path().join("postgres")).unwrap();
    fs::write(data.path().join("postgres/PG_VERSION"), "9\n").unwrap();
    fs::set_permissions(data.path(), fs::Permissions::from_mode(0o711)).unwrap();
    let problem = Cluster::start(&data.path(), ClusterOptions::default()).await.unwrap_err().problem();
    assert_eq!(problem.code, "store.cluster_version");
    assert!(problem.next.contains("postgresql-9"), "{problem:?}");
}

#[tokio::test]
async fn a_folder_that_the_server_cannot_reach_is_named() {
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root runs the server as another user");
        return;
    }
    let data = Data::new();
    fs::set_permissions(data.folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let error = Cluster::start(&data.path(), ClusterOptions::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::ClusterFolder { .. }), "{error}");
    assert!(error.to_string().contains(&format!("enter {}", data.folder.path().display())), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_start_says_why_and_where_its_log_is() {
    let data = Data::new();
    let settings = vec![("shared_buffers".to_owned(), "nonsense".to_owned())];
    let options = ClusterOptions { settings, ..ClusterOptions::default() };
    let error = Cluster::start(&data.path(), options).await.unwrap_err();
    assert_eq!(error.problem().code, "store.cluster");
    assert!(error.to_string().contains("shared_buffers"), "{error}");
    assert!(error.problem().next.contains("postgres.log"));
}
