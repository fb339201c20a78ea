//! Two runs side by side.

use std::collections::{BTreeMap, BTreeSet};

use swarm_domain::{
    CommitId, Event, EventBody, RunId, TicketId,
    comparison::Results,
    run_diff::{CodeDiff, RunDiff, RunSide, TicketPair, TicketSide},
};
use swarm_forge::Mirror;
use swarm_store::{RunRow, TicketRow};

use super::{journal::story, parting::parting};
use crate::{error::FlowError, parts::Parts};

/// The most of the code's differences that is shown, in bytes.
const MAX_CODE: usize = 256 << 10;

/// All that is known of one run.
struct Told {
    row: RunRow,
    tickets: Vec<TicketRow>,
    events: Vec<Event>,
    mirror: Option<Mirror>,
    head: Option<CommitId>,
    trees: BTreeMap<CommitId, String>,
}

/// Compares two runs.
pub(super) async fn diff(parts: &Parts, first: &RunId, second: &RunId) -> Result<RunDiff, FlowError> {
    let (first, second) = (told(parts, first).await?, told(parts, second).await?);
    let differences = results(&first).differences(&results(&second));
    let trees = first.trees.clone().into_iter().chain(second.trees.clone()).collect();
    Ok(RunDiff {
        same: differences.is_empty(),
        differences,
        tickets: pairs(&first, &second),
        parting: parting(parts, &first.events, &second.events, &trees).await,
        code: code(&first, &second).await?,
        first: side(&first),
        second: side(&second),
    })
}

async fn told(parts: &Parts, run: &RunId) -> Result<Told, FlowError> {
    let tenant = &parts.config.tenant;
    let row = parts.store.run(tenant, run).await?;
    let tickets = parts.store.tickets(tenant, run).await?;
    let events = story(parts, run, &[], u64::MAX).await?;
    let mirror = parts.forge.known(&row.project).await?;
    let mut trees = BTreeMap::new();
    let mut head = None;
    if let (Some(mirror), true) = (&mirror, row.base.is_some()) {
        let end = mirror.head(run).await?;
        let made = events.iter().filter_map(|event| match &event.body {
            EventBody::Committed { commit, .. } | EventBody::Merged { commit, .. } => Some(commit.clone()),
            _ => None,
        });
        for commit in made.chain([end.clone()]).collect::<BTreeSet<_>>() {
            // What was thrown away since stands under its own name: a difference that can be seen.
            if let Ok(tree) = mirror.tree(&commit).await {
                trees.insert(commit, tree);
            }
        }
        head = Some(end);
    }
    Ok(Told { row, tickets, events, mirror, head, trees })
}

fn results(told: &Told) -> Results {
    let tickets: Vec<_> = told.tickets.iter().map(|row| (row.id.clone(), row.state.clone())).collect();
    let tree = told.head.as_ref().and_then(|head| told.trees.get(head));
    Results::of(&told.row.state, &tickets, &told.events, &told.trees, tree.map(String::as_str))
}

fn side(told: &Told) -> RunSide {
    let row = &told.row;
    RunSide {
        run: row.id.clone(),
        state: row.state.clone(),
        options: row.options.clone(),
        spend: row.spend,
        millis: row.settled_at.map(|at| millis(at - row.started_at)),
        tree: told.head.as_ref().and_then(|head| told.trees.get(head).cloned()),
        head: told.head.clone(),
    }
}

fn pairs(first: &Told, second: &Told) -> Vec<TicketPair> {
    let mut ids: Vec<&TicketId> = Vec::new();
    for row in first.tickets.iter().chain(&second.tickets) {
        if !ids.contains(&&row.id) {
            ids.push(&row.id);
        }
    }
    let of = |told: &Told, id: &TicketId| {
        let row = told.tickets.iter().find(|row| row.id == *id)?;
        Some((row.ticket.title.clone(), ticket_side(told, row)))
    };
    ids.into_iter()
        .map(|id| {
            let (one, two) = (of(first, id), of(second, id));
            let title = one.as_ref().or(two.as_ref()).map(|(title, _)| title.clone());
            TicketPair {
                ticket: id.clone(),
                title: title.unwrap_or_default(),
                first: one.map(|(_, side)| side),
                second: two.map(|(_, side)| side),
            }
        })
        .collect()
}

fn ticket_side(told: &Told, row: &TicketRow) -> TicketSide {
    let starts = told.events.iter().filter(|event| {
        event.subject.ticket.as_ref() == Some(&row.id)
            && matches!(event.body, EventBody::AttemptStarted { .. })
    });
    let began = starts.clone().map(|event| event.at).min();
    TicketSide {
        state: row.state.clone(),
        attempts: u32::try_from(starts.count()).unwrap_or(u32::MAX),
        spend: row.spend,
        millis: began.map(|at| millis(row.updated_at - at)).unwrap_or_default(),
    }
}

fn millis(time: chrono::TimeDelta) -> u64 {
    u64::try_from(time.num_milliseconds()).unwrap_or_default()
}

async fn code(first: &Told, second: &Told) -> Result<Option<CodeDiff>, FlowError> {
    let (Some(mirror), Some(one), Some(two)) = (&first.mirror, &first.head, &second.head) else {
        return Ok(None);
    };
    if first.row.project != second.row.project {
        return Ok(None);
    }
    let stat = mirror.diffstat(one, two).await?;
    let text = mirror.diff(one, two, MAX_CODE).await?;
    let files = mirror.changes(one, two).await?.into_iter().map(|change| change.path).collect();
    Ok(Some(CodeDiff {
        files,
        added: stat.added,
        removed: stat.removed,
        text: text.text,
        truncated: text.truncated,
    }))
}
