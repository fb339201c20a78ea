//! Sandboxes side by side, microVMs and others, each trying to reach each other and the host in every way there is: only
//! the proxy answers.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    net::{IpAddr, TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener},
    },
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use swarm_sandbox::{
    Backend, Bubblewrap, Exec, Limits, Network, Sandbox, SandboxSpec,
    egress::{Allowed, Egress, Terms},
};
use tokio_util::sync::CancellationToken;

use crate::ground::{
    self, Ground, python,
    server::{Answers, Server, says, with},
};

/// Of each kind.
const SANDBOXES: usize = 2;

/// Answers with its own name on every kind of socket, then asks everywhere and writes down who answered.
const TALK: &str = r"
import json, socket, sys, threading, time

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
try:
    listen(socket.AF_INET6, socket.SOCK_STREAM, ('::', 7000))
except OSError:
    pass  # not every kernel has it
listen(socket.AF_INET, socket.SOCK_DGRAM, ('0.0.0.0', 7000))
listen(socket.AF_UNIX, socket.SOCK_STREAM, '\0swarm-cross-talk-' + NAME)
def fetch(path, body=b''):
    s = socket.create_connection(('127.0.0.1', 3128), 60)
    method = 'POST' if body else 'GET'
    head = f'{method} http://gate.test{path} HTTP/1.1\r\nHost: gate.test\r\nContent-Length: {len(body)}\r\n\r\n'
    s.sendall(head.encode() + body)
    said = b''
    while part := s.recv(65536):
        said += part
    return said.split(b'\r\n\r\n', 1)[1]

fetch('/ready/' + NAME)
while fetch('/go') != b'go':
    time.sleep(0.05)

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
for cid in (1, 2, 3, 4):
    for port in (22, 3128, 3129, 7000):
        asks.append(('vsock', 40, socket.SOCK_STREAM, (cid, port)))
for name in ABSTRACT:
    asks.append(('abstract', socket.AF_UNIX, socket.SOCK_STREAM, '\0' + name))
asks.append(('allowed', socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', 3128), b'GET http://web.test/ HTTP/1.1\r\nHost: web.test\r\n\r\n'))
threads = [threading.Thread(target=ask, args=a) for a in asks]
for at in range(0, len(threads), 24):
    for t in threads[at:at + 24]: t.start()
    for t in threads[at:at + 24]: t.join()
fetch('/heard/' + NAME, json.dumps({'heard': sorted(heard), 'tried': tried}).encode())
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

/// A sandbox and where its files are.
struct Member {
    name: String,
    ground: Ground,
    sandbox: Arc<dyn Sandbox>,
    /// What starts the program in it.
    argv: Vec<String>,
    is_machine: bool,
}

/// Where each waits until all are there, and says in the end what it heard.
async fn gate(members: Arc<AtomicUsize>) -> Server {
    let ready = Arc::<Mutex<BTreeSet<String>>>::default();
    let answers: Answers = Arc::new(move |head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        let mut ready = ready.lock().unwrap();
        if path.starts_with("/ready/") {
            ready.insert(path.to_owned());
        }
        let is_all = ready.len() == members.load(Ordering::Relaxed);
        let said: &[u8] = if is_all { b"go" } else { b"wait" };
        with(said)
    });
    Server::plain(answers).await
}

fn way_out(server: &Server, gate: &Server) -> Network {
    let places = [("web.test", server.at), ("gate.test", gate.at)];
    let places = places.map(|(host, at)| (host.parse().unwrap(), at));
    let terms = Terms { places: BTreeMap::from(places), ..Terms::default() };
    let allowed = Allowed::of([], ["web.test", "gate.test"]).unwrap();
    Network::Through(Egress { allowed, terms: Arc::new(terms), ..Egress::default() })
}

/// Small machines, and time for all of them to come up.
fn limits() -> Limits {
    Limits { memory_bytes: 64 << 20, disk_bytes: 32 << 20, wall: Duration::from_mins(5), ..Limits::default() }
}

/// So many sandboxes of each kind; those that work here.
async fn members(state: &Ground, server: &Server, gate: &Server) -> Vec<Member> {
    let mut members = Vec::new();
    let bubblewrap = Bubblewrap::open(&state.state()).await.unwrap().with_guest(state.relay());
    let walls: Option<Arc<dyn Backend>> = match bubblewrap.probe().await {
        Ok(()) => Some(Arc::new(bubblewrap)),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    };
    let machines = state.microvms().await.map(|rung| -> Arc<dyn Backend> { rung });
    for (rung, is_machine) in [(walls, false), (machines, true)] {
        let Some(rung) = rung else { continue };
        for _ in 0..SANDBOXES {
            let ground = Ground::new();
            ground::write(&ground.work.join("talk.py"), TALK);
            let argv = if is_machine {
                python::into(&ground.work, "/work/talk.py")
            } else {
                Some(["python3", "/work/talk.py"].map(str::to_owned).into())
            };
            let Some(argv) = argv else { continue };
            let spec = SandboxSpec { network: way_out(server, gate), ..ground.spec(limits()) };
            let sandbox = Arc::from(rung.create(spec).await.unwrap());
            members.push(Member { name: format!("box{}", members.len()), ground, sandbox, argv, is_machine });
        }
    }
    members
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_but_the_proxy_answers_whichever_way_a_sandbox_asks() {
    let server = Server::plain(says("from outside")).await;
    let (ports, host) = host_listens();
    let state = Ground::new();
    let wanted = Arc::new(AtomicUsize::new(usize::MAX));
    let gate = gate(Arc::clone(&wanted)).await;
    let members = members(&state, &server, &gate).await;
    if members.is_empty() {
        return;
    }
    wanted.store(members.len(), Ordering::Relaxed);
    let abstracts = members.iter().map(|member| format!("swarm-cross-talk-{}", member.name));
    let abstracts = abstracts.chain([host]).collect::<Vec<_>>().join(",");
    let ports = ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",");
    let cancel = CancellationToken::new();
    let running: Vec<_> = members
        .iter()
        .map(|member| {
            let words = [&member.name, &addresses().join(","), &ports, &abstracts].map(String::to_owned);
            let command = Exec { argv: [&member.argv[..], &words[..]].concat(), ..Exec::default() };
            let (sandbox, cancel) = (Arc::clone(&member.sandbox), cancel.clone());
            tokio::spawn(async move { sandbox.exec(command, cancel).await.unwrap() })
        })
        .collect();
    let told = async {
        loop {
            let told: BTreeMap<String, String> = gate.heard().iter().filter_map(|said| heard(said)).collect();
            if told.len() == members.len() {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let mut ended = futures::future::select_all(running);
    let told = tokio::select! {
        told = told => told,
        (ended, ..) = &mut ended => {
            let ended = ended.unwrap();
            unreachable!("one ended by itself: {:?} {}", ended.how, ground::text(&ended.stderr))
        }
    };
    cancel.cancel();
    for running in ended.into_inner() {
        running.await.unwrap();
    }
    for member in &members {
        judge(member, &told[&member.name]);
        assert!(member.ground.work.join("talk.py").exists());
    }
    assert_eq!(server.heard().len(), members.len());
}

/// Who said what it heard, and what that is.
fn heard(request: &str) -> Option<(String, String)> {
    let (head, body) = request.split_once("\r\n\r\n")?;
    let path = head.strip_prefix("POST ")?.split(' ').next()?;
    Some((path.strip_prefix("/heard/")?.to_owned(), body.to_owned()))
}

fn judge(member: &Member, told: &str) {
    let told: serde_json::Value = serde_json::from_str(told).unwrap();
    let heard: Vec<(String, String)> = serde_json::from_value(told["heard"].clone()).unwrap();
    assert!(told["tried"].as_u64().unwrap() > 150, "{told}");
    let own = &member.name;
    for (how, said) in &heard {
        let fine = match how.as_str() {
            // Its own loopback is its own.
            "tcp" | "udp" | "abstract" => said == own,
            "proxy" => said.starts_with("HTTP/1.1 403 ") || said.starts_with("HTTP/1.1 400 "),
            "allowed" => said.starts_with("HTTP/1.1 200 "),
            // A machine has a kernel of its own; that it knows such sockets leads nowhere.
            "family" => member.is_machine,
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
