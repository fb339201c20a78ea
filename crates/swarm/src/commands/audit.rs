//! `swarm audit`.

use crate::{
    args::AuditCommand,
    context::Context,
    door,
    exit::{Exit, Result},
};

pub(super) async fn run(context: &Context, command: &AuditCommand) -> Result<Exit> {
    let AuditCommand::Verify = command;
    let report = door::reading(context, async |client| Ok(client.verify().await?)).await?;
    let sound = report.first_bad.is_none();
    context.output.print(&report, |report| match &report.first_bad {
        None => format!("the chain of {} events is whole; its head is {}", report.events, report.head),
        Some(bad) => format!("the chain is BROKEN at event {}: {}", bad.seq, bad.reason),
    })?;
    Ok(if sound { Exit::Done } else { Exit::Failed })
}
