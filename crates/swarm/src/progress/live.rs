//! The live display on a terminal.

use chrono::{DateTime, Utc};
use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use swarm_domain::ticket::TicketState;

use super::{
    board::Board,
    render::{Canvas, header, lines},
};

/// Lines of the terminal that are left free.
const MARGIN: usize = 3;

/// A block of lines at the bottom of the terminal that is drawn again and again.
pub(super) struct Live {
    bar: ProgressBar,
    terminal: Term,
}

impl Live {
    pub(super) fn start() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        Self { bar, terminal: Term::stderr() }
    }

    pub(super) fn draw(&self, board: &Board, now: DateTime<Utc>) {
        let (rows, columns) = self.terminal.size();
        let canvas = Canvas {
            width: usize::from(columns).saturating_sub(1),
            colours: console::colors_enabled_stderr(),
        };
        let mut text = header(board, now, canvas);
        let rendered = lines(board, now, canvas);
        for index in visible(board, usize::from(rows).saturating_sub(MARGIN)) {
            text.push('\n');
            text.push_str(&rendered[index]);
        }
        self.bar.set_message(text);
        self.bar.tick();
    }

    /// Takes the block away.
    pub(super) fn stop(&self) {
        self.bar.finish_and_clear();
    }
}

/// Which tickets are shown where not all of them fit: those that move first, in the order of the plan.
fn visible(board: &Board, rows: usize) -> Vec<usize> {
    let rank = |state: &TicketState| match state {
        TicketState::Working | TicketState::Verifying | TicketState::Merging => 0,
        TicketState::NeedsPerson { .. } => 1,
        TicketState::Waiting => 2,
        TicketState::Merged | TicketState::Cancelled => 3,
    };
    let mut order: Vec<usize> = (0..board.lines.len()).collect();
    order.sort_by_key(|&index| (rank(&board.lines[index].state), index));
    order.truncate(rows.max(1));
    order.sort_unstable();
    order
}
