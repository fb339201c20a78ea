//! The models that ship: recorded, scripted, faulty.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use swarm_domain::MicroUsd;
use swarm_model::chat::{ChatEvent, ChatModel, ChatReply, ChatRequest, Finish, Message};
use swarm_model::{
    Call, FaultSchedule, Faulty, ModelError, ModelsConfig, Recorded, Recorder, Script, Scripted, request_key,
};
use tokio_util::sync::CancellationToken;

use crate::provider::{FixedClock, Provider, ask, chunk, cut, question, says};

fn scripted(script: &str) -> Arc<dyn ChatModel> {
    Arc::new(Scripted::new(toml::from_str::<Script>(script).unwrap()).unwrap())
}

fn recorder(inner: Arc<dyn ChatModel>, path: &Path) -> Recorder {
    Recorder::new(inner, path, FixedClock::shared().as_ref()).unwrap()
}

fn faulty(faults: &str) -> Faulty {
    let inner = scripted(
        "[[rules]]\ncontains = 'tool'\ntool_calls = [{name = 'write', arguments = {path = 'a'}}]\n\
         [[rules]]\ntext = 'An answer that is long enough to come in several pieces.'",
    );
    Faulty::new(inner, faults.parse::<FaultSchedule>().unwrap())
}

async fn reply(model: &dyn ChatModel, text: &str) -> Result<ChatReply, ModelError> {
    ask(model, &question(text)).await.map(|(_, reply)| reply)
}

#[tokio::test]
async fn what_a_real_server_said_is_played_back_word_for_word_and_costs_nothing_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/demo.jsonl");
    let provider = Provider::start(|_, _| says("A real answer, streamed.")).await;
    let taping = recorder(provider.plain_model(), &path);
    let (_, live) = ask(&taping, &question("hi")).await.unwrap();
    drop(provider);

    let recorded = Recorded::load(&path).unwrap();
    assert_eq!((recorded.name(), recorded.len()), ("recorded/p/m", 1));
    assert_eq!((recorded.info().model.as_str(), recorded.info().date.as_str()), ("p/m", "2027-01-15"));
    assert_eq!(recorded.capabilities(), taping.capabilities());
    let chosen = ModelsConfig::default().playback(recorded, FixedClock::shared()).unwrap();
    assert_eq!(chosen.sentence, "Playing back a recording of p/m from 2027-01-15: no model is called.");
    let answer = chosen.gateway.call(Call::new(chosen.models, question("hi"))).await.unwrap();
    assert_eq!((answer.reply.text, answer.reply.usage.tokens_in), (live.text, live.usage.tokens_in));
    assert_eq!((answer.spend.usd, answer.spend.tokens_out), (MicroUsd::ZERO, 10));
    assert!(answer.reply.recording.is_some());
}

#[tokio::test]
async fn a_request_that_was_not_recorded_is_an_error_that_says_how_to_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let taping = recorder(scripted("[[rules]]\ntext = 'a'"), &path);
    reply(&taping, "known").await.unwrap();
    let recorded = Recorded::load(&path).unwrap();
    assert_eq!(reply(&recorded, "known").await.unwrap().text, "a");
    for other in [question("other"), ChatRequest { seed: Some(1), ..question("known") }] {
        let error = ask(&recorded, &other).await.unwrap_err();
        assert_eq!(error, ModelError::NotRecorded { key: request_key(&other) });
        assert!(error.problem().next.contains("swarm build --record FILE"));
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_miss_does_not_fall_over_to_a_model_that_costs_money() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    reply(&recorder(scripted("[[rules]]\ntext = 'a'"), &path), "known").await.unwrap();
    let live = Provider::start(|_, _| says("live")).await;
    let models: Vec<Arc<dyn ChatModel>> = vec![Arc::new(Recorded::load(&path).unwrap()), live.plain_model()];
    let config = ModelsConfig::default().gateway().unwrap();
    let gateway = swarm_model::Gateway::new(config, models, FixedClock::shared());
    let error = gateway.call(Call::new(Vec::new(), question("other"))).await.unwrap_err();
    assert!(matches!(error, ModelError::NotRecorded { .. }));
    assert!(live.heard().is_empty());
}

#[tokio::test]
async fn each_reply_is_in_the_file_as_soon_as_it_is_there_and_a_failure_never_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let provider =
        Provider::start(|_, number| if number == 2 { cut(&[&chunk("half")]) } else { says("whole") }).await;
    let taping = recorder(provider.plain_model(), &path);
    for (text, kept) in [("one", 1), ("two", 1), ("three", 2), ("three", 2)] {
        let _ = reply(&taping, text).await;
        assert_eq!(Recorded::load(&path).unwrap().len(), kept, "{text}");
    }
}

#[tokio::test]
async fn a_recording_that_was_killed_in_the_middle_of_a_line_is_played_and_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let model = || scripted("[[rules]]\ntext = 'a'");
    let first = recorder(model(), &path);
    reply(&first, "one").await.unwrap();
    reply(&first, "two").await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    assert_eq!(Recorded::load(&path).unwrap().len(), 1);
    let again = recorder(model(), &path);
    reply(&again, "two").await.unwrap();
    reply(&again, "three").await.unwrap();
    assert_eq!(Recorded::load(&path).unwrap().len(), 3);
}

#[tokio::test]
async fn a_file_that_is_no_recording_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let header = r#"{"swarm_recording":1,"model":"a/b","date":"2026-01-01","swarm":"0","capabilities":{"tools":true,"json_schema":true,"context_tokens":1}}"#;
    for (text, named) in [
        (String::new(), "empty"),
        ("hello\n".to_owned(), "not a recording"),
        (header.replace(":1,\"model", ":99,\"model") + "\n", "format 99"),
        (format!("{header}\n{{\"key\":\n{header}\n"), "line 2"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Recorded::load(&path).unwrap_err().to_string();
        assert!(error.contains(named) && error.contains("demo.jsonl"), "{error}");
    }
    assert!(
        Recorded::load(&folder.path().join("none.jsonl")).unwrap_err().to_string().contains("none.jsonl")
    );
}

#[tokio::test]
async fn a_paced_playback_streams_the_same_text_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.jsonl");
    let text = "A text of some length, so that it comes in more than one piece. 東京";
    let taping = recorder(scripted(&format!("[[rules]]\ntext = '{text}'")), &path);
    reply(&taping, "hi").await.unwrap();
    let paced = Recorded::load(&path).unwrap().with_pace(Some(Duration::from_millis(20)));
    let (pieces, reply) = ask(&paced, &question("hi")).await.unwrap();
    assert!(pieces.len() > 1);
    assert_eq!((pieces.concat().as_str(), reply.text.as_str()), (text, text));

    let slow = Recorded::load(&path).unwrap().with_pace(Some(Duration::from_hours(1)));
    let cancel = CancellationToken::new();
    let mut events = slow.stream(&question("hi"), cancel.clone()).await.unwrap();
    cancel.cancel();
    assert_eq!(events.next().await.unwrap().unwrap_err(), ModelError::Cancelled);
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_script_answers_by_the_first_rule_that_applies_and_counts_how_often() {
    let model = scripted(
        "[[rules]]\ncontains = 'count'\nnth = 1\nerror = {kind = 'rate_limited', retry_after_seconds = 2}\n\
         [[rules]]\nmatches = '^count \\d+$'\ntext = 'a number'\n\
         [[rules]]\ncontains = 'brief'\nin = 'system'\ntext = 'ok'\n\
         [[rules]]\ncontains = 'tool said'\nin = 'last'\ntext = 'thanks'\n\
         [[rules]]\ncontains = 'call'\ntool_calls = [{name = 'write', arguments = {path = 'a'}}, {name = 'x', arguments = '{broken'}]",
    );
    assert_eq!(
        reply(model.as_ref(), "count 5").await.unwrap_err().retry_after(),
        Some(Duration::from_secs(2))
    );
    assert_eq!(reply(model.as_ref(), "count 5").await.unwrap().text, "a number");
    let called = reply(model.as_ref(), "call").await.unwrap();
    assert_eq!(called.finish, Finish::ToolCalls);
    let arguments: Vec<_> = called.tool_calls.iter().map(|call| call.arguments.as_str()).collect();
    assert_eq!(arguments, [r#"{"path":"a"}"#, "{broken"]);

    let mut ordered = question("go");
    ordered.messages.insert(0, Message::System { text: "be brief".into() });
    assert_eq!(ask(model.as_ref(), &ordered).await.unwrap().1.text, "ok");
    let mut answered = question("call");
    answered.messages.push(Message::Tool { call_id: "c".into(), text: "tool said no".into() });
    assert_eq!(ask(model.as_ref(), &answered).await.unwrap().1.text, "thanks");

    let error = reply(model.as_ref(), "what?").await.unwrap_err();
    assert!(matches!(&error, ModelError::Unscripted { detail } if detail.contains("what?")), "{error:?}");
}

#[tokio::test]
async fn a_script_that_cannot_be_followed_is_refused_when_it_is_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.toml");
    for (text, named) in [
        ("[[rules]]\nmatches = '('", "regular expression"),
        ("[[rules]]\nnth = 0", "from 1"),
        ("[[rules]]\nanswer = 'x'", "answer"),
        ("rules = 5", "script.toml"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Scripted::load(&path).unwrap_err().to_string();
        assert!(error.contains(named), "{text}: {error}");
    }
    let json = folder.path().join("script.json");
    std::fs::write(&json, r#"{"name": "j", "rules": [{"text": "from JSON"}]}"#).unwrap();
    let model = Scripted::load(&json).unwrap();
    assert_eq!((model.name(), reply(&model, "").await.unwrap().text.as_str()), ("scripted/j", "from JSON"));
}

#[tokio::test]
async fn a_scripted_delay_ends_when_the_call_is_cancelled() {
    let model = scripted("[[rules]]\ndelay_ms = 3600000\ntext = 'late'");
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(model.stream(&question("hi"), cancel).await.err(), Some(ModelError::Cancelled));
}

#[tokio::test]
async fn each_fault_happens_at_its_call_and_the_others_go_through() {
    let model = faulty("429:5@1,500@2,cut@3,malformed@4,wrong-tool@5");
    let busy = reply(&model, "hi").await.unwrap_err();
    assert_eq!(busy.retry_after(), Some(Duration::from_secs(5)));
    assert!(matches!(reply(&model, "hi").await.unwrap_err(), ModelError::Unavailable { .. }));

    let mut events = model.stream(&question("hi"), CancellationToken::new()).await.unwrap();
    assert!(matches!(events.next().await, Some(Ok(ChatEvent::Text { .. }))), "it begins well");
    assert!(matches!(events.next().await, Some(Err(ModelError::Unavailable { .. }))));
    assert!(events.next().await.is_none());

    let malformed = reply(&model, "tool").await.unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&malformed.tool_calls[0].arguments).is_err());
    let wrong = reply(&model, "hi").await.unwrap();
    assert_eq!((wrong.tool_calls[0].name.as_str(), wrong.finish), ("no_such_tool", Finish::ToolCalls));
    let good = reply(&model, "tool").await.unwrap();
    assert_eq!(good.tool_calls[0].name, "write");
}

#[tokio::test]
async fn a_looping_model_gives_the_same_answer_to_whatever_it_is_asked() {
    let model = faulty("loop@2");
    let first = reply(&model, "hi").await.unwrap();
    let looped = reply(&model, "use a tool").await.unwrap();
    assert_ne!(first, looped);
    for text in ["hi", "stop it", ""] {
        assert_eq!(reply(&model, text).await.unwrap(), looped);
    }
}

#[tokio::test]
async fn an_injected_wait_ends_when_the_call_is_cancelled() {
    let model = faulty("latency:3600000@1");
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(model.stream(&question("hi"), cancel).await.err(), Some(ModelError::Cancelled));
    assert!(reply(&model, "hi").await.is_ok());
}
