//! Sandboxes come and go.

use std::{fs, sync::Arc, time::Duration};

use swarm_domain::{SandboxId, SnapshotId};

use super::{
    Fleet, FleetError, apart, lock,
    member::{Kind, Member},
};
use crate::{
    error::SandboxError,
    sandbox::{Backend, Sandbox, SandboxSpec},
};

/// How long a sandbox may take to be made before one that only waits for its attempt makes room.
const MAKE_ROOM_AFTER: Duration = Duration::from_secs(2);

impl Fleet {
    /// One is about to be.
    pub(super) fn enter(&self, spec: &SandboxSpec) -> Entering {
        let id = SandboxId::mint(&*self.shared.clock, &*self.shared.entropy);
        let member = Arc::new(Member::new(id.clone(), spec, self.rung(), None, &self.shared.clock));
        self.members().insert(id, Arc::clone(&member));
        Entering::new(self, member)
    }

    /// A fork is about to be, where one more may.
    pub(super) fn enter_fork(
        &self,
        id: SandboxId,
        spec: &SandboxSpec,
        from: &SnapshotId,
    ) -> Result<Entering, FleetError> {
        let from = Some(from.clone());
        let member = Arc::new(Member::new(id.clone(), spec, self.rung(), from, &self.shared.clock));
        let mut members = self.members();
        let there = members.values().filter(|member| matches!(member.kind, Kind::Fork(_))).count();
        if there >= self.bounds().forks {
            return Err(FleetError::TooManyForks { there });
        }
        members.insert(id, Arc::clone(&member));
        Ok(Entering::new(self, member))
    }

    /// Has one made. Where that takes long, for want of room perhaps, those that only wait for their attempt go.
    pub(super) async fn make(
        &self,
        mut making: impl Future<Output = Result<Box<dyn Sandbox>, SandboxError>> + Send + Unpin,
    ) -> Result<Box<dyn Sandbox>, SandboxError> {
        loop {
            tokio::select! {
                biased;
                made = &mut making => return made,
                () = tokio::time::sleep(MAKE_ROOM_AFTER) => self.make_room().await,
            }
        }
    }

    async fn make_room(&self) {
        let kept = self.all().into_iter().filter(|member| member.kind == Kind::Kept);
        let longest =
            kept.filter_map(|member| Some((member.idle_since()?, member))).min_by_key(|(since, _)| *since);
        if let Some((since, member)) = longest
            && member.retire(since)
        {
            let _ = self.end(&member).await;
        }
    }

    /// Ends one, and forgets it.
    pub(super) async fn end(&self, member: &Arc<Member>) -> Result<(), SandboxError> {
        let ended = member.end().await;
        self.gone(member);
        let workdir = member.workdir.clone();
        if matches!(member.kind, Kind::Fork(_)) {
            let removed = apart(move || match fs::remove_dir_all(workdir) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(SandboxError::io("remove the files of a fork", error))
                }
                _ => Ok(()),
            });
            removed.await?;
        }
        ended
    }

    /// The same without waiting.
    pub(super) fn forget(&self, member: &Arc<Member>) {
        member.drop_it();
        self.gone(member);
    }

    fn gone(&self, member: &Arc<Member>) {
        self.members().remove(&member.id);
        lock(&self.shared.lapsed).extend(member.lapsed());
    }
}

/// One that is about to be; when that fails it is forgotten.
pub(super) struct Entering {
    fleet: Fleet,
    member: Arc<Member>,
    is_there: bool,
}

impl Entering {
    fn new(fleet: &Fleet, member: Arc<Member>) -> Self {
        Self { fleet: fleet.clone(), member, is_there: false }
    }

    /// It is, unless it was stopped meanwhile.
    pub(super) async fn open(mut self, sandbox: Box<dyn Sandbox>) -> Result<Arc<Member>, SandboxError> {
        self.member.open(sandbox).await?;
        self.is_there = true;
        Ok(Arc::clone(&self.member))
    }
}

impl Drop for Entering {
    fn drop(&mut self) {
        if self.is_there {
            return;
        }
        self.fleet.forget(&self.member);
        if matches!(self.member.kind, Kind::Fork(_)) {
            // What is left goes with this process's folder.
            let _ = fs::remove_dir_all(&self.member.workdir);
        }
    }
}
