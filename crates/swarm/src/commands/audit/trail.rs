//! `swarm audit list` and `tail`: the record as a timeline.

use chrono::{DateTime, Local, NaiveDate, Utc};
use console::{Style, measure_text_width, style, truncate_str};
use swarm_client::{AuditFilter, AuditQuery, Client, types};
use swarm_domain::{Clock, Event};
use swarm_store::SystemClock;

use crate::{
    args::{AuditListArgs, AuditTailArgs, FilterArgs},
    context::Context,
    door,
    exit::{Exit, Result},
    interrupt, output,
    progress::{fit, news, plain},
    wire,
};

/// How long one request waits for what is not there yet, in seconds.
const WAIT: u32 = 25;
/// The width of the column of who did it.
const WHO: usize = 18;

/// The filter as the server takes it.
pub(super) fn filter(args: &FilterArgs) -> AuditFilter {
    let now = SystemClock.now();
    let time =
        |moment: crate::args::Moment| moment.at(now).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    AuditFilter {
        who: args.who.clone(),
        on_behalf: args.on_behalf.clone(),
        what: (!args.what.is_empty()).then(|| args.what.join(",")),
        from: args.from.map(time),
        to: args.to.map(time),
        project: args.project.as_ref().map(ToString::to_string),
        run: args.run.as_ref().map(ToString::to_string),
        ticket: args.ticket.as_ref().map(ToString::to_string),
        outcome: args.outcome.map(|outcome| outcome.name().to_owned()),
    }
}

pub(super) async fn list(context: &Context, args: &AuditListArgs) -> Result<Exit> {
    let query = AuditQuery {
        filter: filter(&args.filter),
        oldest_first: args.oldest,
        cursor: args.cursor,
        limit: Some(args.limit),
        wait: None,
    };
    let page = door::reading(context, async |client| Ok(client.audit(&query).await?)).await?;
    context.output.print(&page, |page| {
        let mut timeline = Timeline::default();
        let mut lines: Vec<String> = page.items.iter().flat_map(|entry| timeline.lines(entry)).collect();
        if lines.is_empty() {
            lines.push("nothing in the record is so".to_owned());
        }
        if page.more {
            lines.push(format!("there is more: go on with --cursor {}", page.cursor));
        }
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}

pub(super) async fn tail(context: &Context, args: &AuditTailArgs) -> Result<Exit> {
    let filter = filter(&args.filter);
    door::reading(context, async |client| {
        // From the end of the record back, until there are enough or there is no more.
        let mut last: Vec<types::AuditEntry> = Vec::new();
        let mut query = AuditQuery {
            filter: filter.clone(),
            limit: Some(args.lines),
            wait: Some(0),
            ..AuditQuery::default()
        };
        let mut end = 0;
        loop {
            let page = client.audit(&query).await?;
            end = end.max(page.items.first().map_or(0, |entry| entry.event.seq));
            last.extend(page.items);
            query.cursor = Some(page.cursor);
            if !page.more || last.len() >= args.lines as usize {
                break;
            }
        }
        last.truncate(args.lines as usize);
        last.reverse();
        let mut timeline = Timeline::default();
        for entry in &last {
            show(context, &mut timeline, entry)?;
        }
        if last.is_empty() && !args.follow {
            context.output.say("nothing in the record is so")?;
        }
        if args.follow { follow(context, client, filter, end, &mut timeline).await } else { Ok(()) }
    })
    .await?;
    Ok(Exit::Done)
}

/// Shows what comes behind `end`, until somebody interrupts.
async fn follow(
    context: &Context,
    client: &Client,
    filter: AuditFilter,
    end: u64,
    timeline: &mut Timeline,
) -> Result<()> {
    let stop = interrupt::token()?;
    let mut query =
        AuditQuery { filter, oldest_first: true, cursor: Some(end), limit: Some(500), wait: Some(WAIT) };
    loop {
        let page = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            page = client.audit(&query) => page?,
        };
        for entry in &page.items {
            show(context, timeline, entry)?;
        }
        query.cursor = Some(page.cursor);
    }
}

/// One entry: a line of JSON, or its lines of the timeline.
fn show(context: &Context, timeline: &mut Timeline, entry: &types::AuditEntry) -> Result<()> {
    if context.output.json {
        return output::line(&wire::json(entry)?);
    }
    timeline.lines(entry).iter().try_for_each(|line| output::line(line))
}

/// The record as lines: a heading for each day, and a mark that shows how each thing came out.
#[derive(Default)]
struct Timeline {
    day: Option<NaiveDate>,
}

impl Timeline {
    fn lines(&mut self, entry: &types::AuditEntry) -> Vec<String> {
        let mut lines = Vec::with_capacity(2);
        let at: DateTime<Utc> = entry.event.at;
        let at = at.with_timezone(&Local);
        let day = at.date_naive();
        if self.day.replace(day) != Some(day) {
            lines.push(style(day.format("%A, %-d %B %Y").to_string()).bold().to_string());
        }
        let (mark, colour) = match entry.outcome {
            Some(types::AuditOutcome::Done) => ("●", Style::new().green()),
            Some(types::AuditOutcome::Failed) => ("✗", Style::new().red()),
            Some(types::AuditOutcome::Refused) => ("⊘", Style::new().yellow()),
            _ => ("·", Style::new().dim()),
        };
        let event: Option<Event> = wire::event(&entry.event);
        let words = match &event {
            Some(event) => news(event).1,
            // A later server's: what it says is told by its kind alone.
            None => "something that this program does not know".to_owned(),
        };
        let who = event.as_ref().map(|event| swarm_domain::audit::who(&event.actor)).unwrap_or_default();
        let who = who.split_once(':').map_or(who.as_str(), |(_, name)| name).to_owned();
        let behalf = entry.on_behalf.as_deref().filter(|name| *name != who);
        let behalf = behalf.map(|name| format!(" (for {})", plain(name))).unwrap_or_default();
        let head = format!("  {}  {}  ", at.format("%H:%M:%S"), fit(&plain(&who), WHO));
        let room = usize::from(output::width()).saturating_sub(measure_text_width(&head) + 10).max(30);
        let words = format!("{words}{behalf}");
        lines.push(format!(
            "{} {}{} {}",
            style(format!("{:>6}", entry.event.seq)).dim(),
            head,
            colour.apply_to(mark),
            truncate_str(&words, room, "…")
        ));
        lines
    }
}
