//! What one seed plays: a plan, how many nodes, and what the work of agents is really worth.

use std::collections::BTreeSet;

use swarm_domain::{
    PlanId, SpecId, TicketId,
    agent::Capability,
    budget::Budget,
    clash::{Seen, SeenKind},
    estimate::Estimate,
    plan::Plan,
    schedule,
    ticket::{Dependency, DependencyKind, Risk, Ticket},
    train,
};

use crate::chance::Chance;

#[derive(Debug, Clone)]
pub struct Scenario {
    pub chance: Chance,
    pub plan: Plan,
    pub seen: Vec<Seen>,
    pub nodes: usize,
    pub bounds: schedule::Bounds,
    pub train: train::Bounds,
    /// Pairs whose changes do not fit as text, where neither knew of the other.
    pub rivals: BTreeSet<(TicketId, TicketId)>,
    /// How often, of a thousand, an attempt breaks what others did.
    pub breaks: usize,
    /// How often, of a thousand, a proof says red though it is green.
    pub flaky: usize,
    /// How often, of a thousand ticks, something fails.
    pub trouble: usize,
}

fn id(at: usize) -> TicketId {
    TicketId::parse(format!("T-{at}")).unwrap()
}

impl Scenario {
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let count = 2 + chance.below(9);
        let tickets: Vec<Ticket> = (0..count)
            .map(|at| Ticket {
                id: id(at),
                title: String::new(),
                description: String::new(),
                requirements: Vec::new(),
                touches: vec![format!("f{at}.py")],
                depends_on: (0..at)
                    .filter(|_| chance.per_mille(250))
                    .map(|on| Dependency { on: id(on), kind: DependencyKind::Blocks })
                    .collect(),
                acceptance: Vec::new(),
                budget: Budget::default(),
                risk: Risk::Low,
                capability: Capability::Code,
            })
            .collect();
        let mut pairs = |often: usize| -> Vec<(usize, usize)> {
            let all = (0..count).flat_map(|a| (0..a).map(move |b| (b, a)));
            all.filter(|_| chance.per_mille(often)).collect()
        };
        let seen = pairs(80)
            .into_iter()
            .map(|(a, b)| Seen {
                kind: SeenKind::Clashed,
                ours: vec![format!("f{a}.py")],
                theirs: vec![format!("f{b}.py")],
            })
            .collect();
        let rivals = pairs(150).into_iter().map(|(a, b)| (id(a), id(b))).collect();
        let bounds =
            schedule::Bounds { max_parallel: 1 + chance.below(4), train_length: 1 + chance.below(6) };
        let train = train::Bounds {
            length: bounds.train_length,
            proofs: 1 + chance.below(4),
            mends: u32::try_from(chance.below(3)).unwrap(),
            races: 5,
        };
        Self {
            plan: Plan {
                id: PlanId::parse("plan_1").unwrap(),
                spec: SpecId::of_text("x"),
                tickets,
                estimate: Estimate::default(),
                model: String::new(),
            },
            seen,
            nodes: 2 + chance.below(3),
            bounds,
            train,
            rivals,
            breaks: chance.below(300),
            flaky: chance.below(100),
            trouble: chance.below(60),
            chance,
        }
    }
}
