//! The one door to every model: ordered fallbacks, breakers, limits, budgets, prices.
//!
//! It tries each model of a policy once and falls over to the next at once. It never sleeps to retry: whoever calls it
//! can wait durably, and [`ModelError::retry_after`] says how long.

mod attempt;
mod cached;
mod state;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use swarm_domain::Clock;
use swarm_domain::budget::Spend;
use swarm_domain::cache::CacheOutcome;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::breaker::{Breaker, BreakerConfig};
use crate::cache::{CacheConfig, CacheUse};
use crate::chat::{Capabilities, ChatModel, ChatReply, ChatRequest};
use crate::error::ModelError;
use crate::ledger::{BudgetScope, Ledger};
use crate::limiter::{Limiter, LimiterConfig};
use crate::price::{Price, PriceTable};

pub use state::ModelState;

/// How a gateway behaves.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Models to try in this order where a call names none; empty: all, in the order given.
    pub policy: Vec<String>,
    /// Short names for an ordered list of models.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// The longest that one try at one model may take, from sending to the end of the answer.
    pub deadline: Duration,
    /// When a failing model is rested.
    pub breaker: BreakerConfig,
    /// How many calls a model gets at once.
    pub limiter: LimiterConfig,
    /// What models cost.
    pub prices: PriceTable,
    /// Whether and how replies are given again.
    pub cache: CacheConfig,
}

/// What one call is, to the gateway.
#[derive(Clone)]
pub struct Call {
    /// Models to try, in this order: full names (`provider/model`), the model part of one where it is unambiguous, or
    /// aliases. Empty: the configured policy.
    pub models: Vec<String>,
    /// What is asked.
    pub request: ChatRequest,
    /// Budgets that the call counts against; all must have room for its worst case.
    pub budget_scopes: Vec<BudgetScope>,
    /// Models, by their full name, that get less time for one try than the gateway allows. A try that passes it is no
    /// sign of a model that is ill.
    pub deadlines: BTreeMap<String, Duration>,
    /// That the call may be answered from the cache, and with whose replies; never where it says nothing.
    pub cache: Option<CacheUse>,
    /// Ends the call.
    pub cancel: CancellationToken,
    /// Hears the answer grow.
    pub on_text: Option<OnText>,
}

/// Hears the answer grow. Called on the task that runs the call: it must not block.
pub type OnText = Arc<dyn Fn(Progress<'_>) + Send + Sync>;

/// How an answer grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<'a> {
    /// This model is asked now. Text heard before is void: it came from a model that failed half-way.
    Started {
        /// Its full name.
        model: &'a str,
    },
    /// The next characters.
    Text {
        /// They.
        delta: &'a str,
    },
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The reply; its `usage.cost` is filled in wherever a price is known.
    pub reply: ChatReply,
    /// What the call used, tries that broke off half-way among it (estimated). A reply that is played back from a
    /// recording costs no money: its `usage.cost` says what it cost when it was recorded.
    pub spend: Spend,
    /// The configured name of the model that answered.
    pub model: String,
    /// Whether a price was known. If not, `spend.usd` is zero because nobody knows better.
    pub priced: bool,
    /// The models that were tried before, and why they did not answer.
    pub fallbacks: Vec<(String, ModelError)>,
    /// From the call to the end of the answer, waiting for a turn included.
    pub latency: Duration,
    /// What the cache had to do with it; nothing where it was not asked. After a hit, `spend` is zero.
    pub cache: Option<CacheOutcome>,
}

/// A model with what the gateway keeps about it.
struct Served {
    model: Arc<dyn ChatModel>,
    breaker: Arc<Breaker>,
    limiter: Arc<Limiter>,
    price: Option<Price>,
}

/// The one door to every model.
pub struct Gateway {
    served: Vec<Served>,
    policy: Vec<String>,
    aliases: BTreeMap<String, Vec<String>>,
    deadline: Duration,
    prices: PriceTable,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    cache_config: CacheConfig,
    cache: OnceLock<cached::Cache>,
}

impl Gateway {
    /// A gateway to these models. Of several with one name the first is used.
    #[must_use]
    pub fn new(config: GatewayConfig, models: Vec<Arc<dyn ChatModel>>, clock: Arc<dyn Clock>) -> Self {
        let served = models
            .into_iter()
            .map(|model| Served {
                breaker: Arc::new(Breaker::new(config.breaker)),
                limiter: Arc::new(Limiter::new(config.limiter)),
                price: config.prices.price_of(model.name()),
                model,
            })
            .collect();
        Self {
            served,
            policy: config.policy,
            aliases: config.aliases,
            deadline: config.deadline,
            prices: config.prices,
            ledger: Arc::new(Ledger::new()),
            clock,
            cache_config: config.cache,
            cache: OnceLock::new(),
        }
    }

    /// Asks the models of the call's policy in order until one answers.
    async fn ask_models(&self, call: &Call) -> Result<Answer, ModelError> {
        let begun = Instant::now();
        let mut fallbacks = Vec::new();
        let mut lost = Spend::default();
        for served in self.resolve(&call.models)? {
            let name = served.model.name();
            let span = attempt::span(name, &call.request);
            match self.attempt(served, call).instrument(span).await {
                Ok(answered) => {
                    return Ok(Answer {
                        reply: answered.reply,
                        spend: answered.spend.plus(lost),
                        model: name.to_owned(),
                        priced: answered.priced,
                        fallbacks,
                        latency: begun.elapsed(),
                        cache: None,
                    });
                }
                Err(failed) if ends_the_call(&failed.error) => return Err(failed.error),
                Err(failed) => {
                    lost = lost.plus(failed.spend);
                    tracing::warn!(model = name, error = %failed.error, kind = failed.error.kind(), "model did not answer");
                    fallbacks.push((name.to_owned(), failed.error));
                }
            }
        }
        Err(verdict(fallbacks))
    }

    /// What the first model that `models` names can do, so that a protocol can be chosen for it. Empty: the policy.
    pub fn capabilities(&self, models: &[String]) -> Result<Capabilities, ModelError> {
        let first = self.resolve(models)?.into_iter().next().ok_or_else(no_models)?;
        Ok(first.model.capabilities())
    }

    /// The full names of the models that `models` stands for, in order.
    pub fn names(&self, models: &[String]) -> Result<Vec<String>, ModelError> {
        Ok(self.resolve(models)?.into_iter().map(|served| served.model.name().to_owned()).collect())
    }

    /// The most that `request` can cost and take with the first model that `models` names, and whether its price is
    /// known.
    pub fn worst_case(&self, models: &[String], request: &ChatRequest) -> Result<(Spend, bool), ModelError> {
        let first = self.resolve(models)?.into_iter().next().ok_or_else(no_models)?;
        Ok((attempt::worst_case(first.price, request), first.price.is_some()))
    }

    /// What the first model that `models` names charges, where that is known.
    pub fn price(&self, models: &[String]) -> Result<Option<Price>, ModelError> {
        Ok(self.resolve(models)?.into_iter().next().ok_or_else(no_models)?.price)
    }

    /// The longest that one try at one model may take.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The day of the price table.
    #[must_use]
    pub fn price_version(&self) -> &str {
        &self.prices.version
    }

    /// Each model with its breaker and its window, in the order in which they were given.
    #[must_use]
    pub fn states(&self) -> Vec<ModelState> {
        let now = self.clock.now();
        self.served.iter().map(|served| ModelState::of(served, now)).collect()
    }

    /// The budgets' short memory.
    #[must_use]
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// The models that these names stand for, each once. All names must be known before anything is sent.
    fn resolve(&self, names: &[String]) -> Result<Vec<&Served>, ModelError> {
        let names = if names.is_empty() { &self.policy } else { names };
        let mut wanted: Vec<&Served> = Vec::new();
        if names.is_empty() {
            wanted.extend(&self.served);
        }
        for name in names {
            match self.aliases.get(name) {
                Some(members) => {
                    for member in members {
                        wanted.push(self.find(member)?);
                    }
                }
                None => wanted.push(self.find(name)?),
            }
        }
        let mut once: Vec<&Served> = Vec::with_capacity(wanted.len());
        for served in wanted {
            if !once.iter().any(|known| std::ptr::eq(*known, served)) {
                once.push(served);
            }
        }
        if once.is_empty() { Err(no_models()) } else { Ok(once) }
    }

    fn find(&self, name: &str) -> Result<&Served, ModelError> {
        if let Some(exact) = self.served.iter().find(|served| served.model.name() == name) {
            return Ok(exact);
        }
        let unknown = || ModelError::Unknown { name: name.to_owned() };
        let mut partly = self
            .served
            .iter()
            .filter(|served| served.model.name().strip_suffix(name).is_some_and(|rest| rest.ends_with('/')));
        match (partly.next(), partly.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway")
            .field("states", &self.states())
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("models", &self.models)
            .field("request", &self.request)
            .field("budget_scopes", &self.budget_scopes)
            .field("deadlines", &self.deadlines)
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// A call without budgets and listeners.
    #[must_use]
    pub fn new(models: Vec<String>, request: ChatRequest) -> Self {
        let deadlines = BTreeMap::new();
        Self {
            models,
            request,
            budget_scopes: Vec::new(),
            deadlines,
            cache: None,
            cancel: CancellationToken::new(),
            on_text: None,
        }
    }
}

fn no_models() -> ModelError {
    ModelError::Config {
        detail: "no model is configured: set a provider's key or OPENAI_BASE_URL, or name a recording"
            .to_owned(),
    }
}

fn ends_the_call(error: &ModelError) -> bool {
    matches!(error, ModelError::BudgetReached { .. } | ModelError::NotRecorded { .. } | ModelError::Cancelled)
}

/// Of many failures the one to report: the retryable one that may be over soonest, else the preferred model's.
fn verdict(fallbacks: Vec<(String, ModelError)>) -> ModelError {
    let soonest = fallbacks
        .iter()
        .enumerate()
        .filter(|(_, (_, error))| error.is_retryable())
        .min_by_key(|(_, (_, error))| error.retry_after().unwrap_or_default())
        .map_or(0, |(position, _)| position);
    fallbacks.into_iter().nth(soonest).map_or_else(no_models, |(_, error)| error)
}
