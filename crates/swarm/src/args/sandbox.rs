//! `swarm sandbox`: what sandboxes are made from, and whether they work here.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

const SETUP: &str = "\
Examples:
    swarm sandbox setup
        takes the distribution's kernel for virtual machines; it is unpacked, not installed
    swarm sandbox setup --kernel /boot/vmlinuz-6.1.0-44-amd64 --modules /lib/modules/6.1.0-44-amd64
        takes this one";

const BUILD: &str = "\
Examples:
    swarm sandbox image build default --from debian --packages git,python3,nodejs,gcc
    swarm sandbox image build tools --from dir --path ./root
    docker save node:22 -o node.tar && swarm sandbox image build node --from oci-tar --path node.tar";

/// `swarm sandbox`.
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Which rungs of the ladder work here, why others do not, and what mends them
    Doctor,
    /// Get the kernel that microVMs start
    Setup(SetupArgs),
    /// Root file systems of microVMs
    #[command(subcommand)]
    Image(ImageCommand),
}

/// `swarm sandbox setup`.
#[derive(Debug, Args)]
#[command(after_help = SETUP)]
pub(crate) struct SetupArgs {
    /// A `vmlinux` or `vmlinuz`; the distribution's own when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,

    /// The folder of that kernel's modules, where it has not all it needs built in
    #[arg(long, value_name = "DIR", requires = "kernel")]
    pub(crate) modules: Option<PathBuf>,
}

/// `swarm sandbox image`.
#[derive(Debug, Subcommand)]
pub(crate) enum ImageCommand {
    /// The images that there are
    List,
    /// Build one; the one with the name `default` is used by sandboxes
    Build(ImageBuildArgs),
    /// Remove one
    Rm {
        /// Its name
        name: String,
    },
}

/// `swarm sandbox image build`.
#[derive(Debug, Args)]
#[command(after_help = BUILD)]
pub(crate) struct ImageBuildArgs {
    /// Its name
    pub(crate) name: String,

    /// What it is made from
    #[arg(long, value_enum, default_value_t)]
    pub(crate) from: ImageFrom,

    /// Packages of the distribution to be in it, with commas between
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) packages: Vec<String>,

    /// The folder for `--from dir`, the file for `--from oci-tar`
    #[arg(long, value_name = "PATH", required_if_eq_any([("from", "dir"), ("from", "oci-tar")]))]
    pub(crate) path: Option<PathBuf>,
}

/// What an image is made from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImageFrom {
    /// A fresh Debian
    #[default]
    Debian,
    /// A folder
    Dir,
    /// A container image that `docker save`, `podman save` or the like wrote into one file
    OciTar,
}
