//! What an agent's file allows its commands to reach, from the file to the record of the attempt.

use std::{collections::BTreeMap, sync::Arc};

use swarm_agents::Catalogue;
use swarm_domain::{EventBody, network::NetworkDecision, run::RunOptions, run::RunState};
use swarm_flows::Flows;
use swarm_sandbox::{Backend, Bubblewrap, egress::Terms};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::{
    relay,
    world::{self, GREETER, OFFICE, World},
};

const SCRIPT: &str = r#"
tools = true
json_schema = true

[[rules]]
contains = "from outside, and 403"
in = "last"
tool_calls = [
  { name = "write", arguments = { path = "greet.sh", content = "echo \"Hello, $1!\"\n" } },
  { name = "finish", arguments = { done = true, summary = "It greets." } },
]

[[rules]]
contains = "You may write only: greet.sh"
tool_calls = [{ name = "run", arguments = { command = "curl -sS http://web.test/; curl -s -o /dev/null -w ', and %{http_code}' http://evil.test/" } }]

[[rules]]
contains = "You may write only: shout.sh"
tool_calls = [
  { name = "write", arguments = { path = "shout.sh", content = "sh greet.sh \"$1\" | tr a-z A-Z\n" } },
  { name = "finish", arguments = { done = true, summary = "It shouts." } },
]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agents_file_allows_is_reached_and_what_was_asked_for_is_in_the_record() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nfrom outside").await;
        }
    });
    let agents = world.path("agents");
    std::fs::create_dir(&agents).unwrap();
    let file = "---\nname: coder\nextends: coder\nnetwork:\n  allow: [web.test]\n---\n";
    std::fs::write(agents.join("coder.md"), file).unwrap();

    let mut parts = world.parts(vec![Arc::new(world::script(&format!("{SCRIPT}{OFFICE}")))]).await;
    let rung = Bubblewrap::open(&world.path("networked")).await.unwrap();
    let rung = rung.with_guest(relay::program(world.home.path()));
    if let Err(error) = rung.probe().await {
        return println!("skipped: {error}");
    }
    parts.sandboxes = Arc::new(rung);
    parts.catalogue = Arc::new(Catalogue::load(&agents).unwrap());
    let places = ["web.test", "evil.test"].map(|host| (host.parse().unwrap(), at));
    parts.way_out = Arc::new(Terms { places: BTreeMap::from(places), ..Terms::default() });
    let flows = Flows::launch(parts, "test").await.unwrap();

    let run = world::built(&flows, &world.repo(), GREETER, RunOptions::default()).await;
    assert_eq!(run.state, RunState::Done);
    let asked: Vec<_> = world::events(&flows)
        .await
        .into_iter()
        .filter_map(|event| match event.body {
            EventBody::ToolCalled { network, .. } if !network.is_empty() => Some(network),
            _ => None,
        })
        .flatten()
        .map(|one| (one.host, one.port, one.decision, one.requests))
        .collect();
    let wanted = [
        ("web.test".to_owned(), 80, NetworkDecision::Allowed, 1),
        ("evil.test".to_owned(), 80, NetworkDecision::Refused, 1),
    ];
    assert_eq!(asked, wanted);
    flows.shutdown().await;
}
