//! How large a machine is that holds a sandbox's limits.

use super::machine::Shape;
use crate::sandbox::Limits;

const MEBI: u64 = 1 << 20;

/// What the guest's kernel and program take for themselves.
const OWN: u64 = 128 * MEBI;

/// Sizes are rounded up to this, so that limits that are nearly the same share a template.
const STEP_MIB: u64 = 256;

/// The monitor's own memory on the host: its code, and the buffer for translated code.
const MONITOR: u64 = 256 * MEBI;

/// The monitor's threads.
const THREADS: u32 = 64;

/// The machine for a sandbox with these limits. Its files are in its memory, so it has room for both.
pub(super) fn of(limits: &Limits) -> Shape {
    let wanted = limits.memory_bytes.saturating_add(limits.disk_bytes).saturating_add(OWN);
    let memory_mib = wanted.div_ceil(MEBI).next_multiple_of(STEP_MIB);
    Shape { memory_mib, vcpus: limits.cpu_milli.div_ceil(1_000).clamp(1, 32) }
}

/// What the monitor of such a machine may take on the host.
pub(super) fn on_the_host(shape: Shape) -> Limits {
    Limits {
        memory_bytes: shape.memory_mib.saturating_mul(MEBI).saturating_add(MONITOR),
        cpu_milli: shape.vcpus * 1_000,
        pids: THREADS + shape.vcpus,
        ..Limits::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_room_for_memory_and_files_together() {
        let limits = Limits::default();
        let shape = of(&limits);
        assert!(shape.memory_mib * MEBI >= limits.memory_bytes + limits.disk_bytes + OWN);
        assert!(on_the_host(shape).memory_bytes > shape.memory_mib * MEBI);
        assert_eq!(shape.vcpus, 1);
    }

    #[test]
    fn limits_that_are_nearly_the_same_share_a_template() {
        let limits = |memory_bytes| Limits { memory_bytes, ..Limits::default() };
        assert_eq!(of(&limits(900 * MEBI)), of(&limits(901 * MEBI)));
        let most =
            Limits { memory_bytes: u64::MAX, disk_bytes: u64::MAX, cpu_milli: u32::MAX, ..Limits::default() };
        assert!(of(&most).vcpus == 32);
    }
}
