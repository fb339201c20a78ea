//! The second version: what is written, file by file, and what a real tree does of it.

use std::process::{Child, Command};

use super::*;

/// A folder as the kernel makes one, with the files of these controllers.
fn laid_out(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for file in files {
        fs::write(folder.path().join(file), "").unwrap();
    }
    folder
}

fn group(folder: &Path, controllers: &[Controller]) -> Cgroup {
    let group = Group { folder: folder.to_owned(), version: Version::Two, controllers: controllers.to_vec() };
    Cgroup { groups: vec![group] }
}

fn said(folder: &tempfile::TempDir, file: &str) -> String {
    fs::read_to_string(folder.path().join(file)).unwrap()
}

const ALL: [Controller; 4] = [Controller::Memory, Controller::Cpu, Controller::Pids, Controller::Io];

#[test]
fn each_limit_is_written_where_the_kernel_reads_it() {
    let files =
        ["memory.max", "memory.swap.max", "memory.oom.group", "cpu.max", "pids.max", "io.max", "cgroup.kill"];
    let folder = laid_out(&files);
    let cgroup = group(folder.path(), &ALL);
    let limits = Limits { memory_bytes: 64 << 20, cpu_milli: 1_500, pids: 30, ..Limits::default() };
    cgroup.arm(&limits).unwrap();
    assert!(cgroup.bound_operations("254:0", 120).unwrap());
    for (file, wanted) in [
        ("memory.max", "67108864"),
        ("memory.swap.max", "0"),
        ("memory.oom.group", "1"),
        ("cpu.max", "150000 100000"),
        ("pids.max", "32"),
        ("io.max", "254:0 riops=120 wiops=120"),
        ("cgroup.kill", ""),
    ] {
        assert_eq!(said(&folder, file), wanted, "{file}");
    }
    fs::write(folder.path().join("pids.max"), "").unwrap();
    cgroup.kill();
    assert_eq!((said(&folder, "cgroup.kill").as_str(), said(&folder, "pids.max").as_str()), ("1", "0"));
}

#[test]
fn a_kernel_without_swap_accounting_is_no_error_and_one_without_a_limit_is() {
    let folder = laid_out(&["memory.max"]);
    group(folder.path(), &[Controller::Memory]).arm(&Limits::default()).unwrap();
    let folder = laid_out(&["memory.swap.max", "cpu.max", "pids.max"]);
    let missing = group(folder.path(), &ALL).arm(&Limits::default()).unwrap_err();
    assert!(missing.to_string().contains("memory.max"), "{missing}");
    let missing = group(folder.path(), &ALL).bound_operations("254:0", 1).unwrap_err();
    assert!(missing.to_string().contains("io.max"), "{missing}");
    // Where no group can, it is no error: who asks says so.
    assert!(!group(folder.path(), &ALL[..3]).bound_operations("254:0", 1).unwrap());
}

/// A folder of a real tree of the second version; or what is in the way.
fn real(name: &str) -> Result<PathBuf, String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(|error| error.to_string())?;
    let point = mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        after.starts_with("cgroup2 ").then(|| before.split(' ').nth(4))?
    });
    let point = point.ok_or("no tree of the second version is mounted")?;
    let folder = Path::new(point).join(format!("swarm-{name}-{}", std::process::id()));
    fs::create_dir(&folder).map_err(|error| format!("{point}: {error}"))?;
    Ok(folder)
}

/// Of which one child ignores all that it may.
fn family(gate: &Path) -> Child {
    let line = "echo 0 > \"$1\" && { (trap '' TERM INT HUP; sleep 600) & sleep 600 & wait; }";
    Command::new("/bin/sh").args(["-c", line, "sh"]).arg(gate).spawn().unwrap()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_real_tree_lists_whole_families_kills_them_and_is_gone() {
    let folder = match real("family-test") {
        Ok(folder) => folder,
        Err(why) => return println!("skipped: {why}"),
    };
    // No controller is needed for it: a tree beside one of the first version has none.
    let cgroup = group(&folder, &[]);
    let gate = cgroup.gates().next().unwrap();
    let mut child = family(&gate);
    until("the family is in it", || cgroup.processes().len() >= 3);
    let members = cgroup.processes();
    assert!(members.contains(&i32::try_from(child.id()).unwrap()));
    // While one lives the folder stays, and that is said.
    assert!(cgroup.remove(Duration::ZERO).is_err());
    cgroup.kill();
    child.wait().unwrap();
    until("nobody is in it", || cgroup.processes().is_empty());
    cgroup.remove(Duration::from_secs(5)).unwrap();
    assert!(!folder.exists());
    cgroup.remove(Duration::ZERO).unwrap();
}

#[test]
fn a_limit_that_a_real_tree_does_not_have_is_said_and_not_passed_over() {
    let folder = match real("bare-test") {
        Ok(folder) => folder,
        Err(why) => return println!("skipped: {why}"),
    };
    let lacks = |file: &str| !folder.join(file).exists();
    let bare =
        [(Controller::Memory, "memory.max"), (Controller::Cpu, "cpu.max"), (Controller::Pids, "pids.max")];
    for (controller, file) in bare {
        let armed = group(&folder, &[controller]).arm(&Limits::default());
        assert_eq!(armed.is_err(), lacks(file), "{file}: {armed:?}");
    }
    let bounded = group(&folder, &[Controller::Io]).bound_operations("999:999", 1);
    assert!(bounded.is_err(), "there is no such disk: {bounded:?}");
    fs::remove_dir(&folder).unwrap();
}
