//! What ends an attempt, and what never counts as success.

use serde_json::json;
use swarm_agents::{Agent, AgentError, Limits, MAX_RE_ASKS, MAX_REPLY_BYTES, Protocol, Step, TurnEnd};
use swarm_domain::{agent::Capability, finding::FindingCode};
use swarm_model::{ChatReply, Finish, Message};

use crate::setting::{LARGE, Place, SMALL, agent, calls, finish, says, turn, turn_with};

const RANK: &str = "textstat/rank.py";
const FILE: &str = "textstat/rank.py\n```python\ndef top(text, n):\n    return [('a', 1)]\n```\n";

fn codes(end: Option<TurnEnd>) -> Vec<FindingCode> {
    end.expect("the turn has ended").findings().iter().map(|finding| finding.code).collect()
}

fn last_message(step: &Step) -> String {
    let Step::Call(request) = step else { panic!("no call, but {step:?}") };
    request.messages.last().unwrap().text().to_owned()
}

#[tokio::test]
async fn a_failed_write_and_then_finish_is_not_success() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(LARGE, &[RANK], &[]);
    let edit = calls(&[("edit", json!({"path": RANK, "old": "not there", "new": "x"}))]);
    let end = place.play(&mut turn, &[edit, finish(), finish(), finish()]).await;
    assert_eq!(codes(end), [FindingCode::ToolFailed]);
}

#[tokio::test]
async fn finish_beside_the_write_that_fails_is_not_success_either() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(LARGE, &[RANK], &[]);
    let both = calls(&[
        ("write", json!({"path": "setup.py", "content": "x"})),
        ("finish", json!({"done": true, "summary": "ok"})),
    ]);
    assert_eq!(place.play(&mut turn, std::slice::from_ref(&both)).await, None);
    assert!(last_message(&turn.next()).contains("setup.py"));
    assert_eq!(place.has("setup.py"), None);
    assert_eq!(place.play(&mut turn, &[both.clone(), both.clone()]).await, None, "it was taken back once");
    assert_eq!(codes(place.play(&mut turn, &[both]).await), [FindingCode::ToolFailed]);
}

#[tokio::test]
async fn a_failed_write_that_is_made_good_is_forgiven() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(LARGE, &[RANK], &[]);
    let edit = calls(&[("edit", json!({"path": RANK, "old": "not there", "new": "x"}))]);
    let write = calls(&[("write", json!({"path": "./textstat//rank.py", "content": "x = 1\n"}))]);
    let end = place.play(&mut turn, &[edit, write, finish()]).await;
    assert!(matches!(end, Some(TurnEnd::Finished { .. })), "{end:?}");
    assert_eq!(place.has(RANK).as_deref(), Some("x = 1\n"));
}

#[tokio::test]
async fn a_refused_path_can_be_dropped_and_a_failed_allowed_one_cannot() {
    let drops = |path: &str| calls(&[("finish", json!({"done": true, "summary": "", "dropped": [path]}))]);
    let place = Place::new(&[RANK]);
    let mut first = turn(LARGE, &[RANK], &[]);
    let outside = calls(&[("write", json!({"path": "README.md", "content": "x"}))]);
    let end = place.play(&mut first, &[outside, drops("README.md")]).await;
    assert!(matches!(end, Some(TurnEnd::Finished { .. })), "{end:?}");

    let mut second = turn(LARGE, &[RANK], &[]);
    let edit = calls(&[("edit", json!({"path": RANK, "old": "not there", "new": "x"}))]);
    let replies = [edit, drops(RANK), drops(RANK), drops(RANK)];
    assert_eq!(codes(place.play(&mut second, &replies).await), [FindingCode::ToolFailed]);
}

/// Reads what is not there and lists what is, again and again.
fn circle(times: usize) -> Vec<ChatReply> {
    let read = calls(&[("read", json!({"path": "nowhere.py"}))]);
    let list = calls(&[("list", json!({}))]);
    [read, list].iter().cycle().take(times).cloned().collect()
}

#[tokio::test]
async fn who_goes_round_in_circles_is_taken_back_to_before_them_and_told_so() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(LARGE, &[RANK], &[]);
    assert_eq!(place.play(&mut turn, &circle(2)).await, None);
    let Step::Call(before) = turn.next() else { panic!() };
    assert_eq!(place.play(&mut turn, &circle(4)).await, None);
    let Step::Call(after) = turn.next() else { panic!() };
    assert_eq!(after.messages.len(), before.messages.len(), "the first round stays, the others are gone");
    let (was, is) = (before.messages.last().unwrap().text(), after.messages.last().unwrap().text());
    assert!(is.strip_prefix(was).is_some_and(|word| word.contains("got nowhere")), "{is}");
    assert!(after.temperature_milli > before.temperature_milli, "asked the same, it would say the same");
    assert_eq!(turn.replies(), 6, "what was taken back was paid for");
    let noticed = turn.take_dead_end().unwrap();
    assert_eq!((noticed.began, noticed.ended, noticed.taken_back), (1, 6, true));
    assert_eq!(turn.take_dead_end(), None, "it is told once");

    let write = calls(&[("write", json!({"path": RANK, "content": "x = 1\n"}))]);
    let end = place.play(&mut turn, &[write, finish()]).await;
    assert!(matches!(end, Some(TurnEnd::Finished { .. })), "{end:?}");
}

#[tokio::test]
async fn going_round_in_circles_again_is_a_loop() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(LARGE, &[RANK], &[]);
    assert_eq!(codes(place.play(&mut turn, &circle(20)).await), [FindingCode::Loop]);
    assert_eq!(turn.replies(), 12);
    let noticed = turn.take_dead_end().unwrap();
    assert_eq!((noticed.began, noticed.ended, noticed.taken_back), (7, 12, false));
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_answered_not_obeyed() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(LARGE, &[RANK], &[]);
    let wrong = calls(&[("delete everything!", json!({"path": "/"})), ("run", json!({"command": "ls"}))]);
    assert_eq!(place.play(&mut turn, &[wrong]).await, None);
    let Step::Call(request) = turn.next() else { panic!() };
    let answers: Vec<_> =
        request.messages.iter().filter(|m| matches!(m, Message::Tool { .. })).map(Message::text).collect();
    assert!(answers.iter().all(|text| text.starts_with("error: there is no tool")), "{answers:?}");
    let Message::Assistant { tool_calls, .. } = &request.messages[2] else { panic!() };
    assert_eq!((tool_calls[0].id.as_str(), tool_calls[0].name.as_str()), ("call_1", "deleteeverything"));
}

#[tokio::test]
async fn a_tool_call_that_came_as_json_in_a_fence_is_done() {
    let text = "Let me write it.\n```json\n{\"name\": \"write\", \"arguments\": {\"path\": \"textstat/rank.py\", \"content\": \"x = 1\\n\"}}\n```";
    for capabilities in [LARGE, SMALL] {
        let place = Place::new(&[RANK]);
        let mut turn = turn(capabilities, &[RANK], &[]);
        let end = place.play(&mut turn, &[says(text), finish()]).await;
        assert!(matches!(end, Some(TurnEnd::Finished { .. })), "{end:?}");
        assert_eq!(place.has(RANK).as_deref(), Some("x = 1\n"));
    }
}

#[tokio::test]
async fn whole_files_are_written_and_then_it_is_over() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(SMALL, &[RANK], &[]);
    assert_eq!(turn.protocol(), Protocol::Files);
    let end = place.play(&mut turn, &[says(FILE)]).await;
    assert_eq!(end, Some(TurnEnd::Finished { summary: "wrote textstat/rank.py".into() }));
    assert_eq!(place.has(RANK).as_deref(), Some("def top(text, n):\n    return [('a', 1)]\n"));
}

#[tokio::test]
async fn a_file_outside_the_folder_is_refused_and_never_success() {
    for path in ["../escape.py", "/tmp/escape.py", ".git/hooks/pre-commit", "setup.py"] {
        let place = Place::new(&[RANK]);
        let mut turn = turn(SMALL, &[RANK], &[]);
        let reply = says(&format!("{path}\n```python\nx = 1\n```"));
        let replies = [reply.clone(), says(&format!("{path}\n```python\nx = 2\n```")), reply];
        assert_eq!(codes(place.play(&mut turn, &replies).await), [FindingCode::ToolFailed], "{path}");
        assert!(std::fs::read_dir(place.folder.path()).unwrap().next().is_none());
    }
}

#[tokio::test]
async fn a_refused_extra_file_is_left_out_of_the_next_answer() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(SMALL, &[RANK], &[]);
    let both = says(&format!("{FILE}\ntests/test_rank.py\n```python\nassert True\n```\n"));
    assert_eq!(place.play(&mut turn, &[both]).await, None);
    assert!(last_message(&turn.next()).contains("tests/test_rank.py may not be written"));
    let end = place.play(&mut turn, &[says(FILE)]).await;
    assert!(matches!(end, Some(TurnEnd::Finished { .. })), "{end:?}");
}

#[tokio::test]
async fn a_reply_that_cannot_be_read_is_asked_for_again_twice() {
    let place = Place::new(&[RANK]);
    let bad = [
        says("I cannot see any files."),
        says("textstat/rank.py\n```python\nx = 1\n"),
        ChatReply { finish: Finish::Length, ..says(FILE) },
        ChatReply { finish: Finish::Filtered, ..says("") },
        says(&"x".repeat(MAX_REPLY_BYTES + 1)),
        says(&FILE.repeat(20)),
    ];
    for (number, reply) in (0..).zip(&bad[..5]) {
        let mut turn = turn(SMALL, &[RANK], &[]);
        for _ in 0..MAX_RE_ASKS {
            assert_eq!(place.play(&mut turn, std::slice::from_ref(reply)).await, None, "reply {number}");
            assert!(last_message(&turn.next()).starts_with("I could not use that: "));
        }
        let end = place.play(&mut turn, std::slice::from_ref(reply)).await;
        let findings = end.expect("it has ended").findings();
        assert_eq!(findings[0].code, FindingCode::Malformed, "reply {number}");
        assert!(findings[0].evidence.len() <= 2_000 && !findings[0].hint.is_empty());
    }
    let mut turn = turn(SMALL, &[RANK], &[]);
    let end = place.play(&mut turn, &[bad[0].clone(), bad[1].clone(), bad[5].clone()]).await;
    assert!(
        matches!(end, Some(TurnEnd::Finished { .. })),
        "the same block twenty times is one file: {end:?}"
    );
}

#[tokio::test]
async fn more_calls_than_are_done_at_once_are_refused_together() {
    let place = Place::new(&["**"]);
    let mut turn = turn(LARGE, &["**"], &[]);
    let many: Vec<_> =
        (0..17).map(|n| ("write", json!({"path": format!("{n}.py"), "content": "x"}))).collect();
    assert_eq!(place.play(&mut turn, &[calls(&many)]).await, None);
    assert!(last_message(&turn.next()).contains("17 things at once"));
    assert!(std::fs::read_dir(place.folder.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn turns_and_tokens_run_out() {
    let place = Place::new(&[RANK]);
    let limited = |limits: Limits| Agent { limits, ..(*agent(Capability::Code)).clone() };
    let list = |n: u32| calls(&[("search", json!({"pattern": format!("x{n}")}))]);
    let replies: Vec<_> = (0..9).map(list).collect();
    for limits in [Limits { turns: 3, ..Limits::default() }, Limits { tokens: 250, ..Limits::default() }] {
        let mut turn = turn_with(&limited(limits), LARGE, &[RANK], &[]);
        assert_eq!(codes(place.play(&mut turn, &replies).await), [FindingCode::NotFinished]);
        assert_eq!(turn.replies(), 3);
    }
}

#[tokio::test]
async fn a_conversation_is_kept_within_the_context() {
    let place = Place::new(&["**"]);
    place.put("big.txt", &"all work and no play\n".repeat(700));
    let capabilities = swarm_model::Capabilities { context_tokens: 16_384, ..LARGE };
    let mut turn = turn(capabilities, &["**"], &[]);
    for n in 1..=6 {
        let read = calls(&[("read", json!({"path": "big.txt", "first_line": n}))]);
        let end = place.play(&mut turn, &[read]).await;
        if let Some(end) = end {
            assert_eq!(codes(Some(end)), [FindingCode::NotFinished]);
            return;
        }
        let Step::Call(request) = turn.next() else { panic!() };
        let tokens = swarm_model::tokens::of_request(&request) + u64::from(request.max_tokens);
        assert!(tokens <= 16_384, "{tokens}");
    }
}

#[test]
fn what_comes_out_of_turn_is_an_error() {
    let mut turn = turn(SMALL, &[RANK], &[]);
    assert!(matches!(turn.tools_done(&[]), Err(AgentError::OutOfTurn { .. })));
    turn.answered(&says(FILE)).unwrap();
    assert!(matches!(turn.answered(&says(FILE)), Err(AgentError::OutOfTurn { .. })));
    assert!(matches!(turn.tools_done(&[]), Err(AgentError::OutOfTurn { .. })));
}

#[tokio::test]
async fn giving_up_is_said_and_is_not_success() {
    let place = Place::new(&[RANK]);
    let mut turn = turn(LARGE, &[RANK], &[]);
    let gave_up = calls(&[("finish", json!({"done": false, "summary": "No\u{202e} way\u{1b}[31m."}))]);
    let end = place.play(&mut turn, &[gave_up]).await.unwrap();
    assert_eq!(end, TurnEnd::GaveUp { reason: "No way[31m.".into() });
    assert_eq!(end.findings()[0].code, FindingCode::NotFinished);
}
