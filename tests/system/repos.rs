//! Repositories as people have them.

use std::{fs, path::Path};

use crate::{
    model::{PLANS, WRITES_SHOUT},
    program::Running,
    world::{World, count, eventually, files, git},
};

/// A first commit.
fn commit(repo: &Path) {
    fs::write(repo.join("README.md"), "# Ours\n").unwrap();
    fs::write(repo.join("notes.txt"), "one\n").unwrap();
    git(repo, &["add", "."]);
    git(repo, &["commit", "-q", "-m", "docs: begin"]);
}

fn branches(repo: &Path) -> Vec<String> {
    let all = git(repo, &["branch", "--format=%(refname:short)"]);
    all.lines().map(str::to_owned).collect()
}

#[test]
fn what_is_no_repository_is_refused_and_left_as_it_is() {
    let Some(world) = World::new() else { return };
    fs::create_dir(world.path().join("plain")).unwrap();
    world.write("plain/notes.txt", "mine");
    world.write("file", "mine");
    let build = |repo: &str| world.swarm(&["build", "spec.md", "--repo", repo, "--yes"]);
    build("missing").failed(2, "cli.no_repository");
    build("plain").failed(1, "forge.not_a_repo");
    build("file").failed(1, "forge.not_a_repo");
    assert_eq!(files(&world.path().join("plain")).len(), 1);
    assert!(world.model.calls().is_empty(), "a model was asked");
    // Without --repo it is the one around the current folder, and there is none.
    world.swarm(&["build", "spec.md"]).failed(2, "cli.no_repository");
}

#[test]
fn the_files_and_the_index_of_a_dirty_repository_stay_as_they_were() {
    let Some(world) = World::new() else { return };
    let repo = world.repo();
    commit(&repo);
    fs::write(repo.join("README.md"), "# Ours, changed\n").unwrap();
    fs::write(repo.join("notes.txt"), "staged\n").unwrap();
    git(&repo, &["add", "notes.txt"]);
    fs::write(repo.join("notes.txt"), "staged, and changed again\n").unwrap();
    // In the way of what will be built.
    fs::write(repo.join("greet.sh"), "mine, not in git\n").unwrap();
    let of_the_user = || {
        let mut all = files(&repo);
        let git = repo.join(".git");
        all.retain(|path, _| {
            !path.starts_with(git.join("objects"))
                && !path.starts_with(git.join("refs/heads/swarm"))
                && !path.starts_with(git.join("logs/refs/heads/swarm"))
        });
        all
    };
    let before = of_the_user();
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let after = of_the_user();
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (path, bytes) in &before {
        assert!(after[path] == *bytes, "{} was changed", path.display());
    }
    world.is_whole();
    let branch = branches(&repo).into_iter().find(|b| b.starts_with("swarm/")).unwrap();
    let built = git(&repo, &["show", &format!("{branch}:README.md")]);
    assert_eq!(built, "# Ours", "what was not committed is not built on");
}

#[test]
fn a_bare_repository_gets_the_branch_and_keeps_its_own() {
    let Some(world) = World::new() else { return };
    commit(&world.repo());
    git(world.path(), &["clone", "-q", "--bare", "repo", "bare.git"]);
    let bare = world.path().join("bare.git");
    let main = git(&bare, &["rev-parse", "main"]);
    let ended = world.swarm(&["build", "spec.md", "--repo", "bare.git", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let branches = branches(&bare);
    assert_eq!(branches.len(), 2, "{branches:?}");
    assert_eq!(git(&bare, &["rev-parse", "main"]), main);
    assert_eq!(git(&bare, &["merge-base", "main", &branches[1]]), main);
}

#[test]
fn a_repository_without_commits_gets_the_branch_and_no_other_commit() {
    let Some(world) = World::new() else { return };
    let ended = world.built(&[]);
    assert_eq!(ended.code, 0, "{ended:?}");
    world.is_whole();
    let branches = branches(&world.repo());
    assert_eq!(branches.len(), 1, "{branches:?}");
    assert!(branches[0].starts_with("swarm/run_"), "{branches:?}");
    let head = git(&world.repo(), &["symbolic-ref", "HEAD"]);
    assert_eq!(head, "refs/heads/main");
    assert_eq!(fs::read_dir(world.repo()).unwrap().count(), 1, "nothing is checked out");
}

#[test]
fn two_builds_at_once_on_one_repository_and_one_data_folder_both_finish() {
    let Some(world) = World::new() else { return };
    commit(&world.repo());
    let both = [world.start(world.build(&[])), world.start(world.build(&[]))];
    for ended in both.map(Running::ended) {
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let runs = world.json(&["run", "list"]);
    let runs = runs.as_array().unwrap();
    assert_eq!(runs.len(), 2, "{runs:?}");
    for run in runs {
        assert_eq!(run["state"]["state"], "done", "{run}");
        let branch = format!("swarm/{}", run["id"].as_str().unwrap());
        let log = git(&world.repo(), &["log", "--format=%s", &format!("main..{branch}")]);
        assert_eq!(log.lines().count(), 2, "{log}");
    }
    assert_eq!(count(&world.events(), "merged"), 2);
    world.json(&["audit", "verify"]);
}

#[test]
fn a_build_does_not_take_its_server_away_from_another_that_still_plans() {
    let Some(world) = World::new() else { return };
    commit(&world.repo());
    world.model.hold(&[WRITES_SHOUT]);
    let first = world.start(world.build(&[]));
    world.model.asked(WRITES_SHOUT, 0);
    world.model.hold(&[WRITES_SHOUT, PLANS]);
    let known = world.model.calls().len();
    let second = world.start(world.build(&[]));
    world.model.asked(PLANS, known);
    world.model.hold(&[PLANS]);
    eventually("the first build, done with its own", || {
        let said = fs::read_to_string(&first.err).unwrap();
        (first.has_ended() || said.contains("waiting for them")).then_some(())
    });
    assert!(!first.has_ended(), "{:?}", second.ended());
    world.model.hold(&[]);
    for ended in [first, second].map(Running::ended) {
        assert_eq!(ended.code, 0, "{ended:?}");
    }
}
