//! `swarm audit`.

mod offline;
mod trail;

use std::{io::Write, path::Path};

use futures::{Stream, StreamExt};
use swarm_client::{ClientError, types};
use swarm_domain::Problem;

use crate::{
    args::{AuditCommand, AuditExportArgs, ExportForm},
    context::Context,
    door,
    exit::{Exit, Failure, Result},
    output,
    table::{local, table},
};

pub(super) async fn run(context: &Context, command: &AuditCommand) -> Result<Exit> {
    match command {
        AuditCommand::Verify(args) => match &args.file {
            Some(file) => offline::verify(context, file, args),
            None => verify(context).await,
        },
        AuditCommand::List(args) => trail::list(context, args).await,
        AuditCommand::Tail(args) => trail::tail(context, args).await,
        AuditCommand::Export(args) => export(context, args).await,
        AuditCommand::Checkpoints { limit, note } => checkpoints(context, *limit, *note).await,
        AuditCommand::Key { rotate } => key(context, *rotate).await,
    }
}

async fn verify(context: &Context) -> Result<Exit> {
    let report = door::reading(context, async |client| Ok(client.verify().await?)).await?;
    let sound = report.first_bad.is_none();
    context.output.print(&report, |report| match &report.first_bad {
        None => format!(
            "the chain of {} events is whole; its head is {}\n{}",
            report.events,
            report.head,
            covered(report)
        ),
        Some(bad) => format!("the chain is BROKEN at event {}: {}", bad.seq, bad.reason),
    })?;
    Ok(if sound { Exit::Done } else { Exit::Failed })
}

fn covered(report: &types::ChainReport) -> String {
    let waiting = report.events.saturating_sub(report.signed);
    match (report.checkpoints, waiting) {
        (0, _) => "no checkpoint was signed yet".to_owned(),
        (count, 0) => format!("{count} signed checkpoints fit and cover all of them"),
        (count, waiting) => {
            format!("{count} signed checkpoints fit; the newest {waiting} events wait for the next one")
        }
    }
}

async fn checkpoints(context: &Context, limit: u32, note: bool) -> Result<Exit> {
    let limit = if note { 1 } else { limit };
    let found =
        door::reading(context, async |client| Ok(client.checkpoints(0, Some(limit), true).await?)).await?;
    if note {
        let newest = found.last().ok_or_else(|| {
            let next = "run a build, or `swarm audit export`, which signs one";
            Problem::new("audit.unsigned", "no checkpoint was signed yet", next)
        })?;
        context.output.print(newest, |newest| newest.note.clone())?;
        return Ok(Exit::Done);
    }
    context.output.print(&found, |found| {
        if found.is_empty() {
            return "no checkpoint was signed yet: one is when a run ends, and by `swarm audit export`"
                .to_owned();
        }
        let rows =
            found.iter().map(|row| [row.size.to_string(), local(row.at), row.key.clone(), row.head.clone()]);
        table(["events", "signed", "key", "head"], rows)
    })?;
    Ok(Exit::Done)
}

async fn key(context: &Context, rotate: bool) -> Result<Exit> {
    let keys = door::reading(context, async |client| {
        Ok(if rotate { client.rotate_audit_key().await? } else { client.audit_keys().await? })
    })
    .await?;
    let Some(current) = &keys.key else {
        let next = "run a build, or `swarm audit export`, which makes one";
        return Err(Problem::new("audit.no_key", "there is no key that signs yet", next).into());
    };
    context.output.print(&keys, |_| current.clone())?;
    if !context.output.json && !keys.earlier.is_empty() {
        output::notice(&format!("it took the place of:\n  {}", keys.earlier.join("\n  ")));
    }
    Ok(Exit::Done)
}

async fn export(context: &Context, args: &AuditExportArgs) -> Result<Exit> {
    let out = args.out.as_path();
    let by_name = match out.extension().and_then(|end| end.to_str()) {
        Some("csv") => ExportForm::Csv,
        Some("pdf") => ExportForm::Pdf,
        _ => ExportForm::Jsonl,
    };
    let form = args.form.unwrap_or(by_name);
    let word = match form {
        ExportForm::Jsonl => "jsonl",
        ExportForm::Csv => "csv",
        ExportForm::Pdf => "pdf",
    };
    let filter = trail::filter(&args.filter);
    door::reading(context, async |client| {
        let parts = client.export_log(word, &filter).await?;
        if out == Path::new("-") {
            return write_to(parts, &mut std::io::stdout(), "standard output").await.map(drop);
        }
        let name = out.display().to_string();
        let failed = |error: &dyn std::fmt::Display| Failure::io(format!("write {name}"), error);
        // Beside its place and moved there: what breaks off leaves no half of a log that looks whole.
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| failed(&error))?;
        let bytes = write_to(parts, &mut file, &name).await?;
        file.as_file().sync_all().map_err(|error| failed(&error))?;
        file.persist(out).map_err(|error| failed(&error))?;
        let proof = match form {
            ExportForm::Jsonl => format!(
                "whoever has the output of `swarm audit key` checks it with `swarm audit verify {name} --key KEY`"
            ),
            ExportForm::Csv => "a table proves nothing by itself: its hashes are found again in an export as JSON Lines".to_owned(),
            ExportForm::Pdf => "its first page says how it is checked; by itself it proves nothing".to_owned(),
        };
        context.output.say(&format!("wrote {bytes} bytes to {name}\n{proof}"))
    })
    .await?;
    Ok(Exit::Done)
}

/// Writes the parts as they come, and says how many bytes they were.
async fn write_to(
    parts: impl Stream<Item = Result<Vec<u8>, ClientError>>,
    out: &mut impl Write,
    name: &str,
) -> Result<u64> {
    let mut parts = std::pin::pin!(parts);
    let mut bytes = 0;
    while let Some(part) = parts.next().await {
        let part = part?;
        out.write_all(&part).map_err(|error| Failure::io(format!("write {name}"), error))?;
        bytes += part.len() as u64;
    }
    out.flush().map_err(|error| Failure::io(format!("write {name}"), error))?;
    Ok(bytes)
}
