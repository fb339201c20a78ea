//! `swarm trace`.

use std::fmt::Write;

use swarm_client::types;
use swarm_domain::Problem;

use super::{
    run::{latest, state_of_ticket},
    ticket::{checks, wire_name},
};
use crate::{
    args::TraceArgs,
    context::Context,
    door,
    exit::{Exit, Result},
    progress::plain,
    table::indented,
};

pub(super) async fn run(context: &Context, args: TraceArgs) -> Result<Exit> {
    let requirement = args.requirement;
    let trace = door::reading(context, async |client| {
        let run = latest(client, args.of.run).await?;
        Ok(client.trace(&run, Some(requirement.as_str())).await?)
    })
    .await?;
    if trace.requirements.is_empty() {
        let detail = format!("the spec of {} has no requirement {requirement}", trace.run);
        return Err(
            Problem::new("trace.unknown_requirement", detail, "run `swarm ticket list` to see them").into()
        );
    }
    context.output.print(&trace, |trace| trace.requirements.iter().map(in_words).collect())?;
    Ok(Exit::Done)
}

fn in_words(traced: &types::RequirementTrace) -> String {
    let requirement = &traced.requirement;
    let mut text = format!(
        "{} {}: {}\n{}\n",
        requirement.id,
        plain(&requirement.title),
        wire_name(&traced.evidence).to_uppercase(),
        indented(&requirement.text, "  "),
    );
    for ticket in &traced.tickets {
        let _ = writeln!(
            text,
            "\nticket {} {}: {}",
            ticket.id,
            plain(&ticket.title),
            state_of_ticket(&ticket.state)
        );
        for commit in &ticket.commits {
            let merged = if ticket.merged.as_ref() == Some(commit) { " (merged)" } else { "" };
            let _ = writeln!(text, "  commit {commit}{merged}");
        }
        if let Some(merged) = ticket.merged.as_ref().filter(|merged| !ticket.commits.contains(merged)) {
            let part = if ticket.partial { ", as a checkpoint" } else { "" };
            let _ = writeln!(text, "  merged as {merged}{part}");
        }
    }
    if traced.checks.is_empty() {
        text.push_str("\nno acceptance command has run for it\n");
    } else {
        let _ = write!(text, "\nacceptance commands\n{}", checks(&traced.checks));
    }
    text
}
