//! Debian's kernel for virtual machines, downloaded and unpacked without being installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::error::SandboxError;

/// Depends on the newest kernel of the release.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// What is in the package.
pub(super) struct Found {
    pub(super) name: String,
    /// The `vmlinuz`.
    pub(super) image: PathBuf,
    /// `/lib/modules/RELEASE`.
    pub(super) modules: PathBuf,
}

/// Downloads the package into a folder and unpacks it there.
pub(super) fn fetch(scratch: &Path) -> Result<Found, SandboxError> {
    let said = run(Command::new("apt-cache").args(["depends", PACKAGE]))?;
    let name = dependency(&said).ok_or_else(|| {
        failed(format!("the package lists have no {PACKAGE}: run `apt-get update`, or this is not Debian"))
    })?;
    run(Command::new("apt-get").args(["download", "-qq", &name]).current_dir(scratch))?;
    let archive = one(scratch, |file| file.extension().is_some_and(|end| end == "deb"))?;
    let tree = scratch.join("unpacked");
    run(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(&tree))?;
    let image = one(&tree.join("boot"), |file| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"))
    })?;
    // With /usr merged into the root they may lie below it.
    let folders = ["lib/modules", "usr/lib/modules"].map(|folder| tree.join(folder));
    let folder = folders.iter().find(|folder| folder.is_dir());
    let folder = folder.ok_or_else(|| failed(format!("{name} has no modules")))?;
    Ok(Found { image, modules: one(folder, Path::is_dir)?, name })
}

fn failed(detail: String) -> SandboxError {
    super::failed(detail)
}

fn run(command: &mut Command) -> Result<String, SandboxError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.env("LC_ALL", "C").output().map_err(|error| failed(format!("`{name}`: {error}")))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(format!("`{name}` failed: {}", said.trim())))
}

/// The kernel that the package depends on, in what `apt-cache depends` prints.
fn dependency(said: &str) -> Option<String> {
    let names = said.lines().filter_map(|line| line.trim().strip_prefix("Depends: "));
    names.map(str::trim).find(|name| name.starts_with("linux-image-")).map(str::to_owned)
}

/// The one entry of a folder that is wanted.
fn one(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<PathBuf, SandboxError> {
    let entries = fs::read_dir(folder).map_err(|error| failed(format!("{}: {error}", folder.display())))?;
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths
        .find(|path| wanted(path))
        .ok_or_else(|| failed(format!("{} lacks what is wanted", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_behind_the_package_is_the_one_it_depends_on() {
        let said = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n    linux-image-unsigned\n";
        assert_eq!(dependency(said).as_deref(), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(dependency("linux-image-cloud-amd64\n"), None);
    }
}
