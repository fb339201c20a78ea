//! The kernel that microVMs start: unpacked from a distribution's package, which is not installed, or from a file.

mod modules;
mod package;
mod payload;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::home::Home;
use crate::error::SandboxError;

const SHELF: &str = "kernel";
const NAME: &str = "current";

/// Where a kernel comes from.
#[derive(Debug, Clone)]
pub enum KernelSource {
    /// The distribution's kernel for virtual machines: downloaded with `apt-get`, unpacked, not installed.
    Package,
    /// A `vmlinux` or `vmlinuz`, and the folder of its modules (`/lib/modules/RELEASE`) where they are not built in.
    File {
        /// The kernel.
        path: PathBuf,
        /// Its modules.
        modules: Option<PathBuf>,
    },
}

/// A kernel that is ready to be started.
#[derive(Debug, Clone)]
pub struct Kernel {
    folder: PathBuf,
    facts: Facts,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Facts {
    release: String,
    origin: String,
    hash: String,
    /// In the order in which they are loaded.
    modules: Vec<String>,
}

impl Kernel {
    /// The one that was set up, if any.
    pub fn installed(home: &Home) -> Result<Option<Self>, SandboxError> {
        let folder = home.shelf(SHELF).place(NAME);
        let facts = match fs::read(folder.join("kernel.json")) {
            Ok(facts) => facts,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SandboxError::io("read which kernel there is", source)),
        };
        // One that cannot be read, by an older or newer swarm, is set up again.
        Ok(serde_json::from_slice(&facts).ok().map(|facts| Self { folder, facts }))
    }

    /// Sets one up; it takes the place of the one before. Takes seconds, and blocks.
    pub fn install(home: &Home, source: &KernelSource) -> Result<Self, SandboxError> {
        let bench = home.shelf(SHELF).lock().map_err(|error| failed(error.to_string()))?;
        let scratch = bench.begin().map_err(|error| failed(error.to_string()))?;
        let (image, tree, origin) = match source {
            KernelSource::Package => {
                let found = package::fetch(scratch.path())?;
                (found.image, Some(found.modules), found.name)
            }
            KernelSource::File { path, modules } => {
                (path.clone(), modules.clone(), path.display().to_string())
            }
        };
        let made = bench.begin().map_err(|error| failed(error.to_string()))?;
        let facts = make(&image, tree.as_deref(), origin, scratch.path(), made.path())
            .map_err(|error| failed(format!("{}: {error}", image.display())))?;
        let folder = bench.place(made, NAME).map_err(|error| failed(error.to_string()))?;
        Ok(Self { folder, facts })
    }

    /// Its release, such as `6.1.0-56-cloud-amd64`.
    #[must_use]
    pub fn release(&self) -> &str {
        &self.facts.release
    }

    /// Where it came from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.facts.origin
    }

    /// Stands for all of its content.
    pub(super) fn hash(&self) -> &str {
        &self.facts.hash
    }

    /// The ELF file.
    pub(super) fn vmlinux(&self) -> PathBuf {
        self.folder.join("vmlinux")
    }

    /// The modules in the order in which they are loaded, with their content.
    pub(super) fn modules(&self) -> io::Result<Vec<(String, Vec<u8>)>> {
        let read = |name: &String| Ok((name.clone(), fs::read(self.folder.join(format!("{name}.ko")))?));
        self.facts.modules.iter().map(read).collect()
    }
}

fn failed(detail: String) -> SandboxError {
    let mend = "mend what it says, or name a kernel: `swarm sandbox setup --kernel /boot/vmlinuz-… --modules /lib/modules/…`";
    SandboxError::Setup { what: "a kernel", detail, mend: mend.to_owned() }
}

fn make(image: &Path, tree: Option<&Path>, origin: String, scratch: &Path, into: &Path) -> io::Result<Facts> {
    let vmlinux = payload::vmlinux(fs::read(image)?, scratch)?;
    let modules = tree.map_or_else(|| Ok(Vec::new()), |tree| modules::collect(tree, scratch))?;
    let mut hash = blake3::Hasher::new();
    hash.update(&vmlinux);
    for module in &modules {
        hash.update(module.name.as_bytes()).update(&module.content);
        fs::write(into.join(format!("{}.ko", module.name)), &module.content)?;
    }
    fs::write(into.join("vmlinux"), &vmlinux)?;
    let facts = Facts {
        release: release(&vmlinux).unwrap_or_else(|| "unknown".to_owned()),
        origin,
        hash: hash.finalize().to_hex().to_string(),
        modules: modules.into_iter().map(|module| module.name).collect(),
    };
    fs::write(into.join("kernel.json"), serde_json::to_vec_pretty(&facts)?)?;
    Ok(facts)
}

/// What a kernel says of itself: `Linux version RELEASE (…`.
fn release(vmlinux: &[u8]) -> Option<String> {
    const BANNER: &[u8] = b"Linux version ";
    // The same words stand in formats too (`Linux version %s`), which are no release.
    let mut at = 0;
    loop {
        at += vmlinux.get(at..)?.windows(BANNER.len()).position(|window| window == BANNER)? + BANNER.len();
        let rest = &vmlinux[at..vmlinux.len().min(at + 100)];
        if rest.first().is_some_and(u8::is_ascii_digit) {
            let end = rest.iter().position(|byte| *byte == b' ')?;
            return String::from_utf8(rest[..end].to_vec()).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernel(folder: &Path) -> PathBuf {
        let path = folder.join("vmlinux");
        fs::write(&path, b"\x7fELF Linux version %s Linux version 6.1.0-9-cloud-amd64 (debian-kernel) #1")
            .unwrap();
        path
    }

    #[test]
    fn a_kernel_from_a_file_is_set_up_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(&folder.path().join("vm"));
        assert!(Kernel::installed(&home).unwrap().is_none());
        let source = KernelSource::File { path: kernel(folder.path()), modules: None };
        let made = Kernel::install(&home, &source).unwrap();
        let found = Kernel::installed(&home).unwrap().unwrap();
        assert_eq!((made.release(), made.hash()), (found.release(), found.hash()));
        assert_eq!(found.release(), "6.1.0-9-cloud-amd64");
        assert!(found.vmlinux().exists() && found.modules().unwrap().is_empty());
    }

    #[test]
    fn another_module_makes_another_hash() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(&folder.path().join("vm"));
        let tree = folder.path().join("modules");
        fs::create_dir(&tree).unwrap();
        let hash = |content: &str| {
            fs::write(tree.join("overlay.ko"), content).unwrap();
            let source = KernelSource::File { path: kernel(folder.path()), modules: Some(tree.clone()) };
            Kernel::install(&home, &source).unwrap().hash().to_owned()
        };
        assert_ne!(hash("one\0depends=\0"), hash("two\0depends=\0"));
    }

    #[test]
    fn what_is_no_kernel_is_refused_with_what_to_do_and_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(&folder.path().join("vm"));
        Kernel::install(&home, &KernelSource::File { path: kernel(folder.path()), modules: None }).unwrap();
        let path = folder.path().join("script");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        let problem =
            Kernel::install(&home, &KernelSource::File { path, modules: None }).unwrap_err().problem();
        assert_eq!(problem.code, "sandbox.setup_failed");
        assert!(
            problem.detail.contains("neither an ELF file") && problem.next.contains("--kernel"),
            "{problem:?}"
        );
        assert!(Kernel::installed(&home).unwrap().is_some());
    }
}
