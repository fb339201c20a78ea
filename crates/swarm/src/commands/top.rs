//! `swarm top`: what goes on, live.

use std::io::IsTerminal;

use crate::{
    args::TopArgs,
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    interrupt, top,
};

pub(super) async fn run(context: &Context, args: TopArgs) -> Result<Exit> {
    let both = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if args.once || !both || context.output.json {
        let state = door::reading(context, top::once).await?;
        context.output.print(&state.summary(), |_| top::plain(&state))?;
        return Ok(Exit::Done);
    }
    let stop = interrupt::token()?;
    door::reading(context, async |client| {
        // Also on a panic the terminal is given back: this sets a hook.
        let mut terminal =
            ratatui::try_init().map_err(|error| Failure::io("take over the terminal", error))?;
        let done = top::follow(client, &mut terminal, &stop).await;
        ratatui::restore();
        done
    })
    .await?;
    Ok(if stop.is_cancelled() { Exit::Interrupted } else { Exit::Done })
}
