//! Models behind the OpenAI chat completions protocol: OpenRouter, OpenAI, Ollama, llama.cpp, vLLM and many more.
//!
//! <https://platform.openai.com/docs/api-reference/chat>

mod assembly;
mod chunk;
mod listing;
mod request;
mod routing;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::endpoint::{Endpoint, Served, secret_header};
use super::reader;
use crate::chat::{Capabilities, ChatEvent, ChatModel, ChatRequest};
use crate::error::ModelError;
use crate::tokens;

use assembly::ChunkAssembly;
pub use listing::ListedModel;
pub(crate) use listing::list_models;
pub use routing::{DataCollection, Routing, RoutingSort};

/// What of the protocol a provider understands differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// OpenAI itself: `max_completion_tokens`.
    OpenAi,
    /// OpenRouter: routing preferences, and the cost of each call with its usage.
    OpenRouter,
    /// Anything else that speaks the protocol.
    Compatible,
}

/// A model behind the OpenAI protocol.
#[derive(Debug)]
pub struct OpenAiModel {
    name: String,
    endpoint: Arc<Endpoint>,
    served: Served,
    dialect: Dialect,
    routing: Routing,
}

impl OpenAiModel {
    /// The model that `endpoint` serves as `served`. `routing` is for OpenRouter; others are not told of it.
    #[must_use]
    pub fn new(endpoint: Arc<Endpoint>, served: Served, dialect: Dialect, routing: Routing) -> Self {
        let name = format!("{}/{}", endpoint.provider(), served.name);
        Self { name, endpoint, served, dialect, routing }
    }
}

#[async_trait]
impl ChatModel for OpenAiModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.served.capabilities
    }

    fn identity(&self) -> String {
        format!("{} as {} at {} by {:?}", self.name, self.served.id, self.endpoint.base(), self.routing)
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError> {
        let begun = Instant::now();
        let needed = tokens::of_request(request) + u64::from(request.max_tokens);
        let caller = self.endpoint.caller(&self.name, needed, self.served.capabilities.context_tokens);
        let body = request::body(request, &self.served, self.dialect, &self.routing);
        let headers = headers(&self.endpoint, self.dialect)?;
        let response =
            self.endpoint.post("chat/completions", headers, &body, &caller, begun, &cancel).await?;
        // Local servers report paths and aliases; only hosted ones say which version or route it really was.
        let reported_by = (self.dialect != Dialect::Compatible).then(|| self.endpoint.provider().to_owned());
        let assembly = ChunkAssembly::new(caller.clone(), reported_by);
        Ok(reader::read(response, assembly, caller, self.endpoint.limits(), begun, cancel))
    }
}

fn headers(endpoint: &Endpoint, dialect: Dialect) -> Result<HeaderMap, ModelError> {
    let mut headers = HeaderMap::new();
    if let Some(key) = endpoint.key() {
        secret_header(&mut headers, AUTHORIZATION, &format!("Bearer {}", key.expose()))?;
    }
    if dialect == Dialect::OpenRouter {
        headers.insert(HeaderName::from_static("x-title"), HeaderValue::from_static("swarm"));
    }
    Ok(headers)
}
