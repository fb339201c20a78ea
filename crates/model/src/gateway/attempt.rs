//! One try at one model.

use futures::StreamExt;
use swarm_domain::MicroUsd;
use swarm_domain::budget::Spend;
use tracing::Span;
use tracing::field::Empty;

use super::{Call, Gateway, Progress, Served};
use crate::breaker::Admission;
use crate::chat::{ChatEvent, ChatReply, ChatRequest, Usage};
use crate::error::ModelError;
use crate::limiter::{NoPlace, Place};
use crate::price::Price;
use crate::tokens;

/// A model answered.
pub(super) struct Answered {
    pub(super) reply: ChatReply,
    pub(super) spend: Spend,
    pub(super) priced: bool,
}

/// A model did not, and what the try may have cost nevertheless.
pub(super) struct Failed {
    pub(super) error: ModelError,
    pub(super) spend: Spend,
}

impl From<ModelError> for Failed {
    fn from(error: ModelError) -> Self {
        Self { error, spend: Spend::default() }
    }
}

/// The span of one try, with the field names of OpenTelemetry's GenAI conventions.
pub(super) fn span(model: &str, request: &ChatRequest) -> Span {
    let (provider, name) = model.split_once('/').unwrap_or(("", model));
    tracing::info_span!(
        "chat",
        otel.name = format!("chat {name}"),
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = provider,
        gen_ai.request.model = name,
        gen_ai.request.max_tokens = request.max_tokens,
        gen_ai.request.seed = request.seed,
        gen_ai.response.model = Empty,
        gen_ai.response.finish_reasons = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        error.r#type = Empty,
    )
}

/// The most that a request can take.
pub(super) fn worst_case(price: Option<Price>, request: &ChatRequest) -> Spend {
    let tokens_in = tokens::of_request(request);
    let tokens_out = u64::from(request.max_tokens);
    let usd = price.map_or(MicroUsd::ZERO, |price| price.at_worst(tokens_in, tokens_out));
    Spend { usd, tokens_in, tokens_out, calls: 1 }
}

impl Gateway {
    pub(super) async fn attempt(&self, served: &Served, call: &Call) -> Result<Answered, Failed> {
        let tried = self.try_once(served, call).await;
        let span = Span::current();
        match &tried {
            Ok(Answered { reply, .. }) => {
                span.record("gen_ai.response.model", reply.model.as_str());
                span.record("gen_ai.response.finish_reasons", tracing::field::debug(reply.finish));
                span.record("gen_ai.usage.input_tokens", reply.usage.tokens_in);
                span.record("gen_ai.usage.cache_read.input_tokens", reply.usage.tokens_cached);
                span.record("gen_ai.usage.output_tokens", reply.usage.tokens_out);
            }
            Err(failed) => {
                span.record("error.type", failed.error.kind());
            }
        }
        tried
    }

    async fn try_once(&self, served: &Served, call: &Call) -> Result<Answered, Failed> {
        fits(served, &call.request)?;
        let (place, admission) = self.enter(served, call).await?;
        // Reserved last: a call that waits for its turn must not keep others from their budget.
        let reservation =
            self.ledger.reserve(&call.budget_scopes, worst_case(served.price, &call.request))?;

        let mut heard = String::new();
        match self.ask(served, call, &mut heard).await {
            Ok(mut reply) => {
                admission.succeeded();
                place.answered();
                let (spend, priced) = self.account(served, &call.request, &mut reply);
                reservation.settle(spend);
                Ok(Answered { reply, spend, priced })
            }
            Err(error) => {
                self.judge(&error, admission, place);
                let spend = broken_off(served.price, &call.request, &heard);
                reservation.settle(spend);
                Err(Failed { error, spend })
            }
        }
    }

    /// Waits for a turn, unless the model is resting.
    async fn enter(&self, served: &Served, call: &Call) -> Result<(Place, Admission), ModelError> {
        let model = || served.model.name().to_owned();
        let open = |retry_after| ModelError::Open { model: model(), retry_after };
        // Looked at before the wait, so that nobody queues for a model that is known to be down.
        served.breaker.peek(self.clock.now()).map_err(open)?;
        let turn = tokio::select! {
            biased;
            () = call.cancel.cancelled() => return Err(ModelError::Cancelled),
            turn = served.limiter.acquire(self.clock.now()) => turn,
        };
        let place = turn.map_err(|refused| match refused {
            NoPlace::Resting(rest) => ModelError::RateLimited { model: model(), retry_after: Some(rest) },
            NoPlace::QueueFull => ModelError::RateLimited { model: model(), retry_after: None },
            NoPlace::WaitedTooLong(after) => ModelError::TimedOut { model: model(), after },
        })?;
        let admission = served.breaker.admit(self.clock.now()).map_err(open)?;
        Ok((place, admission))
    }

    /// Sends the request and reads the answer; `heard` keeps what came before a failure.
    async fn ask(&self, served: &Served, call: &Call, heard: &mut String) -> Result<ChatReply, ModelError> {
        let name = served.model.name();
        let tell = |progress: Progress<'_>| {
            if let Some(on_text) = &call.on_text {
                on_text(progress);
            }
        };
        // A child, so that the model's work ends with this try and not only with the caller's token.
        let cancel = call.cancel.child_token();
        let _ends_with_this_try = cancel.clone().drop_guard();
        let answer = async {
            tell(Progress::Started { model: name });
            let mut events = served.model.stream(&call.request, cancel).await?;
            while let Some(event) = events.next().await {
                match event? {
                    ChatEvent::Text { delta } => {
                        tell(Progress::Text { delta: &delta });
                        heard.push_str(&delta);
                    }
                    ChatEvent::Done { reply } => return Ok(reply),
                }
            }
            let detail = "the stream ended before the answer".to_owned();
            Err(ModelError::Unavailable { model: name.to_owned(), detail })
        };
        let after = call.deadlines.get(name).map_or(self.deadline, |soft| self.deadline.min(*soft));
        tokio::select! {
            biased;
            () = call.cancel.cancelled() => Err(ModelError::Cancelled),
            reply = tokio::time::timeout(after, answer) => reply.unwrap_or_else(|_| {
                Err(ModelError::TimedOut { model: name.to_owned(), after })
            }),
        }
    }

    /// What a failure says about the model's health.
    fn judge(&self, error: &ModelError, admission: Admission, place: Place) {
        let now = self.clock.now();
        match error {
            ModelError::RateLimited { retry_after, .. } => place.throttled(*retry_after, now),
            // It was only slower than it usually is.
            ModelError::TimedOut { after, .. } if *after < self.deadline => admission.succeeded(),
            ModelError::Unavailable { .. } | ModelError::TimedOut { .. } | ModelError::Malformed { .. } => {
                admission.failed(now);
            }
            // It is there and answers, if not to our liking.
            ModelError::Refused { .. } | ModelError::TooLong { .. } => admission.succeeded(),
            _ => {}
        }
    }

    /// Fills in what the reply's usage lacks, and says what was spent and whether its price is known.
    fn account(&self, served: &Served, request: &ChatRequest, reply: &mut ChatReply) -> (Spend, bool) {
        let usage = &mut reply.usage;
        if usage.tokens_in == 0 && usage.tokens_out == 0 {
            // Some servers do not count. Nothing would be worse: it would pass every budget.
            let calls: u64 = reply.tool_calls.iter().map(|call| tokens::of_text(&call.arguments)).sum();
            usage.tokens_in = tokens::of_request(request);
            usage.tokens_out = tokens::of_text(&reply.text) + calls;
        }
        if usage.cost.is_none() {
            // A router may have answered with another model than the one that was asked.
            let price = self.prices.price_of(&reply.model).or(served.price);
            usage.cost = price.map(|price| price.of(usage, 0));
        }
        let paid = if reply.recording.is_some() { Some(MicroUsd::ZERO) } else { usage.cost };
        let spend = Spend {
            usd: paid.unwrap_or_default(),
            tokens_in: usage.tokens_in,
            tokens_out: usage.tokens_out,
            calls: 1,
        };
        (spend, paid.is_some())
    }
}

fn fits(served: &Served, request: &ChatRequest) -> Result<(), ModelError> {
    let limit = u64::from(served.model.capabilities().context_tokens);
    let needed = tokens::of_request(request) + u64::from(request.max_tokens);
    if needed > limit {
        return Err(ModelError::TooLong { model: served.model.name().to_owned(), needed, limit });
    }
    Ok(())
}

/// What a try that broke off half-way has probably cost: providers charge for what they have sent. One that broke off
/// before the first word is taken as free.
fn broken_off(price: Option<Price>, request: &ChatRequest, heard: &str) -> Spend {
    if heard.is_empty() {
        return Spend::default();
    }
    let usage = Usage {
        tokens_in: tokens::of_request(request),
        tokens_out: tokens::of_text(heard),
        ..Usage::default()
    };
    let usd = price.map_or(MicroUsd::ZERO, |price| price.of(&usage, 0));
    Spend { usd, tokens_in: usage.tokens_in, tokens_out: usage.tokens_out, calls: 1 }
}
