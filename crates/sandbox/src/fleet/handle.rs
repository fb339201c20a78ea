//! What the flows hold of a sandbox of the fleet.

use std::sync::Arc;

use async_trait::async_trait;
use swarm_domain::attempt::Rung;
use tokio_util::sync::CancellationToken;

use super::{Fleet, member::Member};
use crate::{
    admission,
    error::SandboxError,
    sandbox::{Ended, Exec, Sandbox},
};

/// A sandbox of the fleet, in the hands of the work that it is for.
pub(super) struct Handle {
    fleet: Fleet,
    member: Arc<Member>,
    open: bool,
}

impl Handle {
    pub(super) fn new(fleet: Fleet, member: Arc<Member>) -> Self {
        Self { fleet, member, open: true }
    }
}

#[async_trait]
impl Sandbox for Handle {
    fn rung(&self) -> Rung {
        self.member.rung
    }

    async fn exec(&self, command: Exec, cancel: CancellationToken) -> Result<Ended, SandboxError> {
        admission::exec(&command)?;
        self.member.for_work(command, cancel).await
    }

    async fn stop(mut self: Box<Self>) -> Result<(), SandboxError> {
        self.open = false;
        if self.fleet.keeps() && self.member.park() {
            return Ok(());
        }
        // Who looks into it may look to the end.
        self.member.until_handed_back().await;
        self.fleet.end(&self.member).await
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.open {
            self.fleet.forget(&self.member);
        }
    }
}
