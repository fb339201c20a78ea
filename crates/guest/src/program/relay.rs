//! The way out: what connects to a port of the loopback interface is copied elsewhere. In a machine that is the host's
//! stream; in a sandbox without a machine, a Unix socket.

use std::{
    collections::HashMap,
    io::{self, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::{fd::AsFd, unix::net::UnixStream},
    path::Path,
    process::{Command, ExitCode},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use swarm_guest::message::{Failed, FailedCode, FromGuest};

use crate::{
    linger,
    outbox::Outbox,
    plumbing::{Credit, Inlet},
};

/// Where programs inside find the way out.
pub const LISTEN: &str = "127.0.0.1:3128";

/// Connections at once; more are closed at once.
const MOST: usize = 128;

/// The connections that are relayed to the host.
#[derive(Debug)]
pub struct Relays {
    outbox: Arc<Outbox>,
    open: Mutex<HashMap<u32, Circuit>>,
    next: AtomicU32,
    /// Connections that are over and whose programs are not done yet; as many as there may be open ones.
    lingering: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Circuit {
    stream: TcpStream,
    credit: Arc<Credit>,
    /// Nothing until the host has answered.
    inlet: Option<Inlet>,
    /// Directions that are still open.
    halves: u8,
    /// The host takes no more, and somebody drops what the program still sends.
    lingers: bool,
}

impl Relays {
    pub fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox, open: Mutex::new(HashMap::new()), next: AtomicU32::new(2), lingering: Arc::default() }
    }

    /// Begins to listen.
    pub fn listen(self: Arc<Self>, address: &str) -> io::Result<()> {
        let listener = TcpListener::bind(address)?;
        std::thread::Builder::new().name("relay".to_owned()).spawn(move || {
            for stream in listener.incoming().flatten() {
                self.dial(stream);
            }
        })?;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u32, Circuit>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn dial(&self, stream: TcpStream) {
        let channel = self.next.fetch_add(2, Ordering::Relaxed);
        let mut open = self.lock();
        if open.len() < MOST {
            let credit = Arc::new(Credit::new());
            open.insert(channel, Circuit { stream, credit, inlet: None, halves: 2, lingers: false });
            drop(open);
            self.outbox.say(channel, &FromGuest::Dial);
        }
    }

    /// The host has answered, or takes no more of a connection.
    pub fn dialled(self: &Arc<Self>, channel: u32, refused: bool) {
        let mut open = self.lock();
        let Some(circuit) = open.get_mut(&channel) else {
            return;
        };
        let started = match &circuit.inlet {
            None if !refused => circuit.start(channel, self),
            // All that the host sent is here, and is still handed on.
            Some(inlet) if refused && inlet.is_ended() => return circuit.hear_no_more(&self.lingering),
            _ if refused => return drop(open.remove(&channel)),
            _ => return,
        };
        if let Err(error) = started {
            open.remove(&channel);
            drop(open);
            self.outbox.fail(channel, Failed::new(FailedCode::Io, error.to_string()));
        }
    }

    /// Bytes from the host; nothing is the end of them.
    pub fn take(&self, channel: u32, bytes: Vec<u8>) {
        if let Some(Circuit { inlet: Some(inlet), .. }) = self.lock().get_mut(&channel) {
            inlet.take(bytes);
        }
    }

    /// The host takes more.
    pub fn credit(&self, channel: u32, bytes: u32) {
        if let Some(circuit) = self.lock().get(&channel) {
            circuit.credit.add(bytes);
        }
    }

    /// The session is over.
    pub fn close(&self) {
        self.lock().clear();
    }

    /// One direction is over. With the second the connection is.
    fn half(&self, channel: u32) {
        let mut open = self.lock();
        if let Some(circuit) = open.get_mut(&channel) {
            circuit.halves -= 1;
            if circuit.halves == 0 {
                open.remove(&channel);
            }
        }
    }
}

impl Circuit {
    fn start(&mut self, channel: u32, relays: &Arc<Relays>) -> io::Result<()> {
        let (from, to, end) = (self.stream.try_clone()?, self.stream.try_clone()?, self.stream.try_clone()?);
        let (credit, outward, inward) = (Arc::clone(&self.credit), Arc::clone(relays), Arc::clone(relays));
        let to = Tap { stream: to, channel, outbox: Arc::clone(&relays.outbox) };
        self.inlet = Some(Inlet::open(channel, Arc::clone(&relays.outbox), to, move || {
            let _ = end.shutdown(Shutdown::Write);
            inward.half(channel);
        })?);
        std::thread::Builder::new().name("outlet".to_owned()).spawn(move || {
            credit.relay(channel, &outward.outbox, from);
            outward.half(channel);
        })?;
        Ok(())
    }

    /// The host takes nothing more: what the program inside still sends goes nowhere.
    fn hear_no_more(&mut self, lingering: &Arc<AtomicUsize>) {
        self.credit.end();
        self.lingers = self.linger(lingering).is_ok();
        if !self.lingers {
            let _ = self.stream.shutdown(Shutdown::Read);
        }
    }

    fn linger(&self, lingering: &Arc<AtomicUsize>) -> io::Result<()> {
        let stream = self.stream.try_clone()?;
        let place = Counted::of(lingering).ok_or(io::ErrorKind::QuotaExceeded)?;
        std::thread::Builder::new().name("linger".to_owned()).spawn(move || {
            linger::drain(&stream);
            drop(place);
        })?;
        Ok(())
    }
}

/// One of at most [`MOST`].
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn of(count: &Arc<AtomicUsize>) -> Option<Self> {
        let counted = Self(Arc::clone(count));
        (count.fetch_add(1, Ordering::Relaxed) < MOST).then_some(counted)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where the host's bytes go. Says when nobody takes them any more, so that the host stops fetching them.
struct Tap {
    stream: TcpStream,
    channel: u32,
    outbox: Arc<Outbox>,
}

impl Write for Tap {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes);
        if let Err(error) = &written
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.outbox.fail(self.channel, Failed::new(FailedCode::Io, "nobody reads any more"));
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Drop for Circuit {
    fn drop(&mut self) {
        self.credit.end();
        if !self.lingers {
            let _ = self.stream.shutdown(Shutdown::Both);
        }
    }
}

/// The listener for a sandbox without a machine. With a command it is there before the command is, and ends with it.
pub fn alone(socket: &Path, listen: &str, command: &[String]) -> ExitCode {
    let listener = match TcpListener::bind(listen) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("swarm-guest: cannot listen on {listen}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let to = socket.to_owned();
    let Some((program, arguments)) = command.split_first() else {
        copy_all(&listener, &to);
        return ExitCode::SUCCESS;
    };
    std::thread::spawn(move || copy_all(&listener, &to));
    match Command::new(program).args(arguments).status() {
        Ok(status) => {
            let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| signal + 128);
            let code = status.code().or(signal).and_then(|code| u8::try_from(code).ok());
            ExitCode::from(code.unwrap_or(1))
        }
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::from(if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 })
        }
    }
}

fn copy_all(listener: &TcpListener, to: &Path) {
    let live = Arc::<AtomicUsize>::default();
    for stream in listener.incoming().flatten() {
        let Some(place) = Counted::of(&live) else {
            continue;
        };
        let to = to.to_owned();
        // What cannot be started is closed.
        let _ = std::thread::Builder::new().name("copy".to_owned()).spawn(move || {
            let _ = copy_both(&stream, &to);
            drop(place);
        });
    }
}

fn copy_both(stream: &TcpStream, to: &Path) -> io::Result<()> {
    let other = UnixStream::connect(to)?;
    let (mut from_inside, mut to_outside) = (stream.try_clone()?, other.try_clone()?);
    let outward = std::thread::Builder::new().name("copy-out".to_owned()).spawn(move || {
        if io::copy(&mut from_inside, &mut to_outside).is_err() {
            // It may have to send all of it before it reads.
            linger::drain(&from_inside);
        }
        let _ = to_outside.shutdown(Shutdown::Write);
    })?;
    if io::copy(&mut &other, &mut &*stream).is_err() {
        let _ = other.shutdown(Shutdown::Both);
    }
    let _ = stream.shutdown(Shutdown::Write);
    if is_over(&other) {
        linger::drain(stream);
    }
    let _ = outward.join();
    Ok(())
}

/// Waits until nothing goes either way any more.
fn is_over(other: &UnixStream) -> bool {
    let mut fds = [PollFd::new(other.as_fd(), PollFlags::empty())];
    loop {
        match poll(&mut fds, PollTimeout::NONE) {
            Err(nix::Error::EINTR) => {}
            result => return result.is_ok(),
        }
    }
}
