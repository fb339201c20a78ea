//! Machines that are ready before they are asked for, and the bound on how many there are.
//!
//! A machine belongs to one sandbox and is never used again by another. What waits here was restored from its template,
//! answers, and was given neither time nor randomness nor files yet.

mod admission;
mod demand;
mod figures;

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use demand::Demand;
use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use super::{
    home::Home,
    host::Means,
    link::Link,
    machine::{Boot, Machine, Shape},
    size,
    template::{self, Ingredients, Template},
};
use crate::{cell::Cell, cgroup::Places, error::SandboxError, instance::Instance, window::Waiting};

/// How long a sandbox waits for room on the host.
const ROOM_WITHIN: Duration = Duration::from_mins(2);

/// How long a restored machine's guest may take to its first word, each time that it is tried. An emulated one that has its
/// memory from a cold disk may stay silent, and one that follows it has the memory at hand.
const GREETED_WITHIN: [Duration; 3] =
    [Duration::from_secs(5), Duration::from_secs(20), Duration::from_secs(20)];

/// A machine that waits must answer within this.
const ALIVE_WITHIN: Duration = Duration::from_secs(2);

/// How often the machines that wait are asked whether they live.
const ASK_EVERY: Duration = Duration::from_secs(10);

/// How many wait at most, for each processor of the host.
const READY_A_PROCESSOR: usize = 2;

/// How many are started at once, for each processor of the host. More would only wait for one another, all of them longer.
const STARTING_A_PROCESSOR: usize = 2;

/// A machine that answers, with everything that is its own. When it is dropped all of that goes.
#[derive(Debug)]
pub(crate) struct Vm {
    pub(crate) link: Link,
    pub(crate) machine: Box<dyn Machine>,
    pub(crate) cell: Cell,
    /// What it was started from.
    pub(crate) boot: Boot,
    /// When its monitor was started, and how long it took until its processor ran.
    pub(crate) began: Instant,
    pub(crate) resumed: Duration,
    _room: Room,
}

/// A machine whose guest answers, before it has its room.
struct Greeted {
    link: Link,
    machine: Box<dyn Machine>,
    cell: Cell,
    began: Instant,
    resumed: Duration,
}

impl Greeted {
    fn settled(self, boot: &Boot, room: Room) -> Vm {
        let Self { link, machine, cell, began, resumed } = self;
        Vm { link, machine, cell, boot: boot.clone(), began, resumed, _room: room }
    }
}

impl Vm {
    /// Ends it, and waits until nothing of it is left.
    pub(crate) async fn end(mut self) -> Result<(), SandboxError> {
        self.machine.kill().await;
        self.cell.stop().await
    }
}

/// Machines of all sizes, of one kind.
#[derive(Debug)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ingredients: Ingredients,
    home: Home,
    instance: Arc<Instance>,
    places: Places,
    at_first: Means,
    most_ready: usize,
    state: Mutex<State>,
    freed: Notify,
    starting: Semaphore,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    /// Every machine that there is or that is being made.
    there: HashMap<u64, Shape>,
    next: u64,
    shelves: HashMap<Shape, Shelf>,
    keeper: bool,
}

#[derive(Debug, Default)]
struct Shelf {
    ready: Vec<Vm>,
    /// That are being restored, to be ready.
    coming: usize,
    demand: Demand,
}

/// The place of a machine among those that the host has room for.
#[derive(Debug)]
struct Room {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.shared.state().there.remove(&self.number);
        self.shared.freed.notify_waiters();
    }
}

impl Pool {
    pub(crate) fn open(
        ingredients: Ingredients,
        home: Home,
        instance: Arc<Instance>,
        places: Places,
    ) -> Self {
        let at_first = Means::now();
        let processors = usize::try_from(at_first.processors).unwrap_or(1);
        let shared = Shared {
            ingredients,
            home,
            instance,
            places,
            at_first,
            most_ready: processors * READY_A_PROCESSOR,
            state: Mutex::default(),
            freed: Notify::new(),
            starting: Semaphore::new(processors * STARTING_A_PROCESSOR),
            closed: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn ingredients(&self) -> &Ingredients {
        &self.shared.ingredients
    }

    /// The template for machines of a size; it is made when there is none.
    pub(crate) async fn template(&self, shape: Shape) -> Result<Template, SandboxError> {
        self.shared.template(shape).await
    }

    /// A machine that answers: one that waited, or a new one.
    pub(crate) async fn take(&self, shape: Shape) -> Result<Vm, SandboxError> {
        self.shared.state().shelf(shape).demand.taken(Instant::now());
        let taken =
            if let Some(ready) = self.shared.living(shape).await { ready } else { self.make(shape).await? };
        self.shared.refill(shape);
        Ok(taken)
    }

    /// A new machine, whoever waits.
    pub(crate) async fn make(&self, shape: Shape) -> Result<Vm, SandboxError> {
        let room = self.shared.room(shape).await?;
        self.shared.restore(shape, room).await
    }

    /// A machine that goes on from what was written down of another one.
    pub(crate) async fn revive(&self, boot: &Boot, checkpoint: &Path) -> Result<Vm, SandboxError> {
        let room = self.shared.room(boot.shape).await?;
        self.shared.restore_from(boot, checkpoint, room).await
    }

    /// Those that wait.
    pub(crate) fn waiting(&self) -> Vec<Waiting> {
        let rung = self.shared.ingredients.monitor.rung();
        let state = self.shared.state();
        let ready =
            state.shelves.iter().flat_map(|(shape, shelf)| shelf.ready.iter().map(move |vm| (shape, vm)));
        let waiting = ready.map(|(shape, vm)| Waiting {
            id: vm.cell.id.clone(),
            rung,
            memory_mib: shape.memory_mib,
            vcpus: shape.vcpus,
            since: vm.began,
        });
        waiting.collect()
    }

    /// How many wait.
    pub(crate) fn ready(&self) -> usize {
        self.shared.state().shelves.values().map(|shelf| shelf.ready.len()).sum()
    }

    /// Lets none wait any more and ends those that do.
    pub(crate) async fn drain(&self) {
        self.shared.closed.cancel();
        // Each gives its room back when it ends, so the list must not hold the lock.
        let waiting = self.shared.state().take_all();
        for waiting in waiting {
            // What is left of one that cannot be ended is on record, and swept at the next start.
            let _ = waiting.end().await;
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.closed.cancel();
        // Outside of the lock, as above.
        let waiting = self.shared.state().take_all();
        drop(waiting);
    }
}

impl State {
    fn shelf(&mut self, shape: Shape) -> &mut Shelf {
        self.shelves.entry(shape).or_default()
    }

    fn take_all(&mut self) -> Vec<Vm> {
        self.shelves.values_mut().flat_map(|shelf| std::mem::take(&mut shelf.ready)).collect()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn template(&self, shape: Shape) -> Result<Template, SandboxError> {
        self.ingredients.template(&self.home, shape, &self.instance, &self.places).await
    }

    /// One that waited and still answers.
    async fn living(&self, shape: Shape) -> Option<Vm> {
        loop {
            let mut waiting = self.state().shelf(shape).ready.pop()?;
            if is_alive(&mut waiting).await {
                return Some(waiting);
            }
            tracing::warn!(machine = waiting.cell.name, "a microVM that waited had died");
        }
    }

    /// Waits for room. A machine that only waits to be used makes room for one that is.
    async fn room(self: &Arc<Self>, shape: Shape) -> Result<Room, SandboxError> {
        let until = tokio::time::Instant::now() + ROOM_WITHIN;
        loop {
            let freed = self.freed.notified();
            tokio::pin!(freed);
            freed.as_mut().enable();
            if let Some(room) = self.enter(shape) {
                return Ok(room);
            }
            let surplus = self.state().shelves.values_mut().find_map(|shelf| shelf.ready.pop());
            if let Some(surplus) = surplus {
                surplus.end().await?;
                continue;
            }
            if tokio::time::timeout_at(until, freed).await.is_err() {
                return Err(SandboxError::Full { there: self.state().there.len() });
            }
        }
    }

    fn enter(self: &Arc<Self>, shape: Shape) -> Option<Room> {
        let mut state = self.state();
        let there = state.there.values().copied();
        if !admission::admits(self.at_first, Means::now(), there, shape) {
            return None;
        }
        let number = state.next;
        state.next += 1;
        state.there.insert(number, shape);
        Some(Room { shared: Arc::clone(self), number })
    }

    async fn restore(self: &Arc<Self>, shape: Shape, room: Room) -> Result<Vm, SandboxError> {
        let template = self.template(shape).await?;
        self.restore_from(&template.boot, &template.folder, room).await
    }

    async fn restore_from(
        self: &Arc<Self>,
        boot: &Boot,
        folder: &Path,
        room: Room,
    ) -> Result<Vm, SandboxError> {
        // It is never closed.
        let _turn = self.starting.acquire().await;
        let [tries @ .., last] = GREETED_WITHIN;
        for patience in tries {
            match self.greeted(boot, folder, patience).await {
                Err(error @ SandboxError::Gone { .. }) => {
                    tracing::warn!(%error, "another microVM is restored in the place of one that does not answer");
                }
                greeted => return Ok(greeted?.settled(boot, room)),
            }
        }
        Ok(self.greeted(boot, folder, last).await?.settled(boot, room))
    }

    /// Restores a machine and has its guest's first word.
    async fn greeted(&self, boot: &Boot, folder: &Path, patience: Duration) -> Result<Greeted, SandboxError> {
        let shape = boot.shape;
        let (instance, places) = (Arc::clone(&self.instance), self.places.clone());
        let berth = tokio::task::spawn_blocking(move || {
            Cell::berth(instance, &places, "microvm", &size::on_the_host(shape))
        });
        let cell = berth
            .await
            .map_err(|error| SandboxError::io("make a microVM", std::io::Error::other(error)))??;
        let began = Instant::now();
        let mut machine = self.ingredients.monitor.restore(&cell, boot, folder).await?;
        let resumed = began.elapsed();
        match template::greet(&mut machine, &cell.name, patience).await {
            Ok(link) => Ok(Greeted { link, machine, cell, began, resumed }),
            Err(error) => {
                machine.kill().await;
                cell.stop().await?;
                Err(error)
            }
        }
    }

    /// Has as many restored as the demand wants, one after the other, where there is room.
    fn refill(self: &Arc<Self>, shape: Shape) {
        if self.closed.is_cancelled() {
            return;
        }
        self.keep();
        let missing = {
            let mut state = self.state();
            let most = self.most_ready;
            let shelf = state.shelf(shape);
            let wanted = shelf.demand.wanted(Instant::now(), most);
            let missing = wanted.saturating_sub(shelf.ready.len() + shelf.coming);
            shelf.coming += missing;
            missing
        };
        if missing == 0 {
            return;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            for _ in 0..missing {
                let restored = tokio::select! {
                    biased;
                    () = this.closed.cancelled() => None,
                    restored = this.one_more(shape) => restored,
                };
                let mut state = this.state();
                let shelf = state.shelf(shape);
                shelf.coming -= 1;
                if !this.closed.is_cancelled() {
                    shelf.ready.extend(restored);
                }
            }
        });
    }

    /// Nobody waits for it: when there is no room, or it fails, there is none.
    async fn one_more(self: &Arc<Self>, shape: Shape) -> Option<Vm> {
        let room = self.enter(shape)?;
        match self.restore(shape, room).await {
            Ok(restored) => Some(restored),
            Err(error) => {
                tracing::warn!(%error, "a microVM could not be made ready");
                None
            }
        }
    }

    /// Asks those that wait whether they live, replaces the dead, and lets those go that nobody wants any more. It ends
    /// with the pool.
    fn keep(self: &Arc<Self>) {
        if std::mem::replace(&mut self.state().keeper, true) {
            return;
        }
        let (this, closed) = (Arc::downgrade(self), self.closed.clone());
        tokio::spawn(async move {
            while tokio::time::timeout(ASK_EVERY, closed.cancelled()).await.is_err() {
                let Some(this) = this.upgrade() else {
                    return;
                };
                let shapes: Vec<_> = this.state().shelves.keys().copied().collect();
                for shape in shapes {
                    this.look_after(shape).await;
                }
            }
        });
    }

    async fn look_after(self: &Arc<Self>, shape: Shape) {
        let waiting = std::mem::take(&mut self.state().shelf(shape).ready);
        let mut living = Vec::new();
        for mut one in waiting {
            if is_alive(&mut one).await {
                living.push(one);
            }
        }
        let surplus = {
            let mut state = self.state();
            let most = self.most_ready;
            let shelf = state.shelf(shape);
            shelf.ready.append(&mut living);
            let wanted = shelf.demand.wanted(Instant::now(), most);
            shelf.ready.split_off(wanted.min(shelf.ready.len()))
        };
        for one in surplus {
            // As above: what is left is swept.
            let _ = one.end().await;
        }
        if self.closed.is_cancelled() {
            let waiting = self.state().take_all();
            drop(waiting);
        } else {
            self.refill(shape);
        }
    }
}

async fn is_alive(machine: &mut Vm) -> bool {
    tokio::time::timeout(ALIVE_WITHIN, machine.link.ping()).await.is_ok_and(|pong| pong.is_ok())
}
