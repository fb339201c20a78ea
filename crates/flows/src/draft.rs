//! A draft of a spec, written down from what people said: one question to a model, and what of its answer holds.

use swarm_agents::{MAX_RE_ASKS, drafting_request, read_proposal};
use swarm_domain::{
    BlobHash, Problem, ProjectId, SurveyId,
    agent::Capability,
    drafting::{Conversation, written},
    spec,
    survey::SurveyOutcome,
};

use crate::{
    attempt::agent_for,
    calls::{self, Question},
    engine::{self, Flow},
    error::FlowError,
    parts::Parts,
};

/// What was said, and for what.
pub(crate) struct Job<'a> {
    pub(crate) survey: &'a SurveyId,
    pub(crate) project: &'a ProjectId,
    pub(crate) talk: &'a BlobHash,
    /// Models in order of preference.
    pub(crate) models: &'a [String],
}

/// Writes down what was said last.
pub(crate) async fn draft(parts: &Parts, job: &Job<'_>) -> Flow<Result<SurveyOutcome, FlowError>> {
    let conversation: Conversation = match engine::recall(parts, job.talk).await {
        Ok(conversation) => conversation,
        Err(error) => return Ok(Err(error)),
    };
    let agent = match agent_for(parts, Capability::Specify) {
        Ok(agent) => agent,
        Err(error) => return Ok(Err(error)),
    };
    let models = parts.models(job.models, &agent);
    let capabilities = match parts.gateway.capabilities(models) {
        Ok(capabilities) => capabilities,
        Err(error) => return Ok(Err(error.into())),
    };
    let known = spec::parse(&conversation.text).ok();
    let asked = drafting_request(&agent, &conversation, known.as_ref(), capabilities);
    let question = Question {
        agent: &agent,
        subject: calls::of_plan(job.project),
        key: ["survey", job.survey.as_str(), "model", "draft"].map(str::to_owned).to_vec(),
        models,
        re_asks: MAX_RE_ASKS,
        // Who asks again wants another answer.
        cached: false,
    };
    let (proposal, model) =
        match calls::ask_until_read(parts, &question, asked.request, read_proposal).await? {
            Ok(Ok(answered)) => answered,
            Ok(Err(misread)) => return Ok(Err(FlowError::Final(unread(&misread.detail)))),
            Err(error) => return Ok(Err(error)),
        };
    let drafted = written(&conversation.text, &proposal, model, |_| asked.is_whole);
    let kept = match engine::retried(parts, "draft", || parts.keep(&drafted)).await? {
        Ok(kept) => kept,
        Err(error) => return Ok(Err(error)),
    };
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Ok(SurveyOutcome::Drafted {
        draft: kept,
        edits: number(drafted.edits.len()),
        questions: number(drafted.questions.len()),
    }))
}

fn unread(detail: &str) -> Problem {
    Problem::new(
        "spec.unread_answer",
        format!("the model's answer could not be used: {detail}"),
        "say it again in other words, or name a larger model; the spec is as it was",
    )
}
