//! The merge train.

use swarm_domain::{CommitId, scope::RelativePath};
use swarm_forge::{ForgeError, Stacked};

use crate::ground::{Begun, Ground, git, run, write};

async fn stack(begun: &Begun, onto: &CommitId, commit: &CommitId) -> Stacked {
    begun.mirror.stack(&run("run_1"), onto, commit, &begun.base.commit).await.unwrap()
}

async fn stacked(begun: &Begun, onto: &CommitId, commit: &CommitId) -> CommitId {
    match stack(begun, onto, commit).await {
        Stacked::Commit(commit) => commit,
        Stacked::Conflict { evidence, .. } => panic!("a conflict: {evidence}"),
    }
}

#[tokio::test]
async fn a_conflict_names_the_files_shows_both_sides_and_moves_nothing() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one =
        begun.work("T-1.1", &[("src/words.py", "def count(text):\n    return 1\n"), ("a.txt", "a\n")]).await;
    let two =
        begun.work("T-2.1", &[("src/words.py", "def count(text):\n    return 2\n"), ("b.txt", "b\n")]).await;
    let Stacked::Conflict { files, evidence } = stack(&begun, &one, &two).await else { panic!("a conflict") };
    assert_eq!(files, ["src/words.py"]);
    assert!(evidence.starts_with("CONFLICT (content): Merge conflict in src/words.py\n"), "{evidence}");
    assert!(evidence.contains("return 1") && evidence.contains("return 2"), "{evidence}");
    assert!(evidence.contains("<<<<<<< what was merged before\n"), "{evidence}");
    assert!(evidence.contains(">>>>>>> this change\n"), "{evidence}");
    assert_eq!(begun.mirror.head(&run("run_1")).await.unwrap(), begun.base.commit);
}

#[tokio::test]
async fn a_clash_is_mended_with_the_files_that_clash_and_no_others() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.work("T-1.1", &[("src/words.py", "one\n"), ("a.txt", "a\n")]).await;
    let two = begun.work("T-2.1", &[("src/words.py", "two\n"), ("b.txt", "b\n")]).await;
    let (mirror, base) = (&begun.mirror, &begun.base.commit);
    let clash = mirror.clash(&one, &two, base, 1_000).await.unwrap().unwrap();
    let [(path, Some(text))] = clash.files.as_slice() else { panic!("{clash:?}") };
    assert!(path == "src/words.py" && text.contains("one\n") && text.contains("two\n"), "{text}");
    let words = RelativePath::parse("src/words.py").unwrap();
    let mended = [(words.clone(), "one two\n".to_owned())];
    let top = mirror.mend(&one, &two, base, &mended).await.unwrap();
    assert_eq!(mirror.mend(&one, &two, base, &mended).await.unwrap(), top, "again it is the same");
    assert_eq!(mirror.file_at(&top, &words, 1_000).await.unwrap().unwrap(), b"one two\n");
    assert_eq!(mirror.files(&top).await.unwrap(), ["README.md", "a.txt", "b.txt", "src/words.py"]);
    assert!(mirror.mend(&one, &two, base, &[]).await.is_err(), "it still clashes");
    let other = RelativePath::parse("a.txt").unwrap();
    let more = [(words, "x\n".to_owned()), (other, "y\n".to_owned())];
    assert!(mirror.mend(&one, &two, base, &more).await.is_err(), "a file that does not clash is not touched");
}

#[tokio::test]
async fn a_file_that_one_side_removed_and_one_that_both_added_are_conflicts() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    std::fs::remove_file(worktree.path.join("src/words.py")).unwrap();
    write(&worktree.path, "same.txt", "mine\n");
    let one = begun.commit(&worktree, "feat: remove").await;
    let two = begun.work("T-2.1", &[("src/words.py", "other\n"), ("same.txt", "theirs\n")]).await;
    let Stacked::Conflict { files, .. } = stack(&begun, &one, &two).await else { panic!("a conflict") };
    assert_eq!(files, ["same.txt", "src/words.py"]);
}

#[tokio::test]
async fn a_file_and_a_folder_of_one_name_are_a_conflict_by_that_name() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.work("T-1.1", &[("mix", "file\n")]).await;
    let two = begun.work("T-2.1", &[("mix/part.txt", "in a folder\n")]).await;
    let Stacked::Conflict { files, .. } = stack(&begun, &one, &two).await else { panic!("a conflict") };
    assert_eq!(files, ["mix"]);
}

#[tokio::test]
async fn long_evidence_is_cut() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let long = |word: &str| format!("{word}\n").repeat(10_000);
    let one = begun.work("T-1.1", &[("src/words.py", &long("one"))]).await;
    let two = begun.work("T-2.1", &[("src/words.py", &long("two"))]).await;
    let Stacked::Conflict { evidence, .. } = stack(&begun, &one, &two).await else { panic!("a conflict") };
    assert!(evidence.len() < 20_000, "{}", evidence.len());
}

#[tokio::test]
async fn work_is_put_on_top_with_its_authors_and_messages_and_again_it_is_the_same() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let first = begun.work("T-2.1", &[("b.txt", "b\n")]).await;
    let worktree = begun.worktree("T-2.1").await;
    write(&worktree.path, "c.txt", "c\n");
    let second = begun.commit(&worktree, "test: c").await;
    assert_eq!(stacked(&begun, &begun.base.commit, &second).await, second, "nothing in between");
    let top = stacked(&begun, &one, &second).await;
    assert_eq!(stacked(&begun, &one, &second).await, top);
    let log = begun.mirror.log(Some(&begun.base.commit), &top, 10).await.unwrap();
    let subjects: Vec<_> = log.iter().map(|entry| entry.subject.as_str()).collect();
    assert_eq!(subjects, ["test: c", "feat: T-2.1", "feat: T-1.1"]);
    assert!(log.iter().all(|e| e.author.name() == "Ada" && e.trailers.requirements.len() == 2));
    assert_eq!(
        begun.mirror.files(&top).await.unwrap(),
        ["README.md", "a.txt", "b.txt", "c.txt", "src/words.py"]
    );
    let dated = |id: &CommitId| begun.git(&["show", "-s", "--format=%aI %cI", id.as_str()]);
    assert_eq!(dated(&second), dated(&top));
    assert_ne!(dated(&first), dated(&top));
}

#[tokio::test]
async fn what_is_merged_already_is_left_out() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let two = begun.work("T-2.1", &[("b.txt", "b\n")]).await;
    let top = stacked(&begun, &one, &two).await;
    assert_eq!(stacked(&begun, &top, &two).await, top);
    assert_eq!(stacked(&begun, &top, &one).await, top);
}

#[tokio::test]
async fn work_that_does_not_come_after_its_base_is_refused() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let two = begun.work("T-2.1", &[("b.txt", "b\n")]).await;
    let error = begun.mirror.stack(&run("run_1"), &begun.base.commit, &two, &one).await.unwrap_err();
    assert!(matches!(error, ForgeError::Invalid { .. }), "{error}");
}

#[tokio::test]
async fn links_that_lead_out_only_together_are_refused() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.worktree("T-1.1").await;
    std::fs::create_dir_all(one.path.join("deep/a")).unwrap();
    std::os::unix::fs::symlink("../..", one.path.join("deep/a/up")).unwrap();
    let one = begun.commit(&one, "feat: up").await;
    let two = begun.worktree("T-2.1").await;
    std::fs::create_dir_all(two.path.join("deep/a")).unwrap();
    std::os::unix::fs::symlink("up/../x", two.path.join("deep/a/out")).unwrap();
    let two = begun.commit(&two, "feat: out").await;
    let error = begun.mirror.stack(&run("run_1"), &one, &two, &begun.base.commit).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.symlink_escapes");
}

#[tokio::test]
async fn the_branch_moves_only_from_where_the_caller_saw_it() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let (mirror, base) = (&begun.mirror, &begun.base.commit);
    let one = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let two = begun.work("T-2.1", &[("b.txt", "b\n")]).await;
    let advance = async |from, to| mirror.advance(&run("run_1"), from, to).await;
    assert!(advance(base, &one).await.unwrap());
    assert!(!advance(base, &two).await.unwrap(), "somebody was faster");
    assert_eq!(mirror.head(&run("run_1")).await.unwrap(), one);
    // A step that a crash made run again, even after the branch went on.
    assert!(advance(base, &one).await.unwrap());
    let top = stacked(&begun, &one, &two).await;
    assert!(advance(&one, &top).await.unwrap());
    assert!(advance(base, &one).await.unwrap());
    assert_eq!(mirror.head(&run("run_1")).await.unwrap(), top);
    assert!(matches!(advance(&top, &one).await, Err(ForgeError::Invalid { .. })), "never back");
}

#[tokio::test]
async fn of_several_that_advance_at_once_one_wins() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..6 {
        let commit = begun.work(&format!("T-{n}.1"), &[(&format!("{n}.txt"), "x\n")]).await;
        let (base, repo) = (begun.base.commit.clone(), ground.path("repo"));
        let forge = ground.another_forge();
        tasks.spawn(async move {
            let mirror = forge.mirror(&crate::ground::project(), repo.to_str().unwrap()).await.unwrap();
            mirror.advance(&run("run_1"), &base, &commit).await.unwrap()
        });
    }
    let won = tasks.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_ref_that_somebody_else_moves_is_seen() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let one = begun.work("T-1.1", &[("a.txt", "a\n")]).await;
    let two = begun.work("T-2.1", &[("b.txt", "b\n")]).await;
    git(begun.mirror.path(), &["update-ref", "refs/heads/swarm/run_1", two.as_str()]);
    assert!(!begun.mirror.advance(&run("run_1"), &begun.base.commit, &one).await.unwrap());
}
