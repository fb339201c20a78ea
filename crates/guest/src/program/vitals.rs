//! How the machine is.

use std::fs;

use nix::time::{ClockId, clock_gettime};
use swarm_guest::message::Pong;

/// Milliseconds since the boot.
pub fn uptime_ms() -> u64 {
    let millis = |time: nix::sys::time::TimeSpec| time.tv_sec() * 1000 + time.tv_nsec() / 1_000_000;
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |time| millis(time).unsigned_abs())
}

/// The kernel's release.
pub fn kernel() -> String {
    fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned()
}

/// A sign of life.
pub fn pong(progress: u64, busy: bool) -> Pong {
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let bytes = |name: &str| {
        let line = memory.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
    };
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let processes = numbers.filter(|entry| entry.file_name().as_encoded_bytes()[0].is_ascii_digit()).count();
    Pong {
        progress,
        uptime_ms: uptime_ms(),
        memory_total: bytes("MemTotal"),
        memory_available: bytes("MemAvailable"),
        processes: u32::try_from(processes).unwrap_or(u32::MAX),
        busy,
    }
}

/// How often the kernel has killed for want of memory since the boot.
pub fn memory_kills() -> u64 {
    let all = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    all.lines().find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_a_running_machine() {
        let pong = pong(7, true);
        assert!(pong.memory_total > pong.memory_available && pong.memory_available > 0, "{pong:?}");
        assert!(pong.processes > 0 && pong.uptime_ms > 0 && !kernel().is_empty(), "{pong:?}");
    }
}
