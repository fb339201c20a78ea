//! Work that is carried from one work folder to another: what changed in the one, and putting it into the other.

use std::{collections::BTreeMap, time::Duration};

use nix::{
    errno::Errno,
    unistd::{UnlinkatFlags, fsync, unlinkat},
};
use swarm_domain::claim::{BriefFile, ReturnedFile};

use super::{Deadline, Workspace, jail::refused};
use crate::{error::AgentError, path::WorkPath, tool::Fault};

/// How long a look through the whole folder may take.
const LOOK: Duration = Duration::from_mins(1);

impl Workspace {
    /// Whether a returned file could be put here, changing nothing: the reason where it could not.
    pub fn admits(&self, file: &ReturnedFile) -> Result<Option<String>, AgentError> {
        said(Self::path(&file.path).and_then(|path| {
            self.in_scope(&path)?;
            self.current(&path).map(drop)
        }))
    }

    /// Puts a returned file here, or takes it away where it was deleted: the reason where it may not be. The same key
    /// again does it once.
    pub fn apply(&self, file: &ReturnedFile, step_key: &str) -> Result<Option<String>, AgentError> {
        said(Self::path(&file.path).and_then(|path| match &file.text {
            Some(text) => self.replace(&path, step_key, |_| Ok(text.clone())).map(drop),
            None => self.remove(&path),
        }))
    }

    fn remove(&self, path: &WorkPath) -> Result<(), Fault> {
        self.in_scope(path)?;
        if self.current(path)?.is_none() {
            return Ok(());
        }
        let folder = self.jail.parent(path)?;
        match unlinkat(&folder, path.file_name(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => return Err(refused(path, error)),
        }
        fsync(&folder).map_err(|error| AgentError::io(format!("remove {path}"))(error.into()))?;
        Ok(())
    }

    /// The text files in scope that are not as they were given, and those that are gone. What is no text, or too large
    /// to be read, is left out.
    pub fn changes(&self, given: &[BriefFile]) -> Result<Vec<ReturnedFile>, AgentError> {
        let given: BTreeMap<&str, &str> =
            given.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
        let mut changes = Vec::new();
        for path in broken(self.files(None, Deadline::after(LOOK)))?.unwrap_or_default() {
            if self.scope().allows(path.as_str())
                && let Some(text) = broken(self.read(&path))?
                && given.get(path.as_str()) != Some(&text.as_str())
            {
                changes.push(ReturnedFile { path: path.to_string(), text: Some(text) });
            }
        }
        for path in given.keys().filter(|path| self.scope().allows(path)) {
            if let Some(path) = broken(Self::path(path))?
                && matches!(broken(self.current(&path))?, Some(None))
            {
                changes.push(ReturnedFile { path: path.to_string(), text: None });
            }
        }
        Ok(changes)
    }
}

fn said(done: Result<(), Fault>) -> Result<Option<String>, AgentError> {
    match done {
        Ok(()) => Ok(None),
        Err(Fault::Denied(_, why)) => Ok(Some(why)),
        Err(Fault::Broken(error)) => Err(error),
    }
}

/// What may not be read is not there; a machine that fails is another matter.
fn broken<T>(read: Result<T, Fault>) -> Result<Option<T>, AgentError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(Fault::Denied(..)) => Ok(None),
        Err(Fault::Broken(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::Path};

    use super::*;

    fn workspace(folder: &Path) -> Workspace {
        let root = folder.join("work");
        fs::create_dir_all(&root).unwrap();
        Workspace::open(&root, &folder.join("effects"), &["src/**".to_owned()]).unwrap()
    }

    fn file(path: &str, text: Option<&str>) -> ReturnedFile {
        ReturnedFile { path: path.to_owned(), text: text.map(str::to_owned) }
    }

    #[test]
    fn what_leads_out_or_through_a_link_is_neither_admitted_nor_written() {
        let folder = tempfile::tempdir().unwrap();
        let work = workspace(folder.path());
        fs::create_dir_all(folder.path().join("work/src")).unwrap();
        fs::write(folder.path().join("secret"), "x").unwrap();
        symlink(folder.path(), folder.path().join("work/src/out")).unwrap();
        symlink("../../secret", folder.path().join("work/src/link")).unwrap();
        for path in ["../secret", "/etc/passwd", ".git/config", "src/out/secret", "src/link", "other.txt"] {
            for text in [Some("owned"), None] {
                assert!(work.admits(&file(path, text)).unwrap().is_some(), "{path}");
                assert!(work.apply(&file(path, text), "k").unwrap().is_some(), "{path}");
            }
        }
        assert_eq!(fs::read_to_string(folder.path().join("secret")).unwrap(), "x");
    }

    #[test]
    fn what_changed_in_one_folder_makes_another_like_it_however_often_it_is_put_there() {
        let (there, here) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let given: Vec<_> = [("src/kept", "a"), ("src/changed", "a"), ("src/gone", "a"), ("other", "a")]
            .map(|(path, text)| BriefFile { path: path.to_owned(), text: text.to_owned(), shown: true })
            .into();
        for folder in [there.path(), here.path()] {
            fs::create_dir_all(folder.join("work/src")).unwrap();
            for file in &given {
                fs::write(folder.join("work").join(&file.path), &file.text).unwrap();
            }
        }
        let root = there.path().join("work");
        fs::write(root.join("src/changed"), "b").unwrap();
        fs::write(root.join("src/new"), "c").unwrap();
        fs::write(root.join("other"), "out of scope").unwrap();
        fs::remove_file(root.join("src/gone")).unwrap();
        let changes = workspace(there.path()).changes(&given).unwrap();
        assert_eq!(
            changes,
            [file("src/changed", Some("b")), file("src/new", Some("c")), file("src/gone", None)]
        );
        let target = workspace(here.path());
        for _ in 0..2 {
            for (index, change) in changes.iter().enumerate() {
                assert_eq!(target.apply(change, &format!("step {index}")).unwrap(), None);
            }
        }
        let read = |path: &str| fs::read_to_string(here.path().join("work").join(path)).ok();
        assert_eq!(read("src/changed").as_deref(), Some("b"));
        assert_eq!(read("src/new").as_deref(), Some("c"));
        assert_eq!(read("src/gone"), None);
        assert_eq!(read("other").as_deref(), Some("a"));
    }
}
