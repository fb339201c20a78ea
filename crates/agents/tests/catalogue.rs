//! The agents there are: those inside the binary, and a folder over them.

use std::{fs, path::Path};

use swarm_agents::{AgentError, Catalogue, Protocol};
use swarm_domain::agent::Capability;
use swarm_model::Capabilities;

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn there_is_a_built_in_agent_for_each_kind_of_work() {
    let catalogue = Catalogue::builtin().unwrap();
    for (capability, name) in [
        (Capability::Plan, "planner"),
        (Capability::Ticket, "ticket-writer"),
        (Capability::Code, "coder"),
        (Capability::Test, "test-writer"),
        (Capability::Review, "reviewer"),
        (Capability::Fix, "fixer"),
        (Capability::Resolve, "conflict-fixer"),
        (Capability::Summarise, "summariser"),
        (Capability::Derive, "surveyor"),
        (Capability::Specify, "spec-writer"),
    ] {
        assert_eq!(catalogue.by_capability(capability)[0].name, name);
    }
    let roster = catalogue.current();
    assert!(roster.get("fixer").unwrap().prompt.starts_with(&roster.get("coder").unwrap().prompt));
    // Prompts are paid for with every call, and the smallest model holds 8k tokens.
    assert!(roster.iter().all(|agent| agent.prompt.len() < 2_400));
}

#[test]
fn the_protocol_follows_from_what_the_model_can_do() {
    let can = |tools| Capabilities { tools, json_schema: false, context_tokens: 8_192 };
    assert_eq!(Protocol::Auto.for_model(can(true)), Protocol::Tools);
    assert_eq!(Protocol::Auto.for_model(can(false)), Protocol::Files);
    assert_eq!(Protocol::Files.for_model(can(true)), Protocol::Files);
}

#[test]
fn a_bad_file_at_the_start_is_an_error_with_its_line_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a.md", "---\nname: a\ntools: [read, fly]\n---\nx");
    let error = Catalogue::load(folder.path()).unwrap_err();
    assert!(error.to_string().contains("a.md:3: there is no tool `fly`"), "{error}");
    assert_eq!(error.problem().code, "agent.invalid_file");
    assert!(error.problem().next.contains("swarm agent list"));
    put(folder.path(), "a.md", "---\nname: a\nextends: b\n---\nx");
    put(folder.path(), "b.md", "---\nname: b\nextends: a\n---\nx");
    assert!(matches!(Catalogue::load(folder.path()), Err(AgentError::Cyclic { .. })));
    put(folder.path(), "b.md", "---\nname: a\n---\nx");
    assert!(Catalogue::load(folder.path()).unwrap_err().to_string().contains("in "));
}

#[test]
fn a_changed_file_is_a_new_version_and_a_broken_one_leaves_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::load(folder.path()).unwrap();
    let built_in = catalogue.current().get("coder").unwrap().version.clone();
    put(folder.path(), "mine.md", "---\nname: coder\nextends: coder\n---\nUse tabs.");
    let mine = catalogue.current().get("coder").unwrap().clone();
    assert_ne!(mine.version, built_in);
    assert!(mine.prompt.ends_with("Use tabs."));
    // The fixer extends the coder, so it is another one too.
    assert!(catalogue.current().get("fixer").unwrap().prompt.contains("Use tabs."));

    put(folder.path(), "mine.md", "---\nname: coder\nlimits: {turns: 0}\n---\nx");
    let roster = catalogue.current();
    assert_eq!(roster.get("coder").unwrap().version, mine.version);
    assert_eq!(roster.faults[0].code, "agent.invalid_file");
    assert!(catalogue.reload().is_err());

    fs::remove_file(folder.path().join("mine.md")).unwrap();
    assert_eq!(catalogue.reload().unwrap().get("coder").unwrap().version, built_in);
}

#[test]
fn an_agent_that_is_not_there_is_named() {
    let error = Catalogue::builtin().unwrap().current().get("ghost").unwrap_err();
    assert_eq!(error.problem().code, "agent.unknown");
    assert!(error.to_string().contains("ghost"));
}
