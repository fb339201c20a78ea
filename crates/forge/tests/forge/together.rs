//! Several at once.

use std::path::PathBuf;

use swarm_forge::{Forge, Stacked};
use tokio::task::JoinSet;

use crate::ground::{Ground, attempt, git, key, project, run, text, write};

/// A whole run of three tickets, as one process does it.
async fn build(forge: Forge, repo: PathBuf, name: &'static str) {
    let run = run(name);
    let mirror = forge.mirror(&project(), repo.to_str().unwrap()).await.unwrap();
    let base = mirror.base(None).await.unwrap();
    let branch = mirror.begin_run(&run, &base).await.unwrap();
    let mut tickets = JoinSet::new();
    for n in 0..3 {
        let (mirror, run, base) = (mirror.clone(), run.clone(), base.clone());
        tickets.spawn(async move {
            let worktree = mirror.worktree(&run, &attempt(&format!("T-{n}.1")), &base.commit).await.unwrap();
            write(&worktree.path, &format!("{n}.txt"), run.as_str());
            let commit = mirror
                .commit(&worktree, &key(&n.to_string()), &text("feat: n"), None)
                .await
                .unwrap()
                .unwrap();
            loop {
                let head = mirror.head(&run).await.unwrap();
                let Stacked::Commit(top) = mirror.stack(&run, &head, &commit, &base.commit).await.unwrap()
                else {
                    panic!("no conflict");
                };
                if mirror.advance(&run, &head, &top).await.unwrap() {
                    return mirror.archive_attempt(&run, &worktree.attempt).await.unwrap();
                }
            }
        });
    }
    tickets.join_all().await;
    mirror.publish(&run, &branch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_builds_on_one_repository_do_not_meet() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let mut builds = JoinSet::new();
    builds.spawn(build(ground.forge.clone(), repo.clone(), "run_a"));
    builds.spawn(build(ground.another_forge(), repo.clone(), "run_b"));
    builds.join_all().await;
    for name in ["run_a", "run_b"] {
        let branch = format!("swarm/{name}");
        assert_eq!(git(&repo, &["log", "--oneline", &format!("main..{branch}")]).lines().count(), 3);
        for n in 0..3 {
            assert_eq!(git(&repo, &["show", &format!("{branch}:{n}.txt")]), name);
        }
    }
    assert_eq!(git(&repo, &["status", "--porcelain"]), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_who_ask_for_the_same_get_the_same() {
    let ground = Ground::new();
    let repo = ground.empty_repo("empty");
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (forge, repo) = (ground.another_forge(), repo.clone());
        tasks.spawn(async move {
            let mirror = forge.mirror(&project(), repo.to_str().unwrap()).await.unwrap();
            let base = mirror.base(None).await.unwrap();
            mirror.begin_run(&run("run_1"), &base).await.unwrap();
            let worktree = mirror.worktree(&run("run_1"), &attempt("T-1.1"), &base.commit).await.unwrap();
            write(&worktree.path, "a.txt", "a\n");
            let made = mirror.commit(&worktree, &key("k"), &text("feat: a"), None).await.unwrap();
            (base.commit, worktree.path, made)
        });
    }
    let mut found = tasks.join_all().await;
    found.dedup();
    assert_eq!(found.len(), 1, "{found:?}");
}
