//! What can be seen of a sandbox from outside, also while a command runs in it.

use std::{sync::Arc, time::Instant};

use swarm_domain::attempt::Rung;

use crate::{cgroup::Cgroup, disk::Gauge, egress::Proxy};

/// What a sandbox uses, as far as it can be measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of memory, all processes together; of a microVM those of its monitor.
    pub memory_bytes: Option<u64>,
    /// Time on the processors so far, in milliseconds; of a microVM that of the machine of the moment.
    pub cpu_millis: Option<u64>,
    /// Processes and threads.
    pub processes: Option<u64>,
    /// Bytes that its work folder grew by.
    pub disk_bytes: Option<u64>,
    /// Bytes to and from the network.
    pub network_bytes: Option<u64>,
}

/// A window into a sandbox. Looking may block: it walks through the work folder.
pub trait Window: Send + Sync {
    /// What it uses.
    fn figures(&self) -> Figures {
        Figures::default()
    }

    /// The last lines of its machine's console, where it has one.
    fn console(&self, _lines: usize) -> Option<String> {
        None
    }

    /// The root file system that it was made from, where it has one of its own.
    fn image(&self) -> Option<String> {
        None
    }
}

/// A window through which nothing is seen.
pub(crate) struct Blind;

impl Window for Blind {}

/// A machine that is ready before anybody asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its id on this machine; it gets another one with its sandbox.
    pub id: String,
    /// Which rung.
    pub rung: Rung,
    /// Mebibytes of memory.
    pub memory_mib: u64,
    /// Processors.
    pub vcpus: u32,
    /// Since when it is there.
    pub since: Instant,
}

/// The window of a sandbox whose processes are the host's own.
pub(crate) struct Cells {
    pub(crate) cgroup: Cgroup,
    pub(crate) gauge: Gauge,
    pub(crate) proxy: Option<Proxy>,
}

impl Cells {
    /// To be looked through by many.
    pub(crate) fn shared(cgroup: &Cgroup, gauge: &Gauge, proxy: Option<Proxy>) -> Arc<dyn Window> {
        Arc::new(Self { cgroup: cgroup.clone(), gauge: gauge.clone(), proxy })
    }
}

impl Window for Cells {
    fn figures(&self) -> Figures {
        Figures {
            disk_bytes: self.gauge.growth().ok(),
            network_bytes: self.proxy.as_ref().map(Proxy::used),
            ..self.cgroup.figures()
        }
    }
}
