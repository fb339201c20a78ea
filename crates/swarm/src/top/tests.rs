use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use ratatui::{Terminal, backend::TestBackend};
use serde_json::{Value, json};
use swarm_domain::Event;

use super::{Effect, Input, Key, State, draw::draw, plain, state::Link};

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 21, 12, 0, 0).unwrap()
}

fn after(seconds: i64) -> DateTime<Utc> {
    noon() + TimeDelta::seconds(seconds)
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn ticket(id: &str, state: &Value, title: &str) -> Value {
    json!({
        "id": id, "run": "run_1", "title": title, "requirements": [], "checkpoint": [], "state": state, "attempts": 1,
        "spend": {"usd": 1_200, "tokens_in": 10, "tokens_out": 10, "calls": 1}, "updated_at": noon(),
    })
}

fn lists() -> Input {
    let spend = json!({"usd": 20_000, "tokens_in": 10, "tokens_out": 10, "calls": 1});
    let run = json!({
        "id": "run_1", "project": "greeter", "plan": "plan_1", "spec": "spec_1", "state": {"state": "running"},
        "options": {"budget": {"usd": 2_000_000}, "max_parallel": 4, "max_attempts": 5},
        "spend": spend, "started_at": noon(), "updated_at": noon(), "warnings": [],
    });
    let problem =
        json!({"code": "ticket.attempts_used", "detail": "5 attempts were not accepted", "next": "look"});
    let tickets = [
        ticket("T-merge", &json!({"state": "merged"}), "Say hello"),
        ticket("T-waits", &json!({"state": "waiting"}), "Say goodbye"),
        ticket("T-works", &json!({"state": "working"}), "Greet by name"),
        ticket("T-loops", &json!({"state": "working"}), "Shout"),
        ticket("T-quiet", &json!({"state": "working"}), "Whisper"),
        ticket("T-stuck", &json!({"state": "needs_person", "problem": problem}), "Sing\u{1b}[2J"),
    ];
    let part = json!({"ok": true, "detail": "fine"});
    let health = json!({
        "status": "ok", "version": "0.1.0", "database": part, "queue": part, "live": part,
        "sandbox": {"ok": true, "detail": "fine", "rung": "bubblewrap"},
    });
    let worker = json!({
        "name": "local", "token": 1, "state": "live", "labels": ["kvm"], "only_labelled": false, "heartbeat_age_ms": 300,
        "joined_at": noon(), "version": "0.1.0", "host": "here", "pid": 7, "cores": 2, "works_on": ["build/run_1/1"],
    });
    let mut dead = worker.clone();
    for (field, is) in
        [("name", json!("other")), ("state", json!("dead")), ("heartbeat_age_ms", json!(12_000))]
    {
        dead[field] = is;
    }
    Input::Lists {
        workers: vec![read(worker), read(dead)],
        runs: vec![read(run)],
        tickets: BTreeMap::from([("run_1".to_owned(), tickets.map(read).to_vec())]),
        health: Box::new(read(health)),
    }
}

fn event(at: DateTime<Utc>, ticket: &str, body: &Value) -> Input {
    let event: Event = read(json!({
        "seq": 1, "tenant": "local", "at": at, "actor": {"kind": "agent", "name": "coder"},
        "subject": {"run": "run_1", "ticket": ticket, "attempt": format!("{ticket}.1")},
        "body": body, "prev": "", "hash": "",
    }));
    Input::Happened(Box::new(event))
}

fn begun(at: DateTime<Utc>, ticket: &str) -> Input {
    let body = json!({"type": "attempt_started", "number": 1, "agent": "coder", "model": "local/small",
        "rung": "bubblewrap", "base": "c1", "hints": []});
    event(at, ticket, &body)
}

fn tool(at: DateTime<Utc>, ticket: &str, about: &str) -> Input {
    // Another file is another step with another answer.
    let hash = about[..1].repeat(64);
    let body = json!({"type": "tool_called", "tool": "read", "arguments": hash, "result": hash, "ok": true, "about": about});
    event(at, ticket, &body)
}

/// A minute after noon: one agent works, one repeats itself, one fell silent at noon.
fn busy() -> State {
    let mut state = State::new("http://127.0.0.1:4180", noon());
    for input in [begun(noon(), "T-quiet"), begun(noon(), "T-loops"), begun(after(50), "T-works")] {
        state.update(input);
    }
    for second in [54, 55] {
        state.update(tool(after(second), "T-loops", "a.sh"));
    }
    for (second, file) in [(52, "b.sh"), (54, "c.sh"), (56, "d.sh"), (58, "e.sh")] {
        state.update(tool(after(second), "T-works", file));
    }
    state.update(Input::Tick(after(60)));
    state.update(lists());
    state
}

fn picture(state: &State, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(state, false, frame)).unwrap();
    // The clock shows the reader's zone.
    let text = terminal.backend().to_string();
    let clock = state.now.with_timezone(&chrono::Local).format("%H:%M:%S").to_string();
    text.replace(&clock, "12:01:00")
}

fn press(state: &mut State, keys: &str) -> Option<Effect> {
    let mut last = None;
    for key in keys.chars() {
        last = state.update(Input::Pressed(match key {
            '\n' => Key::Enter,
            '\u{1b}' => Key::Escape,
            '\u{8}' => Key::Backspace,
            letter => Key::Char(letter),
        }));
    }
    last
}

#[test]
fn those_in_trouble_come_first_on_every_width() {
    insta::assert_snapshot!("wide", picture(&busy(), 80, 24));
    insta::assert_snapshot!("narrow", picture(&busy(), 40, 20));
    insta::assert_snapshot!("plain", plain(&busy()));
}

#[test]
fn no_size_is_too_small_to_be_drawn() {
    let mut state = busy();
    for mode in ["", "?", "\u{1b}/x", "\n\u{1b}x"] {
        press(&mut state, mode);
        for (width, height) in [(1, 1), (3, 40), (200, 2), (40, 5), (500, 200)] {
            picture(&state, width, height);
        }
    }
}

#[test]
fn what_changes_something_is_asked_first() {
    let mut state = busy();
    assert_eq!(press(&mut state, "x"), None);
    assert!(picture(&state, 80, 24).contains("give up T-loops?"));
    assert_eq!(press(&mut state, "n"), None, "no is no");
    let effect = press(&mut state, "jxy");
    assert!(matches!(effect, Some(Effect::Stop(_, ticket)) if ticket.as_str() == "T-quiet"));
    let effect = press(&mut state, "jry");
    assert!(matches!(effect, Some(Effect::Retry(_, ticket)) if ticket.as_str() == "T-stuck"));
    assert_eq!(press(&mut state, "q"), Some(Effect::Quit));
}

#[test]
fn the_choice_stays_with_the_ticket_when_rows_move() {
    let mut state = busy();
    press(&mut state, "jj");
    // The one that repeated itself did something else: it is no longer first.
    let other = json!({"type": "tool_called", "tool": "write", "arguments": "1".repeat(64), "result": "1".repeat(64),
        "ok": true, "about": "b.sh"});
    state.update(event(after(61), "T-loops", &other));
    let effect = press(&mut state, "\n");
    assert!(matches!(effect, Some(Effect::Open(_, ticket)) if ticket.as_str() == "T-stuck"));
}

#[test]
fn a_filter_hides_the_rest_and_is_cleared() {
    let mut state = busy();
    press(&mut state, "/sing");
    assert!(!picture(&state, 80, 24).contains("T-works"));
    press(&mut state, "\u{8}\u{8}\u{8}\u{8}needs\n");
    assert!(picture(&state, 80, 24).contains("T-stuck"));
    press(&mut state, "\u{1b}");
    assert!(picture(&state, 80, 24).contains("T-works"));
}

#[test]
fn a_server_that_went_away_is_said_to_be_so() {
    let mut state = busy();
    assert_eq!(state.link(), Link::Live);
    state.update(Input::Lost);
    assert_eq!(state.link(), Link::Reconnecting);
    state.update(Input::Tick(after(75)));
    assert_eq!(state.link(), Link::Stale);
    assert!(picture(&state, 80, 24).contains("stale"));
    state.update(lists());
    assert_eq!(state.link(), Link::Live);
    assert_eq!(State::new("x", noon()).link(), Link::Reconnecting, "nothing was ever heard");
}

#[test]
fn hostile_text_does_not_reach_the_terminal() {
    let mut state = busy();
    state.update(Input::Detail(vec!["a".to_owned()]));
    for text in [picture(&state, 200, 40), plain(&state)] {
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
