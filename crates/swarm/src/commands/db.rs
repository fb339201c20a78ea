//! `swarm db`.

use crate::{
    args::DbCommand,
    context::Context,
    door,
    exit::{Exit, Result},
    table::table,
};

pub(super) async fn run(context: &Context, command: &DbCommand) -> Result<Exit> {
    let DbCommand::Rebuild = command;
    let report = door::reading(context, async |client| Ok(client.rebuild().await?)).await?;
    context.output.print(&report, |report| {
        let rows = report.tables.iter().map(|t| {
            let verdict = if t.before == t.after { "the same" } else { "DIFFERENT" };
            [t.table.clone(), t.after.rows.to_string(), verdict.to_owned()]
        });
        format!(
            "{}\n\ndrawn again from {} events",
            table(["view", "rows", "before and after"], rows),
            report.events
        )
    })?;
    Ok(if report.tables.iter().all(|t| t.before == t.after) { Exit::Done } else { Exit::Failed })
}
