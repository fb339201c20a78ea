//! What is counted of the sandboxes of this process, since it began.
//!
//! One tally for all rungs of the process, as there is one host below them.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use swarm_domain::{
    attempt::Rung,
    vitals::{Histogram, SandboxKind, SandboxKindVitals, SandboxStage, SandboxVitals, StageVitals},
};

static TALLY: LazyLock<Mutex<Tally>> = LazyLock::new(Mutex::default);

#[derive(Debug, Default)]
struct Tally {
    kinds: BTreeMap<SandboxKind, (u64, u64)>,
    stages: BTreeMap<SandboxStage, Histogram>,
    unheard: u64,
}

/// One that is there. It is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    kind: SandboxKind,
    since: Instant,
}

impl Counted {
    pub(crate) fn begun(kind: SandboxKind) -> Self {
        tally().kinds.entry(kind).or_default().0 += 1;
        Self { kind, since: Instant::now() }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut tally = tally();
        tally.kinds.entry(self.kind).or_default().1 += 1;
        // A template is booted and written down; how long that took is another stage.
        if self.kind != SandboxKind::Template {
            tally.took(SandboxStage::Life, self.since.elapsed());
        }
    }
}

impl Tally {
    fn took(&mut self, stage: SandboxStage, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.stages.entry(stage).or_default().add(millis);
    }
}

fn tally() -> MutexGuard<'static, Tally> {
    TALLY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stage took so long.
pub(crate) fn took(stage: SandboxStage, time: Duration) {
    tally().took(stage, time);
}

/// A machine's guest never said a word.
pub(crate) fn unheard() {
    tally().unheard += 1;
}

/// How the sandboxes of this process come and go. `rung` is the one that its work runs on.
#[must_use]
pub fn vitals(rung: Rung) -> SandboxVitals {
    let tally = tally();
    let kind = |(kind, (begun, ended)): (&SandboxKind, &(u64, u64))| SandboxKindVitals {
        kind: *kind,
        there: begun.saturating_sub(*ended),
        begun: *begun,
        ended: *ended,
    };
    let stage =
        |(stage, took): (&SandboxStage, &Histogram)| StageVitals { stage: *stage, took: took.clone() };
    SandboxVitals {
        rung: rung.to_string(),
        kinds: tally.kinds.iter().map(kind).collect(),
        unheard: tally.unheard,
        stages: tally.stages.iter().map(stage).collect(),
    }
}
