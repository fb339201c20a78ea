//! Writing a file: all of it or nothing, once however often the step runs, and looked at afterwards.

use std::{
    io::{Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::fs::{MetadataExt as _, PermissionsExt as _},
    },
};

use nix::{
    errno::Errno,
    fcntl::renameat,
    unistd::{UnlinkatFlags, fsync, unlinkat},
};
use swarm_domain::BlobHash;

use super::{
    MAX_WRITE_BYTES, Workspace, as_text,
    effect::Effect,
    jail::{create, refused},
};
use crate::{
    error::AgentError,
    path::{TEMPORARY, WorkPath},
    tool::{Fault, ToolCode},
};

/// A file that is on the disk as the step wanted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Which.
    pub path: WorkPath,
    /// Its hash before this step; none for a new file.
    pub before: Option<BlobHash>,
    /// Its hash now.
    pub after: BlobHash,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What is at a path before a step.
pub(super) struct Current {
    bytes: Vec<u8>,
    mode: u32,
}

impl Workspace {
    /// Puts what `make` returns into the file. `make` gets the text that is there now.
    ///
    /// The order is: note the effect, write a temporary file beside the target, flush it, rename it over the target,
    /// flush the folder, read the target back. A crash at any place leaves the old file or the new one.
    pub(crate) fn replace(
        &self,
        path: &WorkPath,
        step_key: &str,
        make: impl FnOnce(Option<&str>) -> Result<String, Fault>,
    ) -> Result<Written, Fault> {
        self.in_scope(path)?;
        let current = self.current(path)?;
        let before = current.as_ref().map(|c| BlobHash::of(&c.bytes));
        let noted = Effect::load(&self.effects, step_key)?;
        if let Some(effect) = &noted {
            if effect.path != path.as_str() {
                return Err(reused(step_key, path));
            }
            if before.as_ref() == Some(&effect.after) {
                return Ok(written(path, effect));
            }
            if before != effect.before {
                let detail = format!("{path} was changed by something else; read it and write it again");
                return Err(Fault::Denied(ToolCode::Changed, detail));
            }
        }
        let content = content(path, current.as_ref(), make)?;
        let effect = Effect {
            path: path.to_string(),
            before,
            after: BlobHash::of(content.as_bytes()),
            bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
        };
        match noted {
            Some(noted) if noted != effect => return Err(reused(step_key, path)),
            Some(_) => {}
            None => effect.note(&self.effects, step_key)?,
        }
        if effect.before.as_ref() != Some(&effect.after) {
            self.install(path, step_key, content.as_bytes(), current.map_or(0o644, |c| c.mode))?;
        }
        let found = self.current(path)?.map(|c| BlobHash::of(&c.bytes));
        if found.as_ref() != Some(&effect.after) {
            let source = std::io::Error::other("what was read back is not what was written");
            return Err(AgentError::io(format!("write {path}"))(source).into());
        }
        Ok(written(path, &effect))
    }

    pub(super) fn in_scope(&self, path: &WorkPath) -> Result<(), Fault> {
        if self.scope.allows(path.as_str()) {
            return Ok(());
        }
        let globs = self.scope.globs().join(", ");
        Err(Fault::Denied(
            ToolCode::OutOfScope,
            format!("{path} may not be written; this task may write only: {globs}"),
        ))
    }

    pub(super) fn current(&self, path: &WorkPath) -> Result<Option<Current>, Fault> {
        let Some(mut file) = self.jail.open_exactly(path)? else {
            return Ok(None);
        };
        let about = file.metadata().map_err(AgentError::io(format!("read {path}")))?;
        if !about.is_file() {
            return Err(Fault::Denied(ToolCode::PathRefused, format!("{path} is not a regular file")));
        }
        if about.size() > super::MAX_READ_BYTES {
            return Err(Fault::Denied(ToolCode::TooLarge, format!("{path} is too large to be replaced")));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(AgentError::io(format!("read {path}")))?;
        Ok(Some(Current { bytes, mode: about.permissions().mode() & 0o777 }))
    }

    fn install(&self, path: &WorkPath, step_key: &str, bytes: &[u8], mode: u32) -> Result<(), Fault> {
        let folder = self.jail.parent(path)?;
        let hash = BlobHash::of(step_key.as_bytes());
        let temporary = format!("{TEMPORARY}{}", &hash.as_str()[..16]);
        let done = put(&folder, &temporary, path, bytes, mode);
        if done.is_err() {
            let _ = unlinkat(&folder, temporary.as_str(), UnlinkatFlags::NoRemoveDir);
        }
        done
    }
}

fn put(folder: &OwnedFd, temporary: &str, path: &WorkPath, bytes: &[u8], mode: u32) -> Result<(), Fault> {
    let failed = || AgentError::io(format!("write {path}"));
    // One may be left from a crash of this same step.
    match unlinkat(folder, temporary, UnlinkatFlags::NoRemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => {}
        Err(error) => return Err(refused(path, error)),
    }
    let mut file = create(folder, temporary, 0o600).map_err(|error| refused(path, error))?;
    file.write_all(bytes).map_err(failed())?;
    file.set_permissions(std::fs::Permissions::from_mode(mode)).map_err(failed())?;
    file.sync_all().map_err(failed())?;
    renameat(folder, temporary, folder, path.file_name()).map_err(|error| refused(path, error))?;
    fsync(folder).map_err(|error| failed()(error.into()))?;
    Ok(())
}

/// The new content, with the line ends that the file has.
fn content(
    path: &WorkPath,
    current: Option<&Current>,
    build: impl FnOnce(Option<&str>) -> Result<String, Fault>,
) -> Result<String, Fault> {
    // A file that is no text can be replaced as a whole, but not edited.
    let text = current.map(|c| as_text(path, c.bytes.clone()));
    let made = match &text {
        Some(Ok(text)) => build(Some(text))?,
        Some(Err(_)) | None => build(None)?,
    };
    let made = match &text {
        Some(Ok(text)) if is_crlf(text) && !made.contains('\r') => made.replace('\n', "\r\n"),
        _ => made,
    };
    if made.len() > MAX_WRITE_BYTES {
        return Err(Fault::Denied(
            ToolCode::TooLarge,
            format!("{path} would be larger than {MAX_WRITE_BYTES} bytes"),
        ));
    }
    if made.contains('\0') {
        return Err(Fault::Denied(ToolCode::NotText, format!("{path} would have NUL characters in it")));
    }
    Ok(made)
}

/// Whether every line ends in CR LF.
fn is_crlf(text: &str) -> bool {
    text.contains('\n') && text.matches('\n').count() == text.matches("\r\n").count()
}

fn written(path: &WorkPath, effect: &Effect) -> Written {
    Written {
        path: path.clone(),
        before: effect.before.clone(),
        after: effect.after.clone(),
        bytes: effect.bytes,
    }
}

fn reused(step_key: &str, path: &WorkPath) -> Fault {
    AgentError::StepReused { step_key: step_key.to_owned(), path: path.to_string() }.into()
}
