//! Reading from Vault, against a server on this machine that speaks its protocol as its documentation has it. The real
//! program was not at hand.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{Response, StatusCode, header},
    routing::get,
};
use swarm_model::{Vault, VaultConfig, VaultError};

const TOKEN: &str = "hvs.canary-token";
const VALUE: &str = "canary-value-of-vault";

/// What `vault kv put secret/team/app token=… number=7` and `vault kv delete secret/gone` leave behind.
async fn answer(request: Request) -> Response<Body> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let reply =
        |status: StatusCode, body: String| Response::builder().status(status).body(Body::from(body)).unwrap();
    if header("x-vault-token") != Some(TOKEN) {
        return reply(StatusCode::FORBIDDEN, format!(r#"{{"errors":["permission denied for {VALUE}"]}}"#));
    }
    assert_eq!(header("x-vault-request"), Some("true"));
    let versioned = |data: &str| {
        format!(
            r#"{{"request_id":"1","lease_id":"","data":{{"data":{data},"metadata":{{"version":3}}}},"auth":null}}"#
        )
    };
    match request.uri().path() {
        "/v1/secret/data/team/app" => {
            let data = format!(
                r#"{{"token":"{VALUE}","number":7,"nothing":null,"of":"{:?}"}}"#,
                header("x-vault-namespace").is_some()
            );
            reply(StatusCode::OK, versioned(&data))
        }
        "/v1/secret/data/a%20b" => reply(StatusCode::OK, versioned(&format!(r#"{{"token":"{VALUE}"}}"#))),
        "/v1/secret/data/gone" => reply(StatusCode::NOT_FOUND, versioned("null")),
        "/v1/secret/data/null" => reply(StatusCode::OK, versioned("null")),
        "/v1/kv1/data/app" => reply(StatusCode::OK, format!(r#"{{"data":{{"token":"{VALUE}"}}}}"#)),
        "/v1/secret/data/html" => reply(StatusCode::OK, format!("<html>{VALUE}</html>")),
        "/v1/secret/data/large" => {
            reply(StatusCode::OK, versioned(&format!(r#"{{"token":"{}"}}"#, "x".repeat(2 << 20))))
        }
        "/v1/secret/data/sealed" => {
            reply(StatusCode::SERVICE_UNAVAILABLE, r#"{"errors":["Vault is sealed"]}"#.to_owned())
        }
        "/v1/secret/data/standby" => Response::builder()
            .status(StatusCode::TEMPORARY_REDIRECT)
            .header(header::LOCATION, "http://192.0.2.1/")
            .body(Body::empty())
            .unwrap(),
        _ => reply(StatusCode::NOT_FOUND, r#"{"errors":[]}"#.to_owned()),
    }
}

async fn serve() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().fallback(get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn nothing(_: &str) -> Option<String> {
    None
}

#[tokio::test]
async fn a_field_is_read_with_the_token_and_nothing_that_vault_says_is_quoted() {
    let address = serve().await;
    let env = move |name: &str| match name {
        "VAULT_ADDR" => Some(address.clone()),
        "VAULT_TOKEN" => Some(format!("{TOKEN}\n")),
        _ => None,
    };
    let vault = Vault::open(&VaultConfig::default(), &env).unwrap();
    assert_eq!(vault.read("secret", "team/app", "token").await.unwrap().expose(), VALUE);
    assert_eq!(vault.read("secret", "a b", "token").await.unwrap().expose(), VALUE);
    for (mount, path, field, code) in [
        ("secret", "team/app", "tokens", "vault.no_field"),
        ("secret", "team/app", "number", "vault.no_field"),
        ("secret", "team/app", "nothing", "vault.no_field"),
        ("secret", "gone", "token", "vault.not_found"),
        ("secret", "null", "token", "vault.not_found"),
        ("secret", "nowhere", "token", "vault.not_found"),
        ("kv1", "app", "token", "vault.not_found"),
        ("secret", "html", "token", "vault.unreadable"),
        ("secret", "large", "token", "vault.unreadable"),
        ("secret", "standby", "token", "vault.unreadable"),
        ("secret", "sealed", "token", "vault.sealed"),
    ] {
        let error = vault.read(mount, path, field).await.unwrap_err();
        assert_eq!(error.problem().code, code, "{path}");
        assert!(!format!("{error:?} {:?} {vault:?}", error.problem()).contains("canary"), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_token_a_closed_port_and_a_slow_server_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "hvs.wrong-canary").unwrap();
    let config =
        |address: String| VaultConfig { address, token_file: token_file.clone(), ..VaultConfig::default() };
    let wrong = Vault::open(&config(serve().await), &nothing).unwrap();
    assert_eq!(
        wrong.read("secret", "team/app", "token").await.unwrap_err(),
        VaultError::Denied("secret/team/app".to_owned())
    );

    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", free.local_addr().unwrap());
    // It takes the connection and never answers.
    let silent = Vault::open(&VaultConfig { timeout_ms: 50, ..config(address.clone()) }, &nothing).unwrap();
    assert_eq!(silent.read("secret", "a", "b").await.unwrap_err().problem().code, "vault.unreachable");
    drop(free);
    let closed = Vault::open(&config(address), &nothing).unwrap();
    let error = closed.read("secret", "a", "b").await.unwrap_err();
    assert_eq!(error.problem().code, "vault.unreachable");
    assert!(!format!("{error:?} {closed:?}").contains("canary"));
}

#[test]
fn a_token_is_shown_to_nobody_on_the_way() {
    let open = |address: &str, token: Option<&str>| {
        let env = |name: &str| match name {
            "VAULT_ADDR" => Some(address.to_owned()),
            "VAULT_TOKEN" => token.map(str::to_owned),
            "HOME" => Some("/nowhere".to_owned()),
            _ => None,
        };
        Vault::open(&VaultConfig::default(), &env).map(drop).map_err(|error| error.problem().code)
    };
    for good in [
        "https://vault.example.org:8200",
        "http://127.0.0.1:8200",
        "http://[::1]:8200",
        "http://localhost:8200/",
    ] {
        assert_eq!(open(good, Some("t")), Ok(()), "{good}");
    }
    for bad in [
        "http://vault.example.org:8200",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "vault.example.org:8200",
        "127.0.0.1:8200",
        "https://user:password@vault.example.org",
        "unix:/run/vault",
    ] {
        assert_eq!(open(bad, Some("t")), Err("vault.address".to_owned()), "{bad}");
    }
    assert_eq!(open("", Some("t")), Err("vault.no_address".to_owned()));
    assert_eq!(open("https://vault.example.org", None), Err("vault.no_token".to_owned()));
    assert_eq!(open("https://vault.example.org", Some(" ")), Err("vault.no_token".to_owned()));
}
