//! Where the host's stream comes in.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::{fd::AsFd, unix::net::UnixListener},
    path::Path,
    time::{Duration, Instant},
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr},
};
use socket2::{Domain, SockAddr, Socket, Type};

/// How often a port without a host is looked at again: soon at first, for a machine that was just restored.
const SOON: Duration = Duration::from_millis(1);
const LATER: Duration = Duration::from_millis(20);

/// One session's stream.
pub struct Stream {
    pub input: Box<dyn Read + Send>,
    pub output: Box<dyn Write + Send>,
}

/// Where sessions come in, one after the other.
pub enum Door {
    /// Standard input and output: one session.
    Stdio { used: bool },
    /// A Unix socket: one session a connection.
    Unix(UnixListener),
    /// A virtio-serial port or a serial line.
    Line(File),
    /// A listening socket of the machine's own kind.
    Vsock(Socket),
}

impl Door {
    pub fn stdio() -> Self {
        Self::Stdio { used: false }
    }

    pub fn unix(path: &Path) -> io::Result<Self> {
        UnixListener::bind(path).map(Self::Unix)
    }

    /// A virtio-serial port. It can be opened once only.
    pub fn port(path: &Path) -> io::Result<Self> {
        OpenOptions::new().read(true).write(true).open(path).map(Self::Line)
    }

    /// A serial line, with nothing done to the bytes on the way.
    pub fn tty(path: &Path) -> io::Result<Self> {
        let line = OpenOptions::new().read(true).write(true).open(path)?;
        let mut how = tcgetattr(&line)?;
        cfmakeraw(&mut how);
        tcsetattr(&line, SetArg::TCSANOW, &how)?;
        Ok(Self::Line(line))
    }

    /// A port that the machine's host can connect to.
    pub fn vsock(port: u32) -> io::Result<Self> {
        let socket = Socket::new(Domain::VSOCK, Type::STREAM, None)?;
        socket.bind(&SockAddr::vsock(u32::MAX, port))?;
        socket.listen(1)?;
        Ok(Self::Vsock(socket))
    }

    /// Waits for the next session; nothing when there will be none.
    pub fn next(&mut self) -> io::Result<Option<Stream>> {
        match self {
            Self::Stdio { used: true } => Ok(None),
            Self::Stdio { used } => {
                *used = true;
                Ok(Some(Stream { input: Box::new(io::stdin()), output: Box::new(io::stdout()) }))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok(Some(Stream { input: Box::new(stream.try_clone()?), output: Box::new(stream) }))
            }
            Self::Line(line) => {
                await_host(line)?;
                Ok(Some(Stream { input: Box::new(line.try_clone()?), output: Box::new(line.try_clone()?) }))
            }
            Self::Vsock(socket) => {
                let (stream, _) = socket.accept()?;
                Ok(Some(Stream { input: Box::new(stream.try_clone()?), output: Box::new(stream) }))
            }
        }
    }
}

fn await_host(line: &File) -> io::Result<()> {
    let began = Instant::now();
    while !has_host(line)? {
        std::thread::sleep(if began.elapsed() < Duration::from_secs(2) { SOON } else { LATER });
    }
    Ok(())
}

/// A port without a host behind it says that it was hung up, at once and always. In a machine that was just restored the
/// host's first words may come before that there is a host: until then a read after them would be the end of its session.
fn has_host(line: &File) -> io::Result<bool> {
    let mut fds = [PollFd::new(line.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::from(1000_u16))?;
    Ok(!fds[0].revents().unwrap_or(PollFlags::empty()).contains(PollFlags::POLLHUP))
}

#[cfg(test)]
mod tests {
    use nix::{fcntl::OFlag, sys::stat::Mode, unistd::mkfifo};

    use super::*;

    #[test]
    fn words_without_a_host_begin_no_session() {
        // A pipe with a name says the same as a port: hung up while nobody has it open at the other end.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("port");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK;
        let line = File::from(nix::fcntl::open(&path, flags, Mode::empty()).unwrap());
        let host = || OpenOptions::new().write(true).open(&path).unwrap();
        host().write_all(b"hello").unwrap();
        assert!(!has_host(&line).unwrap());
        let _host = host();
        assert!(has_host(&line).unwrap());
    }
}
