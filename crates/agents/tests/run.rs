//! The tool that runs commands, in a real sandbox: the rung that works on every machine.

use std::sync::Arc;

use serde_json::json;
use swarm_agents::{Invocation, Limits, ToolCode, ToolResult, Toolbox, Workspace};
use swarm_domain::agent::Capability;
use swarm_sandbox::{Backend, Process, Sandbox, SandboxSpec};
use tokio_util::sync::CancellationToken;

use crate::setting;

async fn run(command: &str) -> ToolResult {
    let (folder, effects) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut agent = (*setting::agent(Capability::Code)).clone();
    agent.limits = Limits { tool_seconds: 2, output_bytes: 1_000, ..agent.limits };
    assert!(Toolbox::needs_sandbox(&agent));
    let backend = Process::open(&effects.path().join("state")).await.unwrap();
    let limits = agent.limits.sandbox();
    let spec = SandboxSpec {
        name: "run-test".to_owned(),
        workdir: folder.path().to_owned(),
        limits,
        ..SandboxSpec::default()
    };
    let sandbox: Box<dyn Sandbox> = backend.create(spec).await.unwrap();
    let workspace = Arc::new(Workspace::open(folder.path(), &effects.path().join("notes"), &[]).unwrap());
    let invocation = Invocation {
        call_id: "call_1".to_owned(),
        tool: "run".to_owned(),
        arguments: json!({"command": command}),
    };
    let toolbox = Toolbox::new(&agent, workspace, Some(&*sandbox), &|_, _| Ok(()));
    let answer = toolbox.invoke(&invocation, "step", CancellationToken::new()).await.unwrap();
    sandbox.stop().await.unwrap();
    answer
}

#[tokio::test]
async fn how_a_command_ended_is_told_with_what_it_said() {
    let failed = run("echo out; echo err >&2; exit 3").await;
    assert_eq!((failed.ok, failed.code), (false, ToolCode::CommandFailed));
    assert_eq!(failed.text, "exit 3\nstdout:\nout\nstderr:\nerr\n");
    assert_eq!(run("true").await.code, ToolCode::Ok);
}

#[tokio::test]
async fn a_command_that_hangs_or_floods_is_ended_and_said_so() {
    let hangs = run("sleep 600").await;
    assert_eq!(hangs.code, ToolCode::CommandLimit);
    assert!(hangs.text.starts_with("time limit passed"), "{}", hangs.text);
    let floods = run("yes").await;
    assert_eq!(floods.code, ToolCode::CommandLimit);
    assert!(floods.text.len() <= 1_200, "{}", floods.text.len());
}
