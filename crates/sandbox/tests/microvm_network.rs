//! The way out of microVMs, as programs inside see it: real machines, a real server, and nothing past the proxy.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use swarm_domain::network::NetworkDecision as Decision;
use swarm_sandbox::{
    Backend, Ended, Exec, How, Limit, Limits, MicroVms, Network, Sandbox, SandboxSpec,
    egress::{Allowed, Credential, Credentials, Egress, NoCredential, Report, Terms},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::ground::{
    self, FINE, Ground, memory, microvm, passed, python,
    server::{House, Server, says, with},
    text,
};

const CANARY: &str = "canary-5f0c91d2";

/// As in the other tests of microVMs: they share one template.
fn small() -> Limits {
    Limits { memory_bytes: 64 << 20, disk_bytes: 32 << 20, wall: Duration::from_mins(4), ..Limits::default() }
}

/// What leads to these places, and nowhere else.
fn to(allowed: &[&str], places: &[(&str, SocketAddr)]) -> (Egress, UnboundedReceiver<Report>) {
    let (to, reports) = unbounded_channel();
    let places = places.iter().map(|(host, at)| (host.parse().unwrap(), *at)).collect();
    let egress = Egress {
        allowed: Allowed::of([], allowed.iter().copied()).unwrap(),
        terms: Arc::new(Terms { places, ..Terms::default() }),
        reports: Some(to),
        ..Egress::default()
    };
    (egress, reports)
}

async fn make(rung: &Arc<MicroVms>, ground: &Ground, limits: Limits, egress: Egress) -> Box<dyn Sandbox> {
    let spec = SandboxSpec { network: Network::Through(egress), ..ground.spec(limits) };
    rung.create(spec).await.unwrap()
}

async fn run(sandbox: &dyn Sandbox, line: &str) -> Ended {
    sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap()
}

#[tokio::test]
async fn what_is_on_the_list_is_reached_from_a_machine_and_nothing_else() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let server = Server::plain(says("from outside")).await;
    let port = server.at.port();
    let (egress, mut reports) = to(&["web.test"], &[("web.test", server.at), ("evil.test", server.at)]);
    let sandbox = make(&rung, &ground, small(), egress).await;
    let line = format!(
        "wget -q -O - http://web.test/a; echo
         for at in evil.test 127.0.0.1:{port} 169.254.169.254 1.1.1.1 localhost:{port}; do
             timeout 60 wget -q -O - http://$at/ 2>&1 | grep -o '40[03] [A-Z][a-z]*'
             timeout 10 wget -Y off -q -O - http://$at/ 2>/dev/null && echo past $at
         done
         tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '
         wc -c < $SSL_CERT_FILE | grep -q '[1-9]' && echo certificates
         cat /run/swarm/space/state/* 2>/dev/null; ls /run/swarm 2>/dev/null
         exit 3"
    );
    let ended = run(&*sandbox, &line).await;
    assert_eq!(ended.how, How::Exited { code: 3 }, "{}", text(&ended.stderr));
    let wanted = "from outside\n403 Forbidden\n400 Bad\n400 Bad\n400 Bad\n403 Forbidden\nlo\ncertificates\n";
    let said = text(&ended.stdout);
    // How an address is refused is the proxy's matter; here it is that each is.
    let plain = |text: &str| text.replace("400 Bad", "refused").replace("403 Forbidden", "refused");
    assert_eq!(plain(&said), plain(wanted), "{said}");
    // The next command has the same way out.
    let ended = run(&*sandbox, "wget -q -O - http://web.test/b").await;
    assert_eq!((ended.how, text(&ended.stdout).as_str()), (FINE, "from outside"));
    assert_eq!(server.heard().len(), 2);
    sandbox.stop().await.unwrap();
    let mut told = Vec::new();
    while let Some(report) = reports.recv().await {
        told.push((report.host, report.decision));
    }
    let allowed = |(_, decision): &&(String, Decision)| *decision == Decision::Allowed;
    assert_eq!(told.iter().filter(allowed).count(), 2, "{told:?}");
    assert!(told.contains(&("evil.test".to_owned(), Decision::Refused)), "{told:?}");
    assert_eq!(told.len(), 7, "each request is told, once: {told:?}");
}

#[tokio::test]
async fn a_machine_without_a_network_has_no_way_out_and_no_word_of_one() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let sandbox = rung.create(ground.spec(small())).await.unwrap();
    let line = "env | grep -i proxy; cat /run/swarm/ca.pem 2>/dev/null; http_proxy=http://127.0.0.1:3128 wget -q -O - \
                http://web.test/ 2>/dev/null && echo reached; echo end";
    assert_eq!(text(&run(&*sandbox, line).await.stdout), "end\n");
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn many_connections_at_once_carry_much_both_ways_and_a_slow_one_holds_up_none() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let server = Server::plain(Arc::new(|head| {
        let byte = head.as_bytes().get("GET /".len()).copied().unwrap_or(b'?');
        with(&vec![byte; 1 << 20])
    }))
    .await;
    let (egress, _reports) = to(&["web.test"], &[("web.test", server.at)]);
    let sandbox = make(&rung, &ground, small(), egress).await;
    let line = "mkfifo /tmp/slow; wget -q -O /tmp/slow http://web.test/s & sleep 600 < /tmp/slow & slow=$!
                all=; for n in a b c d e f; do wget -q -O /tmp/$n http://web.test/$n & all=\"$all $!\"; done
                wait $all
                for n in a b c d e f; do tr -d $n < /tmp/$n | wc -c; wc -c < /tmp/$n; done | sort | uniq -c | tr -s ' '
                head -c 700000 /dev/zero | tr '\\0' u > /tmp/up
                wget -q -O - --post-file=/tmp/up http://web.test/up | wc -c; kill $slow";
    let ended = run(&*sandbox, line).await;
    assert_eq!(ended.how, FINE, "{}", text(&ended.stderr));
    assert_eq!(text(&ended.stdout), " 6 0\n 6 1048576\n1048576\n", "{}", text(&ended.stderr));
    let uploaded = server.heard().iter().filter(|heard| heard.ends_with(&"u".repeat(700_000))).count();
    assert_eq!(uploaded, 1);
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn a_command_in_a_machine_that_passes_its_network_limit_is_ended() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    let server = Server::plain(Arc::new(|_| with(&vec![b'x'; 1 << 20]))).await;
    let (egress, _reports) = to(&["web.test"], &[("web.test", server.at)]);
    let limits = Limits { network_bytes: 4 << 20, ..small() };
    let sandbox = make(&rung, &ground, limits, egress).await;
    let ended =
        run(&*sandbox, "wget -q -O /tmp/one http://web.test/; wc -c < /tmp/one; echo kept > kept").await;
    assert_eq!((ended.how, text(&ended.stdout).trim()), (FINE, "1048576"));
    // Another machine goes on with what is left of the limit.
    microvm::monitors(&ground.state()).into_iter().for_each(microvm::kill);
    let _ = sandbox.exec(Exec::shell("true"), CancellationToken::new()).await;
    let two = "wget -q -O /dev/null http://web.test/; wget -q -O /dev/null http://web.test/; cat kept";
    assert_eq!(text(&run(&*sandbox, two).await.stdout), "kept\n");
    let ended = run(&*sandbox, "while :; do wget -q -O /dev/null http://web.test/ 2>/dev/null; done").await;
    assert_eq!(ended.how, passed(Limit::Network));
    let most = 4 + 1;
    assert!(server.heard().len() <= most, "{}", server.heard().len());
    sandbox.stop().await.unwrap();
}

struct OnlyFor(&'static str);

#[async_trait]
impl Credentials for OnlyFor {
    fn cover(&self, host: &str, _port: u16) -> bool {
        host == self.0
    }

    async fn credentials(&self, _host: &str, _port: u16) -> Result<Vec<Credential>, NoCredential> {
        Ok(vec![Credential::bearer(CANARY).ok_or(NoCredential)?])
    }
}

const ASK: &str = r#"
import os, time, urllib.request
ask = lambda path: urllib.request.urlopen(urllib.request.Request("https://api.test" + path, headers={"Authorization": "Bearer mine"})).read()
answer = ask("/v1")
planted = "".join(["plan", "ted-91"]).encode()
with open("/tmp/all", "wb") as out:
    for name in os.listdir("/proc"):
        for file in ("environ", "cmdline"):
            try:
                out.write(open("/proc/%s/%s" % (name, file), "rb").read())
            except OSError:
                pass
found = []
for top in ("/tmp", "/work", "/etc", "/run", "/dev/shm"):
    for folder, _, files in os.walk(top):
        for file in files:
            path = os.path.join(folder, file)
            try:
                # Backwards, so that looking for it does not bring it in.
                if os.path.isfile(path) and b"2d19c0f5-yranac" in open(path, "rb").read()[::-1]:
                    found.append(path)
            except OSError:
                pass
print(answer.decode(), found, flush=True)
ask("/looked")
time.sleep(600)
"#;

#[tokio::test]
async fn a_credentials_value_is_not_in_the_memory_of_the_machine_nor_in_anything_inside() {
    let ground = Ground::new();
    let Some(rung) = ground.microvms().await else {
        return;
    };
    ground::write(&ground.work.join("ask.py"), ASK);
    let Some(argv) = python::into(&ground.work, "/work/ask.py") else {
        return;
    };
    let house = House::new();
    let server = Server::tls(&house, "api.test", says("what-only-it-knows")).await;
    let (mut egress, mut reports) = to(&["api.test"], &[("api.test", server.at)]);
    egress.credentials = Arc::new(OnlyFor("api.test"));
    let terms = Terms { authorities: vec![house.certificate.clone()], ..Terms::clone(&egress.terms) };
    egress.terms = Arc::new(terms);
    let sandbox = make(&rung, &ground, small(), egress).await;
    let cancel = CancellationToken::new();
    let running = sandbox.exec(Exec { argv: argv.clone(), ..Exec::default() }, cancel.clone());
    let looking = async {
        ground::until("both requests", || server.heard().len() == 2).await;
        let words = [CANARY, "planted-91", "what-only-it-knows"];
        let monitors = microvm::monitors(&ground.state());
        let is_root = nix::unistd::Uid::effective().is_root();
        let found = if is_root {
            monitors.into_iter().map(|process| memory::words(process, &words)).collect()
        } else {
            println!("skipped: only root may look into the memory of a machine");
            Vec::new()
        };
        cancel.cancel();
        (is_root, found)
    };
    let (ended, (is_root, found)) = tokio::join!(running, looking);
    assert_eq!(ended.unwrap().how, How::Cancelled);
    if is_root {
        for word in ["planted-91", "what-only-it-knows"] {
            let seen = found.iter().any(|(_, words)| words.iter().any(|found| found == word));
            assert!(seen, "looking finds nothing, not even {word}: {found:?}");
        }
        assert!(found.iter().any(|(mebibytes, _)| *mebibytes > 200), "{found:?}");
        assert!(found.iter().all(|(_, words)| words.iter().all(|word| word != CANARY)), "{found:?}");
    }
    for heard in server.heard() {
        assert!(heard.contains(CANARY) && !heard.contains("Bearer mine"));
    }
    // The same once more, to its end: what it finds inside, it says.
    ground::write(&ground.work.join("ask.py"), &ASK.replace("time.sleep(600)", ""));
    let ended = sandbox.exec(Exec { argv, ..Exec::default() }, CancellationToken::new()).await.unwrap();
    assert_eq!(text(&ended.stdout), "what-only-it-knows []\n", "{}", text(&ended.stderr));
    sandbox.stop().await.unwrap();
    let mut told = Vec::new();
    while let Some(report) = reports.recv().await {
        told.push(report);
    }
    // The second one may have been cut off before its answer.
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(told.iter().filter(|report| report.credential).count() >= 3, "{told:?}");
    assert!(!format!("{told:?}").contains(CANARY));
}
