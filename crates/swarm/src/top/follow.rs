//! Keeps a state up to date from the server, and carries out what keys lead to.

use std::{collections::BTreeMap, time::Duration};

use crossterm::event::{Event as Pressed, EventStream, KeyCode, KeyEventKind, KeyModifiers};
use futures::StreamExt;
use ratatui::DefaultTerminal;
use swarm_client::{Client, ClientError, types};
use swarm_domain::{Clock, RunId, TicketId};
use swarm_store::SystemClock;
use tokio::{sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

use super::{Effect, Input, Key, State, draw};
use crate::{
    exit::{Failure, Result},
    progress::news,
    table::local,
    wire,
};

/// How often the lists are read.
const LISTS: Duration = Duration::from_secs(1);
/// How often the clock of the picture moves.
const FRAME: Duration = Duration::from_millis(500);
/// Runs whose tickets are read.
const RUNS: usize = 8;
/// Things that may wait to be taken in.
const WAITING: usize = 256;
/// Steps of a ticket that are shown.
const LAST_STEPS: usize = 15;

/// Reads everything once.
pub(crate) async fn once(client: &Client) -> Result<State> {
    let mut state = State::new(&client.url(), SystemClock.now());
    let lists = lists(client).await?;
    let running = running(&lists);
    state.update(lists);
    for run in running {
        for event in client.all_events(Some(&run)).await?.iter().filter_map(wire::event) {
            state.update(Input::Happened(Box::new(event)));
        }
    }
    Ok(state)
}

/// Draws until the person has seen enough.
pub(crate) async fn follow(
    client: &Client,
    terminal: &mut DefaultTerminal,
    stop: &CancellationToken,
) -> Result<()> {
    let mut state = once(client).await?;
    let (tell, mut told) = mpsc::channel(WAITING);
    let mut sources = JoinSet::new();
    sources.spawn(poll(client.clone(), tell.clone()));
    sources.spawn(listen(client.clone(), position(client).await?, tell.clone()));
    let mut keys = EventStream::new();
    let mut frame = tokio::time::interval(FRAME);
    let colours = console::colors_enabled() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    loop {
        let draw = |error| Failure::io("draw on the terminal", error);
        terminal.draw(|frame| draw::draw(&state, colours, frame)).map_err(draw)?;
        let input = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            _ = frame.tick() => Some(Input::Tick(SystemClock.now())),
            input = told.recv() => input,
            pressed = keys.next() => match pressed {
                Some(Ok(pressed)) if interrupts(&pressed) => return Ok(()),
                Some(Ok(pressed)) => key(&pressed).map(Input::Pressed),
                // The terminal is gone, and the person with it.
                Some(Err(_)) | None => return Ok(()),
            },
        };
        match input.and_then(|input| state.update(input)) {
            Some(Effect::Quit) => return Ok(()),
            Some(effect) => {
                let (client, tell) = (client.clone(), tell.clone());
                // The picture goes on meanwhile. Dropped with the rest when it ends.
                sources.spawn(async move {
                    let _ = tell.send(carry_out(&client, &effect).await).await;
                });
            }
            None => {}
        }
    }
}

/// The position of the newest event.
async fn position(client: &Client) -> Result<u64> {
    let mut query = swarm_client::EventQuery { limit: Some(1000), ..Default::default() };
    loop {
        let page = client.events(&query).await?;
        match page.events.last() {
            Some(_) => query.after = page.next,
            None => return Ok(query.after),
        }
    }
}

async fn poll(client: Client, tell: mpsc::Sender<Input>) {
    let mut beat = tokio::time::interval(LISTS);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let input = lists(&client).await.unwrap_or(Input::Lost);
        if tell.send(input).await.is_err() {
            return;
        }
    }
}

async fn listen(client: Client, mut after: u64, tell: mpsc::Sender<Input>) {
    loop {
        let mut events = Box::pin(client.follow(after, None));
        while let Some(Ok(sent)) = events.next().await {
            after = after.max(sent.seq);
            if let Some(event) = wire::event(&sent)
                && tell.send(Input::Happened(Box::new(event))).await.is_err()
            {
                return;
            }
        }
        // The server stayed away for longer than the client waits: the picture does not give up.
        tokio::time::sleep(LISTS).await;
    }
}

async fn lists(client: &Client) -> Result<Input, ClientError> {
    let runs = client.runs().await?;
    let mut tickets = BTreeMap::new();
    for run in runs.iter().take(RUNS) {
        tickets.insert(run.id.clone(), client.tickets(&run.id).await?);
    }
    let workers = client.workers().await?;
    let health = Box::new(client.health().await?);
    Ok(Input::Lists { runs, tickets, workers, health })
}

fn running(lists: &Input) -> Vec<String> {
    let Input::Lists { runs, .. } = lists else { return Vec::new() };
    let working = runs.iter().filter(|run| matches!(run.state, types::RunState::Running));
    working.map(|run| run.id.clone()).collect()
}

async fn carry_out(client: &Client, effect: &Effect) -> Input {
    match effect {
        Effect::Open(run, ticket) => match detail(client, run, ticket).await {
            Ok(lines) => Input::Detail(lines),
            Err(error) => Input::Detail(vec![error.detail(), error.next().to_owned()]),
        },
        Effect::Stop(run, ticket) => said(
            client.cancel_ticket(run.as_str(), ticket.as_str(), "by swarm top").await,
            ticket,
            "is given up",
        ),
        Effect::Retry(run, ticket) => {
            said(client.retry_ticket(run.as_str(), ticket.as_str(), None).await, ticket, "is taken up again")
        }
        Effect::Quit => Input::Tick(SystemClock.now()),
    }
}

fn said(done: Result<(), ClientError>, ticket: &TicketId, what: &str) -> Input {
    Input::Said(match done {
        Ok(()) => format!("{ticket} {what}"),
        Err(error) => format!("{}; {}", error.detail(), error.next()),
    })
}

/// What there is to read about a ticket: where it stands, hints, findings, last steps.
async fn detail(client: &Client, run: &RunId, ticket: &TicketId) -> Result<Vec<String>, ClientError> {
    let known = client.ticket(run.as_str(), ticket.as_str()).await?;
    let mut lines = vec![format!("{ticket}  {}", known.summary.title), format!("of {run}")];
    if let types::TicketState::NeedsPerson { problem } = &known.summary.state {
        lines.extend([String::new(), problem.detail.clone(), format!("next: {}", problem.next)]);
    }
    if let Some(attempt) = known.attempts.last() {
        lines.push(String::new());
        lines.push(format!("attempt {} by {} with {}", attempt.number, attempt.agent, attempt.model));
        lines.extend(attempt.hints.iter().map(|hint| format!("  hint: {hint}")));
    }
    let findings = known.findings.iter().rev().take(LAST_STEPS).rev();
    lines.extend(findings.map(|one| format!("  found: {}", one.finding.detail)));
    if let Some(check) = known.checks.iter().rev().find(|check| !check.passed) {
        lines.extend([String::new(), format!("$ {}", check.command)]);
        lines.extend(
            check
                .output
                .lines()
                .rev()
                .take(LAST_STEPS)
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .into_iter()
                .rev(),
        );
    }
    lines.extend([String::new(), "last steps".to_owned()]);
    let events = client.all_events(Some(run.as_str())).await?;
    let of_ticket: Vec<_> = events
        .iter()
        .filter_map(wire::event)
        .filter(|event| event.subject.ticket.as_ref() == Some(ticket))
        .collect();
    let last = of_ticket.iter().rev().take(LAST_STEPS).rev();
    lines.extend(last.map(|event| format!("  {}  {}", local(event.at), news(event).1)));
    Ok(lines.iter().map(|line| crate::table::legible(line)).collect())
}

/// In raw mode Ctrl-C is a key like any other.
fn interrupts(pressed: &Pressed) -> bool {
    matches!(pressed, Pressed::Key(key)
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL))
}

fn key(pressed: &Pressed) -> Option<Key> {
    let Pressed::Key(key) = pressed else { return None };
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match key.code {
        KeyCode::Char(letter) => Some(Key::Char(letter)),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        KeyCode::Enter => Some(Key::Enter),
        KeyCode::Esc => Some(Key::Escape),
        KeyCode::Backspace => Some(Key::Backspace),
        _ => None,
    }
}
