//! Files that are either wholly there or not at all.

use std::{io::Write as _, path::Path};

use crate::error::ForgeError;

/// Writes `bytes` to `path` by way of a temporary file beside it.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ForgeError> {
    let doing = || format!("write {}", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(ForgeError::io(doing()))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(ForgeError::io(doing()))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(ForgeError::io(doing()))?;
    file.persist(path).map_err(|e| ForgeError::Io { doing: doing(), source: e.error })?;
    Ok(())
}

/// Copies an index with its time. Git looks closer at files that are not older than the index that names them: they may
/// have changed after it, within the same tick of the clock.
pub(crate) fn copy_index(from: &Path, to: &Path) -> std::io::Result<u64> {
    let bytes = std::fs::copy(from, to)?;
    let modified = std::fs::metadata(from)?.modified()?;
    std::fs::File::options().write(true).open(to)?.set_modified(modified)?;
    Ok(bytes)
}

/// Removes a folder, also where permissions inside it were taken away.
pub(crate) fn remove_stubborn(path: &Path) -> Result<(), ForgeError> {
    if std::fs::remove_dir_all(path).is_err() {
        make_accessible(path);
    }
    match std::fs::remove_dir_all(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(ForgeError::Io { doing: format!("remove {}", path.display()), source: e })
        }
        _ => Ok(()),
    }
}

/// Gives the owner back the right to read what is below `path`. Symbolic links are not followed. What cannot be
/// changed is left; the read that needs it will say so.
pub(crate) fn make_accessible(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut folders = vec![path.to_owned()];
    while let Some(folder) = folders.pop() {
        let grant = |path: &Path, bits: u32| {
            if let Ok(found) = std::fs::symlink_metadata(path)
                && found.permissions().mode() & bits != bits
            {
                let mode = found.permissions().mode() | bits;
                let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode));
            }
        };
        grant(&folder, 0o700);
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => grant(&entry.path(), 0o400),
                _ => {}
            }
        }
    }
}
