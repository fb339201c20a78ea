//! What swarm needs of this machine, looked at one by one.

mod checks;

use std::path::Path;

use serde::Serialize;

use crate::config::Settings;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Standing {
    /// It is there and works.
    Fine,
    /// It is not as it could be, but work goes on without it.
    Note,
    /// Without it nothing works.
    Missing,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Finding {
    /// What.
    pub(crate) name: String,
    /// How it stands.
    pub(crate) standing: Standing,
    /// What was found.
    pub(crate) detail: String,
    /// The command, or what else mends it.
    pub(crate) mend: Option<String>,
}

impl Finding {
    fn fine(name: &str, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), standing: Standing::Fine, detail: detail.into(), mend: None }
    }

    fn note(name: &str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { standing: Standing::Note, mend: Some(mend.into()), ..Self::fine(name, detail) }
    }

    fn missing(name: &str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { standing: Standing::Missing, mend: Some(mend.into()), ..Self::fine(name, detail) }
    }

    fn problem(name: &str, problem: &swarm_domain::Problem) -> Self {
        Self::missing(name, problem.detail.clone(), problem.next.clone())
    }
}

/// Looks at the ladder of sandboxes alone.
pub(crate) async fn ladder(data: &Path) -> Vec<Finding> {
    checks::sandboxes(data).await
}

/// Looks at everything. Nothing is changed but that the data folder is made.
pub(crate) async fn look(data: &Path, settings: &Settings) -> Vec<Finding> {
    let mut found = vec![checks::data_folder(data), checks::server(data).await];
    found.extend(checks::workers(data).await);
    found.push(checks::database(settings).await);
    found.extend(checks::redis(settings).await);
    found.push(checks::git(data).await);
    found.extend(checks::sandboxes(data).await);
    found.extend(checks::models(settings).await);
    found
}
