//! Pull requests on this machine.

use swarm_forge::{LocalPullRequests, NewPullRequest, PullRequests};

use crate::ground::{Ground, files, project, run};

fn request(title: &str, body: &str) -> NewPullRequest {
    NewPullRequest {
        project: project(),
        run: run("run_1"),
        title: title.to_owned(),
        body: body.to_owned(),
        branch: "swarm/run_1".to_owned(),
        base_branch: "main".to_owned(),
        base: swarm_domain::CommitId::parse("a".repeat(40)).unwrap(),
        head: swarm_domain::CommitId::parse("b".repeat(40)).unwrap(),
    }
}

#[tokio::test]
async fn a_pull_request_that_is_opened_again_is_brought_up_to_date() {
    let ground = Ground::new();
    let local = LocalPullRequests::new(&ground.data());
    assert_eq!(local.find(&project(), &run("run_1")).await.unwrap(), None);
    let first =
        local.open(&request("Count words\n\n# not a heading", "## What\n\nIt counts.\n")).await.unwrap();
    assert_eq!(first.reference, "local/textstat/run_1");
    let page = std::fs::read_to_string(first.file.as_ref().unwrap()).unwrap();
    assert!(page.starts_with("# Count words # not a heading\n\n`swarm/run_1` → `main`"), "{page}");
    assert!(page.ends_with("## What\n\nIt counts.\n"), "{page}");
    let before = files(&ground.data());
    assert_eq!(
        local.open(&request("Count words\n\n# not a heading", "## What\n\nIt counts.\n")).await.unwrap(),
        first
    );
    assert_eq!(files(&ground.data()), before);
    let second = local.open(&request("Count words", "New.")).await.unwrap();
    assert_eq!(second.reference, first.reference);
    assert_eq!(local.find(&project(), &run("run_1")).await.unwrap(), Some(second));
}

#[tokio::test]
async fn a_broken_record_is_an_error_that_names_it() {
    let ground = Ground::new();
    let local = LocalPullRequests::new(&ground.data());
    crate::ground::write(&ground.data(), "pulls/textstat/run_1.json", "{half");
    let error = local.find(&project(), &run("run_1")).await.unwrap_err();
    assert!(error.to_string().contains("run_1.json"), "{error}");
}
