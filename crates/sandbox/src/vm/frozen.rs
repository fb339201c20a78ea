//! A machine that was written down while it lived, and what its copies need besides: the very kernel and first file system
//! that it was started with. They are linked into its folder, so that it outlives the template.

use std::{fs, io, path::Path};

use serde::{Deserialize, Serialize};

use super::{
    machine::{Boot, Shape},
    template::Ingredients,
};
use crate::error::SandboxError;

const FACTS: &str = "machine.json";
const KERNEL: &str = "kernel";
const INITRAMFS: &str = "initramfs";
const ROOT: &str = "root";

/// One of them.
pub(super) struct Frozen {
    pub(super) boot: Boot,
}

#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    shape: Shape,
    /// What the monitor was. Another one cannot read what it wrote.
    monitor: String,
    has_root: bool,
}

impl Frozen {
    /// Puts what copies need beside what the monitor wrote.
    pub(super) fn write(folder: &Path, boot: &Boot, ingredients: &Ingredients) -> Result<(), SandboxError> {
        let failed = |source| SandboxError::unwritten("write down a microVM", source);
        link(&boot.kernel, &folder.join(KERNEL)).map_err(failed)?;
        link(&boot.initramfs, &folder.join(INITRAMFS)).map_err(failed)?;
        if let Some(root) = &boot.root {
            link(root, &folder.join(ROOT)).map_err(failed)?;
        }
        let facts = Facts {
            shape: boot.shape,
            monitor: ingredients.monitor.identity(),
            has_root: boot.root.is_some(),
        };
        let json = serde_json::to_vec_pretty(&facts).map_err(|error| failed(error.into()))?;
        fs::write(folder.join(FACTS), json).map_err(failed)
    }

    /// Reads it, where this monitor can.
    pub(super) fn read(folder: &Path, ingredients: &Ingredients) -> Result<Self, SandboxError> {
        let unfit = |detail: String| SandboxError::Setup {
            what: "a microVM from what was written down",
            detail,
            mend: "take another snapshot: `swarm vm snapshot VM`".to_owned(),
        };
        let read = fs::read(folder.join(FACTS)).and_then(|json| Ok(serde_json::from_slice(&json)?));
        let facts: Facts = read.map_err(|error| unfit(error.to_string()))?;
        let monitor = ingredients.monitor.identity();
        if facts.monitor != monitor {
            return Err(unfit(format!("it was written by {}, and here is {monitor}", facts.monitor)));
        }
        let boot = Boot {
            shape: facts.shape,
            kernel: folder.join(KERNEL),
            initramfs: folder.join(INITRAMFS),
            root: facts.has_root.then(|| folder.join(ROOT)),
        };
        Ok(Self { boot })
    }
}

/// The same file under another name; where that cannot be, a copy.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(_) => fs::copy(from, to).map(drop),
    }
}
