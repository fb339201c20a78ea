//! How much disk a folder uses, measured without trusting what is in it.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use nix::{
    dir::Dir,
    fcntl::{AtFlags, OFlag},
    sys::{
        stat::{FileStat, Mode, SFlag, fstatat, major, minor, stat},
        statvfs::statvfs,
    },
};

/// What a file costs besides its blocks, so that a million empty files are not free.
const PER_ENTRY: u64 = 1024;

/// What a folder that cannot be read is taken to hold. A command may make one on purpose; to hide data in one costs.
const UNREADABLE: u64 = 64 << 20;

/// No project is deeper; a deeper tree is there to get past a measurement and counts as endless.
const DEEPEST: u32 = 128;

/// Folders whose growth together is limited.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauge {
    folders: Vec<PathBuf>,
    baseline: u64,
    /// The growth when the last command had ended.
    left: Arc<AtomicU64>,
}

impl Gauge {
    /// Measures what is there now; only what comes on top is growth.
    pub(crate) fn start(folders: Vec<PathBuf>) -> io::Result<Self> {
        let baseline = total(&folders)?;
        Ok(Self { folders, baseline, left: Arc::default() })
    }

    /// Keeps what a command left behind it.
    pub(crate) fn leave(&self, growth: u64) {
        self.left.store(growth, Ordering::Relaxed);
    }

    /// Whether so much passes a limit. What an earlier command left passes it no more while another one runs: it may be
    /// the one that makes room. What cannot be measured always does.
    pub(crate) fn passes(&self, growth: u64, limit: u64) -> bool {
        growth >= limit && (growth == u64::MAX || growth > self.left.load(Ordering::Relaxed))
    }

    /// Bytes that were added since the start.
    pub(crate) fn growth(&self) -> io::Result<u64> {
        Ok(total(&self.folders)?.saturating_sub(self.baseline))
    }
}

/// Bytes used on the temporary file system inside a sandbox, seen through one of its processes. Nothing when that
/// process is gone, or has not come so far: a file system of another size is not the one.
pub(crate) fn used_inside(process: i32, folder: &str, size: u64) -> Option<u64> {
    let seen = statvfs(Path::new(&format!("/proc/{process}/root{folder}"))).ok()?;
    let unit = seen.fragment_size();
    (seen.blocks() == size.div_ceil(unit)).then(|| (seen.blocks() - seen.blocks_free()) * unit)
}

/// The disk that a folder is on, as cgroups name it (`254:0`): the whole one where it is a part of it. Nothing where it is
/// on no disk.
pub(crate) fn device(folder: &Path) -> io::Result<Option<String>> {
    let device = stat(folder)?.st_dev;
    let name = format!("{}:{}", major(device), minor(device));
    let known = Path::new("/sys/dev/block").join(&name);
    if !known.exists() {
        return Ok(None);
    }
    if !known.join("partition").exists() {
        return Ok(Some(name));
    }
    // The entry is a link into the folder of the whole disk.
    let whole = fs::canonicalize(known)?;
    let whole = whole.parent().map(|whole| fs::read_to_string(whole.join("dev"))).transpose()?;
    Ok(whole.map(|name| name.trim().to_owned()))
}

fn total(folders: &[PathBuf]) -> io::Result<u64> {
    let mut seen = HashSet::new();
    folders.iter().try_fold(0_u64, |sum, folder| {
        let root = Dir::open(folder, flags(), Mode::empty())?;
        Ok(sum.saturating_add(walk(root, DEEPEST, &mut seen)))
    })
}

fn flags() -> OFlag {
    OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

/// Goes from descriptor to descriptor, so that a folder swapped for a link while we look cannot lead outside.
fn walk(mut folder: Dir, depth: u32, seen: &mut HashSet<(u64, u64)>) -> u64 {
    let names: Vec<_> = folder.iter().flatten().map(|entry| entry.file_name().to_owned()).collect();
    let mut sum = 0_u64;
    for name in names.iter().filter(|name| !matches!(name.to_bytes(), b"." | b"..")) {
        let Ok(stat) = fstatat(&folder, name.as_c_str(), AtFlags::AT_SYMLINK_NOFOLLOW) else {
            continue;
        };
        if stat.st_nlink > 1 && !is_folder(&stat) && !seen.insert((stat.st_dev, stat.st_ino)) {
            continue;
        }
        sum = sum.saturating_add(PER_ENTRY + stat.st_blocks.unsigned_abs() * 512);
        if !is_folder(&stat) {
            continue;
        }
        sum = sum.saturating_add(match Dir::openat(&folder, name.as_c_str(), flags(), Mode::empty()) {
            Ok(_) if depth == 0 => u64::MAX,
            Ok(inner) => walk(inner, depth - 1, seen),
            Err(nix::Error::EACCES) => UNREADABLE,
            Err(_) => 0,
        });
    }
    sum
}

fn is_folder(stat: &FileStat) -> bool {
    SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_counts_what_was_added_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("before"), vec![1; 100_000]).unwrap();
        let gauge = Gauge::start(vec![folder.path().to_owned()]).unwrap();
        assert_eq!(gauge.growth().unwrap(), 0);
        std::os::unix::fs::symlink("/usr", folder.path().join("link")).unwrap();
        fs::create_dir(folder.path().join("inner")).unwrap();
        fs::write(folder.path().join("inner/after"), vec![1; 200_000]).unwrap();
        let growth = gauge.growth().unwrap();
        assert!((200_000..260_000).contains(&growth), "{growth}");
    }

    #[test]
    fn a_folder_is_on_a_whole_disk_or_on_none() {
        assert_eq!(device(Path::new("/proc")).unwrap(), None);
        let Some(name) = device(&std::env::temp_dir()).unwrap() else {
            return println!("skipped: the temporary folder is on no disk");
        };
        let known = Path::new("/sys/dev/block").join(name);
        assert!(known.exists() && !known.join("partition").exists());
    }

    #[test]
    fn a_file_with_two_names_is_counted_once() {
        let folder = tempfile::tempdir().unwrap();
        let gauge = Gauge::start(vec![folder.path().to_owned()]).unwrap();
        fs::write(folder.path().join("one"), vec![1; 200_000]).unwrap();
        fs::hard_link(folder.path().join("one"), folder.path().join("two")).unwrap();
        assert!(gauge.growth().unwrap() < 300_000);
    }

    #[test]
    fn a_tree_too_deep_to_be_honest_counts_as_endless() {
        let folder = tempfile::tempdir().unwrap();
        let gauge = Gauge::start(vec![folder.path().to_owned()]).unwrap();
        let deep = (0..200).fold(folder.path().to_owned(), |path, _| path.join("d"));
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(gauge.growth().unwrap(), u64::MAX);
        gauge.leave(u64::MAX);
        assert!(gauge.passes(u64::MAX, 1));
    }
}
