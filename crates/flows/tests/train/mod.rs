//! The merge train with real git, PostgreSQL and sandboxes: what gets onto the branch, in which order, and what does
//! not. Whatever a test is about, every commit of the branch is checked by itself.

mod in_the_open;

use std::{collections::BTreeSet, process::Command};

use swarm_domain::{
    Actor, Event, EventBody, IdempotencyKey, NewEvent, PlanId, RequirementId, Subject, TicketId,
    finding::FindingCode,
    plan::Plan,
    run::{RunOptions, RunState},
};
use swarm_flows::Flows;
use swarm_store::RunRow;

use crate::world::{self, World, ada, count, events, findings, git, planned, run_settled, script};

/// The planner and the ticket writer, before the authors; the summariser comes after them.
fn staff(groups: &str, authors: &str) -> String {
    format!(
        r##"json_schema = true
[[rules]]
contains = "Each of these ids must be in exactly one ticket"
text = '{{"tickets": [{groups}]}}'

[[rules]]
contains = "# Draft:"
text = '{{"title": "", "notes": "Keep it short.", "risk": "low"}}'

{authors}
[[rules]]
contains = "merged"
text = '{{"title": "feat: all of it", "text": "All of it."}}'
"##
    )
}

fn group(title: &str, requirements: &[&str], file: &str) -> String {
    let ids: Vec<_> = requirements.iter().map(|id| format!("\"{id}\"")).collect();
    format!(
        r#"{{"title": "{title}", "requirements": [{}], "files": ["{file}"], "kind": "code"}}"#,
        ids.join(", ")
    )
}

fn rule(contains: &str, nth: Option<u32>, file: &str, content: &str) -> String {
    let nth = nth.map(|nth| format!("nth = {nth}\n")).unwrap_or_default();
    format!(
        "[[rules]]\ncontains = \"{contains}\"\n{nth}text = '''\nDone.\n\n{file}\n```text\n{content}```\n'''\n\n"
    )
}

fn requirement(number: u32, title: &str, file: &str, command: &str, prints: &str) -> String {
    format!(
        "## REQ-{number}: {title}\n\n`{file}` is for {title}.\n\n```console\n$ {command}\n{prints}\n```\n\n"
    )
}

/// The plan of a run with nothing that orders its tickets: as where a spec names no file twice.
async fn unordered(flows: &Flows, plan: &Plan) -> PlanId {
    let id = PlanId::parse("plan_unordered").unwrap();
    let mut plan = Plan { id: id.clone(), ..plan.clone() };
    plan.tickets.iter_mut().for_each(|ticket| ticket.depends_on.clear());
    let tenant = flows.parts().config.tenant.clone();
    let project = flows.store().projects(&tenant).await.unwrap().remove(0).id;
    let requested =
        EventBody::PlanRequested { plan: id.clone(), spec: plan.spec.clone(), models: Vec::new() };
    for (key, body) in [("requested", requested), ("proposed", EventBody::PlanProposed { plan })] {
        let event = NewEvent {
            tenant: tenant.clone(),
            actor: Actor::Person { name: "ada".to_owned() },
            subject: Subject { project: Some(project.clone()), ..Subject::default() },
            key: IdempotencyKey::of(&["plan", id.as_str(), key]),
            correlation: None,
            body,
        };
        flows.store().append(event).await.unwrap();
    }
    id
}

/// Runs, at each commit of the run's branch, the acceptance commands of all that was merged up to there.
async fn every_commit_holds(world: &World, flows: &Flows, run: &RunRow) -> usize {
    let tenant = &flows.parts().config.tenant;
    let tickets = flows.store().tickets(tenant, &run.id).await.unwrap();
    let repo = world.repo();
    let base = run.base.as_ref().unwrap();
    let range = format!("{base}..swarm/{}", run.id);
    let commits = git(&repo, &["rev-list", "--reverse", "--first-parent", &range]);
    let log = events(flows).await;
    let mut proven: BTreeSet<RequirementId> = BTreeSet::new();
    for (at, commit) in commits.lines().enumerate() {
        let merged = log.iter().find_map(|event| match &event.body {
            EventBody::Merged { commit: merged, requirements, .. } if merged.as_str() == commit => {
                Some(requirements)
            }
            _ => None,
        });
        proven.extend(
            merged.unwrap_or_else(|| panic!("{commit} is on the branch, and no event says so")).clone(),
        );
        let folder = world.path(&format!("commit-{at}"));
        git(&repo, &["worktree", "add", "-q", "--detach", folder.to_str().unwrap(), commit]);
        let checks = tickets.iter().flat_map(|row| &row.ticket.acceptance);
        for check in checks.filter(|check| proven.contains(&check.requirement)) {
            let out =
                Command::new("sh").args(["-c", &check.check.command]).current_dir(&folder).output().unwrap();
            let said = String::from_utf8_lossy(&out.stdout);
            assert_eq!(out.status.code(), Some(check.check.exit), "{} at {commit}", check.check.command);
            if let Some(wanted) = &check.check.stdout {
                assert_eq!(said.trim_end(), wanted.trim_end(), "{} at {commit}", check.check.command);
            }
        }
    }
    commits.lines().count()
}

fn merges(events: &[Event]) -> Vec<(TicketId, bool)> {
    let merge = |event: &Event| match &event.body {
        EventBody::Merged { partial, .. } => Some((event.subject.ticket.clone()?, *partial)),
        _ => None,
    };
    events.iter().filter_map(merge).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guilty_one_in_the_middle_goes_back_and_the_branch_is_green_at_every_commit() {
    let mut world = World::new().await;
    world.config.train_proofs = 4;
    let spec = format!(
        "# Five\n\nFive files.\n\n{}{}{}{}{}",
        // While it is proven the others catch up, and go into one stack.
        requirement(1, "patience", "slow.txt", "sleep 3; cat slow.txt", "slow"),
        requirement(2, "watching", "watch.sh", "sh watch.sh", "fine"),
        requirement(3, "mischief", "b.txt", "test -s b.txt && echo there", "there"),
        requirement(4, "see", "c.txt", "cat c.txt", "c"),
        requirement(5, "dee", "d.txt", "cat d.txt", "d"),
    );
    let groups = [
        group("Wait", &["REQ-1"], "slow.txt"),
        group("Watch", &["REQ-2"], "watch.sh"),
        group("Make mischief", &["REQ-3"], "b.txt"),
        group("Make c", &["REQ-4"], "c.txt"),
        group("Make d", &["REQ-5"], "d.txt"),
    ];
    let authors = [
        rule("You may write only: slow.txt", None, "slow.txt", "slow\n"),
        rule("You may write only: watch.sh", None, "watch.sh", "grep -qs bad ./*.txt && exit 1\necho fine\n"),
        rule("You may write only: b.txt", Some(1), "b.txt", "bad\n"),
        rule("You may write only: b.txt", None, "b.txt", "good\n"),
        rule("You may write only: c.txt", None, "c.txt", "c\n"),
        rule("You may write only: d.txt", None, "d.txt", "d\n"),
    ];
    let flows = world.flows(script(&staff(&groups.join(", "), &authors.join("")))).await;
    // One after the other, so that the order in line does not depend on the machine.
    let options = RunOptions { max_parallel: 1, ..RunOptions::default() };
    let run = world::built(&flows, &world.repo(), &spec, options).await;
    assert_eq!(run.state, RunState::Done);
    let log = events(&flows).await;
    let found = findings(&log);
    assert_eq!(found.iter().map(|f| f.code).collect::<Vec<_>>(), [FindingCode::MergeRed], "{found:?}");
    assert_eq!(found[0].requirement, RequirementId::parse("REQ-2").ok(), "the evidence names what it broke");
    assert_eq!(count(&log, "attempt_started"), 6, "nobody else had to work again");
    assert_eq!(every_commit_holds(&world, &flows, &run).await, 5);
    // The clash is known to later runs.
    let project = &run.project;
    let seen = flows.store().clashes_seen(&flows.parts().config.tenant, project, 10).await.unwrap();
    assert!(
        seen.iter().any(|one| one.ours == ["b.txt"] && one.theirs.contains(&"watch.sh".to_owned())),
        "{seen:?}"
    );
    flows.shutdown().await;
}

const NOTES: [&str; 2] = ["grep -c alpha notes.txt", "grep -c beta notes.txt"];

fn notes(first: &str) -> String {
    let alpha = requirement(1, "alpha", "notes.txt", first, "1");
    format!("# Notes\n\nOne file.\n\n{alpha}{}", requirement(2, "beta", "notes.txt", NOTES[1], "1"))
}

fn two() -> String {
    [group("Add alpha", &["REQ-1"], "notes.txt"), group("Add beta", &["REQ-2"], "notes.txt")].join(", ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clash_that_is_foreseen_is_ordered_and_the_reason_is_told() {
    let world = World::new().await;
    let authors = [
        rule("### REQ-1:", None, "notes.txt", "alpha\n"),
        rule("### REQ-2:", None, "notes.txt", "alpha\nbeta\n"),
    ];
    let flows = world.flows(script(&staff(&two(), &authors.join("")))).await;
    let plan = planned(&flows, &world.repo(), &notes(NOTES[0])).await.plan.unwrap();
    assert_eq!(plan.tickets.len(), 2);
    let plan = unordered(&flows, &plan).await;
    let run = flows.start_run(&ada(), &plan, RunOptions::default()).await.unwrap();
    let run = run_settled(&flows, &run).await;
    assert_eq!(run.state, RunState::Done);
    let log = events(&flows).await;
    let held: Vec<_> = log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::TicketHeld { behind, why } => {
                Some((event.subject.ticket.clone()?, behind.clone(), why))
            }
            _ => None,
        })
        .collect();
    assert_eq!(held.len(), 1);
    assert!(held[0].2.contains("notes.txt"), "{held:?}");
    let first_merge = log.iter().position(|event| event.body.name() == "merged").unwrap();
    let second_start = log.iter().rposition(|event| event.body.name() == "attempt_started").unwrap();
    assert!(first_merge < second_start, "it was raced");
    assert_eq!((count(&log, "clashed"), count(&log, "finding_raised")), (0, 0));
    assert_eq!(every_commit_holds(&world, &flows, &run).await, 2);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_conflict_is_mended_by_somebody_neutral_and_proven_for_both_sides() {
    let mut world = World::new().await;
    world.config.hold_clashes = false;
    let authors = [
        rule("Two changes clash", None, "notes.txt", "alpha\nbeta\n"),
        rule("### REQ-1:", None, "notes.txt", "alpha\n"),
        rule("### REQ-2:", None, "notes.txt", "beta\n"),
    ];
    let flows = world.flows(script(&staff(&two(), &authors.join("")))).await;
    // Slow, so that both are begun before either is merged.
    let slow = format!("sleep 3; {}", NOTES[0]);
    let plan = planned(&flows, &world.repo(), &notes(&slow)).await.plan.unwrap();
    let plan = unordered(&flows, &plan).await;
    let run = flows.start_run(&ada(), &plan, RunOptions::default()).await.unwrap();
    let run = run_settled(&flows, &run).await;
    let log = events(&flows).await;
    if count(&log, "clashed") == 0 {
        println!("skipped: this machine stood still for longer than the proof took");
        return;
    }
    assert_eq!(run.state, RunState::Done);
    assert!(log.iter().any(|event| matches!(&event.body, EventBody::Clashed { mended: true, .. })));
    let fixer = |event: &&Event| matches!(&event.body, EventBody::ModelCalled { agent, .. } if agent == "conflict-fixer");
    assert_eq!(log.iter().filter(fixer).count(), 1, "it is paid for and on record");
    assert_eq!(count(&log, "attempt_started"), 2, "neither author had to work again");
    assert_eq!(git(&world.repo(), &["show", &format!("swarm/{}:notes.txt", run.id)]), "alpha\nbeta");
    assert_eq!(every_commit_holds(&world, &flows, &run).await, 2);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proven_part_is_merged_while_its_ticket_stays_open() {
    let world = World::new().await;
    let spec = format!(
        "# Both\n\nOne script.\n\n{}{}",
        requirement(1, "one", "both.sh", "sh both.sh one", "1"),
        requirement(2, "two", "both.sh", "sh both.sh two", "2"),
    );
    let authors = [
        rule("You may write only: both.sh", Some(1), "both.sh", "echo 1\n"),
        rule("You may write only: both.sh", None, "both.sh", "[ \"$1\" = one ] && echo 1 || echo 2\n"),
    ];
    let groups = group("Do both", &["REQ-1", "REQ-2"], "both.sh");
    let flows = world.flows(script(&staff(&groups, &authors.join("")))).await;
    let run = world::built(&flows, &world.repo(), &spec, RunOptions::default()).await;
    assert_eq!(run.state, RunState::Done);
    let log = events(&flows).await;
    let partial: Vec<bool> = merges(&log).into_iter().map(|(_, partial)| partial).collect();
    assert_eq!(partial, [true, false]);
    let checkpoint = log.iter().find_map(|event| match &event.body {
        EventBody::Merged { commit, requirements, partial: true, .. } => Some((commit, requirements)),
        _ => None,
    });
    let (checkpoint, proven) = checkpoint.unwrap();
    assert_eq!(proven.iter().map(RequirementId::as_str).collect::<Vec<_>>(), ["REQ-1"]);
    let bases: Vec<_> = log
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::AttemptStarted { base, .. } => Some(base),
            _ => None,
        })
        .collect();
    assert_eq!(bases[1], checkpoint, "the next attempt starts from the new head");
    let trace = flows.store().trace(&flows.parts().config.tenant, &run.id, None).await.unwrap();
    assert!(trace.iter().all(|one| one.merged));
    assert_eq!(every_commit_holds(&world, &flows, &run).await, 2);
    flows.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_attempt_takes_on_disk_is_measured_and_bounded() {
    let mut world = World::new().await;
    world.config.max_attempt_bytes = 1;
    let spec = format!("# One\n\nOne file.\n\n{}", requirement(1, "one", "a.txt", "cat a.txt", "a"));
    let authors = rule("You may write only: a.txt", None, "a.txt", "a\n");
    let flows = world.flows(script(&staff(&group("Make a", &["REQ-1"], "a.txt"), &authors))).await;
    let options = RunOptions { max_attempts: 1, ..RunOptions::default() };
    let run = world::built(&flows, &world.repo(), &spec, options).await;
    assert_ne!(run.state, RunState::Done);
    let log = events(&flows).await;
    assert_eq!(findings(&log)[0].code, FindingCode::TooLarge);
    let attempts = flows.store().attempts(&flows.parts().config.tenant, &run.id, None).await.unwrap();
    assert!(attempts[0].disk_bytes > 1, "{attempts:?}");
    assert!(
        world
            .path("data")
            .join("worktrees")
            .join(run.id.as_str())
            .read_dir()
            .is_ok_and(|mut d| d.next().is_none())
    );
    flows.shutdown().await;
}
