//! What a monitor may see of the host: its machine's files, its own folder, the system's programs. No network, no other
//! process. A guest that breaks out of its machine stands in here.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use crate::{
    bubblewrap::{self, system},
    cell::Cell,
    census::MARKER,
};

/// Joins the cgroups and becomes the monitor.
const ENTER: &str = r#"
while [ "$1" != -- ]; do echo 0 >"$1" || exit 125; shift; done
shift
exec "$@"
"#;

/// A file or folder that a monitor sees, at the path that it has outside.
#[derive(Debug, Clone, Copy)]
pub(super) enum Seen<'a> {
    /// To read.
    Read(&'a Path),
    /// To write too.
    Write(&'a Path),
    /// A device.
    Device(&'a Path),
}

/// How monitors are walled in on this machine.
#[derive(Debug, Clone)]
pub(super) struct Jail {
    /// Nothing where bubblewrap does not work: a monitor has swarm's own rights then.
    bubblewrap: Option<PathBuf>,
    /// Whether not even a cgroup is joined.
    is_open: bool,
}

impl Jail {
    /// Looks, and tries it. Blocks for some milliseconds.
    pub(super) fn find() -> Self {
        let works = |program: &PathBuf| {
            let mut command = std::process::Command::new(program);
            command.args(["--unshare-all", "--die-with-parent"]).args(system::folders()).arg("/bin/true");
            let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        Self { bubblewrap: bubblewrap::program().filter(works), is_open: false }
    }

    /// Cgroups and nothing else: for what makes walls of its own.
    pub(super) fn without_walls() -> Self {
        Self { bubblewrap: None, is_open: false }
    }

    /// No walls at all: to measure what walls cost, with a guest of our own.
    pub(super) fn open() -> Self {
        Self { bubblewrap: None, is_open: true }
    }

    /// Whether there are walls.
    pub(super) fn holds(&self) -> bool {
        self.bubblewrap.is_some()
    }

    /// The command that starts `program` in a berth. Its working folder is the berth's.
    pub(super) fn command(
        &self,
        berth: &Cell,
        seen: &[Seen<'_>],
        program: &Path,
        arguments: Vec<OsString>,
    ) -> Command {
        let mut command = Command::new(if self.is_open { program } else { Path::new("/bin/sh") });
        if !self.is_open {
            command.args(["-c", ENTER, "sh"]).args(berth.cgroup.gates()).arg("--");
            if let Some(bubblewrap) = &self.bubblewrap {
                command.arg(bubblewrap).args(walls(berth.folder(), seen, program)).arg("--");
            }
            command.arg(program);
        }
        command.args(arguments);
        command.env_clear().env("PATH", "/usr/bin:/bin").env(MARKER, &berth.id).current_dir(berth.folder());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).process_group(0);
        command
    }
}

fn walls(folder: &Path, seen: &[Seen<'_>], program: &Path) -> Vec<OsString> {
    let words = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"];
    let mut list: Vec<OsString> = words.iter().map(OsString::from).collect();
    list.extend(system::folders());
    list.extend(["--dev", "/dev", "--tmpfs", "/tmp"].iter().map(OsString::from));
    let linker = Path::new("/etc/ld.so.cache");
    let own = [Seen::Read(program), Seen::Write(folder)];
    for seen in seen.iter().chain(&own) {
        let (how, path) = match *seen {
            Seen::Read(path) => ("--ro-bind", path),
            Seen::Write(path) => ("--bind", path),
            Seen::Device(path) => ("--dev-bind-try", path),
        };
        list.extend([how.into(), path.into(), path.into()]);
    }
    list.extend(["--ro-bind-try".into(), linker.into(), linker.into()]);
    list.extend(["--chdir".into(), folder.into()]);
    list
}
