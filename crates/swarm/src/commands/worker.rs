//! `swarm worker`.

use crate::{
    args::WorkerArgs,
    config::{self, Overrides},
    context::Context,
    exit::{Exit, Result},
    house::{Duty, House, Wiring},
    interrupt,
};

pub(super) async fn run(context: &Context, args: WorkerArgs) -> Result<Exit> {
    let overrides = Overrides { sandbox: args.engine.sandbox, ..Overrides::default() };
    let wiring = Wiring {
        data: context.data()?,
        settings: config::settings(overrides)?,
        engine: args.engine,
        node: args.name,
        ..Wiring::default()
    };
    let interrupt = interrupt::token()?;
    let house = House::open(wiring, Duty::Worker).await?;
    let none = "models: none is configured".to_owned();
    let source = house.source().notice().unwrap_or(none);
    let said = context.output.say(&format!(
        "the worker works, in sandboxes on {}; {source}; Ctrl-C stops it",
        house.sandbox().unwrap_or("no rung")
    ));
    if said.is_ok() {
        interrupt.cancelled().await;
    }
    house.close().await;
    said?;
    Ok(Exit::Done)
}
