//! Images that were built: a microVM has one for its root.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
    time::Duration,
};

use swarm_sandbox::{Backend, Exec, Home, Image, ImageSource, Limits, MicroVms, SandboxSpec};
use tokio_util::sync::CancellationToken;

use crate::ground::{FINE, Ground, microvm, text};

const MEBI: u64 = 1 << 20;

fn small() -> Limits {
    Limits {
        memory_bytes: 64 * MEBI,
        disk_bytes: 32 * MEBI,
        wall: Duration::from_mins(2),
        ..Limits::default()
    }
}

/// The least that commands run in: busybox and its tools; and a file to read.
fn fill(tree: &Path) {
    fs::create_dir_all(tree.join("bin")).unwrap();
    fs::create_dir_all(tree.join("etc")).unwrap();
    fs::create_dir_all(tree.join("var/tmp")).unwrap();
    fs::set_permissions(tree.join("var/tmp"), fs::Permissions::from_mode(0o1777)).unwrap();
    fs::write(tree.join("etc/passwd"), "root:x:0:0::/:/bin/sh").unwrap();
    fs::write(tree.join("etc/group"), "root:x:0:\n").unwrap();
    fs::write(tree.join("data"), vec![7; 4 << 20]).unwrap();
    let busybox = Command::new("sh").args(["-c", "command -v busybox"]).output().unwrap();
    let busybox = String::from_utf8(busybox.stdout).unwrap();
    fs::copy(busybox.trim(), tree.join("bin/busybox")).unwrap();
    let tools = Command::new(busybox.trim()).arg("--list").output().unwrap();
    for tool in String::from_utf8(tools.stdout).unwrap().lines().filter(|tool| *tool != "busybox") {
        symlink("busybox", tree.join("bin").join(tool)).unwrap();
    }
}

#[tokio::test]
async fn a_machine_runs_on_an_image_that_it_reads_and_nobody_writes() {
    let ground = Ground::new();
    if ground.microvms().await.is_none() {
        return;
    }
    let (home, tree) = (microvm::home_of_its_own(ground.root.path()), ground.root.path().join("tree"));
    fill(&tree);
    match Image::build(&home, "default", &ImageSource::Folder(tree)) {
        Err(error) if error.to_string().contains("mke2fs`") => return println!("skipped: {error}"),
        built => drop(built.unwrap()),
    }
    let disk = home.folder().join("images/default/root.ext4");
    let before = fs::read(&disk).unwrap();
    let rung = MicroVms::qemu_in(&ground.state(), home, true).await.unwrap();
    let run = async |limits: Limits, line: &str| {
        let sandbox = rung.create(SandboxSpec { limits, ..ground.spec(small()) }).await.unwrap();
        let ended = sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap();
        sandbox.stop().await.unwrap();
        ended
    };

    // Who runs commands is known by name, though the image has never heard of it.
    let line = "wc -c < /data; id -un; id -gn; echo x > /var/tmp/mine && cat /var/tmp/mine; \
                echo y 2>/dev/null > /data || echo kept; touch /work/out";
    let ended = run(small(), line).await;
    assert_eq!(
        (ended.how, text(&ended.stdout).as_str()),
        (FINE, "4194304\nswarm\nswarm\nx\nkept\n"),
        "{}",
        text(&ended.stderr)
    );
    assert!(ground.work.join("out").exists());
    // What one wrote above the image is in no other's.
    let ended = run(small(), "ls /var/tmp").await;
    assert_eq!((ended.how, text(&ended.stdout).as_str()), (FINE, ""));

    // Four mebibytes are 32 reads at the least, of 128 KiB each, and ten a second are let through. A slow host makes it
    // longer, nothing makes it shorter.
    let ended = run(Limits { disk_iops: Some(10), ..small() }, "wc -c < /data").await;
    assert_eq!(text(&ended.stdout), "4194304\n");
    assert!(ended.took >= Duration::from_secs(2), "{:?}", ended.took);
    rung.close().await;
    assert!(before == fs::read(&disk).unwrap(), "the image has changed");
}

/// With `SWARM_VM_DIR` set, on the image `default` that is there.
#[tokio::test]
#[ignore = "downloads a Debian; run it by hand"]
async fn a_fresh_debian_has_git_and_python_that_work() {
    let ground = Ground::new();
    if ground.microvms().await.is_none() {
        return;
    }
    let home = if let Some(folder) = std::env::var_os("SWARM_VM_DIR") {
        Home::at(Path::new(&folder))
    } else {
        let home = microvm::home_of_its_own(ground.root.path());
        let packages = ["git", "python3"].map(str::to_owned).to_vec();
        Image::build(&home, "default", &ImageSource::Debian { packages }).unwrap();
        home
    };
    let rung = MicroVms::qemu_in(&ground.state(), home, true).await.unwrap();
    let limits = Limits { wall: Duration::from_mins(3), ..Limits::default() };
    let sandbox = rung.create(ground.spec(limits)).await.unwrap();
    let lines = "git init -q -b main repo && cd repo && echo x > file && git add file && \
                 git -c user.name=Ada -c user.email=ada@example.org commit -q -m first && git log --format=%s && \
                 python3 -c 'import getpass, json, hashlib; print(json.dumps([getpass.getuser(), 6 * 7]))' && \
                 head -n 1 /etc/os-release && id -un";
    let ended = sandbox.exec(Exec::shell(lines), CancellationToken::new()).await.unwrap();
    println!("{:?}", ended.took);
    let said = text(&ended.stdout);
    assert_eq!(ended.how, FINE, "{said} {}", text(&ended.stderr));
    assert!(said.starts_with("first\n[\"swarm\", 42]\nPRETTY_NAME=\"Debian"), "{said}");
    assert!(said.ends_with("\nswarm\n"), "{said}");
    sandbox.stop().await.unwrap();
    rung.close().await;
}
