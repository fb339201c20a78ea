//! The parts of a kernel that a microVM needs and that a distribution ships as modules.

use std::{
    collections::{BTreeSet, HashMap},
    fs, io,
    path::{Path, PathBuf},
};

use super::payload;

/// What a microVM drives: its devices, the stream to the host, the file systems of its root. A kernel without one of
/// them may have it built in, or be used for what does not need it.
const WANTED: [&str; 7] = [
    "virtio_mmio",
    "virtio_console",
    "virtio_blk",
    "virtio-rng",
    "squashfs",
    "overlay",
    "vmw_vsock_virtio_transport",
];

/// A module, unpacked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// The wanted modules below `tree` (`/lib/modules/RELEASE`) with what they depend on, each after what it needs.
pub(super) fn collect(tree: &Path, scratch: &Path) -> io::Result<Vec<Module>> {
    let mut files = HashMap::new();
    find(tree, &mut files)?;
    let mut collector = Collector { files, scratch, taken: BTreeSet::new(), modules: Vec::new() };
    WANTED.iter().try_for_each(|name| collector.take(name))?;
    Ok(collector.modules)
}

struct Collector<'a> {
    files: HashMap<String, PathBuf>,
    scratch: &'a Path,
    taken: BTreeSet<String>,
    modules: Vec<Module>,
}

impl Collector<'_> {
    fn take(&mut self, name: &str) -> io::Result<()> {
        // The kernel takes `-` and `_` in a module's name for the same.
        let name = name.replace('-', "_");
        let Some(path) = self.files.get(&name) else {
            return Ok(());
        };
        if !self.taken.insert(name.clone()) {
            return Ok(());
        }
        let content = read(path, self.scratch)?;
        for needed in depends(&content) {
            self.take(&needed)?;
        }
        self.modules.push(Module { name, content });
        Ok(())
    }
}

/// Every module below a folder by its name.
fn find(folder: &Path, found: &mut HashMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find(&path, found)?;
        } else if let Some((name, _)) = entry.file_name().to_str().and_then(|name| name.split_once(".ko")) {
            found.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

fn read(path: &Path, scratch: &Path) -> io::Result<Vec<u8>> {
    let bytes = fs::read(path)?;
    match path.extension().and_then(|end| end.to_str()) {
        Some("xz") => payload::unpack(&bytes, "xz", scratch),
        Some("zst") => payload::unpack(&bytes, "zstd", scratch),
        Some("gz") => payload::unpack(&bytes, "gzip", scratch),
        _ => Ok(bytes),
    }
}

/// What a module says it depends on: `depends=a,b` among the strings of its `.modinfo` section.
fn depends(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"depends=";
    let strings = module.split(|byte| *byte == 0);
    let text = strings.into_iter().find_map(|text| text.strip_prefix(KEY)).unwrap_or_default();
    let text = String::from_utf8_lossy(text);
    text.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(depends: &str) -> Vec<u8> {
        format!("\x7fELF\0code\0license=GPL\0depends={depends}\0name=x\0").into_bytes()
    }

    #[test]
    fn each_module_comes_after_what_it_depends_on_and_once() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("kernel/drivers/virtio");
        fs::create_dir_all(&folder).unwrap();
        for (name, needs) in [
            ("virtio_mmio", "virtio,virtio_ring"),
            ("virtio", "virtio_ring"),
            ("virtio_ring", ""),
            ("virtio_console", "virtio_ring,virtio"),
            ("virtio-rng", "virtio"),
            ("e1000", ""),
        ] {
            fs::write(folder.join(format!("{name}.ko")), module(needs)).unwrap();
        }
        let modules = collect(tree.path(), tree.path()).unwrap();
        let names: Vec<_> = modules.iter().map(|module| module.name.as_str()).collect();
        assert_eq!(names, ["virtio_ring", "virtio", "virtio_mmio", "virtio_console", "virtio_rng"]);
    }

    #[test]
    fn modules_that_need_each_other_do_not_keep_us_here() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("overlay.ko"), module("squashfs")).unwrap();
        fs::write(tree.path().join("squashfs.ko"), module("overlay")).unwrap();
        assert_eq!(collect(tree.path(), tree.path()).unwrap().len(), 2);
    }
}
