//! Which rung of the ladder a machine stands on.
//!
//! swarm takes the strongest rung that works. It never steps down to a plain process by itself.

use std::{fmt, path::Path, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use swarm_domain::attempt::Rung;

use crate::{
    bubblewrap::Bubblewrap, error::SandboxError, limits_report::LimitsReport, process::Process,
    sandbox::Backend, sweep::sweep,
};

/// Every rung, strongest first.
const RUNGS: [Rung; 4] = [Rung::Firecracker, Rung::Qemu, Rung::Bubblewrap, Rung::Process];

/// What the operator asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Choice {
    /// The strongest rung that works here, `process` excepted. Written `auto`.
    #[default]
    Strongest,
    /// This rung or none. Written as the rung's name.
    Only(Rung),
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strongest => f.write_str("auto"),
            Self::Only(rung) => rung.fmt(f),
        }
    }
}

impl FromStr for Choice {
    type Err = SandboxError;

    fn from_str(text: &str) -> Result<Self, SandboxError> {
        if text == "auto" {
            return Ok(Self::Strongest);
        }
        let rung = RUNGS.into_iter().find(|rung| rung.to_string() == text);
        rung.map(Self::Only).ok_or_else(|| {
            let known = RUNGS.map(|rung| rung.to_string()).join(", ");
            SandboxError::invalid("sandbox", format!("`{text}` is none of auto, {known}"))
        })
    }
}

impl TryFrom<String> for Choice {
    type Error = SandboxError;

    fn try_from(text: String) -> Result<Self, SandboxError> {
        text.parse()
    }
}

impl From<Choice> for String {
    fn from(choice: Choice) -> Self {
        choice.to_string()
    }
}

/// The rung that was chosen.
#[derive(Clone)]
pub struct Ladder {
    /// Makes its sandboxes.
    pub backend: Arc<dyn Backend>,
    /// How firmly limits are held on it.
    pub limits: LimitsReport,
    /// What the operator must be told before anything runs.
    pub warning: Option<String>,
    /// The stronger rungs that were not taken, and why.
    pub passed_over: Vec<(Rung, String)>,
}

impl fmt::Debug for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ladder")
            .field("rung", &self.backend.rung())
            .field("limits", &self.limits)
            .field("passed_over", &self.passed_over)
            .finish_non_exhaustive()
    }
}

impl Ladder {
    /// Sweeps what killed processes left below `state`, then takes the rung that is asked for. The error is that of the
    /// rung nearest to working.
    pub async fn climb(choice: Choice, state: &Path) -> Result<Self, SandboxError> {
        sweep(state).await?;
        let rungs: &[Rung] = match &choice {
            Choice::Strongest => &RUNGS[..3],
            Choice::Only(rung) => std::slice::from_ref(rung),
        };
        let mut passed_over = Vec::new();
        let mut last = None;
        for rung in rungs {
            match stand(*rung, state).await {
                Ok((backend, limits)) => {
                    let warning = warning(*rung, &limits);
                    return Ok(Self { backend, limits, warning, passed_over });
                }
                Err(error) => {
                    passed_over.push((*rung, error.to_string()));
                    last = Some(error);
                }
            }
        }
        Err(last.unwrap_or_else(|| SandboxError::invalid("sandbox", "there is no rung to try")))
    }
}

fn warning(rung: Rung, limits: &LimitsReport) -> Option<String> {
    match rung {
        Rung::Process => Some(format!(
            "commands run as plain processes with your own rights: they can read and change your files and reach the \
             network ({limits})"
        )),
        _ if limits.is_full() => None,
        _ => Some(limits.to_string()),
    }
}

/// Opens a rung and tries it.
async fn stand(rung: Rung, state: &Path) -> Result<(Arc<dyn Backend>, LimitsReport), SandboxError> {
    let (backend, limits): (Arc<dyn Backend>, _) = match rung {
        Rung::Bubblewrap => {
            let rung = Bubblewrap::open(state).await?;
            let limits = rung.limits();
            (Arc::new(rung), limits)
        }
        Rung::Process => {
            let rung = Process::open(state).await?;
            let limits = rung.limits();
            (Arc::new(rung), limits)
        }
        // A rung that joins the ladder is opened here, and only here.
        Rung::Firecracker | Rung::Qemu => {
            let reason = "this version of swarm has no microVMs yet".to_owned();
            return Err(SandboxError::Unavailable {
                rung,
                reason,
                mend: "use `--sandbox bubblewrap`".to_owned(),
            });
        }
    };
    backend.probe().await?;
    Ok((backend, limits))
}

/// Whether one rung works here.
#[derive(Debug)]
pub struct Standing {
    /// Which one.
    pub rung: Rung,
    /// How firmly it holds limits; or why it does not work, and what mends it.
    pub works: Result<LimitsReport, SandboxError>,
}

/// Tries every rung, strongest first, and leaves nothing behind. For `swarm doctor`.
pub async fn survey(state: &Path) -> Vec<Standing> {
    let mut standings = Vec::new();
    for rung in RUNGS {
        let works = stand(rung, state).await.map(|(_, limits)| limits);
        standings.push(Standing { rung, works });
    }
    standings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_as_it_is_written() {
        for text in ["auto", "firecracker", "qemu", "bubblewrap", "process"] {
            assert_eq!(text.parse::<Choice>().unwrap().to_string(), text);
        }
        let error = "docker".parse::<Choice>().unwrap_err();
        assert!(error.to_string().contains("none of auto, firecracker"), "{error}");
    }

    #[tokio::test]
    async fn a_rung_that_is_not_built_says_so_and_is_not_replaced_by_a_weaker_one() {
        let state = tempfile::tempdir().unwrap();
        for rung in [Rung::Firecracker, Rung::Qemu] {
            let error = Ladder::climb(Choice::Only(rung), state.path()).await.unwrap_err();
            assert!(
                matches!(&error, SandboxError::Unavailable { rung: named, .. } if *named == rung),
                "{error}"
            );
            assert!(error.problem().next.contains("bubblewrap"));
        }
    }

    #[tokio::test]
    async fn a_plain_process_is_taken_only_when_asked_for_and_with_a_warning() {
        let state = tempfile::tempdir().unwrap();
        if let Ok(ladder) = Ladder::climb(Choice::Strongest, state.path()).await {
            assert_ne!(ladder.backend.rung(), Rung::Process);
        }
        let ladder = Ladder::climb(Choice::Only(Rung::Process), state.path()).await.unwrap();
        assert_eq!(ladder.backend.rung(), Rung::Process);
        assert!(ladder.warning.unwrap().contains("plain processes"));
    }
}
