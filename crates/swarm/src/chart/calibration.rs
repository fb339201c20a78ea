//! The chart of calibration: on the left how often each promise was kept, on the right what was said of the latest
//! tickets and what they took.

use swarm_domain::calibration::{Calibration, Kept, Measure, Prediction};

use super::canvas::{
    Anchor, BLUE, Canvas, FAINT, GREEN, GRID, HEADING, INK, LABEL, NOTE, ORANGE, Point, Words,
};
use crate::progress::tokens;

const WIDTH: u32 = 1_000;
const HEIGHT: u32 = 560;
/// Where the panels begin and end, from left to right.
const LEFT: (f64, f64) = (76.0, 456.0);
const RIGHT: (f64, f64) = (560.0, 964.0);
/// From top to bottom, of both.
const TALL: (f64, f64) = (112.0, 472.0);

/// Draws the chart.
pub(crate) fn calibration(found: &Calibration) -> Canvas {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let title = Words { size: 20, ..HEADING };
    canvas.words((32.0, 40.0), "Calibration of estimates", title);
    let said = format!(
        "{} of {} finished tickets could be estimated from what was finished before they began",
        found.predicted, found.finished
    );
    canvas.words((32.0, 62.0), &said, NOTE);
    promises(&mut canvas, found);
    latest(&mut canvas, &found.latest);
    canvas
}

fn promises(canvas: &mut Canvas, found: &Calibration) {
    canvas.words((LEFT.0, TALL.0 - 14.0), "How often promises were kept", HEADING);
    for percent in (0..=100).step_by(20) {
        let share = f64::from(percent) / 100.0;
        let ((x, _), (_, y)) = (place(share, 0.0), place(0.0, share));
        canvas.line((LEFT.0, y), (LEFT.1, y), GRID, 1.0);
        canvas.line((x, TALL.0), (x, TALL.1), GRID, 1.0);
        let end = Words { anchor: Anchor::End, ..LABEL };
        canvas.words((LEFT.0 - 8.0, y + 4.0), &format!("{percent} %"), end);
        canvas.words((x, TALL.1 + 20.0), &format!("{percent} %"), LABEL);
    }
    canvas.words(
        (f64::midpoint(LEFT.0, LEFT.1), TALL.1 + 42.0),
        "promised: tickets that stay below the estimate",
        LABEL,
    );
    canvas.upwards((LEFT.0 - 50.0, f64::midpoint(TALL.0, TALL.1)), "kept: tickets that did");
    canvas.dashed(place(0.0, 0.0), place(1.0, 1.0), FAINT);
    if found.predicted == 0 {
        canvas.words(place(0.64, 0.25), "nothing could be estimated yet", Words { size: 14, ..LABEL });
        return;
    }
    let looks = [
        (Measure::Tokens, "tokens", BLUE),
        (Measure::Cost, "cost", ORANGE),
        (Measure::Minutes, "minutes", GREEN),
    ];
    for (row, (measure, name, colour)) in (0_u32..).zip(looks) {
        let Some(of) = found.measures.iter().find(|of| of.measure == measure) else { continue };
        let at =
            |point: &Kept, milli: u32| place(f64::from(point.promised) / 100.0, f64::from(milli) / 1_000.0);
        if measure == Measure::Tokens {
            let low = of.points.iter().map(|point| at(point, point.low_milli));
            let high = of.points.iter().rev().map(|point| at(point, point.high_milli));
            canvas.band(low.chain(high).collect(), colour);
        }
        let line: Vec<Point> =
            of.points.iter().filter_map(|point| Some(at(point, point.share_milli()?))).collect();
        for point in &line {
            canvas.dot(*point, 4.0, colour);
        }
        canvas.path(line, colour);
        let y = TALL.0 + 20.0 + f64::from(row) * 20.0;
        canvas.line((LEFT.0 + 16.0, y - 4.0), (LEFT.0 + 38.0, y - 4.0), colour, 2.5);
        canvas.words((LEFT.0 + 46.0, y), name, Words { colour: INK, ..NOTE });
    }
    let below = "dashed: every promise kept exactly · shaded: 95 % interval of tokens";
    canvas.words((f64::midpoint(LEFT.0, LEFT.1), TALL.1 + 64.0), below, LABEL);
}

fn place(promised: f64, kept: f64) -> Point {
    (LEFT.0 + promised * (LEFT.1 - LEFT.0), TALL.1 - kept * (TALL.1 - TALL.0))
}

fn latest(canvas: &mut Canvas, latest: &[Prediction]) {
    canvas.words((RIGHT.0, TALL.0 - 14.0), "The latest tickets: tokens said and tokens taken", HEADING);
    canvas.line((RIGHT.0, TALL.1), (RIGHT.1, TALL.1), GRID, 1.0);
    if latest.is_empty() {
        let middle = (f64::midpoint(RIGHT.0, RIGHT.1), f64::midpoint(TALL.0, TALL.1));
        canvas.words(middle, "no ticket was estimated from history yet", Words { size: 14, ..LABEL });
        return;
    }
    let all = latest.iter().flat_map(|one| [one.tokens.p50, one.tokens.p90, one.took]);
    let scale = Logarithmic::over(all);
    for tick in scale.ticks() {
        let y = scale.height(tick);
        canvas.line((RIGHT.0, y), (RIGHT.1, y), GRID, 1.0);
        let end = Words { anchor: Anchor::End, ..LABEL };
        canvas.words((RIGHT.0 - 8.0, y + 4.0), &tokens(tick), end);
    }
    let step = (RIGHT.1 - RIGHT.0) / f64::from(u32::try_from(latest.len()).unwrap_or(u32::MAX));
    let wide = (step * 0.5).clamp(2.0, 14.0);
    for (index, one) in (0_u32..).zip(latest) {
        let x = RIGHT.0 + step * (f64::from(index) + 0.5);
        let (top, bottom) = (scale.height(one.tokens.p90), scale.height(one.tokens.p50));
        canvas.bar((x - wide / 2.0, top), (wide, (bottom - top).max(2.0)), BLUE);
        let beyond = one.took > one.tokens.p90;
        canvas.dot((x, scale.height(one.took)), 4.0, if beyond { ORANGE } else { INK });
    }
    let middle = f64::midpoint(RIGHT.0, RIGHT.1);
    canvas.words((middle, TALL.1 + 20.0), "each column a ticket, the newest on the right", LABEL);
    canvas.words((middle, TALL.1 + 42.0), "bar: from P50 to P90 · dot: what it took", LABEL);
    canvas.words((middle, TALL.1 + 64.0), "orange: beyond P90, as one in ten should be", LABEL);
}

/// A scale on which each step up is the same factor.
struct Logarithmic {
    low: f64,
    high: f64,
}

impl Logarithmic {
    fn over(values: impl Iterator<Item = u64> + Clone) -> Self {
        let low = values.clone().min().map_or(1.0, magnitude);
        let high = values.max().map_or(10.0, magnitude);
        // Some room above and below, and never no height at all.
        Self { low: low - 0.1, high: (high + 0.1).max(low + 0.3) }
    }

    fn height(&self, value: u64) -> f64 {
        let part = (magnitude(value) - self.low) / (self.high - self.low);
        TALL.1 - part.clamp(0.0, 1.0) * (TALL.1 - TALL.0)
    }

    /// Round numbers within it.
    fn ticks(&self) -> Vec<u64> {
        let decades = (0..19).map(|power| 10_u64.pow(power));
        let round = decades.flat_map(|one| [one, one.saturating_mul(2), one.saturating_mul(5)]);
        round.filter(|tick| (self.low..=self.high).contains(&magnitude(*tick))).collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a height on a picture")]
fn magnitude(value: u64) -> f64 {
    (value.max(1) as f64).log10()
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone as _, Utc};
    use swarm_domain::{
        MicroUsd, RunId, TicketId,
        agent::Capability,
        budget::Spend,
        calibration::calibrate,
        history::{Size, TicketFact, WorkKind},
    };

    use super::*;

    fn found(count: u64) -> Calibration {
        let kind =
            WorkKind { capability: Capability::Code, language: "python".to_owned(), size: Size::Small };
        let fact = |n: u64| {
            // A spread like that of real work: most tickets cheap, a few dear, in no order.
            let tokens = 2_000 + (n * 7_919 % 97).pow(3) / 40;
            let began_at =
                Utc.timestamp_opt(1_780_000_000, 0).unwrap() + TimeDelta::minutes(i64::try_from(n).unwrap());
            TicketFact {
                run: RunId::parse("run_1").unwrap(),
                ticket: TicketId::parse(format!("T-{n}")).unwrap(),
                kind: kind.clone(),
                spend: Spend { usd: MicroUsd(tokens / 3 + n), tokens_in: tokens, tokens_out: 0, calls: 2 },
                millis: 9_000 + (n * 3_571 % 101) * 700,
                attempts: 1,
                merged: true,
                began_at,
                ended_at: began_at + TimeDelta::seconds(30),
            }
        };
        calibrate(&(1..=count).map(fact).collect::<Vec<_>>())
    }

    #[test]
    fn the_chart_is_drawn_with_and_without_history() {
        for (count, dots) in [(0, 0), (9, 0), (120, 3 * 9 + 40)] {
            let canvas = calibration(&found(count));
            assert!(super::super::png(&canvas).is_some());
            let svg = super::super::svg(&canvas);
            assert_eq!(svg.matches("<circle").count(), dots, "{count}");
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{svg}");
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }

    #[test]
    fn whatever_was_measured_stays_within_the_picture() {
        for values in [vec![0], vec![u64::MAX], vec![0, u64::MAX], vec![7, 7]] {
            let scale = Logarithmic::over(values.iter().copied());
            for value in values {
                assert!((TALL.0..=TALL.1).contains(&scale.height(value)));
            }
        }
    }
}
