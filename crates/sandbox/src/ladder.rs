//! Which rung of the ladder a machine stands on.
//!
//! swarm takes the strongest rung that works. It never steps down to a plain process by itself.

use std::{fmt, path::Path, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use swarm_domain::attempt::Rung;

use crate::{
    bubblewrap::Bubblewrap, error::SandboxError, limits_report::LimitsReport, process::Process,
    sandbox::Backend, sweep::sweep, vm::MicroVms,
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
            match stand(*rung, state, choice).await {
                Ok(Stood { backend, limits, warning, note: _ }) => {
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

/// A rung that works.
struct Stood {
    backend: Arc<dyn Backend>,
    limits: LimitsReport,
    warning: Option<String>,
    note: Option<String>,
}

/// Opens a rung and tries it.
async fn stand(rung: Rung, state: &Path, choice: Choice) -> Result<Stood, SandboxError> {
    let mut note = None;
    let (backend, limits, own): (Arc<dyn Backend>, _, _) = match rung {
        // A rung that joins the ladder is opened here, and only here.
        Rung::Firecracker => {
            let rung = MicroVms::firecracker(state).await?;
            let (limits, warning) = (rung.limits(), rung.warning());
            (Arc::new(rung), limits, warning)
        }
        Rung::Qemu => {
            // Emulation is many times slower: nobody gets it who did not ask for it.
            let rung = MicroVms::qemu(state, choice != Choice::Strongest).await?;
            let (limits, warning) = (rung.limits(), rung.warning());
            (Arc::new(rung), limits, warning)
        }
        Rung::Bubblewrap => {
            let rung = Bubblewrap::open(state).await?;
            let limits = rung.limits();
            note = Some(rung.second_wall());
            (Arc::new(rung), limits, None)
        }
        Rung::Process => {
            let rung = Process::open(state).await?;
            let limits = rung.limits();
            (Arc::new(rung), limits, None)
        }
    };
    backend.probe().await?;
    let warning = own.or_else(|| warning(rung, &limits));
    Ok(Stood { backend, limits, warning, note })
}

/// Whether one rung works here.
#[derive(Debug)]
pub struct Standing {
    /// Which one.
    pub rung: Rung,
    /// How firmly it holds limits; or why it does not work, and what mends it.
    pub works: Result<LimitsReport, SandboxError>,
    /// What the operator is told where it works.
    pub warning: Option<String>,
    /// What else is worth knowing of it where it works.
    pub note: Option<String>,
}

/// Tries every rung, strongest first, and leaves nothing behind. For `swarm doctor`.
pub async fn survey(state: &Path) -> Vec<Standing> {
    let mut standings = Vec::new();
    for rung in RUNGS {
        let stood = stand(rung, state, Choice::Only(rung)).await;
        if let Ok(stood) = &stood {
            stood.backend.close().await;
        }
        let warning = stood.as_ref().ok().and_then(|stood| stood.warning.clone());
        let note = stood.as_ref().ok().and_then(|stood| stood.note.clone());
        standings.push(Standing { rung, works: stood.map(|stood| stood.limits), warning, note });
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
    async fn a_rung_that_does_not_work_says_so_and_is_not_replaced_by_a_weaker_one() {
        let state = tempfile::tempdir().unwrap();
        for rung in [Rung::Firecracker, Rung::Qemu] {
            // Neither has a kernel to start in a fresh folder.
            let error = Ladder::climb(Choice::Only(rung), state.path()).await.unwrap_err();
            assert!(
                matches!(&error, SandboxError::Unavailable { rung: named, .. } if *named == rung),
                "{error}"
            );
            assert!(error.problem().next.contains('`'));
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
