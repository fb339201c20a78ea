//! Reading trees and the objects in them.

use std::{collections::HashMap, sync::Arc};

use swarm_domain::{CommitId, scope::RelativePath};

use crate::{
    error::ForgeError,
    git::Call,
    mirror::Mirror,
    object::{RawCommit, hex},
    symlink,
};

/// Objects that are read at once.
pub(crate) const BATCH: usize = 200;

/// The largest file whose bytes are remembered.
const REMEMBERED_BYTES: usize = 64 << 10;

/// What an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileMode {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link; its content is its target.
    Symlink,
    /// A commit of another repository.
    Submodule,
}

impl FileMode {
    /// Reads git's octal mode.
    pub(crate) fn of_git(mode: &str) -> Self {
        match mode {
            "100755" => Self::Executable,
            "120000" => Self::Symlink,
            "160000" => Self::Submodule,
            _ => Self::File,
        }
    }
}

/// One file of a tree.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub mode: FileMode,
    pub id: String,
    pub path: Vec<u8>,
}

impl Mirror {
    /// The paths of all files in a commit, in git's order.
    pub async fn files(&self, commit: &CommitId) -> Result<Vec<String>, ForgeError> {
        let entries = self.entries(commit).await?;
        Ok(entries.iter().map(|entry| String::from_utf8_lossy(&entry.path).into_owned()).collect())
    }

    /// A file's bytes as they are in a commit; none where the commit has no such file, or a link or folder in its place.
    /// A file of more than `max_bytes` is an error.
    pub async fn file_at(
        &self,
        commit: &CommitId,
        path: &RelativePath,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>, ForgeError> {
        let name = self.require_commit(commit).await?;
        let entry = if let Some(entries) = self.known().listed(name) {
            entries.iter().find(|entry| entry.path == path.as_str().as_bytes()).cloned()
        } else {
            let listed = self.git("ls-tree").args(["-z", name, "--", path.as_str()]).run().await?;
            listed.fields().find_map(entry)
        };
        let Some(Entry { mode: FileMode::File | FileMode::Executable, id, .. }) = entry else {
            return Ok(None);
        };
        if let Some(content) = self.known().content(&id).filter(|content| content.len() <= max_bytes) {
            return Ok(Some(content.to_vec()));
        }
        let found = self.git("cat-file").args(["blob", &id]).cut_at(max_bytes).run().await?;
        if found.truncated {
            return Err(ForgeError::TooMuchOutput { command: "cat-file", limit: max_bytes });
        }
        if found.stdout.len() <= REMEMBERED_BYTES {
            self.known().note_content(&id, &found.stdout);
        }
        Ok(Some(found.stdout))
    }

    /// The ordinary files of a commit that `wanted` takes, with their bytes, in git's order: no more than `max_files`, and
    /// no more than `max_total` bytes of all of them. One of more than `max_bytes` comes without its bytes. The paths that
    /// found no room come beside them.
    pub async fn contents(
        &self,
        commit: &CommitId,
        wanted: impl Fn(&str) -> bool,
        max_bytes: usize,
        max_files: usize,
        max_total: usize,
    ) -> Result<(Vec<(String, Option<Vec<u8>>)>, Vec<String>), ForgeError> {
        let entries = self.entries(commit).await?;
        let named = entries.iter().filter_map(|entry| {
            let path = String::from_utf8(entry.path.clone()).ok()?;
            let is_file = matches!(entry.mode, FileMode::File | FileMode::Executable);
            (is_file && wanted(&path)).then(|| (path, entry.id.clone()))
        });
        let named: Vec<(String, String)> = named.collect();
        let ids: Vec<&str> = named.iter().map(|(_, id)| id.as_str()).collect();
        let sizes = self.sizes(&ids).await?;
        let (mut files, mut skipped, mut read) = (Vec::new(), Vec::new(), Vec::new());
        let mut total = 0_u64;
        for ((path, id), size) in named.iter().zip(sizes) {
            let is_small = size <= max_bytes as u64;
            if files.len() == max_files || (is_small && total + size > max_total as u64) {
                skipped.push(path.clone());
                continue;
            }
            if is_small {
                total += size;
                read.push((files.len(), id.as_str()));
            }
            files.push((path.clone(), None));
        }
        // `cat-file --batch` answers nothing where it is asked for nothing.
        for some in read.chunks(BATCH) {
            let bytes = self.objects(some.iter().map(|(_, id)| *id)).await?;
            for ((place, _), bytes) in some.iter().zip(bytes) {
                files[*place].1 = Some(bytes);
            }
        }
        Ok((files, skipped))
    }

    /// The name of a commit's tree: two commits with the same name hold the same files.
    pub async fn tree(&self, commit: &CommitId) -> Result<String, ForgeError> {
        self.tree_of(commit).await
    }

    pub(crate) async fn tree_of(&self, commit: &CommitId) -> Result<String, ForgeError> {
        Ok(self.read_commit(commit).await?.tree.clone())
    }

    async fn entries(&self, commit: &CommitId) -> Result<Arc<[Entry]>, ForgeError> {
        let name = self.require_commit(commit).await?;
        self.entries_of_tree(name).await
    }

    async fn entries_of_tree(&self, tree: &str) -> Result<Arc<[Entry]>, ForgeError> {
        if let Some(entries) = self.known().listed(tree) {
            return Ok(entries);
        }
        let listed = self.git("ls-tree").args(["-r", "-z", "--full-tree", tree]).run().await?;
        let entries = listed.fields().filter_map(entry).collect();
        self.known().note_listed(tree, &entries);
        Ok(entries)
    }

    /// The modes of a tree's files, as git writes them, of those that are no ordinary files.
    pub(crate) async fn modes(&self, tree: &str) -> Result<HashMap<String, &'static str>, ForgeError> {
        let entries = self.entries_of_tree(tree).await?;
        let executable = entries.iter().filter(|entry| entry.mode == FileMode::Executable);
        Ok(executable.map(|entry| (String::from_utf8_lossy(&entry.path).into_owned(), "100755")).collect())
    }

    /// Fails where a symbolic link of the tree, or of the commit's tree, leads out of it.
    pub(crate) async fn refuse_escaping_links(&self, tree: &str) -> Result<(), ForgeError> {
        if self.known().is_contained(tree) {
            return Ok(());
        }
        let entries = self.entries_of_tree(tree).await?;
        let links: Vec<_> = entries.iter().filter(|entry| entry.mode == FileMode::Symlink).collect();
        if !links.is_empty() {
            let targets = self.objects(links.iter().map(|entry| entry.id.as_str())).await?;
            let links: HashMap<_, _> =
                links.into_iter().map(|entry| entry.path.clone()).zip(targets).collect();
            let links = symlink::escaping(&links);
            if !links.is_empty() {
                return Err(ForgeError::SymlinkEscapes { links });
            }
        }
        self.known().note_contained(tree);
        Ok(())
    }

    /// The contents of objects, in the order asked for.
    async fn objects(&self, ids: impl Iterator<Item = &str>) -> Result<Vec<Vec<u8>>, ForgeError> {
        objects(self.git("cat-file"), ids).await
    }

    pub(crate) async fn commits(&self, ids: &[CommitId]) -> Result<Vec<RawCommit>, ForgeError> {
        let names = ids.iter().map(hex).collect::<Result<Vec<_>, _>>()?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.objects(names.into_iter()).await?;
        Ok(found.iter().map(|bytes| RawCommit::parse(bytes)).collect())
    }

    /// The sizes of objects in bytes, in the order asked for; 0 for what is not here, such as a submodule's commit.
    pub(crate) async fn sizes(&self, ids: &[&str]) -> Result<Vec<u64>, ForgeError> {
        sizes(self.git("cat-file"), ids).await
    }
}

/// The contents of objects, in the order asked for.
pub(crate) async fn objects(
    cat_file: Call,
    ids: impl Iterator<Item = &str>,
) -> Result<Vec<Vec<u8>>, ForgeError> {
    let asked: String = ids.flat_map(|id| [id, "\n"]).collect();
    let reply = cat_file.arg("--batch").stdin(asked).run().await?;
    Ok(batch(&reply.stdout))
}

/// The sizes of objects in bytes, in the order asked for; 0 for what is not here.
pub(crate) async fn sizes(cat_file: Call, ids: &[&str]) -> Result<Vec<u64>, ForgeError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let asked: String = ids.iter().flat_map(|id| [*id, "\n"]).collect();
    let reply = cat_file.arg("--batch-check=%(objectsize)").stdin(asked).run().await?;
    Ok(reply.text().lines().map(|line| line.parse().unwrap_or(0)).collect())
}

/// Reads `<mode> <type> <id>\t<path>`; none where that is a folder.
pub(crate) fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|b| *b == b'\t')?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let mut words = head.split(' ');
    let mode = FileMode::of_git(words.next()?);
    let (kind, id) = (words.next()?, words.next()?.to_owned());
    if kind == "tree" {
        return None;
    }
    Some(Entry { mode, id, path: line[tab + 1..].to_vec() })
}

/// Reads what `cat-file --batch` prints: `<id> <type> <size>`, the content, a line end; for each object.
fn batch(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut contents = Vec::new();
    while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
        let head = String::from_utf8_lossy(&bytes[..end]);
        let size = head.rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        bytes = &bytes[end + 1..];
        let size = size.unwrap_or(0).min(bytes.len());
        contents.push(bytes[..size].to_vec());
        // A missing object has a line of its own and no content.
        if !head.ends_with(" missing") {
            bytes = bytes.get(size + 1..).unwrap_or_default();
        }
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read_whatever_its_contents_look_like() {
        let text = b"aa blob 4\na b\n\nbb missing\ncc blob 0\n\ndd blob 1\nx\n";
        assert_eq!(batch(text), [b"a b\n".to_vec(), Vec::new(), Vec::new(), b"x".to_vec()]);
    }

    #[test]
    fn an_entry_keeps_every_byte_of_its_path() {
        let found = entry(b"100755 blob abc\tx\ty\xff").unwrap();
        assert_eq!(
            (found.mode, found.id.as_str(), found.path.as_slice()),
            (FileMode::Executable, "abc", &b"x\ty\xff"[..])
        );
    }
}
