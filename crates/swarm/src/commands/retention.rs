//! `swarm hold` and `swarm purge`.

use swarm_client::types;

use crate::{
    args::{HoldCommand, PurgeArgs},
    context::Context,
    door,
    exit::{Exit, Result},
    progress::plain,
    table::{local, table},
};

pub(super) async fn hold(context: &Context, command: HoldCommand) -> Result<Exit> {
    match command {
        HoldCommand::Set { hold, run, project, everything: _, reason } => {
            let new = types::NewHold {
                hold: hold.to_string(),
                project: project.map(|project| project.to_string()),
                run: run.map(|run| run.to_string()),
                reason,
            };
            let row = door::reading(context, async |client| Ok(client.set_hold(&new).await?)).await?;
            context.output.print(&row, |row| {
                format!(
                    "{} keeps {} until it is lifted: `swarm hold lift {}`",
                    row.id,
                    scope(&row.scope),
                    row.id
                )
            })?;
        }
        HoldCommand::Lift { hold, reason } => {
            let (hold, reason) = (hold.as_str(), reason.as_str());
            let row =
                door::reading(context, async |client| Ok(client.lift_hold(hold, reason).await?)).await?;
            context.output.print(&row, |row| {
                format!("{} is lifted: what it kept may be purged when its time has come", row.id)
            })?;
        }
        HoldCommand::List => {
            let rows = door::reading(context, async |client| Ok(client.holds().await?)).await?;
            context.output.print(&rows, |rows| {
                if rows.is_empty() {
                    return "no legal hold was ever set: `swarm hold set NAME --run RUN --reason WHY`"
                        .to_owned();
                }
                let line = |row: &types::HoldRow| {
                    let lifted = row
                        .lifted_at
                        .map_or_else(|| "holds".to_owned(), |at| format!("lifted {}", local(at)));
                    let who = plain(&row.set_by);
                    [row.id.clone(), scope(&row.scope), lifted, local(row.set_at), who, plain(&row.reason)]
                };
                table(["hold", "keeps", "state", "set", "by", "reason"], rows.iter().map(line))
            })?;
        }
    }
    Ok(Exit::Done)
}

fn scope(scope: &types::HoldScope) -> String {
    match scope {
        types::HoldScope::Everything => "everything".to_owned(),
        types::HoldScope::Project { project } => format!("project {project}"),
        types::HoldScope::Run { run } => run.clone(),
        types::HoldScope::Unknown => "something that this program does not know".to_owned(),
    }
}

pub(super) async fn purge(context: &Context, args: PurgeArgs) -> Result<Exit> {
    let report = door::reading(context, async |client| Ok(client.purge(args.dry_run).await?)).await?;
    context.output.print(&report, |report| words(report, args.dry_run))?;
    Ok(Exit::Done)
}

fn words(report: &types::PurgeReport, dry_run: bool) -> String {
    let before = local(report.before);
    let held = match report.held {
        0 => String::new(),
        1 => "\n1 run is old enough and kept by a legal hold: `swarm hold list`".to_owned(),
        held => format!("\n{held} runs are old enough and kept by legal holds: `swarm hold list`"),
    };
    if report.contents == 0 {
        return format!(
            "nothing to purge: no finished work from before {before} has contents of its own{held}"
        );
    }
    let lines = report.runs.iter().map(|run| {
        [
            run.run.clone(),
            run.project.clone(),
            local(run.settled_at),
            run.contents.to_string(),
            size(run.bytes),
        ]
    });
    let table = table(["run", "project", "finished", "contents", "size"], lines);
    let (verb, end) = if dry_run {
        ("would go", "nothing was deleted; `swarm purge` does it".to_owned())
    } else {
        let event = report.event.map(|seq| format!("event {seq} says so; ")).unwrap_or_default();
        ("are gone", format!("{event}their hashes stay, and `swarm audit verify` holds as before"))
    };
    let more = if report.more { "\nthere is more than one purge deletes: purge again" } else { "" };
    format!(
        "{table}\n\n{} contents with {} {verb}, of work that was finished before {before}\n{end}{more}{held}",
        report.contents,
        size(report.bytes)
    )
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{}.{} KiB", bytes >> 10, ((bytes & 1_023) * 10) >> 10),
        1_048_576..1_073_741_824 => format!("{}.{} MiB", bytes >> 20, (((bytes >> 10) & 1_023) * 10) >> 10),
        _ => format!("{}.{} GiB", bytes >> 30, (((bytes >> 20) & 1_023) * 10) >> 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_the_unit_that_fits() {
        let shown: Vec<_> = [0, 1_023, 1_024, 1_536, 5 << 20, 3 << 30].map(size).into();
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.0 GiB"]);
    }
}
