//! The files of a repository as plain files in a folder. They are written from git's objects as they are: no filter, no
//! hook and no attribute has a say.

use std::{
    collections::HashMap,
    ffi::OsStr,
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _},
    path::Path,
};

use swarm_domain::scope::RelativePath;

use super::{Content, Here};
use crate::{
    error::ForgeError,
    object::hex,
    symlink,
    tree::{BATCH, Entry, FileMode, entry, objects},
};

/// What may run and what may not, as git knows it.
const MODES: [u32; 2] = [0o755, 0o644];

impl Here {
    /// Writes the files into `folder`, which must be empty. Links that lead out of it are refused.
    pub async fn export(&self, content: &Content, folder: &Path) -> Result<(), ForgeError> {
        let entries = self.entries(content).await?;
        let (links, files): (Vec<_>, Vec<_>) = entries
            .into_iter()
            .filter(|entry| entry.mode != FileMode::Submodule)
            .partition(|entry| entry.mode == FileMode::Symlink);
        for some in files.chunks(BATCH) {
            let found = objects(self.git("cat-file"), some.iter().map(|entry| entry.id.as_str())).await?;
            for (entry, bytes) in some.iter().zip(found) {
                write(folder, entry, &bytes)?;
            }
        }
        if links.is_empty() {
            return Ok(());
        }
        let targets = objects(self.git("cat-file"), links.iter().map(|entry| entry.id.as_str())).await?;
        let links: HashMap<_, _> = links.into_iter().map(|entry| entry.path).zip(targets).collect();
        let escaping = symlink::escaping(&links);
        if !escaping.is_empty() {
            return Err(ForgeError::SymlinkEscapes { links: escaping });
        }
        // Last: nothing is written through a link.
        for (path, target) in &links {
            let path = place(folder, path)?;
            let doing = || format!("make the link {}", path.display());
            std::os::unix::fs::symlink(OsStr::from_bytes(target), &path).map_err(ForgeError::io(doing()))?;
        }
        Ok(())
    }

    /// The paths of all files, in git's order.
    pub async fn paths(&self, content: &Content) -> Result<Vec<String>, ForgeError> {
        let entries = self.entries(content).await?;
        Ok(entries.into_iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect())
    }

    async fn entries(&self, content: &Content) -> Result<Vec<Entry>, ForgeError> {
        Ok(match content {
            Content::Commit(commit) => {
                let call = self.git("ls-tree").args(["-r", "-z", "--full-tree", hex(commit)?]);
                call.run().await?.fields().filter_map(entry).collect()
            }
            Content::Staged => {
                let listed = self.git("ls-files").args(["-s", "-z"]).run().await?;
                listed.fields().filter_map(staged).collect()
            }
        })
    }
}

/// Reads `<mode> <id> <stage>\t<path>`; none for a side of a clash that is not settled.
fn staged(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|b| *b == b'\t')?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let mut words = head.split(' ');
    let (mode, id, stage) = (words.next()?, words.next()?, words.next()?);
    let entry = || Entry { mode: FileMode::of_git(mode), id: id.to_owned(), path: line[tab + 1..].to_vec() };
    (stage == "0").then(entry)
}

/// Where a file of the repository goes: inside of the folder, whatever the repository calls it.
fn place(folder: &Path, path: &[u8]) -> Result<std::path::PathBuf, ForgeError> {
    let text = String::from_utf8_lossy(path);
    let safe = RelativePath::parse(&text)
        .map_err(|error| ForgeError::Invalid { what: "path in a repository", detail: error.to_string() })?;
    let target = folder.join(safe.as_str());
    if let Some(parent) = target.parent() {
        let doing = format!("make {}", parent.display());
        std::fs::create_dir_all(parent).map_err(ForgeError::io(doing))?;
    }
    Ok(target)
}

fn write(folder: &Path, entry: &Entry, bytes: &[u8]) -> Result<(), ForgeError> {
    let path = place(folder, &entry.path)?;
    let [runs, plain] = MODES;
    let mode = if entry.mode == FileMode::Executable { runs } else { plain };
    let written = std::fs::write(&path, bytes)
        .and_then(|()| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)));
    written.map_err(ForgeError::io(format!("write {}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_of_a_clash_is_no_file() {
        assert_eq!(
            staged(b"100755 abc 0\tx y").map(|e| (e.mode, e.id)),
            Some((FileMode::Executable, "abc".to_owned()))
        );
        assert!(staged(b"100644 abc 2\tx").is_none());
        assert!(staged(b"100644 abc").is_none());
    }

    #[test]
    fn a_path_that_leads_out_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["../x", "/etc/x", ".git/hooks/x", "a/../../x", ""] {
            assert!(place(folder.path(), path.as_bytes()).is_err(), "{path}");
        }
        assert!(place(folder.path(), b"a/b.py").is_ok());
    }
}
