//! What is made ready before it is asked for, and what is remembered: never anything else than what is there.

use std::{
    collections::HashSet,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
};

use crate::ground::{Begun, Ground, attempt, files, git, run, write};

/// The folders that lie in scratch.
fn spares(ground: &Ground) -> usize {
    let entries = std::fs::read_dir(ground.data().join("scratch")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().is_dir()).count()
}

async fn prepared(ground: &Ground, begun: &Begun, number: usize) {
    begun.mirror.prepare(&run("run_1"), &begun.base.commit, number).await.unwrap();
    assert_eq!(spares(ground), number);
}

/// The files of a folder by their place in it.
fn below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let place = |path: &Path| path.strip_prefix(folder).unwrap().display().to_string();
    files(folder).into_iter().map(|(path, bytes)| (place(&path), bytes)).collect()
}

#[tokio::test]
async fn an_attempt_takes_what_was_prepared_of_its_commit_and_it_is_a_worktree_like_any_other() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let made = begun.worktree("T-1.1").await;
    prepared(&ground, &begun, 2).await;
    // Asked again, nothing more is made.
    prepared(&ground, &begun, 2).await;
    let taken = begun.worktree("T-2.1").await;
    assert_eq!(spares(&ground), 1);
    assert_eq!(below(&taken.path), below(&made.path));
    assert_eq!(begun.mirror.uncommitted(&taken).await.unwrap(), Vec::<String>::new());
    write(&taken.path, "a.txt", "a\n");
    let commit = begun.commit(&taken, "feat: a").await;
    assert_eq!(begun.git(&["diff", "--name-only", begun.base.commit.as_str(), commit.as_str()]), "a.txt");
    begun.mirror.discard_spares(&run("run_1"));
    assert_eq!(spares(&ground), 0);
}

#[tokio::test]
async fn what_was_prepared_of_another_commit_or_for_another_run_is_not_taken() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let work = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    prepared(&ground, &begun, 1).await;
    let worktree = begun.mirror.worktree(&run("run_1"), &attempt("T-2.1"), &work).await.unwrap();
    assert_eq!(std::fs::read_to_string(worktree.path.join("a.txt")).unwrap(), "a\n");
    begun.mirror.begin_run(&run("run_2"), &begun.base).await.unwrap();
    begun.mirror.worktree(&run("run_2"), &attempt("T-1.1"), &begun.base.commit).await.unwrap();
    assert_eq!(spares(&ground), 1);
    // The branch goes on: what was made of the commit before is of no use.
    begun.mirror.prepare(&run("run_1"), &work, 0).await.unwrap();
    assert_eq!(spares(&ground), 0);
}

#[tokio::test]
async fn what_is_prepared_is_not_swept_away_while_its_process_lives() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    prepared(&ground, &begun, 1).await;
    let live = HashSet::new();
    assert_eq!(ground.another_forge().sweep_worktrees(&live).await.unwrap().remnants, 0);
    assert_eq!(spares(&ground), 1);
    let left = ground.data().join("scratch/left");
    std::fs::create_dir(&left).unwrap();
    begun.mirror.discard_spares(&run("run_1"));
    assert_eq!(ground.another_forge().sweep_worktrees(&live).await.unwrap().remnants, 1);
    assert!(!left.exists());
}

#[tokio::test]
async fn a_ref_that_somebody_else_moves_or_packs_is_seen_where_it_is() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let work = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let branch = format!("refs/heads/{}", begun.branch);
    assert_eq!(begun.mirror.head(&run("run_1")).await.unwrap(), begun.base.commit);
    begun.git(&["update-ref", &branch, work.as_str()]);
    assert_eq!(begun.mirror.head(&run("run_1")).await.unwrap(), work);
    begun.git(&["pack-refs", "--all"]);
    assert_eq!(begun.mirror.head(&run("run_1")).await.unwrap(), work);
    let base = begun.mirror.attempt_base(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert_eq!(base.as_ref(), Some(&begun.base.commit));
    assert_eq!(begun.mirror.attempt_base(&run("run_1"), &attempt("T-9.1")).await.unwrap(), None);
    begun.git(&["update-ref", &branch, begun.base.commit.as_str()]);
    assert_eq!(begun.mirror.head(&run("run_1")).await.unwrap(), begun.base.commit);
    begun.git(&["update-ref", "-d", &branch]);
    assert!(begun.mirror.head(&run("run_1")).await.is_err());
}

#[tokio::test]
async fn a_mirror_that_was_lost_is_not_remembered() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let begun = ground.begun_on(&repo).await;
    let work = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    assert_eq!(begun.mirror.files(&work).await.unwrap(), ["README.md", "a.txt", "src/words.py"]);
    std::fs::remove_dir_all(begun.mirror.path()).unwrap();
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "more"]);
    let mirror = ground.mirror(&repo).await.unwrap();
    let error = mirror.files(&work).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.not_found");
}

/// What a folder holds: each file's place, mode, and content; of a link, where it leads.
fn all(folder: &Path) -> Vec<(String, u32, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let content = match &kind {
                kind if kind.is_symlink() => {
                    std::fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()
                }
                kind if kind.is_dir() => Vec::new(),
                _ => std::fs::read(&path).unwrap(),
            };
            if kind.is_dir() {
                open.push(path.clone());
            }
            let mode = std::fs::symlink_metadata(&path).unwrap().permissions().mode();
            found.push((path.strip_prefix(folder).unwrap().display().to_string(), mode, content));
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_commit_that_is_checked_out_again_is_the_same_whatever_became_of_the_checkouts_before() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "bin/run.sh", "#!/bin/sh\n");
    std::fs::set_permissions(worktree.path.join("bin/run.sh"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    std::os::unix::fs::symlink("bin/run.sh", worktree.path.join("start")).unwrap();
    let commit = begun.commit(&worktree, "feat: a program").await;
    let mut first = None;
    for number in 0..4 {
        let folder = ground.path(&format!("checkout-{number}"));
        begun.mirror.checkout(&commit, &folder).await.unwrap();
        let seen = all(&folder);
        assert!(seen.iter().any(|(path, mode, _)| path == "bin/run.sh" && mode & 0o111 != 0), "{seen:?}");
        assert!(seen.iter().any(|(path, _, to)| path == "start" && to == b"bin/run.sh"), "{seen:?}");
        assert_eq!(&seen, first.get_or_insert_with(|| seen.clone()));
        write(&folder, "README.md", "broken\n");
        std::fs::remove_file(folder.join("start")).unwrap();
    }
    assert_eq!(spares(&ground), 1, "written out once to be copied");
    let error = begun.mirror.checkout(&commit, &ground.path("checkout-0")).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.invalid");
    begun.mirror.discard_spares(&run("run_1"));
    assert_eq!(spares(&ground), 0);
}

#[tokio::test]
async fn of_many_commits_only_the_last_few_are_kept_to_be_copied() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    for number in 0..7 {
        let commit = begun.work(&format!("T-{number}.1"), &[("a.txt", &format!("{number}\n"))]).await;
        for time in ["first", "again"] {
            let folder = ground.path(&format!("checkout-{number}-{time}"));
            begun.mirror.checkout(&commit, &folder).await.unwrap();
            assert_eq!(std::fs::read_to_string(folder.join("a.txt")).unwrap(), format!("{number}\n"));
        }
    }
    assert_eq!(spares(&ground), 4);
}
