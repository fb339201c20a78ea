//! Repositories over the network: behind a password, out of reach, silent.

use std::{path::PathBuf, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use swarm_forge::{Limits, without_credentials};

use crate::ground::{Ground, files, git, project};

const PASSWORD: &str = "hunter2-%/@";

/// Serves a bare repository's files, which is all that git's older protocol needs.
async fn serve(root: PathBuf) -> u16 {
    async fn file(State(root): State<PathBuf>, Path(path): Path<String>, headers: HeaderMap) -> Response {
        // ada:hunter2-%/@
        if headers.get(header::AUTHORIZATION).is_none_or(|sent| sent != "Basic YWRhOmh1bnRlcjItJS9A") {
            return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")])
                .into_response();
        }
        std::fs::read(root.join(path))
            .map_or_else(|_| StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let app = Router::new().route("/{*path}", get(file)).with_state(root);
    tokio::spawn(async move { axum::serve(listener, app).await });
    port
}

fn hold_the_password(ground: &Ground) -> Vec<PathBuf> {
    let holds = |bytes: &Vec<u8>| bytes.windows(7).any(|w| w == b"hunter2");
    files(&ground.data()).into_iter().filter(|(_, bytes)| holds(bytes)).map(|(path, _)| path).collect()
}

#[tokio::test]
async fn a_password_in_an_address_opens_it_and_is_found_nowhere_else() {
    let ground = Ground::new();
    let repo = ground.repo("repo");
    let has_http = std::process::Command::new("git").arg("--exec-path").output().unwrap();
    let helpers = PathBuf::from(String::from_utf8(has_http.stdout).unwrap().trim());
    if !helpers.join("git-remote-http").exists() {
        println!("skipped: this git has no support for HTTP");
        return;
    }
    git(&ground.path(""), &["clone", "-q", "--bare", "repo", "served/textstat.git"]);
    git(&ground.path("served/textstat.git"), &["update-server-info"]);
    let port = serve(ground.path("served")).await;
    let plain = format!("http://127.0.0.1:{port}/textstat.git");

    let refused = ground.forge.mirror(&project(), &plain).await.unwrap_err();
    assert_eq!(refused.problem().code, "forge.unreachable");
    let wrong = format!("http://ada:hunter2-wrong@127.0.0.1:{port}/textstat.git");
    let error = ground.forge.mirror(&project(), &wrong).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.unreachable");
    assert!(error.is_retryable() && !format!("{error} {error:?} {:?}", error.problem()).contains("hunter2"));

    let escaped = PASSWORD.replace('%', "%25").replace('/', "%2F").replace('@', "%40");
    let address = format!("http://ada:{escaped}@127.0.0.1:{port}/textstat.git");
    assert_eq!(without_credentials(&address), plain);
    let mirror = ground.forge.mirror(&project(), &address).await.unwrap();
    assert_eq!(mirror.base(None).await.unwrap().commit.as_str(), git(&repo, &["rev-parse", "HEAD"]));
    assert!(!format!("{mirror:?} {:?}", ground.forge).contains("hunter2"));
    assert_eq!(hold_the_password(&ground), [""; 0].map(PathBuf::from));

    // This process remembers; another one does not, and still has the mirror.
    assert!(ground.forge.mirror(&project(), &plain).await.is_ok());
    assert!(ground.another_forge().mirror(&project(), &plain).await.is_err());
    assert!(ground.another_forge().known(&project()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_retryable_and_its_error_shows_no_password() {
    let ground = Ground::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = ground
        .forge
        .mirror(&project(), &format!("http://ada:hunter2@127.0.0.1:{port}/x.git?token=hunter2"))
        .await
        .unwrap_err();
    assert_eq!(error.problem().code, "forge.unreachable");
    assert!(error.is_retryable() && !format!("{error} {error:?}").contains("hunter2"));
    assert!(!ground.data().join("mirrors/textstat.git").exists());
    assert_eq!(hold_the_password(&ground), [""; 0].map(PathBuf::from));
}

#[tokio::test]
async fn a_host_that_says_nothing_is_given_up_and_may_be_asked_again() {
    let ground = Ground::new();
    // Connections wait in its queue and are never taken.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("git://127.0.0.1:{}/x.git", silent.local_addr().unwrap().port());
    let limits = Limits { network: Duration::from_millis(100), ..Limits::default() };
    let forge = ground.forge.clone().with_limits(limits);
    let error = forge.mirror(&project(), &address).await.unwrap_err();
    assert_eq!(error.problem().code, "forge.timed_out");
    assert!(error.is_retryable());
    assert!(!ground.data().join("mirrors/textstat.git").exists());
}
