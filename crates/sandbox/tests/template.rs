//! Templates that were being made when their swarm was killed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use swarm_sandbox::{Backend, Home, Limits, MicroVms};

use crate::ground::{self, Ground, microvm};

const ROOT: &str = "TEMPLATE_ROOT";

fn small() -> Limits {
    Limits { memory_bytes: 64 << 20, disk_bytes: 32 << 20, wall: Duration::from_mins(2), ..Limits::default() }
}

async fn open(root: &Path) -> MicroVms {
    MicroVms::qemu_in(&root.join("state"), Home::at(&root.join("vm")), true).await.unwrap()
}

/// Not a test by itself: the process that is killed.
#[tokio::test]
#[ignore = "is started by the test below"]
async fn the_one_that_is_killed() {
    let Some(root) = std::env::var_os(ROOT).map(PathBuf::from) else {
        return;
    };
    open(&root).await.measure(&small()).await.unwrap();
}

fn start(root: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "template::the_one_that_is_killed", "--ignored"])
        .env(ROOT, root)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name != ".lock").collect()
}

/// Whether the one that is being made has come so far as to have this file.
fn has_begun(templates: &Path, file: &str) -> bool {
    names(templates)
        .iter()
        .any(|name| name.starts_with(".making-") && templates.join(name).join(file).exists())
}

#[tokio::test]
async fn one_whose_making_was_killed_is_made_anew() {
    let ground = Ground::new();
    if ground.microvms().await.is_none() {
        return;
    }
    let root = ground.root.path();
    let templates = microvm::home_of_its_own(root).folder().join("templates");
    // When the machine is not started yet, while it boots, and while its snapshot is written.
    for file in ["initramfs", "memory", "state"] {
        let mut child = start(root);
        ground::until(file, || has_begun(&templates, file) || child.try_wait().unwrap().is_some()).await;
        child.kill().unwrap();
        child.wait().unwrap();
        swarm_sandbox::sweep(&ground.state()).await.unwrap();
        assert!(microvm::monitors(&ground.state()).is_empty());
        let whole: Vec<_> = names(&templates).into_iter().filter(|name| !name.starts_with('.')).collect();
        // From the last file to the whole there is a moment only.
        assert!(whole.is_empty() || file == "state", "killed at {file}: {whole:?}");
        for name in whole {
            fs::remove_dir_all(templates.join(name)).unwrap();
        }
    }
    let rung = open(root).await;
    rung.measure(&small()).await.unwrap();
    rung.close().await;
    let found = names(&templates);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(templates.join(&found[0]).join("state").exists() && !found[0].starts_with('.'), "{found:?}");
}
