//! A certificate from a real authority of ACME: Pebble, with a name server of its own that leads every name here.

use std::{
    fs,
    net::{SocketAddr, TcpListener, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustls::pki_types::{CertificateDer, pem::PemObject};
use swarm_server::{AcmeOrder, PublicDoor, Seal, Server, ServerConfig};
use tokio::{net::TcpStream, time::timeout};

use super::{NAME, ask, authority::Authority, connect, connect_by, get};
use crate::world::{self, World};

/// How long the authority may take: it looks at names, asks back, and its client waits between two looks.
const PATIENCE: Duration = Duration::from_mins(1);

struct Running(Vec<Child>);

impl Drop for Running {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn is_installed() -> bool {
    ["pebble", "pebble-challtestsrv"].iter().all(|program| {
        std::env::var_os("PATH")
            .is_some_and(|path| std::env::split_paths(&path).any(|at| at.join(program).exists()))
    })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Starts the authority, which asks back at `tls`; gives where it is, and where it tells its root.
async fn pebble(authority: &Authority, folder: &Path, tls: SocketAddr) -> (Running, u16, u16) {
    let own = authority.files("localhost");
    let (port, management) = (free_port(), free_port());
    let dns = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = serde_json::json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{port}"),
        "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": own.certificate, "privateKey": own.key,
        "httpPort": free_port(), "tlsPort": tls.port(),
        "ocspResponderURL": "", "externalAccountBindingRequired": false,
    }});
    let file = folder.join("pebble.json");
    fs::write(&file, config.to_string()).unwrap();
    let quiet = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let dns = format!("127.0.0.1:{dns}");
    let names = format!("127.0.0.1:{}", free_port());
    let names = [
        "-dns01",
        &dns,
        "-management",
        &names,
        "-http01",
        "",
        "-https01",
        "",
        "-tlsalpn01",
        "",
        "-defaultIPv4",
        "127.0.0.1",
        "-defaultIPv6",
        "",
    ];
    let children = vec![
        quiet("pebble-challtestsrv", &names),
        quiet("pebble", &["-config", file.to_str().unwrap(), "-dnsserver", &dns]),
    ];
    let running = Running(children);
    let up = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, up).await.expect("pebble listens");
    (running, port, management)
}

fn ordering(config: &mut ServerConfig, place: SocketAddr, order: &AcmeOrder) {
    config.urls = vec![format!("https://{NAME}").parse().unwrap()];
    config.public = Some(PublicDoor { listen: place, seal: Seal::Acme(order.clone()), redirect_from: None });
}

/// Comes in over TLS as soon as there is a certificate that this root stands behind.
async fn let_in(root: &[u8], place: SocketAddr) {
    let came = async {
        loop {
            if let Ok(mut stream) = connect_by(root, place, NAME).await {
                assert!(ask(&mut stream, &get("/livez", "")).await.starts_with("HTTP/1.1 200"));
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, came).await.expect("a certificate that counts");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_had_from_an_authority_and_kept_for_the_next_start() {
    if !is_installed() {
        println!("skipped: pebble is not installed (scripts/setup installs it on Debian)");
        return;
    }
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("authority.pem");
    fs::write(&trusted, authority.pem()).unwrap();
    let place = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let (running, port, management) = pebble(&authority, folder.path(), place).await;
    let order = AcmeOrder {
        directory: format!("https://localhost:{port}/dir"),
        contact: vec!["ops@example.org".to_owned()],
        authorities: Some(trusted),
    };
    let world = World::with(|config| ordering(config, place, &order)).await;

    let told = SocketAddr::from(([127, 0, 0, 1], management));
    let mut stream = connect(&authority, told, "localhost").await.unwrap();
    let answer = ask(&mut stream, "GET /roots/0 HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    let pem = &answer[answer.find("-----BEGIN").unwrap()..];
    let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let_in(&root, place).await;

    // What it was given is there for the next start, which needs no authority, and for nobody else.
    let World { database, flows, server, .. } = world;
    server.shutdown().await;
    drop(running);
    let kept: Vec<_> =
        fs::read_dir(database.data_dir().join("acme")).unwrap().map(|file| file.unwrap()).collect();
    assert_eq!(kept.len(), 2);
    for file in kept {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0);
    }
    let mut config = world::config(&database);
    ordering(&mut config, place, &order);
    let again = Server::start(config, flows.clone()).await.unwrap();
    let_in(&root, place).await;
    again.shutdown().await;
    flows.shutdown().await;
}
