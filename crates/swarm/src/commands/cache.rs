//! `swarm cache`.

use swarm_client::types;

use crate::{
    args::CacheCommand,
    context::Context,
    door,
    exit::{Exit, Result},
    progress::tokens,
    table::{table, usd},
};

pub(super) async fn run(context: &Context, command: &CacheCommand) -> Result<Exit> {
    match command {
        CacheCommand::Show => {
            let found = door::reading(context, async |client| Ok(client.cache().await?)).await?;
            context.output.print(&found, words)?;
        }
        CacheCommand::Clear => {
            let cleared = door::reading(context, async |client| Ok(client.clear_cache().await?)).await?;
            context.output.print(&cleared, |cleared| format!("{} replies were given up", cleared.entries))?;
        }
    }
    Ok(Exit::Done)
}

fn words(found: &types::CacheState) -> String {
    let state = if found.enabled { "on" } else { "off: set models.cache.enabled to use it" };
    let mut text = format!("the cache is {state}; it holds {} replies, {} bytes", found.entries, found.bytes);
    if found.callers.is_empty() {
        return text + "\nno call asked it yet";
    }
    let rows = found.callers.iter().map(|caller| {
        let facts = &caller.facts;
        let compared = match (facts.agreement.checked, caller.shut) {
            (0, _) => "not yet".to_owned(),
            (checked, shut) => {
                let agreed = format!("{} of {checked} agreed", facts.agreement.agreed);
                if shut { format!("{agreed}: SHUT") } else { agreed }
            }
        };
        [
            facts.caller.clone(),
            facts.hits.to_string(),
            facts.missed.to_string(),
            tokens(facts.saved.tokens_in + facts.saved.tokens_out),
            usd(facts.saved.usd),
            compared,
        ]
    });
    text += "\n\n";
    text + &table(["caller", "hits", "missed", "tokens saved", "saved", "compared with the model"], rows)
}
