//! What a run is built from. It does not change during the run, so a build reads it once, and what works on its tickets
//! in the same process has it from there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use swarm_domain::{ProjectId, RunId, plan::Plan, run::RunOptions, spec::Spec};

use crate::{error::FlowError, parts::Parts};

/// What a run is built from.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) project: ProjectId,
    pub(crate) plan: Arc<Plan>,
    pub(crate) spec: Arc<Spec>,
    pub(crate) options: RunOptions,
}

impl Ground {
    pub(crate) async fn read(parts: &Parts, run: &RunId) -> Result<Self, FlowError> {
        let tenant = &parts.config.tenant;
        let run = parts.store.run(tenant, run).await?;
        let plan = parts.plan(&run.plan).await?;
        let spec = parts.store.spec(tenant, &plan.spec).await?.spec;
        Ok(Self { project: run.project, plan: Arc::new(plan), spec: Arc::new(spec), options: run.options })
    }
}

/// The grounds of the runs that are built in this process.
#[derive(Clone, Default)]
pub(crate) struct Grounds(Arc<Mutex<HashMap<RunId, Weak<Ground>>>>);

impl Grounds {
    fn known(&self) -> MutexGuard<'_, HashMap<RunId, Weak<Ground>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what a run is built from, for as long as somebody holds it: a run that is taken up again may have been given
    /// other options.
    pub(crate) async fn lay(&self, parts: &Parts, run: &RunId) -> Result<Arc<Ground>, FlowError> {
        let ground = Arc::new(Ground::read(parts, run).await?);
        let mut known = self.known();
        known.retain(|_, ground| ground.strong_count() > 0);
        known.insert(run.clone(), Arc::downgrade(&ground));
        Ok(ground)
    }

    /// What a run is built from: from its build, where that is in this process.
    pub(crate) async fn of(&self, parts: &Parts, run: &RunId) -> Result<Arc<Ground>, FlowError> {
        let known = self.known().get(run).and_then(Weak::upgrade);
        match known {
            Some(ground) => Ok(ground),
            None => Ok(Arc::new(Ground::read(parts, run).await?)),
        }
    }
}
