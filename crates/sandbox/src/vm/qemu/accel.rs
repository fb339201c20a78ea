//! How QEMU runs the guest's code: on the processor, or by emulation; and what the guest must be told in either case.

use std::fs;

use serde::{Deserialize, Serialize};

/// Who runs the guest's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Accel {
    /// The processor.
    Kvm,
    /// QEMU, instruction by instruction.
    Tcg,
}

impl Accel {
    /// As QEMU names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }

    /// As it is asked for. The buffer for translated code, else a gibibyte, counts as the machine's memory on the host.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg,tb-size=128",
        }
    }

    /// The processor that the guest sees.
    pub(super) fn processor(self) -> &'static str {
        match self {
            Self::Kvm => "host",
            Self::Tcg => "max",
        }
    }

    /// What the guest's kernel is told. An emulated machine is too uneven for the kernel to measure its own clock: it may
    /// hang trying. The time stamp counter of an emulated guest is the host's, and so is its speed: with another one the
    /// guest's clock would be slow or fast.
    pub(super) fn kernel_arguments(self) -> String {
        match self {
            Self::Kvm => String::new(),
            Self::Tcg => {
                let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
                let speed = speed(&info).map_or_else(String::new, |khz| format!(" tsc_early_khz={khz}"));
                format!("tsc=reliable{speed} lpj=4000000")
            }
        }
    }
}

/// The speed of the time stamp counter in kHz, from `/proc/cpuinfo`.
///
/// On a virtual machine the speed that is told is that of the counter. On a real one it is that of the moment, and the
/// counter's is in the processor's name, where the maker wrote it there.
fn speed(info: &str) -> Option<u64> {
    let field = |name: &str| {
        let line = info.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
        line.split_once(':').map(|(_, value)| value.trim())
    };
    let named = || field("model name")?.rsplit_once("@ ")?.1.strip_suffix("GHz");
    let is_virtual = field("flags")?.split(' ').any(|flag| flag == "hypervisor");
    let told = field("cpu MHz");
    let (text, factor) = match (is_virtual, named()) {
        (false, Some(named)) => (named, 1_000_000.0),
        _ => (told?, 1_000.0),
    };
    let khz = text.trim().parse::<f64>().ok()? * factor;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within these bounds it fits"
    )]
    (100_000.0..20_000_000.0).contains(&khz).then(|| khz.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counters_speed_is_told_on_virtual_machines_and_in_the_name_on_real_ones() {
        let info = |name: &str, flags: &str| {
            format!(
                "model name\t: {name}\ncpu MHz\t\t: 2299.998\nflags\t\t: fpu {flags} tsc\n\nprocessor\t: 1\n"
            )
        };
        let name = "Intel(R) Xeon(R) CPU E5-2670 0 @ 2.60GHz";
        assert_eq!(speed(&info(name, "hypervisor")), Some(2_299_998));
        assert_eq!(speed(&info(name, "ht")), Some(2_600_000));
        assert_eq!(speed(&info("AMD EPYC 7763 64-Core Processor", "ht")), Some(2_299_998));
        assert_eq!(speed(""), None);
        assert_eq!(speed("flags : x\ncpu MHz : nan\n"), None);
    }
}
