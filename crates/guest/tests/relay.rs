//! The way out: connections inside that are copied elsewhere.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::net::UnixListener,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use swarm_guest::{
    message::{FromGuest, ToGuest},
    protocol::{DATA, Frame, Kind, WINDOW},
};

use crate::peer::Peer;

/// A port that was free a moment ago.
fn address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn connect(address: &str) -> TcpStream {
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        match TcpStream::connect(address) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn dial(peer: &mut Peer) -> u32 {
    match peer.hear() {
        (channel, FromGuest::Dial) => channel,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_goes_over_the_stream_both_ways_and_each_direction_ends_by_itself() {
    let address = address();
    let mut peer = Peer::start(&["--relay", &address]);
    let mut inside = connect(&address);
    let channel = dial(&mut peer);
    inside.write_all(b"question").unwrap();
    peer.say(channel, &ToGuest::Dialled { refused: None });
    assert_eq!(peer.next_data(), (Kind::Relay, channel, b"question".to_vec()));
    inside.shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.next_data(), (Kind::Relay, channel, Vec::new()));
    peer.send(&Frame::data(Kind::Relay, channel, b"answer"));
    peer.send(&Frame::data(Kind::Relay, channel, b""));
    let mut answer = String::new();
    inside.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer");
}

#[test]
fn who_floods_the_way_out_is_held_to_the_window_and_others_are_still_heard() {
    let address = address();
    let mut peer = Peer::start(&["--relay", &address]);
    let mut inside = connect(&address);
    let writing = std::thread::spawn(move || {
        let _ = inside.write_all(&vec![b'x'; 4 << 20]);
        inside
    });
    let channel = dial(&mut peer);
    peer.say(channel, &ToGuest::Dialled { refused: None });
    let mut got = 0;
    let mut credit = WINDOW as usize;
    while got < WINDOW as usize {
        let (kind, at, bytes) = peer.next_data();
        assert_eq!((kind, at), (Kind::Relay, channel));
        assert!(bytes.len() <= DATA && bytes.len() <= credit);
        (got, credit) = (got + bytes.len(), credit - bytes.len());
    }
    // Nothing more may come; the next that is heard is the answer to this.
    assert!(matches!(peer.ask(1, &ToGuest::Ping), FromGuest::Pong(_)));
    peer.say(channel, &ToGuest::Window { bytes: 100 });
    let (_, _, bytes) = peer.next_data();
    assert!(!bytes.is_empty() && bytes.len() <= 100);
    peer.say(channel, &ToGuest::Dialled { refused: Some("enough".to_owned()) });
    drop(writing.join().unwrap());
}

#[test]
fn what_the_host_sent_up_to_its_end_is_handed_on_whole_when_it_takes_no_more() {
    let address = address();
    let mut peer = Peer::start(&["--relay", &address]);
    let mut inside = connect(&address);
    let channel = dial(&mut peer);
    peer.say(channel, &ToGuest::Dialled { refused: None });
    // More than anybody takes: the outward direction stands still, and the end of the program is not seen.
    let sending = std::thread::spawn({
        let mut inside = inside.try_clone().unwrap();
        move || inside.write_all(&vec![b'x'; 8 << 20])
    });
    let mut came = 0;
    while came < WINDOW as usize {
        came += peer.next_data().2.len();
    }
    // As much as the host may send, and more than a program has room for that does not read.
    let answer: Vec<u8> = (0..=250).cycle().take(WINDOW as usize).collect();
    for piece in answer.chunks(DATA) {
        peer.send(&Frame::data(Kind::Relay, channel, piece));
    }
    peer.send(&Frame::data(Kind::Relay, channel, b""));
    peer.say(channel, &ToGuest::Dialled { refused: Some("it is over".to_owned()) });
    // It gets rid of the rest before it reads: nobody takes that, and it is no error.
    sending.join().unwrap().unwrap();
    let mut got = Vec::new();
    inside.read_to_end(&mut got).unwrap();
    assert!(got == answer, "{} of {} bytes came", got.len(), answer.len());
    // The place is free again, and the way still open.
    let _again = connect(&address);
    loop {
        let frame = peer.frame();
        if frame.kind == Kind::Control && frame.channel != channel {
            assert_eq!(FromGuest::read(&frame).unwrap(), FromGuest::Dial);
            break;
        }
    }
}

#[test]
fn the_host_is_told_when_nobody_reads_what_it_sends() {
    let address = address();
    let mut peer = Peer::start(&["--relay", &address]);
    let inside = connect(&address);
    let channel = dial(&mut peer);
    peer.say(channel, &ToGuest::Dialled { refused: None });
    drop(inside);
    assert_eq!(peer.next_data(), (Kind::Relay, channel, Vec::new()), "its own direction ends first");
    loop {
        peer.send(&Frame::data(Kind::Relay, channel, b"more"));
        match peer.hear() {
            (at, FromGuest::Failed(_)) => return assert_eq!(at, channel),
            (_, FromGuest::Window { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_refused_connection_is_closed() {
    let address = address();
    let mut peer = Peer::start(&["--relay", &address]);
    let mut inside = connect(&address);
    let channel = dial(&mut peer);
    peer.say(channel, &ToGuest::Dialled { refused: Some("no way out".to_owned()) });
    assert_eq!(inside.read(&mut [0; 10]).unwrap_or(0), 0);
}

#[test]
fn without_a_machine_connections_are_copied_to_a_socket_for_as_long_as_the_command_runs() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let address = address();
    let relay = |command: &[&str]| {
        let mut relay = Command::new(env!("CARGO_BIN_EXE_swarm-guest"));
        relay.args(["relay", "--listen", &address, "--socket"]).arg(&socket).arg("--").args(command);
        relay
    };
    let mut running = relay(&["cat"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut inside = connect(&address);
    inside.write_all(b"question").unwrap();
    inside.shutdown(Shutdown::Write).unwrap();
    let (mut outside, _) = listener.accept().unwrap();
    let mut question = String::new();
    outside.read_to_string(&mut question).unwrap();
    outside.write_all(b"answer").unwrap();
    drop(outside);
    let mut answer = String::new();
    inside.read_to_string(&mut answer).unwrap();
    assert_eq!((question.as_str(), answer.as_str()), ("question", "answer"));
    drop(running.stdin.take());
    assert_eq!(running.wait().unwrap().code(), Some(0));
    assert_eq!(relay(&["sh", "-c", "exit 7"]).status().unwrap().code(), Some(7));
    assert_eq!(relay(&["sh", "-c", "kill -9 $$"]).status().unwrap().code(), Some(137));
    assert_eq!(relay(&["no-such-program"]).status().unwrap().code(), Some(127));
}

#[test]
fn a_program_that_still_sends_gets_the_whole_of_an_answer_from_who_hears_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let address = address();
    let mut relay = Command::new(env!("CARGO_BIN_EXE_swarm-guest"));
    relay.args(["relay", "--listen", &address, "--socket"]).arg(&socket).args(["--", "cat"]);
    let mut running = relay.stdin(Stdio::piped()).spawn().unwrap();
    let mut inside = connect(&address);
    let sending = std::thread::spawn({
        let mut inside = inside.try_clone().unwrap();
        move || inside.write_all(&vec![b'x'; 16 << 20])
    });
    let (mut outside, _) = listener.accept().unwrap();
    // It looks at the beginning, answers and goes. The answer is longer than what a program has room for that does not
    // read.
    let answer: Vec<u8> = (0..=250).cycle().take(256 << 10).collect();
    outside.read_exact(&mut [0; 10]).unwrap();
    outside.write_all(&answer).unwrap();
    drop(outside);
    sending.join().unwrap().unwrap();
    let mut got = Vec::new();
    inside.read_to_end(&mut got).unwrap();
    assert!(got == answer, "{} of {} bytes came", got.len(), answer.len());
    drop(running.stdin.take());
    assert_eq!(running.wait().unwrap().code(), Some(0));
}
