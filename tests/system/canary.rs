//! A secret in a whole build in microVMs: its value reaches the host that it is for, and is nowhere else.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
};

use serde_json::json;

use crate::{
    microvms::{leftovers, microvm, nothing_is_left, state, with, world},
    model::{Answer, WRITES_GREET, WRITES_SHOUT, staff},
    world::{World, count, files, git},
};

#[allow(dead_code, reason = "shared with the tests of the sandbox")]
#[path = "../../crates/sandbox/tests/ground/memory.rs"]
mod memory;
#[allow(dead_code, reason = "shared with the tests of the sandbox")]
#[path = "../../crates/sandbox/tests/ground/server.rs"]
mod server;

const CANARY: &str = "canary-of-microvms-8d20";
/// What the host answers, and what the agent's command makes up: looking must find these.
const ANSWER: &str = "what-only-the-host-knows";
const MADE_UP: &str = "planted-within-5511";

/// The agent asks the host, looks for what the request got on the way, and asks again. No word that is looked for stands
/// in it as it is.
const ASK: &str = r#"ask() {
    printf 'GET %s HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer mine\r\nConnection: close\r\n\r\n' "$1" |
        timeout 100 tools/loader --library-path tools tools/openssl s_client -quiet -proxy 127.0.0.1:3128 \
            -connect api.test:443 -servername api.test -verify_return_error \
            -CAfile "${SSL_CERT_FILE:-$NODE_EXTRA_CA_CERTS}" 2>/tmp/said | tee "/tmp/${1#/}" | tail -n 1
    echo
}
ask /first
printf '%s%s' planted-within -5511 >/tmp/planted
(env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline) 2>/dev/null | tr '\0' '\n' >/tmp/all
grep -rlsE 'canary-of-[m]icrovms' /tmp /etc /run /dev/shm || echo ': nowhere inside'
ask /looked
"#;

/// There is nothing inside that speaks TLS as it should, so the repository brings it: the host's own, with its libraries.
fn tools(world: &World) -> Option<()> {
    let folder = world.repo().join("tools");
    fs::create_dir_all(&folder).unwrap();
    let needs = Command::new("ldd").arg("/usr/bin/openssl").output().ok()?;
    for path in String::from_utf8_lossy(&needs.stdout).split_whitespace().filter(|word| word.starts_with('/'))
    {
        let name = path.rsplit('/').next()?;
        let name = if name.starts_with("ld-") { "loader" } else { name };
        fs::copy(path, folder.join(name)).ok()?;
    }
    fs::copy("/usr/bin/openssl", folder.join("openssl")).ok()?;
    git(&world.repo(), &["add", "."]);
    git(&world.repo(), &["commit", "-q", "-m", "chore: bring openssl"]);
    Some(())
}

/// The host: it answers, and says when the second question came. That one waits until everything was looked at.
struct Host {
    server: server::Server,
    pem: String,
    came: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
    _runtime: tokio::runtime::Runtime,
}

impl Host {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let house = server::House::new();
        let (said, came) = mpsc::channel();
        let (go_on, wait) = mpsc::channel();
        let ends = Mutex::new((said, wait));
        let answers: server::Answers = Arc::new(move |head: &str| {
            if head.starts_with("GET /looked") {
                let ends = ends.lock().unwrap();
                let _ = ends.0.send(());
                let _ = ends.1.recv();
            }
            server::with(ANSWER.as_bytes())
        });
        let server = runtime.block_on(server::Server::tls(&house, "api.test", answers));
        Self { server, pem: house.pem, came, go_on, _runtime: runtime }
    }
}

/// The agent's file lets its commands reach the host; the host is this machine's.
fn settings(world: &World, host: &Host) {
    fs::create_dir(world.path().join("agents")).unwrap();
    let agent = "---\nname: coder\nextends: coder\nnetwork:\n  allow: [api.test]\nlimits:\n  tool_seconds: 240\n---\n";
    world.write("agents/coder.md", agent);
    world.write("house.pem", &host.pem);
    let config = format!(
        "[flows.retry]\nwaits_ms = [10, 10]\n\n[agents]\nfolder = \"agents\"\n\n[sandbox.network]\nauthorities = \
         [\"house.pem\"]\n\n[sandbox.network.places]\n\"api.test\" = \"{}\"\n\n[[models.providers]]\nname = \"here\"\nkind \
         = \"compatible\"\nbase_url = \"{}\"\nmodels = [{{ name = \"one\", tools = true }}]\n",
        host.server.at,
        world.model.url()
    );
    world.write("swarm.toml", config);
}

fn script(asked: &str) -> Answer {
    let call = |name: &str, arguments: serde_json::Value| json!({"name": name, "arguments": arguments});
    let done = || call("finish", json!({"done": true, "summary": "It is written."}));
    if asked.contains(WRITES_GREET) && !asked.contains(": nowhere inside\n") {
        return Answer::Act(vec![call("run", json!({"command": ASK}))]);
    }
    if asked.contains(WRITES_GREET) {
        let write = json!({"path": "greet.sh", "content": "echo \"Hello, $1!\"\n"});
        return Answer::Act(vec![call("write", write), done()]);
    }
    if asked.contains(WRITES_SHOUT) {
        let write = json!({"path": "shout.sh", "content": "sh greet.sh \"$1\" | tr a-z A-Z\n"});
        return Answer::Act(vec![call("write", write), done()]);
    }
    staff(asked)
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

#[test]
fn a_secrets_value_is_in_no_machine_no_prompt_no_log_and_no_file_of_a_whole_build() {
    let Some((world, home)) = world() else { return };
    if tools(&world).is_none() {
        return println!("skipped: there is no openssl to bring along");
    }
    let host = Host::start();
    settings(&world, &host);
    world.model.play(script);

    let mut set = world.command(&["secret", "set", "registry", "--host", "api.test"]);
    let mut set = set.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    set.stdin.take().unwrap().write_all(CANARY.as_bytes()).unwrap();
    assert!(set.wait().unwrap().success());

    let mut build = with(&home, world.build(&["--sandbox", "qemu"]));
    build.env("RUST_LOG", "trace");
    let build = world.start(build);
    // The machine waits for its answer, with all that it got in its memory.
    let mut tags = BTreeSet::new();
    crate::world::eventually("the second question", || {
        tags.extend(leftovers::tags(&state(&world)));
        (build.has_ended() || host.came.try_recv().is_ok()).then_some(())
    });
    assert!(!build.has_ended(), "{:?}", build.ended());
    if nix::unistd::Uid::effective().is_root() {
        let words = [CANARY, ANSWER, MADE_UP];
        let found: Vec<_> = microvm::monitors(&state(&world))
            .into_iter()
            .map(|process| memory::words(process, &words))
            .collect();
        for word in [ANSWER, MADE_UP] {
            assert!(
                found.iter().any(|(_, words)| words.iter().any(|found| found == word)),
                "{word}: {found:?}"
            );
        }
        assert!(found.iter().all(|(_, words)| words.iter().all(|word| word != CANARY)), "{found:?}");
    } else {
        println!("skipped: only root may look into the memory of a machine");
    }
    host.go_on.send(()).unwrap();

    let ended = build.ended();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("sandbox: qemu"), "{ended:?}");
    assert!(!has(format!("{ended:?}").as_bytes(), CANARY), "it stands in what was said");
    nothing_is_left(&state(&world), &tags);
    world.is_whole();

    let heard = host.server.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    let bearer = format!("Bearer {CANARY}");
    assert!(heard.iter().all(|heard| heard.contains(&bearer) && !heard.contains("mine")), "{heard:?}");
    let events = world.events();
    assert!(count(&events, "secret_used") >= 1 && !has(json!(events).to_string().as_bytes(), CANARY));
    let prompts: Vec<_> = world.model.calls().into_iter().map(|call| call.asked).collect();
    assert!(prompts.iter().any(|asked| asked.contains(ANSWER)), "the host's answer is in a prompt");
    assert!(prompts.iter().all(|asked| !asked.contains(CANARY)));
    assert!(!git(&world.repo(), &["log", "--all", "-p"]).contains(CANARY));
    let all = files(world.path());
    // The database's own files among them, the blobs, the mirror, and what was logged.
    assert!(all.iter().any(|(path, bytes)| path.starts_with(world.data()) && has(bytes, ANSWER)));
    for (path, bytes) in all {
        assert!(!has(&bytes, CANARY), "it stands in {}", path.display());
    }
}
