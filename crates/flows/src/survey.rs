//! Surveys: a look at code, spec and what people say that changes nothing. A check runs every acceptance command of a spec on the head of
//! a branch, so that code and spec are found out where they have drifted apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId, EventBody, ProjectId, RequirementId, SpecId, Subject, SurveyId,
    derived::Draft,
    drafting::Drafted,
    survey::{Survey, SurveyOutcome, Tried},
};

use crate::{
    derive, draft,
    engine::{self, Flow},
    error::FlowError,
    parts::{Parts, part},
    validate::{
        acceptance::{self, Trial},
        evidence,
    },
};

/// What a survey is started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SurveyInput {
    pub(crate) survey: SurveyId,
    pub(crate) project: ProjectId,
    pub(crate) what: Survey,
}

/// The key of the event that says what was found.
pub(crate) fn ended_key(survey: &SurveyId) -> [&str; 3] {
    ["survey", survey.as_str(), "ended"]
}

/// Looks.
pub(crate) async fn survey(parts: Parts, input: SurveyInput) -> Flow<()> {
    let found = match &input.what {
        Survey::Check { spec, branch } => check(&parts, &input, spec, branch.as_deref()).await?,
        Survey::Derive { branch, paths, models, plain } => {
            let models = (!plain).then_some(models.as_slice());
            derived(&parts, &input, branch.as_deref(), paths, models).await?
        }
        Survey::Draft { talk, models } => {
            let job = draft::Job { survey: &input.survey, project: &input.project, talk, models };
            draft::draft(&parts, &job).await?
        }
    };
    let outcome = match found {
        Ok(outcome) => outcome,
        Err(FlowError::Cancelled) => return Err(FlowError::Cancelled.into()),
        Err(error) => SurveyOutcome::Failed { problem: error.problem() },
    };
    engine::step(&parts, "ended", || async {
        let subject = Subject { project: Some(input.project.clone()), ..Subject::default() };
        let body = EventBody::SurveyEnded { survey: input.survey.clone(), outcome: outcome.clone() };
        parts.record(&ended_key(&input.survey), part("surveyor"), subject, body).await.map(drop)
    })
    .await
}

/// What a survey found.
#[derive(Debug, Clone)]
pub struct Found {
    /// In brief.
    pub outcome: SurveyOutcome,
    /// Each command that was run.
    pub tried: Vec<Tried>,
    /// The draft that was read off code.
    pub draft: Option<Draft>,
    /// The draft of what people said.
    pub drafted: Option<Drafted>,
}

/// Writes a draft of a spec for the code of a branch.
async fn derived(
    parts: &Parts,
    input: &SurveyInput,
    branch: Option<&str>,
    paths: &[String],
    models: Option<&[String]>,
) -> Flow<Result<SurveyOutcome, FlowError>> {
    let commit = match engine::retried(parts, "head", || head(parts, &input.project, branch)).await? {
        Ok(commit) => commit,
        Err(error) => return Ok(Err(error)),
    };
    let job = derive::Job { survey: &input.survey, project: &input.project, commit: &commit, paths, models };
    derive::derive(parts, &job).await
}

/// Runs the commands one by one, each a step: what was run is not run again after a crash.
async fn check(
    parts: &Parts,
    input: &SurveyInput,
    id: &SpecId,
    branch: Option<&str>,
) -> Flow<Result<SurveyOutcome, FlowError>> {
    let tenant = &parts.config.tenant;
    let spec = engine::patiently(parts, || async { Ok(parts.store.spec(tenant, id).await?.spec) }).await?;
    let commit = match engine::retried(parts, "head", || head(parts, &input.project, branch)).await? {
        Ok(commit) => commit,
        Err(error) => return Ok(Err(error)),
    };
    let mut report: Vec<Tried> = Vec::new();
    let mut held: BTreeMap<&RequirementId, bool> = BTreeMap::new();
    for requirement in &spec.requirements {
        for acceptance in &requirement.acceptance {
            let name = format!("check-{}-{}", input.survey, report.len());
            let subject = Subject { project: Some(input.project.clone()), ..Subject::default() };
            let cancel = engine::cancellation();
            let trial = Trial { project: &input.project, commit: &commit, subject, name, cancel };
            let tried = engine::retried(parts, "try", || async {
                let ended = acceptance::try_out(parts, &trial, acceptance, &spec.fixtures, None).await?;
                let (out, err) =
                    (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
                Ok(Tried {
                    requirement: requirement.id.clone(),
                    command: acceptance.command.clone(),
                    passed: acceptance::passes(acceptance, &ended),
                    ended: ended.how.to_string(),
                    output: evidence::bounded(&format!("{}\n{}", out.trim_end(), err.trim_end())),
                })
            });
            let tried = match tried.await? {
                Ok(tried) => tried,
                Err(error) => return Ok(Err(error)),
            };
            *held.entry(&requirement.id).or_insert(true) &= tried.passed;
            report.push(tried);
        }
    }
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let proven = number(held.values().filter(|held| **held).count());
    let requirements = number(spec.requirements.len());
    let kept = engine::step(parts, "report", || parts.keep(&report)).await?;
    Ok(Ok(SurveyOutcome::Checked { commit, report: kept, proven, requirements }))
}

/// The head of a branch, as it is now.
async fn head(parts: &Parts, project: &ProjectId, branch: Option<&str>) -> Result<CommitId, FlowError> {
    let repo = parts.store.project(&parts.config.tenant, project).await?.repo;
    let mirror = parts.forge.mirror(project, &repo).await?;
    Ok(mirror.base(branch).await?.commit)
}
