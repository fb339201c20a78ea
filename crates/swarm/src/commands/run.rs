//! `swarm run`.

use std::fmt::Write;

use futures::StreamExt;
use swarm_client::{Client, EventQuery, InterruptQuery, Patience, types};
use swarm_domain::{Problem, RunId, plan::Plan};
use tokio_util::sync::CancellationToken;

use super::{approval, quality::of_run, ticket::wire_name, travel};
use crate::{
    args::RunCommand,
    context::Context,
    door::{self, Door},
    exit::{Exit, Failure, Result},
    interrupt, output,
    progress::{Board, Display, Follower, news, plain, summary, tokens},
    table::{local, table, usd},
    wire,
};

/// Events that are read at once.
const PAGE: u32 = 500;

pub(super) async fn run(context: &Context, command: RunCommand) -> Result<Exit> {
    match command {
        RunCommand::List => list(context).await,
        RunCommand::Show { run } => show(context, run).await,
        RunCommand::Logs { run, follow } => logs(context, run, follow).await,
        RunCommand::Steps(args) => travel::steps(context, args).await,
        RunCommand::Replay(args) => travel::replay(context, args).await,
        RunCommand::Fork(args) => Box::pin(travel::fork(context, *args)).await,
        RunCommand::Diff(args) => travel::diff(context, args).await,
        RunCommand::Cancel { run, reason } => {
            let door = Door::to_steer(context).await?;
            let done = cancel(door.client(), run, &reason).await;
            door.close().await;
            context.output.say(&done?)?;
            Ok(Exit::Done)
        }
    }
}

async fn cancel(client: &Client, run: Option<RunId>, reason: &str) -> Result<String> {
    let run = latest(client, run).await?;
    client.cancel_run(&run, reason).await?;
    Ok(format!("{run} is cancelled; what is merged stays merged"))
}

/// The run that was named, else the latest.
pub(super) async fn latest(client: &Client, run: Option<RunId>) -> Result<String> {
    if let Some(run) = run {
        return Ok(run.to_string());
    }
    let latest = client.runs().await?.into_iter().max_by_key(|run| run.started_at);
    let none = || Problem::new("run.none", "there is no run yet", "run `swarm build SPEC`");
    Ok(latest.ok_or_else(none)?.id)
}

async fn list(context: &Context) -> Result<Exit> {
    let runs = door::reading(context, async |client| Ok(client.runs().await?)).await?;
    context.output.print(&runs, |runs| {
        if runs.is_empty() {
            return "there is no run yet; run `swarm build SPEC`".to_owned();
        }
        let rows = runs.iter().map(|run| {
            [
                run.id.clone(),
                run.project.clone(),
                match &run.options.origin {
                    Some(origin) if origin.live => format!("{}, a fork", state(&run.state)),
                    Some(_) => format!("{}, a replay", state(&run.state)),
                    None => state(&run.state),
                },
                usd(run.spend.usd),
                local(run.started_at),
            ]
        });
        table(["run", "project", "state", "cost", "begun"], rows)
    })?;
    Ok(Exit::Done)
}

async fn show(context: &Context, run: Option<RunId>) -> Result<Exit> {
    let (run, claims, waiting, quality) = door::reading(context, async |client| {
        let run = latest(client, run).await?;
        let claims = client.claims(Some(&run)).await?;
        let state = Some("waiting".to_owned());
        let which = InterruptQuery { state, run: Some(run.clone()), ..InterruptQuery::default() };
        let waiting = client.interrupts(&which).await?;
        let quality = client.quality(Some(&run), None).await?;
        Ok((client.run(&run).await?, claims, waiting, quality))
    })
    .await?;
    let quality = of_run(&quality)?;
    context.output.print(&run, |run| {
        format!("{}{}{}", in_words(run, &quality), offered(&claims), approval::of_run(&waiting))
    })?;
    Ok(Exit::Done)
}

/// Who holds what of a run whose attempts are made by workers elsewhere.
pub(super) fn offered(claims: &[types::Claim]) -> String {
    let mut text = String::new();
    for claim in claims {
        let _ = match (&claim.worker, claim.expires_at) {
            (Some(worker), Some(until)) => {
                write!(
                    text,
                    "\n  {} is held by worker {}, until {} unless it shows that it lives",
                    claim.attempt,
                    plain(worker),
                    local(until)
                )
            }
            _ => write!(text, "\n  {} waits for a worker since {}", claim.attempt, local(claim.since)),
        };
    }
    text
}

fn in_words(run: &types::Run, quality: &str) -> String {
    let mut text = format!(
        "{} of {}: {}\n  plan {} · spec {}\n  {} tokens in {} calls, {}\n",
        run.id,
        run.project,
        state(&run.state),
        run.plan,
        run.spec,
        tokens(run.spend.tokens_in.saturating_add(run.spend.tokens_out)),
        run.spend.calls,
        usd(run.spend.usd),
    );
    if let Some(counts) = &run.tickets {
        let _ = writeln!(
            text,
            "  tickets: {} of {} merged, {} at work, {} waiting, {} need a person, {} given up",
            counts.merged,
            counts.total,
            counts.working + counts.verifying + counts.merging,
            counts.waiting,
            counts.needs_person,
            counts.cancelled,
        );
    }
    if let Some(bytes) = run.disk_bytes.filter(|bytes| *bytes > 0) {
        let _ =
            writeln!(text, "  {} KiB on disk in its attempts' worktrees, together", bytes.div_ceil(1_024));
    }
    text += quality;
    if let (Some(branch), Some(base)) = (&run.branch, &run.base_branch) {
        let _ = writeln!(text, "  branch {} from {}", plain(branch), plain(base));
    }
    for warning in &run.warnings {
        let _ = writeln!(text, "  {} [{}]; {}", plain(&warning.detail), warning.code, plain(&warning.next));
    }
    if let Some(origin) = &run.options.origin {
        let how = if origin.live { "forked from" } else { "a replay of" };
        let _ = writeln!(text, "  {how} {} at step {}", origin.run, origin.at);
    }
    let _ = write!(text, "  begun {}", local(run.started_at));
    if let Some(at) = run.settled_at {
        let _ = write!(text, ", settled {}", local(at));
    }
    if let types::RunState::NeedsPerson { problem } = &run.state {
        let _ = write!(
            text,
            "\n\n{} [{}]\n  next: {}",
            plain(&problem.detail),
            problem.code,
            plain(&problem.next)
        );
    }
    text
}

async fn logs(context: &Context, run: Option<RunId>, follow: bool) -> Result<Exit> {
    if !follow {
        door::reading(context, async |client| {
            let run = latest(client, run).await?;
            pages(client, &run, |event| entry(context, event)).await
        })
        .await?;
        return Ok(Exit::Done);
    }
    let interrupt = interrupt::token()?;
    door::reading(context, async |client| {
        let run = latest(client, run).await?;
        let mut after = 0;
        pages(client, &run, |event| {
            after = event.seq;
            entry(context, event)
        })
        .await?;
        // Asked after the pages: a run that settled in between has sent its last event before.
        if wire::read::<swarm_domain::run::RunState>(&client.run(&run).await?.state)?.is_settled() {
            return Ok(());
        }
        let mut events = std::pin::pin!(client.follow_patiently(after, Some(&run), Patience::default(), output::standstill));
        loop {
            tokio::select! {
                () = interrupt.cancelled() => return Err(Failure::interrupted()),
                event = events.next() => {
                    let event = event.ok_or_else(Failure::interrupted)??;
                    entry(context, &event)?;
                    if matches!(&event.body, types::EventBody::RunStateChanged { to } if !matches!(to, types::RunState::Running)) {
                        return Ok(());
                    }
                }
            }
        }
    })
    .await?;
    Ok(Exit::Done)
}

fn entry(context: &Context, sent: &types::Event) -> Result<()> {
    if context.output.json {
        return output::line(&wire::json(sent)?);
    }
    match wire::event(sent) {
        Some(event) => output::line(&format!("{}  {}", local(event.at), news(&event).1)),
        None => Ok(()),
    }
}

/// Every event of a run so far, in order.
async fn pages(client: &Client, run: &str, mut each: impl FnMut(&types::Event) -> Result<()>) -> Result<()> {
    let mut after = 0;
    loop {
        let query = EventQuery { after, run: Some(run.to_owned()), limit: Some(PAGE) };
        let page = client.events(&query).await?;
        for event in &page.events {
            each(event)?;
        }
        match page.events.last() {
            Some(last) => after = last.seq,
            None => return Ok(()),
        }
    }
}

/// The position of a run's last event.
pub(super) async fn position(client: &Client, run: &str) -> Result<u64> {
    let mut last = 0;
    pages(client, run, |event| {
        last = event.seq;
        Ok(())
    })
    .await?;
    Ok(last)
}

/// Shows a run until it has settled, then its summary. Events up to `after` are known already.
pub(super) async fn watch(
    context: &Context,
    client: &Client,
    run: &RunId,
    after: u64,
    interrupt: &CancellationToken,
) -> Result<Exit> {
    let row = client.run(run.as_str()).await?;
    let spec = client.spec(&row.spec).await?;
    let plan = client.plan(&row.plan).await?.plan;
    let plan: Plan = wire::read(
        &plan.ok_or_else(|| Problem::new("plan.none", "the run has no plan", "run `swarm run list`"))?,
    )?;
    let board = Board::new(&spec.spec.title, &plan);
    let display = Display::of(context.output);
    let (board, state) = Follower::new(board, display).follow(client, run, after, interrupt).await?;
    if display != Display::Json {
        output::line(&format!("\n{}", summary(&board, output::width())))?;
    }
    Ok(Exit::of_run(&state))
}

/// A run's state in words.
pub(crate) fn state(state: &types::RunState) -> String {
    match state {
        types::RunState::NeedsPerson { .. } => "needs a person".to_owned(),
        other => tagged(other),
    }
}

/// A ticket's state in words.
pub(super) fn state_of_ticket(state: &types::TicketState) -> String {
    match state {
        types::TicketState::NeedsPerson { .. } => "needs a person".to_owned(),
        other => tagged(other),
    }
}

fn tagged(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::Object(fields)) => fields.get("state").map(wire_name).unwrap_or_default(),
        _ => wire_name(value),
    }
}
