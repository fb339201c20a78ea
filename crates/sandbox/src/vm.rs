//! MicroVMs: a kernel of its own around each sandbox.
//!
//! A VM is a byte stream away. All that the host and a machine say goes over one stream: commands, files, health, clock,
//! randomness, the way out to the network. There is no shared file system and no network card, so there is nothing to filter.
//!
//! - `kernel`, `image`, `guest`, `initramfs`: what a machine starts from, kept in a [`Home`].
//! - `machine`: what every monitor offers; `qemu` and `firecracker` are two. Its process stands in a `jail`.
//! - `template`: a machine that was booted once and is copied since; `pool`: copies that are ready before they are asked
//!   for; `ground`, `rung`: where these are opened; `around`: the sandbox around one; `frozen`: one that was written down
//!   while it lived.
//! - `link`, `files`: the host's side of what is said over the stream; `way_out`: where it leads connections.

mod around;
mod console;
mod elf;
mod files;
mod firecracker;
mod frozen;
mod ground;
mod guest;
mod home;
mod host;
mod image;
mod initramfs;
mod jail;
mod kernel;
mod link;
mod machine;
mod pool;
mod proof;
mod qemu;
mod rung;
mod size;
mod socket;
mod template;
mod way_out;

pub use home::Home;
pub(crate) use host::hex;
pub use image::{Image, ImageSource, PLAIN};
pub use kernel::{Kernel, KernelSource};
pub use machine::Stages;
pub use rung::MicroVms;
