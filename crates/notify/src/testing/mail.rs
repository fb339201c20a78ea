//! A mail server of the machine's Python, as a process of its own.

use std::{path::Path, process::Stdio};

use serde::Deserialize;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

/// A mail that came in.
#[derive(Debug, Clone, Deserialize)]
pub struct ReceivedMail {
    /// From whom, by the envelope.
    pub from: String,
    /// To whom, by the envelope.
    pub to: Vec<String>,
    /// The headers, in lower case.
    pub headers: std::collections::BTreeMap<String, String>,
    /// The part that is plain text.
    pub text: String,
    /// The part that is HTML.
    pub html: String,
    /// Whether it came over TLS.
    pub tls: bool,
    /// Who signed in to send it.
    pub user: Option<String>,
}

/// A mail server on loopback. Killed when it is dropped.
#[derive(Debug)]
pub struct MailServer {
    /// Its port.
    pub port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    folder: tempfile::TempDir,
    _child: Child,
}

impl MailServer {
    /// Starts one. `identity` is a certificate and key in PEM, with which it takes nothing but over STARTTLS; `user` a
    /// name and a password that it asks for. None where this machine cannot run it; that is said.
    pub async fn start(identity: Option<(&str, &str)>, user: Option<(&str, &str)>) -> Option<Self> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/mail-server");
        let found = Command::new(scripts).output().await.ok().filter(|output| output.status.success());
        let Some(found) = found else {
            println!("skipped: this machine has no mail server, and cannot install aiosmtpd");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let (name, password) = user.unwrap_or_default();
        write(
            "settings.json",
            &json!({ "tls": identity.is_some(), "user": name, "password": password }).to_string(),
        );
        write("server.py", include_str!("mail_server.py"));
        if let Some((certificate, key)) = identity {
            write("cert.pem", certificate);
            write("key.pem", key);
        }
        let mut child = Command::new("python3")
            .arg(folder.path().join("server.py"))
            .arg(folder.path())
            .env("PYTHONPATH", String::from_utf8(found.stdout).unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next_line().await.unwrap().expect("the mail server starts").parse().unwrap();
        Some(Self { port, lines, folder, _child: child })
    }

    /// Says what it does with the next mails, one word each: `take`, `refuse`, `later`, `hang`, `drop`.
    pub fn plan(&self, words: &[&str]) {
        std::fs::write(self.folder.path().join("plan"), words.join("\n")).unwrap();
    }

    /// The next mail that comes in.
    pub async fn next(&mut self) -> ReceivedMail {
        let line = tokio::time::timeout(std::time::Duration::from_mins(1), self.lines.next_line()).await;
        serde_json::from_str(&line.expect("a mail comes in").unwrap().unwrap()).unwrap()
    }
}
