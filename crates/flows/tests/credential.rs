//! A secret on the way out of a build: it reaches the host that it is for, and is nowhere else.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    sync::Arc,
};

use swarm_agents::Catalogue;
use swarm_domain::{
    BlobHash, Event, EventBody, SecretName,
    network::NetworkDecision,
    run::{RunOptions, RunState},
    secret::{Placement, Secret, SecretHost, SecretId},
};
use swarm_flows::Flows;
use swarm_sandbox::{Backend, Bubblewrap, egress::Terms};
use swarm_store::{Given, NewSecret};

use crate::{
    relay,
    server::{House, Server, says},
    world::{self, GREETER, OFFICE, World, ada},
};

const CANARY: &str = "canary-of-the-build";

/// The agent asks the host, and then looks for what the request got on the way.
const SCRIPT: &str = r#"
tools = true
json_schema = true

[[rules]]
contains = "what only it knows: nowhere inside"
in = "last"
tool_calls = [
  { name = "write", arguments = { path = "greet.sh", content = "echo \"Hello, $1!\"\n" } },
  { name = "finish", arguments = { done = true, summary = "It greets." } },
]

[[rules]]
contains = "You may write only: greet.sh"
tool_calls = [{ name = "run", arguments = { command = "curl -sS -H 'Authorization: Bearer mine' https://api.test/v1; (env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline) 2>/dev/null | tr '\\0' '\\n' >/tmp/all; grep -rlsE 'canary-of-the-[b]uild' /tmp /work /etc /run /dev/shm /var || echo ': nowhere inside'" } }]

[[rules]]
contains = "You may write only: shout.sh"
tool_calls = [
  { name = "write", arguments = { path = "shout.sh", content = "sh greet.sh \"$1\" | tr a-z A-Z\n" } },
  { name = "finish", arguments = { done = true, summary = "It shouts." } },
]
"#;

/// Everything that is said in a log, down to the last word, goes into a file.
fn log_into(path: &Path) {
    let file = Arc::new(File::create(path).unwrap());
    let logging = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    logging.with_writer(file).try_init().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_reaches_its_host_with_each_use_an_event_and_is_found_nowhere_else() {
    let world = World::new().await;
    log_into(&world.path("log"));
    let house = House::new();
    let host = Server::tls(&house, "api.test", says("what only it knows")).await;
    let agents = world.path("agents");
    fs::create_dir(&agents).unwrap();
    let file = "---\nname: coder\nextends: coder\nnetwork:\n  allow: [api.test]\n---\n";
    fs::write(agents.join("coder.md"), file).unwrap();

    let mut parts = world.parts(vec![Arc::new(world::script(&format!("{SCRIPT}{OFFICE}")))]).await;
    let rung = Bubblewrap::open(&world.path("networked")).await.unwrap();
    let rung = rung.with_guest(relay::program(world.home.path()));
    if let Err(error) = rung.probe().await {
        return println!("skipped: {error}");
    }
    parts.sandboxes = Arc::new(rung);
    parts.catalogue = Arc::new(Catalogue::load(&agents).unwrap());
    let places = [("api.test".parse().unwrap(), host.at)].into();
    let authorities = vec![house.certificate.clone()];
    parts.way_out = Arc::new(Terms { places, authorities, ..Terms::default() });
    let flows = Flows::launch(parts, "test").await.unwrap();
    let secret = NewSecret {
        id: SecretId { name: SecretName::parse("registry").unwrap(), project: None },
        hosts: vec![SecretHost::parse("api.test").unwrap()],
        placement: Placement::Bearer,
        given: Given::Value(Secret::new(CANARY)),
        expires: None,
    };
    flows.set_secret(&ada(), secret).await.unwrap();

    let run = world::built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    assert_eq!(run.state, RunState::Done);
    let heard = host.heard();
    assert_eq!(heard.len(), 1);
    let bearer = format!("Bearer {CANARY}");
    assert!(heard[0].contains(&bearer) && !heard[0].contains("mine"), "the host gets it, and nothing else");

    let events = world::events(&flows).await;
    told(&events);
    let log = serde_json::to_string(&events).unwrap();
    assert!(!log.contains(CANARY));
    let mut texts = 0;
    for word in log.split('"') {
        let Ok(hash) = BlobHash::parse(word) else { continue };
        // Other hashes look the same, and have no text.
        if let Ok(text) = flows.store().blobs().get(&hash).await {
            assert!(!contains(&text, CANARY), "{}", String::from_utf8_lossy(&text));
            texts += usize::from(contains(&text, "nowhere inside"));
        }
    }
    assert!(texts >= 2, "the tool's result and the next prompt are among what was looked at");
    let known = flows.secrets().await.unwrap();
    assert_eq!(known[0].uses, 1);
    flows.shutdown().await;

    assert!(!world::git(&world.repo(), &["log", "--all", "-p"]).contains(CANARY));
    let files = files_below(world.home.path());
    assert!(files.iter().any(|path| path.ends_with("log")), "the log is among what is looked at");
    for path in files {
        assert!(!contains(&fs::read(&path).unwrap_or_default(), CANARY), "{}", path.display());
    }
}

/// What the log says of it: that it was used, by which attempt, and what was asked.
fn told(events: &[Event]) {
    let used: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::SecretUsed { secret, version, host } => {
                assert!(event.subject.attempt.is_some() && event.subject.ticket.is_some());
                Some((secret.to_string(), *version, host.to_string()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(used, [("registry".to_owned(), 1, "api.test".to_owned())]);
    let asked: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::ToolCalled { network, .. } if !network.is_empty() => Some(network),
            _ => None,
        })
        .flatten()
        .map(|one| (one.host.as_str(), one.port, one.decision, one.requests))
        .collect();
    assert_eq!(asked, [("api.test", 443, NetworkDecision::Allowed, 1)]);
}

fn contains(hay: &[u8], needle: &str) -> bool {
    let first = needle.as_bytes()[0];
    let starts = hay.iter().enumerate().filter(|(_, byte)| **byte == first);
    starts.into_iter().any(|(at, _)| hay[at..].starts_with(needle.as_bytes()))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut left = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => left.push(entry.path()),
                Ok(kind) if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}
