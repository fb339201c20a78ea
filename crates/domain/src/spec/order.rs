//! What each requirement needs first, without circles.

use super::{Passage, SpecError, label::Needs};
use crate::{graph::Graph, id::RequirementId};

/// How many circles are opened one by one before every dependency that was only mentioned is left out.
const MAX_CUTS: usize = 16;

/// The dependencies that hold.
pub(super) struct Ordered {
    /// One list for each requirement.
    pub depends_on: Vec<Vec<RequirementId>>,
    /// Mentions that were left out because they would close a circle.
    pub dropped: Vec<Passage>,
}

/// Joins what is stated with what is mentioned. A circle of statements is the author's to open; a mention that
/// closes one was only a guess, so the guess goes.
pub(super) fn settle(ids: &[RequirementId], lines: &[u32], needs: &[Needs]) -> Result<Ordered, SpecError> {
    let stated: Vec<Vec<RequirementId>> = needs.iter().map(|n| n.stated.clone()).collect();
    if let Err(cycle) = graph(ids, &stated).topological() {
        let line = cycle.first().and_then(|id| ids.iter().position(|i| i == id)).map_or(1, |at| lines[at]);
        return Err(SpecError::Cyclic { cycle, line });
    }
    let mut all = stated;
    for (list, needs) in all.iter_mut().zip(needs) {
        let more: Vec<_> = needs.mentioned.iter().filter(|id| !list.contains(id)).cloned().collect();
        list.extend(more);
    }
    let mut dropped = Vec::new();
    for cut in 0.. {
        let Err(cycle) = graph(ids, &all).topological() else {
            break;
        };
        let only_mentioned = |at: usize, on: &RequirementId| !needs[at].stated.contains(on);
        // The last mention of the circle closed it. Past the bound every mention goes at once.
        let mut guesses = cycle.iter().enumerate().filter_map(|(n, id)| {
            let at = ids.iter().position(|i| i == id)?;
            let on = &cycle[(n + 1) % cycle.len()];
            only_mentioned(at, on).then_some((at, on))
        });
        let last = guesses.next_back();
        match last {
            Some((at, on)) if cut < MAX_CUTS => {
                all[at].retain(|id| id != on);
                dropped.push(told(&ids[at], lines[at], on));
            }
            _ => {
                for (at, list) in all.iter_mut().enumerate() {
                    let (kept, gone) =
                        std::mem::take(list).into_iter().partition(|on| !only_mentioned(at, on));
                    *list = kept;
                    let gone: Vec<RequirementId> = gone;
                    dropped.extend(gone.iter().map(|on| told(&ids[at], lines[at], on)));
                }
            }
        }
    }
    Ok(Ordered { depends_on: all, dropped })
}

fn graph(ids: &[RequirementId], needs: &[Vec<RequirementId>]) -> Graph<RequirementId> {
    let edges =
        ids.iter().zip(needs).flat_map(|(id, list)| list.iter().map(move |on| (id.clone(), on.clone())));
    Graph::new(ids.iter().cloned(), edges)
}

fn told(id: &RequirementId, line: u32, on: &RequirementId) -> Passage {
    Passage {
        line,
        text: format!("{id} mentions {on}"),
        reason: format!(
            "as a dependency it would close a circle, so it is none: write `Depends on: {on}` if {id} needs it"
        ),
    }
}
