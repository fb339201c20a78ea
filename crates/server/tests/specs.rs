//! Versions of specs and surveys by way of the doors.

use reqwest::StatusCode;
use serde_json::json;
use swarm_client::types::{ChangeKind, NewDerivation, NewSpec, SurveyOutcome};

use crate::world::{GREETER, World, eventually, problem};

fn version(text: &str) -> NewSpec {
    NewSpec { project: "greeter".to_owned(), text: text.to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_versions_are_numbered_and_what_differs_is_told() {
    let world = World::new().await;
    world.project().await;
    let client = world.client();
    let first = client.add_spec(&version(GREETER)).await.unwrap();
    assert_eq!((first.version, first.previous), (1, None));
    let error = client.spec_delta(&first.id, None).await.unwrap_err();
    assert_eq!((error.status(), error.code()), (Some(409), "spec.no_previous"));

    let changed = format!(
        "{}\n## REQ-2: Part\n\n`bye.sh` parts.\n\n```console\n$ sh bye.sh\n```\n",
        GREETER.replace("Hello", "Good day")
    );
    let second = client.add_spec(&version(&changed)).await.unwrap();
    assert_eq!((second.version, second.previous.as_ref()), (2, Some(&first.id)));
    let delta = client.spec_delta(&second.id, None).await.unwrap();
    assert_eq!((delta.from.as_str(), delta.counts.added, delta.counts.modified), (first.id.as_str(), 1, 1));
    assert_eq!(delta.requirements[0].change, ChangeKind::Modified);
    assert!(delta.markdown.contains("## ADDED Requirements"), "{}", delta.markdown);
    let back = client.spec_delta(&first.id, Some(&second.id)).await.unwrap();
    assert_eq!(back.counts.removed, 1);
    for (path, status) in [
        ("/api/specs/spec_none/delta".to_owned(), StatusCode::NOT_FOUND),
        (format!("/api/specs/{}/delta?from=spec_none", second.id), StatusCode::NOT_FOUND),
        (format!("/api/specs/{}/delta?form=x", second.id), StatusCode::BAD_REQUEST),
    ] {
        problem(world.get(&path).send().await.unwrap(), status).await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_continues_the_spec_of_its_title_or_else_one_that_asks_for_the_same() {
    let world = World::new().await;
    world.project().await;
    let client = world.client();
    let first = client.add_spec(&version(GREETER)).await.unwrap();
    let other = "# Parter\n\n## REQ-1: Part\n\n`bye.sh` parts.\n\n```console\n$ sh bye.sh\n```\n";
    let other = client.add_spec(&version(other)).await.unwrap();
    assert_eq!((other.version, other.previous), (1, None));
    let titled = "# GREETER\n\n## REQ-1: Wave\n\n`wave.sh` waves.\n\n```console\n$ sh wave.sh\n```\n";
    let titled = client.add_spec(&version(titled)).await.unwrap();
    assert_eq!((titled.version, titled.previous.as_ref()), (2, Some(&first.id)));
    // Of another name, it asks for what the first one does: its last version is what it was written from.
    let renamed = client.add_spec(&version(&GREETER.replace("# Greeter", "# Welcomer"))).await.unwrap();
    assert_eq!((renamed.version, renamed.previous.as_ref()), (3, Some(&titled.id)));
    // The same text again is the same spec.
    assert_eq!(client.add_spec(&version(GREETER)).await.unwrap().id, first.id);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_is_begun_and_what_it_found_is_asked_for() {
    let world = World::new().await;
    world.project().await;
    let client = world.client();
    let spec = client.add_spec(&version(GREETER)).await.unwrap();
    // The repository is empty: there is no code that could do it.
    let survey = client.check_spec(&spec.id, None).await.unwrap();
    let found = eventually(|| async {
        let found = client.survey(&survey).await.unwrap();
        found.outcome.is_some().then_some(found)
    })
    .await;
    match found.outcome.unwrap() {
        SurveyOutcome::Checked { proven, requirements, .. } => {
            assert_eq!((proven, requirements, found.tried.len()), (0, 1, 1));
            assert!(!found.tried[0].passed, "{:?}", found.tried);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(client.survey("survey_none").await.unwrap_err().status(), Some(404));
    let unknown = world.post("/api/specs/spec_none/check").json(&json!({})).send().await.unwrap();
    problem(unknown, StatusCode::NOT_FOUND).await;
    let odd = world
        .post(&format!("/api/specs/{}/check", spec.id))
        .json(&json!({"brunch": 1}))
        .send()
        .await
        .unwrap();
    problem(odd, StatusCode::UNPROCESSABLE_ENTITY).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_asked_for_and_comes_with_its_evidence() {
    let world = World::new().await;
    let repo = world.project().await;
    std::fs::write(repo.join("count.py"), "def count(text):\n    return len(text)\n").unwrap();
    for arguments in [&["add", "."][..], &["commit", "-qm", "count"]] {
        let mut git = std::process::Command::new("git");
        git.current_dir(&repo).args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
        assert!(git.args(arguments).status().unwrap().success());
    }
    let client = world.client();
    let new = |project: &str| NewDerivation {
        project: project.to_owned(),
        branch: None,
        paths: Vec::new(),
        models: Vec::new(),
        plain: Some(true),
    };
    let survey = client.derive_spec(&new("greeter")).await.unwrap();
    let found = eventually(|| async {
        let found = client.survey(&survey).await.unwrap();
        found.outcome.is_some().then_some(found)
    })
    .await;
    let draft = found.draft.unwrap();
    assert_eq!(draft.requirements[0].title, "Provides count");
    let place = &draft.requirements[0].evidence[0];
    assert_eq!((place.path.as_str(), place.first_line, place.last_line), ("count.py", 1, 2));
    assert_eq!(client.derive_spec(&new("nobody")).await.unwrap_err().status(), Some(404));
    let odd = world.post("/api/specs/derive").json(&json!({"project": "greeter", "path": "x"}));
    problem(odd.send().await.unwrap(), StatusCode::UNPROCESSABLE_ENTITY).await;
    world.end().await;
}
