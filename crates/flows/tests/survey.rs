//! Whether a spec still holds: seen on the head of a branch, across a death, and never asked twice.

use swarm_domain::{
    ProjectId, SpecId, SurveyId,
    survey::{Survey, SurveyOutcome, Tried},
};
use swarm_flows::Flows;

use crate::world::{GREET, GREETER, SHOUT, World, ada, count, events, eventually, git, script};

const SILENT: &str = "[[rules]]\ntext = 'nobody asks'\n";

fn project() -> ProjectId {
    ProjectId::parse("greeter").unwrap()
}

/// The repository with both scripts, of which the second may be another one.
fn written(world: &World, shout: &str) {
    let repo = world.repo();
    std::fs::write(repo.join("greet.sh"), GREET).unwrap();
    std::fs::write(repo.join("shout.sh"), shout).unwrap();
    git(&repo, &["add", "."]);
    git(&repo, &["commit", "-qm", "as it is"]);
}

async fn read(flows: &Flows, world: &World) -> SpecId {
    flows.add_project(&ada(), &project(), world.repo().to_str().unwrap()).await.unwrap();
    flows.add_spec(&ada(), &project(), GREETER.as_bytes()).await.unwrap()
}

fn whole(spec: &SpecId, branch: Option<&str>) -> Survey {
    Survey::Check { spec: spec.clone(), branch: branch.map(str::to_owned) }
}

async fn ended(flows: &Flows, survey: &SurveyId) -> (SurveyOutcome, Vec<Tried>) {
    let found = eventually(|| async { flows.survey(survey).await.unwrap() }).await;
    (found.outcome, found.tried)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_code_does_no_more_is_named_with_what_it_printed() {
    let world = World::new().await;
    written(&world, SHOUT);
    let flows = world.flows(script(SILENT)).await;
    let spec = read(&flows, &world).await;
    let survey = flows.start_survey(&ada(), &project(), whole(&spec, None)).await.unwrap();
    let (outcome, tried) = ended(&flows, &survey).await;
    assert!(matches!(outcome, SurveyOutcome::Checked { proven: 2, requirements: 2, .. }), "{outcome}");
    assert!(tried.iter().all(|one| one.passed), "{tried:?}");

    git(&world.repo(), &["checkout", "-qb", "later"]);
    written(&world, "echo quiet\n");
    git(&world.repo(), &["checkout", "-q", "main"]);
    let survey = flows.start_survey(&ada(), &project(), whole(&spec, Some("later"))).await.unwrap();
    let (outcome, tried) = ended(&flows, &survey).await;
    let SurveyOutcome::Checked { proven: 1, requirements: 2, commit, .. } = outcome else {
        panic!("{outcome}")
    };
    assert_eq!(commit.as_str(), git(&world.repo(), &["rev-parse", "later"]));
    let red: Vec<_> = tried.iter().filter(|one| !one.passed).collect();
    assert!(
        red.iter().all(|one| one.requirement.as_str() == "REQ-2" && one.output.contains("quiet")),
        "{red:?}"
    );
    assert_eq!(count(&events(&flows).await, "model_called"), 0);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_not_there_ends_the_survey_with_a_reason() {
    let world = World::new().await;
    written(&world, SHOUT);
    let flows = world.flows(script(SILENT)).await;
    let spec = read(&flows, &world).await;
    let survey = flows.start_survey(&ada(), &project(), whole(&spec, Some("nowhere"))).await.unwrap();
    let (outcome, tried) = ended(&flows, &survey).await;
    let SurveyOutcome::Failed { problem } = outcome else { panic!("{outcome}") };
    assert!(problem.detail.contains("nowhere") && tried.is_empty(), "{problem}");
    assert_eq!(
        flows.survey(&SurveyId::parse("survey_none").unwrap()).await.unwrap_err().code,
        "survey.unknown"
    );
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_that_died_is_taken_up_again_and_ends_once() {
    let world = World::new().await;
    written(&world, SHOUT);
    let flows = world.flows(script(SILENT)).await;
    let spec = read(&flows, &world).await;
    flows.shutdown().await;

    // Asked for by a process that died before anything began.
    let idle =
        Flows::idle(world.parts(vec![std::sync::Arc::new(script(SILENT))]).await, "test").await.unwrap();
    let asked = idle.start_survey(&ada(), &project(), whole(&spec, None)).await;
    assert!(asked.is_err(), "nothing works here");
    let under_way = idle.store().surveys_under_way(&idle.parts().config.tenant).await.unwrap();
    assert_eq!(under_way.len(), 1);
    drop(idle);

    // Begun by a process that then stopped.
    let flows = world.flows(script(SILENT)).await;
    let begun = flows.start_survey(&ada(), &project(), whole(&spec, None)).await.unwrap();
    flows.shutdown().await;

    let flows = world.flows(script(SILENT)).await;
    let (outcome, tried) = ended(&flows, &begun).await;
    assert!(matches!(outcome, SurveyOutcome::Checked { proven: 2, .. }), "{outcome}");
    assert_eq!(tried.len(), 2);
    let all = eventually(|| async {
        let all = events(&flows).await;
        (count(&all, "survey_ended") == 2).then_some(all)
    })
    .await;
    assert_eq!(count(&all, "survey_asked"), 2);
    flows.shutdown().await;
    // Nothing is left to be taken up.
    let flows = world.flows(script(SILENT)).await;
    let under_way = flows.store().surveys_under_way(&flows.parts().config.tenant).await.unwrap();
    assert!(under_way.is_empty(), "{under_way:?}");
    assert_eq!(count(&events(&flows).await, "survey_ended"), 2);
    flows.shutdown().await;
}
