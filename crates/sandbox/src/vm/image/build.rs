//! Building an image: a folder is filled, and packed into a file system that is only ever read.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Facts, PLAIN, oci};
use crate::{error::SandboxError, vm::home::Shelf};

pub(super) const DISK: &str = "root.ext4";
pub(super) const FACTS: &str = "image.json";

/// What a Debian is made of when nothing else is asked for.
const USUAL_PACKAGES: [&str; 3] = ["git", "python3", "ca-certificates"];

/// What an image is made from.
#[derive(Debug, Clone)]
pub enum ImageSource {
    /// A fresh Debian of this machine's release, with these packages beside the essential ones.
    Debian {
        /// The packages' names; when there are none, git, Python and the certificates of public authorities.
        packages: Vec<String>,
    },
    /// A folder, as it is.
    Folder(PathBuf),
    /// A container image that was saved into one tar, as `docker save` and `podman save` do.
    OciTar(PathBuf),
}

pub(super) fn check_name(name: &str) -> Result<(), SandboxError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty()
        || name.len() > 60
        || name.starts_with('-')
        || !name.chars().all(plain)
        || name == PLAIN
    {
        let detail = format!("`{name}`: up to 60 of a-z, 0-9, `-` are wanted, and `{PLAIN}` is built in");
        return Err(SandboxError::invalid("image name", detail));
    }
    Ok(())
}

pub(super) fn build(shelf: &Shelf, name: &str, source: &ImageSource) -> Result<(), SandboxError> {
    check_name(name)?;
    let bench = shelf.lock().map_err(|error| failed(error.to_string()))?;
    let scratch = bench.begin().map_err(|error| failed(error.to_string()))?;
    let made = bench.begin().map_err(|error| failed(error.to_string()))?;
    let (tree, origin, packages) = match source {
        ImageSource::Folder(folder) => (folder.clone(), folder.display().to_string(), Vec::new()),
        ImageSource::OciTar(archive) => {
            let (tree, origin) = (scratch.path().join("root"), archive.display().to_string());
            oci::unpack(archive, &tree).map_err(|error| failed(format!("{origin}: {error}")))?;
            (tree, origin, Vec::new())
        }
        ImageSource::Debian { packages } => {
            let packages = wanted(packages)?;
            let tree = scratch.path().join("root");
            let release = debian(&tree, &packages)?;
            (tree, format!("Debian {release}"), packages)
        }
    };
    let disk = made.path().join(DISK);
    pack(&tree, &disk)?;
    let read = fs::File::open(&disk).and_then(|mut file| {
        let mut hash = blake3::Hasher::new();
        let bytes = io::copy(&mut file, &mut hash)?;
        Ok((hash.finalize().to_hex().to_string(), bytes))
    });
    let (hash, bytes) = read.map_err(|error| failed(error.to_string()))?;
    let facts = serde_json::to_vec_pretty(&Facts { origin, packages, hash, bytes });
    let facts = facts.map_err(|error| failed(error.to_string()))?;
    fs::write(made.path().join(FACTS), facts).map_err(|error| failed(error.to_string()))?;
    bench.place(made, name).map(drop).map_err(|error| failed(error.to_string()))
}

fn failed(detail: String) -> SandboxError {
    let mend = "mend what it says, then build it again".to_owned();
    SandboxError::Setup { what: "the image of a microVM", detail, mend }
}

/// The packages, when they can be ones.
fn wanted(packages: &[String]) -> Result<Vec<String>, SandboxError> {
    if packages.is_empty() {
        return Ok(USUAL_PACKAGES.map(str::to_owned).to_vec());
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    for name in packages {
        if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.chars().all(plain) {
            return Err(SandboxError::invalid("package name", format!("`{name}`")));
        }
    }
    Ok(packages.to_vec())
}

/// Fills a folder with a Debian and says which.
fn debian(tree: &Path, packages: &[String]) -> Result<String, SandboxError> {
    let about = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |key: &str| about.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let release = field("VERSION_CODENAME").map_or("stable", |name| name.trim_matches('"')).to_owned();
    let release = if field("ID") == Some("debian") { release } else { "stable".to_owned() };
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=minbase", "--quiet"]).arg(format!("--include={}", packages.join(",")));
    command.arg("--dpkgopt=path-exclude=/usr/share/doc/*").arg("--dpkgopt=path-exclude=/usr/share/man/*");
    command.arg(&release).arg(tree);
    run(&mut command, "install it: `sudo apt-get install mmdebstrap`")?;
    Ok(release)
}

/// Packs a folder into an ext4 file system without a journal, as it is only read.
fn pack(tree: &Path, disk: &Path) -> Result<(), SandboxError> {
    if !tree.is_dir() {
        return Err(failed(format!("{} is no folder", tree.display())));
    }
    let (bytes, files) = size(tree).map_err(|error| failed(format!("{}: {error}", tree.display())))?;
    // Room for the file system's own tables, and for files that end within a block.
    let mebi = (bytes + bytes / 8 + files * 1024).div_ceil(1 << 20) + 16;
    let mut command = Command::new(programs("mke2fs"));
    command
        .args(["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-N"])
        .arg((files + 1024).to_string());
    command.arg("-d").arg(tree).arg(disk).arg(format!("{mebi}M"));
    run(&mut command, "install it: `sudo apt-get install e2fsprogs`")
}

/// It may be in a folder that is on root's path only.
fn programs(name: &str) -> PathBuf {
    let system = [Path::new("/usr/sbin").join(name), Path::new("/sbin").join(name)];
    system.into_iter().find(|path| path.is_file()).unwrap_or_else(|| PathBuf::from(name))
}

/// Bytes and entries below a folder; no link is followed.
fn size(folder: &Path) -> io::Result<(u64, u64)> {
    let (mut bytes, mut entries) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.metadata()?;
        entries += 1;
        bytes += found.len().next_multiple_of(4096);
        if found.is_dir() {
            let (inner, more) = size(&entry.path())?;
            bytes += inner;
            entries += more;
        }
    }
    Ok((bytes, entries))
}

fn run(command: &mut Command, mend: &str) -> Result<(), SandboxError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.env("LC_ALL", "C").stdin(Stdio::null()).output();
    let output = output.map_err(|error| SandboxError::Setup {
        what: "the image of a microVM",
        detail: format!("`{name}`: {error}"),
        mend: mend.to_owned(),
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = said.lines().rev().take(5).collect();
    let last: Vec<_> = last.into_iter().rev().collect();
    Err(failed(format!("`{name}` failed: {}", last.join("; "))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::{home::Home, image::Image};

    #[test]
    fn a_folder_becomes_an_image_that_is_found_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (home, tree) = (Home::at(&folder.path().join("vm")), folder.path().join("tree"));
        fs::create_dir_all(tree.join("usr/bin")).unwrap();
        fs::write(tree.join("usr/bin/tool"), vec![7; 3_000_000]).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", tree.join("link")).unwrap();
        let built = match Image::build(&home, "tools", &ImageSource::Folder(tree.clone())) {
            Err(error) if error.to_string().contains("mke2fs`") => return println!("skipped: {error}"),
            built => built.unwrap(),
        };
        assert!(built.facts().bytes > 3_000_000);
        assert_eq!(Image::named(&home, "tools").unwrap().facts(), built.facts());
        assert_eq!(Image::names(&home), ["tools"]);
        let disk = fs::read(built.disk().unwrap()).unwrap();
        assert_eq!(disk[0x438..0x43a], [0x53, 0xef], "the mark of ext4");
        Image::remove(&home, "tools").unwrap();
        let problem = Image::named(&home, "tools").unwrap_err().problem();
        assert!(problem.next.contains("image build tools"), "{problem:?}");
    }

    #[test]
    fn names_and_packages_that_cannot_be_meant_are_refused() {
        for name in ["", "plain", "a/b", "..", "-x", "A", &"a".repeat(61)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("node-20").is_ok());
        for package in ["", "-o", "a b", "x;y", "Foo"] {
            assert!(wanted(&[package.to_owned()]).is_err(), "{package}");
        }
        assert_eq!(wanted(&["g++".to_owned()]).unwrap(), ["g++"]);
    }

    #[test]
    fn a_folder_that_is_not_there_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let source = ImageSource::Folder(folder.path().join("missing"));
        assert_eq!(Image::build(&home, "x", &source).unwrap_err().problem().code, "sandbox.setup_failed");
        assert!(Image::names(&home).is_empty());
    }
}
