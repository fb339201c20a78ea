//! The picture of a state, at any size.

use chrono::{Local, TimeDelta, Utc};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span, Text},
    widgets::{Paragraph, Wrap},
};
use swarm_client::types::{self, NodeState};

use super::{
    keys::Mode,
    rows::{Rank, Row},
    state::{Link, State},
};
use crate::{
    progress,
    progress::short_duration,
    table::{table, usd},
};

/// Columns below which only the most needed is shown.
const NARROW: u16 = 60;
/// Runs that are shown, and workers.
const RUNS: usize = 3;
const WORKERS: usize = 3;
/// Seconds without a sign of life that are worth a word.
const SILENT: u64 = 3;

const HELP: &str = "\
j k ↑ ↓   choose a ticket
enter     its last steps, hints, findings
x         give it up (asks first)
r         take it up again (asks first)
/         filter; esc clears it
q         quit

looping   the same step came again with the same answer
stalled   silent for 8 times as long as agents are
          between two steps, and at least 30 s
needs you see why with enter, then r or the spec

any key goes back";

/// Draws a state. Without colours what matters is told by words alone.
pub(crate) fn draw(state: &State, colours: bool, frame: &mut Frame<'_>) {
    let area = frame.area();
    let narrow = area.width < NARROW;
    let runs = u16::try_from(state.runs.len().min(RUNS)).unwrap_or_default();
    let workers = u16::try_from(state.workers.len().min(WORKERS)).unwrap_or_default();
    let [head, top, nodes, body, foot] = Layout::vertical([
        Constraint::Length(if narrow { 4 } else { 3 }),
        Constraint::Length(runs),
        Constraint::Length(workers),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    let look = Look { colours };
    frame.render_widget(Paragraph::new(header(state, narrow, look)), head);
    frame.render_widget(Paragraph::new(self::runs(state, narrow)), top);
    frame.render_widget(Paragraph::new(self::workers(state, narrow, look)), nodes);
    match &state.mode {
        Mode::Help => frame.render_widget(Paragraph::new(HELP), body),
        Mode::Detail => {
            let text = Text::from(state.detail[state.scrolled.min(state.detail.len())..].join("\n"));
            frame.render_widget(Paragraph::new(text).wrap(Wrap { trim: false }), body);
        }
        Mode::List | Mode::Filter | Mode::Asked(_) => list(state, narrow, look, body, frame),
    }
    frame.render_widget(Paragraph::new(footer(state, narrow, look)), foot);
}

#[derive(Clone, Copy)]
struct Look {
    colours: bool,
}

impl Look {
    fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    fn of(self, rank: Rank) -> Style {
        match rank {
            Rank::Looping | Rank::Stalled => self.colour(Color::Red),
            Rank::Person => self.colour(Color::Yellow),
            Rank::Moving => self.colour(Color::Green),
            Rank::Waiting => Style::new(),
            Rank::Over => Style::new().add_modifier(Modifier::DIM),
        }
    }
}

fn header(state: &State, narrow: bool, look: Look) -> Vec<Line<'static>> {
    let (link, style) = match state.link() {
        Link::Live => ("live", look.colour(Color::Green)),
        Link::Reconnecting => ("reconnecting", look.colour(Color::Yellow)),
        Link::Stale => ("stale", look.colour(Color::Red)),
    };
    let clock = state.now.with_timezone(&Local).format("%H:%M:%S");
    let heard =
        state.last_event.map_or("no event yet".to_owned(), |at| format!("last event {} ago", ago(state, at)));
    let version = state.health.as_ref().map(|health| health.version.clone()).unwrap_or_default();
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let name = Span::styled(format!("swarm {version}"), bold);
    let rest = format!(" · {heard}");
    let mut lines = if narrow {
        vec![
            Line::from(vec![name, Span::raw(format!("  {clock}"))]),
            Line::from(vec![Span::styled(link, style), Span::raw(rest)]),
        ]
    } else {
        let place = Span::raw(format!("  {}  {clock}  ", state.url));
        vec![Line::from(vec![name, place, Span::styled(link, style), Span::raw(rest)])]
    };
    lines.push(Line::raw(format!("{}{}", spent(state, narrow), queue(state, narrow))));
    lines.push(Line::raw(node(state, narrow)));
    lines
}

/// What the runs of today and the newest run have spent.
fn spent(state: &State, narrow: bool) -> String {
    let today = state.now.date_naive();
    let of_today = state.runs.iter().filter(|run| run.started_at.date_naive() == today);
    let total: u64 = of_today.map(|run| run.spend.usd).sum();
    let newest = state.runs.first().filter(|_| !narrow).map(|run| {
        let limit = run.options.budget.usd.map(|limit| format!(" of {}", usd(limit))).unwrap_or_default();
        format!(" · run {}{limit}", usd(run.spend.usd))
    });
    format!("today {}{}", usd(total), newest.unwrap_or_default())
}

fn queue(state: &State, narrow: bool) -> String {
    let working = |run: &&types::Run| matches!(run.state, types::RunState::Running);
    let waiting: Vec<_> = state
        .runs
        .iter()
        .filter(working)
        .filter_map(|run| state.tickets.get(&run.id))
        .flatten()
        .filter(|ticket| matches!(ticket.state, types::TicketState::Waiting))
        .map(|ticket| ticket.updated_at)
        .collect();
    let oldest = waiting.iter().min().map(|&at| format!(", oldest {}", ago(state, at))).unwrap_or_default();
    if narrow {
        format!(" · queue {}", waiting.len())
    } else {
        format!(" · queue {}{oldest} · agents {}", waiting.len(), state.agents.count())
    }
}

/// This node's parts, by the server's own word.
fn node(state: &State, narrow: bool) -> String {
    let Some(health) = &state.health else { return "worker: not heard of yet".to_owned() };
    let word = |status: &types::HealthStatus| crate::commands::wire_name(status);
    let mut text = format!("this node {}", word(&health.status));
    if !narrow {
        text += &format!(" · sandbox {}", crate::commands::wire_name(&health.sandbox.rung));
    }
    text
}

fn runs(state: &State, narrow: bool) -> Vec<Line<'static>> {
    state
        .runs
        .iter()
        .take(RUNS)
        .map(|run| {
            let tickets = state.tickets.get(&run.id).map(Vec::as_slice).unwrap_or_default();
            let merged = tickets.iter().filter(|one| matches!(one.state, types::TicketState::Merged)).count();
            let stands = crate::commands::state_of_run(&run.state);
            let project = progress::plain(&run.project);
            let counts = if tickets.is_empty() {
                String::new()
            } else {
                format!(" {merged}/{} merged", tickets.len())
            };
            let text = if narrow {
                format!("{project}: {stands}{counts}")
            } else {
                format!("{} {project}: {stands}{counts} {}", run.id, usd(run.spend.usd))
            };
            Line::raw(text)
        })
        .collect()
}

fn workers(state: &State, narrow: bool, look: Look) -> Vec<Line<'static>> {
    let shown = state.workers.iter().take(WORKERS);
    shown
        .map(|worker| {
            let stands = crate::commands::wire_name(&worker.state);
            let name = progress::plain(&worker.name);
            let busy = worker.works_on.len();
            let text = if narrow {
                format!("worker {name}: {stands}, {busy} under way")
            } else {
                let labels = worker.labels.join(" ");
                let heard = worker.heartbeat_age_ms / 1_000;
                let age = if heard >= SILENT { format!(", silent for {heard}s") } else { String::new() };
                format!("worker {name}: {stands}{age}, {busy} under way {}", progress::plain(&labels))
            };
            let style = match worker.state {
                NodeState::Dead => look.colour(Color::Red),
                NodeState::Draining => look.colour(Color::Yellow),
                NodeState::Live | NodeState::Left | NodeState::Unknown => Style::new(),
            };
            Line::styled(text.trim_end().to_owned(), style)
        })
        .collect()
}

fn list(state: &State, narrow: bool, look: Look, area: Rect, frame: &mut Frame<'_>) {
    let rows = state.rows();
    if rows.is_empty() {
        let text = if state.filter.is_empty() {
            "nothing is going on; run `swarm build SPEC`"
        } else {
            "no ticket is like that"
        };
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let place = state.place(&rows);
    let height = usize::from(area.height).saturating_sub(1).max(1);
    let first = place.saturating_sub(height - 1);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut lines =
        vec![Line::styled(columns(narrow, ["ticket", "state", "for", "agent", "cost", "what"]), bold)];
    for (index, row) in rows.iter().enumerate().skip(first).take(height) {
        let mark = if index == place { ">" } else { " " };
        let style = look.of(row.rank);
        let style = if index == place { style.add_modifier(Modifier::REVERSED) } else { style };
        let text = format!("{mark}{}", cells(state, row, narrow).trim_start_matches(' '));
        lines.push(Line::styled(text, style));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn cells(state: &State, row: &Row, narrow: bool) -> String {
    columns(
        narrow,
        [row.ticket.as_str(), row.state, &ago(state, row.since), &row.agent, &row.cost, &row.what],
    )
}

fn columns(narrow: bool, [ticket, state, since, agent, cost, what]: [&str; 6]) -> String {
    if narrow {
        format!(" {ticket:<9} {state:<9} {since:>7} {what}")
    } else {
        format!(" {ticket:<9} {state:<9} {since:>7} {agent:<10} {cost:>7} {what}")
    }
}

fn footer(state: &State, narrow: bool, look: Look) -> Line<'static> {
    match (&state.mode, &state.said) {
        (Mode::Asked(effect), _) => Line::styled(effect.question(), look.colour(Color::Yellow)),
        (Mode::Filter, _) => Line::raw(format!("/{}_", state.filter)),
        (_, Some(said)) => Line::styled(progress::plain(said), look.colour(Color::Yellow)),
        (Mode::Help, None) => Line::raw("any key goes back"),
        (Mode::Detail, None) => Line::raw("j k scroll · esc back"),
        (Mode::List, None) if !state.filter.is_empty() => {
            Line::raw(format!("filter: {} · esc clears it", state.filter))
        }
        (Mode::List, None) if narrow => Line::raw("enter open · x r · / filter · ? · q"),
        (Mode::List, None) => {
            Line::raw("j k choose · enter open · x give up · r retry · / filter · ? help · q quit")
        }
    }
}

fn ago(state: &State, at: chrono::DateTime<Utc>) -> String {
    short_duration((state.now - at).max(TimeDelta::zero()))
}

/// The state as a plain table, for where there is no terminal.
pub(crate) fn plain(state: &State) -> String {
    let rows = state.rows();
    let head = format!("{}{}\n{}", spent(state, false), queue(state, false), node(state, false));
    if rows.is_empty() {
        return format!("{head}\n\nnothing is going on; run `swarm build SPEC`");
    }
    let rows = rows.into_iter().map(|row| {
        let since = ago(state, row.since);
        [
            row.run.to_string(),
            row.ticket.to_string(),
            row.state.to_owned(),
            since,
            row.agent,
            row.cost,
            row.what,
        ]
    });
    format!("{head}\n\n{}", table(["run", "ticket", "state", "for", "agent", "cost", "what"], rows))
}
