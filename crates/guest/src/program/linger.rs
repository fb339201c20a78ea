//! The end of a connection, after which a program inside may still send.
//!
//! To close a connection with bytes in it that nobody took resets it, and what the program has not received yet of a long
//! answer is lost. So its own end is said first, and what still comes is taken and dropped for a while.

use std::{
    io::{ErrorKind, Read},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

/// How long a program may take to read what it got, and to close. As long as the host waits for it.
const WITHIN: Duration = Duration::from_mins(2);

/// Takes what a program still sends, until it is done. Who is not within two minutes is done with.
pub fn drain(stream: &TcpStream) {
    let is_done = drain_within(stream, WITHIN);
    // One that sends nothing more may still read.
    let _ = stream.shutdown(if is_done { Shutdown::Read } else { Shutdown::Both });
}

/// Whether it is done.
fn drain_within(mut stream: &TcpStream, within: Duration) -> bool {
    let until = Instant::now() + within;
    let mut nowhere = [0; 16 << 10];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // No time at all would mean for ever.
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return false;
        }
        match stream.read(&mut nowhere) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => match error.kind() {
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                _ => return true,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, net::TcpListener};

    use super::*;

    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let program = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (program, listener.accept().unwrap().0)
    }

    #[test]
    fn it_takes_all_there_is_and_ends_with_the_program() {
        let (mut program, stream) = pair();
        let sending = std::thread::spawn(move || program.write_all(&vec![b'x'; 8 << 20]));
        assert!(drain_within(&stream, Duration::from_mins(2)));
        sending.join().unwrap().unwrap();
    }

    #[test]
    fn who_never_closes_and_who_never_stops_are_waited_for_no_longer() {
        let (_silent, stream) = pair();
        assert!(!drain_within(&stream, Duration::from_millis(20)));
        let (mut endless, stream) = pair();
        let sending = std::thread::spawn(move || while endless.write_all(&[b'x'; 1 << 10]).is_ok() {});
        assert!(!drain_within(&stream, Duration::from_millis(20)));
        drop(stream);
        sending.join().unwrap();
    }
}
