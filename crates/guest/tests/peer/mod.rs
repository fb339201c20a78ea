//! A host, reduced to what a test says by hand.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    os::unix::{fs::PermissionsExt, net::UnixStream},
    path::PathBuf,
    process::{Child, Command},
    time::{Duration, Instant},
};

use swarm_guest::{
    message::{Ending, Exec, ExecLimits, FromGuest, Hello, Ready, Seed, ToGuest},
    protocol::{DATA, Frame, Kind, SESSION, VERSION, WINDOW},
};

pub struct Peer {
    root: tempfile::TempDir,
    guest: Child,
    stream: UnixStream,
    isolated: bool,
}

/// What came of a command.
#[derive(Debug)]
pub struct Run {
    pub stdout: String,
    pub stderr: String,
    pub ending: Ending,
}

pub fn limits() -> ExecLimits {
    ExecLimits { wall_ms: 60_000, output_bytes: 10_000_000, pids: 100, memory_bytes: None, disk_bytes: None }
}

pub fn argv(words: &[&str]) -> Exec {
    let argv = words.iter().map(|&word| word.to_owned()).collect();
    Exec { argv, env: BTreeMap::new(), cwd: String::new(), limits: limits() }
}

impl Peer {
    /// A guest that was greeted, with namespaces where the machine lets it.
    pub fn start(arguments: &[&str]) -> Self {
        let mut peer = Self::connect(arguments);
        peer.greet();
        peer
    }

    /// One with namespaces, where the machine lets it, and one without.
    pub fn both() -> Vec<Self> {
        let first = Self::start(&[]);
        let second = first.isolated.then(|| Self::start(&["--plain"]));
        [first].into_iter().chain(second).collect()
    }

    /// A guest that was not greeted yet.
    pub fn connect(arguments: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let at = |name: &str| root.path().join(name);
        fs::create_dir(at("work")).unwrap();
        let guest = Command::new(env!("CARGO_BIN_EXE_swarm-guest"))
            .args(["serve", "--unix"])
            .arg(at("socket"))
            .arg("--work")
            .arg(at("work"))
            .arg("--state")
            .arg(at("state"))
            .args(arguments)
            .spawn()
            .unwrap();
        let stream = connect(&at("socket"));
        let isolated = nix::unistd::Uid::effective().is_root() && !arguments.contains(&"--plain");
        Self { root, guest, stream, isolated }
    }

    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub fn is_isolated(&self) -> bool {
        self.isolated
    }

    /// Leaves half a frame behind and comes back.
    pub fn reconnect(&mut self, last: &[u8]) {
        self.stream.write_all(last).unwrap();
        self.stream = connect(&self.root.path().join("socket"));
    }

    pub fn send(&mut self, frame: &Frame) {
        self.stream.write_all(&frame.encode().unwrap()).unwrap();
    }

    pub fn say(&mut self, channel: u32, message: &ToGuest) {
        self.send(&message.frame(channel).unwrap());
    }

    pub fn frame(&mut self) -> Frame {
        Frame::read(&mut self.stream).unwrap().expect("the guest has gone")
    }

    pub fn hear(&mut self) -> (u32, FromGuest) {
        loop {
            let frame = self.frame();
            if frame.kind == Kind::Control {
                return (frame.channel, FromGuest::read(&frame).unwrap());
            }
        }
    }

    pub fn next_data(&mut self) -> (Kind, u32, Vec<u8>) {
        let Frame { kind, channel, body } = self.frame();
        (kind, channel, body)
    }

    /// Says something and hears the next message on its channel.
    pub fn ask(&mut self, channel: u32, message: &ToGuest) -> FromGuest {
        self.say(channel, message);
        loop {
            let (at, answer) = self.hear();
            if at == channel {
                return answer;
            }
        }
    }

    pub fn greet(&mut self) -> Ready {
        self.say(SESSION, &ToGuest::Hello(Hello { version: VERSION, features: Vec::new() }));
        assert!(matches!(self.hear(), (SESSION, FromGuest::Hello(hello)) if hello.version == VERSION));
        match self.hear() {
            (SESSION, FromGuest::Ready(ready)) => ready,
            other => panic!("{other:?}"),
        }
    }

    pub fn settle(&mut self) {
        self.ask(1, &ToGuest::SetClock { unix_nanos: 1 });
        self.ask(1, &ToGuest::Reseed { seed: Seed([1; 32]), identity: "0".repeat(32) });
    }

    pub fn run(&mut self, channel: u32, line: &str) -> Run {
        self.exec(channel, argv(&["sh", "-c", line]))
    }

    pub fn exec(&mut self, channel: u32, exec: Exec) -> Run {
        self.say(channel, &ToGuest::Exec(exec));
        self.end_of(channel)
    }

    /// As [`Self::run`], while an earlier command is still being ended.
    pub fn run_when_free(&mut self, channel: u32, line: &str) -> Run {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            match self.ask(channel, &ToGuest::Ping) {
                FromGuest::Pong(pong) if !pong.busy => return self.run(channel, line),
                _ => assert!(Instant::now() < until, "the command before does not end"),
            }
        }
    }

    pub fn end_of(&mut self, channel: u32) -> Run {
        self.feed(channel, &[])
    }

    /// Gives standard input as the window allows, and collects what comes.
    pub fn feed(&mut self, channel: u32, mut stdin: &[u8]) -> Run {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let mut window = WINDOW as usize;
        let has_input = !stdin.is_empty();
        loop {
            while window > 0 && !stdin.is_empty() {
                let (piece, rest) = stdin.split_at(window.min(stdin.len()).min(DATA));
                self.send(&Frame::data(Kind::Stdin, channel, piece));
                (window, stdin) = (window - piece.len(), rest);
                if stdin.is_empty() {
                    self.send(&Frame::data(Kind::Stdin, channel, &[]));
                }
            }
            let frame = self.frame();
            assert!(frame.channel == channel || frame.kind == Kind::Control, "{frame:?}");
            match frame.kind {
                Kind::Stdout => stdout.extend(frame.body),
                Kind::Stderr => stderr.extend(frame.body),
                _ => match FromGuest::read(&frame).unwrap() {
                    FromGuest::Window { bytes } if has_input => window += bytes as usize,
                    FromGuest::Exited(exited) => {
                        let text = |bytes| String::from_utf8(bytes).unwrap();
                        return Run { stdout: text(stdout), stderr: text(stderr), ending: exited.ending };
                    }
                    FromGuest::Window { .. } | FromGuest::Pong(_) => {}
                    other => panic!("{other:?}"),
                },
            }
        }
    }

    pub fn ended_within(&mut self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if self.guest.try_wait().unwrap().is_some() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.guest.kill();
        let _ = self.guest.wait();
    }
}

fn connect(path: &std::path::Path) -> UnixStream {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A number of seconds to sleep that no other process sleeps, to know a process by.
pub fn unlike_any_other() -> String {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().to_string_lossy().into_owned();
    let digits = name.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    format!("{}.{}", 3_000 + digits % 6_000, digits % 1_000_000_007)
}

/// Whether a process lives that was started with this argument.
pub fn is_there(argument: &str) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == argument.as_bytes())
    })
}

/// Waits until something is so. Only a test that fails waits long.
pub fn until(mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "it never came");
        std::thread::sleep(Duration::from_millis(5));
    }
}
