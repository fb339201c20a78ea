//! The repository that somebody stands in: read, and left as it was.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use swarm_domain::scope::RelativePath;
use swarm_forge::{Bounds, ChangeKind, Content, FileMode, ForgeError, Here, Hooked};
use tempfile::TempDir;

use crate::ground::{files, git, write};

const BOUNDS: Bounds = Bounds { files: 50, file_bytes: 1_000, diff_bytes: 10_000 };
const MARK: &str = "# written by swarm";

fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    folder
}

fn here(folder: &Path) -> Here {
    Here::around(folder, None).unwrap()
}

fn hook(text: &str) -> String {
    format!("#!/bin/sh\n{MARK}\n{text}\n")
}

#[tokio::test]
async fn only_what_is_staged_is_seen_and_nothing_is_changed_by_looking() {
    let folder = repository();
    write(folder.path(), "a.py", "one = 1\n");
    write(folder.path(), "gone.py", "x = 1\n");
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "begin"]);
    write(folder.path(), "a.py", "one = 1\ntwo = 2\n");
    git(folder.path(), &["rm", "-q", "gone.py"]);
    git(folder.path(), &["add", "a.py"]);
    write(folder.path(), "a.py", "one = 1\nnot staged\n");
    write(folder.path(), "b.py", "not staged\n");
    let before = files(folder.path());
    let found = here(folder.path()).staged(BOUNDS).await.unwrap();
    let told: Vec<_> = found.changes.iter().map(|one| (one.path.as_str(), one.kind)).collect();
    assert_eq!(told, [("a.py", ChangeKind::Modified), ("gone.py", ChangeKind::Deleted)]);
    assert_eq!(found.contents[0].1.as_deref(), Some(&b"one = 1\ntwo = 2\n"[..]));
    assert_eq!(found.contents[1], (Some(b"x = 1\n".to_vec()), None));
    assert!(found.diff.text.contains("+two = 2") && !found.diff.text.contains("not staged"));
    assert_eq!(files(folder.path()), before);
}

#[tokio::test]
async fn before_the_first_commit_everything_that_is_staged_is_new() {
    let folder = repository();
    write(folder.path(), "a/b c.py", "x = 1\n");
    git(folder.path(), &["add", "."]);
    write(folder.path(), "sub/x", "");
    // From a folder below, too.
    let found = here(&folder.path().join("sub")).staged(BOUNDS).await.unwrap();
    assert_eq!((found.changes[0].path.as_str(), found.changes[0].kind), ("a/b c.py", ChangeKind::Added));
    assert_eq!(found.contents, [(None, Some(b"x = 1\n".to_vec()))]);
}

#[tokio::test]
async fn bounds_hold_and_what_is_no_file_has_no_content() {
    let folder = repository();
    write(folder.path(), "large.py", &"x = 1\n".repeat(1_000));
    write(folder.path(), "small.py", "x = 1\n");
    std::os::unix::fs::symlink("small.py", folder.path().join("link.py")).unwrap();
    git(folder.path(), &["add", "."]);
    let tight = Bounds { diff_bytes: 100, ..BOUNDS };
    let found = here(folder.path()).staged(tight).await.unwrap();
    let told: Vec<_> = found
        .changes
        .iter()
        .zip(&found.contents)
        .map(|(c, (_, new))| (c.mode, c.size, new.is_some()))
        .collect();
    assert_eq!(
        told,
        [(FileMode::File, 6_000, false), (FileMode::Symlink, 8, false), (FileMode::File, 6, true)]
    );
    assert!(found.diff.truncated && found.diff.text.len() <= 100);
    let few = here(folder.path()).staged(Bounds { files: 1, ..BOUNDS }).await.unwrap();
    assert_eq!((few.changes.len(), few.contents.len()), (3, 1));
}

#[tokio::test]
async fn the_index_that_git_names_to_a_hook_is_the_one_that_counts() {
    let folder = repository();
    write(folder.path(), "a.py", "one = 1\n");
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "begin"]);
    std::fs::copy(folder.path().join(".git/index"), folder.path().join(".git/other")).unwrap();
    write(folder.path(), "a.py", "two = 2\n");
    git(folder.path(), &["add", "."]);
    let other = Here::around(folder.path(), Some(Path::new(".git/other"))).unwrap();
    assert_eq!(other.staged(BOUNDS).await.unwrap().changes, []);
    assert_eq!(here(folder.path()).staged(BOUNDS).await.unwrap().changes.len(), 1);
}

#[tokio::test]
async fn two_commits_are_compared_from_a_linked_work_tree_too() {
    let folder = repository();
    write(folder.path(), "a.py", "one = 1\n");
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "begin"]);
    git(folder.path(), &["checkout", "-qb", "work"]);
    write(folder.path(), "b.py", "two = 2\n");
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "work"]);
    git(folder.path(), &["worktree", "add", "-q", "--detach", "linked", "main"]);
    let linked = here(&folder.path().join("linked"));
    let (main, work) = (linked.commit("main").await.unwrap(), linked.commit("work").await.unwrap());
    assert_eq!(linked.fork_point(&work, &main).await.unwrap(), Some(main.clone()));
    let found = linked.between(&main, &work, BOUNDS).await.unwrap();
    assert_eq!(found.changes.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["b.py"]);
    let path = RelativePath::parse("b.py").unwrap();
    let at = |commit| Content::Commit(commit);
    assert_eq!(linked.file(&at(work), &path, 100).await.unwrap().as_deref(), Some(&b"two = 2\n"[..]));
    assert_eq!(linked.file(&at(main.clone()), &path, 100).await.unwrap(), None);
    for name in ["nothing", "--help", "main:a.py", ""] {
        assert!(matches!(linked.commit(name).await, Err(ForgeError::NotFound { .. })), "{name}");
    }
}

#[tokio::test]
async fn files_are_written_out_as_they_are_and_links_that_lead_out_are_refused() {
    let folder = repository();
    write(folder.path(), "run.sh", "echo hi\n");
    std::fs::set_permissions(folder.path().join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    write(folder.path(), "a/b.txt", "staged\n");
    // A filter that would run a program, if anybody asked git to write the files.
    write(folder.path(), ".gitattributes", "* filter=evil\n");
    git(folder.path(), &["config", "filter.evil.smudge", "touch evil-ran; cat"]);
    std::os::unix::fs::symlink("a/b.txt", folder.path().join("link")).unwrap();
    git(folder.path(), &["add", "."]);
    write(folder.path(), "a/b.txt", "not staged\n");
    let out = tempfile::tempdir().unwrap();
    here(folder.path()).export(&Content::Staged, out.path()).await.unwrap();
    assert_eq!(std::fs::read_to_string(out.path().join("link")).unwrap(), "staged\n");
    let mode = std::fs::metadata(out.path().join("run.sh")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755);
    assert!(!out.path().join("evil-ran").exists() && !folder.path().join("evil-ran").exists());
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("out")).unwrap();
    git(folder.path(), &["add", "out"]);
    let out = tempfile::tempdir().unwrap();
    let refused = here(folder.path()).export(&Content::Staged, out.path()).await;
    assert!(matches!(refused, Err(ForgeError::SymlinkEscapes { .. })));
}

#[tokio::test]
async fn a_hook_is_written_renewed_and_never_over_a_foreign_one() {
    let folder = repository();
    let here = here(folder.path());
    let written = here.hook("pre-commit", &hook("one"), MARK).await.unwrap();
    let Hooked::Written(at) = &written else { panic!("{written:?}") };
    assert_eq!(*at, folder.path().canonicalize().unwrap().join(".git/hooks/pre-commit"));
    assert_eq!(std::fs::metadata(at).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(here.hook("pre-commit", &hook("one"), MARK).await.unwrap(), Hooked::Unchanged(at.clone()));
    assert_eq!(here.hook("pre-commit", &hook("two"), MARK).await.unwrap(), written);
    assert!(std::fs::read_to_string(at).unwrap().contains("two"));
    std::fs::write(at, "#!/bin/sh\nmake lint\n").unwrap();
    assert_eq!(here.hook("pre-commit", &hook("two"), MARK).await.unwrap(), Hooked::Foreign(at.clone()));
    assert_eq!(std::fs::read_to_string(at).unwrap(), "#!/bin/sh\nmake lint\n");
    std::fs::remove_file(at).unwrap();
    std::os::unix::fs::symlink("/nowhere", at).unwrap();
    assert_eq!(here.hook("pre-commit", &hook("two"), MARK).await.unwrap(), Hooked::Foreign(at.clone()));
}

#[tokio::test]
async fn hooks_go_where_the_repository_says_that_they_are() {
    let folder = repository();
    git(folder.path(), &["config", "core.hooksPath", "tools/hooks"]);
    let written = here(folder.path()).hook("pre-commit", &hook("one"), MARK).await.unwrap();
    let top = folder.path().canonicalize().unwrap();
    assert_eq!(written, Hooked::Written(top.join("tools/hooks/pre-commit")));
}

#[test]
fn a_folder_without_a_repository_is_told() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Here::around(folder.path(), None), Err(ForgeError::NotARepo { exists: true, .. })));
    assert!(matches!(
        Here::around(&folder.path().join("x"), None),
        Err(ForgeError::NotARepo { exists: false, .. })
    ));
    std::fs::write(folder.path().join(".git"), "gitdir: /nowhere\n").unwrap();
    assert!(Here::around(folder.path(), None).is_err());
}
