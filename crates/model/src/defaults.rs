//! What is known of providers and their models without asking them.

use crate::chat::Capabilities;
use crate::config::ProviderKind;

/// A provider that needs no configuration but its key.
pub(crate) struct ProviderDefault {
    pub(crate) name: &'static str,
    pub(crate) kind: ProviderKind,
    pub(crate) base_url: &'static str,
    pub(crate) key_env: &'static str,
    /// The model that is used where none is named: it follows schemas, calls tools and does not cost the earth.
    pub(crate) model: &'static str,
}

/// In the order in which they are tried.
pub(crate) const PROVIDERS: [ProviderDefault; 3] = [
    ProviderDefault {
        name: "openrouter",
        kind: ProviderKind::OpenRouter,
        base_url: "https://openrouter.ai/api/v1",
        key_env: "OPENROUTER_API_KEY",
        model: "qwen/qwen3-coder",
    },
    ProviderDefault {
        name: "anthropic",
        kind: ProviderKind::Anthropic,
        base_url: "https://api.anthropic.com/v1",
        key_env: "ANTHROPIC_API_KEY",
        model: "claude-sonnet-4-5",
    },
    ProviderDefault {
        name: "openai",
        kind: ProviderKind::OpenAi,
        base_url: "https://api.openai.com/v1",
        key_env: "OPENAI_API_KEY",
        model: "gpt-4.1",
    },
];

/// The provider of this kind that needs no configuration.
pub(crate) fn of_kind(kind: ProviderKind) -> Option<&'static ProviderDefault> {
    PROVIDERS.iter().find(|provider| provider.kind == kind)
}

/// Contexts by the beginning of a model's name, without its maker; the first that fits counts.
const CONTEXTS: &[(&str, u32)] = &[
    ("claude-", 200_000),
    ("gpt-4.1", 1_047_576),
    ("gpt-5", 400_000),
    ("o3", 200_000),
    ("o4", 200_000),
    ("qwen3-coder", 262_144),
    ("gemini-", 1_048_576),
];
/// The context of a hosted model that nothing is known of.
const HOSTED_CONTEXT: u32 = 128_000;
/// The context of a model on one's own machine that nothing is known of.
const LOCAL_CONTEXT: u32 = 8_192;

/// What a model can do that nobody has configured.
pub(crate) fn capabilities(kind: ProviderKind, model: &str) -> Capabilities {
    if kind == ProviderKind::Compatible {
        // Servers of one's own constrain output by grammar, so a schema holds; tool calls depend on the model, and
        // those of small ones do not.
        return Capabilities { tools: false, json_schema: true, context_tokens: LOCAL_CONTEXT };
    }
    let known = CONTEXTS.iter().find(|(beginning, _)| without_maker(model).starts_with(beginning));
    let context_tokens = known.map_or(HOSTED_CONTEXT, |(_, context)| *context);
    Capabilities { tools: true, json_schema: true, context_tokens }
}

/// Whether a model takes a sampling temperature. Reasoning models refuse it, and Anthropic's from 4.7 on; one whose
/// name says nothing is better not given any.
pub(crate) fn takes_temperature(kind: ProviderKind, model: &str) -> bool {
    const OLDER_CLAUDES: &[&str] = &[
        "claude-3",
        "claude-opus-4-0",
        "claude-opus-4-1",
        "claude-opus-4-5",
        "claude-opus-4-6",
        "claude-opus-4-2025",
        "claude-sonnet-4-0",
        "claude-sonnet-4-5",
        "claude-sonnet-4-6",
        "claude-sonnet-4-2025",
        "claude-haiku-4-5",
    ];
    let name = without_maker(model);
    match kind {
        ProviderKind::Anthropic => OLDER_CLAUDES.iter().any(|family| name.starts_with(family)),
        ProviderKind::OpenAi => name.starts_with("gpt-4") || name.starts_with("gpt-3"),
        // The router leaves out what a model does not take; one's own server takes everything.
        ProviderKind::OpenRouter | ProviderKind::Compatible => true,
    }
}

fn without_maker(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_server_of_which_nothing_is_known_follows_schemas_but_calls_no_tools() {
        let unknown = capabilities(ProviderKind::Compatible, "qwen2.5-coder-1.5b");
        assert_eq!(unknown, Capabilities { tools: false, json_schema: true, context_tokens: LOCAL_CONTEXT });
    }

    #[test]
    fn models_that_refuse_a_temperature_are_not_given_one() {
        let takes = |kind, model| takes_temperature(kind, model);
        assert!(takes(ProviderKind::Anthropic, "claude-sonnet-4-5-20250929"));
        assert!(!takes(ProviderKind::Anthropic, "claude-opus-4-7"));
        assert!(!takes(ProviderKind::Anthropic, "claude-of-tomorrow"));
        assert!(takes(ProviderKind::OpenAi, "gpt-4.1-mini"));
        assert!(!takes(ProviderKind::OpenAi, "gpt-5-mini"));
    }
}
