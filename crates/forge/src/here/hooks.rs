//! A hook of the repository: written where git looks for it, and never over somebody else's.

use std::{
    ffi::OsString,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::Here;
use crate::error::ForgeError;

/// What became of a hook that was to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hooked {
    /// It is there now.
    Written(PathBuf),
    /// It was there before, word for word.
    Unchanged(PathBuf),
    /// There is one of somebody else's, which stays.
    Foreign(PathBuf),
}

impl Here {
    /// Writes a hook. One that is there is only replaced where it holds `mark`.
    pub async fn hook(&self, name: &str, text: &str, mark: &str) -> Result<Hooked, ForgeError> {
        let folder = self.hooks().await?;
        let path = folder.join(name);
        let doing = || format!("write the hook {}", path.display());
        match std::fs::symlink_metadata(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(ForgeError::Io { doing: doing(), source: error }),
            Ok(found) => {
                // A link is somebody's arrangement, whatever it leads to.
                let known = if found.is_file() { std::fs::read(&path).ok() } else { None };
                match known.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()) {
                    Some(known) if known == text && found.permissions().mode() & 0o111 != 0 => {
                        return Ok(Hooked::Unchanged(path));
                    }
                    Some(known) if known.contains(mark) => {}
                    _ => return Ok(Hooked::Foreign(path)),
                }
            }
        }
        std::fs::create_dir_all(&folder).map_err(ForgeError::io(doing()))?;
        let fresh = tempfile::NamedTempFile::new_in(&folder).map_err(ForgeError::io(doing()))?;
        let written = std::fs::write(fresh.path(), text)
            .and_then(|()| std::fs::set_permissions(fresh.path(), std::fs::Permissions::from_mode(0o755)));
        written.map_err(ForgeError::io(doing()))?;
        fresh.persist(&path).map_err(|error| ForgeError::Io { doing: doing(), source: error.error })?;
        Ok(Hooked::Written(path))
    }

    /// The folder where git looks for hooks: that of `core.hooksPath` where the user has set one, in the repository or
    /// for all of them.
    async fn hooks(&self) -> Result<PathBuf, ForgeError> {
        let mut call =
            self.git("config").args(["--show-scope", "--type=path", "--get-all", "core.hooksPath"]);
        for (key, value) in user_setup() {
            call = call.env(key, value);
        }
        let reply = call.accept(&[0, 1]).run().await?;
        // The last one counts; that of the call itself is ours.
        let text = reply.text();
        let named = text.lines().filter_map(|line| line.split_once('\t'));
        let named: Vec<_> = named.filter(|(scope, _)| *scope != "command").collect();
        if let Some((_, path)) = named.last() {
            return Ok(self.top.join(path));
        }
        let reply = self.git("rev-parse").arg("--git-common-dir").run().await?;
        Ok(self.top.join(reply.text()).join("hooks"))
    }
}

/// What git would read of the user's own setup: only to find the folder of hooks.
fn user_setup() -> Vec<(&'static str, OsString)> {
    let mut setup = vec![("GIT_CONFIG_NOSYSTEM", "0".into()), ("GIT_CONFIG_SYSTEM", "/etc/gitconfig".into())];
    let Some(home) = std::env::var_os("HOME") else {
        return setup;
    };
    let own = Path::new(&home).join(".gitconfig");
    let folder =
        std::env::var_os("XDG_CONFIG_HOME").map_or_else(|| Path::new(&home).join(".config"), PathBuf::from);
    let global = std::env::var_os("GIT_CONFIG_GLOBAL");
    let other = folder.join("git/config");
    let global = global.unwrap_or_else(|| if own.is_file() { own.into() } else { other.into() });
    setup.extend([("GIT_CONFIG_GLOBAL", global), ("HOME", home)]);
    setup
}
