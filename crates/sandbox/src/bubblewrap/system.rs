//! The folders with the system's programs and libraries, as bubblewrap's arguments show them: read-only, links as links.

use std::{ffi::OsString, fs, path::Path};

/// The arguments.
pub(crate) fn folders() -> Vec<OsString> {
    let bind = |how: &str, path: &Path| [how.into(), path.into(), path.into()];
    let mut list = Vec::from(bind("--ro-bind", Path::new("/usr")));
    for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
        let path = Path::new("/").join(name);
        match fs::read_link(&path) {
            Ok(target) => list.extend(["--symlink".into(), target.into(), path.into()]),
            Err(_) if path.is_dir() => list.extend(bind("--ro-bind", &path)),
            Err(_) => {}
        }
    }
    // Where everything is on NixOS; readable by everyone by its design.
    list.extend(bind("--ro-bind-try", Path::new("/nix/store")));
    list
}
