//! Which models an OpenAI-compatible server has, asked from the server.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::{Dialect, headers};
use crate::error::ModelError;
use crate::providers::endpoint::Endpoint;

/// A server that cannot list its models in this time will not answer questions either.
const LIST_WAIT: Duration = Duration::from_secs(10);
/// llama.cpp answers at once; for others it is only a question.
const PROPERTIES_WAIT: Duration = Duration::from_secs(3);
/// Models that are looked at.
const MAX_MODELS: usize = 1_000;

/// A model as a server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedModel {
    /// What requests must call it.
    pub id: String,
    /// The context that it is served with, where the server says so.
    pub context_tokens: Option<u32>,
}

impl ListedModel {
    /// Its id, without the folder and the ending where it is the path of a file: llama.cpp lists one, and a folder of
    /// this machine has no place in names that are recorded and shown.
    pub(crate) fn plain_name(&self) -> &str {
        let file = self.id.strip_suffix(".gguf");
        match file {
            Some(path) => path.rsplit(['/', '\\']).next().unwrap_or(path),
            None if self.id.starts_with('/') => self.id.rsplit('/').next().unwrap_or(&self.id),
            None => &self.id,
        }
    }
}

/// The models of `endpoint` that can chat, as far as one can tell.
pub(crate) async fn list_models(endpoint: &Endpoint) -> Result<Vec<ListedModel>, ModelError> {
    let url = endpoint.url("models");
    let answer = endpoint.get(&url, headers(endpoint, Dialect::Compatible)?, LIST_WAIT).await?;
    let mut models = read_list(&answer);
    if let [only] = models.as_mut_slice()
        && only.context_tokens.is_none()
    {
        only.context_tokens = context_of_llama_cpp(endpoint).await;
    }
    Ok(models)
}

fn read_list(answer: &Value) -> Vec<ListedModel> {
    let entries = answer.get("data").and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let id =
                entry.get("id")?.as_str().filter(|id| !id.is_empty() && !id.contains(char::is_control))?;
            let context =
                ["max_model_len", "context_length"].iter().find_map(|name| tokens(entry.get(name)?));
            Some(ListedModel { id: id.to_owned(), context_tokens: context })
        })
        .filter(|model| !model.id.to_lowercase().contains("embed"))
        .take(MAX_MODELS)
        .collect()
}

/// llama.cpp lists only the context that a model was trained with; what it is served with is at `/props`.
async fn context_of_llama_cpp(endpoint: &Endpoint) -> Option<u32> {
    let mut url: Url = endpoint.base().clone();
    url.set_path("/props");
    // Without the key: this is outside of the base URL that the key was given for.
    let answer = endpoint.get(url.as_str(), HeaderMap::new(), PROPERTIES_WAIT).await.ok()?;
    tokens(answer.get("default_generation_settings")?.get("n_ctx")?)
}

fn tokens(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedding_models_and_nonsense_are_left_out() {
        let answer = serde_json::json!({"data": [
            {"id": "nomic-embed-text"},
            {"id": ""},
            {"id": 7},
            {"id": "evil\u{1b}[31m"},
            {"id": "qwen", "max_model_len": 32768},
        ]});
        assert_eq!(read_list(&answer), [ListedModel { id: "qwen".into(), context_tokens: Some(32_768) }]);
        assert_eq!(read_list(&serde_json::json!("hello")), []);
    }

    #[test]
    fn the_folder_of_a_model_is_not_in_its_name() {
        let name = |id: &str| ListedModel { id: id.into(), context_tokens: None }.plain_name().to_owned();
        assert_eq!(name("/home/me/models/qwen-q4_k_m.gguf"), "qwen-q4_k_m");
        assert_eq!(name("C:\\models\\qwen.gguf"), "qwen");
        assert_eq!(name("/models/qwen"), "qwen");
        assert_eq!(name("Qwen/Qwen2.5-Coder"), "Qwen/Qwen2.5-Coder", "a maker is no folder");
    }
}
