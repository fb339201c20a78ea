//! Two servers and a real Redis between them: whatever becomes of it, nothing is lost, nothing comes twice, and what is
//! said of it is true.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use swarm_flows::Flows;
use swarm_server::Server;
use tempfile::TempDir;

use crate::{
    live::socket::Socket,
    world::{World, config, eventually, parts},
};

/// A `redis-server` on a socket of its own.
struct Redis {
    folder: TempDir,
    process: Child,
}

impl Redis {
    /// None, with a word of it, where this machine has no Redis.
    fn start() -> Option<Self> {
        if Command::new("redis-server").arg("--version").output().is_err() {
            println!("skipped: there is no redis-server here; `scripts/setup` installs it");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let process = Self::launch(folder.path());
        Some(Self { folder, process })
    }

    fn launch(folder: &Path) -> Child {
        Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(folder.join("redis.sock"))
            .arg("--dir")
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    fn url(&self) -> String {
        format!("unix://{}", self.folder.path().join("redis.sock").display())
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn restart(&mut self) {
        self.process = Self::launch(self.folder.path());
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.process.id()).unwrap()), signal).unwrap();
    }

    /// What Redis answers to a command.
    fn say(&self, command: &[&str]) -> String {
        let socket = self.folder.path().join("redis.sock");
        let done = Command::new("redis-cli").arg("-s").arg(socket).args(command).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// The name of the one stream.
    fn stream(&self) -> String {
        self.say(&["--raw", "KEYS", "swarm:*:events"])
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two servers on one database, with a Redis between them and a client at each.
struct Pair {
    world: World,
    other: Server,
    flows: Flows,
    redis: Redis,
    here: Socket,
    there: Socket,
    /// The position before the first event.
    base: u64,
    /// How many events were appended.
    told: u64,
    _data: TempDir,
}

impl Pair {
    async fn new() -> Option<Self> {
        let redis = Redis::start()?;
        let url = redis.url();
        let world = World::with(|config| config.redis = Some(url.clone())).await;
        let data = tempfile::tempdir().unwrap();
        let flows = Flows::launch(parts(&world.database).await, "other").await.unwrap();
        let mut setup = config(&world.database);
        setup.data_dir = data.path().to_path_buf();
        setup.redis = Some(url);
        let other = Server::start(setup, flows.clone()).await.unwrap();
        let mut here = Socket::open(&world.server, "").await;
        let base = here.next().await["position"].as_u64().unwrap();
        let mut there = Socket::open(&other, &format!("after={base}")).await;
        there.next().await;
        for socket in [&mut here, &mut there] {
            socket.subscribe(&["events"]).await;
        }
        let pair = Self { world, other, flows, redis, here, there, base, told: 0, _data: data };
        pair.until(true).await;
        Some(pair)
    }

    /// Appends so many events, and has both clients see each of them once, in order.
    async fn tell(&mut self, count: u64) {
        let from = usize::try_from(self.told).unwrap();
        let (before, last) = (self.base + self.told, self.base + self.told + count);
        let (_, here, there) = tokio::join!(
            self.world.note(from, usize::try_from(count).unwrap(), None),
            self.here.positions(last),
            self.there.positions(last)
        );
        let wanted: Vec<u64> = (before + 1..=last).collect();
        assert_eq!((&here, &there), (&wanted, &wanted));
        self.told += count;
    }

    async fn metric(&self, server: &Server, name: &str) -> u64 {
        let url = format!("{}/metrics", server.url());
        let asked = self.world.http.get(url).bearer_auth(server.token().reveal());
        let text = asked.send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
    }

    async fn health(&self, server: &Server) -> Value {
        let answer = self.world.http.get(format!("{}/health", server.url())).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Waits until both servers say that Redis carries what happens, or that it does not, and one feeds it.
    async fn until(&self, live: bool) {
        eventually(async || {
            let mut feeds = 0;
            for server in [&self.world.server, &self.other] {
                let said = self.health(server).await["live"].clone();
                if said["ok"] != live || said["detail"].as_str().unwrap().contains("not reached") {
                    return None;
                }
                feeds += u32::from(said["detail"].as_str().unwrap().contains("feeds"));
            }
            (!live || feeds > 0).then_some(())
        })
        .await;
    }

    /// Waits until Redis brings what happens again to one of them.
    async fn until_carried(&mut self) {
        let before = self.carried().await;
        // Never a pause of a second: one that was late must be waited for again without one.
        for _ in 0..1_000 {
            self.tell(1).await;
            if self.carried().await > before {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("Redis brings nothing");
    }

    async fn carried(&self) -> u64 {
        let name = "swarm_live_events_read_total{way=\"redis\"}";
        self.metric(&self.world.server, name).await + self.metric(&self.other, name).await
    }

    async fn end(self) {
        drop((self.here, self.there));
        self.other.shutdown().await;
        self.flows.shutdown().await;
        self.world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_killed_under_load_loses_no_event_and_is_used_again() {
    let Some(mut pair) = Pair::new().await else { return };
    pair.until_carried().await;
    for _ in 0..3 {
        pair.tell(60).await;
        pair.redis.kill();
        pair.tell(120).await;
        pair.until(false).await;
        let said = pair.health(&pair.other).await;
        assert_eq!(said["status"], "degraded", "{said}");
        assert!(said["live"]["detail"].as_str().unwrap().contains("nothing is lost"), "{said}");
        pair.tell(20).await;
        pair.redis.restart();
        pair.tell(60).await;
        pair.until(true).await;
        pair.until_carried().await;
    }
    assert!(pair.metric(&pair.other, "swarm_live_redis_lost_total").await >= 3);
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_redis_forgets_is_read_from_the_log() {
    let Some(mut pair) = Pair::new().await else { return };
    pair.until_carried().await;
    for wipe in [&["FLUSHALL"][..], &["XTRIM", "STREAM", "MAXLEN", "0"], &["DEL", "STREAM"]] {
        let stream = pair.redis.stream();
        let wipe: Vec<&str> =
            wipe.iter().map(|word| if *word == "STREAM" { &*stream } else { word }).collect();
        pair.tell(40).await;
        pair.redis.say(&wipe);
        pair.tell(40).await;
        pair.until_carried().await;
    }
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_does_not_answer_holds_nothing_up() {
    let Some(mut pair) = Pair::new().await else { return };
    pair.until_carried().await;
    pair.redis.signal(Signal::SIGSTOP);
    pair.tell(80).await;
    pair.until(false).await;
    pair.tell(20).await;
    pair.redis.signal(Signal::SIGCONT);
    pair.until(true).await;
    pair.until_carried().await;
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_late_is_waited_for_again_under_steady_traffic() {
    let Some(mut pair) = Pair::new().await else { return };
    pair.until_carried().await;
    for _ in 0..3 {
        // For less long than makes it away.
        pair.redis.signal(Signal::SIGSTOP);
        pair.tell(5).await;
        pair.redis.signal(Signal::SIGCONT);
        pair.until_carried().await;
    }
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_puts_into_redis_is_told_to_nobody() {
    let Some(mut pair) = Pair::new().await else { return };
    pair.until_carried().await;
    let stream = pair.redis.stream();
    let before = pair.metric(&pair.other, "swarm_live_redis_refused_total").await;
    // In the place of the next one, and so far ahead that none would ever follow it.
    for ahead in [1, 1_000_000] {
        let id = format!("{}-0", pair.base + pair.told + ahead);
        let forged = pair.redis.say(&["XADD", &stream, &id, "e", "{\"seq\":1}", "m", "none"]);
        assert_eq!(forged, id);
        pair.tell(30).await;
        pair.until_carried().await;
    }
    assert!(pair.metric(&pair.other, "swarm_live_redis_refused_total").await > before);
    pair.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_never_there_is_said_to_be_away_and_an_address_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("unix://{}/nobody.sock", folder.path().display());
    let world = World::with(|config| config.redis = Some(url)).await;
    let mut socket = Socket::open(&world.server, "").await;
    let base = socket.next().await["position"].as_u64().unwrap();
    socket.subscribe(&["events"]).await;
    let (_, seen) = tokio::join!(world.note(0, 20, None), socket.positions(base + 20));
    assert_eq!(seen, (base + 1..=base + 20).collect::<Vec<_>>());
    eventually(async || {
        let answer = world.http.get(format!("{}/health", world.server.url())).send().await.unwrap();
        let said: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let detail = said["live"]["detail"].as_str().unwrap().to_owned();
        (said["live"]["ok"] == false).then(|| assert!(!detail.contains("nobody.sock"), "{detail}"))
    })
    .await;
    let data = tempfile::tempdir().unwrap();
    let mut setup = config(&world.database);
    setup.data_dir = data.path().to_path_buf();
    setup.redis = Some("http://me:hunter2@here".to_owned());
    let refused = Server::start(setup, world.flows.clone()).await.unwrap_err().problem();
    assert_eq!(refused.code, "live.redis");
    assert!(!refused.to_string().contains("hunter2"), "{refused}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_through_one_server_is_seen_at_the_other_until_they_leave() {
    let quick = |config: &mut swarm_server::ServerConfig| {
        config.sockets.heartbeat = std::time::Duration::from_millis(300);
    };
    let world = World::with(quick).await;
    let data = tempfile::tempdir().unwrap();
    let flows = Flows::launch(parts(&world.database).await, "other").await.unwrap();
    let mut setup = config(&world.database);
    quick(&mut setup);
    setup.data_dir = data.path().to_path_buf();
    let other = Server::start(setup, flows.clone()).await.unwrap();

    let mut here = Socket::open(&world.server, "").await;
    here.next().await;
    here.subscribe(&["events", "runs/run_1"]).await;
    let mut there = Socket::open(&other, "").await;
    there.next().await;
    there.subscribe(&["events"]).await;
    let watched = |heartbeat: &Value, path: &str| {
        let watchers = heartbeat["watchers"].as_array().unwrap();
        let of = watchers.iter().find(|watchers| watchers["path"] == path).unwrap();
        (of["connections"].as_u64().unwrap(), of["people"].as_array().unwrap().len())
    };
    // A client that says nothing is taken to be gone, so this one says something.
    let beat = async |socket: &mut Socket| {
        socket.say(serde_json::json!({ "type": "ping" })).await;
        socket.next_of("heartbeat").await
    };
    while watched(&beat(&mut here).await, "events") != (2, 1) {
        beat(&mut there).await;
    }
    // What the other does not follow, it is told nothing of.
    let heartbeat = beat(&mut there).await;
    assert_eq!(heartbeat["watchers"].as_array().unwrap().len(), 1, "{heartbeat}");
    while watched(&beat(&mut there).await, "events") != (2, 1) {
        beat(&mut here).await;
    }
    drop(there);
    while watched(&beat(&mut here).await, "events") != (1, 1) {}
    other.shutdown().await;
    flows.shutdown().await;
    world.end().await;
}
