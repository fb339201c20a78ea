//! The live display as text: a header and one line a ticket. Pure: the board, the time and the width make it.

use chrono::{DateTime, Utc};
use console::style;
use swarm_domain::{TicketId, ticket::TicketState};

use super::{
    board::{Board, Line},
    text::{fit, plain, short_duration, tokens},
};

/// Columns of a line besides the title and the step: mark, id, agent, tokens, cost, time and the gaps.
const FIXED: usize = 2 + 8 + 12 + 7 + 9 + 7 + 6;
/// Columns of the spec's title in the header.
const WIDEST_TITLE: usize = 30;
/// Narrower than this, lines are cut rather than squeezed further.
const NARROWEST: usize = 60;

/// How the display is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Canvas {
    /// Columns.
    pub(crate) width: usize,
    /// Whether colours are wanted.
    pub(crate) colours: bool,
}

/// The header: the spec, how far the run is, what it cost, where code runs and who answers.
pub(crate) fn header(board: &Board, now: DateTime<Utc>, canvas: Canvas) -> String {
    let mut parts = vec![fit(&board.title, WIDEST_TITLE).trim_end().to_owned()];
    parts.push(format!("{}/{} merged", board.merged(), board.lines.len()));
    parts.push(format!("{} tokens", tokens(board.spend.tokens())));
    parts.push(match board.budget {
        Some(limit) => format!("{} of {limit}", board.spend.usd),
        None => board.spend.usd.to_string(),
    });
    if let Some(began) = board.began {
        let end = board.settled.as_ref().map_or(now, |(_, at)| *at);
        parts.push(short_duration(end - began));
    }
    // What may be long comes last, where it is cut first.
    parts.extend(board.rung.map(|rung| rung.to_string()));
    parts.extend(board.models.iter().map(|(model, recorded)| match model.strip_prefix("recorded/") {
        Some(model) => format!("recording of {model}"),
        None if *recorded => format!("recording of {model}"),
        None => model.clone(),
    }));
    let text = fit(&parts.join(" · "), canvas.width.max(NARROWEST));
    style(text.trim_end()).bold().force_styling(canvas.colours).to_string()
}

/// One line for each ticket.
pub(crate) fn lines(board: &Board, now: DateTime<Utc>, canvas: Canvas) -> Vec<String> {
    let free = canvas.width.max(NARROWEST).saturating_sub(FIXED);
    let title = (free / 2).clamp(8, 40);
    let widths = (title, free.saturating_sub(title));
    board.lines.iter().map(|line| ticket(board, line, now, widths, canvas.colours)).collect()
}

fn ticket(board: &Board, line: &Line, now: DateTime<Utc>, widths: (usize, usize), colours: bool) -> String {
    let agent = match line.attempt {
        0 | 1 => line.agent.clone(),
        number => format!("{} #{number}", line.agent),
    };
    let spent = line.spend.calls > 0;
    let used = if spent { tokens(line.spend.tokens()) } else { String::new() };
    let cost = if spent { line.spend.usd.to_string() } else { String::new() };
    let elapsed =
        line.began.map(|began| short_duration(line.ended.unwrap_or(now) - began)).unwrap_or_default();
    let text = format!(
        "{} {} {} {} {} {:>7} {:>9} {:>7}",
        mark(&line.state),
        fit(line.id.as_str(), 8),
        fit(&line.title, widths.0),
        fit(&agent, 12),
        fit(&step(board, line), widths.1.saturating_sub(2)),
        used,
        cost,
        elapsed,
    );
    let styled = match line.state {
        TicketState::Merged => style(text).green(),
        TicketState::NeedsPerson { .. } => style(text).yellow(),
        TicketState::Waiting | TicketState::Cancelled => style(text).dim(),
        _ => style(text),
    };
    styled.force_styling(colours).to_string()
}

fn mark(state: &TicketState) -> char {
    match state {
        TicketState::Waiting => '·',
        TicketState::Working => '▸',
        TicketState::Verifying => '?',
        TicketState::Merging => '⇢',
        TicketState::Merged => '✓',
        TicketState::NeedsPerson { .. } => '!',
        TicketState::Cancelled => '✗',
    }
}

fn step(board: &Board, line: &Line) -> String {
    match line.state {
        TicketState::Waiting => {
            let waits: Vec<_> = board.still_waits_for(line).into_iter().map(TicketId::as_str).collect();
            if waits.is_empty() {
                "waits for an agent".to_owned()
            } else {
                format!("after {}", waits.join(", "))
            }
        }
        TicketState::Merged => "merged".to_owned(),
        TicketState::Cancelled => "given up".to_owned(),
        _ => plain(&line.step),
    }
}
