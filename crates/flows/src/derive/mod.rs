//! A draft of a spec, read off the code of a branch. What is there is found by grammar; a model may put it into words,
//! portion by portion, each call a step of its own. What it cites is looked up, and what does not hold is not used.

mod command;
mod inventory;

use std::collections::{BTreeMap, HashSet};

use swarm_agents::{MAX_RE_ASKS, derive_portions, derive_request, read_derived};
use swarm_domain::{
    CommitId, Problem, ProjectId, SurveyId,
    agent::Capability,
    derived::{self, Draft, Frame, MAX_THINGS, Unread, Words},
    scope::Scope,
    survey::SurveyOutcome,
};
use swarm_model::ChatReply;

pub(crate) use inventory::Inventory;

use crate::{
    attempt::agent_for,
    calls::{self, Question},
    code::MAX_SOURCE_BYTES,
    engine::{self, Flow},
    error::FlowError,
    parts::Parts,
};

/// What a draft is made of.
pub(crate) struct Job<'a> {
    pub(crate) survey: &'a SurveyId,
    pub(crate) project: &'a ProjectId,
    pub(crate) commit: &'a CommitId,
    /// Only the files that one of these globs names; all where there is none.
    pub(crate) paths: &'a [String],
    /// Models in order of preference; none where nothing is to be put into words.
    pub(crate) models: Option<&'a [String]>,
}

/// Words for things by their place, who said them, and how many citations named no place at all.
#[derive(Default)]
struct Said {
    words: BTreeMap<usize, Words>,
    model: Option<String>,
    unreadable: u32,
    /// Things whose answer could not be read at all.
    unheard: u32,
}

/// Makes a draft.
pub(crate) async fn derive(parts: &Parts, job: &Job<'_>) -> Flow<Result<SurveyOutcome, FlowError>> {
    // A commit never changes: what is read in it needs no journal.
    let inventory = match engine::patiently(parts, || look(parts, job)).await {
        Ok(inventory) => inventory,
        Err(error) => return Ok(Err(error)),
    };
    let said = match job.models {
        Some(models) => match word(parts, job, models, &inventory).await? {
            Ok(said) => said,
            Err(error) => return Ok(Err(error)),
        },
        None => Said::default(),
    };
    let draft = match drafted(job, inventory, &said) {
        Ok(draft) => draft,
        Err(problem) => return Ok(Err(FlowError::Final(problem))),
    };
    let kept = match engine::retried(parts, "draft", || parts.keep(&draft)).await? {
        Ok(kept) => kept,
        Err(error) => return Ok(Err(error)),
    };
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let questions = draft.requirements.iter().filter(|one| one.question.is_some()).count();
    Ok(Ok(SurveyOutcome::Derived {
        commit: job.commit.clone(),
        draft: kept,
        requirements: number(draft.requirements.len()),
        questions: number(questions),
    }))
}

fn drafted(job: &Job<'_>, inventory: Inventory, said: &Said) -> Result<Draft, Problem> {
    let Inventory { things, lengths, unread, .. } = inventory;
    let frame =
        Frame { title: job.project.as_str(), commit: job.commit, model: said.model.as_deref(), unread };
    let mut draft = derived::draft(frame, &things, &said.words, |path| lengths.get(path).copied())?;
    draft.dropped_citations = draft.dropped_citations.saturating_add(said.unreadable);
    draft.dropped_words = draft.dropped_words.saturating_add(said.unheard);
    Ok(draft)
}

/// Reads the code of the commit.
async fn look(parts: &Parts, job: &Job<'_>) -> Result<Inventory, FlowError> {
    let scope = match job.paths {
        [] => None,
        paths => Some(Scope::new(paths).map_err(|error| {
            let next = "name files by globs such as `src/**`, relative to the root of the repository";
            FlowError::Final(Problem::new("derive.invalid_path", error.to_string(), next))
        })?),
    };
    let mirror = parts.mirror(job.project).await?;
    let all = mirror.files(job.commit).await?;
    let roots: HashSet<String> = all.iter().filter(|path| !path.contains('/')).cloned().collect();
    let wanted =
        |path: &str| inventory::is_wanted(path) && scope.as_ref().is_none_or(|scope| scope.allows(path));
    let (files, skipped) = mirror
        .contents(job.commit, wanted, MAX_SOURCE_BYTES, inventory::MAX_FILES, inventory::MAX_BYTES)
        .await?;
    // A parser that works for seconds must not keep others waiting.
    let mut found = tokio::task::spawn_blocking(move || inventory::inventory(&files, roots))
        .await
        .map_err(|error| FlowError::internal("reading code", error))?;
    let why = "the repository has more code than one draft reads; narrow it with --path";
    found.unread.extend(skipped.into_iter().map(|path| Unread { path, why: why.to_owned() }));
    Ok(found)
}

/// Asks a model for words, one portion after another.
async fn word(
    parts: &Parts,
    job: &Job<'_>,
    models: &[String],
    inventory: &Inventory,
) -> Flow<Result<Said, FlowError>> {
    let agent = match agent_for(parts, Capability::Derive) {
        Ok(agent) => agent,
        Err(error) => return Ok(Err(error)),
    };
    let models = parts.models(models, &agent);
    let capabilities = match parts.gateway.capabilities(models) {
        Ok(capabilities) => capabilities,
        Err(error) => return Ok(Err(error.into())),
    };
    let things = &inventory.things[..inventory.things.len().min(MAX_THINGS)];
    let mut said = Said::default();
    for (number, portion) in derive_portions(&agent, things, capabilities).into_iter().enumerate() {
        let asked = &things[portion.clone()];
        let question = Question {
            agent: &agent,
            subject: calls::of_plan(job.project),
            key: ["survey", job.survey.as_str(), "model", &format!("derive.{number}")]
                .map(str::to_owned)
                .to_vec(),
            models,
            re_asks: MAX_RE_ASKS,
            cached: true,
        };
        let read = |reply: &ChatReply| read_derived(reply, asked);
        let request = derive_request(&agent, asked, capabilities);
        match calls::ask_until_read(parts, &question, request, read).await? {
            Ok(Ok(((found, unreadable), by))) => {
                said.unreadable = said.unreadable.saturating_add(unreadable);
                said.words.extend(found.into_iter().map(|(place, words)| (portion.start + place, words)));
                said.model = Some(by);
            }
            Ok(Err(misread)) => {
                tracing::warn!(%misread, "the surveyor's reply cannot be read; the computed words stand");
                said.unheard = said.unheard.saturating_add(u32::try_from(asked.len()).unwrap_or(u32::MAX));
            }
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(said))
}
