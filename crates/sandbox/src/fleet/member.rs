//! One sandbox of the fleet: where it stands. `turn`: whose turn it is; `held`: a person has it.

mod held;
mod turn;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use chrono::{DateTime, Utc};
use swarm_domain::{Clock, SandboxId, SnapshotId, attempt::Rung, sandbox::HandedBack};
use tokio::sync::{Mutex as Turn, Notify};
use tokio_util::sync::CancellationToken;

use super::{
    FleetError, Lapsed,
    shown::{Shown, Standing, Tail},
    takeover::Takeover,
    transcript::Transcript,
};
use crate::{
    error::SandboxError,
    sandbox::{Holder, Limits, Network, Sandbox, SandboxSpec},
    window::Window,
};

/// The sandbox itself, while it is there. Who holds the lock has the turn.
pub(super) type Place = Option<Box<dyn Sandbox>>;

/// How long a sandbox is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// For as long as whoever made it holds it.
    Once,
    /// It waits for the next command of its attempt.
    Kept,
    /// It was made from a snapshot, for people.
    Fork(SnapshotId),
}

/// One sandbox.
pub(super) struct Member {
    pub(super) id: SandboxId,
    pub(super) holder: Holder,
    pub(super) workdir: PathBuf,
    pub(super) limits: Limits,
    pub(super) kind: Kind,
    pub(super) rung: Rung,
    name: String,
    made_at: DateTime<Utc>,
    clock: Arc<dyn Clock>,
    place: Arc<Turn<Place>>,
    /// It ends, whatever runs in it.
    over: CancellationToken,
    /// A takeover has ended.
    handed_back: Notify,
    state: Mutex<State>,
}

struct State {
    life: Life,
    since: DateTime<Utc>,
    /// Whether somebody in the flows has it.
    held: bool,
    running: Option<String>,
    takeover: Option<Takeover>,
    /// Takeovers that ended by themselves and were not told of yet.
    lapsed: Vec<Lapsed>,
    used: Instant,
    window: Option<Arc<dyn Window>>,
    transcript: Transcript,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    Starting,
    Open,
    Ending,
}

impl Member {
    pub(super) fn new(
        id: SandboxId,
        spec: &SandboxSpec,
        rung: Rung,
        fork_of: Option<SnapshotId>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let now = clock.now();
        // What was asked of a network is told when the sandbox ends.
        let is_kept = spec.holder.keep && matches!(spec.network, Network::None);
        let kind = match fork_of {
            Some(snapshot) => Kind::Fork(snapshot),
            None if is_kept => Kind::Kept,
            None => Kind::Once,
        };
        let state = State {
            life: Life::Starting,
            since: now,
            held: true,
            running: None,
            takeover: None,
            lapsed: Vec::new(),
            used: Instant::now(),
            window: None,
            transcript: Transcript::default(),
        };
        Self {
            id,
            holder: spec.holder.clone(),
            workdir: spec.workdir.clone(),
            limits: spec.limits.clone(),
            kind,
            rung,
            name: spec.name.clone(),
            made_at: now,
            clock: Arc::clone(clock),
            place: Arc::default(),
            over: CancellationToken::new(),
            handed_back: Notify::new(),
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, after a takeover that is over was noted.
    fn current(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        let over = state.takeover.as_ref().and_then(|takeover| takeover.over(Instant::now()));
        if let Some(why) = over {
            self.give_back(&mut state, why);
        }
        state
    }

    fn stopped(&self) -> SandboxError {
        SandboxError::Stopped { name: self.name.clone() }
    }

    fn unknown(&self) -> FleetError {
        FleetError::Unknown { id: self.id.to_string() }
    }

    fn busy(&self, doing: &str) -> FleetError {
        FleetError::Busy { id: self.id.to_string(), doing: doing.to_owned() }
    }

    /// It is there, unless it was stopped meanwhile.
    pub(super) async fn open(&self, sandbox: Box<dyn Sandbox>) -> Result<(), SandboxError> {
        let mut place = self.place.lock().await;
        let is_wanted = {
            let mut state = self.state();
            let is_wanted = state.life == Life::Starting;
            if is_wanted {
                (state.life, state.since, state.used) = (Life::Open, self.clock.now(), Instant::now());
                state.window = Some(sandbox.window());
            }
            is_wanted
        };
        if !is_wanted {
            sandbox.stop().await?;
            return Err(self.stopped());
        }
        *place = Some(sandbox);
        Ok(())
    }

    /// It is there, and nobody in the flows has it.
    pub(super) fn let_go(&self) {
        self.state().held = false;
    }

    /// Whether whoever shows this may do something; it counts as a sign of life.
    pub(super) fn admits(&self, token: Option<&str>) -> Result<(), FleetError> {
        let mut state = self.current();
        match state.life {
            Life::Starting => return Err(self.busy("it is starting")),
            Life::Ending => return Err(self.unknown()),
            Life::Open => {}
        }
        let id = || self.id.to_string();
        match (&mut state.takeover, token) {
            (Some(takeover), Some(token)) if takeover.token == token => {
                takeover.renew(Instant::now());
                Ok(())
            }
            (Some(Takeover { by, since, .. }), _) => {
                Err(FleetError::TakenOver { id: id(), by: by.clone(), since: *since })
            }
            (None, Some(_)) => Err(FleetError::HandedBack { id: id() }),
            (None, None) => Ok(()),
        }
    }

    /// Keeps it for the next command of its attempt, if that is what it is for.
    pub(super) fn park(&self) -> bool {
        let mut state = self.state();
        let parks = self.kind == Kind::Kept && state.life == Life::Open;
        if parks {
            (state.held, state.used) = (false, Instant::now());
        }
        parks
    }

    /// Takes it for the next command of its attempt, if it was kept for such a one.
    pub(super) fn unpark(&self, spec: &SandboxSpec) -> bool {
        let is_for = self.kind == Kind::Kept
            && matches!(spec.network, Network::None)
            && (&self.holder, &self.workdir, &self.limits) == (&spec.holder, &spec.workdir, &spec.limits);
        let mut state = self.state();
        let is_free = is_for && state.life == Life::Open && !state.held;
        state.held |= is_free;
        is_free
    }

    /// Since when nobody has used it, if nobody has it.
    pub(super) fn idle_since(&self) -> Option<Instant> {
        let state = self.current();
        let is_idle =
            state.life == Life::Open && !state.held && state.running.is_none() && state.takeover.is_none();
        (is_idle && self.kind != Kind::Once).then_some(state.used)
    }

    /// Begins to end it, if nobody has used it since then.
    pub(super) fn retire(&self, since: Instant) -> bool {
        let is_idle = self.idle_since() == Some(since);
        let mut state = self.state();
        let retires = is_idle && state.life == Life::Open && !state.held && state.used == since;
        if retires {
            state.life = Life::Ending;
        }
        retires
    }

    /// Ends it, with whatever runs in it, and waits until nothing of it is left.
    pub(super) async fn end(&self) -> Result<(), SandboxError> {
        self.begin_to_end();
        let sandbox = self.place.lock().await.take();
        match sandbox {
            Some(sandbox) => sandbox.stop().await,
            None => Ok(()),
        }
    }

    /// The same without waiting.
    pub(super) fn drop_it(&self) {
        self.begin_to_end();
        // Whoever has the turn drops it at the end of that.
        if let Ok(mut place) = self.place.try_lock() {
            place.take();
        }
    }

    fn begin_to_end(&self) {
        let mut state = self.state();
        if state.life != Life::Ending {
            (state.life, state.since) = (Life::Ending, self.clock.now());
        }
        // It may hold what others wait for the end of.
        state.window = None;
        self.give_back(&mut state, HandedBack::SandboxEnded);
        drop(state);
        self.over.cancel();
    }

    /// As people see it. Blocks: it looks at the work folder.
    pub(super) fn shown(&self) -> Shown {
        let (window, mut shown) = {
            let state = self.current();
            let standing = match (state.life, &state.takeover, &state.running) {
                (Life::Starting, ..) => Standing::Starting,
                (Life::Ending, ..) => Standing::Stopping,
                (_, Some(_), _) => Standing::TakenOver,
                (_, None, Some(_)) => Standing::Running,
                (_, None, None) => Standing::Idle,
            };
            let fork_of = if let Kind::Fork(snapshot) = &self.kind { Some(snapshot.clone()) } else { None };
            let shown = Shown {
                id: self.id.clone(),
                name: self.name.clone(),
                rung: self.rung,
                standing,
                since: state.since,
                made_at: self.made_at,
                holder: self.holder.clone(),
                limits: Some(self.limits.clone()),
                figures: crate::window::Figures::default(),
                image: None,
                fork_of,
                command: state.running.clone(),
                taken_by: state.takeover.as_ref().map(|takeover| takeover.by.clone()),
            };
            (state.window.clone(), shown)
        };
        if let Some(window) = window {
            (shown.figures, shown.image) = (window.figures(), window.image());
        }
        shown
    }

    /// The last that was said in it and by it.
    pub(super) fn tail(&self, lines: usize) -> Tail {
        let (window, commands) = {
            let state = self.state();
            (state.window.clone(), state.transcript.tail(lines))
        };
        let console = window.and_then(|window| window.console(lines)).unwrap_or_default();
        Tail { console: console.lines().map(str::to_owned).collect(), commands }
    }
}
