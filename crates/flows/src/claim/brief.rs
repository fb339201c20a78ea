//! What a worker elsewhere is told: what an agent here would see, and as much of the repository as there is room for.

use std::collections::BTreeSet;

use swarm_domain::{
    CommitId,
    budget::{Budget, Spend},
    claim::{BriefFile, WorkBrief},
    money::MicroUsd,
};
use swarm_forge::Mirror;

use crate::{attempt::Attempt, context, error::FlowError};

/// Bytes of files that belong in the question.
const SHOWN_BYTES: usize = 512 << 10;
/// Bytes of all files together.
const ALL_BYTES: usize = 1 << 20;
/// The most files.
const MAX_FILES: usize = 400;

/// The brief of an attempt.
pub(crate) async fn brief(
    attempt: &Attempt<'_>,
    mirror: &Mirror,
    base: &CommitId,
) -> Result<WorkBrief, FlowError> {
    let Attempt { frame, brief, id, choice, agent, .. } = attempt;
    let shown = context::of_ticket(mirror, frame, base, brief.from.as_ref(), SHOWN_BYTES).await?;
    let mut files: Vec<_> =
        shown.files.into_iter().map(|(path, text)| BriefFile { path, text, shown: true }).collect();
    let left_out = fill(mirror, base, &mut files).await?;
    Ok(WorkBrief {
        run: frame.run.clone(),
        attempt: id.clone(),
        number: brief.number,
        ticket: frame.ticket.clone(),
        requirements: attempt.requirements(),
        overview: frame.spec.overview.clone(),
        fixtures: frame.spec.fixtures.clone(),
        agents_md: shown.agents_md,
        hints: brief.hints.clone(),
        base: base.clone(),
        agent: agent.name.clone(),
        files,
        left_out,
        seed: attempt.seed(),
        warmer_milli: choice.warmer_milli,
        budget: left(&super::budgets(attempt).await?),
    })
}

/// Adds the rest of the repository as long as there is room, so that commands find what they need; gives back how many
/// files had none.
async fn fill(mirror: &Mirror, base: &CommitId, files: &mut Vec<BriefFile>) -> Result<u32, FlowError> {
    let known: BTreeSet<String> = files.iter().map(|file| file.path.clone()).collect();
    let mut room = ALL_BYTES.saturating_sub(files.iter().map(|file| file.text.len()).sum());
    let mut left_out = 0_u32;
    for path in mirror.files(base).await? {
        if known.contains(&path) {
            continue;
        }
        let text = if files.len() < MAX_FILES { context::text(mirror, base, &path).await? } else { None };
        match text.filter(|text| text.len() <= room) {
            Some(text) => {
                room -= text.len();
                files.push(BriefFile { path, text, shown: false });
            }
            None => left_out = left_out.saturating_add(1),
        }
    }
    Ok(left_out)
}

/// What is left of every budget: of two limits the narrower.
fn left(scopes: &[swarm_model::BudgetScope]) -> Budget {
    let narrower = |a: Option<u64>, b: Option<u64>| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    scopes.iter().fold(Budget::default(), |left, scope| {
        let Spend { usd, .. } = scope.spent;
        let money = scope.limit.usd.map(|limit| limit.0.saturating_sub(usd.0));
        let tokens = scope.limit.tokens.map(|limit| limit.saturating_sub(scope.spent.tokens()));
        Budget {
            usd: narrower(left.usd.map(|usd| usd.0), money).map(MicroUsd),
            tokens: narrower(left.tokens, tokens),
        }
    })
}
