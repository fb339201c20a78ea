//! What the tests have in common: a team, its channels, and a question that is asked.

use std::sync::Arc;

use serde_json::{Value, json};
use swarm_domain::{
    EventBody, InterruptId, RunId,
    identity::{Registration, Role},
    interrupt::{ActionRequest, HumanInterrupt, Interrupt, InterruptKind, OnExpiry, Terms},
    ticket::Risk,
};
use swarm_flows::{FlowsConfig, NotificationsConfig, Parts};
use swarm_notify::testing::MailServer;
use swarm_server::{ServerConfig, Tries};
use swarm_store::{NotificationQuery, NotificationRow, testing::TestDatabase};

use crate::world::{World, eventually, parts, team::read};

pub const BEN: &str = "ben@example.org";
pub const CLEO: &str = "cleo@example.org";

pub fn question(id: &str, risk: Risk) -> Interrupt {
    let kind = InterruptKind::PlanReview;
    Interrupt {
        id: InterruptId::parse(id).unwrap(),
        kind,
        risk,
        why: vec!["every plan: it is <b>always</b> asked".to_owned()],
        rules: vec!["every plan".to_owned()],
        request: HumanInterrupt {
            action_request: ActionRequest {
                action: "build_plan".to_owned(),
                args: json!({"max_parallel": 4}),
            },
            config: kind.config(),
            description: Some("One ticket. <script>alert(1)</script>".to_owned()),
        },
        terms: Terms {
            people: Vec::new(),
            answers: 1,
            four_eyes: true,
            remind_seconds: Vec::new(),
            escalate: Vec::new(),
            expire_seconds: Some(3_600),
            on_expiry: OnExpiry::Reject,
        },
        asked_by: vec!["eve".to_owned()],
        about: vec!["plan".to_owned()],
        commit: None,
        text: None,
    }
}

/// Settings with these channels; the second of two people knows about plans.
#[allow(clippy::needless_pass_by_value, reason = "so that a test writes them in place")]
pub fn settings(channels: Vec<Value>) -> NotificationsConfig {
    let config: NotificationsConfig = serde_json::from_value(json!({
        "tell": 1,
        "url": "https://swarm.example.org",
        "retry": { "waits_ms": [3_600_000, 3_600_000], "jitter_percent": 0, "longest_wait_ms": 3_600_000 },
        "channels": channels,
        "people": [{ "name": CLEO, "skills": ["plan"] }],
    }))
    .unwrap();
    assert_eq!(config.faults(), [""; 0]);
    config
}

pub fn mail(server: &MailServer) -> Value {
    json!({
        "kind": "email", "name": "mail", "host": "localhost", "port": server.port, "tls": "none",
        "from": "swarm@example.org",
    })
}

/// Where the key of webhooks stands in these tests.
pub fn webhook(url: &str, key: &std::path::Path) -> Value {
    json!({
        "kind": "webhook", "name": "ops", "url": url, "secrets": [format!("file:{}", key.display())],
        "private": true, "http": true,
    })
}

pub const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub async fn telling_parts(database: &TestDatabase, notifications: NotificationsConfig) -> Parts {
    let parts = parts(database).await;
    let config = FlowsConfig { notifications, ..(*parts.config).clone() };
    Parts { config: Arc::new(config), ..parts }
}

/// A team of an owner, ben and cleo, who may answer, on a server that tells them.
pub async fn world(notifications: NotificationsConfig) -> World {
    world_with(notifications, |_| ()).await
}

/// The same, on a server that is set up like this.
pub async fn world_with(notifications: NotificationsConfig, change: impl FnOnce(&mut ServerConfig)) -> World {
    let database = TestDatabase::new("notify").await.unwrap();
    let parts = telling_parts(&database, notifications).await;
    let world = World::of(database, parts, |config| {
        config.sign_in.registration = Registration::Invite;
        config.sign_in.by_address = Tries { burst: 10_000, every: std::time::Duration::from_millis(1) };
        change(config);
    })
    .await;
    world.owner().await;
    for (email, role) in [(BEN, Role::Reviewer), (CLEO, Role::Maintainer)] {
        world.member(email, role).await;
        let link = world.link(email, "verify").await;
        world.verify(email, crate::world::team::PASSWORD, &link).await;
    }
    world
}

pub async fn ask(world: &World, run: &RunId, interrupt: Interrupt) {
    let key = interrupt.id.to_string();
    world.append(&key, Some(run), EventBody::InterruptRaised { interrupt: Box::new(interrupt) }).await;
}

pub async fn rows(world: &World) -> Vec<NotificationRow> {
    let which = NotificationQuery { limit: 100, ..NotificationQuery::default() };
    world.flows.store().notifications(world.tenant(), &which).await.unwrap()
}

/// The rows of a channel, once there are some and none of them is `pending` that is due.
pub async fn by(world: &World, channel: &str) -> Vec<NotificationRow> {
    rows(world).await.into_iter().filter(|row| row.channel == channel).collect()
}

/// The one row of a channel, once it stands like this.
pub async fn once(world: &World, channel: &str, state: &str) -> NotificationRow {
    eventually(|| async {
        let mut rows = by(world, channel).await;
        (rows.len() == 1 && rows[0].state.as_str() == state).then(|| rows.remove(0))
    })
    .await
}

pub async fn shown(world: &World, id: &str) -> Value {
    read(world.get(&format!("/api/hitl/{id}")).send().await.unwrap()).await
}
