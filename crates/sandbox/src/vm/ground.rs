//! What the rung of microVMs stands on: a kernel, an image, the guest's program, a monitor, and the host's cgroups.

use std::{path::Path, sync::Arc, time::Duration};

use swarm_domain::attempt::Rung;

use super::{
    guest::GuestProgram, home::Home, image::Image, kernel::Kernel, machine::Monitor, pool::Pool, proof,
    template::Ingredients,
};
use crate::{cgroup::Places, error::SandboxError, instance::Instance};

/// How long a machine may take from its start to the guest's first word. An emulated one on a busy host takes its time.
const BOOT_WITHIN: Duration = Duration::from_mins(1);

/// All that a rung is opened on.
pub(super) struct Ground {
    home: Home,
    instance: Arc<Instance>,
    places: Places,
    ingredients: Ingredients,
}

impl Ground {
    /// Looks at what the machine has for it.
    pub(super) async fn look(
        state: &Path,
        home: Home,
        rung: Rung,
        monitor: Arc<dyn Monitor>,
    ) -> Result<Self, SandboxError> {
        let state = state.to_owned();
        apart(move || {
            let kernel = kernel(&home, rung)?;
            let (image, guest) = (Image::usual(&home)?, GuestProgram::find(&home)?);
            let instance = Arc::new(Instance::open(&state)?);
            let ingredients = Ingredients { monitor, kernel, image, guest, boot_within: BOOT_WITHIN };
            Ok(Self { home, instance, places: Places::find(), ingredients })
        })
        .await
    }

    /// Why no real kernel comes up with it; nothing where one does.
    pub(super) async fn obstacle(&self) -> Option<String> {
        proof::obstacle(&self.home, self.ingredients.clone(), &self.instance, &self.places).await
    }

    /// The same with another monitor.
    pub(super) fn with(mut self, monitor: Arc<dyn Monitor>) -> Self {
        self.ingredients.monitor = monitor;
        self
    }

    /// The machines of it, and the folder of their records.
    pub(super) fn open(self) -> (Arc<Pool>, Arc<Instance>) {
        let Self { home, instance, places, ingredients } = self;
        (Arc::new(Pool::open(ingredients, home, Arc::clone(&instance), places)), instance)
    }
}

/// The kernel of this rung's machines.
pub(super) fn kernel(home: &Home, rung: Rung) -> Result<Kernel, SandboxError> {
    Kernel::installed(home)?.ok_or_else(|| SandboxError::Unavailable {
        rung,
        reason: "there is no kernel for microVMs".to_owned(),
        mend: "run `swarm sandbox setup`".to_owned(),
    })
}

/// Does what blocks where it holds nothing up.
pub(super) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| SandboxError::io("wait for its own work", std::io::Error::other(error)))?
}
