//! A fleet stands where any other backend would.

use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use swarm_domain::{Subject, attempt::Rung};
use tokio_util::sync::CancellationToken;

use super::{
    Fleet,
    handle::Handle,
    member::{Kind, Member},
};
use crate::{
    error::SandboxError,
    sandbox::{Backend, Sandbox, SandboxSpec},
    window::Waiting,
};

#[async_trait]
impl Backend for Fleet {
    fn rung(&self) -> Rung {
        self.shared.backend.rung()
    }

    async fn probe(&self) -> Result<(), SandboxError> {
        self.shared.backend.probe().await
    }

    async fn create(&self, spec: SandboxSpec) -> Result<Box<dyn Sandbox>, SandboxError> {
        if let Some(kept) = self.all().into_iter().find(|member| member.unpark(&spec)) {
            return Ok(Box::new(Handle::new(self.clone(), kept)));
        }
        let entering = self.enter(&spec);
        let sandbox = self.make(self.shared.backend.create(spec)).await?;
        let member = entering.open(sandbox).await?;
        Ok(Box::new(Handle::new(self.clone(), member)))
    }

    async fn revive(&self, spec: SandboxSpec, memory: &Path) -> Result<Box<dyn Sandbox>, SandboxError> {
        let entering = self.enter(&spec);
        let sandbox = self.make(self.shared.backend.revive(spec, memory)).await?;
        let member = entering.open(sandbox).await?;
        Ok(Box::new(Handle::new(self.clone(), member)))
    }

    async fn close(&self) {
        self.end_all().await;
        self.shared.backend.close().await;
    }

    fn waiting(&self) -> Vec<Waiting> {
        self.shared.backend.waiting()
    }

    async fn release(&self, work: &Subject, cancel: CancellationToken) -> Result<(), SandboxError> {
        let is_for = |member: &Arc<Member>| {
            let own = &member.holder.subject;
            member.kind == Kind::Kept && (&own.run, &own.attempt) == (&work.run, &work.attempt)
        };
        for member in self.all().into_iter().filter(is_for) {
            // A person may be in the middle of something.
            let _ = cancel.run_until_cancelled(member.until_handed_back()).await;
            self.end(&member).await?;
        }
        Ok(())
    }
}
