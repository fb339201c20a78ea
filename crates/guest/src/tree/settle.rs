//! Waits until the file system's clock has left a time.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::MetadataExt,
    path::Path,
    time::Duration,
};

/// No file system's clock stands longer (a tick of the slowest kernels is 10 ms). If it does, its times lie in the
/// future, and no change bears them.
const LONGEST: u32 = 50;

/// Waits until a change that is made now bears a later time than this one. `folder` is on the same file system and
/// private; a file is written there and removed.
pub fn settle(folder: &Path, after: Option<(i64, i64)>) -> io::Result<()> {
    let Some(after) = after else {
        return Ok(());
    };
    let path = folder.join("clock");
    let mut probe = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    for _ in 0..LONGEST {
        if change(&mut probe)? > after {
            break;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    std::fs::remove_file(path)
}

fn change(probe: &mut File) -> io::Result<(i64, i64)> {
    probe.write_all(b".")?;
    let seen = probe.metadata()?;
    Ok((seen.ctime(), seen.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_after_it_bears_a_later_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        for _ in 0..20 {
            std::fs::write(&file, "a").unwrap();
            let seen = std::fs::metadata(&file).unwrap();
            let noted = (seen.ctime(), seen.ctime_nsec());
            settle(folder.path(), Some(noted)).unwrap();
            std::fs::write(&file, "b").unwrap();
            let seen = std::fs::metadata(&file).unwrap();
            assert!((seen.ctime(), seen.ctime_nsec()) > noted);
        }
        assert!(!folder.path().join("clock").exists());
    }
}
