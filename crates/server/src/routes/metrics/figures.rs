//! The figures of the whole, as OpenMetrics writes them.

use std::fmt::{self, Write};

use swarm_domain::vitals::{Figure, FigureKind};

/// Writes figures, each family in one place.
pub(super) fn write(to: &mut String, figures: &[Figure]) -> fmt::Result {
    let mut figures: Vec<_> = figures.iter().map(|figure| (family(figure), figure)).collect();
    // What belongs together stands together, and is in its own order there: a histogram's buckets are.
    figures.sort_by_cached_key(|(family, figure)| (*family, bare_labels(figure)));
    let mut last = None;
    for (family, figure) in figures {
        if last != Some(family) {
            writeln!(to, "# HELP {family} {}", escaped(figure.help))?;
            writeln!(to, "# TYPE {family} {}", word(figure.kind))?;
            last = Some(family);
        }
        to.write_str(figure.name)?;
        if !figure.labels.is_empty() {
            let labels: Vec<_> =
                figure.labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            write!(to, "{{{}}}", labels.join(","))?;
        }
        writeln!(to, " {}", figure.value)?;
    }
    Ok(())
}

/// What the figures of a name are called together.
fn family(figure: &Figure) -> &'static str {
    let ends: &[&str] = match figure.kind {
        FigureKind::Gauge => &[],
        FigureKind::Counter => &["_total"],
        FigureKind::Histogram => &["_bucket", "_sum", "_count"],
    };
    ends.iter().find_map(|end| figure.name.strip_suffix(end)).unwrap_or(figure.name)
}

/// Which member of its family it belongs to.
fn bare_labels(figure: &Figure) -> Vec<(&'static str, String)> {
    figure.labels.iter().filter(|(name, _)| *name != "le").cloned().collect()
}

fn word(kind: FigureKind) -> &'static str {
    match kind {
        FigureKind::Gauge => "gauge",
        FigureKind::Counter => "counter",
        FigureKind::Histogram => "histogram",
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('\n', r"\n").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use swarm_domain::vitals::FigureValue;

    use super::*;

    fn figure(name: &'static str, kind: FigureKind, labels: &[(&'static str, &str)], whole: u64) -> Figure {
        let labels = labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Figure { name, help: "What it \"is\".", kind, labels, value: FigureValue::Whole(whole) }
    }

    #[test]
    fn a_histogram_stands_together_and_a_counter_is_named_without_its_ending() {
        use FigureKind::{Counter, Gauge, Histogram};
        let mut text = String::new();
        let figures = [
            figure("took_bucket", Histogram, &[("stage", "a"), ("le", "1")], 1),
            figure("took_bucket", Histogram, &[("stage", "a"), ("le", "+Inf")], 2),
            figure("took_bucket", Histogram, &[("stage", "b"), ("le", "+Inf")], 3),
            figure("took_count", Histogram, &[("stage", "a")], 2),
            figure("took_count", Histogram, &[("stage", "b")], 3),
            figure("begun_total", Counter, &[("rung", "a\"b\\c\nd")], 7),
            figure("there", Gauge, &[], 9),
        ];
        write(&mut text, &figures).unwrap();
        let help = |name: &str| format!("# HELP {name} What it \\\"is\\\".");
        let expected = [
            &help("begun"),
            "# TYPE begun counter",
            r#"begun_total{rung="a\"b\\c\nd"} 7"#,
            &help("there"),
            "# TYPE there gauge",
            "there 9",
            &help("took"),
            "# TYPE took histogram",
            r#"took_bucket{stage="a",le="1"} 1"#,
            r#"took_bucket{stage="a",le="+Inf"} 2"#,
            r#"took_count{stage="a"} 2"#,
            r#"took_bucket{stage="b",le="+Inf"} 3"#,
            r#"took_count{stage="b"} 3"#,
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
