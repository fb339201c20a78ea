//! How the whole fares over HTTP, and what is told without asking.

use swarm_domain::{
    Actor, EventBody, IdempotencyKey, NewEvent, Subject,
    alert::{Alert, AlertKind},
    vitals::Vitals,
};

use crate::world::World;

fn read<T: serde::de::DeserializeOwned>(sent: &impl serde::Serialize) -> T {
    serde_json::from_value(serde_json::to_value(sent).unwrap()).unwrap()
}

async fn failed(world: &World, number: usize) {
    let store = world.flows.store();
    let event = NewEvent {
        tenant: world.flows.parts().config.tenant.clone(),
        actor: Actor::System { part: "engine".to_owned() },
        subject: Subject::default(),
        key: IdempotencyKey::of(&["failed", &number.to_string()]),
        correlation: None,
        body: EventBody::StepFailed {
            step: "tool".to_owned(),
            code: "sandbox.vm_gone".to_owned(),
            detail: String::new(),
            failed: 1,
            again_in: Some(5_000),
        },
    };
    store.append(event).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_raised_once_when_its_bound_is_passed_and_stands_in_the_log() {
    let world = World::new().await;
    let client = world.client();
    let idle: Vitals = read(&client.fleet().await.unwrap());
    assert_eq!((idle.trouble.sandbox, idle.queue.waiting, idle.models.known), (0, 0, 1));
    assert_eq!(idle.window_seconds, 900);
    assert!(client.alerts().await.unwrap().items.is_empty());

    failed(&world, 1).await;
    failed(&world, 2).await;
    assert!(world.flows.look_for_alerts().await.unwrap().is_empty(), "two are not three");
    failed(&world, 3).await;
    for _ in 0..2 {
        world.flows.look_for_alerts().await.unwrap();
        let found = client.alerts().await.unwrap();
        let alerts: Vec<Alert> = read(&found.items);
        let [alert] = alerts.as_slice() else { panic!("{alerts:?}") };
        assert_eq!((alert.kind, alert.value, alert.bound), (AlertKind::SandboxFailures, 3, 3));
        assert!(alert.words.contains("3 of them because a microVM died") && alert.ended_at.is_none());
        assert_eq!(found.bounds.sandbox_failures.as_ref().unwrap().raise, 3);
    }
    let events = client.all_events(None).await.unwrap();
    let raised = format!("{events:?}").matches("AlertRaised").count();
    assert_eq!(raised, 1, "{events:?}");
    let now: Vitals = read(&client.fleet().await.unwrap());
    assert_eq!((now.trouble.sandbox, now.trouble.replaced), (3, 3));
    world.end().await;
}
