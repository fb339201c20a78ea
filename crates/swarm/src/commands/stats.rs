//! `swarm stats`.

use std::{
    fmt::Write,
    fs::Permissions,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use swarm_client::types;
use swarm_domain::{
    Problem,
    calibration::{Calibration, Measure},
    deadline::StepDeadline,
    hindsight::KindChoice,
    statistics::Statistics,
};

use crate::{
    args::StatsArgs,
    chart,
    commands::fleet,
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    output,
    progress::{plain, short_duration, tokens},
    table::table,
    wire,
};

pub(super) async fn run(context: &Context, args: StatsArgs) -> Result<Exit> {
    let out = args.out.map(Chart::named).transpose()?;
    if args.calibration {
        return calibration(context, out).await;
    }
    if args.fleet {
        return fleet::run(context).await;
    }
    if args.choice {
        let found = door::reading(context, async |client| Ok(client.choices().await?)).await?;
        let kinds: Vec<KindChoice> = wire::read(&found)?;
        context.output.print(&kinds, |kinds| choice(kinds))?;
    } else if args.deadlines {
        let found = door::reading(context, async |client| Ok(client.deadlines().await?)).await?;
        let steps: Vec<StepDeadline> = wire::read(&found)?;
        context.output.print(&steps, |steps| deadlines(steps))?;
    } else {
        let found = door::reading(context, async |client| Ok(client.overview().await?)).await?;
        if !context.output.document(&found)? {
            output::line(overview(&found, &wire::read(&found.work)?).trim_end())?;
        }
    }
    Ok(Exit::Done)
}

/// A file for a chart.
struct Chart {
    file: PathBuf,
    form: Form,
}

/// What a chart is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Svg,
    Png,
}

impl Chart {
    /// The end of its name says what it is to be.
    fn named(file: PathBuf) -> Result<Self> {
        let end = file.extension().map(|end| end.to_string_lossy().to_lowercase()).unwrap_or_default();
        let form = match end.as_str() {
            "svg" => Form::Svg,
            "png" => Form::Png,
            _ => {
                let detail = format!("{} ends neither in .svg nor in .png", file.display());
                let next = "name a file that does, such as `--out chart.png`";
                return Err(Failure::usage(Problem::new("cli.chart", detail, next)));
            }
        };
        Ok(Self { file, form })
    }

    fn write(&self, found: &Calibration) -> Result<()> {
        let failed = |error: std::io::Error| Failure::io(format!("write {}", self.file.display()), error);
        let drawn = chart::calibration(found);
        let bytes = match self.form {
            Form::Svg => chart::svg(&drawn).into_bytes(),
            Form::Png => chart::png(&drawn).ok_or_else(|| failed(std::io::ErrorKind::OutOfMemory.into()))?,
        };
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Beside it first: whoever looks at the file never sees half a chart.
        let mut beside = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder.unwrap_or(Path::new(".")))
            .map_err(failed)?;
        std::io::Write::write_all(&mut beside, &bytes).map_err(failed)?;
        beside.persist(&self.file).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

async fn calibration(context: &Context, out: Option<Chart>) -> Result<Exit> {
    let found = door::reading(context, async |client| Ok(client.calibration().await?)).await?;
    let found: Calibration = wire::read(&found)?;
    if let Some(chart) = &out {
        chart.write(&found)?;
    }
    context.output.print(&found, kept)?;
    if let Some(chart) = &out {
        context.output.say(&format!("the chart is in {}", chart.file.display()))?;
    }
    Ok(Exit::Done)
}

/// The promises, and a bar of how often each was kept.
fn kept(found: &Calibration) -> String {
    if found.predicted == 0 {
        return format!(
            "{} tickets are finished, and none could be estimated from those before it; that takes {} finished ones \
             whose replies were no recording",
            found.finished,
            swarm_domain::quantile::FEWEST
        );
    }
    let mut text = format!(
        "{} of {} finished tickets could be estimated from what was finished before they began\n\n",
        found.predicted, found.finished
    );
    let rows = found.measures.iter().flat_map(|of| {
        let name = match of.measure {
            Measure::Tokens => "tokens",
            Measure::Cost => "cost",
            Measure::Minutes => "minutes",
        };
        of.points.iter().filter(|point| matches!(point.promised, 50 | 90)).map(move |point| {
            let share = point.share_milli().unwrap_or_default();
            [
                name.to_owned(),
                format!("P{}", point.promised),
                format!("{} of {}", point.below, point.of),
                percent(share),
                format!("{} to {}", percent(point.low_milli), percent(point.high_milli)),
                bar(share, point.promised),
            ]
        })
    });
    text +=
        &table(["", "promise", "stayed below", "share", "95 % interval", "0 %                100 %"], rows);
    text += "\n\ncompared with";
    for level in &found.levels {
        let _ = write!(text, "\n  {:>5}  {}", level.predicted, level.level);
    }
    text
}

/// Twenty places: full up to the share, with a mark where the promise is.
fn bar(share_milli: u32, promised: u32) -> String {
    const PLACES: u32 = 20;
    let (full, mark) = (share_milli * PLACES / 1_000, promised * PLACES / 100);
    (0..=PLACES)
        .map(|place| {
            if place == mark {
                '|'
            } else if place < full {
                '█'
            } else {
                '·'
            }
        })
        .collect()
}

fn percent(milli: u32) -> String {
    format!("{}.{} %", milli / 10, milli % 10)
}

fn share(part: u32, whole: u32) -> String {
    match (u64::from(part) * 1_000).checked_div(u64::from(whole)) {
        Some(milli) => format!("{part} of {whole} ({})", percent(u32::try_from(milli).unwrap_or(1_000))),
        None => "none yet".to_owned(),
    }
}

fn time(millis: u64) -> String {
    short_duration(chrono::TimeDelta::milliseconds(i64::try_from(millis).unwrap_or(i64::MAX)))
}

/// What the cache of replies saved, where it was used.
fn cached(callers: &[types::CacheFacts]) -> String {
    let sum = |of: fn(&types::CacheFacts) -> u64| callers.iter().map(of).fold(0, u64::saturating_add);
    let (hits, missed) = (sum(|c| c.hits), sum(|c| c.missed));
    if hits + missed == 0 {
        return String::new();
    }
    let saved = swarm_domain::MicroUsd(sum(|c| c.saved.usd));
    let words = tokens(sum(|c| c.saved.tokens_in.saturating_add(c.saved.tokens_out)));
    format!(
        "cache    {hits} of {} calls answered from it, {saved} and {words} tokens saved\n\n",
        hits + missed
    )
}

fn overview(found: &types::Overview, work: &Statistics) -> String {
    if found.runs.total == 0 {
        return "nothing was built yet; `swarm build SPEC` begins".to_owned();
    }
    let runs = &found.runs;
    let mut text = format!(
        "runs     {} ({} done, {} at work, {} need a person, {} given up)\n",
        runs.total, runs.done, runs.running, runs.needs_person, runs.cancelled
    );
    let _ = writeln!(text, "tickets  merged {}", share(work.merged, work.tickets));
    let _ =
        writeln!(text, "         merged with the first attempt {}", share(work.merged_at_once, work.tickets));
    let _ = writeln!(
        text,
        "spend    {}, {} tokens, {} of work\n",
        work.spend.usd,
        tokens(work.spend.tokens()),
        time(work.millis)
    );
    text += &cached(&found.cache);
    let rows = work.arms.iter().map(|one| {
        let each = |sum: u64| sum.checked_div(u64::from(one.attempts)).unwrap_or_default();
        [
            one.arm.agent.clone(),
            one.arm.model.clone(),
            share(one.accepted, one.attempts),
            tokens(each(one.spend.tokens())),
            swarm_domain::MicroUsd(each(one.spend.usd.0)).to_string(),
            time(each(one.millis)),
        ]
    });
    text += &table(["agent", "model", "accepted", "tokens each", "cost each", "time each"], rows);
    if work.weeks.len() > 1 {
        let rows = work.weeks.iter().map(|one| {
            [
                one.week.clone(),
                one.arm.agent.clone(),
                one.arm.model.clone(),
                share(one.accepted, one.attempts),
            ]
        });
        text += "\n\nfirst attempts, week by week\n";
        text += &table(["week of", "agent", "model", "accepted"], rows);
    }
    for agent in &found.agents {
        let _ = write!(text, "\n{}: {}", plain(&agent.agent), plain(&agent.words));
    }
    text
}

fn choice(kinds: &[KindChoice]) -> String {
    if kinds.is_empty() {
        return "no attempt has ended yet that tells anything: recordings do not count".to_owned();
    }
    let mut text = String::new();
    for kind in kinds {
        let _ = writeln!(text, "{}\n  {}", plain(&kind.kind.to_string()), plain(&kind.words));
        for one in &kind.arms {
            let arm = plain(&one.arm.to_string());
            let _ = writeln!(text, "  {arm}: {}, {} each", share(one.successes, one.trials), one.mean_usd);
        }
        text.push('\n');
    }
    text
}

fn deadlines(steps: &[StepDeadline]) -> String {
    if steps.is_empty() {
        return "no step was measured yet: only the limits hold".to_owned();
    }
    let rows = steps.iter().map(|step| {
        let seconds = |millis: u64| format!("{}.{} s", millis / 1_000, millis % 1_000 / 100);
        let learned = |of: fn(&swarm_domain::deadline::LearnedDeadline) -> u64| {
            step.deadline.as_ref().map_or_else(|| "-".to_owned(), |deadline| seconds(of(deadline)))
        };
        [
            step.step.clone(),
            step.samples.to_string(),
            learned(|deadline| deadline.p95_millis),
            learned(|deadline| deadline.soft_millis),
            seconds(step.limit_millis),
        ]
    });
    table(["step", "known", "P95", "deadline", "limit"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_the_share_and_where_the_promise_is() {
        assert_eq!(bar(0, 50), "··········|··········");
        assert_eq!(bar(1_000, 90), "██████████████████|█·");
        assert_eq!(bar(450, 50), "█████████·|··········");
    }

    #[test]
    fn without_history_each_page_says_so() {
        let found = swarm_domain::calibration::calibrate(&[]);
        assert!(kept(&found).contains("none could be estimated"));
        assert!(choice(&[]).contains("no attempt") && deadlines(&[]).contains("only the limits"));
    }

    #[test]
    fn the_name_of_a_chart_says_what_it_is_to_be() {
        let form = |name: &str| Chart::named(name.into()).map(|chart| chart.form).ok();
        assert_eq!((form("a/b.SVG"), form("chart.png")), (Some(Form::Svg), Some(Form::Png)));
        for wrong in ["svg", "chart", "chart.jpg", ".png", ""] {
            assert_eq!(form(wrong), None, "{wrong}");
        }
    }
}
