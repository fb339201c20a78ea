//! Pull requests: work offered for a person to read and take.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use swarm_domain::{CommitId, ProjectId, RunId};

use crate::{durable, error::ForgeError};

/// The longest title, in characters.
const TITLE_CHARS: usize = 200;

/// What is offered. A run has one pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPullRequest {
    /// The project.
    pub project: ProjectId,
    /// The run that did the work.
    pub run: RunId,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// The branch that holds the work.
    pub branch: String,
    /// The branch that it is offered to.
    pub base_branch: String,
    /// The commit that the work began from.
    pub base: CommitId,
    /// The commit at the head of the work.
    pub head: CommitId,
}

/// A pull request that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// Its name where it is kept: `local/<project>/<run>`, or a URL.
    pub reference: String,
    /// The Markdown file, where it is kept on this machine.
    pub file: Option<PathBuf>,
    /// What is offered.
    pub request: NewPullRequest,
}

/// Where pull requests are kept.
#[async_trait]
pub trait PullRequests: std::fmt::Debug + Send + Sync {
    /// Opens the run's pull request, or brings the one that is open up to date.
    async fn open(&self, request: &NewPullRequest) -> Result<PullRequest, ForgeError>;

    /// The run's pull request, if it was opened.
    async fn find(&self, project: &ProjectId, run: &RunId) -> Result<Option<PullRequest>, ForgeError>;
}

/// Pull requests as Markdown files below the data folder, each with its record beside it.
#[derive(Debug, Clone)]
pub struct LocalPullRequests {
    folder: PathBuf,
}

impl LocalPullRequests {
    /// Those below this data folder. Nothing is made before it is needed.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        Self { folder: data_dir.join("pulls") }
    }

    fn path(&self, project: &ProjectId, run: &RunId, kind: &str) -> PathBuf {
        self.folder.join(project.as_str()).join(format!("{run}.{kind}"))
    }
}

#[async_trait]
impl PullRequests for LocalPullRequests {
    async fn open(&self, request: &NewPullRequest) -> Result<PullRequest, ForgeError> {
        let title: String = request
            .title
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .filter(|c| !c.is_control())
            .take(TITLE_CHARS)
            .collect();
        let file = self.path(&request.project, &request.run, "md");
        let pull_request = PullRequest {
            reference: format!("local/{}/{}", request.project, request.run),
            file: Some(file.clone()),
            request: NewPullRequest { title, ..request.clone() },
        };
        let record = serde_json::to_vec_pretty(&pull_request)
            .map_err(|e| ForgeError::Io { doing: "note the pull request".to_owned(), source: e.into() })?;
        durable::write(&file, page(&pull_request).as_bytes())?;
        // The record comes last: what can be found has its page.
        durable::write(&self.path(&request.project, &request.run, "json"), &record)?;
        Ok(pull_request)
    }

    async fn find(&self, project: &ProjectId, run: &RunId) -> Result<Option<PullRequest>, ForgeError> {
        let path = self.path(project, run, "json");
        let doing = || format!("read {}", path.display());
        match std::fs::read(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ForgeError::Io { doing: doing(), source }),
            Ok(text) => serde_json::from_slice(&text)
                .map(Some)
                .map_err(|e| ForgeError::Io { doing: doing(), source: e.into() }),
        }
    }
}

fn page(pull_request: &PullRequest) -> String {
    let request = &pull_request.request;
    let mut page = format!("# {}\n\n", request.title);
    // Writing to a string cannot fail.
    let _ = writeln!(
        page,
        "`{}` → `{}` · {} · base {}\n\n{}",
        request.branch,
        request.base_branch,
        request.head,
        request.base,
        request.body.trim()
    );
    page
}
