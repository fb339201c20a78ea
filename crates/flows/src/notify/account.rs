//! Mail about accounts: to show that an address is one's own, and to choose another password.
//!
//! Asking for one writes a row, whether there is such an account or not: it costs the same and says the same. Who there
//! is, is looked at when it is sent. The link is made then too, so that it is nowhere before; a try that failed left one
//! that counts no more.

use swarm_domain::{
    NotificationId, Problem,
    identity::{EmailAddress, LinkPurpose, LinkText, Proof},
    notification::Stage,
};
use swarm_notify::{Action, ChannelConfig, Message};
use swarm_store::{NewNotification, NotificationRow, StoreError};

use crate::{parts::Parts, service::Flows};

/// Where a link leads, behind the address of the server.
const PATH: &str = "/api/auth/link";

/// The mail of a row; none, and why, where there is nobody to get it.
pub(super) async fn message(
    parts: &Parts,
    row: &NotificationRow,
) -> Result<Result<(EmailAddress, Message), &'static str>, StoreError> {
    let tenant = &parts.config.tenant;
    let Ok(email) = EmailAddress::parse(&row.person) else { return Ok(Err("it is no address")) };
    let Some((user, _)) = parts.store.user_by_email(tenant, &email).await? else {
        return Ok(Err("there is no such account"));
    };
    let Some(base) = parts.config.notifications.base() else {
        return Ok(Err("there is no address to link to"));
    };
    if !user.is_enabled() {
        return Ok(Err("the account is disabled"));
    }
    let (purpose, word) = match row.stage {
        Stage::Verify if user.verified_at.is_some() => return Ok(Err("the address is verified")),
        Stage::Verify => (LinkPurpose::Verify, "verify"),
        _ => (LinkPurpose::Reset, "reset"),
    };
    let link = LinkText { proof: Proof::mint(&*parts.entropy) };
    parts.store.make_user_link(tenant, &user.id, purpose, &link).await?;
    let text = link.reveal();
    let url = format!("{base}{PATH}?purpose={word}&link={}", *text);
    let (title, say, label, rest) = match purpose {
        LinkPurpose::Verify => (
            "Is this address yours?",
            "An account was made with this address. If it was you, say so with the link, which counts once, for 3 days.",
            "It is mine",
            format!(" --email {email}"),
        ),
        _ => (
            "Choose another password",
            "Somebody asked for another password for your account. If it was you, choose one with the link, which counts \
             once, for an hour. If not, do nothing: nothing has changed.",
            "Choose a password",
            String::new(),
        ),
    };
    let message = Message {
        id: row.id.to_string(),
        at: row.made_at,
        kind: format!("account.{word}"),
        title: title.to_owned(),
        text: vec![say.to_owned()],
        actions: vec![Action { label: label.to_owned(), url }],
        command: Some(format!("swarm user {word} {}{rest}", *text)),
        ..Message::default()
    };
    Ok(Ok((email, message)))
}

impl Flows {
    /// The channel by which accounts get their links; none where there is no mail, or no address that a link could lead to.
    fn account_mail(&self) -> Option<&str> {
        let config = &self.parts().config.notifications;
        config.base().filter(|_| config.every_seconds > 0)?;
        config
            .channels
            .iter()
            .find(|channel| matches!(channel, ChannelConfig::Email(_)))
            .map(ChannelConfig::name)
    }

    /// Whether links for accounts are sent by mail.
    #[must_use]
    pub fn mails_accounts(&self) -> bool {
        self.account_mail().is_some()
    }

    /// Has a link sent to the account of this address, if there is one. The same is done where there is none.
    pub async fn mail_account(&self, email: &EmailAddress, stage: Stage) -> Result<(), Problem> {
        let Some(channel) = self.account_mail() else {
            return Err(Problem::new(
                "auth.no_mail",
                "no mail is sent from here",
                "ask an admin for a link: `swarm user link EMAIL reset`",
            ));
        };
        let parts = self.parts();
        let id = NotificationId::mint(&*parts.clock, &*parts.entropy);
        let row = NewNotification {
            // Each time that somebody asks is one of its own.
            about: format!("account/{id}"),
            id,
            stage,
            person: email.to_string(),
            channel: channel.to_owned(),
            due_at: parts.clock.now(),
        };
        parts.store.notify(&parts.config.tenant, &[row]).await.map_err(|error| error.problem())
    }
}
