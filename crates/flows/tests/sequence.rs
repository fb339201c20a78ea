//! Agents one after another.

use swarm_flows::SequenceRequest;

use crate::world::{World, ada, count, events, script};

fn request(name: &str, agents: &[&str], input: &str) -> SequenceRequest {
    SequenceRequest {
        name: name.to_owned(),
        agents: agents.iter().map(ToString::to_string).collect(),
        input: input.to_owned(),
        models: Vec::new(),
    }
}

const RELAY: &str = r#"
[[rules]]
contains = "first words"
text = "second words"

[[rules]]
contains = "second words"
text = "third words"

[[rules]]
contains = "third words"
text = "the end"
"#;

#[tokio::test]
async fn what_cannot_be_run_is_refused_before_anything_is_asked() {
    let world = World::new().await;
    let flows = world.flows(script(RELAY)).await;
    let large = "x".repeat(300 << 10);
    let many = ["coder"; 33];
    for (asked, code) in [
        (request("", &["coder"], "first words"), "sequence.refused"),
        (request("two\nlines", &["coder"], "first words"), "sequence.refused"),
        (request("none", &[], "first words"), "sequence.refused"),
        (request("many", &many, "first words"), "sequence.refused"),
        (request("large", &["coder"], &large), "sequence.refused"),
        (request("stranger", &["nobody"], "first words"), "agent.unknown"),
    ] {
        let problem = flows.run_sequence(&ada(), asked).await.unwrap_err();
        assert_eq!(problem.code, code, "{problem}");
    }
    assert_eq!(count(&events(&flows).await, "person_asked"), 0);
}

#[tokio::test]
async fn each_agent_is_asked_once_on_what_the_one_before_it_said() {
    let world = World::new().await;
    let flows = world.flows(script(RELAY)).await;
    let relay = request("relay", &["coder", "reviewer", "summariser"], "first words");
    // Two at once are one sequence.
    let pair = (ada(), ada());
    let (one, two) =
        tokio::join!(flows.run_sequence(&pair.0, relay.clone()), flows.run_sequence(&pair.1, relay.clone()));
    assert_eq!((one.unwrap(), two.unwrap()), ("the end".to_owned(), "the end".to_owned()));
    flows.shutdown().await;

    // Another process gives back the answer that is journalled; its model would have none.
    let again = world.flows(script("rules = []")).await;
    assert_eq!(again.run_sequence(&ada(), relay).await.unwrap(), "the end");
    assert_eq!(count(&events(&again).await, "model_called"), 3);
}
