//! Reading commits: changes, diffs, files, history.

use std::os::unix::fs::symlink;

use swarm_domain::scope::RelativePath;
use swarm_forge::{Change, ChangeKind, DiffStat, FileMode};

use crate::ground::{Ground, git, write};

#[tokio::test]
async fn changes_say_what_became_of_each_file() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let inner = ground.repo("inner");
    git(
        &repo,
        &["-c", "protocol.file.allow=always", "submodule", "add", "-q", inner.to_str().unwrap(), "sub"],
    );
    git(&repo, &["commit", "-q", "-m", "submodule"]);
    let begun = ground.begun_on(&repo).await;
    let worktree = begun.worktree("T-1.1").await;
    std::fs::rename(worktree.path.join("README.md"), worktree.path.join("with space.md")).unwrap();
    write(&worktree.path, "src/words.py", "short\n");
    symlink("words.py", worktree.path.join("src/link")).unwrap();
    let commit = begun.commit(&worktree, "feat: x").await;
    let found = begun.mirror.changes(&begun.base.commit, &commit).await.unwrap();
    let change = |path: &str, kind, mode, size| Change { path: path.to_owned(), kind, mode, size };
    assert_eq!(
        found,
        [
            change("README.md", ChangeKind::Deleted, FileMode::File, 0),
            change("src/link", ChangeKind::Added, FileMode::Symlink, 8),
            change("src/words.py", ChangeKind::Modified, FileMode::File, 6),
            change("with space.md", ChangeKind::Added, FileMode::File, 11),
        ]
    );
    // The submodule's empty folder is no change, and neither is its absence from the mirror an obstacle.
    assert!(begun.mirror.files(&commit).await.unwrap().contains(&"sub".to_owned()));
    let stat = begun.mirror.diffstat(&begun.base.commit, &commit).await.unwrap();
    assert_eq!(stat, DiffStat { files: 4, added: 3, removed: 8 });
    assert_eq!(stat.to_string(), "4 files, +3 -8");
    assert!(begun.mirror.changes(&commit, &commit).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_diff_is_cut_where_the_caller_says() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let commit = begun.work("T-1.1", &[("long.txt", &"a line\n".repeat(1_000))]).await;
    let whole = begun.mirror.diff(&begun.base.commit, &commit, 1 << 20).await.unwrap();
    assert!(!whole.truncated && whole.text.starts_with("diff --git a/long.txt b/long.txt\n"));
    let cut = begun.mirror.diff(&begun.base.commit, &commit, 100).await.unwrap();
    assert!(cut.truncated);
    assert_eq!(cut.text, whole.text[..100]);
}

#[tokio::test]
async fn a_file_is_read_as_it_was_and_nothing_else_passes_for_one() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    symlink("src/words.py", worktree.path.join("link")).unwrap();
    write(&worktree.path, "[a]*.txt", "glob\n");
    let commit = begun.commit(&worktree, "feat: x").await;
    let read =
        async |path: &str| begun.mirror.file_at(&commit, &RelativePath::parse(path).unwrap(), 1_000).await;
    assert_eq!(read("README.md").await.unwrap().unwrap(), b"# textstat\n");
    assert_eq!(read("[a]*.txt").await.unwrap().unwrap(), b"glob\n");
    for none in ["link", "src", "missing.txt", "*.md"] {
        assert_eq!(read(none).await.unwrap(), None, "{none}");
    }
    let path = RelativePath::parse("README.md").unwrap();
    let error = begun.mirror.file_at(&commit, &path, 5).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.too_much_output");
}

#[tokio::test]
async fn the_files_of_a_commit_are_read_together_and_within_bounds() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    symlink("src/words.py", worktree.path.join("link.py")).unwrap();
    for (name, content) in
        [("a.py", "a\n"), ("b.py", "b, and much more\n"), ("c.py", "c\n"), ("d.txt", "d\n")]
    {
        write(&worktree.path, name, content);
    }
    let commit = begun.commit(&worktree, "feat: x").await;
    let wanted = |path: &str| matches!(path, "a.py" | "b.py" | "c.py" | "link.py");
    let read = async |files, total| begun.mirror.contents(&commit, wanted, 9, files, total).await.unwrap();
    let (files, skipped) = read(9, 100).await;
    let small = |name: &str| (name.to_owned(), Some(format!("{}\n", &name[..1]).into_bytes()));
    assert_eq!(files, [small("a.py"), ("b.py".to_owned(), None), small("c.py")], "a link is no file");
    assert!(skipped.is_empty());
    assert_eq!(read(2, 100).await.1, ["c.py"]);
    assert_eq!(read(9, 3).await.1, ["c.py"]);
    let none = begun.mirror.contents(&commit, |_| false, 9, 9, 9).await.unwrap();
    assert!(none.0.is_empty() && none.1.is_empty());
}

#[tokio::test]
async fn the_log_is_newest_first_and_bounded() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    let mut last = begun.base.commit.clone();
    for n in 0..4 {
        write(&worktree.path, "n.txt", &n.to_string());
        last = begun.commit(&worktree, &format!("feat: {n}")).await;
    }
    let subjects = async |after, limit| {
        let log = begun.mirror.log(after, &last, limit).await.unwrap();
        log.into_iter().map(|entry| entry.subject).collect::<Vec<_>>()
    };
    assert_eq!(subjects(None, 2).await, ["feat: 3", "feat: 2"]);
    assert_eq!(subjects(Some(&begun.base.commit), 99).await.len(), 4);
    assert_eq!(subjects(None, 99).await.last().unwrap(), "first");
}
