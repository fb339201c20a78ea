//! The work folder of one attempt, and the jail around it.
//!
//! Every file is opened relative to the folder's own descriptor by `openat2`, so that the kernel itself refuses what
//! leaves it, whatever is swapped meanwhile. Reading follows a symbolic link that stays inside; writing follows none.
//! A listing walks by name: it opens nothing, and no command runs beside it.

mod effect;
mod jail;
mod replace;
mod returned;

use std::{
    io::Read as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

pub use replace::Written;
use swarm_domain::scope::Scope;

use crate::{
    error::AgentError,
    path::{TEMPORARY, WorkPath},
    tool::{Fault, ToolCode, output},
};
use jail::Jail;

/// The largest file that is read, and that is written, in bytes.
pub const MAX_READ_BYTES: u64 = 1 << 20;
/// The largest file that a tool writes, in bytes.
pub const MAX_WRITE_BYTES: usize = 512 << 10;
/// Files that one listing looks at.
const MAX_WALK: usize = 20_000;

/// The work folder of one attempt.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    jail: Jail,
    scope: Scope,
    effects: PathBuf,
}

impl Workspace {
    /// Opens a work folder. Files that match `globs` may be written. What was written is noted in `effects_dir`, which
    /// is created, must be outside of the folder, and must outlive the attempt's steps.
    pub fn open(root: &Path, effects_dir: &Path, globs: &[String]) -> Result<Self, AgentError> {
        let scope = Scope::new(globs)?;
        let root = root.canonicalize().map_err(AgentError::io("open the work folder"))?;
        std::fs::create_dir_all(effects_dir).map_err(AgentError::io("create the folder of effects"))?;
        let effects = effects_dir.canonicalize().map_err(AgentError::io("open the folder of effects"))?;
        if effects.starts_with(&root) {
            let inside = std::io::Error::other("it is inside the work folder");
            return Err(AgentError::io("open the folder of effects")(inside));
        }
        let jail = Jail::open(&root)?;
        Ok(Self { root, jail, scope, effects })
    }

    /// What may be written.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(crate) fn path(text: &str) -> Result<WorkPath, Fault> {
        WorkPath::parse(text).map_err(|why| {
            Fault::Denied(ToolCode::PathRefused, format!("`{}`: {why}", output::shown(text, 120)))
        })
    }

    /// The text of a file.
    pub(crate) fn read(&self, path: &WorkPath) -> Result<String, Fault> {
        let mut file = self.jail.open_to_read(path)?;
        let size = file.metadata().map_err(AgentError::io(format!("read {path}")))?.len();
        let too_large =
            || Fault::Denied(ToolCode::TooLarge, format!("{path} is larger than {MAX_READ_BYTES} bytes"));
        if size > MAX_READ_BYTES {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let bound = MAX_READ_BYTES + 1;
        file.by_ref().take(bound).read_to_end(&mut bytes).map_err(AgentError::io(format!("read {path}")))?;
        if u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_READ_BYTES) {
            return Err(too_large());
        }
        as_text(path, bytes)
    }

    /// The files under a folder in order of their names, without what `.gitignore` names and without `.git`.
    pub(crate) fn files(&self, folder: Option<&str>, deadline: Deadline) -> Result<Vec<WorkPath>, Fault> {
        let start = match folder.map(str::trim) {
            None | Some("" | "." | "./") => self.root.clone(),
            Some(text) => self.root.join(self.jail.folder(&Self::path(text)?)?.as_str()),
        };
        let mut walk = ignore::WalkBuilder::new(start);
        walk.hidden(false).parents(false).git_global(false).git_exclude(false).require_git(false);
        walk.follow_links(false)
            .sort_by_file_name(Ord::cmp)
            .filter_entry(|entry| entry.file_name() != ".git");
        let mut found = Vec::new();
        for entry in walk.build().flatten().take(MAX_WALK) {
            deadline.check()?;
            let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
            let relative = entry.path().strip_prefix(&self.root).ok().and_then(Path::to_str);
            if let (true, Some(text)) = (is_file, relative)
                && !text.contains(TEMPORARY)
                && let Ok(path) = WorkPath::parse(text)
            {
                found.push(path);
            }
        }
        Ok(found)
    }
}

/// The bytes as text, where they are that.
fn as_text(path: &WorkPath, bytes: Vec<u8>) -> Result<String, Fault> {
    let not_text = || Fault::Denied(ToolCode::NotText, format!("{path} is not a text file in UTF-8"));
    let text = String::from_utf8(bytes).map_err(|_| not_text())?;
    if text.contains('\0') { Err(not_text()) } else { Ok(text) }
}

/// When a tool must have its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    began: Instant,
    wall: Duration,
}

impl Deadline {
    pub(crate) fn after(wall: Duration) -> Self {
        Self { began: Instant::now(), wall }
    }

    pub(crate) fn check(self) -> Result<(), Fault> {
        if self.began.elapsed() < self.wall {
            return Ok(());
        }
        let detail = format!("took longer than {} s; name a smaller folder", self.wall.as_secs());
        Err(Fault::Denied(ToolCode::TimedOut, detail))
    }
}
