//! A user's repository, in whatever state it is.

use swarm_domain::ProjectId;
use swarm_forge::{ForgeError, without_credentials};

use crate::ground::{Ground, files, git, locked, project, run, write};

#[tokio::test]
async fn a_path_without_a_repository_is_refused_with_what_to_do() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    write(&ground.path("plain"), "a.txt", "no repository\n");
    for (path, exists) in [
        (ground.path("missing"), false),
        (ground.path("plain"), true),
        (ground.path("plain/a.txt"), true),
        // Inside a repository is not the repository: what is meant must be said.
        (repo.join("src"), true),
    ] {
        let error = ground.mirror(&path).await.unwrap_err();
        let problem = error.problem();
        assert_eq!(problem.code, "forge.not_a_repo", "{path:?}");
        assert!(problem.next.contains("git init"), "{problem:?}");
        assert!(matches!(error, ForgeError::NotARepo { exists: e, .. } if e == exists), "{path:?}");
    }
    assert!(ground.forge.known(&project()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_dirty_repository_is_mirrored_as_committed_and_not_a_byte_of_it_changes() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    write(&repo, "README.md", "changed and staged\n");
    git(&repo, &["add", "README.md"]);
    write(&repo, "src/words.py", "changed\n");
    write(&repo, "notes.txt", "untracked\n");
    let before = files(&repo);
    let begun = ground.begun_on(&repo).await;
    assert!(begun.mirror.upstream().dirty);
    assert_eq!(begun.base.commit.as_str(), git(&repo, &["rev-parse", "HEAD"]));
    assert_eq!(begun.base.branch, "main");
    let worktree = begun.worktree("T-1.1").await;
    assert_eq!(std::fs::read_to_string(worktree.path.join("README.md")).unwrap(), "# textstat\n");
    assert!(!worktree.path.join("notes.txt").exists());
    assert_eq!(files(&repo), before);
}

#[tokio::test]
async fn each_way_of_being_dirty_is_seen_and_a_clean_repository_is_clean() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let dirty = async || ground.mirror(&repo).await.unwrap().upstream().dirty;
    write(&repo, ".git/info/exclude", "*.log\n");
    write(&repo, "build.log", "ignored\n");
    assert!(!dirty().await);
    write(&repo, "new.txt", "untracked\n");
    assert!(dirty().await);
    git(&repo, &["add", "new.txt"]);
    assert!(dirty().await, "staged");
    git(&repo, &["commit", "-q", "-m", "new"]);
    assert!(!dirty().await);
    std::fs::remove_file(repo.join("new.txt")).unwrap();
    assert!(dirty().await, "deleted");
}

#[tokio::test]
async fn a_bare_repository_is_mirrored() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    git(&ground.path(""), &["clone", "-q", "--bare", "repo", "bare.git"]);
    let begun = ground.begun_on(&ground.path("bare.git")).await;
    assert!(!begun.mirror.upstream().dirty);
    assert_eq!(begun.base.commit.as_str(), git(&repo, &["rev-parse", "HEAD"]));
}

#[tokio::test]
async fn a_repository_without_commits_gets_its_first_one_in_the_mirror_only_and_once() {
    let ground = Ground::new();
    let repo = ground.empty_repo("empty");
    git(&repo, &["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let begun = ground.begun_on(&repo).await;
    assert_eq!(begun.base.branch, "trunk");
    assert!(begun.mirror.files(&begun.base.commit).await.unwrap().is_empty());
    // Another process, at another time, finds the same.
    let again = ground.another_forge().mirror(&project(), repo.to_str().unwrap()).await.unwrap();
    assert_eq!(again.base(None).await.unwrap(), begun.base);
    assert_eq!(git(&repo, &["count-objects"]), "0 objects, 0 kilobytes");
    begun.work("T-1.1", &[("a.txt", "a\n")]).await;
}

#[tokio::test]
async fn mirroring_again_fetches_what_is_new_and_forgets_what_is_gone_but_never_a_run() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    git(&repo, &["branch", "old"]);
    let begun = ground.begun_on(&repo).await;
    git(&repo, &["branch", "-D", "-q", "old"]);
    git(&repo, &["commit", "-q", "--allow-empty", "--amend", "-m", "rewritten"]);
    let mirror = ground.mirror(&repo).await.unwrap();
    assert_eq!(mirror.base(None).await.unwrap().commit.as_str(), git(&repo, &["rev-parse", "HEAD"]));
    assert_eq!(mirror.head(&run("run_1")).await.unwrap(), begun.base.commit);
    let error = mirror.base(Some("old")).await.unwrap_err();
    assert!(error.problem().next.contains("main"), "{error}");
}

#[tokio::test]
async fn a_run_begins_once_and_never_from_another_commit() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    assert_eq!(begun.branch, "swarm/run_1");
    assert_eq!(begun.mirror.begin_run(&run("run_1"), &begun.base).await.unwrap(), begun.branch);
    let repo = ground.path("repo");
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "second"]);
    let base = ground.mirror(&repo).await.unwrap().base(None).await.unwrap();
    let error = begun.mirror.begin_run(&run("run_1"), &base).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.run_exists");
    assert_eq!(begun.mirror.head(&run("run_2")).await.unwrap_err().problem().code, "forge.not_found");
}

#[tokio::test]
async fn a_branch_or_a_detached_head_can_be_the_base() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    git(&repo, &["checkout", "-q", "-b", "feature/x"]);
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "more"]);
    let mirror = ground.mirror(&repo).await.unwrap();
    assert_eq!(mirror.base(None).await.unwrap().branch, "feature/x");
    assert_eq!(mirror.base(Some("main")).await.unwrap().commit.as_str(), git(&repo, &["rev-parse", "main"]));
    for wrong in ["", "../x", "-x", "main^", "ma\nin"] {
        assert_eq!(
            mirror.base(Some(wrong)).await.unwrap_err().problem().code,
            "forge.no_branch",
            "{wrong:?}"
        );
    }
    git(&repo, &["checkout", "-q", "--detach", "main"]);
    assert_eq!(ground.mirror(&repo).await.unwrap().base(None).await.unwrap().branch, "main");
}

#[tokio::test]
async fn a_shallow_clone_a_linked_worktree_and_a_sha256_repository_are_taken() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "second"]);
    let url = format!("file://{}", repo.display());
    git(&ground.path(""), &["clone", "-q", "--depth=1", &url, "shallow"]);
    git(&repo, &["worktree", "add", "-q", "-b", "side", "../linked"]);
    let young = ground.path("young");
    git(&ground.path(""), &["init", "-q", "--object-format=sha256", "young"]);
    git(&young, &["commit", "-q", "--allow-empty", "-m", "first"]);
    for (name, branch) in [("shallow", "main"), ("linked", "side"), ("young", "main")] {
        let path = ground.path(name);
        let mirror =
            ground.forge.mirror(&ProjectId::parse(name).unwrap(), path.to_str().unwrap()).await.unwrap();
        let base = mirror.base(None).await.unwrap();
        assert_eq!(
            (base.branch.as_str(), base.commit.as_str()),
            (branch, git(&path, &["rev-parse", "HEAD"]).as_str())
        );
    }
}

#[tokio::test]
async fn a_project_stays_the_mirror_of_its_repository() {
    let ground = Ground::new();
    let (one, other) = (ground.repo("one"), ground.repo("other"));
    ground.mirror(&one).await.unwrap();
    assert_eq!(ground.mirror(&other).await.unwrap_err().problem().code, "forge.other_repo");
    // By another way there it is the same.
    let roundabout = ground.path("other/../one");
    assert!(ground.mirror(&roundabout).await.is_ok());
    assert_eq!(
        without_credentials(roundabout.to_str().unwrap()),
        one.canonicalize().unwrap().to_str().unwrap()
    );
}

#[tokio::test]
async fn a_mirror_that_is_known_is_found_without_the_repository() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    std::fs::rename(ground.path("repo"), ground.path("elsewhere")).unwrap();
    let known = ground.another_forge().known(&project()).await.unwrap().expect("a mirror");
    assert_eq!(known.head(&run("run_1")).await.unwrap(), begun.base.commit);
    assert_eq!(
        known.publish(&run("run_1"), "swarm/run_1").await.unwrap_err().problem().code,
        "forge.not_a_repo"
    );
}

#[tokio::test]
async fn a_first_mirroring_that_was_killed_leaves_nothing_in_the_way() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    write(&ground.data(), "scratch/killed/mirror.git/HEAD", "half");
    ground.begun_on(&repo).await;
    let report = ground.forge.sweep_worktrees(&std::collections::HashSet::new()).await.unwrap();
    assert_eq!(report.remnants, 1);
    assert!(!ground.data().join("scratch/killed").exists());
}

#[tokio::test]
async fn a_ref_that_a_fetch_killed_just_now_left_locked_is_waited_for() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let begun = ground.begun_on(&repo).await;
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "second"]);
    let main = begun.mirror.path().join("refs/upstream/heads/main");
    let lock = locked(&main, std::time::Duration::from_secs(6));
    let later = ground.mirror(&repo).await.unwrap().base(None).await.unwrap();
    assert_eq!(later.commit.as_str(), git(&repo, &["rev-parse", "HEAD"]));
    assert!(!lock.exists());
}
