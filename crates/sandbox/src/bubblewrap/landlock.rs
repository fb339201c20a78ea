//! Landlock: a second wall around a command, within that of the mounts.
//!
//! The guest program puts it up just before it becomes the command: see `swarm-guest confine`. What the sandbox's shell
//! started before, such as the relay, stands outside of it.

use std::{
    fmt,
    path::Path,
    process::{Command, Stdio},
};

use super::GUEST;
use crate::WORKDIR;

/// Where a command may write: as far as the mounts let it too.
const WRITABLE: [&str; 3] = [WORKDIR, "/tmp", "/dev/shm"];

/// Whether commands are confined by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Landlock {
    /// The kernel's version of the rules.
    Held(u32),
    /// Why not.
    Absent(String),
}

impl fmt::Display for Landlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(version) => write!(f, "commands are held by Landlock too (version {version})"),
            Self::Absent(why) => write!(f, "without Landlock: {why}"),
        }
    }
}

impl Landlock {
    /// Asks the guest program what the kernel has. Blocks for some milliseconds.
    pub(super) fn look(guest: Option<&Path>) -> Self {
        let Some(guest) = guest else {
            return Self::Absent("the program swarm-guest is not there".to_owned());
        };
        let asked = Command::new(guest).arg("landlock").stdin(Stdio::null()).output();
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => return Self::Absent(format!("{}: {error}", guest.display())),
        };
        let version = String::from_utf8_lossy(&asked.stdout).trim().parse();
        match version {
            Ok(version) if asked.status.success() => Self::Held(version),
            _ => {
                let said = String::from_utf8_lossy(&asked.stderr);
                let line = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it does not answer");
                Self::Absent(line.chars().filter(|c| !c.is_control()).take(200).collect())
            }
        }
    }

    pub(super) fn is_held(&self) -> bool {
        matches!(self, Self::Held(_))
    }

    /// What stands before a command in the sandbox's shell.
    pub(super) fn before_a_command(&self) -> String {
        if !self.is_held() {
            return String::new();
        }
        let writable = WRITABLE.map(|path| format!("--write {path} ")).concat();
        format!("{GUEST} confine {writable}-- ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_program_that_can_do_it_it_is_said_why_there_is_none() {
        assert!(Landlock::look(None).to_string().contains("swarm-guest is not there"));
        let other = Landlock::look(Some(Path::new("/bin/false")));
        assert_eq!(other, Landlock::Absent("it does not answer".to_owned()));
        assert_eq!(other.before_a_command(), "");
        let one = Landlock::Held(6).before_a_command();
        assert_eq!(one, "/run/swarm-guest confine --write /work --write /tmp --write /dev/shm -- ");
    }
}
