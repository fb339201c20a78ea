//! A PostgreSQL that is nobody's in particular: the processes of a test find it by its URL.

use std::path::Path;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use swarm_store::{Cluster, ClusterOptions};
use tokio::runtime::Runtime;

use crate::world::wait_for;

pub struct Database {
    runtime: Runtime,
    cluster: Cluster,
}

impl Database {
    /// Starts one in this folder.
    pub fn start(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let cluster = runtime.block_on(Cluster::start(folder, ClusterOptions::default())).unwrap();
        Self { runtime, cluster }
    }

    pub fn url(&self) -> String {
        self.cluster.database_url()
    }

    /// Ends it as hard as it goes.
    pub fn kill(&self) {
        let pid = Pid::from_raw(self.runtime.block_on(self.cluster.pid()));
        kill(pid, Signal::SIGKILL).unwrap();
        wait_for(pid);
    }

    /// Starts it again after it was killed.
    pub fn revive(&self) {
        assert!(self.runtime.block_on(self.cluster.revive()).unwrap(), "it had ended");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.cluster.stop());
    }
}
