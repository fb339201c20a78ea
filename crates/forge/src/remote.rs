//! Reading from and writing to the user's repository, which may be hostile: content, configuration, hooks.
//!
//! Only `upload-pack` and `receive-pack` ever run inside a repository given by path, as git's own transport does, and
//! with the settings below. Both drop our `-c` settings on the way (git clears them for the other repository), so they
//! are said again as part of the command. What a repository's own configuration could otherwise run:
//! hooks, `core.fsmonitor`, `core.alternateRefsCommand`, and `gc` after a push. `uploadpack.packObjectsHook` is only
//! honoured from protected configuration, which a repository's own is not (git-config(1)); a test holds git to it.

use std::{ffi::OsStr, path::Path};

use swarm_domain::CommitId;

use crate::{
    error::ForgeError,
    git::{Call, Limits},
    object::commit_id,
    source::Source,
};

const UPLOAD_PACK: &str =
    "git -c core.hooksPath=/dev/null -c core.fsmonitor=false -c core.alternateRefsCommand=true upload-pack";
const RECEIVE_PACK: &str = "git -c core.hooksPath=/dev/null -c core.fsmonitor=false \
    -c core.alternateRefsCommand=true -c receive.autogc=false -c gc.auto=0 -c maintenance.auto=false \
    -c receive.denyCurrentBranch=refuse -c receive.denyNonFastForwards=true receive-pack";

/// What a repository says about its head.
#[derive(Debug, Default)]
pub(crate) struct RemoteHead {
    pub branch: Option<String>,
    pub commit: Option<CommitId>,
}

/// Gives a call what it needs to reach `source`.
fn reach(call: Call, limits: &Limits, source: &Source) -> Call {
    let call = call.network(limits);
    match source {
        Source::Url { credentials: Some(c), .. } => call
            // The helper's text holds no secret, only where to find it: arguments are visible to every user.
            .setting(format!(
                "credential.{}.helper=!f() {{ test \"$1\" = get && printf 'username=%s\\npassword=%s\\n' \
                 \"$SWARM_GIT_USER\" \"$SWARM_GIT_PASSWORD\"; }}; f",
                c.scope
            ))
            .env("SWARM_GIT_USER", &c.user)
            .env("SWARM_GIT_PASSWORD", &c.password),
        _ => call,
    }
}

/// Asks where the repository's head is.
pub(crate) async fn head(call: Call, limits: &Limits, source: &Source) -> Result<RemoteHead, ForgeError> {
    let mut call = reach(call, limits, source).args(["--symref", "-q"]);
    if matches!(source, Source::Path { .. }) {
        call = call.arg(format!("--upload-pack={UPLOAD_PACK}"));
    }
    let listed =
        call.arg("--").arg(source.address()).arg("HEAD").run().await.map_err(|e| named(e, source))?;
    let mut head = RemoteHead::default();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        if let Some((target, "HEAD")) = line.split_once('\t') {
            match target.strip_prefix("ref: ") {
                Some(name) => head.branch = name.strip_prefix("refs/heads/").map(str::to_owned),
                None => head.commit = Some(commit_id(target)?),
            }
        }
    }
    if let (None, Source::Path { git_dir, .. }) = (&head.commit, source) {
        // A head without commits is not advertised; its name stands in the file. A reftable repository keeps a
        // placeholder there that is no valid branch.
        head.branch = std::fs::read_to_string(git_dir.join("HEAD"))
            .ok()
            .and_then(|text| text.trim().strip_prefix("ref: refs/heads/").map(str::to_owned))
            .filter(|name| name != ".invalid");
    }
    Ok(head)
}

/// Brings `refs/upstream/` of the mirror at `dir` in step with the repository's branches and tags.
pub(crate) async fn fetch(
    call: Call,
    limits: &Limits,
    source: &Source,
    with_head: bool,
    dir: &Path,
) -> Result<(), ForgeError> {
    let mut call = reach(call, limits, source).args([
        "-q",
        "--no-tags",
        "--prune",
        "--force",
        "--update-shallow",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
    ]);
    if matches!(source, Source::Path { .. }) {
        call = call.arg(format!("--upload-pack={UPLOAD_PACK}"));
    }
    call = call
        .arg("--")
        .arg(source.address())
        .args(["+refs/heads/*:refs/upstream/heads/*", "+refs/tags/*:refs/upstream/tags/*"]);
    if with_head {
        call = call.arg("+HEAD:refs/upstream/HEAD");
    }
    call.run_on_refs(dir).await.map_err(|e| named(e, source))?;
    Ok(())
}

/// Offers `reference` to the repository as the branch `name`, without force.
pub(crate) async fn push(
    call: Call,
    limits: &Limits,
    source: &Source,
    reference: &str,
    name: &str,
) -> Result<(), ForgeError> {
    let mut call = reach(call, limits, source).args(["--porcelain", "--no-verify", "--no-follow-tags"]);
    call = call.args(["--no-signed", "--recurse-submodules=no"]);
    if matches!(source, Source::Path { .. }) {
        call = call.arg(format!("--receive-pack={RECEIVE_PACK}"));
    }
    let refspec = format!("{reference}:refs/heads/{name}");
    let reply = call.arg("--").arg(source.address()).arg(OsStr::new(&refspec)).accept(&[0, 1]).run().await;
    let reply = reply.map_err(|e| named(e, source))?;
    if reply.code == 0 {
        return Ok(());
    }
    let (branch, repo) = (name.to_owned(), source.to_string());
    let said = reply.text();
    if said.contains("currently checked out") || reply.stderr.contains("currently checked out") {
        return Err(ForgeError::CheckedOut { branch, repo });
    }
    let verdict = said.lines().find(|line| line.starts_with('!')).and_then(|line| line.rsplit('\t').next());
    // Nothing is wrong with the branch: its objects could not be stored, and only standard error says why.
    if verdict.is_some_and(|verdict| verdict.contains("unpacker error")) {
        let why = reply.stderr.lines().find_map(|line| line.split_once("remote unpack failed: "));
        let detail = why.map_or_else(|| reply.stderr.trim().to_owned(), |(_, why)| why.to_owned());
        return Err(ForgeError::Unwritable { repo, detail });
    }
    let detail = verdict.map_or(reply.stderr, str::to_owned);
    Err(ForgeError::Rejected { branch, repo, detail })
}

/// Gives a transport's failure its name.
fn named(error: ForgeError, source: &Source) -> ForgeError {
    let ForgeError::Git { detail, .. } = error else {
        return error;
    };
    if detail.contains("dubious ownership") {
        return ForgeError::NotOwned { repo: source.to_string() };
    }
    match source {
        Source::Path { path, .. } if detail.contains("does not appear to be a git repository") => {
            ForgeError::NotARepo { path: path.clone(), exists: true }
        }
        _ => ForgeError::Unreachable { repo: source.to_string(), detail },
    }
}
