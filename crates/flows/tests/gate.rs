//! What the policy of a gate does to an attempt: real git, real sandbox, the whole validator.

use swarm_domain::{
    Event, EventBody,
    event::CheckStage,
    finding::FindingCode,
    gate::{CheckReport, GateCheck, Outcome, Verdict, Weight},
    run::{RunOptions, RunState},
};

use crate::world::{World, built, count, events, findings, git, script};

const SPEC: &str = "# Greeter\n\nA shell script that greets.\n\n## REQ-1: Greet by name\n\n`greet.sh` greets the name that it is given.\n\n```console\n$ sh greet.sh Ada\nHello, Ada!\n```\n";
/// Does what is asked, and announces that it does not.
const WORK: &str = "printf '%s\\n' '# TODO: greet others too' 'echo \"Hello, $1!\"' > greet.sh";

fn model() -> String {
    let run = format!(
        "[[rules]]\ncontains = \"You may write only\"\nnth = 1\n[[rules.tool_calls]]\nname = \"run\"\narguments = {{ command = {} }}\n\n",
        serde_json::to_string(WORK).unwrap()
    );
    let finish = "[[rules]]\ncontains = \"You may write only\"\n[[rules.tool_calls]]\nname = \"finish\"\narguments = { done = true, summary = \"Done.\" }\n";
    format!("tools = true\njson_schema = true\n\n{run}{finish}\n[[rules]]\ntext = 'I am glad to help.'\n")
}

/// Plays one attempt in a repository with this gate file.
async fn played(placeholders: Weight, gate_file: Option<&str>) -> (RunState, Vec<Event>) {
    let mut world = World::new().await;
    world.config.gate.placeholders = placeholders;
    let repo = world.repo();
    if let Some(text) = gate_file {
        std::fs::create_dir(repo.join(".swarm")).unwrap();
        std::fs::write(repo.join(".swarm/gate.yaml"), text).unwrap();
    }
    git(&repo, &["add", "-A"]);
    git(&repo, &["commit", "-q", "--allow-empty", "-m", "begin"]);
    let flows = world.flows(script(&model())).await;
    let options = RunOptions { max_attempts: 1, ..RunOptions::default() };
    let run = built(&flows, &repo, SPEC, options).await;
    let events = events(&flows).await;
    flows.shutdown().await;
    (run.state, events)
}

fn judged(events: &[Event]) -> Vec<CheckReport> {
    let body = events.iter().find_map(|event| match &event.body {
        EventBody::ChangeJudged { stage: CheckStage::Validation, checks, .. } => Some(checks.clone()),
        _ => None,
    });
    body.expect("nothing was judged")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_warns_is_on_record_and_sends_nobody_back() {
    let (state, events) = played(Weight::Warn, None).await;
    assert_eq!(state, RunState::Done, "{:#?}", findings(&events));
    let checks = judged(&events);
    let of = |check| checks.iter().find(|one| one.check == check).unwrap();
    let warned = of(GateCheck::Placeholders);
    assert_eq!((warned.verdict(), warned.findings[0].code), (Verdict::Warned, FindingCode::Placeholder));
    assert_eq!(of(GateCheck::Secrets).outcome, Outcome::Passed);
    assert_eq!((count(&events, "finding_raised"), count(&events, "merged")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_is_not_looked_for_and_what_the_repository_makes_stricter_blocks() {
    let (state, events) = played(Weight::Off, None).await;
    assert_eq!(state, RunState::Done);
    let off = judged(&events).into_iter().find(|one| one.check == GateCheck::Placeholders).unwrap();
    assert_eq!((off.outcome, off.findings.len()), (Outcome::Off, 0));
    let (state, events) = played(Weight::Off, Some("policy: {placeholders: block}\n")).await;
    assert!(matches!(state, RunState::NeedsPerson { .. }), "{state:?}");
    assert_eq!(findings(&events)[0].code, FindingCode::Placeholder);
    assert_eq!(count(&events, "merged"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_repository_hold_for_agents_too() {
    let file = "rules:\n  - require: '^set -eu'\n    in: '*.sh'\n    message: Begin with `set -eu`.\n";
    let (state, events) = played(Weight::Off, Some(file)).await;
    assert!(matches!(state, RunState::NeedsPerson { .. }), "{state:?}");
    let found = findings(&events);
    assert_eq!(
        (found[0].code, found[0].hint.as_str()),
        (FindingCode::RuleBroken, "Begin with `set -eu`. (greet.sh)")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_file_that_cannot_be_read_needs_a_person() {
    let (state, events) = played(Weight::Block, Some("wings: 2\n")).await;
    let RunState::NeedsPerson { problem } = state else { panic!("{state:?}") };
    let failed = events.iter().any(|event| format!("{:?}", event.body).contains("gate.file"));
    assert!(failed, "{problem:?}");
    assert_eq!(count(&events, "merged"), 0);
}

const LISTER: &str = "# Lister\n\nA script that says a name.\n\n## REQ-1: Say a name\n\n`say.py` says the name that it is given.\n\n```console\n$ python3 say.py Ada\nAda\n```\n";
/// Puts what it is given into a shell command.
const CARELESS: &str =
    "import os\nimport sys\n\n\ndef say(name):\n    os.system('echo ' + name)\n\n\nsay(sys.argv[1])\n";
const CAREFUL: &str = "import sys\n\n\ndef say(name):\n    print(name)\n\n\nsay(sys.argv[1])\n";

/// Runs where semgrep is, and says where it is not.
#[tokio::test(flavor = "multi_thread")]
async fn what_semgrep_finds_sends_an_attempt_back_where_the_operator_says_so() {
    let seen = ["/usr/local/bin", "/usr/bin", "/bin"]
        .iter()
        .any(|folder| std::path::Path::new(folder).join("semgrep").is_file());
    let write = |nth: &str, text: &str| {
        let content = serde_json::to_string(text).unwrap();
        format!(
            "[[rules]]\ncontains = \"You may write only\"\n{nth}[[rules.tool_calls]]\nname = \"write\"\narguments = {{ path = \"say.py\", content = {content} }}\n[[rules.tool_calls]]\nname = \"finish\"\narguments = {{ done = true, summary = \"Done.\" }}\n\n"
        )
    };
    let mut world = World::new().await;
    world.config.gate.semgrep = Weight::Block;
    let text = format!(
        "tools = true\njson_schema = true\n\n{}{}[[rules]]\ntext = 'I am glad to help.'\n",
        write("nth = 1\n", CARELESS),
        write("", CAREFUL)
    );
    let flows = world.flows(script(&text)).await;
    let run = built(&flows, &world.repo(), LISTER, RunOptions::default()).await;
    let events = events(&flows).await;
    flows.shutdown().await;
    assert_eq!(run.state, RunState::Done, "{:#?}", findings(&events));
    let scan = judged(&events).into_iter().find(|check| check.check == GateCheck::Semgrep).unwrap();
    if !seen {
        assert!(
            matches!(&scan.outcome, Outcome::Skipped { why } if why.contains("not installed")),
            "{scan:?}"
        );
        println!("skipped: semgrep is not installed where a sandbox sees it");
        return;
    }
    assert_eq!((scan.verdict(), scan.weight), (Verdict::Blocked, Weight::Block));
    let found = findings(&events);
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), [FindingCode::Scanned], "{found:?}");
    assert!(found[0].detail.starts_with("say.py:6 semgrep rule `shell-from-parts`"), "{}", found[0].detail);
    assert_eq!((count(&events, "attempt_started"), count(&events, "merged")), (2, 1));
}
