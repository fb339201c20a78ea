//! A message in the form of each channel.

mod chat;
mod mail;
mod push;

pub(crate) use chat::{discord, slack, webhook};
pub(crate) use mail::{mail_html, mail_text};
pub(crate) use push::push;
