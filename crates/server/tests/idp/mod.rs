//! A real OpenID provider on this machine, run by node, and a browser that goes there and back.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use reqwest::{Method, Response, StatusCode, Url, header};
use serde_json::{Value, json};

pub const CLIENT: &str = "swarm";
/// With what a form and a header have to quote.
pub const SECRET: &str = "s+cr/t: 100%&=";

/// The provider; it ends with its input.
pub struct Idp {
    child: Child,
    /// Held open: it says more later.
    _said: BufReader<ChildStdout>,
    pub issuer: String,
    http: reqwest::Client,
}

/// What the provider needs, installed once; none, with the reason said, where this machine cannot.
fn installed() -> Option<PathBuf> {
    let told = Command::new("node").arg("--version").output();
    let version = told.ok().and_then(|told| String::from_utf8(told.stdout).ok()).unwrap_or_default();
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse::<u32>().ok());
    if major.is_none_or(|major| major < 20) {
        println!("skipped: the identity provider needs node 20 or later, and here is {version:?}");
        return None;
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/idp");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("idp");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let locked = fs::read(here.join("package-lock.json")).unwrap();
    if fs::read(folder.join("installed.json")).ok().as_ref() != Some(&locked) {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(here.join(file), folder.join(file)).unwrap();
        }
        let done = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder)
            .output();
        match done {
            Ok(done) if done.status.success() => fs::write(folder.join("installed.json"), locked).unwrap(),
            done => {
                println!("skipped: npm did not install the identity provider: {done:?}");
                return None;
            }
        }
    }
    // Beside its packages, where node looks for them.
    let text = fs::read(here.join("provider.mjs")).unwrap();
    let script = folder.join("provider.mjs");
    if fs::read(&script).ok().as_ref() != Some(&text) {
        fs::write(&script, text).unwrap();
    }
    Some(script)
}

impl Idp {
    pub fn start() -> Option<Self> {
        let script = installed()?;
        let mut child = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut issuer).unwrap();
        assert!(issuer.starts_with("http://"), "the provider did not start");
        // The client's ring provider serves these as well.
        let _ = swarm_client::Client::new(&issuer, "none").unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Some(Self { child, _said: said, issuer: issuer.trim().to_owned(), http })
    }

    /// Sets something of the provider's; what is not named stays.
    pub async fn set(&self, settings: &Value) {
        let done = self
            .http
            .post(format!("{}/control", self.issuer))
            .body(settings.to_string())
            .send()
            .await
            .unwrap();
        assert_eq!(done.status(), StatusCode::OK);
    }

    /// A provider that knows the server at this address, and these people.
    pub async fn knows(&self, server: &str, people: &Value) {
        let callback = |name: &str| format!("{server}/api/auth/oidc/{name}/callback");
        let client = |id: &str, more: Value| {
            let mut client = json!({
                "client_id": id, "client_secret": SECRET,
                "redirect_uris": [callback("corp"), callback("other")],
            });
            client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            client
        };
        let clients = json!([
            client(CLIENT, json!({})),
            client("es256", json!({ "id_token_signed_response_alg": "ES256" })),
            client("eddsa", json!({ "id_token_signed_response_alg": "EdDSA" })),
        ]);
        self.set(&json!({ "clients": clients, "people": people, "at_keyboard": "ada" })).await;
    }

    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A browser: it keeps cookies by site, and is sent on where it is told.
#[derive(Default)]
pub struct Browser {
    http: Option<reqwest::Client>,
    pub cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    pub fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { http: Some(client.build().unwrap()), cookies: BTreeMap::new() }
    }

    /// One request, with the cookies of the site.
    pub async fn ask(&mut self, method: Method, url: &Url, body: Option<&Value>) -> Response {
        let site = url.authority().to_owned();
        let mine = self.cookies.iter().filter(|((of, _), _)| *of == site);
        let cookies: Vec<_> = mine.map(|((_, name), value)| format!("{name}={value}")).collect();
        let mut request = self.http.as_ref().unwrap().request(method, url.clone());
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some(body) = body {
            request = request.json(body).header("sec-fetch-site", "same-origin");
        }
        let response = request.send().await.unwrap();
        for set in response.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let key = (site.clone(), name.to_owned());
            if value.is_empty() {
                self.cookies.remove(&key)
            } else {
                self.cookies.insert(key, value.to_owned())
            };
        }
        response
    }

    pub async fn open(&mut self, url: &str) -> Response {
        self.ask(Method::GET, &Url::parse(url).unwrap(), None).await
    }

    /// Follows the way from the provider's page to the last address before `home`, which is not opened.
    pub async fn until(&mut self, url: &str, home: &str) -> String {
        let mut at = Url::parse(url).unwrap();
        for _ in 0..10 {
            if at.as_str().starts_with(home) {
                return at.into();
            }
            let response = self.ask(Method::GET, &at, None).await;
            let status = response.status();
            let Some(next) = response.headers().get(header::LOCATION) else {
                panic!("{status} at {at}: {}", response.text().await.unwrap())
            };
            at = at.join(next.to_str().unwrap()).unwrap();
        }
        panic!("it leads in circles")
    }

    /// From the server's start page over the provider to the address that leads back.
    pub async fn reach_callback(&mut self, server: &str, provider: &str) -> String {
        let start = self.open(&format!("{server}/api/auth/oidc/{provider}/start")).await;
        assert_eq!(start.status(), StatusCode::SEE_OTHER, "{}", start.text().await.unwrap());
        let there = start.headers()[header::LOCATION].to_str().unwrap().to_owned();
        self.until(&there, server).await
    }

    /// The whole way.
    pub async fn sign_in(&mut self, server: &str, provider: &str) -> Response {
        let callback = self.reach_callback(server, provider).await;
        self.open(&callback).await
    }

    /// Who the server says that this is.
    pub async fn me(&mut self, server: &str) -> Response {
        self.open(&format!("{server}/api/auth/me")).await
    }
}
