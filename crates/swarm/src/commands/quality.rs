//! `swarm quality`.

use std::fmt::Write;

use swarm_client::types;
use swarm_domain::quality::{
    AttemptQuality, Part, PartScore, Quality, QualityBy, QualityGroup, QualityReport, TrendPoint,
};

use crate::{
    args::QualityArgs,
    context::Context,
    door,
    exit::{Exit, Result},
    output,
    progress::plain,
    table::{local, table},
    wire,
};

pub(super) async fn run(context: &Context, args: QualityArgs) -> Result<Exit> {
    let run = args.run.map(|run| run.to_string());
    let found = door::reading(context, async |client| {
        Ok(client.quality(run.as_deref(), Some(args.by.name())).await?)
    })
    .await?;
    if context.output.document(&found)? {
        return Ok(Exit::Done);
    }
    let report: QualityReport = wire::read(&found)?;
    output::line(in_words(&report, run.is_some()).trim_end())?;
    Ok(Exit::Done)
}

/// The score of a run's work in a line; nothing where none was measured.
pub(super) fn of_run(found: &types::QualityReport) -> Result<String> {
    let report: QualityReport = wire::read(found)?;
    Ok(match report.score {
        Some(score) => format!("  quality: {}\n", scored(score, report.attempts, &report.trend)),
        None => String::new(),
    })
}

fn scored(score: u32, attempts: u32, trend: &[TrendPoint]) -> String {
    let of =
        if attempts == 1 { "1 accepted attempt".to_owned() } else { format!("{attempts} accepted attempts") };
    let line = if trend.len() > 1 { format!("  {}", sparkline(trend)) } else { String::new() };
    format!("{score} of 100 over {of}{line}")
}

fn in_words(report: &QualityReport, one_by_one: bool) -> String {
    let Some(score) = report.score else {
        return "no accepted attempt was measured yet".to_owned();
    };
    let mut text = scored(score, report.attempts, &report.trend);
    let by = match report.by {
        QualityBy::Agent => "agent",
        QualityBy::Model => "model",
        QualityBy::Capability => "capability",
    };
    let head = [by, "attempts", "score", "lowest", "trend", "by part"];
    let _ = write!(text, "\n\n{}", table(head, report.groups.iter().map(row)));
    if one_by_one {
        let rows = report.items.iter().map(|item| {
            [
                item.attempt.to_string(),
                local(item.at),
                format!("{} on {}", item.agent, item.model),
                item.quality.score.to_string(),
                weakest(item),
            ]
        });
        let _ = write!(text, "\n\n{}", table(["attempt", "measured", "by", "score", "weakest"], rows));
    }
    text
}

fn row(group: &QualityGroup) -> [String; 6] {
    [
        group.name.clone(),
        group.attempts.to_string(),
        group.score.to_string(),
        group.lowest.to_string(),
        sparkline(&group.trend),
        points(&group.parts),
    ]
}

fn points(parts: &[PartScore]) -> String {
    let each: Vec<_> =
        parts.iter().map(|PartScore { part, points, .. }| format!("{part} {points}")).collect();
    each.join(", ")
}

/// The score of an attempt with its parts, and what its weakest part is about.
pub(super) fn of_attempt(item: &AttemptQuality) -> String {
    let Quality { score, parts } = &item.quality;
    let mut text = format!("  quality: {score} of 100 ({})", points(parts));
    let weakest = weakest(item);
    if !weakest.is_empty() {
        let _ = write!(text, "\n    weakest: {weakest}");
    }
    text
}

/// What keeps the weakest part from all its points, in a few words.
fn weakest(item: &AttemptQuality) -> String {
    let Some(PartScore { part, points, .. }) = item.quality.weakest() else { return String::new() };
    let measures = &item.measures;
    let what = match part {
        Part::Complexity if measures.worst_at.is_some() => {
            let at = measures.worst_at.as_deref().unwrap_or_default();
            format!("{} paths through {at}", measures.worst)
        }
        Part::Complexity => format!("{} files could not be read", measures.unread),
        Part::Duplication => {
            let at = measures.clone_at.as_deref().map(|at| format!(": {at}")).unwrap_or_default();
            format!("{} of {} tokens are there already{at}", measures.duplicated, measures.tokens)
        }
        Part::Tests => {
            format!("{} of {} faults made on purpose were noticed", measures.killed, measures.mutants)
        }
        Part::Gate => format!("{} warnings of the gate", measures.warnings),
        Part::Size => format!("{} lines, {} long functions", measures.lines, measures.long),
        Part::Rework => format!("{} attempts were sent back", item.sent_back),
    };
    plain(&format!("{part} {points}, {what}"))
}

/// A bar for each point, as high as its score: eight heights from 0 to 100.
fn sparkline(trend: &[TrendPoint]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    trend.iter().map(|point| HEIGHTS[(point.score.min(100) * 7 / 100) as usize]).collect()
}

#[cfg(test)]
mod tests {
    use swarm_domain::{AttemptId, CommitId, RunId, TicketId, agent::Capability, quality::Measures};

    use super::*;

    fn item(number: u32, measures: Measures) -> AttemptQuality {
        let ticket = TicketId::parse("T-1").unwrap();
        AttemptQuality {
            run: RunId::parse("run_1").unwrap(),
            attempt: AttemptId::of(&ticket, number),
            ticket,
            commit: CommitId::parse("a".repeat(40)).unwrap(),
            agent: "coder".to_owned(),
            model: "here/one".to_owned(),
            capability: Capability::Code,
            sent_back: 0,
            quality: Quality::of(&measures, 0),
            measures,
            at: chrono::DateTime::from_timestamp(i64::from(number), 0).unwrap(),
        }
    }

    #[test]
    fn without_measured_work_there_is_one_line_that_says_so() {
        let none = QualityReport::of(QualityBy::Agent, Vec::new());
        assert_eq!(in_words(&none, true), "no accepted attempt was measured yet");
    }

    #[test]
    fn a_trend_is_a_bar_for_each_point_and_scores_are_never_out_of_bounds() {
        let point = |score| TrendPoint { from: chrono::DateTime::UNIX_EPOCH, attempts: 1, score };
        assert_eq!(sparkline(&[0, 14, 50, 99, 100, 9_000].map(point)), "▁▁▄▇██");
        assert_eq!(sparkline(&[]), "");
    }

    #[test]
    fn the_weakest_part_says_where_to_look_and_hostile_names_do_no_harm() {
        let measures = Measures {
            functions: 1,
            complex: 1,
            worst: 40,
            worst_at: Some("a.py:3 parse\u{1b}[2J".to_owned()),
            lines: 9,
            ..Measures::default()
        };
        let text = of_attempt(&item(1, measures));
        assert!(text.contains("weakest: complexity 12, 40 paths through a.py:3 parse[2J"), "{text}");
        let copied = Measures {
            tokens: 100,
            duplicated: 90,
            clone_at: Some("a.py:3 repeats b.py:10".to_owned()),
            ..Measures::default()
        };
        let found = weakest(&item(2, copied.clone()));
        assert_eq!(found, "duplication 0, 90 of 100 tokens are there already: a.py:3 repeats b.py:10");
        let report = QualityReport::of(QualityBy::Model, vec![item(1, Measures::default()), item(2, copied)]);
        let text = in_words(&report, true);
        for words in ["over 2 accepted attempts", "here/one", "T-1.2"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!in_words(&report, false).contains("T-1.2"));
    }
}
