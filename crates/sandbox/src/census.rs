//! Which processes there are and which of them belong to a sandbox, from `/proc`.

use std::{collections::HashSet, fs};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// The environment variable that every process of a sandbox carries: the sandbox's id.
pub(crate) const MARKER: &str = "SWARM_SANDBOX";

/// Every process id there is.
fn processes() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The processes whose marker belongs. A process may hide from this by starting another without it: cgroups and process
/// namespaces are what really hold them. And for some microseconds, while a process becomes another program, it has no
/// environment: who wants to know that none is left looks twice.
pub(crate) fn marked(belongs: impl Fn(&str) -> bool) -> HashSet<i32> {
    let prefix = format!("{MARKER}=");
    let ours = |variable: &[u8]| {
        std::str::from_utf8(variable).is_ok_and(|text| text.strip_prefix(&prefix).is_some_and(&belongs))
    };
    processes()
        .filter(|pid| {
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|all| all.split(|byte| *byte == 0).any(ours))
        })
        .collect()
}

/// Kills a process at once. One that is gone already is no error.
pub(crate) fn end(pid: i32) {
    if pid > 1 {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_process_is_found_by_its_marker_only() {
        let mut child =
            std::process::Command::new("sleep").arg("60").env(MARKER, "census-test.1").spawn().unwrap();
        let id = i32::try_from(child.id()).unwrap();
        let found = (0..1000).any(|_| marked(|id| id == "census-test.1").contains(&id));
        let found_by_another = marked(|id| id == "census-test").contains(&id);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(found && !found_by_another);
    }
}
