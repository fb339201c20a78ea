//! What work will take, going by similar work that was finished: tokens, money and minutes, each as P50 and P90.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    budget::Spend,
    estimate::Price,
    history::{Level, TicketFact, WorkKind},
    id::TicketId,
    quantile::{FEWEST, Span},
    ticket::Ticket,
};

/// What a plan will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forecast {
    /// Tokens, in and out together.
    pub tokens: Span,
    /// Millionths of a US dollar, at the price of today where that is known.
    pub usd: Span,
    /// Milliseconds of work, tickets one after the other.
    pub millis: Span,
    /// The tickets, each with what it was compared to.
    pub tickets: Vec<TicketForecast>,
}

/// What a ticket will take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TicketForecast {
    /// Which ticket.
    pub ticket: TicketId,
    /// What it is like.
    pub kind: WorkKind,
    /// How alike the work was that it was compared to.
    pub level: Level,
    /// How many finished tickets that was.
    pub samples: u32,
    /// Tokens, in and out together.
    pub tokens: Span,
    /// Millionths of a US dollar, at the price of today where that is known.
    pub usd: Span,
    /// Milliseconds of work.
    pub millis: Span,
}

/// What these tickets will take, going by what was finished. None where fewer than [`FEWEST`] tickets were: then only
/// the formula of [`estimate`](crate::estimate::estimate) is left.
#[must_use]
pub fn forecast(tickets: &[Ticket], history: &[TicketFact], price: Option<Price>) -> Option<Forecast> {
    let tickets: Vec<TicketForecast> = tickets
        .iter()
        .map(|ticket| {
            let kind = WorkKind::of(ticket);
            let (level, alike) = similar(&kind, &history.iter())?;
            let span =
                |measure: &dyn Fn(&TicketFact) -> u64| Span::of(alike.iter().map(|f| measure(f)).collect());
            Some(TicketForecast {
                ticket: ticket.id.clone(),
                level,
                samples: u32::try_from(alike.len()).unwrap_or(u32::MAX),
                tokens: span(&|fact| fact.spend.tokens())?,
                usd: span(&|fact| cost(fact.spend, price))?,
                millis: span(&|fact| fact.millis)?,
                kind,
            })
        })
        .collect::<Option<_>>()?;
    let sum = |of: fn(&TicketForecast) -> Span| tickets.iter().map(of).fold(Span::default(), Span::plus);
    Some(Forecast { tokens: sum(|t| t.tokens), usd: sum(|t| t.usd), millis: sum(|t| t.millis), tickets })
}

/// The finished tickets that are most alike, and how alike they are: the first level at which there are enough.
pub(crate) fn similar<'a>(
    kind: &WorkKind,
    history: &(impl Iterator<Item = &'a TicketFact> + Clone),
) -> Option<(Level, Vec<&'a TicketFact>)> {
    Level::ALL.into_iter().find_map(|level| {
        let alike: Vec<_> = history.clone().filter(|fact| kind.is_like(&fact.kind, level)).collect();
        (alike.len() >= FEWEST).then_some((level, alike))
    })
}

/// What of the history was known at a time.
pub(crate) fn known_at(
    history: &[TicketFact],
    at: DateTime<Utc>,
) -> impl Iterator<Item = &TicketFact> + Clone {
    history.iter().filter(move |fact| fact.ended_at <= at)
}

/// What that use of tokens costs today; what it cost then, where today's price is not known.
fn cost(spend: Spend, price: Option<Price>) -> u64 {
    price.map_or(spend.usd, |price| price.of(spend)).0
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _};
    use proptest::prelude::*;

    use super::*;
    use crate::{MicroUsd, RunId, agent::Capability, budget::Spend, history::Size, skeleton, spec};

    fn fact(kind: &WorkKind, number: u32, tokens: u64) -> TicketFact {
        let began_at = Utc.timestamp_opt(1_780_000_000, 0).unwrap() + TimeDelta::minutes(i64::from(number));
        TicketFact {
            run: RunId::parse("run_1").unwrap(),
            ticket: TicketId::parse(format!("T-{number}")).unwrap(),
            kind: kind.clone(),
            spend: Spend { usd: MicroUsd(tokens / 10), tokens_in: tokens, tokens_out: 0, calls: 2 },
            millis: tokens * 7,
            attempts: 1,
            merged: true,
            began_at,
            ended_at: began_at + TimeDelta::seconds(30),
        }
    }

    fn tickets() -> Vec<Ticket> {
        let text = "# T\n\n## REQ-1: a\n\nFile `a.py`.\n\n```console\n$ python3 a.py\n1\n```\n";
        skeleton::draft(&spec::parse(text).unwrap(), None).tickets
    }

    #[test]
    fn without_enough_history_nothing_is_foretold() {
        let kind = WorkKind::of(&tickets()[0]);
        let history: Vec<_> = (1..9).map(|n| fact(&kind, n, 100)).collect();
        assert!(history.len() < FEWEST);
        assert_eq!(forecast(&tickets(), &history, None), None);
        assert_eq!(forecast(&tickets(), &[], None), None);
    }

    #[test]
    fn the_most_alike_work_that_is_enough_counts_and_its_level_is_said() {
        let kind = WorkKind::of(&tickets()[0]);
        let other = WorkKind { language: "go".to_owned(), ..kind.clone() };
        let large = WorkKind { size: Size::Large, ..kind.clone() };
        let test = kind.clone().asked_of(Capability::Test);
        let mut history: Vec<_> = (1..=9).map(|n| fact(&test, n, 9_000)).collect();
        let seen = |history: &[TicketFact]| {
            let found = forecast(&tickets(), history, None).unwrap().tickets.remove(0);
            (found.level, found.samples, found.tokens.p50)
        };
        assert_eq!(seen(&history), (Level::All, 9, 9_000));
        history.extend((10..=18).map(|n| fact(&large, n, 5_000)));
        assert_eq!(seen(&history), (Level::Capability, 9, 5_000));
        history.extend((20..=28).map(|n| fact(&other, n, 2_000)));
        assert_eq!(seen(&history), (Level::CapabilityAndSize, 9, 2_000));
        history.extend((30..=38).map(|n| fact(&kind, n, 1_000)));
        assert_eq!(seen(&history), (Level::Same, 9, 1_000));
    }

    #[test]
    fn money_is_counted_at_the_price_of_today() {
        let kind = WorkKind::of(&tickets()[0]);
        let history: Vec<_> = (1..=9).map(|n| fact(&kind, n, 1_000_000)).collect();
        let price = Price { input: MicroUsd(150_000), output: MicroUsd(600_000) };
        assert_eq!(forecast(&tickets(), &history, Some(price)).unwrap().usd.p50, 150_000);
        assert_eq!(forecast(&tickets(), &history, None).unwrap().usd.p50, 100_000);
    }

    proptest! {
        #[test]
        fn a_plan_takes_what_its_tickets_take(values in prop::collection::vec(0_u64..10_000, 9..40)) {
            let tickets = [tickets(), tickets()].concat();
            let kind = WorkKind::of(&tickets[0]);
            let history: Vec<_> = (1..).zip(values).map(|(n, tokens)| fact(&kind, n, tokens)).collect();
            let all = forecast(&tickets, &history, None).unwrap();
            for (whole, part) in [
                (all.tokens, all.tickets[0].tokens), (all.usd, all.tickets[0].usd), (all.millis, all.tickets[0].millis),
            ] {
                prop_assert!(whole.p50 <= whole.p90);
                prop_assert_eq!(whole, part.plus(part));
            }
        }
    }
}
