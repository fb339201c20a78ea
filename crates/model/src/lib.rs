//! Language models behind one trait, and the gateway around them.
//!
//! [`ChatModel`] is a model: OpenAI-compatible ([`OpenAiModel`]: OpenAI, OpenRouter, Ollama, llama.cpp, vLLM),
//! Anthropic ([`AnthropicModel`]), or one of those that ship for work without a provider: [`Recorded`] plays real
//! replies back, [`Scripted`] follows a script, [`Faulty`] breaks another model on order. [`Gateway`] calls them:
//! ordered fallbacks, circuit breakers, limits that know 429, budgets checked before anything is sent, prices.
//! [`ModelsConfig`] is the part of swarm's configuration that makes them. [`Vault`] reads a key where it is kept elsewhere.
//!
//! This crate must not know what a ticket, a run or an agent is: a call is messages in, a reply out. It never sleeps
//! to retry; durable workflows do that, with [`ModelError::is_retryable`] and [`ModelError::retry_after`].
//!
//! ```no_run
//! # async fn example(clock: std::sync::Arc<dyn swarm_domain::Clock>) -> Result<(), swarm_model::ModelError> {
//! use swarm_model::{Call, ChatRequest, Message, ModelsConfig, ReplyFormat};
//!
//! let env = |name: &str| std::env::var(name).ok();
//! let chosen = ModelsConfig::default().with_environment(&env).open(&env, clock, None).await?;
//! println!("{}", chosen.sentence);
//! let request = ChatRequest {
//!     messages: vec![Message::User { text: "Say hello.".into() }],
//!     tools: vec![],
//!     format: ReplyFormat::Text,
//!     max_tokens: 64,
//!     temperature_milli: 0,
//!     seed: None,
//! };
//! let answer = chosen.gateway.call(Call::new(chosen.models.clone(), request)).await?;
//! println!("{} said {:?} for {}", answer.model, answer.reply.text, answer.spend.usd);
//! # Ok(())
//! # }
//! ```
//!
//! To add a provider that speaks neither protocol: a module in `providers` with an `Assembly` of its stream, and a
//! variant of [`ProviderKind`].

pub mod breaker;
pub mod cache;
pub mod chat;
pub mod config;
pub mod error;
pub mod faulty;
pub mod gateway;
pub mod ledger;
pub mod limiter;
pub mod price;
pub mod providers;
pub mod recorded;
pub mod recording;
pub mod scripted;
pub mod tokens;
pub mod vault;

mod defaults;
mod http;
mod replay;
mod sse;

pub use breaker::{BreakerConfig, BreakerState};
pub use chat::{
    Capabilities, ChatEvent, ChatModel, ChatReply, ChatRequest, Finish, Message, RecordingInfo, Replies,
    ReplyFormat, ToolCall, ToolSpec, Usage,
};
pub use config::{Chosen, ModelEntry, ModelsConfig, ProviderConfig, ProviderKind};
pub use error::ModelError;
pub use faulty::{Fault, FaultSchedule, Faulty, When};
pub use gateway::{Answer, Call, Gateway, GatewayConfig, ModelState, OnText, Progress};
pub use ledger::{BudgetScope, Ledger};
pub use limiter::LimiterConfig;
pub use price::{Price, PriceTable};
pub use providers::{AnthropicModel, OpenAiModel};
pub use recorded::{Recorded, Recorder};
pub use recording::request_key;
pub use scripted::{Script, Scripted};
pub use swarm_domain::secret::Secret;
pub use vault::{Vault, VaultConfig, VaultError};
