//! What keys do.

use swarm_domain::{RunId, TicketId};

use super::{rows::Rank, state::State};

/// A key that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A letter, digit or sign.
    Char(char),
    /// Up, or back by one.
    Up,
    /// Down, or on by one.
    Down,
    /// Agreed.
    Enter,
    /// Away from here.
    Escape,
    /// Takes the last letter back.
    Backspace,
}

/// What is being done with the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The list.
    List,
    /// A filter is written.
    Filter,
    /// The help.
    Help,
    /// One ticket in full.
    Detail,
    /// The person is asked whether they mean it.
    Asked(Effect),
}

/// What is to be done outside of the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing more: the end.
    Quit,
    /// Read about a ticket.
    Open(RunId, TicketId),
    /// Give a ticket up.
    Stop(RunId, TicketId),
    /// Take a ticket up again.
    Retry(RunId, TicketId),
}

impl Effect {
    /// What the person is asked before it is done.
    pub(super) fn question(&self) -> String {
        match self {
            Self::Stop(_, ticket) => {
                format!("give up {ticket}? its work is archived, what depends on it waits  y/n")
            }
            Self::Retry(_, ticket) => format!("take up {ticket} again, and its run with it?  y/n"),
            Self::Quit | Self::Open(..) => String::new(),
        }
    }
}

impl State {
    pub(super) fn pressed(&mut self, key: Key) -> Option<Effect> {
        self.said = None;
        match std::mem::replace(&mut self.mode, Mode::List) {
            Mode::List => self.in_list(key),
            Mode::Filter => {
                self.in_filter(key);
                None
            }
            Mode::Detail => self.in_detail(key),
            Mode::Help => None,
            Mode::Asked(effect) => (key == Key::Char('y')).then_some(effect),
        }
    }

    fn in_list(&mut self, key: Key) -> Option<Effect> {
        let rows = self.rows();
        let place = self.place(&rows);
        let chosen = rows.get(place).map(|row| (row.run.clone(), row.ticket.clone(), row.rank));
        match key {
            Key::Char('q') => return Some(Effect::Quit),
            Key::Char('?') => self.mode = Mode::Help,
            Key::Char('/') => self.mode = Mode::Filter,
            Key::Escape => self.filter.clear(),
            Key::Char('j') | Key::Down => self.choose(rows.get(place + 1)),
            Key::Char('k') | Key::Up => self.choose(place.checked_sub(1).and_then(|place| rows.get(place))),
            Key::Enter => {
                let (run, ticket, _) = chosen?;
                self.mode = Mode::Detail;
                self.detail = vec!["reading…".to_owned()];
                return Some(Effect::Open(run, ticket));
            }
            Key::Char('x') => {
                let (run, ticket, rank) = chosen?;
                if rank == Rank::Over {
                    self.said = Some(format!("{ticket} has ended already"));
                } else {
                    self.mode = Mode::Asked(Effect::Stop(run, ticket));
                }
            }
            Key::Char('r') => {
                let (run, ticket, _) = chosen?;
                self.mode = Mode::Asked(Effect::Retry(run, ticket));
            }
            Key::Char(_) | Key::Backspace => {}
        }
        None
    }

    fn choose(&mut self, row: Option<&super::rows::Row>) {
        if let Some(row) = row {
            self.chosen = Some((row.run.clone(), row.ticket.clone()));
        }
    }

    fn in_filter(&mut self, key: Key) {
        self.mode = Mode::Filter;
        match key {
            Key::Char(letter) => self.filter.push(letter),
            Key::Backspace => drop(self.filter.pop()),
            Key::Enter => self.mode = Mode::List,
            Key::Escape => {
                self.filter.clear();
                self.mode = Mode::List;
            }
            Key::Up | Key::Down => {}
        }
    }

    fn in_detail(&mut self, key: Key) -> Option<Effect> {
        self.mode = Mode::Detail;
        match key {
            Key::Char('j') | Key::Down => {
                self.scrolled = (self.scrolled + 1).min(self.detail.len().saturating_sub(1));
            }
            Key::Char('k') | Key::Up => self.scrolled = self.scrolled.saturating_sub(1),
            Key::Char('q') | Key::Escape | Key::Enter => self.mode = Mode::List,
            Key::Char(_) | Key::Backspace => {}
        }
        None
    }
}
