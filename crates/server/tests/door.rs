//! What a request must show, and how a request that does not is refused.

use std::fs;

use reqwest::{Method, StatusCode};
use serde_json::Value;
use swarm_client::Client;
use swarm_server::{Server, ServerError};

use crate::world::{World, client_of, config, empty, operations, problem};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_probes_and_the_document_answers_without_the_token() {
    let world = World::new().await;
    for (method, path, operation) in operations() {
        let open = operation["security"] == serde_json::json!([{}]);
        let url = format!("{}{path}", world.server.url());
        let without = world.http.request(method.clone(), &url);
        if open && method == Method::POST {
            // What somebody does before they are known: it is refused for what it lacks.
            assert_ne!(without.send().await.unwrap().status(), StatusCode::OK, "{method} {path}");
            continue;
        }
        if open {
            assert!(without.send().await.unwrap().status().is_success(), "{method} {path}");
            continue;
        }
        let refused = without.send().await.unwrap();
        assert_eq!(refused.headers()["www-authenticate"], "Bearer realm=\"swarm\"", "{method} {path}");
        assert_eq!(problem(refused, StatusCode::UNAUTHORIZED).await["code"], "request.unauthorised");
        let token = world.server.token().reveal();
        for wrong in ["nonsense", &token[1..], &format!("{token}0"), ""] {
            let refused = world.http.request(method.clone(), &url).bearer_auth(wrong).send().await.unwrap();
            problem(refused, StatusCode::UNAUTHORIZED).await;
        }
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_by_another_name_than_ours_is_refused_even_with_the_token() {
    let world = World::new().await;
    let port = world.server.url().rsplit_once(':').unwrap().1.to_owned();
    for host in [
        "evil.example",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.example",
        &format!("evil.example:{port}"),
    ] {
        for path in ["/api/runs", "/health", "/api/docs/"] {
            let refused = world.get(path).header("Host", host).send().await.unwrap();
            assert_eq!(
                problem(refused, StatusCode::MISDIRECTED_REQUEST).await["code"],
                "request.host",
                "{host}"
            );
        }
    }
    let ours = world.get("/api/runs").header("Host", format!("LOCALHOST:{port}")).send().await.unwrap();
    assert_eq!(ours.status(), StatusCode::OK);
    let preflight =
        world.ask(Method::OPTIONS, "/api/runs").header("Origin", "http://evil.example").send().await.unwrap();
    assert!(!preflight.headers().contains_key("access-control-allow-origin"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_cannot_be_read_is_refused_with_its_reason() {
    let world = World::new().await;
    let post = || world.post("/api/projects");
    let json = |text: &str| post().header("content-type", "application/json").body(text.to_owned());
    for (request, status, code) in [
        (json("{\"project\":"), StatusCode::BAD_REQUEST, "request.malformed"),
        (json(""), StatusCode::BAD_REQUEST, "request.malformed"),
        (json("[]"), StatusCode::UNPROCESSABLE_ENTITY, "request.invalid"),
        (json("{}"), StatusCode::UNPROCESSABLE_ENTITY, "request.invalid"),
        (json(r#"{"project":"../x","repo":"r"}"#), StatusCode::UNPROCESSABLE_ENTITY, "request.invalid"),
        (json(r#"{"project":"x","repo":"r","typo":1}"#), StatusCode::UNPROCESSABLE_ENTITY, "request.invalid"),
        (post().body("project=x"), StatusCode::UNSUPPORTED_MEDIA_TYPE, "request.content_type"),
        (json(&" ".repeat((2 << 20) + 1)), StatusCode::PAYLOAD_TOO_LARGE, "request.too_large"),
    ] {
        assert_eq!(problem(request.send().await.unwrap(), status).await["code"], code);
    }
    // Well-formed, but too deep for any of our types.
    let deep = format!("{{\"project\":\"x\",\"repo\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let refused = json(&deep).send().await.unwrap();
    assert!(refused.status().is_client_error());
    assert!(world.client().projects().await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_a_problem_too() {
    let world = World::new().await;
    for path in
        ["/api", "/api/run", "/api/runs/", "/api/runs/x/tickets/y/z", "/favicon.ico", "/api/docs/nothing.js"]
    {
        problem(world.get(path).send().await.unwrap(), StatusCode::NOT_FOUND).await;
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/api/runs", "GET,HEAD,POST"),
        (Method::PUT, "/health", "GET,HEAD"),
        (Method::GET, "/api/views/rebuild", "POST"),
    ] {
        let refused = world.ask(method, path).send().await.unwrap();
        let allow = refused.headers()["allow"].to_str().unwrap().to_owned();
        assert_eq!(problem(refused, StatusCode::METHOD_NOT_ALLOWED).await["code"], "request.method");
        let sorted = |list: &str| {
            let mut methods: Vec<_> = list.split(',').map(str::to_owned).collect();
            methods.sort();
            methods
        };
        assert_eq!(sorted(&allow), sorted(allowed));
    }
    for path in [
        "/api/events?after=-1",
        "/api/events?aftr=1",
        "/api/events?run=..",
        "/api/runs/x/trace?requirement=%00",
    ] {
        assert_eq!(
            problem(world.get(path).send().await.unwrap(), StatusCode::BAD_REQUEST).await["code"],
            "request.query"
        );
    }
    for path in ["/api/runs/a%2Fb", "/api/runs/..%2f..", "/api/specs/%00", "/api/runs/%ff"] {
        assert_eq!(
            problem(world.get(path).send().await.unwrap(), StatusCode::BAD_REQUEST).await["code"],
            "request.path"
        );
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_is_shown_to_who_has_no_token_and_nothing_else_is() {
    let world = World::new().await;
    let get = |path: &str| world.http.get(format!("{}{path}", world.server.url()));
    for path in ["/", "/runs/run_1", "/first-start", "/runs/..%2f..%2fapi"] {
        let page = get(path).header("accept", "text/html").send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK, "{path}");
        let headers = page.headers();
        assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"), "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src") && !policy.contains("unsafe"), "{policy}");
        assert!(headers["cache-control"].to_str().unwrap().starts_with("no-"), "{path}");
    }
    for path in ["/assets/gone-1.js", "/favicon.ico", "/index.html.br", "/assets/../../Cargo.toml"] {
        let gone = get(path).header("accept", "*/*").send().await.unwrap();
        assert_eq!(problem(gone, StatusCode::NOT_FOUND).await["code"], "request.no_route", "{path}");
    }
    // What is no page of the app asks who it is, whatever it is asked for as.
    for path in ["/api/runs", "/api/nothing", "/metrics", "/metrics/x", "/claim/x"] {
        let refused = get(path).header("accept", "text/html").send().await.unwrap();
        problem(refused, StatusCode::UNAUTHORIZED).await;
    }
    let posted = world.http.post(format!("{}/", world.server.url())).send().await.unwrap();
    problem(posted, StatusCode::UNAUTHORIZED).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_stands_for_nothing_is_not_found_on_every_route_that_takes_one() {
    let world = World::new().await;
    let with_id = operations().into_iter().filter(|(_, path, _)| path.contains("nobody"));
    for (method, path, _) in with_id {
        // A step has a number.
        let path = path.replace("/steps/nobody", "/steps/1");
        let request = world.ask(method.clone(), &path);
        // A fork must say where, before it is looked for; who asks about a claim shows a token.
        let body = if path.starts_with("/api/vms/") {
            match path.rsplit('/').next() {
                Some("exec") => serde_json::json!({ "command": "true" }),
                Some("renew" | "end") => serde_json::json!({ "token": "t" }),
                _ => empty(),
            }
        } else if path.starts_with("/api/hitl/") {
            if path.ends_with("/delegate") {
                serde_json::json!({ "to": "bob" })
            } else {
                serde_json::json!({ "type": "accept" })
            }
        } else if path.starts_with("/api/holds/") {
            serde_json::json!({ "reason": "it is over" })
        } else if path.ends_with("/fork") {
            serde_json::json!({ "at": 1 })
        } else if path.starts_with("/claim/") {
            serde_json::json!({ "token": 1 })
        } else if path.ends_with("/role") {
            serde_json::json!({ "role": "viewer" })
        } else if path.ends_with("/link") {
            serde_json::json!({ "purpose": "reset" })
        } else if path.starts_with("/api/secrets/") {
            serde_json::json!({ "reference": "env:HOME" })
        } else {
            empty()
        };
        let request = if method == Method::POST { request.json(&body) } else { request };
        let refused = request.send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::NOT_FOUND, "{method} {path}");
        let code = match &path {
            path if path.contains("survey") => "survey.unknown",
            path if path.starts_with("/api/vms/") => "vm.unknown",
            path if path.starts_with("/api/agents/") => "agent.unknown",
            path if path.starts_with("/api/auth/") && method == Method::POST => "auth.provider_unknown",
            _ => "store.not_found",
        };
        assert_eq!(problem(refused, StatusCode::NOT_FOUND).await["code"], code, "{method} {path}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_correlation_id_comes_back_and_reaches_the_log() {
    let world = World::new().await;
    let correlation =
        |response: &reqwest::Response| response.headers()["x-correlation-id"].to_str().unwrap().to_owned();
    let ours = world.get("/api/runs").send().await.unwrap();
    let again = world.get("/api/runs").send().await.unwrap();
    assert_eq!(correlation(&ours).len(), 20);
    assert_ne!(correlation(&ours), correlation(&again));
    let given = world.get("/api/nothing").header("X-Correlation-Id", "job-7").send().await.unwrap();
    assert_eq!(problem(given, StatusCode::NOT_FOUND).await["correlation"], "job-7");
    let hostile = world.get("/api/runs").header("X-Correlation-Id", "a b\"}").send().await.unwrap();
    assert_eq!(correlation(&hostile).len(), 20);

    let repo = world.project().await;
    let body = serde_json::json!({ "project": "second", "repo": repo });
    let added =
        world.post("/api/projects").header("X-Correlation-Id", "job-8").json(&body).send().await.unwrap();
    assert_eq!(added.status(), StatusCode::CREATED);
    let events = world.client().all_events(None).await.unwrap();
    assert_eq!(events.last().unwrap().correlation.as_deref(), Some("job-8"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_and_its_page_are_served_from_the_program_itself() {
    let world = World::new().await;
    let get = |path: &str| world.http.get(format!("{}{path}", world.server.url())).send();
    let served: Value =
        serde_json::from_str(&get("/api/openapi.json").await.unwrap().text().await.unwrap()).unwrap();
    assert_eq!(served, serde_json::to_value(swarm_server::document()).unwrap());
    let page = get("/api/docs/").await.unwrap();
    assert_eq!(page.status(), StatusCode::OK);
    let html = page.text().await.unwrap();
    assert!(html.contains("swagger-ui") && !html.contains("https://"), "{html}");
    let start = get("/api/docs/swagger-initializer.js").await.unwrap().text().await.unwrap();
    assert!(start.contains("/api/openapi.json"), "{start}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_names_every_part() {
    let world = World::new().await;
    let health = world.client().health().await.unwrap();
    assert!(health.database.ok && health.queue.ok && health.sandbox.ok, "{health:?}");
    assert_eq!(health.sandbox.rung, swarm_client::types::Rung::Process);
    world.client().live().await.unwrap();
    world.client().ready().await.unwrap();
    // Without its database the process lives, and says that it cannot be asked.
    world.flows.store().close().await;
    world.client().live().await.unwrap();
    let refused = world.get("/readyz").send().await.unwrap();
    assert_eq!(problem(refused, StatusCode::SERVICE_UNAVAILABLE).await["code"], "server.not_ready");
    assert!(!world.client().health().await.unwrap().database.ok);
    world.server.shutdown().await;
    world.flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_server_works_on_a_folder_and_only_for_this_machine() {
    let world = World::new().await;
    let dir = world.database.data_dir().to_path_buf();
    let second = Server::start(config(&world.database), world.flows.clone()).await;
    let Err(ServerError::Taken { url, pid }) = second else { panic!("{second:?}") };
    assert_eq!((url.as_str(), pid), (world.server.url(), std::process::id()));
    for open in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let mut config = config(&world.database);
        config.addr = open.parse().unwrap();
        let refused = Server::start(config, world.flows.clone()).await.unwrap_err();
        assert_eq!(refused.problem().code, "server.not_loopback");
    }

    let client = Client::discover(&dir).await.unwrap();
    assert_eq!(client.url(), world.server.url());
    assert!(fs::read_to_string(dir.join("server.json")).unwrap().contains(world.server.token().reveal()));
    let World { server, flows, database, .. } = world;
    server.shutdown().await;
    assert!(!dir.join("server.json").exists());
    assert_eq!(Client::discover(&dir).await.unwrap_err().code(), "client.unreachable");

    // One that was started again has another port and token; who knew the folder finds it.
    let again = Server::start(config(&database), flows.clone()).await.unwrap();
    assert!(client.runs().await.unwrap().is_empty());
    assert_eq!(client_of(&again).url(), client.url());
    again.shutdown().await;
    flows.shutdown().await;
}
