//! The way out of a microVM: the link leads each connection of the relay inside to the proxy of the sandbox.

use std::{collections::BTreeMap, sync::Arc};

use super::link::{Link, LinkError};
use crate::{
    egress::{Egress, Proxy, Surroundings},
    error::SandboxError,
    sandbox::Limits,
};

/// The way out of one sandbox, whichever machine it has just now: a new machine goes on with what is left.
#[derive(Debug, Clone)]
pub(super) struct WayOut {
    proxy: Proxy,
    inside: Arc<Surroundings>,
}

impl WayOut {
    /// Opens it. Blocks while a file is read.
    pub(super) fn open(egress: Egress, limits: &Limits) -> Result<Self, SandboxError> {
        let proxy = Proxy::new(egress, limits.network_bytes)?;
        let inside = Arc::new(Surroundings::of(&proxy));
        Ok(Self { proxy, inside })
    }

    /// Gives it to a machine that is this sandbox's from now on.
    pub(super) async fn give(&self, link: &Link) -> Result<(), LinkError> {
        link.lead_out(self.proxy.clone());
        link.trust(self.inside.certificates().to_owned()).await
    }

    /// What a command's environment begins with.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        self.inside.environment().collect()
    }
}
