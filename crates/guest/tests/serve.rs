//! The program as an ordinary process: what it does, and what it does when the host is broken or mad.

use std::{collections::BTreeMap, time::Duration};

use swarm_guest::{
    message::{Ending, Exec, ExecLimits, FailedCode, FromGuest, Hello, Limit, Seed, ToGuest},
    protocol::{Frame, Kind, SESSION, VERSION},
};

use crate::peer::{self, Peer, argv, limits, unlike_any_other};

fn code(code: i32) -> Ending {
    Ending::Code { code }
}

#[test]
fn a_command_s_output_and_end_are_told() {
    for mut peer in Peer::both() {
        peer.settle();
        let run = peer.run(3, "echo out; echo err >&2; exit 7");
        assert_eq!((run.stdout.as_str(), run.stderr.as_str(), run.ending), ("out\n", "err\n", code(7)));
        for (line, ending) in [
            (argv(&["true"]), code(0)),
            (argv(&["no-such-program"]), code(127)),
            (argv(&["/etc/hostname"]), code(126)),
            (argv(&["sh", "-c", "kill -SEGV $$"]), Ending::Signal { signal: 11 }),
        ] {
            assert_eq!(peer.exec(5, line.clone()).ending, ending, "{line:?}");
        }
    }
}

#[test]
fn nothing_is_run_before_the_time_and_randomness_were_given_nor_after_a_freeze() {
    let mut peer = Peer::start(&[]);
    let refused = |peer: &mut Peer| match peer.ask(9, &ToGuest::Exec(argv(&["true"]))) {
        FromGuest::Failed(failed) => failed.code,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(&mut peer), FailedCode::NotSettled);
    assert_eq!(peer.ask(9, &ToGuest::SetClock { unix_nanos: 1 }), FromGuest::Done { applied: false });
    assert_eq!(refused(&mut peer), FailedCode::NotSettled);
    let seed = || Seed([7; 32]);
    let bad = ToGuest::Reseed { seed: seed(), identity: "../../etc".to_owned() };
    assert!(matches!(peer.ask(9, &bad), FromGuest::Failed(failed) if failed.code == FailedCode::Invalid));
    let good = ToGuest::Reseed { seed: seed(), identity: "0123456789abcdef".repeat(2) };
    assert_eq!(peer.ask(9, &good), FromGuest::Done { applied: false });
    assert_eq!(peer.run(11, "echo fine").stdout, "fine\n");

    assert_eq!(peer.ask(SESSION, &ToGuest::Freeze), FromGuest::Frozen);
    peer.say(13, &ToGuest::Ping);
    let ready = peer.greet();
    assert!(!ready.settled, "what was said meanwhile is not answered, and it must be given both again");
    assert_eq!(refused(&mut peer), FailedCode::NotSettled);
}

#[test]
fn a_command_that_runs_when_the_machine_is_frozen_goes_on_afterwards() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    peer.say(3, &ToGuest::Exec(argv(&["sh", "-c", "echo before; read line; echo $line"])));
    assert_eq!(peer.next_data(), (Kind::Stdout, 3, b"before\n".to_vec()));
    assert_eq!(peer.ask(SESSION, &ToGuest::Freeze), FromGuest::Frozen);
    peer.greet();
    peer.send(&Frame::data(Kind::Stdin, 3, b"after\n"));
    let run = peer.end_of(3);
    assert_eq!((run.stdout.as_str(), run.ending), ("after\n", code(0)));
}

#[test]
fn another_version_is_refused_with_what_to_do_and_the_session_can_still_be_begun() {
    let mut peer = Peer::connect(&[]);
    peer.say(1, &ToGuest::Ping);
    peer.say(SESSION, &ToGuest::Hello(Hello { version: VERSION + 1, features: Vec::new() }));
    let FromGuest::Hello(own) = peer.hear().1 else { panic!("nothing is said before the greeting") };
    assert_eq!(own.version, VERSION);
    assert!(matches!(peer.hear().1, FromGuest::Failed(failed) if failed.code == FailedCode::Version));
    peer.greet();
    assert!(matches!(peer.ask(1, &ToGuest::Ping), FromGuest::Pong(pong) if !pong.busy));
}

#[test]
fn what_a_command_leaves_running_dies_with_it() {
    for mut peer in Peer::both() {
        peer.settle();
        let argument = unlike_any_other();
        let run = peer.run(3, &format!("(setsid sleep {argument} &) ; sleep {argument} & echo done"));
        assert_eq!((run.stdout.as_str(), run.ending), ("done\n", code(0)));
        assert!(!peer::is_there(&argument));
    }
}

#[test]
fn a_command_is_ended_at_its_wall_clock_and_when_it_floods_and_by_a_signal() {
    for mut peer in Peer::both() {
        peer.settle();
        let argument = unlike_any_other();
        let exec = |line: &str, limits: ExecLimits| Exec { limits, ..argv(&["sh", "-c", line]) };
        let hang = format!("trap '' TERM; (setsid sleep {argument} &); sleep {argument}");
        let run = peer.exec(3, exec(&hang, ExecLimits { wall_ms: 200, ..limits() }));
        assert_eq!(run.ending, Ending::Limit { limit: Limit::Wall });
        assert!(!peer::is_there(&argument));

        let run = peer.exec(5, exec("cat /dev/zero", ExecLimits { output_bytes: 1_000_000, ..limits() }));
        assert_eq!((run.ending, run.stdout.len()), (Ending::Limit { limit: Limit::Output }, 1_000_000));

        peer.say(7, &ToGuest::Exec(exec(&hang, limits())));
        peer::until(|| peer::is_there(&argument));
        peer.say(7, &ToGuest::Signal { signal: 9 });
        assert_eq!(peer.end_of(7).ending, Ending::Signal { signal: 9 });
        assert!(!peer::is_there(&argument));

        peer.say(
            9,
            &ToGuest::Exec(exec(
                "trap 'echo heard; exit 3' USR1; echo ready; while :; do sleep 0.01; done",
                limits(),
            )),
        );
        assert_eq!(peer.next_data(), (Kind::Stdout, 9, b"ready\n".to_vec()));
        peer.say(9, &ToGuest::Signal { signal: 10 });
        let run = peer.end_of(9);
        assert_eq!((run.stdout.as_str(), run.ending), ("heard\n", code(3)));
    }
}

#[test]
fn standard_input_is_held_to_its_window_and_one_that_is_not_read_blocks_nothing() {
    for mut peer in Peer::both() {
        peer.settle();
        peer.say(3, &ToGuest::Exec(argv(&["wc", "-c"])));
        let count = peer.feed(3, &vec![b'x'; 1 << 20]);
        assert_eq!(count.stdout.trim(), (1 << 20).to_string());
        peer.say(5, &ToGuest::Exec(argv(&["sleep", "0.1"])));
        peer.send(&Frame::data(Kind::Stdin, 5, &vec![b'x'; 200_000]));
        assert!(matches!(peer.ask(7, &ToGuest::Ping), FromGuest::Pong(pong) if pong.busy));
        assert_eq!(peer.end_of(5).ending, code(0));
    }
}

#[test]
fn a_second_command_at_once_and_one_that_cannot_be_meant_are_refused() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    peer.say(3, &ToGuest::Exec(argv(&["cat"])));
    let refused = peer.ask(5, &ToGuest::Exec(argv(&["true"])));
    assert!(matches!(refused, FromGuest::Failed(failed) if failed.code == FailedCode::Busy));
    peer.send(&Frame::data(Kind::Stdin, 3, b""));
    assert_eq!(peer.end_of(3).ending, code(0));
    let bad = |change: fn(&mut Exec)| {
        let mut exec = argv(&["true"]);
        change(&mut exec);
        ToGuest::Exec(exec)
    };
    for exec in [
        bad(|exec| exec.argv.clear()),
        bad(|exec| exec.argv.push("a\0b".to_owned())),
        bad(|exec| exec.cwd = "../x".to_owned()),
        bad(|exec| exec.cwd = "/etc".to_owned()),
        bad(|exec| exec.env = BTreeMap::from([("A=B".to_owned(), String::new())])),
    ] {
        let said = peer.ask(7, &exec);
        assert!(matches!(&said, FromGuest::Failed(failed) if failed.code == FailedCode::Invalid), "{said:?}");
    }
    let said = peer.ask(9, &bad(|exec| exec.cwd = "nowhere".to_owned()));
    assert!(matches!(said, FromGuest::Failed(failed) if failed.code == FailedCode::NoFolder));
}

#[test]
fn a_command_sees_only_its_own_processes_and_cannot_become_more_than_it_is() {
    let mut peer = Peer::start(&["--user", "1000"]);
    if !peer.is_isolated() {
        println!("skipped: only root can make namespaces without more ado");
        return;
    }
    peer.settle();
    let run = peer.run(3, "id -u; id -G; ls /proc | grep -c '^[0-9]'; grep NoNewPrivs /proc/self/status; cat /proc/1/environ | wc -c");
    let lines: Vec<_> = run.stdout.lines().collect();
    assert_eq!((lines[0], lines[1], lines[3]), ("1000", "1000", "NoNewPrivs:\t1"), "{run:?}");
    assert!(lines[2].parse::<u32>().unwrap() < 10, "{run:?}");
}

#[test]
fn garbage_and_half_frames_neither_end_nor_confuse_it_and_a_new_session_begins_anew() {
    let mut peer = Peer::start(&[]);
    peer.settle();
    peer.send(&Frame { kind: Kind::Control, channel: 3, body: b"{\"say\":\"sing\"}".to_vec() });
    assert!(matches!(peer.hear().1, FromGuest::Failed(failed) if failed.code == FailedCode::Invalid));
    for kind in [Kind::Stdin, Kind::File, Kind::Relay, Kind::Stdout] {
        peer.send(&Frame::data(kind, 99, b"for nobody"));
    }
    peer.say(98, &ToGuest::Window { bytes: u32::MAX });
    peer.say(98, &ToGuest::Dialled { refused: None });
    assert!(matches!(peer.ask(5, &ToGuest::Ping), FromGuest::Pong(_)));

    let argument = unlike_any_other();
    peer.say(7, &ToGuest::Exec(argv(&["sleep", &argument])));
    peer::until(|| peer::is_there(&argument));
    peer.reconnect(&[0xff; 20]);
    peer::until(|| !peer::is_there(&argument));
    assert!(peer.greet().settled);
    let run = peer.run_when_free(9, "echo again");
    assert_eq!(run.stdout, "again\n");
}

#[test]
fn the_program_ends_when_it_is_asked_to() {
    let mut peer = Peer::start(&[]);
    peer.say(SESSION, &ToGuest::Shutdown);
    assert!(peer.ended_within(Duration::from_secs(30)));
}
