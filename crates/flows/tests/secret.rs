//! What a request gets on its way out, and what is recorded of it.

use std::fs;

use swarm_domain::{
    EventBody, ProjectId, SecretName, Subject,
    secret::{Placement, Reference, Secret, SecretHost, SecretId},
};
use swarm_flows::{Credentials, Flows};
use swarm_sandbox::egress::Credentials as _;
use swarm_store::{EventFilter, Given, NewSecret, Rotation};

use crate::world::{World, ada};

const CANARY: &str = "canary-of-the-store";

fn new(name: &str, project: Option<&str>, given: Given) -> NewSecret {
    NewSecret {
        id: SecretId {
            name: SecretName::parse(name).unwrap(),
            project: project.map(|project| ProjectId::parse(project).unwrap()),
        },
        hosts: vec![SecretHost::parse("api.example.org").unwrap()],
        placement: Placement::Bearer,
        given,
        expires: None,
    }
}

fn value(text: &str) -> Given {
    Given::Value(Secret::new(text))
}

fn reference(text: &str) -> Given {
    Given::Reference(Reference::parse(text).unwrap())
}

async fn flows(world: &World) -> Flows {
    Flows::idle(world.parts(Vec::new()).await, "test").await.unwrap()
}

async fn of(flows: &Flows, project: &str) -> Credentials {
    let project = Some(ProjectId::parse(project).unwrap());
    Credentials::of(flows.parts(), Subject { project, ..Subject::default() }).await.unwrap()
}

async fn uses(flows: &Flows) -> Vec<(String, u32, String)> {
    let events = flows.store().events(&flows.parts().config.tenant, &EventFilter::default()).await.unwrap();
    let used = |event: swarm_domain::Event| match event.body {
        EventBody::SecretUsed { secret, version, host } => {
            Some((format!("{secret} for {}", event.subject.project.unwrap()), version, host.to_string()))
        }
        _ => None,
    };
    events.into_iter().filter_map(used).collect()
}

#[tokio::test]
async fn a_request_gets_the_secret_of_its_host_and_project_and_each_use_is_recorded() {
    let world = World::new().await;
    let flows = flows(&world).await;
    flows
        .add_project(&ada(), &ProjectId::parse("mine").unwrap(), world.repo().to_str().unwrap())
        .await
        .unwrap();
    flows.set_secret(&ada(), new("token", None, value(CANARY))).await.unwrap();
    flows.set_secret(&ada(), new("own", Some("mine"), value("canary-of-mine"))).await.unwrap();
    let (mine, other) = (of(&flows, "mine").await, of(&flows, "other").await);
    assert_eq!(mine.hosts().len(), 1);
    for elsewhere in ["example.org", "api.example.org.evil.org", "evil-api.example.org", "127.0.0.1", ""] {
        assert!(mine.for_host(elsewhere).await.unwrap().is_empty(), "{elsewhere}");
    }
    assert!(uses(&flows).await.is_empty(), "nothing was used yet");
    let lines = |credentials: Vec<swarm_flows::Credential>| {
        let line = |one: swarm_flows::Credential| format!("{}: {}", one.header, one.value.expose());
        credentials.into_iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        lines(mine.for_host("API.example.org").await.unwrap()),
        ["authorization: Bearer canary-of-mine"]
    );
    for _ in 0..2 {
        let given = other.for_host("api.example.org").await.unwrap();
        assert!(!format!("{given:?} {other:?}").contains("canary"));
        assert_eq!(lines(given), [format!("authorization: Bearer {CANARY}")]);
    }
    let host = || "api.example.org".to_owned();
    assert_eq!(
        uses(&flows).await,
        [
            ("own of mine for mine".to_owned(), 1, host()),
            ("token for other".to_owned(), 1, host()),
            ("token for other".to_owned(), 1, host()),
        ]
    );
    // As the proxy asks.
    assert!(mine.cover("Api.Example.org", 443));
    assert!(!mine.cover("api.example.org", 8443) && !mine.cover("example.org", 443));
    assert_eq!(mine.credentials("api.example.org", 443).await.unwrap().len(), 1);
    assert!(
        mine.credentials("api.example.org", 80).await.is_err(),
        "over TLS, where it is served, or not at all"
    );
    let known = flows.secrets().await.unwrap();
    assert_eq!((known[0].uses, known[1].uses), (2, 2));
    assert!(known[0].used_at.is_some());
    // Removed while the sandbox lives: refused, not let through without.
    flows.remove_secret(&ada(), &known[0].record.id).await.unwrap();
    assert!(other.cover("api.example.org", 443) && other.credentials("api.example.org", 443).await.is_err());
}

#[tokio::test]
async fn while_two_values_count_the_old_one_stands_in_for_a_new_one_that_cannot_be_had() {
    let world = World::new().await;
    let flows = flows(&world).await;
    let id = flows.set_secret(&ada(), new("token", None, value(CANARY))).await.unwrap().record.id;
    let rotation = |given: Given, window_seconds| Rotation { given, window_seconds, expires: None };
    let missing = reference("env:SWARM_TEST_NEVER_SET");
    flows.rotate_secret(&ada(), &id, rotation(missing.clone(), 86_400)).await.unwrap();
    let given = of(&flows, "any").await.for_host("api.example.org").await.unwrap();
    assert_eq!((given[0].version, given[0].value.expose()), (1, "Bearer canary-of-the-store"));
    let found = flows.check_secrets().await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].problem.as_ref().unwrap().code, "secret.unresolved");
    assert!(found[1].problem.is_none() && found[1].note.is_some());
    // Without a window nothing stands in, and the request is told why.
    flows.rotate_secret(&ada(), &id, rotation(missing, 0)).await.unwrap();
    let problem = of(&flows, "any").await.for_host("api.example.org").await.unwrap_err();
    assert_eq!(problem.code, "secret.unresolved");
    assert_eq!(uses(&flows).await.len(), 1, "what was not handed out was not used");
}

#[tokio::test]
async fn a_reference_is_looked_up_at_each_use_and_never_stored() {
    let world = World::new().await;
    let flows = flows(&world).await;
    let file = world.path("token");
    fs::write(&file, "canary-of-the-file\n").unwrap();
    let place = format!("file:{}", file.display());
    flows.set_secret(&ada(), new("token", None, reference(&place))).await.unwrap();
    let line = async || {
        let given = of(&flows, "any").await.for_host("api.example.org").await;
        given.map(|given| given[0].value.expose().to_owned()).map_err(|problem| {
            assert!(!format!("{problem:?}").contains("canary"));
            problem.code
        })
    };
    assert_eq!(line().await.unwrap(), "Bearer canary-of-the-file");
    fs::write(&file, "canary-of-later").unwrap();
    assert_eq!(line().await.unwrap(), "Bearer canary-of-later");
    let everything =
        format!("{:?} {:?}", flows.secrets().await.unwrap(), flows.check_secrets().await.unwrap());
    assert!(!everything.contains("canary-of"));
    // A file that would end the line, is too long, is no text, is no file, is gone.
    for (bytes, code) in [
        (b"canary\r\nX-Evil: 1".to_vec(), "secret.value"),
        (vec![b'x'; 9000], "secret.value"),
        (Vec::new(), "secret.value"),
        (vec![0xff; 20], "secret.unresolved"),
    ] {
        fs::write(&file, bytes).unwrap();
        assert_eq!(line().await.unwrap_err(), code);
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(line().await.unwrap_err(), "secret.unresolved");
    fs::create_dir(&file).unwrap();
    assert_eq!(line().await.unwrap_err(), "secret.unresolved");
    // The test's own environment has this one.
    flows.set_secret(&ada(), new("token", None, reference("env:CARGO_MANIFEST_DIR"))).await.unwrap();
    assert_eq!(line().await.unwrap(), format!("Bearer {}", env!("CARGO_MANIFEST_DIR")));
    flows.set_secret(&ada(), new("token", None, reference("vault:secret/app#token"))).await.unwrap();
    assert_eq!(line().await.unwrap_err(), "vault.no_address");
}

#[tokio::test]
async fn a_secret_that_expired_is_an_error_and_no_request_without_it() {
    let world = World::new().await;
    let flows = flows(&world).await;
    let soon = flows.parts().clock.now() + chrono::TimeDelta::seconds(5);
    let short = NewSecret { expires: Some(soon), ..new("token", None, value(CANARY)) };
    flows.set_secret(&ada(), short).await.unwrap();
    // The world's clock goes on with each look.
    while flows.parts().clock.now() <= soon {}
    let problem = of(&flows, "any").await.for_host("api.example.org").await.unwrap_err();
    assert_eq!(problem.code, "secret.expired");
    let found = flows.check_secrets().await.unwrap();
    assert_eq!(found[0].problem.as_ref().unwrap().code, "secret.expired");
}
