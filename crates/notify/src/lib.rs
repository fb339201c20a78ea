//! What carries a message to people: mail, Slack, Discord, webhooks, web push.
//!
//! A channel takes one [`Message`], writes it in its own form and hands it over once. Whether that is tried again, to
//! whom it goes and when, is decided elsewhere; here is only said whether trying again can help ([`SendError`]).
//! This crate must not know what a message is about: no questions, no runs, no database.
//!
//! What stands in a message may be hostile: it was written by models, repositories and people. No channel lets it become
//! markup, a mention, a header or a link.
//!
//! ```
//! use swarm_notify::{Message, WebhookSignature};
//!
//! let message = Message { id: "ntf_1".to_owned(), title: "A change waits".to_owned(), ..Message::default() };
//! let key = swarm_domain::secret::Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
//! let signature = WebhookSignature::of(&[key], &message.id, 1_700_000_000, b"{}").unwrap();
//! assert!(signature.as_str().starts_with("v1,"));
//! ```
//!
//! To add a channel: a variant of [`ChannelConfig`] with its settings, and a file that writes its form.

mod channel;
mod error;
pub mod html;
mod http;
mod key_source;
mod message;
mod push;
mod render;
mod signature;
mod smtp;
#[cfg(feature = "testing")]
pub mod testing;

pub use channel::{ChannelConfig, EmailConfig, HookConfig, SmtpTls, WebhookConfig};
pub use error::SendError;
pub use key_source::{InvalidKeySource, KeySource};
pub use message::{Action, Message};
pub use push::{InvalidTarget, PushConfig, PushTarget, Pushed, VapidKey};
pub use signature::{InvalidKey, WebhookSignature};
