//! A plan as people read it: what was understood, the tickets, the price range.

use std::fmt::Write;

use chrono::TimeDelta;
use swarm_client::types;
use swarm_domain::{
    MicroUsd, Problem,
    estimate::Estimate,
    forecast::Forecast,
    lint::Lint,
    plan::Plan,
    spec::{Spec, delta::DeltaCounts},
};

use crate::{
    progress::{plain, short_duration, tokens},
    table::table,
};

/// What was understood of a spec. What was not is in [`lint`].
pub(super) fn requirements(spec: &Spec) -> String {
    let mut text = format!("{}\n\n", plain(&spec.title));
    let rows = spec.requirements.iter().map(|r| {
        let waits: Vec<_> = r.depends_on.iter().map(ToString::to_string).collect();
        [
            r.id.to_string(),
            r.title.clone(),
            waits.join(", "),
            r.acceptance.len().to_string(),
            r.line.to_string(),
        ]
    });
    text.push_str(&table(["requirement", "", "after", "commands", "line"], rows));
    text
}

/// The tickets of a plan, and what it may cost.
pub(super) fn tickets(plan: &Plan) -> String {
    let rows = plan.tickets.iter().map(|t| {
        let serves: Vec<_> = t.requirements.iter().map(ToString::to_string).collect();
        let waits: Vec<_> = t.depends_on.iter().map(|d| format!("{} ({})", d.on, d.kind)).collect();
        [t.id.to_string(), t.title.clone(), serves.join(", "), t.touches.join(", "), waits.join(", ")]
    });
    let text = table(["ticket", "", "serves", "may touch", "after"], rows);
    format!("{text}\n\n{}", price(&plan.estimate))
}

/// How much of a spec changed.
pub(super) fn counts(counts: DeltaCounts) -> String {
    let told = [
        (counts.modified, "changed"),
        (counts.added, "added"),
        (counts.removed, "removed"),
        (counts.unchanged, "unchanged"),
    ];
    let told: Vec<_> = told.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    told.join(", ")
}

/// What an earlier run has done already, and what it leaves behind.
pub(super) fn continues(found: &types::PlanContinuation, tickets: usize) -> String {
    let number = |n: u64| usize::try_from(n).unwrap_or_default();
    let counted = DeltaCounts {
        added: number(found.counts.added),
        modified: number(found.counts.modified),
        removed: number(found.counts.removed),
        unchanged: number(found.counts.unchanged),
    };
    let carried = found.carried.len();
    let mut text = format!(
        "{}: {} tickets to do, {carried} carried from {}",
        counts(counted),
        tickets.saturating_sub(carried),
        found.run
    );
    for left in &found.leftovers {
        let _ = write!(
            text,
            "\n{} ({}) is asked for no more; its code stays until you take it out: {}",
            left.requirement,
            plain(&left.title),
            if left.files.is_empty() { "no file".to_owned() } else { left.files.join(", ") }
        );
    }
    text
}

fn price(estimate: &Estimate) -> String {
    if let Some(history) = &estimate.history {
        return forecast(history, estimate.finished);
    }
    let by_formula = formula(estimate);
    if estimate.finished == 0 {
        return by_formula;
    }
    let (finished, fewest) = (estimate.finished, swarm_domain::quantile::FEWEST);
    format!(
        "{by_formula}\nby formula: {finished} of the {fewest} finished tickets that an estimate from history takes"
    )
}

/// What similar work took.
fn forecast(history: &Forecast, finished: u32) -> String {
    let Forecast { tokens: used, usd, millis, tickets } = history;
    let time =
        |millis: u64| short_duration(TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX)));
    let money = match usd.p90 {
        0 => "at no cost, or at a price that is not known".to_owned(),
        _ => format!("{} to {}", MicroUsd(usd.p50), MicroUsd(usd.p90)),
    };
    let mut levels: Vec<_> = tickets.iter().map(|ticket| ticket.level).collect();
    levels.sort_unstable();
    let said = levels.chunk_by(|a, b| a == b).map(|same| format!("{} by {}", same.len(), same[0]));
    format!(
        "expected: {money} ({} to {} tokens, {} to {} of work): P50 to P90 of {finished} finished tickets\n\
         compared: {}",
        tokens(used.p50),
        tokens(used.p90),
        time(millis.p50),
        time(millis.p90),
        said.collect::<Vec<_>>().join(", ")
    )
}

fn formula(estimate: &Estimate) -> String {
    let Estimate { tokens_low, tokens_high, usd_low, usd_high, .. } = *estimate;
    let range = format!("{} to {} tokens", tokens(tokens_low), tokens(tokens_high));
    if usd_high == MicroUsd::ZERO {
        return format!("expected: {range}; the model costs nothing, or its price is not known");
    }
    format!(
        "expected: {usd_low} to {usd_high} ({range}): the low end if all goes right at once, the high end if every ticket needs every attempt"
    )
}

/// What the lint found, blocking faults first.
pub(super) fn lint(found: &[Lint]) -> String {
    let mut found: Vec<_> = found.iter().collect();
    found.sort_by_key(|l| std::cmp::Reverse(l.severity));
    let mut text = String::new();
    for one in found {
        let about = one.ticket.as_ref().map(ToString::to_string);
        let about = about.or_else(|| one.requirement.as_ref().map(ToString::to_string));
        let about = about.map(|id| format!(" {id}")).unwrap_or_default();
        let severity = format!("{:?}", one.severity).to_lowercase();
        let _ =
            writeln!(text, "{severity} {}{about}: {}\n  {}", one.code, plain(&one.detail), plain(&one.fix));
    }
    text
}

/// What is said where the lint blocks.
pub(super) fn blocked(count: usize) -> Problem {
    Problem::new(
        "plan.blocked",
        format!("{count} of the findings block the plan"),
        "change the spec as each finding says, then run `swarm plan lint` on it again",
    )
}
