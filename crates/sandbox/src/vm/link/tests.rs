//! Guests that were taken over: what they say, and what comes of it.

use swarm_guest::{
    protocol::{DATA, WINDOW},
    tree::Bounds,
};
use tokio::sync::mpsc;

use super::*;
use crate::{Limits, sandbox::How};

const BOUNDS: Bounds = Bounds { entries: 10, bytes: 100_000 };

/// The guest's end of a stream, in the hands of a test.
struct Guest(UnixStream);

impl Guest {
    async fn hear(&mut self) -> Frame {
        let mut header = [0; HEADER];
        self.0.read_exact(&mut header).await.unwrap();
        let header = swarm_guest::protocol::Header::decode(header).unwrap();
        let mut body = vec![0; header.length];
        self.0.read_exact(&mut body).await.unwrap();
        Frame { kind: header.kind, channel: header.channel, body }
    }

    async fn send(&mut self, frame: Frame) {
        let _ = self.0.write_all(&frame.encode().unwrap()).await;
    }

    async fn say(&mut self, channel: u32, message: FromGuest) {
        self.send(message.frame(channel).unwrap()).await;
    }

    async fn greet(&mut self) {
        assert!(matches!(ToGuest::read(&self.hear().await), Ok(ToGuest::Hello(_))));
        self.say(SESSION, FromGuest::Hello(Hello { version: VERSION, features: Vec::new() })).await;
        let ready =
            Ready { settled: false, uptime_ms: 1, kernel: String::new(), machine: true, cgroup: true };
        self.say(SESSION, FromGuest::Ready(ready)).await;
    }
}

async fn pair() -> (Link, Guest) {
    let (host, guest) = UnixStream::pair().unwrap();
    let mut guest = Guest(guest);
    let (link, ()) = tokio::join!(Link::open(host), guest.greet());
    (link.unwrap(), guest)
}

#[tokio::test]
async fn one_of_another_version_and_one_that_talks_nonsense_are_told_apart() {
    for (version, wanted) in [(VERSION + 1, "Version"), (VERSION, "Nonsense")] {
        let (host, guest) = UnixStream::pair().unwrap();
        let mut guest = Guest(guest);
        let talking = async {
            guest.hear().await;
            guest.say(SESSION, FromGuest::Hello(Hello { version, features: Vec::new() })).await;
            guest.send(Frame::data(Kind::Control, SESSION, b"{\"say\":\"sing\"}")).await;
        };
        let (link, ()) = tokio::join!(Link::open(host), talking);
        assert!(format!("{:?}", link.unwrap_err()).starts_with(wanted));
    }
}

#[tokio::test]
async fn one_that_ends_in_the_middle_of_a_frame_is_lost() {
    let (mut link, mut guest) = pair().await;
    let leaving = async move {
        guest.hear().await;
        guest.0.write_all(&[0xff, 0, 0, 0, 1]).await.unwrap();
    };
    let (answer, ()) = tokio::join!(link.ping(), leaving);
    assert!(matches!(answer, Err(LinkError::Lost(_))), "{answer:?}");
}

#[tokio::test]
async fn files_without_an_end_are_not_taken_without_an_end() {
    let (mut link, mut guest) = pair().await;
    let (sender, mut pieces) = mpsc::channel(4);
    let flood = async move {
        let channel = guest.hear().await.channel;
        loop {
            let bytes = Frame::data(Kind::File, channel + 2, b"x").encode().unwrap();
            if guest.0.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    let flooding = tokio::spawn(flood);
    let answer = link.pull(BOUNDS, sender).await;
    assert!(matches!(answer, Err(LinkError::Nonsense(_))), "{answer:?}");
    assert!(pieces.recv().await.is_none());
    drop(link);
    flooding.await.unwrap();
}

#[tokio::test]
async fn when_nobody_takes_the_files_any_more_no_more_of_them_are_read() {
    let (mut link, mut guest) = pair().await;
    let (sender, pieces) = mpsc::channel(4);
    drop(pieces);
    let flood = async move {
        let channel = guest.hear().await.channel;
        guest.send(Frame::data(Kind::File, channel, b"x")).await;
        guest
    };
    let (answer, _guest) = tokio::join!(link.pull(BOUNDS, sender), flood);
    assert!(matches!(answer, Err(LinkError::Lost(_))), "{answer:?}");
}

#[tokio::test]
async fn who_asks_for_the_way_out_in_the_middle_of_standard_input_does_not_garble_it() {
    let (mut link, mut guest) = pair().await;
    let stdin: Vec<u8> = (0..=250).cycle().take(2 * WINDOW as usize).collect();
    let exec = Exec { stdin: stdin.clone(), ..Exec::shell("cat") };
    let command = Command::of(&exec, &Limits::default(), Duration::from_mins(1));
    let odd = async move {
        let channel = guest.hear().await.channel;
        // It reads nothing until the host can write no more, asks for the way out, and then reads on.
        let mut got: Vec<u8> = Vec::new();
        let mut refused = 0;
        for dial in 1..=50 {
            guest.say(dial * 2, FromGuest::Dial).await;
        }
        while got.len() < stdin.len() || refused < 50 {
            let frame = guest.hear().await;
            if frame.kind == Kind::Stdin {
                assert!(frame.body.len() <= DATA);
                got.extend(&frame.body);
                let bytes = u32::try_from(frame.body.len()).unwrap();
                guest.say(channel, FromGuest::Window { bytes }).await;
            } else {
                assert!(matches!(ToGuest::read(&frame), Ok(ToGuest::Dialled { refused: Some(_) })));
                refused += 1;
            }
        }
        assert_eq!(got, stdin);
        let ending = swarm_guest::message::Ending::Code { code: 0 };
        guest.say(channel, FromGuest::Exited(swarm_guest::message::Exited { ending, took_ms: 1 })).await;
        guest
    };
    let (outcome, _guest) = tokio::join!(link.exec(&command), odd);
    assert_eq!(outcome.unwrap().how, How::Exited { code: 0 });
}
