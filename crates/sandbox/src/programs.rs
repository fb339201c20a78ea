//! Where the machine's programs are.

use std::path::PathBuf;

/// The program with this name: in the system's folders, or on an absolute part of `PATH`.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/bin", "/usr/local/bin", "/bin", "/run/current-system/sw/bin"].map(PathBuf::from);
    let folders =
        system.into_iter().chain(std::env::split_paths(&path).filter(|folder| folder.is_absolute()));
    folders.map(|folder| folder.join(name)).find(|program| program.is_file())
}
