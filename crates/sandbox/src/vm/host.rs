//! What the host gives a machine besides its files: the time, randomness; and what the host has to give.
//!
//! These are the kernel's own, handed on to another kernel. What swarm itself decides by is passed in elsewhere.

use std::{
    fs::{self, File},
    io::{self, Read},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use nix::time::{ClockId, clock_gettime};

/// The time of the host's clock.
pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + since_1970()
}

/// The same as a number.
pub(super) fn unix_nanos() -> u64 {
    u64::try_from(since_1970().as_nanos()).unwrap_or(u64::MAX)
}

fn since_1970() -> Duration {
    // The clock is always there.
    clock_gettime(ClockId::CLOCK_REALTIME).map_or(Duration::ZERO, Duration::from)
}

/// Fresh bytes of the kernel's randomness.
pub(super) fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// As hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What the host has for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Means {
    /// Mebibytes of memory that could be taken now.
    pub(super) memory_mib: u64,
    /// Processors that swarm may use.
    pub(super) processors: u64,
}

impl Means {
    pub(super) fn now() -> Self {
        let table = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
        Self { memory_mib: available(&table), processors }
    }
}

fn available(table: &str) -> u64 {
    let line = table.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_that_could_be_taken_is_read() {
        assert_eq!(available("MemTotal: 9 kB\nMemAvailable:   20971520 kB\n"), 20_480);
        assert_eq!(available(""), 0);
        assert!(Means::now().memory_mib > 0);
    }

    #[test]
    fn randomness_is_not_the_same_twice() {
        assert_ne!(random::<32>().unwrap(), random::<32>().unwrap());
        assert_eq!(hex(&[0, 255, 16]), "00ff10");
    }

    #[test]
    fn the_time_goes_on() {
        assert!(unix_nanos() > 1_700_000_000_000_000_000);
        assert!(now() > UNIX_EPOCH);
    }
}
