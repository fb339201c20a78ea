//! Nothing that is not published is deleted.

use std::{collections::HashSet, os::unix::ffi::OsStrExt as _};

use crate::ground::{Ground, attempt, run, write};

#[tokio::test]
async fn what_an_attempt_did_not_commit_is_archived_before_its_folder_goes() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let commit = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "a.txt", "half\n");
    write(&worktree.path, "new/b.txt", "b\n");
    std::fs::remove_file(worktree.path.join("README.md")).unwrap();
    let archived = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert!(archived.uncommitted && archived.folder.is_none());
    assert!(!worktree.path.exists());
    assert_eq!(
        begun.git(&["ls-tree", "-r", "--name-only", &archived.reference]),
        "a.txt\nnew/b.txt\nsrc/words.py"
    );
    assert_eq!(begun.git(&["show", "refs/archive/run_1/T-1.1:a.txt"]), "half");
    assert_eq!(begun.git(&["rev-parse", &format!("{}^", archived.commit)]), commit.as_str());
    let again = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert_eq!(again.commit, archived.commit);
}

#[tokio::test]
async fn an_attempt_that_committed_everything_is_archived_without_a_further_commit() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let commit = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let archived = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert_eq!((archived.commit, archived.uncommitted), (commit, false));
    let error = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-9.9")).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.not_found");
}

#[tokio::test]
async fn an_attempt_that_goes_on_after_its_archive_keeps_both() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "first.txt", "1\n");
    let first = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "second.txt", "2\n");
    let second = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert!(begun.git(&["log", "--format=%H", "refs/archive/run_1/T-1.1"]).contains(first.commit.as_str()));
    assert_eq!(begun.git(&["show", &format!("{}:second.txt", second.commit)]), "2");
}

#[tokio::test]
async fn a_kill_between_archive_and_removal_is_made_up_for() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "a.txt", "a\n");
    let first = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    // The folder is back, as if it had never gone; the index is not.
    begun.mirror.checkout(&first.commit, &worktree.path).await.unwrap();
    let again = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert_eq!(again.commit, first.commit);
    assert!(!worktree.path.exists());
}

#[tokio::test]
async fn what_git_cannot_store_is_moved_aside_with_its_folder() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "a.txt", "a\n");
    write(&worktree.path, "git~1", "git takes no such name\n");
    let archived = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert!(!worktree.path.exists());
    let folder = archived.folder.unwrap();
    assert_eq!(std::fs::read_to_string(folder.join("git~1")).unwrap(), "git takes no such name\n");
    assert_eq!(begun.git(&["show", "refs/archive/run_1/T-1.1:a.txt"]), "a");
}

#[tokio::test]
async fn a_name_that_is_no_text_is_archived() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9\n.txt");
    std::fs::write(worktree.path.join(odd), "x\n").unwrap();
    let archived = begun.mirror.archive_attempt(&run("run_1"), &attempt("T-1.1")).await.unwrap();
    assert_eq!(archived.folder, None);
    assert!(begun.git(&["ls-tree", "-r", "--name-only", &archived.reference]).contains("caf\\351\\n.txt"));
}

#[tokio::test]
async fn a_sweep_archives_orphans_leaves_the_living_alone_and_can_run_again() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let living = begun.worktree("T-1.1").await;
    let orphan = begun.worktree("T-2.1").await;
    for worktree in [&living, &orphan] {
        write(&worktree.path, "half.txt", "half\n");
    }
    write(&ground.data(), "scratch/killed/tree/a.txt", "a\n");
    write(&ground.data(), "worktrees/run_9/T-1.1/mine.txt", "nobody knows whose\n");
    let live = HashSet::from([(run("run_1"), attempt("T-1.1"))]);
    let report = ground.another_forge().sweep_worktrees(&live).await.unwrap();
    assert_eq!(report.archived.iter().map(|a| a.attempt.as_str()).collect::<Vec<_>>(), ["T-2.1"]);
    assert_eq!((report.remnants, report.failed.len()), (1, 0));
    assert!(living.path.join("half.txt").exists() && !orphan.path.exists());
    assert_eq!(begun.git(&["show", "refs/archive/run_1/T-2.1:half.txt"]), "half");
    assert!(ground.data().join("worktrees/run_9/T-1.1/mine.txt").exists());
    let report = ground.another_forge().sweep_worktrees(&live).await.unwrap();
    assert_eq!((report.archived.len(), report.remnants), (0, 0));
}

#[tokio::test]
async fn a_sweep_of_an_empty_data_folder_finds_nothing() {
    let ground = Ground::new();
    assert_eq!(
        ground.forge.sweep_worktrees(&HashSet::new()).await.unwrap(),
        swarm_forge::SweepReport::default()
    );
}
