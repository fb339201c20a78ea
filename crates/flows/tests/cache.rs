//! The cache of replies at work: a question that was answered is not paid for twice, and nothing that failed comes back.

use std::sync::Arc;

use swarm_domain::{
    Actor, EventBody, IdempotencyKey, NewEvent, PlanId, Problem, Subject, budget::Spend, cache::CacheOutcome,
    run::RunOptions, run::RunState,
};
use swarm_flows::Flows;
use swarm_model::{ChatModel, Gateway, GatewayConfig, ModelsConfig, cache::CacheConfig};

use crate::world::{GREET, GREETER, OFFICE, SHOUT, World, ada, events, planned, run_settled, script};

/// Authors that write what is asked, and this office.
fn rules(office: &str) -> String {
    let author = |file: &str, content: &str| {
        format!(
            "[[rules]]\ncontains = \"You may write only: {file}\"\ntext = '''\n{file}\n```sh\n{content}```\n'''\n"
        )
    };
    format!("json_schema = true\n{}{}{office}", author("greet.sh", GREET), author("shout.sh", SHOUT))
}

async fn flows(world: &World, model: impl ChatModel + 'static, cache: CacheConfig) -> Flows {
    let models: Vec<Arc<dyn ChatModel>> = vec![Arc::new(model)];
    let mut parts = world.parts(models.clone()).await;
    let config = ModelsConfig { policy: vec![models[0].name().to_owned()], ..ModelsConfig::default() };
    let config = GatewayConfig { cache, ..config.gateway().unwrap() };
    parts.gateway = Arc::new(Gateway::new(config, models, parts.clock.clone()));
    Flows::launch(parts, "test").await.unwrap()
}

fn on() -> CacheConfig {
    CacheConfig { enabled: true, check_percent: 0, ..CacheConfig::default() }
}

/// What the cache had to do with each call, and what the call cost.
async fn calls(flows: &Flows) -> Vec<(String, Option<CacheOutcome>, Spend)> {
    let calls = events(flows).await.into_iter().filter_map(|event| match event.body {
        EventBody::ModelCalled { agent, cache, spend, .. } => Some((agent, cache, spend)),
        _ => None,
    });
    calls.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_asked_for_again_is_answered_from_the_cache_also_after_a_restart() {
    let world = World::new().await;
    let first = flows(&world, script(&rules(OFFICE)), on()).await;
    let plan = planned(&first, &world.repo(), GREETER).await;
    let asked = calls(&first).await;
    assert!(!asked.is_empty());
    assert!(
        asked.iter().all(|(_, cache, spend)| *cache == Some(CacheOutcome::Missed) && spend.calls == 1),
        "{asked:?}"
    );
    first.shutdown().await;
    first.store().close().await;

    let second = flows(&world, script(&rules(OFFICE)), on()).await;
    let again = planned(&second, &world.repo(), GREETER).await;
    let all = calls(&second).await;
    let hits = &all[asked.len()..];
    assert_eq!(hits.len(), asked.len());
    for ((agent, cache, spend), (_, _, paid)) in hits.iter().zip(&asked) {
        assert_eq!(*cache, Some(CacheOutcome::Hit { saved: *paid }), "{agent}");
        assert_eq!(*spend, Spend::default());
    }
    assert_eq!(again.plan.unwrap().tickets, plan.plan.unwrap().tickets);

    // What belongs to a run is always asked.
    let run = second.start_run(&ada(), &again.id, RunOptions::default()).await.unwrap();
    let settled = run_settled(&second, &run).await;
    assert_eq!(settled.state, RunState::Done);
    let all = calls(&second).await;
    let of_run = &all[asked.len() * 2..];
    assert!(!of_run.is_empty() && of_run.iter().all(|(_, cache, _)| cache.is_none()), "{of_run:?}");

    let report = second.store().cache_report(&second.parts().config.tenant).await.unwrap();
    assert_eq!(report.entries, asked.len() as u64);
    assert_eq!(second.clear_cache(&ada()).await.unwrap(), report.entries);
    planned(&second, &world.repo(), GREETER).await;
    assert_eq!(calls(&second).await.last().unwrap().1, Some(CacheOutcome::Missed), "it was emptied");
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spec_whose_plan_failed_is_planned_with_fresh_words() {
    let world = World::new().await;
    let flows = flows(&world, script(&rules(OFFICE)), on()).await;
    let plan = planned(&flows, &world.repo(), GREETER).await;
    let before = calls(&flows).await.len();
    // As if the lint had refused a plan made of these replies.
    let failed = PlanId::parse("plan_failed").unwrap();
    let tenant = flows.parts().config.tenant.clone();
    let requested =
        EventBody::PlanRequested { plan: failed.clone(), spec: plan.spec.clone(), models: Vec::new() };
    let refused =
        EventBody::PlanFailed { plan: failed, problem: Problem::new("plan.blocked", "blocked", "mend it") };
    for (number, body) in [requested, refused].into_iter().enumerate() {
        let event = NewEvent {
            tenant: tenant.clone(),
            actor: Actor::System { part: "test".to_owned() },
            subject: Subject { project: Some(plan.project.clone()), ..Subject::default() },
            key: IdempotencyKey::of(&["test", &number.to_string()]),
            correlation: None,
            body,
        };
        flows.store().append(event).await.unwrap();
    }
    planned(&flows, &world.repo(), GREETER).await;
    let again = &calls(&flows).await[before..];
    assert!(!again.is_empty() && again.iter().all(|(_, cache, _)| cache.is_none()), "{again:?}");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_cannot_be_read_is_not_kept_and_what_is_asked_again_is_asked_of_the_model() {
    let world = World::new().await;
    let model = script(&rules("[[rules]]\ntext = 'I would rather not.'\n"));
    let flows = flows(&world, model, on()).await;
    planned(&flows, &world.repo(), GREETER).await;
    let report = flows.store().cache_report(&flows.parts().config.tenant).await.unwrap();
    assert_eq!(report.entries, 0);
    let asked = calls(&flows).await;
    assert_eq!(asked[0].1, Some(CacheOutcome::Missed));
    assert!(asked.len() > 1 && asked[1].1.is_none(), "{asked:?}");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_not_switched_on_is_not_there() {
    let world = World::new().await;
    let flows = flows(&world, script(&rules(OFFICE)), CacheConfig::default()).await;
    for _ in 0..2 {
        planned(&flows, &world.repo(), GREETER).await;
    }
    assert!(calls(&flows).await.iter().all(|(_, cache, spend)| cache.is_none() && spend.calls == 1));
    flows.shutdown().await;
}
