//! Anthropic's own messages protocol, with prompt caching: <https://docs.claude.com/en/api/messages>.

mod assembly;
mod event;
mod request;

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::endpoint::{Endpoint, Served, secret_header};
use super::reader;
use crate::chat::{Capabilities, ChatEvent, ChatModel, ChatRequest};
use crate::error::ModelError;
use crate::tokens;

use assembly::MessageAssembly;

/// The version of the protocol.
const VERSION: HeaderValue = HeaderValue::from_static("2023-06-01");

/// A model behind Anthropic's protocol.
///
/// It has no output by schema of its own here: a tool whose arguments have the schema is offered, and its call is the
/// answer.
#[derive(Debug)]
pub struct AnthropicModel {
    name: String,
    endpoint: Arc<Endpoint>,
    served: Served,
}

impl AnthropicModel {
    /// The model that `endpoint` serves as `served`.
    #[must_use]
    pub fn new(endpoint: Arc<Endpoint>, served: Served) -> Self {
        let name = format!("{}/{}", endpoint.provider(), served.name);
        Self { name, endpoint, served }
    }
}

#[async_trait]
impl ChatModel for AnthropicModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.served.capabilities
    }

    fn identity(&self) -> String {
        format!("{} as {} at {}", self.name, self.served.id, self.endpoint.base())
    }

    async fn stream(
        &self,
        request: &ChatRequest,
        cancel: CancellationToken,
    ) -> Result<BoxStream<'static, Result<ChatEvent, ModelError>>, ModelError> {
        let begun = Instant::now();
        let needed = tokens::of_request(request) + u64::from(request.max_tokens);
        let caller = self.endpoint.caller(&self.name, needed, self.served.capabilities.context_tokens);
        let (body, answer_tool) = request::body(request, &self.served);
        let response =
            self.endpoint.post("messages", headers(&self.endpoint)?, &body, &caller, begun, &cancel).await?;
        let provider = self.endpoint.provider().to_owned();
        let assembly = MessageAssembly::new(caller.clone(), provider, answer_tool, self.served.price);
        Ok(reader::read(response, assembly, caller, self.endpoint.limits(), begun, cancel))
    }
}

fn headers(endpoint: &Endpoint) -> Result<HeaderMap, ModelError> {
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("anthropic-version"), VERSION);
    if let Some(key) = endpoint.key() {
        secret_header(&mut headers, HeaderName::from_static("x-api-key"), key.expose())?;
    }
    Ok(headers)
}
