//! The sandboxes of this process: which there are, and what people do with them.
//!
//! A [`Fleet`] is a [`Backend`] around another one. What the flows make goes through it and is known by an id; commands of
//! the work and of people take turns in it. A person may take a sandbox over: the work waits, until they hand it back or
//! give no sign of life for as long as a lease lasts. A sandbox can be written down between two commands, and others can
//! be made of that.
//!
//! An attempt's sandbox is kept for its next command, for a while, where it has no network: so there is one to look into,
//! and one whose memory means something.

mod backend;
mod bounds;
mod coming;
mod copy;
mod error;
mod fork;
mod handle;
mod member;
mod note;
mod shown;
mod snapshot;
mod takeover;
mod transcript;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use swarm_domain::{Clock, Entropy, SandboxId, SnapshotId, Subject, sandbox::HandedBack};
use tokio_util::sync::CancellationToken;

pub use bounds::FleetBounds;
pub use error::FleetError;
use member::{Kind, Member};
use note::Note;
pub use shown::{Shown, Standing, Tail};
pub use snapshot::{Snapshot, Still};

use crate::{
    admission,
    error::SandboxError,
    instance::Instance,
    sandbox::{Backend, Ended, Exec, Holder, Limits},
    sweep::sweep,
    vm,
    window::{Figures, Waiting},
};

const SNAPSHOTS: &str = "snapshots";
const FORKS: &str = "forks";

/// The sandboxes of this process. Cheap to clone.
#[derive(Clone)]
pub struct Fleet {
    shared: Arc<Shared>,
}

struct Shared {
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    bounds: FleetBounds,
    folder: PathBuf,
    /// What is begun and what forks work on is in its folder, and goes with it.
    instance: Instance,
    members: Mutex<BTreeMap<SandboxId, Arc<Member>>>,
    /// Of sandboxes that are gone: takeovers that ended with them.
    lapsed: Mutex<Vec<Lapsed>>,
    numbers: AtomicU64,
}

/// A takeover that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lapsed {
    /// Of which sandbox.
    pub id: SandboxId,
    /// The work that it is for.
    pub subject: Subject,
    /// Who had it.
    pub by: String,
    /// Since when. There is one takeover of a sandbox at a time.
    pub since: DateTime<Utc>,
    /// How many commands they ran in it.
    pub commands: u64,
    /// Why it ended.
    pub why: HandedBack,
}

/// What a person has who took over a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The sandbox.
    pub id: SandboxId,
    /// The work that it is for.
    pub subject: Subject,
    /// What each request must show.
    pub token: String,
    /// How long they have it without a sign of life.
    pub lease: Duration,
    /// How long they may have it in all.
    pub left: Duration,
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

impl Fleet {
    /// Around a backend. `folder` is swarm's own for snapshots and forks: made if missing, closed to other users, the same
    /// one at each start. What a killed process left in it is swept.
    pub async fn open(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        bounds: FleetBounds,
        folder: &Path,
    ) -> Result<Self, SandboxError> {
        sweep(folder).await?;
        let folder = folder.to_owned();
        apart(move || {
            let instance = Instance::open(&folder)?;
            let left = note::left(&folder);
            let shared = Shared {
                backend,
                clock,
                entropy,
                bounds,
                folder,
                instance,
                members: Mutex::default(),
                lapsed: Mutex::new(left),
                numbers: AtomicU64::new(1),
            };
            Ok(Self { shared: Arc::new(shared) })
        })
        .await
    }

    /// The bounds that it keeps.
    #[must_use]
    pub fn bounds(&self) -> &FleetBounds {
        &self.shared.bounds
    }

    /// A number that comes once in the life of this process: for what needs a name of its own.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.shared.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Every sandbox there is, and the machines that wait to become one.
    pub async fn list(&self) -> Vec<Shown> {
        let members = self.all();
        let looking = tokio::task::spawn_blocking(move || {
            members.iter().map(|member| member.shown()).collect::<Vec<_>>()
        });
        let mut shown = looking.await.unwrap_or_default();
        shown.extend(self.shared.backend.waiting().into_iter().filter_map(|waiting| self.waits(waiting)));
        shown
    }

    /// One of them.
    pub async fn show(&self, id: &SandboxId) -> Result<Shown, FleetError> {
        let member = self.member(id)?;
        Ok(apart(move || Ok(member.shown())).await?)
    }

    /// The sandboxes that are for an attempt of this name; there may be one in each run.
    #[must_use]
    pub fn of_attempt(&self, attempt: &str) -> Vec<SandboxId> {
        let is_for = |member: &Arc<Member>| {
            !matches!(member.kind, Kind::Fork(_))
                && member.holder.agent.is_some()
                && member.holder.subject.attempt.as_ref().is_some_and(|own| own.as_str() == attempt)
        };
        self.all().iter().filter(|member| is_for(member)).map(|member| member.id.clone()).collect()
    }

    /// The last lines that were said in it and by it.
    pub fn tail(&self, id: &SandboxId, lines: usize) -> Result<Tail, FleetError> {
        Ok(self.member(id)?.tail(lines))
    }

    /// For whom it is.
    pub fn holder(&self, id: &SandboxId) -> Result<Holder, FleetError> {
        Ok(self.member(id)?.holder.clone())
    }

    /// Runs a command of a person's, between those of the work. Who took it over shows the token.
    pub async fn exec(
        &self,
        id: &SandboxId,
        command: Exec,
        token: Option<&str>,
        cancel: CancellationToken,
    ) -> Result<Ended, FleetError> {
        let member = self.member(id)?;
        admission::exec(&command)?;
        member.for_person(command, token, self.bounds().turn(), cancel).await
    }

    /// Gives it to a person: the work waits from its next command on.
    pub async fn take_over(&self, id: &SandboxId, by: &str) -> Result<Taken, FleetError> {
        let member = self.member(id)?;
        let random = [self.shared.entropy.bytes(), self.shared.entropy.bytes()].concat();
        let token = vm::hex(&random);
        let (left, since) = member.take_over(by, token.clone(), self.bounds())?;
        let note = Note {
            process: self.own_folder().file_name().unwrap_or_default().to_string_lossy().into_owned(),
            id: member.id.clone(),
            subject: member.holder.subject.clone(),
            by: by.to_owned(),
            since,
        };
        let folder = self.shared.folder.clone();
        let kept = apart(move || {
            note.keep(&folder).map_err(|source| SandboxError::unwritten("note a takeover", source))
        });
        if let Err(error) = kept.await {
            // What is not on record is not given.
            let _ = member.hand_back(&token);
            return Err(error.into());
        }
        Ok(self.taken(&member, token, left))
    }

    /// The end of a takeover is written down, so it need not be told of again.
    pub fn told(&self, lapsed: &Lapsed) {
        note::forget(&self.shared.folder, lapsed);
    }

    /// A sign of life of who has it.
    pub fn renew(&self, id: &SandboxId, token: &str) -> Result<Taken, FleetError> {
        let member = self.member(id)?;
        let left = member.renew(token)?;
        Ok(self.taken(&member, token.to_owned(), left))
    }

    fn taken(&self, member: &Member, token: String, left: Duration) -> Taken {
        let (id, subject) = (member.id.clone(), member.holder.subject.clone());
        Taken { id, subject, token, lease: self.bounds().lease(), left }
    }

    /// Gives it back to its work.
    pub fn hand_back(&self, id: &SandboxId, token: &str) -> Result<Lapsed, FleetError> {
        self.member(id)?.hand_back(token)
    }

    /// Ends it, with whatever runs in it. Its work does the step again in another one. Says for whom it was.
    pub async fn stop(&self, id: &SandboxId, token: Option<&str>) -> Result<Holder, FleetError> {
        let member = self.member(id)?;
        match member.admits(token) {
            // One that is being made, or ended already, may be stopped too.
            Ok(()) | Err(FleetError::Busy { .. } | FleetError::Unknown { .. }) => {}
            Err(error) => return Err(error),
        }
        self.end(&member).await?;
        Ok(member.holder.clone())
    }

    /// Lets nothing run in it, so that it can be written down.
    pub async fn still(&self, id: &SandboxId, token: Option<&str>) -> Result<Still, FleetError> {
        let member = self.member(id)?;
        let place = member.turn(token, self.bounds().turn()).await?;
        Ok(Still::new(self.clone(), member, place))
    }

    /// What was written down, the oldest first.
    pub async fn snapshots(&self) -> Vec<Snapshot> {
        let shelf = self.snapshots_folder();
        let mut all = tokio::task::spawn_blocking(move || snapshot::all(&shelf)).await.unwrap_or_default();
        all.sort_by(|one, other| one.id.cmp(&other.id));
        all
    }

    /// Ends what nobody needs any more, and tells of takeovers that ended by themselves.
    pub async fn tend(&self) -> Vec<Lapsed> {
        let mut lapsed = std::mem::take(&mut *lock(&self.shared.lapsed));
        for member in self.all() {
            lapsed.extend(member.lapsed());
            let longest = match member.kind {
                Kind::Fork(_) => self.bounds().fork(),
                Kind::Kept | Kind::Once => self.bounds().kept(),
            };
            let idle = member.idle_since().filter(|since| since.elapsed() >= longest);
            if idle.is_some_and(|since| member.retire(since)) {
                tracing::debug!(sandbox = %member.id, "nobody needs it any more");
                // What is left of one that cannot be ended is on record, and swept at the next start.
                let _ = self.end(&member).await;
            }
        }
        lapsed
    }

    /// Ends all of them.
    pub async fn end_all(&self) {
        for member in self.all() {
            if let Err(error) = self.end(&member).await {
                tracing::warn!(%error, sandbox = %member.id, "a sandbox could not be ended");
            }
        }
        // What is left of forks is swept at the next start.
        let _ = tokio::fs::remove_dir(self.own_folder().join(FORKS)).await;
    }

    fn members(&self) -> MutexGuard<'_, BTreeMap<SandboxId, Arc<Member>>> {
        lock(&self.shared.members)
    }

    fn all(&self) -> Vec<Arc<Member>> {
        self.members().values().cloned().collect()
    }

    fn member(&self, id: &SandboxId) -> Result<Arc<Member>, FleetError> {
        let member = self.members().get(id).cloned();
        member.ok_or_else(|| FleetError::Unknown { id: id.to_string() })
    }

    fn snapshots_folder(&self) -> PathBuf {
        self.shared.folder.join(SNAPSHOTS)
    }

    fn own_folder(&self) -> PathBuf {
        self.shared.instance.folder().to_owned()
    }

    fn mint_snapshot(&self) -> SnapshotId {
        SnapshotId::mint(&*self.shared.clock, &*self.shared.entropy)
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }

    /// Whether sandboxes are kept for the next command of their attempt.
    fn keeps(&self) -> bool {
        self.bounds().kept_seconds > 0
    }

    fn waits(&self, waiting: Waiting) -> Option<Shown> {
        let age = chrono::Duration::from_std(waiting.since.elapsed()).ok()?;
        let since = self.now() - age;
        Some(Shown {
            id: SandboxId::parse(waiting.id).ok()?,
            name: "microvm".to_owned(),
            rung: waiting.rung,
            standing: Standing::Waiting,
            since,
            made_at: since,
            holder: Holder::default(),
            limits: Some(Limits {
                memory_bytes: waiting.memory_mib << 20,
                cpu_milli: waiting.vcpus * 1_000,
                ..Limits::default()
            }),
            figures: Figures::default(),
            image: None,
            fork_of: None,
            command: None,
            taken_by: None,
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does what blocks where it holds nothing up.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SandboxError> + Send + 'static,
) -> Result<T, SandboxError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| SandboxError::io("wait for its own work", std::io::Error::other(error)))?
}
