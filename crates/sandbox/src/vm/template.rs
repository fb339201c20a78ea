//! Templates: a machine that was booted once, warmed up, stopped and written down. Each sandbox is a copy of one.
//!
//! A template's name stands for everything that it was made from: kernel, image, guest program, size, monitor. When one
//! of these differs it is another template, so one is never out of date, and never changed.

use std::{
    fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use swarm_domain::vitals::SandboxStage;

use super::{
    guest::GuestProgram,
    home::{Home, Shelf},
    image::Image,
    initramfs::Initramfs,
    kernel::Kernel,
    link::Link,
    machine::{Boot, Machine, Monitor, Shape},
    size,
};
use crate::{
    cell::{Cell, TEMPLATE},
    cgroup::Places,
    error::SandboxError,
    instance::Instance,
    tally,
};

const SHELF: &str = "templates";
const INITRAMFS: &str = "initramfs";
const FACTS: &str = "template.json";

/// What a template is like besides what it is made from; another number, another template.
const GENERATION: u32 = 1;

/// How many are kept. Those that were used longest ago go.
const KEPT: usize = 6;

/// What machines are made from.
#[derive(Debug, Clone)]
pub(crate) struct Ingredients {
    pub(crate) monitor: Arc<dyn Monitor>,
    pub(crate) kernel: Kernel,
    pub(crate) image: Image,
    pub(crate) guest: GuestProgram,
    /// How long a machine may take from its start to the guest's first word.
    pub(crate) boot_within: Duration,
}

/// A machine to copy.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) folder: PathBuf,
    pub(crate) boot: Boot,
    pub(crate) cold_boot: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
struct Facts {
    kernel: String,
    image: String,
    monitor: String,
    shape: Shape,
    cold_boot_ms: u64,
}

impl Ingredients {
    /// Stands for all of them, and for a size.
    fn key(&self, shape: Shape) -> String {
        let mut hash = blake3::Hasher::new();
        let shape = format!("{} {}", shape.memory_mib, shape.vcpus);
        let parts = [
            &GENERATION.to_string(),
            self.kernel.hash(),
            &self.image.facts().hash,
            &self.guest.hash,
            &self.monitor.identity(),
            &shape,
        ];
        for part in parts {
            hash.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        hash.finalize().to_hex()[..32].to_owned()
    }

    /// The first file system.
    fn initramfs(&self) -> std::io::Result<Vec<u8>> {
        let mut archive = Initramfs::default();
        archive.folder("dev", 0o755);
        archive.device("dev/console", 0o600, 5, 1);
        archive.device("dev/null", 0o666, 1, 3);
        archive.folder("modules", 0o755);
        let mut order = String::new();
        for (name, content) in self.kernel.modules()? {
            archive.file(&format!("modules/{name}.ko"), 0o644, &content);
            order += &format!("{name}.ko\n");
        }
        archive.file("modules/list", 0o644, order.as_bytes());
        archive.file("init", 0o755, &self.guest.content);
        self.image.add_to(&mut archive);
        Ok(archive.finish())
    }

    fn boot(&self, shape: Shape, folder: &std::path::Path) -> Boot {
        Boot {
            shape,
            kernel: self.kernel.vmlinux(),
            initramfs: folder.join(INITRAMFS),
            root: self.image.disk(),
        }
    }

    fn made(&self, folder: PathBuf, shape: Shape) -> Option<Template> {
        let facts: Facts = serde_json::from_slice(&fs::read(folder.join(FACTS)).ok()?).ok()?;
        // Which was used last is told by its time.
        let _ = fs::File::open(folder.join(FACTS)).and_then(|file| file.set_modified(super::host::now()));
        let boot = self.boot(shape, &folder);
        Some(Template { folder, boot, cold_boot: Duration::from_millis(facts.cold_boot_ms) })
    }

    /// The template of this size: the one that is there, or a new one. Only one process makes one at a time.
    pub(crate) async fn template(
        &self,
        home: &Home,
        shape: Shape,
        instance: &Arc<Instance>,
        places: &Places,
    ) -> Result<Template, SandboxError> {
        let (shelf, key) = (home.shelf(SHELF), self.key(shape));
        if let Some(template) = self.made(shelf.place(&key), shape) {
            return Ok(template);
        }
        let failed = |source| SandboxError::io("make the template of a microVM", source);
        let waiting = shelf.clone();
        let lock = tokio::task::spawn_blocking(move || waiting.lock()).await;
        let bench = lock.map_err(std::io::Error::other).and_then(|lock| lock).map_err(failed)?;
        // Another may have made it meanwhile.
        if let Some(template) = self.made(shelf.place(&key), shape) {
            return Ok(template);
        }
        let making = bench.begin().map_err(failed)?;
        fs::write(making.path().join(INITRAMFS), self.initramfs().map_err(failed)?).map_err(failed)?;
        let berth = Cell::berth(Arc::clone(instance), places, TEMPLATE, &size::on_the_host(shape))?;
        let boot = self.boot(shape, making.path());
        let cold_boot = self.record(&berth, &boot, making.path()).await;
        // Its monitor is dead before anyone copies its memory.
        berth.stop().await?;
        let facts = Facts {
            kernel: self.kernel.release().to_owned(),
            image: self.image.name().to_owned(),
            monitor: self.monitor.identity(),
            shape,
            cold_boot_ms: u64::try_from(cold_boot?.as_millis()).unwrap_or(u64::MAX),
        };
        let json = serde_json::to_vec_pretty(&facts).map_err(|error| failed(error.into()))?;
        fs::write(making.path().join(FACTS), json).map_err(failed)?;
        let name = key.clone();
        let placed = tokio::task::spawn_blocking(move || {
            let folder = bench.place(making, &name)?;
            prune(&shelf, &bench, &name)?;
            Ok(folder)
        });
        let folder = placed.await.map_err(std::io::Error::other).and_then(|placed| placed).map_err(failed)?;
        tracing::info!(
            template = key,
            kernel = facts.kernel,
            image = facts.image,
            "made a template of a microVM"
        );
        self.made(folder, shape).ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))
    }

    /// Boots, warms up, stops and writes; says how long the boot took.
    async fn record(
        &self,
        berth: &Cell,
        boot: &Boot,
        folder: &std::path::Path,
    ) -> Result<Duration, SandboxError> {
        let began = Instant::now();
        let mut machine = self.monitor.boot(berth, boot, folder).await?;
        let link = greet(&mut machine, &berth.name, self.boot_within).await?;
        let cold_boot = began.elapsed();
        tally::took(SandboxStage::ColdBoot, cold_boot);
        link.warm(super::host::unix_nanos()).await.map_err(|error| error.of(&berth.name))?;
        link.freeze().await.map_err(|error| error.of(&berth.name))?;
        link.close().await;
        machine.snapshot(berth, folder).await?;
        Ok(cold_boot)
    }
}

/// Waits for the guest's first word.
pub(super) async fn greet(
    machine: &mut Box<dyn Machine>,
    name: &str,
    patience: Duration,
) -> Result<Link, SandboxError> {
    let began = Instant::now();
    let greeted = first_word(machine, name, patience).await;
    match &greeted {
        Ok(_) if name == TEMPLATE => {}
        Ok(_) => tally::took(SandboxStage::FirstWord, began.elapsed()),
        Err(_) => tally::unheard(),
    }
    greeted
}

async fn first_word(
    machine: &mut Box<dyn Machine>,
    name: &str,
    patience: Duration,
) -> Result<Link, SandboxError> {
    let gone = |reason: String| SandboxError::Gone { name: name.to_owned(), reason };
    let stream = machine.stream().ok_or_else(|| gone("its stream is taken".to_owned()))?;
    let console = machine.console();
    tokio::select! {
        greeted = Link::open(stream) => greeted.map_err(|error| error.of(name)),
        how = machine.ended() => Err(gone(how)),
        () = tokio::time::sleep(patience) => {
            let said = console.tail(3);
            Err(gone(format!("its guest said nothing within {} s; the console: {said}", patience.as_secs())))
        }
    }
}

/// Removes all but those that were used last. A machine that maps a removed one's memory goes on.
fn prune(shelf: &Shelf, bench: &super::home::Bench, newest: &str) -> std::io::Result<()> {
    let used = |name: &String| {
        let facts = fs::metadata(shelf.place(name).join(FACTS));
        facts.and_then(|facts| facts.modified()).ok()
    };
    let mut names: Vec<_> = shelf.names().into_iter().filter(|name| name != newest).collect();
    names.sort_by_key(used);
    let surplus = (names.len() + 1).saturating_sub(KEPT);
    names[..surplus].iter().try_for_each(|name| bench.remove(name))
}
