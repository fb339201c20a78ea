//! `swarm doctor`.

use std::fmt::Write;

use crate::{
    config::{Layers, Overrides, faults},
    context::Context,
    doctor::{Finding, Standing, look},
    exit::{Exit, Result},
    progress::plain,
};

pub(super) async fn run(context: &Context) -> Result<Exit> {
    let (settings, faults) = faults(&Layers::of_process(Overrides::default()));
    let mut found = look(&context.data()?, &settings.unwrap_or_default()).await;
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

fn in_words(found: &[Finding]) -> String {
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
