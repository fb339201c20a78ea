//! Reading a ref from the files that git keeps it in, without starting git.
//!
//! Git puts each of these files in place whole, so what is read was so at some moment. Whatever is not plainly one of
//! the two forms that are known here is left to git.

use std::{io::ErrorKind, path::Path};

/// The largest file of packed refs that is searched, in bytes.
const MAX_PACKED: u64 = 1 << 20;

/// Where a ref points to, as far as its files say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Loose {
    /// To this object.
    At(String),
    /// There is no such ref.
    Absent,
    /// Git must be asked.
    Unclear,
}

/// Looks for the ref of this full name in the repository at `dir`.
pub(crate) fn read(dir: &Path, name: &str) -> Loose {
    if !name.starts_with("refs/") || dir.join("reftable").exists() {
        return Loose::Unclear;
    }
    match std::fs::read_to_string(dir.join(name)) {
        Ok(text) => object(text.trim_end()).map_or(Loose::Unclear, Loose::At),
        // In this order: git packs a ref first and removes its own file after that.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            packed(&dir.join("packed-refs"), name)
        }
        Err(_) => Loose::Unclear,
    }
}

/// Lines of `<object> <name>`; those that begin with `#` or `^` are about the others.
fn packed(file: &Path, name: &str) -> Loose {
    match std::fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Loose::Absent,
        Ok(found) if found.len() <= MAX_PACKED => {}
        _ => return Loose::Unclear,
    }
    let Ok(text) = std::fs::read_to_string(file) else { return Loose::Unclear };
    let found = text.lines().filter_map(|line| line.split_once(' ')).find(|(_, known)| *known == name);
    match found {
        None => Loose::Absent,
        Some((id, _)) => object(id).map_or(Loose::Unclear, Loose::At),
    }
}

fn object(text: &str) -> Option<String> {
    let is_name = matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit());
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_ref_is_read_from_its_own_file_before_the_packed_ones() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert_eq!(read(dir.path(), "refs/heads/x"), Loose::Absent);
        let other = ID.replace('0', "f");
        at(
            "packed-refs",
            &format!("# pack-refs with: peeled\n{ID} refs/heads/x\n^{other}\n{ID} refs/heads/y\n"),
        );
        at("refs/heads/x", &format!("{other}\n"));
        assert_eq!(read(dir.path(), "refs/heads/x"), Loose::At(other));
        assert_eq!(read(dir.path(), "refs/heads/y"), Loose::At(ID.to_owned()));
        assert_eq!(read(dir.path(), "refs/heads"), Loose::Absent);
        assert_eq!(read(dir.path(), "refs/heads/x/below"), Loose::Unclear);
    }

    #[test]
    fn what_is_not_plainly_an_object_is_left_to_git() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("refs")).unwrap();
        for text in ["ref: refs/heads/main\n", "", "0123\n", "../../etc/passwd"] {
            std::fs::write(dir.path().join("refs/x"), text).unwrap();
            assert_eq!(read(dir.path(), "refs/x"), Loose::Unclear, "{text:?}");
        }
        assert_eq!(read(dir.path(), ID), Loose::Unclear);
        std::fs::write(dir.path().join("refs/x"), ID).unwrap();
        std::fs::create_dir(dir.path().join("reftable")).unwrap();
        assert_eq!(read(dir.path(), "refs/x"), Loose::Unclear);
    }
}
