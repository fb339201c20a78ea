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

const BENCH: &str = "\
Examples:
    swarm sandbox bench --rung qemu --n 50
        boots, copies of the template one after the other, 50 at once, memory
    swarm sandbox bench --rung bubblewrap --n 100 --json

It starts real sandboxes: for figures worth quoting, let nothing else run meanwhile.";

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
    /// Measure how long sandboxes take to start, and what they hold, beside the same without swarm
    Bench(SandboxBenchArgs),
}

/// `swarm bench`.
#[derive(Debug, Subcommand)]
pub(crate) enum BenchCommand {
    /// The same as `swarm sandbox bench`
    Sandbox(SandboxBenchArgs),
}

/// `swarm sandbox bench`.
#[derive(Debug, Args)]
#[command(after_help = BENCH)]
pub(crate) struct SandboxBenchArgs {
    /// Which rung of the ladder
    #[arg(long, value_enum, default_value_t)]
    pub(crate) rung: MeasuredRung,

    /// How many: one after the other, and then as many at once
    #[arg(short, long = "n", value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) number: u16,
}

/// A rung whose sandboxes have something around them to be measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MeasuredRung {
    /// MicroVMs on Firecracker
    Firecracker,
    /// MicroVMs on QEMU, emulated where they must be
    #[default]
    Qemu,
    /// Linux namespaces
    Bubblewrap,
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
