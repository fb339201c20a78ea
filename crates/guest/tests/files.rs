//! Files to and from the program as an ordinary process.

use std::{fs, os::unix::fs::symlink};

use swarm_guest::{
    message::{Ending, FailedCode, FromGuest, ToGuest},
    protocol::{Frame, Kind},
    tree::{Bounds, Content, Entry, EntryPath, LinkTarget, Mtime, Totals},
};

use crate::peer::{Peer, argv};

const BOUNDS: Bounds = Bounds { entries: 100, bytes: 1_000_000 };

fn entry(path: &str, content: Content) -> Entry {
    Entry { path: EntryPath::new(path.as_bytes()).unwrap(), content }
}

fn file(path: &str, size: usize) -> Entry {
    let mtime = Mtime { seconds: 1_000_000_000, nanos: 7 };
    entry(path, Content::File { mode: 0o755, size: size as u64, mtime })
}

impl Peer {
    /// Pushes entries, each file with its bytes, and hears what the guest says to it.
    fn push(&mut self, channel: u32, entries: &[(Entry, &[u8])]) -> FromGuest {
        self.say(channel, &ToGuest::Push { bounds: BOUNDS });
        let mut totals = Totals::default();
        for (entry, bytes) in entries {
            totals.entries += 1;
            totals.bytes += bytes.len() as u64;
            self.say(channel, &ToGuest::Entry(entry.clone()));
            if !bytes.is_empty() {
                self.send(&Frame::data(Kind::File, channel, bytes));
            }
        }
        self.ask(channel, &ToGuest::End(totals))
    }

    /// What changed, as text, with the bytes of files.
    fn pull(&mut self, channel: u32, bounds: Bounds) -> Result<Vec<String>, FailedCode> {
        self.say(channel, &ToGuest::Pull { bounds });
        let mut seen: Vec<String> = Vec::new();
        loop {
            let frame = self.frame();
            if frame.kind == Kind::File {
                let last = seen.last_mut().unwrap();
                *last += &String::from_utf8(frame.body).unwrap();
                continue;
            }
            seen.push(match FromGuest::read(&frame).unwrap() {
                FromGuest::Entry(Entry { path, content }) => match content {
                    Content::Gone => format!("-{path}"),
                    Content::Folder { .. } => format!("{path}/"),
                    Content::Link { to } => format!("{path} -> {}", String::from(to)),
                    Content::File { .. } => format!("{path}: "),
                },
                FromGuest::End(totals) => {
                    assert_eq!(totals.entries, seen.len() as u64);
                    return Ok(seen);
                }
                FromGuest::Failed(failed) => return Err(failed.code),
                other => panic!("{other:?}"),
            });
        }
    }
}

const DONE: FromGuest = FromGuest::Done { applied: true };

#[test]
fn what_the_host_gives_is_there_for_a_command_and_only_what_that_changes_comes_back() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    let given = [
        (entry("src", Content::Folder { mode: 0o755 }), b"".as_slice()),
        (file("src/run", 16), b"#!/bin/sh\necho 1".as_slice()),
        (file("old", 3), b"old"),
        (entry("link", Content::Link { to: LinkTarget::new(b"src/run").unwrap() }), b""),
    ];
    assert_eq!(peer.push(3, &given), DONE);
    assert_eq!(peer.pull(5, BOUNDS), Ok(Vec::new()), "what the host gave is no change");
    let run = peer.run(7, "./link; stat -c %Y old; rm old; mkdir new; echo x > new/file; ln -s /etc/passwd new/link; mkfifo pipe");
    assert_eq!((run.stdout.as_str(), run.ending), ("1\n1000000000\n", Ending::Code { code: 0 }));
    let changed = ["-old", "new/", "new/file: x\n", "new/link -> /etc/passwd"];
    assert_eq!(peer.pull(9, BOUNDS), Ok(changed.map(str::to_owned).to_vec()));
    assert_eq!(peer.pull(11, BOUNDS), Ok(Vec::new()));
}

#[test]
fn a_change_that_keeps_size_and_comes_at_once_is_seen_every_time() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    assert_eq!(peer.push(1, &[(file("file", 1), b"0")]), DONE);
    for digit in 1..10 {
        peer.run(3, &format!("printf {digit} > file"));
        assert_eq!(peer.pull(5, BOUNDS), Ok(vec![format!("file: {digit}")]));
    }
}

#[test]
fn a_link_that_a_command_left_does_not_lead_the_hosts_files_elsewhere() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    let outside = tempfile::tempdir().unwrap();
    assert_eq!(peer.push(1, &[(entry("a", Content::Folder { mode: 0o755 }), b"")]), DONE);
    fs::remove_dir(peer.work().join("a")).unwrap();
    symlink(outside.path(), peer.work().join("a")).unwrap();
    let said = peer.push(3, &[(file("a/evil", 1), b"x")]);
    assert!(matches!(said, FromGuest::Failed(failed) if failed.code == FailedCode::Io));
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_push_that_does_not_fit_or_is_broken_off_changes_nothing() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    let bad = [(file("good", 1), b"x".as_slice()), (file("no/such/folder", 1), b"x")];
    assert!(matches!(peer.push(1, &bad), FromGuest::Failed(failed) if failed.code == FailedCode::Invalid));
    let big = [(file("good", 1), b"x".as_slice()), (file("big", 2_000_000), b"")];
    assert!(matches!(peer.push(3, &big), FromGuest::Failed(failed) if failed.code == FailedCode::TooMuch));
    peer.say(5, &ToGuest::Push { bounds: BOUNDS });
    peer.say(5, &ToGuest::Entry(file("good", 1)));
    peer.say(5, &ToGuest::Abort);
    let said = peer.ask(5, &ToGuest::End(Totals { entries: 1, bytes: 0 }));
    assert!(matches!(said, FromGuest::Failed(failed) if failed.code == FailedCode::Invalid));
    assert_eq!(fs::read_dir(peer.work()).unwrap().count(), 0);
    assert_eq!(peer.push(7, &[(file("good", 1), b"x")]), DONE);
}

#[test]
fn more_than_the_host_takes_is_not_sent() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    peer.run(1, "truncate -s 1T giant");
    assert_eq!(peer.pull(3, BOUNDS), Err(FailedCode::TooMuch));
    peer.run(5, "rm giant; for i in $(seq 200); do : > $i; done");
    assert_eq!(peer.pull(7, BOUNDS), Err(FailedCode::TooMuch));
    peer.run(9, "rm *; echo fine > few");
    assert_eq!(peer.pull(11, BOUNDS), Ok(vec!["few: fine\n".to_owned()]));
}

#[test]
fn files_go_to_the_user_that_commands_run_as() {
    let mut peer = Peer::start(&["--user", "1000"]);
    if !peer.is_isolated() {
        println!("skipped: only root can give files away");
        return;
    }
    peer.settle();
    std::os::unix::fs::chown(peer.work(), Some(1000), Some(1000)).unwrap();
    let given = [(entry("d", Content::Folder { mode: 0o700 }), b"".as_slice()), (file("d/f", 1), b"x")];
    assert_eq!(peer.push(1, &given), DONE);
    let run = peer.exec(3, argv(&["sh", "-c", "echo y >> d/f && stat -c %u d d/f"]));
    assert_eq!(
        (run.stdout.as_str(), run.ending),
        ("1000\n1000\n", Ending::Code { code: 0 }),
        "{}",
        run.stderr
    );
}
