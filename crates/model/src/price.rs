//! What a call costs: a price table that ships with swarm, has a date, and needs no network.
//!
//! The provider's own figure, where it gives one, wins over the table. A model that is not in the table costs nothing
//! on paper and is shown as not priced.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swarm_domain::MicroUsd;

use crate::chat::Usage;
use crate::error::ModelError;

const SHIPPED: &str = include_str!("prices.json");

/// Prices of one model, each in millionths of a US dollar for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens in.
    pub input: MicroUsd,
    /// Tokens out.
    pub output: MicroUsd,
    /// Tokens in that came from the provider's cache; as `input` where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<MicroUsd>,
    /// Tokens in that were written to the provider's cache; as `input` where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<MicroUsd>,
}

impl Price {
    /// Nothing: the model runs on one's own machine, or is played back.
    pub const FREE: Self =
        Self { input: MicroUsd::ZERO, output: MicroUsd::ZERO, cached: None, cache_write: None };

    /// What `usage` costs, `written` of its tokens in having been written to the cache. Rounded up.
    #[must_use]
    pub fn of(&self, usage: &Usage, written: u64) -> MicroUsd {
        let plain = usage.tokens_in.saturating_sub(usage.tokens_cached).saturating_sub(written);
        [
            MicroUsd::for_tokens(plain, self.input),
            MicroUsd::for_tokens(usage.tokens_cached, self.cached.unwrap_or(self.input)),
            MicroUsd::for_tokens(written, self.cache_write.unwrap_or(self.input)),
            MicroUsd::for_tokens(usage.tokens_out, self.output),
        ]
        .into_iter()
        .sum()
    }

    /// The most that so many tokens can cost: none read from the cache, all written to it.
    #[must_use]
    pub fn at_worst(&self, tokens_in: u64, tokens_out: u64) -> MicroUsd {
        let input = self.input.max(self.cache_write.unwrap_or_default());
        MicroUsd::for_tokens(tokens_in, input) + MicroUsd::for_tokens(tokens_out, self.output)
    }
}

/// Prices by full model name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// The day that the prices were looked up, as `YYYY-MM-DD`.
    pub version: String,
    /// Prices by `provider/model`; `provider/*` stands for every other model of a provider.
    pub models: BTreeMap<String, Price>,
}

impl PriceTable {
    /// The table that ships with swarm.
    pub fn shipped() -> Result<Self, ModelError> {
        serde_json::from_str(SHIPPED)
            .map_err(|error| ModelError::Config { detail: format!("the price table: {error}") })
    }

    /// Sets the price of a model, as the configuration wants it.
    pub fn set(&mut self, model: impl Into<String>, price: Price) {
        self.models.insert(model.into(), price);
    }

    /// The price of a model by its full name; a version's date (`…-20250929`, `…-2025-09-29`) does not matter.
    #[must_use]
    pub fn price_of(&self, model: &str) -> Option<Price> {
        // What plays back or follows a script is not paid for.
        if model.starts_with("recorded/") || model.starts_with("scripted/") || model.ends_with(":free") {
            return Some(Price::FREE);
        }
        let any = || self.models.get(&format!("{}/*", model.split_once('/')?.0));
        self.models.get(model).or_else(|| self.models.get(undated(model))).or_else(any).copied()
    }
}

/// `model` without the date that providers put behind a version.
fn undated(model: &str) -> &str {
    let head = model.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let tail = &model[head.len()..];
    for length in ["-20250929".len(), "-2025-09-29".len()] {
        let Some(at) = tail.len().checked_sub(length) else {
            continue;
        };
        let date = &tail[at..];
        let digits = date.bytes().filter(u8::is_ascii_digit).count();
        if date.starts_with("-20") && digits == 8 {
            return &model[..head.len() + at];
        }
    }
    model
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_table_can_be_read_and_has_every_default_model() {
        let table = PriceTable::shipped().unwrap();
        assert_eq!(table.version.len(), "2026-01-01".len());
        for default in crate::defaults::PROVIDERS {
            let name = format!("{}/{}", default.name, default.model);
            assert!(table.price_of(&name).is_some(), "{name}");
        }
    }

    #[test]
    fn cached_tokens_cost_the_cached_price_and_no_sum_rounds_down_to_nothing() {
        let price = Price {
            input: MicroUsd(3_000_000),
            output: MicroUsd(15_000_000),
            cached: Some(MicroUsd(300_000)),
            cache_write: Some(MicroUsd(3_750_000)),
        };
        let usage = Usage { tokens_in: 1_000, tokens_cached: 400, tokens_out: 100, cost: None };
        assert_eq!(price.of(&usage, 0), MicroUsd(600 * 3 + 120 + 1_500));
        assert_eq!(price.of(&usage, 200), MicroUsd(400 * 3 + 120 + 750 + 1_500));
        assert!(price.at_worst(1_000, 100) >= price.of(&usage, 600));
        let least = Usage { tokens_in: 1, ..Usage::default() };
        assert_eq!(price.of(&least, 0), MicroUsd(3));
    }

    #[test]
    fn a_dated_name_has_the_price_of_the_undated_one_and_a_version_number_is_no_date() {
        assert_eq!(undated("anthropic/claude-sonnet-4-5-20250929"), "anthropic/claude-sonnet-4-5");
        assert_eq!(undated("openai/gpt-5-2025-08-07"), "openai/gpt-5");
        assert_eq!(undated("anthropic/claude-opus-4-1"), "anthropic/claude-opus-4-1");
        let table = PriceTable::shipped().unwrap();
        assert!(table.price_of("anthropic/claude-sonnet-4-5-20250929").is_some());
        assert_eq!(table.price_of("local/qwen"), None);
        assert_eq!(table.price_of("recorded/x/y"), Some(Price::FREE));
    }

    #[test]
    fn a_model_that_is_not_in_the_table_has_no_price_unless_its_whole_provider_has_one() {
        let mut table = PriceTable::shipped().unwrap();
        assert_eq!(table.price_of("local/qwen"), None);
        table.set("local/*", Price::FREE);
        assert_eq!(table.price_of("local/vendor/qwen"), Some(Price::FREE));
        assert_eq!(table.price_of("elsewhere/qwen"), None);
    }
}
