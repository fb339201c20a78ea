//! Resource limits of single processes, as shell lines: what they hold where cgroups do not, and what cgroups never hold.

use std::fmt::Write as _;

use crate::{
    limits_report::{Hold, LimitsReport},
    sandbox::Limits,
};

/// The `ulimit` lines that a shell runs before it becomes the command.
///
/// Files have a ceiling always: between two looks at the disk one process could fill it otherwise. For memory it is the
/// data segment (`-d`), not the address space: several runtimes reserve far more of that than they use.
pub(crate) fn script(limits: &Limits, report: &LimitsReport) -> String {
    // POSIX: `-f` counts blocks of 512 bytes, `-d` kilobytes.
    let mut lines = format!("ulimit -c 0; ulimit -f {}\n", limits.disk_bytes.div_ceil(512));
    if report.memory == Hold::Each {
        let _ = writeln!(lines, "ulimit -d {}", limits.memory_bytes.div_ceil(1024));
    }
    if report.pids == Hold::Each {
        // Bash and busybox call it `-u`, dash `-p`.
        let _ = writeln!(lines, "ulimit -u {0} 2>/dev/null || ulimit -p {0}", limits.pids);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_here_understands_every_line() {
        let report = LimitsReport { memory: Hold::Each, cpu: Hold::Not, pids: Hold::Each, reason: None };
        let script = script(&Limits { pids: 60_000, ..Limits::default() }, &report);
        let output = std::process::Command::new("/bin/sh")
            .args(["-ec", &format!("{script}ulimit -f; ulimit -d")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said.lines().collect::<Vec<_>>(), ["1048576", "1048576"], "{output:?}");
        assert!(output.stderr.is_empty() && output.status.success(), "{output:?}");
    }
}
