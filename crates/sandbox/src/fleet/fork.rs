//! Sandboxes made of what was written down.

use std::fs;

use swarm_domain::{SandboxId, SnapshotId};

use super::{FORKS, Fleet, FleetError, Shown, Snapshot, apart, copy};
use crate::{
    error::SandboxError,
    sandbox::{Holder, SandboxSpec},
};

impl Fleet {
    /// Makes a sandbox of its own from what was written down: with a copy of the files and, where it is there, of the
    /// memory; with another identity and other randomness. It ends when nobody uses it for a while.
    pub async fn fork(&self, from: &SnapshotId) -> Result<Shown, FleetError> {
        let unknown = || FleetError::Unknown { id: from.to_string() };
        let place = self.snapshots_folder().join(from.as_str());
        let snapshot = apart(move || Ok(Snapshot::read(&place))).await?.ok_or_else(unknown)?;
        let id = SandboxId::mint(&*self.shared.clock, &*self.shared.entropy);
        let workdir = self.own_folder().join(FORKS).join(id.as_str());
        let spec = SandboxSpec {
            name: format!("fork-{id}"),
            workdir: workdir.clone(),
            limits: snapshot.limits.clone(),
            holder: Holder { subject: snapshot.subject.clone(), agent: snapshot.agent.clone(), keep: false },
            ..SandboxSpec::default()
        };
        let entering = self.enter_fork(id.clone(), &spec, from)?;
        let (files, bytes) = (snapshot.files(), self.bounds().snapshot_file_bytes);
        let stage = self.own_folder().join(format!("stage-{id}"));
        apart(move || {
            let parent = workdir.parent().unwrap_or(&workdir);
            fs::create_dir_all(parent).map_err(|source| SandboxError::unwritten("make a fork", source))?;
            copy::copy(&files, &workdir, &stage, bytes).map(drop)
        })
        .await?;
        let sandbox = if snapshot.memory {
            self.make(self.shared.backend.revive(spec, &snapshot.memory())).await?
        } else {
            self.make(self.shared.backend.create(spec)).await?
        };
        let member = entering.open(sandbox).await?;
        member.let_go();
        self.show(&id).await
    }
}
