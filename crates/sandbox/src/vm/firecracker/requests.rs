//! What is asked of Firecracker, as its published API names it.

use std::path::Path;

use serde::Serialize;

use crate::vm::machine::{Boot, ROOT_BYTES_A_SECOND, ROOT_READS_A_SECOND, Shape};

/// The guest's port on the virtual socket.
pub(super) const PORT: u32 = 3129;

/// The socket's address inside; the host's is 2.
const GUEST_CID: u32 = 3;

/// The Unix socket that stands for the virtual one, below Firecracker's working folder: a snapshot remembers its path,
/// and each clone has a folder of its own.
pub(super) const VSOCK: &str = "guest";

const SECOND_MS: u64 = 1_000;

/// `PUT /machine-config`.
#[derive(Debug, Serialize)]
pub(super) struct MachineConfig {
    vcpu_count: u32,
    mem_size_mib: u64,
    smt: bool,
    track_dirty_pages: bool,
}

impl From<Shape> for MachineConfig {
    fn from(shape: Shape) -> Self {
        Self { vcpu_count: shape.vcpus, mem_size_mib: shape.memory_mib, smt: false, track_dirty_pages: false }
    }
}

/// `PUT /boot-source`.
#[derive(Debug, Serialize)]
pub(super) struct BootSource<'a> {
    kernel_image_path: &'a Path,
    initrd_path: &'a Path,
    boot_args: String,
}

impl<'a> From<&'a Boot> for BootSource<'a> {
    fn from(boot: &'a Boot) -> Self {
        let plain = "console=ttyS0 quiet 8250.nr_uarts=1 reboot=k panic=-1 pci=off i8042.noaux i8042.nomux \
                     i8042.nopnp i8042.dumbkbd rdinit=/init";
        let root = if boot.root.is_some() { " swarm.root=/dev/vda" } else { "" };
        let boot_args = format!("{plain} swarm.vsock={PORT}{root}");
        Self { kernel_image_path: &boot.kernel, initrd_path: &boot.initramfs, boot_args }
    }
}

/// So many tokens, filled up again in so many milliseconds.
#[derive(Debug, Serialize)]
struct TokenBucket {
    size: u64,
    refill_time: u64,
}

#[derive(Debug, Serialize)]
struct RateLimiter {
    bandwidth: TokenBucket,
    ops: TokenBucket,
}

impl RateLimiter {
    fn root(reads_a_second: u64) -> Self {
        let bucket = |size| TokenBucket { size, refill_time: SECOND_MS };
        Self { bandwidth: bucket(ROOT_BYTES_A_SECOND), ops: bucket(reads_a_second) }
    }
}

/// `PUT /drives/root`.
#[derive(Debug, Serialize)]
pub(super) struct Drive<'a> {
    #[serde(rename = "drive_id")]
    id: &'static str,
    path_on_host: &'a Path,
    is_root_device: bool,
    is_read_only: bool,
    rate_limiter: RateLimiter,
}

impl<'a> Drive<'a> {
    pub(super) const ID: &'static str = "root";

    pub(super) fn root(path_on_host: &'a Path) -> Self {
        let rate_limiter = RateLimiter::root(ROOT_READS_A_SECOND);
        // The guest's own program mounts it, so the kernel must not.
        Self { id: Self::ID, path_on_host, is_root_device: false, is_read_only: true, rate_limiter }
    }
}

/// `PATCH /drives/root`.
#[derive(Debug, Serialize)]
pub(super) struct DriveBound {
    #[serde(rename = "drive_id")]
    id: &'static str,
    rate_limiter: RateLimiter,
}

impl DriveBound {
    pub(super) fn reads(a_second: u32) -> Self {
        Self { id: Drive::ID, rate_limiter: RateLimiter::root(u64::from(a_second).min(ROOT_READS_A_SECOND)) }
    }
}

/// `PUT /vsock`.
#[derive(Debug, Serialize)]
pub(super) struct Vsock {
    guest_cid: u32,
    uds_path: &'static str,
}

impl Default for Vsock {
    fn default() -> Self {
        Self { guest_cid: GUEST_CID, uds_path: VSOCK }
    }
}

/// `PUT /actions`.
#[derive(Debug, Serialize)]
pub(super) struct Action {
    pub(super) action_type: &'static str,
}

/// `PATCH /vm`.
#[derive(Debug, Serialize)]
pub(super) struct VmState {
    pub(super) state: &'static str,
}

/// `PUT /snapshot/create`.
#[derive(Debug, Serialize)]
pub(super) struct SnapshotCreate<'a> {
    pub(super) snapshot_type: &'static str,
    pub(super) snapshot_path: &'a Path,
    pub(super) mem_file_path: &'a Path,
}

#[derive(Debug, Serialize)]
struct MemoryBackend<'a> {
    backend_type: &'static str,
    backend_path: &'a Path,
}

/// `PUT /snapshot/load`.
#[derive(Debug, Serialize)]
pub(super) struct SnapshotLoad<'a> {
    snapshot_path: &'a Path,
    mem_backend: MemoryBackend<'a>,
    resume_vm: bool,
}

impl<'a> SnapshotLoad<'a> {
    /// The memory is mapped from its file, privately: what a clone writes stays its own.
    pub(super) fn new(snapshot_path: &'a Path, memory: &'a Path) -> Self {
        let mem_backend = MemoryBackend { backend_type: "File", backend_path: memory };
        Self { snapshot_path, mem_backend, resume_vm: true }
    }
}
