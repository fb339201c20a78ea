//! Finding PostgreSQL's programs. Distributions keep each major version in a folder of its own, rarely in the PATH.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::folder::Folder;
use crate::{Result, StoreError};

/// The oldest major version that swarm works with.
const OLDEST: u32 = 15;
/// Names the folder with the programs, where they stand in no usual place.
const VARIABLE: &str = "SWARM_PG_BIN";
/// Where versions stand side by side: Debian, Fedora and SUSE, Alpine, Gentoo, Homebrew on both kinds of Mac, FreeBSD.
/// Each is a folder, the beginning of the entries' names, and the way from there to the programs.
const PLACES: [(&str, &str, &str); 8] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/lib", "postgresql", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/lib64", "postgresql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/usr/local/pgsql", "bin", ""),
];

/// The server programs of one version.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    folder: PathBuf,
    version: u32,
}

impl Programs {
    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// The newest on this machine, or those in the named folder.
    pub(super) async fn newest(named: Option<&Path>) -> Result<Self> {
        let (found, searched) = find(named).await;
        found.into_iter().max_by_key(|programs| programs.version).ok_or(StoreError::NoPostgres { searched })
    }

    /// Those that can read what this major version wrote.
    pub(super) async fn of_version(named: Option<&Path>, version: u32, folder: &Folder) -> Result<Self> {
        let (found, searched) = find(named).await;
        if found.is_empty() {
            return Err(StoreError::NoPostgres { searched });
        }
        let mut versions: Vec<_> = found.iter().map(|programs| programs.version).collect();
        versions.sort_unstable();
        versions.dedup();
        let versions: Vec<_> = versions.iter().map(u32::to_string).collect();
        found.into_iter().find(|programs| programs.version == version).ok_or_else(|| {
            StoreError::ClusterVersion {
                folder: folder.database(),
                wanted: version,
                found: versions.join(", "),
            }
        })
    }
}

/// The programs on this machine that are new enough, and where was looked.
async fn find(named: Option<&Path>) -> (Vec<Programs>, String) {
    let named = named.map(Path::to_owned).or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from));
    let (folders, searched) = match named {
        Some(folder) => (vec![folder.clone()], folder.display().to_string()),
        None => (
            usual_folders(),
            "the PATH, /usr/lib/postgresql, /usr/pgsql-*, /opt/homebrew/opt and the like".to_owned(),
        ),
    };
    let mut found = Vec::new();
    for folder in folders {
        if folder.join("initdb").is_file()
            && let Some(version) = version_of(&folder.join("postgres")).await
            && version >= OLDEST
        {
            found.push(Programs { folder, version });
        }
    }
    (found, searched)
}

fn usual_folders() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&path).filter(|folder| folder.is_absolute()).collect();
    for (place, beginning, way) in PLACES {
        let Ok(entries) = fs::read_dir(place) else {
            continue;
        };
        let fitting = entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with(beginning));
        folders.extend(fitting.map(|entry| entry.path().join(way)));
    }
    folders
}

async fn version_of(postgres: &Path) -> Option<u32> {
    let output = Command::new(postgres)
        .arg("--version")
        .env_clear()
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .await
        .ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The major version from `postgres (PostgreSQL) 17.2 (Debian 17.2-1)`; also from `18beta1`.
fn parse_version(said: &str) -> Option<u32> {
    let version = said.strip_prefix("postgres (PostgreSQL) ")?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).map_or(version, |end| &version[..end]);
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_calls_itself_postgresql_has_a_version() {
        assert_eq!(parse_version("postgres (PostgreSQL) 17.2 (Debian 17.2-1.pgdg120+1)\n"), Some(17));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some(18));
        for other in ["", "initdb (PostgreSQL) 17.2", "postgres 17", "postgres (PostgreSQL) x"] {
            assert_eq!(parse_version(other), None, "{other:?}");
        }
    }

    #[tokio::test]
    async fn a_folder_without_postgresql_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = Programs::newest(Some(folder.path())).await.unwrap_err();
        assert_eq!(error.problem().code, "store.no_postgres");
        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    }
}
