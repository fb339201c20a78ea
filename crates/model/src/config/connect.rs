//! From a configuration to models that can be called.

use std::path::Path;
use std::sync::Arc;

use swarm_domain::Clock;

use super::{ModelEntry, ModelsConfig, ProviderConfig, ProviderKind};
use crate::Secret;
use crate::chat::ChatModel;
use crate::defaults;
use crate::error::ModelError;
use crate::faulty::Faulty;
use crate::gateway::Gateway;
use crate::http;
use crate::price::PriceTable;
use crate::providers::openai::{ListedModel, list_models};
use crate::providers::{AnthropicModel, Dialect, Endpoint, OpenAiModel, Served};
use crate::recorded::{Recorded, Recorder};
use crate::scripted::Scripted;

/// A gateway that is ready, and what it will call.
#[derive(Debug)]
pub struct Chosen {
    /// The door to the models.
    pub gateway: Gateway,
    /// The models that a call without names tries, in order, by their full names.
    pub models: Vec<String>,
    /// What was chosen and why, in a sentence for people.
    pub sentence: String,
}

impl ModelsConfig {
    /// The configured models. A provider whose key is not set is left out with a warning as long as another is there;
    /// a compatible server without configured models is asked for its list.
    pub async fn connect(
        &self,
        env: &(dyn Fn(&str) -> Option<String> + Sync),
        clock: Arc<dyn Clock>,
    ) -> Result<Vec<Arc<dyn ChatModel>>, ModelError> {
        self.validate()?;
        let prices = self.prices()?;
        let mut models: Vec<Arc<dyn ChatModel>> = Vec::new();
        let mut without_key = Vec::new();
        for provider in &self.providers {
            let key = match key_of(provider, env) {
                Ok(key) => key,
                Err(variable) => {
                    tracing::warn!(
                        provider = provider.name,
                        variable,
                        "left out a provider whose key is not set"
                    );
                    without_key.push(format!("{} needs {variable}", provider.name));
                    continue;
                }
            };
            let endpoint =
                Endpoint::new(&provider.name, provider.address()?, key, self.deadlines, Arc::clone(&clock))?;
            for entry in entries(provider, &endpoint).await? {
                models.push(model(provider, &endpoint, entry, &prices));
            }
        }
        if models.is_empty() && !without_key.is_empty() {
            return Err(ModelError::Config { detail: format!("no key is set: {}", without_key.join(", ")) });
        }
        self.faulty(models)
    }

    /// These models, with the configured faults.
    fn faulty(&self, models: Vec<Arc<dyn ChatModel>>) -> Result<Vec<Arc<dyn ChatModel>>, ModelError> {
        let Some(schedule) = self.schedule()? else { return Ok(models) };
        let faulty = |model| Arc::new(Faulty::new(model, schedule.clone())) as Arc<dyn ChatModel>;
        Ok(models.into_iter().map(faulty).collect())
    }

    /// A gateway to the configured models, which records their replies into the file `record` if one is given.
    ///
    /// With no model at all it is [`ModelError::Config`]; [`Self::playback`] needs none.
    pub async fn open(
        &self,
        env: &(dyn Fn(&str) -> Option<String> + Sync),
        clock: Arc<dyn Clock>,
        record: Option<&Path>,
    ) -> Result<Chosen, ModelError> {
        let mut models = self.connect(env, Arc::clone(&clock)).await?;
        if let Some(path) = record {
            for model in &mut models {
                *model = Arc::new(Recorder::new(Arc::clone(model), path, clock.as_ref())?);
            }
        }
        let mut config = self.gateway()?;
        // A provider without its key was left out: what names its models must do without it.
        let is_left_out = |name: &String| {
            let provider = self
                .providers
                .iter()
                .find(|p| name.split_once('/').is_some_and(|(first, _)| first == p.name));
            provider.is_some_and(|provider| key_of(provider, env).is_err())
        };
        config.policy.retain(|name| !is_left_out(name));
        for members in config.aliases.values_mut() {
            members.retain(|name| !is_left_out(name));
        }
        let gateway = Gateway::new(config, models, clock);
        let names = gateway.names(&[])?;
        let mut sentence = self.sentence(&names);
        if let Some(path) = record {
            sentence = format!("{sentence} Recording to {}.", path.display());
        }
        Ok(Chosen { gateway, models: names, sentence })
    }

    /// A gateway that plays a recording back and calls no provider.
    pub fn playback(&self, recorded: Recorded, clock: Arc<dyn Clock>) -> Result<Chosen, ModelError> {
        let info = recorded.info();
        let sentence =
            format!("Playing back a recording of {} from {}: no model is called.", info.model, info.date);
        self.only(vec![Arc::new(recorded)], sentence, clock)
    }

    /// A gateway to a script, with the configured faults; it calls no provider.
    pub fn rehearsal(&self, scripted: Scripted, clock: Arc<dyn Clock>) -> Result<Chosen, ModelError> {
        let sentence = format!("Answering from the script {}: no model is called.", scripted.name());
        self.only(self.faulty(vec![Arc::new(scripted)])?, sentence, clock)
    }

    /// A gateway whose every name stands for these models: what a recording was made with, for example, is in it.
    fn only(
        &self,
        models: Vec<Arc<dyn ChatModel>>,
        sentence: String,
        clock: Arc<dyn Clock>,
    ) -> Result<Chosen, ModelError> {
        let names: Vec<_> = models.iter().map(|model| model.name().to_owned()).collect();
        let mut config = self.gateway()?;
        config.policy.clone_from(&names);
        for members in config.aliases.values_mut() {
            members.clone_from(&names);
        }
        Ok(Chosen { gateway: Gateway::new(config, models, clock), models: names, sentence })
    }

    fn sentence(&self, names: &[String]) -> String {
        let Some((first, others)) = names.split_first() else {
            return "No model is configured.".to_owned();
        };
        let provider =
            self.providers.iter().find(|p| first.strip_prefix(&p.name).is_some_and(|r| r.starts_with('/')));
        let why = provider.map_or_else(String::new, |provider| {
            let address = provider.address().unwrap_or_default();
            let local = reqwest::Url::parse(address).is_ok_and(|url| http::is_local(&url));
            match provider.key_variable() {
                _ if local => format!(" at {address}, which costs nothing"),
                Some(variable) => format!(" with the key in {variable}"),
                None => format!(" at {address}"),
            }
        });
        let fallbacks = if others.is_empty() {
            String::new()
        } else {
            format!("; if it fails, {}", others.join(", then "))
        };
        format!("Using {first}{why}{fallbacks}.")
    }
}

/// The key of a provider; the error names the variable that is not set.
fn key_of<'a>(
    provider: &'a ProviderConfig,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<Secret>, &'a str> {
    let Some(variable) = provider.key_variable() else {
        return Ok(None);
    };
    match env(variable).map(Secret::new).filter(|key| !key.expose().is_empty()) {
        Some(key) => Ok(Some(key)),
        None => Err(variable),
    }
}

/// The models of a provider; a server of which none is configured is asked, and its first is taken.
async fn entries(provider: &ProviderConfig, endpoint: &Endpoint) -> Result<Vec<ModelEntry>, ModelError> {
    let mut known = provider.entries();
    if known.iter().all(|entry| entry.context_tokens.is_some()) && !known.is_empty()
        || provider.kind != ProviderKind::Compatible
    {
        return Ok(known);
    }
    match (list_models(endpoint).await, known.as_mut_slice()) {
        (Ok(listed), []) => {
            let first = listed.into_iter().next().ok_or_else(|| ModelError::Config {
                detail: format!(
                    "the server of {} lists no model: start it with one, or set OPENAI_MODEL",
                    provider.name
                ),
            })?;
            let name = first.plain_name().to_owned();
            Ok(vec![ModelEntry {
                id: Some(first.id),
                context_tokens: first.context_tokens,
                ..ModelEntry::named(name)
            }])
        }
        (Err(error), []) => Err(error),
        (Ok(listed), known_entries) => {
            // The server knows better than a guess how much it takes.
            for entry in known_entries {
                let id = entry.id.as_ref().unwrap_or(&entry.name);
                let is_it = |model: &&ListedModel| model.id == *id || model.plain_name() == id;
                if let Some(served) = listed.iter().find(is_it) {
                    entry.id = Some(served.id.clone());
                    entry.context_tokens = entry.context_tokens.or(served.context_tokens);
                }
            }
            Ok(known)
        }
        // A server that lists nothing may well answer; if it is down, the call will say so.
        (Err(_), _) => Ok(known),
    }
}

fn model(
    provider: &ProviderConfig,
    endpoint: &Arc<Endpoint>,
    entry: ModelEntry,
    prices: &PriceTable,
) -> Arc<dyn ChatModel> {
    let id = entry.id.unwrap_or_else(|| entry.name.clone());
    let mut capabilities = defaults::capabilities(provider.kind, &id);
    capabilities.tools = entry.tools.unwrap_or(capabilities.tools);
    capabilities.json_schema = entry.json_schema.unwrap_or(capabilities.json_schema);
    capabilities.context_tokens = entry.context_tokens.unwrap_or(capabilities.context_tokens);
    let served = Served {
        temperature: entry.temperature.unwrap_or_else(|| defaults::takes_temperature(provider.kind, &id)),
        price: prices.price_of(&format!("{}/{}", provider.name, entry.name)),
        name: entry.name,
        id,
        capabilities,
    };
    let endpoint = Arc::clone(endpoint);
    let openai = |endpoint, served, dialect| -> Arc<dyn ChatModel> {
        Arc::new(OpenAiModel::new(endpoint, served, dialect, provider.routing.clone()))
    };
    match provider.kind {
        ProviderKind::Anthropic => Arc::new(AnthropicModel::new(endpoint, served)),
        ProviderKind::OpenAi => openai(endpoint, served, Dialect::OpenAi),
        ProviderKind::OpenRouter => openai(endpoint, served, Dialect::OpenRouter),
        ProviderKind::Compatible => openai(endpoint, served, Dialect::Compatible),
    }
}
