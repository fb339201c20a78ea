//! Copies a work folder. What is in it was written by strangers: no link is followed, nothing but files, folders and links
//! is taken, and there are bounds.

use std::{fs, io, os::unix::fs::MetadataExt, path::Path};

use swarm_guest::tree::{Bounds, Folder, Known, Piece, Source, Stage, TreeError, changes, scan};

use crate::error::SandboxError;

/// More files and folders than this are in no work folder that is meant.
const MOST_ENTRIES: u64 = 200_000;

/// Copies all of it into a folder that is made. `stage` is a place on the same file system where nothing is yet. Says how
/// many bytes of files there are. Blocks.
pub(super) fn copy(from: &Path, to: &Path, stage: &Path, bytes: u64) -> Result<u64, SandboxError> {
    tried(from, to, stage, Bounds { entries: MOST_ENTRIES, bytes }).map_err(|error| match error {
        TreeError::TooMuch(detail) => SandboxError::invalid("work folder", detail),
        TreeError::Io { path, source } => SandboxError::unwritten(format!("copy {path}"), source),
        other => SandboxError::io("copy the work folder", io::Error::other(other.to_string())),
    })
}

fn tried(from: &Path, to: &Path, stage: &Path, bounds: Bounds) -> Result<u64, TreeError> {
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |source| TreeError::Io { path, source }
    };
    fs::create_dir(to).map_err(at(to))?;
    let mut source = Folder::open(from).map_err(at(from))?;
    let found = fs::metadata(from).map_err(at(from))?;
    std::os::unix::fs::chown(to, Some(found.uid()), Some(found.gid())).map_err(at(to))?;
    let now = scan(&source, bounds.entries)?;
    let mut known = Known::new();
    let all = changes(&known, &now);
    let mut taking = Stage::begin(stage, bounds, Some((found.uid(), found.gid())))?;
    // Why it was not taken tells more than that it was not.
    let mut refused = None;
    let sent = Source::new(&mut source).send(all, bounds, &mut known, |piece| {
        let taken = match piece {
            Piece::Entry(entry) => taking.entry(entry),
            Piece::Data(bytes) => taking.data(bytes),
        };
        taken.map_err(|error| {
            refused = Some(error);
            io::ErrorKind::BrokenPipe.into()
        })
    });
    if let Some(error) = refused {
        return Err(error);
    }
    let totals = sent?;
    let mut target = Folder::open(to).map_err(at(to))?;
    taking.end(totals, &Known::new())?.land(&mut target, &mut Known::new(), false)?;
    Ok(totals.bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn files_folders_and_links_are_copied_and_nothing_else_nor_what_a_link_leads_to() {
        let root = tempfile::tempdir().unwrap();
        let (from, to) = (root.path().join("from"), root.path().join("to"));
        fs::create_dir_all(from.join("inner")).unwrap();
        fs::write(from.join("inner/tool"), "run").unwrap();
        fs::set_permissions(from.join("inner/tool"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(from.join(".git"), "gitdir: /elsewhere").unwrap();
        symlink("/etc", from.join("out")).unwrap();
        nix::unistd::mkfifo(&from.join("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(copy(&from, &to, &root.path().join("stage"), 1 << 20).unwrap(), 3);
        assert_eq!(fs::read_to_string(to.join("inner/tool")).unwrap(), "run");
        assert_eq!(fs::metadata(to.join("inner/tool")).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_link(to.join("out")).unwrap(), Path::new("/etc"));
        assert!(!to.join("pipe").exists() && !to.join(".git").exists());
        assert!(!root.path().join("stage").exists());
    }

    #[test]
    fn more_than_the_bounds_is_refused_and_nothing_is_staged_any_more() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        fs::create_dir(&from).unwrap();
        fs::write(from.join("file"), vec![1; 5_000]).unwrap();
        let stage = root.path().join("stage");
        let error = copy(&from, &root.path().join("to"), &stage, 4_999).unwrap_err();
        assert_eq!(error.problem().code, "sandbox.invalid", "{error}");
        assert!(!stage.exists());
    }
}
