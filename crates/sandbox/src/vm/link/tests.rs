//! Guests that were taken over: what they say, and what comes of it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use swarm_domain::network::NetworkDecision;
use swarm_guest::{
    message::{Ending, Exited, Failed, FailedCode, FromGuest, Hello, Pong, Ready, ToGuest},
    protocol::{DATA, Frame, HEADER, Header, Kind, SESSION, VERSION, WINDOW},
    tree,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, UnixStream},
    sync::mpsc,
};

use super::*;
use crate::{
    Limits,
    egress::{Allowed, Bounds, Egress, Report, Terms},
    sandbox::{How, Limit},
};

const BOUNDS: tree::Bounds = tree::Bounds { entries: 10, bytes: 100_000 };

/// The guest's end of a stream, in the hands of a test.
struct Guest(UnixStream);

impl Guest {
    async fn hear(&mut self) -> Frame {
        let mut header = [0; HEADER];
        self.0.read_exact(&mut header).await.unwrap();
        let header = Header::decode(header).unwrap();
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

    async fn exits(&mut self, channel: u32, ending: Ending) {
        self.say(channel, FromGuest::Exited(Exited { ending, took_ms: 1 })).await;
    }

    /// The next message on a channel, but for how much more may be sent.
    async fn told(&mut self, channel: u32) -> ToGuest {
        loop {
            let frame = self.hear().await;
            if (frame.kind, frame.channel) != (Kind::Control, channel) {
                continue;
            }
            match ToGuest::read(&frame).unwrap() {
                ToGuest::Window { .. } => {}
                message => return message,
            }
        }
    }

    async fn until(&mut self, wanted: impl Fn(&Frame) -> bool) {
        while !wanted(&self.hear().await) {}
    }

    /// Has a connection led out on a channel.
    async fn dial(&mut self, channel: u32) {
        self.say(channel, FromGuest::Dial).await;
        assert_eq!(self.told(channel).await, ToGuest::Dialled { refused: None });
    }

    /// All that comes on some channels up to the end of each, and what is said meanwhile on others.
    async fn rest(&mut self, channels: &[u32]) -> (BTreeMap<u32, String>, Vec<(u32, ToGuest)>) {
        let mut came: BTreeMap<_, _> = channels.iter().map(|channel| (*channel, String::new())).collect();
        let (mut open, mut said) = (channels.len(), Vec::new());
        while open > 0 {
            let Frame { kind, channel, body } = self.hear().await;
            match (kind, came.get_mut(&channel)) {
                (Kind::Relay, Some(_)) if body.is_empty() => open -= 1,
                (Kind::Relay, Some(came)) => {
                    came.push_str(std::str::from_utf8(&body).unwrap());
                    let bytes = u32::try_from(body.len()).unwrap();
                    self.say(channel, FromGuest::Window { bytes }).await;
                }
                (Kind::Control, None) => {
                    said.push((channel, ToGuest::read(&Frame { kind, channel, body }).unwrap()));
                }
                _ => {}
            }
        }
        (came, said)
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
    let (link, mut guest) = pair().await;
    let leaving = async move {
        guest.hear().await;
        guest.0.write_all(&[0xff, 0, 0, 0, 1]).await.unwrap();
    };
    let (answer, ()) = tokio::join!(link.ping(), leaving);
    assert!(matches!(answer, Err(LinkError::Lost(_))), "{answer:?}");
}

#[tokio::test]
async fn files_without_an_end_are_not_taken_without_an_end() {
    let (link, mut guest) = pair().await;
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
    let (link, mut guest) = pair().await;
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
    let (link, mut guest) = pair().await;
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
        guest.exits(channel, Ending::Code { code: 0 }).await;
        guest
    };
    let (outcome, _guest) = tokio::join!(link.exec(&command), odd);
    assert_eq!(outcome.unwrap().how, How::Exited { code: 0 });
}

/// A server that answers with so many bytes, and a proxy that leads there and nowhere else.
async fn outside(bytes: usize, network_bytes: u64) -> (Proxy, mpsc::UnboundedReceiver<Report>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {bytes}\r\n\r\n");
                let _ = stream.write_all(&[head.as_bytes(), &vec![b'x'; bytes]].concat()).await;
            });
        }
    });
    proxy(at, network_bytes)
}

fn proxy(at: SocketAddr, network_bytes: u64) -> (Proxy, mpsc::UnboundedReceiver<Report>) {
    let (to, reports) = mpsc::unbounded_channel();
    let terms = Terms { places: [("web.test".parse().unwrap(), at)].into(), ..Terms::default() };
    let allowed = Allowed::of([], ["web.test"]).unwrap();
    let egress = Egress { allowed, terms: Arc::new(terms), reports: Some(to), ..Egress::default() };
    (Proxy::new(egress, network_bytes).unwrap(), reports)
}

const ASK: &[u8] = b"GET http://web.test/ HTTP/1.1\r\nHost: web.test\r\n\r\n";

#[tokio::test]
async fn while_a_command_runs_its_connections_are_led_out_side_by_side() {
    let (link, mut guest) = pair().await;
    let (proxy, mut reports) = outside(300_000, 10 << 20).await;
    link.lead_out(proxy);
    let inside = async move {
        let exec = guest.hear().await.channel;
        for channel in [4, 2, 6] {
            guest.dial(channel).await;
            guest.send(Frame::data(Kind::Relay, channel, ASK)).await;
            if channel == 4 {
                guest.until(|frame| (frame.kind, frame.channel) == (Kind::Relay, 4)).await;
            }
        }
        for answer in guest.rest(&[6, 2]).await.0.values() {
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("xxx"), "{answer:.100}");
            assert!(answer.len() > 300_000);
        }
        guest.exits(exec, Ending::Code { code: 7 }).await;
        guest
    };
    let exec = Command::of(&Exec::shell("true"), &Limits::default(), Duration::from_mins(1));
    // Of the first connection nothing is taken: that holds up none of the others.
    let (outcome, guest) = tokio::join!(link.exec(&exec), inside);
    assert_eq!(outcome.unwrap().how, How::Exited { code: 7 });
    drop((link, guest));
    let mut told = 0;
    while let Some(report) = reports.recv().await {
        assert_eq!((report.host.as_str(), report.decision), ("web.test", NetworkDecision::Allowed));
        told += 1;
    }
    assert_eq!(told, 3, "that which was cut off too");
}

#[tokio::test]
async fn a_sign_of_life_is_given_while_a_command_runs_and_writes() {
    let (link, mut guest) = pair().await;
    let inside = async move {
        let exec = guest.hear().await.channel;
        let ping = loop {
            guest.send(Frame::data(Kind::Stdout, exec, b"more and more")).await;
            let frame = guest.hear().await;
            if frame.kind == Kind::Control && ToGuest::read(&frame).unwrap() == ToGuest::Ping {
                break frame.channel;
            }
        };
        let (memory_total, memory_available) = (1, 1);
        let pong =
            Pong { progress: 1, uptime_ms: 1, memory_total, memory_available, processes: 1, busy: true };
        guest.say(ping, FromGuest::Pong(pong)).await;
        guest.exits(exec, Ending::Code { code: 0 }).await;
        guest
    };
    let exec = Command::of(&Exec::shell("true"), &Limits::default(), Duration::from_mins(1));
    let (outcome, pong, _guest) = tokio::join!(link.exec(&exec), link.ping(), inside);
    pong.unwrap();
    assert!(outcome.unwrap().stdout.starts_with(b"more and more"));
}

#[tokio::test]
async fn a_command_that_passes_its_network_limit_is_ended_and_what_was_told_after_it_is_not_believed() {
    let (link, mut guest) = pair().await;
    let (proxy, _reports) = outside(200_000, 100_000).await;
    link.lead_out(proxy);
    let inside = async move {
        let exec = guest.hear().await.channel;
        guest.dial(2).await;
        guest.send(Frame::data(Kind::Relay, 2, ASK)).await;
        let (came, said) = guest.rest(&[2]).await;
        assert!(came[&2].len() < 200_000);
        let signal = match said.into_iter().find(|(channel, _)| *channel == exec) {
            Some((_, message)) => message,
            None => guest.told(exec).await,
        };
        assert_eq!(signal, ToGuest::Signal { signal: 9 });
        guest.exits(exec, Ending::Code { code: 0 }).await;
        guest
    };
    let exec = Command::of(&Exec::shell("true"), &Limits::default(), Duration::from_mins(1));
    let (outcome, _guest) = tokio::join!(link.exec(&exec), inside);
    assert_eq!(outcome.unwrap().how, How::LimitPassed { limit: Limit::Network });
}

#[tokio::test]
async fn when_the_proxy_is_done_the_guest_is_told_that_nothing_more_is_taken() {
    let (link, mut guest) = pair().await;
    let (proxy, mut reports) = outside(10, 10 << 20).await;
    link.lead_out(proxy);
    guest.dial(2).await;
    // Refused, with more behind it than anybody reads.
    guest
        .send(Frame::data(Kind::Relay, 2, b"GET http://evil.test/ HTTP/1.1\r\nHost: evil.test\r\n\r\n"))
        .await;
    let (came, _) = guest.rest(&[2]).await;
    assert!(came[&2].starts_with("HTTP/1.1 403 "), "{came:?}");
    assert!(matches!(guest.told(2).await, ToGuest::Dialled { refused: Some(_) }));
    assert_eq!(reports.recv().await.unwrap().decision, NetworkDecision::Refused);
    // What was on its way is no fault, and the channel's place is free.
    guest.send(Frame::data(Kind::Relay, 2, b"late")).await;
    guest.dial(4).await;
    drop(link);
}

#[tokio::test]
async fn when_nobody_inside_reads_any_more_nothing_more_is_fetched() {
    let (link, mut guest) = pair().await;
    let (proxy, mut reports) = outside(64 << 20, 1 << 30).await;
    link.lead_out(proxy);
    guest.dial(2).await;
    guest.send(Frame::data(Kind::Relay, 2, ASK)).await;
    guest.until(|frame| frame.kind == Kind::Relay).await;
    guest.say(2, FromGuest::Failed(Failed::new(FailedCode::Io, "nobody reads"))).await;
    let report = reports.recv().await.unwrap();
    assert!(report.bytes_down < 2 << 20, "{report:?}");
    drop(link);
}

#[tokio::test]
async fn the_last_bytes_are_not_waited_for_when_nobody_inside_reads_them() {
    let (link, mut guest) = pair().await;
    // Somewhat more than the guest takes at once: the proxy is done with it, and the rest waits for the guest.
    let (proxy, mut reports) = outside(WINDOW as usize + DATA / 2, 10 << 20).await;
    link.lead_out(proxy);
    guest.dial(2).await;
    guest.send(Frame::data(Kind::Relay, 2, ASK)).await;
    let mut came = 0;
    while came < WINDOW as usize {
        came += guest.hear().await.body.len();
    }
    guest.send(Frame::data(Kind::Relay, 2, b"")).await;
    assert_eq!(reports.recv().await.unwrap().decision, NetworkDecision::Allowed);
    guest.say(2, FromGuest::Failed(Failed::new(FailedCode::Io, "nobody reads"))).await;
    let told = timeout(Duration::from_secs(30), guest.told(2)).await;
    assert!(matches!(told, Ok(ToGuest::Dialled { refused: Some(_) })), "it keeps its place: {told:?}");
    guest.dial(4).await;
    drop(link);
}

/// What comes of a guest while it is asked something.
async fn given_up(misbehave: impl AsyncFnOnce(&mut Guest)) -> LinkError {
    let (link, mut guest) = pair().await;
    // It takes connections and reads nothing of them.
    let bounds = Bounds { at_once: 0, ..Bounds::default() };
    let egress = Egress { terms: Arc::new(Terms { bounds, ..Terms::default() }), ..Egress::default() };
    link.lead_out(Proxy::new(egress, 10 << 20).unwrap());
    let inside = async move {
        misbehave(&mut guest).await;
        guest
    };
    let (answer, _guest) = tokio::join!(link.ping(), inside);
    let error = answer.unwrap_err();
    assert!(link.ping().await.is_err(), "it stays so");
    error
}

#[tokio::test]
async fn guests_that_break_the_rules_of_connections_are_given_up() {
    let dials = given_up(async |guest| {
        // None of them ever ends.
        for channel in 1..=200 {
            guest.say(channel * 2, FromGuest::Dial).await;
        }
    });
    let hosts_channel = given_up(async |guest| guest.say(7, FromGuest::Dial).await);
    let twice = given_up(async |guest| {
        guest.dial(2).await;
        guest.say(2, FromGuest::Dial).await;
    });
    let past_the_window = given_up(async |guest| {
        guest.dial(2).await;
        for _ in 0..=2 * (WINDOW as usize / DATA) {
            guest.send(Frame::data(Kind::Relay, 2, &vec![b'x'; DATA])).await;
        }
    });
    let behind_its_end = given_up(async |guest| {
        guest.dial(2).await;
        guest.send(Frame::data(Kind::Relay, 2, b"")).await;
        guest.send(Frame::data(Kind::Relay, 2, b"more")).await;
    });
    let another_kind = given_up(async |guest| {
        guest.dial(2).await;
        guest.send(Frame::data(Kind::Stdout, 2, b"x")).await;
    });
    let nobodys = given_up(async |guest| {
        let flood = Frame::data(Kind::Relay, 22, b"x").encode().unwrap().repeat(1_000);
        for _ in 0..=101 {
            let _ = guest.0.write_all(&flood).await;
        }
    });
    let all = [
        dials.await,
        hosts_channel.await,
        twice.await,
        past_the_window.await,
        behind_its_end.await,
        another_kind.await,
        nobodys.await,
    ];
    for error in all {
        assert!(matches!(error, LinkError::Nonsense(_)), "{error}");
    }
}
