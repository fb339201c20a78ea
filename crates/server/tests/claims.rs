//! Work that is done elsewhere, over real HTTP: what a worker is given, what is taken from it, and what is not.

use std::{path::Path, process::Command};

use reqwest::StatusCode;
use serde_json::{Value, json};
use swarm_domain::{NodeId, RunId};

use crate::world::{GREETER, World, eventually, problem};

const GREET: &str = "echo \"Hello, $1!\"\n";

/// Plans the greeter and begins a run that workers elsewhere make.
async fn run(world: &World, labels: &[&str]) -> RunId {
    let client = world.client();
    let spec = world.post("/api/specs").json(&json!({"project": "greeter", "text": GREETER})).send().await;
    let spec: Value = spec.unwrap().json().await.unwrap();
    let plan = world.post("/api/plans").json(&json!({"spec": spec["id"]})).send().await.unwrap();
    let plan: Value = plan.json().await.unwrap();
    let plan = plan["id"].as_str().unwrap();
    eventually(|| async { client.plan(plan).await.unwrap().plan }).await;
    let options = json!({
        "budget": {"usd": 2_000_000, "tokens": null}, "max_parallel": 2, "max_attempts": 3,
        "hands": "claimed", "labels": labels,
    });
    let run = world.post("/api/runs").json(&json!({"plan": plan, "options": options})).send().await.unwrap();
    assert_eq!(run.status(), StatusCode::ACCEPTED);
    RunId::parse(run.json::<Value>().await.unwrap()["id"].as_str().unwrap()).unwrap()
}

async fn settled(world: &World, run: &RunId) -> String {
    let client = world.client();
    eventually(|| async {
        let state = serde_json::to_value(client.run(run.as_str()).await.unwrap().state).unwrap();
        let state = state["state"].as_str().unwrap().to_owned();
        (state != "running").then_some(state)
    })
    .await
}

async fn claim(world: &World, worker: &str, wait_seconds: u32) -> Option<Value> {
    let asked = json!({"worker": worker, "labels": ["gpu"], "wait_seconds": wait_seconds});
    let response = world.post("/claim").json(&asked).send().await.unwrap();
    match response.status() {
        StatusCode::NO_CONTENT => None,
        StatusCode::OK => Some(response.json().await.unwrap()),
        other => panic!("{other}: {:?}", response.text().await),
    }
}

/// Asks until there is work.
async fn claimed(world: &World, worker: &str) -> Value {
    eventually(|| claim(world, worker, 5)).await
}

fn completion(claimed: &Value, outcome: &Value) -> Value {
    json!({"claim": claimed["claim"], "token": claimed["token"], "outcome": outcome})
}

fn greeted(claimed: &Value) -> Value {
    completion(claimed, &json!({"files": [{"path": "greet.sh", "text": GREET}], "summary": "greets"}))
}

async fn complete(world: &World, body: &Value) -> reqwest::Response {
    world.post("/complete").json(body).send().await.unwrap()
}

fn git(repo: &Path, arguments: &[&str]) -> String {
    let out = Command::new("git").arg("-C").arg(repo).args(arguments).output().unwrap();
    String::from_utf8(out.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_work_is_refused_whole_and_the_claim_stays_with_its_holder() {
    let world = World::new().await;
    let repo = world.project().await;
    // A link that is in scope by its name.
    std::fs::write(repo.join("notes.txt"), "notes").unwrap();
    std::os::unix::fs::symlink("notes.txt", repo.join("greet.sh")).unwrap();
    for arguments in
        [&["add", "."][..], &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "a link"]]
    {
        git(&repo, arguments);
    }
    let run = run(&world, &[]).await;
    let work = claimed(&world, "far").await;
    let file = |path: &str, text: Value| json!({"files": [{"path": path, "text": text}], "summary": ""});
    for (code, outcome) in [
        ("claim.unsafe_path", file("../greet.sh", json!("x"))),
        ("claim.unsafe_path", file("/etc/passwd", json!("x"))),
        ("claim.unsafe_path", file(".git/hooks/pre-commit", json!("x"))),
        ("claim.unsafe_path", file("greet.sh", json!("through the link"))),
        ("claim.out_of_scope", file("other.sh", json!("x"))),
        ("claim.malformed", file("greet.sh", json!("a\u{0}b"))),
        ("claim.malformed", file("greet.sh", Value::Null)),
        ("claim.malformed", json!({"files": [{"path": "greet.sh", "text": "x", "deleted": true}]})),
        ("claim.malformed", json!({"files": [], "failed": "both"})),
        ("claim.malformed", json!({})),
        // History is not taken, only files: no bundle, no commits, no mode, no link, no submodule.
        ("request.invalid", json!({"bundle": "IyB2MiBnaXQgYnVuZGxlCg=="})),
        ("request.invalid", json!({"files": [], "commits": ["0123456789abcdef0123456789abcdef01234567"]})),
        ("request.invalid", json!({"files": [{"path": "greet.sh", "text": "x", "mode": "120000"}]})),
        ("claim.out_of_scope", file(".gitmodules", json!("[submodule \"x\"]"))),
    ] {
        let refused = complete(&world, &completion(&work, &outcome)).await;
        let said = problem(refused, StatusCode::UNPROCESSABLE_ENTITY).await;
        assert_eq!(said["code"], code, "{outcome}");
    }
    let large = completion(&work, &file("greet.sh", json!("x".repeat((1 << 20) + 1))));
    let said = problem(complete(&world, &large).await, StatusCode::PAYLOAD_TOO_LARGE).await;
    assert_eq!(said["code"], "claim.too_large");
    // Far larger than any work: it is not even read to its end.
    let huge = completion(&work, &file("greet.sh", json!("x".repeat(64 << 20))));
    if let Ok(answer) = world.post("/complete").json(&huge).send().await {
        problem(answer, StatusCode::PAYLOAD_TOO_LARGE).await;
    }
    let mut rich = greeted(&work);
    rich["spend"] = json!({"usd": u64::MAX, "tokens_in": 0, "tokens_out": 0, "calls": 1});
    let said = problem(complete(&world, &rich).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(said["code"], "claim.malformed");
    // No text at all.
    let bytes = world.post("/complete").header("content-type", "application/json").body(vec![0xff, 0xfe]);
    assert!(bytes.send().await.unwrap().status().is_client_error());

    let id = work["claim"].as_str().unwrap();
    let kept =
        world.post(&format!("/claim/{id}/heartbeat")).json(&json!({"token": work["token"]})).send().await;
    assert_eq!(kept.unwrap().status(), StatusCode::OK, "the holder may send it better");
    let gone = json!({"files": [{"path": "greet.sh", "deleted": true}], "summary": ""});
    let said =
        problem(complete(&world, &completion(&work, &gone)).await, StatusCode::UNPROCESSABLE_ENTITY).await;
    assert_eq!(said["code"], "claim.unsafe_path", "a link is not deleted either");
    // The run ends at once, though its work is still out.
    world.client().cancel_run(run.as_str(), "enough").await.unwrap();
    assert_eq!(settled(&world, &run).await, "cancelled");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_from_elsewhere_is_judged_and_merged_like_any_other() {
    let world = World::new().await;
    let repo = world.project().await;
    let run = run(&world, &[]).await;
    let first = claimed(&world, "far").await;
    let brief = &first["brief"];
    assert_eq!(brief["number"], 1);
    assert_eq!(brief["ticket"]["touches"], json!(["greet.sh"]));
    assert_eq!(brief["requirements"][0]["id"], "REQ-1");
    assert_eq!(brief["ticket"]["acceptance"][0]["check"]["command"], "sh greet.sh Ada");
    assert_eq!(brief["budget"]["usd"], 2_000_000);
    // The author says that it is done. It is not, and its word counts for nothing.
    let wrong = json!({"files": [{"path": "greet.sh", "text": "echo Hi\n"}], "summary": "all tests pass"});
    assert_eq!(complete(&world, &completion(&first, &wrong)).await.status(), StatusCode::OK);
    let second = claimed(&world, "far").await;
    assert_eq!(second["brief"]["number"], 2);
    assert!(!second["brief"]["hints"].as_array().unwrap().is_empty(), "what was found comes with it");
    assert_eq!(second["brief"]["files"][0]["path"], "greet.sh", "and the work to go on from");

    let mut body = greeted(&second);
    body["spend"] = json!({"usd": 5, "tokens_in": 10, "tokens_out": 2, "calls": 1});
    body["models"] = json!(["far/model"]);
    let answers = futures::future::join_all((0..6).map(|_| complete(&world, &body))).await;
    assert!(
        answers.iter().all(|answer| answer.status() == StatusCode::OK),
        "the same again has the same answer"
    );
    assert_eq!(settled(&world, &run).await, "done");
    assert_eq!(complete(&world, &body).await.status(), StatusCode::OK, "also long after");
    let said = problem(complete(&world, &greeted(&second)).await, StatusCode::CONFLICT).await;
    assert_eq!(said["code"], "claim.settled", "other words are other work");
    let stale = problem(complete(&world, &greeted(&first)).await, StatusCode::CONFLICT).await;
    assert_eq!(stale["code"], "claim.settled");

    let branch = format!("swarm/{run}:greet.sh");
    assert_eq!(git(&repo, &["show", &branch]), GREET);
    let row = world.client().run(run.as_str()).await.unwrap();
    assert_eq!(row.spend.usd, 5, "what the worker reports counts for the run");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_lease_is_told_so_and_too_many_losses_fail_the_attempt() {
    let world = World::new().await;
    world.project().await;
    let run = run(&world, &[]).await;
    let mut lost = Vec::new();
    for n in 1..=3 {
        let work = claimed(&world, &format!("w{n}")).await;
        assert_eq!((&work["token"], &work["brief"]["number"]), (&json!(n), &json!(1)));
        world.database.let_claims_run_out().await.unwrap();
        let said = problem(complete(&world, &greeted(&work)).await, StatusCode::CONFLICT).await;
        assert_eq!(said["code"], "claim.stale");
        lost.push(work);
    }
    // The attempt has failed; the next one is another claim.
    let work = claimed(&world, "w4").await;
    assert_eq!(work["brief"]["number"], 2);
    for old in &lost {
        let id = old["claim"].as_str().unwrap();
        let beat = world.post(&format!("/claim/{id}/heartbeat")).json(&json!({"token": old["token"]}));
        let said = problem(beat.send().await.unwrap(), StatusCode::CONFLICT).await;
        assert_eq!(said["code"], "claim.stale");
    }
    assert_eq!(complete(&world, &greeted(&work)).await.status(), StatusCode::OK);
    assert_eq!(settled(&world, &run).await, "done");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_waits_gets_work_as_soon_as_there_is_some_and_gives_it_back_at_once() {
    let world = World::new().await;
    world.project().await;
    assert!(claim(&world, "far", 0).await.is_none(), "nothing is there, and nobody waits");
    let (work, run) = tokio::join!(claimed(&world, "far"), run(&world, &["gpu"]));
    let id = work["claim"].as_str().unwrap().to_owned();
    let plain = json!({"worker": "plain", "wait_seconds": 0});
    let release = json!({"token": work["token"]});
    let released = world.post(&format!("/claim/{id}/release")).json(&release).send().await.unwrap();
    assert_eq!(released.status(), StatusCode::NO_CONTENT);
    let without = world.post("/claim").json(&plain).send().await.unwrap();
    assert_eq!(without.status(), StatusCode::NO_CONTENT, "who lacks the label gets nothing");
    let demand = world.client().demand().await.unwrap();
    assert_eq!((demand.waiting, demand.working), (1, 0), "{demand:?}");
    assert_eq!(demand.by_labels[0].labels, ["gpu"]);
    assert_eq!(demand.predicted_minutes, None, "there is no history yet");
    let again = claimed(&world, "other").await;
    assert_eq!((&again["claim"], &again["token"]), (&work["claim"], &json!(2)));
    let demand = world.client().demand().await.unwrap();
    assert_eq!((demand.waiting, demand.working), (0, 1), "{demand:?}");
    let held = world.client().claims(Some(run.as_str())).await.unwrap();
    assert_eq!(held[0].worker.as_deref(), Some("other"));

    // Given up while somebody holds it.
    let ticket = again["brief"]["ticket"]["id"].as_str().unwrap();
    world.client().cancel_ticket(run.as_str(), ticket, "enough").await.unwrap();
    let beat = world.post(&format!("/claim/{id}/heartbeat")).json(&json!({"token": 2})).send().await.unwrap();
    assert_eq!(problem(beat, StatusCode::CONFLICT).await["code"], "claim.withdrawn");
    assert_eq!(settled(&world, &run).await, "cancelled");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_came_just_before_the_server_stopped_is_merged_once_by_the_next() {
    let world = World::new().await;
    let repo = world.project().await;
    let run = run(&world, &[]).await;
    let work = claimed(&world, "far").await;
    assert_eq!(complete(&world, &greeted(&work)).await.status(), StatusCode::OK);
    let world = world.again().await;
    assert_eq!(complete(&world, &greeted(&work)).await.status(), StatusCode::OK, "sent again, as it may be");
    assert_eq!(settled(&world, &run).await, "done");
    let branch = format!("swarm/{run}");
    let log = git(&repo, &["log", "--format=%s", &branch, "--", "greet.sh"]);
    assert_eq!(log.lines().count(), 1, "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_worker_and_no_claim_is_refused() {
    let world = World::new().await;
    for body in [json!({}), json!({"worker": "../x"}), json!({"worker": "a", "labels": ["two words"]})] {
        let refused = world.post("/claim").json(&body).send().await.unwrap();
        assert!(refused.status().is_client_error(), "{body}");
    }
    assert!(NodeId::parse("far").is_ok());
    let beat = world.post("/claim/claim_none/heartbeat").json(&json!({"token": 1})).send().await.unwrap();
    assert_eq!(problem(beat, StatusCode::NOT_FOUND).await["code"], "store.not_found");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_on_the_tables_of_a_later_program_is_not_ready() {
    let world = World::new().await;
    let ready: Value = world.get("/readyz").send().await.unwrap().json().await.unwrap();
    let known = ready["migration"].as_u64().unwrap();
    assert!(known >= 4);
    world.database.migrate_further().await.unwrap();
    let said = problem(world.get("/readyz").send().await.unwrap(), StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(said["code"], "server.not_ready");
    assert!(said["detail"].as_str().unwrap().contains("9999"), "{said}");
    let health: Value = world.get("/health").send().await.unwrap().json().await.unwrap();
    assert_eq!(health["database"]["ok"], false);
    assert_eq!(health["database"]["migration_known"], known);
    world.end().await;
}
