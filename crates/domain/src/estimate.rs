//! What a plan is expected to cost, before any work is done.

use serde::{Deserialize, Serialize};

use crate::{
    budget::{Budget, Spend},
    forecast::{self, Forecast},
    history::TicketFact,
    money::MicroUsd,
    ticket::Ticket,
};

/// A range: the low end if everything goes right at once, the high end if every ticket needs all its attempts. Beside
/// it, what past work says, where there was enough of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Estimate {
    /// Tokens if each ticket succeeds at once.
    pub tokens_low: u64,
    /// Tokens if each ticket needs every attempt.
    pub tokens_high: u64,
    /// The price of the low end.
    pub usd_low: MicroUsd,
    /// The price of the high end.
    pub usd_high: MicroUsd,
    /// What similar work took before, as P50 and P90; absent where too little was finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Forecast>,
    /// How many finished tickets there were to go by.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub finished: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What a model charges, in US-dollar millionths for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// For tokens that go in.
    pub input: MicroUsd,
    /// For tokens that come out.
    pub output: MicroUsd,
}

/// Bytes of English or code that make a token, about.
const BYTES_PER_TOKEN: u64 = 4;
/// The agent's own instructions and the descriptions of its tools.
const INSTRUCTIONS: u64 = 1_200;
/// Words around the code in a reply.
const REPLY: u64 = 200;
/// One file of a ticket's usual size, written whole.
const FILE: u64 = 500;
/// One tool call and its answer, or one piece of evidence that comes back.
const EXCHANGE: u64 = 300;
/// Model calls of an attempt in which everything goes right: write, then finish.
const TURNS_LOW: u64 = 2;
/// Model calls of an attempt that reads, writes, runs and mends.
const TURNS_HIGH: u64 = 6;
/// No ticket is given less: a first reply of a talkative model must not end it.
const SMALLEST_BUDGET: u64 = 40_000;

/// What the tickets are expected to cost when each gets up to `attempts` attempts at this price.
///
/// The prompt of a ticket is its instructions (1200 tokens) and its texts at four bytes a token. Each of *t* turns
/// sends the prompt and all that was said before, so that
/// `in = t · prompt + 300 · (0 + 1 + … + t-1)`, `out = t · 200 + 500 · files`.
/// The low end is one attempt of two turns, the high end `attempts` attempts of six.
#[must_use]
pub fn estimate(tickets: &[Ticket], attempts: u32, price: Price) -> Estimate {
    let total = |turns, attempts| {
        tickets.iter().fold(Spend::default(), |sum, ticket| sum.plus(expected(ticket, turns, attempts)))
    };
    let low = total(TURNS_LOW, 1);
    let high = total(TURNS_HIGH, attempts.max(1));
    Estimate {
        tokens_low: low.tokens(),
        tokens_high: high.tokens(),
        usd_low: price.of(low),
        usd_high: price.of(high),
        ..Estimate::default()
    }
}

impl Estimate {
    /// The same, with what past work says beside it. `price` is today's, where it is known.
    #[must_use]
    pub fn with_history(self, tickets: &[Ticket], history: &[TicketFact], price: Option<Price>) -> Self {
        let finished = u32::try_from(history.len()).unwrap_or(u32::MAX);
        Self { history: forecast::forecast(tickets, history, price), finished, ..self }
    }
}

/// The budget of a ticket that sets none: twice the tokens that `attempts` long attempts are expected to take, in
/// whole thousands and at least 40,000. Money is left to the run's budget, since the price depends on the model.
#[must_use]
pub fn ticket_budget(ticket: &Ticket, attempts: u32) -> Budget {
    let expected = expected(ticket, TURNS_HIGH, attempts.max(1)).tokens().saturating_mul(2);
    let rounded = expected.div_ceil(1_000).saturating_mul(1_000);
    Budget { usd: None, tokens: Some(rounded.max(SMALLEST_BUDGET)) }
}

impl Price {
    /// What this many tokens cost, the two directions each rounded up.
    #[must_use]
    pub fn of(self, spend: Spend) -> MicroUsd {
        MicroUsd::for_tokens(spend.tokens_in, self.input)
            + MicroUsd::for_tokens(spend.tokens_out, self.output)
    }
}

fn expected(ticket: &Ticket, turns: u64, attempts: u32) -> Spend {
    let checks = ticket.acceptance.iter().map(|c| {
        let texts = [Some(&c.check.command), c.check.stdout.as_ref(), c.check.stderr_contains.as_ref()];
        texts.into_iter().flatten().map(String::len).sum::<usize>()
    });
    let bytes = ticket.title.len() + ticket.description.len() + checks.sum::<usize>();
    let prompt = INSTRUCTIONS + (bytes as u64).div_ceil(BYTES_PER_TOKEN);
    let files = (ticket.touches.len() as u64).max(1);
    let attempts = u64::from(attempts);
    let tokens_in = turns * prompt + EXCHANGE * (turns * (turns - 1) / 2);
    let tokens_out = turns * REPLY + files * FILE;
    Spend {
        usd: MicroUsd::ZERO,
        tokens_in: tokens_in.saturating_mul(attempts),
        tokens_out: tokens_out.saturating_mul(attempts),
        calls: turns.saturating_mul(attempts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{skeleton, spec};

    const PRICE: Price = Price { input: MicroUsd(150_000), output: MicroUsd(600_000) };

    fn tickets(text: &str) -> Vec<Ticket> {
        let spec =
            format!("# T\n\n## REQ-1: a\n\n{text}\n\nFile `a.py`.\n\n```console\n$ python3 a.py\n1\n```\n");
        skeleton::draft(&spec::parse(&spec).unwrap(), None).tickets
    }

    #[test]
    fn nothing_to_do_costs_nothing() {
        assert_eq!(estimate(&[], 5, PRICE), Estimate::default());
    }

    #[test]
    fn the_formula_is_the_one_that_is_documented() {
        let tickets = tickets("It adds.");
        let bytes = tickets[0].title.len() + tickets[0].description.len() + "python3 a.py".len() + "1".len();
        let prompt = 1200 + (bytes as u64).div_ceil(4);
        let estimate = estimate(&tickets, 3, PRICE);
        assert_eq!(estimate.tokens_low, (2 * prompt + 300) + (2 * 200 + 500));
        assert_eq!(estimate.tokens_high, 3 * ((6 * prompt + 300 * 15) + (6 * 200 + 500)));
        assert!(estimate.usd_low > MicroUsd::ZERO && estimate.usd_low < estimate.usd_high);
    }

    #[test]
    fn more_to_read_costs_more() {
        let (short, long) = (tickets("It adds."), tickets(&"It adds. ".repeat(500)));
        assert!(estimate(&short, 1, PRICE).tokens_low < estimate(&long, 1, PRICE).tokens_low);
        assert!(ticket_budget(&short[0], 5).tokens <= ticket_budget(&long[0], 5).tokens);
    }

    #[test]
    fn a_budget_covers_the_high_end_and_is_never_tiny() {
        let tickets = tickets("It adds.");
        let high = estimate(&tickets, 5, PRICE).tokens_high;
        assert!(ticket_budget(&tickets[0], 5).tokens >= Some(high));
        assert!(ticket_budget(&tickets[0], 0).tokens >= Some(SMALLEST_BUDGET));
    }
}
