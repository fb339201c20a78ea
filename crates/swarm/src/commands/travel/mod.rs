//! `swarm run steps`, `replay`, `fork` and `diff`: back in time.

mod edit;
mod shown;

use swarm_client::{Client, types};
use swarm_domain::{EventBody, Problem, RunId, budget::Spend, origin::StepKind};
use tokio_util::sync::CancellationToken;

use super::run::{latest, watch};
use crate::{
    args::{DiffArgs, ForkArgs, ReplayArgs, StepsArgs},
    config::{self, Overrides},
    context::Context,
    door::{self, Door, ended},
    exit::{Exit, Failure, Result},
    house::Wiring,
    interrupt,
    models::{self, Source},
    output,
    progress::{news, tokens},
    table::{legible, local, table},
    wire,
};

pub(super) async fn steps(context: &Context, args: StepsArgs) -> Result<Exit> {
    if let Some(at) = args.at {
        let step = door::reading(context, async |client| {
            let run = latest(client, args.run).await?;
            Ok(client.step(&run, at).await?)
        })
        .await?;
        context.output.print(&step, |step| legible(&step.text))?;
        return Ok(Exit::Done);
    }
    let sent = door::reading(context, async |client| {
        let run = latest(client, args.run).await?;
        Ok(client.all_events(Some(&run)).await?)
    })
    .await?;
    let is_step =
        |event: &&types::Event| wire::event(event).is_some_and(|event| StepKind::of(&event.body).is_some());
    let sent: Vec<_> = sent.iter().filter(is_step).collect();
    context.output.print(&sent, |sent| {
        if sent.is_empty() {
            return "the run has no step yet".to_owned();
        }
        let rows = sent.iter().filter_map(|event| wire::event(event)).filter_map(|event| {
            let kind = StepKind::of(&event.body)?;
            let editable = kind.is_editable() && event.subject.attempt.is_some();
            let kind = if editable { format!("{} *", kind.name()) } else { kind.name().to_owned() };
            let spend = match &event.body {
                EventBody::ModelCalled { spend, .. } => *spend,
                _ => Spend::default(),
            };
            let of_call = |shown: String| if spend.calls > 0 { shown } else { String::new() };
            let (used, cost) = (of_call(tokens(spend.tokens())), of_call(spend.usd.to_string()));
            Some([event.seq.to_string(), local(event.at), kind, used, cost, news(&event).1])
        });
        format!(
            "{}\n\n* what is said there can be edited in a fork",
            table(["step", "time", "kind", "tokens", "cost", "what"], rows)
        )
    })?;
    Ok(Exit::Done)
}

pub(super) async fn diff(context: &Context, args: DiffArgs) -> Result<Exit> {
    let diff = door::reading(context, async |client| {
        Ok(client.diff_runs(args.first.as_str(), args.second.as_str()).await?)
    })
    .await?;
    context.output.print(&diff, |diff| shown::in_words(diff, !args.stat))?;
    Ok(if args.exit_code && !diff.same { Exit::Failed } else { Exit::Done })
}

pub(super) async fn replay(context: &Context, args: ReplayArgs) -> Result<Exit> {
    let interrupt = interrupt::token()?;
    let door = Door::to_steer(context).await?;
    let done = prove(context, door.client(), args.run, &interrupt).await;
    if done.is_ok() {
        door.linger(&interrupt).await;
    }
    door.close().await;
    ended(done, &interrupt)
}

/// Plays a run again and says whether it came to the same.
async fn prove(
    context: &Context,
    client: &Client,
    run: Option<RunId>,
    interrupt: &CancellationToken,
) -> Result<Exit> {
    let run = latest(client, run).await?;
    let replay = id(client.replay_run(&run).await?)?;
    output::notice(&format!(
        "{replay} plays {run} from its journal: no model is called, everything else is real"
    ));
    watch(context, client, &replay, 0, interrupt).await?;
    let diff = client.diff_runs(&run, replay.as_str()).await?;
    if context.output.json {
        output::line(&wire::json(&diff)?)?;
    } else {
        output::line(&format!("\n{}", shown::verdict(&diff)))?;
    }
    Ok(if diff.same { Exit::Done } else { Exit::Failed })
}

pub(super) async fn fork(context: &Context, args: ForkArgs) -> Result<Exit> {
    let settings = config::settings(Overrides { sandbox: args.engine.sandbox, ..Overrides::default() })?;
    let interrupt = interrupt::token()?;
    let wiring = Wiring { data: context.data()?, settings, engine: args.engine.clone(), ..Wiring::default() };
    let door = Door::to_work(wiring).await?;
    let done = begin(context, &door, &args, &interrupt).await;
    if done.is_ok() {
        door.linger(&interrupt).await;
    }
    door.close().await;
    ended(done, &interrupt)
}

async fn begin(
    context: &Context,
    door: &Door,
    args: &ForkArgs,
    interrupt: &CancellationToken,
) -> Result<Exit> {
    let client = door.client();
    let models = match door.source() {
        Some(Source::None) => return Err(models::none().into()),
        Some(source) if args.engine.model.is_empty() => source.policy(),
        _ => args.engine.model.clone(),
    };
    let step = client.step(args.run.as_str(), args.at).await?;
    let edit = match (&args.edit_file, args.edit) {
        (Some(file), _) => Some(edit::from_file(&step, file)?),
        (None, true) => Some(edit::in_editor(&step)?),
        (None, false) => None,
    };
    let fork = types::NewFork { at: args.at, edit, models };
    let fork = id(client.fork_run(args.run.as_str(), &fork).await?)?;
    output::notice(&format!(
        "{fork} plays {} up to step {} and goes on from there; compare them with `swarm run diff {} {fork}`",
        args.run, args.at, args.run
    ));
    watch(context, client, &fork, 0, interrupt).await
}

fn id(id: String) -> Result<RunId, Failure> {
    RunId::parse(id)
        .map_err(|error| Problem::new("cli.unreadable", error.to_string(), "run `swarm run list`").into())
}
