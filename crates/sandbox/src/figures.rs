//! Figures of a rung on this machine: what `swarm sandbox bench` measures and `make bench` writes down.
//!
//! Each stage is measured apart and beside the same step without swarm's parts, the two in turns, so that whatever else
//! goes on on the machine meets both.

use std::{fs, path::Path, time::Duration};

use serde::Serialize;
use swarm_domain::attempt::Rung;

use crate::{bubblewrap::Bubblewrap, error::SandboxError, sandbox::Backend, vm::MicroVms};

/// Is told how far a measurement has come.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// No host of today starts more at once.
pub const MOST: usize = 1_000;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Of which rung.
    pub rung: Rung,
    /// On what machine.
    pub host: HostFacts,
    /// The program that makes sandboxes of this rung, as it says its version.
    pub program: String,
    /// What each machine is, where the rung has machines.
    pub machine: Option<MachineFacts>,
    /// One after the other, nothing else at work.
    pub stages: Vec<Stage>,
    /// Many asked for in one moment.
    pub at_once: AtOnce,
    /// What those held while all of them lived, where that was measured.
    pub memory: Option<Memory>,
}

/// A machine that figures were measured on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostFacts {
    /// Processors that swarm may use.
    pub processors: usize,
    /// What they call themselves.
    pub processor: String,
    /// Mebibytes of memory in all.
    pub memory_mib: u64,
    /// The kernel's release.
    pub kernel: String,
    /// The load before anything was measured: the mean of a minute.
    pub load_before: f64,
}

/// A microVM as it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MachineFacts {
    /// Mebibytes of memory.
    pub memory_mib: u64,
    /// Processors.
    pub vcpus: u32,
    /// The release of its kernel.
    pub kernel: String,
    /// Its root file system.
    pub image: String,
}

/// A step on the way to the first answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// From where to where.
    pub name: &'static str,
    /// How long it took swarm.
    pub swarm: Spread,
    /// How long the same took without swarm's parts, where there is such a thing.
    pub alone: Option<Spread>,
    /// The median of swarm's time over that of the other.
    pub ratio: Option<f64>,
}

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// How often it was measured.
    pub of: usize,
    /// Half of the times were at most this.
    pub p50_ms: f64,
    /// 95 of 100 were.
    pub p95_ms: f64,
    /// 99 of 100 were.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

/// Many at once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AtOnce {
    /// How many.
    pub count: usize,
    /// From asking for all of them to the answer of the last one to its first command, in milliseconds.
    pub wall_ms: f64,
}

/// Memory, where pages that several share count in parts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Memory {
    /// How many shared.
    pub count: usize,
    /// Mebibytes that one took: its guest's memory, its monitor, and what walls that in.
    pub each_mib: f64,
    /// The part of that which is not the guest's memory.
    pub monitor_mib: f64,
}

impl HostFacts {
    /// Reads them.
    pub(crate) fn read() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let (processors, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
        Self {
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            processor: field(&processors, "model name").unwrap_or("unknown").to_owned(),
            memory_mib: field(&memory, "MemTotal")
                .and_then(|text| text.split(' ').next()?.parse::<u64>().ok())
                .unwrap_or(0)
                / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_before: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0.0),
        }
    }
}

/// The value behind a name and a colon.
fn field<'a>(table: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = table.lines().filter_map(|line| line.split_once(':'));
    lines.find_map(|(key, value)| (key.trim() == name).then(|| value.trim()))
}

impl Stage {
    /// From times of swarm's and of the other's; none of the other's where there is no other.
    pub(crate) fn of(name: &'static str, swarm: &[Duration], alone: &[Duration]) -> Self {
        let (swarm, alone) = (Spread::of(swarm), (!alone.is_empty()).then(|| Spread::of(alone)));
        let ratio =
            alone.filter(|alone| alone.p50_ms > 0.0).map(|alone| thousandths(swarm.p50_ms / alone.p50_ms));
        Self { name, swarm, alone, ratio }
    }
}

impl Spread {
    /// Each is a time that was measured, not one between two.
    pub(crate) fn of(times: &[Duration]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted.get(rank.saturating_sub(1)).map_or(0.0, |time| milliseconds(*time))
        };
        Self {
            of: sorted.len(),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            max_ms: percentile(100),
        }
    }
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    thousandths(time.as_secs_f64() * 1_000.0)
}

/// More digits would be noise.
fn thousandths(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

/// Bytes, shared by so many, as mebibytes each.
pub(crate) fn mebibytes_each(bytes: u64, count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = bytes as f64 / count.max(1) as f64;
    thousandths(each / f64::from(1 << 20))
}

/// Measures a rung: `count` sandboxes one after the other, then as many at once. `state` is as for the ladder. Everything
/// that was made is gone afterwards, but for templates, which are of use to others.
pub async fn measure(
    rung: Rung,
    state: &Path,
    count: usize,
    said: Progress<'_>,
) -> Result<Figures, SandboxError> {
    if count == 0 || count > MOST {
        return Err(SandboxError::invalid("number of sandboxes", format!("1 to {MOST} are wanted")));
    }
    match rung {
        Rung::Firecracker => {
            let rung = MicroVms::firecracker(state).await?;
            let measured = rung.figures(count, said).await;
            rung.close().await;
            measured
        }
        Rung::Qemu => {
            let rung = MicroVms::qemu(state, true).await?;
            let measured = rung.figures(count, said).await;
            rung.close().await;
            measured
        }
        Rung::Bubblewrap => {
            let rung = Bubblewrap::open(state).await?;
            rung.probe().await?;
            let measured = rung.figures(count, said).await;
            rung.close().await;
            measured
        }
        Rung::Process => {
            let detail = "a plain process has nothing around it to be measured";
            Err(SandboxError::invalid("rung", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(count: u64) -> Vec<Duration> {
        // Not in order, so that sorting matters.
        (1..=count).map(|n| Duration::from_millis((n * 37) % (count + 1))).collect()
    }

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let spread = Spread::of(&times(100));
        assert_eq!(
            (spread.of, spread.p50_ms, spread.p95_ms, spread.p99_ms, spread.max_ms),
            (100, 50.0, 95.0, 99.0, 100.0)
        );
        let one = Spread::of(&[Duration::from_micros(1_500)]);
        assert_eq!((one.p50_ms, one.p95_ms, one.p99_ms, one.max_ms), (1.5, 1.5, 1.5, 1.5));
        assert_eq!(Spread::of(&[]).of, 0);
    }

    #[test]
    fn a_ratio_is_of_medians_and_is_not_there_where_nothing_was_measured_beside() {
        let (swarm, alone) = (vec![Duration::from_millis(12); 3], vec![Duration::from_millis(10); 3]);
        assert_eq!(Stage::of("start", &swarm, &alone).ratio, Some(1.2));
        let unpaired = Stage::of("start", &swarm, &[]);
        assert_eq!((unpaired.ratio, unpaired.alone), (None, None));
    }

    #[test]
    fn facts_of_this_machine_are_read() {
        let host = HostFacts::read();
        assert!(host.processors > 0 && host.memory_mib > 100 && !host.kernel.is_empty(), "{host:?}");
        assert_eq!(field("a : b\nmodel name\t: X 1\n", "model name"), Some("X 1"));
    }

    #[tokio::test]
    async fn what_cannot_be_measured_is_refused_before_anything_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        for (rung, count) in [(Rung::Process, 1), (Rung::Qemu, 0), (Rung::Qemu, MOST + 1)] {
            let error = measure(rung, &state, count, &|_| ()).await.unwrap_err();
            assert_eq!(error.problem().code, "sandbox.invalid");
        }
        assert!(!state.exists());
    }
}
