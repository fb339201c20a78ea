//! The channels and their settings. None of them holds a key: a setting says where that is looked up.

use std::path::PathBuf;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use swarm_domain::{
    ProjectId,
    identity::EmailAddress,
    notification::{IN_APP, WEB_PUSH},
    secret::Secret,
    ticket::Risk,
};

use crate::{KeySource, Message, SendError, http, render, smtp};

/// A channel. Those for people go to somebody's own address; the others to a room that many read, and hold nothing that
/// is for one person alone. What browsers take is none of these: it
/// needs no setting ([`PushConfig`](crate::PushConfig)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ChannelConfig {
    /// Mail, by SMTP.
    Email(EmailConfig),
    /// A room in Slack, by an incoming webhook.
    Slack(HookConfig),
    /// A room in Discord, by a webhook.
    Discord(HookConfig),
    /// A program, by a webhook that is signed as Standard Webhooks has it.
    Webhook(WebhookConfig),
}

/// How a connection to a mail server is kept from being read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS from the first byte, as at port 465.
    Tls,
    /// It begins in the clear and must change to TLS before anything is said, as at port 587.
    #[default]
    StartTls,
    /// Never: for a mail server on this machine.
    None,
}

/// Mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmailConfig {
    /// What the channel is called.
    pub name: String,
    /// The mail server.
    pub host: String,
    /// Its port; the usual one of `tls` where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is kept from being read.
    #[serde(default)]
    pub tls: SmtpTls,
    /// As whom to sign in; nobody where it is not said.
    #[serde(default)]
    pub user: String,
    /// Where the password is looked up.
    #[serde(default)]
    pub secrets: Vec<KeySource>,
    /// From whom it comes.
    pub from: EmailAddress,
    /// A file of certificates, in PEM, that is trusted besides the public authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// How long one try may take, in seconds.
    #[serde(default = "usual_timeout")]
    pub timeout_seconds: u64,
}

/// The longest that one try may take: shorter than the lease of who sends.
const LONGEST_TIMEOUT: u64 = 60;

fn usual_timeout() -> u64 {
    20
}

/// A room in Slack or Discord.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookConfig {
    /// What the channel is called.
    pub name: String,
    /// Where the webhook's address is looked up: it lets everybody in who knows it.
    pub secrets: Vec<KeySource>,
    /// Only of these projects.
    #[serde(default)]
    pub projects: Vec<ProjectId>,
    /// Only from this risk on.
    #[serde(default)]
    pub risk: Risk,
    /// Whether it may be on this machine or a network around it.
    #[serde(default)]
    pub private: bool,
    /// Whether it may be asked without TLS.
    #[serde(default)]
    pub http: bool,
    /// How long one try may take, in seconds.
    #[serde(default = "usual_timeout")]
    pub timeout_seconds: u64,
}

/// A program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// What the channel is called.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Where the keys are looked up that sign: all that count, so that they can be changed.
    pub secrets: Vec<KeySource>,
    /// Only of these projects.
    #[serde(default)]
    pub projects: Vec<ProjectId>,
    /// Only from this risk on.
    #[serde(default)]
    pub risk: Risk,
    /// Whether it may be on this machine or a network around it.
    #[serde(default)]
    pub private: bool,
    /// Whether it may be asked without TLS.
    #[serde(default)]
    pub http: bool,
    /// How long one try may take, in seconds.
    #[serde(default = "usual_timeout")]
    pub timeout_seconds: u64,
}

impl ChannelConfig {
    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Email(EmailConfig { name, .. })
            | Self::Slack(HookConfig { name, .. })
            | Self::Discord(HookConfig { name, .. })
            | Self::Webhook(WebhookConfig { name, .. }) => name,
        }
    }

    /// What kind it is, in a word.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Slack(_) => "slack",
            Self::Discord(_) => "discord",
            Self::Webhook(_) => "webhook",
        }
    }

    /// Whether it goes to somebody's own address.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        matches!(self, Self::Email(_))
    }

    /// Whether a room wants what is of this project and risk.
    #[must_use]
    pub fn takes(&self, project: Option<&ProjectId>, of: Risk) -> bool {
        let (projects, risk) = match self {
            Self::Email(_) => return true,
            Self::Slack(HookConfig { projects, risk, .. })
            | Self::Discord(HookConfig { projects, risk, .. })
            | Self::Webhook(WebhookConfig { projects, risk, .. }) => (projects, risk),
        };
        of >= *risk && (projects.is_empty() || project.is_some_and(|project| projects.contains(project)))
    }

    /// Where its keys are looked up.
    #[must_use]
    pub fn secrets(&self) -> &[KeySource] {
        match self {
            Self::Email(EmailConfig { secrets, .. })
            | Self::Slack(HookConfig { secrets, .. })
            | Self::Discord(HookConfig { secrets, .. })
            | Self::Webhook(WebhookConfig { secrets, .. }) => secrets,
        }
    }

    /// The host that its keys are for.
    #[must_use]
    pub fn host(&self) -> Option<String> {
        match self {
            Self::Email(email) => Some(email.host.clone()),
            Self::Slack(_) => Some("hooks.slack.com".to_owned()),
            Self::Discord(_) => Some("discord.com".to_owned()),
            Self::Webhook(webhook) => Url::parse(&webhook.url).ok()?.host_str().map(str::to_owned),
        }
    }

    /// What is wrong with its settings, in words.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let name = self.name();
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
        if name.is_empty()
            || name.len() > 64
            || !name.bytes().all(plain)
            || [IN_APP, WEB_PUSH].contains(&name)
        {
            faults.push(
                "a channel's name has 1 to 64 letters, digits, `-`, `_` or `.`, and is not `in_app` or `web_push`"
                    .to_owned(),
            );
        }
        let timeout = match self {
            Self::Email(EmailConfig { timeout_seconds, .. })
            | Self::Slack(HookConfig { timeout_seconds, .. })
            | Self::Discord(HookConfig { timeout_seconds, .. })
            | Self::Webhook(WebhookConfig { timeout_seconds, .. }) => *timeout_seconds,
        };
        if !(1..=LONGEST_TIMEOUT).contains(&timeout) {
            faults
                .push(format!("channel `{name}`: `timeout_seconds` is not between 1 and {LONGEST_TIMEOUT}"));
        }
        let mut fault = |what: &str| faults.push(format!("channel `{name}`: {what}"));
        match self {
            Self::Email(email) => {
                if email.user.is_empty() != email.secrets.is_empty() {
                    fault("`user` and `secrets` belong together");
                }
                if email.secrets.len() > 1 {
                    fault("a mail server takes one password");
                }
                if email.tls == SmtpTls::None && !email.user.is_empty() {
                    fault("without TLS the password could be read on the way");
                }
                if email.host.is_empty()
                    || email.host.contains(|c: char| c.is_whitespace() || c == '/' || c == ':')
                {
                    fault("`host` is the name of a mail server");
                }
            }
            Self::Slack(hook) | Self::Discord(hook) if hook.secrets.len() != 1 => {
                fault("`secrets` names where its one address is looked up");
            }
            Self::Slack(_) | Self::Discord(_) => {}
            Self::Webhook(webhook) => {
                if webhook.secrets.is_empty() {
                    fault("`secrets` names where the key is looked up that signs");
                }
                if let Err(error) = http::target(&webhook.url, webhook.http) {
                    fault(&error.to_string());
                }
            }
        }
        faults
    }

    /// Hands a message over, once. `to` is somebody's own address, where the channel is for people; `keys` are what was
    /// looked up at [`ChannelConfig::secrets`], the newest first.
    pub async fn send(
        &self,
        message: &Message,
        to: Option<&EmailAddress>,
        keys: &[Secret],
    ) -> Result<(), SendError> {
        match self {
            Self::Email(email) => {
                let to = to.ok_or_else(|| SendError::Never("no address is known".to_owned()))?;
                smtp::send(email, message, to, keys.first()).await
            }
            Self::Slack(hook) => http::hook(hook, keys, &render::slack(message), None).await,
            Self::Discord(hook) => http::hook(hook, keys, &render::discord(message), Some("wait=true")).await,
            Self::Webhook(webhook) => http::signed(webhook, keys, message).await,
        }
    }
}
