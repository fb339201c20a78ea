//! The branch is never red: at each commit that the merge train made, the spec's commands for everything merged so far
//! pass.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
    process::Command,
    sync::Mutex,
};

use swarm_domain::{RequirementId, spec};

use super::{Outcome, facts::Facts, scenario, slot::said};
use crate::world::git;

/// Trees that were tried already, with the requirements that were proven in them: most builds make the same ones.
static KNOWN: Mutex<Option<HashSet<String>>> = Mutex::new(None);

/// Checks out each commit of the run's branch and runs there what the spec says.
pub fn check(repo: &Path, facts: &Facts) -> Outcome<()> {
    let range = format!("main..{}", facts.branch);
    let commits = git(repo, &["rev-list", "--reverse", "--first-parent", &range]);
    let mut merged: BTreeSet<RequirementId> = BTreeSet::new();
    for commit in commits.lines() {
        let told =
            facts.merges.get(commit).ok_or(format!("{commit} is on the branch, and no event says so"))?;
        merged.extend(told.iter().cloned());
        let tree = git(repo, &["rev-parse", &format!("{commit}^{{tree}}")]);
        let known = format!("{tree} {merged:?}");
        if KNOWN.lock().map_err(said)?.get_or_insert_default().contains(&known) {
            continue;
        }
        passes(repo, commit, &merged)?;
        KNOWN.lock().map_err(said)?.get_or_insert_default().insert(known);
    }
    let count = commits.lines().count();
    if merged.len() == scenario::TICKETS && count == facts.merges.len() {
        Ok(())
    } else {
        Err(format!("{count} commits on the branch, {} in the log, for {merged:?}", facts.merges.len()))
    }
}

fn passes(repo: &Path, commit: &str, merged: &BTreeSet<RequirementId>) -> Outcome<()> {
    let folder = tempfile::tempdir().map_err(said)?;
    let tree = folder.path().display().to_string();
    git(repo, &["--work-tree", &tree, "checkout", "-q", "-f", commit, "--", "."]);
    let spec = spec::parse(scenario::SPEC).map_err(said)?;
    for id in merged {
        let requirement = spec.requirement(id).ok_or(format!("the spec has no {id}"))?;
        if requirement.acceptance.is_empty() {
            return Err(format!("{id} has no command"));
        }
        for check in &requirement.acceptance {
            let out = Command::new("sh").args(["-c", &check.command]).current_dir(folder.path()).output();
            let out = out.map_err(said)?;
            let printed = String::from_utf8_lossy(&out.stdout);
            let right = check.stdout.as_ref().is_none_or(|wanted| wanted.trim_end() == printed.trim_end());
            if out.status.code() != Some(check.exit) || !right {
                return Err(format!("the branch is red at {commit}: {id}: `{}` said {out:?}", check.command));
            }
        }
    }
    Ok(())
}
