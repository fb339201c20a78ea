//! What is known of the user's repository, and whether it holds work that a build will not see.

use std::path::Path;

use serde::{Deserialize, Serialize};
use swarm_domain::CommitId;

use crate::{
    durable,
    error::ForgeError,
    git::{Call, Limits},
    scratch::Scratch,
    source::Source,
};

/// The user's repository as it was when it was last fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    /// Its path or address, without credentials.
    pub repo: String,
    /// The branch that its head names; none where the head is detached.
    pub head_branch: Option<String>,
    /// The commit at its head; none before the first commit.
    pub head: Option<CommitId>,
    /// Whether its work tree holds changes that are in no commit. They are never touched, and no build sees them.
    pub dirty: bool,
}

/// Whether the work tree of `source` differs from its head.
///
/// Asked of the mirror, with the user's files and a copy of the user's index: git is not run inside the user's
/// repository, whose configuration could name programs (`core.fsmonitor`, filters).
pub(crate) async fn is_dirty(
    mirror: &Path,
    scratch: &Scratch,
    limits: &Limits,
    source: &Source,
    head: Option<&CommitId>,
) -> Result<bool, ForgeError> {
    let Source::Path { path, git_dir, bare: false } = source else {
        return Ok(false);
    };
    let side = scratch.fresh()?;
    let index = side.path().join("index");
    match durable::copy_index(&git_dir.join("index"), &index) {
        Ok(_) => {}
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(source) => {
            return Err(ForgeError::Io { doing: "read the repository's index".to_owned(), source });
        }
    }
    let git = |name| Call::new(limits, mirror, name).git_dir(mirror).work_tree(path, &index).cut_at(1);
    let staged = match head {
        Some(head) if index.exists() => {
            let call =
                git("diff-index").args(["--cached", "--quiet", "--ignore-submodules=all", head.as_str()]);
            call.accept(&[0, 1, 128]).run().await?.code != 0
        }
        Some(_) => true,
        None => git("ls-files").run().await.map_or(true, |r| !r.stdout.is_empty()),
    };
    // What is staged and never committed is in no mirror: git then cannot compare, and that is an answer too.
    let changed = || async {
        let call = git("diff-files").args(["--quiet", "--ignore-submodules=all"]);
        Ok::<_, ForgeError>(call.accept(&[0, 1, 128]).run().await?.code != 0)
    };
    let untracked = || async {
        let mut call =
            git("ls-files").args(["--others", "--directory", "--no-empty-directory", "--exclude-standard"]);
        let own = git_dir.join("info/exclude");
        if own.is_file() {
            call = call.arg("--exclude-from").arg(own);
        }
        Ok::<_, ForgeError>(!call.run().await?.stdout.is_empty())
    };
    Ok(staged || changed().await? || untracked().await?)
}
