//! The figures by name, as monitoring systems take them.

use std::fmt;

use super::Vitals;

/// One figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Its name: letters and underscores, with its unit behind it.
    pub name: &'static str,
    /// What it tells, in a sentence.
    pub help: &'static str,
    /// How it moves.
    pub kind: FigureKind,
    /// What tells it from others of the same name.
    pub labels: Vec<(&'static str, String)>,
    /// How much.
    pub value: FigureValue,
}

/// How a figure moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureKind {
    /// Up and down.
    Gauge,
    /// Only up, until the process ends.
    Counter,
    /// A part of a histogram: its name ends in `_bucket`, `_sum` or `_count`.
    Histogram,
}

/// How much. Whole numbers, so that it is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureValue {
    /// So many.
    Whole(u64),
    /// So many thousandths.
    Milli(u64),
    /// So many millionths.
    Micro(u64),
}

impl fmt::Display for FigureValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Milli(milli) => write!(f, "{}.{:03}", milli / 1_000, milli % 1_000),
            Self::Micro(micro) => write!(f, "{}.{:06}", micro / 1_000_000, micro % 1_000_000),
        }
    }
}

/// Every figure of a look, those of the same name behind one another.
#[must_use]
pub fn figures(vitals: &Vitals) -> Vec<Figure> {
    let mut all = work(vitals);
    all.extend(trouble(vitals));
    all.extend(sandboxes(vitals));
    all
}

fn gauge(name: &'static str, help: &'static str, value: FigureValue) -> Figure {
    Figure { name, help, kind: FigureKind::Gauge, labels: Vec::new(), value }
}

fn work(vitals: &Vitals) -> Vec<Figure> {
    use FigureValue::{Micro, Milli, Whole};
    let (queue, work) = (&vitals.queue, &vitals.work);
    let mut all = vec![
        gauge("swarm_tickets_waiting", "Tickets that wait for hands.", Whole(queue.waiting.into())),
        gauge("swarm_tickets_working", "Tickets that are worked on.", Whole(queue.working.into())),
        gauge(
            "swarm_queue_age_seconds",
            "How long the oldest ticket has waited.",
            Whole(queue.oldest_waiting_seconds),
        ),
        gauge("swarm_recent_window_seconds", "What is recent.", Whole(vitals.window_seconds)),
        gauge("swarm_recent_tickets_merged", "Tickets that were merged recently.", Whole(work.merged)),
        gauge("swarm_recent_attempts", "Attempts that ended recently.", Whole(work.attempts)),
        gauge(
            "swarm_recent_attempts_accepted",
            "Attempts that ended recently and were accepted.",
            Whole(work.accepted),
        ),
        gauge("swarm_recent_model_calls", "Calls of models recently.", Whole(work.calls)),
        gauge("swarm_recent_spend_usd", "What calls of models cost recently.", Micro(work.usd.0)),
    ];
    if let Some(usd) = work.usd_a_ticket() {
        all.push(gauge("swarm_recent_ticket_usd", "What a ticket cost that was merged.", Micro(usd.0)));
    }
    if let Some(milli) = work.rework_milli() {
        all.push(gauge(
            "swarm_recent_rework_ratio",
            "The part of attempts that were not a ticket's first.",
            Milli(milli),
        ));
    }
    let used = vitals.budget.as_ref().map_or(0, |budget| budget.used_percent);
    all.push(gauge(
        "swarm_budget_used_ratio",
        "The greatest part of its budget that a running run has used.",
        Milli(used.saturating_mul(10)),
    ));
    all
}

fn trouble(vitals: &Vitals) -> Vec<Figure> {
    let (trouble, models) = (&vitals.trouble, &vitals.models);
    let failures = |part: &str, count| Figure {
        labels: vec![("part", part.to_owned())],
        ..gauge(
            "swarm_recent_step_failures",
            "Steps that failed recently, tried again or not.",
            FigureValue::Whole(count),
        )
    };
    let whole = |name, help, count| gauge(name, help, FigureValue::Whole(count));
    vec![
        failures("sandbox", trouble.sandbox),
        failures("model", trouble.model),
        failures("other", trouble.other),
        whole(
            "swarm_recent_microvms_replaced",
            "Steps done again in another microVM recently.",
            trouble.replaced,
        ),
        whole("swarm_recent_loops", "Attempts that went round in circles recently.", trouble.loops),
        whole("swarm_recent_budgets_reached", "Calls that a budget stopped recently.", trouble.budgets),
        whole("swarm_models", "Models that are known.", models.known.into()),
        whole("swarm_models_resting", "Models that rest because they fail.", models.resting.into()),
        whole("swarm_model_calls_in_flight", "Calls of models that run.", models.in_flight.into()),
        whole(
            "swarm_model_calls_waiting",
            "Calls of models that wait for their turn.",
            models.waiting.into(),
        ),
    ]
}

/// A count of one kind of sandbox.
type Count = fn(&super::SandboxKindVitals) -> u64;

fn sandboxes(vitals: &Vitals) -> Vec<Figure> {
    use FigureKind::{Counter, Gauge, Histogram};
    use FigureValue::{Milli, Whole};
    let found = &vitals.sandboxes;
    let mut all = Vec::new();
    let columns: [(_, _, _, Count); 3] = [
        ("swarm_sandboxes", "Sandboxes that are there.", Gauge, |kind| kind.there),
        ("swarm_sandboxes_begun_total", "Sandboxes that were begun.", Counter, |kind| kind.begun),
        ("swarm_sandboxes_ended_total", "Sandboxes that are gone.", Counter, |kind| kind.ended),
    ];
    for (name, help, moves, count) in columns {
        all.extend(found.kinds.iter().map(|kind| Figure {
            name,
            help,
            kind: moves,
            labels: vec![("kind", kind.kind.word().to_owned()), ("rung", found.rung.clone())],
            value: Whole(count(kind)),
        }));
    }
    all.push(Figure {
        kind: Counter,
        ..gauge("swarm_guests_unheard_total", "Machines whose guest never said a word.", Whole(found.unheard))
    });
    let help = "How long each stage of a sandbox took.";
    for one in &found.stages {
        let part = |name, bound: Option<String>, value| Figure {
            name,
            help,
            kind: Histogram,
            labels: std::iter::once(("stage", one.stage.word().to_owned()))
                .chain(bound.map(|bound| ("le", bound)))
                .collect(),
            value,
        };
        let bucket = "swarm_sandbox_stage_seconds_bucket";
        all.extend(
            one.took.up_to().map(|(bound, count)| part(bucket, Some(Milli(bound).to_string()), Whole(count))),
        );
        let count = Whole(one.took.count());
        all.push(part(bucket, Some("+Inf".to_owned()), count));
        all.push(part("swarm_sandbox_stage_seconds_sum", None, Milli(one.took.sum_ms)));
        all.push(part("swarm_sandbox_stage_seconds_count", None, count));
    }
    // As exposition formats want it: each name in one place.
    all.sort_by_key(|figure| figure.name);
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        MicroUsd,
        vitals::{
            Histogram, SandboxKind, SandboxKindVitals, SandboxStage, SandboxVitals, StageVitals, WorkVitals,
        },
    };

    #[test]
    fn each_figure_stands_once_and_is_exact() {
        let mut took = Histogram::default();
        took.add(7);
        let kind = |kind| SandboxKindVitals { kind, there: 1, begun: 3, ended: 2 };
        let vitals = Vitals {
            work: WorkVitals {
                merged: 2,
                attempts: 3,
                reworked: 1,
                usd: MicroUsd(1_500_000),
                ..WorkVitals::default()
            },
            sandboxes: SandboxVitals {
                rung: "qemu".to_owned(),
                kinds: vec![kind(SandboxKind::Microvm), kind(SandboxKind::Process)],
                unheard: 0,
                stages: [SandboxStage::ColdBoot, SandboxStage::Life]
                    .map(|stage| StageVitals { stage, took: took.clone() })
                    .to_vec(),
            },
            ..Vitals::default()
        };
        let all = figures(&vitals);
        let known: BTreeSet<_> = all.iter().map(|one| (one.name, format!("{:?}", one.labels))).collect();
        assert_eq!(known.len(), all.len());
        let said = |name: &str| all.iter().find(|one| one.name == name).unwrap().value.to_string();
        assert_eq!(said("swarm_recent_ticket_usd"), "0.750000");
        assert_eq!(said("swarm_recent_rework_ratio"), "0.333");
        assert_eq!(said("swarm_sandbox_stage_seconds_sum"), "0.007");
        for one in &all {
            assert!(one.name.starts_with("swarm_") && one.help.ends_with('.'), "{one:?}");
        }
        let names: Vec<_> = all.iter().map(|one| one.name).collect();
        let mut runs = names.clone();
        runs.dedup();
        assert_eq!(runs.len(), names.iter().collect::<BTreeSet<_>>().len(), "those of a name stand together");
    }
}
