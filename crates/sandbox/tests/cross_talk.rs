//! Sandboxes side by side, each trying to reach each other and the host in every way there is: only the proxy answers.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod ground;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    net::{IpAddr, TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    sync::Arc,
};

use ground::{
    Ground,
    server::{Server, says},
};
use swarm_sandbox::{
    Backend, Bubblewrap, Exec, Network, Sandbox, SandboxSpec,
    egress::{Allowed, Egress, Terms},
};
use tokio_util::sync::CancellationToken;

const SANDBOXES: usize = 3;

/// Answers with its own name on every kind of socket, then asks everywhere and writes down who answered.
const TALK: &str = r"
import json, os, socket, sys, threading, time

NAME, HOSTS, PORTS, ABSTRACT = sys.argv[1], sys.argv[2].split(','), [7000] + [int(p) for p in sys.argv[3].split(',')], sys.argv[4].split(',')
heard, tried, lock = set(), 0, threading.Lock()

def serve(listener):
    while True:
        try:
            client, _ = listener.accept()
            client.sendall(NAME.encode()); client.close()
        except OSError:
            pass

def answer(udp):
    while True:
        try:
            _, asker = udp.recvfrom(100)
            udp.sendto(NAME.encode(), asker)
        except OSError:
            pass

def listen(family, kind, address):
    s = socket.socket(family, kind)
    if family in (socket.AF_INET, socket.AF_INET6):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(address)
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    threading.Thread(target=serve if kind == socket.SOCK_STREAM else answer, args=(s,), daemon=True).start()

listen(socket.AF_INET, socket.SOCK_STREAM, ('0.0.0.0', 7000))
listen(socket.AF_INET6, socket.SOCK_STREAM, ('::', 7000))
listen(socket.AF_INET, socket.SOCK_DGRAM, ('0.0.0.0', 7000))
listen(socket.AF_UNIX, socket.SOCK_STREAM, '\0swarm-cross-talk-' + NAME)
open('/work/ready', 'w').close()
while not os.path.exists('/work/go'):
    time.sleep(0.01)

def ask(how, family, kind, address, say=b'hello', setup=lambda s: None):
    global tried
    with lock:
        tried += 1
    try:
        s = socket.socket(family, kind)
        s.settimeout(0.7)
        setup(s)
        if kind == socket.SOCK_DGRAM:
            s.sendto(say, address)
            said = s.recvfrom(1000)[0]
        else:
            s.connect(address)
            if say != b'hello':
                s.sendall(say)
            said = s.recv(1000)
        with lock:
            heard.add((how, said.decode(errors='replace').splitlines()[0] if said else ''))
    except OSError:
        pass

broadcast = lambda s: s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
asks = []
for host in HOSTS:
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    for port in PORTS:
        asks.append(('tcp', family, socket.SOCK_STREAM, (host, port)))
        asks.append(('udp', family, socket.SOCK_DGRAM, (host, port), b'hello', broadcast))
        bracketed = '[%s]' % host if ':' in host else host
        for line in (f'CONNECT {bracketed}:{port} HTTP/1.1\r\nHost: {bracketed}:{port}\r\n\r\n',
                     f'GET http://{bracketed}:{port}/ HTTP/1.1\r\nHost: {bracketed}:{port}\r\n\r\n'):
            asks.append(('proxy', socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', 3128), line.encode()))
    for kind, protocol in ((socket.SOCK_RAW, socket.IPPROTO_ICMP), (socket.SOCK_DGRAM, socket.IPPROTO_ICMP), (socket.SOCK_RAW, socket.IPPROTO_RAW)):
        try:
            socket.socket(family, kind, protocol)
            heard.add(('raw', 'a raw socket'))
        except OSError:
            tried += 1
for family in (17, 40, 38, 31, 29):  # packet, vsock, alg, bluetooth, can
    try:
        socket.socket(family, socket.SOCK_DGRAM)
        heard.add(('family', str(family)))
    except OSError:
        tried += 1
for name in ABSTRACT:
    asks.append(('abstract', socket.AF_UNIX, socket.SOCK_STREAM, '\0' + name))
asks.append(('allowed', socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', 3128), b'GET http://web.test/ HTTP/1.1\r\nHost: web.test\r\n\r\n'))
threads = [threading.Thread(target=ask, args=a) for a in asks]
for at in range(0, len(threads), 24):
    for t in threads[at:at + 24]: t.start()
    for t in threads[at:at + 24]: t.join()
json.dump({'heard': sorted(heard), 'tried': tried}, open('/work/heard.part', 'w'))
os.rename('/work/heard.part', '/work/heard')
time.sleep(600)
";

/// Listeners of the host on every kind of socket. They say `host` to whoever comes.
fn host_listens() -> (Vec<u16>, String) {
    let tcp = TcpListener::bind("0.0.0.0:0").unwrap();
    let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
    let name = format!("swarm-cross-talk-host-{}", std::process::id());
    let unix = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let ports = vec![tcp.local_addr().unwrap().port(), udp.local_addr().unwrap().port()];
    std::thread::spawn(move || {
        for mut stream in tcp.incoming().flatten() {
            let _ = stream.write_all(b"host");
        }
    });
    std::thread::spawn(move || {
        let mut buffer = [0; 100];
        while let Ok((_, asker)) = udp.recv_from(&mut buffer) {
            let _ = udp.send_to(b"host", asker);
        }
    });
    std::thread::spawn(move || {
        for mut stream in unix.incoming().flatten() {
            let _ = stream.write_all(b"host");
        }
    });
    (ports, name)
}

/// This machine's own addresses, and those that are worth a try on any.
fn addresses() -> Vec<String> {
    let mut all: BTreeSet<String> = [
        "127.0.0.1",
        "127.0.0.2",
        "::1",
        "0.0.0.0",
        "10.0.2.2",
        "172.17.0.1",
        "169.254.169.254",
        "fd00:ec2::254",
        "255.255.255.255",
        "224.0.0.1",
        "1.1.1.1",
    ]
    .map(str::to_owned)
    .into();
    // Which of its addresses would be used to go out: nothing is sent for this.
    let out = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("1.1.1.1:53")?;
        socket.local_addr()
    });
    all.extend(
        out.ok()
            .map(|address| address.ip())
            .filter(|ip| !IpAddr::is_unspecified(ip))
            .map(|ip| ip.to_string()),
    );
    all.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_but_the_proxy_answers_whichever_way_a_sandbox_asks() {
    let server = Server::plain(says("from outside")).await;
    let (ports, host) = host_listens();
    let state = Ground::new();
    let rung = Bubblewrap::open(&state.state()).await.unwrap().with_guest(state.relay());
    if let Err(error) = rung.probe().await {
        return println!("skipped: {error}");
    }
    let grounds: Vec<_> = (0..SANDBOXES).map(|_| Ground::new()).collect();
    let mut sandboxes: Vec<Arc<dyn Sandbox>> = Vec::new();
    for ground in &grounds {
        fs::write(ground.work.join("talk.py"), TALK).unwrap();
        let terms =
            Terms { places: BTreeMap::from([("web.test".parse().unwrap(), server.at)]), ..Terms::default() };
        let egress = Egress {
            allowed: Allowed::of([], ["web.test"]).unwrap(),
            terms: Arc::new(terms),
            ..Egress::default()
        };
        let spec = SandboxSpec {
            network: Network::Through(egress),
            ..ground.spec(swarm_sandbox::Limits::default())
        };
        sandboxes.push(Arc::from(rung.create(spec).await.unwrap()));
    }
    let abstracts: Vec<_> =
        (0..SANDBOXES).map(|n| format!("swarm-cross-talk-box{n}")).chain([host]).collect();
    let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
    let cancel = CancellationToken::new();
    let running: Vec<_> = sandboxes
        .iter()
        .enumerate()
        .map(|(n, sandbox)| {
            let words = [
                "python3",
                "/work/talk.py",
                &format!("box{n}"),
                &addresses().join(","),
                &ports.join(","),
                &abstracts.join(","),
            ];
            let command = Exec { argv: words.map(str::to_owned).into(), ..Exec::default() };
            let (sandbox, cancel) = (Arc::clone(sandbox), cancel.clone());
            tokio::spawn(async move { sandbox.exec(command, cancel).await.unwrap() })
        })
        .collect();
    ground::until("every sandbox listens", || {
        grounds.iter().all(|ground| ground.work.join("ready").exists())
    })
    .await;
    for ground in &grounds {
        ground::write(&ground.work.join("go"), "");
    }
    ground::until("every sandbox has asked", || {
        grounds.iter().all(|ground| ground.work.join("heard").exists())
    })
    .await;
    cancel.cancel();
    for running in running {
        running.await.unwrap();
    }
    for (n, ground) in grounds.iter().enumerate() {
        let told = fs::read_to_string(ground.work.join("heard")).unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let heard: Vec<(String, String)> = serde_json::from_value(told["heard"].clone()).unwrap();
        assert!(told["tried"].as_u64().unwrap() > 150, "{told}");
        let own = format!("box{n}");
        for (how, said) in &heard {
            let fine = match how.as_str() {
                // Its own loopback is its own.
                "tcp" | "udp" | "abstract" => *said == own,
                "proxy" => said.starts_with("HTTP/1.1 403 ") || said.starts_with("HTTP/1.1 400 "),
                "allowed" => said.starts_with("HTTP/1.1 200 "),
                _ => false,
            };
            assert!(fine, "{own} heard {said:?} by {how}");
        }
        for how in ["tcp", "udp", "abstract", "proxy", "allowed"] {
            assert!(
                heard.iter().any(|(by, _)| by == how),
                "{own} heard nothing by {how}: the test asks wrongly: {heard:?}"
            );
        }
    }
    assert_eq!(server.heard().len(), SANDBOXES);
}
