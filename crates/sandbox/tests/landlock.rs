//! Landlock around a command: what it holds that the mounts and namespaces of bubblewrap do not.

use std::{path::PathBuf, sync::Arc};

use swarm_sandbox::{
    Backend, Bubblewrap, Exec, Limits, Network, SandboxSpec,
    egress::{Allowed, Egress, Terms},
};
use tokio_util::sync::CancellationToken;

use crate::ground::{
    FINE, Ground, microvm, relay,
    server::{Server, says},
    text,
};

/// Looks for the relay, which stands in the same view as the command, with the same user: what comes of looking into it
/// and of ending it?
const LINE: &str = r"
for at in /proc/[0-9]*; do
    case $(tr '\0' ' ' <$at/cmdline 2>/dev/null) in *'/run/swarm-guest relay '*) relay=${at#/proc/} ;; esac
done
[ $relay ] && echo found
head -c 1 /proc/$relay/environ 2>/dev/null | grep -q . && echo its environment
readlink /proc/$relay/fd/0 >/dev/null && echo its files
kill -9 $relay 2>/dev/null && echo ended
sleep 600 & kill $! && echo its own
for attempt in 1 2 3; do curl -sS --max-time 20 http://web.test/ 2>/dev/null; done
";

/// What the line says in a sandbox with this guest program; nothing where bubblewrap does not work.
async fn said(ground: &Ground, server: &Server, guest: PathBuf) -> Option<(Option<u32>, String)> {
    let rung = Bubblewrap::open(&ground.state()).await.unwrap().with_guest(guest);
    if let Err(error) = rung.probe().await {
        println!("skipped: {error}");
        return None;
    }
    let places = [("web.test".parse().unwrap(), server.at)].into();
    let egress = Egress {
        allowed: Allowed::of([], ["web.test"]).unwrap(),
        terms: Arc::new(Terms { places, ..Terms::default() }),
        ..Egress::default()
    };
    let network = Network::Through(egress);
    let spec = SandboxSpec { network, ..ground.spec(Limits::default()) };
    let sandbox = rung.create(spec).await.unwrap();
    let ended = sandbox.exec(Exec::shell(LINE), CancellationToken::new()).await.unwrap();
    sandbox.stop().await.unwrap();
    Some((rung.landlock(), text(&ended.stdout)))
}

#[tokio::test]
async fn the_relay_beside_a_command_is_out_of_its_reach_and_without_landlock_it_is_not() {
    let ground = Ground::new();
    let server = Server::plain(says("answer ")).await;
    // A program that leads to the proxy and confines nothing: bubblewrap's walls alone.
    let Some((None, alone)) = said(&ground, &server, relay::plain(ground.root.path())).await else {
        return;
    };
    assert_eq!(alone, "found\nits environment\nits files\nended\nits own\n");
    let guest = match microvm::program() {
        Ok(guest) => guest,
        Err(why) => return println!("skipped: {why}"),
    };
    let Some((version, confined)) = said(&ground, &server, guest).await else {
        return;
    };
    match version {
        None => println!("skipped: the kernel has no Landlock"),
        Some(1..=5) => assert!(confined.starts_with("found\nended\nits own\n"), "{confined}"),
        Some(_) => assert_eq!(confined, "found\nits own\nanswer answer answer "),
    }
}

#[tokio::test]
async fn a_confined_command_works_as_before_and_its_end_is_told_as_before() {
    let ground = Ground::new();
    let guest = match microvm::program() {
        Ok(guest) => guest,
        Err(why) => return println!("skipped: {why}"),
    };
    let rung = Bubblewrap::open(&ground.state()).await.unwrap().with_guest(guest);
    if let Err(error) = rung.probe().await {
        return println!("skipped: {error}");
    }
    if rung.landlock().is_none() {
        return println!("skipped: the kernel has no Landlock");
    }
    let sandbox = rung.create(ground.spec(Limits::default())).await.unwrap();
    let run = async |line: &str| sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap();
    let line = "cd /work && echo a > a && mkdir -p b/c && mv a b/c/d && ln b/c/d e && ln -s e f && rm -r b && cat f
                echo x > /tmp/x; echo x > /var/tmp/y; echo x > /dev/shm/z; echo gone > /dev/null; echo err > /dev/stderr
                mkfifo /tmp/pipe; (echo through > /tmp/pipe &) ; cat /tmp/pipe; ls /tmp /dev/shm
                (sleep 600 & kill $!; wait $! 2>/dev/null); git init -q /tmp/repo && git -C /tmp/repo status --short
                echo x > /work/.probe && truncate -s 0 /work/.probe && head -c 4 /dev/urandom | wc -c";
    let ended = run(line).await;
    assert_eq!(ended.how, FINE, "{}", text(&ended.stderr));
    let wanted = "a\nthrough\n/dev/shm:\nz\n\n/tmp:\npipe\nx\ny\n4\n";
    assert_eq!((text(&ended.stdout).as_str(), text(&ended.stderr).as_str()), (wanted, "err\n"));
    for (line, code) in [("exit 7", 7), ("exec no-such-program", 127), ("exec /etc/passwd", 126)] {
        assert_eq!(run(line).await.how, swarm_sandbox::How::Exited { code }, "{line}");
    }
    let missing = Exec { argv: vec!["no-such-program".to_owned()], ..Exec::default() };
    let ended = sandbox.exec(missing, CancellationToken::new()).await.unwrap();
    assert_eq!(ended.how, swarm_sandbox::How::Exited { code: 127 });
    assert!(text(&ended.stderr).contains("no-such-program"));
    sandbox.stop().await.unwrap();
}
