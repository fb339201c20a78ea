//! Offering a run to the user's repository.

use std::path::Path;

use swarm_domain::CommitId;
use swarm_forge::ForgeError;

use crate::ground::{Begun, Ground, files, git, run, write};

async fn worked(begun: &Begun) -> CommitId {
    let commit = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    assert!(begun.mirror.advance(&run("run_1"), &begun.base.commit, &commit).await.unwrap());
    commit
}

/// The user's files, and git's own that say what they are working on.
fn theirs(repo: &Path) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut all = files(repo);
    all.retain(|path, _| {
        let inside = path.strip_prefix(repo.join(".git")).ok();
        inside.is_none_or(|p| {
            ["index", "HEAD", "config", "refs/heads/main"].iter().any(|kept| p == Path::new(kept))
        })
    });
    all
}

#[tokio::test]
async fn publishing_adds_a_branch_and_leaves_the_user_s_files_alone() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let begun = ground.begun_on(&repo).await;
    let commit = worked(&begun).await;
    write(&repo, "README.md", "work of mine\n");
    git(&repo, &["add", "README.md"]);
    write(&repo, "README.md", "more work of mine\n");
    write(&repo, "a.txt", "untracked, of the same name\n");
    let before = theirs(&repo);
    let published = begun.mirror.publish(&run("run_1"), &begun.branch).await.unwrap();
    assert_eq!((published.branch.as_str(), &published.commit), ("swarm/run_1", &commit));
    assert_eq!(theirs(&repo), before);
    assert_eq!(git(&repo, &["rev-parse", "swarm/run_1"]), commit.as_str());
    assert_eq!(
        git(&repo, &["for-each-ref", "--format=%(refname)"]),
        "refs/heads/main\nrefs/heads/swarm/run_1"
    );
    // Again, and once more when the run has come further.
    assert_eq!(begun.mirror.publish(&run("run_1"), &begun.branch).await.unwrap(), published);
    let worktree = begun.worktree("T-1.1").await;
    write(&worktree.path, "b.txt", "b\n");
    let next = begun.commit(&worktree, "feat: b").await;
    assert!(begun.mirror.advance(&run("run_1"), &commit, &next).await.unwrap());
    begun.mirror.publish(&run("run_1"), &begun.branch).await.unwrap();
    assert_eq!(git(&repo, &["rev-parse", "swarm/run_1"]), next.as_str());
    assert_eq!(theirs(&repo), before);
}

#[tokio::test]
async fn a_branch_that_is_checked_out_is_not_pushed_to() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    git(&repo, &["config", "receive.denyCurrentBranch", "updateInstead"]);
    let begun = ground.begun_on(&repo).await;
    worked(&begun).await;
    let before = theirs(&repo);
    let error = begun.mirror.publish(&run("run_1"), "main").await.unwrap_err();
    assert_eq!(error.problem().code, "forge.checked_out");
    assert!(!error.is_retryable());
    assert_eq!(theirs(&repo), before);
}

#[tokio::test]
async fn a_branch_that_went_another_way_is_not_overwritten() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let begun = ground.begun_on(&repo).await;
    worked(&begun).await;
    git(&repo, &["checkout", "-q", "-b", "swarm/run_1"]);
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "the user's own"]);
    git(&repo, &["checkout", "-q", "main"]);
    let theirs = git(&repo, &["rev-parse", "swarm/run_1"]);
    let error = begun.mirror.publish(&run("run_1"), "swarm/run_1").await.unwrap_err();
    assert!(matches!(error, ForgeError::Rejected { .. }), "{error}");
    assert!(!error.is_retryable() && error.problem().next.contains("swarm/run_1"));
    assert_eq!(git(&repo, &["rev-parse", "swarm/run_1"]), theirs);
}

#[tokio::test]
async fn a_branch_that_cannot_be_made_is_a_final_error() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    // A branch `swarm` leaves no room for `swarm/run_1`.
    git(&repo, &["branch", "swarm"]);
    let begun = ground.begun_on(&repo).await;
    let error = begun.mirror.publish(&run("run_1"), "swarm/run_1").await.unwrap_err();
    assert_eq!(error.problem().code, "forge.push_rejected");
    for bad in ["", "-f", "a..b", "x:y", "+main", "refs/heads/*"] {
        let error = begun.mirror.publish(&run("run_1"), bad).await;
        if bad == "+main" {
            // An unusual name, but a name: no force comes with it.
            assert!(git(&repo, &["rev-parse", "main"]) == begun.base.commit.as_str());
        } else {
            assert_eq!(error.unwrap_err().problem().code, "forge.invalid", "{bad:?}");
        }
    }
}

#[tokio::test]
async fn a_repository_that_is_gone_or_out_of_reach_is_said() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let begun = ground.begun_on(&repo).await;
    std::fs::rename(&repo, ground.path("elsewhere")).unwrap();
    let error = begun.mirror.publish(&run("run_1"), "swarm/run_1").await.unwrap_err();
    assert_eq!(error.problem().code, "forge.not_a_repo");
    std::fs::rename(ground.path("elsewhere"), &repo).unwrap();
    begun.mirror.publish(&run("run_1"), "swarm/run_1").await.unwrap();
}

#[tokio::test]
async fn a_bare_and_an_empty_repository_take_the_branch() {
    let ground = Ground::new();
    let repo = ground.empty_repo("empty");
    let begun = ground.begun_on(&repo).await;
    let commit = worked(&begun).await;
    begun.mirror.publish(&run("run_1"), "swarm/run_1").await.unwrap();
    assert_eq!(git(&repo, &["rev-parse", "swarm/run_1"]), commit.as_str());
    assert_eq!(git(&repo, &["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert_eq!(git(&repo, &["status", "--porcelain"]), "");
}
