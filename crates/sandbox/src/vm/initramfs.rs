//! The first file system of a microVM: a cpio archive (`newc`), written here so that a template's key depends on what is
//! in it and on nothing else (no time, no inode of the host).

/// An archive that grows.
#[derive(Debug, Default)]
pub(crate) struct Initramfs {
    bytes: Vec<u8>,
    entries: u32,
}

const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const CHARACTER: u32 = 0o020_000;

impl Initramfs {
    /// A folder; the ones above it must be there already.
    pub(crate) fn folder(&mut self, path: &str, mode: u32) {
        self.entry(path, FOLDER | mode, (0, 0), &[]);
    }

    /// A regular file.
    pub(crate) fn file(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.entry(path, FILE | mode, (0, 0), content);
    }

    /// A symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.entry(path, LINK | 0o777, (0, 0), target.as_bytes());
    }

    /// A character device.
    pub(crate) fn device(&mut self, path: &str, mode: u32, major: u32, minor: u32) {
        self.entry(path, CHARACTER | mode, (major, minor), &[]);
    }

    /// The archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, (major, minor): (u32, u32), content: &[u8]) {
        let path = path.trim_start_matches('/');
        self.entries += 1;
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let name = u32::try_from(path.len() + 1).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(b"070701");
        // inode, mode, user, group, links, time, size, device of the file (two), device it is (two), length, checksum
        for field in [self.entries, mode, 0, 0, 1, 0, size, 0, 0, major, minor, name, 0] {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    use super::*;

    #[test]
    fn cpio_lists_what_was_put_in() {
        let mut archive = Initramfs::default();
        archive.folder("/bin", 0o755);
        archive.file("/bin/one", 0o755, b"content");
        archive.link("/bin/two", "one");
        archive.device("/bin/console", 0o600, 5, 1);
        let bytes = archive.finish();
        let mut child = match Command::new("cpio")
            .args(["-itv", "--quiet"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
        {
            Ok(child) => child,
            Err(error) => return println!("skipped: cpio: {error}"),
        };
        child.stdin.take().unwrap().write_all(&bytes).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 4, "{said}");
        assert!(lines[0].starts_with("drwxr-xr-x") && lines[0].ends_with("bin"), "{said}");
        assert!(lines[1].starts_with("-rwxr-xr-x") && lines[1].contains(" 7 "), "{said}");
        assert!(lines[2].ends_with("bin/two -> one"), "{said}");
        assert!(lines[3].starts_with("crw-------") && lines[3].contains("5,   1"), "{said}");
    }

    #[test]
    fn the_same_content_makes_the_same_bytes() {
        let make = || {
            let mut archive = Initramfs::default();
            archive.file("init", 0o755, b"x");
            archive.finish()
        };
        assert_eq!(make(), make());
        assert_eq!(make().len() % 4, 0);
    }
}
