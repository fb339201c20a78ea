//! Surveys: a look at code and spec that changes nothing. A check runs every acceptance command of a spec on the head of
//! a branch, so that code and spec are found out where they have drifted apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swarm_domain::{
    CommitId, EventBody, ProjectId, RequirementId, SpecId, Subject, SurveyId,
    survey::{Survey, SurveyOutcome, Tried},
};

use crate::{
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
    let Survey::Check { spec, branch } = &input.what;
    let found = engine::retried(&parts, "check", || check(&parts, &input, spec, branch.as_deref())).await?;
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

async fn check(
    parts: &Parts,
    input: &SurveyInput,
    spec: &SpecId,
    branch: Option<&str>,
) -> Result<SurveyOutcome, FlowError> {
    let tenant = &parts.config.tenant;
    let spec = parts.store.spec(tenant, spec).await?.spec;
    let repo = parts.store.project(tenant, &input.project).await?.repo;
    let mirror = parts.forge.mirror(&input.project, &repo).await?;
    let commit = mirror.base(branch).await?.commit;
    let mut report: Vec<Tried> = Vec::new();
    let mut held: BTreeMap<&RequirementId, bool> = BTreeMap::new();
    for requirement in &spec.requirements {
        for acceptance in &requirement.acceptance {
            let name = format!("check-{}-{}", input.survey, report.len());
            let trial = Trial { project: &input.project, commit: &commit, name };
            let ended = acceptance::try_out(parts, &trial, acceptance, &spec.fixtures, None).await?;
            let passed = acceptance::passes(acceptance, &ended);
            *held.entry(&requirement.id).or_insert(true) &= passed;
            let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
            report.push(Tried {
                requirement: requirement.id.clone(),
                command: acceptance.command.clone(),
                passed,
                ended: ended.how.to_string(),
                output: evidence::bounded(&format!("{}\n{}", out.trim_end(), err.trim_end())),
            });
        }
    }
    checked(parts, commit, &report, held.values().filter(|held| **held).count(), spec.requirements.len())
        .await
}

async fn checked(
    parts: &Parts,
    commit: CommitId,
    report: &Vec<Tried>,
    proven: usize,
    requirements: usize,
) -> Result<SurveyOutcome, FlowError> {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let report = parts.keep(report).await?;
    Ok(SurveyOutcome::Checked { commit, report, proven: number(proven), requirements: number(requirements) })
}
