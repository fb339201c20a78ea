//! How OpenRouter chooses among the providers of a model: <https://openrouter.ai/docs/features/provider-routing>.

use serde::{Deserialize, Serialize};

/// Routing preferences; what is not said is OpenRouter's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Routing {
    /// Providers to try first, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<String>,
    /// Only these providers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// None of these providers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
    /// Whether others may answer where those in `order` cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_fallbacks: Option<bool>,
    /// Only providers that honour every parameter of the request. By itself on where a schema must be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub require_parameters: Option<bool>,
    /// Whether providers may keep what they are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_collection: Option<DataCollection>,
    /// What counts most in the choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<RoutingSort>,
    /// Only these quantizations, such as `fp8`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quantizations: Vec<String>,
}

/// Whether providers may keep what they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataCollection {
    /// They may.
    Allow,
    /// Those that do are left out.
    Deny,
}

/// What counts most in the choice of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoutingSort {
    /// The lowest price.
    Price,
    /// The most tokens a second.
    Throughput,
    /// The shortest wait for the first token.
    Latency,
}
