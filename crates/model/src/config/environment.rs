//! Providers that the environment tells of, and what can be said of each without calling it.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::{ModelEntry, ModelsConfig, ProviderConfig, ProviderKind};
use crate::defaults::{self, ProviderDefault};
use crate::error::ModelError;
use crate::http;
use crate::providers::endpoint::parse_base;

/// A compatible server's address.
const BASE_URL: &str = "OPENAI_BASE_URL";
/// The model of that server, or of OpenAI.
const MODEL: &str = "OPENAI_MODEL";
/// The key of that server, where it wants one, or of OpenAI.
const KEY: &str = "OPENAI_API_KEY";

/// A provider as people are shown it. It holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderDescription {
    /// Its name.
    pub name: String,
    /// Which protocol it speaks.
    pub kind: ProviderKind,
    /// Its address.
    pub base_url: String,
    /// The variable that its key is read from.
    pub key_env: Option<String>,
    /// Whether that variable is set.
    pub key_set: bool,
    /// Its models by their full names; empty where the server will be asked.
    pub models: Vec<String>,
    /// Whether it is on this machine or in a private network.
    pub local: bool,
    /// Whether it is configured, or only would be if its key were set.
    pub configured: bool,
}

/// The providers that the environment tells of, in the order in which they are tried.
///
/// `OPENAI_BASE_URL` names one server and means it: with it no other key is used, so that what is sent to one's own
/// machine does not wander to a paid provider when that machine is slow.
#[must_use]
pub fn from_environment(env: &dyn Fn(&str) -> Option<String>) -> Vec<ProviderConfig> {
    let value = |name: &str| env(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    if let Some(base_url) = value(BASE_URL) {
        return vec![at_base_url(base_url, value(KEY).is_some(), value(MODEL))];
    }
    defaults::PROVIDERS
        .iter()
        .filter(|known| value(known.key_env).is_some())
        .map(|known| {
            let model = value(MODEL).filter(|_| known.kind == ProviderKind::OpenAi);
            ProviderConfig { models: model.map(ModelEntry::named).into_iter().collect(), ..plain(known) }
        })
        .collect()
}

fn at_base_url(base_url: String, has_key: bool, model: Option<String>) -> ProviderConfig {
    let parsed = Url::parse(&base_url).ok();
    let host = parsed.as_ref().and_then(Url::host_str).unwrap_or_default();
    let (name, kind) = match host {
        "api.openai.com" => ("openai", ProviderKind::OpenAi),
        "openrouter.ai" => ("openrouter", ProviderKind::OpenRouter),
        _ if parsed.as_ref().is_some_and(http::is_local) => ("local", ProviderKind::Compatible),
        _ => ("custom", ProviderKind::Compatible),
    };
    ProviderConfig {
        name: name.to_owned(),
        kind,
        base_url: Some(base_url),
        key_env: has_key.then(|| KEY.to_owned()),
        models: model.map(ModelEntry::named).into_iter().collect(),
        routing: super::Routing::default(),
    }
}

fn plain(known: &ProviderDefault) -> ProviderConfig {
    ProviderConfig {
        name: known.name.to_owned(),
        kind: known.kind,
        base_url: None,
        key_env: None,
        models: Vec::new(),
        routing: super::Routing::default(),
    }
}

impl ModelsConfig {
    /// With the providers that the environment tells of, if none is configured.
    #[must_use]
    pub fn with_environment(mut self, env: &dyn Fn(&str) -> Option<String>) -> Self {
        if self.providers.is_empty() {
            self.providers = from_environment(env);
        }
        self
    }

    /// Makes sure that `name` can be called: an alias, a configured model, or `provider/model` of a provider that is
    /// configured or known. Whether it is called is for [`ModelsConfig::policy`] or the call to say. A name that stands
    /// for nothing is [`ModelError::Unknown`].
    pub fn want(&mut self, name: &str) -> Result<(), ModelError> {
        let unknown = || ModelError::Unknown { name: name.to_owned() };
        if self.aliases.contains_key(name) {
            return Ok(());
        }
        if let Some((first, model)) = name.split_once('/')
            && !model.is_empty()
        {
            if let Some(provider) = self.providers.iter_mut().find(|provider| provider.name == first) {
                if !provider.entries().iter().any(|entry| entry.name == model) {
                    provider.models = provider.entries();
                    provider.models.push(ModelEntry::named(model));
                }
                return Ok(());
            }
            if let Some(known) = defaults::PROVIDERS.iter().find(|known| known.name == first) {
                // The key was given for another server, and is not shown to this one.
                if self.providers.iter().any(|provider| provider.key_variable() == Some(known.key_env)) {
                    return Err(unknown());
                }
                let models = vec![ModelEntry::named(model)];
                self.providers.push(ProviderConfig { models, ..plain(known) });
                return Ok(());
            }
        }
        // The model part alone, where it says enough.
        let ends_with_it =
            |entry: &ModelEntry| entry.name == name || entry.name.ends_with(&format!("/{name}"));
        let found: usize =
            self.providers.iter().map(|p| p.entries().iter().filter(|e| ends_with_it(e)).count()).sum();
        // A server that has not been asked yet may have it.
        let unasked = self.providers.iter_mut().find(|provider| provider.entries().is_empty());
        match (found, unasked) {
            (1, _) => Ok(()),
            (0, Some(provider)) => {
                provider.models.push(ModelEntry::named(name));
                Ok(())
            }
            _ => Err(unknown()),
        }
    }

    /// The configured providers, and those that a key would be enough for.
    #[must_use]
    pub fn describe(&self, env: &dyn Fn(&str) -> Option<String>) -> Vec<ProviderDescription> {
        let described = |provider: &ProviderConfig, configured: bool| {
            let key_env = provider.key_variable().map(str::to_owned);
            let base = provider.address().and_then(|address| parse_base(&provider.name, address)).ok();
            let full_name = |entry: ModelEntry| format!("{}/{}", provider.name, entry.name);
            ProviderDescription {
                name: provider.name.clone(),
                kind: provider.kind,
                // What cannot be read may hold a password, and is not shown.
                base_url: base.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string),
                key_set: key_env.as_deref().and_then(env).is_some_and(|key| !key.trim().is_empty()),
                key_env,
                models: provider.entries().into_iter().map(full_name).collect(),
                local: base.as_ref().is_some_and(http::is_local),
                configured,
            }
        };
        let others = defaults::PROVIDERS
            .iter()
            .filter(|known| !self.providers.iter().any(|provider| provider.name == known.name))
            .map(plain);
        let mut all: Vec<_> = self.providers.iter().map(|provider| described(provider, true)).collect();
        all.extend(others.map(|provider| described(&provider, false)));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn names(providers: &[ProviderConfig]) -> Vec<&str> {
        providers.iter().map(|provider| provider.name.as_str()).collect()
    }

    #[test]
    fn each_key_brings_its_provider_in_a_fixed_order_and_an_empty_one_brings_none() {
        let all = env(&[("OPENAI_API_KEY", "a"), ("ANTHROPIC_API_KEY", "b"), ("OPENROUTER_API_KEY", "c")]);
        assert_eq!(names(&from_environment(&all)), ["openrouter", "anthropic", "openai"]);
        assert_eq!(names(&from_environment(&env(&[("ANTHROPIC_API_KEY", " ")]))), [""; 0]);
        let openai = from_environment(&env(&[("OPENAI_API_KEY", "a"), ("OPENAI_MODEL", "gpt-5")]));
        assert_eq!(openai[0].models, [ModelEntry::named("gpt-5")]);
    }

    #[test]
    fn a_server_that_is_named_is_the_only_one_and_needs_no_key() {
        let found = from_environment(&env(&[
            ("OPENAI_BASE_URL", "http://127.0.0.1:8181/v1"),
            ("ANTHROPIC_API_KEY", "b"),
        ]));
        assert_eq!(names(&found), ["local"]);
        assert_eq!((found[0].key_variable(), found[0].kind), (None, ProviderKind::Compatible));
        let remote = from_environment(&env(&[
            ("OPENAI_BASE_URL", "https://models.example.com"),
            ("OPENAI_API_KEY", "k"),
        ]));
        assert_eq!((remote[0].name.as_str(), remote[0].key_variable()), ("custom", Some("OPENAI_API_KEY")));
        let openai = from_environment(&env(&[("OPENAI_BASE_URL", "https://api.openai.com/v1")]));
        assert_eq!(openai[0].kind, ProviderKind::OpenAi);
    }

    #[test]
    fn what_is_configured_is_not_mixed_with_what_the_environment_has() {
        let configured =
            ModelsConfig { providers: vec![plain(&defaults::PROVIDERS[1])], ..ModelsConfig::default() };
        let config = configured.with_environment(&env(&[("OPENAI_API_KEY", "a")]));
        assert_eq!(names(&config.providers), ["anthropic"]);
    }

    #[test]
    fn a_wanted_model_is_added_to_its_provider_and_nonsense_is_unknown() {
        let mut config = ModelsConfig::default().with_environment(&env(&[("ANTHROPIC_API_KEY", "a")]));
        config.want("openrouter/deepseek/deepseek-chat").unwrap();
        config.want("anthropic/claude-haiku-4-5").unwrap();
        config.want("anthropic/claude-haiku-4-5").unwrap();
        config.want("claude-sonnet-4-5").unwrap();
        let seen: Vec<_> =
            config.describe(&|_| None).into_iter().flat_map(|provider| provider.models).collect();
        let expected = [
            "anthropic/claude-sonnet-4-5",
            "anthropic/claude-haiku-4-5",
            "openrouter/deepseek/deepseek-chat",
            "openai/gpt-4.1",
        ];
        assert_eq!(seen, expected);
        for unknown in ["nobody/model", "gpt-9", "anthropic/", ""] {
            assert!(matches!(config.want(unknown), Err(ModelError::Unknown { .. })), "{unknown}");
        }
    }

    #[test]
    fn a_key_that_was_given_for_ones_own_server_is_not_sent_to_openai() {
        let environment =
            env(&[("OPENAI_BASE_URL", "https://models.example.com/v1"), ("OPENAI_API_KEY", "k")]);
        let mut config = ModelsConfig::default().with_environment(&environment);
        assert!(matches!(config.want("openai/gpt-4.1"), Err(ModelError::Unknown { .. })));
        config.want("custom/anything").unwrap();
        assert_eq!(config.providers.len(), 1);
    }

    #[test]
    fn a_description_says_whether_a_key_is_set_and_never_which() {
        let environment = env(&[("ANTHROPIC_API_KEY", "sk-very-secret")]);
        let described = ModelsConfig::default().with_environment(&environment).describe(&environment);
        let of = |name: &str| described.iter().find(|provider| provider.name == name).unwrap();
        assert!(of("anthropic").configured && of("anthropic").key_set);
        assert!(!of("openai").configured && !of("openai").key_set);
        assert!(!format!("{described:?}").contains("very-secret"));
    }
}
