//! Sandboxes over HTTP: looked into, taken over, written down, and everything that people do is in the log.

use std::path::PathBuf;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use swarm_client::types;
use swarm_domain::{AttemptId, RunId, Subject};
use swarm_sandbox::{Exec, Holder, Sandbox, SandboxSpec};
use tokio_util::sync::CancellationToken;

use crate::world::{self, World, problem};

/// A sandbox as the flows make it for an attempt, and its work folder.
async fn sandbox(world: &World, run: &RunId, attempt: &str) -> (Box<dyn Sandbox>, PathBuf) {
    let workdir = world.database.data_dir().join(format!("work-{attempt}"));
    std::fs::create_dir_all(&workdir).unwrap();
    let subject = Subject {
        run: Some(run.clone()),
        attempt: Some(AttemptId::parse(attempt).unwrap()),
        ..Subject::default()
    };
    let spec = SandboxSpec {
        name: format!("run-{attempt}"),
        workdir: workdir.clone(),
        holder: Holder { subject, agent: Some("coder".to_owned()), keep: true },
        ..SandboxSpec::default()
    };
    (world.flows.parts().sandboxes.create(spec).await.unwrap(), workdir)
}

fn line(command: &str, token: Option<&str>) -> types::VmExec {
    types::VmExec {
        command: command.to_owned(),
        cwd: None,
        stdin: None,
        wall_ms: None,
        token: token.map(str::to_owned),
    }
}

/// The bodies of the events about sandboxes, with who did it.
async fn told(world: &World) -> Vec<Value> {
    let events = world.client().all_events(None).await.unwrap();
    let all = events.iter().map(|event| serde_json::to_value(event).unwrap());
    all.filter(|event| event["body"]["type"].as_str().unwrap().starts_with("sandbox_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_listed_looked_into_used_and_stopped_and_the_log_says_who_did_what() {
    let world = World::new().await;
    let client = world.client();
    let none = client.vms().await.unwrap();
    assert!(none.items.is_empty() && none.elsewhere.is_empty());
    let run = world.idle_run().await;
    let (work, workdir) = sandbox(&world, &run, "T-1.1").await;
    let all = client.vms().await.unwrap();
    assert_eq!(all.items.len(), 1);
    let one = &all.items[0];
    assert_eq!((one.attempt.as_deref(), one.agent.as_deref()), (Some("T-1.1"), Some("coder")));
    assert_eq!((&one.state, &one.rung), (&types::VmState::Idle, &types::Rung::Process));

    // By the attempt as well as by its own id.
    let ended = client
        .exec_vm("T-1.1", &line("echo out; echo err >&2; echo made > file; exit 3", None))
        .await
        .unwrap();
    assert_eq!((ended.exit_code, ended.ended.as_str()), (Some(3), "exit 3"));
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("out\n", "err\n"));
    assert_eq!(std::fs::read_to_string(workdir.join("file")).unwrap(), "made\n");
    let with = types::VmExec { stdin: Some("given".to_owned()), wall_ms: Some(300_000), ..line("cat", None) };
    assert_eq!(client.exec_vm(&one.id, &with).await.unwrap().stdout, "given");
    // Without a shell around it, which would now and then have the time to say that it was killed.
    let slow = types::VmExec { wall_ms: Some(100), ..line("exec sleep 60", None) };
    let ended = client.exec_vm(&one.id, &slow).await.unwrap();
    assert_eq!((ended.exit_code, ended.ended.as_str()), (None, "time limit passed"));

    let shown = client.vm(&one.id).await.unwrap();
    assert!(shown.used.disk_bytes.is_some_and(|bytes| bytes > 0), "{shown:?}");
    assert_eq!(shown.limits.unwrap().memory_bytes, 1 << 30);
    let said = client.vm_console(&one.id, Some(3)).await.unwrap();
    assert_eq!(said.commands, ["[exit 0]", "$ exec sleep 60", "[time limit passed]"]);
    assert!(said.console.is_empty());

    client.stop_vm(&one.id, None).await.unwrap();
    assert!(client.vms().await.unwrap().items.is_empty());
    let work = work.exec(Exec::shell("true"), CancellationToken::new()).await;
    assert_eq!(work.unwrap_err().problem().code, "sandbox.stopped");

    let told = told(&world).await;
    let kinds: Vec<_> = told.iter().map(|event| event["body"]["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        ["sandbox_command_run", "sandbox_command_run", "sandbox_command_run", "sandbox_stopped"]
    );
    let first = &told[0];
    assert_eq!(first["actor"], json!({ "kind": "person", "name": "ada" }));
    assert_eq!((&first["subject"]["run"], &first["subject"]["attempt"]), (&json!(run), &json!("T-1.1")));
    assert_eq!((&first["body"]["exit_code"], &first["body"]["sandbox"]), (&json!(3), &json!(one.id)));
    assert!(first["body"]["command"].as_str().unwrap().starts_with("echo out;"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_cannot_be_meant_is_refused_with_a_code_and_nothing_is_written_down() {
    let world = World::new().await;
    let run = world.idle_run().await;
    let (_work, _) = sandbox(&world, &run, "T-1.1").await;
    let json = |body: Value| body.to_string();
    let (unknown, wrong) = (StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY);
    for (method, path, body, status, code) in [
        (Method::GET, "/api/vms/vm_nobody", None, unknown, "vm.unknown"),
        (Method::GET, "/api/vms/vm_nobody/console", None, unknown, "vm.unknown"),
        (Method::DELETE, "/api/vms/T-9.9", None, unknown, "vm.unknown"),
        (
            Method::POST,
            "/api/vms/vm_nobody/exec",
            Some(json(json!({"command": "ls"}))),
            unknown,
            "vm.unknown",
        ),
        (Method::POST, "/api/vms/vm_nobody/takeover", None, unknown, "vm.unknown"),
        (Method::POST, "/api/vms/vm_nobody/snapshot", Some(json(json!({}))), unknown, "vm.unknown"),
        (Method::POST, "/api/vms/snapshot_nobody/fork", Some(json(json!({}))), unknown, "vm.unknown"),
        (Method::GET, "/api/vms/..%2F..%2Fetc", None, StatusCode::BAD_REQUEST, "request.path"),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "x".repeat(8_001)}))),
            wrong,
            "vm.line",
        ),
        (Method::POST, "/api/vms/T-1.1/exec", Some(json(json!({"command": " "}))), wrong, "vm.line"),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "ls", "stdin": "x".repeat(1_048_577)}))),
            wrong,
            "vm.line",
        ),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "a\u{0}b"}))),
            wrong,
            "sandbox.invalid",
        ),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "ls", "cwd": "../.."}))),
            wrong,
            "sandbox.invalid",
        ),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "ls", "cwd": "nowhere"}))),
            wrong,
            "sandbox.invalid",
        ),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "ls", "root": true}))),
            wrong,
            "request.invalid",
        ),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "x".repeat(3 << 20)}))),
            StatusCode::PAYLOAD_TOO_LARGE,
            "request.too_large",
        ),
        (
            Method::POST,
            "/api/vms/T-1.1/exec",
            Some(json(json!({"command": "ls", "token": "stale"}))),
            StatusCode::CONFLICT,
            "vm.handed_back",
        ),
        (
            Method::POST,
            "/api/vms/T-1.1/takeover/end",
            Some(json(json!({"token": "stale"}))),
            StatusCode::CONFLICT,
            "vm.handed_back",
        ),
    ] {
        let mut request = world.ask(method.clone(), path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let answer = problem(request.send().await.unwrap(), status).await;
        assert_eq!(answer["code"], code, "{method} {path}: {answer}");
    }
    assert!(told(&world).await.is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_takers_the_second_is_told_who_has_it_and_the_work_waits_for_the_first() {
    let world = World::new().await;
    let client = world.client();
    let run = world.idle_run().await;
    let (work, workdir) = sandbox(&world, &run, "T-1.1").await;
    let (one, two) = tokio::join!(client.take_over_vm("T-1.1"), client.take_over_vm("T-1.1"));
    let (taken, refused) = match (one, two) {
        (Ok(taken), Err(refused)) | (Err(refused), Ok(taken)) => (taken, refused),
        both => panic!("{both:?}"),
    };
    assert_eq!((refused.code(), refused.status()), ("vm.taken_over", Some(409)));
    assert!(refused.detail().starts_with("ada has vm_"), "{}", refused.detail());
    assert_eq!(client.exec_vm("T-1.1", &line("ls", None)).await.unwrap_err().code(), "vm.taken_over");
    assert_eq!(client.stop_vm("T-1.1", None).await.unwrap_err().code(), "vm.taken_over");
    assert_eq!(client.snapshot_vm("T-1.1", None).await.unwrap_err().code(), "vm.taken_over");
    let shown = client.vm("T-1.1").await.unwrap();
    assert_eq!((&shown.state, shown.taken_by.as_deref()), (&types::VmState::TakenOver, Some("ada")));

    let waiting = tokio::spawn(async move {
        let ended = work.exec(Exec::shell("cat by-hand"), CancellationToken::new()).await;
        (work, ended)
    });
    client.exec_vm("T-1.1", &line("echo typed > by-hand", Some(&taken.token))).await.unwrap();
    assert_eq!(client.renew_vm("T-1.1", &taken.token).await.unwrap().token, taken.token);
    assert!(!waiting.is_finished());
    assert!(workdir.join("by-hand").exists());
    client.hand_back_vm("T-1.1", &taken.token).await.unwrap();
    let (_work, ended) = waiting.await.unwrap();
    assert_eq!(ended.unwrap().stdout, b"typed\n");
    assert_eq!(client.hand_back_vm("T-1.1", &taken.token).await.unwrap_err().code(), "vm.handed_back");

    let told = told(&world).await;
    let kinds: Vec<_> = told.iter().map(|event| event["body"]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["sandbox_taken_over", "sandbox_command_run", "sandbox_handed_back"]);
    assert_eq!((&told[2]["body"]["commands"], &told[2]["body"]["why"]), (&json!(1), &json!("given")));
    // The token lets whoever has it in, so it stands nowhere.
    assert!(!format!("{told:?} {shown:?}").contains(&taken.token));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_nobody_waits_for_any_more_is_ended_and_written_down() {
    let world = World::new().await;
    let client = world.client();
    let run = world.idle_run().await;
    let (_work, _) = sandbox(&world, &run, "T-1.1").await;
    let waiting = client.clone();
    let given_up =
        tokio::spawn(async move { waiting.exec_vm("T-1.1", &line("sleep 600", None)).await.map(drop) });
    world::eventually(|| async {
        (client.vm("T-1.1").await.unwrap().state == types::VmState::Running).then_some(())
    })
    .await;
    given_up.abort();
    let told = world::eventually(|| async {
        let told = told(&world).await;
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(
        (&told[0]["body"]["ended"], &told[0]["body"]["exit_code"]),
        (&json!("cancelled"), &Value::Null)
    );
    assert_eq!(client.vm("T-1.1").await.unwrap().state, types::VmState::Idle);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_written_down_with_the_place_in_the_log_and_forked() {
    let world = World::new().await;
    let client = world.client();
    let run = world.idle_run().await;
    let (work, workdir) = sandbox(&world, &run, "T-1.1").await;
    std::fs::write(workdir.join("file"), "before").unwrap();
    let before = client.all_events(None).await.unwrap().len() as u64;
    let taken = client.snapshot_vm("T-1.1", None).await.unwrap();
    assert_eq!((taken.position, taken.memory, taken.run.as_deref()), (before, false, Some(run.as_str())));
    std::fs::write(workdir.join("file"), "after").unwrap();
    let fork = client.fork_vm(&taken.id, None).await.unwrap();
    assert_eq!((fork.fork_of.as_deref(), &fork.state), (Some(taken.id.as_str()), &types::VmState::Idle));
    assert_eq!(
        client.exec_vm(&fork.id, &line("cat file; echo forked > file", None)).await.unwrap().stdout,
        "before"
    );
    assert_eq!(std::fs::read_to_string(workdir.join("file")).unwrap(), "after");
    // From a sandbox as it is now.
    let other = client.fork_vm("T-1.1", None).await.unwrap();
    assert_eq!(client.exec_vm(&other.id, &line("cat file", None)).await.unwrap().stdout, "after");
    let kept = client.snapshots().await.unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].id, taken.id);
    client.stop_vm(&other.id, None).await.unwrap();

    let told = told(&world).await;
    let first = &told[0]["body"];
    assert_eq!((&first["type"], &first["position"]), (&json!("sandbox_snapshot_taken"), &json!(before)));
    assert_eq!((&first["snapshot"], &first["place"]), (&json!(taken.id), &json!(taken.place)));
    assert_eq!(first["node"], "test");
    assert_eq!(
        (&told[1]["body"]["type"], &told[1]["body"]["snapshot"]),
        (&json!("sandbox_forked"), &json!(taken.id))
    );
    work.stop().await.unwrap();
    let place = PathBuf::from(&taken.place);
    assert!(place.join("files/file").exists());
    let owners = place.parent().unwrap().parent().unwrap().to_owned();
    // Snapshots stay; what forks worked on does not.
    world.server.shutdown().await;
    world.flows.shutdown().await;
    assert!(place.exists());
    let owners = std::fs::read_dir(owners).unwrap().flatten().map(|entry| entry.path().join("forks"));
    let left: Vec<_> =
        owners.flat_map(|forks| std::fs::read_dir(forks).into_iter().flatten().flatten()).collect();
    assert!(left.is_empty(), "{left:?}");
}
