//! A spec of ten thousand lines through a model that holds eight thousand tokens and refuses one more.

use std::{fmt::Write as _, sync::Arc};

use swarm_domain::{lint, spec};
use swarm_flows::Flows;
use swarm_model::Faulty;

use crate::world::{World, ada, count, events, eventually, plan_settled, planned, script};

const REQUIREMENTS: usize = 600;

/// Six hundred requirements on eleven pages of context.
fn spec_text() -> String {
    let mut text = String::from("# Ledger\n\nA ledger in shell.\n\n");
    for line in 0..200 {
        let _ = writeln!(text, "Word {line} on how the ledger is kept, which nobody needs at once.\n");
    }
    for n in 1..=REQUIREMENTS {
        let _ = writeln!(text, "## REQ-{n}: Keeps book {n}\n\n`books/b{n}.sh` prints the sum of book {n}.\n");
        for line in 0..4 {
            let _ = writeln!(text, "- rule {line} of book {n}: what was entered is never taken back\n");
        }
        if n % 10 == 0 {
            let _ = writeln!(text, "Uses REQ-{}.\n", n - 1);
        }
        let _ = writeln!(text, "```console\n$ sh books/b{n}.sh\n{n}\n```\n");
    }
    text
}

async fn flows(world: &World, rules: &str) -> Flows {
    let head = "json_schema = true\ncontext_tokens = 8192\n";
    let scripted = script(&format!("{head}{rules}"));
    let narrow = Faulty::new(Arc::new(scripted), "context:8192%1".parse().unwrap());
    world.flows(narrow).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spec_of_ten_thousand_lines_is_planned_by_a_model_that_holds_eight_thousand_tokens() {
    let text = spec_text();
    assert!(text.lines().count() >= 10_000, "{}", text.lines().count());
    let world = World::new().await;
    // The planner says nothing of use, at length: each question is asked again, with what was said.
    let waffle = format!("[[rules]]\ntext = '''{}'''\n", "I would begin with the books. ".repeat(400));
    for rules in [
        "[[rules]]\ntext = '{\"tickets\": [{\"title\": \"Books\", \"requirements\": [\"REQ-1\"], \"files\": [], \"kind\": \"code\"}]}'\n",
        waffle.as_str(),
    ] {
        let flows = flows(&world, rules).await;
        let row = planned(&flows, &world.repo(), &text).await;
        assert!(row.problem.is_none(), "{:?}", row.problem);
        let plan = row.plan.unwrap();
        let spec = spec::parse(&text).unwrap();
        assert!(!lint::is_blocked(&lint::lint(&plan, &spec)));
        let served: Vec<_> = plan.tickets.iter().flat_map(|t| &t.requirements).collect();
        let once: std::collections::HashSet<_> = served.iter().collect();
        assert_eq!((served.len(), once.len()), (REQUIREMENTS, REQUIREMENTS), "each once, none twice");
        assert!(count(&events(&flows).await, "model_called") >= REQUIREMENTS / 24);
        flows.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_plan_that_was_cut_off_goes_on_where_it_stood() {
    const RULES: &str = "[[rules]]\ntext = '{\"tickets\": [{\"title\": \"Books\", \"requirements\": [\"REQ-1\"], \"files\": [], \"kind\": \"code\"}]}'\n";
    let text = spec_text();
    let world = World::new().await;
    let first = flows(&world, RULES).await;
    let project = swarm_domain::ProjectId::parse("ledger").unwrap();
    first.add_project(&ada(), &project, world.repo().to_str().unwrap()).await.unwrap();
    let id = first.add_spec(&ada(), &project, text.as_bytes()).await.unwrap();
    let plan = first.request_plan(&ada(), &id, Vec::new()).await.unwrap();
    eventually(|| async { (count(&events(&first).await, "model_called") >= 3).then_some(()) }).await;
    first.shutdown().await;
    let before = count(&events(&first).await, "model_called");
    drop(first);
    assert!(before < REQUIREMENTS / 24, "it was cut off: {before} calls");

    let second = flows(&world, RULES).await;
    let row = plan_settled(&second, &plan).await;
    assert!(row.problem.is_none(), "{:?}", row.problem);
    let served: Vec<_> = row.plan.unwrap().tickets.into_iter().flat_map(|t| t.requirements).collect();
    assert_eq!(served.len(), REQUIREMENTS);
    let asked = count(&events(&second).await, "model_called");
    second.shutdown().await;

    // As many calls as where nothing was cut off: none was made and paid for twice, and none left out.
    let world = World::new().await;
    let whole = flows(&world, RULES).await;
    planned(&whole, &world.repo(), &text).await;
    assert_eq!(asked, count(&events(&whole).await, "model_called"));
    whole.shutdown().await;
}
