//! `swarm doctor`.

use std::fmt::Write;

use crate::{
    config::{Layers, Overrides, Settings, faults},
    context::Context,
    doctor::{Finding, Standing, look},
    exit::{Exit, Result},
    progress::plain,
};

pub(super) async fn run(context: &Context) -> Result<Exit> {
    let (settings, faults) = faults(&Layers::of_process(Overrides::default()));
    let settings = settings.unwrap_or_default();
    let mut found = look(&context.data()?, &settings).await;
    found.extend(quarantined(context, &settings).await);
    if !faults.is_empty() {
        found.insert(
            0,
            Finding {
                name: "configuration".to_owned(),
                standing: Standing::Missing,
                detail: faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
                mend: Some("run `swarm config check`".to_owned()),
            },
        );
    }
    context.output.print(&found, |found| in_words(found))?;
    let missing = found.iter().any(|one| one.standing == Standing::Missing);
    Ok(if missing { Exit::Environment } else { Exit::Done })
}

/// The agents that are not chosen because they used up their error budgets. Only where one has an objective is the history
/// looked at; where that cannot be read, what is missing for it is among the findings already.
async fn quarantined(context: &Context, settings: &Settings) -> Vec<Finding> {
    let Ok(catalogue) = super::catalogue(settings) else { return Vec::new() };
    if catalogue.current().iter().all(|agent| agent.objective.is_none()) {
        return Vec::new();
    }
    let standings = super::agent::standings(context).await.unwrap_or_default();
    let stands_back = standings.into_iter().filter(|known| known.standing.quarantined);
    let note = |known: swarm_domain::objective::AgentStanding| Finding {
        name: format!("agent: {}", known.agent),
        standing: Standing::Note,
        detail: format!("not chosen while another offers the same; {}", known.words),
        mend: Some("read `swarm failures`, then mend its file or its objective".to_owned()),
    };
    stands_back.map(note).collect()
}

pub(super) fn in_words(found: &[Finding]) -> String {
    let widest = found.iter().map(|one| one.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for one in found {
        let mark = match one.standing {
            Standing::Fine => '✓',
            Standing::Note => '-',
            Standing::Missing => '✗',
        };
        let _ = writeln!(text, "{mark} {:widest$}  {}", one.name, plain(&one.detail));
        if let Some(mend) = &one.mend {
            let _ = writeln!(text, "  {:widest$}  to mend it: {}", "", plain(mend));
        }
    }
    let missing = found.iter().filter(|one| one.standing == Standing::Missing).count();
    let verdict = match missing {
        0 => "everything that is needed is here".to_owned(),
        count => format!("{count} missing"),
    };
    text + "\n" + &verdict
}
