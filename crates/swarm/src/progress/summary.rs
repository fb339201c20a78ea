//! What is left to say when a run has settled.

use std::fmt::Write;

use comfy_table::CellAlignment;
use swarm_domain::{Problem, run::RunState, ticket::TicketState};

use super::{
    board::Board,
    text::{short_duration, tokens},
};
use crate::table::{plain_table, text_of};

/// The table of tickets, the totals, and where the pull request is.
pub(crate) fn summary(board: &Board, width: u16) -> String {
    let mut table = plain_table(width);
    table.set_header(["ticket", "", "serves", "state", "attempts", "tokens", "cost", "time"]);
    for line in &board.lines {
        let serves: Vec<_> = line.requirements.iter().map(ToString::to_string).collect();
        let took = line.began.zip(line.ended).map(|(began, ended)| short_duration(ended - began));
        table.add_row([
            line.id.to_string(),
            line.title.clone(),
            serves.join(" "),
            line.state.name().replace('_', " "),
            line.attempt.to_string(),
            tokens(line.spend.tokens()),
            line.spend.usd.to_string(),
            took.unwrap_or_default(),
        ]);
    }
    for column in 4..8 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{}\n\n{}\n{}{}", text_of(&table), totals(board), open_ends(board), whereabouts(board))
}

/// What a person must see to: ticket by ticket, or the run where no ticket came so far.
fn open_ends(board: &Board) -> String {
    let mut text = String::new();
    let mut end = |who: &str, problem: &Problem| {
        let (detail, next) = (super::plain(&problem.detail), super::plain(&problem.next));
        let _ = writeln!(text, "{who} needs a person: {detail} [{}]\n  next: {next}", problem.code);
    };
    let mut none = true;
    for line in &board.lines {
        if let TicketState::NeedsPerson { problem } = &line.state {
            end(line.id.as_str(), problem);
            none = false;
        }
    }
    if let (true, Some((RunState::NeedsPerson { problem }, _))) = (none, &board.settled) {
        end("the run", problem);
    }
    text
}

fn totals(board: &Board) -> String {
    let (proven, all) = board.proven();
    let mut text = format!(
        "{} of {} tickets merged, {proven} of {all} requirements proven, {} tokens, {}",
        board.merged(),
        board.lines.len(),
        tokens(board.spend.tokens()),
        board.spend.usd
    );
    if let (Some(began), Some((_, ended))) = (board.began, &board.settled) {
        let _ = write!(text, ", {}", short_duration(*ended - began));
    }
    text
}

fn whereabouts(board: &Board) -> String {
    let mut text = String::new();
    if let Some((reference, title)) = &board.pull_request {
        let _ = writeln!(text, "\npull request: {title}\n  {reference}");
    }
    if let Some(branch) = &board.branch {
        let _ = writeln!(text, "  branch {branch}");
    }
    if let Some((state, _)) = &board.settled {
        let first = board.lines.iter().find_map(|line| line.requirements.first());
        let trace = first.map(|id| format!(" · swarm trace {id}")).unwrap_or_default();
        let next = match state {
            RunState::Done => format!("swarm pr show{trace}"),
            RunState::NeedsPerson { .. } => {
                "swarm ticket list · swarm ticket show TICKET · swarm ticket retry TICKET".to_owned()
            }
            RunState::Running | RunState::Cancelled => "swarm run show".to_owned(),
        };
        let _ = writeln!(text, "\nnext: {next}");
    }
    text
}
