//! What microVMs are made from, made once for all tests of a target folder: the kernel out of Debian's package, and the
//! guest's program.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use swarm_sandbox::{Home, Kernel, KernelSource};

const PROGRAM: &str = "swarm-guest-static";

/// The folder with all of it; or what the machine lacks.
pub fn home() -> Result<Home, String> {
    for program in ["qemu-system-x86_64", "busybox"] {
        if Command::new(program).arg("--help").output().is_err() {
            return Err(format!("the program {program} is not installed (scripts/setup installs it)"));
        }
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("microvm");
    let _lock = lock(&folder).map_err(|error| error.to_string())?;
    let home = Home::at(&folder);
    if Kernel::installed(&home).map_err(|error| error.to_string())?.is_none() {
        Kernel::install(&home, &KernelSource::Package).map_err(|error| error.to_string())?;
    }
    guest(&folder)?;
    Ok(home)
}

/// A home below this folder, with the kernel and the guest's program of the one that the tests share, and without
/// anything else. What the shared one lacks must have been looked at before.
pub fn home_of_its_own(root: &Path) -> Home {
    let (shared, own) = (home().unwrap(), root.join("vm"));
    fs::create_dir(&own).unwrap();
    symlink(shared.folder().join("kernel"), own.join("kernel")).unwrap();
    // The verdict on this host's virtualisation too: it takes seconds to find.
    for entry in fs::read_dir(shared.folder()).unwrap().flatten() {
        let name = entry.file_name();
        if name == PROGRAM || name.to_string_lossy().starts_with("virtualisation-") {
            fs::copy(entry.path(), own.join(name)).unwrap();
        }
    }
    Home::at(&own)
}

/// The guest's program, static; or what the machine lacks.
pub fn program() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("microvm");
    let _lock = lock(&folder).map_err(|error| error.to_string())?;
    guest(&folder)?;
    Ok(folder.join(PROGRAM))
}

/// Others wait: what is made is made once.
fn lock(folder: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join("tests.lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// Builds the guest's program, static. Cargo knows whether there is anything to do.
fn guest(folder: &Path) -> Result<(), String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("..");
    let output = Command::new(workspace.join("scripts/guest"))
        .env("CARGO_TARGET_DIR", target)
        .current_dir(&workspace)
        .output()
        .map_err(|error| format!("scripts/guest: {error}"))?;
    if !output.status.success() {
        return Err(format!("scripts/guest failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let built = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let (new, old) = (fs::read(&built), fs::read(folder.join(PROGRAM)));
    let new = new.map_err(|error| format!("{}: {error}", built.display()))?;
    if old.is_ok_and(|old| old == new) {
        return Ok(());
    }
    let beside = folder.join("new");
    fs::write(&beside, new)
        .and_then(|()| fs::rename(beside, folder.join(PROGRAM)))
        .map_err(|error| error.to_string())
}

/// The monitors of the machines of a rung that was opened on this folder.
pub fn monitors(state: &Path) -> Vec<i32> {
    let tags: Vec<String> = fs::read_dir(state)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("run-"))
        .map(|name| format!("SWARM_SANDBOX={name}."))
        .collect();
    let is_one = |pid: &i32| {
        let folder = PathBuf::from(format!("/proc/{pid}"));
        let program = fs::read_to_string(folder.join("comm")).unwrap_or_default();
        let environment = fs::read(folder.join("environ")).unwrap_or_default();
        let environment = String::from_utf8_lossy(&environment).into_owned();
        program.starts_with("qemu-system") && tags.iter().any(|tag| environment.contains(tag.as_str()))
    };
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_one).collect()
}

/// Kills a process, as a host that has no memory left does.
pub fn kill(process: i32) {
    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(process), nix::sys::signal::Signal::SIGKILL);
}
