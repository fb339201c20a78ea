//! `swarm model`.

use swarm_client::types;

use crate::{
    args::ModelCommand,
    config::{self, Overrides},
    context::Context,
    door::Door,
    exit::{Exit, Result},
    house::Wiring,
    models,
    progress::{plain, tokens},
    table::{table, usd},
};

/// What a price is for.
const TOKENS: &str = "a million tokens in / out";

pub(super) async fn run(context: &Context, command: ModelCommand) -> Result<Exit> {
    let settings = config::settings(Overrides::default())?;
    // The models are called by the process that works.
    let door = Door::to_work(Wiring { data: context.data()?, settings, ..Wiring::default() }).await?;
    let done = match command {
        ModelCommand::List => list(context, &door).await,
        ModelCommand::Try { name } => tried(context, &door, name).await,
    };
    door.close().await;
    done
}

async fn list(context: &Context, door: &Door) -> Result<Exit> {
    let found = door.client().models().await?;
    context.output.print(&found, words)?;
    Ok(Exit::Done)
}

async fn tried(context: &Context, door: &Door, name: Option<String>) -> Result<Exit> {
    let name = match name {
        Some(name) => name,
        None => match door.client().models().await?.policy.into_iter().next() {
            Some(first) => first,
            None => return Err(models::none().into()),
        },
    };
    let checked = door.client().check_model(&name).await?;
    context.output.print(&checked, outcome)?;
    Ok(if checked.answered { Exit::Done } else { Exit::Failed })
}

fn words(found: &types::ModelList) -> String {
    if found.items.is_empty() {
        let none = models::none();
        return format!("{none}\nnext: {}", none.next);
    }
    let rows = found.items.iter().map(|model| {
        let place = found.policy.iter().position(|name| *name == model.name);
        let price = model.price.as_ref();
        [
            place.map_or_else(|| "-".to_owned(), |place| (place + 1).to_string()),
            model.name.clone(),
            standing(model),
            format!("{} of {}, {} wait", model.running, model.at_once, model.waiting),
            price.map_or_else(
                || "not known".to_owned(),
                |price| format!("{} / {}", usd(price.input), usd(price.output)),
            ),
            tokens(u64::from(model.context_tokens)),
        ]
    });
    table(["tried", "model", "state", "calls", TOKENS, "context"], rows)
}

fn standing(model: &types::ModelView) -> String {
    let from = match model.replies {
        types::RepliesFrom::Provider | types::RepliesFrom::Unknown => "",
        types::RepliesFrom::Recording => "played back from a recording",
        types::RepliesFrom::Script => "played by a script",
    };
    let breaker = match model.breaker {
        types::ModelBreaker::Open => "rests after failures",
        types::ModelBreaker::HalfOpen => "is tried again after failures",
        types::ModelBreaker::Closed if model.resting_seconds > 0 => "rests as its provider asked",
        types::ModelBreaker::Closed => "is called",
        types::ModelBreaker::Unknown => "not known",
    };
    if from.is_empty() || model.breaker != types::ModelBreaker::Closed { breaker } else { from }.to_owned()
}

fn outcome(checked: &types::CheckedModel) -> String {
    let name = plain(&checked.model);
    if let Some(problem) = &checked.problem {
        let detail = format!("{} [{}]", plain(&problem.detail), plain(&problem.code));
        return format!("{name} did not answer: {detail}\nnext: {}", plain(&problem.next));
    }
    let seconds = format!("{}.{:03} s", checked.milliseconds / 1_000, checked.milliseconds % 1_000);
    let cost = if checked.priced { usd(checked.cost) } else { "at a price that is not known".to_owned() };
    let used = format!("{} tokens in, {} out", checked.tokens_in, checked.tokens_out);
    let played = checked.played.as_ref().map(|played| {
        format!("\nplayed back from a recording of {} made on {}", plain(&played.model), plain(&played.date))
    });
    let said = plain(&checked.text);
    format!("{name} answered in {seconds}: {said}\n{used}, {cost}{}", played.unwrap_or_default())
}
