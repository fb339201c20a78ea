//! What is mounted where.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    mount::{MsFlags, mount},
    unistd::{chdir, chroot},
};

/// The file system that the work folder is on, closed to commands.
const SPACE: &str = "/run/swarm/space";

/// How long a device may take to appear.
const PATIENCE: Duration = Duration::from_secs(5);

const NONE: Option<&str> = None;

/// What the kernel shows of itself.
pub fn first() -> io::Result<()> {
    let plain = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    on("proc", "/proc", plain | MsFlags::MS_NODEV, None)?;
    on("sysfs", "/sys", plain | MsFlags::MS_NODEV, None)?;
    on("devtmpfs", "/dev", plain, Some("mode=0755"))
}

/// A root file system that nobody writes to, with a layer above it that everybody does.
pub fn root(device: &Path, kind: Option<&str>, scratch: Option<&Path>) -> io::Result<()> {
    for folder in ["/mnt/lower", "/mnt/layer", "/mnt/root"] {
        fs::create_dir_all(folder)?;
    }
    await_device(device)?;
    let kinds = kind.map_or(vec!["squashfs", "ext4"], |kind| vec![kind]);
    let below = |kind: &&str| {
        mount_as(Some(device), "/mnt/lower", kind, MsFlags::MS_RDONLY | MsFlags::MS_NODEV, None)
    };
    kinds.iter().skip(1).fold(below(&kinds[0]), |mounted, kind| mounted.or_else(|_| below(kind)))?;
    layer("/mnt/layer", scratch)?;
    for folder in ["/mnt/layer/root-upper", "/mnt/layer/root-work"] {
        fs::create_dir_all(folder)?;
    }
    let how = "lowerdir=/mnt/lower,upperdir=/mnt/layer/root-upper,workdir=/mnt/layer/root-work";
    on("overlay", "/mnt/root", MsFlags::MS_NODEV, Some(how))?;
    for folder in ["/proc", "/sys", "/dev"] {
        let to = format!("/mnt/root{folder}");
        fs::create_dir_all(&to)?;
        mount(Some(folder), to.as_str(), NONE, MsFlags::MS_MOVE, NONE)?;
    }
    // What pivot_root does elsewhere: the first root cannot be left, only covered.
    chdir("/mnt/root")?;
    mount(Some("."), "/", NONE, MsFlags::MS_MOVE, NONE)?;
    chroot(".")?;
    Ok(chdir("/")?)
}

/// What commands and this program write to. The folder is the one that has the work folder in it.
pub fn second(scratch: Option<&Path>) -> io::Result<PathBuf> {
    let open = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    on("tmpfs", "/run", open, Some("mode=0755"))?;
    on("tmpfs", "/dev/shm", open | MsFlags::MS_NOEXEC, Some("mode=1777"))?;
    // Programs that want a terminal of their own.
    let _ =
        on("devpts", "/dev/pts", MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, Some("mode=0620,ptmxmode=0666"));
    for (link, to) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        match symlink(format!("/proc/self/{to}"), Path::new("/dev").join(link)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    // Not every kernel has cgroups of the second version.
    let _ = on("cgroup2", "/sys/fs/cgroup", open | MsFlags::MS_NOEXEC, None);

    fs::create_dir_all(SPACE)?;
    // Who knows the name of something in it may look at that: the certificates.
    fs::set_permissions("/run/swarm", Permissions::from_mode(0o711))?;
    layer(SPACE, scratch)?;
    let space = Path::new(SPACE);
    fs::set_permissions(space, Permissions::from_mode(0o700))?;
    for (name, mode) in [("work", 0o755), ("state", 0o700), ("tmp", 0o1777)] {
        fs::create_dir_all(space.join(name))?;
        fs::set_permissions(space.join(name), Permissions::from_mode(mode))?;
    }
    chown(space.join("work"), Some(1000), Some(1000))?;
    for (name, to) in [("work", "/work"), ("tmp", "/tmp")] {
        fs::create_dir_all(to)?;
        mount(Some(&space.join(name)), to, NONE, MsFlags::MS_BIND, NONE)?;
    }
    names()?;
    Ok(space.to_owned())
}

/// Who there is, where the root file system does not say.
fn names() -> io::Result<()> {
    fs::create_dir_all("/etc")?;
    let plain = [
        (
            "/etc/passwd",
            "root:x:0:0::/:/bin/sh\nswarm:x:1000:1000::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
        ),
        ("/etc/group", "root:x:0:\nswarm:x:1000:\nnogroup:x:65534:\n"),
        ("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ];
    plain
        .iter()
        .filter(|(path, _)| !Path::new(path).exists())
        .try_for_each(|(path, text)| fs::write(path, text))?;
    introduce("/etc/passwd", "swarm:x:1000:1000::/tmp:/bin/sh")?;
    introduce("/etc/group", "swarm:x:1000:")
}

/// A distribution's root file system knows its own people, and not who runs commands here: programs ask who they are.
fn introduce(path: &str, line: &str) -> io::Result<()> {
    let known = fs::read(path)?;
    let number =
        |line: &[u8]| line.split(|byte| *byte == b':').nth(2).is_some_and(|number| number == b"1000");
    if known.split(|byte| *byte == b'\n').any(number) {
        return Ok(());
    }
    let gap = if known.is_empty() || known.ends_with(b"\n") { "" } else { "\n" };
    fs::write(path, [known.as_slice(), gap.as_bytes(), line.as_bytes(), b"\n"].concat())
}

/// A device's file system where there is one, else memory.
fn layer(at: &str, scratch: Option<&Path>) -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    match scratch {
        None => on("tmpfs", at, flags, Some("mode=0755,size=90%")),
        Some(device) => {
            await_device(device)?;
            mount_as(Some(device), at, "ext4", flags | MsFlags::MS_NOATIME, None)
        }
    }
}

fn await_device(device: &Path) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    while !device.exists() {
        if Instant::now() >= until {
            let missing = format!("{} is not there", device.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, missing));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

fn on(kind: &str, at: &str, flags: MsFlags, how: Option<&str>) -> io::Result<()> {
    fs::create_dir_all(at)?;
    mount_as(None, at, kind, flags, how)
}

fn mount_as(from: Option<&Path>, at: &str, kind: &str, flags: MsFlags, how: Option<&str>) -> io::Result<()> {
    let from = from.unwrap_or(Path::new(kind));
    match mount(Some(from), at, Some(kind), flags, how) {
        // The kernel may have mounted its devices by itself.
        Ok(()) | Err(Errno::EBUSY) => Ok(()),
        Err(error) => Err(io::Error::other(format!("mount {} on {at}: {error}", from.display()))),
    }
}
