//! The program that runs inside as the first one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{elf, home::Home};
use crate::{error::SandboxError, guest};

/// The program, read.
#[derive(Debug, Clone)]
pub(super) struct GuestProgram {
    pub(super) content: Vec<u8>,
    pub(super) hash: String,
}

impl GuestProgram {
    /// Finds it, beside swarm's own program or with the kernel, and looks whether it can run alone.
    pub(super) fn find(home: &Home) -> Result<Self, SandboxError> {
        let mut places = guest::places();
        places.extend(guest::NAMES.map(|name| home.folder().join(name)));
        let found = places.iter().filter(|place| place.is_file()).map(|place| Self::read(place));
        let missing = || Self::read(places.first().map_or(Path::new(guest::NAMES[0]), PathBuf::as_path));
        found.reduce(|best, next| if best.is_ok() { best } else { next }).unwrap_or_else(missing)
    }

    fn read(path: &Path) -> Result<Self, SandboxError> {
        let failed = |detail: String| SandboxError::Setup {
            what: "the guest's program",
            detail: format!("{}: {detail}", path.display()),
            mend: "build it: `make guest`, and name it with SWARM_GUEST where it is not beside `swarm`"
                .to_owned(),
        };
        let content = fs::read(path).map_err(|error| failed(error.to_string()))?;
        if !elf::is_static(&content) {
            return Err(failed("it needs libraries that are not there inside".to_owned()));
        }
        let hash = blake3::hash(&content).to_hex().to_string();
        Ok(Self { content, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_there_or_cannot_run_alone_is_refused_with_what_to_do() {
        for (path, why) in [("/no/such/guest", "No such file"), ("/bin/sh", "libraries")] {
            let problem = GuestProgram::read(Path::new(path)).unwrap_err().problem();
            assert_eq!(problem.code, "sandbox.setup_failed");
            assert!(problem.detail.contains(why) && problem.next.contains("make guest"), "{problem:?}");
        }
    }
}
