//! Which tickets would likely clash, told before either is begun: from the files that they may touch, and from what
//! clashed or was changed together in earlier runs. Likely clashes are worked on one after the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{graph, id::TicketId, plan::Plan, scope::Scope, ticket::Ticket};

/// From this score on, of a thousand, two tickets are not worked on at once.
pub const LIKELY_MILLI: u32 = 500;

/// Above this number of tickets nothing is predicted: the train finds out all the same.
const MOST_TICKETS: usize = 1_000;

/// What the same named file is worth, and what patterns that may meet are worth.
const SAME_FILE_MILLI: u32 = 1_000;
const PATTERNS_MEET_MILLI: u32 = 600;

/// One thing that was seen in an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// What was seen.
    pub kind: SeenKind,
    /// The files of the one side.
    pub ours: Vec<String>,
    /// The files of the other.
    pub theirs: Vec<String>,
}

/// The kinds of what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenKind {
    /// Both sides did not fit together, or were red together.
    Clashed,
    /// One piece of work changed both.
    Together,
}

/// Why two tickets would likely clash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// How likely, of a thousand. A rank, no probability.
    pub score_milli: u32,
    /// Why, for people.
    pub why: String,
}

/// The likely clashes among the tickets of a plan.
#[derive(Debug, Clone, Default)]
pub struct Forecast(BTreeMap<(TicketId, TicketId), Clash>);

impl Forecast {
    /// The likely clashes of a plan. Tickets that wait for each other anyway have none.
    #[must_use]
    pub fn of(plan: &Plan, seen: &[Seen]) -> Self {
        if plan.tickets.len() > MOST_TICKETS {
            return Self::default();
        }
        let order = graph::of_tickets(&plan.tickets);
        let scopes: Vec<_> =
            plan.tickets.iter().filter_map(|t| Some((t, Scope::new(&t.touches).ok()?))).collect();
        let mut likely = BTreeMap::new();
        for (at, (first, ours)) in scopes.iter().enumerate() {
            for (second, theirs) in &scopes[at + 1..] {
                let clash = score((first, ours), (second, theirs), seen);
                if let Some(clash) = clash.filter(|clash| clash.score_milli >= LIKELY_MILLI)
                    && !order.reaches(&first.id, &second.id)
                    && !order.reaches(&second.id, &first.id)
                {
                    likely.insert(pair(&first.id, &second.id), clash);
                }
            }
        }
        Self(likely)
    }

    /// Why these two would likely clash, if they would.
    #[must_use]
    pub fn between(&self, one: &TicketId, other: &TicketId) -> Option<&Clash> {
        self.0.get(&pair(one, other))
    }

    /// How many pairs would likely clash.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no pair would.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn pair(one: &TicketId, other: &TicketId) -> (TicketId, TicketId) {
    if one <= other { (one.clone(), other.clone()) } else { (other.clone(), one.clone()) }
}

/// The stronger of what the scopes say and of what was seen.
fn score(one: (&Ticket, &Scope), other: (&Ticket, &Scope), seen: &[Seen]) -> Option<Clash> {
    let by_scope = by_scope(one.1, other.1);
    let by_history = by_history(one.1, other.1, seen);
    match (by_scope, by_history) {
        (Some(a), Some(b)) => Some(if b.score_milli > a.score_milli { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn by_scope(ours: &Scope, theirs: &Scope) -> Option<Clash> {
    if !ours.overlaps(theirs) {
        return None;
    }
    if let Some(file) = ours.files().find(|file| theirs.files().any(|other| other == *file)) {
        return Some(Clash { score_milli: SAME_FILE_MILLI, why: format!("both may change {file}") });
    }
    let why = format!("both may change files of {} and {}", shown(ours), shown(theirs));
    Some(Clash { score_milli: PATTERNS_MEET_MILLI, why })
}

/// Each clash weighs twice as much as a change to both; the more there were the nearer to certain.
fn by_history(ours: &Scope, theirs: &Scope, seen: &[Seen]) -> Option<Clash> {
    let allowed = |scope: &Scope, files: &[String]| files.iter().find(|file| scope.allows(file)).cloned();
    let (mut weight, mut clashed, mut named) = (0_u32, 0_u32, None);
    for one in seen {
        let found = allowed(ours, &one.ours)
            .zip(allowed(theirs, &one.theirs))
            .or_else(|| allowed(ours, &one.theirs).zip(allowed(theirs, &one.ours)));
        // A file that only one side may change says nothing about the two of them.
        let Some(found) = found else { continue };
        let is_clash = one.kind == SeenKind::Clashed;
        weight = weight.saturating_add(if is_clash { 2 } else { 1 });
        clashed += u32::from(is_clash);
        if named.is_none() || (is_clash && clashed == 1) {
            named = Some(found);
        }
    }
    let (a, b) = named?;
    let how = if clashed > 0 { "clashed" } else { "were changed together" };
    let files = if a == b { format!("changes of {a}") } else { format!("{a} and {b}") };
    let score = u64::from(weight) * 1_000 / (u64::from(weight) + 2);
    Some(Clash {
        score_milli: u32::try_from(score).unwrap_or(1_000),
        why: format!("{files} {how} in an earlier run"),
    })
}

fn shown(scope: &Scope) -> String {
    let first: Vec<_> = scope.globs().iter().take(3).map(String::as_str).collect();
    first.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        agent::Capability,
        budget::Budget,
        estimate::Estimate,
        id::{PlanId, SpecId},
        ticket::{Dependency, DependencyKind, Risk},
    };

    fn ticket(id: &str, touches: &[&str]) -> Ticket {
        Ticket {
            id: TicketId::parse(id).unwrap(),
            title: id.to_owned(),
            description: String::new(),
            requirements: Vec::new(),
            touches: touches.iter().map(|&glob| glob.to_owned()).collect(),
            depends_on: Vec::new(),
            acceptance: Vec::new(),
            budget: Budget::default(),
            risk: Risk::Low,
            capability: Capability::Code,
        }
    }

    fn plan(tickets: Vec<Ticket>) -> Plan {
        Plan {
            id: PlanId::parse("plan_1").unwrap(),
            spec: SpecId::of_text("x"),
            tickets,
            estimate: Estimate::default(),
            model: "computed".to_owned(),
        }
    }

    fn seen(kind: SeenKind, ours: &str, theirs: &str) -> Seen {
        Seen { kind, ours: vec![ours.to_owned()], theirs: vec![theirs.to_owned()] }
    }

    fn between(plan: &Plan, history: &[Seen]) -> Option<Clash> {
        Forecast::of(plan, history).between(&plan.tickets[1].id, &plan.tickets[0].id).cloned()
    }

    #[test]
    fn two_that_may_write_the_same_file_would_clash_and_two_that_may_not_would_not() {
        let same = plan(vec![ticket("T-a", &["a.py", "shared.py"]), ticket("T-b", &["shared.py"])]);
        assert!(between(&same, &[]).unwrap().why.contains("shared.py"));
        let apart = plan(vec![ticket("T-a", &["a.py"]), ticket("T-b", &["b.py"])]);
        assert_eq!(between(&apart, &[]), None);
        let patterns = plan(vec![ticket("T-a", &["src/*.py"]), ticket("T-b", &["src/b*.py"])]);
        assert!(between(&patterns, &[]).is_some());
    }

    #[test]
    fn what_clashed_once_is_ordered_the_next_time_and_one_change_to_both_is_not_enough() {
        let plan = plan(vec![ticket("T-a", &["api.py"]), ticket("T-b", &["cli.py"])]);
        let once = [seen(SeenKind::Clashed, "cli.py", "api.py")];
        assert!(between(&plan, &once).unwrap().why.contains("clashed"));
        let together = seen(SeenKind::Together, "api.py", "cli.py");
        assert_eq!(between(&plan, std::slice::from_ref(&together)), None);
        assert!(between(&plan, &[together.clone(), together]).is_some());
        assert_eq!(between(&plan, &[seen(SeenKind::Clashed, "cli.py", "other.py")]), None);
    }

    #[test]
    fn tickets_that_wait_for_each_other_anyway_need_no_forecast() {
        let mut second = ticket("T-b", &["a.py"]);
        let on = TicketId::parse("T-a").unwrap();
        second.depends_on = vec![Dependency { on, kind: DependencyKind::SameFile }];
        assert!(Forecast::of(&plan(vec![ticket("T-a", &["a.py"]), second]), &[]).is_empty());
    }

    proptest! {
        #[test]
        fn the_forecast_is_the_same_either_way_round_and_more_history_never_makes_it_milder(
            a in "[ab]\\.py", b in "[bc]\\.py",
            history in prop::collection::vec((any::<bool>(), "[abc]\\.py", "[abc]\\.py"), 0..6),
        ) {
            let history: Vec<_> = history
                .iter()
                .map(|(clash, x, y)| seen(if *clash { SeenKind::Clashed } else { SeenKind::Together }, x, y))
                .collect();
            let there = plan(vec![ticket("T-a", &[&a]), ticket("T-b", &[&b])]);
            let back = plan(vec![ticket("T-b", &[&b]), ticket("T-a", &[&a])]);
            let score = |plan: &Plan, history: &[Seen]| between(plan, history).map_or(0, |c| c.score_milli);
            prop_assert_eq!(score(&there, &history), score(&back, &history));
            let before = history.split_last().map_or(&history[..], |(_, rest)| rest);
            prop_assert!(score(&there, before) <= score(&there, &history));
            prop_assert!(score(&there, &history) <= 1_000);
        }
    }
}
