//! Listens to the host, and does or has done what it says.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use swarm_guest::{
    message::{Exec, Failed, FailedCode, FromGuest, Hello, Ready, ToGuest},
    protocol::{Frame, FrameError, Kind, SESSION, VERSION},
};

use crate::{
    command::{self, Ground, Running},
    files::Files,
    identity,
    outbox::Outbox,
    relay::Relays,
    settings::Settings,
    stream::{Door, Stream},
    trust, vitals,
};

/// The host asked for the end of the machine, or no session will come any more.
pub struct Over;

/// What lasts from session to session.
struct Guest {
    ground: Arc<Ground>,
    files: Arc<Files>,
    relays: Arc<Relays>,
    running: Arc<Mutex<Option<Running>>>,
    has_time: bool,
    has_seed: bool,
    frozen: bool,
}

/// Serves as an ordinary process.
pub fn serve(door: Door, settings: Settings) -> io::Result<()> {
    std::fs::create_dir_all(&settings.state)?;
    run(door, settings, false).map(|Over| ())
}

/// Serves one session after the other.
pub fn run(mut door: Door, settings: Settings, has_cgroup: bool) -> io::Result<Over> {
    let outbox = Arc::new(Outbox::default());
    let relays = Arc::new(Relays::new(Arc::clone(&outbox)));
    if let Some(address) = &settings.relay {
        Arc::clone(&relays).listen(address)?;
    }
    let mut guest = Guest {
        files: Arc::new(Files::new(&settings)),
        relays,
        running: Arc::new(Mutex::new(None)),
        has_time: false,
        has_seed: false,
        frozen: false,
        ground: Arc::new(Ground { settings, outbox, progress: AtomicU64::new(0), has_cgroup }),
    };
    while let Some(stream) = door.next()? {
        let over = guest.session(stream);
        guest.leave();
        if let Some(over) = over {
            return Ok(over);
        }
    }
    Ok(Over)
}

impl Guest {
    /// Until the host has gone, or has ended the machine.
    fn session(&mut self, stream: Stream) -> Option<Over> {
        let Stream { mut input, mut output } = stream;
        let outbox = Arc::clone(&self.ground.outbox);
        let number = outbox.open();
        let writer = std::thread::Builder::new().name("writer".to_owned());
        let writing = writer.spawn(move || outbox.write(number, &mut output)).ok()?;
        let mut over = None;
        let mut greeted = false;
        while let Ok(Some(frame)) = Frame::read(&mut input) {
            match self.hear(&mut greeted, frame) {
                Ok(None) => {}
                Ok(found) => {
                    over = found;
                    break;
                }
                Err(error) => {
                    self.ground.outbox.fail(SESSION, Failed::new(FailedCode::Invalid, error.to_string()));
                }
            }
        }
        self.ground.outbox.close();
        let _ = writing.join();
        over
    }

    /// What a session held. A frozen one goes on when the host comes back.
    fn leave(&mut self) {
        if self.frozen {
            return;
        }
        self.files.abort();
        self.relays.close();
        if let Some(running) = &*self.running() {
            running.signal(9);
        }
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&mut self, greeted: &mut bool, frame: Frame) -> Result<Option<Over>, FrameError> {
        if frame.kind != Kind::Control {
            if *greeted && !self.frozen {
                self.data(frame);
            }
            return Ok(None);
        }
        let channel = frame.channel;
        let message = ToGuest::read(&frame)?;
        if let ToGuest::Hello(hello) = &message {
            *greeted = self.greet(hello);
            return Ok(None);
        }
        // Without a greeting, or after a farewell, nothing is meant for this session.
        if !*greeted || self.frozen {
            return Ok(None);
        }
        if matches!(message, ToGuest::Shutdown) {
            return Ok(Some(Over));
        }
        self.message(channel, message);
        Ok(None)
    }

    fn greet(&mut self, hello: &Hello) -> bool {
        let own = Hello { version: VERSION, features: Vec::new() };
        let same = hello.version == VERSION;
        let second = if same {
            self.frozen = false;
            FromGuest::Ready(Ready {
                settled: self.is_settled(),
                uptime_ms: vitals::uptime_ms(),
                kernel: vitals::kernel(),
                machine: self.ground.settings.machine,
                cgroup: self.ground.has_cgroup,
            })
        } else {
            let detail = format!("the guest speaks version {VERSION} and the host version {}", hello.version);
            FromGuest::Failed(Failed::new(FailedCode::Version, detail))
        };
        let frames = [FromGuest::Hello(own), second].into_iter().map(|message| message.frame(SESSION));
        self.ground.outbox.greet(frames.filter_map(Result::ok).collect());
        same
    }

    fn is_settled(&self) -> bool {
        self.has_time && self.has_seed
    }

    fn data(&self, Frame { kind, channel, body }: Frame) {
        self.ground.progress.fetch_add(body.len() as u64, Ordering::Relaxed);
        match kind {
            Kind::Stdin => {
                if let Some(running) = self.running().as_mut().filter(|running| running.channel == channel) {
                    running.stdin(&self.ground.outbox, body);
                }
            }
            Kind::File => self.files.data(channel, &body),
            Kind::Relay => self.relays.take(channel, body),
            Kind::Control | Kind::Stdout | Kind::Stderr => {}
        }
    }

    fn message(&mut self, channel: u32, message: ToGuest) {
        let outbox = Arc::clone(&self.ground.outbox);
        match message {
            ToGuest::Ping => {
                let cpu = self.running().as_ref().map(Running::cpu_ms);
                let progress = self.ground.progress.load(Ordering::Relaxed) + cpu.unwrap_or(0);
                outbox.say(channel, &FromGuest::Pong(vitals::pong(progress, cpu.is_some())));
            }
            ToGuest::SetClock { unix_nanos } => {
                let outcome = self.on_the_machine(|| identity::set_clock(unix_nanos));
                self.has_time |= outcome.is_ok();
                outbox.say(channel, &answer(outcome));
            }
            ToGuest::Reseed { seed, identity } => {
                let outcome = if identity::is_identity(&identity) {
                    self.on_the_machine(|| identity::renew(&seed, &identity))
                } else {
                    Err(Failed::new(FailedCode::Invalid, "an identity is 32 of 0-9a-f"))
                };
                self.has_seed |= outcome.is_ok();
                outbox.say(channel, &answer(outcome));
            }
            ToGuest::Trust { certificates } => {
                outbox.say(channel, &answer(self.on_the_machine(|| trust::take(&certificates))));
            }
            ToGuest::Exec(exec) => {
                if let Err(failed) = self.exec(channel, exec) {
                    outbox.fail(channel, failed);
                }
            }
            ToGuest::Signal { signal } => {
                if let Some(running) = self.running().as_ref().filter(|running| running.channel == channel) {
                    running.signal(signal);
                }
            }
            ToGuest::Push { bounds } => self.files.begin(channel, bounds),
            ToGuest::Entry(entry) => self.files.entry(channel, entry),
            ToGuest::End(totals) => outbox.say(channel, &self.files.end(channel, totals)),
            ToGuest::Abort => self.files.abort(),
            ToGuest::Pull { bounds } => {
                let files = Arc::clone(&self.files);
                // A walk through many files; signs of life are given meanwhile.
                let walk = move || files.pull(channel, bounds, &outbox);
                if std::thread::Builder::new().name("pull".to_owned()).spawn(walk).is_err() {
                    let failed = Failed::new(FailedCode::Io, "there is no thread to look at the files");
                    self.ground.outbox.fail(channel, failed);
                }
            }
            ToGuest::Dialled { refused } => self.relays.dialled(channel, refused.is_some()),
            ToGuest::Window { bytes } => self.relays.credit(channel, bytes),
            ToGuest::Freeze => {
                (self.frozen, self.has_time, self.has_seed) = (true, false, false);
                if let Ok(farewell) = FromGuest::Frozen.frame(channel) {
                    outbox.freeze(farewell);
                }
            }
            ToGuest::Hello(_) | ToGuest::Shutdown => {}
        }
    }

    /// Whether it took effect: only in a machine of its own it may.
    fn on_the_machine(&self, act: impl FnOnce() -> Result<(), Failed>) -> Result<bool, Failed> {
        if self.ground.settings.machine { act().map(|()| true) } else { Ok(false) }
    }

    fn exec(&self, channel: u32, exec: Exec) -> Result<(), Failed> {
        if !self.is_settled() {
            return Err(Failed::new(
                FailedCode::NotSettled,
                "the guest was given no time and no randomness yet",
            ));
        }
        let mut running = self.running();
        if running.is_some() {
            return Err(Failed::new(FailedCode::Busy, "a command runs already"));
        }
        self.files.settle()?;
        let place = Arc::clone(&self.running);
        // The lock is held until the command is noted, so its end cannot come before.
        let started = command::start(&self.ground, channel, exec, move || {
            place.lock().unwrap_or_else(PoisonError::into_inner).take();
        })?;
        *running = Some(started);
        Ok(())
    }
}

fn answer(outcome: Result<bool, Failed>) -> FromGuest {
    outcome.map_or_else(FromGuest::Failed, |applied| FromGuest::Done { applied })
}
