//! Repositories and agents that mean harm.

use std::{
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use swarm_domain::scope::RelativePath;

use crate::ground::{Ground, files, git, git_fails, key, text, write};

/// Gives the repository every hook and setting that makes git run a program, each leaving a mark in `marks`.
fn arm(repo: &Path, marks: &Path) {
    std::fs::create_dir_all(marks).unwrap();
    let touch = |name: &str| format!("touch {}/{name}", marks.display());
    let hooks = repo.join(".git/hooks");
    for hook in [
        "pre-receive",
        "update",
        "post-receive",
        "post-update",
        "reference-transaction",
        "proc-receive",
        "push-to-checkout",
        "pre-push",
        "post-checkout",
        "pre-commit",
        "commit-msg",
        "post-commit",
        "post-index-change",
        "pre-auto-gc",
        "fsmonitor-watchman",
        "post-rewrite",
        "pre-merge-commit",
        "prepare-commit-msg",
    ] {
        let path = hooks.join(hook);
        write(&hooks, hook, &format!("#!/bin/sh\n{}\n", touch(hook)));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for (setting, value) in [
        ("core.fsmonitor", touch("fsmonitor")),
        ("core.alternateRefsCommand", touch("alternate-refs")),
        ("core.sshCommand", touch("ssh")),
        ("core.pager", touch("pager")),
        ("core.editor", touch("editor")),
        ("core.gitProxy", touch("proxy")),
        ("core.askPass", touch("askpass")),
        ("uploadpack.packObjectsHook", touch("pack-objects")),
        ("filter.evil.clean", touch("clean")),
        ("filter.evil.smudge", touch("smudge")),
        ("filter.evil.process", touch("process")),
        ("diff.evil.command", touch("diff")),
        ("diff.evil.textconv", touch("textconv")),
        ("diff.external", touch("diff-external")),
        ("merge.evil.driver", touch("merge")),
        ("credential.helper", format!("!{}", touch("credential"))),
        ("gpg.program", touch("gpg")),
        ("commit.gpgSign", "true".to_owned()),
        ("receive.autogc", "true".to_owned()),
        ("gc.auto", "1".to_owned()),
        ("gc.recentObjectsHook", touch("gc")),
        ("alias.upload-pack", format!("!{}", touch("alias"))),
    ] {
        git(repo, &["config", setting, &value]);
    }
}

#[tokio::test]
async fn nothing_that_a_repository_names_is_run_on_the_whole_way_through() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    write(&repo, ".gitattributes", "* filter=evil diff=evil merge=evil ident\n");
    write(
        &repo,
        ".gitmodules",
        "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c true\n\tupdate = !touch x\n",
    );
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "-m", "attributes"]);
    let marks = ground.path("marks");
    arm(&repo, &marks);
    let begun = ground.begun_on(&repo).await;
    let one = begun
        .work("T-1.1", &[("src/words.py", "one\n"), (".gitattributes", "* filter=evil diff=evil\n")])
        .await;
    let two = begun.work("T-2.1", &[("b.txt", "b\n")]).await;
    let (mirror, base, run) = (&begun.mirror, &begun.base.commit, crate::ground::run("run_1"));
    assert!(mirror.advance(&run, base, &one).await.unwrap());
    let swarm_forge::Stacked::Commit(top) = mirror.stack(&run, &one, &two, base).await.unwrap() else {
        panic!("no conflict");
    };
    assert!(mirror.advance(&run, &one, &top).await.unwrap());
    mirror.diff(base, &top, 1 << 20).await.unwrap();
    mirror.checkout(&top, &ground.path("checkout")).await.unwrap();
    ground.mirror(&repo).await.unwrap();
    mirror.archive_attempt(&run, &crate::ground::attempt("T-1.1")).await.unwrap();
    mirror.publish(&run, "swarm/run_1").await.unwrap();
    assert_eq!(
        std::fs::read_dir(&marks).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>(),
        [""; 0]
    );
    assert_eq!(
        git(
            &ground.path("data"),
            &["--git-dir", repo.join(".git").to_str().unwrap(), "rev-parse", "swarm/run_1"]
        ),
        top.as_str()
    );
    // The trap was a real one: the user's own git walks into it.
    git(&repo, &["branch", "trap"]);
    git_fails(&repo, &["status"]);
    let caught = files(&marks);
    for mark in ["reference-transaction", "fsmonitor"] {
        assert!(caught.contains_key(&marks.join(mark)), "{caught:?}");
    }
}

#[tokio::test]
async fn an_armed_bare_repository_runs_nothing_either() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let marks = ground.path("marks");
    arm(&repo, &marks);
    std::fs::rename(repo.join(".git"), ground.path("bare.git")).unwrap();
    let bare = ground.path("bare.git");
    git(&bare, &["config", "core.bare", "true"]);
    // What git ran in that command of our own does not count.
    std::fs::remove_dir_all(&marks).unwrap();
    std::fs::create_dir(&marks).unwrap();
    let begun = ground.begun_on(&bare).await;
    begun.mirror.publish(&crate::ground::run("run_1"), "swarm/run_1").await.unwrap();
    assert_eq!(std::fs::read_dir(&marks).unwrap().count(), 0);
}

#[tokio::test]
async fn a_commit_whose_links_lead_out_is_not_put_on_disk() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    symlink("../../../etc", repo.join("src/etc")).unwrap();
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "-m", "link"]);
    let begun = ground.begun_on(&repo).await;
    let folder = ground.path("checkout");
    let error = begun.mirror.checkout(&begun.base.commit, &folder).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.symlink_escapes");
    assert!(error.to_string().contains("src/etc -> ../../../etc"), "{error}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    let run = crate::ground::run("run_1");
    let error =
        begun.mirror.worktree(&run, &crate::ground::attempt("T-1.1"), &begun.base.commit).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.symlink_escapes");
    assert!(!ground.data().join("worktrees/run_1/T-1.1").exists());
}

#[tokio::test]
async fn a_link_out_of_the_worktree_is_not_committed_nor_followed() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    let outside = ground.path("outside");
    write(&outside, "words.py", "the user's secret\n");
    std::fs::remove_dir_all(worktree.path.join("src")).unwrap();
    symlink(&outside, worktree.path.join("src")).unwrap();
    let error = begun.mirror.commit(&worktree, &key("k"), &text("x"), None).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.symlink_escapes");
    assert_eq!(
        begun.mirror.attempt_head(&worktree.run, &worktree.attempt).await.unwrap().unwrap(),
        begun.base.commit
    );
    // The archive keeps the link, not what it points to; and the way back to disk is closed.
    let archived = begun.mirror.archive_attempt(&worktree.run, &worktree.attempt).await.unwrap();
    assert_eq!(begun.git(&["ls-tree", "-r", "--name-only", archived.commit.as_str()]), "README.md\nsrc");
    assert!(begun.mirror.checkout(&archived.commit, &ground.path("checkout")).await.is_err());
    assert_eq!(std::fs::read_to_string(outside.join("words.py")).unwrap(), "the user's secret\n");
}

#[tokio::test]
async fn a_repository_made_inside_the_worktree_is_files_and_nothing_else() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let worktree = begun.worktree("T-1.1").await;
    let marks = ground.path("marks");
    for name in ["", "sub", "deep/er"] {
        let path = worktree.path.join(name);
        std::fs::create_dir_all(&path).unwrap();
        git(&path, &["init", "-q"]);
        arm(&path, &marks);
        write(&path, "inside.txt", name);
    }
    // One with a commit would become a submodule, one that points elsewhere would be followed.
    git(
        &worktree.path.join("sub"),
        &[
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "commit.gpgSign=false",
            "-c",
            "core.fsmonitor=false",
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            "x",
        ],
    );
    write(&worktree.path, "pointer/.git", &format!("gitdir: {}\n", ground.path("repo/.git").display()));
    write(&worktree.path, "pointer/inside.txt", "p");
    std::fs::remove_dir_all(&marks).unwrap();
    std::fs::create_dir(&marks).unwrap();
    let commit = begun.commit(&worktree, "feat: nested").await;
    let changes = begun.mirror.changes(&begun.base.commit, &commit).await.unwrap();
    assert_eq!(
        changes.into_iter().map(|c| c.path).collect::<Vec<_>>(),
        ["deep/er/inside.txt", "inside.txt", "pointer/inside.txt", "sub/inside.txt"]
    );
    assert_eq!(std::fs::read_dir(&marks).unwrap().count(), 0);
}

#[tokio::test]
async fn names_that_are_no_plain_text_or_mean_git_s_own_files_are_refused() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    for (number, name) in
        ["a\nb.txt", "a\u{1b}[31m.txt", "back\\slash", "src/.GIT/config", "git~1", ".git ", " x"]
            .iter()
            .enumerate()
    {
        let worktree = begun.worktree(&format!("T-1.{number}")).await;
        write(&worktree.path, name, "x");
        let error = begun.mirror.commit(&worktree, &key("k"), &text("x"), None).await.unwrap_err();
        assert_eq!(error.problem().code, "forge.unstorable", "{name:?}: {error}");
        assert!(!error.to_string().contains(['\n', '\u{1b}']), "{error:?}");
    }
}

#[tokio::test]
async fn a_tree_that_names_git_s_own_files_or_climbs_is_not_put_on_disk() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let blob = git(&repo, &["rev-parse", "HEAD:README.md"]);
    for name in [".git", "..", ".GIT", "git~1"] {
        // `mktree` is too polite to write such a tree, so it is put together by hand.
        let mut raw = format!("100644 {name}\0").into_bytes();
        raw.extend((0..blob.len()).step_by(2).map(|i| u8::from_str_radix(&blob[i..i + 2], 16).unwrap()));
        std::fs::write(repo.join(".git/raw"), raw).unwrap();
        let tree = git(&repo, &["hash-object", "-t", "tree", "--literally", "-w", ".git/raw"]);
        let mut raw = b"40000 sub\0".to_vec();
        raw.extend((0..tree.len()).step_by(2).map(|i| u8::from_str_radix(&tree[i..i + 2], 16).unwrap()));
        std::fs::write(repo.join(".git/raw"), raw).unwrap();
        let tree = git(&repo, &["hash-object", "-t", "tree", "--literally", "-w", ".git/raw"]);
        let commit = git(&repo, &["commit-tree", &tree, "-m", "bad"]);
        git(&repo, &["update-ref", "refs/heads/bad", &commit]);
        let mirror = ground.mirror(&repo).await.unwrap();
        let base = mirror.base(Some("bad")).await.unwrap();
        let folder = ground.path("checkout");
        assert!(mirror.checkout(&base.commit, &folder).await.is_err(), "{name}");
        assert!(!ground.path("checkout/sub").exists(), "{name}");
        std::fs::remove_dir_all(&folder).unwrap();
        git(&repo, &["update-ref", "-d", "refs/heads/bad"]);
    }
    assert!(!git_fails(&repo, &["fsck", "--connectivity-only"]));
}

#[tokio::test]
async fn attributes_hide_nothing_from_a_reader() {
    let ground = Ground::new();
    let begun = ground.begun().await;
    let commit = begun
        .work(
            "T-1.1",
            &[
                (".gitattributes", "*.py -diff binary export-ignore\n"),
                ("src/evil.py", "eval(input())\n"),
                ("nul.txt", "\0hidden\n"),
            ],
        )
        .await;
    let diff = begun.mirror.diff(&begun.base.commit, &commit, 1 << 20).await.unwrap();
    assert!(diff.text.contains("+eval(input())") && diff.text.contains("hidden"), "{}", diff.text);
    let path = RelativePath::parse("src/evil.py").unwrap();
    assert!(begun.mirror.file_at(&commit, &path, 100).await.unwrap().is_some());
    begun.mirror.checkout(&commit, &ground.path("checkout")).await.unwrap();
    assert!(ground.path("checkout/src/evil.py").exists());
}

#[tokio::test]
async fn an_address_that_runs_a_program_is_refused_before_git_sees_it() {
    let ground = Ground::new();
    let mark = ground.path("mark");
    for repo in [
        format!("ext::sh -c touch% {}", mark.display()),
        format!("--upload-pack=touch {}", mark.display()),
        "ssh://-oProxyCommand=touch/x".to_owned(),
    ] {
        let error = ground.forge.mirror(&crate::ground::project(), &repo).await.unwrap_err();
        assert_eq!(error.problem().code, "forge.invalid_repo");
    }
    assert!(!mark.exists());
}
