//! Accepted work is measured: what of it stands in the repository already, how complex it is, what was sent back before.

use swarm_domain::{
    EventBody,
    quality::{Measures, Part, QualityBy, QualityReport},
    run::{RunOptions, RunState},
};

use crate::world::{self, World, built, count, events, git, script};

const SPEC: &str = "# Total\n\nA script that adds up.\n\n## REQ-1: Add up\n\n`total.py` adds up what is dear.\n\n```console\n$ python3 total.py\n90\n```\n";

/// What stands in the repository before anybody works.
const OLD: &str = "def worth(things, factor):\n    worth = 0\n    for thing in things:\n        if thing[0] > 10 and thing[1]:\n            worth += thing[0] * thing[1] * factor\n        elif not thing[1]:\n            raise ValueError(thing[2])\n    return round(worth, 2)\n";

/// The same under other names.
fn copied(factor: u32) -> String {
    let copy = OLD.replace("worth", "total").replace("thing", "row").replace("factor", "rate");
    format!("{copy}\n\nprint(total([(15, 3, 'a'), (5, 1, 'b')], {factor}))\n")
}

/// Writes it wrong first.
fn model() -> String {
    let write = |nth: &str, text: &str| {
        format!(
            "[[rules]]\ncontains = \"You may write only: total.py\"\n{nth}text = '''\ntotal.py\n```python\n{text}```\n'''\n\n"
        )
    };
    // The shop's own apostrophes would end the text.
    let text = |factor| copied(factor).replace('\'', "\"");
    format!(
        "json_schema = true\n\n{}{}[[rules]]\ntext = 'I am glad to help.'\n",
        write("nth = 1\n", &text(3)),
        write("", &text(2))
    )
}

fn measured(events: &[swarm_domain::Event]) -> Vec<(u32, Measures)> {
    let of = |event: &swarm_domain::Event| match &event.body {
        EventBody::CodeMeasured { measures, .. } => {
            let attempt = event.subject.attempt.as_ref()?.as_str();
            Some((attempt.rsplit('.').next()?.parse().ok()?, measures.clone()))
        }
        _ => None,
    };
    events.iter().filter_map(of).collect()
}

async fn played(world: &World) -> (swarm_flows::Flows, Vec<swarm_domain::Event>) {
    let repo = world.repo();
    std::fs::write(repo.join("old.py"), OLD).unwrap();
    std::fs::write(repo.join("notes.md"), "# Notes\n").unwrap();
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "-m", "begin"]);
    let flows = world.flows(script(&model())).await;
    let run = built(&flows, &repo, SPEC, RunOptions::default()).await;
    let events = events(&flows).await;
    assert_eq!(run.state, RunState::Done, "{:#?}", world::findings(&events));
    (flows, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_is_measured_once_and_its_score_says_why() {
    let world = World::new().await;
    let (flows, events) = played(&world).await;
    assert_eq!(count(&events, "attempt_started"), 2);
    let [(2, measures)] = &measured(&events)[..] else { panic!("{:?}", measured(&events)) };
    assert_eq!((measures.files, measures.unread, measures.functions, measures.worst), (1, 0, 1, 5));
    assert_eq!((measures.compared, measures.left_out), (1, 0), "text is not compared with");
    assert!(measures.duplicated > 50 && measures.duplicated < measures.tokens, "{measures:?}");
    let clone = measures.clone_at.as_deref().unwrap();
    assert!(clone.starts_with("total.py:1 repeats old.py:1"), "{clone}");

    let tenant = &flows.parts().config.tenant;
    let all = flows.store().quality(tenant, None, None).await.unwrap();
    assert_eq!((all.len(), all[0].sent_back, &all[0].measures), (1, 1, measures));
    assert_eq!(all[0].quality.weakest().map(|part| (part.part, part.points)), Some((Part::Duplication, 0)));
    let report = QualityReport::of(QualityBy::Agent, all);
    assert_eq!((report.groups.len(), report.groups[0].name.as_str()), (1, "fixer"));
    assert!(report.score.unwrap() < 90, "{report:?}");
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn measuring_can_be_turned_off() {
    let mut world = World::new().await;
    world.config.measure_ms = 0;
    let (flows, events) = played(&world).await;
    assert_eq!(measured(&events), []);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_lead_nowhere_are_named_with_what_they_cost() {
    let world = World::new().await;
    // Reads what is not there, again and again.
    let text = "tools = true\njson_schema = true\n\n[[rules]]\ncontains = \"You may write only\"\n[[rules.tool_calls]]\nname = \"read\"\narguments = { path = \"nowhere.py\" }\n\n[[rules]]\ntext = 'I am glad to help.'\n";
    let flows = world.flows(script(text)).await;
    let options = RunOptions { max_attempts: 1, ..RunOptions::default() };
    let run = built(&flows, &world.repo(), SPEC, options).await;
    assert!(matches!(run.state, RunState::NeedsPerson { .. }), "{:?}", run.state);
    let events = events(&flows).await;
    let steps = swarm_domain::steps::of_attempts(&events);
    let [attempt] = &steps[..] else { panic!("{steps:?}") };
    let stuck: Vec<_> = attempt.stuck.iter().map(|one| (one.began, one.ended, one.taken_back)).collect();
    assert_eq!(stuck, [(1, 3, true), (4, 6, false)], "{:?}", attempt.stuck);
    assert_eq!(attempt.steps.len(), 6);
    let spent = attempt.steps.iter().fold(0, |sum, step| sum + step.spend.tokens());
    assert_eq!(attempt.stuck.iter().map(|one| one.spend.tokens()).sum::<u64>(), spent);
    let row = flows.store().attempts(&flows.parts().config.tenant, &run.id, None).await.unwrap().remove(0);
    assert_eq!(row.spend.tokens(), spent, "the steps are all that the attempt cost");
    flows.shutdown().await;
}
