//! The models that this server calls.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use swarm_domain::{MicroUsd, Problem};
use swarm_flows::ModelCheck;
use swarm_model::{BreakerState, ModelState, Price, RecordingInfo, Replies};
use utoipa::ToSchema;

use crate::{
    app::{App, By},
    extract::Body,
    refusal::Reply,
};

/// What the circuit breaker of a model does with the next call.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModelBreaker {
    /// Lets it through.
    Closed,
    /// Rests the model, which failed again and again.
    Open,
    /// Lets one through to see whether the model is back.
    HalfOpen,
}

/// Where the replies of a model come from.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RepliesFrom {
    /// A provider is called.
    Provider,
    /// They are played back from a recording.
    Recording,
    /// They come from a script.
    Script,
}

/// Which recording a reply was played back from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlayedFrom {
    /// The model that was recorded.
    pub model: String,
    /// The day of the recording, as `YYYY-MM-DD`.
    pub date: String,
}

/// What a model charges, in millionths of a US dollar for a million tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelPrice {
    /// Tokens in.
    pub input: MicroUsd,
    /// Tokens out.
    pub output: MicroUsd,
    /// Tokens in that came from the provider's cache; as `input` where absent.
    pub cached: Option<MicroUsd>,
    /// Tokens in that were written to it; as `input` where absent.
    pub cache_write: Option<MicroUsd>,
}

/// A model, and how it fares.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelView {
    /// Its full name: the provider is what stands before the first `/`.
    pub name: String,
    /// What its circuit breaker does with the next call.
    pub breaker: ModelBreaker,
    /// Calls that it gets at once just now.
    pub at_once: u32,
    /// Calls that run.
    pub running: u32,
    /// Calls that wait for their turn.
    pub waiting: u32,
    /// Seconds of the rest that its provider asked for; 0: none.
    pub resting_seconds: u64,
    /// Whether its tool calls hold.
    pub tools: bool,
    /// Whether it follows a JSON schema.
    pub json_schema: bool,
    /// Tokens that fit into one call, in and out together.
    pub context_tokens: u32,
    /// What it charges; absent where nobody knows.
    pub price: Option<ModelPrice>,
    /// Where its replies come from.
    pub replies: RepliesFrom,
    /// Which recording, where they come from one.
    pub played: Option<PlayedFrom>,
}

/// The models.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelList {
    /// They; none where none is configured.
    pub items: Vec<ModelView>,
    /// Their full names in the order in which they are tried, where neither a run nor an agent says otherwise.
    pub policy: Vec<String>,
    /// The day of the table of prices.
    pub price_version: String,
    /// The longest that one try may take, in seconds.
    pub deadline_seconds: u64,
}

/// Which model is to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewModelCheck {
    /// Its full name, the part of it behind the provider where that is enough, or an alias.
    pub model: String,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckedModel {
    /// Its full name.
    pub model: String,
    /// Whether it answered.
    pub answered: bool,
    /// What it said: at most 200 characters.
    pub text: String,
    /// From the question to the end of the answer.
    pub milliseconds: u64,
    /// Tokens in.
    pub tokens_in: u64,
    /// Tokens out.
    pub tokens_out: u64,
    /// What it cost, as far as the price is known. It counts against the quotas.
    pub cost: MicroUsd,
    /// Whether the price is known.
    pub priced: bool,
    /// Which recording it was played back from, if it was: no model was called then.
    pub played: Option<PlayedFrom>,
    /// Why it did not answer, and what to do.
    pub problem: Option<Problem>,
}

impl From<BreakerState> for ModelBreaker {
    fn from(state: BreakerState) -> Self {
        match state {
            BreakerState::Closed => Self::Closed,
            BreakerState::Open => Self::Open,
            BreakerState::HalfOpen => Self::HalfOpen,
        }
    }
}

impl From<RecordingInfo> for PlayedFrom {
    fn from(RecordingInfo { model, date }: RecordingInfo) -> Self {
        Self { model, date }
    }
}

impl From<Price> for ModelPrice {
    fn from(Price { input, output, cached, cache_write }: Price) -> Self {
        Self { input, output, cached, cache_write }
    }
}

impl From<ModelState> for ModelView {
    fn from(state: ModelState) -> Self {
        let (replies, played) = match state.replies {
            Replies::Called => (RepliesFrom::Provider, None),
            Replies::Recorded { info } => (RepliesFrom::Recording, Some(info.into())),
            Replies::Scripted => (RepliesFrom::Script, None),
        };
        Self {
            name: state.model,
            breaker: state.breaker.into(),
            at_once: state.window,
            running: state.in_flight,
            waiting: state.waiting,
            resting_seconds: state.resting_seconds,
            tools: state.capabilities.tools,
            json_schema: state.capabilities.json_schema,
            context_tokens: state.capabilities.context_tokens,
            price: state.price.map(Into::into),
            replies,
            played,
        }
    }
}

impl From<ModelCheck> for CheckedModel {
    fn from(check: ModelCheck) -> Self {
        let (text, problem) = match check.said {
            Ok(text) => (text, None),
            Err(problem) => (String::new(), Some(problem)),
        };
        Self {
            model: check.model,
            answered: problem.is_none(),
            text,
            milliseconds: u64::try_from(check.took.as_millis()).unwrap_or(u64::MAX),
            tokens_in: check.spend.tokens_in,
            tokens_out: check.spend.tokens_out,
            cost: check.spend.usd,
            priced: check.priced,
            played: check.played.map(Into::into),
            problem,
        }
    }
}

/// Lists the models that this server calls, and how each fares.
#[utoipa::path(get, path = "/api/models", tag = "models",
    responses((status = OK, description = "The models.", body = ModelList)))]
pub(crate) async fn models(State(app): State<App>) -> Json<ModelList> {
    let gateway = &app.flows.parts().gateway;
    Json(ModelList {
        items: gateway.states().into_iter().map(Into::into).collect(),
        // Where no model is configured there is no order either.
        policy: gateway.names(&[]).unwrap_or_default(),
        price_version: gateway.price_version().to_owned(),
        deadline_seconds: gateway.deadline().as_secs(),
    })
}

/// Asks a model one short thing, which counts like every call. That it does not answer is told, not refused.
#[utoipa::path(post, path = "/api/models/check", tag = "models", request_body = NewModelCheck,
    responses((status = OK, description = "What became of it.", body = CheckedModel)))]
pub(crate) async fn check_model(
    State(app): State<App>,
    By(by): By,
    Body(new): Body<NewModelCheck>,
) -> Reply<Json<CheckedModel>> {
    Ok(Json(app.flows.check_model(&by, &new.model).await?.into()))
}
