//! A spec of ten thousand lines through a model that holds eight thousand tokens and refuses one more.

mod world;

use std::{fmt::Write as _, sync::Arc};

use swarm_domain::{lint, spec};
use swarm_flows::Flows;
use swarm_model::Faulty;
use world::{World, count, events, planned, script};

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
        let served: std::collections::HashSet<_> =
            plan.tickets.iter().flat_map(|t| &t.requirements).collect();
        assert_eq!(served.len(), REQUIREMENTS);
        assert!(count(&events(&flows).await, "model_called") >= REQUIREMENTS / 24);
        flows.shutdown().await;
    }
}
