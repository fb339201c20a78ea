//! The configuration: one typed struct, and the layers that it is read from.
//!
//! Weakest first: built-in defaults, `$XDG_CONFIG_HOME/swarm/config.toml`, `./swarm.toml`, the environment
//! (`SWARM_FLOWS__MAX_AGENTS=2` is `flows.max_agents`), the command line.

mod check;
mod closest;
mod layers;
mod limits;
mod network;
mod public;
mod settings;
mod shown;

pub(crate) use check::faults;
pub(crate) use layers::{Layers, Overrides};
pub(crate) use settings::Settings;
pub(crate) use shown::{Shown, shown};

use swarm_domain::Problem;

use crate::exit::{Failure, Result};

/// Reads the settings of this process, or says the first fault and how to see all of them.
pub(crate) fn settings(overrides: Overrides) -> Result<Settings> {
    let (settings, faults) = faults(&Layers::of_process(overrides));
    match (settings, faults.first()) {
        (Some(settings), None) => Ok(settings),
        (_, Some(first)) => {
            let more =
                if faults.len() > 1 { format!(" (and {} more)", faults.len() - 1) } else { String::new() };
            Err(Failure::from(Problem::new(
                "config.invalid",
                format!("{first}{more}"),
                "run `swarm config check`",
            )))
        }
        (None, None) => Err(Problem::new(
            "config.invalid",
            "the configuration cannot be read",
            "run `swarm config check`",
        )
        .into()),
    }
}
