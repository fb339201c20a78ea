//! Worktrees, and what attempts commit in them.

use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    time::Duration,
};

use swarm_domain::scope::RelativePath;
use swarm_forge::{Attribution, CommitMessage, Limits};

use crate::ground::{Ground, attempt, git, key, locked, project, run, scope, text, write};

#[tokio::test]
async fn a_worktree_is_plain_files_and_asked_for_again_is_the_same_with_its_files_as_they_are() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    assert!(!worktree.path.join(".git").exists());
    write(&worktree.path, "half.txt", "not committed yet\n");
    assert_eq!(begun.worktree("T-1.1").await, worktree);
    assert!(worktree.path.join("half.txt").exists());
    assert!(!begun.worktree("T-1.2").await.path.join("half.txt").exists());
    git(&ground.path("repo"), &["commit", "-q", "--allow-empty", "-m", "second"]);
    let later = ground.mirror(&ground.path("repo")).await.unwrap().base(None).await.unwrap();
    let error = begun.mirror.worktree(&run("run_1"), &attempt("T-1.1"), &later.commit).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.worktree_exists");
}

#[tokio::test]
async fn a_worktree_that_was_lost_comes_back_as_the_last_commit_left_it() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    std::fs::remove_dir_all(ground.data().join("worktrees")).unwrap();
    let worktree = begun.worktree("T-1.1").await;
    assert_eq!(std::fs::read_to_string(worktree.path.join("a.txt")).unwrap(), "a\n");
    assert!(begun.mirror.uncommitted(&worktree).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_commit_says_what_it_serves_and_whose_it_is() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let commit = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let shown = begun.git(&["show", "-s", "--format=%an <%ae>|%cn|%B", commit.as_str()]);
    assert_eq!(
        shown,
        "Ada <ada@example.org>|swarm|feat: T-1.1\n\nBecause it was asked for.\n\nTicket: T-1\nRun: run_1\n\
         Agent: coder\nReq: REQ-1\nReq: REQ-2\nCo-authored-by: coder (swarm) <coder@agents.swarm.invalid>"
    );
    let trailers = begun.git(&["show", "-s", "--format=%(trailers:key=Req,valueonly)", commit.as_str()]);
    assert_eq!(trailers, "REQ-1\nREQ-2");
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "b.txt", "b\n");
    let alone = CommitMessage { attribution: Attribution::Agent, ..text("Sneaky\n\nTicket: T-666") };
    let commit = begun.mirror.commit(&worktree, &key("k"), &alone, None).await.unwrap().unwrap();
    let entry = begun.mirror.log(None, &commit, 1).await.unwrap().remove(0);
    assert_eq!(entry.author.email(), "coder@agents.swarm.invalid");
    assert_eq!(entry.subject, "chore: Sneaky Ticket: T-666");
    assert_eq!(entry.trailers.ticket.unwrap().as_str(), "T-1");
}

#[tokio::test]
async fn every_kind_of_change_is_committed() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    write(&repo, "folder/in.txt", "in\n");
    write(&repo, "file", "file\n");
    write(&repo, "tool.sh", "#!/bin/sh\n");
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "-m", "more"]);
    let begun = ground.begun_on(&repo).await;
    let worktree = begun.worktree("T-1.1").await;
    let at = |name: &str| worktree.path.join(name);
    std::fs::remove_file(at("README.md")).unwrap();
    std::fs::remove_dir_all(at("folder")).unwrap();
    write(&worktree.path, "folder", "a file now\n");
    std::fs::remove_file(at("file")).unwrap();
    write(&worktree.path, "file/deep/er.txt", "a folder now\n");
    std::fs::set_permissions(at("tool.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    symlink("words.py", at("src/link.py")).unwrap();
    write(&worktree.path, "ümlaut dir/naïve.txt", "ü\n");
    write(&worktree.path, "empty", "");
    let commit = begun.commit(&worktree, "feat: all").await;
    let listed = begun.git(&[
        "-c",
        "core.quotePath=false",
        "ls-tree",
        "-r",
        "--format=%(objectmode) %(path)",
        commit.as_str(),
    ]);
    assert_eq!(
        listed,
        "100644 empty\n100644 file/deep/er.txt\n100644 folder\n120000 src/link.py\n100644 src/words.py\n\
         100755 tool.sh\n100644 ümlaut dir/naïve.txt"
    );
    assert!(begun.mirror.uncommitted(&worktree).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_outside_the_scope_stays_in_the_folder_and_out_of_the_commit() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "src/words.py", "def count(text):\n    return 1\n");
    write(&worktree.path, "README.md", "defaced\n");
    write(&worktree.path, "od\nd.txt", "a name that no scope allows\n");
    let allowed = scope(&["src/*.py"]);
    let commit = begun
        .mirror
        .commit(&worktree, &key("a"), &text("fix: count"), Some(&allowed))
        .await
        .unwrap()
        .unwrap();
    let changes = begun.mirror.changes(&begun.base.commit, &commit).await.unwrap();
    assert_eq!(changes.into_iter().map(|c| c.path).collect::<Vec<_>>(), ["src/words.py"]);
    assert_eq!(begun.mirror.uncommitted(&worktree).await.unwrap(), ["README.md", "od\nd.txt"]);
    assert_eq!(begun.mirror.commit(&worktree, &key("b"), &text("x"), Some(&allowed)).await.unwrap(), None);
}

#[tokio::test]
async fn a_commit_that_is_made_again_is_the_same_and_nothing_to_commit_is_none() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    let commit =
        async |name| begun.mirror.commit(&worktree, &key(name), &text("feat: x"), None).await.unwrap();
    assert_eq!(commit("before").await, None);
    write(&worktree.path, "a.txt", "a\n");
    let first = commit("one").await;
    assert!(first.is_some());
    assert_eq!(commit("one").await, first);
    assert_eq!(commit("two").await, None);
    // The step runs again after the agent went on: what is new is committed on top.
    write(&worktree.path, "a.txt", "aa\n");
    let second = commit("one").await.unwrap();
    assert_eq!(begun.git(&["rev-parse", &format!("{second}^")]), first.unwrap().as_str());
}

#[tokio::test]
async fn a_crash_between_the_commit_and_its_ref_leaves_one_commit_in_the_history() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let lost = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    // Just as a kill leaves it: the object is written, neither ref is, nor is the index.
    let key_ref = begun.git(&["for-each-ref", "--format=%(refname)", "refs/swarm/keys/"]);
    begun.git(&["update-ref", "-d", &key_ref]);
    begun.git(&["update-ref", "refs/swarm/attempts/run_1/T-1.1", begun.base.commit.as_str()]);
    std::fs::remove_file(begun.mirror.path().join("swarm/attempts/run_1/T-1.1/index")).unwrap();
    let worktree = begun.worktree("T-1.1").await;
    let made = begun.commit(&worktree, "feat: T-1.1").await;
    let log = begun.mirror.log(Some(&begun.base.commit), &made, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    let tree = |commit: &str| begun.git(&["rev-parse", &format!("{commit}^{{tree}}")]);
    assert_eq!(tree(made.as_str()), tree(lost.as_str()));
}

#[tokio::test]
async fn locks_and_half_written_indexes_of_a_killed_process_are_no_obstacle() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "a.txt", "a\n");
    let dir = begun.mirror.path().to_owned();
    let side = dir.join("swarm/attempts/run_1/T-1.1");
    for name in ["index.lock", "index-killed", "index-killed.lock"] {
        std::fs::write(side.join(name), "half").unwrap();
    }
    std::fs::write(side.join("index"), "DIRC broken").unwrap();
    let lock = locked(&dir.join("refs/swarm/attempts/run_1/T-1.1"), Duration::from_mins(10));
    begun.commit(&worktree, "feat: a").await;
    assert!(!lock.exists());
}

#[tokio::test]
async fn a_ref_that_a_git_killed_just_now_left_locked_is_waited_for() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "a.txt", "a\n");
    // Not yet so old that its holder must be dead, as when swarm is started again at once.
    let lock = locked(&begun.mirror.path().join("refs/swarm/attempts/run_1/T-1.1"), Duration::from_secs(6));
    begun.commit(&worktree, "feat: a").await;
    assert!(!lock.exists());
}

#[tokio::test]
async fn a_file_that_is_too_large_is_named_and_nothing_is_committed() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let forge = ground.another_forge().with_limits(Limits { file_bytes: 1_000, ..Limits::default() });
    let mirror = forge.mirror(&project(), repo.to_str().unwrap()).await.unwrap();
    let base = mirror.base(None).await.unwrap();
    let worktree = mirror.worktree(&run("r"), &attempt("T-1.1"), &base.commit).await.unwrap();
    write(&worktree.path, "big.bin", &"x".repeat(1_001));
    let error = mirror.commit(&worktree, &key("k"), &text("x"), None).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.too_large");
    assert!(error.to_string().contains("big.bin"));
    assert_eq!(mirror.attempt_head(&run("r"), &attempt("T-1.1")).await.unwrap(), Some(base.commit));
}

#[tokio::test]
async fn what_programs_drop_and_what_is_ignored_is_not_committed() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, ".gitignore", "*.log\n");
    for name in
        ["src/__pycache__/words.cpython-313.pyc", ".pytest_cache/x", "node_modules/a/index.js", "build.log"]
    {
        write(&worktree.path, name, "x");
    }
    let commit = begun.commit(&worktree, "chore: ignore").await;
    let changes = begun.mirror.changes(&begun.base.commit, &commit).await.unwrap();
    assert_eq!(changes.into_iter().map(|c| c.path).collect::<Vec<_>>(), [".gitignore"]);
}

#[tokio::test]
async fn a_file_without_permissions_is_committed_all_the_same() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "locked/secret.txt", "s\n");
    for name in ["locked/secret.txt", "locked"] {
        std::fs::set_permissions(worktree.path.join(name), std::fs::Permissions::from_mode(0o0)).unwrap();
    }
    begun.mirror.archive_attempt(&worktree.run, &worktree.attempt).await.unwrap();
    assert_eq!(begun.git(&["show", "refs/archive/run_1/T-1.1:locked/secret.txt"]), "s");
    assert!(!worktree.path.exists());
}

#[tokio::test]
async fn files_are_restored_one_by_one() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    for name in ["README.md", "src/words.py", "new.txt", "kept.txt"] {
        write(&worktree.path, name, "changed\n");
    }
    let paths: Vec<_> =
        ["README.md", "new.txt", "src/words.py"].map(|p| RelativePath::parse(p).unwrap()).into();
    begun.mirror.restore(&worktree, &begun.base.commit, &paths).await.unwrap();
    assert_eq!(begun.mirror.uncommitted(&worktree).await.unwrap(), ["kept.txt"]);
}

#[tokio::test]
async fn restoring_does_not_remove_a_file_that_stands_where_the_commit_has_a_folder() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.work("T-1.1", &[("mix/part.txt", "part\n"), ("own.txt", "own\n")]).await;
    let worktree = begun.worktree("T-2.1").await;
    write(&worktree.path, "mix", "somebody else's\n");
    let paths: Vec<_> = ["mix/part.txt", "own.txt"].map(|p| RelativePath::parse(p).unwrap()).into();
    begun.mirror.restore(&worktree, &one, &paths).await.unwrap();
    assert_eq!(begun.mirror.uncommitted(&worktree).await.unwrap(), ["mix", "own.txt"]);
    assert_eq!(std::fs::read_to_string(worktree.path.join("mix")).unwrap(), "somebody else's\n");
}

#[tokio::test]
async fn restoring_does_not_write_through_a_link() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    let outside = ground.path("outside");
    write(&outside, "words.py", "mine\n");
    write(&outside, "new.txt", "mine\n");
    std::fs::remove_dir_all(worktree.path.join("src")).unwrap();
    symlink(&outside, worktree.path.join("src")).unwrap();
    let paths: Vec<_> = ["src/words.py", "src/new.txt"].map(|p| RelativePath::parse(p).unwrap()).into();
    begun.mirror.restore(&worktree, &begun.base.commit, &paths).await.unwrap();
    assert_eq!(std::fs::read_to_string(outside.join("words.py")).unwrap(), "mine\n");
    assert!(outside.join("new.txt").exists());
    assert!(begun.mirror.uncommitted(&worktree).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_reset_archives_what_was_there() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let commit = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "b.txt", "b\n");
    begun.mirror.reset(&worktree, &begun.base.commit).await.unwrap();
    assert!(!worktree.path.join("a.txt").exists() && !worktree.path.join("b.txt").exists());
    assert!(begun.mirror.uncommitted(&worktree).await.unwrap().is_empty());
    assert_eq!(begun.git(&["show", "refs/archive/run_1/T-1.1:b.txt"]), "b");
    assert_eq!(begun.git(&["rev-parse", "refs/archive/run_1/T-1.1^"]), commit.as_str());
}

#[tokio::test]
async fn a_checkout_is_plain_files_in_an_empty_folder_only() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let folder = ground.path("checkout");
    begun.mirror.checkout(&begun.base.commit, &folder).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.join("README.md")).unwrap(), "# textstat\n");
    assert!(!folder.join(".git").exists());
    let error = begun.mirror.checkout(&begun.base.commit, &folder).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.invalid");
    let nowhere = swarm_domain::CommitId::parse("0".repeat(40)).unwrap();
    let error = begun.mirror.checkout(&nowhere, &ground.path("other")).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.not_found");
    for odd in ["HEAD", "main", "--help"].iter().filter_map(|t| swarm_domain::CommitId::parse(*t).ok()) {
        let error = begun.mirror.checkout(&odd, &ground.path("odd")).await.unwrap_err();
        assert_eq!(error.problem().code, "forge.invalid", "{odd}");
    }
}

#[tokio::test]
async fn a_file_that_changes_as_soon_as_it_was_committed_and_keeps_its_size_is_seen() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    for n in 0..12 {
        write(&worktree.path, "n.txt", &(n % 10).to_string());
        begun.commit(&worktree, &format!("feat: {n}")).await;
    }
}
