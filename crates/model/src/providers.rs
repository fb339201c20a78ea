//! Real providers: one module for each protocol, and what both share.

pub mod anthropic;
pub mod endpoint;
pub mod openai;

mod failure;
mod reader;

pub use anthropic::AnthropicModel;
pub use endpoint::{CallLimits, Endpoint, Served};
pub use openai::{DataCollection, Dialect, ListedModel, OpenAiModel, Routing, RoutingSort};
