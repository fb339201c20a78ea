//! A small file system of a test's own, that can be full or read-only. Only root may mount one.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// A file system in memory on a folder. Dropping it takes it away, whoever still uses it.
pub struct Mount {
    path: PathBuf,
}

impl Mount {
    /// Mounts one of so many MiB; none where this machine does not let us, and then it says why.
    pub fn new(path: &Path, mib: u32) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let size = format!("size={mib}m,mode=0755");
        let out = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).output();
        match out {
            Ok(out) if out.status.success() => Some(Self { path: path.to_owned() }),
            Ok(out) => {
                println!("skipped: mount: {}", String::from_utf8_lossy(&out.stderr).trim());
                None
            }
            Err(error) => {
                println!("skipped: mount: {error}");
                None
            }
        }
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    /// Leaves no room for another byte.
    pub fn fill(&self) {
        let mut file = fs::File::create(self.filler()).unwrap();
        for size in [1 << 16, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    /// Makes room again.
    pub fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    /// Lets nobody write, or everybody again.
    pub fn read_only(&self, read_only: bool) {
        let how = if read_only { "remount,ro" } else { "remount,rw" };
        let out = Command::new("mount").args(["-o", how]).arg(&self.path).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}
