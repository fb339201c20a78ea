//! What is counted of sandboxes as they come and go.

use std::time::Duration;

use swarm_domain::{
    attempt::Rung,
    vitals::{SandboxKind, SandboxKindVitals, SandboxStage, SandboxVitals},
};
use swarm_sandbox::{Exec, Limits, vitals};
use tokio_util::sync::CancellationToken;

use crate::ground::{self, Ground};

fn small() -> Limits {
    Limits { memory_bytes: 64 << 20, disk_bytes: 32 << 20, wall: Duration::from_mins(4), ..Limits::default() }
}

fn of(found: &SandboxVitals, kind: SandboxKind) -> SandboxKindVitals {
    let none = SandboxKindVitals { kind, there: 0, begun: 0, ended: 0 };
    found.kinds.iter().find(|one| one.kind == kind).copied().unwrap_or(none)
}

fn times(found: &SandboxVitals, stage: SandboxStage) -> u64 {
    found.stages.iter().find(|one| one.stage == stage).map_or(0, |one| one.took.count())
}

// One test, as the process has one tally.
#[tokio::test]
async fn a_sandbox_counts_from_its_beginning_to_its_end_on_every_rung() {
    let ground = Ground::new();
    for rung in ground.everywhere().await {
        let name = rung.backend.rung();
        let is_machine = matches!(name, Rung::Qemu | Rung::Firecracker);
        let kind = if is_machine { SandboxKind::Microvm } else { SandboxKind::Process };
        let before = vitals(name);
        let sandbox = rung.backend.create(ground.spec(small())).await.unwrap();
        let ended = sandbox.exec(Exec::shell("exit 0"), CancellationToken::new()).await.unwrap();
        assert_eq!(ended.how, ground::FINE);
        let during = vitals(name);
        assert_eq!(during.rung, name.to_string());
        assert!(of(&during, kind).there > of(&before, kind).there, "{name}: {during:?}");
        if is_machine {
            assert!(times(&during, SandboxStage::FirstWord) > times(&before, SandboxStage::FirstWord));
            assert_eq!(during.unheard, before.unheard);
        }
        sandbox.stop().await.unwrap();
        rung.backend.close().await;
        let is_as_before = || of(&vitals(name), kind).there == of(&before, kind).there;
        ground::until("what was made ahead is gone too", is_as_before).await;
        let after = vitals(name);
        let (ended, lives) = (of(&after, kind).ended, times(&after, SandboxStage::Life));
        assert!(ended > of(&before, kind).ended && lives >= ended, "{name}: {after:?}");
    }
}
