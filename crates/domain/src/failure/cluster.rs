//! Failures with the same cause, taken together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FailureClass, hint, mast};
use crate::{
    id::{AttemptId, RunId, TicketId},
    money::MicroUsd,
};

/// A failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureFact {
    /// What kind.
    pub class: FailureClass,
    /// The code of its finding or problem.
    pub code: String,
    /// What it has in common with others.
    pub signature: String,
    /// What happened, as it was said then.
    pub detail: String,
    /// In which run.
    pub run: RunId,
    /// At which ticket.
    pub ticket: TicketId,
    /// Which attempt.
    pub attempt: AttemptId,
    /// What the attempt cost.
    pub usd: MicroUsd,
    /// When it ended.
    pub at: DateTime<Utc>,
}

/// Failures with the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cluster {
    /// What kind.
    pub class: FailureClass,
    /// The code of the finding or problem; has a section in the troubleshooting page.
    pub code: String,
    /// What they have in common.
    pub signature: String,
    /// The nearest mode of MAST, where one fits.
    pub mast: Option<String>,
    /// How many attempts failed so.
    pub count: u32,
    /// At how many tickets of how many runs, each ticket of a run counted once.
    pub tickets: u32,
    /// What these attempts cost.
    pub usd: MicroUsd,
    /// When it was seen first.
    pub first_seen: DateTime<Utc>,
    /// When it was seen last.
    pub last_seen: DateTime<Utc>,
    /// The latest of them.
    pub example: FailureExample,
    /// What to do about it.
    pub hint: String,
}

/// One failure of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailureExample {
    /// In which run.
    pub run: RunId,
    /// At which ticket.
    pub ticket: TicketId,
    /// Which attempt.
    pub attempt: AttemptId,
    /// What happened.
    pub detail: String,
}

/// Takes failures of the same class, code and signature together: the most frequent first, of equals the dearest.
#[must_use]
pub fn clusters(failures: &[FailureFact]) -> Vec<Cluster> {
    let mut groups: BTreeMap<(FailureClass, &str, &str), Vec<&FailureFact>> = BTreeMap::new();
    for failure in failures {
        groups.entry((failure.class, &failure.code, &failure.signature)).or_default().push(failure);
    }
    let mut clusters: Vec<Cluster> = groups.into_values().filter_map(|group| Cluster::of(&group)).collect();
    clusters.sort_by(|a, b| {
        (b.count, b.usd, b.last_seen, &a.signature).cmp(&(a.count, a.usd, a.last_seen, &b.signature))
    });
    clusters
}

impl Cluster {
    fn of(group: &[&FailureFact]) -> Option<Self> {
        let first = group.iter().min_by_key(|failure| failure.at)?;
        let last = group.iter().max_by_key(|failure| failure.at)?;
        let tickets: BTreeSet<_> = group.iter().map(|failure| (&failure.run, &failure.ticket)).collect();
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        Some(Self {
            class: last.class,
            code: last.code.clone(),
            signature: last.signature.clone(),
            mast: mast(&last.code).map(str::to_owned),
            count: number(group.len()),
            tickets: number(tickets.len()),
            usd: group.iter().map(|failure| failure.usd).sum(),
            first_seen: first.at,
            last_seen: last.at,
            example: FailureExample {
                run: last.run.clone(),
                ticket: last.ticket.clone(),
                attempt: last.attempt.clone(),
                detail: last.detail.clone(),
            },
            hint: hint(last.class, &last.code).to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _};
    use proptest::prelude::*;

    use super::*;

    fn failure(signature: u8, minute: u16, usd: u64) -> FailureFact {
        FailureFact {
            class: FailureClass::Verification,
            code: "acceptance_failed".to_owned(),
            signature: format!("s{signature}"),
            detail: format!("in minute {minute}"),
            run: RunId::parse("run_1").unwrap(),
            ticket: TicketId::parse(format!("T-{}", minute % 3)).unwrap(),
            attempt: AttemptId::parse(format!("T-{}.1", minute % 3)).unwrap(),
            usd: MicroUsd(usd),
            at: Utc.timestamp_opt(1_780_000_000, 0).unwrap() + TimeDelta::minutes(minute.into()),
        }
    }

    #[test]
    fn a_cluster_says_when_it_was_seen_what_it_cost_and_what_to_do() {
        assert_eq!(clusters(&[]), []);
        let found = clusters(&[failure(1, 9, 5), failure(2, 4, 500), failure(1, 3, 7)]);
        assert_eq!(found.len(), 2);
        let most = &found[0];
        assert_eq!((most.count, most.tickets, most.usd), (2, 1, MicroUsd(12)));
        assert_eq!(most.last_seen - most.first_seen, TimeDelta::minutes(6));
        assert_eq!(most.example.detail, "in minute 9");
        assert!(most.hint.contains("by hand") && most.mast.is_some());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_whatever_the_order(
            mut given in prop::collection::vec((0_u8..5, 0_u16..500, 0_u64..90), 0..40),
        ) {
            let facts = |given: &[(u8, u16, u64)]| given.iter().map(|(s, m, u)| failure(*s, *m, *u)).collect::<Vec<_>>();
            let found = clusters(&facts(&given));
            prop_assert_eq!(found.iter().map(|c| c.count as usize).sum::<usize>(), given.len());
            prop_assert_eq!(found.iter().map(|c| c.usd).sum::<MicroUsd>(), MicroUsd(given.iter().map(|g| g.2).sum()));
            prop_assert!(found.is_sorted_by(|a, b| a.count >= b.count));
            given.reverse();
            let again = clusters(&facts(&given));
            let seen = |all: &[Cluster]| all.iter().map(|c| (c.signature.clone(), c.count, c.first_seen)).collect::<Vec<_>>();
            prop_assert_eq!(seen(&found), seen(&again));
        }
    }
}
