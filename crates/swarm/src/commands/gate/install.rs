//! `swarm gate install`: the hook that git runs before each commit.

use std::path::Path;

use swarm_domain::Problem;
use swarm_forge::{Here, Hooked};

use crate::{
    context::Context,
    exit::{Exit, Failure, Result},
};

/// Tells our hook from others.
const MARK: &str = "# Written by `swarm gate install`, which may write it again.";

pub(super) async fn run(context: &Context, here: &Here) -> Result<Exit> {
    let program = std::env::current_exe().map_err(|error| Failure::io("find this program", error))?;
    let written = here.hook("pre-commit", &hook(&program), MARK).await.map_err(|error| error.problem())?;
    match written {
        Hooked::Written(path) => context.output.say(&format!(
            "{} runs `swarm gate` before each commit; `git commit --no-verify` goes past it",
            path.display()
        ))?,
        Hooked::Unchanged(path) => context.output.say(&format!("{} is there already", path.display()))?,
        Hooked::Foreign(path) => {
            return Err(Problem::new(
                "gate.foreign_hook",
                format!("{} is a hook of somebody else's, and stays as it is", path.display()),
                "add the line `swarm gate --stage pre-commit || exit 1` to it",
            )
            .into());
        }
    }
    Ok(Exit::Done)
}

/// The hook takes this very program, and the one on the PATH where this one is gone.
fn hook(program: &Path) -> String {
    let quoted = program.display().to_string().replace('\'', r"'\''");
    format!(
        "#!/bin/sh\n{MARK}\nswarm='{quoted}'\n[ -x \"$swarm\" ] || swarm=swarm\nexec \"$swarm\" gate --stage pre-commit\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_quote_stays_one_word() {
        let text = hook(Path::new("/home/o'brien/swarm"));
        assert!(text.contains(r"swarm='/home/o'\''brien/swarm'") && text.contains(MARK));
    }
}
