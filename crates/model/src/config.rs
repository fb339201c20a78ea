//! The part of swarm's configuration that makes models.
//!
//! ```
//! let config: swarm_model::ModelsConfig = toml::from_str(r#"
//!     policy = ["coder"]
//!
//!     [aliases]
//!     coder = ["openrouter/qwen/qwen3-coder", "mine/qwen2.5-coder"]
//!
//!     [[providers]]
//!     name = "openrouter"
//!     kind = "openrouter"
//!     models = [{ name = "qwen/qwen3-coder" }]
//!     routing = { sort = "price", data_collection = "deny" }
//!
//!     [[providers]]
//!     name = "mine"
//!     kind = "compatible"
//!     base_url = "http://127.0.0.1:11434/v1"
//!     models = [{ name = "qwen2.5-coder", context_tokens = 16384, tools = false }]
//! "#)?;
//! config.validate()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod connect;
mod environment;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::breaker::BreakerConfig;
use crate::cache::CacheConfig;
use crate::defaults;
use crate::error::ModelError;
use crate::faulty::FaultSchedule;
use crate::gateway::GatewayConfig;
use crate::http;
use crate::limiter::LimiterConfig;
use crate::price::{Price, PriceTable};
use crate::providers::endpoint::{CallLimits, parse_base};
pub use crate::providers::openai::Routing;

pub use check::{CheckReport, check};
pub use connect::Chosen;
pub use environment::{ProviderDescription, from_environment};

/// Which models there are, and how they are called.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsConfig {
    /// Where models are. None: what the environment has keys for.
    pub providers: Vec<ProviderConfig>,
    /// Models to try in this order where a call names none: full names or aliases. Empty: all, as configured.
    pub policy: Vec<String>,
    /// Short names for an ordered list of models, each tried when those before it fail.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// How long a call may take and how large its answer may be.
    pub deadlines: CallLimits,
    /// When a failing model is rested.
    pub breaker: BreakerConfig,
    /// How many calls a model gets at once.
    pub concurrency: LimiterConfig,
    /// Whether and how replies are given again to who asks the same.
    pub cache: CacheConfig,
    /// Faults to be injected into every model, to rehearse them: see [`FaultSchedule`].
    pub faults: Option<String>,
}

/// Which protocol a provider speaks, and with which accent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// OpenRouter.
    OpenRouter,
    /// Anthropic's messages protocol.
    Anthropic,
    /// OpenAI.
    OpenAi,
    /// Any server that speaks OpenAI's protocol: Ollama, llama.cpp, vLLM.
    Compatible,
}

/// Where models are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its name: the part of its models' names before the first `/`.
    pub name: String,
    /// Which protocol it speaks.
    pub kind: ProviderKind,
    /// Its address, such as `http://127.0.0.1:8080/v1`. Known for all kinds but `compatible`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The environment variable that holds the key; never the key itself. Known for all kinds but `compatible`, which
    /// needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Its models. None: the usual one of its kind, or what the server lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelEntry>,
    /// How OpenRouter chooses among its providers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub routing: Routing,
}

/// A model of a provider. What is not said is what is known of the model, or a careful guess.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelEntry {
    /// Its name after `provider/`.
    pub name: String,
    /// What the provider calls it, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Whether its native tool calls hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
    /// Whether its output follows a JSON schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json_schema: Option<bool>,
    /// Tokens that fit into one call, in and out together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_tokens: Option<u32>,
    /// Whether it takes a sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<bool>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
}

impl ModelEntry {
    /// A model of which only the name is said.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl ProviderConfig {
    /// Its address.
    pub(crate) fn address(&self) -> Result<&str, ModelError> {
        let known = || defaults::of_kind(self.kind).map(|known| known.base_url);
        self.base_url.as_deref().or_else(known).ok_or_else(|| ModelError::Config {
            detail: format!("the provider {} needs a `base_url`", self.name),
        })
    }

    /// The variable that holds its key.
    pub(crate) fn key_variable(&self) -> Option<&str> {
        self.key_env.as_deref().or_else(|| defaults::of_kind(self.kind).map(|known| known.key_env))
    }

    /// Its models, the usual one where none is said.
    pub(crate) fn entries(&self) -> Vec<ModelEntry> {
        match defaults::of_kind(self.kind) {
            Some(known) if self.models.is_empty() => vec![ModelEntry::named(known.model)],
            _ => self.models.clone(),
        }
    }
}

impl ModelsConfig {
    /// Checks what can be checked without the network: [`ModelError::Config`] names the first thing that is wrong.
    pub fn validate(&self) -> Result<(), ModelError> {
        let wrong = |detail: String| Err(ModelError::Config { detail });
        self.cache.validate()?;
        let mut names = BTreeSet::new();
        for provider in &self.providers {
            let name = &provider.name;
            if name.is_empty()
                || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            {
                return wrong(format!(
                    "`{name}` is no name for a provider: use letters, digits, `-`, `_`, `.`"
                ));
            }
            if !names.insert(name.as_str()) {
                return wrong(format!("two providers are named `{name}`"));
            }
            parse_base(name, provider.address()?)?;
            check_key_variable(provider)?;
            let mut models = BTreeSet::new();
            for model in &provider.models {
                if model.name.trim().is_empty() || model.name.contains(char::is_control) {
                    return wrong(format!("a model of the provider {name} has no name"));
                }
                if !models.insert(model.name.as_str()) {
                    return wrong(format!("the provider {name} has two models named `{}`", model.name));
                }
                if model.context_tokens == Some(0) {
                    return wrong(format!("the model {name}/{} has a context of no tokens", model.name));
                }
            }
        }
        for (alias, members) in &self.aliases {
            if alias.contains('/') {
                return wrong(format!("the alias `{alias}` must not hold a `/`: it would look like a model"));
            }
            if members.is_empty() {
                return wrong(format!("the alias `{alias}` stands for no model"));
            }
            if let Some(member) = members.iter().find(|member| self.aliases.contains_key(*member)) {
                return wrong(format!(
                    "the alias `{alias}` holds the alias `{member}`: name its models instead"
                ));
            }
        }
        let deadlines = self.deadlines;
        if deadlines.first_byte_seconds == 0 || deadlines.idle_seconds == 0 || deadlines.total_seconds == 0 {
            return wrong("a deadline of 0 seconds lets no call through".to_owned());
        }
        self.schedule().map(|_| ())
    }

    /// What a [`Gateway`](crate::Gateway) needs to know beside its models.
    pub fn gateway(&self) -> Result<GatewayConfig, ModelError> {
        self.validate()?;
        Ok(GatewayConfig {
            policy: self.policy.clone(),
            aliases: self.aliases.clone(),
            deadline: self.deadlines.total(),
            breaker: self.breaker,
            limiter: self.concurrency,
            prices: self.prices()?,
            cache: self.cache,
        })
    }

    /// The shipped prices, and over them what the configuration says. A model on one's own machine costs nothing.
    pub(crate) fn prices(&self) -> Result<PriceTable, ModelError> {
        let mut prices = PriceTable::shipped()?;
        for provider in &self.providers {
            if http::is_local(&parse_base(&provider.name, provider.address()?)?) {
                prices.set(format!("{}/*", provider.name), Price::FREE);
            }
            for model in &provider.models {
                if let Some(price) = model.price {
                    prices.set(format!("{}/{}", provider.name, model.name), price);
                }
            }
        }
        Ok(prices)
    }

    pub(crate) fn schedule(&self) -> Result<Option<FaultSchedule>, ModelError> {
        self.faults.as_deref().map(str::parse).transpose()
    }
}

/// A key that was pasted in the place of its variable's name must not be repeated in the error.
fn check_key_variable(provider: &ProviderConfig) -> Result<(), ModelError> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    match &provider.key_env {
        Some(name) if !is_name(name) => Err(ModelError::Config {
            detail: format!(
                "`key_env` of the provider {} must be the name of an environment variable, such as MY_API_KEY, and not a key",
                provider.name
            ),
        }),
        _ => Ok(()),
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> ModelsConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for unknown in
            ["polcy = []", "[deadlines]\ntotal = 1", "[[providers]]\nname='a'\nkind='openai'\nkey='sk-1'"]
        {
            assert!(toml::from_str::<ModelsConfig>(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn each_mistake_is_named() {
        let provider = "[[providers]]\nname = 'a'\n";
        for (text, named) in [
            (format!("{provider}kind = 'compatible'"), "base_url"),
            (format!("{provider}kind = 'openai'\n{provider}kind = 'openai'"), "two providers"),
            (format!("{provider}kind = 'compatible'\nbase_url = 'ftp://x'"), "http"),
            (format!("{provider}kind = 'compatible'\nbase_url = 'http://me:pass@x/'"), "password"),
            (format!("{provider}kind = 'openai'\nmodels = [{{name='m'}}, {{name='m'}}]"), "two models"),
            ("[[providers]]\nname = 'a/b'\nkind = 'openai'".to_owned(), "no name"),
            ("[aliases]\nx = []".to_owned(), "no model"),
            ("[aliases]\nx = ['y']\ny = ['a/b']".to_owned(), "alias"),
            ("[deadlines]\nidle_seconds = 0".to_owned(), "0 seconds"),
            ("faults = 'often'".to_owned(), "no fault"),
            ("[cache]\ncheck_percent = 101".to_owned(), "shares of a hundred"),
            ("[cache]\nenabled = true\nmax_bytes = 0".to_owned(), "keeps nothing"),
        ] {
            let error = parsed(&text).validate().unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn a_key_in_the_place_of_its_variables_name_is_refused_and_not_repeated() {
        let config = parsed("[[providers]]\nname = 'a'\nkind = 'openai'\nkey_env = 'sk-very-secret'");
        let error = config.validate().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("very-secret"));
        assert!(error.to_string().contains("key_env"));
    }

    #[test]
    fn a_models_own_price_wins_and_what_runs_here_is_free() {
        let config = parsed(
            "[[providers]]\nname = 'here'\nkind = 'compatible'\nbase_url = 'http://127.0.0.1:1'\n\
             [[providers]]\nname = 'openai'\nkind = 'openai'\nmodels = [{name = 'gpt-4.1', price = {input = 1, output = 2}}]",
        );
        let prices = config.prices().unwrap();
        assert_eq!(prices.price_of("here/anything"), Some(Price::FREE));
        assert_eq!(prices.price_of("openai/gpt-4.1").unwrap().output.0, 2);
    }
}
