//! What makes a restored machine another one than those of the same template: the time, randomness, names.

use std::{fs, io, path::Path};

use nix::{
    sys::time::TimeSpec,
    time::{ClockId, clock_settime},
    unistd::sethostname,
};
use swarm_guest::message::{Failed, FailedCode, Seed};

/// What commands see as the boot's id: see `keeper`.
pub const BOOT_ID: &str = "/run/swarm/boot_id";

/// Sets the clock.
pub fn set_clock(unix_nanos: u64) -> Result<(), Failed> {
    const SECOND: u64 = 1_000_000_000;
    let part = |nanos: u64| i64::try_from(nanos).unwrap_or(i64::MAX);
    let time = TimeSpec::new(part(unix_nanos / SECOND), part(unix_nanos % SECOND));
    clock_settime(ClockId::CLOCK_REALTIME, time).map_err(|error| io_failed("set the clock", &error.into()))
}

/// Whether it is what machine-id(5) wants.
pub fn is_identity(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

/// Takes fresh randomness in, and makes the kernel's generator begin anew from it: what it had until now, the other
/// machines of the template have too. Then takes the new names.
pub fn renew(seed: &Seed, identity: &str) -> Result<(), Failed> {
    let bits = 8 * 32;
    linux_crng_ioctl::ioctl::add_randomness_to_kernel(&seed.0, bits)
        .and_then(|()| linux_crng_ioctl::ioctl::force_kernel_crng_reseed())
        .map_err(|error| Failed::new(FailedCode::Io, format!("the kernel took no randomness: {error}")))?;
    let short = &identity[..12];
    sethostname(format!("vm-{short}")).map_err(|error| io_failed("set the host name", &error.into()))?;
    let boot = format!(
        "{}-{}-{}-{}-{}\n",
        &identity[..8],
        &identity[8..12],
        &identity[12..16],
        &identity[16..20],
        &identity[20..]
    );
    let write = |path: &str, text: &str| {
        fs::write(path, text).map_err(|error| io_failed(&format!("write {path}"), &error))
    };
    write("/etc/machine-id", &format!("{identity}\n"))?;
    write(BOOT_ID, &boot)?;
    write("/run/swarm/identity", &format!("{identity}\n"))?;
    let hosts = Path::new("/etc/hostname");
    if hosts.exists() { write("/etc/hostname", &format!("vm-{short}\n")) } else { Ok(()) }
}

fn io_failed(doing: &str, error: &io::Error) -> Failed {
    Failed::new(FailedCode::Io, format!("cannot {doing}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_32_small_hexadecimal_digits() {
        assert!(is_identity(&"0123456789abcdef".repeat(2)));
        for bad in ["", "0123", &"A".repeat(32), &"é".repeat(16), &"g".repeat(32)] {
            assert!(!is_identity(bad), "{bad}");
        }
    }
}
