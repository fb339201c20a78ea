//! Firecracker's own jailer, for who is root: it puts the monitor into a folder of its own as the root of all files, makes
//! the devices that it needs there, and gives it a user of its own. Written after its published documentation.
//!
//! Cgroups it joins as every monitor does, before; the network it has none of, by a namespace of its own. Its environment
//! is emptied on the way, so that a killed swarm's monitors are known by their cgroups.

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use nix::unistd::geteuid;
use tokio::process::Command;

use super::super::jail::Jail;
use crate::{cell::Cell, programs};

/// Users of this number and above have no name on any usual host. Each machine's monitor is another.
const FIRST_USER: u32 = 700_000;
const USERS: u32 = 100_000;

/// An id is this long at most, and of letters, digits and hyphens.
const LONGEST_ID: usize = 64;

/// The jailer, as it is on this machine.
#[derive(Debug, Clone)]
pub(super) struct Jailer {
    program: PathBuf,
    unshare: PathBuf,
}

/// What is the root of all files to one monitor.
#[derive(Debug)]
pub(super) struct Chroot {
    base: PathBuf,
    root: PathBuf,
    id: String,
    user: u32,
}

impl Jailer {
    /// Looks for it: only root can use it.
    pub(super) fn find() -> Option<Self> {
        let (program, unshare) = (programs::find("jailer")?, programs::find("unshare")?);
        geteuid().is_root().then_some(Self { program, unshare })
    }

    /// The command that starts Firecracker in it.
    pub(super) fn command(
        &self,
        berth: &Cell,
        chroot: &Chroot,
        firecracker: &Path,
        arguments: Vec<OsString>,
    ) -> Command {
        let user = chroot.user.to_string();
        let mut list: Vec<OsString> =
            vec!["--net".into(), "--ipc".into(), "--".into(), (&self.program).into()];
        list.extend(["--id".into(), (&chroot.id).into(), "--exec-file".into(), firecracker.into()]);
        list.extend(["--uid".into(), (&user).into(), "--gid".into(), (&user).into()]);
        list.extend(["--chroot-base-dir".into(), (&chroot.base).into(), "--".into()]);
        list.extend(arguments);
        Jail::without_walls().command(berth, &[], &self.unshare, list)
    }
}

impl Chroot {
    /// Makes it in a berth, where the jailer will look for it. It goes with the berth.
    pub(super) fn make(berth: &Cell, firecracker: &Path) -> io::Result<Self> {
        Self::below(berth.folder(), &berth.id, firecracker)
    }

    fn below(folder: &Path, id: &str, firecracker: &Path) -> io::Result<Self> {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let (id, number) = (id.chars().map(plain).take(LONGEST_ID).collect::<String>(), number(id));
        let base = folder.join("jail");
        let name = firecracker.file_name().unwrap_or_default();
        let root = base.join(name).join(&id).join("root");
        fs::create_dir_all(&root)?;
        Ok(Self { base, root, id, user: FIRST_USER + number % USERS })
    }

    /// Where it is on the host.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Shows a file to the monitor, to read, and says by what path it knows it.
    pub(super) fn lend(&self, file: &Path, name: &str) -> io::Result<PathBuf> {
        let mode = fs::metadata(file)?.permissions().mode();
        // It is in folders that are closed to others; the monitor is one of the others.
        if mode & 0o004 == 0 {
            fs::set_permissions(file, fs::Permissions::from_mode(mode | 0o044))?;
        }
        let inside = self.root.join(name);
        // A link where both are on one file system: memory is shared then, which a copy's is not.
        fs::hard_link(file, &inside).or_else(|_| fs::copy(file, &inside).map(drop))?;
        Ok(Path::new("/").join(name))
    }

    /// Moves a file that the monitor wrote into a folder, and makes it ours.
    pub(super) fn take(&self, name: &str, into: &Path) -> io::Result<()> {
        let (from, to) = (self.root.join(name), into.join(name));
        if !fs::symlink_metadata(&from)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{name} is no file")));
        }
        fs::rename(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o644))?;
        if geteuid().is_root() { chown(&to, Some(0), Some(0)) } else { Ok(()) }
    }
}

/// The number at the end of a berth's id.
fn number(id: &str) -> u32 {
    let digits = id.rsplit('.').next().unwrap_or_default();
    digits.parse::<u64>().map_or(0, |number| u32::try_from(number % u64::from(USERS)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    fn chroot(folder: &Path) -> Chroot {
        Chroot::below(folder, "run-aB3.100042", Path::new("/opt/firecracker-v1.9")).unwrap()
    }

    #[test]
    fn it_lies_where_the_documentation_says_and_has_an_id_and_a_user_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let chroot = chroot(folder.path());
        assert_eq!(chroot.root(), folder.path().join("jail/firecracker-v1.9/run-aB3-100042/root"));
        assert_eq!(chroot.user, 700_042);
        assert!(chroot.root().is_dir());
        let other = Chroot::below(folder.path(), "run-aB3.43", Path::new("/opt/firecracker")).unwrap();
        assert_ne!((other.user, other.root()), (chroot.user, chroot.root()));
        let long = Chroot::below(folder.path(), &"x.".repeat(60), Path::new("/f")).unwrap();
        assert_eq!(long.id.len(), LONGEST_ID);
    }

    #[test]
    fn what_is_lent_is_the_same_file_and_readable_and_what_is_taken_is_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (chroot, memory) = (chroot(folder.path()), folder.path().join("memory"));
        fs::write(&memory, "content").unwrap();
        fs::set_permissions(&memory, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(chroot.lend(&memory, "lent").unwrap(), Path::new("/lent"));
        let inside = fs::metadata(chroot.root().join("lent")).unwrap();
        assert_eq!(inside.ino(), fs::metadata(&memory).unwrap().ino());
        assert_eq!(inside.permissions().mode() & 0o777, 0o644);

        fs::write(chroot.root().join("state"), "written inside").unwrap();
        let into = folder.path().join("template");
        fs::create_dir(&into).unwrap();
        chroot.take("state", &into).unwrap();
        assert_eq!(fs::read_to_string(into.join("state")).unwrap(), "written inside");
        // A monitor that was taken over leads nobody to another file.
        std::os::unix::fs::symlink("/etc/passwd", chroot.root().join("memory")).unwrap();
        assert!(chroot.take("memory", &into).is_err());
    }

    #[test]
    fn the_command_line_is_the_documented_one() {
        let folder = tempfile::tempdir().unwrap();
        let instance = std::sync::Arc::new(crate::instance::Instance::open(folder.path()).unwrap());
        let places = crate::cgroup::Places::none("not here".to_owned());
        let limits = crate::sandbox::Limits::default();
        let berth = Cell::berth(instance, &places, "vm", &limits).unwrap();
        let program = Path::new("/usr/bin/firecracker");
        let chroot = Chroot::make(&berth, program).unwrap();
        let jailer = Jailer { program: "/usr/bin/jailer".into(), unshare: "/usr/bin/unshare".into() };
        let command = jailer.command(&berth, &chroot, program, vec!["--api-sock".into(), "api".into()]);
        let words: Vec<_> =
            command.as_std().get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        // Behind what joins the cgroups.
        let from = words.iter().position(|word| word == "/usr/bin/unshare").unwrap();
        let (base, user) = (chroot.base.display().to_string(), chroot.user.to_string());
        assert_eq!(
            words[from..],
            [
                "/usr/bin/unshare",
                "--net",
                "--ipc",
                "--",
                "/usr/bin/jailer",
                "--id",
                chroot.id.as_str(),
                "--exec-file",
                "/usr/bin/firecracker",
                "--uid",
                user.as_str(),
                "--gid",
                user.as_str(),
                "--chroot-base-dir",
                base.as_str(),
                "--",
                "--api-sock",
                "api",
            ]
        );
    }
}
