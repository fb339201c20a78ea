//! A message in the form of each channel.

mod chat;
mod mail;

pub(crate) use chat::{discord, slack, webhook};
pub(crate) use mail::{mail_html, mail_text};
