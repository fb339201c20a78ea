//! What a command sees of the machine: the arguments of bubblewrap that make its file system and environment.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::{syscalls, system};
use crate::{WORKDIR, census::MARKER, error::SandboxError, sandbox::Limits};

/// Where programs are looked for inside.
pub(super) const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/// The parts of `/etc` that programs need and that hold no secret. The whole of it would show a root's sandbox the
/// password hashes and host keys: root outside is the owner inside.
const SETTINGS: &[&str] = &[
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "fonts",
    "java",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "perl",
    "pki/ca-trust",
    "pki/tls/certs",
    "protocols",
    "python3",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
];

/// Files that swarm writes in place of the machine's own.
const OWN: &[(&str, &str)] = &[
    (
        "passwd",
        "root:x:0:0::/:/usr/sbin/nologin\nswarm:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n",
    ),
    ("group", "root:x:0:\nswarm:x:1000:\nnogroup:x:65534:\n"),
    ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
];

/// Shared memory is for locks and small segments.
const SHARED_MEMORY: u64 = 64 << 20;

/// The files that every sandbox of this process sees.
#[derive(Debug)]
pub(super) struct View {
    folder: PathBuf,
    has_filter: bool,
}

impl View {
    pub(super) fn make(instance: &Path) -> io::Result<Self> {
        let folder = instance.join("view");
        fs::create_dir(&folder)?;
        for (name, content) in OWN {
            fs::write(folder.join(name), content)?;
        }
        fs::write(folder.join("nothing"), "")?;
        let filter = syscalls::filter();
        fs::write(folder.join("filter"), filter.as_deref().unwrap_or_default())?;
        Ok(Self { folder, has_filter: filter.is_some() })
    }

    /// The filter of system calls, which bubblewrap reads from descriptor 9.
    pub(super) fn filter(&self) -> PathBuf {
        self.folder.join("filter")
    }

    pub(super) fn arguments(
        &self,
        workdir: &Path,
        mask: Mask,
        limits: &Limits,
        further: Vec<OsString>,
    ) -> Vec<OsString> {
        let mut list = List(Vec::new());
        list.add(&[
            "--unshare-all",
            "--unshare-user",
            "--die-with-parent",
            "--new-session",
            "--json-status-fd",
            "8",
        ]);
        list.add(&["--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox"]);
        // On machines whose system calls are not known here, new namespaces are forbidden in another way.
        list.add(if self.has_filter { &["--seccomp", "9"] } else { &["--disable-userns"] });
        self.system(&mut list);
        list.add(&["--dev", "/dev", "--size"]).add(&[&SHARED_MEMORY.min(limits.disk_bytes).to_string()]);
        list.add(&["--tmpfs", "/dev/shm", "--remount-ro", "/dev"]);
        // Bubblewrap covers `/proc/sys` for those who may write there by capability. Root outside may by owner.
        list.add(&["--proc", "/proc", "--remount-ro", "/proc"]);
        list.add(&["--perms", "1777", "--size", &limits.disk_bytes.to_string(), "--tmpfs", "/tmp"]);
        list.add(&["--dir", "/run", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"]);
        list.path("--bind", workdir, WORKDIR);
        match mask {
            Mask::Nothing => {}
            Mask::File => drop(list.path("--ro-bind", &self.folder.join("nothing"), &git())),
            Mask::Folder => drop(list.add(&["--tmpfs", &git(), "--remount-ro", &git()])),
        }
        list.0.extend(further);
        list.add(&["--remount-ro", "/"]);
        list.0
    }

    fn system(&self, list: &mut List) {
        list.0.extend(system::folders());
        for name in SETTINGS {
            let path = format!("/etc/{name}");
            list.path("--ro-bind-try", Path::new(&path), &path);
        }
        for (name, _) in OWN {
            list.path("--ro-bind", &self.folder.join(name), &format!("/etc/{name}"));
        }
    }
}

struct List(Vec<OsString>);

impl List {
    fn add(&mut self, words: &[&str]) -> &mut Self {
        self.0.extend(words.iter().map(OsString::from));
        self
    }

    fn path(&mut self, how: &str, from: &Path, to: &str) -> &mut Self {
        self.0.extend([how.into(), from.into(), to.into()]);
        self
    }
}

/// The path inside of a folder below the work folder.
pub(super) fn inside(folder: &Path) -> PathBuf {
    Path::new(WORKDIR)
        .components()
        .chain(folder.components())
        .filter(|part| *part != Component::CurDir)
        .collect()
}

fn git() -> String {
    format!("{WORKDIR}/.git")
}

/// What hides the work folder's `.git`. It leads to the mirror that all worktrees share, or, where it is a folder, could
/// make git on the host run a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mask {
    Nothing,
    File,
    Folder,
}

impl Mask {
    pub(super) fn of(workdir: &Path) -> Result<Self, SandboxError> {
        let path = workdir.join(".git");
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_file() => Ok(Self::File),
            Ok(found) if found.is_dir() => Ok(Self::Folder),
            Ok(_) => Err(SandboxError::invalid(
                "work folder",
                format!("{} is neither file nor folder", path.display()),
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Nothing),
            Err(source) => Err(SandboxError::io(format!("look at {}", path.display()), source)),
        }
    }
}

/// The arguments that set the environment. Nothing else is in it.
pub(super) fn environment(own: &BTreeMap<String, String>, id: &str) -> Vec<OsString> {
    let plain = [("PATH", PATH), ("HOME", "/tmp"), ("LANG", "C.UTF-8")];
    let mut all: BTreeMap<&str, &str> = plain.into_iter().collect();
    all.extend(own.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    all.insert(MARKER, id);
    let mut list = List(Vec::new());
    list.add(&["--clearenv"]);
    for (key, value) in all {
        list.add(&["--setenv", key, value]);
    }
    list.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_cannot_be_set_by_a_command() {
        let own =
            BTreeMap::from([(MARKER.to_owned(), "of another".to_owned()), ("A".to_owned(), "b".to_owned())]);
        let words = environment(&own, "mine.1");
        let at = words.iter().position(|word| word == MARKER).unwrap();
        assert_eq!(words[at + 1], "mine.1");
        assert_eq!(words.iter().filter(|word| *word == MARKER).count(), 1);
    }

    #[test]
    fn a_git_link_is_masked_by_its_kind_and_a_symlink_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".git");
        assert_eq!(Mask::of(folder.path()).unwrap(), Mask::Nothing);
        fs::write(&path, "gitdir: /elsewhere").unwrap();
        assert_eq!(Mask::of(folder.path()).unwrap(), Mask::File);
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(Mask::of(folder.path()).unwrap(), Mask::Folder);
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("/etc", &path).unwrap();
        assert!(matches!(Mask::of(folder.path()), Err(SandboxError::Invalid { .. })));
    }
}
