//! The built-in image: busybox from this machine, with a link for each tool that it is.

use std::{fs, path::PathBuf, process::Command};

use super::super::{elf, initramfs::Initramfs};
use crate::{error::SandboxError, programs};

/// Tools that are of no use inside, or that would be found in place of what a command expects.
const LEFT_OUT: [&str; 4] = ["busybox", "init", "linuxrc", "login"];

/// Busybox, read.
#[derive(Debug, Clone)]
pub(super) struct Busybox {
    path: PathBuf,
    content: Vec<u8>,
    tools: Vec<String>,
}

impl Busybox {
    /// Finds it, and says what stands for its content.
    pub(super) fn find() -> Result<(Self, String), SandboxError> {
        let failed = |detail: String| {
            SandboxError::Setup {
            what: "the image `plain`",
            detail,
            mend: "install a static busybox: `sudo apt-get install busybox-static`; or build an image: `swarm sandbox \
                   image build default --from debian`"
                .to_owned(),
        }
        };
        let path = programs::find("busybox").ok_or_else(|| failed("there is no busybox".to_owned()))?;
        let content = fs::read(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
        if !elf::is_static(&content) {
            return Err(failed(format!("{} needs libraries that are not there inside", path.display())));
        }
        let output = Command::new(&path).arg("--list").output();
        let output = output.map_err(|error| failed(format!("{}: {error}", path.display())))?;
        let tools = String::from_utf8_lossy(&output.stdout);
        let plain = |name: &&str| !name.is_empty() && !name.contains('/') && !LEFT_OUT.contains(name);
        let tools: Vec<_> = tools.lines().map(str::trim).filter(plain).map(str::to_owned).collect();
        let hash = blake3::hash(&content).to_hex().to_string();
        Ok((Self { path, content, tools }, hash))
    }

    pub(super) fn origin(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.content.len() as u64
    }

    pub(super) fn add_to(&self, initramfs: &mut Initramfs) {
        for folder in ["bin", "usr", "etc"] {
            initramfs.folder(folder, 0o755);
        }
        for link in ["sbin", "usr/bin", "usr/sbin"] {
            initramfs.link(link, "/bin");
        }
        initramfs.file("bin/busybox", 0o755, &self.content);
        for tool in &self.tools {
            initramfs.link(&format!("bin/{tool}"), "busybox");
        }
    }
}
